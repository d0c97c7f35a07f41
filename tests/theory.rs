//! Theory: closed forms worked by hand, in numbers that a reader can redo on paper.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::cost::ideal::{Bound, token_cost};
use afford::cost::unit_cost::unit_costs;
use afford::deploy::sparsity::{Rates, Stage, Wire, min_routed_experts, min_sparsity};
use afford::machine::hardware::WithoutFp8;
use afford::spec::Source;
use afford::spec::model::ModelSpec;
use afford::spec::node::Node;
use afford::units::{BytesPerSecond, FlopsPerSecond, Seconds};
use afford::work::Counting::{self, Exact, Paper};
use afford::work::attention::Core;
use afford::work::dtype::Dtype;
use afford::work::model::Model;
use afford::work::params::params;
use afford::work::token::token_work;

/// A model of two layers of one attention design and one dense or MoE block.
fn model(attention: &str, ffn: &str) -> Model {
    let text = format!(
        "name: m\nhidden_size: 10\nvocabulary_size: 100\n\
         precision: {{weights: fp8, kv_cache: bf16, activations: fp8}}\n\
         attention: {{a: {attention}}}\nffn: {{f: {ffn}}}\n\
         num_layers: 2\nlayers: [{{count: 2, attention: a, ffn: f}}]\n"
    );
    ModelSpec::read(&Node::parse(&Source::new("m.yaml", text)).unwrap()).unwrap()
}

const DENSE: &str = "{dense: {intermediate_size: 7}}";

/// The core of one layer, as (FLOPs, bytes).
fn core(attention: &str, context: u64, counting: Counting) -> (f64, f64) {
    let Core { flops, bytes } =
        model(attention, DENSE).attentions[0].design.core(context, counting);
    (flops.flops(), bytes.bytes())
}

#[test]
fn gqa_core() {
    // H = 8, K = 2, d = 4, S = 100, BF16: 4 H d S = 4*8*4*100, 2 K d S w = 2*2*4*100*2.
    let full = "{gqa: {query_heads: 8, kv_heads: 2, head_dim: 4}}";
    assert_eq!(core(full, 100, Exact), (12_800.0, 3_200.0));
    assert_eq!(core(full, 100, Paper), (12_800.0, 3_200.0));
    // A window of 30 caps S, one of 300 does not.
    let window = |kind, n| {
        format!("{{gqa: {{query_heads: 8, kv_heads: 2, head_dim: 4, window: {{{kind}: {n}}}}}}}")
    };
    assert_eq!(core(&window("sliding_tokens", 30), 100, Exact), (3_840.0, 960.0));
    assert_eq!(core(&window("chunked_tokens", 30), 100, Exact), (3_840.0, 960.0));
    assert_eq!(core(&window("sliding_tokens", 300), 100, Exact), (12_800.0, 3_200.0));
    // An FP8 cache is half as wide, at the same arithmetic.
    let narrow = "{gqa: {query_heads: 8, kv_heads: 2, head_dim: 4, kv_cache: fp8}}";
    assert_eq!(core(narrow, 100, Exact), (12_800.0, 1_600.0));
}

#[test]
fn mfa_core_is_that_of_gqa() {
    let mfa = "{mfa: {query_heads: 8, kv_heads: 1, head_dim: 4, query_rank: 5}}";
    // 4*8*4*100 FLOPs; 2*1*4*100*2 bytes.
    assert_eq!(core(mfa, 100, Exact), (12_800.0, 1_600.0));
}

#[test]
fn mla_core() {
    let mla = "{mla: {query_heads: 8, kv_rank: 16, nope_head_dim: 4, rope_head_dim: 2, value_head_dim: 4}}";
    // Exact: 2 H (2 r + d_rope) S = 2*8*(32+2)*100. Paper: 4 H (r + d_rope) S = 4*8*(16+2)*100.
    // Bytes: (r + d_rope) S w = 18*100*2.
    assert_eq!(core(mla, 100, Exact), (54_400.0, 3_600.0));
    assert_eq!(core(mla, 100, Paper), (57_600.0, 3_600.0));
}

