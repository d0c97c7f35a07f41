//! The sparsity floor of a mixture of experts, from profiles and a promise.

use super::loaded::Loaded;
use crate::deploy::sparsity::{Rates, Stage, Wire, min_sparsity};
use crate::machine::hardware::{Hardware, Unknown, WithoutFp8};
use crate::spec::Diagnostic;
use crate::units::{BytesPerSecond, Seconds};
use crate::work::model::Model;

/// The latency promise and how one layer's time is divided.
#[derive(Debug, Clone, Copy)]
pub struct Promise {
    /// Time per output token.
    pub tpot: Seconds,
    /// Equal pipeline stages of one layer.
    pub stages: u64,
    /// Bytes per element between attention and FFN.
    pub wire: Wire,
}

impl Promise {
    /// The promise of a scenario.
    ///
    /// # Errors
    /// If it makes none.
    pub fn of(loaded: &Loaded) -> Result<Self, Diagnostic> {
        let scenario = &loaded.scenario;
        let promise = scenario.promise.as_ref().ok_or_else(|| {
            scenario
                .name
                .complain("a sparsity floor needs the scenario's `promise`")
                .help("add promise: {tpot_ms: 50, stages: 3, wire: {...}}")
        })?;
        let tpot = Seconds::from_ms(promise.tpot_ms.0);
        Ok(Self { tpot, stages: promise.stages.0, wire: promise.wire })
    }
}

/// What the floor of a model on a hardware depends on, at the network cards' line rate or at what
/// one card reaches.
///
/// # Errors
/// If the profile lacks a figure.
pub fn inputs(
    model: &Model,
    hardware: &Hardware,
    promise: &Promise,
    without_fp8: WithoutFp8,
    nic: Option<BytesPerSecond>,
) -> Result<(Stage, Rates), Unknown> {
    let stage = Stage {
        hidden_size: model.hidden_size,
        layers: model.layer_count(),
        tpot: promise.tpot,
        stages: promise.stages,
        wire: promise.wire,
    };
    let line_rate = hardware.server_network()?;
    let network = match (nic, hardware.nics_per_server()) {
        (Some(nic), Some(cards)) => nic * cards as f64,
        _ => line_rate,
    };
    let rates = Rates {
        compute: hardware.peak(model.precision.activations, without_fp8)?.rate,
        memory: hardware.memory_bandwidth()?,
        network,
    };
    Ok((stage, rates))
}

/// The sparsity floor of a model on a hardware under the scenario's promise.
///
/// # Errors
/// If the scenario makes no promise or the profile lacks a figure.
pub fn sparsity_floor(
    loaded: &Loaded,
    model: &Model,
    hardware: &Hardware,
    nic: Option<BytesPerSecond>,
) -> Result<f64, Diagnostic> {
    let (promise, without_fp8) = (Promise::of(loaded)?, loaded.scenario.without_fp8);
    let (stage, rates) = inputs(model, hardware, &promise, without_fp8, nic)?;
    Ok(min_sparsity(&stage, &rates))
}
