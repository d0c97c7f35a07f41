//! Gemma 3: five sliding layers to a full one, four norms a layer, head and embedding tied.

use crate::import::blocks::Heads;
use crate::import::blocks::{attention_bias, dense, divides, full_or_sliding, gqa, windowed};
use crate::import::config::Config;
use crate::import::draft::Draft;
use crate::spec::Diagnostic;
use crate::work::attention::Window;
use crate::work::attention::gqa::QkNorm;
use crate::work::model::Norms;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let layers = config.layers()?;
    // Released files leave out what equals the architecture's defaults.
    let vocabulary = text.count_or("vocab_size", 262_208)?;
    let mut draft = Draft::new(config.hidden_size()?, vocabulary, config.tied(true)?);
    draft.norms = Norms { per_layer: 4, bias: false };
    let heads = Heads {
        query: text.count_or("num_attention_heads", 8)?,
        kv: text.count_or("num_key_value_heads", 4)?,
        dim: text.count_or("head_dim", 256)?,
    };
    divides(config, "num_key_value_heads", heads.kv, heads.query)?;
    let mut attention = gqa(heads, config.kv_cache());
    attention.qk_norm = QkNorm::PerHead;
    attention_bias(config, &mut attention, true)?;
    let block = dense(text.count("intermediate_size")?);
    let sliding = match full_or_sliding(config, layers)? {
        Some(types) => types,
        None => {
            let every = text.count_or("sliding_window_pattern", 6)?;
            (1..=layers).map(|layer| !layer.is_multiple_of(every)).collect()
        }
    };
    text.without_effect(&["sliding_window_pattern", "_sliding_window_pattern"]);
    let window = if sliding.contains(&true) {
        Some(Window::Sliding(text.count("sliding_window")?))
    } else {
        text.without_effect(&["sliding_window"]);
        None
    };
    for slides in sliding {
        draft.layer(&windowed(&attention, window.filter(|_| slides)), &block);
    }
    text.without_effect(&["use_bidirectional_attention"]);
    Ok(draft)
}
