//! The ledger of deployments as a table: $ per million tokens by pool and part, which sum to the
//! bill.

use super::estimate_table::EstimateRow;
use super::table::{Cell, Column, Show, Table};
use crate::cost::ledger::Line;

/// The lines of deployments, under the names of what they belong to.
#[must_use]
pub fn ledger_table(ledgers: &[(&EstimateRow, Vec<Line>)]) -> Table {
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for (row, lines) in ledgers {
        if row.estimate.infeasible.is_some() {
            let name = row.deployment.name();
            notes.push(format!("{} {name} at batch {} cannot run.", row.model, row.point.batch));
            continue;
        }
        rows.extend(lines.iter().map(|line| cells(row, line)));
    }
    notes.push(
        "Lines sum to $/Mtok: a pool is paid for every second, and idle is what remains of it. \
         Network: waiting that would end if transfers took no time."
            .to_owned(),
    );
    Table { columns: columns(), rows, notes }
}

fn cells(row: &EstimateRow, line: &Line) -> Vec<Cell> {
    vec![
        row.model.clone().into(),
        row.deployment.name().into(),
        row.attention_hardware.clone().into(),
        row.ffn_hardware.clone().into(),
        row.point.batch.into(),
        u64::from(row.point.micro_batches).into(),
        row.point.context.into(),
        row.fidelity.name().into(),
        line.pool.name().into(),
        (line.devices as u64).into(),
        line.part.name().into(),
        line.time.ms().into(),
        line.usd_per_mtok.into(),
        (line.usd_per_mtok / row.estimate.usd_per_mtok * 100.0).into(),
    ]
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("model", Show::Plain),
        Column::new("deployment", Show::Plain),
        Column::new("attention_hardware", Show::Hidden),
        Column::new("ffn_hardware", Show::Hidden),
        Column::new("batch", Show::Plain),
        Column::new("micro_batches", Show::Hidden),
        Column::new("context_tokens", Show::Plain).headed("context"),
        Column::new("fidelity", Show::Hidden),
        Column::new("pool", Show::Plain),
        Column::new("devices", Show::Plain),
        Column::new("part", Show::Plain),
        Column::new("time_ms", Show::Usd).headed("ms of a step"),
        Column::new("usd_per_mtok", Show::Usd).headed("$/Mtok"),
        Column::new("share_percent", Show::Usd).headed("% of the bill"),
    ]
}
