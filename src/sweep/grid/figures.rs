//! The figures of a point, by name: what a sweep writes and what a summary compares.

use crate::cost::ideal::TokenCost;
use crate::deploy::estimate::Estimate;
use crate::sweep::pareto::Sense;
use crate::work::attention::Core;

/// A figure: its column, and which direction is better where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The column, which ends in its unit.
    pub name: &'static str,
    /// What is better.
    pub better: Option<Sense>,
}

const fn figure(name: &'static str) -> Figure {
    Figure { name, better: None }
}

const fn less(name: &'static str) -> Figure {
    Figure { name, better: Some(Sense::Min) }
}

const fn more(name: &'static str) -> Figure {
    Figure { name, better: Some(Sense::Max) }
}

/// Room for the figures of a point.
pub const MOST: usize = 20;

/// The figures of one point in the order of [`OF_ESTIMATES`] or [`OF_COSTS`]; what a point does
/// not have is not finite.
pub type Figures = [f64; MOST];

/// A figure that is not there.
const ABSENT: f64 = f64::NAN;

/// Figures that depend on the compiled deployment alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// Devices in all.
    pub devices: f64,
    /// Thermal design power of all devices; not finite if a profile does not say.
    pub power_w: f64,
    /// Activated parameters, with the LM head.
    pub active_params: f64,
    /// All parameters of the text model.
    pub total_params: f64,
    /// What an attention device has, less what is held back.
    pub usable_bytes: f64,
    /// What an FFN device has.
    pub ffn_usable_bytes: f64,
}

/// Figures at fidelities that estimate a deployment.
pub const OF_ESTIMATES: [Figure; MOST] = [
    less("tpot_ms"),
    more("tokens_per_s_per_device"),
    more("tokens_per_s_per_user"),
    less("usd_per_mtok"),
    figure("attention_us_per_layer"),
    figure("dispatch_us_per_layer"),
    figure("ffn_us_per_layer"),
    figure("return_us_per_layer"),
    figure("cycle_us"),
    figure("kv_bytes_per_device"),
    figure("weight_bytes_per_device"),
    figure("memory_bytes_per_device"),
    figure("usable_bytes_per_device"),
    figure("ffn_weight_bytes_per_device"),
    figure("ffn_memory_bytes_per_device"),
    figure("ffn_usable_bytes_per_device"),
    less("devices"),
    less("power_w"),
    more("active_params"),
    more("total_params"),
];

/// Figures at fidelity `ideal`.
pub const OF_COSTS: [Figure; 10] = [
    less("attention_usd_per_mtok"),
    less("ffn_usd_per_mtok"),
    figure("router_usd_per_mtok"),
    figure("lm_head_usd_per_mtok"),
    figure("embedding_usd_per_mtok"),
    less("total_usd_per_mtok"),
    figure("arithmetic_intensity"),
    less("kv_bytes"),
    more("active_params"),
    more("total_params"),
];

/// The figures of an estimate.
#[must_use]
#[inline]
pub fn of_estimate(estimate: &Estimate, constant: &Constant) -> Figures {
    let stages = &estimate.stages;
    let tpot = estimate.tpot.seconds();
    let mut figures = [
        tpot * 1e3,
        estimate.tokens_per_s_per_device,
        1.0 / tpot,
        estimate.usd_per_mtok,
        stages.attention * 1e6,
        stages.dispatch * 1e6,
        stages.ffn * 1e6,
        stages.combine * 1e6,
        estimate.cycle.us(),
        estimate.attention_memory.kv.bytes(),
        estimate.attention_memory.weights.bytes(),
        estimate.attention_memory.total().bytes(),
        constant.usable_bytes,
        estimate.ffn_memory.weights.bytes(),
        estimate.ffn_memory.total().bytes(),
        constant.ffn_usable_bytes,
        constant.devices,
        constant.power_w,
        constant.active_params,
        constant.total_params,
    ];
    if estimate.infeasible.is_some() {
        figures[..9].fill(ABSENT);
    }
    if !constant.ffn_usable_bytes.is_finite() {
        figures[13..16].fill(ABSENT);
    }
    figures
}

/// The figures of a cost.
#[must_use]
#[inline]
pub fn of_cost(cost: &TokenCost, cores: &Core, constant: &Constant) -> Figures {
    let mut figures = [ABSENT; MOST];
    figures[..OF_COSTS.len()].copy_from_slice(&[
        cost.attention().per_mtok(),
        cost.ffn.per_mtok(),
        cost.router.per_mtok(),
        cost.lm_head.per_mtok(),
        cost.embedding.per_mtok(),
        cost.total().per_mtok(),
        (cores.flops / cores.bytes).flops_per_byte(),
        cores.bytes.bytes(),
        constant.active_params,
        constant.total_params,
    ]);
    figures
}

/// The figures of a combination that nothing compiles for.
#[must_use]
pub const fn of_nothing() -> Figures {
    [ABSENT; MOST]
}
