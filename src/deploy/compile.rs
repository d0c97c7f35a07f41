//! A model on a deployment on hardware, compiled: everything that does not depend on the batch,
//! the micro-batches or the context is worked out once, so that evaluating a point is arithmetic
//! on a small struct (`estimate`).

use super::deployment::{Afd, Deployment, Dispatch, Side};
use super::legal::{Refused, legal};
use super::memory::{self, Held};
use super::network::{Transfer, card_s_per_byte, group_s_per_byte};
use super::options::Options;
use super::pipeline::Sharing;
use super::straggler::expected_max;
use crate::machine::hardware::{Hardware, Unknown};
use crate::machine::roofline::KernelRate;
use crate::units::UsdPerSecond;
use crate::work::attention::CoreShape;
use crate::work::batch::{ExpertWork, Gemm, attention_work, dense_gemms, expert_work, gated_gemms};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Ffn, Moe};
use crate::work::matrix::Matrix;
use crate::work::model::{Model, Run};

/// Most turns from one kind of layer to another that an estimate follows.
pub const MOST_TURNS: usize = 128;

/// A product and the constants of its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedGemm {
    /// The product.
    pub gemm: Gemm,
    /// Its constants.
    pub rate: KernelRate,
}

/// One attention design on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionKind {
    /// The spec's name for it.
    pub name: String,
    /// Projections, and whatever of the FFN runs on the attention side in every such layer.
    pub gemms: Vec<TimedGemm>,
    /// The core for one query token.
    pub core: CoreShape,
    /// Constants of the core's time.
    pub core_rate: KernelRate,
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
    pub experts: Option<(ExpertWork, KernelRate)>,
    /// Expert groups that share the micro-batch's rows.
    pub expert_groups: f64,
    /// Load of the busiest group over the mean.
    pub imbalance: f64,
    /// Attention to FFN.
    pub dispatch: Transfer,
    /// FFN to attention.
    pub combine: Transfer,
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
    /// The LM head on an attention device.
    pub lm_head: TimedGemm,
    /// Requests of an instance share the head's weights: rows per request of one rank.
    pub lm_head_rows: f64,
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
}

/// The hardware of the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Pools<'a> {
    /// Of the attention side, or of everything.
    pub attention: &'a Hardware,
    /// Of the FFN side.
    pub ffn: &'a Hardware,
}

/// Compiles a deployment at datasheet rates.
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
        Deployment::Afd(afd) => AfdCompiler { model, afd, pools, options }.compile()?,
        Deployment::Colocated(colocated) => {
            super::colocated::compile(model, colocated, pools.attention, options)?
        }
    })
}

/// Rates of one device for products of a model.
pub(super) struct Rates<'a> {
    pub hardware: &'a Hardware,
    pub options: &'a Options,
    pub activations: Dtype,
}

impl Rates<'_> {
    pub(super) fn of(&self, format: Dtype) -> Result<KernelRate, Unknown> {
        KernelRate::roofline(self.hardware, format, self.options.without_fp8)
    }

    pub(super) fn timed(&self, gemm: Gemm) -> Result<TimedGemm, Unknown> {
        Ok(TimedGemm { gemm, rate: self.of(self.activations)? })
    }

    /// A product that runs in a format of its own, such as a router's.
    pub(super) fn timed_in(&self, gemm: Gemm, format: Dtype) -> Result<TimedGemm, Unknown> {
        Ok(TimedGemm { gemm, rate: self.of(format)? })
    }

    pub(super) fn all(
        &self,
        gemms: impl IntoIterator<Item = Gemm>,
    ) -> Result<Vec<TimedGemm>, Unknown> {
        gemms.into_iter().map(|gemm| self.timed(gemm)).collect()
    }
}

/// Every attention design of a model on one device of a group of `tp`.
pub(super) fn attention_kinds(
    model: &Model,
    rates: &Rates,
    tp: u32,
) -> Result<Vec<AttentionKind>, Unknown> {
    let kind = |named: &crate::work::model::Named<_>| {
        let precision = model.precision;
        let work = attention_work(
            &named.design,
            model.hidden_size,
            tp,
            precision.weights,
            precision.activations,
        );
        Ok(AttentionKind {
            name: named.name.clone(),
            gemms: rates.all(work.gemms)?,
            core_rate: rates.of(work.core.format)?,
            core: work.core,
        })
    };
    model.attentions.iter().map(kind).collect()
}

