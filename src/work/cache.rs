//! What a sequence keeps in memory while it is decoded: KV cache that grows with every token, and
//! recurrent state that does not. Sums over a model's layers; MTP layers are not among them.
//!
//! The formulas of one layer are its design's; this file only adds up.

use super::attention::Attention;
use super::model::Model;
use crate::units::Bytes;

/// The caches of all layers together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cache {
    /// Layers that keep a KV cache.
    pub kv_layers: u64,
    /// Elements that one token adds while no window is full.
    pub kv_elements_per_token: u64,
    /// Bytes that one token adds while no window is full.
    pub kv_bytes_per_token: Bytes,
    /// Recurrent state of one sequence, whatever its length.
    pub state_bytes_per_sequence: Bytes,
}

/// Adds up the caches of a model's layers.
#[must_use]
pub fn cache(model: &Model) -> Cache {
    let layers = || designs(model);
    Cache {
        kv_layers: layers().filter(|(a, _)| a.kv_elements_per_token() > 0).map(|(_, n)| n).sum(),
        kv_elements_per_token: layers().map(|(a, n)| a.kv_elements_per_token() * n).sum(),
        kv_bytes_per_token: layers().map(|(a, n)| kv_bytes_per_token(a) * n as f64).sum(),
        state_bytes_per_sequence: layers()
            .map(|(a, n)| a.state_bytes_per_sequence() * n as f64)
            .sum(),
    }
}

/// KV cache that one sequence of `context_tokens` occupies, all layers together.
#[must_use]
pub fn kv_bytes_held(model: &Model, context_tokens: u64) -> Bytes {
    designs(model).map(|(a, n)| a.kv_bytes_held(context_tokens) * n as f64).sum()
}

/// Bytes that one token adds to the cache of one layer while its window is not full.
#[must_use]
pub fn kv_bytes_per_token(attention: &Attention) -> Bytes {
    attention.kv_bytes_held(1)
}

/// Each attention design with the number of layers that use it.
fn designs(model: &Model) -> impl Iterator<Item = (&Attention, u64)> {
    model.attentions.iter().map(|named| &named.design).zip(model.attention_layers())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn shipped(name: &str) -> Model {
        Catalog::default().model(name).unwrap()
    }

    #[test]
    fn one_latent_per_layer_of_deepseek_v3() {
        // 61 layers x (512 + 64) elements of one byte.
        let cache = cache(&shipped("deepseek-v3"));
        assert_eq!((cache.kv_layers, cache.kv_elements_per_token), (61, 35_136));
        assert_eq!(cache.state_bytes_per_sequence, Bytes::ZERO);
    }

    #[test]
    fn a_hybrid_keeps_both() {
        // MiniMax M1: 10 full layers of 2 x 8 x 128 BF16 elements, 70 states of 64 x 128 x 128 FP32.
        let model = shipped("minimax-m1");
        let cache = cache(&model);
        assert_eq!((cache.kv_layers, cache.kv_elements_per_token), (10, 20_480));
        assert_eq!(cache.kv_bytes_per_token.bytes(), 40_960.0);
        assert_eq!(cache.state_bytes_per_sequence.bytes(), 70.0 * 1_048_576.0 * 4.0);
        assert_eq!(kv_bytes_held(&model, 100).bytes(), 4_096_000.0);
    }

    #[test]
    fn a_full_window_grows_no_more() {
        let model = shipped("llama-4-maverick");
        let early = kv_bytes_held(&model, 1000).bytes();
        assert_eq!(early, 1000.0 * cache(&model).kv_bytes_per_token.bytes());
        assert!(kv_bytes_held(&model, 1 << 20).bytes() < early / 1000.0 * f64::from(1 << 20));
    }
}
