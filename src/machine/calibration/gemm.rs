//! Dense and grouped matrix products as measured: the form of [`kernel`](crate::machine::kernel)
//! with fitted constants.

use super::attention::Peaks;
use crate::machine::kernel::{GemmRate, KernelRate, KernelTime, padded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The normal integral is a logistic of this times the deviation, to one percent.
const LOGISTIC: f64 = 1.702;
/// Columns and rows of the output tiles that waves are made of.
const WAVE_TILE: f64 = 128.0;

/// Fitted constants of dense products [m, k] x [k, n] in one format.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GemmFit {
    /// Time of an empty call.
    pub startup_us: f64,
    /// Share of the memory bandwidth that is reached.
    pub memory_efficiency: f64,
    /// Share of the peak arithmetic rate of the format that is reached.
    pub compute_efficiency: f64,
    /// Extra at the ridge point, in [0, 1).
    pub ridge_rounding: f64,
    /// Rows are computed in multiples of this.
    pub tile_rows: f64,
    /// Time that a tile takes per 1,000 of k, whatever its rows.
    pub us_per_1000_k: f64,
    /// Share of a wave's idle multiprocessors that is lost.
    pub wave_loss: f64,
}

impl GemmFit {
    /// The constants of a product with given k and n.
    #[must_use]
    pub fn rate(&self, peaks: &Peaks, k: f64, n: f64) -> GemmRate {
        GemmRate {
            kernel: KernelRate {
                startup_s: self.startup_us * 1e-6,
                s_per_flop: 1.0 / (self.compute_efficiency * peaks.flops_per_s),
                s_per_byte: 1.0 / (self.memory_efficiency * peaks.bytes_per_s),
                ridge_rounding: self.ridge_rounding,
            },
            tile_rows: self.tile_rows,
            along_k_s: self.us_per_1000_k * k * 1e-9,
            waves_per_tile_row: (n / WAVE_TILE).ceil() / peaks.processors,
            wave_rows: WAVE_TILE,
            wave_loss: self.wave_loss,
        }
    }
}

/// Fitted constants of grouped products: one call for all the experts of a device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupedFit {
    /// Time of an empty call.
    pub startup_us: f64,
    /// Share of the memory bandwidth that is reached.
    pub memory_efficiency: f64,
    /// Share of the peak arithmetic rate of the format that is reached.
    pub compute_efficiency: f64,
    /// Extra at the ridge point, in [0, 1).
    pub ridge_rounding: f64,
    /// Rows of one expert that a low tile holds.
    pub tile_rows: f64,
    /// More rows than that are computed in multiples of this.
    pub tall_tile_rows: f64,
    /// Time that a tile takes per 1,000 of k, whatever its rows.
    pub us_per_1000_k: f64,
    /// Whole experts alone: bytes moved per element of a row between its token and its products
    /// (permutation, quantisation, activation, sum).
    #[serde(default)]
    pub row_bytes: f64,
    /// Whole experts alone: bytes moved per element of a token, whatever experts it visits.
    #[serde(default)]
    pub token_bytes: f64,
    /// Whole experts alone: time per expert on the device.
    #[serde(default)]
    pub expert_ns: f64,
}

/// The experts of a device, as grouped kernels see them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpertShape {
    /// Grouped products, one call each.
    pub calls: f64,
    /// k of the products, added up.
    pub along_k: f64,
    /// Elements of a token.
    pub width: f64,
    /// Experts on the device.
    pub local: f64,
}

/// How rows are spread over the experts that they touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// The same number for each.
    Even,
    /// As they fall.
    Random,
}

/// The constants of the routed experts on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpertRate {
    /// Start-up, arithmetic and bytes.
    pub kernel: KernelRate,
    /// Rows of one expert that a low tile holds; 1 is no padding.
    pub tile_rows: f64,
    /// More rows than that are computed in multiples of this.
    pub tall_tile_rows: f64,
    /// How rows are spread over the experts.
    pub spread: Spread,
    /// Time along k of the products, whatever the rows.
    pub along_k_s: f64,
    /// Time of what is done to a row before and after its products.
    pub s_per_row: f64,
    /// Time of what is done to a token.
    pub s_per_token: f64,
}

