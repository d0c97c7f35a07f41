//! MiniMax-Text-01 and M1 (lightning attention with a full layer in eight), and M2 (full attention
//! throughout).

use crate::import::blocks::{HeadDim, gqa, heads, moe, routed, windowed};
use crate::import::config::Config;
use crate::import::draft::Draft;
use crate::spec::Diagnostic;
use crate::work::attention::gqa::QkNorm;
use crate::work::attention::{Attention, Lightning};
use crate::work::ffn::Moe;

/// MiniMax-Text-01 and M1.
pub(in crate::import) fn read_01(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let heads = heads(config, HeadDim::FromHiddenSize)?;
    let full = windowed(&gqa(heads, config.wide_kv_cache()), None);
    let state = config.state();
    let linear = Lightning { heads: heads.query, head_dim: heads.dim, state };
    let linear = ("lightning", Attention::Lightning(linear));
    let experts = moe(experts(config)?);
    for full_here in full_layers(config, layers)? {
        draft.layer(if full_here { &full } else { &linear }, &experts);
    }
    // `postnorm` moves the norms; a window stands in no released file of this family.
    text.without_effect(&["postnorm", "shared_moe_mode", "block_size"]);
    Ok(draft)
}

/// 1 or `full_attention` for softmax attention, 0 or `linear_attention` for lightning.
fn full_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    for key in ["attn_type_list", "decoder_attention_types"] {
        if let Some(kinds) = text.numbers(key)? {
            if kinds.iter().any(|kind| *kind > 1) {
                let message = format!("`{key}` must be made of 0 (lightning) and 1 (full)");
                return Err(text.complain(key, message));
            }
            text.without_effect(&["layer_types"]);
            let kinds = config.per_layer(key, Some(kinds), layers, false)?;
            return Ok(kinds.unwrap_or_default().into_iter().map(|kind| kind == 1).collect());
        }
    }
    let types = text.words("layer_types", &["linear_attention", "full_attention"])?;
    let types = config.per_layer("layer_types", types, layers, false)?;
    let types = types.ok_or_else(|| text.missing("attn_type_list"))?;
    Ok(types.into_iter().map(|kind| kind == 1).collect())
}

fn experts(config: &Config) -> Result<Moe, Diagnostic> {
    let total = ["num_local_experts", "num_experts"];
    let mut experts = routed(config, &total, &["num_experts_per_tok"], "intermediate_size")?;
    let shared = config.text.number(&["shared_intermediate_size"])?.unwrap_or(0);
    experts.shared_intermediate_size = shared;
    experts.shared_gate = shared > 0;
    Ok(experts)
}

/// M2.
pub(in crate::import) fn read_m2(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let full = match text.numbers("attn_type_list")? {
        Some(kinds) => {
            let ok = kinds.iter().all(|kind| *kind == 1);
            config.per_layer("attn_type_list", Some(kinds), layers, false)?;
            ok
        }
        None => {
            crate::import::blocks::full_attention_only(config, layers)?;
            true
        }
    };
    if !full {
        let message = "`attn_type_list` names linear layers, which this architecture has not";
        return Err(text.complain("attn_type_list", message));
    }
    text.without_effect(&["layer_types"]);
    // The family's habit of BF16 caches, as for its predecessors.
    let mut attention = gqa(heads(config, HeadDim::Stated)?, config.wide_kv_cache());
    if text.flag("use_qk_norm", true)? {
        attention.qk_norm = match text.text("qk_norm_type")?.unwrap_or("per_layer") {
            "per_layer" => QkNorm::AllHeads,
            "per_head" => QkNorm::PerHead,
            other => {
                let message = format!("`qk_norm_type` is `{other}`");
                let complaint = text.complain("qk_norm_type", message);
                return Err(complaint.help("known are `per_layer` and `per_head`"));
            }
        };
    }
    let mut experts = experts(config)?;
    experts.router_bias = text.flag("use_routing_bias", true)?;
    let (attention, experts) = (windowed(&attention, None), moe(experts));
    for _ in 0..layers {
        draft.layer(&attention, &experts);
    }
    // The file promises MTP modules that the checkpoint does not hold.
    text.without_effect(&["use_mtp", "num_mtp_modules", "mtp_transformer_layers"]);
    text.without_effect(&[
        "shared_moe_mode",
        "mlp_intermediate_size",
        "num_nextn_predict_layers",
        "sliding_window",
    ]);
    if text.value("num_mtp_modules").is_some() {
        config.log().note("MTP modules are left out: the published checkpoint holds none");
    }
    Ok(draft)
}
