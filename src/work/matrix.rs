//! Weight matrices and vectors: the pieces that parameters, FLOPs and (later) kernels are made of.

use crate::units::Flops;

/// A weight matrix that maps `inputs` features to `outputs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matrix {
    /// The field's name for it: `q_down`, `o_proj`, `gate_up` ...
    pub name: &'static str,
    /// Features in (k of the GEMM).
    pub inputs: u64,
    /// Features out (n of the GEMM).
    pub outputs: u64,
    /// Whether a bias vector of `outputs` elements comes with it.
    pub bias: bool,
    /// Most devices that it can be split over: heads, KV heads, or 1 if it must stay whole.
    pub splits: u64,
    /// Whether it is split by its inputs (and the outputs summed) rather than by its outputs.
    pub split_inputs: bool,
    /// Whether a checkpoint whose layers are quantised still keeps this one wide: routers,
    /// compressors and the small heads of gates.
    pub kept_wide: bool,
}

impl Matrix {
    /// A matrix without bias that stays whole.
    #[must_use]
    pub const fn new(name: &'static str, inputs: u64, outputs: u64) -> Self {
        Self {
            name,
            inputs,
            outputs,
            bias: false,
            splits: 1,
            split_inputs: false,
            kept_wide: false,
        }
    }

    /// The same with a bias or without.
    #[must_use]
    pub const fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The same, split over at most so many devices, by outputs or by inputs.
    #[must_use]
    pub const fn split(mut self, splits: u64, by_inputs: bool) -> Self {
        self.splits = splits;
        self.split_inputs = by_inputs;
        self
    }

    /// The same, kept wide when the layer is quantised.
    #[must_use]
    pub const fn wide(mut self) -> Self {
        self.kept_wide = true;
        self
    }

    /// Tiles of `rows` x `columns` that cover it: as many block scales does it have.
    #[must_use]
    pub const fn blocks(&self, rows: u64, columns: u64) -> u64 {
        self.outputs.div_ceil(rows) * self.inputs.div_ceil(columns)
    }

    /// Weight elements, the bias apart.
    #[must_use]
    pub const fn weights(&self) -> u64 {
        self.inputs * self.outputs
    }

    /// All its parameters, bias included.
    #[must_use]
    pub const fn params(&self) -> u64 {
        self.weights() + if self.bias { self.outputs } else { 0 }
    }

    /// Arithmetic for one token: a multiply-add per weight.
    #[must_use]
    pub fn flops(&self) -> Flops {
        Flops::new(2.0 * self.weights() as f64)
    }
}
