//! The ledger: its lines sum to the bill in every deployment, none is negative, and each part
//! moves with what it stands for.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::cost::ledger::{Line, Part, Pool};
use afford::deploy::compile::{Compiled, Pools, compile};
use afford::deploy::deployment::Deployment;
use afford::deploy::estimate::{Estimate, Point};
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::Options;
use proptest::prelude::*;
use std::process::Command;

struct Case {
    compiled: Compiled,
    estimate: Estimate,
    lines: Vec<Line>,
}

fn case(model: &str, name: &str, hardware: [&str; 2], options: Options, point: Point) -> Case {
    let catalog = Catalog::default();
    let shape = Shape { instance_devices: 8, attention_tp: None, expert_tp: None };
    let deployment: Deployment = parse(name, &shape).unwrap();
    let [attention, ffn] = hardware.map(|name| catalog.hardware(name).unwrap());
    let pools = Pools { attention: &attention, ffn: &ffn };
    let model = catalog.model(model).unwrap();
    let compiled = compile(&model, &deployment, pools, options).unwrap();
    let estimate = compiled.estimate(point);
    let lines = compiled.ledger(&deployment, pools, point, &estimate).unwrap();
    Case { compiled, estimate, lines }
}

impl Case {
    fn usd(&self, of: impl Fn(&Line) -> bool) -> f64 {
        self.lines.iter().filter(|line| of(line)).map(|line| line.usd_per_mtok).sum()
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

const DEPLOYMENTS: [(&str, [&str; 2]); 7] = [
    ("2A2F", ["h800", "h800"]),
    ("3A1F", ["h20", "h800"]),
    ("EP32", ["h800", "h800"]),
    ("TP8", ["h20", "h20"]),
    ("TP2xEP4", ["h800", "h800"]),
    ("PP2xTP8", ["h20", "h20"]),
    ("1", ["h800", "h800"]),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn lines_sum_to_the_bill_and_none_is_negative(
        deployment in 0..DEPLOYMENTS.len(),
        model in prop::sample::select(vec!["step-3", "deepseek-v3", "qwen3-235b-a22b", "minimax-m1"]),
        batch in 64..20_000_u64,
        micro_batches in 1..5_u32,
        context in 128.0..200_000.0,
        network_efficiency in 0.05..1.0,
        tile_rows in prop::sample::select(vec![1.0, 64.0]),
        drafted in 0..3_u32,
        fixed_s in prop::sample::select(vec![0.0, 2e-3]),
        half_duplex: bool,
    ) {
        let (name, hardware) = DEPLOYMENTS[deployment];
        let query_tokens = 1.0 + f64::from(drafted);
        let options = Options {
            network_efficiency, tile_rows, query_tokens, fixed_s, half_duplex,
            accepted_tokens: 1.0 + 0.7 * f64::from(drafted),
            ..Options::default()
        };
        let point = Point { batch, micro_batches, context };
        let found = case(model, name, hardware, options, point);
        let (sum, bill) = (found.usd(|_| true), found.estimate.usd_per_mtok);
        prop_assert!(close(sum, bill), "{sum} is not {bill}");
        prop_assert!(found.lines.iter().all(|l| l.usd_per_mtok >= 0.0 && l.usd_per_mtok.is_finite()));
        for pool in [Pool::All, Pool::Attention, Pool::Ffn] {
            let time: f64 = found.lines.iter().filter(|l| l.pool == pool).map(|l| l.time.seconds()).sum();
            prop_assert!(time == 0.0 || close(time, found.estimate.step.seconds()), "{pool:?}: {time}");
        }
    }
}

/// One micro-batch passes every stage in turn: nothing overlaps, so what a pool does not do itself
/// it waits for, and the network's part is its own time.
#[test]
fn one_micro_batch_by_hand() {
    let point = Point { batch: 1024, micro_batches: 1, context: 4096.0 };
    let found = case("step-3", "2A2F", ["h20", "h800"], Options::default(), point);
    let stages = found.estimate.stages;
    let layers: u32 = found.compiled.layers.iter().map(|kind| kind.layers).sum();
    let of = |pool, part| {
        let line = found.lines.iter().find(|l| l.pool == pool && l.part == part);
        line.map_or(0.0, |l| l.time.seconds())
    };
    let all = |of_stage: f64| of_stage * f64::from(layers);
    // Rows are gathered for the LM head too.
    let pieces = found.compiled.breakdown(point);
    let gather: f64 = pieces.iter().filter(|p| p.name == "lm_head rows").map(|p| p.time_s).sum();
    assert!(gather > 0.0);
    let network = all(stages.dispatch + stages.combine) + gather;
    let head = of(Pool::Attention, Part::LmHead);
    for pool in [Pool::Attention, Pool::Ffn] {
        assert!(close(of(pool, Part::NetworkExposed), network));
    }
    assert!(close(of(Pool::Attention, Part::Idle), all(stages.ffn)));
    assert!(close(of(Pool::Ffn, Part::Idle), all(stages.attention) + head));
    let core_and_linear = of(Pool::Attention, Part::AttentionCore)
        + of(Pool::Attention, Part::AttentionLinear)
        + of(Pool::Attention, Part::Router);
    assert!(close(core_and_linear, all(stages.attention)));
}

#[test]
fn parts_move_with_what_they_stand_for() {
    let point = Point { batch: 4096, micro_batches: 3, context: 8192.0 };
    let with = |options, point| case("deepseek-v3", "2A2F", ["h800"; 2], options, point);
    let part = |case: &Case, part| case.usd(|line| line.part == part);
    let base = with(Options::default(), point);
    let slow = with(Options { network_efficiency: 0.25, ..Options::default() }, point);
    assert!(part(&slow, Part::NetworkExposed) > part(&base, Part::NetworkExposed));
    assert!(close(part(&slow, Part::AttentionCore), part(&base, Part::AttentionCore)));
    let fast = with(
        Options { network_efficiency: 1e6, scale_up_efficiency: 1e6, ..Options::default() },
        point,
    );
    assert!(part(&fast, Part::NetworkExposed) < 1e-4 * fast.estimate.usd_per_mtok);
    let longer = with(Options::default(), Point { context: 16384.0, ..point });
    assert!(close(part(&longer, Part::AttentionCore), 2.0 * part(&base, Part::AttentionCore)));
    let fixed = with(Options { fixed_s: 1e-3, ..Options::default() }, point);
    assert!(part(&fixed, Part::Fixed) > 0.0 && part(&base, Part::Fixed) == 0.0);
    for kind in [Part::FfnRouted, Part::FfnShared, Part::FfnDense] {
        assert!(base.usd(|l| l.pool == Pool::Ffn && l.part == kind) > 0.0, "{kind:?}");
        assert_eq!(base.usd(|l| l.pool == Pool::Attention && l.part == kind), 0.0);
    }
}

#[test]
fn the_command_line_s_ledger_sums_to_its_estimate() {
    let run = |more: &[&str]| -> serde_json::Value {
        let base = ["estimate", "--model", "step-3", "--hardware", "h800", "--deployment"];
        let rest = ["2A2F,EP32", "--context", "8Ki", "--batch", "2048", "--format", "json"];
        let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
        let output = program.args(base).args(rest).args(more).output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (estimates, lines) = (run(&[]), run(&["--ledger"]));
    for estimate in estimates.as_array().unwrap() {
        let mine = lines.as_array().unwrap().iter();
        let mine = mine.filter(|line| line["deployment"] == estimate["deployment"]);
        let sum: f64 = mine.map(|line| line["usd_per_mtok"].as_f64().unwrap()).sum();
        assert!(close(sum, estimate["usd_per_mtok"].as_f64().unwrap()));
    }
}
