//! The search behind `afford plan`: for every model and context the deployments that cost least
//! under a promise, and why the others cannot be.
//!
//! Nothing is left out that could be among the answers. Deployments that differ only in attention
//! instances are compiled once (a family). For a family of x attention and y FFN instances, with
//! T_A tokens/s of one attention instance and T_F of the FFN side at most,
//!
//! ```text
//! cost >= (x w_A + y w_F) / min(x T_A, T_F)        w: price, or devices, of an instance
//! ```
//!
//! which bounds x from both sides once a limit is known: the worst of the best found so far. What
//! is left is asked for its best batch ([`best_batch`](super::best_batch)). Answers do not depend
//! on the order in which threads find them: only what is dearer than the limit is passed over, and
//! equal costs are ordered by devices, hardware and shape.

use super::best_batch::Question;
use super::census::{Census, Miss, count};
use super::leaders::{Found, Leaders, Place};
use super::shapes::{Choices, Limits};
use crate::deploy::compile::{Compiled, Pools, compile};
use crate::deploy::confidence::Confidence;
use crate::deploy::deployment::{Afd, Colocated, Deployment};
use crate::deploy::legal::Refused;
use crate::deploy::options::Options;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Hardware;
use crate::units::{Seconds, UsdPerSecond};
use crate::work::model::Model;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Mutex;

/// What makes a deployment better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum Objective {
    /// Least money per token.
    #[default]
    #[serde(rename = "usd_per_mtok")]
    Usd,
    /// Most tokens per second of a device.
    #[serde(rename = "tokens_per_s_per_device")]
    TokensPerSecondPerDevice,
    /// Fewest devices, and least money per token among those.
    #[serde(rename = "devices")]
    Devices,
}

impl Objective {
    /// What a second of a deployment counts; a figure per million tokens where it is money.
    #[must_use]
    pub fn weight(self, price: UsdPerSecond, devices: f64) -> f64 {
        match self {
            Self::Usd | Self::Devices => price.usd_per_second() * 1e6,
            Self::TokensPerSecondPerDevice => devices,
        }
    }
}

/// Which deployments are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Attention-FFN disaggregation.
    pub afd: bool,
    /// Attention and FFN on the same devices.
    pub colocated: bool,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Models.
    pub models: Vec<Model>,
    /// Context lengths in tokens.
    pub contexts: Vec<u64>,
    /// Hardware of the attention side.
    pub attention_hardware: Vec<Hardware>,
    /// Hardware of the FFN side.
    pub ffn_hardware: Vec<Hardware>,
    /// Hardware of colocated deployments.
    pub colocated_hardware: Vec<Hardware>,
    /// Time per output token that is promised.
    pub promise: Seconds,
    /// How many devices there are.
    pub limits: Limits,
    /// What shapes are made of.
    pub choices: Choices,
    /// Conditions.
    pub options: Options,
    /// What makes a deployment better.
    pub objective: Objective,
    /// Which deployments are looked at.
    pub kinds: Kinds,
    /// Answers of each kind.
    pub top: usize,
}

/// The answer for one model and context.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Place of the model among those asked for.
    pub model: usize,
    /// Context in tokens.
    pub context: u64,
    /// The best AFD deployments, best first.
    pub afd: Vec<Found>,
    /// The best colocated deployments, best first.
    pub colocated: Vec<Found>,
    /// Shapes that were looked at.
    pub shapes: u64,
    /// Why others cannot be: how many, and which came nearest.
    pub misses: Vec<(u64, Miss)>,
}

impl Answer {
    /// Whether any deployment is feasible.
    #[must_use]
    pub const fn is_feasible(&self) -> bool {
        !self.afd.is_empty() || !self.colocated.is_empty()
    }
}

/// A model, a context and what was found for them.
struct Search<'a> {
    plan: &'a Plan,
    model: &'a Model,
    context: f64,
    leaders: Mutex<Leaders>,
}

impl Plan {
    /// Finds the answers, ordered by model and context.
    ///
    /// # Errors
    /// If a profile lacks a figure that a deployment needs.
    pub fn search(&self) -> Result<Vec<Answer>, Refused> {
        let mut answers = Vec::new();
        for (at, model) in self.models.iter().enumerate() {
            let censuses = count(self, model)?;
            let ceilings = if self.kinds.afd { Some(Ceilings::new(self, model)?) } else { None };
            for (&context, census) in self.contexts.iter().zip(censuses) {
                let search = || Search {
                    plan: self,
                    model,
                    context: context as f64,
                    leaders: Mutex::new(Leaders::new(self.top.max(1), self.objective)),
                };
                let (afd, colocated) = (search(), search());
                if let Some(ceilings) = &ceilings {
                    afd.search_afd(ceilings)?;
                }
                colocated.search_colocated()?;
                answers.push(answer(at, context, afd, colocated, census));
            }
        }
        Ok(answers)
    }

