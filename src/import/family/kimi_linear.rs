//! Kimi Linear and Kimi K3: Kimi delta attention with MLA in every fourth layer or so.

use crate::import::blocks::{dense, mla, moe, routed};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::import::keys::Keys;
use crate::spec::Diagnostic;
use crate::work::attention::{Attention, Kda};
use crate::work::ffn::{Ffn, Latent};
use crate::work::residual::Residual;

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let text = &config.text;
    let h = config.hidden_size()?;
    let layers = config.layers()?;
    let mut draft = Draft::new(h, config.vocabulary_size()?, config.tied(false)?);
    if let Some(block_layers) = text.optional("attn_res_block_size")? {
        draft.residual = Residual::AttentionResiduals { block_layers };
    }
    let mut full = mla(config)?;
    full.output_gate = text.flag("mla_use_output_gate", false)?;
    // A latent row without positions is as wide.
    text.without_effect(&["mla_use_nope"]);
    let full = ("mla", Attention::Mla(full));
    let linear = linear(config, layers)?;
    let sparse = super::deepseek::sparse_layers(config, layers)?;
    let block = dense(text.count("intermediate_size")?);
    let experts = experts(config)?;
    for (layer, sparse) in sparse.iter().enumerate() {
        let attention = match &linear {
            Some((kda, here)) if here[layer] => kda,
            _ => &full,
        };
        draft.layer(attention, if *sparse { &experts } else { &block });
    }
    if config.mtp_layers()? > 0 {
        let message = "`num_nextn_predict_layers`: the MTP layers of this architecture are unknown";
        return Err(text.complain("num_nextn_predict_layers", message));
    }
    Ok(draft)
}

/// A design and the layers that have it.
type Placed = (Wish<Attention>, Vec<bool>);

/// The linear layers and where they stand; none where all layers are MLA.
fn linear(config: &Config, layers: u64) -> Result<Option<Placed>, Diagnostic> {
    let text = &config.text;
    if text.raw("linear_attn_config").is_none() {
        return Err(text.missing("linear_attn_config"));
    }
    let Some(keys) = text.below("linear_attn_config")? else { return Ok(None) };
    let full_rank_gate = keys.flag("use_full_rank_gate", false)?;
    let heads = keys.count("num_heads")?;
    let head_dim = keys.count("head_dim")?;
    let kda = Kda {
        heads,
        head_dim,
        conv_kernel: keys.count("short_conv_kernel_size")?,
        full_rank_gate,
        // K3 stores as many decay rates as a head is wide.
        decay_rates: if full_rank_gate { head_dim } else { heads },
        state: config.state(),
        conv_state: config.conv_state(),
    };
    let places = places(&keys, layers)?;
    keys.finish(&config.model_type)?;
    Ok(Some((("kda", Attention::Kda(kda)), places)))
}

/// Which layers are linear: two lists, counted from 1, that share all layers out.
fn places(keys: &Keys, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let list = |key: &'static str| -> Result<Option<Vec<bool>>, Diagnostic> {
        let Some(numbers) = keys.numbers(key)? else { return Ok(None) };
        let mut named = vec![false; layers as usize];
        for number in numbers {
            let slot = number.checked_sub(1).and_then(|at| named.get_mut(at as usize));
            let Some(slot) = slot else {
                let message = format!("`{key}` names layer {number}; layers are 1 to {layers}");
                return Err(keys.complain(key, message));
            };
            *slot = true;
        }
        Ok(Some(named))
    };
    let full = list("full_attn_layers")?;
    let linear = list("kda_layers")?;
    let turned = |named: Vec<bool>| named.into_iter().map(|there| !there).collect::<Vec<_>>();
    match (full, linear) {
        (Some(full), Some(linear)) => {
            if linear != turned(full) {
                let message = "`kda_layers` and `full_attn_layers` do not share out all layers";
                return Err(keys.complain("kda_layers", message));
            }
            Ok(linear)
        }
        (Some(full), None) => Ok(turned(full)),
        (None, Some(linear)) => Ok(linear),
        (None, None) => Err(keys.missing("full_attn_layers")),
    }
}

fn experts(config: &Config) -> Result<Wish<Ffn>, Diagnostic> {
    let text = &config.text;
    let total = ["num_experts", "n_routed_experts"];
    let per_token = ["num_experts_per_token", "num_experts_per_tok"];
    let mut experts = routed(config, &total, &per_token, "moe_intermediate_size")?;
    let shared = text.stated_number(&["num_shared_experts", "n_shared_experts"])?;
    experts.shared_intermediate_size = shared * experts.expert_intermediate_size;
    experts.router_bias = true;
    experts.latent = match text.optional("routed_expert_hidden_size")? {
        None => None,
        Some(size) => Some(Latent { size, norm: text.flag("latent_moe_use_norm", false)? }),
    };
    text.without_effect(&["latent_moe_use_norm", "num_expert_group", "use_grouped_topk"]);
    Ok(moe(experts))
}
