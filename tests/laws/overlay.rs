//! Laws of `extends`: laying specs over one another is JSON Merge Patch (RFC 7396), and a chain of
//! files is its layers in order.

use afford::spec::extends::{self, Find};
use afford::spec::node::{Node, Value as Yaml};
use afford::spec::{Diagnostic, Source};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// RFC 7396, section 2, word for word.
fn merge_patch(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = match target {
        Value::Object(target) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let below = target.remove(name).unwrap_or(Value::Null);
            target.insert(name.clone(), merge_patch(below, value));
        }
    }
    target.into()
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9..=9_i64).prop_map(Value::from),
        "[a-z]{1,3}".prop_map(Value::from),
    ]
}

/// A mapping of few keys, so that two of them meet often, to a depth of three.
fn mapping() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            object(inner).boxed(),
        ]
    });
    object(value)
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c", "d"]);
    prop::collection::btree_map(key, value, 0..4)
        .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

fn node(value: &Value) -> Node {
    Node::parse(&Source::new("any.yaml", value.to_string())).unwrap()
}

fn json_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(b) => json!(b),
        Yaml::Int(i) => json!(i64::try_from(*i).unwrap()),
        Yaml::Float(f) => json!(f),
        Yaml::Text(t) => json!(t),
        Yaml::List(items) => items.iter().map(json_of).collect(),
        Yaml::Map(entries) => entries.iter().map(|(k, v)| (k.name.clone(), json_of(v))).collect(),
    }
}

fn overlaid(below: &Value, over: &Value) -> Value {
    json_of(&node(below).overlaid_by(node(over)))
}

/// Files by name, in memory.
struct Files(Vec<Arc<Source>>);

impl Find for Files {
    fn find(&self, name: &str, _: &Source) -> Result<Arc<Source>, Diagnostic> {
        let found = self.0.iter().find(|source| source.name == name).cloned();
        found.ok_or_else(|| Diagnostic::new(format!("there is no `{name}`")))
    }
}

/// Writes values as files, each of which extends the one before it, and reads the last.
fn chain(values: &[Value]) -> Result<Node, Diagnostic> {
    let file = |(i, value): (usize, &Value)| {
        let mut value = value.clone();
        if let (Some(map), Some(before)) = (value.as_object_mut(), i.checked_sub(1)) {
            map.insert("extends".into(), format!("f{before}").into());
        }
        Source::new(format!("f{i}"), value.to_string())
    };
    let files = Files(values.iter().enumerate().map(file).collect());
    extends::read(files.0.last().unwrap(), &files)
}

proptest! {
    #[test]
    fn overlaying_is_json_merge_patch(below in mapping(), over in mapping()) {
        prop_assert_eq!(overlaid(&below, &over), merge_patch(below, &over));
    }

    #[test]
    fn nothing_laid_over_changes_nothing(below in mapping()) {
        prop_assert_eq!(overlaid(&below, &json!({})), below);
    }

    #[test]
    fn laid_over_twice_is_laid_over_once(below in mapping(), over in mapping()) {
        let once = overlaid(&below, &over);
        prop_assert_eq!(overlaid(&once, &over), once);
    }

    #[test]
    fn a_chain_of_files_is_its_layers_in_order(layers in prop::collection::vec(mapping(), 1..=6)) {
        let read = json_of(&chain(&layers).unwrap());
        let (base, rest) = layers.split_first().unwrap();
        prop_assert_eq!(read, rest.iter().fold(base.clone(), merge_patch));
    }

    /// A complaint about a merged spec points into the file that wrote the value.
    #[test]
    fn a_value_remembers_the_file_it_came_from(below in mapping(), over in mapping()) {
        let read = chain(&[below.clone(), over.clone()]).unwrap();
        let Yaml::Map(entries) = &read.value else { panic!("a mapping stays one") };
        for (key, node) in entries {
            let from = if over.get(&key.name).is_some() { "f1" } else { "f0" };
            prop_assert_eq!(&key.origin.source.name, from);
            prop_assert_eq!(&node.origin.source.name, from);
        }
    }
}

#[test]
fn chains_end() {
    let layers = |n: usize| -> Vec<Value> { (0..n).map(|i| json!({"a": i})).collect() };
    assert_eq!(json_of(&chain(&layers(16)).unwrap()), json!({"a": 15}));
    let message = chain(&layers(17)).unwrap_err().to_string();
    assert!(message.contains("16 files"), "{message}");
}
