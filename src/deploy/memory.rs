//! The memory ledger of one device: weights, KV cache and state, activations and buffers, and what
//! is held back. It decides the largest batch.

use super::deployment::{Afd, Side};
use super::lm_head::table_held;
use super::options::Options;
use crate::machine::hardware::{Hardware, Unknown};
use crate::units::Bytes;
use crate::work::attention::Attention;
use crate::work::batch::expert_work;
use crate::work::dtype::Dtype;
use crate::work::ffn::Ffn;
use crate::work::matrix::Matrix;
use crate::work::model::Model;

/// What one device holds, as a function of the batch and the context.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Weights.
    pub weights: Bytes,
    /// KV cache per request: slope and cap of each attention design, all its layers.
    pub kv: Vec<KvGrowth>,
    /// Recurrent state per request.
    pub state_per_request: Bytes,
    /// Activations and buffers per token of a micro-batch on the device.
    pub per_token: Bytes,
    /// What the device has, less what is held back.
    pub usable: Bytes,
}

/// KV cache of all layers of one design, per request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KvGrowth {
    /// Per context token.
    pub per_token: Bytes,
    /// Tokens kept at most.
    pub cap: f64,
}

impl Held {
    /// KV cache and state of one request with `s` tokens of context.
    #[must_use]
    #[inline]
    pub fn kv_per_request(&self, s: f64) -> Bytes {
        let grown = |kv: &KvGrowth| kv.per_token * s.min(kv.cap);
        self.kv.iter().map(grown).sum::<Bytes>() + self.state_per_request
    }
}

/// Weights of one device's part of an attention design.
fn attention_weights(attention: &Attention, h: u64, tp: u32, dtype: Dtype) -> Bytes {
    let part = |m: &Matrix| m.params() as f64 / u64::from(tp).min(m.splits) as f64;
    let matrices: f64 = attention.matrices(h).iter().map(part).sum();
    dtype.bytes(matrices + attention.other_params() as f64)
}

/// What every attention device holds: attention, norms and what carries the residual stream, and the
/// caches. Tables of the vocabulary are their callers' to add.
pub(super) fn attention_side(
    model: &Model,
    tp: u32,
    layer_share: f64,
    hardware: &Hardware,
    options: &Options,
) -> Result<Held, Unknown> {
    let (h, weights) = (model.hidden_size, model.precision.weights);
    let mut held = Bytes::ZERO;
    let (mut kv, mut state) = (Vec::new(), Bytes::ZERO);
    for (named, layers) in
        model.attentions.iter().zip(model.attention_layers_held(options.drafting()))
    {
        let layers = layers as f64 * layer_share;
        let design = &named.design;
        held += attention_weights(design, h, tp, weights) * layers;
        let split = u64::from(tp).min(design.kv_splits()) as f64;
        kv.extend(
            growth(design)
                .map(|part| KvGrowth { per_token: part.per_token * (layers / split), ..part }),
        );
        state += design.state_bytes_per_sequence() * (layers / split);
    }
    let per_layer = model.norms.per_layer * h + model.residual.layer_params(h);
    let layers = model.layer_count() as f64 * layer_share;
    let once = h + model.residual.final_params(h);
    held += Dtype::Bf16.bytes(layers * per_layer as f64 + once as f64);
    let streams = model.residual.streams(model.layer_count()) as f64;
    Ok(Held {
        weights: held,
        kv,
        state_per_request: state,
        per_token: Dtype::Bf16.bytes((BLOCK_ROWS + streams) * h as f64),
        usable: hardware.memory_capacity()? * (1.0 - options.memory_reserve),
    })
}

/// A context longer than any window.
const FAR: u64 = 1 << 32;

/// What a request holds of one layer: what goes on growing far out, and what grew before it up to a
/// window.
fn growth(design: &Attention) -> impl Iterator<Item = KvGrowth> + use<> {
    let (half, whole) = (design.kv_bytes_held(FAR / 2), design.kv_bytes_held(FAR));
    let endless = (whole - half) / (FAR / 2) as f64;
    let windowed = (half - endless * (FAR / 2) as f64).max(Bytes::ZERO);
    let mut parts = Vec::new();
    if endless > Bytes::ZERO {
        parts.push(KvGrowth { per_token: endless, cap: f64::INFINITY });
    }
    let first = design.kv_bytes_held(1);
    // Rounding far out is not a window.
    if windowed > whole * 1e-12 && first > Bytes::ZERO {
        parts.push(KvGrowth { per_token: first, cap: windowed / first });
    }
    parts.into_iter()
}
/// Rows of width h that are alive at once per token beside the residual stream, in BF16: input,
/// output, and room for the projections (assumed).
const BLOCK_ROWS: f64 = 7.0;

