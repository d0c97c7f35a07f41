//! DeepSeek V2, V3 (R1, V3.1), V3.2; Kimi K2 (K2.5, K2.6), which is V3 in other sizes; GLM-5, which
//! is V3.2 in other sizes; GLM-4.7-Flash, which is V3 in other sizes.

use crate::import::blocks::{dense, mla, moe, routed};
use crate::import::config::Config;
use crate::import::draft::{Draft, Wish};
use crate::spec::Diagnostic;
use crate::spec::node::{Node, Value};
use crate::work::attention::{Attention, Dsa, Indexer, Mla};
use crate::work::dtype::Dtype;
use crate::work::ffn::Ffn;

/// Spellings of the number of routed experts.
const EXPERTS: [&str; 3] = ["n_routed_experts", "num_experts", "num_local_experts"];

pub(in crate::import) fn read(config: &Config) -> Result<Draft, Diagnostic> {
    let h = config.hidden_size()?;
    let layers = config.layers()?;
    let mut draft = Draft::new(h, config.vocabulary_size()?, config.tied(false)?);
    let (own, shared) = attention(config)?;
    let selects = indexer_layers(config, layers, shared.is_some())?;
    let mtp = config.mtp_layers()?;
    let kinds = Kinds::read(config, layers)?;
    for layer in 0..layers {
        let attention = match &shared {
            Some(shared) if !selects[layer as usize] => shared,
            _ => &own,
        };
        draft.layer(attention, kinds.at(config, layer)?);
    }
    for layer in layers..layers + mtp {
        draft.mtp_layer((&own, kinds.at(config, layer)?), 3);
    }
    // Which releases store embedding and head again beside each MTP layer.
    let copies = config.model_type != "glm_moe_dsa";
    if let Some(checkpoint) = draft.checkpoint.as_mut().filter(|_| mtp > 0 && copies) {
        checkpoint.mtp_embeddings = 1;
        checkpoint.mtp_heads = 1;
    }
    Ok(draft)
}

/// MLA, or DSA with an indexer and the same without one.
fn attention(config: &Config) -> Result<(Wish<Attention>, Option<Wish<Attention>>), Diagnostic> {
    let text = &config.text;
    let mla: Mla = mla(config)?;
    let sparse = matches!(config.model_type.as_str(), "deepseek_v32" | "glm_moe_dsa");
    if !sparse && text.value("index_topk").is_none() {
        return Ok((("mla", Attention::Mla(mla)), None));
    }
    let selected_tokens = text.count("index_topk")?;
    let indexer = Indexer {
        heads: text.count("index_n_heads")?,
        head_dim: text.count("index_head_dim")?,
        key_cache: Dtype::Fp8,
    };
    config.log().assume("indexer keys in fp8");
    let dsa = |indexer| Attention::Dsa(Dsa { mla: mla.clone(), selected_tokens, indexer });
    Ok((("dsa", dsa(Some(indexer))), Some(("dsa-shared", dsa(None)))))
}

/// Which layers have an indexer of their own; the rest take an earlier layer's selection.
fn indexer_layers(config: &Config, layers: u64, sparse: bool) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    let all = vec![true; layers as usize];
    if !sparse {
        super::super::blocks::full_attention_only(config, layers)?;
        return Ok(all);
    }
    let types = text.words("layer_types", &["indexed_attention", "full_attention"])?;
    config.per_layer("layer_types", types, layers, true)?;
    // All three spellings say the same where a file has more than one.
    text.without_effect(&["indexer_types", "index_topk_pattern", "index_topk_freq"]);
    text.without_effect(&["index_skip_topk_offset"]);
    let full = |kinds: Vec<usize>| kinds.into_iter().map(|kind| kind == 0).collect();
    if let Some(types) = text.words("indexer_types", &["full", "shared"])? {
        let types = config.per_layer("indexer_types", Some(types), layers, true)?;
        return Ok(types.map_or(all, full));
    }
    if let Some(Node { value: Value::Text(pattern), .. }) = text.value("index_topk_pattern") {
        let marks: Vec<char> = pattern.chars().collect();
        if marks.iter().any(|mark| !"FS".contains(*mark)) {
            let message = "`index_topk_pattern` must be made of `F` (full) and `S` (shared)";
            return Err(text.complain("index_topk_pattern", message));
        }
        let marks = config.per_layer("index_topk_pattern", Some(marks), layers, true)?;
        return Ok(marks.map_or(all, |m| m.into_iter().map(|mark| mark == 'F').collect()));
    }
    if let Some(types) = text.words("index_topk_pattern", &["F", "S"])? {
        let types = config.per_layer("index_topk_pattern", Some(types), layers, true)?;
        return Ok(types.map_or(all, full));
    }
    let every = text.optional("index_topk_freq")?.unwrap_or(1);
    let offset = text.number(&["index_skip_topk_offset"])?.unwrap_or(2);
    let own = |layer: u64| (layer + 1).saturating_sub(offset).is_multiple_of(every);
    Ok((0..layers).map(own).collect())
}

