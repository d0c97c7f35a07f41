//! Uncertainty and sensitivity: the same bytes from one seed, percentiles and probabilities against
//! closed forms, and elasticities that must add up.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::report::loaded::Loaded;
use afford::report::sensitivity_table::{Tornado, tornadoes};
use afford::report::uncertainty_table::{Uncertainty, uncertainty};
use afford::spec::Diagnostic;
use afford::sweep::vary::{Input, Knob};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};
use std::process::Command;

fn load(rest: &str) -> Result<Loaded, Diagnostic> {
    let text = format!(
        "name: any\nmodels: [{{name: step-3}}]\nhardware: [{{name: h800}}, {{name: h20}}]\n\
         contexts_tokens: 8Ki\nfidelity: roofline\n\
         promise: {{tpot_ms: 50, stages: 3, wire: {{dispatch_bytes_per_element: 1, combine_bytes_per_element: 2}}}}\n\
         {rest}"
    );
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Loaded::load(&Catalog::default(), file.path().to_str().unwrap())
}

const TWO: &str = "deployments:\n  \
    - {model: step-3, deployment: EP32, hardware: h800, batch: 2048}\n  \
    - {model: step-3, deployment: EP32, hardware: h20, batch: 1024}\n";

fn under(inputs: &str, samples: u64) -> Uncertainty {
    let loaded = load(&format!("{TWO}uncertainty: {{inputs: [{inputs}]}}\n")).unwrap();
    uncertainty(&loaded, Some(samples), None).unwrap()
}

const SIGMA: f64 = 0.3;

/// $ is linear in the price, so it is lognormal too.
#[test]
fn a_lognormal_price_gives_lognormal_costs() {
    const SAMPLES: u64 = 1500;
    let found =
        under("{input: price, distribution: {lognormal: {median: 1.25, sigma: 0.3}}}", SAMPLES);
    let normal = Normal::new(0.0, 1.0).unwrap();
    for (named, spread) in found.settings.iter().zip(&found.spreads) {
        let median = named.row.estimate.usd_per_mtok * 1.25;
        for (p, value) in [0.1, 0.5, 0.9].into_iter().zip(spread.usd_per_mtok) {
            let z = normal.inverse_cdf(p);
            let expected = median * (SIGMA * z).exp();
            // Deviation of a sample quantile of the logarithm.
            let deviation = SIGMA * (p * (1.0 - p) / SAMPLES as f64).sqrt() / normal.pdf(z);
            let off = (value.unwrap() / expected).ln();
            assert!(off.abs() < 4.0 * deviation, "P{p}: {off} of {deviation}");
        }
        let (low, high) = spread.usd_p50_interval.unwrap();
        assert!(low < spread.usd_per_mtok[1].unwrap() && spread.usd_per_mtok[1].unwrap() < high);
        // 2 x 1.96 x sqrt(pi / 2) deviations wide, on average.
        let width = (high / low).ln() * (SAMPLES as f64).sqrt() / SIGMA;
        assert!((3.0..8.0).contains(&width), "{width}");
        // The price moves no time.
        let tpot = named.row.estimate.tpot.seconds();
        assert_eq!(spread.tpot_s, [Some(tpot); 3]);
        assert_eq!((spread.feasible, spread.keeps_promise), (1.0, Some(1.0)));
    }
}

/// With independent lognormal prices A is cheaper than B with probability
/// Phi(ln(b / a) / sqrt(sigma_a^2 + sigma_b^2)); with a common one always or never.
#[test]
fn who_is_cheapest_is_as_likely_as_it_should_be() {
    const SAMPLES: u64 = 1500;
    let own = |hardware: &str| {
        format!(
            "{{input: price, hardware: {hardware}, distribution: {{lognormal: {{median: 1, sigma: {SIGMA}}}}}}}"
        )
    };
    let found = under(&[own("h800"), own("h20")].join(", "), SAMPLES);
    let usd = |at: usize| found.settings[at].row.estimate.usd_per_mtok;
    let normal = Normal::new(0.0, 1.0).unwrap();
    let expected = normal.cdf((usd(1) / usd(0)).ln() / (SIGMA * 2.0_f64.sqrt()));
    let deviation = (expected * (1.0 - expected) / SAMPLES as f64).sqrt();
    assert!(expected > 0.02 && expected < 0.98, "{expected}");
    let share = found.spreads[0].cheapest;
    assert!((share - expected).abs() < 4.0 * deviation, "{share} is not {expected}");
    assert!((share + found.spreads[1].cheapest - 1.0).abs() < 1e-12);

    let both = "{input: price, distribution: {lognormal: {median: 1, sigma: 0.3}}}";
    let found = under(both, 200);
    let shares: Vec<f64> = found.spreads.iter().map(|spread| spread.cheapest).collect();
    assert!(shares == [1.0, 0.0] || shares == [0.0, 1.0], "{shares:?}");
}

