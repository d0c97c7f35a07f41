//! What carries the residual stream past the blocks, where it is more than an addition.
//!
//! | kind | per layer | at the end |
//! | --- | --- | --- |
//! | plain | nothing | nothing |
//! | manifold-constrained hyper-connections (arXiv 2512.24880), c streams | 2 x (c (2 + c) x c h mixing matrix, c (2 + c) offsets, 3 scales) | c x c h matrix, c offsets, 1 scale |
//! | attention residuals (Kimi K3) | 2 x (norm h, query h) | norm h, query h |
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
    /// Parameters that each layer adds.
    #[must_use]
    pub const fn layer_params(self, h: u64) -> u64 {
        match self {
            Self::Plain => 0,
            Self::HyperConnections { streams: c } => 2 * (mixing(c, h).params() + (2 + c) * c + 3),
            Self::AttentionResiduals { .. } => 4 * h,
        }
    }

    /// Parameters once, before the head.
    #[must_use]
    pub const fn final_params(self, h: u64) -> u64 {
        match self {
            Self::Plain => 0,
            Self::HyperConnections { streams: c } => c * c * h + c + 1,
            Self::AttentionResiduals { .. } => 2 * h,
        }
    }

    /// Arithmetic of its matrices for one token over `layers` layers; the sums over streams or
    /// blocks are elementwise and not counted.
    #[must_use]
    pub fn flops(self, h: u64, layers: u64) -> Flops {
        match self {
            Self::Plain => Flops::ZERO,
            Self::HyperConnections { streams: c } => {
                let last = Matrix::new("hc_head", c * h, c).flops();
                mixing(c, h).flops() * 2.0 * layers as f64 + last
            }
            Self::AttentionResiduals { .. } => {
                Matrix::new("residual_query", h, 1).flops() * (2.0 * layers as f64 + 1.0)
            }
        }
    }
}

const fn mixing(c: u64, h: u64) -> Matrix {
    Matrix::new("hc_mix", c * h, (2 + c) * c)
}