/// The feed-forward block of every layer.
struct Kinds {
    dense: Option<Wish<Ffn>>,
    moe: Option<Wish<Ffn>>,
    sparse: Vec<bool>,
}

impl Kinds {
    fn read(config: &Config, layers: u64) -> Result<Self, Diagnostic> {
        let text = &config.text;
        let without_experts = text.raw("n_routed_experts").is_some_and(|n| n.value == Value::Null);
        if without_experts && config.model_type == "deepseek_v2" {
            let dense = Some(dense(text.count("intermediate_size")?));
            text.without_effect(&[
                "moe_intermediate_size",
                "n_shared_experts",
                "num_experts_per_tok",
            ]);
            text.without_effect(&["first_k_dense_replace", "moe_layer_freq"]);
            return Ok(Self { dense, moe: None, sparse: vec![false; layers as usize] });
        }
        let sparse = sparse_layers(config, layers)?;
        let dense = if sparse.iter().all(|sparse| *sparse) {
            text.without_effect(&["intermediate_size"]);
            None
        } else {
            Some(dense(text.count("intermediate_size")?))
        };
        let moe = if sparse.iter().any(|sparse| *sparse) { Some(experts(config)?) } else { None };
        Ok(Self { dense, moe, sparse })
    }

    /// An MTP layer stands behind the last and is what a layer there would be.
    fn at(&self, config: &Config, layer: u64) -> Result<&Wish<Ffn>, Diagnostic> {
        let last = self.sparse.last().copied().unwrap_or_default();
        let sparse = self.sparse.get(layer as usize).copied().unwrap_or(last);
        let kind = if sparse { &self.moe } else { &self.dense };
        kind.as_ref().ok_or_else(|| super::qwen::no_such_block(config, sparse))
    }
}

/// Which layers have experts: `mlp_layer_types`, or those from `first_k_dense_replace` on that
/// `moe_layer_freq` divides.
pub(super) fn sparse_layers(config: &Config, layers: u64) -> Result<Vec<bool>, Diagnostic> {
    let text = &config.text;
    if let Some(types) = text.words("mlp_layer_types", &["dense", "sparse"])? {
        text.without_effect(&["first_k_dense_replace", "moe_layer_freq"]);
        let types = config.per_layer("mlp_layer_types", Some(types), layers, true)?;
        let sparse = types.unwrap_or_default().into_iter().map(|kind| kind == 1);
        return Ok(sparse.take(layers as usize).collect());
    }
    let first = text.stated_number(&["first_k_dense_replace"])?;
    let listed = matches!(text.value("moe_layer_freq").map(|n| &n.value), Some(Value::List(_)));
    let marks = if listed { text.numbers("moe_layer_freq")? } else { None };
    let marks = config.per_layer("moe_layer_freq", marks, layers, true)?;
    let every = if listed { 1 } else { text.optional("moe_layer_freq")?.unwrap_or(1) };
    let marked = |layer: u64| marks.as_ref().is_none_or(|marks| marks[layer as usize] != 0);
    let sparse = |layer: u64| layer >= first && layer.is_multiple_of(every) && marked(layer);
    Ok((0..layers).map(sparse).collect())
}

fn experts(config: &Config) -> Result<Wish<Ffn>, Diagnostic> {
    let text = &config.text;
    let mut experts = routed(config, &EXPERTS, &["num_experts_per_tok"], "moe_intermediate_size")?;
    let shared = text.raw("n_shared_experts").ok_or_else(|| text.missing("n_shared_experts"))?;
    let shared =
        if shared.value == Value::Null { 0 } else { text.stated_number(&["n_shared_experts"])? };
    experts.shared_intermediate_size = shared * experts.expert_intermediate_size;
    // A score correction per expert comes with the choice of experts without auxiliary loss.
    experts.router_bias = match text.text("topk_method")? {
        Some(method) => method == "noaux_tc",
        None => config.model_type != "deepseek_v2",
    };
    Ok(moe(experts))
}
