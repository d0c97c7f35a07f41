//! Deployments in a scenario: what runs where, at which batch and context, under which conditions.

use super::de::At;
use super::quantity::{Contexts, Count, Positive};
use super::source::Diagnostic;
use crate::deploy::context::log_normal_spread;
use crate::deploy::deployment::{Deployment, Dispatch, Side};
use crate::deploy::imbalance::Imbalance;
use crate::deploy::name::{Shape, parse};
use crate::deploy::options::{Options, accepted_tokens};
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
    /// Requests in flight; the most that memory and the scenario's promise allow if left out.
    pub batch: Option<Count>,
    /// Micro-batches; 3 for AFD, 2 for EP, 1 otherwise if left out.
    pub micro_batches: Option<Count>,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
    /// Conditions that differ from the scenario's.
    pub conditions: Option<ConditionsSpec>,
}

/// Conditions of a deployment; what is left out is as at a datasheet roofline.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionsSpec {
    /// Devices of an AFD instance; 8 if left out.
    pub instance_devices: Option<Count>,
    /// Devices that share one attention rank's heads.
    pub attention_tp: Option<Count>,
    /// Devices that share one expert's width.
    pub expert_tp: Option<Count>,
    /// Expert copies beyond one each.
    pub redundant_experts: Option<u32>,
    /// How tokens reach the FFN instances.
    pub dispatch: Option<Dispatch>,
    /// Where shared experts run.
    pub shared_experts_on: Option<Side>,
    /// Where the FFN of dense layers runs.
    pub dense_layers_on: Option<Side>,
    /// Where the LM head runs; on the attention devices if left out.
    pub lm_head_on: Option<Side>,
    /// Share of the network cards' line rate that is reached.
    pub network_efficiency: Option<At<Positive>>,
    /// Share of the scale-up links' rate that is reached.
    pub scale_up_efficiency: Option<At<Positive>>,
    /// Time of an empty transfer.
    pub network_latency_us: Option<Positive>,
    /// Time of a step outside layers and LM head.
    pub fixed_ms: Option<Positive>,
    /// Share of device memory that is kept free; 0.05 if left out.
    pub memory_reserve: Option<At<Positive>>,
    /// The two directions of a network card take turns.
    pub half_duplex: Option<bool>,
    /// Most loaded expert group over the mean.
    pub expert_imbalance: Option<At<Positive>>,
    /// Experts are used as by Zipf's law with this exponent, evened out by `redundant_experts`.
    pub expert_zipf: Option<Positive>,
    /// Contexts are lognormal around their mean, with this standard deviation of the logarithm.
    pub context_log_sigma: Option<At<Positive>>,
    /// Rows that matrix products are padded up to, as tiled kernels do.
    pub tile_rows: Option<Count>,
    /// Probability that the first, second ... drafted token is accepted if those before it were;
    /// stands in for `draft_tokens` and `accepted_tokens`.
    pub acceptance: Option<At<Vec<Positive>>>,
    /// Tokens drafted per step beside the one that is certain.
    pub draft_tokens: Option<u32>,
    /// Tokens accepted per step.
    pub accepted_tokens: Option<At<Positive>>,
}

