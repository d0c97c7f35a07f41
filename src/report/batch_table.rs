//! A scenario's deployments at every batch, as a table to look for fronts in: the columns of
//! `afford estimate`, with the model's activated parameters and the power of all devices.

use super::deployed::{Prepared, prepare};
use super::estimate_table::estimate_table;
use super::interactivity::batches;
use super::loaded::Loaded;
use super::table::{Cell, Column, Show, Table};
use crate::deploy::deployment::Deployment;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::work::params::params;

/// The table; a deployment that fits no batch at a context is a row that says why.
///
/// # Errors
/// If the scenario names no deployment, or what it names cannot be had.
pub fn batch_table(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let mut rows = Vec::new();
    let mut more: Vec<[Cell; 2]> = Vec::new();
    for spec in &loaded.scenario.deployments {
        let prepared = prepare(loaded, spec)?;
        let own = [active(&prepared).into(), power_w(&prepared).into()];
        for &context in &prepared.contexts {
            let mut here = batches(&prepared, context);
            if here.is_empty() {
                here.push(prepared.row(context));
            }
            more.extend(here.iter().map(|_| own.clone()));
            rows.extend(here);
        }
    }
    let mut table = estimate_table(&rows);
    // That a batch does not fit is what the column says; a note for each would be a list of them.
    table.notes.truncate(2);
    for (row, cells) in table.rows.iter_mut().zip(more) {
        row.extend(cells);
    }
    table.columns.push(Column::new("active_params", Show::Hidden));
    table.columns.push(Column::new("power_w", Show::Hidden).headed("power W"));
    Ok(table)
}

fn active(of: &Prepared) -> u64 {
    params(&of.model).active_with_head
}

/// Thermal design power of all devices; nothing where a profile states none.
fn power_w(of: &Prepared) -> Option<f64> {
    let watts = |chip: &Hardware| chip.tdp_w.as_ref().map(|tdp| tdp.value);
    let (near, far) = match of.deployment {
        Deployment::Afd(afd) => (afd.attention_devices(), afd.ffn_devices()),
        Deployment::Colocated(colocated) => (colocated.devices, 0),
    };
    let near = watts(of.attention.1)? * f64::from(near);
    let far = if far == 0 { 0.0 } else { watts(of.ffn.1)? * f64::from(far) };
    Some(near + far)
}
