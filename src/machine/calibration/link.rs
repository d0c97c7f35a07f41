//! Collectives and exchanges as measured.
//!
//! ```text
//! t = startup + per_rank (g - 1) + bytes / (e line rate) + ramp min(1, bytes / 1 MB)
//! ```
//!
//! Bytes are those that pass one device's link in one direction ([`link`](crate::machine::link)).
//! The ramp is what protocols lose between short and long messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes after which the ramp is over.
pub const RAMP_BYTES: f64 = 1e6;

/// Fitted constants of one kind of transfer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFit {
    /// Time of an empty transfer between two devices.
    pub startup_us: f64,
    /// More for each further device.
    pub us_per_rank: f64,
    /// Share of the line rate that long transfers reach.
    pub efficiency: f64,
    /// Extra of transfers of 1 MB and more.
    pub ramp_us: f64,
}

impl LinkFit {
    /// Seconds to move `bytes` over a link of `bytes_per_s` within a group of `ranks`.
    #[must_use]
    pub fn time_s(&self, ranks: f64, bytes: f64, bytes_per_s: f64) -> f64 {
        self.latency_s(ranks)
            + bytes / (self.efficiency * bytes_per_s)
            + self.ramp_us * 1e-6 * (bytes / RAMP_BYTES).min(1.0)
    }

    /// Seconds of an empty transfer.
    #[must_use]
    pub fn latency_s(&self, ranks: f64) -> f64 {
        (self.startup_us + self.us_per_rank * (ranks - 2.0).max(0.0)) * 1e-6
    }
}
