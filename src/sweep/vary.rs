//! A deployment at a point, with its inputs turned up or down: what sensitivities and uncertainties
//! are made of. The batch stays what it was planned to be; what changes is what it then gives.

use super::levers::Lever;
use crate::deploy::compile::{Pools, compile};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::{Estimate, Point};
use crate::deploy::imbalance::Imbalance;
use crate::deploy::legal::Refused;
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::work::model::Model;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An input that may vary. Its value is a factor on what the scenario has, or where it says so the
/// input's own value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Price of a device: a factor.
    Price,
    /// Arithmetic reached: a factor on the peak.
    Compute,
    /// Memory bandwidth reached: a factor.
    MemoryBandwidth,
    /// Network cards' rate reached: a factor.
    Network,
    /// Scale-up links' rate reached: a factor.
    ScaleUp,
    /// Context of the requests: a factor.
    Context,
    /// Requests in flight: a factor.
    Batch,
    /// Tokens accepted per step: its own value, at most 1 + drafted ones.
    AcceptedTokens,
    /// Most loaded expert group over the mean: its own value, at least 1.
    ExpertImbalance,
}

impl Input {
    /// The word for it in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Compute => "compute",
            Self::MemoryBandwidth => "memory_bandwidth",
            Self::Network => "network",
            Self::ScaleUp => "scale_up",
            Self::Context => "context",
            Self::Batch => "batch",
            Self::AcceptedTokens => "accepted_tokens",
            Self::ExpertImbalance => "expert_imbalance",
        }
    }

    /// Whether it belongs to a hardware.
    #[must_use]
    pub const fn of_hardware(self) -> bool {
        matches!(
            self,
            Self::Price | Self::Compute | Self::MemoryBandwidth | Self::Network | Self::ScaleUp
        )
    }
}

/// An input, of one hardware or of all that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// The input.
    pub input: Input,
    /// The hardware's name, where it is of one only.
    pub hardware: Option<String>,
}

impl Knob {
    /// What tables call it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.hardware {
            Some(hardware) => format!("{} of {hardware}", self.input.name()),
            None => self.input.name().to_owned(),
        }
    }

    fn is_of(&self, hardware: &Hardware) -> bool {
        self.hardware.as_ref().is_none_or(|name| *name == hardware.name)
    }
}

/// A deployment of a model on hardware, at a point, under conditions.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The model.
    pub model: Model,
    /// The deployment.
    pub deployment: Deployment,
    /// Hardware of the attention side, or of everything.
    pub attention: Hardware,
    /// Hardware of the FFN side.
    pub ffn: Hardware,
    /// Conditions.
    pub options: Options,
    /// Where it runs.
    pub point: Point,
}

/// Inputs are kept within these factors, so that nothing becomes zero or infinite.
const WIDEST: f64 = 1e6;

impl Setting {
    /// What it gives.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn estimate(&self) -> Result<Estimate, Refused> {
        let pools = Pools { attention: &self.attention, ffn: &self.ffn };
        Ok(compile(&self.model, &self.deployment, pools, self.options)?.estimate(self.point))
    }

    /// The value of an input as the scenario has it; nothing where it cannot vary here.
    #[must_use]
    pub fn base(&self, knob: &Knob) -> Option<f64> {
        let hardware = [&self.attention, &self.ffn];
        match knob.input {
            input if input.of_hardware() => hardware.iter().any(|h| knob.is_of(h)).then_some(1.0),
            Input::AcceptedTokens => {
                self.options.drafting().then_some(self.options.accepted_tokens)
            }
            Input::ExpertImbalance => match self.options.expert_imbalance {
                Imbalance::Uniform => Some(1.0),
                Imbalance::MaxOverMean(factor) => Some(factor),
                // A law has no one number for every number of groups.
                Imbalance::Zipf { .. } => None,
            },
            _ => Some(1.0),
        }
    }

    /// Between which values an input can be.
    #[must_use]
    pub fn limits(&self, knob: &Knob) -> (f64, f64) {
        match knob.input {
            Input::AcceptedTokens => (1.0, self.options.query_tokens),
            Input::ExpertImbalance => (1.0, WIDEST),
            _ => (1.0 / WIDEST, WIDEST),
        }
    }

    /// The same with an input at another value, which is brought within what it can be.
    #[must_use]
    pub fn with(mut self, knob: &Knob, value: f64) -> Self {
        let (least, most) = self.limits(knob);
        let value = value.clamp(least, most);
        let lever = match knob.input {
            Input::Compute => Some(Lever::Compute),
            Input::MemoryBandwidth => Some(Lever::MemoryBandwidth),
            Input::Network => Some(Lever::Network),
            Input::ScaleUp => Some(Lever::ScaleUp),
            _ => None,
        };
        for hardware in [&mut self.attention, &mut self.ffn] {
            if !knob.is_of(hardware) {
                continue;
            }
            if let Some(lever) = lever {
                *hardware = lever.pulled(hardware, value);
            }
            if let (Input::Price, Some(price)) = (knob.input, hardware.prices.first_mut()) {
                price.rate = price.rate * value;
            }
        }
        let options = &mut self.options;
        match knob.input {
            Input::Context => self.point.context *= value,
            Input::Batch => {
                let batch = (self.point.batch as f64 * value).round().max(1.0);
                self.point.batch = batch.max(f64::from(self.point.micro_batches)) as u64;
            }
            Input::AcceptedTokens => {
                options.accepted_tokens = value;
            }
            Input::ExpertImbalance => {
                options.expert_imbalance = Imbalance::MaxOverMean(value);
            }
            _ => {}
        }
        self
    }
}
