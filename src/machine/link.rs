//! Time on a link: single transfers and the collectives of a group of g devices.
//!
//! ```text
//! transfer        latency + bytes / (efficiency x line rate)
//! all-gather      (g - 1) / g of the gathered bytes, once
//! reduce-scatter  (g - 1) / g of the bytes to be reduced, once
//! all-reduce      a reduce-scatter, then an all-gather
//! all-to-all      (g - 1) / g of what a device holds, once
//! ```
//!
//! Bytes are those that pass one device's link in one direction; every algorithm that is optimal in
//! bandwidth moves that many. Each phase pays the latency once, as over a switch.
//!
//! Experts spread over a group cap the FFN's use of arithmetic whatever the batch: a visit costs
//! 6 h M FLOPs (three matrices of h x M) and moves 3 h bytes (FP8 there, BF16 back), so that
//! (6 h M / FLOPS) / (3 h / BW) = 2 BW M / FLOPS is the most that can be busy (arXiv 2602.09721).
//!
//! This file knows bytes and rates and nothing of models.

use crate::units::{Bytes, BytesPerSecond, FlopsPerSecond, Seconds};

/// One direction of a device's link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    /// Before the first byte arrives.
    pub latency: Seconds,
    /// What the data sheet says.
    pub line_rate: BytesPerSecond,
    /// Share of the line rate that large transfers reach, above 0, at most 1.
    pub efficiency: f64,
}

impl Channel {
    /// A link at its line rate without latency.
    #[must_use]
    pub const fn ideal(line_rate: BytesPerSecond) -> Self {
        Self { latency: Seconds::ZERO, line_rate, efficiency: 1.0 }
    }

    /// Time to move so many bytes one way; no bytes take no time.
    #[must_use]
    pub fn transfer(&self, bytes: Bytes) -> Seconds {
        if bytes.bytes() <= 0.0 {
            return Seconds::ZERO;
        }
        self.latency + bytes / (self.line_rate * self.efficiency)
    }

    /// All devices of the group get all of `gathered`, of which each holds one part.
    #[must_use]
    pub fn all_gather(&self, group: u32, gathered: Bytes) -> Seconds {
        self.transfer(from_others(group, gathered))
    }

    /// Each device gets one part of the sum of what all hold, `held` each.
    #[must_use]
    pub fn reduce_scatter(&self, group: u32, held: Bytes) -> Seconds {
        self.transfer(from_others(group, held))
    }

    /// All devices get the sum of what all hold, `held` each.
    #[must_use]
    pub fn all_reduce(&self, group: u32, held: Bytes) -> Seconds {
        self.reduce_scatter(group, held) + self.all_gather(group, held)
    }

    /// Each device sends an equal part of its `held` bytes to every other and keeps one.
    #[must_use]
    pub fn all_to_all(&self, group: u32, held: Bytes) -> Seconds {
        self.transfer(from_others(group, held))
    }
}

/// The part that is not a device's own.
fn from_others(group: u32, bytes: Bytes) -> Bytes {
    let group = f64::from(group.max(1));
    bytes * ((group - 1.0) / group)
}

/// The most of the experts' arithmetic that a link keeps busy, 2 BW M / FLOPS, at most 1; M is the
/// intermediate size of an expert.
#[must_use]
pub fn expert_utilization_cap(
    link: BytesPerSecond,
    intermediate_size: u64,
    compute: FlopsPerSecond,
) -> f64 {
    let flops_per_byte = 2.0 * intermediate_size as f64;
    let kept_busy = link.bytes_per_second() * flops_per_byte;
    (kept_busy / compute.flops_per_second()).min(1.0)
}
