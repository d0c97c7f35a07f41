//! The columns of `afford estimate`: one row per deployment and point.

use super::table::{Cell, Column, Show, Table};
use crate::deploy::confidence::Confidence;
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::{Estimate, Infeasible, Point};
use crate::machine::fidelity::Fidelity;

/// One evaluated deployment with the names of what it is made of.
#[derive(Debug, Clone)]
pub struct EstimateRow {
    /// Model.
    pub model: String,
    /// Hardware of the attention side.
    pub attention_hardware: String,
    /// Hardware of the FFN side.
    pub ffn_hardware: String,
    /// Deployment.
    pub deployment: Deployment,
    /// Where it was evaluated.
    pub point: Point,
    /// The level that the figures come from.
    pub fidelity: Fidelity,
    /// What it gives.
    pub estimate: Estimate,
    /// How sure that is; nothing at datasheet peaks.
    pub confidence: Option<Confidence>,
}

/// Why a point cannot be, in words.
#[must_use]
pub fn reason(infeasible: &Infeasible, row: &EstimateRow) -> String {
    let gb = |bytes: crate::units::Bytes| super::number::significant(bytes.bytes() / 1e9, 3);
    match infeasible {
        Infeasible::AttentionMemory { needs, has } => {
            let held = row.estimate.attention_memory;
            format!(
                "{} needs {} GB (weights {}, KV cache {}), {} can hold {}",
                if matches!(row.deployment, Deployment::Afd(_)) {
                    "an attention device"
                } else {
                    "a device"
                },
                gb(*needs),
                gb(held.weights),
                gb(held.kv),
                row.attention_hardware,
                gb(*has)
            )
        }
        Infeasible::FfnMemory { needs, has } => format!(
            "an FFN device needs {} GB (weights {}), {} can hold {}",
            gb(*needs),
            gb(row.estimate.ffn_memory.weights),
            row.ffn_hardware,
            gb(*has)
        ),
        Infeasible::Promise { tpot, promise } => {
            let ms = |time: crate::units::Seconds| super::number::significant(time.ms(), 3);
            format!(
                "one request per rank takes {} ms per token, {} ms are promised",
                ms(*tpot),
                ms(*promise)
            )
        }
        Infeasible::TooFewRequests => {
            format!("{} requests are fewer than the micro-batches", row.point.batch)
        }
    }
}

/// A column and how to fill it.
type Field = (Column, fn(&EstimateRow) -> Cell);

/// A figure that an infeasible point does not have.
fn if_feasible(row: &EstimateRow, value: f64) -> Cell {
    match row.estimate.infeasible {
        None => Cell::Number(value),
        Some(_) => Cell::None,
    }
}

fn named() -> Vec<Field> {
    vec![
        (Column::new("model", Show::Plain), |r| r.model.clone().into()),
        (Column::new("deployment", Show::Plain), |r| r.deployment.name().into()),
        (Column::new("attention_hardware", Show::Plain).headed("attention on"), |r| {
            r.attention_hardware.clone().into()
        }),
        (Column::new("ffn_hardware", Show::Plain).headed("FFN on"), |r| {
            r.ffn_hardware.clone().into()
        }),
        (Column::new("ffn_split", Show::Plain).headed("FFN split"), |r| {
            r.deployment.experts().into()
        }),
        (Column::new("attention_tp", Show::Hidden), |r| {
            u64::from(r.deployment.attention_tp()).into()
        }),
        (Column::new("dispatch", Show::Hidden), |r| match r.deployment {
            Deployment::Afd(afd) => afd.dispatch.name().into(),
            Deployment::Colocated(_) => Cell::None,
        }),
        (Column::new("devices", Show::Plain), |r| u64::from(r.deployment.devices()).into()),
        (Column::new("batch", Show::Plain), |r| r.point.batch.into()),
        (Column::new("micro_batches", Show::Plain).headed("micro"), |r| {
            u64::from(r.point.micro_batches).into()
        }),
        (Column::new("context_tokens", Show::Tokens).headed("context"), |r| {
            context(r.point.context)
        }),
        (Column::new("fidelity", Show::Hidden), |r| r.fidelity.name().into()),
        (Column::new("feasible", Show::Hidden), |r| r.estimate.infeasible.is_none().into()),
        (Column::new("infeasible_reason", Show::Hidden), |r| {
            r.estimate.infeasible.map(|why| reason(&why, r)).into()
        }),
    ]
}

/// Whole contexts as whole numbers, means as they are.
fn context(tokens: f64) -> Cell {
    if tokens.fract() == 0.0 { Cell::Int(tokens as u64) } else { Cell::Number(tokens) }
}

