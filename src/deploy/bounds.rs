//! What a compiled deployment can do at best, without playing its pipeline: bounds by which a
//! search leaves out what cannot win.
//!
//! With n layers of a kind, their stages A, D, F, R and m micro-batches, whatever the pipeline does
//!
//! ```text
//! step >= sum of n (A + D + F + R)             a micro-batch passes every layer
//! step >= m sum of n t                         every resource serves every micro-batch
//! ```
//!
//! Each kernel's time is the larger of two functions of its rows, each a constant and a slope, and
//! what a batch touches of the experts is concave in it: time grows with the batch and time per
//! request falls. So do both bounds, and so does the step itself, which grows with the times of its
//! stages and is twice as long where they are (`pipeline`). Rows padded to tiles break that, and so
//! the bounds leave padding out. The slowest rank's context falls with its requests as
//! mean + c / sqrt(r): r times that is concave.
//!
//! Of an AFD deployment only the number of ranks, what waiting for the slowest costs, the devices
//! and the price depend on its attention instances: one compiled deployment serves any number.

use super::compile::{Compiled, straggling};
use super::deployment::Afd;
use super::estimate::{Infeasible, Point};
use super::kernels::Tiling;
use super::memory::Held;
use super::pipeline::Stages;
use crate::machine::fidelity::Fidelity;
use crate::units::{Seconds, UsdPerSecond};
use crate::work::model::MOST_DESIGNS;

/// Bounds give way by this much, more than rounding can.
const SLACK: f64 = 1e-9;
/// No device serves more rows per micro-batch.
const MOST_ROWS: u64 = 1 << 32;

impl Compiled {
    /// The same deployment with other attention instances.
    pub fn set_attention_instances(
        &mut self,
        afd: &Afd,
        attention: UsdPerSecond,
        ffn: UsdPerSecond,
    ) {
        let (near, far) = (f64::from(afd.attention_devices()), f64::from(afd.ffn_devices()));
        let ranks = afd.attention_devices() / afd.attention_tp;
        self.attention_ranks = f64::from(ranks);
        self.straggling = straggling(&self.options, ranks);
        self.devices = near + far;
        self.price = attention * near + ffn * far;
    }

    /// Whether the step time grows with the batch, and per request falls with it, as it does
    /// where no rows are padded.
    #[must_use]
    pub fn is_monotone(&self) -> bool {
        self.options.tile_rows <= 1.0 && self.options.fidelity != Fidelity::Calibrated
    }

    /// A step takes at least this long; grows with the batch and, per request, falls with it.
    #[must_use]
    pub fn least_step(&self, point: Point) -> Seconds {
        let requests = self.requests_per_rank(point);
        let near = requests * self.options.query_tokens;
        let all = near * self.attention_ranks;
        let mut ffn = [Stages::default(); MOST_DESIGNS];
        for (stages, kind) in ffn.iter_mut().zip(&self.ffn) {
            *stages = Stages {
                attention: kind.near_time(near, Tiling::Bare).total_s,
                dispatch: kind.dispatch.time(near, all),
                ffn: kind.time(all, Tiling::Bare).total_s,
                combine: kind.combine.time(near, all),
            };
        }
        let mut sum =
            Stages { attention: self.attention_sum(requests, point.context), ..Stages::default() };
        for kind in &self.layers {
            sum = sum.plus(&ffn[kind.ffn], f64::from(kind.layers));
        }
        let m = f64::from(point.micro_batches);
        let layers = if self.pipeline_stages > 1.0 {
            let moving = self.stage_transfer.time(near, near);
            let alone = sum.sum() + self.pipeline_stages * moving;
            alone.max((sum.sum() * self.slowest_stage + moving) * m)
        } else {
            sum.sum().max(sum.busiest(self.sharing) * m)
        };
        let head = self.lm_head.time(near * m, all * m, Tiling::Bare);
        Seconds::new((layers + head + self.options.fixed_s) * (1.0 - SLACK))
    }

