//! Golden: imported configs against published counts, and the shipped specs against their imports.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use afford::catalog::{Catalog, import_config};
use afford::import::{Import, Options};
use afford::spec::node::{Node, Value};
use afford::spec::{Kind, Source};
use afford::work::Counting;
use afford::work::cache::cache;
use afford::work::params::{hub_params, params};
use afford::work::token::token_work;
use std::path::{Path, PathBuf};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names() -> Vec<String> {
    let folder = std::fs::read_dir(top().join("tests/hf_configs")).unwrap();
    let folders = folder.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn config(name: &str) -> PathBuf {
    top().join("tests/hf_configs").join(name).join("config.json")
}

fn imported(name: &str, options: Options) -> Import {
    import_config(&config(name), options).unwrap_or_else(|d| panic!("{}", d.render(false)))
}

/// The spec of a hub repository's name.
fn spec_of(repository: &str) -> &'static str {
    const NAMES: [(&str, &str); 16] = [
        ("deepseek-ai/DeepSeek-V3", "deepseek-v3"),
        ("deepseek-ai/DeepSeek-V3.2-Exp", "deepseek-v3.2"),
        ("moonshotai/Kimi-K2-Instruct", "kimi-k2"),
        ("Qwen/Qwen3-235B-A22B", "qwen3-235b-a22b"),
        ("Qwen/Qwen3-30B-A3B", "qwen3-30b-a3b"),
        ("Qwen/Qwen3-32B", "qwen3-32b"),
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", "qwen3-next-80b-a3b"),
        ("meta-llama/Meta-Llama-3.1-70B", "llama-3.1-70b"),
        ("unsloth/Llama-4-Maverick-17B-128E-Instruct", "llama-4-maverick"),
        ("MiniMaxAI/MiniMax-M1-80k", "minimax-m1"),
        ("baidu/ERNIE-4.5-300B-A47B-PT", "ernie-4.5-300b"),
        ("IntervitensInc/pangu-pro-moe-model", "pangu-pro-moe"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("zai-org/GLM-4.5", "glm-4.5"),
        ("mistralai/Mixtral-8x7B-v0.1", "mixtral-8x7b"),
        ("stepfun-ai/step3", "step-3"),
    ];
    NAMES.iter().find(|(hub, _)| *hub == repository).map(|(_, spec)| *spec).unwrap()
}

#[test]
fn counts_equal_the_published_ones_to_the_last_parameter() {
    let mut table = csv::Reader::from_path(top().join("tests/params.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let mut rows = 0;
    for row in table.records() {
        let row = row.unwrap();
        let cell = |name: &str| &row[header.iter().position(|h| h == name).unwrap()];
        let number = |name: &str| cell(name).parse::<u64>().unwrap();
        let model = imported(spec_of(cell("name")), Options::default()).model;
        let (counts, caches) = (params(&model), cache(&model));
        let found = [
            ("computed_total_text", counts.total),
            ("computed_mtp_layers", counts.mtp),
            ("activated_core_no_embed_no_head", counts.active_core),
            ("activated_core_plus_head", counts.active_with_head),
            ("activated_core_plus_embed_head", counts.active_with_embedding_and_head),
            ("layers_with_kv", caches.kv_layers),
            ("kv_elems_per_token_total", caches.kv_elements_per_token),
            ("linear_state_bytes_per_sequence", caches.state_bytes_per_sequence.bytes() as u64),
        ];
        for (column, found) in found {
            assert_eq!(found, number(column), "{}: {column}", model.name);
        }
        if !cell("hf_safetensors_total").is_empty() {
            // Kimi K2 stores a table of 56 rotary frequencies in each of its 61 layers.
            let buffers = if model.name == "kimi-k2" { 61 * 56 } else { 0 };
            let hub = hub_params(&model).unwrap() + buffers;
            assert_eq!(hub, number("hf_safetensors_total"), "{}: hub", model.name);
        }
        rows += 1;
    }
    assert_eq!(rows, 16);
}

/// Totals of published checkpoints that are not in `params.csv`.
#[test]
fn hub_totals_of_further_models() {
    for (name, total) in [
        ("llama-3.1-8b", 8_030_261_248),
        ("llama-3.1-405b", 405_853_388_800),
        ("mistral-7b", 7_241_732_096),
        ("qwen2.5-72b", 72_706_203_648),
        ("qwen3-8b", 8_190_735_360),
        ("phi-3.5-moe", 41_873_153_344),
        ("gemma-3-27b", 27_432_406_640),
        ("deepseek-v2", 235_741_434_880),
        ("gpt-oss-20b", 21_511_953_984),
        ("glm-4.5-air", 110_468_824_832),
        ("llama-4-scout", 108_641_793_536),
        ("minimax-m2", 228_703_644_928),
        ("kimi-linear-48b-a3b", 49_122_681_728),
        ("kimi-k2.5", 170_738_182_128),
        ("glm-4.7-flash", 31_221_488_576),
        ("glm-5", 753_864_139_008),
        ("step-3.5-flash", 199_384_301_376),
        ("qwen3.5-27b", 27_781_427_952),
        ("qwen3.5-35b-a3b", 35_951_822_704),
        ("qwen3.5-9b", 9_653_104_368),
        ("qwen3.5-397b-a17b", 403_397_928_944),
    ] {
        let model = imported(name, Options::default()).model;
        assert_eq!(hub_params(&model), Some(total), "{name}");
    }
}

/// Text totals where the hub's figure is not known or packs its weights.
#[test]
fn text_totals_of_further_models() {
    for (name, text, mtp) in [
        ("kimi-k2.5", 1_026_408_232_448, 0),
        ("kimi-k3", 2_779_484_478_208, 0),
        ("deepseek-v4-flash", 284_332_240_471, 6_610_048_891),
        ("deepseek-v4-pro", 1_572_997_201_763, 25_840_145_979),
        ("glm-5", 743_911_218_432, 9_952_920_576),
        ("step-3.5-flash", 196_956_130_368, 844_296_960),
    ] {
        let counts = params(&imported(name, Options::default()).model);
        assert_eq!((counts.total, counts.mtp), (text, mtp), "{name}");
    }
    let k3 = cache(&imported("kimi-k3", Options::default()).model);
    assert_eq!(k3.state_bytes_per_sequence.bytes(), 449_372_160.0);
    assert_eq!(k3.kv_elements_per_token, 13_824);
}

/// The text under a key of a shipped spec.
fn prose(spec: &Node, key: &str) -> Option<String> {
    match &spec.get(key)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// What the importer makes of a config, with the prose that the shipped spec has.
fn regenerated(name: &str, shipped: &str) -> String {
    let spec = Node::parse(&Source::new(name, shipped)).unwrap();
    let sources = match spec.get("sources").map(|node| &node.value) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match &item.value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let options = Options {
        title: prose(&spec, "title"),
        sources,
        notes: prose(&spec, "notes"),
        ..Options::default()
    };
    format!("# yaml-language-server: $schema=schema.json\n{}", imported(name, options).yaml)
}

/// `AFFORD_REGENERATE=1 cargo test --test import` writes the specs anew.
#[test]
fn shipped_specs_are_what_the_importer_makes() {
    let names = names();
    assert!(names.len() >= 25, "only {} specs", names.len());
    for name in names {
        let path = top().join(format!("model_specs/{name}.yaml"));
        let shipped = std::fs::read_to_string(&path).unwrap_or_else(|_| format!("name: {name}"));
        let fresh = regenerated(&name, &shipped);
        if std::env::var_os("AFFORD_REGENERATE").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        } else {
            assert!(shipped == fresh, "model_specs/{name}.yaml is not what its import makes");
        }
    }
}

#[test]
fn a_written_spec_reads_back_as_the_same_model() {
    for name in names() {
        let import = imported(&name, Options::default());
        let source = Source::new("written", import.yaml.as_str());
        let read = afford::spec::model::ModelSpec::read(&Node::parse(&source).unwrap()).unwrap();
        assert_eq!(read, import.model, "{name}");
    }
}

/// Tables 2 and 3 of the Step-3 paper need KV bytes and FLOPs only.
#[test]
fn imported_models_of_the_paper_count_as_the_shipped_ones() {
    let catalog = Catalog::default();
    for name in [
        "step-3",
        "deepseek-v3",
        "kimi-k2",
        "qwen3-235b-a22b",
        "qwen3-32b",
        "llama-4-maverick",
        "minimax-m1",
        "ernie-4.5-300b",
        "pangu-pro-moe",
    ] {
        let shipped = catalog.model(name).unwrap();
        let imported = catalog.model(config(name).parent().unwrap().to_str().unwrap()).unwrap();
        for context in [8192, 32768] {
            let [a, b] =
                [&shipped, &imported].map(|model| token_work(model, context, Counting::Paper));
            assert_eq!(a.kv_bytes(), b.kv_bytes(), "{name}");
            assert_eq!(a.attention_flops(), b.attention_flops(), "{name}");
            assert_eq!(a.linear_flops(), b.linear_flops(), "{name}");
            assert_eq!(a.ffn_flops(), b.ffn_flops(), "{name}");
        }
        assert_eq!(shipped.precision.activations.bits(), 8.0, "{name}");
    }
    assert!(catalog.list(Kind::Model).len() >= 25);
}