/// The promise is kept where all rates stay above the share that just keeps it.
#[test]
fn the_promise_is_kept_as_often_as_it_should_be() {
    const SAMPLES: u64 = 1500;
    let all = |input: &str| {
        format!("{{input: {input}, distribution: {{uniform: {{low: 0.2, high: 1}}}}}}")
    };
    let found = under(&all("memory_bandwidth"), SAMPLES);
    let loaded = load(TWO).unwrap();
    for (tornado, spread) in tornadoes(&loaded, 0.1).unwrap().iter().zip(&found.spreads) {
        let mine = tornado.inputs.iter().find(|i| i.knob.input == Input::MemoryBandwidth).unwrap();
        let threshold = mine.keeps_promise_at.unwrap().max(0.2);
        let expected = (1.0 - threshold) / 0.8;
        let deviation = (expected * (1.0 - expected) / SAMPLES as f64).sqrt();
        let share = spread.keeps_promise.unwrap();
        assert!((share - expected).abs() <= 4.0 * deviation + 1e-9, "{share} is not {expected}");
        assert!(expected < 1.0);
    }
}

/// Where the context outgrows the memory nothing is cheap: a share of the samples has no $.
#[test]
fn what_does_not_fit_is_counted_and_never_a_number() {
    let found = under("{input: context, distribution: {uniform: {low: 1, high: 4}}}", 500);
    let spread = &found.spreads[0];
    assert!(spread.feasible > 0.05 && spread.feasible < 0.85, "{}", spread.feasible);
    assert_eq!(spread.usd_per_mtok[2], None);
    assert!(spread.keeps_promise.unwrap() <= spread.feasible);
}

/// Rates spread as the measurements that a calibration was not fitted to miss it.
#[test]
fn residuals_of_a_calibration_are_a_distribution() {
    let folder = tempfile::tempdir().unwrap();
    let chip = folder.path().join("chip.yaml");
    let text = "name: chip\nextends: h800\nsources: {m: measured}\ncalibration:\n  \
                - family: all_reduce\n    dtype: bf16\n    backend: nccl\n    source: m\n    \
                constants: {link: {startup_us: 5, us_per_rank: 1, efficiency: 0.8, ramp_us: 1}}\n    \
                error: {rows: 50, mape_percent: 4, held_out_rows: 10, held_out_mape_percent: 8, held_out_bias_percent: -5}\n";
    std::fs::write(&chip, text).unwrap();
    let loaded = load(&format!(
        "{TWO}uncertainty: {{inputs: [{{input: network, distribution: {{residuals: all_reduce}}}}]}}\n"
    ))
    .unwrap();
    let spec = &loaded.scenario.uncertainty.as_ref().unwrap().inputs[0];
    let calibrated = Catalog::default().hardware(chip.to_str().unwrap()).unwrap();
    let distribution = spec.distribution(&[&calibrated]).unwrap();
    assert!((distribution.quantile(0.5) - 0.95).abs() < 1e-12);
    // The mean distance from the median, as a share: what the calibration says it is.
    const STEPS: u32 = 2000;
    let off = |i: u32| {
        let value = distribution.quantile((f64::from(i) + 0.5) / f64::from(STEPS));
        (value / 0.95).ln().abs()
    };
    let mean = (0..STEPS).map(off).sum::<f64>() / f64::from(STEPS);
    assert!((mean - 0.08).abs() < 1e-3, "{mean}");
    let complaint = spec.distribution(&[]).unwrap_err();
    assert!(complaint.message.contains("no hardware here has a calibration of `all_reduce`"));
    assert!(complaint.origin.is_some());
}

fn elasticities(tornado: &Tornado, inputs: &[Input], of_tpot: bool) -> f64 {
    let mine = tornado.inputs.iter().filter(|i| inputs.contains(&i.knob.input));
    mine.map(|i| if of_tpot { i.tpot_elasticity } else { i.elasticity }).sum()
}

/// Twice all prices is twice the cost, and twice all rates is half the time: the elasticities of
/// each kind sum to 1 and to -1.
#[test]
fn elasticities_add_up() {
    let more = "  - {model: step-3, deployment: 3A1F, attention_hardware: h20, ffn_hardware: h800, batch: 3072}\n  \
                - {model: step-3, deployment: 2A2F, hardware: h800, batch: 700}\n";
    let loaded = load(&format!("{TWO}{more}")).unwrap();
    let all = tornadoes(&loaded, 0.1).unwrap();
    assert_eq!(all.len(), 4);
    for tornado in &all {
        let prices = elasticities(tornado, &[Input::Price], false);
        assert!((prices - 1.0).abs() < 1e-4, "{}: {prices}", tornado.named.name());
        let rates = [Input::Compute, Input::MemoryBandwidth, Input::Network, Input::ScaleUp];
        let rates = elasticities(tornado, &rates, true);
        // Kernels near their ridge point change sides within the difference.
        assert!((rates + 1.0).abs() < 0.02, "{}: {rates}", tornado.named.name());
        let swings: Vec<f64> = tornado.inputs.iter().map(|input| input.swing()).collect();
        assert!(swings.is_sorted_by(|a, b| a >= b), "{swings:?}");
    }
}

