//! Transfers between attention and FFN as functions of the tokens in a micro-batch.
//!
//! Per micro-batch of b tokens on one attention device and B on all, at hidden size h with w bytes
//! per element on the wire: an attention device's cards carry b h w for each destination, an FFN
//! instance's g cards carry B h w, so each B h w / g. Both happen at once and the slower one
//! counts. With the FFN tensor-parallel inside an instance, its devices then gather each other's
//! rows over the scale-up link, (g - 1) / g of B h w, and scatter sums on the way back.
//!
//! Routed dispatch reaches n (1 - C(N - N/n, k) / C(N, k)) of n expert groups on average
//! (`work::experts`).

use super::options::Options;
use crate::machine::hardware::{Hardware, Unknown};

/// The time of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Transfer {
    /// Of an empty transfer.
    pub latency_s: f64,
    /// Per token of one attention device, on its cards.
    pub near_s_per_token: f64,
    /// Per token of the whole micro-batch, on an FFN device's cards.
    pub far_s_per_token: f64,
    /// Per token of the whole micro-batch, on the scale-up link of an FFN instance.
    pub inside_s_per_token: f64,
}

impl Transfer {
    /// Time for `near` tokens on each attention device and `all` together.
    #[must_use]
    #[inline]
    pub fn time(&self, near: f64, all: f64) -> f64 {
        let cards = (self.near_s_per_token * near).max(self.far_s_per_token * all);
        self.latency_s + cards + self.inside_s_per_token * all
    }
}

/// Seconds per byte of one device's share of its server's network cards.
///
/// # Errors
/// If the profile does not say.
pub fn card_s_per_byte(hardware: &Hardware, efficiency: f64) -> Result<f64, Unknown> {
    Ok(1.0 / (hardware.device_network()?.bytes_per_second() * efficiency))
}

/// Seconds per byte between `devices` that work as one: over the scale-up link, or over the network
/// cards where they are more than the link joins; nothing moves where there is only one.
///
/// # Errors
/// If the profile does not say.
pub fn group_s_per_byte(
    hardware: &Hardware,
    devices: u32,
    options: &Options,
) -> Result<f64, Unknown> {
    if devices <= 1 {
        return Ok(0.0);
    }
    if u64::from(devices) > hardware.scale_up_devices()? {
        return card_s_per_byte(hardware, options.network_efficiency);
    }
    let link = hardware.scale_up_bandwidth()?.bytes_per_second();
    Ok(1.0 / (link * options.scale_up_efficiency))
}
