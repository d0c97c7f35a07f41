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

use super::confidence::Basis;
use super::options::Options;
use crate::machine::calibration::Family;
use crate::machine::calibration::link::RAMP_BYTES;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Provenance, Unknown};

/// The time of one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transfer {
    /// Of an empty transfer.
    pub latency_s: f64,
    /// Per token of one attention device, on its cards.
    pub near_s_per_token: f64,
    /// Per token of the whole micro-batch, on an FFN device's cards.
    pub far_s_per_token: f64,
    /// Per token of the whole micro-batch, on the scale-up link of an FFN instance.
    pub inside_s_per_token: f64,
    /// Share of the shorter of the two ways, cards and scale-up link, that the longer does not hide:
    /// 1 where one begins when the other has ended.
    pub unhidden: f64,
    /// What protocols lose between short and long transfers.
    pub ramp_s: f64,
    /// The share of it that one token of an attention device adds, up to all of it.
    pub ramp_per_token: f64,
    /// Sums of few rows in one shot, each device reading all others': time of an empty one, and per
    /// token of an attention device; nothing where they are not known.
    pub one_shot: Option<[f64; 2]>,
    /// Error of the fit that the slowest part is timed by, in percent; 0 at datasheet peaks.
    pub error_percent: f64,
    /// Whether that fit is assumed of this chip.
    pub assumed: bool,
}

impl Default for Transfer {
    fn default() -> Self {
        Self {
            latency_s: 0.0,
            near_s_per_token: 0.0,
            far_s_per_token: 0.0,
            inside_s_per_token: 0.0,
            unhidden: 1.0,
            ramp_s: 0.0,
            ramp_per_token: 0.0,
            one_shot: None,
            error_percent: 0.0,
            assumed: false,
        }
    }
}

/// Calibrated, rows come in two halves, and one half is gathered while the other crosses the cards
/// (double buffering; assumed of all engines, no measurement tells it apart).
pub(super) const UNHIDDEN_OF_HALVES: f64 = 0.5;

impl Transfer {
    /// Time for `near` tokens on each attention device and `all` together.
    #[must_use]
    #[inline]
    pub fn time(&self, near: f64, all: f64) -> f64 {
        let cards = (self.near_s_per_token * near).max(self.far_s_per_token * all);
        let ramp = self.ramp_s * (self.ramp_per_token * near).min(1.0);
        let inside = self.inside_s_per_token * all;
        let ways = cards.max(inside) + cards.min(inside) * self.unhidden;
        let time = self.latency_s + ways + ramp;
        match self.one_shot {
            Some([latency_s, s_per_token]) => time.min(latency_s + s_per_token * near),
            None => time,
        }
    }

    /// What `all` tokens together take of an FFN device's cards and scale-up link at least, whatever
    /// is on the other side.
    pub(super) fn far_time(&self, all: f64) -> f64 {
        let (cards, inside) = (self.far_s_per_token * all, self.inside_s_per_token * all);
        cards.max(inside) + cards.min(inside) * self.unhidden
    }

    /// Where its constants are from.
    pub(super) fn basis(&self) -> Option<Basis> {
        let provenance = if self.assumed { Provenance::Assumed } else { Provenance::Fitted };
        let (fit, error_percent) = ("links".to_owned(), self.error_percent);
        (error_percent > 0.0).then_some(Basis { fit, error_percent, provenance, outside: None })
    }

    /// The same with the ramp of a link that `bytes_per_token` of an attention device pass.
    pub(super) fn ramped(mut self, via: &Via, bytes_per_token: f64) -> Self {
        self.ramp_s += via.ramp_s;
        self.ramp_per_token = self.ramp_per_token.max(bytes_per_token / RAMP_BYTES);
        self.error_percent = self.error_percent.max(via.error_percent);
        self.assumed |= via.assumed;
        self
    }
}

/// A link at the fidelity of the options, for one kind of transfer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Via {
    /// Per byte that passes one device.
    pub s_per_byte: f64,
    /// Of an empty transfer.
    pub latency_s: f64,
    /// More once [`RAMP_BYTES`] have passed.
    pub ramp_s: f64,
    /// Error of the fit.
    pub error_percent: f64,
    /// Whether it is assumed of this chip.
    pub assumed: bool,
}

/// The links of one hardware.
pub(super) struct Links<'a> {
    pub hardware: &'a Hardware,
    pub options: &'a Options,
}

impl Links<'_> {
    fn via(&self, family: Family, ranks: f64, bytes_per_s: f64) -> Via {
        let mut via = Via {
            s_per_byte: 1.0 / bytes_per_s,
            latency_s: self.options.network_latency_s,
            ..Via::default()
        };
        if self.options.fidelity == Fidelity::Calibrated
            && let Some((at, fit)) = self.hardware.calibration.link(family)
        {
            let whole = &self.hardware.calibration.fits[usize::from(at)];
            via.error_percent = whole.error.held_out_mape_percent;
            via.assumed = whole.provenance == Provenance::Assumed;
            via.s_per_byte /= fit.efficiency;
            via.latency_s += fit.latency_s(ranks);
            via.ramp_s = fit.ramp_us * 1e-6;
        }
        via
    }

    /// A sum over a group in one shot, as engines do for few rows: every device reads the rows of all
    /// others at once, for `bytes` of each.
    pub fn one_shot(&self, devices: u32, bytes: f64) -> Option<[f64; 2]> {
        let calibrated = self.options.fidelity == Fidelity::Calibrated;
        let joined = u64::from(devices) <= self.hardware.scale_up_devices().ok()?;
        let fit = self.hardware.calibration.one_shot().filter(|_| calibrated && joined)?;
        let line = self.hardware.scale_up_bandwidth().ok()?.bytes_per_second();
        let line = line * self.options.scale_up_efficiency * fit.efficiency;
        let others = f64::from(devices) - 1.0;
        let latency_s = self.options.network_latency_s + fit.latency_s(f64::from(devices));
        Some([latency_s, bytes * others / line])
    }

    /// One device's share of its server's network cards, in a transfer among `ranks` devices.
    ///
    /// # Errors
    /// If the profile does not say.
    pub fn cards(&self, family: Family, ranks: f64) -> Result<Via, Unknown> {
        let line = self.hardware.device_network()?.bytes_per_second();
        Ok(self.via(family, ranks, line * self.options.network_efficiency))
    }

    /// As [`Self::cards`] where each of `peers` talks to fixed others: rows move at the rate of
    /// dispatch and combine, but start as a plain exchange does, with no routing before it.
    ///
    /// # Errors
    /// If the profile does not say.
    pub fn cards_between(&self, family: Family, peers: f64) -> Result<Via, Unknown> {
        let mut via = self.cards(family, peers)?;
        if self.options.fidelity == Fidelity::Calibrated
            && let Some((_, fit)) = self.hardware.calibration.link(Family::AllToAll)
        {
            via.latency_s = self.options.network_latency_s + fit.latency_s(peers);
        }
        Ok(via)
    }

    /// Between `devices` that work as one: over the scale-up link, or over the network cards where
    /// they are more than the link joins; nothing moves where there is only one.
    ///
    /// # Errors
    /// If the profile does not say.
    pub fn group(&self, family: Family, devices: u32) -> Result<Via, Unknown> {
        if devices <= 1 {
            return Ok(Via::default());
        }
        if u64::from(devices) > self.hardware.scale_up_devices()? {
            return self.cards(family, f64::from(devices));
        }
        let line = self.hardware.scale_up_bandwidth()?.bytes_per_second();
        let line = line * self.options.scale_up_efficiency;
        Ok(self.via(family, f64::from(devices), line))
    }
}
