//! Attention-FFN disaggregation beside colocation: the best of each among a scenario's
//! deployments, for every model and context.

use super::deployed::deployed;
use super::estimate_table::EstimateRow;
use super::loaded::Loaded;
use super::table::{Cell, Column, Show, Table};
use crate::deploy::deployment::{Deployment, Dispatch};
use crate::spec::Diagnostic;

const COLUMNS: [(&str, Show); 15] = [
    ("model", Show::Plain),
    ("context_tokens", Show::Tokens),
    ("winner", Show::Plain),
    ("margin_percent", Show::Usd),
    ("why", Show::Plain),
    ("afd", Show::Plain),
    ("afd_usd_per_mtok", Show::Usd),
    ("afd_tpot_ms", Show::Usd),
    ("afd_requests_per_device", Show::Usd),
    ("afd_bound_by", Show::Plain),
    ("colocated", Show::Plain),
    ("colocated_usd_per_mtok", Show::Usd),
    ("colocated_tpot_ms", Show::Usd),
    ("colocated_requests_per_device", Show::Usd),
    ("colocated_bound_by", Show::Plain),
];

/// The table; a side without a feasible deployment is empty.
///
/// # Errors
/// As [`deployed`].
pub fn duels(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let rows: Vec<EstimateRow> = deployed(loaded)?.into_iter().map(|d| d.row).collect();
    let mut pairs: Vec<(String, f64)> = Vec::new();
    for row in &rows {
        let key = (row.model.clone(), row.point.context);
        if !pairs.contains(&key) {
            pairs.push(key);
        }
    }
    let table = pairs.iter().map(|(model, context)| {
        let here = |r: &&EstimateRow| r.model == *model && r.point.context == *context;
        let afd = best(rows.iter().filter(here).filter(|r| is_afd(r)));
        let colocated = best(rows.iter().filter(here).filter(|r| !is_afd(r)));
        duel(model, *context, afd, colocated)
    });
    Ok(Table {
        rows: table.collect(),
        columns: COLUMNS.map(|(name, show)| Column::new(name, show)).to_vec(),
        notes: Vec::new(),
    })
}

const fn is_afd(row: &EstimateRow) -> bool {
    matches!(row.deployment, Deployment::Afd(_))
}

/// The cheapest feasible row; the first of equals.
fn best<'a>(rows: impl Iterator<Item = &'a EstimateRow>) -> Option<&'a EstimateRow> {
    let cheaper = |a: &'a EstimateRow, b: &'a EstimateRow| {
        if b.estimate.usd_per_mtok < a.estimate.usd_per_mtok { b } else { a }
    };
    rows.filter(|row| row.estimate.infeasible.is_none()).reduce(cheaper)
}

fn duel(
    model: &str,
    context: f64,
    afd: Option<&EstimateRow>,
    colocated: Option<&EstimateRow>,
) -> Vec<Cell> {
    let (winner, margin, why) = match (afd, colocated) {
        (Some(a), Some(c)) => {
            let (a_usd, c_usd) = (a.estimate.usd_per_mtok, c.estimate.usd_per_mtok);
            let (name, won, lost) = if a_usd < c_usd { ("AFD", a, c) } else { ("colocated", c, a) };
            let margin = (lost.estimate.usd_per_mtok / won.estimate.usd_per_mtok - 1.0) * 100.0;
            (name, Some(margin), why(won, lost))
        }
        (Some(_), None) => ("AFD", None, "no colocated deployment is feasible".to_owned()),
        (None, Some(_)) => ("colocated", None, "no AFD deployment is feasible".to_owned()),
        (None, None) => ("none", None, "nothing is feasible".to_owned()),
    };
    let mut cells =
        vec![model.into(), (context as u64).into(), winner.into(), margin.into(), why.into()];
    for side in [afd, colocated] {
        cells.extend([
            side.map(name).into(),
            side.map(|r| r.estimate.usd_per_mtok).into(),
            side.map(|r| r.estimate.tpot.ms()).into(),
            side.map(requests_per_device).into(),
            side.map(|r| r.estimate.bound_by.name()).into(),
        ]);
    }
    cells
}

/// The deployment with what its short name leaves out.
fn name(row: &EstimateRow) -> String {
    let experts = match row.deployment {
        Deployment::Afd(afd) => {
            let routed = if afd.dispatch == Dispatch::Routed { ", routed" } else { "" };
            format!(" (FFN {}{routed})", row.deployment.experts())
        }
        Deployment::Colocated(_) => String::new(),
    };
    let hardware = if row.attention_hardware == row.ffn_hardware {
        row.attention_hardware.clone()
    } else {
        format!("{} and {}", row.attention_hardware, row.ffn_hardware)
    };
    let micro = row.point.micro_batches;
    format!("{}{experts}, {micro} micro-batches, {hardware}", row.deployment.name())
}

fn requests_per_device(row: &EstimateRow) -> f64 {
    row.point.batch as f64 / f64::from(row.deployment.devices())
}

/// More requests per device at a shorter or equal step, or the same at a shorter one: which of
/// the two made the difference, and what holds the other back.
fn why(won: &EstimateRow, lost: &EstimateRow) -> String {
    let requests = requests_per_device(won) / requests_per_device(lost);
    let price = (lost.estimate.usd_per_mtok * lost.estimate.tokens_per_s_per_device)
        / (won.estimate.usd_per_mtok * won.estimate.tokens_per_s_per_device);
    let speed = lost.estimate.tpot / won.estimate.tpot;
    let say = |factor: f64, more: &str, less: &str| {
        if factor >= 1.0 {
            format!("{factor:.2}x {more}")
        } else {
            format!("{:.2}x {less}", 1.0 / factor)
        }
    };
    let mut parts = vec![
        say(requests, "the requests per device", "fewer requests per device"),
        say(speed, "faster steps", "slower steps"),
    ];
    if (price - 1.0).abs() > 1e-9 {
        parts.push(say(price, "cheaper devices", "dearer devices"));
    }
    let stage = lost.estimate.bound_by.name().replace('_', " ");
    format!("{}; the other is bound by {stage}", parts.join(", "))
}
