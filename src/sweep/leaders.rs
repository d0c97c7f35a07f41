//! The best deployments found so far, in an order that no thread can change.

use super::plan::Objective;
use crate::deploy::deployment::{Deployment, Dispatch};
use crate::deploy::estimate::{Estimate, Point};
use std::cmp::Ordering;

/// The hardware of both sides, by place among those asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Of the attention side, or of everything.
    pub attention: usize,
    /// Of the FFN side.
    pub ffn: usize,
}

/// A deployment at its best batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Its hardware.
    pub place: Place,
    /// The deployment.
    pub deployment: Deployment,
    /// Batch, micro-batches, context.
    pub point: Point,
    /// What it gives.
    pub estimate: Estimate,
    /// What the objective weighs, per token.
    pub cost: f64,
}

/// A deployment as a list of numbers, for order's sake.
pub(super) fn shape(deployment: &Deployment) -> [u32; 6] {
    match deployment {
        Deployment::Afd(a) => {
            let routed = u32::from(a.dispatch == Dispatch::Routed);
            let (x, y) = (a.attention_instances, a.ffn_instances);
            [x, y, a.attention_tp, a.expert_tp, routed, a.attention_instance_devices]
        }
        Deployment::Colocated(c) => {
            let redundant = c.redundant_experts;
            [c.devices, c.pipeline_stages, c.attention_tp, c.expert_tp, redundant, 0]
        }
    }
}

impl Found {
    /// Whether both are the same to a reader: same hardware, same name. How attention, experts and
    /// batch are cut is for the better one to say.
    fn is_variant_of(&self, other: &Self) -> bool {
        let name = |found: &Self| match found.deployment {
            Deployment::Afd(a) => [a.attention_instances, a.ffn_instances, 0, 0],
            Deployment::Colocated(c) => [c.devices, c.pipeline_stages, c.expert_tp, 1],
        };
        self.place == other.place && name(self) == name(other)
    }
}

/// Costs that differ by less than about a part in 10^9 are equal: rounding, not merit, decides
/// between them, and an order by devices and shape is of more use.
const ALIKE: f64 = 4e-9;

/// A cost to thirty binary digits.
const fn rounded(cost: f64) -> f64 {
    const DROPPED: u64 = 1 << 22;
    f64::from_bits((cost.to_bits() + DROPPED / 2) & !(DROPPED - 1))
}

impl Objective {
    /// What an objective looks at before costs.
    fn before_cost(self, devices: u32) -> u32 {
        if self == Self::Devices { devices } else { 0 }
    }

    /// The order of deployments; none are equal.
    #[must_use]
    pub fn order(self, a: &Found, b: &Found) -> Ordering {
        let devices = |found: &Found| found.deployment.devices();
        let first = self.before_cost(devices(a)).cmp(&self.before_cost(devices(b)));
        first
            .then(rounded(a.cost).total_cmp(&rounded(b.cost)))
            .then(devices(a).cmp(&devices(b)))
            .then(a.place.cmp(&b.place))
            .then(shape(&a.deployment).cmp(&shape(&b.deployment)))
            .then(a.point.micro_batches.cmp(&b.point.micro_batches))
            .then(b.point.batch.cmp(&a.point.batch))
    }
}

/// The best few, best first.
#[derive(Debug, Clone)]
pub(super) struct Leaders {
    found: Vec<Found>,
    most: usize,
    objective: Objective,
}

impl Leaders {
    pub(super) fn new(most: usize, objective: Objective) -> Self {
        Self { found: Vec::with_capacity(most + 1), most, objective }
    }

    /// A deployment of so many devices that costs more than this is not among the best.
    pub(super) fn limit(&self, devices: u32) -> f64 {
        let Some(worst) = self.found.get(self.most - 1) else { return f64::INFINITY };
        match self
            .objective
            .before_cost(devices)
            .cmp(&self.objective.before_cost(worst.deployment.devices()))
        {
            Ordering::Less => f64::INFINITY,
            Ordering::Equal => worst.cost * (1.0 + ALIKE),
            Ordering::Greater => f64::NEG_INFINITY,
        }
    }

    pub(super) fn offer(&mut self, next: Found) {
        let known = self.found.iter().position(|found| found.is_variant_of(&next));
        if let Some(known) = known {
            if self.objective.order(&next, &self.found[known]).is_ge() {
                return;
            }
            self.found.remove(known);
        }
        let at = self.found.partition_point(|found| self.objective.order(found, &next).is_lt());
        self.found.insert(at, next);
        self.found.truncate(self.most);
    }

    pub(super) fn into_found(self) -> Vec<Found> {
        self.found
    }
}
