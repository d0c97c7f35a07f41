//! The table of `afford plan`: the best deployments of each kind, and why others cannot be.

use super::estimate_table::{EstimateRow, estimate_table, reason};
use super::number::{plain, significant};
use super::table::{Cell, Column, Show, Table};
use crate::deploy::deployment::{Deployment, Dispatch};
use crate::machine::fidelity::Fidelity;
use crate::sweep::census::{Miss, Reason};
use crate::sweep::leaders::Found;
use crate::sweep::plan::{Answer, Objective, Plan};

/// One deployment of an answer.
struct Line {
    /// Place among the feasible ones of its kind; none for what cannot be.
    rank: Option<u64>,
    row: EstimateRow,
    /// Shapes that share its reason, and the reason.
    miss: Option<(u64, String)>,
}

impl Objective {
    /// The column that the objective ranks by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usd => "usd_per_mtok",
            Self::TokensPerSecondPerDevice => "tokens_per_s_per_device",
            Self::Devices => "devices",
        }
    }
}

const fn kind(deployment: &Deployment) -> &'static str {
    match deployment {
        Deployment::Afd(_) => "afd",
        Deployment::Colocated(_) => "colocated",
    }
}

/// The table of a plan's answers; the nearest misses are among its rows where asked for, and
/// wherever a model and context have no feasible deployment at all.
#[must_use]
pub fn plan_table(plan: &Plan, answers: &[Answer], with_misses: bool) -> Table {
    let mut lines = Vec::new();
    let mut notes = Vec::new();
    for answer in answers {
        let feasible = ranked(plan, answer);
        let nothing = feasible.is_empty();
        lines.extend(feasible);
        let misses = answer.misses.iter().map(|(count, miss)| missed(plan, answer, *count, miss));
        let misses: Vec<Line> = misses.collect();
        notes.push(note(plan, answer, &misses));
        if with_misses || nothing {
            lines.extend(misses);
        }
    }
    let rows: Vec<EstimateRow> = lines.iter().map(|line| line.row.clone()).collect();
    let mut table = estimate_table(&rows);
    // Why a shape cannot be stands in the count of its reason.
    table.notes.truncate(2);
    table.notes.extend(notes);
    widen(&mut table, &lines, plan.objective);
    table
}

/// The feasible deployments of an answer in the order of the objective, ranked within their kind.
fn ranked(plan: &Plan, answer: &Answer) -> Vec<Line> {
    let line = |(at, found): (usize, &Found)| Line {
        rank: Some(at as u64 + 1),
        row: row(plan, answer, found),
        miss: None,
    };
    let mut lines: Vec<Line> = answer.afd.iter().enumerate().map(line).collect();
    lines.extend(answer.colocated.iter().enumerate().map(line));
    let key = |line: &Line| {
        let estimate = &line.row.estimate;
        let devices = f64::from(line.row.deployment.devices());
        match plan.objective {
            Objective::Usd => (0.0, estimate.usd_per_mtok),
            Objective::TokensPerSecondPerDevice => (0.0, -estimate.tokens_per_s_per_device),
            Objective::Devices => (devices, estimate.usd_per_mtok),
        }
    };
    lines.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    lines
}

fn row(plan: &Plan, answer: &Answer, found: &Found) -> EstimateRow {
    let pools = plan.pools_of(found);
    EstimateRow {
        model: plan.models[answer.model].name.clone(),
        attention_hardware: pools.attention.name.clone(),
        ffn_hardware: pools.ffn.name.clone(),
        deployment: found.deployment,
        point: found.point,
        fidelity: Fidelity::Roofline,
        estimate: found.estimate,
    }
}

fn missed(plan: &Plan, answer: &Answer, count: u64, miss: &Miss) -> Line {
    let row = row(plan, answer, &miss.found);
    let why = match (&row.estimate.infeasible, miss.reason) {
        (Some(why), Reason::FfnMemory | Reason::AttentionMemory) => reason(why, &row),
        _ => format!(
            "no batch keeps {} ms: the smallest step takes {} ms",
            plain(plan.promise.ms()),
            significant(row.estimate.tpot.ms(), 4)
        ),
    };
    Line { rank: None, row, miss: Some((count, why)) }
}

/// How many shapes there were, and how many cannot be for which reasons.
fn note(plan: &Plan, answer: &Answer, misses: &[Line]) -> String {
    let context = crate::spec::quantity::Tokens(answer.context);
    let model = &plan.models[answer.model].name;
    let counted = |line: &Line| line.miss.as_ref().map_or(0, |(count, _)| *count);
    let infeasible: u64 = misses.iter().map(counted).sum();
    let mut text = format!(
        "{model} at {context}: {} of {} shapes can keep {} ms.",
        answer.shapes - infeasible,
        answer.shapes,
        plain(plan.promise.ms())
    );
    for line in misses {
        let Some((count, why)) = &line.miss else { continue };
        let row = &line.row;
        let on = match row.deployment {
            Deployment::Afd(_) => format!("{} and {}", row.attention_hardware, row.ffn_hardware),
            Deployment::Colocated(_) => row.attention_hardware.clone(),
        };
        let (kind, name) = (kind(&row.deployment), row.deployment.name());
        text += &format!("\n  {count} {kind} cannot; the nearest, {name} on {on}: {why}.");
    }
    text
}

/// Adds what a plan knows beyond an estimate: columns before, columns behind, and why not.
fn widen(table: &mut Table, lines: &[Line], objective: Objective) {
    let feasible = table.column("feasible");
    let reason = table.column("infeasible_reason");
    let before = [
        Column::new("rank", Show::Plain),
        Column::new("kind", Show::Plain),
        Column::new("objective", Show::Hidden),
    ];
    let behind = [
        Column::new("attention_tp", Show::Plain).headed("A TP"),
        Column::new("expert_tp", Show::Plain).headed("E TP"),
        Column::new("dispatch", Show::Plain),
        Column::new("infeasible_shapes", Show::Hidden),
    ];
    for (cells, line) in table.rows.iter_mut().zip(lines) {
        if let (Some(feasible), Some(reason), Some((_, why))) = (feasible, reason, &line.miss) {
            cells[feasible] = false.into();
            cells[reason] = why.clone().into();
        }
        let deployment = &line.row.deployment;
        let first = [line.rank.into(), kind(deployment).into(), objective.name().into()];
        cells.splice(0..0, first);
        cells.extend(cut(deployment));
        cells.push(line.miss.as_ref().map(|(count, _)| *count).into());
    }
    table.columns.splice(0..0, before);
    table.columns.extend(behind);
}

/// How attention and experts are cut, which a name does not say.
fn cut(deployment: &Deployment) -> [Cell; 3] {
    match deployment {
        Deployment::Afd(afd) => {
            let dispatch = match afd.dispatch {
                Dispatch::Broadcast => "broadcast",
                Dispatch::Routed => "routed",
            };
            [u64::from(afd.attention_tp).into(), u64::from(afd.expert_tp).into(), dispatch.into()]
        }
        Deployment::Colocated(c) => {
            [u64::from(c.attention_tp).into(), u64::from(c.expert_tp).into(), Cell::None]
        }
    }
}
