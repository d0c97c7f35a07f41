//! The deployments of a scenario, evaluated: rows for the estimate table, and the same beside
//! measured throughput.

use super::estimate_table::EstimateRow;
use super::loaded::{Loaded, Part};
use super::published::Published;
use super::table::{Cell, Column, Show, Table};
use crate::deploy::compile::{Compiled, Pools, compile};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::{Estimate, MOST_MICRO_BATCHES, Point};
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::conditions::ConditionsSpec;
use crate::spec::de::At;
use crate::spec::quantity::Count;
use crate::spec::workload::DeploymentSpec;
use crate::units::Seconds;
use crate::work::model::Model;

/// A row and what the scenario says of it.
pub struct Deployed<'a> {
    /// What was evaluated.
    pub row: EstimateRow,
    /// The scenario's entry.
    pub spec: &'a DeploymentSpec,
    /// The model as it runs, with the cache format of the entry.
    pub model: Model,
    /// The hardware of its sides.
    pub pools: Pools<'a>,
    /// Its conditions.
    pub options: Options,
}

/// Evaluates every deployment of a scenario at every context it names.
///
/// # Errors
/// If an entry names what the scenario does not have, or a profile lacks a figure.
pub fn deployed(loaded: &Loaded) -> Result<Vec<Deployed<'_>>, Diagnostic> {
    let mut all = Vec::new();
    for spec in &loaded.scenario.deployments {
        evaluate(loaded, spec, &mut all)?;
    }
    Ok(all)
}

/// An entry compiled, with everything that it names.
pub(super) struct Prepared<'a> {
    /// The scenario's entry.
    pub spec: &'a DeploymentSpec,
    /// What the model is called.
    pub label: String,
    /// The model as it runs, with the cache format of the entry.
    pub model: Model,
    /// Label and profile of the attention side.
    pub attention: (&'a str, &'a Hardware),
    /// Label and profile of the FFN side.
    pub ffn: (&'a str, &'a Hardware),
    /// The deployment.
    pub deployment: Deployment,
    /// Its conditions.
    pub options: Options,
    /// All of it compiled.
    pub compiled: Compiled,
    /// Micro-batches.
    pub micro_batches: u32,
    /// Contexts in tokens.
    pub contexts: Vec<f64>,
    /// The scenario's promise.
    pub promise: Option<Seconds>,
}

/// Compiles an entry of a scenario.
///
/// # Errors
/// If it names what the scenario does not have, or a profile lacks a figure.
pub(super) fn prepare<'a>(
    loaded: &'a Loaded,
    spec: &'a DeploymentSpec,
) -> Result<Prepared<'a>, Diagnostic> {
    let (conditions, mut options) = loaded.conditions(spec.conditions.as_ref())?;
    let contexts = contexts(loaded, spec, &conditions, &mut options)?;
    let deployment = conditions.deployment(&spec.deployment)?;
    let Part { label, value: model } = loaded.running(&spec.model, spec.kv_cache)?;
    let attention = side(loaded, spec, spec.attention_hardware.as_ref())?;
    let ffn = side(loaded, spec, spec.ffn_hardware.as_ref())?;
    if matches!(deployment, Deployment::Colocated(_)) && attention.1.name != ffn.1.name {
        return Err(spec
            .deployment
            .complain("attention and FFN of this deployment are on the same devices")
            .help("name one `hardware`, or write xAyF"));
    }
    let pools = Pools { attention: attention.1, ffn: ffn.1 };
    let compiled = compile(&model, &deployment, pools, options)?;
    let micro_batches = micro_batches(spec.micro_batches.as_ref(), &deployment)?;
    Ok(Prepared {
        spec,
        label,
        model,
        attention,
        ffn,
        deployment,
        options,
        compiled,
        micro_batches,
        contexts,
        promise: loaded.promise(),
    })
}

impl<'a> Prepared<'a> {
    /// The entry's batch, or the largest that memory and promise allow, at a context.
    pub(super) fn row(&self, context: f64) -> EstimateRow {
        let micro_batches = self.micro_batches;
        let given = self.spec.batch.map(|batch| {
            let point = Point { batch: batch.0, micro_batches, context };
            (batch.0, self.compiled.estimate(point))
        });
        let (batch, estimate) = given
            .unwrap_or_else(|| self.compiled.best_effort(micro_batches, context, self.promise));
        self.row_of(Point { batch, micro_batches, context }, estimate)
    }

    /// A row of the estimate table.
    pub(super) fn row_of(&self, point: Point, estimate: Estimate) -> EstimateRow {
        EstimateRow {
            model: self.label.clone(),
            attention_hardware: self.attention.0.to_owned(),
            ffn_hardware: self.ffn.0.to_owned(),
            deployment: self.deployment,
            point,
            fidelity: self.options.fidelity,
            estimate,
            confidence: self.compiled.confidence(point),
        }
    }

    /// The hardware of its sides.
    pub(super) fn pools(&self) -> Pools<'a> {
        Pools { attention: self.attention.1, ffn: self.ffn.1 }
    }

    /// What its hardware is called: one name, or two.
    pub(super) fn hardware(&self) -> String {
        match self.attention.0 == self.ffn.0 {
            true => self.attention.0.to_owned(),
            false => format!("{} + {}", self.attention.0, self.ffn.0),
        }
    }
}

fn evaluate<'a>(
    loaded: &'a Loaded,
    spec: &'a DeploymentSpec,
    all: &mut Vec<Deployed<'a>>,
) -> Result<(), Diagnostic> {
    let prepared = prepare(loaded, spec)?;
    for &context in &prepared.contexts {
        let (row, model) = (prepared.row(context), prepared.model.clone());
        let (pools, options) = (prepared.pools(), prepared.options);
        all.push(Deployed { row, spec, model, pools, options });
    }
    Ok(())
}

