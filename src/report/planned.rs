//! A plan as a table of a scenario.

use super::loaded::{Loaded, Part};
use super::plan_table::plan_table;
use super::table::Table;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::plan::{PlanParts, PlanSpec};
use crate::sweep::plan::Plan;
use crate::units::Seconds;
use crate::work::model::Model;
use indexmap::IndexMap;

/// The table of a plan's answers.
///
/// # Errors
/// If the plan names what the scenario does not have, or a profile lacks a figure.
pub fn planned(loaded: &Loaded, spec: &PlanSpec) -> Result<Table, Diagnostic> {
    let plan = plan(loaded, spec)?;
    let answers = plan.search().map_err(Diagnostic::from)?;
    Ok(plan_table(&plan, &answers, spec.infeasible))
}

fn plan(loaded: &Loaded, spec: &PlanSpec) -> Result<Plan, Diagnostic> {
    let (conditions, options) = loaded.conditions(spec.conditions.as_ref())?;
    let promise = spec.tpot_ms.map(|ms| Seconds::from_ms(ms.0)).or_else(|| loaded.promise());
    let promise = promise.ok_or_else(|| {
        let complaint = loaded.scenario.name.complain("a plan needs a promise");
        complaint.help("write `tpot_ms: 50` in the plan, or a `promise` in the scenario")
    })?;
    // Limits are written with the scenario's names; tables show its labels.
    let mut limits = IndexMap::new();
    for (name, most) in &spec.limits_devices {
        let label = loaded.hardware(name)?.label.clone();
        limits.insert(At { value: label, origin: name.origin.clone() }, *most);
    }
    let contexts = spec.context_tokens.as_ref().map_or(loaded.contexts(), |c| &c.0);
    let labelled = PlanSpec { limits_devices: limits, ..spec.clone() };
    labelled.plan(PlanParts {
        models: models(loaded, spec)?,
        contexts: contexts.to_vec(),
        attention_hardware: hardware(loaded, spec.attention_hardware.as_deref())?,
        ffn_hardware: hardware(loaded, spec.ffn_hardware.as_deref())?,
        promise,
        choices: conditions.choices()?,
        options,
    })
}

/// The models named, or all of the scenario, under their labels.
fn models(loaded: &Loaded, spec: &PlanSpec) -> Result<Vec<Model>, Diagnostic> {
    let all: Vec<At<String>> =
        loaded.scenario.models.iter().map(|labelled| labelled.name.clone()).collect();
    let names = spec.models.as_deref().unwrap_or(&all);
    let labelled = |name: &At<String>| {
        let Part { label, value } = loaded.running(name, spec.kv_cache)?;
        Ok(Model { name: label, ..value })
    };
    names.iter().map(labelled).collect()
}

/// The hardware named, or all of the scenario, under its labels.
fn hardware(loaded: &Loaded, names: Option<&[At<String>]>) -> Result<Vec<Hardware>, Diagnostic> {
    let labelled =
        |part: &Part<Hardware>| Hardware { name: part.label.clone(), ..part.value.clone() };
    match names {
        None => Ok(loaded.hardware.iter().map(labelled).collect()),
        Some(names) => names.iter().map(|name| loaded.hardware(name).map(labelled)).collect(),
    }
}
