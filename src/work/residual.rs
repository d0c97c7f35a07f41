//! What carries the residual stream past the blocks, where it is more than an addition.
//!
//! | kind | per layer | at the end |
//! | --- | --- | --- |
//! | plain | nothing | nothing |
//! | manifold-constrained hyper-connections (arXiv 2512.24880), c streams | 2 x (c (2 + c) x c h mixing matrix, c (2 + c) offsets, 3 scales) | c x c h matrix, c offsets, 1 scale |
//! | attention residuals (Kimi K3) | 2 x (norm h, query h x 1) | norm h, query h x 1 |
//!
//! The norms of the blocks themselves are [`Norms`](super::model::Norms).

use super::matrix::Matrix;
use crate::units::Flops;

/// The residual stream's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Residual {
    /// Addition.
    #[default]
    Plain,
    /// Hyper-connections over so many streams (DeepSeek-V4).
    HyperConnections {
        /// c, the streams; each is h wide.
        streams: u64,
    },
    /// Each block attends over the outputs of earlier blocks (Kimi K3).
    AttentionResiduals {
        /// Layers whose outputs are summed into one before they are attended to.
        block_layers: u64,
    },
}

impl Residual {
    /// Matrices of each layer, one before attention and one before the FFN.
    #[must_use]
    pub fn layer_matrices(self, h: u64) -> Vec<Matrix> {
        match self {
            Self::Plain => Vec::new(),
            Self::HyperConnections { streams: c } => {
                vec![Matrix::new("hc_mix", c * h, (2 + c) * c); 2]
            }
            Self::AttentionResiduals { .. } => vec![Matrix::new("residual_query", h, 1); 2],
        }
    }

    /// The matrix once, before the head.
    #[must_use]
    pub const fn final_matrix(self, h: u64) -> Option<Matrix> {
        match self {
            Self::Plain => None,
            Self::HyperConnections { streams: c } => Some(Matrix::new("hc_head", c * h, c)),
            Self::AttentionResiduals { .. } => Some(Matrix::new("residual_query", h, 1)),
        }
    }

    /// Parameters that each layer adds.
    #[must_use]
    pub fn layer_params(self, h: u64) -> u64 {
        let matrices: u64 = self.layer_matrices(h).iter().map(Matrix::params).sum();
        matrices
            + match self {
                Self::Plain => 0,
                Self::HyperConnections { streams: c } => 2 * ((2 + c) * c + 3),
                Self::AttentionResiduals { .. } => 2 * h,
            }
    }

    /// Parameters once, before the head.
    #[must_use]
    pub fn final_params(self, h: u64) -> u64 {
        let matrix = self.final_matrix(h).map_or(0, |matrix| matrix.params());
        matrix
            + match self {
                Self::Plain => 0,
                Self::HyperConnections { streams: c } => c + 1,
                Self::AttentionResiduals { .. } => h,
            }
    }

    /// Arithmetic of its matrices for one token over `layers` layers; the sums over streams or
    /// blocks are elementwise and not counted.
    #[must_use]
    pub fn flops(self, h: u64, layers: u64) -> Flops {
        let layer: Flops = self.layer_matrices(h).iter().map(Matrix::flops).sum();
        let last = self.final_matrix(h).map_or(Flops::ZERO, |matrix| matrix.flops());
        layer * layers as f64 + last
    }

    /// Rows of width h that carry one token's residual stream past a block of `layers` layers: one,
    /// the streams, or the outputs of earlier blocks beside the present one.
    #[must_use]
    pub const fn streams(self, layers: u64) -> u64 {
        match self {
            Self::Plain => 1,
            Self::HyperConnections { streams } => streams,
            Self::AttentionResiduals { block_layers } => layers.div_ceil(block_layers) + 1,
        }
    }
}
