//! Pangu Pro MoE: GQA with biases, experts in groups in every layer, and a scale per expert.

use crate::import::blocks::{HeadDim, gqa, heads, moe, routed, windowed};
use crate::import::config::Config;
use crate::import::draft::Draft;
use crate::spec::Diagnostic;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let mut attention = gqa(heads(config, HeadDim::FromHiddenSize)?, config.kv_cache());
    // Biases stand on all four projections, without a key that says so.
    attention.qkv_bias = true;
    attention.output_bias = true;
    let width = "moe_intermediate_size";
    let mut experts = routed(config, &["num_experts"], &["num_experts_per_tok"], width)?;
    experts.shared_intermediate_size = text.stated_number(&["shared_expert_intermediate_size"])?;
    // The router's scale counts as its bias does: one number per expert.
    experts.router_bias = true;
    let (attention, experts) = (windowed(&attention, None), moe(experts));
    for _ in 0..layers {
        draft.layer(&attention, &experts);
    }
    text.without_effect(&["num_expert_groups", "intermediate_size", "mlp_only_layers"]);
    Ok(draft)
}