#[test]
fn lightning_core_knows_no_context() {
    let lightning = "{lightning: {heads: 3, head_dim: 4, state: fp32}}";
    // H d^2 = 48 elements: 5 or 10 FLOPs each, read and written at 4 bytes.
    for context in [1, 100, 1 << 30] {
        assert_eq!(core(lightning, context, Exact), (240.0, 384.0));
        assert_eq!(core(lightning, context, Paper), (480.0, 384.0));
    }
    let design = &model(lightning, DENSE).attentions[0].design;
    assert_eq!(design.state_bytes_per_sequence().bytes(), 192.0);
    assert_eq!(design.kv_bytes_held(1 << 30).bytes(), 0.0);
}

#[test]
fn projections_and_parameters_of_gqa() {
    // q 10x32, k and v 10x8, o 32x10: 320 + 80 + 80 + 320 = 800 weights, 1600 FLOPs a layer.
    // FFN 3*10*7 = 210 weights; two norms of 10; embedding and head 100*10 each; final norm 10.
    let model = model("{gqa: {query_heads: 8, kv_heads: 2, head_dim: 4}}", DENSE);
    let p = params(&model);
    assert_eq!(p.active_core, 2 * (800 + 210 + 20) + 10);
    assert_eq!(p.total, p.active_core + 2_000);
    assert_eq!(p.active_with_head, p.active_core + 1_000);
    let work = token_work(&model, 100, Exact);
    assert_eq!(work.linear_flops().flops(), 2.0 * 1_600.0);
    assert_eq!(work.ffn_flops().flops(), 2.0 * 420.0);
    assert_eq!(work.lm_head_flops.flops(), 2_000.0);
    assert_eq!(work.embedding_bytes.bytes(), 10.0);
    // Three times the forward pass: cores 2*12,800, projections 3,200, FFN 840, head 2,000.
    assert_eq!(work.training_flops().flops(), 3.0 * (25_600.0 + 3_200.0 + 840.0 + 2_000.0));
}

#[test]
fn a_mixture_of_experts() {
    // One expert 3*10*7 = 210 weights; shared 3*10*14 = 420; router 10*6 = 60.
    let moe = "{moe: {experts: 6, experts_per_token: 2, expert_intermediate_size: 7, \
               shared_intermediate_size: 14}}";
    let model = model("{gqa: {query_heads: 8, kv_heads: 2, head_dim: 4}}", moe);
    let p = params(&model);
    assert_eq!(p.total - p.active_with_embedding_and_head, 2 * 4 * 210);
    let work = token_work(&model, 1, Exact);
    assert_eq!(work.ffn_flops().flops(), 2.0 * 2.0 * f64::from(2 * 210 + 420));
    assert_eq!(work.router_flops.flops(), 2.0 * 2.0 * 60.0);
}

#[test]
fn step_3_reads_4_mib_of_kv_cache_per_layer_at_8ki() {
    // 61 layers of MFA: K and V, one group of d = 256, one byte each, 8,192 tokens.
    let model = Catalog::default().model("step-3").unwrap();
    let work = token_work(&model, 8192, Paper);
    assert_eq!(work.kv_bytes().bytes(), f64::from(61 * 2 * 256 * 8192));
    // 4 H d S over 61 layers, H = 64: the arithmetic intensity is 2 H = 128.
    assert_eq!(work.attention_flops().flops(), 61.0 * 4.0 * 64.0 * 256.0 * 8192.0);
    assert_eq!(work.arithmetic_intensity().flops_per_byte(), 128.0);
}

#[test]
fn deepseek_v3_reads_576_elements_per_token_and_layer() {
    let model = Catalog::default().model("deepseek-v3").unwrap();
    let work = |counting| token_work(&model, 8192, counting);
    // An FP8 cache: a byte each.
    let elements = 61.0 * (512.0 + 64.0) * 8192.0;
    assert_eq!(work(Exact).kv_bytes().bytes(), elements);
    assert_eq!(work(Paper).attention_flops().flops(), 4.0 * 128.0 * elements);
    assert_eq!(work(Exact).attention_flops().flops(), 61.0 * 2.0 * 128.0 * 1088.0 * 8192.0);
}

