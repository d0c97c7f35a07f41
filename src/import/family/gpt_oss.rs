//! gpt-oss: windows in every second layer, sinks, biases everywhere, MXFP4 experts.

use crate::import::blocks::{HeadDim, full_or_sliding, gqa, heads, moe, routed, windowed};
use crate::import::config::Config;
use crate::import::draft::Draft;
use crate::spec::Diagnostic;
use crate::work::attention::Window;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    let mut draft =
        Draft::new(config.hidden_size()?, config.vocabulary_size()?, config.tied(false)?);
    let mut attention = gqa(heads(config, HeadDim::Stated)?, config.kv_cache());
    let bias = text.flag("attention_bias", true)?;
    attention.qkv_bias = bias;
    attention.output_bias = bias;
    attention.sinks = true;
    let total = ["num_local_experts", "num_experts"];
    let per_token = ["num_experts_per_tok", "experts_per_token"];
    let mut experts = routed(config, &total, &per_token, "intermediate_size")?;
    text.without_effect(&["experts_per_token", "swiglu_limit"]);
    experts.expert_bias = true;
    experts.router_bias = true;
    let experts = moe(experts);
    let sliding = full_or_sliding(config, layers)?.unwrap_or_else(|| {
        config.log().assume("sliding and full layers alternate, the architecture's default");
        (0..layers).map(|layer| layer.is_multiple_of(2)).collect()
    });
    let window = if sliding.contains(&true) {
        Some(Window::Sliding(text.count("sliding_window")?))
    } else {
        text.without_effect(&["sliding_window"]);
        None
    };
    for slides in sliding {
        draft.layer(&windowed(&attention, window.filter(|_| slides)), &experts);
    }
    Ok(draft)
}