impl GroupedFit {
    /// The constants of a device's experts.
    #[must_use]
    pub fn rate(&self, peaks: &Peaks, shape: &ExpertShape, spread: Spread) -> ExpertRate {
        let moved = |bytes: f64| bytes * shape.width / peaks.bytes_per_s;
        ExpertRate {
            kernel: KernelRate {
                startup_s: self.startup_us * shape.calls * 1e-6
                    + self.expert_ns * shape.local * 1e-9,
                s_per_flop: 1.0 / (self.compute_efficiency * peaks.flops_per_s),
                s_per_byte: 1.0 / (self.memory_efficiency * peaks.bytes_per_s),
                ridge_rounding: self.ridge_rounding,
            },
            tile_rows: self.tile_rows,
            tall_tile_rows: self.tall_tile_rows.max(self.tile_rows),
            spread,
            along_k_s: self.us_per_1000_k * shape.along_k * 1e-9,
            s_per_row: moved(self.row_bytes),
            s_per_token: moved(self.token_bytes),
        }
    }
}

impl ExpertRate {
    /// At datasheet peaks with each expert's rows padded to `tile_rows`.
    #[must_use]
    pub const fn roofline(kernel: KernelRate, tile_rows: f64) -> Self {
        Self {
            kernel,
            tile_rows,
            tall_tile_rows: tile_rows,
            spread: Spread::Even,
            along_k_s: 0.0,
            s_per_row: 0.0,
            s_per_token: 0.0,
        }
    }

    /// Rows computed for `rows` rows that fall on `touched` experts.
    #[must_use]
    #[inline]
    pub fn computed_rows(&self, rows: f64, touched: f64) -> f64 {
        if self.tile_rows <= 1.0 || touched <= 0.0 {
            return rows;
        }
        let each = rows / touched;
        touched
            * match self.spread {
                Spread::Even if each <= self.tile_rows => self.tile_rows,
                Spread::Even => padded(each, self.tall_tile_rows),
                Spread::Random => self.padded_at_random(each),
            }
    }

    /// Rows that tiles compute on average for an expert with `mean` rows, which fall as they do: with
    /// the chance (normal, its integral taken as a logistic) that they exceed a low tile, tall ones,
    /// of which half a one is lost.
    #[inline]
    fn padded_at_random(&self, mean: f64) -> f64 {
        let tall = self.tall_tile_rows.max(mean + self.tall_tile_rows / 2.0);
        let z = (mean - self.tile_rows) / mean.max(1.0).sqrt();
        let exceeds = 1.0 / (1.0 + (-LOGISTIC * z).exp());
        self.tile_rows + exceeds * (tall - self.tile_rows)
    }

    /// No more than [`Self::time`], and per row falling with the rows.
    #[must_use]
    #[inline]
    pub fn least_time(&self, flops: f64, bytes: f64) -> KernelTime {
        self.kernel.least_time(flops, bytes, self.along_k_s)
    }

    /// Time of `rows` rows of `tokens` tokens on `touched` experts that do `flops_per_row` each and
    /// move `bytes`.
    #[must_use]
    #[inline]
    pub fn time(
        &self,
        [rows, tokens]: [f64; 2],
        touched: f64,
        flops_per_row: f64,
        bytes: f64,
    ) -> KernelTime {
        let flops = self.computed_rows(rows, touched) * flops_per_row;
        let kernel = &self.kernel;
        let (compute, memory) = (flops * kernel.s_per_flop, bytes * kernel.s_per_byte);
        let mut time = kernel.busy(compute, memory, self.along_k_s);
        time.total_s += self.s_per_row * rows + self.s_per_token * tokens;
        time
    }
}
