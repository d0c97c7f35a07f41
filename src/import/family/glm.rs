//! GLM-4.5, 4.6 and 4.7: GQA, dense layers first, experts after, an MTP layer.

use super::deepseek::sparse_layers;
use crate::import::blocks::{
    HeadDim, attention_bias, dense, full_attention_only, gqa, heads, moe, routed, windowed,
};
use crate::import::config::Config;
use crate::import::draft::Draft;
use crate::spec::Diagnostic;
use crate::work::attention::gqa::QkNorm;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    full_attention_only(config, layers)?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let mut attention = gqa(heads(config, HeadDim::Stated)?, config.kv_cache());
    // Its biases leave o out.
    attention_bias(config, &mut attention, false)?;
    if text.flag("use_qk_norm", false)? {
        attention.qk_norm = QkNorm::PerHead;
    }
    let attention = windowed(&attention, None);
    let block = dense(text.count("intermediate_size")?);
    let total = ["n_routed_experts", "num_local_experts"];
    let mut experts = routed(config, &total, &["num_experts_per_tok"], "moe_intermediate_size")?;
    let shared = text.stated_number(&["n_shared_experts"])?;
    experts.shared_intermediate_size = shared * experts.expert_intermediate_size;
    experts.router_bias = true;
    let experts = moe(experts);
    for sparse in sparse_layers(config, layers)? {
        draft.layer(&attention, if sparse { &experts } else { &block });
    }
    let mtp = config.mtp_layers()?;
    for _ in 0..mtp {
        draft.mtp_layer((&attention, &experts), 3);
    }
    if mtp > 0 {
        let longest = text.number(&["max_position_embeddings"])?;
        match (&mut draft.checkpoint, longest) {
            // GLM-4.5 stores embedding and head again beside it. Later releases have a longer
            // context; not all of them do, and the file does not tell.
            (Some(checkpoint), Some(..=131_072)) => {
                checkpoint.mtp_embeddings = 1;
                checkpoint.mtp_heads = 1;
            }
            (checkpoint, _) => *checkpoint = None,
        }
    }
    Ok(draft)
}
