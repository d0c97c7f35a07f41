//! What the YAML crate complains of, in our words and with our place.

use super::source::{Diagnostic, Origin, Source};
use serde_saphyr::{Error, budget::BudgetBreach};
use std::ops::Range;
use std::sync::Arc;

/// The complaint about a text that could not be read as YAML.
pub(super) fn complaint(source: &Arc<Source>, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let at = error.location().map_or(0..0, |place| span_of(&source.text, &place));
    let complaint = match error {
        Error::Eof { .. } => empty(),
        Error::NonFiniteFloat { value, .. } => {
            Diagnostic::new(format!("`{value}` is no finite number"))
                .help("a figure that nobody knows is left out")
        }
        Error::MultipleDocuments { .. } => Diagnostic::new("a second document begins here")
            .help("keep each spec in a file of its own, without `---` between"),
        Error::UnknownAnchor { .. } => Diagnostic::new("this alias refers to no anchor")
            .help("an anchor stands before its aliases: `first: &name ...`, `second: *name`"),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => nests_too_deep(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. } => Diagnostic::new(
            "the document grows beyond 250,000 values when its aliases are followed",
        ),
        Error::Unexpected { expected: "string scalar", .. } => {
            Diagnostic::new("a key must be a text")
        }
        other => scanned(&other.to_string()),
    };
    complaint.at(Origin::new(source, at))
}

/// The complaint about a text that says nothing.
pub(super) fn empty() -> Diagnostic {
    Diagnostic::new("the document is empty")
        .help("a spec is a YAML mapping that begins with `name:`")
}

fn grows_too_large() -> Diagnostic {
    Diagnostic::new("the document grows beyond any spec when its aliases are followed")
}

fn nests_too_deep() -> Diagnostic {
    Diagnostic::new("the document nests deeper than any spec does")
}

/// The scanner says what it met in the words of YAML's grammar.
fn scanned(text: &str) -> Diagnostic {
    // The place is shown by the diagnostic itself.
    let text = text.split(" at line ").next().unwrap_or(text);
    let has = |part: &str| text.contains(part);
    if has("budget breached") {
        return grows_too_large();
    }
    if has("tabs disallowed") {
        return Diagnostic::new("a tab cannot indent in YAML").help("indent with spaces");
    }
    if has("recursion limit") {
        return nests_too_deep();
    }
    if has("simple key expected ':'") {
        return Diagnostic::new("a key needs a `:` and a space behind it");
    }
    if let Some((_, rest)) = text.split_once("unexpected character: `\\u{") {
        let code = rest.trim_end_matches(['}', '\'', '`']);
        return Diagnostic::new(format!("the control character U+{code:0>4} stands here"))
            .help("a spec is plain text");
    }
    if has("did not find expected key") {
        return Diagnostic::new(
            "this line is indented neither as those above nor as a part of them",
        );
    }
    if has("EOF while parsing an implicit flow mapping") {
        return Diagnostic::new("an entry is missing here, or a `,` is too many");
    }
    if has("did not find expected ',' or '}'") {
        return Diagnostic::new("a `,` or `}` is missing before this");
    }
    if has("did not find expected ',' or ']'") {
        return Diagnostic::new("a `,` or `]` is missing before this");
    }
    Diagnostic::new(format!("not readable as YAML: {text}"))
}

/// The byte range of a serde-saphyr location.
pub(super) fn span_of(text: &str, location: &serde_saphyr::Location) -> Range<usize> {
    let span = location.span();
    if let (Some(start), Some(len)) = (span.byte_offset(), span.byte_len()) {
        let (start, len) = (start as usize, len as usize);
        if len > 0 || location.line() <= 1 {
            return start..start + len;
        }
    }
    // Collections and syntax errors come with line and column only.
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number + 1 == location.line() as usize {
            let column = (location.column() as usize).saturating_sub(1);
            let into = line.char_indices().nth(column).map_or(line.len(), |(i, _)| i);
            return offset + into..offset + into;
        }
        offset += line.len();
    }
    text.len()..text.len()
}
