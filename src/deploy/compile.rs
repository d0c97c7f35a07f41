//! A model on a deployment on hardware, compiled: everything that does not depend on the batch,
//! the micro-batches or the context is worked out once, so that evaluating a point is arithmetic
//! on a small struct (`estimate`).

use super::deployment::Deployment;
use super::imbalance::Skew;
use super::legal::{Refused, legal};
use super::lm_head::LmHead;
use super::memory::Held;
use super::network::Transfer;
use super::options::Options;
use super::pipeline::Sharing;
use super::rates::{FitId, SmallKernels};
use super::straggler::expected_max;
use crate::machine::calibration::Fit;
use crate::machine::calibration::attention::AttentionRate;
use crate::machine::calibration::gemm::ExpertRate;
use crate::machine::hardware::Hardware;
use crate::machine::kernel::GemmRate;
use crate::units::UsdPerSecond;
use crate::work::attention::CoreShape;
use crate::work::batch::{ExpertWork, Gemm};
use crate::work::model::{Model, Run};
use std::sync::Arc;

/// Most turns from one kind of layer to another that an estimate follows.
pub const MOST_TURNS: usize = 128;

/// A product and the constants of its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedGemm {
    /// The product.
    pub gemm: Gemm,
    /// Its constants.
    pub rate: GemmRate,
    /// Where they are from.
    pub fit: FitId,
}

/// One device's routed experts and the constants of their time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedExperts {
    /// The experts.
    pub work: ExpertWork,
    /// Their constants.
    pub rate: ExpertRate,
    /// Where these are from.
    pub fit: FitId,
    /// Those of the kernel that is faster for few rows, where it is another: engines pick by load.
    pub few: Option<(ExpertRate, FitId)>,
}

/// One attention design on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionKind {
    /// The spec's name for it.
    pub name: String,
    /// Projections, and what mixes the residual stream in every such layer.
    pub gemms: Vec<TimedGemm>,
    /// The core for one query token.
    pub core: CoreShape,
    /// Constants of the core's time.
    pub core_rate: AttentionRate,
    /// Where they are from.
    pub core_fit: FitId,
    /// Context tokens that a core sees at most.
    pub seen_tokens: f64,
    /// Kernels that only move rows.
    pub small: SmallKernels,
}

/// One FFN design on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct FfnKind {
    /// The spec's name for it.
    pub name: String,
    /// Products that every token of the micro-batch passes: shared experts, dense blocks.
    pub gemms: Vec<TimedGemm>,
    /// Share of the micro-batch's rows that one device passes through them.
    pub gemm_rows: f64,
    /// Products over an attention device's own tokens: what was left on the attention side.
    pub near_gemms: Vec<TimedGemm>,
    /// Routed experts.
    pub experts: Option<TimedExperts>,
    /// Expert groups that share the micro-batch's rows.
    pub expert_groups: f64,
    /// How unequally they are used.
    pub skew: Skew,
    /// Attention to FFN.
    pub dispatch: Transfer,
    /// FFN to attention.
    pub combine: Transfer,
    /// Kernels that only move an attention device's rows.
    pub small: SmallKernels,
}

/// Consecutive layers of one attention and one FFN design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerKind {
    /// How many.
    pub layers: u32,
    /// Place in [`Compiled::attention`].
    pub attention: usize,
    /// Place in [`Compiled::ffn`].
    pub ffn: usize,
}

/// A compiled deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// Attention designs.
    pub attention: Vec<AttentionKind>,
    /// FFN designs.
    pub ffn: Vec<FfnKind>,
    /// The layers in order.
    pub layers: Vec<LayerKind>,
    /// Which pipeline stages share a resource.
    pub sharing: Sharing,
    /// Data-parallel attention ranks.
    pub attention_ranks: f64,
    /// By how many mean contexts the slowest rank's total exceeds its share, times the square root
    /// of its requests (`straggler`).
    pub straggling: f64,
    /// Pipeline stages that the layers are split over.
    pub pipeline_stages: f64,
    /// Share of the layers that the stage with the most of them has.
    pub slowest_stage: f64,
    /// From one pipeline stage to the next.
    pub stage_transfer: Transfer,
    /// The LM head, once per step.
    pub lm_head: LmHead,
    /// What an attention device holds.
    pub attention_memory: Held,
    /// What an FFN device holds; nothing where the sides are one.
    pub ffn_memory: Option<Held>,
    /// Devices in all.
    pub devices: f64,
    /// Price of all devices together.
    pub price: UsdPerSecond,
    /// Conditions.
    pub options: Options,
    /// What [`FitId`]s of the attention side point into.
    pub attention_fits: Arc<Vec<Fit>>,
    /// And those of the FFN side.
    pub ffn_fits: Arc<Vec<Fit>>,
}

/// The hardware of the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Pools<'a> {
    /// Of the attention side, or of everything.
    pub attention: &'a Hardware,
    /// Of the FFN side.
    pub ffn: &'a Hardware,
}

/// Compiles a deployment at the fidelity of its options.
///
/// # Errors
/// If the model cannot be split so, or a profile lacks a figure that the deployment needs.
pub fn compile(
    model: &Model,
    deployment: &Deployment,
    pools: Pools,
    options: Options,
) -> Result<Compiled, Refused> {
    legal(model, deployment)?;
    Ok(match deployment {
        Deployment::Afd(afd) => super::afd::compile(model, afd, pools, options)?,
        Deployment::Colocated(colocated) => {
            super::colocated::compile(model, colocated, pools.attention, options)?
        }
    })
}

/// Spread of the contexts, in mean contexts, times the expected maximum of as many standard
/// normals as there are ranks: the pipeline waits for the slowest.
pub(super) fn straggling(options: &Options, ranks: u32) -> f64 {
    if options.context_spread == 0.0 {
        return 0.0;
    }
    options.context_spread * expected_max(0.0, 1.0, f64::from(ranks)).max(0.0)
}

/// The layers in order, equal neighbours folded; by kind only where the order has more turns than
/// an estimate follows. A step that drafts runs the MTP layers once per drafted token.
pub(super) fn layer_kinds(model: &Model, options: &Options) -> Vec<LayerKind> {
    let drafts = (options.query_tokens - 1.0) as u64;
    let mtp = model.mtp.iter().flat_map(|mtp| &mtp.runs);
    let drafting = mtp.map(|run| Run { count: run.count * drafts, layer: run.layer });
    let runs = model.runs.iter().copied().chain(drafting).filter(|run| run.count > 0);
    let kind = |run: Run| LayerKind {
        layers: run.count as u32,
        attention: run.layer.attention,
        ffn: run.layer.ffn,
    };
    let in_order: Vec<LayerKind> = runs.map(kind).collect();
    if in_order.len() <= MOST_TURNS {
        return in_order;
    }
    let mut kinds: Vec<LayerKind> = Vec::new();
    for run in in_order {
        let same = |k: &&mut LayerKind| k.attention == run.attention && k.ffn == run.ffn;
        match kinds.iter_mut().find(same) {
            Some(kind) => kind.layers += run.layers,
            None => kinds.push(run),
        }
    }
    kinds.truncate(MOST_TURNS);
    kinds
}

/// Bytes per element of rows that tensor parallelism sums: BF16.
pub(super) const SUM_BYTES: f64 = 2.0;
