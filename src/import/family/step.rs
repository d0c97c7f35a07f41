//! Step-3 (multi-matrix factorisation attention) and Step-3.5-Flash (GQA with other heads where
//! it slides).

use crate::import::blocks::{Heads, dense, divides, gqa, moe, routed, windowed};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::spec::node::{Node, Value};
use crate::work::attention::gqa::{OutputGate, QkNorm};
use crate::work::attention::{Attention, Gqa, Mfa, Window};
use crate::work::ffn::Moe;

/// Step-3.
pub(in crate::import) fn read_3(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let query_heads = text.count("num_attention_heads")?;
    let kv_heads = text.count_of(&["num_attention_groups", "num_key_value_heads"])?;
    divides(config, "num_attention_groups", kv_heads, query_heads)?;
    super::super::blocks::full_attention_only(config, layers)?;
    let attention = Mfa {
        query_heads,
        kv_heads,
        head_dim: text.count("head_dim")?,
        query_rank: text.count("share_q_dim")?,
        kv_cache: config.kv_cache(),
    };
    let attention = ("mfa", Attention::Mfa(attention));
    let (experts, block) = (moe(experts(config)?), dense(text.count("intermediate_size")?));
    for sparse in sparse_layers(config, layers)? {
        draft.layer(&attention, if sparse { &experts } else { &block });
    }
    text.without_effect(&["norm_expert_weight", "num_key_value_heads"]);
    Ok(draft)
}

/// Step-3.5-Flash.
pub(in crate::import) fn read_35(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let (full, sliding) = attentions(config)?;
    let types = text.words("layer_types", &["full_attention", "sliding_attention"])?;
    let types = config.per_layer("layer_types", types, layers, true)?;
    let types = types.ok_or_else(|| text.missing("layer_types"))?;
    let attention = |layer: u64| match types.get(layer as usize) {
        Some(0) => &full,
        _ => &sliding,
    };
    let mut routed = experts(config)?;
    routed.router_bias = text.flag("use_moe_router_bias", false)?;
    let (experts, block) = (moe(routed), dense(text.count("intermediate_size")?));
    for (layer, sparse) in (0..).zip(sparse_layers(config, layers)?) {
        draft.layer(attention(layer), if sparse { &experts } else { &block });
    }
    let mtp = config.mtp_layers()?;
    for layer in layers..layers + mtp {
        draft.mtp_layer((attention(layer), &block), 3);
    }
    if let Some(checkpoint) = draft.checkpoint.as_mut().filter(|_| mtp > 0) {
        checkpoint.mtp_heads = 1;
    }
    text.without_effect(&["use_moe", "moe_every_n_layer", "moe_layer_offset", "use_mfa"]);
    text.without_effect(&["norm_expert_weight", "need_fp32_gate", "sink", "use_qk_norm"]);
    text.without_effect(&["partial_rotary_factors", "yarn_only_types", "zero_centered"]);
    text.without_effect(&["num_key_value_heads", "attention_bias", "att_impl_type"]);
    Ok(draft)
}

/// Full and sliding attention; what `attention_other_setting` leaves out is as in the full one.
fn attentions(config: &Config) -> Result<(Wish<Attention>, Wish<Attention>), Diagnostic> {
    let text = &config.text;
    let query = text.count("num_attention_heads")?;
    let kv = text.count_of(&["num_attention_groups", "num_key_value_heads"])?;
    let main = Heads { query, kv, dim: text.count("head_dim")? };
    divides(config, "num_attention_groups", kv, query)?;
    let mut other = main;
    if let Some(keys) = text.below("attention_other_setting")? {
        other = Heads {
            query: keys.optional("num_attention_heads")?.unwrap_or(main.query),
            kv: keys.optional("num_attention_groups")?.unwrap_or(main.kv),
            dim: keys.optional("head_dim")?.unwrap_or(main.dim),
        };
        keys.without_effect(&["attention_type", "true_head_dim"]);
        keys.finish(&config.model_type)?;
        divides(config, "attention_other_setting", other.kv, other.query)?;
    }
    let gate = text.flag("use_head_wise_attn_gate", false)?;
    let build = |heads| Gqa {
        qk_norm: QkNorm::PerHead,
        output_gate: if gate { OutputGate::PerHead } else { OutputGate::None },
        ..gqa(heads, config.kv_cache())
    };
    let window = Window::Sliding(text.count("sliding_window")?);
    Ok((windowed(&build(main), None), windowed(&build(other), Some(window))))
}

fn experts(config: &Config) -> Result<Moe, Diagnostic> {
    let width = "moe_intermediate_size";
    let mut experts = routed(
        config,
        &["moe_num_experts", "num_experts"],
        &["moe_top_k", "num_experts_per_tok"],
        width,
    )?;
    experts.shared_intermediate_size =
        config.text.count_of(&["share_expert_dim", "share_expert_dims"])?;
    config.text.without_effect(&["share_expert_dims"]);
    Ok(experts)
}

/// `moe_layers_enum`: places from 0, in a list or parted by commas in a text.
fn sparse_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    const KEY: &str = "moe_layers_enum";
    let text = &config.text;
    let places = match text.value(KEY) {
        None => return Err(text.missing(KEY)),
        Some(Node { value: Value::Text(list), .. }) => {
            let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
            let place = |part: &str| {
                part.parse::<u64>().map_err(|_| {
                    text.complain(KEY, format!("`{KEY}` has `{part}`, which is no layer"))
                })
            };
            parts.map(place).collect::<Result<Vec<u64>, _>>()?
        }
        Some(_) => text.numbers(KEY)?.unwrap_or_default(),
    };
    config.places(KEY, &places, layers)
}
