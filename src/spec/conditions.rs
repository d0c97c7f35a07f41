//! Conditions of a deployment, as `conditions` of a scenario and as options of `estimate`, `plan`
//! and `explain`: both end here, and what is refused is refused here.

use super::at::At;
use super::quantity::{Count, NotNegative, Positive};
use super::source::Diagnostic;
use crate::deploy::context::log_normal_spread;
use crate::deploy::deployment::{Deployment, Dispatch, Side};
use crate::deploy::imbalance::Imbalance;
use crate::deploy::name::{Shape, parse};
use crate::deploy::options::{Options, accepted_tokens};
use crate::deploy::sparsity::Wire;
use crate::machine::hardware::WithoutFp8;
use crate::sweep::shapes::Choices;
use schemars::JsonSchema;
use serde::Deserialize;

/// Conditions of a deployment; what is left out is as at a datasheet roofline.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionsSpec {
    /// Devices of an AFD instance; 8 if left out.
    pub instance_devices: Option<At<Count>>,
    /// Devices that share one attention rank's heads.
    pub attention_tp: Option<At<Count>>,
    /// Devices that share one expert's width.
    pub expert_tp: Option<At<Count>>,
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
    pub network_latency_us: Option<NotNegative>,
    /// Time of a step outside layers and LM head.
    pub fixed_ms: Option<NotNegative>,
    /// Share of device memory that is kept free; 0.05 if left out.
    pub memory_reserve: Option<At<NotNegative>>,
    /// The two directions of a network card take turns.
    pub half_duplex: Option<bool>,
    /// Most loaded expert group over the mean; stands in for `expert_zipf`.
    pub expert_imbalance: Option<At<Positive>>,
    /// Experts are used as by Zipf's law with this exponent, evened out by `redundant_experts`.
    pub expert_zipf: Option<At<NotNegative>>,
    /// Contexts are lognormal around their mean, with this standard deviation of the logarithm.
    pub context_log_sigma: Option<At<NotNegative>>,
    /// Rows that matrix products are padded up to, as tiled kernels do.
    pub tile_rows: Option<Count>,
    /// Probability that the first, second ... drafted token is accepted if those before it were;
    /// stands in for `draft_tokens` and `accepted_tokens`.
    pub acceptance: Option<At<Vec<NotNegative>>>,
    /// Tokens drafted per step beside the one that is certain.
    pub draft_tokens: Option<u32>,
    /// Tokens accepted per step.
    pub accepted_tokens: Option<At<Positive>>,
}

/// No instance of a plan has more devices.
const MOST_INSTANCE_DEVICES: u32 = 1024;
/// The steepest Zipf's law: beyond it one expert gets everything that it can.
const STEEPEST_ZIPF: f64 = 10.0;
/// Contexts that spread more differ by factors of thousands.
const MOST_LOG_SIGMA: f64 = 3.0;

