//! ERNIE 4.5 MoE: GQA, dense layers first, experts after; a dense MTP layer.

use crate::import::blocks::{
    HeadDim, dense, full_attention_only, gqa, heads, moe, routed, windowed,
};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::work::ffn::Ffn;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    full_attention_only(config, layers)?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(true)?);
    let bias = text.flag("use_bias", false)?;
    let mut attention = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    attention.qkv_bias = bias;
    attention.output_bias = bias;
    let attention = windowed(&attention, None);
    let mut block = dense(text.count("intermediate_size")?);
    if let Ffn::Dense(dense) = &mut block.1 {
        dense.bias = bias;
    }
    let sparse = sparse_layers(config, layers)?;
    let experts = if sparse.contains(&true) { Some(experts(config)?) } else { None };
    for sparse in sparse {
        let ffn = experts.as_ref().filter(|_| sparse).unwrap_or(&block);
        draft.layer(&attention, ffn);
    }
    for _ in 0..config.mtp_layers()? {
        draft.mtp_layer((&attention, &block), 2);
    }
    text.without_effect(&["moe_use_aux_free", "moe_norm_min", "moe_capacity"]);
    Ok(draft)
}

/// From `moe_layer_start_index` to `moe_layer_end_index`, both included; -1 means the last.
fn sparse_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    let experts = text.number(&["moe_num_experts"])?;
    if experts.is_none_or(|experts| experts == 0) {
        if text.raw("moe_num_experts").is_none() {
            return Err(text.missing("moe_num_experts"));
        }
        return Ok(vec![false; layers as usize]);
    }
    let interval = text.optional("moe_layer_interval")?.unwrap_or(1);
    if interval != 1 {
        let message = format!("`moe_layer_interval` is {interval}; only 1 is understood");
        return Err(text.complain("moe_layer_interval", message));
    }
    let first = text.stated_number(&["moe_layer_start_index"])?;
    let minus_one = text
        .value("moe_layer_end_index")
        .is_none_or(|node| matches!(node.value, crate::spec::node::Value::Int(-1)));
    let last = if minus_one { layers } else { text.stated_number(&["moe_layer_end_index"])? };
    Ok((0..layers).map(|layer| layer >= first && layer <= last).collect())
}

fn experts(config: &Config) -> Result<Wish<Ffn>, Diagnostic> {
    let mut experts = routed(config, &["moe_num_experts"], &["moe_k"], "moe_intermediate_size")?;
    let shared = config.text.stated_number(&["moe_num_shared_experts"])?;
    experts.shared_intermediate_size = shared * experts.expert_intermediate_size;
    experts.router_bias = true;
    Ok(moe(experts))
}