/// The contexts of a deployment: those named, or the mean of those in flight, whose spread goes
/// into the options.
fn contexts(
    loaded: &Loaded,
    spec: &DeploymentSpec,
    conditions: &ConditionsSpec,
    options: &mut Options,
) -> Result<Vec<f64>, Diagnostic> {
    let Some(context) = &spec.context else {
        let contexts = spec.context_tokens.as_ref().map_or(loaded.contexts(), |c| &c.0);
        return Ok(contexts.iter().map(|&context| context as f64).collect());
    };
    let twice = match (&spec.context_tokens, &conditions.context_log_sigma) {
        (Some(_), _) => Some("`context_tokens`"),
        (_, Some(_)) => Some("`context_log_sigma`"),
        (None, None) => None,
    };
    if let Some(other) = twice {
        let message = format!("`context` and {other} both say how long contexts are");
        return Err(context.complain(message).help("keep one of them"));
    }
    let moments = context.in_flight(|file| loaded.trace(file))?.moments();
    if moments.mean <= 0.0 {
        return Err(context.complain("contexts in flight are empty"));
    }
    options.context_spread = moments.deviation / moments.mean;
    Ok(vec![moments.mean])
}

/// The micro-batches named, or those that are usual.
///
/// # Errors
/// If there are too many.
pub(super) fn micro_batches(
    named: Option<&At<Count>>,
    deployment: &Deployment,
) -> Result<u32, Diagnostic> {
    let Some(count) = named else { return Ok(deployment.default_micro_batches()) };
    match u32::try_from(count.value.0) {
        Ok(m) if m <= MOST_MICRO_BATCHES => Ok(m),
        _ => {
            let message = format!("at most {MOST_MICRO_BATCHES} micro-batches, not {}", count.0);
            Err(count.complain(message))
        }
    }
}

/// The hardware of one side: its own, or that of both.
fn side<'a>(
    loaded: &'a Loaded,
    spec: &DeploymentSpec,
    own: Option<&At<String>>,
) -> Result<(&'a str, &'a Hardware), Diagnostic> {
    let name = own.or(spec.hardware.as_ref()).ok_or_else(|| {
        spec.deployment
            .complain("this deployment names no hardware for one of its sides")
            .help("add `hardware`, or `attention_hardware` and `ffn_hardware`")
    })?;
    let part = loaded.hardware(name)?;
    Ok((&part.label, &part.value))
}

/// Predicted beside measured throughput, with the columns in which the Step-3 paper prints it.
///
/// # Errors
/// As [`deployed`].
pub fn end_to_end(loaded: &Loaded, measured: Option<&Published>) -> Result<Table, Diagnostic> {
    let mut rows = Vec::new();
    for Deployed { row, spec, model, .. } in deployed(loaded)? {
        let label = spec.label.clone().unwrap_or_else(|| row.model.clone());
        let name = row.deployment.name();
        // A deployment whose batch nobody states is evaluated at the promise, and says so.
        let batch = Cell::from(spec.batch.map(|b| b.0));
        let keys = [("model", label.as_str()), ("deployment", name.as_str())];
        let measured = measured.and_then(|m| m.value(&keys, "peak_tokens_per_gpu_per_s"));
        let feasible = row.estimate.infeasible.is_none();
        let predicted = feasible.then_some(row.estimate.tokens_per_s_per_device);
        let error = predicted.zip(measured).map(|(p, m)| (p / m - 1.0) * 100.0);
        rows.push(vec![
            label.into(),
            name.into(),
            cache_format(&model).into(),
            (row.point.context as u64).into(),
            u64::from(row.deployment.devices()).into(),
            batch,
            u64::from(row.point.micro_batches).into(),
            measured.into(),
            Cell::from(note(spec, &row)),
            predicted.into(),
            feasible.then_some(row.estimate.tpot.ms()).into(),
            error.into(),
            row.fidelity.name().into(),
            row.estimate.bound_by.name().into(),
        ]);
    }
    let columns = [
        ("model", Show::Plain),
        ("deployment", Show::Plain),
        ("attention_precision", Show::Plain),
        ("avg_context_tokens", Show::Plain),
        ("gpus", Show::Plain),
        ("global_batch", Show::Plain),
        ("micro_batches", Show::Plain),
        ("peak_tokens_per_gpu_per_s", Show::Usd),
        ("note", Show::Plain),
        ("predicted_tokens_per_gpu_per_s", Show::Usd),
        ("predicted_tpot_ms", Show::Usd),
        ("error_percent", Show::Usd),
        ("fidelity", Show::Plain),
        ("bound_by", Show::Plain),
    ];
    let columns = columns.map(|(name, show)| Column::new(name, show)).to_vec();
    Ok(Table { columns, rows, notes: Vec::new() })
}

/// The format of the model's KV cache.
fn cache_format(model: &Model) -> &'static str {
    let first = model.attentions.first();
    first.map_or("", |a| a.design.core_shape(crate::work::Counting::Exact).format.name())
}

fn note(spec: &DeploymentSpec, row: &EstimateRow) -> String {
    match (&row.estimate.infeasible, spec.batch) {
        (Some(why), _) => super::estimate_table::reason(why, row),
        (None, None) => format!("batch not stated; {} keeps the promise", row.point.batch),
        (None, Some(_)) => String::new(),
    }
}
