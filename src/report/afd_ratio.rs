//! The best ratio of attention to FFN instances: searched for every model, promise and context,
//! and as a map of ratios over contexts.

use super::crossovers::headed;
use super::loaded::Loaded;
use super::number::{plain, significant};
use super::plan_table::missed_reason;
use super::plot::{Chart, Frame, HeatCell, HeatMap, Ticks};
use super::questions::profiles;
use super::table::{Cell, Show, Table};
use crate::deploy::compile::{Pools, compile};
use crate::deploy::deployment::{Afd, Deployment, Dispatch};
use crate::deploy::legal::{Refused, legal};
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::quantity::{Count, Tokens};
use crate::spec::study::{AfdMapSpec, BestAfdSpec};
use crate::sweep::best_batch::{Best, Question};
use crate::sweep::leaders::Found;
use crate::sweep::plan::{Answer, Kinds, Objective, Plan};
use crate::sweep::shapes::{Choices, Limits};
use crate::units::Seconds;
use crate::work::model::Model;
use rayon::prelude::*;

const COLUMNS: [(&str, Show, &str); 18] = [
    ("model", Show::Plain, "model"),
    ("promise_tpot_ms", Show::Plain, "promise, ms"),
    ("context_tokens", Show::Tokens, "context"),
    ("deployment", Show::Plain, "best"),
    ("attention_per_ffn_device", Show::Usd, "A:F"),
    ("attention_hardware", Show::Plain, "attention on"),
    ("ffn_hardware", Show::Plain, "FFN on"),
    ("attention_tp", Show::Hidden, "attention TP"),
    ("ffn_split", Show::Plain, "FFN split"),
    ("dispatch", Show::Plain, "dispatch"),
    ("devices", Show::Plain, "devices"),
    ("batch", Show::Plain, "batch"),
    ("micro_batches", Show::Plain, "micro"),
    ("tpot_ms", Show::Usd, "TPOT ms"),
    ("tokens_per_s_per_device", Show::Usd, "tok/s/device"),
    ("usd_per_mtok", Show::Usd, "$/Mtok"),
    ("bound_by", Show::Plain, "bound by"),
    ("infeasible_reason", Show::Hidden, "why not"),
];

/// The best AFD deployment by model, promise and context.
///
/// # Errors
/// If a profile lacks a figure.
pub fn table(loaded: &Loaded, of: &BestAfdSpec) -> Result<Table, Diagnostic> {
    let mut plan = plan(loaded, of)?;
    let mut rows = Vec::new();
    let mut answers = Vec::new();
    for ms in &of.tpot_ms {
        plan.promise = Seconds::from_ms(ms.0);
        answers.extend(plan.search()?.into_iter().map(|answer| (ms.0, answer)));
    }
    answers.sort_by_key(|(_, answer)| answer.model);
    for (ms, answer) in &answers {
        plan.promise = Seconds::from_ms(*ms);
        rows.push(row(loaded, &plan, answer));
    }
    let note = format!(
        "Fidelity {}: {}. Searched: every xAyF of at most {} instances of {} devices, with \
         every attention TP, FFN split, dispatch, 2 to 6 micro-batches and batch; the cheapest \
         that keeps the promise is shown. A:F is attention devices per FFN device.",
        plan.options.fidelity.name(),
        plan.options.fidelity.meaning(),
        of.max_nodes.value.0,
        plan.choices.instance_devices
    );
    Ok(Table { columns: headed(&COLUMNS), rows, notes: vec![note] })
}

/// No deployment here has more instances.
const MOST_INSTANCES: u32 = 1024;

/// A number of instances, no more than a plan looks at.
fn instances<T>(place: &At<T>, count: Count) -> Result<u32, Diagnostic> {
    let fine = u32::try_from(count.0).ok().filter(|n| *n <= MOST_INSTANCES);
    fine.ok_or_else(|| {
        place.complain(format!("at most {MOST_INSTANCES} instances, not {}", count.0))
    })
}

fn plan(loaded: &Loaded, of: &BestAfdSpec) -> Result<Plan, Diagnostic> {
    let (conditions, options) = loaded.conditions(None)?;
    let devices = conditions.instance_devices.map_or(8, |n| u32::try_from(n.0).unwrap_or(8));
    Ok(Plan {
        models: loaded.models.iter().map(|part| part.value.clone()).collect(),
        contexts: loaded.contexts().to_vec(),
        attention_hardware: profiles(loaded, of.attention_hardware.as_deref())?,
        ffn_hardware: profiles(loaded, of.ffn_hardware.as_deref())?,
        colocated_hardware: Vec::new(),
        promise: Seconds::from_ms(1.0),
        limits: Limits::of_nodes(instances(&of.max_nodes, of.max_nodes.value)?),
        choices: Choices::all(devices),
        options,
        objective: Objective::Usd,
        kinds: Kinds { afd: true, colocated: false },
        top: 1,
    })
}

fn row(loaded: &Loaded, plan: &Plan, answer: &Answer) -> Vec<Cell> {
    let mut row: Vec<Cell> = vec![
        loaded.models[answer.model].label.clone().into(),
        plan.promise.ms().into(),
        answer.context.into(),
    ];
    let Some(found) = answer.afd.first() else {
        row.push("none".into());
        row.resize(COLUMNS.len() - 2, Cell::None);
        row.extend(["latency_promise or capacity".into(), missed_reason(plan, answer).into()]);
        return row;
    };
    row.extend(best_cells(plan, found));
    row
}

