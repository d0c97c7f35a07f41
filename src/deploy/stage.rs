//! What one device can read within a stage of the pipeline (Step-3 paper, section 6).
//!
//! A promise of TPOT over three equal stages and L layers leaves TPOT / 3 / L for the attention or
//! the FFN of one layer. A device that is bound by memory reads bandwidth x budget bytes in it:
//! first its weights of the layer, then KV cache, which caps its context tokens; an FFN's weights
//! of one layer, read at a share of the bandwidth, set how many devices it takes.

use crate::units::{Bytes, BytesPerSecond, Seconds};
use crate::work::attention::Attention;
use crate::work::dtype::Dtype;

/// Time that one stage of one layer may take.
#[must_use]
pub fn budget(tpot: Seconds, stages: u64, layers: u64) -> Seconds {
    tpot / (stages * layers) as f64
}

/// What a device can read in a budget at a share of its bandwidth.
#[must_use]
pub fn readable(bandwidth: BytesPerSecond, share: f64, budget: Seconds) -> Bytes {
    bandwidth * share * budget
}

/// Weights of one attention layer on one device when some matrices are split over `devices` and
/// the others are held whole.
#[must_use]
pub fn attention_weights(
    attention: &Attention,
    h: u64,
    split: &[&str],
    devices: u64,
    dtype: Dtype,
) -> Bytes {
    let matrices = attention.matrices(h);
    let held = matrices.iter().map(|matrix| {
        let split = split.contains(&matrix.name);
        matrix.weights() as f64 / if split { devices as f64 } else { 1.0 }
    });
    dtype.bytes(held.sum())
}

/// Context tokens whose cache a device can read beside its weights; none where a token adds no
/// cache, so that nothing caps them.
#[must_use]
pub fn context_tokens(readable: Bytes, weights: Bytes, kv_per_token: Bytes) -> Option<f64> {
    finite(((readable - weights) / kv_per_token).max(0.0))
}

/// Devices that an FFN of given weights in all needs, in whole servers; none where they can read
/// nothing.
#[must_use]
pub fn ffn_devices(weights: Bytes, layers: u64, readable: Bytes, per_server: u64) -> Option<f64> {
    let devices = (weights / layers as f64 / readable).ceil();
    finite((devices / per_server as f64).ceil() * per_server as f64)
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Tokens of a micro-batch whose rows the network carries to the FFN and back within a budget when
/// both directions take turns: `devices` share the tokens, and each moves `out + back` bytes per
/// element of h for every one of `copies` at the rate of its own network card.
#[must_use]
pub fn network_tokens(
    budget: Seconds,
    card: BytesPerSecond,
    devices: f64,
    copies: f64,
    bytes_per_row: Bytes,
) -> f64 {
    (card * budget) / bytes_per_row * devices / copies
}

/// Tokens per second of a device where every one of the requests in flight gets a token in exactly
/// the promised time.
#[must_use]
pub fn promised_throughput(requests: f64, tpot: Seconds, devices: f64) -> f64 {
    requests / tpot.seconds() / devices
}

/// Tokens per second of a device where a deployment of more devices has the step and the requests of
/// a smaller one: what the smaller gives per device, and its devices.
#[must_use]
pub fn scaled_throughput(from: (f64, f64), devices: f64) -> f64 {
    from.0 * from.1 / devices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_bound_is_no_number() {
        let bytes = Bytes::new;
        assert_eq!(context_tokens(bytes(30.0), bytes(10.0), bytes(2.0)), Some(10.0));
        assert_eq!(context_tokens(bytes(5.0), bytes(10.0), bytes(2.0)), Some(0.0));
        assert_eq!(context_tokens(bytes(30.0), bytes(10.0), Bytes::ZERO), None);
        assert_eq!(ffn_devices(bytes(90.0), 3, bytes(10.0), 8), Some(8.0));
        assert_eq!(ffn_devices(bytes(90.0), 3, Bytes::ZERO, 8), None);
    }

    #[test]
    fn throughput_of_a_promise_and_of_more_devices() {
        assert_eq!(promised_throughput(9216.0, Seconds::from_ms(50.0), 64.0), 2880.0);
        assert_eq!(scaled_throughput((30.0, 8.0), 24.0), 10.0);
    }
}