#[test]
fn minimax_m1_keeps_a_state_in_seventy_layers_and_a_cache_in_ten() {
    let model = Catalog::default().model("minimax-m1").unwrap();
    let work = token_work(&model, 8192, Exact);
    // State: 70 layers x 64 heads x 128^2 x 4 bytes, read and written.
    let state = 70.0 * 64.0 * 16_384.0 * 4.0 * 2.0;
    // Cache: 10 layers x 2 x 8 heads x 128 x 8,192 tokens x 2 bytes.
    let cache = 10.0 * 2.0 * 8.0 * 128.0 * 8192.0 * 2.0;
    assert_eq!(work.kv_bytes().bytes(), state + cache);
}

#[test]
fn llama_4_sees_a_chunk_in_three_layers_of_four() {
    let model = Catalog::default().model("llama-4-maverick").unwrap();
    let bytes = |context| token_work(&model, context, Exact).kv_bytes().bytes();
    // 2 K d = 2,048 elements: 36 chunked layers in FP8 up to 8,192 tokens, 12 full ones in BF16.
    assert_eq!(bytes(8192), 2048.0 * 8192.0 * (36.0 + 12.0 * 2.0));
    assert_eq!(bytes(32_768), 2048.0 * (36.0 * 8192.0 + 12.0 * 2.0 * 32_768.0));
}

#[test]
fn absorbed_mla_at_full_rank_queries_keeps_its_core() {
    let mla = |query_rank| {
        let model = model(
            &format!(
                "{{mla: {{query_heads: 128, {query_rank}kv_rank: 512, nope_head_dim: 128, \
                 rope_head_dim: 64, value_head_dim: 128, kv_cache: fp8}}}}"
            ),
            DENSE,
        );
        model.attentions[0].design.clone()
    };
    assert_eq!(mla("").core(8192, Exact), mla("query_rank: 1536, ").core(8192, Exact));
    // 2*128*(1024+64)*8192 FLOPs over 576*8192 bytes.
    let Core { flops, bytes } = mla("").core(8192, Exact);
    assert_eq!((flops / bytes).flops_per_byte(), 2.0 * 128.0 * 1088.0 / 576.0);
    assert_eq!(mla("").effective_rank(), 128 * 128);
}

#[test]
fn cost_of_a_token_on_an_h800() {
    // 2 $/h: 5.5556e-4 $/s over 1.98e15 FLOP/s and 3.35e12 B/s. Step-3 at 8Ki reads 255,852,544 B,
    // 4.2430e-8 $, and computes 3.2749e10 FLOPs, 9.189e-9 $: memory binds.
    let catalog = Catalog::default();
    let (model, h800) = (catalog.model("step-3").unwrap(), catalog.hardware("h800").unwrap());
    let unit = unit_costs(&h800, Dtype::Fp8, WithoutFp8::Bf16).unwrap();
    let cost = token_cost(&token_work(&model, 8192, Paper), &unit, &unit);
    assert_eq!(cost.attention_bound_by, Bound::MemoryBandwidth);
    let by_hand = 2.0 / 3600.0 / 3.35e12 * 255_852_544.0;
    assert!((cost.attention_core.usd() / by_hand - 1.0).abs() < 1e-12);
}

#[test]
fn arithmetic_runs_in_the_format_that_a_device_has() {
    let (catalog, fp8) = (Catalog::default(), Dtype::Fp8);
    let flop = |name: &str, dtype, without_fp8| {
        let unit = unit_costs(&catalog.hardware(name).unwrap(), dtype, without_fp8).unwrap();
        (unit.format, unit.flop.usd_per_flop())
    };
    // 2 $/h over 1,980 and 989 TFLOPS; the A800 has no FP8: 312 TFLOPS in BF16, 624 TOPS in INT8.
    let per_flop = |usd: f64, tflops: f64| usd / 3600.0 / (tflops * 1e12);
    let a800 = catalog.hardware("a800").unwrap().prices[0].rate.usd_per_hour();
    for (found, format, usd) in [
        (flop("h800", fp8, WithoutFp8::Bf16), "fp8", per_flop(2.0, 1980.0)),
        (flop("h800", Dtype::Bf16, WithoutFp8::Bf16), "bf16", per_flop(2.0, 989.0)),
        (flop("a800", fp8, WithoutFp8::Bf16), "bf16", per_flop(a800, 312.0)),
        (flop("a800", fp8, WithoutFp8::Int8), "int8", per_flop(a800, 624.0)),
    ] {
        assert_eq!(found.0, format);
        assert!((found.1 / usd - 1.0).abs() < 1e-12, "{format}: {} is not {usd}", found.1);
    }
}

