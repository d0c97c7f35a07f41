//! Forms as vectors of parameters, each between what is physically possible, for the search.

use crate::machine::calibration::attention::AttentionFit;
use crate::machine::calibration::gemm::{GemmFit, GroupedFit};
use crate::machine::calibration::link::LinkFit;
use crate::machine::calibration::{Family, Form};

/// How a parameter lies between its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// Evenly.
    Linear,
    /// Evenly in its logarithm.
    Logarithmic,
}

/// A parameter's bounds and where the search starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    least: f64,
    most: f64,
    start: f64,
    scale: Scale,
}

const fn linear(least: f64, most: f64, start: f64) -> Parameter {
    Parameter { least, most, start, scale: Scale::Linear }
}

const fn logarithmic(least: f64, most: f64, start: f64) -> Parameter {
    Parameter { least, most, start, scale: Scale::Logarithmic }
}

impl Parameter {
    /// The value at a point of the real line, which the bounds are squeezed from.
    #[must_use]
    pub fn at(&self, z: f64) -> f64 {
        let share = 1.0 / (1.0 + (-z).exp());
        match self.scale {
            Scale::Linear => self.least + (self.most - self.least) * share,
            Scale::Logarithmic => self.least * (self.most / self.least).powf(share),
        }
    }

    /// Where the search starts: the point of the start value, moved by `by`.
    #[must_use]
    pub fn start(&self, by: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (self.start - self.least) / (self.most - self.least),
            Scale::Logarithmic => (self.start / self.least).ln() / (self.most / self.least).ln(),
        };
        let share = share.clamp(0.02, 0.98);
        (share / (1.0 - share)).ln() + by
    }
}

/// Bounds of start-up times: what a launch takes at least, and more than any kernel was seen to.
const STARTUP: Parameter = logarithmic(0.5, 60.0, 6.0);
const EFFICIENCY: Parameter = linear(0.02, 1.0, 0.75);

const ATTENTION: [Parameter; 10] = [
    STARTUP,
    EFFICIENCY,
    EFFICIENCY,
    linear(0.0, 0.9, 0.1),
    linear(0.0, 20.0, 3.0),
    logarithmic(5.0, 120.0, 40.0),
    linear(0.0, 20.0, 3.0),
    linear(0.0, 4.0, 0.3),
    linear(0.0, 1.0, 0.05),
    linear(0.0, 60.0, 5.0),
];

const DENSE: [Parameter; 6] = [
    STARTUP,
    EFFICIENCY,
    EFFICIENCY,
    linear(0.0, 0.9, 0.25),
    linear(0.0, 4.0, 1.2),
    linear(0.0, 1.0, 0.2),
];

const GROUPED: [Parameter; 5] = [
    logarithmic(0.5, 120.0, 15.0),
    EFFICIENCY,
    EFFICIENCY,
    linear(0.0, 0.9, 0.25),
    linear(0.0, 6.0, 1.2),
];

const EXPERTS: [Parameter; 7] = [
    logarithmic(0.5, 120.0, 25.0),
    EFFICIENCY,
    EFFICIENCY,
    linear(0.0, 0.9, 0.3),
    linear(0.0, 60.0, 12.0),
    linear(0.0, 60.0, 5.0),
    linear(0.0, 500.0, 50.0),
];

const LINK: [Parameter; 4] =
    [logarithmic(0.5, 200.0, 10.0), linear(0.0, 5.0, 0.5), EFFICIENCY, linear(0.0, 80.0, 8.0)];

/// A form without its numbers: what is searched for, with what is chosen from a list fixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Template {
    /// Attention with query rows padded to a tile.
    Attention {
        /// The tile.
        tile_rows: f64,
        /// Multiprocessors to a piece from a queue, or 0.
        queue_processors: f64,
    },
    /// Dense products with rows padded to a tile.
    Dense {
        /// The tile.
        tile_rows: f64,
    },
    /// Grouped products with each group's rows padded to a tile.
    Grouped {
        /// The low tile.
        tile_rows: f64,
        /// Beyond it.
        tall_tile_rows: f64,
    },
    /// Whole experts with each one's rows padded to a tile.
    Experts {
        /// The tile.
        tile_rows: f64,
    },
    /// Links.
    Link,
}

