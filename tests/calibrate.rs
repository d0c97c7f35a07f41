//! Does fitting find what made the data, and do the forms obey the laws?
#![allow(clippy::unwrap_used, missing_docs)]

use afford::calibrate::predict::seconds;
use afford::calibrate::profile::{device, fit_all};
use afford::catalog::Catalog;
use afford::machine::calibration::attention::AttentionFit;
use afford::machine::calibration::gemm::{GemmFit, GroupedFit};
use afford::machine::calibration::{Family, Form};
use afford::measured::kernel::{KernelRow, KernelShape, Skew};
use proptest::prelude::*;

fn row(shape: KernelShape, us: f64) -> KernelRow {
    KernelRow {
        shape,
        dtype: "bf16".into(),
        kv_dtype: None,
        hardware: "h200".into(),
        backend: "made".into(),
        kernel: String::new(),
        us,
        source: "made".into(),
        file: "made".into(),
        line: 1,
        note: None,
    }
}

const DENSE: GemmFit = GemmFit {
    startup_us: 4.0,
    memory_efficiency: 0.8,
    compute_efficiency: 0.7,
    ridge_rounding: 0.2,
    tile_rows: 64.0,
    us_per_1000_k: 1.0,
    wave_loss: 0.0,
};

#[test]
fn a_fit_finds_the_constants_that_made_the_data() {
    let h200 = Catalog::default().hardware("h200").unwrap();
    let device = device(&h200, "bf16").unwrap();
    let mut rows = Vec::new();
    for (k, n) in [(1024, 4096), (2048, 8192), (4096, 4096), (7168, 2048), (8192, 16384)] {
        for m in [1, 16, 64, 256, 1024, 4096] {
            let shape = KernelShape::Gemm { m, k, n };
            let us = seconds(&Form::Gemm(DENSE), &shape, "bf16", &device).unwrap() * 1e6;
            // One row in ten is off by half: a robust fit does not mind.
            let bad = rows.len() % 10 == 7;
            rows.push(row(shape, if bad { us * 1.5 } else { us }));
        }
    }
    let fits = fit_all(&rows, &h200).unwrap();
    let Form::Gemm(found) = fits[0].form else { panic!("{fits:?}") };
    assert_eq!(fits[0].family, Family::DenseGemm);
    assert!((found.startup_us / 4.0 - 1.0).abs() < 0.05, "{found:?}");
    assert!((found.memory_efficiency / 0.8 - 1.0).abs() < 0.02, "{found:?}");
    assert!((found.compute_efficiency / 0.7 - 1.0).abs() < 0.02, "{found:?}");
    // Three of thirty rows are off by a third of what was measured.
    assert!(fits[0].error.mape_percent < 4.5, "{:?}", fits[0].error);
    let again = fit_all(&rows, &h200).unwrap();
    assert_eq!(fits, again);
}

#[test]
fn too_few_rows_are_no_fit() {
    let h200 = Catalog::default().hardware("h200").unwrap();
    let shape = KernelShape::Gemm { m: 1, k: 1024, n: 1024 };
    assert!(fit_all(&vec![row(shape, 5.0); 5], &h200).unwrap().is_empty());
}