/// Spread of the contexts, in mean contexts, times the expected maximum of as many standard
/// normals as there are ranks: the pipeline waits for the slowest.
pub(super) fn straggling(options: &Options, ranks: u32) -> f64 {
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

/// The LM head, split by vocabulary over `parts` devices.
pub(super) fn lm_head(model: &Model, rates: &Rates, parts: u32) -> Result<TimedGemm, Unknown> {
    let head = Matrix::new("lm_head", model.hidden_size, model.vocabulary_size);
    let precision = model.precision;
    let head = head.split(u64::from(parts), false);
    rates.timed(Gemm::new(&head, parts, precision.weights, precision.activations))
}

/// Bytes per element of rows that tensor parallelism sums: BF16.
pub(super) const SUM_BYTES: f64 = 2.0;

struct AfdCompiler<'a> {
    model: &'a Model,
    afd: &'a Afd,
    pools: Pools<'a>,
    options: Options,
}

impl AfdCompiler<'_> {
    fn compile(&self) -> Result<Compiled, Unknown> {
        let (model, afd) = (self.model, self.afd);
        let near = self.rates(self.pools.attention);
        let far = self.rates(self.pools.ffn);
        let ffn =
            model.ffns.iter().map(|named| self.ffn_kind(&named.name, &named.design, &near, &far));
        let price = self.pools.attention.price()?.rate * f64::from(afd.attention_devices())
            + self.pools.ffn.price()?.rate * f64::from(afd.ffn_devices());
        let ranks = afd.attention_devices() / afd.attention_tp;
        Ok(Compiled {
            attention: attention_kinds(model, &near, afd.attention_tp)?,
            ffn: ffn.collect::<Result<_, _>>()?,
            layers: layer_kinds(model, &self.options),
            sharing: Sharing { compute: false, link: self.options.half_duplex },
            attention_ranks: f64::from(ranks),
            straggling: straggling(&self.options, ranks),
            pipeline_stages: 1.0,
            slowest_stage: 1.0,
            stage_transfer: Transfer::default(),
            lm_head: lm_head(model, &near, afd.attention_instance_devices)?,
            lm_head_rows: f64::from(afd.attention_instance_devices / afd.attention_tp),
            attention_memory: memory::afd_attention(
                model,
                afd,
                self.pools.attention,
                &self.options,
            )?,
            ffn_memory: Some(memory::afd_ffn(model, afd, self.pools.ffn, &self.options)?),
            devices: f64::from(afd.attention_devices() + afd.ffn_devices()),
            price,
            options: self.options,
        })
    }

    fn rates<'b>(&'b self, hardware: &'b Hardware) -> Rates<'b> {
        Rates { hardware, options: &self.options, activations: self.model.precision.activations }
    }

    fn ffn_kind(
        &self,
        name: &str,
        ffn: &Ffn,
        near: &Rates,
        far: &Rates,
    ) -> Result<FfnKind, Unknown> {
        let mut kind = FfnKind {
            name: name.to_owned(),
            gemms: Vec::new(),
            gemm_rows: self.whole_rows(),
            near_gemms: Vec::new(),
            experts: None,
            expert_groups: f64::from(self.afd.expert_groups()),
            imbalance: 1.0,
            dispatch: Transfer::default(),
            combine: Transfer::default(),
        };
        let precision = self.model.precision;
        let (weights, activations) = (ffn.weights(precision.weights), precision.activations);
        let h = self.model.hidden_size;
        match ffn {
            Ffn::Dense(dense) if self.afd.dense_layers_on == Side::Attention => {
                let parts = self.afd.attention_tp;
                kind.near_gemms = near.all(dense_gemms(dense, h, parts, weights, activations))?;
            }
            Ffn::Dense(dense) => {
                let parts = self.whole_width_parts();
                kind.gemms = far.all(dense_gemms(dense, h, parts, weights, activations))?;
                self.connect(&mut kind, None)?;
            }
            Ffn::Moe(moe) => self.mixture(&mut kind, moe, near, far)?,
        }
        Ok(kind)
    }

    /// Devices that share the width of what every token passes.
    const fn whole_width_parts(&self) -> u32 {
        self.afd.whole_width_parts()
    }

    /// Share of the rows that one device passes through it.
    fn whole_rows(&self) -> f64 {
        let inside =
            if self.afd.gathers() { 1.0 } else { 1.0 / f64::from(self.afd.ffn_instance_devices) };
        match self.afd.dispatch {
            Dispatch::Broadcast => inside,
            Dispatch::Routed => inside / f64::from(self.afd.ffn_instances),
        }
    }

    fn mixture(
        &self,
        kind: &mut FfnKind,
        moe: &Moe,
        near: &Rates,
        far: &Rates,
    ) -> Result<(), Unknown> {
        let precision = self.model.precision;
        let (weights, activations) = (moe.weights(precision.weights), precision.activations);
        let h = self.model.hidden_size;
        let router = Gemm::new(&moe.router(h), 1, Dtype::Bf16, Dtype::Bf16);
        kind.near_gemms = vec![near.timed_in(router, Dtype::Bf16)?];
        let latent = moe.latent_matrices(h);
        let latent = latent.iter().map(|m| Gemm::new(m, 1, weights, activations));
        kind.near_gemms.extend(near.all(latent)?);
        if moe.shared_intermediate_size > 0 {
            let shared = moe.shared(h);
            match self.afd.shared_experts_on {
                Side::Attention => {
                    let parts = self.afd.attention_tp;
                    kind.near_gemms.extend(near.all(gated_gemms(
                        &shared,
                        parts,
                        weights,
                        activations,
                    ))?);
                }
                Side::Ffn => {
                    let parts = self.whole_width_parts();
                    kind.gemms = far.all(gated_gemms(&shared, parts, weights, activations))?;
                }
            }
        }
        let groups = self.afd.expert_groups();
        let weights = moe.expert_weights(precision.weights);
        let work = expert_work(moe, h, groups, self.afd.expert_tp, 0, weights, activations);
        kind.imbalance = self.options.imbalance(moe.experts, groups);
        kind.experts = Some((work, far.of(activations)?));
        self.connect(kind, Some(moe))
    }

    /// Fills in the transfers of a layer whose FFN is on the other side.
    fn connect(&self, kind: &mut FfnKind, moe: Option<&Moe>) -> Result<(), Unknown> {
        let afd = self.afd;
        let options = &self.options;
        let near = card_s_per_byte(self.pools.attention, options.network_efficiency)?;
        let far = card_s_per_byte(self.pools.ffn, options.network_efficiency)?;
        let link = group_s_per_byte(self.pools.ffn, afd.ffn_instance_devices, options)?;
        let near_link = group_s_per_byte(self.pools.attention, afd.attention_tp, options)?;
        let instances = f64::from(afd.ffn_instances);
        let reached = match (afd.dispatch, moe) {
            (Dispatch::Broadcast, _) => instances,
            (Dispatch::Routed, None) => 1.0,
            (Dispatch::Routed, Some(moe)) => moe.groups_reached(afd.expert_groups()),
        };
        let inside = self.rows_from_neighbours(moe);
        let width = self.wire_width(moe);
        let (g, tp) = (f64::from(afd.ffn_instance_devices), f64::from(afd.attention_tp));
        // Devices that share attention heads sum their partial rows before they send their share,
        // and gather each other's share of what comes back.
        let h = self.model.hidden_size as f64;
        let shared = (tp - 1.0) / tp * h * near_link;
        let transfer = |bytes_per_element: f64, summed_bytes: f64| {
            let row = width * bytes_per_element;
            Transfer {
                latency_s: options.network_latency_s,
                near_s_per_token: row * reached * near / tp + shared * summed_bytes,
                far_s_per_token: row * reached / instances / g * far,
                inside_s_per_token: row * inside * link,
            }
        };
        let wire = options.wire;
        kind.dispatch = transfer(wire.dispatch_bytes_per_element, SUM_BYTES);
        kind.combine = transfer(wire.combine_bytes_per_element, wire.combine_bytes_per_element);
        Ok(())
    }

    /// Share of the micro-batch's rows that an FFN device takes from its neighbours in the instance.
    /// Devices that share widths need every row of theirs, g - 1 of g of them from neighbours;
    /// devices with experts of their own only the rows that visit them. Routed rows come to one
    /// device of the group they visit.
    fn rows_from_neighbours(&self, moe: Option<&Moe>) -> f64 {
        let afd = self.afd;
        let (g, t) = (f64::from(afd.ffn_instance_devices), f64::from(afd.expert_tp));
        let visits = |moe: &Moe| {
            let groups = afd.expert_groups();
            moe.groups_reached(groups) / f64::from(groups)
        };
        match (afd.dispatch, moe) {
            (Dispatch::Broadcast, _) if afd.gathers() => (g - 1.0) / g,
            (Dispatch::Broadcast, Some(moe)) => visits(moe) * (g - 1.0) / g,
            (Dispatch::Broadcast, None) => 0.0,
            (Dispatch::Routed, Some(moe)) => visits(moe) * (t - 1.0) / t,
            (Dispatch::Routed, None) if afd.gathers() => {
                (g - 1.0) / g / f64::from(afd.ffn_instances)
            }
            (Dispatch::Routed, None) => 0.0,
        }
    }

    /// Elements of a row on the wire: the experts' own width, and h where what every token passes
    /// is on the other side too.
    fn wire_width(&self, moe: Option<&Moe>) -> f64 {
        let h = self.model.hidden_size;
        let width = moe.map_or(h, |moe| {
            let shared =
                moe.shared_intermediate_size > 0 && self.afd.shared_experts_on == Side::Ffn;
            let latent = moe.expert_hidden_size(h);
            if latent == h {
                h
            } else if shared {
                h + latent
            } else {
                latent
            }
        });
        width as f64
    }
}
