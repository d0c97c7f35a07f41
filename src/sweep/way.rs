//! How a token is priced where a question or study does not care: by unit costs, or in one
//! deployment; and what the cheapest pair of hardware is.

use crate::cost::ideal::token_cost;
use crate::cost::unit_cost::{UnitCosts, unit_costs};
use crate::deploy::compile::{Pools, compile};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::Point;
use crate::deploy::legal::Refused;
use crate::deploy::options::Options;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, WithoutFp8};
use crate::units::Seconds;
use crate::work::Counting;
use crate::work::model::Model;
use crate::work::token::token_work;

/// How a token is priced.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// Fidelity `ideal`: unit costs, nothing deployed.
    Ideal {
        /// Counting convention.
        counting: Counting,
        /// What 8-bit products run as on devices without FP8.
        without_fp8: WithoutFp8,
    },
    /// One deployment, at a batch or at the largest that memory and promise allow.
    Deployed {
        /// The deployment.
        deployment: Deployment,
        /// Conditions.
        options: Options,
        /// Micro-batches.
        micro_batches: u32,
        /// Requests in flight, if they are given.
        batch: Option<u64>,
        /// Time per output token that is promised, if any is.
        promise: Option<Seconds>,
    },
}

/// What a token costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// US dollars per million tokens.
    pub usd_per_mtok: f64,
    /// Time per output token, where something is deployed.
    pub tpot: Option<Seconds>,
}

impl Way {
    /// The level that its figures come from.
    #[must_use]
    pub const fn fidelity(&self) -> Fidelity {
        match self {
            Self::Ideal { .. } => Fidelity::Ideal,
            Self::Deployed { options, .. } => options.fidelity,
        }
    }

    /// Whether attention and FFN may be on hardware of their own.
    const fn pairs_up(&self) -> bool {
        !matches!(self, Self::Deployed { deployment: Deployment::Colocated(_), .. })
    }

    /// What a token costs on a pair of hardware; nothing if that cannot be.
    ///
    /// # Errors
    /// If a profile lacks a figure or the model cannot be split so.
    pub fn outcome(
        &self,
        model: &Model,
        pools: Pools,
        context: f64,
    ) -> Result<Option<Outcome>, Refused> {
        match *self {
            Self::Ideal { counting, without_fp8 } => {
                let format = model.precision.activations;
                let near = unit_costs(pools.attention, format, without_fp8)?;
                let far = unit_costs(pools.ffn, format, without_fp8)?;
                let work = token_work(model, context.round() as u64, counting);
                let usd_per_mtok = token_cost(&work, &near, &far).total().per_mtok();
                Ok(Some(Outcome { usd_per_mtok, tpot: None }))
            }
            Self::Deployed { deployment, options, micro_batches, batch, promise } => {
                let compiled = compile(model, &deployment, pools, options)?;
                let estimate = match batch {
                    Some(batch) => compiled.estimate(Point { batch, micro_batches, context }),
                    None => compiled.best_effort(micro_batches, context, promise).1,
                };
                let late = promise.is_some_and(|promise| estimate.tpot > promise);
                let fine = estimate.infeasible.is_none() && !late;
                let usd_per_mtok = estimate.usd_per_mtok;
                Ok(fine.then_some(Outcome { usd_per_mtok, tpot: Some(estimate.tpot) }))
            }
        }
    }

    /// What a token costs on every pair of hardware that `which` lets through; nothing where that
    /// cannot be.
    fn costs(
        &self,
        model: &Model,
        [attention, ffn]: [&[Hardware]; 2],
        context: f64,
        which: impl Fn(&Hardware, &Hardware) -> bool,
    ) -> Result<Vec<Priced>, Refused> {
        let near = |at: usize| (0..ffn.len()).map(move |far| (at, far));
        let pairs = (0..attention.len()).flat_map(near).filter(|&(near, far)| {
            let (near, far) = (&attention[near], &ffn[far]);
            which(near, far) && (self.pairs_up() || near.name == far.name)
        });
        if let Self::Ideal { counting, without_fp8 } = *self {
            let format = model.precision.activations;
            let units = |all: &[Hardware]| -> Result<Vec<UnitCosts>, Refused> {
                all.iter().map(|hw| Ok(unit_costs(hw, format, without_fp8)?)).collect()
            };
            let (attention, ffn) = (units(attention)?, units(ffn)?);
            let work = token_work(model, context.round() as u64, counting);
            let price = |(near, far): (usize, usize)| {
                let cost = token_cost(&work, &attention[near], &ffn[far]);
                Priced { pair: (near, far), usd_per_mtok: cost.total().per_mtok() }
            };
            return Ok(pairs.map(price).collect());
        }
        let mut all = Vec::new();
        for (near, far) in pairs {
            let pools = Pools { attention: &attention[near], ffn: &ffn[far] };
            if let Some(outcome) = self.outcome(model, pools, context)? {
                all.push(Priced { pair: (near, far), usd_per_mtok: outcome.usd_per_mtok });
            }
        }
        Ok(all)
    }

    /// The least cost over pairs of hardware that `which` lets through.
    pub(super) fn cheapest(
        &self,
        model: &Model,
        hardware: [&[Hardware]; 2],
        context: f64,
        which: impl Fn(&Hardware, &Hardware) -> bool,
    ) -> Result<Option<f64>, Refused> {
        let all = self.costs(model, hardware, context, which)?;
        Ok(least(all).map(|priced| priced.usd_per_mtok))
    }
}

/// A pair of hardware and what a token costs on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priced {
    /// Places of the attention and the FFN hardware.
    pub pair: (usize, usize),
    /// US dollars per million tokens.
    pub usd_per_mtok: f64,
}

/// The cheapest; the first of equals.
fn least(all: Vec<Priced>) -> Option<Priced> {
    all.into_iter().reduce(|a, b| if b.usd_per_mtok < a.usd_per_mtok { b } else { a })
}

/// A model with the hardware that it may run on; the cheapest pair counts.
#[derive(Debug, Clone)]
pub struct Contender {
    /// The model.
    pub model: Model,
    /// Hardware of the attention side.
    pub attention: Vec<Hardware>,
    /// Hardware of the FFN side.
    pub ffn: Vec<Hardware>,
}

impl Contender {
    /// The cheapest pair at a context.
    ///
    /// # Errors
    /// If a profile lacks a figure or the model cannot be split so.
    pub fn best(&self, way: &Way, context: f64) -> Result<Option<Priced>, Refused> {
        let hardware: [&[Hardware]; 2] = [&self.attention, &self.ffn];
        Ok(least(way.costs(&self.model, hardware, context, |_, _| true)?))
    }

    /// Least cost at a context.
    ///
    /// # Errors
    /// As [`Self::best`].
    pub fn cost(&self, way: &Way, context: f64) -> Result<Option<f64>, Refused> {
        Ok(self.best(way, context)?.map(|priced| priced.usd_per_mtok))
    }

    /// The same on one pair alone.
    #[must_use]
    pub fn on(&self, (near, far): (usize, usize)) -> Self {
        Self {
            model: self.model.clone(),
            attention: vec![self.attention[near].clone()],
            ffn: vec![self.ffn[far].clone()],
        }
    }
}