fn attention_fit() -> impl Strategy<Value = AttentionFit> {
    let kernel = (0.5..60.0, 0.02..1.0, 0.02..1.0, 0.0..0.9);
    let tile = prop::sample::select(vec![8.0, 16.0, 64.0, 128.0]);
    let rest = (0.0..20.0, 5.0..120.0, 0.0..20.0, 0.0..4.0, 0.0..1.0, 0.0..60.0);
    (kernel, tile, rest).prop_map(|((a, b, c, d), tile_rows, (e, f, g, h, i, k))| AttentionFit {
        startup_us: a,
        memory_efficiency: b,
        compute_efficiency: c,
        ridge_rounding: d,
        tile_rows,
        cold_us: e,
        l2_mb: f,
        merge_us: g,
        merge_traffic: h,
        merge_us_per_piece: i,
        unit_ns: k,
        queue_processors: 0.0,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A published simulator's latency falls by 43 % from batch 8 to 9.
    #[test]
    fn attention_never_gets_faster_with_more_requests_or_context(
        fit in attention_fit(),
        mla in any::<bool>(),
        kv_heads in 1_u32..9,
        group in prop::sample::select(vec![1_u32, 4, 8, 16]),
        batch in 1_u32..600,
        context_tokens in 1_u64..200_000,
        more in 1_u32..300,
        longer in 1_u64..50_000,
    ) {
        let h200 = Catalog::default().hardware("h200").unwrap();
        let device = device(&h200, "bf16").unwrap();
        let kv_heads = if mla { 1 } else { kv_heads };
        let at = |batch, context_tokens| {
            let head_dim = if mla { 576 } else { 128 };
            let query_heads = kv_heads * group;
            let shape = KernelShape::Attention {
                mla, query_heads, kv_heads, head_dim, batch, context_tokens,
            };
            seconds(&Form::Attention(fit), &shape, "bf16", &device).unwrap()
        };
        let t = at(batch, context_tokens);
        prop_assert!(t.is_finite() && t > 0.0);
        prop_assert!(at(batch + more, context_tokens) >= t * (1.0 - 1e-12));
        prop_assert!(at(batch, context_tokens + longer) >= t * (1.0 - 1e-12));
    }

    #[test]
    fn products_never_get_faster_with_more_rows(
        startup_us in 0.5..60.0,
        memory_efficiency in 0.02..1.0,
        compute_efficiency in 0.02..1.0,
        ridge_rounding in 0.0..0.9,
        tile_rows in prop::sample::select(vec![1.0, 16.0, 64.0, 128.0]),
        us_per_1000_k in 0.0..6.0,
        wave_loss in 0.0..1.0,
        k in 64_u64..20_000,
        n in 64_u64..200_000,
        m in 1_u64..5_000,
        more in 1_u64..1_000,
        groups in 1_u32..200,
        even in any::<bool>(),
    ) {
        let h200 = Catalog::default().hardware("h200").unwrap();
        let device = device(&h200, "bf16").unwrap();
        let dense = Form::Gemm(GemmFit {
            startup_us, memory_efficiency, compute_efficiency, ridge_rounding, tile_rows,
            us_per_1000_k, wave_loss,
        });
        let grouped = Form::Grouped(GroupedFit {
            startup_us, memory_efficiency, compute_efficiency, ridge_rounding, tile_rows,
            tall_tile_rows: tile_rows * 4.0,
            us_per_1000_k,
            row_bytes: 0.0,
            token_bytes: 0.0,
            expert_ns: 0.0,
        });
        let skew = if even { Skew::Uniform } else { Skew::Multinomial };
        let of = |form: &Form, m: u64| {
            let shape = match form {
                Form::Gemm(_) => KernelShape::Gemm { m, k, n },
                _ => KernelShape::GroupedGemm { groups, rows_per_group: m as f64, skew, k, n },
            };
            seconds(form, &shape, "bf16", &device).unwrap()
        };
        for form in [dense, grouped] {
            let t = of(&form, m);
            prop_assert!(t.is_finite() && t > 0.0);
            prop_assert!(of(&form, m + more) >= t * (1.0 - 1e-12), "{form:?}");
        }
    }
}

#[test]
fn with_efficiencies_of_one_and_nothing_else_a_fit_is_the_roofline() {
    let h200 = Catalog::default().hardware("h200").unwrap();
    let device = device(&h200, "bf16").unwrap();
    let ideal = GemmFit {
        startup_us: 0.0,
        memory_efficiency: 1.0,
        compute_efficiency: 1.0,
        ridge_rounding: 0.0,
        tile_rows: 1.0,
        us_per_1000_k: 0.0,
        wave_loss: 0.0,
    };
    for m in [1_u64, 100, 5_000] {
        let (k, n) = (4096_u64, 8192_u64);
        let shape = KernelShape::Gemm { m, k, n };
        let t = seconds(&Form::Gemm(ideal), &shape, "bf16", &device).unwrap();
        let flops = 2.0 * (m * k * n) as f64 / device.peaks.flops_per_s;
        let bytes = 2.0 * (k * n + m * k + m * n) as f64 / device.peaks.bytes_per_s;
        assert!((t / flops.max(bytes) - 1.0).abs() < 1e-12);
    }
}
