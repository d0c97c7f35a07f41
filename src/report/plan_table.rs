//! The table of `afford plan`: the best deployments of each kind, and why others cannot be.

use super::estimate_table::{EstimateRow, estimate_table, reason};
use super::number::{plain, significant};
use super::table::{Column, Show, Table};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::Infeasible;
use crate::sweep::census::Miss;
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
    let with_rank = |all: &[Found]| (1..).zip(all.to_vec()).collect::<Vec<(u64, Found)>>();
    let mut all = [with_rank(&answer.afd), with_rank(&answer.colocated)].concat();
    all.sort_by(|(_, a), (_, b)| plan.objective.order(a, b));
    let line = |(rank, found): &(u64, Found)| Line {
        rank: Some(*rank),
        row: row(plan, answer, found),
        miss: None,
    };
    all.iter().map(line).collect()
}

fn row(plan: &Plan, answer: &Answer, found: &Found) -> EstimateRow {
    let pools = plan.pools_of(found);
    EstimateRow {
        model: plan.models[answer.model].name.clone(),
        attention_hardware: pools.attention.name.clone(),
        ffn_hardware: pools.ffn.name.clone(),
        deployment: found.deployment,
        point: found.point,
        fidelity: plan.options.fidelity,
        estimate: found.estimate,
        confidence: plan.confidence(answer, found),
    }
}

fn missed(plan: &Plan, answer: &Answer, count: u64, miss: &Miss) -> Line {
    let row = row(plan, answer, &miss.found);
    let why = match &row.estimate.infeasible {
        Some(Infeasible::Promise { tpot, .. }) => format!(
            "no batch keeps {} ms, the smallest step gives {} ms",
            plain(plan.promise.ms()),
            significant(tpot.ms(), 4)
        ),
        Some(why) => reason(why, &row),
        None => String::new(),
    };
    Line { rank: None, row, miss: Some((count, why)) }
}

/// Why the nearest of the shapes that cannot be cannot, for an answer without any that can.
pub(super) fn missed_reason(plan: &Plan, answer: &Answer) -> String {
    let why = answer.misses.iter().map(|(count, miss)| {
        let line = missed(plan, answer, *count, miss);
        let name = line.row.deployment.name();
        format!("{count} cannot; the nearest, {name}: {}", line.miss.unwrap_or_default().1)
    });
    why.collect::<Vec<_>>().join("; ")
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

/// Adds what a plan knows beyond an estimate, and shows how attention and rows are split.
fn widen(table: &mut Table, lines: &[Line], objective: Objective) {
    let why = table.column("infeasible_reason");
    for name in ["attention_tp", "dispatch"] {
        if let Some(at) = table.column(name) {
            table.columns[at].show = Show::Plain;
        }
    }
    for (cells, line) in table.rows.iter_mut().zip(lines) {
        if let (Some(at), Some((_, why))) = (why, &line.miss) {
            cells[at] = why.clone().into();
        }
        let kind = kind(&line.row.deployment);
        cells.splice(0..0, [line.rank.into(), kind.into(), objective.name().into()]);
        cells.push(line.miss.as_ref().map(|(count, _)| *count).into());
    }
    let before = [("rank", Show::Plain), ("kind", Show::Plain), ("objective", Show::Hidden)];
    table.columns.splice(0..0, before.map(|(name, show)| Column::new(name, show)));
    table.columns.push(Column::new("infeasible_shapes", Show::Hidden));
}
