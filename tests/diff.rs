//! `afford diff`: the waterfall sums over random pairs of scenarios, and every kind of thing can be
//! compared with its like.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::report::inputs::Inputs;
use afford::report::waterfall::{Comparison, compare};
use proptest::prelude::*;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn inputs(text: &str) -> Inputs {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Inputs::load(&Catalog::default(), file.path().to_str().unwrap()).unwrap()
}

/// A scenario of two deployments, each field of which may differ from another's.
fn scenario() -> impl Strategy<Value = String> {
    let model = prop::sample::select(vec!["step-3", "qwen3-235b-a22b", "deepseek-v3"]);
    let hardware = prop::sample::select(vec!["h800", "h20", "a800"]);
    let shape = prop::sample::select(vec!["2A2F", "3A1F", "1A2F"]);
    let wide = prop::sample::select(vec!["EP16", "EP32", "TP8"]);
    let numbers = (1..6_u32, 256..8192_u64, 0.3..1.0, 0.0..2.0, 1..4_u32);
    (model, hardware.clone(), hardware, shape, wide, numbers).prop_map(
        |(model, near, far, shape, wide, (ki, batch, network, fixed, micro))| {
            format!(
                "name: any\nmodels: [{{name: {model}}}]\n\
                 hardware: [{{name: h800}}, {{name: h20}}, {{name: a800}}]\n\
                 contexts_tokens: {ki}Ki\nfidelity: roofline\n\
                 conditions: {{network_efficiency: {network}, fixed_ms: {}}}\n\
                 deployments:\n  \
                 - {{model: {model}, deployment: {shape}, attention_hardware: {near}, \
                 ffn_hardware: {far}, batch: {batch}, micro_batches: {micro}}}\n  \
                 - {{model: {model}, deployment: {wide}, hardware: {near}}}\n",
                fixed + 0.001
            )
        },
    )
}

fn sums(comparison: &Comparison) -> Result<usize, TestCaseError> {
    let mut taken_apart = 0;
    for fall in &comparison.falls {
        let (Some(before), Some(after)) = (fall.before.usd_per_mtok, fall.after.usd_per_mtok)
        else {
            prop_assert!(fall.parts.is_empty());
            continue;
        };
        let sum: f64 = fall.parts.iter().sum();
        let largest = fall.parts.iter().fold(before.abs(), |most, part| most.max(part.abs()));
        prop_assert!((sum - (after - before)).abs() <= 1e-12 * largest, "{fall:?}");
        taken_apart += usize::from(before != after);
    }
    Ok(taken_apart)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_of_a_waterfall_sum_to_the_change(before in scenario(), after in scenario()) {
        let (before, after) = (inputs(&before), inputs(&after));
        let there = compare(&before, &after).unwrap();
        sums(&there)?;
        // The way back has the opposite parts.
        let back = compare(&after, &before).unwrap();
        prop_assert_eq!(there.causes.len(), back.causes.len());
        let cause = |name: &str| back.causes.iter().position(|cause| cause.name == name).unwrap();
        for (fall, other) in there.falls.iter().zip(&back.falls) {
            let total = fall.parts.iter().map(|part| part.abs()).sum::<f64>();
            for (cause_there, part) in there.causes.iter().zip(&fall.parts) {
                let opposite = other.parts[cause(&cause_there.name)];
                prop_assert!((part + opposite).abs() <= 1e-9 * total, "{part} {opposite}");
            }
        }
    }
}

/// The price is a factor of everything, the batch and the context are not: what each adds is known.
#[test]
fn a_waterfall_by_hand() {
    let text = |context: u64, batch: u64| {
        format!(
            "name: any\nmodels: [{{name: step-3}}]\nhardware: [{{name: h800}}]\n\
             contexts_tokens: {context}\nfidelity: roofline\n\
             deployments: [{{model: step-3, deployment: 2A2F, hardware: h800, batch: {batch}}}]\n"
        )
    };
    let [a, b, c, d] = [(4096, 1024), (8192, 1024), (4096, 2048), (8192, 2048)]
        .map(|(context, batch)| inputs(&text(context, batch)));
    let usd =
        |inputs: &Inputs| compare(inputs, inputs).unwrap().falls[0].before.usd_per_mtok.unwrap();
    let found = compare(&a, &d).unwrap();
    let names: Vec<&str> = found.causes.iter().map(|cause| cause.name.as_str()).collect();
    assert_eq!(names, ["scenario: contexts_tokens", "scenario: deployments[0].batch"]);
    let context = ((usd(&b) - usd(&a)) + (usd(&d) - usd(&c))) / 2.0;
    let batch = ((usd(&c) - usd(&a)) + (usd(&d) - usd(&b))) / 2.0;
    for (part, expected) in found.falls[0].parts.iter().zip([context, batch]) {
        assert!((part - expected).abs() < 1e-15, "{part} is not {expected}");
    }
    assert!(context > 0.0 && batch < 0.0);
}

