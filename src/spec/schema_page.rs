//! The schema of a kind of spec as a page to read: one table for each mapping, in the order in
//! which keys mention them.
//!
//! What it says comes from the same descriptions that editors show; nothing is written twice.

use super::Kind;
use super::schema::{DEFINITIONS, Object, derived};
use serde_json::Value;

/// The keys of a kind of spec in Markdown, with a final line break.
#[must_use]
pub fn page(kind: Kind) -> String {
    let whole = derived(kind);
    let none = Object::new();
    let definitions = whole.get("$defs").and_then(Value::as_object).unwrap_or(&none);
    let noun = kind.noun();
    let mut text = format!(
        "# The keys of a {noun}\n\nWritten by `afford schema {noun} --format markdown` from the schema \
         that readers check against: do not edit. A {noun} with `extends: NAME` says only what it \
         changes of that one: mappings merge, lists and values replace, `null` removes.\n\n{}\n",
        described(&whole)
    );
    text += "\n## Top level\n";
    text += &mapping(&whole, definitions);
    for name in in_order(&whole, definitions) {
        let Some(definition) = definitions.get(&name).and_then(Value::as_object) else { continue };
        text += &format!("\n## {name}\n\n{}\n", described(definition));
        text += &mapping(definition, definitions);
        text += &choice(definition, definitions);
    }
    text
}

/// Definitions that have a section of their own, in the order of their first mention.
fn in_order(whole: &Object, definitions: &Object) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut read = 0;
    mentioned(&whole.get("properties").cloned().unwrap_or_default(), &mut found);
    while let Some(name) = found.get(read).cloned() {
        read += 1;
        if let Some(definition) = definitions.get(&name) {
            mentioned(definition, &mut found);
        }
    }
    found.retain(|name| definitions.get(name).is_some_and(has_section));
    found
}

/// Whether there is more to say of a definition than a cell holds.
fn has_section(definition: &Value) -> bool {
    definition.get("properties").is_some() || definition.get("oneOf").is_some()
}

fn mentioned(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, part) in object {
                match (key.as_str(), part.as_str().and_then(|t| t.strip_prefix(DEFINITIONS))) {
                    ("$ref", Some(name)) if !found.iter().any(|known| known == name) => {
                        found.push(name.to_owned());
                    }
                    _ => mentioned(part, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| mentioned(item, found)),
        _ => {}
    }
}

fn described(of: &Object) -> String {
    let text = of.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The table of a mapping's keys; nothing for what is no mapping.
fn mapping(of: &Object, definitions: &Object) -> String {
    let Some(properties) = of.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    let required = of.get("required").and_then(Value::as_array);
    let mut text = "\n| key | value | needed | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for (key, value) in properties {
        let Some(object) = value.as_object() else { continue };
        let needed = required.is_some_and(|all| all.iter().any(|name| name == key));
        text += &format!(
            "| `{key}` | {} | {} | {} |\n",
            sort(value, definitions),
            if needed { "yes" } else { "" },
            described(object)
        );
    }
    text
}

/// The list of what a choice can be; nothing for what is none.
fn choice(of: &Object, definitions: &Object) -> String {
    let Some(options) = of.get("oneOf").and_then(Value::as_array) else { return String::new() };
    let mut text = "\nOne of\n\n".to_owned();
    for option in options.iter().filter_map(Value::as_object) {
        let what = match option.get("const").and_then(Value::as_str) {
            Some(word) => format!("`{word}`"),
            None => keys(option, definitions),
        };
        text += &format!("- {what}: {}\n", described(option));
    }
    text
}

/// The one key of an option that is a mapping, with what it holds.
fn keys(option: &Object, definitions: &Object) -> String {
    let properties = option.get("properties").and_then(Value::as_object);
    let key = |(key, value): (&String, &Value)| format!("`{key}:` {}", sort(value, definitions));
    properties.into_iter().flatten().map(key).collect::<Vec<_>>().join(", ")
}

/// What a value is, in a few words.
fn sort(value: &Value, definitions: &Object) -> String {
    if let Some(name) = value.get("$ref").and_then(Value::as_str) {
        let name = name.strip_prefix(DEFINITIONS).unwrap_or(name);
        return match definitions.get(name) {
            Some(definition) if has_section(definition) => {
                format!("[{name}](#{})", name.to_lowercase())
            }
            Some(definition) => bounded(definition, definitions),
            None => name.to_owned(),
        };
    }
    bounded(value, definitions)
}

fn bounded(value: &Value, definitions: &Object) -> String {
    let either = ["anyOf", "oneOf"].iter().find_map(|key| value.get(key)?.as_array());
    if let Some(options) = either {
        return any_of(options.iter().map(|option| sort(option, definitions)));
    }
    let words = match value.get("type") {
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(word)) => vec![word.as_str()],
        _ => vec!["any"],
    };
    let text = any_of(words.iter().map(|&word| match word {
        "array" => match value.get("items") {
            Some(items) => format!("list of {}", sort(items, definitions)),
            None => "list".to_owned(),
        },
        "object" => match value.get("additionalProperties") {
            Some(of @ Value::Object(_)) => format!("names to {}", sort(of, definitions)),
            _ => "mapping".to_owned(),
        },
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        word => word.to_owned(),
    }));
    let limit = |key| value.get(key).and_then(Value::as_f64).map(limit);
    match (limit("minimum"), limit("maximum")) {
        (Some(least), Some(most)) => format!("{text}, {least} to {most}"),
        (Some(least), None) => format!("{text}, at least {least}"),
        (None, Some(most)) => format!("{text}, at most {most}"),
        (None, None) => text,
    }
}

/// A bound as short as it can be said.
fn limit(number: f64) -> String {
    if number.abs() >= 1e6 {
        format!("{number:e}")
    } else {
        format!("{number:?}").replace(".0", "")
    }
}

/// Alternatives, without the `null` that an optional key may be.
fn any_of(options: impl Iterator<Item = String>) -> String {
    options.filter(|option| !option.is_empty() && option != "null").collect::<Vec<_>>().join(" or ")
}
