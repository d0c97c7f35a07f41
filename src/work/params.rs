//! Parameters of a model: total, in its MTP layers, and activated per token in the three
//! conventions in use.

use super::attention::Attention;
use super::ffn::Ffn;
use super::matrix::Matrix;
use super::model::{Model, Run};

pub use super::checkpoint::hub_params;

/// Parameter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// The text model: layers, final norm, embedding and LM head; no MTP layers.
    pub total: u64,
    /// The MTP layers, without the embedding and head that they share with the model.
    pub mtp: u64,
    /// Activated per token, without embedding and LM head.
    pub active_core: u64,
    /// Activated per token, with the LM head.
    pub active_with_head: u64,
    /// Activated per token, with embedding and LM head counted whole (once if tied).
    pub active_with_embedding_and_head: u64,
}

/// Counts a model's parameters.
#[must_use]
pub fn params(model: &Model) -> Params {
    let around = norm_params(model) + model.residual.final_params(model.hidden_size);
    let embedding = model.vocabulary_size * model.hidden_size;
    let head = embedding + if model.head_bias { model.vocabulary_size } else { 0 };
    let both = if model.tied_embeddings { head } else { embedding + head };
    let core = |active| layers(model, &model.runs, active) + around;
    Params {
        total: core(false) + both,
        mtp: mtp(model),
        active_core: core(true),
        active_with_head: core(true) + head,
        active_with_embedding_and_head: core(true) + both,
    }
}

/// Parameters of one attention layer, norms of the residual stream apart.
#[must_use]
pub fn attention_params(attention: &Attention, h: u64) -> u64 {
    let matrices: u64 = attention.matrices(h).iter().map(Matrix::params).sum();
    matrices + attention.other_params()
}

/// Share of its experts' weights that a token activates, over all mixture-of-experts layers and
/// shared experts included; none for a dense model.
#[must_use]
pub fn moe_sparsity(model: &Model) -> Option<f64> {
    let (mut active, mut all) = (0.0, 0.0);
    for (named, layers) in model.ffns.iter().zip(model.ffn_layers()) {
        if let Ffn::Moe(moe) = &named.design {
            let width = layers as f64 * moe.width(moe.experts);
            all += width;
            active += width * moe.sparsity();
        }
    }
    (all > 0.0).then(|| active / all)
}

const fn norm_params(model: &Model) -> u64 {
    model.hidden_size * if model.norms.bias { 2 } else { 1 }
}

fn layers(model: &Model, runs: &[Run], active: bool) -> u64 {
    let h = model.hidden_size;
    let around = model.norms.per_layer * norm_params(model) + model.residual.layer_params(h);
    let one = |run: &Run| {
        let ffn = model.ffn(run.layer);
        let ffn = if active { ffn.active_params(h) } else { ffn.total_params(h) };
        attention_params(model.attention(run.layer), h) + ffn + around
    };
    runs.iter().map(|run| run.count * one(run)).sum()
}

fn mtp(model: &Model) -> u64 {
    let Some(mtp) = &model.mtp else { return 0 };
    let h = model.hidden_size;
    let count: u64 = mtp.runs.iter().map(|run| run.count).sum();
    let projection = if mtp.projection { 2 * h * h } else { 0 };
    let norms = mtp.extra_norms * norm_params(model);
    let each = projection + norms + model.residual.final_params(h);
    layers(model, &mtp.runs, false) + count * each
}
