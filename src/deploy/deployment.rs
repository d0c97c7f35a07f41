//! Deployments as described: how many devices, in what groups, doing what. Nothing here is a time.
//!
//! - **AFD** (`xAyF`): x attention instances and y FFN instances of g devices each. Attention is
//!   data-parallel over tensor-parallel groups; the FFN's experts are split over the instances,
//!   and within one by width (TP), by expert (EP) or both. A token goes to every FFN instance
//!   (broadcast) or only where its experts are (routed).
//! - **Colocated**: every device does both. Attention is data-parallel over tensor-parallel groups,
//!   experts are split over all devices (EP), by width (TP) or both; layers may be split over
//!   pipeline stages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How tokens reach the FFN instances of an AFD deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dispatch {
    /// Every token to every FFN instance; the attention side adds up what comes back.
    #[default]
    Broadcast,
    /// Every token to the devices that hold its experts.
    Routed,
}

impl Dispatch {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Routed => "routed",
        }
    }
}

/// Where a part of the model runs in an AFD deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// On the attention devices.
    Attention,
    /// On the FFN devices.
    Ffn,
}

/// Attention-FFN disaggregation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Afd {
    /// x.
    pub attention_instances: u32,
    /// y.
    pub ffn_instances: u32,
    /// Devices of an attention instance.
    pub attention_instance_devices: u32,
    /// Devices of an FFN instance.
    pub ffn_instance_devices: u32,
    /// Devices that share one attention rank's heads; 1 is pure data parallelism.
    pub attention_tp: u32,
    /// Devices of an FFN instance that share one expert's width; the instance's other factor is
    /// expert parallelism.
    pub expert_tp: u32,
    /// How tokens reach the FFN instances.
    pub dispatch: Dispatch,
    /// Where shared experts run.
    pub shared_experts_on: Side,
    /// Where dense layers' FFN runs.
    pub dense_layers_on: Side,
    /// Where the LM head runs.
    pub lm_head_on: Side,
    /// Expert copies beyond one each, over all FFN devices.
    pub redundant_experts: u32,
}

/// Attention and FFN on the same devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colocated {
    /// Devices in all.
    pub devices: u32,
    /// Devices that share one attention rank's heads.
    pub attention_tp: u32,
    /// Devices that share one expert's width; the other factor is expert parallelism.
    pub expert_tp: u32,
    /// Pipeline stages that the layers are split over.
    pub pipeline_stages: u32,
    /// Expert copies beyond one each, over all devices.
    pub redundant_experts: u32,
}

/// A deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// Attention and FFN on devices of their own.
    Afd(Afd),
    /// Attention and FFN on the same devices.
    Colocated(Colocated),
}

/// Why a deployment cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Illegal(pub String);

impl Afd {
    /// `xAyF` with instances of eight, attention data-parallel, the FFN tensor-parallel within an
    /// instance: Step-3's deployment (paper, section 7.3).
    #[must_use]
    pub const fn step3(attention_instances: u32, ffn_instances: u32) -> Self {
        Self {
            attention_instances,
            ffn_instances,
            attention_instance_devices: 8,
            ffn_instance_devices: 8,
            attention_tp: 1,
            expert_tp: 8,
            dispatch: Dispatch::Broadcast,
            shared_experts_on: Side::Ffn,
            dense_layers_on: Side::Ffn,
            lm_head_on: Side::Attention,
            redundant_experts: 0,
        }
    }

    /// Devices of the attention side.
    #[must_use]
    pub const fn attention_devices(&self) -> u32 {
        self.attention_instances.saturating_mul(self.attention_instance_devices)
    }

    /// Devices of the FFN side.
    #[must_use]
    pub const fn ffn_devices(&self) -> u32 {
        self.ffn_instances.saturating_mul(self.ffn_instance_devices)
    }

    /// Whether the devices of an FFN instance share widths, so that each needs every row that the
    /// instance gets. Otherwise each passes its own rows through shared experts and dense blocks.
    #[must_use]
    pub const fn gathers(&self) -> bool {
        self.expert_tp > 1
    }

