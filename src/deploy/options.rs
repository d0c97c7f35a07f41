//! What a deployment runs under: formats on the wire, efficiencies that the user sets, what is
//! held back of memory, speculation. Every default is the neutral one of a datasheet roofline or
//! says that it is assumed.

use super::sparsity::Wire;
use crate::machine::hardware::WithoutFp8;

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
    /// Share of device memory kept free for the runtime (assumed).
    pub memory_reserve: f64,
    /// Whether the two directions of a network card take turns.
    pub half_duplex: bool,
    /// Most loaded expert group over the mean.
    pub expert_imbalance: f64,
    /// Query tokens per request and step: 1, or 1 + drafted ones.
    pub query_tokens: f64,
    /// Tokens accepted per request and step.
    pub accepted_tokens: f64,
    /// What 8-bit products run as on devices without FP8.
    pub without_fp8: WithoutFp8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wire: Wire { dispatch_bytes_per_element: 1.0, combine_bytes_per_element: 2.0 },
            network_efficiency: 1.0,
            scale_up_efficiency: 1.0,
            network_latency_s: 0.0,
            fixed_s: 0.0,
            memory_reserve: 0.1,
            half_duplex: false,
            expert_imbalance: 1.0,
            query_tokens: 1.0,
            accepted_tokens: 1.0,
            without_fp8: WithoutFp8::Bf16,
        }
    }
}
