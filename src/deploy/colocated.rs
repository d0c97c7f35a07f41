//! Colocated deployments: every device does attention and FFN.
//!
//! Attention is data-parallel over groups of `attention_tp` devices. Experts are dealt out to
//! groups of `expert_tp` devices over the whole pipeline stage (wide EP), or every device holds
//! its share of every expert (TP). Tokens reach other devices in three ways:
//!
//! - **EP**: a token goes to the devices that hold its experts, over the scale-up link inside a
//!   server and over the network cards beyond it, and comes back;
//! - **TP of attention** and **TP of the FFN**: the outputs are summed by an all-reduce over the
//!   scale-up link, 2 (t - 1) / t of the rows;
//! - **pipeline stages**: rows pass to the next stage's devices.
//!
//! With two micro-batches (two-batch overlap) the transfers of one hide behind the compute of the
//! other, which the shared-compute pipeline works out. Dense layers run on every device for its
//! own tokens, split by the attention's TP.

use super::compile::{Compiled, FfnKind, SUM_BYTES, layer_kinds, straggling};
use super::deployment::Colocated;
use super::imbalance::Skew;
use super::lm_head::{LmHead, table_held};
use super::memory::{attention_side, sum};
use super::network::{Links, Transfer, Via};
use super::options::Options;
use super::pipeline::Sharing;
use super::rates::{Rates, attention_kinds, ffn_small_kernels, fits_of};
use crate::machine::calibration::Family;
use crate::machine::hardware::{Hardware, Unknown};
use crate::units::Bytes;
use crate::work::batch::{Gemm, dense_gemms, expert_work, gated_gemms};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Ffn, Moe};
use crate::work::model::Model;

struct Compiler<'a> {
    model: &'a Model,
    colocated: &'a Colocated,
    hardware: &'a Hardware,
    options: Options,
}

/// Compiles a colocated deployment at datasheet rates.
pub(super) fn compile(
    model: &Model,
    colocated: &Colocated,
    hardware: &Hardware,
    options: Options,
) -> Result<Compiled, Unknown> {
    let compiler = Compiler { model, colocated, hardware, options };
    let rates = compiler.rates();
    let stages = colocated.pipeline_stages;
    let ranks = compiler.stage_devices() / colocated.attention_tp;
    let ffn = model.ffns.iter().map(|named| compiler.ffn_kind(&named.name, &named.design, &rates));
    let tp = colocated.attention_tp;
    let mut held = attention_side(model, tp, compiler.slowest_stage(), hardware, &options)?;
    let tables = if model.tied_embeddings { 1.0 } else { 2.0 };
    held.weights += compiler.ffn_weights() + table_held(model, tp) * tables;
    let wire = options.wire.dispatch_bytes_per_element + options.wire.combine_bytes_per_element;
    held.per_token += Bytes::new(2.0 * model.hidden_size as f64 * wire);
    Ok(Compiled {
        attention: attention_kinds(model, &rates, colocated.attention_tp)?,
        ffn: ffn.collect::<Result<_, _>>()?,
        layers: layer_kinds(model, &options),
        sharing: Sharing { compute: true, link: options.half_duplex },
        attention_ranks: f64::from(ranks),
        straggling: straggling(&options, ranks),
        pipeline_stages: f64::from(stages),
        slowest_stage: compiler.slowest_stage(),
        stage_transfer: compiler.stage_transfer()?,
        lm_head: LmHead::of_ranks(model, &rates, colocated.attention_tp)?,
        attention_memory: held,
        ffn_memory: None,
        devices: f64::from(colocated.devices),
        price: hardware.price()?.rate * f64::from(colocated.devices),
        options,
        attention_fits: fits_of(hardware),
        ffn_fits: fits_of(hardware),
    })
}