    /// Attention of all layers for `requests` of one rank, without what runs beside it.
    fn attention_sum(&self, requests: f64, context: f64) -> f64 {
        let context = self.slowest_context(requests, context);
        let queries = self.options.query_tokens;
        let mut times = [0.0; MOST_DESIGNS];
        for (time, kind) in times.iter_mut().zip(&self.attention) {
            *time = kind.time(requests, queries, context, Tiling::Bare).total_s;
        }
        self.layers.iter().map(|kind| times[kind.attention] * f64::from(kind.layers)).sum()
    }

    /// What keeps a point out of memory, if anything does.
    #[must_use]
    pub fn refuses(&self, point: Point) -> Option<Infeasible> {
        let requests = self.requests_per_rank(point);
        let all = requests * self.options.query_tokens * self.attention_ranks;
        let (attention, ffn) = self.memory(requests, all, point);
        self.infeasible(point, &attention, &ffn)
    }

    /// Tokens per second of one attention rank at most, whatever is behind it.
    #[must_use]
    pub fn attention_ceiling(&self, micro_batches: u32, context: f64, promise: Seconds) -> f64 {
        let m = f64::from(micro_batches);
        let busy = |requests: u64| self.attention_sum(requests as f64, context);
        let fits = |requests: u64| {
            let held = &self.attention_memory;
            let near = requests as f64 * m;
            let kv = held.kv_per_request(context) * near;
            let total = held.weights + kv + held.per_token * (near * self.options.query_tokens);
            total <= held.usable && self.in_time(busy(requests) * m, promise)
        };
        let most = largest(fits);
        self.rate(most as f64, busy(most))
    }

    /// Tokens per second of the FFN side at most, whatever is before it: start-up times of transfers are
    /// those of the slower side, and so left out.
    #[must_use]
    pub fn ffn_ceiling(&self, micro_batches: u32, promise: Seconds) -> f64 {
        let m = f64::from(micro_batches);
        let busy = |rows: u64| {
            let rows = rows as f64;
            let mut sum = Stages::default();
            for kind in &self.layers {
                let ffn = &self.ffn[kind.ffn];
                let stages = Stages {
                    attention: 0.0,
                    dispatch: ffn.dispatch.far_time(rows),
                    ffn: ffn.time(rows, Tiling::Bare).total_s,
                    combine: ffn.combine.far_time(rows),
                };
                sum = sum.plus(&stages, f64::from(kind.layers));
            }
            sum.busiest(self.sharing)
        };
        let fits = |rows: u64| {
            let holds =
                |held: &Held| held.weights + held.per_token * (rows as f64 * m) <= held.usable;
            self.ffn_memory.as_ref().is_none_or(holds) && self.in_time(busy(rows) * m, promise)
        };
        let most = largest(fits);
        self.rate(most as f64 / self.options.query_tokens, busy(most))
    }

    fn in_time(&self, busy: f64, promise: Seconds) -> bool {
        busy * (1.0 - SLACK) <= promise.seconds() * self.options.accepted_tokens
    }

    fn rate(&self, requests: f64, busy: f64) -> f64 {
        if requests > 0.0 {
            requests * self.options.accepted_tokens / busy * (1.0 + SLACK)
        } else {
            0.0
        }
    }
}

/// The largest n that a condition holds for, if it holds up to some n and for none above; 0 if it
/// does not hold for 1.
pub(crate) fn largest(mut holds: impl FnMut(u64) -> bool) -> u64 {
    let mut high = 1;
    while high < MOST_ROWS && holds(high) {
        high *= 2;
    }
    largest_between(high / 2, high, holds)
}

/// As [`largest`], between a `low` it holds for (or 0) and a `high` it does not.
pub(crate) fn largest_between(
    mut low: u64,
    mut high: u64,
    mut holds: impl FnMut(u64) -> bool,
) -> u64 {
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
