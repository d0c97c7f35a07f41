//! The options that say under which conditions a deployment runs: shape, wire, efficiencies,
//! reserve, speculation. Shared by `estimate`, `plan` and `explain`.

use super::axes::refused;
use crate::deploy::context::log_normal_spread;
use crate::deploy::deployment::{Deployment, Dispatch, Side};
use crate::deploy::imbalance::Imbalance;
use crate::deploy::name::{Shape, parse};
use crate::deploy::options::{Options, accepted_tokens};
use crate::machine::hardware::WithoutFp8;
use crate::spec::Diagnostic;
use crate::sweep::shapes::Choices;
use crate::work::dtype::Dtype;
use crate::work::model::Model;
use clap::{Args, ValueEnum};

/// Conditions of a deployment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Conditions")]
pub struct Conditions {
    /// Devices of an attention or FFN instance
    #[arg(long, value_name = "N", default_value_t = 8)]
    instance_devices: u32,
    /// Devices that share one attention rank's heads [default: 1, or the TP of the deployment]
    #[arg(long, value_name = "N")]
    attention_tp: Option<u32>,
    /// Devices that share one expert's width [default: the instance, or the TP of the deployment]
    #[arg(long, value_name = "N")]
    expert_tp: Option<u32>,
    /// Expert copies beyond one each
    #[arg(long, value_name = "N", default_value_t = 0)]
    redundant_experts: u32,
    /// How tokens reach the FFN instances of an AFD deployment [default: broadcast]
    #[arg(long, value_enum, value_name = "HOW")]
    dispatch: Option<DispatchArg>,
    /// Where an AFD deployment runs shared experts
    #[arg(long, value_enum, value_name = "SIDE", default_value_t = SideArg::Ffn)]
    shared_experts_on: SideArg,
    /// Where an AFD deployment runs the FFN of dense layers
    #[arg(long, value_enum, value_name = "SIDE", default_value_t = SideArg::Ffn)]
    dense_layers_on: SideArg,
    /// Where an AFD deployment runs the LM head
    #[arg(long, value_enum, value_name = "SIDE", default_value_t = SideArg::Attention)]
    lm_head_on: SideArg,
    /// Format of the KV cache, if not the model's
    #[arg(long, value_enum, value_name = "FORMAT")]
    kv_cache: Option<CacheArg>,
    /// Bytes per element to the FFN: 1 for FP8
    #[arg(long, value_name = "BYTES", default_value_t = 1.0)]
    dispatch_bytes: f64,
    /// Bytes per element back: 2 for BF16
    #[arg(long, value_name = "BYTES", default_value_t = 2.0)]
    return_bytes: f64,
    /// Share of the network cards' line rate that is reached
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    network_efficiency: f64,
    /// Share of the scale-up links' rate that is reached
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    scale_up_efficiency: f64,
    /// Time of an empty transfer
    #[arg(long, value_name = "US", default_value_t = 0.0)]
    network_latency_us: f64,
    /// Time of a step outside layers and LM head: scheduling, sampling
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    fixed_ms: f64,
    /// Share of device memory that is kept free
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    memory_reserve: f64,
    /// The two directions of a network card take turns
    #[arg(long)]
    half_duplex: bool,
    /// Most loaded expert group over the mean
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    expert_imbalance: f64,
    /// Experts are used as by Zipf's law with this exponent; --redundant-experts evens it out
    #[arg(long, value_name = "EXPONENT", conflicts_with = "expert_imbalance")]
    expert_zipf: Option<f64>,
    /// Contexts are lognormal around --context, with this standard deviation of the logarithm
    #[arg(long, value_name = "SIGMA", default_value_t = 0.0)]
    context_log_sigma: f64,
    /// Rows that matrix products are padded up to, as tiled kernels do
    #[arg(long, value_name = "ROWS", default_value_t = 1)]
    tile_rows: u32,
    /// Tokens drafted per step beside the one that is certain
    #[arg(long, value_name = "N", default_value_t = 0)]
    draft_tokens: u32,
    /// Tokens accepted per step
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    accepted_tokens: f64,
    /// Probability that the first, second ... drafted token is accepted if those before it were;
    /// stands in for --draft-tokens and --accepted-tokens
    #[arg(long, value_name = "P", value_delimiter = ',',
          conflicts_with_all = ["draft_tokens", "accepted_tokens"])]
    acceptance: Vec<f64>,
    /// What 8-bit products run as on a device without FP8
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = WithoutFp8Arg::Bf16)]
    without_fp8: WithoutFp8Arg,
}

