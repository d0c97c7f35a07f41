//! How many of the shapes of a plan cannot be, why, and which came nearest.
//!
//! A shape is asked with as few requests and micro-batches as there can be: more of either take
//! more memory and more time. Within a family (`plan`) more attention instances send more tokens
//! to the same FFN side, so the first one that fails for a reason is found by bisection. Where
//! stages share a resource that is not certain (`deploy::bounds`); there every shape is asked.

use super::best_batch::Question;
use super::leaders::{Found, Place, shape};
use super::plan::{Plan, prices};
use crate::deploy::bounds::largest_between;
use crate::deploy::compile::{Compiled, Pools, compile};
use crate::deploy::deployment::{Afd, Deployment};
use crate::deploy::estimate::Infeasible;
use crate::deploy::legal::Refused;
use crate::work::model::Model;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Why no batch of a shape is feasible; memory counts before time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// One request per rank and micro-batch takes longer than the promise.
    Promise,
    /// An FFN device cannot hold its part.
    FfnMemory,
    /// An attention device, or any where the sides are one, cannot.
    AttentionMemory,
}

impl Reason {
    const ALL: [Self; 3] = [Self::Promise, Self::FfnMemory, Self::AttentionMemory];
}

/// A shape that cannot be, with one request per rank and micro-batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Miss {
    /// Why.
    pub reason: Reason,
    /// What it takes over what there is.
    pub overshoot: f64,
    /// The shape.
    pub found: Found,
}

impl Miss {
    /// Whether it is nearer to feasible than another; of equals the first in the order of shapes.
    fn is_nearer(&self, other: &Self) -> bool {
        let order = |miss: &Self| (miss.found.place, shape(&miss.found.deployment));
        let by_overshoot = self.overshoot.total_cmp(&other.overshoot);
        by_overshoot.then(order(self).cmp(&order(other))).is_lt()
    }
}

/// The shapes of one model and context.
#[derive(Debug, Clone, Default)]
pub(super) struct Census {
    pub shapes: u64,
    /// By kind (AFD first) and reason: how many, and the nearest.
    misses: BTreeMap<(bool, Reason), (u64, Miss)>,
}

impl Census {
    /// Counts and nearest misses, AFD before colocated.
    pub(super) fn misses(self) -> Vec<(u64, Miss)> {
        self.misses.into_values().collect()
    }

