//! Qwen3-Next and Qwen3.5: gated delta nets with gated full attention in every fourth layer.

use super::qwen::{Blocks, sparse_layers};
use crate::import::blocks::{HeadDim, attention_bias, divides, gqa, heads, windowed};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::work::attention::gqa::{OutputGate, QkNorm};
use crate::work::attention::{Attention, GatedDeltaNet};
use crate::work::dtype::Dtype;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let full = full(config)?;
    let linear = ("linear", Attention::GatedDeltaNet(delta_net(config)?));
    let sparse = match config.model_type.as_str() {
        "qwen3_next" => sparse_layers(config, layers)?,
        "qwen3_5_moe_text" => {
            text.without_effect(&["decoder_sparse_step", "mlp_only_layers"]);
            vec![true; layers as usize]
        }
        _ => vec![false; layers as usize],
    };
    let shared = if sparse.contains(&true) {
        text.stated_number(&["shared_expert_intermediate_size"])?
    } else {
        0
    };
    let blocks = Blocks::read(config, &sparse, |mut experts| {
        experts.shared_intermediate_size = shared;
        experts.shared_gate = shared > 0;
        experts
    })?;
    for (full_here, sparse) in full_layers(config, layers)?.into_iter().zip(&sparse) {
        draft.layer(if full_here { &full } else { &linear }, blocks.of(config, *sparse)?);
    }
    let last = sparse.last().copied().unwrap_or_default();
    for _ in 0..mtp_layers(config)? {
        draft.mtp_layer((&full, blocks.of(config, last)?), 3);
    }
    text.without_effect(&["mtp_use_dedicated_embeddings", "use_sliding_window", "sliding_window"]);
    Ok(draft)
}

/// Qwen3-Next publishes one MTP layer without a key that says so.
fn mtp_layers(config: &Config) -> Result<u64, Diagnostic> {
    let stated = ["num_nextn_predict_layers", "num_mtp_layers", "mtp_num_hidden_layers"]
        .iter()
        .any(|key| config.text.value(key).is_some());
    if stated || config.model_type != "qwen3_next" {
        return config.mtp_layers();
    }
    config.log().assume("one MTP layer, as published without a key that says so");
    Ok(1)
}

fn full(config: &Config) -> Result<Wish<Attention>, Diagnostic> {
    let mut full = gqa(heads(config, HeadDim::Fixed(256))?, config.kv_cache());
    full.qk_norm = QkNorm::PerHead;
    if config.text.flag("attn_output_gate", true)? {
        full.output_gate = OutputGate::PerElement;
    }
    attention_bias(config, &mut full, true)?;
    Ok(windowed(&full, None))
}

fn delta_net(config: &Config) -> Result<GatedDeltaNet, Diagnostic> {
    let text = &config.text;
    let key_heads = text.count("linear_num_key_heads")?;
    let value_heads = text.count("linear_num_value_heads")?;
    divides(config, "linear_num_key_heads", key_heads, value_heads)?;
    Ok(GatedDeltaNet {
        key_heads,
        value_heads,
        key_head_dim: text.count("linear_key_head_dim")?,
        value_head_dim: text.count("linear_value_head_dim")?,
        conv_kernel: text.count("linear_conv_kernel_dim")?,
        state: match text.text("mamba_ssm_dtype")? {
            None => config.state(),
            Some("float32") => Dtype::Fp32,
            Some("bfloat16") => Dtype::Bf16,
            Some("float16") => Dtype::Fp16,
            Some(other) => {
                let message = format!("`mamba_ssm_dtype` is `{other}`");
                let complaint = text.complain("mamba_ssm_dtype", message);
                return Err(complaint.help("known are `float32`, `bfloat16` and `float16`"));
            }
        },
        conv_state: config.conv_state(),
    })
}

fn full_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    let types = text.words("layer_types", &["linear_attention", "full_attention"])?;
    if let Some(types) = config.per_layer("layer_types", types, layers, false)? {
        text.without_effect(&["full_attention_interval"]);
        return Ok(types.into_iter().map(|kind| kind == 1).collect());
    }
    let every = text.count("full_attention_interval")?;
    Ok((1..=layers).map(|layer| layer.is_multiple_of(every)).collect())
}