/// No instance of a plan has more devices.
const MOST_INSTANCE_DEVICES: u32 = 1024;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DispatchArg {
    /// Every token to every FFN instance
    Broadcast,
    /// Every token to the devices of its experts
    Routed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SideArg {
    Attention,
    Ffn,
}

impl From<DispatchArg> for Dispatch {
    fn from(arg: DispatchArg) -> Self {
        match arg {
            DispatchArg::Broadcast => Self::Broadcast,
            DispatchArg::Routed => Self::Routed,
        }
    }
}

impl From<SideArg> for Side {
    fn from(arg: SideArg) -> Self {
        match arg {
            SideArg::Attention => Self::Attention,
            SideArg::Ffn => Self::Ffn,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CacheArg {
    Bf16,
    Fp8,
    Int8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WithoutFp8Arg {
    Bf16,
    Int8,
}

impl Conditions {
    /// The options of a compiled deployment.
    ///
    /// # Errors
    /// The first value that cannot be meant.
    pub(super) fn options(&self) -> Result<Options, Diagnostic> {
        let mut options = Options {
            network_latency_s: at_least("--network-latency-us", self.network_latency_us, 0.0)?
                / 1e6,
            fixed_s: at_least("--fixed-ms", self.fixed_ms, 0.0)? / 1e3,
            network_efficiency: share("--network-efficiency", self.network_efficiency)?,
            scale_up_efficiency: share("--scale-up-efficiency", self.scale_up_efficiency)?,
            memory_reserve: at_least("--memory-reserve", self.memory_reserve, 0.0)?,
            half_duplex: self.half_duplex,
            expert_imbalance: self.imbalance()?,
            context_spread: log_normal_spread(at_least(
                "--context-log-sigma",
                self.context_log_sigma,
                0.0,
            )?),
            tile_rows: f64::from(self.tile_rows.max(1)),
            query_tokens: 1.0 + f64::from(self.draft_tokens),
            accepted_tokens: at_least("--accepted-tokens", self.accepted_tokens, 1.0)?,
            without_fp8: match self.without_fp8 {
                WithoutFp8Arg::Bf16 => WithoutFp8::Bf16,
                WithoutFp8Arg::Int8 => WithoutFp8::Int8,
            },
            ..Options::default()
        };
        options.wire.dispatch_bytes_per_element =
            positive("--dispatch-bytes", self.dispatch_bytes)?;
        options.wire.combine_bytes_per_element = positive("--return-bytes", self.return_bytes)?;
        if !self.acceptance.is_empty() {
            for &p in &self.acceptance {
                if !(0.0..=1.0).contains(&p) {
                    return Err(number("--acceptance", p, "must be a probability"));
                }
            }
            options.query_tokens = 1.0 + self.acceptance.len() as f64;
            options.accepted_tokens = accepted_tokens(&self.acceptance);
        }
        if options.context_spread > MOST_SPREAD {
            let message = "must be at most 3: contexts would differ by factors of thousands";
            return Err(number("--context-log-sigma", self.context_log_sigma, message));
        }
        if options.memory_reserve >= 1.0 {
            return Err(number("--memory-reserve", self.memory_reserve, "must be less than 1"));
        }
        if options.accepted_tokens > options.query_tokens {
            let message = format!("must be at most 1 + --draft-tokens, {}", options.query_tokens);
            return Err(number("--accepted-tokens", self.accepted_tokens, &message));
        }
        Ok(options)
    }

    fn imbalance(&self) -> Result<Imbalance, Diagnostic> {
        Ok(match self.expert_zipf {
            None => match at_least("--expert-imbalance", self.expert_imbalance, 1.0)? {
                1.0 => Imbalance::Uniform,
                factor => Imbalance::MaxOverMean(factor),
            },
            Some(exponent) => {
                Imbalance::Zipf { exponent: at_least("--expert-zipf", exponent, 0.0)?.min(10.0) }
            }
        })
    }

    /// The deployment of a name under these conditions.
    ///
    /// # Errors
    /// If the name cannot be read or its groups do not divide.
    pub(super) fn deployment(&self, name: &str) -> Result<Deployment, Diagnostic> {
        let shape = Shape {
            instance_devices: self.instance_devices,
            attention_tp: self.attention_tp,
            expert_tp: self.expert_tp,
        };
        let read = parse(name, &shape);
        let mut deployment =
            read.map_err(|wrong| refused("--deployment", name, 0..name.len(), &wrong.0))?;
        match &mut deployment {
            Deployment::Afd(afd) => {
                afd.dispatch = self.dispatch.map(Dispatch::from).unwrap_or_default();
                afd.shared_experts_on = self.shared_experts_on.into();
                afd.dense_layers_on = self.dense_layers_on.into();
                afd.lm_head_on = self.lm_head_on.into();
                afd.redundant_experts = self.redundant_experts;
            }
            Deployment::Colocated(c) => c.redundant_experts = self.redundant_experts,
        }
        Ok(deployment)
    }

    /// What a plan may choose: everything that these conditions do not fix.
    ///
    /// # Errors
    /// If a group does not divide the instance.
    pub(super) fn choices(&self) -> Result<Choices, Diagnostic> {
        let g = self.instance_devices;
        if !(1..=MOST_INSTANCE_DEVICES).contains(&g) {
            let message = format!("must be 1 to {MOST_INSTANCE_DEVICES}");
            return Err(number("--instance-devices", f64::from(g), &message));
        }
        let mut choices = Choices::all(g);
        let groups = [
            ("--attention-tp", self.attention_tp, &mut choices.attention_tp),
            ("--expert-tp", self.expert_tp, &mut choices.expert_tp),
        ];
        for (option, fixed, of) in groups {
            let Some(fixed) = fixed else { continue };
            if !of.contains(&fixed) {
                let message = format!("must divide the {g} devices of an instance");
                return Err(number(option, f64::from(fixed), &message));
            }
            *of = vec![fixed];
        }
        if let Some(dispatch) = self.dispatch {
            choices.dispatch = vec![dispatch.into()];
        }
        choices.shared_experts_on = self.shared_experts_on.into();
        choices.dense_layers_on = self.dense_layers_on.into();
        choices.lm_head_on = self.lm_head_on.into();
        choices.redundant_experts = self.redundant_experts;
        Ok(choices)
    }

    /// The model with the cache format of these conditions.
    pub(super) fn model(&self, model: Model) -> Model {
        let format = match self.kv_cache {
            None => return model,
            Some(CacheArg::Bf16) => Dtype::Bf16,
            Some(CacheArg::Fp8) => Dtype::Fp8,
            Some(CacheArg::Int8) => Dtype::Int8,
        };
        model.with_kv_cache(format)
    }
}

/// Deviation over mean of a lognormal whose logarithm deviates by 3.
const MOST_SPREAD: f64 = 90.02;

fn number(option: &str, value: f64, message: &str) -> Diagnostic {
    let text = value.to_string();
    refused(option, &text, 0..text.len(), &format!("{option} {message}, not {text}"))
}

fn at_least(option: &str, value: f64, least: f64) -> Result<f64, Diagnostic> {
    if value.is_finite() && value >= least && value < 1e9 {
        return Ok(value);
    }
    Err(number(option, value, &format!("must be at least {least} and less than 1e9")))
}

fn positive(option: &str, value: f64) -> Result<f64, Diagnostic> {
    if value > 0.0 {
        at_least(option, value, 0.0)
    } else {
        Err(number(option, value, "must be greater than 0"))
    }
}

fn share(option: &str, value: f64) -> Result<f64, Diagnostic> {
    if (1e-6..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(number(option, value, "must be at least 1e-6 and at most 1"))
}
