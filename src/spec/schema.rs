//! JSON Schemas of the three kinds of spec, for editors. `schema.json` in each spec folder is
//! what [`schema`] prints; a test keeps them in step.

use super::Kind;
use super::hardware::HardwareSpec;
use super::model::ModelSpec;
use super::scenario::Scenario;

/// The schema of a kind of spec, as JSON text with a final line break.
#[must_use]
pub fn schema(kind: Kind) -> String {
    let mut schema = match kind {
        Kind::Model => schemars::schema_for!(ModelSpec),
        Kind::Hardware => schemars::schema_for!(HardwareSpec),
        Kind::Scenario => schemars::schema_for!(Scenario),
    };
    // Any spec may say only how it differs from another, and then need not be whole.
    if let Some(object) = schema.as_object_mut() {
        let extends = serde_json::json!({
            "type": "string",
            "description": "Name or path of a spec that this one changes: mappings merge, lists and values replace, null removes."
        });
        if let Some(properties) = object.get_mut("properties").and_then(|p| p.as_object_mut()) {
            properties.insert("extends".into(), extends);
        }
        if let Some(required) = object.remove("required") {
            object.insert(
                "anyOf".into(),
                serde_json::json!([{"required": ["extends"]}, {"required": required}]),
            );
        }
    }
    let text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
    text + "\n"
}
