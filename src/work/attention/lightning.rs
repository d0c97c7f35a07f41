//! Lightning attention (MiniMax-01, arXiv 2501.08313): linear attention whose state decays.
//!
//! A head keeps a d x d state, S <- decay S + k v^T, and answers with q S. Whatever the context,
//! a token reads and writes the whole state: bytes 2 H d^2 w. Step by step that is 5 FLOPs per
//! state element (decay 1, rank-one update 2, read-out 2). The Step-3 paper's table fits 10 per
//! element, which it does not derive.

use super::{Core, CorePart, CoreShape, Design};
use crate::units::{Bytes, Flops};
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// FLOPs per state element that reproduce the paper's table.
const PAPER_FLOPS_PER_ELEMENT: f64 = 10.0;
/// Decay (1), rank-one update (2), read-out (2).
const EXACT_FLOPS_PER_ELEMENT: f64 = 5.0;

/// Shape of a lightning attention layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Lightning {
    /// H; queries, keys and values have as many heads.
    pub heads: u64,
    /// d.
    pub head_dim: u64,
    /// Format of the state.
    pub state: Dtype,
}

impl Lightning {
    fn state_elements(&self) -> f64 {
        self.heads as f64 * self.head_dim as f64 * self.head_dim as f64
    }
}

impl Design for Lightning {
    fn kind(&self) -> &'static str {
        "lightning"
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        let inner = self.heads * self.head_dim;
        vec![
            Matrix::new("q_proj", h, inner).split(self.heads, false),
            Matrix::new("k_proj", h, inner).split(self.heads, false),
            Matrix::new("v_proj", h, inner).split(self.heads, false),
            Matrix::new("output_gate", h, inner).split(self.heads, false),
            Matrix::new("o_proj", inner, h).split(self.heads, true),
        ]
    }

    /// The norm of the output before its gate.
    fn other_params(&self) -> u64 {
        self.heads * self.head_dim
    }

    fn core_shape(&self, counting: Counting) -> CoreShape {
        let per_element = match counting {
            Counting::Paper => PAPER_FLOPS_PER_ELEMENT,
            Counting::Exact => EXACT_FLOPS_PER_ELEMENT,
        };
        CoreShape {
            parts: [CorePart::NONE; 3],
            fixed: Core {
                flops: Flops::new(self.state_elements() * per_element),
                bytes: self.state_bytes_per_sequence() * 2.0,
            },
            // States are kept wide but multiplied as activations are.
            format: Dtype::Bf16,
        }
    }

    fn kv_splits(&self) -> u64 {
        self.heads
    }

    fn state_bytes_per_sequence(&self) -> Bytes {
        self.state.bytes(self.state_elements())
    }

    fn effective_rank(&self) -> u64 {
        self.heads * self.head_dim
    }
}
