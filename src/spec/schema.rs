//! JSON Schemas of the three kinds of spec, for editors. `schema.json` in each spec folder is
//! what [`schema`] prints; a test keeps them in step.
//!
//! A spec that extends another says only what it changes, at every depth. A schema therefore has
//! two halves: `Whole` for a spec that stands alone, and `Change` for one with `extends`, in which
//! no key is required and `null` removes.

use super::Kind;
use super::hardware::HardwareSpec;
use super::model::ModelSpec;
use super::scenario::Scenario;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

pub(super) type Object = Map<String, Value>;

/// How references to definitions begin.
pub(super) const DEFINITIONS: &str = "#/$defs/";

/// The schema of a kind of spec, as JSON text with a final line break.
#[must_use]
pub fn schema(kind: Kind) -> String {
    let mut whole = derived(kind);
    let mut take = |key: &str| whole.remove(key).unwrap_or_default();
    let (draft, description, definitions) = (take("$schema"), take("description"), take("$defs"));
    take("title");
    let definitions = definitions.as_object().cloned().unwrap_or_default();

    let changes = Changes { definitions: &definitions };
    let mut all = Map::from_iter([
        ("Whole".to_owned(), with_extends(whole.clone()).into()),
        ("Change".to_owned(), with_extends(changes.of(&whole)).into()),
    ]);
    for (name, definition) in &definitions {
        all.insert(name.clone(), definition.clone());
        if let Some(mapping) = changes.mapping(name) {
            all.insert(format!("{name}Change"), changes.of(mapping).into());
        }
    }
    keep_used(&mut all);
    let schema = json!({
        "$schema": draft,
        "title": format!("afford {}", kind.noun()),
        "description": description,
        "if": {"required": ["extends"]},
        "then": {"$ref": format!("{DEFINITIONS}Change")},
        "else": {"$ref": format!("{DEFINITIONS}Whole")},
        "$defs": all,
    });
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// What a kind of spec is read into, as the derived schema of one that stands alone.
pub(super) fn derived(kind: Kind) -> Object {
    let made = match kind {
        Kind::Model => schemars::schema_for!(ModelSpec),
        Kind::Hardware => schemars::schema_for!(HardwareSpec),
        Kind::Scenario => schemars::schema_for!(Scenario),
    };
    made.as_object().cloned().unwrap_or_default()
}

/// The keys at the top of a kind of spec.
#[must_use]
pub fn keys(kind: Kind) -> &'static [String] {
    static KEYS: LazyLock<[Vec<String>; 3]> = LazyLock::new(|| {
        Kind::ALL.map(|kind| match derived(kind).get("properties") {
            Some(Value::Object(properties)) => properties.keys().cloned().collect(),
            _ => Vec::new(),
        })
    });
    let at = Kind::ALL.iter().position(|&k| k == kind).unwrap_or_default();
    &KEYS[at]
}

/// The keys of the conditions of a deployment.
#[must_use]
pub fn condition_keys() -> &'static [String] {
    static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let made = schemars::schema_for!(super::conditions::ConditionsSpec);
        let properties = made.get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(Map::keys).cloned().collect()
    });
    &KEYS
}

fn with_extends(mut mapping: Object) -> Object {
    let extends = json!({
        "type": "string",
        "description": "Name or path of a spec that this one changes: mappings merge, lists and \
                        values replace, null removes."
    });
    if let Some(Value::Object(properties)) = mapping.get_mut("properties") {
        properties.insert("extends".into(), extends);
    }
    mapping
}

/// Drops definitions that nothing refers to.
fn keep_used(definitions: &mut Object) {
    loop {
        let text = Value::Object(definitions.clone()).to_string();
        let before = definitions.len();
        definitions.retain(|name, _| {
            name == "Whole"
                || name == "Change"
                || text.contains(&format!("\"{DEFINITIONS}{name}\""))
        });
        if definitions.len() == before {
            return;
        }
    }
}

/// Turns the schema of a mapping into that of a change of it.
struct Changes<'a> {
    definitions: &'a Object,
}

impl Changes<'_> {
    /// A definition, if its values are mappings: those merge, all else is replaced as a whole.
    fn mapping(&self, name: &str) -> Option<&Object> {
        let definition = self.definitions.get(name)?.as_object()?;
        let is_mapping = definition.get("type").is_some_and(|t| t == "object")
            || choices(definition).any(|choice| choice.contains_key("properties"));
        is_mapping.then_some(definition)
    }

    /// What a change of a mapping may say: any of its keys, or `null` for them. A choice becomes
    /// a mapping of all that it can be, since a change may remove one and add another.
    fn of(&self, mapping: &Object) -> Object {
        let mut change = mapping.clone();
        change.remove("required");
        change.remove("oneOf");
        change.insert("type".into(), "object".into());
        if let Some(value @ Value::Object(_)) = mapping.get("additionalProperties") {
            change.insert("additionalProperties".into(), self.value(value, None));
            return change;
        }
        let mut properties = Object::new();
        for part in choices(mapping).chain([mapping]) {
            let keys = part.get("properties").and_then(Value::as_object);
            for (key, value) in keys.into_iter().flatten() {
                // A choice describes what it can be beside its key, a mapping within.
                let described = value.get("description").or_else(|| part.get("description"));
                properties.insert(key.clone(), self.value(value, described));
            }
        }
        change.insert("properties".into(), properties.into());
        change.insert("additionalProperties".into(), false.into());
        let words: Vec<&Object> =
            choices(mapping).filter(|c| !c.contains_key("properties")).collect();
        if words.is_empty() {
            return change;
        }
        let words = words.into_iter().cloned().map(Value::Object);
        let any = [Value::Object(change)].into_iter().chain(words).collect();
        Map::from_iter([("anyOf".to_owned(), Value::Array(any))])
    }

    /// The changed form of one value of a mapping, or `null`.
    fn value(&self, value: &Value, described: Option<&Value>) -> Value {
        let mut options = match value.get("anyOf").and_then(Value::as_array) {
            Some(options) => options.clone(),
            None => vec![value.clone()],
        };
        for option in options.iter_mut().filter_map(Value::as_object_mut) {
            option.remove("description");
            let name = option.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|name| name.strip_prefix(DEFINITIONS));
            if let Some(name) = name.filter(|name| self.mapping(name).is_some()) {
                let change = format!("{DEFINITIONS}{name}Change");
                option.insert("$ref".into(), change.into());
            } else if option.get("type").is_some_and(|t| t == "object") {
                *option = self.of(option);
            }
        }
        let null = json!({"type": "null"});
        if !options.contains(&null) {
            options.push(null);
        }
        let mut changed = Map::from_iter([("anyOf".to_owned(), Value::Array(options))]);
        changed.extend(described.map(|text| ("description".to_owned(), text.clone())));
        changed.into()
    }
}

/// The things that a choice can be; nothing for what is no choice.
fn choices(definition: &Object) -> impl Iterator<Item = &Object> {
    let all = definition.get("oneOf").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_object)
}
