//! A combination without its point: a compiled deployment, or a pair of machines priced, and what
//! it gives at a point.

use super::Specs;
use super::figures::{Constant, Figures, of_cost, of_estimate, of_nothing};
use super::parts::Placed;
use crate::cost::ideal::CostByContext;
use crate::cost::unit_cost::unit_costs;
use crate::deploy::compile::{Compiled, Pools, compile};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::{Estimate, Infeasible, Point};
use crate::deploy::legal::Refused;
use crate::machine::hardware::{Hardware, Unknown};
use crate::units::Seconds;
use crate::work::model::Model;
use crate::work::params::params;
use crate::work::token::{cores, token_work};

/// What a combination comes to before its point is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A token's cost, at fidelity `ideal`.
    Cost(Box<CostByContext>, Constant),
    /// A deployment.
    Deployed(Box<Compiled>, Constant, Deployment),
    /// Nothing, and why.
    Refused(String, Constant),
}

/// Where a shape is evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// Context tokens of each request.
    pub context: f64,
    /// Requests in flight; as many as memory and promise allow if left open.
    pub batch: Option<u64>,
    /// Micro-batches; as the deployment is usually run if left open.
    pub micro_batches: Option<u32>,
    /// Limits the batch where that is open.
    pub promise: Option<Seconds>,
}

/// What a combination gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Requests in flight; 0 where there is no deployment.
    pub batch: u64,
    /// Micro-batches; 0 where there is no deployment.
    pub micro_batches: u32,
    /// Figures by place.
    pub figures: Figures,
    /// What binds it.
    pub bound_by: &'static str,
    /// Why it cannot be, if it cannot; the shape knows more where nothing compiles.
    pub infeasible: Option<&'static str>,
}

/// What binds where the model cannot be split as the deployment says.
const ILLEGAL: &str = "no_such_deployment";

/// Why a point cannot be, in words that its figures fill in.
const fn reason(infeasible: &Infeasible) -> &'static str {
    match infeasible {
        Infeasible::AttentionMemory { .. } => {
            "a device would hold more than it has: memory_bytes_per_device against \
             usable_bytes_per_device"
        }
        Infeasible::FfnMemory { .. } => {
            "an FFN device would hold more than it has: ffn_memory_bytes_per_device against \
             ffn_usable_bytes_per_device"
        }
        Infeasible::TooFewRequests => "there are fewer requests than micro-batches",
        Infeasible::Promise { .. } => "one request per rank takes longer than is promised",
    }
}

impl Shape {
    /// The cost of a model's token on a pair of machines.
    pub(super) fn of_cost(
        specs: &Specs,
        model: &Model,
        attention: &Hardware,
        ffn: &Hardware,
    ) -> Result<Self, Unknown> {
        let dtype = model.precision.activations;
        let unit = |hardware| unit_costs(hardware, dtype, specs.without_fp8);
        // The context is whatever: only what stands beside the cores is kept of it.
        let work = token_work(model, 1, specs.counting);
        let cores = cores(model, specs.counting);
        let cost = CostByContext::new(cores, &work, &unit(attention)?, &unit(ffn)?);
        Ok(Self::Cost(Box::new(cost), constant(model)))
    }

    /// A deployment of a model.
    pub(super) fn deployed(
        model: &Model,
        attention: &Hardware,
        ffn: &Hardware,
        placed: &Placed,
    ) -> Result<Self, Unknown> {
        let mut constant = constant(model);
        let deployment = placed.deployment;
        if matches!(deployment, Deployment::Colocated(_)) && attention != ffn {
            let why = "attention and FFN of this deployment are on the same devices".to_owned();
            return Ok(Self::Refused(why, constant));
        }
        let pools = Pools { attention, ffn };
        let compiled = match compile(model, &deployment, pools, placed.options) {
            Ok(compiled) => compiled,
            Err(Refused::Unknown(unknown)) => return Err(unknown),
            Err(Refused::Illegal(why)) => return Ok(Self::Refused(why.0, constant)),
        };
        constant.devices = compiled.devices;
        constant.power_w = power_w(&deployment, attention, ffn);
        constant.usable_bytes = compiled.attention_memory.usable.bytes();
        let ffn_usable = compiled.ffn_memory.as_ref().map(|held| held.usable.bytes());
        constant.ffn_usable_bytes = ffn_usable.unwrap_or(f64::NAN);
        Ok(Self::Deployed(Box::new(compiled), constant, deployment))
    }