/// Disaggregated, all but the experts runs on the attention side: it must know where tokens go.
#[test]
fn each_side_pays_for_what_it_runs() {
    let catalog = Catalog::default();
    let unit = |name: &str| {
        unit_costs(&catalog.hardware(name).unwrap(), Dtype::Fp8, WithoutFp8::Bf16).unwrap()
    };
    let (h20, h800) = (unit("h20"), unit("h800"));
    let work = token_work(&catalog.model("step-3").unwrap(), 8192, Exact);
    let cost = token_cost(&work, &h20, &h800);
    assert_eq!(cost.attention_linear, work.linear_flops() * h20.flop);
    assert_eq!(cost.router, work.router_flops * h20.flop);
    assert_eq!(cost.lm_head, work.lm_head_flops * h20.flop);
    assert_eq!(cost.embedding, work.embedding_bytes * h20.byte);
    assert_eq!(cost.ffn, work.ffn_flops() * h800.flop);
    // MFA's 128 FLOPs a byte lie above the H20's ridge of 296/4 = 74 and below the H800's.
    assert_eq!(cost.attention_bound_by, Bound::Compute);
    assert_eq!(token_cost(&work, &h800, &h20).attention_bound_by, Bound::MemoryBandwidth);
}

#[test]
fn sparsity_floor() {
    // h = 7,168, L = 61, 50 ms in 3 stages, FP8 out and BF16 back, on an H800 server: a stage has
    // 50 ms / 183 = 273.22 us, in which 400 GB/s carry 109.29 MB, 5,082.3 tokens of 3*7,168 bytes.
    // The ridge of 1,980/3.35 = 591.04 FLOP/B over 2*5,082.3 is 0.058147.
    let stage = Stage {
        hidden_size: 7168,
        layers: 61,
        tpot: Seconds::from_ms(50.0),
        stages: 3,
        wire: Wire { dispatch_bytes_per_element: 1.0, combine_bytes_per_element: 2.0 },
    };
    let rates = Rates {
        compute: FlopsPerSecond::from_tflops(1980.0),
        memory: BytesPerSecond::from_gb_per_s(3350.0),
        network: BytesPerSecond::from_gb_per_s(400.0),
    };
    let floor = min_sparsity(&stage, &rates);
    assert!((floor - 0.058_147).abs() < 1e-6, "{floor}");
    // The paper's form: h FLOPS L / (Net BW 11.1 ms), where 11.1 ms is 50 ms * 2/9.
    let paper = 7168.0 * 1.98e15 * 61.0 / (400e9 * 3.35e12 * 0.05 * 2.0 / 9.0);
    assert!((floor / paper - 1.0).abs() < 1e-12);
    // Half the network, twice the floor; half the ridge, half the floor.
    let slow = Rates { network: BytesPerSecond::from_gb_per_s(200.0), ..rates };
    assert!((min_sparsity(&stage, &slow) / floor - 2.0).abs() < 1e-12);
    let wide = Rates { memory: BytesPerSecond::from_gb_per_s(6700.0), ..rates };
    assert!((min_sparsity(&stage, &wide) / floor - 0.5).abs() < 1e-12);
}

#[test]
fn routed_experts_that_reach_a_floor() {
    // S = (K + shared)/N: 0.058 of 256 experts is 14.848, one of which is the shared one.
    assert!((min_routed_experts(0.058, 256, 1) - 13.848).abs() < 1e-12);
    assert_eq!(min_routed_experts(0.001, 256, 1), 0.0);
}
