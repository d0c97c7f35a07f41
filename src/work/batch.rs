//! What one device does in one layer for a batch, as functions of the tokens in the batch and
//! their context: still FLOPs and bytes, no rates.
//!
//! A linear layer reads its weights once whatever the batch, and its activations per row; the
//! attention core reads each request's cache; a mixture of experts reads the experts that the
//! batch touches. Tensor parallelism splits a matrix only as far as the mathematics lets it: the
//! down-projections of MFA and MLA feed every head and are computed whole on every device.

use super::attention::{Attention, CoreShape};
use super::dtype::Dtype;
use super::ffn::{Dense, Moe};
use super::matrix::Matrix;

/// A product of a batch of rows with one device's part of a weight matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gemm {
    /// The matrix's name.
    pub name: &'static str,
    /// k of the local product.
    pub inputs: f64,
    /// n of the local product.
    pub outputs: f64,
    /// Bytes of the local weights.
    pub weight_bytes: f64,
    /// FLOPs of one row.
    pub flops_per_row: f64,
    /// Activation bytes of one row, read and written.
    pub bytes_per_row: f64,
}

impl Gemm {
    /// One device's part of a matrix that `tp` devices share, with weights and activations in
    /// given formats.
    #[must_use]
    pub fn new(matrix: &Matrix, tp: u32, weights: Dtype, activations: Dtype) -> Self {
        let parts = u64::from(tp).min(matrix.splits) as f64;
        let (inputs, outputs) = match matrix.split_inputs {
            true => (matrix.inputs as f64 / parts, matrix.outputs as f64),
            false => (matrix.inputs as f64, matrix.outputs as f64 / parts),
        };
        Self {
            name: matrix.name,
            inputs,
            outputs,
            weight_bytes: weights.bytes(inputs * outputs).bytes(),
            flops_per_row: 2.0 * inputs * outputs,
            bytes_per_row: activations.bytes(inputs + outputs).bytes(),
        }
    }
}

impl Gemm {
    /// Adds the columns of a product that reads the same rows.
    pub fn join(&mut self, other: &Self, name: &'static str) {
        self.name = name;
        let rows_read = self.bytes_per_row * self.inputs / (self.inputs + self.outputs);
        self.bytes_per_row += other.bytes_per_row - rows_read;
        self.outputs += other.outputs;
        self.weight_bytes += other.weight_bytes;
        self.flops_per_row += other.flops_per_row;
    }
}

/// One device's attention in one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionWork {
    /// Projections.
    pub gemms: Vec<Gemm>,
    /// The core of this device's heads, for one query token.
    pub core: CoreShape,
}

/// One device's part of an attention layer whose heads `tp` devices share. The KV cache is split
/// by KV heads as far as there are any, and held whole by every device beyond that.
#[must_use]
pub fn attention_work(
    attention: &Attention,
    h: u64,
    tp: u32,
    weights: Dtype,
    activations: Dtype,
) -> AttentionWork {
    let matrices = attention.matrices(h);
    AttentionWork {
        gemms: matrices.iter().map(|m| Gemm::new(m, tp, weights, activations)).collect(),
        core: attention.core_shape(super::Counting::Exact).split(tp, attention.kv_splits()),
    }
}

/// One device's share of the routed experts of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpertWork {
    /// N.
    pub experts: f64,
    /// k.
    pub experts_per_token: f64,
    /// Experts that this device holds a part of.
    pub local_experts: f64,
    /// Bytes of this device's part of one expert.
    pub expert_bytes: f64,
    /// FLOPs of one row through this device's part of one expert.
    pub flops_per_row: f64,
    /// Activation bytes of one row, read and written.
    pub bytes_per_row: f64,
    /// k of the first products: the width that the experts read.
    pub inputs: f64,
    /// k of the two products one after the other: that and this device's part of their own width.
    pub along_k: f64,
}

/// One device's share of routed experts that are dealt out to `groups` of `tp` devices each, with
/// `redundant` copies beyond one each.
#[must_use]
pub fn expert_work(
    moe: &Moe,
    h: u64,
    groups: u32,
    tp: u32,
    redundant: u32,
    weights: Dtype,
    activations: Dtype,
) -> ExpertWork {
    let h = moe.expert_hidden_size(h);
    let share = 1.0 / f64::from(tp);
    let width = moe.expert_intermediate_size as f64 * share;
    let copies = (moe.experts + u64::from(redundant)) as f64;
    ExpertWork {
        experts: moe.experts as f64,
        experts_per_token: moe.experts_per_token as f64,
        local_experts: (copies / f64::from(groups)).ceil(),
        expert_bytes: weights.bytes(3.0 * h as f64 * width).bytes(),
        flops_per_row: 2.0 * 3.0 * h as f64 * width,
        // The row in, gate and up out, their product in, the row out.
        bytes_per_row: activations.bytes(2.0 * h as f64 + 3.0 * width).bytes(),
        inputs: h as f64,
        along_k: h as f64 + width,
    }
}

impl ExpertWork {
    /// Expected distinct experts of this device that a batch of `tokens` touches, where it touches
    /// such a share of all: 1 - (1 - k / N)^B where all are equally popular.
    #[must_use]
    #[inline]
    pub fn touched(&self, share: f64, tokens: f64) -> f64 {
        // Copies of an expert are touched as one is, and no more experts than rows are sent.
        (self.local_experts * share).min(tokens * self.experts_per_token)
    }
}

/// A gated unit of given width as the three products of one device that holds `1/parts` of it.
#[must_use]
pub fn gated_gemms(
    unit: &[Matrix; 3],
    parts: u32,
    weights: Dtype,
    activations: Dtype,
) -> [Gemm; 3] {
    let split = |matrix: &Matrix| {
        let matrix = matrix.split(u64::MAX, matrix.name == "down_proj");
        Gemm::new(&matrix, parts, weights, activations)
    };
    [split(&unit[0]), split(&unit[1]), split(&unit[2])]
}

/// A dense block as [`gated_gemms`].
#[must_use]
pub fn dense_gemms(
    dense: &Dense,
    h: u64,
    parts: u32,
    weights: Dtype,
    activations: Dtype,
) -> [Gemm; 3] {
    gated_gemms(&dense.matrices(h), parts, weights, activations)
}
