//! Does it run? Every shipped file through every subcommand that takes it, in every form.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::machine::fidelity::Fidelity;
use afford::spec::Kind;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const FORMATS: [&str; 4] = ["table", "csv", "json", "markdown"];

/// Runs the program where no spec of the project can be found but those it carries.
fn afford(arguments: &[&str]) -> Output {
    let elsewhere = std::env::temp_dir();
    let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
    program.args(arguments).current_dir(elsewhere).output().unwrap()
}

/// Stdout of a command line that must end well and say nothing on stderr.
fn output(arguments: &[&str]) -> String {
    let output = afford(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
    assert_eq!(stderr, "", "{arguments:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.ends_with('\n'), "{stdout}");
    let mut words = stdout.split(|c: char| !c.is_alphanumeric());
    assert!(!words.any(|word| word == "NaN" || word == "inf"), "{stdout}");
    stdout
}

/// Checks that a table has its one or more rows, in a form.
fn check_form(text: &str, format: &str) {
    match format {
        "json" => {
            let rows: Value = serde_json::from_str(text).unwrap();
            assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{text}");
        }
        "markdown" => assert!(
            text.lines().nth(1).is_some_and(|l| l.starts_with("|-")
                || l.starts_with("| -")
                || l.starts_with("|:")),
            "{text}"
        ),
        "csv" => {
            let columns = |line: &str| line.matches(',').count();
            let header = columns(text.lines().next().unwrap());
            assert!(header > 0 && text.lines().count() > 1, "{text}");
        }
        _ => assert!(text.lines().count() > 1, "{text}"),
    }
}

fn names(kind: Kind) -> Vec<String> {
    Catalog::default().list(kind).into_iter().map(|entry| entry.name).collect()
}

#[test]
fn every_model_is_costed_in_every_form() {
    for model in names(Kind::Model) {
        for format in FORMATS {
            let arguments = [
                "cost",
                "--model",
                &model,
                "--hardware",
                "h800",
                "--context",
                "8Ki",
                "--format",
                format,
            ];
            let text = output(&arguments);
            assert!(text.contains(&model) || format == "table", "{text}");
            check_form(&text, format);
        }
    }
}

#[test]
fn every_priced_hardware_is_costed_in_every_form_and_every_other_is_refused_by_name() {
    let catalog = Catalog::default();
    let (mut priced, mut refused) = (0, 0);
    for name in names(Kind::Hardware) {
        let arguments = ["cost", "--model", "step-3", "--hardware", &name, "--context", "8Ki"];
        if catalog.hardware(&name).unwrap().prices.is_empty() {
            refused += 1;
            let failed = afford(&arguments);
            let complaint = String::from_utf8(failed.stderr).unwrap();
            assert_eq!(failed.status.code(), Some(2), "{name}");
            assert!(complaint.contains(&format!("`{name}` states no price")), "{complaint}");
            assert!(complaint.contains(&format!("--price {name}=")), "{complaint}");
            // With what the message asks for, it runs.
            let price = format!("{name}=2");
            output(&[&arguments[..], &["--price", &price]].concat());
            continue;
        }
        priced += 1;
        for format in FORMATS {
            check_form(&output(&[&arguments[..], &["--format", format]].concat()), format);
        }
    }
    assert!(priced > 0 && refused > 0, "{priced} priced, {refused} refused");
}

#[test]
fn every_model_and_hardware_is_shown_in_every_form() {
    for name in [Kind::Model, Kind::Hardware].into_iter().flat_map(names) {
        for format in FORMATS {
            let text = output(&["show", &name, "--format", format]);
            assert!(text.contains(&name), "{text}");
            if format == "table" {
                let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
                assert!(widest.chars().count() <= 100, "{name}: {widest}");
            }
        }
    }
}

#[test]
fn every_model_is_estimated_and_explained() {
    for (at, model) in names(Kind::Model).into_iter().enumerate() {
        // All forms for a few; the table for the rest.
        let formats = if at % 9 == 0 { &FORMATS[..] } else { &FORMATS[..1] };
        // Where eight times the attention, or the experts, are too much for eight devices.
        let deployment = match model.as_str() {
            "llama-3.1-405b" => "TP8",
            "kimi-k2" | "kimi-k2.5" | "kimi-k3" | "deepseek-v4-pro" => "EP128",
            _ => "EP8",
        };
        for command in ["estimate", "explain"] {
            let mut arguments = vec![command, "--model", &model, "--hardware", "h200"];
            arguments.extend(["--price", "h200=2", "--deployment", deployment, "--context", "4Ki"]);
            arguments.extend(["--batch", "64"]);
            for format in formats {
                let text = output(&[&arguments[..], &["--format", format]].concat());
                assert!(text.lines().count() > 1, "{text}");
            }
        }
    }
}

#[test]
fn every_config_is_imported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hf_configs");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let configs: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(configs.len() > 40);
    for config in configs {
        let imported = afford(&["import", config.to_str().unwrap()]);
        let notes = String::from_utf8(imported.stderr).unwrap();
        assert_eq!(imported.status.code(), Some(0), "{}: {notes}", config.display());
        assert!(notes.lines().all(|line| line.starts_with("note: ")), "{notes}");
        assert!(String::from_utf8(imported.stdout).unwrap().starts_with("name: "));
    }
}

#[test]
fn every_scenario_is_costed_in_every_form() {
    let catalog = afford::catalog::Catalog::default();
    for scenario in names(Kind::Scenario) {
        // The others ask about deployments, and may hold hardware that nobody prices.
        if catalog.scenario(&scenario).unwrap().fidelity == Fidelity::Ideal {
            for format in FORMATS {
                check_form(&output(&["cost", "--scenario", &scenario, "--format", format]), format);
            }
        }
    }
}

#[test]
fn every_scenario_has_its_report_committed_and_up_to_date() {
    let reports = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports");
    for scenario in names(Kind::Scenario) {
        assert!(reports.join(&scenario).is_dir(), "{scenario}");
    }
    let checked = afford(&["check", "--baseline", reports.to_str().unwrap()]);
    let (out, err) = (checked.stdout, String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success(), "{}{err}", String::from_utf8_lossy(&out));
    assert_eq!(err.lines().count(), names(Kind::Scenario).len());
}

#[test]
fn everything_is_listed_in_every_form() {
    let all: usize = Kind::ALL.into_iter().map(|kind| names(kind).len()).sum();
    for format in FORMATS {
        let text = output(&["list", "--format", format]);
        check_form(&text, format);
        for name in Kind::ALL.into_iter().flat_map(names) {
            assert!(text.contains(&name), "{format} lacks {name}");
        }
        if format == "json" {
            let rows: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(rows.as_array().unwrap().len(), all);
        }
    }
    for (kind, word) in
        [(Kind::Model, "models"), (Kind::Hardware, "hardware"), (Kind::Scenario, "scenarios")]
    {
        let rows: Value =
            serde_json::from_str(&output(&["list", word, "--format", "json"])).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), names(kind).len());
    }
}

