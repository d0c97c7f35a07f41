//! The options that say under which conditions a deployment runs: shape, wire, efficiencies,
//! reserve, speculation. Shared by `estimate`, `plan` and `explain`; checked as those of a scenario
//! are, by [`ConditionsSpec`].

use super::axes::refused;
use crate::catalog::for_fidelity;
use crate::deploy::deployment::{Deployment, Dispatch, Side};
use crate::deploy::options::Options;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, WithoutFp8};
use crate::spec::conditions::ConditionsSpec;
use crate::spec::de::At;
use crate::spec::quantity::{Count, NotNegative, Positive};
use crate::spec::source::all_of;
use crate::spec::{Diagnostic, Origin, Source};
use crate::sweep::shapes::Choices;
use crate::work::dtype::Dtype;
use crate::work::model::Model;
use clap::{Args, ValueEnum};

/// Conditions of a deployment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Conditions")]
pub struct Conditions {
    /// Devices of an attention or FFN instance [default: 8]
    #[arg(long, value_name = "N")]
    instance_devices: Option<u32>,
    /// Devices that share one attention rank's heads [default: 1, or the TP of the deployment]
    #[arg(long, value_name = "N")]
    attention_tp: Option<u32>,
    /// Devices that share one expert's width [default: the instance, or the TP of the deployment]
    #[arg(long, value_name = "N")]
    expert_tp: Option<u32>,
    /// Expert copies beyond one each [default: 0]
    #[arg(long, value_name = "N")]
    redundant_experts: Option<u32>,
    /// How tokens reach the FFN instances of an AFD deployment [default: broadcast]
    #[arg(long, value_enum, value_name = "HOW")]
    dispatch: Option<DispatchArg>,
    /// Where an AFD deployment runs shared experts [default: ffn]
    #[arg(long, value_enum, value_name = "SIDE")]
    shared_experts_on: Option<SideArg>,
    /// Where an AFD deployment runs the FFN of dense layers [default: ffn]
    #[arg(long, value_enum, value_name = "SIDE")]
    dense_layers_on: Option<SideArg>,
    /// Where an AFD deployment runs the LM head [default: attention]
    #[arg(long, value_enum, value_name = "SIDE")]
    lm_head_on: Option<SideArg>,
    /// Level of the figures: datasheet peaks, or constants fitted to measurements with the error of
    /// the fits used
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::Roofline)]
    fidelity: Level,
    /// Whose kernels a calibrated estimate is timed by, where a profile has several: trtllm, sglang,
    /// vllm, flashinfer ... [default: the fastest of each family, as engines choose]
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Format of the KV cache, if not the model's
    #[arg(long, value_enum, value_name = "FORMAT")]
    kv_cache: Option<CacheArg>,
    /// Bytes per element to the FFN: 1 for FP8 [default: 1]
    #[arg(long, value_name = "BYTES")]
    dispatch_bytes: Option<f64>,
    /// Bytes per element back: 2 for BF16 [default: 2]
    #[arg(long, value_name = "BYTES")]
    return_bytes: Option<f64>,
    /// Share of the network cards' line rate that is reached [default: 1]
    #[arg(long, value_name = "SHARE")]
    network_efficiency: Option<f64>,
    /// Share of the scale-up links' rate that is reached [default: 1]
    #[arg(long, value_name = "SHARE")]
    scale_up_efficiency: Option<f64>,
    /// Time of an empty transfer [default: 0]
    #[arg(long, value_name = "US")]
    network_latency_us: Option<f64>,
    /// Time of a step outside layers and LM head: scheduling, sampling [default: 0]
    #[arg(long, value_name = "MS")]
    fixed_ms: Option<f64>,
    /// Share of device memory that is kept free [default: 0.05]
    #[arg(long, value_name = "SHARE")]
    memory_reserve: Option<f64>,
    /// The two directions of a network card take turns
    #[arg(long)]
    half_duplex: bool,
    /// Most loaded expert group over the mean [default: 1]
    #[arg(long, value_name = "FACTOR")]
    expert_imbalance: Option<f64>,
    /// Experts are used as by Zipf's law with this exponent; --redundant-experts evens it out
    #[arg(long, value_name = "EXPONENT", conflicts_with = "expert_imbalance")]
    expert_zipf: Option<f64>,
    /// Contexts are lognormal around --context, with this standard deviation of the logarithm [default: 0]
    #[arg(long, value_name = "SIGMA")]
    context_log_sigma: Option<f64>,
    /// Rows that matrix products are padded up to, as tiled kernels do [default: 1]
    #[arg(long, value_name = "ROWS")]
    tile_rows: Option<u32>,
    /// Tokens drafted per step beside the one that is certain [default: 0]
    #[arg(long, value_name = "N")]
    draft_tokens: Option<u32>,
    /// Tokens accepted per step [default: 1]
    #[arg(long, value_name = "N")]
    accepted_tokens: Option<f64>,
    /// Probability that the first, second ... drafted token is accepted if those before it were;
    /// stands in for --draft-tokens and --accepted-tokens
    #[arg(long, value_name = "P", value_delimiter = ',',
          conflicts_with_all = ["draft_tokens", "accepted_tokens"])]
    acceptance: Vec<f64>,
    /// What 8-bit products run as on a device without FP8
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = WithoutFp8Arg::Bf16)]
    without_fp8: WithoutFp8Arg,
}

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

