//! The sparsity floor of a mixture of experts behind a network (Step-3 paper, section 5.4).
//!
//! An expert GEMM is compute-bound if the FFN's micro-batch holds at least
//! B >= FLOPS w / (2 S BW) tokens, w the bytes of a weight (FP8: 1) and S the share of experts a
//! token visits. Moving that batch to the experts and back takes (out + back) h B / Net, which
//! must fit the stage that one layer has: TPOT / stages / L. Together
//!
//! ```text
//! S_min = (out + back) h FLOPS w L stages / (2 Net BW TPOT)
//! ```
//!
//! With FP8 out, BF16 back (1 + 2 bytes), 50 ms and 3 stages this is the paper's
//! h FLOPS L / (Net BW 11.1 ms).

use crate::units::{BytesPerSecond, FlopsPerSecond, Seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the floor depends on besides hardware.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// h.
    pub hidden_size: u64,
    /// L.
    pub layers: u64,
    /// Time per output token that is promised.
    pub tpot: Seconds,
    /// Equal stages that one layer passes (attention, network, FFN).
    pub stages: u64,
    /// Bytes per element on the wire.
    pub wire: Wire,
}

/// Bytes per element of activations between attention and FFN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// To the experts: 1 for FP8.
    pub dispatch_bytes_per_element: f64,
    /// Back: 2 for BF16.
    pub combine_bytes_per_element: f64,
}

/// The machine and its network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Peak arithmetic of one accelerator.
    pub compute: FlopsPerSecond,
    /// Memory bandwidth of one accelerator.
    pub memory: BytesPerSecond,
    /// Network of the server, one direction.
    pub network: BytesPerSecond,
}

/// The least share of experts that a token must visit for the FFN to be compute-bound.
#[must_use]
pub fn min_sparsity(stage: &Stage, rates: &Rates) -> f64 {
    let wire = stage.wire.dispatch_bytes_per_element + stage.wire.combine_bytes_per_element;
    let time = stage.tpot / (stage.stages * stage.layers) as f64;
    // The most tokens that the network carries in one stage.
    let batch = (rates.network * time).bytes() / (wire * stage.hidden_size as f64);
    let ridge = rates.compute / rates.memory;
    ridge.flops_per_byte() / (2.0 * batch)
}

/// Routed experts that each token must visit to reach a floor, of `experts` routed ones of which
/// `shared` more are always visited: S is (K + shared) / N (section 5.4).
#[must_use]
pub fn min_routed_experts(floor: f64, experts: u64, shared: u64) -> f64 {
    (floor * experts as f64 - shared as f64).max(0.0)
}
