//! The `layers` part of a model spec: runs and groups, unfolded to [`Run`]s.

use crate::spec::de::At;
use crate::spec::quantity::Count;
use crate::spec::source::{Diagnostic, did_you_mean, one_of};
use crate::work::model::{Layer, Model, Run};
use schemars::JsonSchema;
use serde::Deserialize;

/// More layers than this is a slip.
pub(super) const MOST_LAYERS: u64 = 10_000;
/// Groups nest no deeper.
const DEEPEST_GROUP: usize = 4;

/// Layers in order: a run of equal layers, or a group of runs that repeats.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// How often the layer or the group stands here; 1 if left out.
    pub count: Option<Count>,
    /// Name of the attention design.
    pub attention: Option<At<String>>,
    /// Name of the feed-forward design.
    pub ffn: Option<At<String>>,
    /// A group of runs instead of a layer.
    pub group: Option<At<Vec<RunSpec>>>,
}

/// Unfolds groups, and folds equal neighbours again.
pub(super) fn runs(specs: &[RunSpec], model: &Model) -> Result<Vec<Run>, Diagnostic> {
    let mut all: Vec<Run> = Vec::new();
    unfold(specs, model, 0, &mut all)?;
    Ok(all)
}

fn push(all: &mut Vec<Run>, run: Run) {
    match all.last_mut() {
        Some(last) if last.layer == run.layer => last.count += run.count,
        _ => all.push(run),
    }
}

fn unfold(
    specs: &[RunSpec],
    model: &Model,
    depth: usize,
    all: &mut Vec<Run>,
) -> Result<(), Diagnostic> {
    for spec in specs {
        let count = spec.count.map_or(1, |count| count.0).min(MOST_LAYERS + 1);
        match (&spec.attention, &spec.ffn, &spec.group) {
            (Some(attention), Some(ffn), None) => {
                let layer = Layer {
                    attention: find(
                        attention,
                        "attention",
                        model.attentions.iter().map(|a| &a.name),
                    )?,
                    ffn: find(ffn, "ffn", model.ffns.iter().map(|f| &f.name))?,
                };
                push(all, Run { count, layer });
            }
            (None, None, Some(group)) => {
                if depth == DEEPEST_GROUP {
                    return Err(group.complain("groups of layers nest too deep"));
                }
                let mut once = Vec::new();
                unfold(group, model, depth + 1, &mut once)?;
                if once.is_empty() {
                    return Err(group.complain("`group` must hold at least one run"));
                }
                for _ in 0..count {
                    once.iter().for_each(|run| push(all, *run));
                    if all.len() as u64 > MOST_LAYERS {
                        return Err(group.complain("the layers are more than 10,000"));
                    }
                }
            }
            (attention, ffn, group) => return Err(unclear(attention, ffn, group)),
        }
    }
    Ok(())
}

fn unclear(
    attention: &Option<At<String>>,
    ffn: &Option<At<String>>,
    group: &Option<At<Vec<RunSpec>>>,
) -> Diagnostic {
    let origin = attention
        .as_ref()
        .or(ffn.as_ref())
        .and_then(|name| name.origin.clone())
        .or_else(|| group.as_ref().and_then(|g| g.origin.clone()));
    Diagnostic {
        message: "a run of layers names both `attention` and `ffn`, or holds a `group`".into(),
        origin,
        help: Some(
            "write {count: 3, attention: NAME, ffn: NAME} or {count: 3, group: [...]}".into(),
        ),
    }
}

fn find<'a>(
    name: &At<String>,
    kind: &str,
    names: impl Iterator<Item = &'a String> + Clone,
) -> Result<usize, Diagnostic> {
    if let Some(at) = names.clone().position(|n| *n == name.value) {
        return Ok(at);
    }
    let words = || names.clone().map(String::as_str);
    let complaint = name.complain(format!("`{kind}` has no design named `{}`", name.value));
    Err(match did_you_mean(name, words()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!(
            "the designs under `{kind}` are {}",
            one_of(&words().collect::<Vec<_>>())
        )),
    })
}
