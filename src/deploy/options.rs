//! What a deployment runs under: formats on the wire, efficiencies that the user sets, what is
//! held back of memory, speculation. Every default is the neutral one of a datasheet roofline or
//! says that it is assumed.

use super::imbalance::{Dealt, Imbalance, Skew};
use super::sparsity::Wire;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::WithoutFp8;
use crate::work::ffn::Moe;

/// The conditions of a deployment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Bytes per element between attention and FFN: FP8 out, BF16 back.
    pub wire: Wire,
    /// Share of the network cards' line rate that transfers reach.
    pub network_efficiency: f64,
    /// Share of the scale-up links' rate that collectives reach.
    pub scale_up_efficiency: f64,
    /// Time of an empty transfer between attention and FFN.
    pub network_latency_s: f64,
    /// Time of a step outside the layers and the LM head: scheduling, sampling.
    pub fixed_s: f64,
    /// Share of device memory kept free for the runtime and fragmentation (assumed).
    pub memory_reserve: f64,
    /// Whether the two directions of a network card take turns.
    pub half_duplex: bool,
    /// How unequally the experts are used.
    pub expert_imbalance: Imbalance,
    /// Standard deviation of the requests' contexts over their mean.
    pub context_spread: f64,
    /// Rows that a matrix product is padded up to; 1 is no padding.
    pub tile_rows: f64,
    /// Query tokens per request and step: 1, or 1 + drafted ones.
    pub query_tokens: f64,
    /// Tokens accepted per request and step.
    pub accepted_tokens: f64,
    /// What 8-bit products run as on devices without FP8.
    pub without_fp8: WithoutFp8,
    /// Datasheet peaks or fitted constants.
    pub fidelity: Fidelity,
    /// Calibrated alone: time of a kernel that does little but start (assumed).
    pub small_kernel_s: f64,
}

/// What a launched kernel takes in a captured graph before it does anything, by the copies measured
/// on an H200 (assumed of all).
const SMALL_KERNEL_S: f64 = 2e-6;

/// Tokens accepted per step when the i-th drafted token is accepted with the i-th probability if
/// all before it were: 1 + p1 + p1 p2 + ...
#[must_use]
pub fn accepted_tokens(acceptance: &[f64]) -> f64 {
    let mut all_so_far = 1.0;
    let drafted = acceptance.iter().map(|p| {
        all_so_far *= p;
        all_so_far
    });
    1.0 + drafted.sum::<f64>()
}

impl Options {
    /// Whether steps draft tokens, and so run and hold the MTP layers.
    #[must_use]
    pub fn drafting(&self) -> bool {
        self.query_tokens > 1.0
    }

    /// How unequally the experts of a layer are used that are dealt out to `groups` of devices.
    #[must_use]
    pub fn skew(&self, moe: &Moe, redundant: u32, groups: u32) -> Skew {
        let experts = u32::try_from(moe.experts).unwrap_or(u32::MAX);
        let visited = moe.experts_per_token as f64;
        self.expert_imbalance.skew(&Dealt { experts, visited, redundant, groups })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wire: Wire { dispatch_bytes_per_element: 1.0, combine_bytes_per_element: 2.0 },
            network_efficiency: 1.0,
            scale_up_efficiency: 1.0,
            network_latency_s: 0.0,
            fixed_s: 0.0,
            memory_reserve: 0.05,
            half_duplex: false,
            expert_imbalance: Imbalance::Uniform,
            context_spread: 0.0,
            tile_rows: 1.0,
            query_tokens: 1.0,
            accepted_tokens: 1.0,
            without_fp8: WithoutFp8::Bf16,
            fidelity: Fidelity::Roofline,
            small_kernel_s: SMALL_KERNEL_S,
        }
    }
}