fn figures() -> Vec<Field> {
    vec![
        (Column::new("tpot_ms", Show::Usd).headed("TPOT ms"), |r| {
            if_feasible(r, r.estimate.tpot.ms())
        }),
        (Column::new("tokens_per_s_per_device", Show::Usd).headed("tok/s/device"), |r| {
            if_feasible(r, r.estimate.tokens_per_s_per_device)
        }),
        (Column::new("tokens_per_s_per_user", Show::Hidden).headed("tok/s/user"), |r| {
            if_feasible(r, 1.0 / r.estimate.tpot.seconds())
        }),
        (Column::new("usd_per_mtok", Show::Usd).headed("$/Mtok"), |r| {
            if_feasible(r, r.estimate.usd_per_mtok)
        }),
        (Column::new("attention_us_per_layer", Show::Short).headed("A us"), |r| {
            if_feasible(r, r.estimate.stages.attention * 1e6)
        }),
        (Column::new("dispatch_us_per_layer", Show::Short).headed("D us"), |r| {
            if_feasible(r, r.estimate.stages.dispatch * 1e6)
        }),
        (Column::new("ffn_us_per_layer", Show::Short).headed("F us"), |r| {
            if_feasible(r, r.estimate.stages.ffn * 1e6)
        }),
        (Column::new("return_us_per_layer", Show::Short).headed("R us"), |r| {
            if_feasible(r, r.estimate.stages.combine * 1e6)
        }),
        (Column::new("cycle_us", Show::Short).headed("cycle us"), |r| {
            if_feasible(r, r.estimate.cycle.us())
        }),
        (Column::new("bound_by", Show::Plain).headed("bound by"), |r| {
            match r.estimate.infeasible {
                None => r.estimate.bound_by.name().into(),
                Some(why) => why.bound_by().into(),
            }
        }),
    ]
}

fn memory() -> Vec<Field> {
    vec![
        (Column::new("kv_bytes_per_device", Show::Hidden), |r| {
            r.estimate.attention_memory.kv.bytes().into()
        }),
        (Column::new("weight_bytes_per_device", Show::Hidden), |r| {
            r.estimate.attention_memory.weights.bytes().into()
        }),
        (Column::new("memory_bytes_per_device", Show::Short).headed("memory B"), |r| {
            r.estimate.attention_memory.total().bytes().into()
        }),
        (Column::new("ffn_weight_bytes_per_device", Show::Hidden), |r| {
            ffn(r, r.estimate.ffn_memory.weights.bytes())
        }),
        (Column::new("ffn_memory_bytes_per_device", Show::Short).headed("FFN mem. B"), |r| {
            ffn(r, r.estimate.ffn_memory.total().bytes())
        }),
    ]
}

/// A figure of the FFN side, where it is a side of its own.
fn ffn(row: &EstimateRow, value: f64) -> Cell {
    matches!(row.deployment, Deployment::Afd(_)).then_some(value).into()
}

/// How sure a row is; an infeasible point has no error.
fn sure_of(row: &EstimateRow) -> Option<&Confidence> {
    row.confidence.as_ref().filter(|_| row.estimate.infeasible.is_none())
}

fn sure() -> Vec<Field> {
    vec![
        (Column::new("error_percent", Show::Hidden), |r| {
            sure_of(r).map(|c| c.error_percent).into()
        }),
        (Column::new("assumed_share", Show::Hidden), |r| {
            sure_of(r).map(|c| c.assumed_share).into()
        }),
        (Column::new("extrapolates", Show::Hidden), |r| {
            sure_of(r).map(|c| !c.outside.is_empty()).into()
        }),
    ]
}

/// The table of estimates.
#[must_use]
pub fn estimate_table(rows: &[EstimateRow]) -> Table {
    let mut fields: Vec<Field> = [named(), figures(), memory(), sure()].concat();
    let calibrated = rows.iter().any(|row| row.confidence.is_some());
    if calibrated {
        show(&mut fields, "error_percent", "error ±%");
    }
    let mut notes = vec![
        levels(rows),
        "A, D, F, R: attention, dispatch, FFN and return of one micro-batch in one layer."
            .to_owned(),
    ];
    notes.extend(doubts(rows));
    for row in rows {
        if let Some(why) = &row.estimate.infeasible {
            notes.push(format!(
                "{} {} at batch {}: {}.",
                row.model,
                row.deployment.name(),
                row.point.batch,
                reason(why, row)
            ));
        }
    }
    Table {
        rows: rows.iter().map(|row| fields.iter().map(|(_, fill)| fill(row)).collect()).collect(),
        columns: fields.into_iter().map(|(column, _)| column).collect(),
        notes,
    }
}

/// Lets people see a column under a heading.
fn show(fields: &mut [Field], name: &str, heading: &'static str) {
    for (column, _) in fields.iter_mut().filter(|(column, _)| column.name == name) {
        column.show = Show::Short;
        column.heading = heading.into();
    }
}

/// The levels that the rows come from, and what each leaves out.
fn levels(rows: &[EstimateRow]) -> String {
    let has = |level: Fidelity| rows.iter().any(|row| row.fidelity == level);
    let levels = [Fidelity::Roofline, Fidelity::Calibrated].into_iter().filter(|l| has(*l));
    let said = levels.map(|level| format!("Fidelity {}: {}.", level.name(), level.meaning()));
    said.collect::<Vec<_>>().join(" ")
}

/// What calibrated rows rest on that was not measured.
fn doubts(rows: &[EstimateRow]) -> Vec<String> {
    let mut doubts: Vec<String> = Vec::new();
    for row in rows {
        let Some(confidence) = &row.confidence else { continue };
        let name = row.deployment.name();
        if confidence.assumed_share > 0.2 {
            doubts.push(format!(
                "{} {name}: {:.0} % of the time is of kernels or links that were not measured on this \
                 hardware.",
                row.model,
                confidence.assumed_share * 100.0
            ));
        }
        if let Some(first) = confidence.outside.first() {
            doubts.push(format!("{} {name} extrapolates: {first}.", row.model));
        }
    }
    doubts.dedup();
    doubts.truncate(MOST_DOUBTS);
    doubts
}

/// More than so many doubts are in the columns alone.
const MOST_DOUBTS: usize = 6;
