//! Designs as YAML: the inverse of how `spec` reads them.

use super::Keys;
use super::yaml::Yaml;
use crate::work::attention::compressed::Compression;
use crate::work::attention::gqa::{OutputGate, QkNorm};
use crate::work::attention::{
    Attention, Compressed, GatedDeltaNet, Gqa, Indexer, Kda, Mfa, Mla, Window,
};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Dense, Ffn, Moe};

fn kind(word: &str, keys: Keys) -> Yaml {
    Yaml::Block(vec![(word.to_owned(), Yaml::Braces(keys.0))])
}

/// An attention design in a model whose KV cache is usually `usual`.
pub(super) fn attention(design: &Attention, usual: Dtype) -> Yaml {
    match design {
        Attention::Gqa(a) => kind("gqa", gqa(a, usual)),
        Attention::Mfa(a) => kind("mfa", mfa(a, usual)),
        Attention::Mla(a) => kind("mla", mla(a, usual)),
        Attention::Dsa(a) => {
            let mut keys = Keys::default();
            keys.put("mla", Yaml::Braces(mla(&a.mla, usual).0));
            keys.number("selected_tokens", a.selected_tokens);
            if let Some(own) = &a.indexer {
                keys.put("indexer", indexer(own, usual));
            }
            kind("dsa", keys)
        }
        Attention::Compressed(a) => kind("compressed", compressed(a, usual)),
        Attention::Lightning(a) => {
            let mut keys = Keys::default();
            keys.number("heads", a.heads);
            keys.number("head_dim", a.head_dim);
            keys.word("state", a.state.name());
            kind("lightning", keys)
        }
        Attention::GatedDeltaNet(a) => kind("gated_delta_net", gated_delta_net(a)),
        Attention::Kda(a) => kind("kda", kda(a)),
    }
}

fn unusual(format: Dtype, usual: Dtype) -> Option<Dtype> {
    (format != usual).then_some(format)
}

fn gqa(a: &Gqa, usual: Dtype) -> Keys {
    let mut keys = Keys::default();
    keys.number("query_heads", a.query_heads);
    keys.number("kv_heads", a.kv_heads);
    keys.number("head_dim", a.head_dim);
    let window = |kind: &str, n| Yaml::Braces(vec![(kind.to_owned(), Yaml::number(n))]);
    match a.window {
        None => {}
        Some(Window::Sliding(n)) => keys.put("window", window("sliding_tokens", n)),
        Some(Window::Chunked(n)) => keys.put("window", window("chunked_tokens", n)),
    }
    keys.dtype("kv_cache", unusual(a.kv_cache, usual));
    keys.flag("qkv_bias", a.qkv_bias);
    keys.flag("output_bias", a.output_bias);
    match a.qk_norm {
        QkNorm::None => {}
        QkNorm::PerHead => keys.word("qk_norm", "per_head"),
        QkNorm::AllHeads => keys.word("qk_norm", "all_heads"),
    }
    match a.output_gate {
        OutputGate::None => {}
        OutputGate::PerElement => keys.word("output_gate", "per_element"),
        OutputGate::PerHead => keys.word("output_gate", "per_head"),
    }
    keys.flag("sinks", a.sinks);
    keys
}

fn mfa(a: &Mfa, usual: Dtype) -> Keys {
    let mut keys = Keys::default();
    keys.number("query_heads", a.query_heads);
    keys.number("kv_heads", a.kv_heads);
    keys.number("head_dim", a.head_dim);
    keys.number("query_rank", a.query_rank);
    keys.dtype("kv_cache", unusual(a.kv_cache, usual));
    keys
}

