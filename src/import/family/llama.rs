//! Llama 2 and 3, Mistral, Mixtral and Phi-3.5-MoE: GQA in every layer, equal layers throughout.

use crate::import::blocks::{
    HeadDim, attention_bias, dense, full_attention_only, full_or_sliding, gqa, heads, moe, routed,
    windowed,
};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::work::attention::{Attention, Gqa, Window};
use crate::work::ffn::Ffn;
use crate::work::model::Norms;

/// Llama: no window, and biases where the file asks for them.
pub(in crate::import) fn read_llama(config: &Config) -> Result<Draft, Diagnostic> {
    let layers = config.layers()?;
    full_attention_only(config, layers)?;
    let mut full = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    attention_bias(config, &mut full, true)?;
    let mut block = dense(config.text.count("intermediate_size")?);
    if let Ffn::Dense(dense) = &mut block.1 {
        dense.bias = config.text.flag("mlp_bias", false)?;
    }
    equal_layers(config, layers, &windowed(&full, None), &block)
}

/// Mistral: Llama without biases, with a window in its first version.
pub(in crate::import) fn read_mistral(config: &Config) -> Result<Draft, Diagnostic> {
    let layers = config.layers()?;
    let full = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    let attention = windowed(&full, window(config)?);
    let mut draft =
        equal_layers(config, layers, &attention, &dense(config.text.count("intermediate_size")?))?;
    if let Some(sliding) = full_or_sliding(config, layers)? {
        mixed(config, &mut draft, &full, &sliding)?;
    }
    Ok(draft)
}

/// Mixtral: experts in every layer, `intermediate_size` wide.
pub(in crate::import) fn read_mixtral(config: &Config) -> Result<Draft, Diagnostic> {
    let layers = config.layers()?;
    full_attention_only(config, layers)?;
    let full = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    let experts =
        routed(config, &["num_local_experts"], &["num_experts_per_tok"], "intermediate_size")?;
    equal_layers(config, layers, &windowed(&full, window(config)?), &moe(experts))
}

/// Phi-3.5-MoE: LayerNorm with biases, and a bias on the head.
pub(in crate::import) fn read_phimoe(config: &Config) -> Result<Draft, Diagnostic> {
    let layers = config.layers()?;
    full_attention_only(config, layers)?;
    let mut full = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    attention_bias(config, &mut full, true)?;
    let experts =
        routed(config, &["num_local_experts"], &["num_experts_per_tok"], "intermediate_size")?;
    // Its window is as long as its longest context.
    let longest = config.text.number(&["max_position_embeddings"])?;
    let window = window(config)?.filter(|window| match window {
        Window::Sliding(n) | Window::Chunked(n) => longest.is_none_or(|longest| *n < longest),
    });
    let mut draft = equal_layers(config, layers, &windowed(&full, window), &moe(experts))?;
    draft.norms = Norms { per_layer: 2, bias: true };
    draft.head_bias = config.text.flag("lm_head_bias", false)?;
    Ok(draft)
}

/// `sliding_window`; nothing and `null` both mean the whole context.
fn window(config: &Config) -> Result<Option<Window>, Diagnostic> {
    if config.text.raw("sliding_window").is_none() {
        config.log().assume("sliding_window = null: every layer sees the whole context");
    }
    Ok(config.text.optional("sliding_window")?.map(Window::Sliding))
}

fn equal_layers(
    config: &Config,
    layers: u64,
    attention: &Wish<Attention>,
    ffn: &Wish<Ffn>,
) -> Result<Draft, Diagnostic> {
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    for _ in 0..layers {
        draft.layer(attention, ffn);
    }
    Ok(draft)
}

/// The same blocks with a window only where `layer_types` has one.
fn mixed(
    config: &Config,
    draft: &mut Draft,
    full: &Gqa,
    sliding: &[bool],
) -> Result<(), Diagnostic> {
    let window = match window(config)? {
        None if sliding.contains(&true) => return Err(config.text.missing("sliding_window")),
        window => window,
    };
    let block = dense(config.text.count("intermediate_size")?);
    draft.attentions.clear();
    draft.ffns.clear();
    draft.runs.clear();
    for slides in sliding {
        draft.layer(&windowed(full, window.filter(|_| *slides)), &block);
    }
    Ok(())
}
