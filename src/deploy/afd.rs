//! Attention-FFN disaggregation compiled: attention on one side, experts and dense blocks on the
//! other, and the transfers between them.

use super::compile::{Compiled, FfnKind, Pools, SUM_BYTES, layer_kinds, straggling};
use super::deployment::{Afd, Dispatch, Side};
use super::imbalance::Skew;
use super::lm_head::LmHead;
use super::memory;
use super::network::{Links, Transfer, UNHIDDEN_OF_HALVES};
use super::options::Options;
use super::pipeline::Sharing;
use super::rates::{Rates, attention_kinds, ffn_small_kernels, fits_of};
use crate::machine::calibration::Family;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Unknown};
use crate::work::batch::{Gemm, dense_gemms, expert_work, gated_gemms};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Ffn, Moe};
use crate::work::model::Model;

/// Compiles a disaggregated deployment at datasheet rates.
pub(super) fn compile(
    model: &Model,
    afd: &Afd,
    pools: Pools,
    options: Options,
) -> Result<Compiled, Unknown> {
    AfdCompiler { model, afd, pools, options }.compile()
}

/// The kinds of transfer that one direction is made of.
#[derive(Clone, Copy)]
struct Way {
    /// Between the sides.
    cards: Family,
    /// Among the devices of an FFN instance.
    inside: Family,
    /// Among the devices that share attention heads.
    heads: Family,
}

const OUT: Way =
    Way { cards: Family::Dispatch, inside: Family::AllGather, heads: Family::ReduceScatter };
const BACK: Way =
    Way { cards: Family::Combine, inside: Family::ReduceScatter, heads: Family::AllGather };

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
            lm_head: match afd.lm_head_on {
                Side::Attention => LmHead::on_attention(model, &near, afd)?,
                Side::Ffn => LmHead::on_ffn(model, self.pools.attention, &far, afd)?,
            },
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
            attention_fits: fits_of(self.pools.attention),
            ffn_fits: fits_of(self.pools.ffn),
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
            skew: Skew::NONE,
            dispatch: Transfer::default(),
            combine: Transfer::default(),
            small: near.small_kernels(ffn_small_kernels(ffn), self.model.hidden_size as f64)?,
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
                    kind.gemms = far.beside(gated_gemms(&shared, parts, weights, activations))?;
                }
            }
        }
        let (groups, redundant) = (self.afd.expert_groups(), self.afd.redundant_experts);
        let weights = moe.expert_weights(precision.weights);
        let work = expert_work(moe, h, groups, self.afd.expert_tp, redundant, weights, activations);
        kind.skew = self.options.skew(moe, redundant, groups);
        kind.experts = Some(far.experts(work)?);
        self.connect(kind, Some(moe))
    }

    /// Fills in the transfers of a layer whose FFN is on the other side.
    fn connect(&self, kind: &mut FfnKind, moe: Option<&Moe>) -> Result<(), Unknown> {
        let afd = self.afd;
        let options = &self.options;
        let near_links = Links { hardware: self.pools.attention, options };
        let far_links = Links { hardware: self.pools.ffn, options };
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
        let transfer = |way: Way, bytes_per_element: f64, summed_bytes: f64| {
            let row = width * bytes_per_element;
            // An attention device talks to one device of every instance.
            let peers = 1.0 + instances;
            let near = near_links.cards_between(way.cards, peers)?;
            let far = far_links.cards_between(way.cards, peers)?;
            let link = far_links.group(way.inside, afd.ffn_instance_devices)?;
            let near_link = near_links.group(way.heads, afd.attention_tp)?;
            let shared = (tp - 1.0) / tp * h * near_link.s_per_byte;
            let gathers = if inside > 0.0 { link.latency_s } else { 0.0 };
            let starts = gathers + near_link.latency_s;
            let slower = if near.latency_s > far.latency_s { near } else { far };
            let moved = Transfer {
                latency_s: slower.latency_s + starts,
                near_s_per_token: row * reached * near.s_per_byte / tp + shared * summed_bytes,
                far_s_per_token: row * reached / instances / g * far.s_per_byte,
                inside_s_per_token: row * inside * link.s_per_byte,
                unhidden: match options.fidelity {
                    Fidelity::Calibrated => UNHIDDEN_OF_HALVES,
                    _ => 1.0,
                },
                ..Transfer::default()
            };
            Ok(moved.ramped(&slower, row * reached / tp))
        };
        let wire = options.wire;
        kind.dispatch = transfer(OUT, wire.dispatch_bytes_per_element, SUM_BYTES)?;
        kind.combine =
            transfer(BACK, wire.combine_bytes_per_element, wire.combine_bytes_per_element)?;
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
