//! Fitting one family: robust, deterministic, and judged on shapes that it has not seen.
//!
//! The loss is the mean absolute logarithm of predicted over measured: a row that is off by a
//! factor of two weighs as much whatever its time, and a few bad rows do not bend the rest. Each
//! source has the same say, however many rows it measured. Rows
//! are held out by shape (heads, or k and n, or experts), a fourth of the shapes; where there are
//! too few shapes, by batch or rows.

use super::parameters::Template;
use super::predict::{Device, seconds};
use super::search::least;
use crate::machine::calibration::{Bound, Family, FitError, Form};
use crate::measured::kernel::{KernelRow, KernelShape};
use std::collections::{BTreeMap, BTreeSet};

/// Every so many-th shape is held out.
const HELD_OUT: usize = 4;
/// Rows that a fit is made of at least: no more parameters than rows.
pub const FEWEST_ROWS: usize = 12;
/// Loads that a fit is made of at least: one alone cannot tell a start-up from a rate.
const FEWEST_LOADS: usize = 3;
/// Steps of one run of the search.
const ITERATIONS: u64 = 1200;
/// Starts of the search, moved by so much from the usual values.
const STARTS: [f64; 3] = [0.0, 0.7, -0.7];
/// Rows that a search looks at: more tell it nothing new. Errors are those of all rows.
const MOST_ROWS: usize = 400;

/// A fit and its errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The constants, from all rows.
    pub form: Form,
    /// How far they miss.
    pub error: FitError,
    /// Where they were fitted.
    pub range: Vec<Bound>,
}

/// The family of a shape.
#[must_use]
pub const fn family(shape: &KernelShape) -> Family {
    use crate::measured::kernel::{CollectiveOp, Direction};
    match shape {
        KernelShape::Attention { mla: true, .. } => Family::DecodeAttentionMla,
        KernelShape::Attention { .. } => Family::DecodeAttentionGqa,
        KernelShape::Gemm { .. } => Family::DenseGemm,
        KernelShape::GroupedGemm { .. } => Family::GroupedGemm,
        KernelShape::ExpertFfn { .. } => Family::ExpertFfn,
        KernelShape::Copy { .. } => Family::Copy,
        KernelShape::Collective { op: CollectiveOp::AllReduce, .. } => Family::AllReduce,
        KernelShape::Collective { op: CollectiveOp::AllGather, .. } => Family::AllGather,
        KernelShape::Collective { op: CollectiveOp::ReduceScatter, .. } => Family::ReduceScatter,
        KernelShape::Collective { op: CollectiveOp::AllToAll, .. } => Family::AllToAll,
        KernelShape::Exchange { direction: Direction::Dispatch, .. } => Family::Dispatch,
        KernelShape::Exchange { direction: Direction::Combine, .. } => Family::Combine,
    }
}

/// Fits the rows of one family, format and backend.
///
/// Nothing where there are fewer than [`FEWEST_ROWS`] rows, or all have one or two loads.
#[must_use]
pub fn fit(rows: &[&KernelRow], device: &Device) -> Option<Fitted> {
    let loads: BTreeSet<[u64; 4]> = rows.iter().map(|row| load_key(&row.shape)).collect();
    if rows.len() < FEWEST_ROWS || loads.len() < FEWEST_LOADS {
        return None;
    }
    let (kept, held_out) = split(rows);
    let (template, trial) = best_template(&kept, device)?;
    let errors = |form: &Form, rows: &[&KernelRow]| -> Vec<f64> {
        rows.iter().filter_map(|row| relative_error(form, row, device)).collect()
    };
    let unseen = errors(&trial, &held_out);
    let (form, _) = search(template, rows, device, &STARTS);
    let seen = errors(&form, rows);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mape = |values: &[f64]| {
        100.0 * values.iter().map(|e| e.abs()).sum::<f64>() / values.len().max(1) as f64
    };
    Some(Fitted {
        form,
        error: FitError {
            rows: rows.len() as u64,
            mape_percent: mape(&seen),
            held_out_rows: unseen.len() as u64,
            held_out_mape_percent: mape(&unseen),
            held_out_bias_percent: 100.0 * mean(&unseen),
        },
        range: range(rows),
    })
}

