//! Time of a kernel on one device, at datasheet peaks or with fitted constants: one form for both.
//!
//! ```text
//! t = startup + smax(bytes / (e_b BW), FLOPs / (e_f peak))
//! smax(a, b) = a + rho b^2 / a,  a >= b        rho = 0: the roofline
//! ```
//!
//! Close to the ridge point neither memory nor arithmetic hides the other altogether: there a
//! kernel takes 1 + rho times the longer of the two. With no start-up time, rho = 0 and both
//! efficiencies 1 this is the roofline, so that a fitted device turns into a datasheet one as its
//! constants do. For rho < 1 the form grows with both arguments.
//!
//! Matrix products add what tiles do ([`GemmRate`]): rows are padded up to a tile, output tiles run
//! in whole waves over the multiprocessors, and a tile walks along k however few rows it has.
//! Constants are raw seconds: they sit in the innermost loop of sweeps.

use super::hardware::{Hardware, Unknown, WithoutFp8};
use crate::work::dtype::Dtype;

/// The constants of one kernel family in one number format on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelRate {
    /// Time before the first byte moves.
    pub startup_s: f64,
    /// Time of one FLOP.
    pub s_per_flop: f64,
    /// Time of one byte.
    pub s_per_byte: f64,
    /// rho, in [0, 1).
    pub ridge_rounding: f64,
}

/// A kernel's time and what it was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KernelTime {
    /// All of it, in seconds.
    pub total_s: f64,
    /// The part that was bound by arithmetic, in seconds.
    pub compute_bound_s: f64,
}

/// The larger of two times, rounded where they are alike: a + rho b^2 / a for a >= b.
#[must_use]
#[inline]
pub fn smooth_max(a: f64, b: f64, rho: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if rho == 0.0 || high <= 0.0 { high } else { high + rho * low * (low / high) }
}

/// A count rounded up, up to 2^63: inline, where `f64::ceil` is a call on processors of the oldest
/// x86-64, before which all registers are saved.
#[must_use]
#[inline(always)]
pub const fn rounded_up(count: f64) -> f64 {
    let whole = count as i64 as f64;
    if whole < count { whole + 1.0 } else { whole }
}

/// Rows as a kernel that works in tiles computes them.
#[must_use]
#[inline]
pub fn padded(rows: f64, tile: f64) -> f64 {
    if tile > 1.0 { rounded_up(rows / tile) * tile } else { rows }
}

impl KernelRate {
    /// Datasheet peaks for products in a format.
    ///
    /// # Errors
    /// If the profile states no rate or bandwidth.
    pub fn roofline(
        hardware: &Hardware,
        dtype: Dtype,
        without_fp8: WithoutFp8,
    ) -> Result<Self, Unknown> {
        Ok(Self {
            startup_s: 0.0,
            s_per_flop: 1.0 / hardware.peak(dtype, without_fp8)?.rate.flops_per_second(),
            s_per_byte: 1.0 / hardware.memory_bandwidth()?.bytes_per_second(),
            ridge_rounding: 0.0,
        })
    }

    /// Time of a kernel that does `flops` and moves `bytes`.
    #[must_use]
    #[inline]
    pub fn time(&self, flops: f64, bytes: f64) -> KernelTime {
        self.busy(flops * self.s_per_flop, bytes * self.s_per_byte, 0.0)
    }

    /// Start-up, and then the longest of arithmetic, memory and a floor of which 0 is none, rounded
    /// where two are alike.
    #[inline]
    pub(super) fn busy(&self, compute: f64, memory: f64, floor_s: f64) -> KernelTime {
        let mut busy = smooth_max(compute, memory, self.ridge_rounding);
        if floor_s > 0.0 {
            busy = smooth_max(busy, floor_s, self.ridge_rounding);
        }
        KernelTime {
            total_s: self.startup_s + busy,
            compute_bound_s: if compute > memory && compute > floor_s { busy } else { 0.0 },
        }
    }

    /// No more than a time of this rate: start-up and the longest of the parts.
    #[must_use]
    #[inline]
    pub fn least_time(&self, flops: f64, bytes: f64, floor_s: f64) -> KernelTime {
        let (compute, memory) = (flops * self.s_per_flop, (bytes * self.s_per_byte).max(floor_s));
        let compute_bound_s = if compute > memory { compute } else { 0.0 };
        KernelTime { total_s: self.startup_s + compute.max(memory), compute_bound_s }
    }
}

