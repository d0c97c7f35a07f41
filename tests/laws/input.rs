//! Whatever is typed: nothing panics, and what is refused is refused with its place.

use afford::catalog::Catalog;
use afford::spec::hardware::HardwareSpec;
use afford::spec::model::ModelSpec;
use afford::spec::node::Node;
use afford::spec::quantity::{Tokens, parse_contexts};
use afford::spec::scenario::Scenario;
use afford::spec::{Diagnostic, Kind, Source};
use proptest::prelude::*;

/// Reads a text as a kind of spec.
fn read(kind: Kind, text: &str) -> Result<(), Diagnostic> {
    let node = Node::parse(&Source::new("any.yaml", text))?;
    match kind {
        Kind::Model => ModelSpec::read(&node).map(drop),
        Kind::Hardware => HardwareSpec::read(&node).map(drop),
        Kind::Scenario => Scenario::read(&node).map(drop),
    }
}

/// Checks that a refusal is one line with a place that can be shown.
fn check_refusal(text: &str, complaint: &Diagnostic) -> Result<(), TestCaseError> {
    prop_assert!(
        !complaint.message.is_empty() && !complaint.message.contains('\n'),
        "{}",
        complaint.message
    );
    let origin = complaint.origin.clone();
    prop_assert!(origin.is_some(), "`{}` has no place", complaint.message);
    let span = origin.map(|o| o.span).unwrap_or_default();
    prop_assert!(text.get(span).is_some());
    let shown = complaint.render(false);
    prop_assert!(shown.contains("any.yaml:"), "{}", shown);
    Ok(())
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

/// A shipped spec with its text.
fn shipped() -> impl Strategy<Value = (Kind, String)> {
    let all: Vec<(Kind, String)> = Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            Catalog::default().list(kind).into_iter().map(move |entry| (kind, entry.name))
        })
        .map(|(kind, name)| {
            let node = Catalog::default().read(kind, &name).unwrap();
            (kind, node.origin.source.text.clone())
        })
        .collect();
    prop::sample::select(all)
}

/// What a slip of the hand puts into a text.
fn slip() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "", " ", "\n", "\t", ":", "-", "- ", "{", "}", "[", "]", ",", "\"", "'", "#", "&a ", "*a",
        "!!str ", "|", ">", "?", "%", "@", "~", "0", "-1", "1e999", ".nan", "é", "\u{0}",
        "\u{feff}", "---\n", "x",
    ])
}

/// Contexts as they are nearly written.
fn nearly_contexts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "0",
        "1",
        "8",
        "4096",
        "99999999999",
        "Ki",
        "Mi",
        "k",
        "K",
        "M",
        "..",
        ".",
        ",",
        " ",
        "x",
        "x2",
        "*",
        "+",
        "-",
        "_",
        "1.5",
        "1.0000001",
        "é",
        "inf",
        "e9",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn check_contexts(text: &str) -> Result<(), TestCaseError> {
    let Ok(contexts) = parse_contexts(text) else { return Ok(()) };
    prop_assert!((1..=10_000).contains(&contexts.len()));
    prop_assert!(contexts.iter().all(|context| (1..=1 << 40).contains(context)));
    // Written out, they are the same contexts.
    let written: Vec<String> = contexts.iter().map(|c| Tokens(*c).to_string()).collect();
    prop_assert_eq!(parse_contexts(&written.join(",")), Ok(contexts));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_gives_contexts_or_a_complaint(text in any::<String>()) {
        check_contexts(&text)?;
    }

    #[test]
    fn nearly_contexts_give_contexts_or_a_complaint(text in nearly_contexts()) {
        check_contexts(&text)?;
    }

    #[test]
    fn a_range_holds_its_ends_in_order(first in 1..=1_u64 << 20, doublings in 0..=10_u32) {
        let last = first << doublings;
        let contexts = parse_contexts(&format!("{first}..{last} x2")).unwrap();
        let expected: Vec<u64> = (0..=doublings).map(|n| first << n).collect();
        prop_assert_eq!(contexts, expected);
    }

    #[test]
    fn any_text_is_a_spec_or_gets_a_complaint(kind in kind(), text in any::<String>()) {
        if let Err(complaint) = read(kind, &text) {
            check_refusal(&text, &complaint)?;
        }
    }

    #[test]
    fn a_slip_in_a_shipped_spec_gives_a_spec_or_a_complaint(
        (kind, text) in shipped(), at in any::<prop::sample::Index>(), removed in 0..12_usize, slip in slip()
    ) {
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((start + removed).min(text.len()));
        let broken = format!("{}{slip}{}", &text[..start], &text[end..]);
        if let Err(complaint) = read(kind, &broken) {
            check_refusal(&broken, &complaint)?;
        }
    }

    #[test]
    fn a_shipped_spec_cut_short_gives_a_spec_or_a_complaint(
        (kind, text) in shipped(), at in any::<prop::sample::Index>()
    ) {
        let cut = &text[..text.floor_char_boundary(at.index(text.len()))];
        if let Err(complaint) = read(kind, cut) {
            check_refusal(cut, &complaint)?;
        }
    }
}