impl Compiler<'_> {
    const fn stage_devices(&self) -> u32 {
        self.colocated.devices / self.colocated.pipeline_stages
    }

    /// Share of the layers in the stage that has the most.
    fn slowest_stage(&self) -> f64 {
        let layers = self.model.layer_count();
        layers.div_ceil(u64::from(self.colocated.pipeline_stages)) as f64 / layers as f64
    }

    const fn expert_groups(&self) -> u32 {
        self.stage_devices() / self.colocated.expert_tp
    }

    const fn links(&self) -> Links<'_> {
        Links { hardware: self.hardware, options: &self.options }
    }

    fn rates(&self) -> Rates<'_> {
        Rates {
            hardware: self.hardware,
            options: &self.options,
            activations: self.model.precision.activations,
        }
    }

    fn ffn_weights(&self) -> Bytes {
        let model = self.model;
        let (h, weights) = (model.hidden_size, model.precision.weights);
        let mut held = Bytes::ZERO;
        for (named, layers) in model.ffns.iter().zip(model.ffn_layers_held(self.options.drafting()))
        {
            let tp = f64::from(self.colocated.attention_tp);
            let expert_weights = named.design.expert_weights(weights);
            let weights = named.design.weights(weights);
            let one = match &named.design {
                Ffn::Dense(dense) => weights.bytes(sum(&dense.matrices(h)) / tp),
                Ffn::Moe(moe) => {
                    let (groups, redundant) =
                        (self.expert_groups(), self.colocated.redundant_experts);
                    let tp_e = self.colocated.expert_tp;
                    let format = expert_weights;
                    let work = expert_work(moe, h, groups, tp_e, redundant, format, format);
                    let routed = Bytes::new(work.local_experts * work.expert_bytes);
                    let router = Dtype::Bf16.bytes(moe.router(h).params() as f64);
                    let latent = sum(&moe.latent_matrices(h));
                    routed + weights.bytes(sum(&moe.shared(h)) / tp + latent) + router
                }
            };
            held += one * (layers as f64 * self.slowest_stage());
        }
        held
    }

    fn ffn_kind(&self, name: &str, ffn: &Ffn, rates: &Rates) -> Result<FfnKind, Unknown> {
        let precision = self.model.precision;
        let (weights, activations) = (ffn.weights(precision.weights), precision.activations);
        let (h, tp) = (self.model.hidden_size, self.colocated.attention_tp);
        let mut kind = FfnKind {
            name: name.to_owned(),
            gemms: Vec::new(),
            // Every rank passes its own rows through them.
            gemm_rows: f64::from(self.colocated.attention_tp) / f64::from(self.stage_devices()),
            near_gemms: Vec::new(),
            experts: None,
            expert_groups: f64::from(self.expert_groups()),
            skew: Skew::NONE,
            dispatch: self.all_reduce(tp)?,
            combine: Transfer::default(),
            small: rates.small_kernels(ffn_small_kernels(ffn), h as f64)?,
        };
        match ffn {
            Ffn::Dense(dense) => {
                kind.gemms = rates.all(dense_gemms(dense, h, tp, weights, activations))?;
                kind.combine = self.all_reduce(tp)?;
            }
            Ffn::Moe(moe) => {
                kind.near_gemms = vec![rates.timed_in(
                    Gemm::new(&moe.router(h), 1, Dtype::Bf16, Dtype::Bf16),
                    Dtype::Bf16,
                )?];
                if moe.shared_intermediate_size > 0 {
                    let shared = gated_gemms(&moe.shared(h), tp, weights, activations);
                    kind.gemms = rates.beside(shared)?;
                }
                let (groups, redundant) = (self.expert_groups(), self.colocated.redundant_experts);
                let tp_e = self.colocated.expert_tp;
                let latent = moe.latent_matrices(h);
                let latent = latent.iter().map(|m| Gemm::new(m, 1, weights, activations));
                kind.near_gemms.extend(rates.all(latent)?);
                let weights = ffn.expert_weights(precision.weights);
                let work = expert_work(moe, h, groups, tp_e, redundant, weights, activations);
                kind.skew = self.options.skew(moe, redundant, groups);
                kind.experts = Some(rates.experts(work)?);
                self.exchange(&mut kind, moe)?;
            }
        }
        Ok(kind)
    }

    /// The sum of TP partial outputs over the scale-up link, or over the cards where the group is
    /// larger than a scale-up domain.
    fn all_reduce(&self, tp: u32) -> Result<Transfer, Unknown> {
        if tp <= 1 {
            return Ok(Transfer::default());
        }
        let t = f64::from(tp);
        let bytes = 2.0 * (t - 1.0) / t * self.model.hidden_size as f64 * SUM_BYTES;
        let via = self.links().group(Family::AllReduce, tp)?;
        let moved = Transfer {
            latency_s: via.latency_s,
            near_s_per_token: bytes * via.s_per_byte,
            one_shot: self.links().one_shot(tp, self.model.hidden_size as f64 * SUM_BYTES),
            ..Transfer::default()
        };
        Ok(moved.ramped(&via, bytes))
    }

    /// Every device holds a share of every expert. Where attention is shared by as many devices,
    /// all have all rows and only sum them; otherwise each gathers the others' rows first and
    /// scatters the sums.
    fn share_widths(&self, kind: &mut FfnKind, tp_e: u32) -> Result<(), Unknown> {
        let tp_a = self.colocated.attention_tp;
        if tp_e <= tp_a {
            kind.combine = self.all_reduce(tp_e)?;
            return Ok(());
        }
        // Rows of all ranks of the group, per row of one's own.
        let others = f64::from(tp_e - tp_a) / f64::from(tp_a);
        let h = self.model.hidden_size as f64;
        let moved = |family: Family, bytes_per_element: f64, before: Transfer| {
            let via = self.links().group(family, tp_e)?;
            let bytes = h * bytes_per_element * others;
            let moved = Transfer {
                latency_s: via.latency_s + before.latency_s,
                near_s_per_token: bytes * via.s_per_byte + before.near_s_per_token,
                one_shot: None,
                ..before
            };
            Ok(moved.ramped(&via, bytes))
        };
        let out = self.options.wire.dispatch_bytes_per_element;
        kind.dispatch = moved(Family::AllGather, out, kind.dispatch)?;
        kind.combine = moved(Family::ReduceScatter, SUM_BYTES, Transfer::default())?;
        Ok(())
    }

    /// Rows of the residual stream to the next pipeline stage, in BF16.
    fn stage_transfer(&self) -> Result<Transfer, Unknown> {
        if self.colocated.pipeline_stages <= 1 {
            return Ok(Transfer::default());
        }
        let whole = self.colocated.devices;
        let via = self.links().group(Family::AllToAll, whole)?;
        let share = 1.0 / f64::from(self.colocated.attention_tp);
        let streams = self.model.residual.streams(self.model.layer_count());
        let row = (streams * self.model.hidden_size) as f64;
        Ok(Transfer {
            latency_s: via.latency_s,
            near_s_per_token: row * SUM_BYTES * share * via.s_per_byte,
            ..Transfer::default()
        })
    }

    /// Tokens to the devices of their experts and back.
    fn exchange(&self, kind: &mut FfnKind, moe: &Moe) -> Result<(), Unknown> {
        let (groups, tp_e) = (self.expert_groups(), self.colocated.expert_tp);
        let options = &self.options;
        if groups <= 1 {
            return self.share_widths(kind, tp_e);
        }
        let devices = f64::from(self.stage_devices());
        let domain = (self.hardware.scale_up_devices()? as f64).min(devices);
        let reached = moe.groups_reached(groups) * f64::from(tp_e);
        // Of the devices reached, so many are the sender itself, in its domain, and beyond it.
        let beyond = reached * (devices - domain) / devices;
        let inside = reached * (domain - 1.0) / devices;
        let share = 1.0 / f64::from(self.colocated.attention_tp);
        let width = moe.expert_hidden_size(self.model.hidden_size) as f64;
        let transfer = |family: Family, bytes_per_element: f64, reduce: Transfer| {
            let cards = self.links().cards(family, devices);
            let cards = if beyond > 0.0 { cards? } else { Via::default() };
            let link = self.links().group(family, domain as u32);
            let link = if inside > 0.0 { link? } else { Via::default() };
            let slower = if beyond > 0.0 { cards } else { link };
            let row = width * bytes_per_element * share;
            // Cards and links work at the same time.
            let busy = (beyond * cards.s_per_byte).max(inside * link.s_per_byte);
            let moved = Transfer {
                latency_s: slower.latency_s + reduce.latency_s,
                near_s_per_token: row * busy + reduce.near_s_per_token,
                one_shot: None,
                ..reduce
            };
            Ok(moved.ramped(&slower, row * beyond.max(inside)))
        };
        let before = kind.dispatch;
        kind.dispatch =
            transfer(Family::Dispatch, options.wire.dispatch_bytes_per_element, before)?;
        kind.combine =
            transfer(Family::Combine, options.wire.combine_bytes_per_element, Transfer::default())?;
        Ok(())
    }
}