impl std::ops::AddAssign for KernelTime {
    fn add_assign(&mut self, other: Self) {
        self.total_s += other.total_s;
        self.compute_bound_s += other.compute_bound_s;
    }
}

/// The constants of one matrix product [m, k] x [k, n], k and n known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GemmRate {
    /// Start-up, arithmetic and bytes.
    pub kernel: KernelRate,
    /// Rows are computed in multiples of this; 1 is no padding.
    pub tile_rows: f64,
    /// Time that one wave of tiles takes along k, whatever their rows.
    pub along_k_s: f64,
    /// Output tiles of one row of tiles, as a share of the multiprocessors; 0 leaves waves out.
    pub waves_per_tile_row: f64,
    /// Rows of a wave's tiles.
    pub wave_rows: f64,
    /// Share of a wave's idle multiprocessors that is really lost.
    pub wave_loss: f64,
}

impl GemmRate {
    /// At datasheet peaks with rows padded to `tile_rows`.
    #[must_use]
    pub const fn roofline(kernel: KernelRate, tile_rows: f64) -> Self {
        Self {
            kernel,
            tile_rows,
            along_k_s: 0.0,
            waves_per_tile_row: 0.0,
            wave_rows: 1.0,
            wave_loss: 0.0,
        }
    }

    /// Rows that are computed for `rows` rows.
    #[must_use]
    #[inline]
    pub fn computed_rows(&self, rows: f64) -> f64 {
        padded(rows, self.tile_rows)
    }

    /// No more than [`Self::time`], and per row falling with the rows: no tiles, no waves, no
    /// rounding at the ridge.
    #[must_use]
    #[inline]
    pub fn least_time(&self, flops: f64, bytes: f64) -> KernelTime {
        self.kernel.least_time(flops, bytes, self.along_k_s)
    }

    /// Time of the product for `rows` rows of `flops_per_row` each that moves `bytes`.
    #[must_use]
    #[inline]
    pub fn time(&self, rows: f64, flops_per_row: f64, bytes: f64) -> KernelTime {
        let kernel = &self.kernel;
        let mut compute = padded(rows, self.tile_rows) * flops_per_row * kernel.s_per_flop;
        let mut along_k_s = self.along_k_s;
        if self.waves_per_tile_row > 0.0 {
            let waves = rounded_up(rows / self.wave_rows) * self.waves_per_tile_row;
            if waves > 1.0 {
                // Whole waves of full tiles, one after the other.
                let whole = rounded_up(waves);
                along_k_s *= whole;
                let full = whole / self.waves_per_tile_row * self.wave_rows;
                let full = full * flops_per_row * kernel.s_per_flop;
                compute += self.wave_loss * (full - compute).max(0.0);
            }
        }
        kernel.busy(compute, bytes * kernel.s_per_byte, along_k_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: KernelRate =
        KernelRate { startup_s: 1.0, s_per_flop: 2.0, s_per_byte: 3.0, ridge_rounding: 0.25 };

    #[test]
    fn counts_round_up_as_ceil_does() {
        for count in
            [0.0, 1e-300, 0.5, 1.0, 1.0 + f64::EPSILON, 41.999, 4_503_599_627_370_495.5, 9e15]
        {
            assert_eq!(rounded_up(count), count.ceil());
        }
    }

    #[test]
    fn at_the_ridge_a_kernel_takes_its_start_and_a_quarter_more_than_either() {
        assert_eq!(RATE.time(3.0, 2.0).total_s, 1.0 + 6.0 * 1.25);
        assert_eq!(KernelRate { ridge_rounding: 0.0, ..RATE }.time(3.0, 1.0).total_s, 7.0);
    }

    #[test]
    fn rows_fill_tiles_and_tiles_fill_waves() {
        let kernel = KernelRate { startup_s: 0.0, s_per_byte: 0.0, ridge_rounding: 0.0, ..RATE };
        let mut rate = GemmRate::roofline(kernel, 64.0);
        assert_eq!(rate.time(65.0, 1.0, 0.0).total_s, 256.0);
        // A row of tiles fills three quarters of the device: two rows of them need two waves.
        rate = GemmRate { waves_per_tile_row: 0.75, wave_rows: 128.0, wave_loss: 1.0, ..rate };
        assert_eq!(rate.time(128.0, 1.0, 0.0).total_s, 256.0);
        assert_eq!(rate.time(129.0, 1.0, 0.0).total_s, 2.0 * 128.0 * 2.0 / 0.75);
        rate.along_k_s = 1e4;
        assert_eq!(rate.time(1.0, 1.0, 0.0).total_s, 1e4);
    }
}
