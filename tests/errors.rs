//! What bad input gets: every broken spec of `tests/cases/errors` and every broken command line
//! ends with exit status 2, nothing on stdout, and one complaint, kept as a snapshot.
//!
//! The kind of a case is the beginning of its file name; `scenario-report-...` is read by
//! `afford report`, everything else by `afford cost`. To add a case, write the file, run
//! `INSTA_UPDATE=always cargo test --test errors`, and read the new snapshot as a stranger would.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const CASES: &str = "tests/cases/errors";
/// A scenario that can be swept.
const SWEEP: &str = "tests/cases/sweep/small.yaml";
const SNAPSHOTS: &str = "tests/snapshots";
/// No encoding that the program reads, so that there is no line to show.
const NOT_TEXT: [&str; 3] = ["model-binary", "model-invalid-utf-8", "model-utf-16"];

/// The complaint that a command line must end with. The program runs from the crate's root, so
/// that messages show the same path on every machine.
fn complaint(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_afford"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
    assert!(output.stdout.is_empty(), "{arguments:?} wrote to stdout");
    assert_eq!(complaint.matches("error: ").count(), 1, "{arguments:?}: {complaint}");
    complaint
}

/// Compares a complaint with its snapshot.
fn compare(name: &str, complaint: &str) {
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(format!("error-{name}"), complaint);
    });
}

/// Checks one broken file.
fn check(name: &str) {
    let path = format!("{CASES}/{name}.yaml");
    let reports = tempfile::tempdir().unwrap();
    let out = reports.path().to_str().unwrap();
    let swept = format!("{out}/out.csv");
    let complaint = complaint(&match name.split('-').collect::<Vec<_>>()[..] {
        ["model", ..] => {
            ["cost", "--hardware", "h800", "--context", "8Ki", "--model", &path].to_vec()
        }
        ["hardware", ..] => {
            ["cost", "--model", "step-3", "--context", "8Ki", "--hardware", &path].to_vec()
        }
        ["scenario", "report", ..] => ["report", "--out", out, &path].to_vec(),
        ["scenario", "sweep", ..] => ["sweep", "--out", &swept, &path].to_vec(),
        ["scenario", ..] => ["cost", "--scenario", &path].to_vec(),
        _ => panic!("{name}: a case begins with its kind"),
    });
    if !NOT_TEXT.contains(&name) {
        assert!(has_place_in(&complaint, CASES), "{name} has no place in a file:\n{complaint}");
    }
    let written = std::fs::read_dir(reports.path()).unwrap().count();
    assert_eq!(written, 0, "{name} left files behind");
    compare(name, &complaint);
}

/// Whether a complaint holds `--> folder/file:line:column`.
fn has_place_in(complaint: &str, folder: &str) -> bool {
    let place = |line: &str| {
        let (path, column) = line.trim().strip_prefix("--> ")?.rsplit_once(':')?;
        let (file, line) = path.rsplit_once(':')?;
        let numbers = line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok();
        Some(numbers && file.starts_with(folder) && Path::new(file).is_file())
    };
    complaint.lines().any(|line| place(line) == Some(true))
}

/// Names of the files of a folder, without their ending.
fn stems(folder: &str, ending: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|f| f.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn every_broken_file_gets_its_complaint() {
    for name in stems(CASES, ".yaml") {
        check(&name);
    }
}

#[test]
fn every_broken_command_line_gets_its_complaint() {
    let cost = |more: &[&'static str]| {
        [&["cost", "--model", "step-3", "--hardware", "h800"], more].concat()
    };
    for (name, arguments) in [
        ("cli-context-ambiguous", cost(&["--context", "8K"])),
        ("cli-context-no-number", cost(&["--context", "8Ki,long"])),
        ("cli-context-backwards", cost(&["--context", "32Ki..4Ki x2"])),
        ("cli-context-in-two-words", cost(&["--context", "4Ki..32Ki", "by2"])),
        ("cli-price-without-name", cost(&["--context", "8Ki", "--price", "0.80"])),
        ("cli-price-no-number", cost(&["--context", "8Ki", "--price", "h800=cheap"])),
        ("cli-price-negative", cost(&["--context", "8Ki", "--price", "h800=-1"])),
        ("cli-price-not-finite", cost(&["--context", "8Ki", "--price", "h800=nan"])),
        ("cli-price-of-a-stranger", cost(&["--context", "8Ki", "--price", "h20=0.80"])),
        ("cli-unknown-model", vec!["cost", "--model", "step-3,deepseek-v4,kimi-k2"]),
        ("cli-unknown-hardware", vec!["cost", "--hardware", "h80"]),
        ("cli-unknown-attention-hardware", vec!["cost", "--attention-hardware", "abacus"]),
        ("cli-unknown-scenario", vec!["cost", "--scenario", "step3-paper"]),
        ("cli-no-such-file", vec!["cost", "--model", "./nowhere.yaml"]),
        ("cli-a-folder", vec!["cost", "--model", "./tests"]),
        (
            "cli-no-pair",
            vec![
                "cost",
                "--attention-hardware",
                "h20",
                "--ffn-hardware",
                "h800",
                "--pairing",
                "same",
            ],
        ),
        (
            "cli-pareto-no-pair",
            vec![
                "pareto",
                "--attention-hardware",
                "h20",
                "--ffn-hardware",
                "h800",
                "--pairing",
                "same",
            ],
        ),
        ("cli-no-price", vec!["cost", "--hardware", "gaudi2", "--model", "step-3"]),
        ("cli-no-int8-rate", vec!["cost", "--hardware", "ascend-910b", "--without-fp8", "int8"]),
        ("cli-unknown-format", cost(&["--format", "yaml"])),
        ("cli-unknown-command", vec!["weigh"]),
        ("cli-unknown-option", cost(&["--ctx", "8Ki"])),
        ("cli-sweep-without-sweep", vec!["sweep", "step3_paper"]),
        ("cli-sweep-shard", vec!["sweep", SWEEP, "--shard", "5/4", "--out", "s.csv"]),
        ("cli-sweep-form", vec!["sweep", SWEEP, "--out", "sweep.xlsx"]),
        ("cli-sweep-parquet-to-stdout", vec!["sweep", SWEEP, "--format", "parquet"]),
        ("cli-sweep-fidelity", vec!["sweep", SWEEP, "--fidelity", "exact"]),
        ("cli-merge-of-nothing", vec!["merge", "nowhere.csv", "--out", "all.csv"]),
    ] {
        compare(name, &complaint(&arguments));
    }
}

/// What has no end, or no beginning, is refused at once.
#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for path in ["/dev/zero", pipe.to_str().unwrap()] {
        for arguments in [
            vec!["show", path],
            vec!["cost", "--model", path],
            vec!["cost", "--hardware", path],
            vec!["pareto", path],
            vec!["import", path],
        ] {
            let complaint = complaint(&arguments);
            assert!(complaint.contains("is a pipe or a device"), "{arguments:?}: {complaint}");
        }
    }
    assert!(complaint(&["pareto", "./tests"]).contains("./tests is a folder"));
}

#[test]
fn no_snapshot_is_left_without_its_case() {
    let cases = stems(CASES, ".yaml");
    assert!(cases.len() >= 36, "only {} broken files", cases.len());
    for snapshot in stems(SNAPSHOTS, ".snap") {
        let Some(name) = snapshot.strip_prefix("error-") else { continue };
        assert!(name.starts_with("cli-") || cases.contains(name), "{snapshot} has no case");
    }
}
