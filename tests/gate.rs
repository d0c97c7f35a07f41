//! The gate: a changed price, spec field, formula or version is found and named, and what stays
//! inside its tolerance passes.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scenario with a chip and a model of its own, and its committed report.
struct Project {
    folder: tempfile::TempDir,
}

const SCENARIO: &str = "\
name: mine
models: [{name: ./model.yaml, label: Mine}]
hardware: [{name: ./chip.yaml, label: Chip}]
contexts_tokens: [8Ki, 32Ki]
report:
  tables:
    - {file: cost.csv, title: Cost, content: cost}
    - {file: unit_costs.csv, title: Unit costs, content: unit_costs}
  figures:
    - {file: costs, title: Costs, content: cost_against_active_params}
    - {file: bytes, title: Bytes, content: flops_against_bytes}
";
const MODEL: &str = "name: mine\nextends: step-3\n";
const CHIP: &str = "name: chip\nextends: h800\n\
                    prices: [{usd_per_hour: 2.0, basis: on_demand, date: 2025-07, source: paper}]\n";

impl Project {
    fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in [("mine.yaml", SCENARIO), ("model.yaml", MODEL), ("chip.yaml", CHIP)] {
            std::fs::write(project.path(name), text).unwrap();
        }
        let output = project.run(&["report", "./mine.yaml"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
        program.args(arguments).current_dir(self.folder.path()).output().unwrap()
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn check(&self, more: &[&str]) -> Output {
        self.run(&[&["check", "./mine.yaml"], more].concat())
    }

    /// The drifts of a check that must find some.
    fn drifts(&self) -> Vec<Value> {
        let output = self.check(&["--format", "json"]);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
    }

    /// The one cause of all drifts of the cost table.
    fn cause(&self) -> String {
        let drifts = self.drifts();
        let costs = drifts.iter().filter(|d| d["file"] == "cost.csv");
        let mut causes: Vec<&str> = costs.map(|d| d["because"].as_str().unwrap()).collect();
        causes.dedup();
        assert_eq!(causes.len(), 1, "{drifts:?}");
        causes[0].to_owned()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_has_not_changed_passes() {
    let project = Project::new();
    let output = project.check(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).ends_with("all as committed\n"), "{}", text(&output.stderr));
}

#[test]
fn a_changed_price_is_named() {
    let project = Project::new();
    project.edit("chip.yaml", "2.0", "1.9");
    assert_eq!(project.cause(), "hardware ./chip.yaml: prices[0].usd_per_hour: 2 -> 1.9");
    // Every $ moves by 5 %, and nothing else does.
    for drift in project.drifts() {
        if let Some(percent) = drift["change_percent"].as_f64() {
            assert!((percent + 5.0).abs() < 1e-9, "{drift}");
            assert!(drift["column"].as_str().unwrap().contains("usd"), "{drift}");
        }
    }
}

#[test]
fn a_changed_spec_field_is_named() {
    let project = Project::new();
    std::fs::write(
        project.path("model.yaml"),
        format!("{MODEL}ffn: {{moe: {{moe: {{experts_per_token: 4}}}}}}\n"),
    )
    .unwrap();
    let cause = project.cause();
    assert_eq!(cause, "model ./model.yaml: ffn.moe.moe.experts_per_token: 3 -> 4");
}

#[test]
fn two_changes_are_told_apart() {
    let project = Project::new();
    project.edit("chip.yaml", "2.0", "1.9");
    project.edit(
        "model.yaml",
        "extends: step-3",
        "extends: step-3\nffn: {moe: {moe: {experts_per_token: 4}}}",
    );
    let drifts = project.drifts();
    let because = |column: &str| -> Vec<(bool, bool)> {
        let mine = drifts.iter().filter(|d| d["column"] == column);
        let why = mine.map(|d| d["because"].as_str().unwrap());
        why.map(|why| (why.contains("usd_per_hour"), why.contains("experts_per_token"))).collect()
    };
    assert_eq!(because("ffn_flops"), [(false, true); 2]);
    assert_eq!(because("attention_usd_per_mtok"), [(true, false); 2]);
    assert_eq!(because("ffn_usd_per_mtok"), [(true, true); 2]);
}

/// The committed cell is what an older formula gave: the inputs explain nothing, so it is the
/// program.
#[test]
fn a_changed_formula_is_laid_to_the_program() {
    let project = Project::new();
    let file = project.path("reports/mine/unit_costs.csv");
    let committed = std::fs::read_to_string(&file).unwrap();
    let (header, row) = committed.split_once('\n').unwrap();
    let cells: Vec<&str> = row.split(',').collect();
    let older = cells[1].parse::<f64>().unwrap() * 1.01;
    let row = row.replacen(cells[1], &older.to_string(), 1);
    std::fs::write(file, format!("{header}\n{row}")).unwrap();
    let drifts = project.drifts();
    assert_eq!(drifts.len(), 1);
    let why = drifts[0]["because"].as_str().unwrap();
    assert!(why.starts_with("the program computes otherwise"), "{why}");
    // The same from another version says which.
    let version = format!("\"afford\": \"{}\"", env!("CARGO_PKG_VERSION"));
    project.edit("reports/mine/inputs.json", &version, "\"afford\": \"0.0.1\"");
    let why = project.drifts()[0]["because"].as_str().unwrap().to_owned();
    assert_eq!(why, format!("the program: 0.0.1 -> {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_baseline_from_another_version_says_so_though_nothing_moved() {
    let project = Project::new();
    let version = format!("\"afford\": \"{}\"", env!("CARGO_PKG_VERSION"));
    project.edit("reports/mine/inputs.json", &version, "\"afford\": \"0.0.1\"");
    let output = project.check(&[]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert!(said.contains("the baseline is from version 0.0.1, this is"), "{said}");
    assert_eq!(project.check(&["--update"]).status.code(), Some(0));
    assert!(!text(&project.check(&[]).stderr).contains("version"));
}

#[test]
fn a_change_inside_its_tolerance_passes_in_tables_figures_and_page() {
    let project = Project::new();
    project.edit("chip.yaml", "2.0", "2.002");
    assert_eq!(project.check(&[]).status.code(), Some(1));
    let output = project.check(&["--tolerance", "0.01"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("though 1 inputs have changed"));
    // Each column may have its own, and one of them is too narrow here.
    let narrow =
        ["--tolerance", "0.01", "--tolerance", "total_usd_per_mtok=1e-6", "--format", "csv"];
    let output = project.check(&narrow);
    assert_eq!(output.status.code(), Some(1));
    let moved = text(&output.stdout);
    assert!(moved.lines().skip(1).all(|line| line.contains("total_usd_per_mtok")), "{moved}");
}

/// A table that the scenario asks for anew is the scenario's doing, and moves no other.
#[test]
fn a_new_table_is_laid_to_the_scenario() {
    let project = Project::new();
    let more = "  tables:\n    - {file: new.csv, title: New, content: flops_and_bytes}";
    project.edit("mine.yaml", "  tables:", more);
    let drifts = project.drifts();
    let files: Vec<&str> = drifts.iter().map(|d| d["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["new.csv", "README.md"]);
    for drift in drifts {
        let why = drift["because"].as_str().unwrap();
        assert!(why.starts_with("scenario: report.tables"), "{why}");
    }
}

/// What an older program wrote of inputs that this one cannot read is laid to the program.
#[test]
fn inputs_that_cannot_be_read_any_more_are_the_program_s_doing() {
    let project = Project::new();
    let inputs = "reports/mine/inputs.json";
    project.edit(inputs, "\"contexts_tokens\"", "\"contexts\": [1], \"contexts_tokens\"");
    project.edit("reports/mine/unit_costs.csv", "Chip,", "Chip,1");
    let why = project.drifts()[0]["because"].as_str().unwrap().to_owned();
    assert!(why.starts_with("the program"), "{why}");
}

#[test]
fn update_rewrites_figures_and_inputs() {
    let project = Project::new();
    project.edit("chip.yaml", "2.0", "1.5");
    let output = project.check(&["--update"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("rewritten"));
    assert_eq!(text(&project.check(&[]).stdout), "");
    let inputs = std::fs::read_to_string(project.path("reports/mine/inputs.json")).unwrap();
    assert!(inputs.contains("\"usd_per_hour\": 1.5"), "{inputs}");
}

#[test]
fn every_form_names_what_moved_and_why() {
    let project = Project::new();
    project.edit("chip.yaml", "2.0", "1.9");
    for format in ["table", "csv", "json", "markdown", "junit"] {
        let output = project.check(&["--format", format]);
        assert_eq!(output.status.code(), Some(1));
        let shown = text(&output.stdout);
        assert!(shown.contains("usd_per_hour"), "{format}: {shown}");
        assert!(shown.contains("cost.csv"), "{format}: {shown}");
    }
    let junit = text(&project.check(&["--format", "junit"]).stdout);
    assert!(junit.contains("<testsuite name=\"mine\""), "{junit}");
    // The page, both tables, and both figures, which name their prices.
    let failures = junit.matches("<failure ").count();
    assert_eq!(failures, 5, "{junit}");
    // Whatever a label holds, it is XML.
    project.edit("mine.yaml", "label: Mine", "label: \"<R&D> \\\"1\\\"\"");
    let junit = text(&project.check(&["--format", "junit"]).stdout);
    let tree = roxmltree::Document::parse(&junit).unwrap();
    let failures = tree.descendants().filter(|node| node.has_tag_name("failure"));
    assert!(failures.filter_map(|node| node.text()).any(|text| text.contains("<R&D> \"1\"")));
}

#[test]
fn a_tolerance_that_cannot_be_meant_is_refused() {
    let project = Project::new();
    for (tolerance, expected) in [
        ("x", "must be zero or more"),
        ("usd_per_mtok=x", "must be zero or more"),
        ("total_usd_per_mtk=0.1", "did you mean `total_usd_per_mtok`"),
    ] {
        let output = project.check(&["--tolerance", tolerance]);
        assert_eq!(output.status.code(), Some(2), "{tolerance}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn a_broken_fingerprint_is_bad_input() {
    let project = Project::new();
    std::fs::write(Path::new(&project.path("reports/mine/inputs.json")), "{\"afford\": 3}")
        .unwrap();
    let output = project.check(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("inputs.json:1:1"), "{}", text(&output.stderr));
}