    /// Every pair of an attention and an FFN hardware.
    pub(super) fn pairs(&self) -> Vec<Place> {
        let ffn = |attention| (0..self.ffn_hardware.len()).map(move |ffn| Place { attention, ffn });
        (0..self.attention_hardware.len()).flat_map(ffn).collect()
    }

    /// The hardware of a pair.
    #[must_use]
    pub fn pools(&self, place: Place) -> Pools<'_> {
        let attention = &self.attention_hardware[place.attention];
        Pools { attention, ffn: &self.ffn_hardware[place.ffn] }
    }

    /// The hardware of a deployment that was found.
    #[must_use]
    pub fn pools_of(&self, found: &Found) -> Pools<'_> {
        match found.deployment {
            Deployment::Afd(_) => self.pools(found.place),
            Deployment::Colocated(_) => {
                let hardware = &self.colocated_hardware[found.place.attention];
                Pools { attention: hardware, ffn: hardware }
            }
        }
    }

    /// How sure what was found is; nothing at datasheet peaks.
    #[must_use]
    pub fn confidence(&self, answer: &Answer, found: &Found) -> Option<Confidence> {
        if self.options.fidelity != Fidelity::Calibrated {
            return None;
        }
        let model = &self.models[answer.model];
        let compiled = compile(model, &found.deployment, self.pools_of(found), self.options);
        compiled.ok()?.confidence(found.point)
    }

    /// Colocated deployments by hardware.
    pub(super) fn colocated_shapes(&self, model: &Model) -> Vec<(Place, Colocated)> {
        if !self.kinds.colocated {
            return Vec::new();
        }
        let shapes = |(at, hardware): (usize, &Hardware)| {
            let place = Place { attention: at, ffn: at };
            let all = self.choices.colocated(&self.limits, model, hardware);
            all.into_iter().map(move |shape| (place, shape)).collect::<Vec<_>>()
        };
        self.colocated_hardware.iter().enumerate().flat_map(shapes).collect()
    }
}

fn answer(model: usize, context: u64, afd: Search, colocated: Search, census: Census) -> Answer {
    let found =
        |search: Search| search.leaders.into_inner().map(Leaders::into_found).unwrap_or_default();
    Answer {
        model,
        context,
        afd: found(afd),
        colocated: found(colocated),
        shapes: census.shapes,
        misses: census.misses(),
    }
}

/// Prices of one device on both sides.
pub(super) fn prices(pools: Pools) -> Result<[UsdPerSecond; 2], Refused> {
    Ok([pools.attention.price()?.rate, pools.ffn.price()?.rate])
}

/// A family of AFD deployments on a pair of hardware, with its bounds.
struct Family {
    place: Place,
    afd: Afd,
    /// By number of micro-batches: tokens/s of one attention instance, and of the FFN side.
    ceilings: Vec<[f64; 2]>,
    /// Weight of an attention instance, and of the FFN side.
    weights: [f64; 2],
    /// No x and no number of micro-batches costs less.
    least: f64,
}

/// Ceilings of FFN sides, which no context changes: by hardware, shape and micro-batches.
struct Ceilings {
    shapes: Vec<Afd>,
    ffn: Vec<Vec<Vec<f64>>>,
}

impl Ceilings {
    fn new(plan: &Plan, model: &Model) -> Result<Self, Refused> {
        let shapes = plan.choices.afd(&plan.limits, model);
        let mut ffn = Vec::new();
        for far in &plan.ffn_hardware {
            let pools = Pools { attention: &plan.attention_hardware[0], ffn: far };
            let of = |afd: &Afd| {
                let compiled = compile(model, &Deployment::Afd(*afd), pools, plan.options)?;
                let at = |m: &u32| compiled.ffn_ceiling(*m, plan.promise);
                Ok(plan.choices.afd_micro_batches.iter().map(at).collect())
            };
            ffn.push(shapes.par_iter().map(of).collect::<Result<Vec<Vec<f64>>, Refused>>()?);
        }
        Ok(Self { shapes, ffn })
    }
}

/// Families that are asked one after the other, so that the rest begin with a good limit.
const FIRST_FAMILIES: usize = 8;