/// A level that deployments are estimated at.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Level {
    /// Datasheet peaks
    Roofline,
    /// Constants fitted to measurements
    Calibrated,
}

impl From<Level> for Fidelity {
    fn from(level: Level) -> Self {
        match level {
            Level::Roofline => Self::Roofline,
            Level::Calibrated => Self::Calibrated,
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
    /// The same as a spec has them, each with its option as its place.
    fn spec(&self) -> Result<ConditionsSpec, Diagnostic> {
        let count = |option: &str, n: Option<u32>| given(option, n, |n| Count::new(u64::from(n)));
        Ok(ConditionsSpec {
            instance_devices: count("--instance-devices", self.instance_devices)?,
            attention_tp: count("--attention-tp", self.attention_tp)?,
            expert_tp: count("--expert-tp", self.expert_tp)?,
            redundant_experts: self.redundant_experts,
            dispatch: self.dispatch.map(Dispatch::from),
            shared_experts_on: self.shared_experts_on.map(Side::from),
            dense_layers_on: self.dense_layers_on.map(Side::from),
            lm_head_on: self.lm_head_on.map(Side::from),
            network_efficiency: positive("--network-efficiency", self.network_efficiency)?,
            scale_up_efficiency: positive("--scale-up-efficiency", self.scale_up_efficiency)?,
            network_latency_us: not_negative("--network-latency-us", self.network_latency_us)?
                .map(|at| at.value),
            fixed_ms: not_negative("--fixed-ms", self.fixed_ms)?.map(|at| at.value),
            memory_reserve: not_negative("--memory-reserve", self.memory_reserve)?,
            half_duplex: Some(self.half_duplex),
            expert_imbalance: positive("--expert-imbalance", self.expert_imbalance)?,
            expert_zipf: not_negative("--expert-zipf", self.expert_zipf)?,
            context_log_sigma: not_negative("--context-log-sigma", self.context_log_sigma)?,
            tile_rows: count("--tile-rows", self.tile_rows)?.map(|at| at.value),
            acceptance: self.acceptance()?,
            draft_tokens: self.draft_tokens,
            accepted_tokens: positive("--accepted-tokens", self.accepted_tokens)?,
        })
    }

    fn acceptance(&self) -> Result<Option<At<Vec<NotNegative>>>, Diagnostic> {
        if self.acceptance.is_empty() {
            return Ok(None);
        }
        let text: Vec<String> = self.acceptance.iter().map(f64::to_string).collect();
        let text = text.join(",");
        let wrong = |message: String| {
            let message = format!("--acceptance {message}");
            refused("--acceptance", &text, 0..text.len(), &message)
        };
        let all = self.acceptance.iter().map(|&p| NotNegative::new(p).map_err(wrong));
        let value = all.collect::<Result<_, _>>()?;
        Ok(Some(At { value, origin: Some(whole("--acceptance", &text)) }))
    }

    /// The options of a compiled deployment.
    ///
    /// # Errors
    /// The first value that cannot be meant.
    pub(super) fn options(&self) -> Result<Options, Diagnostic> {
        let mut wire = Options::default().wire;
        if let Some(bytes) = positive("--dispatch-bytes", self.dispatch_bytes)? {
            wire.dispatch_bytes_per_element = bytes.value.0;
        }
        if let Some(bytes) = positive("--return-bytes", self.return_bytes)? {
            wire.combine_bytes_per_element = bytes.value.0;
        }
        let without_fp8 = match self.without_fp8 {
            WithoutFp8Arg::Bf16 => WithoutFp8::Bf16,
            WithoutFp8Arg::Int8 => WithoutFp8::Int8,
        };
        let mut options = self.spec()?.options(wire, without_fp8)?;
        options.fidelity = self.fidelity.into();
        Ok(options)
    }

    /// A hardware at the fidelity of these conditions, with the kernels of the backend that these conditions name.
    ///
    /// # Errors
    /// If nothing of that backend was measured on it.
    pub(super) fn hardware(&self, hardware: Hardware) -> Result<Hardware, Diagnostic> {
        let mut hardware = for_fidelity(hardware, self.fidelity.into());
        let Some(backend) = &self.backend else { return Ok(hardware) };
        let known = hardware.calibration.backends();
        if !known.contains(&backend.as_str()) {
            let message = format!("nothing of `{backend}` is fitted for {}", hardware.name);
            let complaint = refused("--backend", backend, 0..backend.len(), &message);
            return Err(complaint.help(format!("there is {}", all_of(&known))));
        }
        hardware.calibration = hardware.calibration.of_backend(backend);
        Ok(hardware)
    }

    /// The deployment of a name under these conditions.
    ///
    /// # Errors
    /// If the name cannot be read or its groups do not divide.
    pub(super) fn deployment(&self, name: &str) -> Result<Deployment, Diagnostic> {
        let origin = Some(whole("--deployment", name));
        self.spec()?.deployment(&At { value: name.to_owned(), origin })
    }

    /// What a plan may choose: everything that these conditions do not fix.
    ///
    /// # Errors
    /// If a group does not divide the instance.
    pub(super) fn choices(&self) -> Result<Choices, Diagnostic> {
        self.spec()?.choices()
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

/// A checked value of an option, with the option as its place.
pub(super) fn given<T: Copy + ToString, V>(
    option: &str,
    value: Option<T>,
    check: impl Fn(T) -> Result<V, String>,
) -> Result<Option<At<V>>, Diagnostic> {
    let Some(value) = value else { return Ok(None) };
    let text = value.to_string();
    match check(value) {
        Ok(value) => Ok(Some(At { value, origin: Some(whole(option, &text)) })),
        Err(message) => Err(refused(option, &text, 0..text.len(), &format!("{option} {message}"))),
    }
}

fn positive(option: &str, value: Option<f64>) -> Result<Option<At<Positive>>, Diagnostic> {
    given(option, value, Positive::new)
}

fn not_negative(option: &str, value: Option<f64>) -> Result<Option<At<NotNegative>>, Diagnostic> {
    given(option, value, NotNegative::new)
}

/// The whole text of an option.
fn whole(option: &str, text: &str) -> Origin {
    Origin::new(&Source::new(option, text), 0..text.len())
}
