//! Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434), in the absorbed form of decoding.
//!
//! The cache holds one latent of r_kv and one RoPE key of d_rope per token, shared by all heads:
//! KV bytes (r_kv + d_rope) S w. Absorbed, QK runs over r_kv + d_rope and PV over r_kv, so
//! FLOPs = 2 H (2 r_kv + d_rope) S; the Step-3 paper takes r_kv + d_rope for both and counts
//! 4 H (r_kv + d_rope) S.

use super::{Core, CoreHeads, CorePart, CoreShape, Design};
use crate::units::Bytes;
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// Shape of an MLA layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Mla {
    /// H.
    pub query_heads: u64,
    /// r_q, the rank of the query projection; none where queries are projected at full rank.
    pub query_rank: Option<u64>,
    /// r_kv, the rank of the latent that is cached.
    pub kv_rank: u64,
    /// d_nope, the part of a query head without position.
    pub nope_head_dim: u64,
    /// d_rope, the part with position; its key is cached once for all heads.
    pub rope_head_dim: u64,
    /// d_v, the width of a value head.
    pub value_head_dim: u64,
    /// Format of the KV cache.
    pub kv_cache: Dtype,
    /// Biases on the projections that read or write the residual stream.
    pub bias: bool,
    /// A gate on the output, H d_v wide (Kimi K3).
    pub output_gate: bool,
}

impl Mla {
    pub(super) const fn kv_elements(&self) -> u64 {
        self.kv_rank + self.rope_head_dim
    }
}

impl Design for Mla {
    fn kind(&self) -> &'static str {
        "MLA"
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        let q = self.query_heads * (self.nope_head_dim + self.rope_head_dim);
        let mut all = match self.query_rank {
            Some(rank) => vec![
                Matrix::new("q_down", h, rank).with_bias(self.bias),
                Matrix::new("q_up", rank, q).split(self.query_heads, false),
            ],
            None => vec![Matrix::new("q_proj", h, q).split(self.query_heads, false)],
        };
        all.extend([
            Matrix::new("kv_down", h, self.kv_elements()).with_bias(self.bias),
            // Absorbed into the query and the output when decoding: the same weights, the same
            // multiply-adds per token.
            Matrix::new("k_up", self.kv_rank, self.query_heads * self.nope_head_dim)
                .split(self.query_heads, false),
            Matrix::new("v_up", self.kv_rank, self.query_heads * self.value_head_dim)
                .split(self.query_heads, false),
            Matrix::new("o_proj", self.query_heads * self.value_head_dim, h)
                .with_bias(self.bias)
                .split(self.query_heads, true),
        ]);
        if self.output_gate {
            let gate = Matrix::new("output_gate", h, self.query_heads * self.value_head_dim);
            all.push(gate.split(self.query_heads, false));
        }
        all
    }

    /// The norms of the two latents.
    fn other_params(&self) -> u64 {
        self.query_rank.unwrap_or(0) + self.kv_rank
    }

    /// Checkpoints store k_up and v_up as one matrix.
    fn stored_matrices(&self, h: u64) -> Vec<Matrix> {
        let up = self.query_heads * (self.nope_head_dim + self.value_head_dim);
        let apart = |m: &Matrix| m.name == "k_up" || m.name == "v_up";
        let mut all: Vec<Matrix> = self.matrices(h).into_iter().filter(|m| !apart(m)).collect();
        all.push(Matrix::new("kv_up", self.kv_rank, up));
        all
    }

    fn core_shape(&self, counting: Counting) -> CoreShape {
        let (heads, rank, rope) =
            (self.query_heads as f64, self.kv_rank as f64, self.rope_head_dim as f64);
        let flops = match counting {
            Counting::Paper => 4.0 * heads * (rank + rope),
            Counting::Exact => 2.0 * heads * (2.0 * rank + rope),
        };
        let bytes = self.kv_cache.bytes(self.kv_elements() as f64);
        CoreShape {
            parts: [CorePart::new(flops, bytes, f64::INFINITY), CorePart::NONE, CorePart::NONE],
            fixed: Core::default(),
            format: self.kv_cache,
        }
    }

    /// Every head reads the same latent.
    fn heads(&self) -> Option<CoreHeads> {
        Some(CoreHeads {
            query: self.query_heads,
            kv: 1,
            key_width: self.kv_elements(),
            value_width: self.kv_rank,
            latent: true,
        })
    }

    fn kv_splits(&self) -> u64 {
        1
    }

    fn kv_elements_per_token(&self) -> u64 {
        self.kv_elements()
    }

    fn kv_bytes_held(&self, s: u64) -> Bytes {
        self.kv_cache.bytes(self.kv_elements() as f64 * s as f64)
    }

    fn effective_rank(&self) -> u64 {
        self.query_heads * self.nope_head_dim
    }
}
