//! DeepSeek V4: windows with compressed contexts behind them, hyper-connections, experts in every
//! layer.

use crate::import::blocks::{moe, routed};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::work::attention::compressed::{Compression, Selection};
use crate::work::attention::{Attention, Compressed, Indexer};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Ffn, Moe};
use crate::work::residual::Residual;

/// Tokens to an entry of the sparse kind, which has an indexer.
const SPARSE_RATIO: u64 = 4;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let h = config.hidden_size()?;
    let layers = config.layers()?;
    refuse_sharing(config)?;
    let mut draft = Draft::new(h, config.vocabulary_size()?, config.tied(false)?);
    draft.residual = Residual::HyperConnections { streams: text.count("hc_mult")? };
    let base = attention(config)?;
    let ratios = ratios(config, layers)?;
    let routed = experts(config)?;
    let hashed = text.stated_number(&["num_hash_layers"])?;
    for layer in 0..layers {
        let attention = compressed(config, &base, ratios[layer as usize])?;
        // The first layers choose experts by a table of tokens, without a score correction.
        let ffn: Wish<Ffn> = if layer < hashed {
            ("moe-hash", Ffn::Moe(Moe { router_bias: false, ..routed.clone() }))
        } else {
            moe(routed.clone())
        };
        draft.layer(&attention, &ffn);
    }
    for layer in 0..config.mtp_layers()? {
        let ratio = ratios.get((layers + layer) as usize).copied().unwrap_or(0);
        draft.mtp_layer((&compressed(config, &base, ratio)?, &moe(routed.clone())), 3);
    }
    // Packed experts and token tables make up the hub's figure, which is not published.
    draft.checkpoint = None;
    Ok(draft)
}

/// V4.1's sharing between layers is not understood, so it must not be there.
fn refuse_sharing(config: &Config) -> Result<(), Diagnostic> {
    for key in ["kv_source_layer_ids", "index_source_layer_ids"] {
        if config.text.list(key)?.is_some_and(|list| !list.is_empty()) {
            let message = format!("`{key}`: sharing between layers (V4.1) is not supported");
            return Err(config.text.complain(key, message));
        }
    }
    Ok(())
}

fn attention(config: &Config) -> Result<Compressed, Diagnostic> {
    let text = &config.text;
    // One vector is key and value of all heads; `qk_rope_head_dim` is a part of `head_dim`.
    text.without_effect(&["num_key_value_heads", "qk_rope_head_dim", "kv_lora_rank", "v_head_dim"]);
    text.without_effect(&["qk_nope_head_dim", "attention_bias", "compress_rope_theta"]);
    text.without_effect(&["hc_sinkhorn_iters", "hc_eps", "expert_dtype", "first_k_dense_replace"]);
    text.without_effect(&["intermediate_size", "moe_layer_freq", "compress_rates"]);
    Ok(Compressed {
        query_heads: text.count("num_attention_heads")?,
        head_dim: text.count("head_dim")?,
        query_rank: text.count("q_lora_rank")?,
        output_groups: text.count("o_groups")?,
        output_rank: text.count("o_lora_rank")?,
        window_tokens: text.count("sliding_window")?,
        compression: None,
        kv_cache: config.kv_cache(),
    })
}

fn compressed(
    config: &Config,
    base: &Compressed,
    ratio: u64,
) -> Result<Wish<Attention>, Diagnostic> {
    let text = &config.text;
    let (name, compression) = match ratio {
        0 | 1 => ("sliding", None),
        SPARSE_RATIO => {
            let indexer = Indexer {
                heads: text.count("index_n_heads")?,
                head_dim: text.count("index_head_dim")?,
                key_cache: Dtype::Fp8,
            };
            config.log().assume("indexer keys in fp8");
            let selected_entries = text.count("index_topk")?;
            let selection = Some(Selection { selected_entries, indexer });
            ("csa", Some(Compression { tokens_per_entry: ratio, selection }))
        }
        _ => {
            text.without_effect(&["index_n_heads", "index_head_dim", "index_topk"]);
            ("hca", Some(Compression { tokens_per_entry: ratio, selection: None }))
        }
    };
    Ok((name, Attention::Compressed(Compressed { compression, ..base.clone() })))
}

/// Tokens to an entry, layer by layer, MTP layers behind the ordinary ones.
fn ratios(config: &Config, layers: u64) -> Result<Vec<u64>, Diagnostic> {
    const KINDS: [&str; 3] =
        ["sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention"];
    let text = &config.text;
    if let Some(ratios) = text.numbers("compress_ratios")? {
        text.without_effect(&["layer_types"]);
        let ratios = config.per_layer("compress_ratios", Some(ratios), layers, true)?;
        let ratios = ratios.unwrap_or_default();
        if let Some(odd) = ratios.iter().find(|ratio| ![0, 1, SPARSE_RATIO, 128].contains(ratio)) {
            let message = format!("`compress_ratios` has {odd}: known are 0, 1, 4 and 128");
            return Err(text.complain("compress_ratios", message));
        }
        return Ok(ratios);
    }
    let kinds = text.words("layer_types", &KINDS)?;
    let kinds = config.per_layer("layer_types", kinds, layers, true)?;
    let kinds = kinds.ok_or_else(|| text.missing("compress_ratios"))?;
    config.log().assume("compressed sparse layers by 4 tokens, heavily compressed ones by 128");
    Ok(kinds.into_iter().map(|kind| [0, SPARSE_RATIO, 128][kind]).collect())
}

fn experts(config: &Config) -> Result<Moe, Diagnostic> {
    let width = "moe_intermediate_size";
    let total = ["n_routed_experts", "num_local_experts"];
    let mut experts = routed(config, &total, &["num_experts_per_tok"], width)?;
    let shared = config.text.stated_number(&["n_shared_experts"])?;
    experts.shared_intermediate_size = shared * experts.expert_intermediate_size;
    experts.router_bias = true;
    Ok(experts)
}
