//! The largest batch that a deployment holds in memory and serves within a promise.

use super::compile::Compiled;
use super::estimate::{Estimate, Infeasible, Point};
use crate::units::Seconds;

/// No rank serves more requests per micro-batch.
const MOST_REQUESTS: u64 = 1 << 24;

impl Compiled {
    /// Requests in flight when every rank has `per_rank` of them in each micro-batch.
    #[must_use]
    pub fn batch_of(&self, per_rank: u64, micro_batches: u32) -> u64 {
        per_rank * u64::from(micro_batches) * self.attention_ranks as u64
    }

    /// What [`Self::largest_batch`] finds, or where nothing fits one request per rank and
    /// micro-batch with the reason why it does not.
    #[must_use]
    pub fn best_effort(
        &self,
        micro_batches: u32,
        context: f64,
        promise: Option<Seconds>,
    ) -> (u64, Estimate) {
        self.largest_batch(micro_batches, context, promise).unwrap_or_else(|| {
            let batch = self.batch_of(1, micro_batches);
            let mut estimate = self.estimate(Point { batch, micro_batches, context });
            if let (None, Some(promise)) = (estimate.infeasible, promise) {
                let tpot = estimate.tpot;
                estimate.infeasible = Some(Infeasible::Promise { tpot, promise });
            }
            (batch, estimate)
        })
    }

    /// The largest batch, in whole requests per rank and micro-batch, that is feasible and keeps
    /// the promise, with what it gives; `None` if not even one request per rank does. Memory and
    /// time both grow with the batch, so bisection finds it.
    #[must_use]
    pub fn largest_batch(
        &self,
        micro_batches: u32,
        context: f64,
        promise: Option<Seconds>,
    ) -> Option<(u64, Estimate)> {
        let at = |per_rank: u64| {
            let batch = self.batch_of(per_rank, micro_batches);
            (batch, self.estimate(Point { batch, micro_batches, context }))
        };
        let fine = |e: &Estimate| {
            e.infeasible.is_none() && promise.is_none_or(|promise| e.tpot <= promise)
        };
        let mut best = at(1);
        if !fine(&best.1) {
            return None;
        }
        let (mut low, mut high) = (1, 2);
        while high < MOST_REQUESTS {
            let next = at(high);
            if !fine(&next.1) {
                break;
            }
            (low, best) = (high, next);
            high *= 2;
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            let next = at(middle);
            if fine(&next.1) {
                (low, best) = (middle, next);
            } else {
                high = middle;
            }
        }
        Some(best)
    }
}