    fn add(&mut self, count: u64, miss: Miss) {
        let colocated = matches!(miss.found.deployment, Deployment::Colocated(_));
        let known = self.misses.entry((colocated, miss.reason)).or_insert((0, miss));
        known.0 += count;
        if miss.is_nearer(&known.1) {
            known.1 = miss;
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.shapes += other.shapes;
        for (count, miss) in other.misses.into_values() {
            self.add(count, miss);
        }
        self
    }
}

/// Counts the shapes of a model at every context.
pub(super) fn count(plan: &Plan, model: &Model) -> Result<Vec<Census>, Refused> {
    let none = || vec![Census::default(); plan.contexts.len()];
    let merge = |a: Vec<Census>, b: Vec<Census>| {
        Ok(a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect())
    };
    let shapes = if plan.kinds.afd { plan.choices.afd(&plan.limits, model) } else { Vec::new() };
    let pairs = plan.pairs();
    let families = pairs.par_iter().flat_map_iter(|&pair| shapes.iter().map(move |s| (pair, *s)));
    let afd = families
        .try_fold(none, |mut all, (place, afd)| {
            count_family(plan, model, place, afd, &mut all)?;
            Ok(all)
        })
        .try_reduce(none, merge)?;
    let colocated = plan
        .colocated_shapes(model)
        .into_par_iter()
        .try_fold(none, |mut all, (place, shape)| {
            let hardware = &plan.colocated_hardware[place.attention];
            let pools = Pools { attention: hardware, ffn: hardware };
            let deployment = Deployment::Colocated(shape);
            let compiled = compile(model, &deployment, pools, plan.options)?;
            for (census, &context) in all.iter_mut().zip(&plan.contexts) {
                census.shapes += 1;
                let asked = Asked { plan, compiled: &compiled, context, place, deployment };
                if let Some(miss) = asked.miss() {
                    census.add(1, miss);
                }
            }
            Ok(all)
        })
        .try_reduce(none, merge)?;
    merge(afd, colocated)
}

fn count_family(
    plan: &Plan,
    model: &Model,
    place: Place,
    afd: Afd,
    all: &mut [Census],
) -> Result<(), Refused> {
    let pools = plan.pools(place);
    let most = plan.limits.attention_instances(&afd, pools.attention, pools.ffn);
    if most == 0 {
        return Ok(());
    }
    let [near, far] = prices(pools)?;
    let mut compiled = compile(model, &Deployment::Afd(afd), pools, plan.options)?;
    for (census, &context) in all.iter_mut().zip(&plan.contexts) {
        census.shapes += u64::from(most);
        let mut miss = |x: u64| {
            let afd = Afd { attention_instances: x as u32, ..afd };
            compiled.set_attention_instances(&afd, near, far);
            let deployment = Deployment::Afd(afd);
            Asked { plan, compiled: &compiled, context, place, deployment }.miss()
        };
        if plan.options.half_duplex {
            (1..=u64::from(most)).filter_map(miss).for_each(|miss| census.add(1, miss));
        } else {
            count_thresholds(u64::from(most), &mut miss, census);
        }
    }
    Ok(())
}

/// Counts x from 1 to `most` where x fails for a reason from some x on, and for a later reason
/// from some later x on.
fn count_thresholds(most: u64, miss: &mut impl FnMut(u64) -> Option<Miss>, census: &mut Census) {
    if miss(most).is_none() {
        return;
    }
    let mut from = [0, 0, 0, most + 1];
    for (at, reason) in Reason::ALL.into_iter().enumerate() {
        let spared = |x: u64| miss(x).is_none_or(|miss| miss.reason < reason);
        from[at] = 1 + largest_between(0, most + 1, spared);
    }
    for at in 0..Reason::ALL.len() {
        let count = from[at + 1] - from[at];
        if count > 0
            && let Some(first) = miss(from[at])
        {
            census.add(count, first);
        }
    }
}

/// A compiled shape at a context.
struct Asked<'a> {
    plan: &'a Plan,
    compiled: &'a Compiled,
    context: u64,
    place: Place,
    deployment: Deployment,
}

impl Asked<'_> {
    fn question(&self, micro_batches: u32) -> Question<'_> {
        let context = self.context as f64;
        let promise = self.plan.promise;
        Question { compiled: self.compiled, micro_batches, context, promise, weight: 1.0 }
    }

    /// Why no batch is feasible, if none is.
    fn miss(&self) -> Option<Miss> {
        let all = self.plan.choices.micro_batches(&self.deployment);
        let point = self.question(*all.first()?).point(1);
        let mut estimate = self.compiled.estimate(point);
        let (reason, overshoot) = match estimate.infeasible {
            Some(Infeasible::FfnMemory { needs, has }) => (Reason::FfnMemory, needs / has),
            Some(Infeasible::AttentionMemory { needs, has }) => {
                (Reason::AttentionMemory, needs / has)
            }
            _ if estimate.tpot <= self.plan.promise => return None,
            _ => (Reason::Promise, estimate.tpot / self.plan.promise),
        };
        // Shared resources may reward a larger batch, or more micro-batches.
        let shared = reason == Reason::Promise && !self.compiled.is_monotone();
        if shared && all.iter().any(|m| self.question(*m).best(f64::INFINITY).is_some()) {
            return None;
        }
        if reason == Reason::Promise {
            let (tpot, promise) = (estimate.tpot, self.plan.promise);
            estimate.infeasible = Some(Infeasible::Promise { tpot, promise });
        }
        let (place, deployment) = (self.place, self.deployment);
        let found = Found { place, deployment, point, estimate, cost: f64::INFINITY };
        Some(Miss { reason, overshoot, found })
    }
}
