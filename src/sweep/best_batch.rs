//! The best batch of one compiled deployment under a promise.
//!
//! With r requests per rank and micro-batch, a bound on the step that grows with r, and falls per
//! request (`deploy::bounds`), says two things: no r beyond the last one whose bound keeps the
//! promise is feasible, and no smaller r costs less than the bound at a larger one. So the search
//! asks first at the r where a step of exactly the promise would cost the limit: if that r is not
//! feasible and its bound is dearer than the limit, one evaluation has ruled the deployment out.
//! Where the step itself is monotone the largest feasible r is the best one; elsewhere the search
//! walks down from it until the bound is dearer than the best it has seen.

use crate::deploy::bounds::{largest, largest_between};
use crate::deploy::compile::Compiled;
use crate::deploy::estimate::{Estimate, Point};
use crate::units::Seconds;

/// No rank serves more requests per micro-batch.
const MOST_REQUESTS: f64 = 4e9;

/// A compiled deployment whose batch is sought.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The deployment.
    pub compiled: &'a Compiled,
    /// Micro-batches.
    pub micro_batches: u32,
    /// Context tokens of each request.
    pub context: f64,
    /// Time per output token that is promised.
    pub promise: Seconds,
    /// What a second of the deployment counts: its price, or its devices.
    pub weight: f64,
}

/// The batch that costs least per token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Where.
    pub point: Point,
    /// What it gives.
    pub estimate: Estimate,
    /// Weight x seconds per token.
    pub cost: f64,
}

impl Question<'_> {
    /// Where so many requests per rank and micro-batch are.
    #[must_use]
    pub fn point(&self, per_rank: u64) -> Point {
        let batch = self.compiled.batch_of(per_rank, self.micro_batches);
        Point { batch, micro_batches: self.micro_batches, context: self.context }
    }

    /// Tokens of one step.
    fn tokens(&self, per_rank: u64) -> f64 {
        self.point(per_rank).batch as f64 * self.compiled.options.accepted_tokens
    }

    /// The most time that a step may take.
    fn most_time(&self) -> f64 {
        self.promise.seconds() * self.compiled.options.accepted_tokens
    }

    /// Cost with the bound of a step.
    fn least_cost(&self, per_rank: u64) -> f64 {
        let step = self.compiled.least_step(self.point(per_rank));
        self.weight * step.seconds() / self.tokens(per_rank)
    }

    /// Whether memory and the bound of the step allow so many requests.
    fn allows(&self, per_rank: u64) -> bool {
        let point = self.point(per_rank);
        self.compiled.refuses(point).is_none()
            && self.compiled.least_step(point).seconds() <= self.most_time()
    }

    /// What so many requests give, if they are feasible.
    #[must_use]
    pub fn at(&self, per_rank: u64) -> Option<Best> {
        let point = self.point(per_rank);
        let estimate = self.compiled.estimate(point);
        let fine = estimate.infeasible.is_none() && estimate.tpot <= self.promise;
        let cost = self.weight * estimate.step.seconds() / self.tokens(per_rank);
        fine.then_some(Best { point, estimate, cost })
    }

    /// The best batch, if one costs at most the limit.
    #[must_use]
    pub fn best(&self, limit: f64) -> Option<Best> {
        // A negative limit is below every cost.
        let most = if limit < 0.0 { 0 } else { self.most_allowed(limit) };
        if most == 0 {
            None
        } else if self.compiled.is_monotone() {
            self.largest_feasible(most)
        } else {
            self.walk_down(most, limit)
        }
    }

    /// The most requests that the bounds allow; 0 if none, or none that can cost so little.
    fn most_allowed(&self, limit: f64) -> u64 {
        let allows = |per_rank| self.allows(per_rank);
        // A step of exactly the promise costs the limit here.
        let probe = self.weight * self.most_time() / (limit * self.tokens(1));
        let probe = if probe.is_finite() { probe.min(MOST_REQUESTS) as u64 } else { 0 };
        if probe <= 1 {
            return largest(allows);
        }
        if !allows(probe) {
            let hopeless = self.least_cost(probe) > limit || !allows(1);
            return if hopeless { 0 } else { largest_between(1, probe, allows) };
        }
        let mut high = probe * 2;
        while (high as f64) < MOST_REQUESTS && allows(high) {
            high *= 2;
        }
        largest_between(high / 2, high, allows)
    }

    /// The largest feasible batch up to `most`, looked for near it.
    fn largest_feasible(&self, most: u64) -> Option<Best> {
        let mut below = 1;
        let mut high = most + 1;
        while high > 1 {
            let low = high.saturating_sub(below).max(1);
            if self.at(low).is_some() {
                return self.at(largest_between(low, high, |r| self.at(r).is_some()));
            }
            (high, below) = (low, below * 2);
        }
        None
    }

    fn walk_down(&self, most: u64, limit: f64) -> Option<Best> {
        let mut best: Option<Best> = None;
        for per_rank in (1..=most).rev() {
            let beaten = best.map_or(f64::INFINITY, |b| b.cost);
            let least = self.least_cost(per_rank);
            if least > limit || least >= beaten {
                break;
            }
            best = match self.at(per_rank) {
                Some(next) if next.cost < beaten => Some(next),
                _ => best,
            };
        }
        best
    }
}
