//! A scenario's deployments as settings whose inputs can be varied, with their names and their
//! alternatives.

use super::deployed::deployed;
use super::estimate_table::EstimateRow;
use super::loaded::Loaded;
use crate::spec::Diagnostic;
use crate::sweep::vary::Setting;

/// A deployment that can run, and what it is called.
#[derive(Debug, Clone)]
pub struct NamedSetting {
    /// Names, point and estimate.
    pub row: EstimateRow,
    /// The deployment.
    pub setting: Setting,
    /// Deployments of one model at one context are alternatives: they have the same number.
    pub group: usize,
}

impl NamedSetting {
    /// Deployment and hardware in a few words.
    #[must_use]
    pub fn name(&self) -> String {
        let row = &self.row;
        let hardware = if row.attention_hardware == row.ffn_hardware {
            row.attention_hardware.clone()
        } else {
            format!("{}+{}", row.attention_hardware, row.ffn_hardware)
        };
        let context = crate::spec::quantity::Tokens(row.point.context.round() as u64);
        format!("{} {} {hardware} {context}", row.model, row.deployment.name())
    }
}

/// Every deployment of a scenario that can run.
///
/// # Errors
/// If there is none.
pub fn settings(loaded: &Loaded) -> Result<Vec<NamedSetting>, Diagnostic> {
    let mut groups: Vec<(String, f64)> = Vec::new();
    let mut all = Vec::new();
    for found in deployed(loaded)? {
        let row = found.row;
        if row.estimate.infeasible.is_some() {
            continue;
        }
        let key = (row.model.clone(), row.point.context);
        let group = groups.iter().position(|known| *known == key).unwrap_or_else(|| {
            groups.push(key);
            groups.len() - 1
        });
        let setting = Setting {
            model: found.model,
            deployment: row.deployment,
            attention: found.pools.attention.clone(),
            ffn: found.pools.ffn.clone(),
            options: found.options,
            point: row.point,
        };
        all.push(NamedSetting { row, setting, group });
    }
    if all.is_empty() {
        let message = if loaded.scenario.deployments.is_empty() {
            "the scenario has no deployments to vary"
        } else {
            "none of the scenario's deployments can run"
        };
        return Err(loaded
            .scenario
            .name
            .complain(message)
            .help("add deployments: [{model: step-3, deployment: 2A2F, hardware: h800}]"));
    }
    Ok(all)
}

/// The cheapest other alternative of each deployment.
#[must_use]
pub fn rivals(all: &[NamedSetting]) -> Vec<Option<usize>> {
    let usd = |at: usize| all[at].row.estimate.usd_per_mtok;
    let rival = |at: usize| {
        let others = (0..all.len()).filter(|&o| o != at && all[o].group == all[at].group);
        others.min_by(|&a, &b| usd(a).total_cmp(&usd(b)))
    };
    (0..all.len()).map(rival).collect()
}