/// Predicted over measured, less 1.
#[must_use]
pub fn relative_error(form: &Form, row: &KernelRow, device: &Device) -> Option<f64> {
    Some(seconds(form, &row.shape, row.format(), device)? * 1e6 / row.us - 1.0)
}

fn best_template(rows: &[&KernelRow], device: &Device) -> Option<(Template, Form)> {
    let family = family(&rows.first()?.shape);
    let trials = Template::of(family).into_iter().map(|template| {
        let (_, loss) = search(template, rows, device, &STARTS[..1]);
        (template, loss)
    });
    let (best, _) = trials.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((best, search(best, rows, device, &STARTS).0))
}

fn search(template: Template, rows: &[&KernelRow], device: &Device, starts: &[f64]) -> (Form, f64) {
    let rows = &thinned(rows);
    let weights = weights(rows);
    let loss = |point: &[f64]| {
        let form = template.form(point);
        let off = |row: &&KernelRow| {
            let predicted = seconds(&form, &row.shape, row.format(), device)?;
            Some((predicted * 1e6 / row.us).ln().abs())
        };
        let weighted = rows.iter().zip(&weights).filter_map(|(row, w)| Some(w * off(row)?));
        weighted.sum::<f64>()
    };
    let start = |by: &f64| {
        let signs = [1.0, -1.0].into_iter().cycle();
        template.parameters().iter().zip(signs).map(|(p, sign)| p.start(by * sign)).collect()
    };
    let starts: Vec<Vec<f64>> = starts.iter().map(start).collect();
    let (point, loss) = least(&starts, ITERATIONS, loss);
    (template.form(&point), loss)
}

/// At most [`MOST_ROWS`] of the rows, evenly over their shapes and loads.
fn thinned<'a>(rows: &[&'a KernelRow]) -> Vec<&'a KernelRow> {
    let mut sorted = rows.to_vec();
    sorted.sort_by_key(|row| (row.source.as_str(), shape_key(&row.shape), load_key(&row.shape)));
    let step = rows.len().div_ceil(MOST_ROWS);
    sorted.into_iter().step_by(step).collect()
}

/// What each row weighs: all rows of one source together as much as those of another, since two
/// cards of one model differ by more than a card from one minute to the next.
fn weights(rows: &[&KernelRow]) -> Vec<f64> {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows {
        *counts.entry(&row.source).or_default() += 1.0;
    }
    let sources = counts.len() as f64;
    rows.iter().map(|row| 1.0 / (counts[row.source.as_str()] * sources)).collect()
}

/// Rows to fit and rows to judge by, split by shape.
fn split<'a>(rows: &[&'a KernelRow]) -> (Vec<&'a KernelRow>, Vec<&'a KernelRow>) {
    let groups = |key: &dyn Fn(&KernelShape) -> [u64; 4]| {
        let mut groups: BTreeMap<[u64; 4], Vec<&'a KernelRow>> = BTreeMap::new();
        for row in rows {
            groups.entry(key(&row.shape)).or_default().push(row);
        }
        groups
    };
    let by_shape = groups(&shape_key);
    let by_load = groups(&load_key);
    let chosen = if by_shape.len() >= HELD_OUT { by_shape } else { by_load };
    let (mut kept, mut held_out) = (Vec::new(), Vec::new());
    for (at, rows) in chosen.into_values().enumerate() {
        // Neither the smallest nor the largest: the fit is judged between shapes, not beyond.
        let side = if at % HELD_OUT == HELD_OUT / 2 { &mut held_out } else { &mut kept };
        side.extend(rows);
    }
    (kept, held_out)
}

