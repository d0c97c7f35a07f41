//! The ledger: who is paid for, by pool and by part.
//!
//! A pool of devices is paid for every second of a step, whatever it does. Its seconds are shared
//! out: what its kernels take is theirs, what it waits for the network is the network's, and the
//! rest is idle. With p_j the price of pool j per second, t_i the seconds of part i in a step of
//! T tokens,
//!
//! ```text
//! $ per token of part i = p_j t_i / T        sum over i of t_i = the step, in every pool
//! ```
//!
//! so the lines sum to the bill: idle is what remains.

use crate::units::{Seconds, UsdPerSecond};

/// What a device's time goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Attention over the cache or the state.
    AttentionCore,
    /// The attention's projections.
    AttentionLinear,
    /// Choosing experts, and the projections around them.
    Router,
    /// Routed experts.
    FfnRouted,
    /// Shared experts.
    FfnShared,
    /// FFN of dense layers.
    FfnDense,
    /// Kernels that only move rows: norms, rotations, quantising.
    SmallKernels,
    /// The LM head.
    LmHead,
    /// What a step takes outside layers and LM head.
    Fixed,
    /// Waiting that would end if transfers took no time.
    NetworkExposed,
    /// Waiting for the other pool, for other micro-batches, or for nothing.
    Idle,
}

impl Part {
    /// All of them, in the order of a ledger.
    pub const ALL: [Self; 11] = [
        Self::AttentionCore,
        Self::AttentionLinear,
        Self::Router,
        Self::FfnRouted,
        Self::FfnShared,
        Self::FfnDense,
        Self::SmallKernels,
        Self::LmHead,
        Self::Fixed,
        Self::NetworkExposed,
        Self::Idle,
    ];

    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AttentionCore => "attention_core",
            Self::AttentionLinear => "attention_linear",
            Self::Router => "router",
            Self::FfnRouted => "ffn_routed",
            Self::FfnShared => "ffn_shared",
            Self::FfnDense => "ffn_dense",
            Self::SmallKernels => "small_kernels",
            Self::LmHead => "lm_head",
            Self::Fixed => "fixed",
            Self::NetworkExposed => "network_exposed",
            Self::Idle => "idle",
        }
    }
}

/// Devices that are paid for together.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// All devices, where attention and FFN are on the same ones.
    All,
    /// The attention side.
    Attention,
    /// The FFN side.
    Ffn,
}

impl Pool {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Attention => "attention",
            Self::Ffn => "ffn",
        }
    }
}

/// What the devices of a pool do with one step.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolUse {
    /// Which pool.
    pub pool: Pool,
    /// Its devices.
    pub devices: f64,
    /// Price of all its devices together.
    pub price: UsdPerSecond,
    /// Time of its kernels in one step, on one device.
    pub busy: Vec<(Part, Seconds)>,
    /// How much shorter the step would be if no transfer took time.
    pub waits_for_network: Seconds,
}

/// One line: a part on a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The pool.
    pub pool: Pool,
    /// Its devices.
    pub devices: f64,
    /// The part.
    pub part: Part,
    /// Its time in one step on one device.
    pub time: Seconds,
    /// US dollars per million tokens.
    pub usd_per_mtok: f64,
}

/// Shares out what `pools` cost over a step that yields `tokens`. Parts that take no time have no
/// line, except idle. The lines of a pool sum to price times step.
#[must_use]
pub fn ledger(pools: &[PoolUse], step: Seconds, tokens: f64) -> Vec<Line> {
    pools.iter().flat_map(|pool| pool_lines(pool, step, tokens)).collect()
}

/// A remainder that is a smaller share of a step is rounding.
const ROUNDING: f64 = 1e-12;

fn pool_lines(pool: &PoolUse, step: Seconds, tokens: f64) -> Vec<Line> {
    let usd_per_mtok_second = pool.price.usd_per_second() / tokens * 1e6;
    let mut left = step;
    let mut lines = Vec::new();
    for part in Part::ALL {
        let asked = match part {
            Part::NetworkExposed => pool.waits_for_network,
            Part::Idle if left / step < ROUNDING => Seconds::ZERO,
            Part::Idle => left,
            _ => pool.busy.iter().filter(|(p, _)| *p == part).map(|(_, time)| *time).sum(),
        };
        let time = asked.max(Seconds::ZERO).min(left);
        left = left - time;
        if time > Seconds::ZERO || part == Part::Idle {
            let usd_per_mtok = usd_per_mtok_second * time.seconds();
            lines.push(Line { pool: pool.pool, devices: pool.devices, part, time, usd_per_mtok });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of 10 s and 5 tokens. Attention at 2 $/s: 4 s core, 1 s head, 3 s for the network,
    /// so 2 s idle. FFN at 1 $/s: 6 s experts, 4 s for the network although 5 s are claimed.
    #[test]
    fn a_step_shared_out_by_hand() {
        let seconds = Seconds::new;
        let pools = [
            PoolUse {
                pool: Pool::Attention,
                devices: 2.0,
                price: UsdPerSecond::new(2.0),
                busy: vec![(Part::AttentionCore, seconds(4.0)), (Part::LmHead, seconds(1.0))],
                waits_for_network: seconds(3.0),
            },
            PoolUse {
                pool: Pool::Ffn,
                devices: 1.0,
                price: UsdPerSecond::new(1.0),
                busy: vec![(Part::FfnRouted, seconds(6.0))],
                waits_for_network: seconds(5.0),
            },
        ];
        let lines = ledger(&pools, seconds(10.0), 5.0);
        let found: Vec<_> = lines.iter().map(|l| (l.pool, l.part, l.usd_per_mtok)).collect();
        assert_eq!(
            found,
            [
                (Pool::Attention, Part::AttentionCore, 1.6e6),
                (Pool::Attention, Part::LmHead, 0.4e6),
                (Pool::Attention, Part::NetworkExposed, 1.2e6),
                (Pool::Attention, Part::Idle, 0.8e6),
                (Pool::Ffn, Part::FfnRouted, 1.2e6),
                (Pool::Ffn, Part::NetworkExposed, 0.8e6),
                (Pool::Ffn, Part::Idle, 0.0),
            ]
        );
        assert_eq!(lines.iter().map(|l| l.usd_per_mtok).sum::<f64>(), 6e6);
    }
}