fn best_cells(plan: &Plan, found: &Found) -> Vec<Cell> {
    let pools = plan.pools_of(found);
    let Deployment::Afd(afd) = found.deployment else { return Vec::new() };
    let ratio = f64::from(afd.attention_devices()) / f64::from(afd.ffn_devices());
    vec![
        found.deployment.name().into(),
        ratio.into(),
        pools.attention.title.clone().into(),
        pools.ffn.title.clone().into(),
        u64::from(afd.attention_tp).into(),
        found.deployment.experts().into(),
        afd.dispatch.name().into(),
        u64::from(found.deployment.devices()).into(),
        found.point.batch.into(),
        u64::from(found.point.micro_batches).into(),
        found.estimate.tpot.ms().into(),
        found.estimate.tokens_per_s_per_device.into(),
        found.estimate.usd_per_mtok.into(),
        found.estimate.bound_by.name().into(),
        Cell::None,
    ]
}

/// A map's deployments: all that is asked of each cell.
struct Map<'a> {
    model: &'a Model,
    pools: Pools<'a>,
    options: Options,
    promise: Seconds,
    choices: Choices,
    ffn_instances: u32,
}

impl Map<'_> {
    /// The cheapest way to run x attention instances at a context.
    fn best(&self, x: u32, context: u64) -> Result<Option<(Deployment, Best)>, Refused> {
        let mut best: Option<(Deployment, Best)> = None;
        for &expert_tp in &self.choices.expert_tp {
            for dispatch in [Dispatch::Broadcast, Dispatch::Routed] {
                let base = Afd::step3(x, self.ffn_instances);
                let devices = self.choices.instance_devices;
                let afd = Afd {
                    expert_tp,
                    dispatch,
                    attention_instance_devices: devices,
                    ffn_instance_devices: devices,
                    ..base
                };
                let deployment = Deployment::Afd(afd);
                if legal(self.model, &deployment).is_err() {
                    continue;
                }
                let compiled = compile(self.model, &deployment, self.pools, self.options)?;
                for &micro_batches in &self.choices.afd_micro_batches {
                    let question = Question {
                        compiled: &compiled,
                        micro_batches,
                        context: context as f64,
                        promise: self.promise,
                        weight: Objective::Usd.weight(compiled.price, compiled.devices),
                    };
                    let limit = best.as_ref().map_or(f64::INFINITY, |(_, best)| best.cost);
                    if let Some(found) = question.best(limit)
                        && found.cost < limit
                    {
                        best = Some((deployment, found));
                    }
                }
            }
        }
        Ok(best)
    }

    fn cell(&self, x: u32, context: u64) -> Result<HeatCell, Refused> {
        Ok(match self.best(x, context)? {
            None => {
                let detail = "no batch fits memory and promise".to_owned();
                HeatCell { value: None, detail }
            }
            Some((deployment, best)) => HeatCell {
                value: Some(best.estimate.usd_per_mtok),
                detail: format!(
                    "FFN {}, {} requests in {} micro-batches, {} ms per token, bound by {}",
                    deployment.experts(),
                    best.point.batch,
                    best.point.micro_batches,
                    significant(best.estimate.tpot.ms(), 3),
                    best.estimate.bound_by.name().replace('_', " ")
                ),
            },
        })
    }
}

/// Cost by ratio and context.
pub(super) fn figure(loaded: &Loaded, of: &AfdMapSpec, frame: Frame) -> Result<Chart, Diagnostic> {
    let (conditions, options) = loaded.conditions(None)?;
    let devices = conditions.instance_devices.map_or(8, |n| u32::try_from(n.0).unwrap_or(8));
    let side = |name| -> Result<&Hardware, Diagnostic> { Ok(&loaded.hardware(name)?.value) };
    let part = loaded.model(&of.model)?;
    let pools = Pools { attention: side(&of.attention_hardware)?, ffn: side(&of.ffn_hardware)? };
    let ffn_instances = instances(&of.ffn_instances, of.ffn_instances.value)?;
    let map = Map {
        model: &part.value,
        pools,
        options,
        promise: Seconds::from_ms(of.tpot_ms.0),
        choices: Choices::all(devices),
        ffn_instances,
    };
    let contexts = &of.contexts_tokens.0;
    let xs = &of.attention_instances;
    let rows: Vec<u32> = xs.iter().map(|&n| instances(xs, n)).collect::<Result<_, _>>()?;
    let line = |&x: &u32| -> Result<Vec<HeatCell>, Refused> {
        contexts.iter().map(|&context| map.cell(x, context)).collect()
    };
    let cells = rows.par_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let on = format!("attention on {}, FFN on {}", pools.attention.title, pools.ffn.title);
    let subtitle = format!(
        "{}, {on}, {} ms per token; hatched: no batch fits. Framed: the best ratio at a context. \
         Fidelity {}.",
        part.label,
        plain(of.tpot_ms.0),
        options.fidelity.name()
    );
    Ok(HeatMap {
        frame: Frame { subtitle, ..frame },
        x_label: "context, tokens".to_owned(),
        y_label: "attention : FFN instances".to_owned(),
        value_label: "$ per 1M tokens".to_owned(),
        ticks: Ticks::Dollars,
        columns: contexts.iter().map(|&c| Tokens(c).to_string()).collect(),
        rows: rows.iter().map(|x| format!("{x}A{ffn_instances}F")).collect(),
        cells,
    }
    .into())
}