impl ConditionsSpec {
    /// These conditions over others.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        macro_rules! either {
            ($($field:ident),*) => {
                Self { $($field: self.$field.clone().or_else(|| base.$field.clone())),* }
            };
        }
        either!(
            instance_devices,
            attention_tp,
            expert_tp,
            redundant_experts,
            dispatch,
            shared_experts_on,
            dense_layers_on,
            lm_head_on,
            network_efficiency,
            scale_up_efficiency,
            network_latency_us,
            fixed_ms,
            memory_reserve,
            half_duplex,
            expert_imbalance,
            expert_zipf,
            context_log_sigma,
            tile_rows,
            acceptance,
            draft_tokens,
            accepted_tokens
        )
    }

    /// The options of a compiled deployment.
    ///
    /// # Errors
    /// The first value that cannot be meant.
    pub fn options(&self) -> Result<Options, Diagnostic> {
        let mut options = Options::default();
        if let Some(share) = &self.network_efficiency {
            options.network_efficiency = at_most_one(share, "network_efficiency")?;
        }
        if let Some(share) = &self.scale_up_efficiency {
            options.scale_up_efficiency = at_most_one(share, "scale_up_efficiency")?;
        }
        if let Some(us) = self.network_latency_us {
            options.network_latency_s = us.0 / 1e6;
        }
        if let Some(ms) = self.fixed_ms {
            options.fixed_s = ms.0 / 1e3;
        }
        if let Some(share) = &self.memory_reserve {
            options.memory_reserve = at_most_one(share, "memory_reserve")?;
        }
        options.half_duplex = self.half_duplex.unwrap_or(options.half_duplex);
        if let Some(factor) = &self.expert_imbalance {
            let factor = at_least_one(factor, "expert_imbalance")?;
            options.expert_imbalance = Imbalance::MaxOverMean(factor);
        }
        if let Some(exponent) = self.expert_zipf {
            options.expert_imbalance = Imbalance::Zipf { exponent: exponent.0.min(10.0) };
        }
        if let Some(sigma) = &self.context_log_sigma {
            if sigma.value.0 > 3.0 {
                return Err(sigma.complain("`context_log_sigma` must be at most 3"));
            }
            options.context_spread = log_normal_spread(sigma.value.0);
        }
        options.tile_rows = self.tile_rows.map_or(1.0, |rows| rows.0 as f64);
        self.speculation(&mut options)?;
        Ok(options)
    }

    fn speculation(&self, options: &mut Options) -> Result<(), Diagnostic> {
        if let Some(acceptance) = &self.acceptance {
            if let Some(p) = acceptance.iter().find(|p| p.0 > 1.0) {
                return Err(acceptance.complain(format!(
                    "`acceptance` holds probabilities, at most 1, not {}",
                    p.0
                )));
            }
            let acceptance: Vec<f64> = acceptance.iter().map(|p| p.0).collect();
            options.query_tokens = 1.0 + acceptance.len() as f64;
            options.accepted_tokens = accepted_tokens(&acceptance);
            return Ok(());
        }
        options.query_tokens = 1.0 + f64::from(self.draft_tokens.unwrap_or(0));
        if let Some(accepted) = &self.accepted_tokens {
            options.accepted_tokens = at_least_one(accepted, "accepted_tokens")?;
            if options.accepted_tokens > options.query_tokens {
                return Err(accepted
                    .complain("`accepted_tokens` is more than 1 + `draft_tokens`")
                    .help("no step accepts more tokens than it computes"));
            }
        }
        Ok(())
    }

    /// The deployment of a name under these conditions.
    ///
    /// # Errors
    /// If the name cannot be read or its groups do not divide.
    pub fn deployment(&self, name: &At<String>) -> Result<Deployment, Diagnostic> {
        let devices = |count: Option<Count>| count.map(|n| u32::try_from(n.0).unwrap_or(u32::MAX));
        let shape = Shape {
            instance_devices: devices(self.instance_devices).unwrap_or(8),
            attention_tp: devices(self.attention_tp),
            expert_tp: devices(self.expert_tp),
        };
        let read = parse(name, &shape).map_err(|wrong| match wrong.0.split_once('\n') {
            Some((message, help)) => name.complain(message).help(help),
            None => name.complain(wrong.0.as_str()),
        });
        let mut deployment = read?;
        match &mut deployment {
            Deployment::Afd(afd) => {
                afd.dispatch = self.dispatch.unwrap_or(afd.dispatch);
                afd.shared_experts_on = self.shared_experts_on.unwrap_or(afd.shared_experts_on);
                afd.dense_layers_on = self.dense_layers_on.unwrap_or(afd.dense_layers_on);
                afd.lm_head_on = self.lm_head_on.unwrap_or(afd.lm_head_on);
                afd.redundant_experts = self.redundant_experts.unwrap_or(afd.redundant_experts);
            }
            Deployment::Colocated(c) => {
                c.redundant_experts = self.redundant_experts.unwrap_or(c.redundant_experts);
            }
        }
        Ok(deployment)
    }
}

fn at_most_one(share: &At<Positive>, key: &str) -> Result<f64, Diagnostic> {
    if (1e-6..=1.0).contains(&share.value.0) {
        return Ok(share.value.0);
    }
    Err(share.complain(format!(
        "`{key}` is a share, at least 1e-6 and at most 1, not {}",
        share.value.0
    )))
}

fn at_least_one(factor: &At<Positive>, key: &str) -> Result<f64, Diagnostic> {
    if factor.value.0 >= 1.0 {
        return Ok(factor.value.0);
    }
    Err(factor.complain(format!("`{key}` is at least 1, not {}", factor.value.0)))
}