    /// Nothing: its specs say why.
    pub(super) const fn refused(why: String) -> Self {
        let absent = f64::NAN;
        Self::Refused(
            why,
            Constant {
                devices: absent,
                power_w: absent,
                active_params: absent,
                total_params: absent,
                usable_bytes: absent,
                ffn_usable_bytes: absent,
            },
        )
    }

    /// What it gives at a point.
    #[inline]
    pub(super) fn at(&self, at: &At) -> Seen {
        match self {
            Self::Cost(cost, constant) => {
                let (cost, cores) = cost.at(at.context);
                Seen {
                    batch: 0,
                    micro_batches: 0,
                    figures: of_cost(&cost, &cores, constant),
                    bound_by: cost.attention_bound_by.name(),
                    infeasible: None,
                }
            }
            Self::Deployed(compiled, constant, deployment) => {
                let m = at.micro_batches.unwrap_or_else(|| deployment.default_micro_batches());
                let (batch, estimate) = match at.batch {
                    Some(batch) => {
                        let point = Point { batch, micro_batches: m, context: at.context };
                        (batch, compiled.estimate(point))
                    }
                    None => compiled.best_effort(m, at.context, at.promise),
                };
                seen(batch, m, &estimate, constant)
            }
            Self::Refused(..) => Seen {
                batch: at.batch.unwrap_or(0),
                micro_batches: at.micro_batches.unwrap_or(0),
                figures: of_nothing(),
                bound_by: ILLEGAL,
                infeasible: Some(ILLEGAL),
            },
        }
    }

    /// The deployment's name, where there is one.
    pub(super) fn deployment(&self) -> Option<String> {
        match self {
            Self::Deployed(_, _, deployment) => Some(deployment.name()),
            _ => None,
        }
    }

    /// Why nothing compiles.
    pub(super) fn why(&self) -> Option<&str> {
        match self {
            Self::Refused(why, _) => Some(why),
            _ => None,
        }
    }
}

#[inline]
fn seen(batch: u64, micro_batches: u32, estimate: &Estimate, constant: &Constant) -> Seen {
    let infeasible = estimate.infeasible.as_ref();
    Seen {
        batch,
        micro_batches,
        figures: of_estimate(estimate, constant),
        bound_by: infeasible.map_or_else(|| estimate.bound_by.name(), Infeasible::bound_by),
        infeasible: infeasible.map(reason),
    }
}

fn constant(model: &Model) -> Constant {
    let params = params(model);
    Constant {
        devices: f64::NAN,
        power_w: f64::NAN,
        active_params: params.active_with_head as f64,
        total_params: params.total as f64,
        usable_bytes: f64::NAN,
        ffn_usable_bytes: f64::NAN,
    }
}

/// Thermal design power of all devices; not finite if a profile does not say.
fn power_w(deployment: &Deployment, attention: &Hardware, ffn: &Hardware) -> f64 {
    let each = |hardware: &Hardware| hardware.tdp_w.as_ref().map_or(f64::NAN, |tdp| tdp.value);
    match deployment {
        Deployment::Afd(afd) => {
            each(attention) * f64::from(afd.attention_devices())
                + each(ffn) * f64::from(afd.ffn_devices())
        }
        Deployment::Colocated(c) => each(attention) * f64::from(c.devices),
    }
}