/// What stays the same while the load changes.
fn shape_key(shape: &KernelShape) -> [u64; 4] {
    match *shape {
        KernelShape::Attention { query_heads, kv_heads, head_dim, .. } => {
            [query_heads.into(), kv_heads.into(), head_dim.into(), 0]
        }
        KernelShape::Gemm { k, n, .. } => [k, n, 0, 0],
        KernelShape::GroupedGemm { groups, k, n, .. } => [groups.into(), k, n, 0],
        KernelShape::ExpertFfn { hidden, inter, experts, tp, ep, .. } => {
            [hidden, inter, experts.into(), u64::from(tp) << 32 | u64::from(ep)]
        }
        KernelShape::Copy { .. } => [0; 4],
        KernelShape::Collective { ranks, .. } => [ranks.into(), 0, 0, 0],
        KernelShape::Exchange { ranks, hidden, top_k, .. } => {
            [ranks.into(), hidden, top_k.into(), 0]
        }
    }
}

/// What changes with the load.
fn load_key(shape: &KernelShape) -> [u64; 4] {
    match *shape {
        KernelShape::Attention { batch, context_tokens, .. } => {
            [batch.into(), context_tokens, 0, 0]
        }
        KernelShape::Gemm { m, .. } => [m, 0, 0, 0],
        KernelShape::GroupedGemm { rows_per_group, .. } => [rows_per_group.to_bits(), 0, 0, 0],
        KernelShape::ExpertFfn { global_tokens, .. } => [global_tokens, 0, 0, 0],
        KernelShape::Copy { bytes, .. } => [bytes.to_bits(), 0, 0, 0],
        KernelShape::Collective { message_bytes, .. } => [message_bytes.to_bits(), 0, 0, 0],
        KernelShape::Exchange { tokens_per_rank, .. } => [tokens_per_rank, 0, 0, 0],
    }
}

/// What the range of validity is told in.
#[must_use]
pub fn quantities(shape: &KernelShape) -> Vec<(&'static str, f64)> {
    match *shape {
        KernelShape::Attention {
            query_heads, kv_heads, head_dim, batch, context_tokens, ..
        } => {
            vec![
                ("batch", f64::from(batch)),
                ("context_tokens", context_tokens as f64),
                ("query_heads", f64::from(query_heads)),
                ("kv_heads", f64::from(kv_heads)),
                ("head_dim", f64::from(head_dim)),
            ]
        }
        KernelShape::Gemm { m, k, n } => vec![("m", m as f64), ("k", k as f64), ("n", n as f64)],
        KernelShape::GroupedGemm { groups, rows_per_group, k, n, .. } => vec![
            ("groups", f64::from(groups)),
            ("rows_per_group", rows_per_group),
            ("k", k as f64),
            ("n", n as f64),
        ],
        KernelShape::ExpertFfn { global_tokens, hidden, inter, top_k, experts, tp, ep, .. } => {
            let local = f64::from(experts) / f64::from(ep);
            let rows = global_tokens as f64 * f64::from(top_k) / f64::from(ep);
            vec![
                ("groups", local),
                ("rows_per_group", rows / local),
                ("k", hidden as f64),
                ("n", inter as f64 / f64::from(tp)),
            ]
        }
        KernelShape::Copy { bytes, .. } => vec![("bytes", bytes)],
        KernelShape::Collective { ranks, message_bytes, .. } => {
            vec![("ranks", f64::from(ranks)), ("bytes", message_bytes)]
        }
        KernelShape::Exchange { ranks, tokens_per_rank, .. } => {
            vec![("ranks", f64::from(ranks)), ("tokens_per_rank", tokens_per_rank as f64)]
        }
    }
}

fn range(rows: &[&KernelRow]) -> Vec<Bound> {
    let mut bounds: Vec<Bound> = Vec::new();
    for (quantity, value) in rows.iter().flat_map(|row| quantities(&row.shape)) {
        match bounds.iter_mut().find(|bound| bound.quantity == quantity) {
            Some(bound) => {
                bound.least = bound.least.min(value);
                bound.most = bound.most.max(value);
            }
            None => {
                bounds.push(Bound { quantity: quantity.to_owned(), least: value, most: value });
            }
        }
    }
    bounds
}
