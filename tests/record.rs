//! Do calibrated estimates match the record: the Step-3 paper's measured attention layers (Table 9)
//! and deployments (Table 8), to which nothing was fitted?
#![allow(clippy::unwrap_used, missing_docs)]

use afford::catalog::{Catalog, for_fidelity};
use afford::deploy::breakdown::Stage;
use afford::deploy::compile::{Pools, compile};
use afford::deploy::estimate::{Estimate, Point};
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::Options;
use afford::machine::fidelity::Fidelity;
use afford::work::dtype::Dtype;

const CALIBRATED: Fidelity = Fidelity::Calibrated;

/// Microseconds of one attention layer, its projections included: batch 256 on four devices, each
/// with 64 requests of its own, caches in BF16.
fn attention_layer_us(model: &str, hardware: &str, context: f64) -> f64 {
    let catalog = Catalog::default();
    let model = catalog.model(model).unwrap().with_kv_cache(Dtype::Bf16);
    let hardware = for_fidelity(catalog.hardware(hardware).unwrap(), CALIBRATED);
    let pools = Pools { attention: &hardware, ffn: &hardware };
    let options = Options { fidelity: CALIBRATED, ..Options::default() };
    let deployment = parse("EP4", &Shape::default()).unwrap();
    let compiled = compile(&model, &deployment, pools, options).unwrap();
    let pieces = compiled.breakdown(Point { batch: 256, micro_batches: 1, context });
    let attention = model.attentions[0].name.as_str();
    let mine = pieces.iter().filter(|p| p.stage == Stage::Attention && p.design == attention);
    mine.map(|p| p.time_s * 1e6).sum()
}

/// Table 9 in microseconds: context, design, hardware, measured.
const TABLE_9: [(f64, &str, &str, f64); 16] = [
    (8192.0, "step-3", "h800", 281.0),
    (8192.0, "step-3", "h20", 438.0),
    (8192.0, "step-3", "a800", 531.0),
    (8192.0, "deepseek-v3", "h800", 372.0),
    (8192.0, "deepseek-v3", "h20", 1252.0),
    (8192.0, "qwen3-235b-a22b", "h800", 382.0),
    (8192.0, "qwen3-235b-a22b", "h20", 812.0),
    (8192.0, "qwen3-235b-a22b", "a800", 791.0),
    (32768.0, "step-3", "h800", 791.0),
    (32768.0, "step-3", "h20", 1452.0),
    (32768.0, "step-3", "a800", 1484.0),
    (32768.0, "deepseek-v3", "h800", 1125.0),
    (32768.0, "deepseek-v3", "h20", 4817.0),
    (32768.0, "qwen3-235b-a22b", "h800", 1391.0),
    (32768.0, "qwen3-235b-a22b", "h20", 3042.0),
    (32768.0, "qwen3-235b-a22b", "a800", 3010.0),
];

#[test]
fn attention_layers_of_table_9() {
    let mut errors = Vec::new();
    for (context, model, hardware, measured) in TABLE_9 {
        let error = attention_layer_us(model, hardware, context) / measured - 1.0;
        // The paper's GQA on H20 takes what 64-row tiles would; the kernels fitted there use 16.
        let known_miss = model.starts_with("qwen3") && hardware == "h20";
        let most = if known_miss { 0.6 } else { 0.25 };
        assert!(error.abs() < most, "{model} on {hardware} at {context}: {error:+.3}");
        errors.push(error.abs());
    }
    let mape = errors.iter().sum::<f64>() / errors.len() as f64;
    assert!(mape < 0.12, "mean absolute error {mape:.3}");
    for context in [8192.0, 32768.0] {
        let us = |model| attention_layer_us(model, "h800", context);
        let (mfa, mla, gqa) = (us("step-3"), us("deepseek-v3"), us("qwen3-235b-a22b"));
        assert!(mfa < mla && mla < gqa, "on H800 at {context}: {mfa} {mla} {gqa}");
        assert!(us("step-3") < attention_layer_us("deepseek-v3", "h20", context));
    }
}

fn deployed(
    model: &str,
    shape: &str,
    batch: u64,
    micro_batches: u32,
    context: f64,
    cache: Dtype,
) -> Estimate {
    let catalog = Catalog::default();
    let model = catalog.model(model).unwrap().with_kv_cache(cache);
    let hardware = for_fidelity(catalog.hardware("h800").unwrap(), CALIBRATED);
    let pools = Pools { attention: &hardware, ffn: &hardware };
    let options = Options { fidelity: CALIBRATED, ..Options::default() };
    let deployment = parse(shape, &Shape::default()).unwrap();
    let compiled = compile(&model, &deployment, pools, options).unwrap();
    compiled.estimate(Point { batch, micro_batches, context })
}

#[test]
fn deployments_of_table_8() {
    let off = |estimate: Estimate, measured: f64| {
        assert!(estimate.infeasible.is_none());
        estimate.tokens_per_s_per_device / measured - 1.0
    };
    let bf16 = deployed("step-3", "3A2F", 6048, 3, 4096.0, Dtype::Bf16);
    let fp8 = deployed("step-3", "2A2F", 6144, 3, 4096.0, Dtype::Fp8);
    let long = deployed("step-3", "4A2F", 6144, 3, 8192.0, Dtype::Fp8);
    for (estimate, measured) in [(bf16, 3321.0), (fp8, 4039.0), (long, 2643.0)] {
        let error = off(estimate, measured);
        assert!(error.abs() < 0.08, "{measured}: {error:+.3}");
    }
    let deepseek = deployed("deepseek-v3", "EP128", 16_384, 2, 4096.0, Dtype::Bf16);
    let error = off(deepseek, 2324.0);
    assert!(error.abs() < 0.12, "DeepSeek-V3 EP128: {error:+.3}");
}
