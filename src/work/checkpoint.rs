//! The published checkpoint: what a hub counts as its parameters.
//!
//! A hub adds up the elements of all stored tensors. Those are the text model's, and by release
//! also its MTP layers, copies of embedding and head beside each of these, the scales of quantised
//! weights, and the towers of other modalities.

use super::ffn::Ffn;
use super::matrix::Matrix;
use super::model::{Layer, Model, Run};
use super::params;

/// What is stored beside the text model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Whether the MTP layers are stored.
    pub mtp: bool,
    /// Copies of the embedding matrix beside each MTP layer.
    pub mtp_embeddings: u64,
    /// Copies of the LM head beside each MTP layer.
    pub mtp_heads: u64,
    /// How quantised weights are stored.
    pub scales: Scales,
    /// Elements of anything else: vision towers and their projectors.
    pub other_params: u64,
}

/// Elements that quantisation adds (or, by packing, takes away).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scales {
    /// None.
    #[default]
    None,
    /// One scale per tile of every quantised matrix of attention, FFN and indexer.
    Blocks {
        /// Rows of a tile, along the outputs.
        rows: u64,
        /// Columns of a tile, along the inputs.
        columns: u64,
    },
    /// One scale per so many weights of the routed experts, whose weights count one by one.
    ExpertGroups {
        /// Weights to a scale.
        group: u64,
    },
    /// Routed experts packed into words: weights count by the word, with one scale per group and
    /// two numbers for each matrix's shape.
    PackedExperts {
        /// Weights to a word.
        per_word: u64,
        /// Weights to a scale.
        group: u64,
    },
}

/// All elements that a hub counts; none where the checkpoint's make-up is not known.
#[must_use]
pub fn hub_params(model: &Model) -> Option<u64> {
    let checkpoint = model.checkpoint.as_ref()?;
    let counts = params::params(model);
    let stored = |runs: &[Run]| scales(model, runs, checkpoint.scales);
    let mut total = counts.total + checkpoint.other_params;
    let (mut more, mut less) = stored(&model.runs);
    if let Some(mtp) = model.mtp.as_ref().filter(|_| checkpoint.mtp) {
        let layers: u64 = mtp.runs.iter().map(|run| run.count).sum();
        let copies = checkpoint.mtp_embeddings + checkpoint.mtp_heads;
        total += counts.mtp + layers * copies * model.vocabulary_size * model.hidden_size;
        let (scales, packed) = stored(&mtp.runs);
        more += scales;
        less += packed;
    }
    Some(total + more - less)
}

/// Elements added and elements taken away over some layers.
fn scales(model: &Model, runs: &[Run], kind: Scales) -> (u64, u64) {
    let add = |(more, less): (u64, u64), run: &Run| {
        let (m, l) = layer_scales(model, run.layer, kind);
        (more + run.count * m, less + run.count * l)
    };
    runs.iter().fold((0, 0), add)
}

fn layer_scales(model: &Model, layer: Layer, kind: Scales) -> (u64, u64) {
    let h = model.hidden_size;
    let ffn = model.ffn(layer);
    match kind {
        Scales::None => (0, 0),
        Scales::Blocks { rows, columns } => {
            let blocks = |matrices: &[Matrix]| -> u64 {
                let quantised = matrices.iter().filter(|m| !m.kept_wide);
                quantised.map(|m| m.blocks(rows, columns)).sum()
            };
            let wide = |dtype: super::dtype::Dtype| dtype.bits() > 8.0;
            let weights = model.precision.weights;
            let attention = model.attention(layer).stored_matrices(h);
            let attention = if wide(weights) { 0 } else { blocks(&attention) };
            let common = match ffn {
                Ffn::Dense(dense) => blocks(&dense.matrices(h)),
                Ffn::Moe(moe) if moe.shared_intermediate_size == 0 => 0,
                Ffn::Moe(moe) => blocks(&moe.shared(h)),
            };
            let common = if wide(ffn.weights(weights)) { 0 } else { common };
            let routed = match ffn {
                Ffn::Moe(moe) if !wide(ffn.expert_weights(weights)) => {
                    moe.experts * blocks(&moe.expert(h))
                }
                _ => 0,
            };
            (attention + common + routed, 0)
        }
        Scales::ExpertGroups { group } => (routed_weights(ffn, h).div_ceil(group), 0),
        Scales::PackedExperts { per_word, group } => {
            let weights = routed_weights(ffn, h);
            let shapes = match ffn {
                Ffn::Dense(_) => 0,
                Ffn::Moe(moe) => moe.experts * 3 * 2,
            };
            (weights.div_ceil(per_word) + weights.div_ceil(group) + shapes, weights)
        }
    }
}

fn routed_weights(ffn: &Ffn, h: u64) -> u64 {
    match ffn {
        Ffn::Dense(_) => 0,
        Ffn::Moe(moe) => moe.experts * moe.expert(h).iter().map(Matrix::weights).sum::<u64>(),
    }
}
