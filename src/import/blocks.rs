//! Pieces that several families share: GQA, MLA, dense blocks and experts.

use super::config::Config;
use super::draft::Wish;
use crate::spec::Diagnostic;
use crate::work::attention::gqa::{OutputGate, QkNorm};
use crate::work::attention::{Attention, Gqa, Mla, Window};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Dense, Ffn, Moe};

/// What `head_dim` is where the file does not say.
#[derive(Debug, Clone, Copy)]
pub(super) enum HeadDim {
    /// h / H.
    FromHiddenSize,
    /// A size that the architecture's code fixes.
    Fixed(u64),
    /// It must be stated.
    Stated,
}

/// Query heads, KV heads and head dimension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    pub query: u64,
    pub kv: u64,
    pub dim: u64,
}

/// The heads as most families spell them.
pub(super) fn heads(config: &Config, absent: HeadDim) -> Result<Heads, Diagnostic> {
    let text = &config.text;
    let query = text.count("num_attention_heads")?;
    let kv = text.optional("num_key_value_heads")?.unwrap_or(query);
    divides(config, "num_key_value_heads", kv, query)?;
    Ok(Heads { query, kv, dim: head_dim(config, query, absent)? })
}

/// Refuses KV heads that do not share the query heads out evenly.
pub(super) fn divides(config: &Config, key: &str, kv: u64, query: u64) -> Result<(), Diagnostic> {
    if query.is_multiple_of(kv) {
        return Ok(());
    }
    let message = format!("`{key}` is {kv}, which does not divide the {query} query heads");
    Err(config.text.complain(key, message))
}

fn head_dim(config: &Config, query: u64, absent: HeadDim) -> Result<u64, Diagnostic> {
    let text = &config.text;
    let stated = text.optional("head_dim")?;
    match (stated, absent) {
        (Some(dim), _) => Ok(dim),
        (None, HeadDim::Fixed(_)) => match absent {
            HeadDim::Fixed(dim) => text.count_or("head_dim", dim),
            _ => text.count("head_dim"),
        },
        (None, HeadDim::Stated) => text.count("head_dim"),
        (None, HeadDim::FromHiddenSize) => {
            let h = config.hidden_size()?;
            if h.is_multiple_of(query) {
                return Ok(h / query);
            }
            let message = format!("`hidden_size`, {h}, is no multiple of the {query} heads");
            let complaint = text.complain("num_attention_heads", message);
            Err(complaint.help("`head_dim` is not stated, so it must be their quotient"))
        }
    }
}

/// GQA without anything beside it.
pub(super) const fn gqa(heads: Heads, kv_cache: Dtype) -> Gqa {
    Gqa {
        query_heads: heads.query,
        kv_heads: heads.kv,
        head_dim: heads.dim,
        window: None,
        kv_cache,
        qkv_bias: false,
        output_bias: false,
        qk_norm: QkNorm::None,
        output_gate: OutputGate::None,
        sinks: false,
    }
}

/// The same design with a window or without, under the names that go with that.
pub(super) fn windowed(full: &Gqa, window: Option<Window>) -> Wish<Attention> {
    let name = match window {
        None => "full",
        Some(Window::Sliding(_)) => "sliding",
        Some(Window::Chunked(_)) => "chunked",
    };
    (name, Attention::Gqa(Gqa { window, ..full.clone() }))
}

/// `attention_bias` on q, k, v and, in most families, o.
pub(super) fn attention_bias(config: &Config, gqa: &mut Gqa, on_o: bool) -> Result<(), Diagnostic> {
    let bias = config.text.flag("attention_bias", false)?;
    gqa.qkv_bias = bias;
    gqa.output_bias = bias && on_o;
    Ok(())
}

/// MLA as DeepSeek spells it.
pub(super) fn mla(config: &Config) -> Result<Mla, Diagnostic> {
    let text = &config.text;
    // Under MLA these two say nothing: all heads share one latent.
    text.without_effect(&["num_key_value_heads", "head_dim", "qk_head_dim"]);
    if text.raw("q_lora_rank").is_none() {
        return Err(text.missing("q_lora_rank"));
    }
    Ok(Mla {
        query_heads: text.count("num_attention_heads")?,
        // `null` means queries at full rank.
        query_rank: text.optional("q_lora_rank")?,
        kv_rank: text.count("kv_lora_rank")?,
        nope_head_dim: text.count("qk_nope_head_dim")?,
        rope_head_dim: text.count("qk_rope_head_dim")?,
        value_head_dim: text.count("v_head_dim")?,
        kv_cache: config.kv_cache(),
        bias: text.flag("attention_bias", false)?,
        output_gate: false,
    })
}

/// A dense block.
pub(super) const fn dense(intermediate_size: u64) -> Wish<Ffn> {
    ("dense", Ffn::Dense(Dense { intermediate_size, bias: false, weights: None }))
}

/// Experts without anything beside them.
pub(super) const fn experts(total: u64, per_token: u64, width: u64) -> Moe {
    Moe {
        experts: total,
        experts_per_token: per_token,
        expert_intermediate_size: width,
        shared_intermediate_size: 0,
        shared_gate: false,
        expert_bias: false,
        router_bias: false,
        latent: None,
        weights: None,
        expert_weights: None,
    }
}

/// Routed experts by the given spellings of total, per token and width.
pub(super) fn routed(
    config: &Config,
    total: &[&'static str],
    per_token: &[&'static str],
    width: &'static str,
) -> Result<Moe, Diagnostic> {
    let text = &config.text;
    let experts_in_all = text.count_of(total)?;
    let visited = text.count_of(per_token)?;
    if visited > experts_in_all {
        let key = per_token.iter().find(|key| text.value(key).is_some()).unwrap_or(&per_token[0]);
        let message = format!("`{key}` is {visited}, but there are only {experts_in_all} experts");
        return Err(text.complain(key, message));
    }
    Ok(experts(experts_in_all, visited, text.count(width)?))
}

/// Experts as a layer.
pub(super) const fn moe(moe: Moe) -> Wish<Ffn> {
    ("moe", Ffn::Moe(moe))
}

/// Refuses a `layer_types` that names anything but full attention.
pub(super) fn full_attention_only(config: &Config, layers: u64) -> Result<(), Diagnostic> {
    let types = config.text.words("layer_types", &["full_attention"])?;
    config.per_layer("layer_types", types, layers, false).map(|_| ())
}

/// Full or sliding by `layer_types`, one entry per layer; none where the file has no such list.
pub(super) fn full_or_sliding(
    config: &Config,
    layers: u64,
) -> Result<Option<Vec<bool>>, Diagnostic> {
    let types = config.text.words("layer_types", &["full_attention", "sliding_attention"])?;
    let types = config.per_layer("layer_types", types, layers, true)?;
    let here = |types: Vec<usize>| types.into_iter().take(layers as usize).map(|kind| kind == 1);
    Ok(types.map(|types| here(types).collect()))
}