impl ConditionsSpec {
    /// These conditions over others. Of keys that stand in for each other those of one level count.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let mut base = base.clone();
        if self.expert_imbalance.is_some() || self.expert_zipf.is_some() {
            (base.expert_imbalance, base.expert_zipf) = (None, None);
        }
        if self.acceptance.is_some() || self.draft_tokens.is_some() {
            (base.acceptance, base.draft_tokens, base.accepted_tokens) = (None, None, None);
        }
        macro_rules! either {
            ($($field:ident),*) => {
                Self { $($field: self.$field.clone().or(base.$field)),* }
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
    pub fn options(&self, wire: Wire, without_fp8: WithoutFp8) -> Result<Options, Diagnostic> {
        let mut options = Options { wire, without_fp8, ..Options::default() };
        if let Some(share) = &self.network_efficiency {
            options.network_efficiency = at_most_one(share, "network_efficiency")?;
        }
        if let Some(share) = &self.scale_up_efficiency {
            options.scale_up_efficiency = at_most_one(share, "scale_up_efficiency")?;
        }
        options.network_latency_s = self.network_latency_us.map_or(0.0, |us| us.0 / 1e6);
        options.fixed_s = self.fixed_ms.map_or(0.0, |ms| ms.0 / 1e3);
        if let Some(share) = &self.memory_reserve {
            if share.value.0 >= 1.0 {
                let message = format!("`memory_reserve` must be less than 1, not {}", share.0);
                return Err(share.complain(message).help("0.05 keeps a twentieth free"));
            }
            options.memory_reserve = share.value.0;
        }
        options.half_duplex = self.half_duplex.unwrap_or(options.half_duplex);
        options.expert_imbalance = self.imbalance()?;
        if let Some(sigma) = &self.context_log_sigma {
            if sigma.value.0 > MOST_LOG_SIGMA {
                let message = format!("`context_log_sigma` must be at most {MOST_LOG_SIGMA}");
                return Err(sigma
                    .complain(format!("{message}, not {}", sigma.0))
                    .help("contexts would differ by factors of thousands"));
            }
            options.context_spread = log_normal_spread(sigma.value.0);
        }
        options.tile_rows = self.tile_rows.map_or(1.0, |rows| rows.0 as f64);
        self.speculation(&mut options)?;
        Ok(options)
    }

    fn imbalance(&self) -> Result<Imbalance, Diagnostic> {
        match (&self.expert_imbalance, &self.expert_zipf) {
            (None, None) => Ok(Imbalance::Uniform),
            (Some(factor), None) => {
                let factor = at_least_one(factor, "expert_imbalance")?;
                Ok(Imbalance::MaxOverMean(factor))
            }
            (None, Some(exponent)) => {
                Ok(Imbalance::Zipf { exponent: exponent.value.0.min(STEEPEST_ZIPF) })
            }
            (Some(_), Some(exponent)) => Err(exponent
                .complain("`expert_imbalance` and `expert_zipf` both say how experts are used")
                .help("keep one of them")),
        }
    }

    fn speculation(&self, options: &mut Options) -> Result<(), Diagnostic> {
        if let Some(acceptance) = &self.acceptance {
            if self.draft_tokens.is_some() || self.accepted_tokens.is_some() {
                let message = "`acceptance` stands in for `draft_tokens` and `accepted_tokens`";
                return Err(acceptance.complain(message).help("keep one or the other"));
            }
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

    fn instance(&self) -> u32 {
        self.instance_devices.as_ref().map_or(8, devices)
    }

    /// The deployment of a name under these conditions.
    ///
    /// # Errors
    /// If the name cannot be read or its groups do not divide.
    pub fn deployment(&self, name: &At<String>) -> Result<Deployment, Diagnostic> {
        let shape = Shape {
            instance_devices: self.instance(),
            attention_tp: self.attention_tp.as_ref().map(devices),
            expert_tp: self.expert_tp.as_ref().map(devices),
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

    /// What a plan may choose: everything that these conditions do not fix.
    ///
    /// # Errors
    /// If a group does not divide the instance.
    pub fn choices(&self) -> Result<Choices, Diagnostic> {
        let g = self.instance();
        if let Some(instance) = self.instance_devices.as_ref().filter(|_| g > MOST_INSTANCE_DEVICES)
        {
            let message = format!("`instance_devices` of a plan is 1 to {MOST_INSTANCE_DEVICES}");
            return Err(instance.complain(format!("{message}, not {g}")));
        }
        let mut choices = Choices::all(g);
        let groups = [
            ("attention_tp", &self.attention_tp, &mut choices.attention_tp),
            ("expert_tp", &self.expert_tp, &mut choices.expert_tp),
        ];
        for (key, fixed, of) in groups {
            let Some(at) = fixed else { continue };
            let fixed = devices(at);
            if !of.contains(&fixed) {
                let message = format!("`{key}` must divide the {g} devices of an instance");
                return Err(at.complain(format!("{message}, not {fixed}")));
            }
            *of = vec![fixed];
        }
        if let Some(dispatch) = self.dispatch {
            choices.dispatch = vec![dispatch];
        }
        choices.shared_experts_on = self.shared_experts_on.unwrap_or(choices.shared_experts_on);
        choices.dense_layers_on = self.dense_layers_on.unwrap_or(choices.dense_layers_on);
        choices.lm_head_on = self.lm_head_on.unwrap_or(choices.lm_head_on);
        choices.redundant_experts = self.redundant_experts.unwrap_or(choices.redundant_experts);
        Ok(choices)
    }
}

fn devices(count: &At<Count>) -> u32 {
    u32::try_from(count.value.0).unwrap_or(u32::MAX)
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