fn afford(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afford")).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = afford(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What people see adds up to the last digit shown.
#[test]
fn two_models_on_a_chip() {
    let found = json(&["diff", "step-3", "deepseek-v3", "--on", "h800"]);
    let lines = found["waterfall"].as_array().unwrap();
    let number = |line: &Value, key: &str| line[key].as_str().unwrap().parse::<f64>().unwrap();
    let parts = &lines[1..lines.len() - 1];
    assert!(parts.len() > 3);
    let exact: f64 = parts.iter().map(|line| line["usd_per_mtok_change"].as_f64().unwrap()).sum();
    let ends = [&lines[0], &lines[lines.len() - 1]];
    let whole = |key: &str| ends[1][key].as_f64().unwrap() - ends[0][key].as_f64().unwrap();
    assert!((exact - whole("usd_per_mtok_from_here")).abs() < 1e-15);
    let shown: f64 = parts.iter().map(|line| number(line, "shown_change")).sum();
    let ends = ends.map(|line| number(line, "shown_from_here"));
    assert!((shown - (ends[1] - ends[0])).abs() < 1e-9, "{shown} {ends:?}");
}

#[test]
fn a_cheaper_chip_is_cheaper_by_its_price_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cheap.yaml");
    let text = "name: cheap\nextends: h800\nprices: [{usd_per_hour: 1.0, basis: reserved, \
                date: 2026-01, source: s}]\nsources: {s: a quote}\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let found = json(&["diff", "h800", path, "--on", "step-3,deepseek-v3"]);
    for result in found["results"].as_array().unwrap() {
        assert!((result["change_percent"].as_f64().unwrap() + 50.0).abs() < 1e-9, "{result}");
    }
    let causes: Vec<&Value> =
        found["waterfall"].as_array().unwrap().iter().map(|line| &line["input"]).collect();
    assert!(causes.iter().filter(|c| **c == "hardware h800: prices").count() == 2, "{causes:?}");
    // Without a model there is nothing to price, but the fields can be listed.
    let found = json(&["diff", "h800", path]);
    assert!(found.get("waterfall").is_none() && !found["inputs"].as_array().unwrap().is_empty());
}

#[test]
fn two_reports_and_two_tables() {
    let reports = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/step3_l20");
    let folder = tempfile::tempdir().unwrap();
    for file in ["prose_numbers.csv", "inputs.json"] {
        std::fs::copy(reports.join(file), folder.path().join(file)).unwrap();
    }
    let (before, after) = (reports.to_str().unwrap(), folder.path().to_str().unwrap());
    let same = afford(&["diff", before, after]);
    assert_eq!(String::from_utf8(same.stdout).unwrap(), "Nothing differs.\n");
    let table = folder.path().join("prose_numbers.csv");
    let text = std::fs::read_to_string(&table).unwrap();
    let line = text.lines().find(|line| line.contains("L20 max batch at 8K")).unwrap();
    std::fs::write(&table, text.replace(line, &line.replace("41", "82"))).unwrap();
    let cells = json(&["diff", before, after])["cells"].clone();
    assert_eq!(cells.as_array().unwrap().len(), 1, "{cells}");
    assert_eq!((&cells[0]["before"], &cells[0]["after"]), (&"41".into(), &"82".into()));
    assert_eq!(cells[0]["change_percent"], 100.0);
    let committed = reports.join("prose_numbers.csv");
    let same = json(&["diff", committed.to_str().unwrap(), table.to_str().unwrap()]);
    assert_eq!(same["cells"], cells);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    for (before, after, expected) in [
        ("step-3", "h800", "is a model, and `h800` is a hardware profile"),
        ("step3_paper", "step-3", "two of a kind can be compared"),
        ("stepp-3", "step-3", "did you mean `step-3`"),
        ("no.csv", "step-3", "no file, folder or spec `no.csv`"),
        ("src", "step-3", "is a folder with a report"),
    ] {
        let output = afford(&["diff", before, after]);
        assert_eq!(output.status.code(), Some(2), "{before} {after}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    }
}