    /// Devices that share the width of shared experts and dense blocks. With broadcast every
    /// instance has every row, and their sums meet on the attention side.
    #[must_use]
    pub const fn whole_width_parts(&self) -> u32 {
        let inside = if self.gathers() { self.ffn_instance_devices } else { 1 };
        match self.dispatch {
            Dispatch::Broadcast => inside * self.ffn_instances,
            Dispatch::Routed => inside,
        }
    }

    /// Groups that the routed experts are dealt out to.
    #[must_use]
    pub const fn expert_groups(&self) -> u32 {
        self.ffn_devices() / self.expert_tp
    }
}

impl Deployment {
    /// Devices in all.
    #[must_use]
    pub const fn devices(&self) -> u32 {
        match self {
            Self::Afd(afd) => afd.attention_devices().saturating_add(afd.ffn_devices()),
            Self::Colocated(colocated) => colocated.devices,
        }
    }

    /// The paper's three micro-batches for AFD, two for wide EP (two-batch overlap), one per
    /// pipeline stage, one otherwise.
    #[must_use]
    pub const fn default_micro_batches(&self) -> u32 {
        match self {
            Self::Afd(_) => 3,
            Self::Colocated(c) if c.pipeline_stages > 1 => c.pipeline_stages,
            Self::Colocated(c) if c.devices > c.expert_tp => 2,
            Self::Colocated(_) => 1,
        }
    }

    /// Devices that share one attention rank's heads.
    #[must_use]
    pub const fn attention_tp(&self) -> u32 {
        match self {
            Self::Afd(afd) => afd.attention_tp,
            Self::Colocated(c) => c.attention_tp,
        }
    }

    /// How the experts are split inside a stage or an FFN instance: `TP8`, `EP8` or `TP2xEP4`.
    #[must_use]
    pub fn experts(&self) -> String {
        let (tp, devices) = match self {
            Self::Afd(afd) => (afd.expert_tp, afd.ffn_instance_devices),
            Self::Colocated(c) => (c.expert_tp, c.devices / c.pipeline_stages),
        };
        match (tp, devices / tp) {
            (1, 1) => "1".to_owned(),
            (1, n) => format!("EP{n}"),
            (t, 1) => format!("TP{t}"),
            (t, n) => format!("TP{t}xEP{n}"),
        }
    }

    /// The short name for tables: `2A2F`, `EP128`, `TP8`, `TP2xEP4`, `PP4`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Afd(afd) => format!("{}A{}F", afd.attention_instances, afd.ffn_instances),
            Self::Colocated(c) => match (c.pipeline_stages, c.devices / c.pipeline_stages) {
                (1, _) => self.experts(),
                (p, 1) => format!("PP{p}"),
                (p, _) => format!("PP{p}x{}", self.experts()),
            },
        }
    }

    /// Checks what does not depend on a model.
    ///
    /// # Errors
    /// What does not divide, in words.
    pub fn check(&self) -> Result<(), Illegal> {
        let divides = |part: u32, whole: u32, what: &str| {
            if part == 0 || whole == 0 || !whole.is_multiple_of(part) {
                return Err(Illegal(format!("{what}: {part} does not divide {whole}")));
            }
            Ok(())
        };
        match self {
            Self::Afd(afd) => {
                let tp = (afd.attention_tp, afd.attention_instance_devices);
                divides(tp.0, tp.1, "attention TP against the devices of an attention instance")?;
                let tp = (afd.expert_tp, afd.ffn_instance_devices);
                divides(tp.0, tp.1, "expert TP against the devices of an FFN instance")?;
                divides(1, afd.attention_instances, "attention instances")?;
                divides(1, afd.ffn_instances, "FFN instances")
            }
            Self::Colocated(c) => {
                divides(c.pipeline_stages, c.devices, "pipeline stages against devices")?;
                let stage = c.devices / c.pipeline_stages;
                divides(c.attention_tp, stage, "attention TP against the devices of a stage")?;
                divides(c.expert_tp, stage, "expert TP against the devices of a stage")
            }
        }
    }
}
