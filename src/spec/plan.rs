//! A plan, as a table of a scenario and as the options of `afford plan`: both end here, and what is
//! refused is refused here.

use super::at::At;
use super::conditions::ConditionsSpec;
use super::quantity::{Contexts, Count, Positive};
use super::source::{Diagnostic, did_you_mean, one_of};
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::sweep::plan::{Kinds, Objective, Plan};
use crate::sweep::shapes::{Choices, Limits};
use crate::units::Seconds;
use crate::work::dtype::Dtype;
use crate::work::model::Model;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A search for the deployments that cost least under a promise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// Models of the scenario; all if left out.
    pub models: Option<Vec<At<String>>>,
    /// Contexts; the scenario's if left out.
    pub context_tokens: Option<Contexts>,
    /// Hardware of the scenario for the attention side; all if left out.
    pub attention_hardware: Option<Vec<At<String>>>,
    /// Hardware of the scenario for the FFN side; all if left out.
    pub ffn_hardware: Option<Vec<At<String>>>,
    /// Time per output token that is promised; the scenario's promise if left out.
    pub tpot_ms: Option<Positive>,
    /// Most instances of an AFD deployment, and servers of a colocated one; 64 if left out.
    pub max_nodes: Option<At<Count>>,
    /// Most devices of a deployment.
    pub max_devices: Option<Count>,
    /// Most devices of one hardware of the scenario.
    #[serde(default)]
    pub limits_devices: IndexMap<At<String>, Count>,
    /// What makes a deployment better; `usd_per_mtok` if left out.
    #[serde(default)]
    pub objective: Objective,
    /// Which deployments are looked at; `all` if left out.
    #[serde(default)]
    pub kind: PlanKind,
    /// Micro-batches to try; 2 to 6 for AFD and 1 and 2 for colocated if left out.
    pub micro_batches: Option<At<Vec<Count>>>,
    /// How many deployments of each kind are shown; 5 if left out.
    pub top: Option<At<Count>>,
    /// The nearest misses as rows of their own.
    #[serde(default)]
    pub infeasible: bool,
    /// Format of the KV cache, if not the models'.
    pub kv_cache: Option<Dtype>,
    /// Conditions that differ from the scenario's.
    pub conditions: Option<ConditionsSpec>,
}

/// Which deployments a plan looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Attention and FFN on devices of their own.
    Afd,
    /// Attention and FFN on the same devices.
    Colocated,
    /// Both.
    #[default]
    All,
}

/// What a plan is made of beside its own keys.
#[derive(Debug)]
pub struct PlanParts {
    /// Models as they run.
    pub models: Vec<Model>,
    /// Contexts in tokens.
    pub contexts: Vec<u64>,
    /// Hardware of the attention side.
    pub attention_hardware: Vec<Hardware>,
    /// Hardware of the FFN side.
    pub ffn_hardware: Vec<Hardware>,
    /// Time per output token that is promised.
    pub promise: Seconds,
    /// What conditions leave open.
    pub choices: Choices,
    /// Conditions.
    pub options: Options,
}

/// No list of micro-batches goes further.
const MOST_MICRO_BATCHES: u64 = 32;
/// No plan looks at more instances.
const MOST_NODES: u64 = 1024;
/// Instances that a plan looks at where nothing is said.
const NODES: u64 = 64;
/// No plan shows more of a kind.
const MOST_SHOWN: u64 = 1000;
/// Deployments of each kind that are shown where nothing is said.
const SHOWN: u64 = 5;

impl PlanSpec {
    /// The plan over its parts.
    ///
    /// # Errors
    /// The first value that cannot be meant.
    pub fn plan(&self, parts: PlanParts) -> Result<Plan, Diagnostic> {
        let mut choices = parts.choices;
        if let Some(tried) = &self.micro_batches {
            if tried.is_empty() {
                return Err(tried.complain("`micro_batches` must name at least one number"));
            }
            let tried =
                tried.iter().map(|m| at_most(tried, "micro_batches", m.0, MOST_MICRO_BATCHES));
            let tried = tried.collect::<Result<Vec<u32>, _>>()?;
            choices.afd_micro_batches.clone_from(&tried);
            choices.colocated_micro_batches = tried;
        }
        let mut colocated_hardware = parts.attention_hardware.clone();
        let is_new = |hw: &&Hardware| parts.attention_hardware.iter().all(|a| a.name != hw.name);
        colocated_hardware.extend(parts.ffn_hardware.iter().filter(is_new).cloned());
        Ok(Plan {
            models: parts.models,
            contexts: parts.contexts,
            limits: self.limits(&colocated_hardware)?,
            attention_hardware: parts.attention_hardware,
            ffn_hardware: parts.ffn_hardware,
            colocated_hardware,
            promise: parts.promise,
            choices,
            options: parts.options,
            objective: self.objective,
            kinds: Kinds {
                afd: self.kind != PlanKind::Colocated,
                colocated: self.kind != PlanKind::Afd,
            },
            top: within(self.top.as_ref(), "top", SHOWN, MOST_SHOWN)? as usize,
        })
    }

    fn limits(&self, hardware: &[Hardware]) -> Result<Limits, Diagnostic> {
        let nodes = within(self.max_nodes.as_ref(), "max_nodes", NODES, MOST_NODES)?;
        let mut limits = Limits::of_nodes(nodes);
        let devices = |n: Count| u32::try_from(n.0).unwrap_or(u32::MAX);
        limits.devices = self.max_devices.map_or(u32::MAX, devices);
        for (name, most) in &self.limits_devices {
            let names: Vec<&str> = hardware.iter().map(|hw| hw.name.as_str()).collect();
            if !names.contains(&name.as_str()) {
                let message = format!("no hardware of this plan is called `{}`", name.value);
                return Err(name.complain(message).help(
                    match did_you_mean(name, names.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it has {}", one_of(&names)),
                    },
                ));
            }
            limits.by_hardware.push((name.value.clone(), devices(*most)));
        }
        Ok(limits)
    }
}

fn within(
    given: Option<&At<Count>>,
    key: &str,
    default: u64,
    most: u64,
) -> Result<u32, Diagnostic> {
    match given {
        Some(count) => at_most(count, key, count.value.0, most),
        None => Ok(default as u32),
    }
}

fn at_most<T>(place: &At<T>, key: &str, n: u64, most: u64) -> Result<u32, Diagnostic> {
    if n <= most {
        return Ok(n as u32);
    }
    Err(place.complain(format!("`{key}` must be 1 to {most}, not {n}")))
}