fn mla(a: &Mla, usual: Dtype) -> Keys {
    let mut keys = Keys::default();
    keys.number("query_heads", a.query_heads);
    if let Some(rank) = a.query_rank {
        keys.number("query_rank", rank);
    }
    keys.number("kv_rank", a.kv_rank);
    keys.number("nope_head_dim", a.nope_head_dim);
    keys.number("rope_head_dim", a.rope_head_dim);
    keys.number("value_head_dim", a.value_head_dim);
    keys.dtype("kv_cache", unusual(a.kv_cache, usual));
    keys.flag("bias", a.bias);
    keys.flag("output_gate", a.output_gate);
    keys
}

fn indexer(a: &Indexer, usual: Dtype) -> Yaml {
    let mut keys = Keys::default();
    keys.number("heads", a.heads);
    keys.number("head_dim", a.head_dim);
    keys.dtype("key_cache", unusual(a.key_cache, usual));
    Yaml::Braces(keys.0)
}

fn compressed(a: &Compressed, usual: Dtype) -> Keys {
    let mut keys = Keys::default();
    keys.number("query_heads", a.query_heads);
    keys.number("head_dim", a.head_dim);
    keys.number("query_rank", a.query_rank);
    keys.number("output_groups", a.output_groups);
    keys.number("output_rank", a.output_rank);
    keys.number("window_tokens", a.window_tokens);
    if let Some(Compression { tokens_per_entry, selection }) = &a.compression {
        let mut behind = Keys::default();
        behind.number("tokens_per_entry", *tokens_per_entry);
        if let Some(selection) = selection {
            behind.number("selected_entries", selection.selected_entries);
            behind.put("indexer", indexer(&selection.indexer, usual));
        }
        keys.put("compression", Yaml::Braces(behind.0));
    }
    keys.dtype("kv_cache", unusual(a.kv_cache, usual));
    keys
}

fn gated_delta_net(a: &GatedDeltaNet) -> Keys {
    let mut keys = Keys::default();
    keys.number("key_heads", a.key_heads);
    keys.number("value_heads", a.value_heads);
    keys.number("key_head_dim", a.key_head_dim);
    keys.number("value_head_dim", a.value_head_dim);
    keys.number("conv_kernel", a.conv_kernel);
    keys.word("state", a.state.name());
    keys.word("conv_state", a.conv_state.name());
    keys
}

fn kda(a: &Kda) -> Keys {
    let mut keys = Keys::default();
    keys.number("heads", a.heads);
    keys.number("head_dim", a.head_dim);
    keys.number("conv_kernel", a.conv_kernel);
    keys.flag("full_rank_gate", a.full_rank_gate);
    if a.decay_rates != a.heads {
        keys.number("decay_rates", a.decay_rates);
    }
    keys.word("state", a.state.name());
    keys.word("conv_state", a.conv_state.name());
    keys
}

/// A feed-forward design.
pub(super) fn ffn(design: &Ffn) -> Yaml {
    match design {
        Ffn::Dense(Dense { intermediate_size, bias, weights }) => {
            let mut keys = Keys::default();
            keys.number("intermediate_size", *intermediate_size);
            keys.flag("bias", *bias);
            keys.dtype("weights", *weights);
            kind("dense", keys)
        }
        Ffn::Moe(a) => kind("moe", moe(a)),
    }
}

fn moe(a: &Moe) -> Keys {
    let mut keys = Keys::default();
    keys.number("experts", a.experts);
    keys.number("experts_per_token", a.experts_per_token);
    keys.number("expert_intermediate_size", a.expert_intermediate_size);
    if a.shared_intermediate_size > 0 {
        keys.number("shared_intermediate_size", a.shared_intermediate_size);
    }
    keys.flag("shared_gate", a.shared_gate);
    keys.flag("expert_bias", a.expert_bias);
    keys.flag("router_bias", a.router_bias);
    if let Some(latent) = a.latent {
        let mut inner = Keys::default();
        inner.number("size", latent.size);
        inner.flag("norm", latent.norm);
        keys.put("latent", Yaml::Braces(inner.0));
    }
    keys.dtype("weights", a.weights);
    keys.dtype("expert_weights", a.expert_weights);
    keys
}