impl Search<'_> {
    fn search_afd(&self, ceilings: &Ceilings) -> Result<(), Refused> {
        let families = self.families(ceilings)?;
        let (first, rest) = families.split_at(families.len().min(FIRST_FAMILIES));
        first.iter().try_for_each(|family| self.search_family(family))?;
        rest.par_iter().try_for_each(|family| self.search_family(family))
    }

    /// The families, the most promising first.
    fn families(&self, ceilings: &Ceilings) -> Result<Vec<Family>, Refused> {
        let plan = self.plan;
        let mut families = Vec::new();
        for place in plan.pairs() {
            let pools = plan.pools(place);
            let [near, far] = prices(pools)?;
            let attention = self.attention_ceilings(pools)?;
            for (at, &afd) in ceilings.shapes.iter().enumerate() {
                let ffn = &ceilings.ffn[place.ffn][at];
                let tp = plan.choices.attention_tp.iter().position(|tp| *tp == afd.attention_tp);
                let attention = &attention[tp.unwrap_or_default()];
                let pairs: Vec<_> = attention.iter().zip(ffn).map(|(a, f)| [*a, *f]).collect();
                let weight = |price: UsdPerSecond, devices: u32| {
                    plan.objective.weight(price * f64::from(devices), f64::from(devices))
                };
                let [near, far] =
                    [weight(near, afd.attention_devices()), weight(far, afd.ffn_devices())];
                let least = pairs.iter().map(|[a, f]| near / a + far / f);
                let least = least.fold(f64::INFINITY, f64::min);
                families.push(Family { place, afd, ceilings: pairs, weights: [near, far], least });
            }
        }
        families.retain(|family| family.least.is_finite());
        let devices = |family: &Family| match plan.objective {
            Objective::Devices => family.afd.ffn_devices(),
            _ => 0,
        };
        families.sort_by(|a, b| devices(a).cmp(&devices(b)).then(a.least.total_cmp(&b.least)));
        Ok(families)
    }

    /// Tokens per second of an attention instance, by attention TP and micro-batches.
    fn attention_ceilings(&self, pools: Pools) -> Result<Vec<Vec<f64>>, Refused> {
        let choices = &self.plan.choices;
        let Some(first) = choices.afd(&self.plan.limits, self.model).first().copied() else {
            return Ok(Vec::new());
        };
        let of = |&attention_tp: &u32| {
            let deployment = Deployment::Afd(Afd { attention_tp, ..first });
            let compiled = compile(self.model, &deployment, pools, self.plan.options)?;
            let at = |m: &u32| {
                compiled.attention_ceiling(*m, self.context, self.plan.promise)
                    * compiled.attention_ranks
            };
            Ok(choices.afd_micro_batches.iter().map(at).collect())
        };
        choices.attention_tp.iter().map(of).collect()
    }

    fn limit(&self, devices: u32) -> f64 {
        self.leaders.lock().map_or(f64::INFINITY, |leaders| leaders.limit(devices))
    }

    fn search_family(&self, family: &Family) -> Result<(), Refused> {
        let smallest = Deployment::Afd(family.afd).devices();
        if family.least > self.limit(smallest) {
            return Ok(());
        }
        let pools = self.plan.pools(family.place);
        let [near, far] = prices(pools)?;
        let most = self.plan.limits.attention_instances(&family.afd, pools.attention, pools.ffn);
        let deployment = Deployment::Afd(family.afd);
        let mut compiled = compile(self.model, &deployment, pools, self.plan.options)?;
        for x in 1..=most {
            let afd = Afd { attention_instances: x, ..family.afd };
            let deployment = Deployment::Afd(afd);
            let limit = self.limit(deployment.devices());
            let count = f64::from(x);
            let weight = family.weights[0] * count + family.weights[1];
            compiled.set_attention_instances(&afd, near, far);
            for (&m, [a, f]) in self.plan.choices.afd_micro_batches.iter().zip(&family.ceilings) {
                let least = weight / (a * count).min(*f);
                if least.is_finite() && least <= limit {
                    self.ask(&compiled, family.place, deployment, m);
                }
            }
        }
        Ok(())
    }

    fn search_colocated(&self) -> Result<(), Refused> {
        self.plan.colocated_shapes(self.model).par_iter().try_for_each(|&(place, shape)| {
            let deployment = Deployment::Colocated(shape);
            let hardware = &self.plan.colocated_hardware[place.attention];
            let pools = Pools { attention: hardware, ffn: hardware };
            let compiled = compile(self.model, &deployment, pools, self.plan.options)?;
            for m in self.plan.choices.micro_batches(&deployment) {
                self.ask(&compiled, place, deployment, m);
            }
            Ok(())
        })
    }

    /// Asks a deployment for its best batch, and keeps it if it is among the best.
    fn ask(&self, compiled: &Compiled, place: Place, deployment: Deployment, micro_batches: u32) {
        let plan = self.plan;
        let question = Question {
            compiled,
            micro_batches,
            context: self.context,
            promise: plan.promise,
            weight: plan.objective.weight(compiled.price, compiled.devices),
        };
        if let Some(best) = question.best(self.limit(deployment.devices())) {
            let (point, estimate, cost) = (best.point, best.estimate, best.cost);
            let found = Found { place, deployment, point, estimate, cost };
            if let Ok(mut leaders) = self.leaders.lock() {
                leaders.offer(found);
            }
        }
    }
}
