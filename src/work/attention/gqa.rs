//! Grouped-query attention (arXiv 2305.13245); K = H is multi-head, K = 1 multi-query.
//!
//! Per layer and token: KV bytes 2 K d S w, FLOPs 4 H d S (QK and PV, 2 H d S each). A sliding or
//! chunked window caps S.

use super::{Core, CoreHeads, CorePart, CoreShape, Design};
use crate::units::Bytes;
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// How far back a layer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The last `n` tokens.
    Sliding(u64),
    /// The tokens of the current chunk of `n`; a full chunk is assumed, as the paper does.
    Chunked(u64),
}

impl Window {
    /// The tokens a query sees of a context of `s`.
    #[must_use]
    pub fn cap(self, s: u64) -> u64 {
        match self {
            Self::Sliding(n) | Self::Chunked(n) => s.min(n),
        }
    }
}

/// Normalisation of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QkNorm {
    /// None, or one without parameters.
    #[default]
    None,
    /// One weight vector of d for all query heads and one for all key heads.
    PerHead,
    /// Weights for every element of every head: H d and K d.
    AllHeads,
}

/// A sigmoid gate on the heads' output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputGate {
    /// None.
    #[default]
    None,
    /// One value per element: as wide as the queries (Qwen3-Next).
    PerElement,
    /// One value per head (Step-3.5).
    PerHead,
}

/// Shape of a GQA layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Gqa {
    /// H.
    pub query_heads: u64,
    /// K; divides H.
    pub kv_heads: u64,
    /// d, the same for queries, keys and values.
    pub head_dim: u64,
    /// Window, if the layer does not see the whole context.
    pub window: Option<Window>,
    /// Format of the KV cache.
    pub kv_cache: Dtype,
    /// Biases on q, k and v.
    pub qkv_bias: bool,
    /// Bias on the output projection.
    pub output_bias: bool,
    /// Learned norms of queries and keys.
    pub qk_norm: QkNorm,
    /// A gate on the output, computed beside the query.
    pub output_gate: OutputGate,
    /// One learned sink logit per query head.
    pub sinks: bool,
}

impl Gqa {
    /// Elements that one token adds to the cache: K and V.
    const fn kv_elements(&self) -> u64 {
        2 * self.kv_heads * self.head_dim
    }

    fn seen(&self, s: u64) -> u64 {
        self.window.map_or(s, |window| window.cap(s))
    }
}

impl Design for Gqa {
    fn kind(&self) -> &'static str {
        match self.window {
            None => "GQA",
            Some(Window::Sliding(_)) => "sliding GQA",
            Some(Window::Chunked(_)) => "chunked GQA",
        }
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        let (q, kv) = (self.query_heads * self.head_dim, self.kv_heads * self.head_dim);
        let mut all = vec![
            Matrix::new("q_proj", h, q).with_bias(self.qkv_bias).split(self.query_heads, false),
        ];
        let gate = |width| Matrix::new("output_gate", h, width).split(self.query_heads, false);
        match self.output_gate {
            OutputGate::None => {}
            OutputGate::PerElement => all.push(gate(q).with_bias(self.qkv_bias)),
            OutputGate::PerHead => all.push(gate(self.query_heads).wide()),
        }
        all.extend([
            Matrix::new("k_proj", h, kv).with_bias(self.qkv_bias).split(self.kv_heads, false),
            Matrix::new("v_proj", h, kv).with_bias(self.qkv_bias).split(self.kv_heads, false),
            Matrix::new("o_proj", q, h).with_bias(self.output_bias).split(self.query_heads, true),
        ]);
        all
    }

    fn other_params(&self) -> u64 {
        let norms = match self.qk_norm {
            QkNorm::None => 0,
            QkNorm::PerHead => 2 * self.head_dim,
            QkNorm::AllHeads => (self.query_heads + self.kv_heads) * self.head_dim,
        };
        norms + if self.sinks { self.query_heads } else { 0 }
    }

    fn core_shape(&self, _: Counting) -> CoreShape {
        let cap = match self.window {
            None => f64::INFINITY,
            Some(Window::Sliding(n) | Window::Chunked(n)) => n as f64,
        };
        let flops = 4.0 * (self.query_heads * self.head_dim) as f64;
        let bytes = self.kv_cache.bytes(self.kv_elements() as f64);
        CoreShape {
            parts: [CorePart::new(flops, bytes, cap), CorePart::NONE, CorePart::NONE],
            fixed: Core::default(),
            format: self.kv_cache,
        }
    }

    fn heads(&self) -> Option<CoreHeads> {
        Some(CoreHeads {
            query: self.query_heads,
            kv: self.kv_heads,
            key_width: self.head_dim,
            value_width: self.head_dim,
            latent: false,
        })
    }

    fn kv_splits(&self) -> u64 {
        self.kv_heads
    }

    fn kv_elements_per_token(&self) -> u64 {
        self.kv_elements()
    }

    fn kv_bytes_held(&self, s: u64) -> Bytes {
        self.kv_cache.bytes(self.kv_elements() as f64 * self.seen(s) as f64)
    }

    fn effective_rank(&self) -> u64 {
        self.query_heads * self.head_dim
    }
}
