//! How much each input of each deployment matters, as a table and a tornado chart.

use super::loaded::Loaded;
use super::number::significant;
use super::plot::{Frame, RangeRow, Ranges};
use super::settings::{NamedSetting, rivals, settings};
use super::table::{Cell, Column, Show, Table};
use crate::deploy::legal::Refused;
use crate::spec::Diagnostic;
use crate::sweep::sensitivity::{Sensitivity, sensitivities};
use rayon::prelude::*;

/// By how many percent inputs are varied where nobody says.
pub const DEFAULT_PERCENT: f64 = 10.0;

/// One deployment, its rival, and its inputs.
#[derive(Debug)]
pub struct Tornado {
    /// The deployment.
    pub named: NamedSetting,
    /// The cheapest other deployment of its model and context.
    pub rival: Option<String>,
    /// Its inputs, the largest swing first.
    pub inputs: Vec<Sensitivity>,
}

/// Varies every input of every deployment by a share.
///
/// # Errors
/// If no deployment can run.
pub fn tornadoes(loaded: &Loaded, share: f64) -> Result<Vec<Tornado>, Diagnostic> {
    let all = settings(loaded)?;
    let promise_s = loaded.scenario.promise.as_ref().map(|promise| promise.tpot_ms.0 / 1e3);
    let pairs: Vec<_> = all.iter().zip(rivals(&all)).collect();
    let tornado = |(named, rival): &(&NamedSetting, Option<usize>)| {
        let rival = rival.map(|at| &all[at]);
        let other = rival.map(|rival| &rival.setting);
        Ok(Tornado {
            inputs: sensitivities(&named.setting, other, promise_s, share)?,
            rival: rival.map(NamedSetting::name),
            named: (*named).clone(),
        })
    };
    let found: Result<Vec<_>, Refused> = pairs.par_iter().map(tornado).collect();
    Ok(found?)
}

/// One row per deployment and input.
#[must_use]
pub fn sensitivity_table(all: &[Tornado], percent: f64) -> Table {
    let row = |tornado: &Tornado, input: &Sensitivity| {
        let row = &tornado.named.row;
        vec![
            Cell::from(row.model.as_str()),
            row.deployment.name().into(),
            row.attention_hardware.clone().into(),
            row.ffn_hardware.clone().into(),
            row.deployment.experts().into(),
            row.point.batch.into(),
            u64::from(row.point.micro_batches).into(),
            (row.point.context.round() as u64).into(),
            row.fidelity.name().into(),
            row.estimate.bound_by.name().into(),
            input.knob.name().into(),
            input.base.into(),
            row.estimate.usd_per_mtok.into(),
            input.low.usd_per_mtok.into(),
            input.high.usd_per_mtok.into(),
            input.elasticity.into(),
            input.tpot_elasticity.into(),
            input.low.bound_by.name().into(),
            input.high.bound_by.name().into(),
            input.break_even.into(),
            tornado.rival.clone().into(),
            input.keeps_promise_at.into(),
        ]
    };
    Table {
        columns: columns(),
        rows: all.iter().flat_map(|t| t.inputs.iter().map(move |input| row(t, input))).collect(),
        notes: vec![
            format!(
                "Lower and higher: the input {percent} % down and up, the batch as planned. \
                 Elasticity: percent of $/Mtok per percent of the input."
            ),
            "As cheap at, keeps promise at: the value (a factor, except of accepted_tokens and \
             expert_imbalance) at which the deployment costs what the cheapest other one of its \
             model and context does, and takes as long per token as was promised."
                .to_owned(),
        ],
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("model", Show::Plain),
        Column::new("deployment", Show::Plain),
        Column::new("attention_hardware", Show::Hidden),
        Column::new("ffn_hardware", Show::Hidden),
        Column::new("ffn_split", Show::Hidden),
        Column::new("batch", Show::Hidden),
        Column::new("micro_batches", Show::Hidden),
        Column::new("context_tokens", Show::Tokens).headed("context"),
        Column::new("fidelity", Show::Hidden),
        Column::new("bound_by", Show::Plain).headed("bound by"),
        Column::new("input", Show::Plain),
        Column::new("base", Show::Hidden),
        Column::new("usd_per_mtok", Show::Usd).headed("$/Mtok"),
        Column::new("usd_per_mtok_low", Show::Usd).headed("lower"),
        Column::new("usd_per_mtok_high", Show::Usd).headed("higher"),
        Column::new("elasticity", Show::Usd),
        Column::new("tpot_elasticity", Show::Usd).headed("of TPOT"),
        Column::new("bound_by_low", Show::Hidden),
        Column::new("bound_by_high", Show::Hidden),
        Column::new("break_even", Show::Usd).headed("as cheap at"),
        Column::new("rival", Show::Hidden),
        Column::new("keeps_promise_at", Show::Usd).headed("keeps promise at"),
    ]
}

/// The deployment that costs least.
#[must_use]
pub fn cheapest(all: &[Tornado]) -> Option<&Tornado> {
    let usd = |tornado: &&Tornado| tornado.named.row.estimate.usd_per_mtok;
    all.iter().min_by(|a, b| usd(a).total_cmp(&usd(b)))
}

/// The tornado of one deployment: a bar per input from $ with it lower to $ with it higher.
#[must_use]
pub fn tornado_chart(tornado: &Tornado, percent: f64) -> Ranges {
    let base = tornado.named.row.estimate.usd_per_mtok;
    let row = |input: &Sensitivity| {
        let ends = [input.low.usd_per_mtok, input.high.usd_per_mtok];
        let signs = [format!("-{percent} %"), format!("+{percent} %")];
        let rising = ends[0] <= ends[1];
        let [low_label, high_label] =
            if rising { signs } else { [signs[1].clone(), signs[0].clone()] };
        RangeRow {
            label: input.knob.name(),
            low: ends[0].min(ends[1]),
            middle: base,
            high: ends[0].max(ends[1]),
            group: usize::from(!rising),
            low_label,
            high_label,
        }
    };
    let rows: Vec<_> = tornado.inputs.iter().map(row).collect();
    let bound = tornado.named.row.estimate.bound_by.name().replace('_', " ");
    Ranges {
        frame: Frame {
            title: format!("{}: what moves its cost", tornado.named.name()),
            subtitle: format!("Each input {percent} % down and up; bound by {bound}"),
            footnote: format!("The line is {} $/Mtok.", significant(base, 4)),
            ..Ranges::frame_for(rows.len())
        },
        label: "$ per million tokens".to_owned(),
        reference: Some(base),
        groups: ["dearer with more of it", "cheaper with more of it"].map(str::to_owned).to_vec(),
        rows,
    }
}
