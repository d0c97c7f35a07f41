//! `afford estimate` with `--concurrency`: prefill and decoding on the same devices.

use super::axes::{each, refused};
use super::estimate::EstimateArgs;
use super::{Failure, print};
use crate::catalog::Catalog;
use crate::deploy::deployment::Deployment;
use crate::deploy::serving::{Batching, DEFAULT_CHUNK_TOKENS, Load, Serving};
use crate::report::serving_table::{ServingRow, serving_table};
use crate::spec::Diagnostic;
use crate::spec::quantity::parse_contexts;
use clap::{Args, ValueEnum};

/// What deployments give: TPOT, tokens/s/device, $/Mtok, stage times, what binds
///
/// Every list may have several entries, separated by commas; each combination is a row. With a
/// concurrency, prefill runs on the same devices, and TTFT is given too.
#[derive(Debug, Args)]
#[command(
    mut_arg("context", |arg| arg.required(false).required_unless_present("concurrency")),
    after_help = "Examples:
  afford estimate --model step-3 --hardware h800 --deployment 2A2F --batch 6144 --context 4Ki
  afford estimate --model step-3 --attention-hardware h20 --ffn-hardware h800 --deployment 2A1F,3A1F --context 8Ki --tpot-ms 50
  afford estimate --model deepseek-v3 --hardware h800 --deployment EP128 --batch 16384 --context 4Ki
  afford estimate --model deepseek-v3 --hardware b200 --deployment TP8 --concurrency 16,64 --input-tokens 8Ki --output-tokens 1Ki"
)]
pub struct EstimateCommand {
    #[command(flatten)]
    estimate: EstimateArgs,
    #[command(flatten)]
    serving: ServingArgs,
}

/// What is served, where prefill shares the devices with decoding.
#[derive(Debug, Args)]
#[command(next_help_heading = "Serving (prefill and decoding on the same devices)")]
struct ServingArgs {
    /// Requests in flight, prefilling or decoding, a new one for each that finishes
    #[arg(
        long,
        value_name = "N",
        value_delimiter = ',',
        requires_all = ["input_tokens", "output_tokens"],
        conflicts_with_all = ["batch", "context", "tpot_ms", "ledger"]
    )]
    concurrency: Vec<u64>,
    /// Tokens of a prompt: 8192 or 1Ki,8Ki
    #[arg(long, value_name = "TOKENS", requires = "concurrency")]
    input_tokens: Option<String>,
    /// Output tokens of a request
    #[arg(long, value_name = "TOKENS", requires = "concurrency")]
    output_tokens: Option<String>,
    /// Most prompt tokens of an attention rank in one step, or `off` for whole prompts
    #[arg(
        long,
        value_name = "TOKENS",
        default_value_t = DEFAULT_CHUNK_TOKENS.to_string(),
        requires = "concurrency"
    )]
    chunk_tokens: String,
    /// How prefill and decoding share steps
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        default_value_t = BatchingArg::Mixed,
        requires = "concurrency"
    )]
    batching: BatchingArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BatchingArg {
    /// Chunks of prompts ride along with decode steps
    Mixed,
    /// Prompts first, in steps of their own
    Separate,
}

impl From<BatchingArg> for Batching {
    fn from(batching: BatchingArg) -> Self {
        match batching {
            BatchingArg::Mixed => Self::Mixed,
            BatchingArg::Separate => Self::Separate,
        }
    }
}

impl EstimateCommand {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        if self.serving.concurrency.is_empty() {
            return self.estimate.run(catalog);
        }
        let rows = self.rows(catalog)?;
        print(&serving_table(&rows).render(self.estimate.output.format))
    }

    fn rows(&self, catalog: &Catalog) -> Result<Vec<ServingRow>, Diagnostic> {
        let estimate = &self.estimate;
        let options = estimate.conditions.options()?;
        let models = each(&estimate.model, "--model", |name| catalog.model(name))?;
        let (hardware, other) = estimate.pools(catalog)?;
        let mut rows = Vec::new();
        for model in models {
            let model = estimate.conditions.model(model);
            for name in &estimate.deployment {
                let deployment = estimate.conditions.deployment(name)?;
                estimate.sides(&deployment, &hardware, &other)?;
                let Deployment::Colocated(colocated) = &deployment else {
                    let message = "prefill and decoding share devices in colocated deployments\n\
                                   write EP8, TP8, TP2xEP4 or 1, or leave --concurrency out";
                    return Err(refused("--deployment", name, 0..name.len(), message));
                };
                let serving = Serving::compile(&model, colocated, &hardware, options)?;
                for micro_batches in estimate.micro_batches(&deployment)? {
                    for load in self.serving.loads(micro_batches)? {
                        let names = (model.name.as_str(), hardware.name.as_str());
                        rows.push(ServingRow::new(names, deployment, &serving, load));
                    }
                }
            }
        }
        Ok(rows)
    }
}

impl ServingArgs {
    /// Every combination of the lists.
    fn loads(&self, micro_batches: u32) -> Result<Vec<Load>, Diagnostic> {
        if self.concurrency.contains(&0) {
            let message = "at least 1 request is in flight, not 0";
            return Err(refused("--concurrency", "0", 0..1, message));
        }
        let chunk_tokens = match self.chunk_tokens.as_str() {
            "off" => None,
            text => Some(one("--chunk-tokens", tokens("--chunk-tokens", text)?, text)?),
        };
        let list =
            |option, text: &Option<String>| tokens(option, text.as_deref().unwrap_or_default());
        let inputs = list("--input-tokens", &self.input_tokens)?;
        let outputs = list("--output-tokens", &self.output_tokens)?;
        let mut loads = Vec::new();
        for &input_tokens in &inputs {
            for &output_tokens in &outputs {
                loads.extend(self.concurrency.iter().map(|&concurrency| Load {
                    concurrency,
                    input_tokens,
                    output_tokens,
                    chunk_tokens,
                    batching: self.batching.into(),
                    micro_batches,
                }));
            }
        }
        Ok(loads)
    }
}

fn tokens(option: &str, text: &str) -> Result<Vec<f64>, Diagnostic> {
    let read =
        parse_contexts(text).map_err(|message| refused(option, text, 0..text.len(), &message))?;
    Ok(read.into_iter().map(|tokens| tokens as f64).collect())
}

fn one(option: &str, list: Vec<f64>, text: &str) -> Result<f64, Diagnostic> {
    match list.as_slice() {
        [only] => Ok(*only),
        _ => Err(refused(option, text, 0..text.len(), "one chunk size at a time\nwrite 8192")),
    }
}
