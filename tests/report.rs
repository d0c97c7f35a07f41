//! The report and its gate (`smoke` checks the committed reports): a change is found and named, and a spec that nobody shipped goes to a table.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn afford(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A copy of the committed report in a folder of its own.
fn copy_of_report(folder: &Path) {
    let to = folder.join("step3_paper");
    std::fs::create_dir_all(&to).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/step3_paper");
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn check(folder: &Path, more: &[&str]) -> Output {
    let mut args = vec!["check", "step3_paper", "--baseline", folder.to_str().unwrap()];
    args.extend(more);
    afford(&args)
}

#[test]
fn a_changed_cell_is_found_named_and_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    copy_of_report(folder.path());
    let file = folder.path().join("step3_paper/table7_min_sparsity.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed: Vec<String> = text
        .lines()
        .map(|line| match line.split_once(',') {
            Some(("H20", value)) => format!("H20,{}", value.parse::<f64>().unwrap() * 2.0),
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(&file, changed.join("\n") + "\n").unwrap();

    let output = check(folder.path(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let drifts: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(drifts.as_array().unwrap().len(), 1);
    assert_eq!(drifts[0]["file"], "table7_min_sparsity.csv");
    assert_eq!((&drifts[0]["row"], &drifts[0]["column"]), (&"H20".into(), &"min_sparsity".into()));
    assert_eq!(drifts[0]["change_percent"], -50.0);

    assert_eq!(check(folder.path(), &["--tolerance", "0.6"]).status.code(), Some(0));
    assert_eq!(check(folder.path(), &["--update"]).status.code(), Some(0));
    assert_eq!(check(folder.path(), &[]).status.code(), Some(0));
}

#[test]
fn missing_files_rows_and_columns_are_found() {
    let folder = tempfile::tempdir().unwrap();
    copy_of_report(folder.path());
    let here = folder.path().join("step3_paper");
    std::fs::remove_file(here.join("table5_unit_costs.csv")).unwrap();
    std::fs::remove_file(here.join("figure1_cost_against_active_params.svg")).unwrap();
    std::fs::write(here.join("table7_min_sparsity.csv"), "hardware,min_sparsity,x\nB9,0.1,2\n")
        .unwrap();
    let output = check(folder.path(), &["--format", "csv"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for expected in
        ["table5_unit_costs.csv", "figure1_cost_against_active_params.svg", "B9", "H800", ",x,"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn a_report_is_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        let status = afford(&["report", "--out", out.to_str().unwrap(), "--threads", threads]);
        assert!(status.status.success());
        let mut files: Vec<_> = std::fs::read_dir(out.join("step3_paper"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        files
            .iter()
            .map(|f| (f.file_name().unwrap().to_owned(), std::fs::read(f).unwrap()))
            .collect()
    };
    let one: Vec<_> = write("one", "1");
    assert_eq!(one.len(), 18);
    let seven: Vec<_> = write("seven", "7");
    for (a, b) in one.iter().zip(&seven) {
        assert_eq!(a.0, b.0);
        assert!(a.1 == b.1, "{:?} differs", a.0);
    }
}

#[test]
fn a_model_that_is_nobody_s_goes_from_an_edited_copy_to_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("model_specs/step-3.yaml");
    let extended = "name: nobodys\nextends: step-3\nattention: {mfa: {mfa: {kv_heads: 2}}}\n\
                    ffn: {moe: {moe: {experts: 96}}}\nnum_layers: 61\n\
                    layers: [{count: 3, attention: mfa, ffn: dense}, {count: 58, attention: mfa, ffn: moe}]\n";
    assert!(shipped.is_file());
    let path = folder.path().join("nobodys.yaml");
    std::fs::write(&path, extended).unwrap();
    let output = afford(&[
        "cost",
        "--model",
        path.to_str().unwrap(),
        "--context",
        "8Ki",
        "--hardware",
        "h20",
        "--counting",
        "paper",
        "--format",
        "json",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    // 61 layers x 2 x 2 groups x 256 x 8192 tokens at one byte.
    assert_eq!(rows[0]["kv_bytes"], 61_u64 * 2 * 2 * 256 * 8192);
    // 2 x 3 h (58 layers x (3 + 1) x 5120 + 3 x 18432).
    assert_eq!(rows[0]["ffn_flops"], 6_u64 * 7168 * (58 * 4 * 5120 + 3 * 18432));
    assert_eq!(rows[0]["fidelity"], "ideal");
}
