//! Which keys of a `config.json` say nothing about the size of a model.
//!
//! A key that a family has not read is harmless if it is known to be (training, tokens, positions,
//! numerics, generation), suspicious if its name speaks of sizes, and otherwise merely unknown.

use crate::spec::node::Value;

/// What an unread key may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Known to change no size.
    Nothing,
    /// Not known, but its name and value do not speak of sizes.
    Unknown,
    /// It could change a size.
    Size,
}

/// Whole names.
const NAMES: &str = "\
    _name_or_path activation architectures attn_implementation _attn_implementation auto_map \
    cache_implementation chunk_size_feed_forward cross_attention_hidden_size \
    decoder_start_token_id diversity_penalty dtype dual_chunk_attention_config \
    encoder_no_repeat_ngram_size ep_size tp_size pp_size epsilon finetuning_task \
    for_llm_compressor gradient_checkpointing hidden_act hidden_activation hidden_dropout_prob \
    id2label initial_context_length is_decoder is_encoder_decoder label2id language \
    layer_norm_epsilon length_penalty license max_length max_model_len max_position_embedding \
    max_position_embeddings max_seq_len max_sequence_length max_window_layers min_length \
    model_max_length model_type n_group norm_topk_prob normalize_router_probs num_beam_groups \
    num_beams num_labels \
    num_return_sequences original_max_position_embeddings output_attentions output_hidden_states \
    output_router_logits output_scores prefix pretraining_tp problem_type pruned_heads \
    query_pre_attn_scalar remove_invalid_values repetition_penalty residual_dropout return_dict \
    return_dict_in_generate rotary_dim partial_rotary_factor rotary_emb_base rotary_percent \
    router_dtype scale_depth scale_emb dim_model_base scoring_func sep_token_id seq_aux \
    seq_length skip_bos_token suppress_tokens task_specific_params temperature tf_legacy_loss \
    tie_encoder_decoder tokenizer_class top_k top_p topk_group topk_method torch_dtype \
    torchscript transformers_version transformers.js_config typical_p use_bfloat16 use_cache \
    use_flash_attention use_flash_attn use_return_dict bad_words_ids begin_suppress_tokens \
    do_sample early_stopping exponential_decay_length_penalty forced_bos_token_id \
    forced_eos_token_id no_repeat_ngram_size add_cross_attention head_dtype fuse_rms_norm \
    fuse_linear fuse_swiglu fuse_attn_qkv fuse_attn_ffn use_fused_rope use_rmsnorm rms_norm \
    rmsnorm layernorm_type norm_type mlp_type num_logits_to_keep logits_to_keep logit_scale \
    attn_scale floor_scale rope_interleave rope_interleaved \
    moe_orthogonal_loss_lambda moe_use_hard_gate moe_multimodal_dispatch_use_allgather \
    moe_renormalize moe_router_activation_func use_grouped_topk routed_expert_activation \
    moe_gate_act multi_token_pred_lambda norm_expert_weight \
    ignore_index output_gate_type media_placeholder_token_id legacy_compress_ratios \
    moe_use_aux_free expert_bias_update_rate moe_router_enable_expert_bias \
    router_bias_update_speed moe_router_scaling_factor router_logit_softcapping \
    attention_multiplier _attn_implementation_autoset _flash_attn_2_enabled _commit_hash";

/// Beginnings of names.
const BEGINNINGS: &str = "\
    rope_ rotary_ initializer init_ image_ video_ audio_ vision_ mm_ layernorm_ unsloth_ \
    attn_temperature attn_logit final_logit router_aux router_z router_jitter aux_loss z_loss \
    im_ boi_ eoi_ mrope yarn_ swiglu_ hidden_dropout pooler_ classifier_ summary_ ignore_keys";

/// Ends of names.
const ENDS: &str = "\
    _token_id _token_ids _token_index _token_indices _dropout dropout \
    _dropout_prob _eps _epsilon _loss _loss_coef _loss_coeff _loss_weight _loss_factor \
    _loss_alpha _loss_lambda _alpha _beta _scaling_factor _softcapping _softcap \
    _initializer_range _init_std _init _act _act_fn _activation _theta _dtype \
    _jitter_noise _scaling _pdrop _std _implementation _coef";

