//! Whole estimates at fidelity `calibrated`: laws over the full range of batches and contexts, and the
//! roofline that they turn into.
#![allow(clippy::unwrap_used, missing_docs)]

use afford::catalog::{Catalog, for_fidelity};
use afford::deploy::compile::{Compiled, Pools, compile};
use afford::deploy::estimate::{Estimate, Point};
use afford::deploy::legal::legal;
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::Options;
use afford::machine::calibration::attention::AttentionFit;
use afford::machine::calibration::gemm::{GemmFit, GroupedFit};
use afford::machine::calibration::link::LinkFit;
use afford::machine::calibration::{Fit, Form};
use afford::machine::fidelity::Fidelity;
use afford::machine::hardware::Hardware;
use afford::units::Seconds;
use afford::work::model::Model;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

const MODELS: [&str; 5] =
    ["step-3", "deepseek-v3", "qwen3-235b-a22b", "minimax-m1", "gpt-oss-120b"];
/// Measured, and assumed from what was measured of others.
const HARDWARE: [&str; 4] = ["h200", "h800", "h20", "a800"];
const DEPLOYMENTS: [&str; 8] = ["2A2F", "3A1F", "8A4F", "EP32", "EP128", "TP8", "TP2", "PP2xEP16"];

static LOADED: LazyLock<(Vec<Model>, Vec<Hardware>)> = LazyLock::new(|| {
    let catalog = Catalog::default();
    let hardware = |name| for_fidelity(catalog.hardware(name).unwrap(), Fidelity::Calibrated);
    (MODELS.map(|name| catalog.model(name).unwrap()).to_vec(), HARDWARE.map(hardware).to_vec())
});

fn compiled(
    model: &Model,
    hardware: [&Hardware; 2],
    deployment: &str,
    options: Options,
) -> Option<Compiled> {
    let deployment = parse(deployment, &Shape::default()).unwrap();
    legal(model, &deployment).ok()?;
    let pools = Pools { attention: hardware[0], ffn: hardware[1] };
    Some(compile(model, &deployment, pools, options).unwrap())
}

fn calibrated() -> Options {
    Options { fidelity: Fidelity::Calibrated, ..Options::default() }
}

/// From 1 to `most`, each power of two as likely.
fn any_size(most: f64) -> impl Strategy<Value = u64> {
    (0.0..most.log2()).prop_map(|power: f64| power.exp2() as u64)
}

fn is_finite(estimate: &Estimate) -> bool {
    let [a, d, f, r] = estimate.stages.times();
    let rates = [estimate.tokens_per_s_per_device, estimate.usd_per_mtok];
    let times = [a, d, f, r, estimate.cycle.seconds(), estimate.tpot.seconds()];
    let held = [&estimate.attention_memory, &estimate.ffn_memory].map(|l| l.total().bytes());
    rates.iter().all(|x| x.is_finite() && *x > 0.0)
        && times.iter().chain(&held).all(|x| x.is_finite() && *x >= 0.0)
        && estimate.step.seconds() > 0.0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_step_grows_with_batch_and_context_and_never_beats_its_bound(
        model in 0..MODELS.len(),
        sides in [0..HARDWARE.len(), 0..HARDWARE.len()],
        deployment in prop::sample::select(&DEPLOYMENTS[..]),
        micro_batches in 1_u32..6,
        batch in any_size(4e6),
        more in any_size(4e6),
        context in any_size(2e6),
        longer in any_size(2e6),
        drafts in any::<bool>(),
    ) {
        let (models, hardware) = &*LOADED;
        let query_tokens = if drafts { 2.0 } else { 1.0 };
        let options = Options { query_tokens, ..calibrated() };
        let sides = sides.map(|side| &hardware[side]);
        let compiled = compiled(&models[model], sides, deployment, options);
        prop_assume!(compiled.is_some());
        let compiled = compiled.unwrap();
        let point = |batch, context: u64| Point { batch, micro_batches, context: context as f64 };
        let at = |batch, context| compiled.estimate(point(batch, context));
        let one = at(batch, context);
        let (larger, longer) = (at(batch + more, context), at(batch, context + longer));
        for estimate in [&one, &larger, &longer] {
            prop_assert!(is_finite(estimate), "{estimate:?}");
        }
        let least = one.step.seconds() * (1.0 - 1e-12);
        prop_assert!(larger.step.seconds() >= least, "{one:?}\n{larger:?}");
        prop_assert!(longer.step.seconds() >= least, "{one:?}\n{longer:?}");
        prop_assert!(compiled.least_step(point(batch, context)) <= one.step);
    }
}

