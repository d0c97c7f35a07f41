//! Fidelity `roofline`: the time of a kernel on one device at datasheet peaks.
//!
//! t = startup + max(FLOPs / peak, bytes / bandwidth). At datasheet peaks there is no start-up
//! time and no inefficiency; the constants are kept per kernel so that fitted ones can take their
//! place without another form.

use super::hardware::{Hardware, Unknown, WithoutFp8};
use crate::work::dtype::Dtype;

/// The constants of one kernel family in one number format on one device, in raw seconds: they
/// sit in the innermost loop of sweeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelRate {
    /// Time before the first byte moves.
    pub startup_s: f64,
    /// Time of one FLOP.
    pub s_per_flop: f64,
    /// Time of one byte.
    pub s_per_byte: f64,
}

/// A kernel's time and what it was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KernelTime {
    /// All of it, in seconds.
    pub total_s: f64,
    /// The part that was bound by arithmetic, in seconds.
    pub compute_bound_s: f64,
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
        })
    }

    /// Time of a kernel that does `flops` and moves `bytes`.
    #[must_use]
    #[inline]
    pub fn time(&self, flops: f64, bytes: f64) -> KernelTime {
        let (compute, memory) = (flops * self.s_per_flop, bytes * self.s_per_byte);
        if compute > memory {
            KernelTime { total_s: self.startup_s + compute, compute_bound_s: compute }
        } else {
            KernelTime { total_s: self.startup_s + memory, compute_bound_s: 0.0 }
        }
    }
}

impl std::ops::AddAssign for KernelTime {
    fn add_assign(&mut self, other: Self) {
        self.total_s += other.total_s;
        self.compute_bound_s += other.compute_bound_s;
    }
}
