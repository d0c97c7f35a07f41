//! Multi-matrix factorisation attention (arXiv 2412.19255, Step-3).
//!
//! Queries come through a shared low-rank projection (h -> r_q -> H d); K key/value heads, 1 in
//! Step-3, serve all H query heads. The core is that of GQA: KV bytes 2 K d S w, FLOPs 4 H d S.

use super::{Core, CoreHeads, CorePart, CoreShape, Design};
use crate::units::Bytes;
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// Shape of an MFA layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Mfa {
    /// H.
    pub query_heads: u64,
    /// K, the KV groups; divides H.
    pub kv_heads: u64,
    /// d.
    pub head_dim: u64,
    /// r_q, the rank of the query projection.
    pub query_rank: u64,
    /// Format of the KV cache.
    pub kv_cache: Dtype,
}

impl Mfa {
    const fn kv_elements(&self) -> u64 {
        2 * self.kv_heads * self.head_dim
    }
}

impl Design for Mfa {
    fn kind(&self) -> &'static str {
        "MFA"
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        let (q, kv) = (self.query_heads * self.head_dim, self.kv_heads * self.head_dim);
        vec![
            Matrix::new("q_down", h, self.query_rank),
            Matrix::new("q_up", self.query_rank, q).split(self.query_heads, false),
            Matrix::new("k_proj", h, kv).split(self.kv_heads, false),
            Matrix::new("v_proj", h, kv).split(self.kv_heads, false),
            Matrix::new("o_proj", q, h).split(self.query_heads, true),
        ]
    }

    /// The norm of the low-rank query.
    fn other_params(&self) -> u64 {
        self.query_rank
    }

    fn core_shape(&self, _: Counting) -> CoreShape {
        let flops = 4.0 * (self.query_heads * self.head_dim) as f64;
        let bytes = self.kv_cache.bytes(self.kv_elements() as f64);
        CoreShape {
            parts: [CorePart::new(flops, bytes, f64::INFINITY), CorePart::NONE, CorePart::NONE],
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
        self.kv_cache.bytes(self.kv_elements() as f64 * s as f64)
    }

    fn effective_rank(&self) -> u64 {
        self.query_heads * self.head_dim
    }
}
