//! Qwen2 (2.5), Qwen3 and Qwen3-MoE.

use crate::import::blocks::{
    HeadDim, attention_bias, dense, full_or_sliding, gqa, heads, moe, routed, windowed,
};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::work::attention::gqa::QkNorm;
use crate::work::attention::{Gqa, Window};
use crate::work::ffn::Ffn;

/// Qwen2: biases on q, k and v without a key that says so.
pub(in crate::import) fn read_qwen2(config: &Config) -> Result<Draft, Diagnostic> {
    let mut attention = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    attention.qkv_bias = true;
    dense_layers(config, &attention)
}

/// Qwen3: norms of queries and keys, heads of a width of their own.
pub(in crate::import) fn read_qwen3(config: &Config) -> Result<Draft, Diagnostic> {
    let mut attention = gqa(heads(config, HeadDim::Fixed(128))?, config.kv_cache());
    attention.qk_norm = QkNorm::PerHead;
    attention_bias(config, &mut attention, true)?;
    dense_layers(config, &attention)
}

fn dense_layers(config: &Config, attention: &Gqa) -> Result<Draft, Diagnostic> {
    let layers = config.layers()?;
    let block = dense(config.text.count("intermediate_size")?);
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    for window in windows(config, layers)? {
        draft.layer(&windowed(attention, window), &block);
    }
    Ok(draft)
}

/// Qwen3-MoE: experts in the layers that `decoder_sparse_step` and `mlp_only_layers` leave them.
pub(in crate::import) fn read_qwen3_moe(config: &Config) -> Result<Draft, Diagnostic> {
    let layers = config.layers()?;
    let mut attention = gqa(heads(config, HeadDim::Stated)?, config.kv_cache());
    attention.qk_norm = QkNorm::PerHead;
    attention_bias(config, &mut attention, true)?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let sparse = sparse_layers(config, layers)?;
    // Its norms are there whatever these say; it has no shared experts.
    config.text.without_effect(&["use_qk_norm", "qkv_bias"]);
    let blocks = Blocks::read(config, &sparse, |experts| experts)?;
    for (window, sparse) in windows(config, layers)?.into_iter().zip(sparse) {
        draft.layer(&windowed(&attention, window), blocks.of(config, sparse)?);
    }
    Ok(draft)
}

/// The dense block and the experts, each read only where some layer has it.
pub(super) struct Blocks {
    dense: Option<Wish<Ffn>>,
    experts: Option<Wish<Ffn>>,
}

impl Blocks {
    pub(super) fn read(
        config: &Config,
        sparse: &[bool],
        more: impl FnOnce(crate::work::ffn::Moe) -> crate::work::ffn::Moe,
    ) -> Result<Self, Diagnostic> {
        let text = &config.text;
        let dense = if sparse.contains(&false) {
            Some(dense(text.count("intermediate_size")?))
        } else {
            text.without_effect(&["intermediate_size"]);
            None
        };
        let experts = if sparse.contains(&true) {
            let total = ["num_experts", "num_local_experts"];
            let per_token = ["num_experts_per_tok"];
            Some(moe(more(routed(config, &total, &per_token, "moe_intermediate_size")?)))
        } else {
            let unused = ["num_experts", "num_local_experts", "num_experts_per_tok"];
            text.without_effect(&unused);
            text.without_effect(&["moe_intermediate_size", "shared_expert_intermediate_size"]);
            None
        };
        Ok(Self { dense, experts })
    }

    /// The block of a layer with experts or without.
    pub(super) fn of(&self, config: &Config, sparse: bool) -> Result<&Wish<Ffn>, Diagnostic> {
        let block = if sparse { &self.experts } else { &self.dense };
        block.as_ref().ok_or_else(|| no_such_block(config, sparse))
    }
}

/// The complaint about a layer of a kind whose sizes no other layer made the import read.
pub(super) fn no_such_block(config: &Config, sparse: bool) -> Diagnostic {
    let kind = if sparse { "with experts" } else { "with a dense block" };
    let message = format!("`num_hidden_layers` leaves no layer {kind}, but one is needed");
    config.text.complain("num_hidden_layers", message)
}

/// Which layers have experts.
pub(super) fn sparse_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    let step = text.optional("decoder_sparse_step")?.unwrap_or(1);
    let dense = text.numbers("mlp_only_layers")?.unwrap_or_default();
    let experts = text.stated_number(&["num_experts", "num_local_experts"])?;
    let sparse =
        |layer: u64| experts > 0 && !dense.contains(&layer) && (layer + 1).is_multiple_of(step);
    Ok((0..layers).map(sparse).collect())
}

/// The window of every layer: by `layer_types`, or from `max_window_layers` on where
/// `use_sliding_window` asks for it.
fn windows(config: &Config, layers: u64) -> Result<Vec<Option<Window>>, Diagnostic> {
    let text = &config.text;
    let used = text.flag("use_sliding_window", false)?;
    let sliding = match full_or_sliding(config, layers)? {
        Some(types) => types,
        None if used => {
            let first = text.stated_number(&["max_window_layers"])?;
            (0..layers).map(|layer| layer >= first).collect()
        }
        None => vec![false; layers as usize],
    };
    text.without_effect(&["sliding_window", "max_window_layers"]);
    if !sliding.contains(&true) {
        return Ok(vec![None; layers as usize]);
    }
    let window = Window::Sliding(text.count("sliding_window")?);
    Ok(sliding.into_iter().map(|on| on.then_some(window)).collect())
}
