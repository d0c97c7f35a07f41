//! `afford show` as a user runs it (`smoke` shows everything shipped): the figures that others rely on, and what a wrong name gets. Also `completions`, `man` and `schema`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn afford(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let out = afford(args);
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && stderr.is_empty(), "afford {args:?}: {stderr}");
    String::from_utf8(out.stdout).unwrap()
}

/// Stderr of a call that must end with status 2 and print no data.
fn refusal(args: &[&str]) -> String {
    let out = afford(args);
    assert_eq!(out.status.code(), Some(2), "afford {args:?}");
    assert!(out.stdout.is_empty(), "afford {args:?}");
    String::from_utf8(out.stderr).unwrap()
}

fn json(args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&stdout(args)).unwrap()
}

fn names(kind: &str) -> Vec<String> {
    let list = json(&["list", kind, "--format", "json"]);
    let names = list.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned());
    names.collect()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_number_of_the_long_form_has_a_unit_or_needs_none() {
    let bare = [
        "hidden_size",
        "vocabulary_size",
        "moe_sparsity",
        "sparsity",
        "effective_rank",
        "inputs",
        "outputs",
        "experts",
        "experts_per_token",
        "expert_intermediate_size",
        "release_year",
        "shared_intermediate_size",
        "intermediate_size",
    ];
    for name in ["step-3", "minimax-m1", "h800", "ascend-910b"] {
        let csv = stdout(&["show", name, "--format", "csv"]);
        for line in csv.lines().skip(1) {
            let Some((rest, unit)) = line.rsplit_once(',') else { continue };
            let Some((key, value)) = rest.split_once(',') else { continue };
            let key = key.rsplit('.').next().unwrap();
            let number = value.parse::<f64>().is_ok();
            assert!(!number || !unit.is_empty() || bare.contains(&key), "{line}");
        }
    }
}

#[test]
fn a_model_s_figures_by_hand() {
    let step = json(&["show", "step-3", "--format", "json"]);
    assert_eq!(step["layers"], 61);
    assert_eq!(step["kv_layers"], 61);
    // K and V of 256 in each of 61 layers.
    assert_eq!(step["kv_elements_per_token"], 2 * 256 * 61);
    assert_eq!(step["state_bytes_per_sequence"], 0);
    assert_eq!(step["mtp_params"], 0);
    assert_eq!(step["hub_params"], 320_969_912_832_u64);
    assert_eq!(step["layer_sequence"], "4 x mfa+dense, 56 x mfa+moe, 1 x mfa+dense");
    // (3 + 1) / (48 + 1), as the paper has it.
    assert_eq!(step["moe_sparsity"], 4.0 / 49.0);
    let count = |key: &str| step[key].as_u64().unwrap();
    let embedding = 7168 * 128_815;
    assert_eq!(count("active_params_with_head"), count("active_params_core") + embedding);
    assert_eq!(
        count("active_params_with_embedding_and_head"),
        count("active_params_core") + 2 * embedding
    );
    // 64 heads x 256, 4 FLOPs for each element of a token's K and V.
    assert_eq!(step["attention_designs"][0]["effective_rank"], 16_384);
    assert_eq!(step["by_context"][0]["attention_flops"], 4u64 * 64 * 256 * 8192 * 61);
    let layers = step["layers_by_kind"].as_array().unwrap();
    assert_eq!(layers.iter().map(|kind| kind["layers"].as_u64().unwrap()).sum::<u64>(), 61);
}

#[test]
fn the_parts_of_every_model_add_up() {
    for name in names("models") {
        let model = json(&["show", &name, "--format", "json", "--context", "1,4Ki..64Ki x4"]);
        let sum = |list: &str, key: &str| -> u64 {
            let all = model[list].as_array().unwrap();
            all.iter().map(|e| e[key].as_u64().unwrap() * e["layers"].as_u64().unwrap()).sum()
        };
        let h = model["hidden_size"].as_u64().unwrap();
        let tables = if model["tied_embeddings"] == true { 1 } else { 2 };
        let embeddings = tables * h * model["vocabulary_size"].as_u64().unwrap();
        let count = |key: &str| model[key].as_u64().unwrap();
        // A final norm of h; some models have more behind their layers, or a bias on the head.
        let last = count("active_params_core") - sum("layers_by_kind", "active_params");
        assert!((h..=18 * h).contains(&last), "{name}: {last}");
        let outside = count("total_params") - sum("layers_by_kind", "params") - last;
        let bias = outside - embeddings;
        assert!(bias == 0 || bias == count("vocabulary_size"), "{name}: {bias}");
        let elements = sum("attention_designs", "kv_elements_per_token");
        assert_eq!(elements, model["kv_elements_per_token"], "{name}");
        let state = sum("attention_designs", "state_bytes_per_sequence");
        assert_eq!(state, model["state_bytes_per_sequence"], "{name}");
        let contexts = model["by_context"].as_array().unwrap();
        assert_eq!(contexts.len(), 4, "{name}");
        assert_eq!(contexts[0]["kv_held_bytes"], model["kv_bytes_per_token"], "{name}");
    }
}

