//! A scenario's answers as a list of figures: one case per deployment and context, or per model,
//! context and pair of hardware where the scenario has no deployments.

use super::deployed::deployed;
use super::loaded::Loaded;
use crate::spec::Diagnostic;
use crate::spec::quantity::Tokens;

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it is about; no two of a scenario are called alike.
    pub name: String,
    /// US dollars per million tokens; nothing where the case cannot run.
    pub usd_per_mtok: Option<f64>,
    /// Time per output token, where the fidelity has one.
    pub tpot_ms: Option<f64>,
}

/// Every case of a scenario, in its order.
///
/// # Errors
/// If the scenario cannot be evaluated.
pub fn cases(loaded: &Loaded) -> Result<Vec<Case>, Diagnostic> {
    let mut all =
        if loaded.scenario.deployments.is_empty() { ideal(loaded)? } else { at_work(loaded)? };
    for at in 1..all.len() {
        let (before, rest) = all.split_at_mut(at);
        let alike = |other: &&Case| {
            let prefix = other.name.strip_prefix(&rest[0].name);
            prefix.is_some_and(|tail| tail.is_empty() || tail.starts_with(" #"))
        };
        let twins = before.iter().filter(alike).count();
        if twins > 0 {
            rest[0].name += &format!(" #{}", twins + 1);
        }
    }
    Ok(all)
}

fn ideal(loaded: &Loaded) -> Result<Vec<Case>, Diagnostic> {
    let pairing = loaded.scenario.pairing;
    let best = pairing == crate::sweep::cost_grid::Pairing::Best;
    let points = loaded.points(loaded.contexts(), pairing)?;
    let case = |point: &crate::sweep::cost_grid::CostPoint| {
        let model = &loaded.models[point.model].label;
        let [attention, ffn] = [point.attention_hardware, point.ffn_hardware]
            .map(|at| loaded.hardware[at].label.as_str());
        let pair = match (best, attention == ffn) {
            (true, _) => String::new(),
            (false, true) => format!(" on {attention}"),
            (false, false) => format!(" on {attention} and {ffn}"),
        };
        let context = Tokens(point.work.context_tokens);
        Case {
            name: format!("{model}{pair} at {context}"),
            usd_per_mtok: Some(point.cost.total().per_mtok()),
            tpot_ms: None,
        }
    };
    Ok(points.iter().map(case).collect())
}

fn at_work(loaded: &Loaded) -> Result<Vec<Case>, Diagnostic> {
    let case = |found: super::deployed::Deployed| {
        let row = found.row;
        let sides = if row.attention_hardware == row.ffn_hardware {
            row.attention_hardware.clone()
        } else {
            format!("{} and {}", row.attention_hardware, row.ffn_hardware)
        };
        let context = Tokens(row.point.context as u64);
        let feasible = row.estimate.infeasible.is_none();
        let what = match &found.spec.label {
            Some(label) => label.clone(),
            None => format!("{} {} on {sides}", row.model, row.deployment.name()),
        };
        Case {
            name: format!("{what} at {context}"),
            usd_per_mtok: feasible.then_some(row.estimate.usd_per_mtok),
            tpot_ms: feasible.then_some(row.estimate.tpot.ms()),
        }
    };
    Ok(deployed(loaded)?.into_iter().map(case).collect())
}