impl Template {
    /// The templates to try for a family.
    #[must_use]
    pub fn of(family: Family) -> Vec<Self> {
        match family {
            Family::DecodeAttentionGqa => [8.0, 16.0, 64.0]
                .map(|tile_rows| Self::Attention { tile_rows, queue_processors: 0.0 })
                .to_vec(),
            Family::DecodeAttentionMla => [(16.0, 0.0), (64.0, 0.0), (128.0, 0.0), (64.0, 2.0)]
                .map(|(tile_rows, queue_processors)| Self::Attention {
                    tile_rows,
                    queue_processors,
                })
                .to_vec(),
            Family::DenseGemm => {
                [16.0, 64.0, 128.0].map(|tile_rows| Self::Dense { tile_rows }).to_vec()
            }
            Family::ExpertFfn => [1.0, 64.0].map(|tile_rows| Self::Experts { tile_rows }).to_vec(),
            Family::GroupedGemm => [
                (1.0, 1.0),
                (16.0, 16.0),
                (64.0, 64.0),
                (64.0, 128.0),
                (128.0, 128.0),
                (128.0, 256.0),
                (128.0, 512.0),
            ]
            .map(|(tile_rows, tall_tile_rows)| Self::Grouped { tile_rows, tall_tile_rows })
            .to_vec(),
            _ => vec![Self::Link],
        }
    }

    /// Its parameters.
    #[must_use]
    pub const fn parameters(&self) -> &'static [Parameter] {
        match self {
            Self::Attention { .. } => &ATTENTION,
            Self::Dense { .. } => &DENSE,
            Self::Grouped { .. } => &GROUPED,
            Self::Experts { .. } => &EXPERTS,
            Self::Link => &LINK,
        }
    }

    /// The form at a point of the search.
    #[must_use]
    pub fn form(&self, point: &[f64]) -> Form {
        let parameters = self.parameters();
        let value = |i: usize| parameters[i].at(point[i]);
        match *self {
            Self::Attention { tile_rows, queue_processors } => Form::Attention(AttentionFit {
                startup_us: value(0),
                memory_efficiency: value(1),
                compute_efficiency: value(2),
                ridge_rounding: value(3),
                tile_rows,
                cold_us: value(4),
                l2_mb: value(5),
                merge_us: value(6),
                merge_traffic: value(7),
                merge_us_per_piece: value(8),
                unit_ns: value(9),
                queue_processors,
            }),
            Self::Dense { tile_rows } => Form::Gemm(GemmFit {
                startup_us: value(0),
                memory_efficiency: value(1),
                compute_efficiency: value(2),
                ridge_rounding: value(3),
                tile_rows,
                us_per_1000_k: value(4),
                wave_loss: value(5),
            }),
            Self::Grouped { tile_rows, tall_tile_rows } => Form::Grouped(GroupedFit {
                startup_us: value(0),
                memory_efficiency: value(1),
                compute_efficiency: value(2),
                ridge_rounding: value(3),
                tile_rows,
                tall_tile_rows,
                us_per_1000_k: value(4),
                row_bytes: 0.0,
                token_bytes: 0.0,
                expert_ns: 0.0,
            }),
            Self::Experts { tile_rows } => Form::Grouped(GroupedFit {
                startup_us: value(0),
                memory_efficiency: value(1),
                compute_efficiency: value(2),
                ridge_rounding: value(3),
                tile_rows,
                tall_tile_rows: tile_rows,
                us_per_1000_k: 0.0,
                row_bytes: value(4),
                token_bytes: value(5),
                expert_ns: value(6),
            }),
            Self::Link => Form::Link(LinkFit {
                startup_us: value(0),
                us_per_rank: value(1),
                efficiency: value(2),
                ramp_us: value(3),
            }),
        }
    }
}
