//! Llama 4: three chunked layers to a full one, experts in every layer or every second.

use crate::import::blocks::{HeadDim, attention_bias, dense, gqa, heads, moe, routed, windowed};
use crate::import::config::Config;
use crate::import::draft::Draft;
use crate::spec::Diagnostic;
use crate::work::attention::{Gqa, Window};

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let mut local = gqa(heads(config, HeadDim::Stated)?, config.kv_cache());
    attention_bias(config, &mut local, true)?;
    // Its norm of queries and keys has no weights.
    text.without_effect(&["use_qk_norm"]);
    let full = Gqa { kv_cache: config.wide_kv_cache(), ..local.clone() };
    let chunked = chunked_layers(config, layers)?;
    let chunk = if chunked.contains(&true) {
        Some(Window::Chunked(text.count("attention_chunk_size")?))
    } else {
        text.without_effect(&["attention_chunk_size"]);
        None
    };
    let sparse = sparse_layers(config, layers)?;
    // The expert's width is also the shared expert's.
    let mut experts =
        routed(config, &["num_local_experts"], &["num_experts_per_tok"], "intermediate_size")?;
    experts.shared_intermediate_size = experts.expert_intermediate_size;
    let experts = moe(experts);
    let block = if sparse.contains(&false) {
        Some(dense(text.count("intermediate_size_mlp")?))
    } else {
        text.without_effect(&["intermediate_size_mlp"]);
        None
    };
    for (chunked, sparse) in chunked.into_iter().zip(sparse) {
        let attention = if chunked { windowed(&local, chunk) } else { windowed(&full, None) };
        let ffn = block.as_ref().filter(|_| !sparse).unwrap_or(&experts);
        draft.layer(&attention, ffn);
    }
    Ok(draft)
}

/// Layers with positions see chunks, those without see everything.
fn chunked_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    let by_type = text.words("layer_types", &["full_attention", "chunked_attention"])?;
    if let Some(types) = config.per_layer("layer_types", by_type, layers, false)? {
        text.without_effect(&["no_rope_layers", "no_rope_layer_interval"]);
        return Ok(types.into_iter().map(|kind| kind == 1).collect());
    }
    let marks = text.numbers("no_rope_layers")?.filter(|marks| !marks.is_empty());
    if let Some(marks) = config.per_layer("no_rope_layers", marks, layers, false)? {
        text.without_effect(&["no_rope_layer_interval"]);
        return Ok(marks.into_iter().map(|mark| mark != 0).collect());
    }
    let every = text.count_or("no_rope_layer_interval", 4)?;
    Ok((1..=layers).map(|layer| !layer.is_multiple_of(every)).collect())
}

fn sparse_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    if let Some(places) = text.numbers("moe_layers")? {
        text.without_effect(&["interleave_moe_layer_step"]);
        return config.places("moe_layers", &places, layers);
    }
    let step = text.count("interleave_moe_layer_step")?;
    Ok((1..=layers).map(|layer| layer.is_multiple_of(step)).collect())
}