/// An attention device of an AFD deployment.
pub(super) fn afd_attention(
    model: &Model,
    afd: &Afd,
    hardware: &Hardware,
    options: &Options,
) -> Result<Held, Unknown> {
    let instance = afd.attention_instance_devices;
    let mut held = attention_side(model, afd.attention_tp, 1.0, hardware, options)?;
    // The embedding, and a head that is not the same table.
    let head = afd.lm_head_on == Side::Attention && !model.tied_embeddings;
    held.weights += table_held(model, instance) * if head { 2.0 } else { 1.0 };
    let h = model.hidden_size;
    let weights = model.precision.weights;
    for (named, layers) in model.ffns.iter().zip(model.ffn_layers_held(options.drafting())) {
        let layers = layers as f64;
        let weights = named.design.weights(weights);
        let near = match &named.design {
            Ffn::Dense(dense) if afd.dense_layers_on == Side::Attention => {
                weights.bytes(sum(&dense.matrices(h)) / f64::from(afd.attention_tp))
            }
            Ffn::Dense(_) => Bytes::ZERO,
            Ffn::Moe(moe) => {
                let shared = match afd.shared_experts_on {
                    Side::Attention => sum(&moe.shared(h)) / f64::from(afd.attention_tp),
                    Side::Ffn => 0.0,
                };
                let latent = sum(&moe.latent_matrices(h));
                weights.bytes(shared + latent) + Dtype::Bf16.bytes(moe.router(h).params() as f64)
            }
        };
        held.weights += near * layers;
    }
    // A row out and one back from every FFN instance, in two buffers.
    let wire = options.wire.dispatch_bytes_per_element + options.wire.combine_bytes_per_element;
    held.per_token += Bytes::new(2.0 * h as f64 * wire * f64::from(afd.ffn_instances));
    Ok(held)
}

/// An FFN device of an AFD deployment. Its tokens are those of the whole micro-batch.
pub(super) fn afd_ffn(
    model: &Model,
    afd: &Afd,
    hardware: &Hardware,
    options: &Options,
) -> Result<Held, Unknown> {
    let h = model.hidden_size;
    let weights = model.precision.weights;
    let whole = afd.whole_width_parts();
    let mut held = match afd.lm_head_on {
        Side::Attention => Bytes::ZERO,
        Side::Ffn => table_held(model, afd.ffn_instance_devices),
    };
    for (named, layers) in model.ffns.iter().zip(model.ffn_layers_held(options.drafting())) {
        let weights = named.design.weights(weights);
        let one = match &named.design {
            Ffn::Dense(_) if afd.dense_layers_on == Side::Attention => Bytes::ZERO,
            Ffn::Dense(dense) => weights.bytes(sum(&dense.matrices(h)) / f64::from(whole)),
            Ffn::Moe(moe) => {
                let (groups, tp) = (afd.expert_groups(), afd.expert_tp);
                let format = moe.expert_weights(model.precision.weights);
                let copies = afd.redundant_experts;
                let experts = expert_work(moe, h, groups, tp, copies, format, format);
                let routed = Bytes::new(experts.local_experts * experts.expert_bytes);
                let shared = match afd.shared_experts_on {
                    Side::Attention => 0.0,
                    Side::Ffn => sum(&moe.shared(h)) / f64::from(whole),
                };
                routed + weights.bytes(shared)
            }
        };
        held += one * layers as f64;
    }
    let wire = options.wire.dispatch_bytes_per_element + options.wire.combine_bytes_per_element;
    Ok(Held {
        weights: held,
        kv: Vec::new(),
        state_per_request: Bytes::ZERO,
        per_token: Bytes::new(2.0 * h as f64 * wire),
        usable: hardware.memory_capacity()? * (1.0 - options.memory_reserve),
    })
}

pub(super) fn sum(unit: &[Matrix]) -> f64 {
    unit.iter().map(|m| m.params() as f64).sum()
}