/// At the break-even value both cost the same, and at the promise's value the time is the promise.
#[test]
fn break_even_values_do_break_even() {
    let loaded = load(TWO).unwrap();
    let all = tornadoes(&loaded, 0.1).unwrap();
    let (mut even, mut kept) = (0, 0);
    for (at, tornado) in all.iter().enumerate() {
        let rival = &all[1 - at].named.setting;
        for input in &tornado.inputs {
            let knob: &Knob = &input.knob;
            let usd = |setting: &afford::sweep::vary::Setting, value: f64| {
                setting.clone().with(knob, value).estimate().unwrap()
            };
            // The batch moves in whole requests, and what it gives in steps.
            if let Some(value) = input.break_even.filter(|_| knob.input != Input::Batch) {
                let mine = usd(&tornado.named.setting, value).usd_per_mtok;
                let other = usd(rival, value).usd_per_mtok;
                assert!((mine / other - 1.0).abs() < 1e-9, "{}: {mine} {other}", knob.name());
                even += 1;
            }
            if let Some(value) = input.keeps_promise_at.filter(|_| knob.input != Input::Batch) {
                let tpot = usd(&tornado.named.setting, value).tpot.ms();
                assert!((tpot / 50.0 - 1.0).abs() < 1e-9, "{}: {tpot}", knob.name());
                kept += 1;
            }
        }
    }
    assert!(even >= 4 && kept >= 4, "{even} {kept}");
}

fn afford(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_afford")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn one_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["uncertainty", "sensitivity"] {
        let run = |threads: &str| {
            let plot = folder.path().join(format!("{threads}.svg"));
            let args =
                [command, "step3_uncertain", "--threads", threads, "--format", "csv", "--plot"];
            let table = afford(&[&args[..], &[plot.to_str().unwrap()]].concat());
            (table, std::fs::read(plot).unwrap())
        };
        let one = run("1");
        assert!(one == run("2") && one == run("7"), "{command}");
    }
    let seed = |seed: &str| {
        afford(&[
            "uncertainty",
            "step3_uncertain",
            "--samples",
            "50",
            "--seed",
            seed,
            "--format",
            "csv",
        ])
    };
    assert_eq!(seed("5"), seed("5"));
    assert_ne!(seed("5"), seed("6"));
}

#[test]
fn every_form_is_written() {
    for command in ["uncertainty", "sensitivity"] {
        for format in ["table", "json", "markdown"] {
            let shown =
                String::from_utf8(afford(&[command, "step3_uncertain", "--format", format]))
                    .unwrap();
            assert!(
                shown.contains("EP32") && !shown.contains("NaN") && !shown.contains("inf"),
                "{shown}"
            );
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (rest, expected) in [
        ("", "has no `uncertainty`"),
        (
            "uncertainty: {inputs: [{input: prize, distribution: {uniform: {low: 1, high: 2}}}]}\n",
            "prize",
        ),
        (
            "uncertainty: {inputs: [{input: price, distribution: {uniform: {low: 2, high: 1}}}]}\n",
            "not in order",
        ),
        (
            "uncertainty: {inputs: [{input: price, distribution: {triangular: {low: 1, mode: 3, high: 2}}}]}\n",
            "not in order",
        ),
        (
            "uncertainty: {inputs: [{input: price, distribution: {lognormal: {median: 1, sigma: 30}}}]}\n",
            "no uncertainty but ignorance",
        ),
        (
            "uncertainty: {inputs: [{input: price, hardware: h900, distribution: {uniform: {low: 1, high: 2}}}]}\n",
            "no hardware `h900`",
        ),
        (
            "uncertainty: {inputs: [{input: context, hardware: h20, distribution: {uniform: {low: 1, high: 2}}}]}\n",
            "is of no hardware",
        ),
        (
            "uncertainty: {inputs: [{input: accepted_tokens, distribution: {uniform: {low: 1, high: 2}}}]}\n",
            "varies in none",
        ),
    ] {
        let found =
            load(&format!("{TWO}{rest}")).and_then(|loaded| uncertainty(&loaded, Some(10), None));
        let complaint = found.unwrap_err();
        assert!(complaint.message.contains(expected), "{complaint}");
        assert!(complaint.origin.is_some(), "{complaint}");
    }
    let none = load("").and_then(|loaded| tornadoes(&loaded, 0.1)).unwrap_err();
    assert!(none.message.contains("no deployments to vary"), "{none}");
}