/// A spec is found by the name it gives itself, and all of a folder are in the binary.
#[test]
fn names_are_file_names() {
    let catalog = Catalog::default();
    for kind in Kind::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind.folder());
        let files = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
        let stems: BTreeSet<String> = files
            .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(stems, BTreeSet::from_iter(names(kind)), "{}", kind.folder());
        for stem in stems {
            let name = match kind {
                Kind::Model => catalog.model(&stem).unwrap().name,
                Kind::Hardware => catalog.hardware(&stem).unwrap().name,
                Kind::Scenario => catalog.scenario(&stem).unwrap().name.value,
            };
            assert_eq!(name, stem);
        }
    }
}

/// Scenarios that say what they need for it are billed, varied and compared with themselves.
#[test]
fn scenarios_are_billed_varied_and_compared() {
    let catalog = Catalog::default();
    let (mut billed, mut drawn) = (0, 0);
    for name in names(Kind::Scenario) {
        let scenario = catalog.scenario(&name).unwrap();
        for format in ["table", "csv", "markdown"] {
            if scenario.bill.is_some() {
                billed += 1;
                check_form(&output(&["bill", &name, "--format", format]), format);
            }
            if scenario.uncertainty.is_some() {
                drawn += 1;
                let few = ["uncertainty", &name, "--samples", "20", "--format", format];
                check_form(&output(&few), format);
                check_form(&output(&["sensitivity", &name, "--format", format]), format);
            }
        }
    }
    assert!(billed > 0 && drawn > 0);
    assert_eq!(output(&["diff", "step3_paper", "step3_paper"]), "Nothing differs.\n");
}