/// Ends of names that change no size unless another part of the name is loud.
const QUIET_ENDS: &str = "\
    _token _tokens _base _clip _limit _limits _scale _method _version _backend";

/// Parts of names that overrule any beginning or end: what is routed or cut off is a size.
const LOUDEST: &str = "expert moe sliding window";

/// Parts of names that overrule an underscore in front and a quiet end.
const LOUD: &str = "\
    expert moe sliding window layer head hidden rank lora kv group dim size width depth share \
    latent mtp nextn chunk sparse compress";

/// Parts of names that speak of sizes.
const SIZES: &str = "\
    size dim rank head layer expert hidden kv window sliding interval freq moe mlp ffn attn attention \
    group stride kernel conv index topk top_k nextn mtp share width depth latent lora compress \
    chunk engram gate bias channel state ssm mamba linear block vocab embed codebook ratio hash \
    sparse router quant recurrent norm";

/// Parts of names that make a `true` matter.
const SWITCHES: &str = "\
    bias gate sink share expert moe sparse hash engram latent mtp qk_norm tie index_ linear_attn \
    compress";

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_ascii_whitespace()
}

/// Weighs a key that no family has read.
pub(super) fn weigh(key: &str, value: &Value) -> Weight {
    let says_nothing = match value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Float(f) => *f == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Bool(true) | Value::Int(_) => false,
    };
    let lower = key.to_ascii_lowercase();
    let speaks_of = |parts| words(parts).any(|part| lower.contains(part));
    let heavy = match value {
        Value::Int(_) | Value::List(_) | Value::Map(_) => speaks_of(SIZES),
        Value::Bool(_) => speaks_of(SWITCHES),
        _ => false,
    };
    let ends = |list| words(list).any(|end| key.ends_with(end));
    let begins = words(BEGINNINGS).any(|beginning| key.starts_with(beginning));
    let known = begins || ends(ENDS) || key.contains("rope");
    let quiet = key.starts_with('_') || ends(QUIET_ENDS);
    let named = words(NAMES).any(|name| name == key);
    let overruled = |parts| heavy && speaks_of(parts);
    if says_nothing || named || (known && !overruled(LOUDEST)) || (quiet && !overruled(LOUD)) {
        Weight::Nothing
    } else if heavy {
        Weight::Size
    } else {
        Weight::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_weigh_and_numerics_do_not() {
        assert_eq!(weigh("rope_theta", &Value::Float(1e4)), Weight::Nothing);
        assert_eq!(weigh("eos_token_id", &Value::Int(7)), Weight::Nothing);
        assert_eq!(weigh("n_routed_expert", &Value::Int(64)), Weight::Size);
        assert_eq!(weigh("extra_dim", &Value::Null), Weight::Nothing);
        assert_eq!(weigh("_num_experts", &Value::Int(64)), Weight::Size);
        assert_eq!(weigh("num_experts_per_token", &Value::Int(8)), Weight::Size);
        assert_eq!(weigh("n_sliding_tokens", &Value::Int(512)), Weight::Size);
        assert_eq!(weigh("rope_expert_count", &Value::Int(64)), Weight::Size);
        assert_eq!(weigh("num_experts_alpha", &Value::Int(64)), Weight::Size);
        assert_eq!(weigh("moe_aux_loss_coeff", &Value::Float(1e-3)), Weight::Nothing);
        assert_eq!(weigh("_hidden_scale", &Value::Float(0.5)), Weight::Nothing);
        assert_eq!(weigh("use_moe", &Value::Bool(true)), Weight::Size);
        assert_eq!(weigh("moe_every_n_layer", &Value::Int(2)), Weight::Size);
        assert_eq!(weigh("logit_limit", &Value::Int(30)), Weight::Nothing);
        assert_eq!(weigh("_version", &Value::Int(2)), Weight::Nothing);
        assert_eq!(weigh("favourite_colour", &Value::Text("red".into())), Weight::Unknown);
    }
}
