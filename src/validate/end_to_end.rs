//! Published throughput of whole deployments beside what is predicted for them.

use super::Compared;
use super::formats::{RunsIn, format, model_names};
use super::stated::{Stated, stated};
use crate::catalog::{Catalog, for_fidelity};
use crate::deploy::compile::{Pools, compile};
use crate::deploy::estimate::{Estimate, Point};
use crate::deploy::options::Options;
use crate::machine::fidelity::Fidelity;
use crate::measured::end_to_end::EndToEndRow;
use crate::measured::hardware_name::hardware_name;
use crate::work::ffn::Ffn;
use crate::work::model::Model;

/// A published throughput with its prediction, or why there is none.
#[must_use]
pub fn compare(row: &EndToEndRow, catalog: &Catalog, fidelity: Fidelity) -> Compared {
    let runs_in = runs_in(row);
    let outcome = predict(row, runs_in, catalog, fidelity);
    let (predicted, remark) = match outcome {
        Ok((value, taken)) => (Ok(value), Some(taken.join("; ")).filter(|text| !text.is_empty())),
        Err(reason) => (Err(reason), None),
    };
    Compared {
        family: "end_to_end_tokens_per_s",
        dtype: runs_in.map_or_else(|| row.ffn_format.to_lowercase(), |formats| formats.name()),
        hardware: hardware_name(&row.hardware),
        backend: String::new(),
        model: row.model.clone(),
        what: described(row),
        quantity: "tokens_per_s_per_device",
        // A row without a throughput has no prediction beside it.
        measured: row.tokens_per_s_per_device.unwrap_or_default(),
        predicted,
        note: None,
        remark,
        source: row.source.clone(),
        file: row.file.clone(),
        line: row.line,
    }
}

fn described(row: &EndToEndRow) -> String {
    let mut text = row.deployment.clone();
    for (value, what) in [(row.batch_per_device, "requests each"), (row.context_tokens, "tokens")] {
        if let Some(value) = value {
            text.push_str(&format!(", {value} {what}"));
        }
    }
    if !row.mtp.is_empty() && row.mtp != "no" {
        text.push_str(&format!(", MTP {}", row.mtp));
    }
    text
}

fn runs_in(row: &EndToEndRow) -> Option<RunsIn> {
    let (kv_cache, products) = (format(&row.attention_format)?, format(&row.ffn_format)?);
    Some(RunsIn { kv_cache, products, experts: products })
}

/// Tokens per second of one device, and what was taken for what is not stated.
fn predict(
    row: &EndToEndRow,
    runs_in: Option<RunsIn>,
    catalog: &Catalog,
    fidelity: Fidelity,
) -> Result<(f64, Vec<String>), String> {
    let known = model_names(&row.model).into_iter().find_map(|name| catalog.model(&name).ok());
    let model = known.ok_or_else(|| format!("no model is known as `{}`", row.model))?;
    let mut stated = stated(row, experts(&model))?;
    let runs_in = runs_in.ok_or("its number formats cannot be read")?;
    let hardware = catalog.hardware(&stated.hardware).map_err(|complaint| complaint.message)?;
    let hardware = for_fidelity(hardware, fidelity);
    let options = Options {
        query_tokens: stated.query_tokens,
        accepted_tokens: stated.accepted_tokens,
        fidelity,
        ..Options::default()
    };
    let pools = Pools { attention: &hardware, ffn: &hardware };
    let compiled = compile(&runs_in.model(model), &stated.deployment, pools, options);
    let compiled = compiled.map_err(|refused| refused.to_string())?;
    let at = |micro_batches: u32| {
        let point = Point { batch: stated.batch, micro_batches, context: stated.context };
        compiled.estimate(point)
    };
    let estimate = best(&stated, at);
    if estimate.infeasible.is_some() {
        let needs = estimate.attention_memory.total().bytes() / 1e9;
        stated.taken.push(format!("needs {needs:.0} GB a device, more than is usable"));
    }
    Ok((estimate.tokens_per_s_per_device, stated.taken))
}

/// The estimate at the stated number of micro-batches, or the better of one and two.
fn best(stated: &Stated, at: impl Fn(u32) -> Estimate) -> Estimate {
    if let Some(micro_batches) = stated.micro_batches {
        return at(micro_batches);
    }
    let (one, two) = (at(1), at(2));
    let cut = two.infeasible.is_none() || one.infeasible.is_some();
    if cut && two.tokens_per_s_per_device > one.tokens_per_s_per_device { two } else { one }
}

fn experts(model: &Model) -> Option<u64> {
    model.ffns.iter().find_map(|named| match &named.design {
        Ffn::Moe(moe) => Some(moe.experts),
        Ffn::Dense(_) => None,
    })
}