#[test]
fn counting_is_the_user_s_choice() {
    let flops = |counting: &str| {
        let model =
            json(&["show", "deepseek-v3", "--format", "json", "--counting", counting, "-c", "8Ki"]);
        model["by_context"][0]["attention_flops"].as_u64().unwrap()
    };
    assert_eq!(flops("paper"), 61 * 4 * 128 * (512 + 64) * 8192);
    assert_eq!(flops("exact"), 61 * 2 * 128 * (2 * 512 + 64) * 8192);
}

#[test]
fn repeated_groups_of_layers_are_folded() {
    let model = json(&["show", "minimax-m1", "--format", "json"]);
    assert_eq!(model["layer_sequence"], "10 x (7 x lightning+moe, 1 x full+moe)");
}

#[test]
fn a_hardware_s_figures_and_what_nobody_states() {
    let h800 = json(&["show", "h800", "--format", "json"]);
    assert_eq!(h800["memory"]["bandwidth_gb_per_s"], 3350);
    assert_eq!(h800["memory"]["provenance"], "datasheet");
    assert_eq!(h800["compute_formats"][0]["ridge_flops_per_byte"], 989.0 / 3.35);
    assert_eq!(h800["prices"][0]["usd_per_hour"], 2);
    assert_eq!(h800["prices"][0]["date"], "2025-07");
    assert_eq!(h800["server_network_gb_per_s"], 400);
    let ascend = json(&["show", "ascend-910b", "--format", "json"]);
    assert!(ascend["memory"]["capacity_gb"].is_null());
    assert_eq!(ascend["fp8_computes_as"], "bf16");
    let csv = stdout(&["show", "ascend-910b", "--format", "csv"]);
    assert!(csv.contains("memory.capacity_gb,unknown,GB\n"), "{csv}");
}

#[test]
fn files_are_told_apart_by_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let chip = write(folder.path(), "chip.yaml", "extends: h800\nname: mine\n");
    assert_eq!(json(&["show", &chip, "--format", "json"])["kind"], "hardware");
    let model = write(folder.path(), "model.yaml", "extends: step-3\nname: mine\n");
    assert_eq!(json(&["show", &model, "--format", "json"])["kind"], "model");
    let broken = write(folder.path(), "broken.yaml", "extends: h800\nname: mine\nprices: 3\n");
    let complaint = refusal(&["show", &broken]);
    assert!(complaint.contains("broken.yaml:3:9") && complaint.contains("prices"), "{complaint}");
    let empty = write(folder.path(), "empty.yaml", "");
    assert!(refusal(&["show", &empty]).contains("empty.yaml"));
}

#[test]
fn a_wrong_name_gets_one_suggestion_over_both_kinds() {
    for (name, near) in [("stpe-3", "step-3"), ("H8000", "h800"), ("deepseek_v3", "deepseek-v3")] {
        let complaint = refusal(&["show", name]);
        assert!(complaint.contains(&format!("did you mean `{near}`?")), "{complaint}");
        assert_eq!(complaint.matches("error").count(), 1, "{complaint}");
    }
    assert!(refusal(&["show", "step3_paper"]).contains("is a scenario"));
    assert!(refusal(&["show", "./nowhere.yaml"]).contains("there is no file ./nowhere.yaml"));
    assert!(refusal(&["show", "step-3", "--context", "8K"]).contains("8Ki"));
}

#[test]
fn the_shell_and_the_editor_are_served() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains("pareto"), "{shell}");
    }
    assert!(stdout(&["man"]).contains(".TH afford 1"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    assert_eq!(stdout(&["man", "--out", out.to_str().unwrap()]), "");
    let page = std::fs::read_to_string(out.join("afford-pareto.1")).unwrap();
    assert!(page.contains(".TH afford-pareto 1"), "{page}");
    for (kind, place) in
        [("model", "model_specs"), ("hardware", "hw_profiles"), ("scenario", "scenarios")]
    {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join(place).join("schema.json");
        let committed = std::fs::read_to_string(committed).unwrap();
        assert!(stdout(&["schema", kind]) == committed, "{place}/schema.json is out of step");
    }
}
