//! Kimi delta attention (Kimi Linear, arXiv 2510.26692): the gated delta rule with a decay per
//! channel of the key instead of one per head.
//!
//! A head keeps a d x d state, S <- diag(a) S + beta k (v - (diag(a) S)^T k)^T: 7 FLOPs per state
//! element as in the [gated delta net](super::delta_net). Decay and output gate come through
//! low-rank projections h -> d -> H d (the gate of Kimi K3 at full rank). Bytes per token
//! 2 (H d^2 w + 3 H d (c - 1) w_conv).

use super::delta_net::DeltaRule;
use super::{CoreShape, Design};
use crate::units::Bytes;
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// Shape of a KDA layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Kda {
    /// H.
    pub heads: u64,
    /// d, the same for queries, keys and values.
    pub head_dim: u64,
    /// c, the columns that the convolutions see.
    pub conv_kernel: u64,
    /// Whether the output gate is projected at full rank.
    pub full_rank_gate: bool,
    /// Decay rates as stored; one per head would do.
    pub decay_rates: u64,
    /// Format of the state.
    pub state: Dtype,
    /// Format of the convolutions' window.
    pub conv_state: Dtype,
}

impl Kda {
    const fn inner(&self) -> u64 {
        self.heads * self.head_dim
    }

    const fn delta(&self) -> DeltaRule {
        DeltaRule {
            state_elements: self.inner() as f64 * self.head_dim as f64,
            channels: 3.0 * self.inner() as f64,
            conv_kernel: self.conv_kernel as f64,
            state: self.state,
            conv_state: self.conv_state,
        }
    }
}

impl Design for Kda {
    fn kind(&self) -> &'static str {
        "KDA"
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        let inner = self.inner();
        let heads =
            |name, inputs, outputs| Matrix::new(name, inputs, outputs).split(self.heads, false);
        let mut all = vec![
            heads("q_proj", h, inner),
            heads("k_proj", h, inner),
            heads("v_proj", h, inner),
            Matrix::new("decay_down", h, self.head_dim),
            heads("decay_up", self.head_dim, inner),
            heads("beta", h, self.heads).wide(),
        ];
        if self.full_rank_gate {
            all.push(heads("output_gate", h, inner));
        } else {
            all.push(Matrix::new("gate_down", h, self.head_dim));
            all.push(heads("gate_up", self.head_dim, inner));
        }
        all.push(Matrix::new("o_proj", inner, h).split(self.heads, true));
        all
    }

    /// Three convolutions, the decay's rates and bias, and the norm of the output.
    fn other_params(&self) -> u64 {
        3 * self.inner() * self.conv_kernel + self.decay_rates + self.inner() + self.head_dim
    }

    fn core_shape(&self, _: Counting) -> CoreShape {
        self.delta().core_shape()
    }

    /// The state splits by heads.
    fn kv_splits(&self) -> u64 {
        self.heads
    }

    fn state_bytes_per_sequence(&self) -> Bytes {
        self.delta().state_bytes()
    }

    fn effective_rank(&self) -> u64 {
        self.inner()
    }
}