/// A plan works out the bound of an FFN side once for all attention hardware.
#[test]
fn what_an_ffn_side_does_at_most_does_not_depend_on_the_attention_side() {
    let (models, hardware) = &*LOADED;
    let promise = Seconds::from_ms(50.0);
    for (model, far) in models.iter().flat_map(|m| hardware.iter().map(move |far| (m, far))) {
        for deployment in ["1A1F", "4A1F", "1A4F"] {
            let of = |near| compiled(model, [near, far], deployment, calibrated()).unwrap();
            let most = of(far).ffn_ceiling(3, promise);
            for near in hardware {
                let compiled = of(near);
                assert_eq!(compiled.ffn_ceiling(3, promise), most);
                if let Some((_, best)) = compiled.largest_batch(3, 1_024.0, Some(promise)) {
                    let tokens = best.tokens_per_s_per_device * compiled.devices;
                    assert!(tokens <= most, "{} {deployment}: {tokens} > {most}", model.name);
                }
            }
        }
    }
}

/// A fit with every efficiency 1 and nothing else.
fn ideal(fit: &Fit) -> Fit {
    let form = match fit.form {
        Form::Attention(_) => Form::Attention(AttentionFit {
            startup_us: 0.0,
            memory_efficiency: 1.0,
            compute_efficiency: 1.0,
            ridge_rounding: 0.0,
            tile_rows: 16.0,
            cold_us: 0.0,
            l2_mb: 50.0,
            merge_us: 0.0,
            merge_traffic: 0.0,
            merge_us_per_piece: 0.0,
            unit_ns: 0.0,
            queue_processors: 0.0,
        }),
        Form::Gemm(_) => Form::Gemm(GemmFit {
            startup_us: 0.0,
            memory_efficiency: 1.0,
            compute_efficiency: 1.0,
            ridge_rounding: 0.0,
            tile_rows: 1.0,
            us_per_1000_k: 0.0,
            wave_loss: 0.0,
        }),
        Form::Grouped(_) => Form::Grouped(GroupedFit {
            startup_us: 0.0,
            memory_efficiency: 1.0,
            compute_efficiency: 1.0,
            ridge_rounding: 0.0,
            tile_rows: 1.0,
            tall_tile_rows: 1.0,
            us_per_1000_k: 0.0,
            row_bytes: 0.0,
            token_bytes: 0.0,
            expert_ns: 0.0,
        }),
        Form::Link(_) => {
            Form::Link(LinkFit { startup_us: 0.0, us_per_rank: 0.0, efficiency: 1.0, ramp_us: 0.0 })
        }
    };
    Fit { form, ..fit.clone() }
}

/// Without what engines do however good their kernels are: products of the same rows read them once,
/// some kernels only move rows, and halves of a transfer overlap.
fn without_engine(mut compiled: Compiled) -> Compiled {
    for kind in &mut compiled.attention {
        kind.small = Default::default();
        kind.gemms.iter_mut().for_each(|timed| timed.gemm.bytes_per_row = 0.0);
    }
    for kind in &mut compiled.ffn {
        kind.small = Default::default();
        let gemms = kind.gemms.iter_mut().chain(&mut kind.near_gemms);
        gemms.for_each(|timed| timed.gemm.bytes_per_row = 0.0);
        (kind.dispatch.unhidden, kind.combine.unhidden) = (1.0, 1.0);
    }
    compiled
}

#[test]
fn with_efficiencies_of_one_and_nothing_else_an_estimate_is_the_roofline() {
    let (models, hardware) = &*LOADED;
    // Heads of these fill tiles of rows, as long as no devices share them.
    for model in &models[..3] {
        for measured in hardware {
            let mut ideal_chip = measured.clone();
            ideal_chip.calibration.fits =
                Arc::new(measured.calibration.fits.iter().map(ideal).collect());
            for deployment in ["2A2F", "3A1F", "EP32"] {
                let of = |chip: &Hardware, options| {
                    compiled(model, [chip; 2], deployment, options).map(without_engine)
                };
                let roofline = of(measured, Options::default()).unwrap();
                let fitted = of(&ideal_chip, calibrated()).unwrap();
                let real = of(measured, calibrated()).unwrap();
                for (batch, context) in [(1, 1.0), (300, 4e3), (6_144, 8_192.0), (1 << 20, 1e5)] {
                    let point = Point { batch, micro_batches: 3, context };
                    let step = |of: &Compiled| of.estimate(point).step.seconds();
                    let off = step(&fitted) / step(&roofline) - 1.0;
                    let place = format!("{} {} {deployment} {point:?}", model.name, measured.name);
                    assert!(off.abs() < 1e-9, "{place}: {off}");
                    assert!(step(&real) > step(&roofline), "{place}");
                }
            }
        }
    }
}
