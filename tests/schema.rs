//! The JSON Schemas: what is committed is what the program makes, every shipped spec is valid by
//! them, and an editor finds in them what it needs.
//!
//! `AFFORD_BLESS=1 cargo test --test schema` rewrites the committed files.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::spec::node::{Node, Value as Yaml};
use afford::spec::schema::schema;
use afford::spec::{Kind, Source};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn folder(kind: Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind.folder())
}

/// A YAML text as an editor's validator sees it.
fn yaml(text: &str) -> Value {
    fn json_of(node: &Node) -> Value {
        match &node.value {
            Yaml::Null => Value::Null,
            Yaml::Bool(b) => json!(b),
            Yaml::Int(i) => json!(i64::try_from(*i).unwrap()),
            Yaml::Float(f) => json!(f),
            Yaml::Text(t) => json!(t),
            Yaml::List(items) => items.iter().map(json_of).collect(),
            Yaml::Map(entries) => {
                entries.iter().map(|(k, v)| (k.name.clone(), json_of(v))).collect()
            }
        }
    }
    json_of(&Node::parse(&Source::new("text", text)).unwrap())
}

fn validator(kind: Kind) -> Validator {
    let schema: Value = serde_json::from_str(&schema(kind)).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn complaints(kind: Kind, text: &str) -> Vec<String> {
    let value = yaml(text);
    let found = validator(kind);
    found.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn valid(kind: Kind, text: &str) {
    assert_eq!(complaints(kind, text), [""; 0], "\n{text}");
}

fn invalid(kind: Kind, text: &str) {
    assert_ne!(complaints(kind, text), [""; 0], "\n{text}");
}

#[test]
fn committed_schemas_are_what_the_program_makes() {
    for kind in Kind::ALL {
        let path = folder(kind).join("schema.json");
        if std::env::var_os("AFFORD_BLESS").is_some() {
            std::fs::write(&path, schema(kind)).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == schema(kind),
            "{} is out of step: AFFORD_BLESS=1 cargo test --test schema rewrites it",
            path.display()
        );
    }
}

#[test]
fn every_shipped_spec_is_valid_by_its_schema() {
    for kind in Kind::ALL {
        let entries = Catalog::default().list(kind);
        assert!(!entries.is_empty());
        for entry in entries {
            let path = folder(kind).join(format!("{}.yaml", entry.name));
            let text = std::fs::read_to_string(path).unwrap();
            assert!(
                text.starts_with("# yaml-language-server: $schema=schema.json\n"),
                "{}",
                entry.name
            );
            valid(kind, &text);
        }
    }
}

#[test]
fn a_spec_that_extends_another_says_only_what_it_changes() {
    let step_3 = std::fs::read_to_string(folder(Kind::Model).join("step-3.yaml")).unwrap();
    invalid(Kind::Model, &step_3.replace("hidden_size: 7168\n", ""));
    invalid(Kind::Model, &step_3.replace("kv_heads: 1, ", ""));
    valid(Kind::Model, "extends: step-3\nname: mine\nhidden_size: 8192\n");
    valid(Kind::Model, "extends: step-3\nattention: {mfa: {mfa: {kv_heads: 2}}}\n");
    valid(Kind::Model, "extends: step-3\nffn: {dense: null}\nmtp: null\n");
    valid(Kind::Hardware, "extends: h800\nmemory: {capacity_gb: 96}\n");
    // What it says must be right all the same.
    invalid(Kind::Model, "extends: step-3\nattention: {mfa: {mfa: {kv_heds: 2}}}\n");
    invalid(Kind::Model, "extends: step-3\nattention: {mfa: {mfa: {kv_heads: 0}}}\n");
    invalid(Kind::Hardware, "extends: h800\nmemory: {capacity_tb: 1}\n");
    // Lists are replaced, so their items are whole.
    invalid(Kind::Hardware, "extends: h800\nprices: [{usd_per_hour: 1}]\n");
}

#[test]
fn a_change_may_turn_a_design_into_another() {
    let text = "extends: step-3
attention:
  mfa:
    mfa: null
    gqa: {query_heads: 64, kv_heads: 8, head_dim: 128}
";
    valid(Kind::Model, text);
}

#[test]
fn slips_are_found_while_typing() {
    let h800 = std::fs::read_to_string(folder(Kind::Hardware).join("h800.yaml")).unwrap();
    valid(Kind::Hardware, &h800);
    for (right, wrong) in [
        ("bandwidth_gb_per_s: 3350", "bandwidth_tb_per_s: 3.35"),
        ("capacity_gb: 80", "capacity_gb: -80"),
        ("capacity_gb: 80", "capacity_gb: 1e300"),
        ("basis: on_demand", "basis: ondemand"),
        ("date: 2025-07", "date: July 2025"),
        ("release_year: 2023", "release_year: 20233"),
        ("name: h800", "name: H800"),
    ] {
        assert!(h800.contains(right));
        invalid(Kind::Hardware, &h800.replacen(right, wrong, 1));
    }
    let step_3 = std::fs::read_to_string(folder(Kind::Model).join("step-3.yaml")).unwrap();
    for (right, wrong) in [
        ("weights: fp8", "weights: fp7"),
        ("count: 56", "count: 0"),
        ("    mfa: {", "    mfaa: {"),
        ("num_layers: 61", "num_layers: all"),
    ] {
        assert!(step_3.contains(right));
        invalid(Kind::Model, &step_3.replacen(right, wrong, 1));
    }
}

/// Every key that a person can write says what it means.
#[test]
fn every_key_has_a_description() {
    fn visit(value: &Value, path: &str, missing: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                for (key, part) in object {
                    let path = format!("{path}/{key}");
                    if key != "properties" {
                        visit(part, &path, missing);
                        continue;
                    }
                    let properties = part.as_object().unwrap();
                    // The one key of a choice is described beside it.
                    let beside = properties.len() == 1 && object.contains_key("description");
                    for (name, property) in properties {
                        if property.get("description").is_none() && !beside {
                            missing.push(format!("{path}/{name}"));
                        }
                    }
                    visit(part, &path, missing);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| visit(item, path, missing)),
            _ => {}
        }
    }
    for kind in Kind::ALL {
        let mut missing = Vec::new();
        visit(&serde_json::from_str(&schema(kind)).unwrap(), "", &mut missing);
        assert_eq!(missing, [""; 0]);
    }
}
