//! Gated delta net (arXiv 2412.06464; Qwen3-Next, Qwen3.5): linear attention whose state forgets
//! by a gate and is corrected by the delta rule.
//!
//! A value head keeps a d_k x d_v state, S <- alpha S + beta k (v - alpha S^T k)^T, and answers
//! with S^T q. Step by step that is 7 FLOPs per state element: decay 1, S^T k 2, rank-one update 2,
//! read-out 2. Queries, keys and values pass a short causal convolution first, 2 c FLOPs per
//! channel, whose last c - 1 columns are kept. Whatever the context, a token reads and writes the
//! whole state: bytes 2 (n_v d_k d_v w + (2 n_k d_k + n_v d_v) (c - 1) w_conv).

use super::{Core, CorePart, CoreShape, Design};
use crate::units::{Bytes, Flops};
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// Decay (1), look-up (2), rank-one update (2), read-out (2).
const FLOPS_PER_ELEMENT: f64 = 7.0;

/// A state that the delta rule corrects behind a short convolution, whatever its heads.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeltaRule {
    /// Elements of the state.
    pub state_elements: f64,
    /// Channels of the convolution.
    pub channels: f64,
    /// c, the columns that it sees.
    pub conv_kernel: f64,
    /// Format of the state.
    pub state: Dtype,
    /// Format of the convolution's window.
    pub conv_state: Dtype,
}

impl DeltaRule {
    /// A token's core: the rule and the convolution; the state is read and written.
    pub(super) fn core_shape(&self) -> CoreShape {
        let convolution = 2.0 * self.channels * self.conv_kernel;
        let recurrence = FLOPS_PER_ELEMENT * self.state_elements;
        CoreShape {
            parts: [CorePart::NONE; 3],
            fixed: Core {
                flops: Flops::new(recurrence + convolution),
                bytes: self.state_bytes() * 2.0,
            },
            format: Dtype::Bf16, // States are kept wide but multiplied as activations are.
        }
    }

    /// What a sequence keeps: the state and the window of the convolution.
    pub(super) fn state_bytes(&self) -> Bytes {
        let window = self.channels * (self.conv_kernel - 1.0);
        self.state.bytes(self.state_elements) + self.conv_state.bytes(window)
    }
}

/// Shape of a gated delta net layer.
#[derive(Debug, Clone, PartialEq)]
pub struct GatedDeltaNet {
    /// n_k; queries have as many heads.
    pub key_heads: u64,
    /// n_v.
    pub value_heads: u64,
    /// d_k.
    pub key_head_dim: u64,
    /// d_v.
    pub value_head_dim: u64,
    /// c, the columns that the convolution sees.
    pub conv_kernel: u64,
    /// Format of the state.
    pub state: Dtype,
    /// Format of the convolution's window.
    pub conv_state: Dtype,
}

impl GatedDeltaNet {
    const fn keys(&self) -> u64 {
        self.key_heads * self.key_head_dim
    }

    const fn values(&self) -> u64 {
        self.value_heads * self.value_head_dim
    }

    const fn channels(&self) -> u64 {
        2 * self.keys() + self.values()
    }

    const fn delta(&self) -> DeltaRule {
        DeltaRule {
            state_elements: self.values() as f64 * self.key_head_dim as f64,
            channels: self.channels() as f64,
            conv_kernel: self.conv_kernel as f64,
            state: self.state,
            conv_state: self.conv_state,
        }
    }
}

impl Design for GatedDeltaNet {
    fn kind(&self) -> &'static str {
        "gated delta net"
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        vec![
            Matrix::new("q_proj", h, self.keys()).split(self.key_heads, false),
            Matrix::new("k_proj", h, self.keys()).split(self.key_heads, false),
            Matrix::new("v_proj", h, self.values()).split(self.value_heads, false),
            Matrix::new("output_gate", h, self.values()).split(self.value_heads, false),
            Matrix::new("alpha_beta", h, 2 * self.value_heads)
                .split(self.value_heads, false)
                .wide(),
            Matrix::new("o_proj", self.values(), h).split(self.value_heads, true),
        ]
    }

    /// The convolution, a decay rate and a step bias per head, and the norm of the output.
    fn other_params(&self) -> u64 {
        self.channels() * self.conv_kernel + 2 * self.value_heads + self.value_head_dim
    }

    fn core_shape(&self, _: Counting) -> CoreShape {
        self.delta().core_shape()
    }

    /// The state splits by value heads.
    fn kv_splits(&self) -> u64 {
        self.value_heads
    }

    fn state_bytes_per_sequence(&self) -> Bytes {
        self.delta().state_bytes()
    }

    fn effective_rank(&self) -> u64 {
        self.value_heads * self.key_head_dim
    }
}
