//! The tables of `afford explain`: where the time of a step goes, what each device holds, and what
//! a little more of one resource would give.

use super::estimate_table::EstimateRow;
use super::table::{Cell, Column, Show, Table};
use crate::deploy::breakdown::{Piece, Stage};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::Ledger;
use crate::sweep::levers::Pulled;

fn columns(all: &[(&'static str, &'static str, Show)]) -> Vec<Column> {
    all.iter().map(|&(name, heading, show)| Column::new(name, show).headed(heading)).collect()
}

/// Every kernel and transfer of one layer of each kind, for one micro-batch.
#[must_use]
pub fn kernels(pieces: &[Piece]) -> Table {
    let intensity = |p: &Piece| (p.bytes > 0.0).then(|| p.flops / p.bytes);
    let row = |p: &Piece| {
        vec![
            Cell::from(p.stage.name()),
            p.design.clone().into(),
            u64::from(p.layers).into(),
            p.name.clone().into(),
            p.rows.into(),
            p.flops.into(),
            p.bytes.into(),
            intensity(p).into(),
            (p.time_s * 1e6).into(),
            p.bound.map(crate::cost::ideal::Bound::name).into(),
            p.basis.as_ref().map(|b| b.fit.clone()).into(),
            p.basis.as_ref().map(|b| b.error_percent).into(),
            p.basis.as_ref().map(|b| b.provenance.name()).into(),
            p.basis.as_ref().and_then(|b| b.outside.clone()).into(),
        ]
    };
    // At datasheet peaks nothing is fitted: no empty columns.
    let fitted = pieces.iter().any(|piece| piece.basis.is_some());
    let basis = if fitted { Show::Plain } else { Show::Hidden };
    Table {
        columns: columns(&[
            ("stage", "stage", Show::Plain),
            ("design", "design", Show::Plain),
            ("layers", "layers", Show::Plain),
            ("kernel", "kernel", Show::Plain),
            ("rows", "rows", Show::Plain),
            ("flops", "FLOPs", Show::Short),
            ("bytes", "bytes", Show::Short),
            ("arithmetic_intensity", "FLOP/byte", Show::Short),
            ("time_us", "us", Show::Usd),
            ("bound_by", "bound by", Show::Plain),
            ("fit", "fit", basis),
            (
                "fit_error_percent",
                "error ±%",
                if basis == Show::Plain { Show::Short } else { basis },
            ),
            ("provenance", "provenance", basis),
            ("outside_range", "outside", Show::Hidden),
        ]),
        rows: pieces.iter().map(row).collect(),
        notes: vec![
            "One device, one layer of the design, one micro-batch; what is once per step has the \
             whole batch."
                .to_owned(),
        ],
    }
}

/// Time of each stage over all layers, as a share of their sum.
#[must_use]
pub fn stages(pieces: &[Piece]) -> Table {
    let all = [Stage::Attention, Stage::Dispatch, Stage::Ffn, Stage::Return, Stage::Step];
    let time = |stage: Stage| -> f64 {
        let mine = pieces.iter().filter(|p| p.stage == stage);
        mine.map(|p| p.time_s * f64::from(p.layers)).sum()
    };
    let whole: f64 = all.into_iter().map(time).sum();
    let row = |stage: Stage| {
        vec![
            Cell::from(stage.name()),
            (time(stage) * 1e3).into(),
            (time(stage) / whole * 100.0).into(),
        ]
    };
    Table {
        columns: columns(&[
            ("stage", "stage", Show::Plain),
            ("time_ms", "ms, all layers", Show::Usd),
            ("share_percent", "% of the sum", Show::Usd),
        ]),
        rows: all.map(row).to_vec(),
        notes: vec![
            "One micro-batch alone; the pipeline overlaps the stages of several.".to_owned(),
        ],
    }
}

/// What a device of each side holds.
#[must_use]
pub fn memory(row: &EstimateRow) -> Table {
    let side = |name: &str, hardware: &str, held: Ledger| {
        vec![
            Cell::from(name),
            hardware.into(),
            held.weights.bytes().into(),
            held.kv.bytes().into(),
            held.activations.bytes().into(),
            held.total().bytes().into(),
        ]
    };
    let estimate = &row.estimate;
    let mut rows = Vec::new();
    if matches!(row.deployment, Deployment::Afd(_)) {
        rows.push(side("attention", &row.attention_hardware, estimate.attention_memory));
        rows.push(side("ffn", &row.ffn_hardware, estimate.ffn_memory));
    } else {
        rows.push(side("every", &row.attention_hardware, estimate.attention_memory));
    }
    Table {
        columns: columns(&[
            ("device", "device", Show::Plain),
            ("hardware", "hardware", Show::Plain),
            ("weight_bytes", "weights B", Show::Short),
            ("kv_bytes", "KV cache B", Show::Short),
            ("activation_bytes", "activations B", Show::Short),
            ("total_bytes", "total B", Show::Short),
        ]),
        rows,
        notes: Vec::new(),
    }
}

/// What pulling each lever by `percent` gives.
#[must_use]
pub fn levers(row: &EstimateRow, pulled: &[Pulled], percent: f64) -> Table {
    let base = &row.estimate;
    let line = |p: &Pulled| {
        let side = match (row.deployment, p.attention_side) {
            (Deployment::Colocated(_), _) => "every",
            (_, true) => "attention",
            (_, false) => "ffn",
        };
        vec![
            Cell::from(side),
            p.lever.name().into(),
            p.estimate.tpot.ms().into(),
            ((p.estimate.tpot / base.tpot - 1.0) * 100.0).into(),
            p.estimate.bound_by.name().into(),
        ]
    };
    Table {
        columns: columns(&[
            ("device", "device", Show::Plain),
            ("more_of", "more of", Show::Plain),
            ("tpot_ms", "TPOT ms", Show::Usd),
            ("tpot_change_percent", "change %", Show::Usd),
            ("bound_by", "then bound by", Show::Plain),
        ]),
        rows: pulled.iter().map(line).collect(),
        notes: vec![format!(
            "Each line: {percent} % more of one resource, price and batch as they are."
        )],
    }
}
