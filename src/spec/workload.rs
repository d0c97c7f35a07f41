//! What a scenario evaluates: deployments and served loads, each under conditions.

use super::conditions::ConditionsSpec;
use super::de::At;
use super::quantity::{Contexts, Count, NotNegative, Positive};
use super::source::Diagnostic;
use crate::deploy::context::{Context, ContextError, Histogram, Length, Lengths};
use crate::deploy::serving::Batching;
use crate::work::dtype::Dtype;
use schemars::JsonSchema;
use serde::Deserialize;

/// One deployment of a scenario.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentSpec {
    /// What tables call it; the model's label and the deployment's name if left out.
    pub label: Option<String>,
    /// A model of the scenario.
    pub model: At<String>,
    /// `2A2F` (attention and FFN instances), `EP128`, `TP8`, `TP2xEP4`, `PP2xTP8` or `1`.
    pub deployment: At<String>,
    /// Hardware of the scenario, for both sides.
    pub hardware: Option<At<String>>,
    /// Hardware of the attention side, if not the same.
    pub attention_hardware: Option<At<String>>,
    /// Hardware of the FFN side, if not the same.
    pub ffn_hardware: Option<At<String>>,
    /// Contexts, each a row; the scenario's if left out.
    pub context_tokens: Option<Contexts>,
    /// Contexts in flight that differ, instead of `context_tokens`.
    pub context: Option<At<ContextSpec>>,
    /// Requests in flight; the most that memory and the scenario's promise allow if left out.
    pub batch: Option<Count>,
    /// Micro-batches; 3 for AFD, 2 for EP, 1 otherwise if left out.
    pub micro_batches: Option<At<Count>>,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
    /// Conditions that differ from the scenario's.
    pub conditions: Option<ConditionsSpec>,
}

/// Contexts in flight that are not all the same. (A lognormal is `context_tokens`, its mean, and
/// `context_log_sigma` among the conditions.)
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContextSpec {
    /// A CSV file beside the scenario with prompt and output lengths of requests.
    Lengths(At<String>),
    /// Context lengths and how often each is met in flight.
    Histogram(HistogramSpec),
    /// Lengths of prompts and outputs that do not depend on each other.
    PromptAndOutput(PromptAndOutputSpec),
}

/// Values and weights.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistogramSpec {
    /// Context lengths.
    pub context_tokens: Contexts,
    /// As many weights.
    pub weights: Vec<NotNegative>,
}

/// Lengths of requests as they arrive.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptAndOutputSpec {
    /// Prompt tokens.
    pub prompt_tokens: LengthSpec,
    /// Output tokens.
    pub output_tokens: LengthSpec,
}

/// A length: always its mean, or lognormal around it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LengthSpec {
    /// Its mean.
    pub mean: Positive,
    /// Standard deviation of its logarithm; 0 if left out.
    pub log_sigma: Option<NotNegative>,
}

impl LengthSpec {
    fn length(&self) -> Length {
        match self.log_sigma {
            Some(sigma) if sigma.0 > 0.0 => Length::log_normal(self.mean.0, sigma.0.min(3.0)),
            _ => Length::constant(self.mean.0),
        }
    }
}

impl At<ContextSpec> {
    /// The contexts in flight, with lengths of files read by `trace`.
    ///
    /// # Errors
    /// If they are no distribution, or a file cannot be read.
    pub fn in_flight(
        &self,
        trace: impl Fn(&At<String>) -> Result<Lengths, Diagnostic>,
    ) -> Result<Context, Diagnostic> {
        let wrong = |e: ContextError| {
            let help = "give each context a weight, and one of them more than zero";
            self.complain(e.to_string()).help(help)
        };
        Ok(match &self.value {
            ContextSpec::Lengths(file) => Context::Lengths(trace(file)?),
            ContextSpec::Histogram(of) => {
                let values: Vec<f64> = of.context_tokens.0.iter().map(|&s| s as f64).collect();
                let weights: Vec<f64> = of.weights.iter().map(|w| w.0).collect();
                Context::Histogram(Histogram::new(&values, &weights).map_err(wrong)?)
            }
            ContextSpec::PromptAndOutput(of) => {
                let (prompt, output) = (of.prompt_tokens.length(), of.output_tokens.length());
                let lengths = Lengths::independent(prompt, output);
                Context::Lengths(lengths.map_err(|e| self.complain(e.to_string()))?)
            }
        })
    }
}

/// Prefill and decoding on the same devices at a constant concurrency.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServingSpec {
    /// A model of the scenario.
    pub model: At<String>,
    /// A colocated deployment: `EP8`, `TP8`, `TP2xEP4`, `PP2xTP8` or `1`.
    pub deployment: At<String>,
    /// Hardware of the scenario.
    pub hardware: At<String>,
    /// Requests in flight, prefilling or decoding; each a row.
    pub concurrency: Vec<Count>,
    /// Tokens of a prompt; each a row.
    pub input_tokens: Contexts,
    /// Output tokens of a request; each a row.
    pub output_tokens: Contexts,
    /// Most prompt tokens of an attention rank in one step; 8,192 if left out.
    pub chunk_tokens: Option<At<Contexts>>,
    /// Prompts are not cut into chunks.
    #[serde(default)]
    pub whole_prompts: bool,
    /// How prefill and decoding share steps; `mixed` if left out.
    #[serde(default)]
    pub batching: Batching,
    /// Micro-batches; 2 for EP, 1 otherwise if left out.
    pub micro_batches: Option<At<Count>>,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
    /// Conditions that differ from the scenario's.
    pub conditions: Option<ConditionsSpec>,
}
