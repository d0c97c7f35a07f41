//! Laws of counting: FLOPs, bytes and parameters.

use crate::any::{context, model, model_yaml, read_model};
use afford::work::Counting;
use afford::work::params::params;
use afford::work::token::token_work;
use proptest::prelude::*;

proptest! {
    #[test]
    fn work_never_shrinks_as_the_context_grows(
        model in model(), context in context(), more in context()
    ) {
        for counting in [Counting::Paper, Counting::Exact] {
            let short = token_work(&model, context, counting);
            let long = token_work(&model, context + more, counting);
            prop_assert!(short.kv_bytes() <= long.kv_bytes());
            prop_assert!(short.attention_flops() <= long.attention_flops());
            prop_assert_eq!(short.linear_flops(), long.linear_flops());
            prop_assert_eq!(short.ffn_flops(), long.ffn_flops());
            prop_assert!(short.training_flops() <= long.training_flops());
        }
        for named in &model.attentions {
            let held = |s| named.design.kv_bytes_held(s);
            prop_assert!(held(context) <= held(context + more));
        }
    }

    /// Layer by layer, as a reader would add it up.
    #[test]
    fn work_is_the_sum_over_layers(model in model(), context in context()) {
        let h = model.hidden_size;
        for counting in [Counting::Paper, Counting::Exact] {
            let work = token_work(&model, context, counting);
            let (mut kv, mut core, mut linear, mut ffn) = (0.0, 0.0, 0.0, 0.0);
            for layer in model.runs.iter().flat_map(|run| (0..run.count).map(|_| run.layer)) {
                let attention = model.attention(layer);
                kv += attention.core(context, counting).bytes.bytes();
                core += attention.core(context, counting).flops.flops();
                linear += attention.matrices(h).iter().map(|m| m.flops().flops()).sum::<f64>();
                ffn += model.ffn(layer).flops(h).flops();
            }
            for (found, sum) in [
                (work.kv_bytes().bytes(), kv),
                (work.attention_flops().flops(), core),
                (work.linear_flops().flops(), linear),
                (work.ffn_flops().flops(), ffn),
            ] {
                prop_assert!(found.is_finite() && found > 0.0);
                prop_assert!((found - sum).abs() <= 1e-12 * sum, "{} is not {}", found, sum);
            }
        }
    }

    #[test]
    fn paper_counting_leaves_out_what_stands_around_the_layers(
        model in model(), context in context()
    ) {
        let paper = token_work(&model, context, Counting::Paper);
        let exact = token_work(&model, context, Counting::Exact);
        prop_assert_eq!(paper.router_flops.flops(), 0.0);
        prop_assert_eq!(paper.lm_head_flops.flops(), 0.0);
        prop_assert_eq!(paper.embedding_bytes.bytes(), 0.0);
        prop_assert!(exact.lm_head_flops.flops() > 0.0 && exact.embedding_bytes.bytes() > 0.0);
        prop_assert_eq!(paper.kv_bytes(), exact.kv_bytes());
        prop_assert_eq!(paper.ffn_flops(), exact.ffn_flops());
        prop_assert!(paper.attention_flops() >= exact.attention_flops());
    }

    #[test]
    fn exact_mla_computes_less_than_the_paper_counts(
        heads in 1..=256_u64, rank in 1..=4096_u64, rope in 1..=256_u64, context in context()
    ) {
        let text = format!(
            "name: mla\nhidden_size: 1024\nvocabulary_size: 1000\n\
             precision: {{weights: fp8, kv_cache: fp8, activations: fp8}}\n\
             attention: {{a: {{mla: {{query_heads: {heads}, kv_rank: {rank}, nope_head_dim: 128, \
             rope_head_dim: {rope}, value_head_dim: 128}}}}}}\n\
             ffn: {{f: {{dense: {{intermediate_size: 1024}}}}}}\n\
             num_layers: 1\nlayers: [{{attention: a, ffn: f}}]\n"
        );
        let model = read_model(&text).unwrap();
        let mla = &model.attentions[0].design;
        let (paper, exact) = (mla.core(context, Counting::Paper), mla.core(context, Counting::Exact));
        prop_assert!(exact.flops < paper.flops);
        prop_assert_eq!(exact.bytes, paper.bytes);
        // The difference is PV over the part with position, which has no value.
        let difference = (2 * heads * rope * context) as f64;
        prop_assert!((paper.flops.flops() - exact.flops.flops() - difference).abs() <= 1e-12 * paper.flops.flops());
    }

    #[test]
    fn a_token_never_activates_more_than_there_is(model in model()) {
        let p = params(&model);
        prop_assert!(p.total >= p.active_with_embedding_and_head);
        prop_assert!(p.active_with_embedding_and_head >= p.active_with_head);
        prop_assert!(p.active_with_head > p.active_core);
        prop_assert_eq!(p.mtp > 0, model.mtp.is_some());
    }

    /// A spec of absurd size is refused, and one that is not can be counted without overflow.
    #[test]
    fn no_accepted_spec_overflows(text in (0..=8_u32).prop_flat_map(|digits| model_yaml(10_u64.pow(digits)))) {
        if let Ok(model) = read_model(&text) {
            let p = params(&model);
            prop_assert!(p.total as f64 + p.mtp as f64 <= 1e18);
            let work = token_work(&model, 1 << 40, Counting::Exact);
            prop_assert!(work.training_flops().flops().is_finite());
        }
    }
}
