//! Unit costs: what one FLOP and one byte cost on a machine that runs at its peak.
//!
//! Price per second over peak rate (Step-3 paper, Table 5). The larger the batch, the nearer a
//! deployment comes to these; nothing goes below them.

use crate::machine::hardware::{Hardware, Unknown, WithoutFp8};
use crate::units::{UsdPerByte, UsdPerFlop};
use crate::work::dtype::Dtype;

/// The price of work on one machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitCosts {
    /// One FLOP at the peak rate of `format`.
    pub flop: UsdPerFlop,
    /// One byte at the peak memory bandwidth.
    pub byte: UsdPerByte,
    /// The number format whose rate prices the FLOP.
    pub format: &'static str,
}

impl UnitCosts {
    /// The same of a machine that reaches so large shares of its arithmetic and its bandwidth.
    #[must_use]
    pub fn at_shares(self, arithmetic: f64, bandwidth: f64) -> Self {
        Self {
            flop: self.flop * (1.0 / arithmetic),
            byte: self.byte * (1.0 / bandwidth),
            format: self.format,
        }
    }
}

/// The unit costs of a machine that computes in `dtype`.
///
/// # Errors
/// If the profile lacks a price, a rate or the bandwidth; the error names it.
pub fn unit_costs(
    hardware: &Hardware,
    dtype: Dtype,
    without_fp8: WithoutFp8,
) -> Result<UnitCosts, Unknown> {
    let price = hardware.price()?.rate;
    let peak = hardware.peak(dtype, without_fp8)?;
    Ok(UnitCosts {
        flop: price / peak.rate,
        byte: price / hardware.memory_bandwidth()?,
        format: peak.format,
    })
}
