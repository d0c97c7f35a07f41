//! The LM head: once per step, the logits of every token of the batch.
//!
//! The devices of an instance split the vocabulary and need every row of the instance, which they
//! gather over the scale-up link; instances split the batch. Where a deployment disaggregates, the
//! head may be on either side:
//!
//! ```text
//! attention side   B / x rows per instance; a device has those of its rank and gathers the others
//! FFN side         B / y rows per instance, over the network cards, then gathered
//! ```
//!
//! Rows are BF16. What comes back is one token per row and counts as nothing, as does the sampling
//! itself beside the fixed time of a step. Colocated, the devices that share attention heads split
//! the vocabulary, and have all their rows already.

use super::compile::{SUM_BYTES, TimedGemm};
use super::deployment::Afd;
use super::kernels::{Kernel, Tiling, each_gemm};
use super::network::{Links, Transfer};
use super::rates::Rates;
use crate::machine::calibration::Family;
use crate::machine::hardware::{Hardware, Unknown};
use crate::units::Bytes;
use crate::work::batch::Gemm;
use crate::work::matrix::Matrix;
use crate::work::model::Model;

/// One device's part of the LM head.
#[derive(Debug, Clone, PartialEq)]
pub struct LmHead {
    /// Its product.
    pub gemm: TimedGemm,
    /// Rows of it per token of one attention rank.
    pub rows_per_near: f64,
    /// Rows of it per token of all ranks.
    pub rows_per_all: f64,
    /// How the rows get there.
    pub gather: Transfer,
    /// Whether the product runs on FFN devices of their own.
    pub on_ffn: bool,
}

impl LmHead {
    /// The head of devices that have their rows and share them `tp` by `tp`.
    pub(super) fn of_ranks(model: &Model, rates: &Rates, tp: u32) -> Result<Self, Unknown> {
        Ok(Self {
            gemm: product(model, rates, tp)?,
            rows_per_near: 1.0,
            rows_per_all: 0.0,
            gather: Transfer::default(),
            on_ffn: false,
        })
    }

    /// The head on attention instances.
    pub(super) fn on_attention(model: &Model, rates: &Rates, afd: &Afd) -> Result<Self, Unknown> {
        let (g, tp) = (afd.attention_instance_devices, afd.attention_tp);
        let ranks = f64::from(g / tp);
        let link = rates.links().group(Family::AllGather, g)?;
        let row = model.hidden_size as f64 * SUM_BYTES;
        let others = (ranks - 1.0) * row;
        Ok(Self {
            gemm: product(model, rates, g)?,
            rows_per_near: ranks,
            rows_per_all: 0.0,
            gather: Transfer {
                latency_s: if ranks > 1.0 { link.latency_s } else { 0.0 },
                near_s_per_token: others * link.s_per_byte,
                ..Transfer::default()
            },
            on_ffn: false,
        })
    }

    /// The head on FFN instances.
    pub(super) fn on_ffn(
        model: &Model,
        near: &Hardware,
        rates: &Rates,
        afd: &Afd,
    ) -> Result<Self, Unknown> {
        let (devices, share) = (afd.ffn_instance_devices, 1.0 / f64::from(afd.ffn_instances));
        let (g, tp) = (f64::from(devices), f64::from(afd.attention_tp));
        let row = model.hidden_size as f64 * SUM_BYTES;
        let peers = 1.0 + f64::from(afd.ffn_instances);
        let near = Links { hardware: near, options: rates.options };
        let near = near.cards(Family::Dispatch, peers)?;
        let far = rates.links().cards(Family::Dispatch, peers)?;
        let link = rates.links().group(Family::AllGather, devices)?;
        Ok(Self {
            gemm: product(model, rates, devices)?,
            rows_per_near: 0.0,
            rows_per_all: share,
            gather: Transfer {
                latency_s: near.latency_s.max(far.latency_s),
                near_s_per_token: row * near.s_per_byte / tp,
                far_s_per_token: row * share / g * far.s_per_byte,
                inside_s_per_token: row * share * (g - 1.0) / g * link.s_per_byte,
                ..Transfer::default()
            },
            on_ffn: true,
        })
    }

    /// Visits the product for `near` tokens of each rank and `all` together.
    #[inline]
    pub(super) fn each(&self, near: f64, all: f64, how: Tiling, visit: impl FnMut(Kernel)) {
        let rows = near * self.rows_per_near + all * self.rows_per_all;
        each_gemm(std::slice::from_ref(&self.gemm), rows, how, visit);
    }

    /// Time of gathering and product.
    #[inline]
    pub(super) fn time(&self, near: f64, all: f64, how: Tiling) -> f64 {
        let mut time = self.gather.time(near, all);
        self.each(near, all, how, |kernel| time += kernel.time.total_s);
        time
    }
}

fn matrix(model: &Model) -> Matrix {
    Matrix::new("lm_head", model.hidden_size, model.vocabulary_size)
}

/// The product where `parts` devices split the vocabulary.
fn product(model: &Model, rates: &Rates, parts: u32) -> Result<TimedGemm, Unknown> {
    let precision = model.precision;
    let split = matrix(model).split(u64::from(parts), false);
    rates.timed(Gemm::new(&split, parts, precision.weights, precision.activations))
}

/// What one of `parts` devices holds of a table of the vocabulary: the head or the embedding.
pub(super) fn table_held(model: &Model, parts: u32) -> Bytes {
    model.precision.weights.bytes(matrix(model).params() as f64 / f64::from(parts))
}
