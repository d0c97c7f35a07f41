//! `afford import` as a user runs it, and a `config.json` in place of a model's name.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hf_configs");

fn afford(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = afford(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_folder_and_its_file_are_the_same() {
    let folder = format!("{CONFIGS}/kimi-k2.5");
    let yaml = stdout(&["import", &folder]);
    assert_eq!(yaml, stdout(&["import", &format!("{folder}/config.json")]));
    assert!(yaml.starts_with("name: kimi-k2.5\nnotes: The vision tower is left out.\n"));
    assert!(yaml.contains("expert_weights: int4"));
    let notes = afford(&["import", &folder]).stderr;
    assert!(String::from_utf8(notes).unwrap().contains("note: The vision tower is left out."));
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mine.yaml");
    let (config, shown) = (format!("{CONFIGS}/qwen3-8b"), out.to_str().unwrap());
    let text = stdout(&["import", &config, "--name", "mine", "--out", shown]);
    assert_eq!(text, "");
    let names = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(names(folder.path()), 1);
    let title = stdout(&["show", shown]);
    assert!(title.starts_with("mine"), "{title}");

    let nowhere = out.join("below-a-file.yaml");
    let failed = afford(&["import", &config, "--out", nowhere.to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(2));
    assert_eq!(names(folder.path()), 1);
}

#[test]
fn formats_are_the_user_s_choice() {
    let config = format!("{CONFIGS}/deepseek-v3");
    let wide = stdout(&["import", &config, "--precision", "bf16", "--kv-cache", "bf16"]);
    assert!(wide.contains("precision: {weights: bf16, kv_cache: bf16, activations: bf16}"));
    assert!(wide.contains("weights and arithmetic in bf16 (--precision)"));
}

#[test]
fn a_config_stands_wherever_a_model_is_asked_for() {
    let config = format!("{CONFIGS}/deepseek-v3");
    let costs = |model: &str| {
        let args = ["cost", "--model", model, "--context", "8Ki", "--hardware", "h800"];
        stdout(&[&args[..], &["--format", "csv"]].concat())
    };
    assert_eq!(costs(&config), costs("deepseek-v3"));
    let show = stdout(&["show", &config, "--format", "json"]);
    let sheet: serde_json::Value = serde_json::from_str(&show).unwrap();
    assert_eq!(sheet["hub_params"], 684_531_386_000_u64);
    assert_eq!(sheet["total_params"], 671_026_419_200_u64);
}

#[test]
fn bad_input_is_one_complaint_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let empty = afford(&["import", folder.path().to_str().unwrap()]);
    assert_eq!(empty.status.code(), Some(2));
    assert!(String::from_utf8(empty.stderr).unwrap().contains("holds no config.json"));
    let missing = afford(&["import", "no/such/config.json"]);
    assert_eq!(missing.status.code(), Some(2));
    let config = folder.path().join("config.json");
    std::fs::write(&config, "{\"model_type\": \"llama\"}").unwrap();
    let incomplete = afford(&["import", config.to_str().unwrap()]);
    assert_eq!(incomplete.status.code(), Some(2));
    let text = String::from_utf8(incomplete.stderr).unwrap();
    assert!(text.contains("`num_hidden_layers` is missing"), "{text}");
}
