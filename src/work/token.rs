//! What decoding one token costs in FLOPs and bytes, over all layers: the paper's Tables 2 and 3.

use super::Counting;
use super::attention::{Attention, Core, CoreShape};
use super::matrix::Matrix;
use super::model::Model;
use crate::units::{Bytes, Flops, FlopsPerByte};

/// The work of one decoded token.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenWork {
    /// Convention counted by.
    pub counting: Counting,
    /// Context tokens that the new token attends to.
    pub context_tokens: u64,
    /// One line per attention design of the model, in its order.
    pub attention: Vec<AttentionWork>,
    /// One line per feed-forward design of the model, in its order.
    pub ffn: Vec<FfnWork>,
    /// Routers of all layers; nothing under [`Counting::Paper`].
    pub router_flops: Flops,
    /// Mixing of the residual stream, where it is no plain addition; nothing under
    /// [`Counting::Paper`].
    pub residual_flops: Flops,
    /// The LM head; nothing under [`Counting::Paper`].
    pub lm_head_flops: Flops,
    /// The embedding row that is read; nothing under [`Counting::Paper`].
    pub embedding_bytes: Bytes,
}

/// The attention of all layers of one design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionWork {
    /// How many layers.
    pub layers: u64,
    /// Their cores together.
    pub core: Core,
    /// Their projections together.
    pub linear_flops: Flops,
}

/// The feed-forward blocks of all layers of one design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FfnWork {
    /// How many layers.
    pub layers: u64,
    /// Their arithmetic together, routers apart.
    pub flops: Flops,
}

/// Counts the work of one decoded token with `context_tokens` before it.
#[must_use]
pub fn token_work(model: &Model, context_tokens: u64, counting: Counting) -> TokenWork {
    let h = model.hidden_size;
    let attention = model
        .attentions
        .iter()
        .zip(model.attention_layers())
        .map(|(named, layers)| {
            let core = named.design.core(context_tokens, counting);
            let linear: Flops = named.design.matrices(h).iter().map(Matrix::flops).sum();
            AttentionWork {
                layers,
                core: Core { flops: core.flops * layers as f64, bytes: core.bytes * layers as f64 },
                linear_flops: linear * layers as f64,
            }
        })
        .collect();
    let blocks = || model.ffns.iter().zip(model.ffn_layers());
    let ffn = blocks()
        .map(|(named, layers)| FfnWork { layers, flops: named.design.flops(h) * layers as f64 })
        .collect();
    let counted = match counting {
        Counting::Paper => 0.0,
        Counting::Exact => 1.0,
    };
    let router: Flops = blocks().map(|(ffn, n)| ffn.design.router_flops(h) * n as f64).sum();
    let head = Matrix::new("lm_head", h, model.vocabulary_size);
    TokenWork {
        counting,
        context_tokens,
        attention,
        ffn,
        router_flops: router * counted,
        residual_flops: model.residual.flops(h, model.layer_count()) * counted,
        lm_head_flops: head.flops() * counted,
        embedding_bytes: model.precision.weights.bytes(h as f64) * counted,
    }
}

/// The cores of all layers of one design as a function of the context.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cores {
    layers: f64,
    one: CoreShape,
}

impl Cores {
    /// The work at a context.
    #[must_use]
    #[inline]
    pub fn at(&self, context_tokens: f64) -> Core {
        let one = self.one.at(context_tokens);
        Core { flops: one.flops * self.layers, bytes: one.bytes * self.layers }
    }
}

/// The cores of each attention design, in the model's order: at a context they are what
/// [`token_work`] has as [`AttentionWork::core`].
#[must_use]
pub fn cores(model: &Model, counting: Counting) -> Vec<Cores> {
    let designs = model.attentions.iter().zip(model.attention_layers());
    let cores = |(named, n): (&super::model::Named<Attention>, u64)| Cores {
        layers: n as f64,
        one: named.design.core_shape(counting),
    };
    designs.map(cores).collect()
}

impl TokenWork {
    /// KV cache read, and recurrent state read and written.
    #[must_use]
    pub fn kv_bytes(&self) -> Bytes {
        self.attention.iter().map(|a| a.core.bytes).sum()
    }

    /// QK, PV and recurrences.
    #[must_use]
    pub fn attention_flops(&self) -> Flops {
        self.attention.iter().map(|a| a.core.flops).sum()
    }

    /// The attention layers' projections.
    #[must_use]
    pub fn linear_flops(&self) -> Flops {
        self.attention.iter().map(|a| a.linear_flops).sum()
    }

    /// Experts and dense blocks.
    #[must_use]
    pub fn ffn_flops(&self) -> Flops {
        self.ffn.iter().map(|f| f.flops).sum()
    }

    /// Arithmetic intensity of the attention cores: FLOPs per byte of KV cache or state.
    #[must_use]
    pub fn arithmetic_intensity(&self) -> FlopsPerByte {
        self.attention_flops() / self.kv_bytes()
    }

    /// Forward and backward pass of training on one token whose attention sees
    /// [`Self::context_tokens`]: three times the forward FLOPs (paper, figure 4).
    #[must_use]
    pub fn training_flops(&self) -> Flops {
        let outside = self.router_flops + self.residual_flops + self.lm_head_flops;
        (self.attention_flops() + self.linear_flops() + self.ffn_flops() + outside) * 3.0
    }
}
