//! The `layers` part of a model spec: runs and groups, unfolded to [`Run`]s.

use crate::spec::de::At;
use crate::spec::quantity::Count;
use crate::spec::source::{Diagnostic, all_of, did_you_mean};
use crate::work::model::{Layer, Model, Run};
use schemars::JsonSchema;
use serde::Deserialize;

/// More layers than this is a slip.
const MOST_LAYERS: u64 = 10_000;
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
    pub group: Option<At<Vec<At<RunSpec>>>>,
}

/// Unfolds groups, and folds equal neighbours again.
pub(super) fn runs(specs: &At<Vec<At<RunSpec>>>, model: &Model) -> Result<Vec<Run>, Diagnostic> {
    let mut all: Vec<Run> = Vec::new();
    unfold(specs, model, 0, &mut all)?;
    if all.is_empty() {
        return Err(specs.complain("`layers` must hold at least one run of layers"));
    }
    let layers: u64 = all.iter().map(|run| run.count).sum();
    if layers > MOST_LAYERS {
        return Err(specs.complain(format!("`layers` adds up to more than {MOST_LAYERS}")));
    }
    Ok(all)
}

fn push(all: &mut Vec<Run>, run: Run) {
    match all.last_mut() {
        Some(last) if last.layer == run.layer => last.count += run.count,
        _ => all.push(run),
    }
}

fn unfold(
    specs: &[At<RunSpec>],
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
            _ => return Err(unclear(spec)),
        }
    }
    Ok(())
}

/// What keeps a run from being a layer or a group.
fn unclear(run: &At<RunSpec>) -> Diagnostic {
    let message = match (&run.attention, &run.ffn, &run.group) {
        (Some(_), None, None) => "this run of layers does not name its `ffn`",
        (None, Some(_), None) => "this run of layers does not name its `attention`",
        (_, _, None) => "this run names neither `attention` and `ffn` nor a `group`",
        (_, _, Some(_)) => "this run is a layer and a `group` at once",
    };
    run.complain(message)
        .help("write {count: 3, attention: NAME, ffn: NAME} or {count: 3, group: [...]}")
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
            all_of(&words().collect::<Vec<_>>())
        )),
    })
}
