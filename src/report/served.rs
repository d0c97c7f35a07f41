//! The served loads of a scenario's table: prefill and decoding on the same devices.

use super::claims::single;
use super::deployed::micro_batches;
use super::loaded::Loaded;
use super::serving_table::{ServingRow, serving_table};
use super::table::Table;
use crate::deploy::deployment::{Colocated, Deployment};
use crate::deploy::serving::{DEFAULT_CHUNK_TOKENS, Load, Serving};
use crate::spec::Diagnostic;
use crate::spec::workload::ServingSpec;

/// The table of served loads: every concurrency of every input and output length.
///
/// # Errors
/// If an entry names what the scenario does not have, or a profile lacks a figure.
pub fn served(loaded: &Loaded, entries: &[ServingSpec]) -> Result<Table, Diagnostic> {
    let mut rows = Vec::new();
    for spec in entries {
        let (conditions, options) = loaded.conditions(spec.conditions.as_ref())?;
        let deployment = conditions.deployment(&spec.deployment)?;
        let colocated = colocated(spec, &deployment)?;
        let model = loaded.running(&spec.model, spec.kv_cache)?;
        let hardware = loaded.hardware(&spec.hardware)?;
        let serving = Serving::compile(&model.value, colocated, &hardware.value, options)?;
        for load in loads(spec, micro_batches(spec.micro_batches.as_ref(), &deployment)?)? {
            let names = (model.label.as_str(), hardware.label.as_str());
            rows.push(ServingRow::new(names, deployment, &serving, load));
        }
    }
    Ok(serving_table(&rows))
}

fn colocated<'a>(
    spec: &ServingSpec,
    deployment: &'a Deployment,
) -> Result<&'a Colocated, Diagnostic> {
    match deployment {
        Deployment::Colocated(colocated) => Ok(colocated),
        Deployment::Afd(_) => Err(spec
            .deployment
            .complain("prefill and decoding share devices in colocated deployments")
            .help("write EP8, TP8, TP2xEP4, PP2xTP8 or 1")),
    }
}

fn loads(spec: &ServingSpec, micro_batches: u32) -> Result<Vec<Load>, Diagnostic> {
    let chunk_tokens = match &spec.chunk_tokens {
        Some(chunk) if spec.whole_prompts => {
            let message = "`chunk_tokens` cuts prompts, and `whole_prompts` does not";
            return Err(chunk.complain(message).help("keep one of them"));
        }
        Some(chunk) => Some(single(chunk)? as f64),
        None => (!spec.whole_prompts).then_some(DEFAULT_CHUNK_TOKENS),
    };
    let mut loads = Vec::new();
    for &input in &spec.input_tokens.0 {
        for &output in &spec.output_tokens.0 {
            loads.extend(spec.concurrency.iter().map(|concurrency| Load {
                concurrency: concurrency.0,
                input_tokens: input as f64,
                output_tokens: output as f64,
                chunk_tokens,
                batching: spec.batching,
                micro_batches,
            }));
        }
    }
    Ok(loads)
}
