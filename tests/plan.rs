//! Plans: the same optimum as exhaustive enumeration, the same answer on any number of threads,
//! never dearer under a looser promise.
#![allow(clippy::unwrap_used)]

use afford::catalog::{Catalog, for_fidelity};
use afford::deploy::compile::{Compiled, Pools, compile};
use afford::deploy::deployment::{Afd, Colocated, Deployment, Dispatch, Side};
use afford::deploy::estimate::Point;
use afford::deploy::options::Options;
use afford::machine::fidelity::Fidelity;
use afford::sweep::leaders::Found;
use afford::sweep::plan::{Answer, Kinds, Objective, Plan};
use afford::sweep::shapes::{Choices, Limits};
use afford::units::Seconds;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::process::{Command, Output};

fn plan(model: &str, hardware: &[&str], contexts: &[u64], promise_ms: f64) -> Plan {
    let catalog = Catalog::default();
    let hardware: Vec<_> = hardware.iter().map(|name| catalog.hardware(name).unwrap()).collect();
    Plan {
        models: vec![catalog.model(model).unwrap()],
        contexts: contexts.to_vec(),
        attention_hardware: hardware.clone(),
        ffn_hardware: hardware.clone(),
        colocated_hardware: hardware,
        promise: Seconds::from_ms(promise_ms),
        limits: Limits::of_nodes(3),
        choices: Choices::all(4),
        options: Options::default(),
        objective: Objective::Usd,
        kinds: Kinds { afd: true, colocated: true },
        top: 3,
    }
}

fn only(plan: &Plan) -> Answer {
    let mut answers = plan.search().unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// Every AFD shape of at most three instances of four devices, by loops of its own.
fn every_afd() -> Vec<Deployment> {
    let mut all = Vec::new();
    for (x, y) in [(1, 1), (1, 2), (2, 1)] {
        for attention_tp in [1, 2, 4] {
            for expert_tp in [1, 2, 4] {
                for dispatch in [Dispatch::Broadcast, Dispatch::Routed] {
                    all.push(Deployment::Afd(Afd {
                        attention_instances: x,
                        ffn_instances: y,
                        attention_instance_devices: 4,
                        ffn_instance_devices: 4,
                        attention_tp,
                        expert_tp,
                        dispatch,
                        shared_experts_on: Side::Ffn,
                        dense_layers_on: Side::Ffn,
                        lm_head_on: Side::Attention,
                        redundant_experts: 0,
                    }));
                }
            }
        }
    }
    all
}

/// Every colocated shape of at most twelve devices.
fn every_colocated() -> Vec<Deployment> {
    let mut all = Vec::new();
    for devices in [1, 2, 4, 8, 12] {
        for pipeline_stages in [1, 2, 4, 8] {
            for attention_tp in [1, 2, 4] {
                for expert_tp in [1, 2, 4] {
                    all.push(Deployment::Colocated(Colocated {
                        devices,
                        attention_tp,
                        expert_tp,
                        pipeline_stages,
                        redundant_experts: 0,
                    }));
                }
            }
        }
    }
    all.retain(|shape| shape.check().is_ok());
    all
}

const fn micro_batches(shape: &Deployment) -> [u32; 5] {
    match shape {
        Deployment::Afd(_) => [2, 3, 4, 5, 6],
        Deployment::Colocated(c) => [1, 2, c.pipeline_stages, 1, 1],
    }
}

/// Every batch that a compiled shape could hold, or the multiples of its ranks only.
fn feasible(
    plan: &Plan,
    compiled: &Compiled,
    shape: &Deployment,
    any_batch: bool,
) -> Vec<(Point, f64, f64, u32)> {
    let context = plan.contexts[0] as f64;
    let mut all = Vec::new();
    for micro_batches in micro_batches(shape) {
        let ranks = u64::from(micro_batches) * compiled.attention_ranks as u64;
        for batch in (1..).map(|n| if any_batch { n } else { n * ranks }) {
            let point = Point { batch, micro_batches, context };
            let estimate = compiled.estimate(point);
            let full = compiled.refuses(Point { batch: batch.max(ranks), ..point }).is_some();
            if full || batch > 100_000 {
                break;
            }
            if estimate.infeasible.is_none() && estimate.tpot <= plan.promise {
                let cost = match plan.objective {
                    Objective::TokensPerSecondPerDevice => 1.0 / estimate.tokens_per_s_per_device,
                    _ => estimate.usd_per_mtok,
                };
                let first = if plan.objective == Objective::Devices { shape.devices() } else { 0 };
                all.push((point, cost, estimate.usd_per_mtok, first));
            }
        }
    }
    all
}

/// The best of every name and hardware, best first, by asking everything.
fn exhaustively(plan: &Plan, shapes: &[Deployment], any_batch: bool) -> (Vec<(u32, f64)>, usize) {
    let mut best: BTreeMap<String, (u32, f64)> = BTreeMap::new();
    let mut infeasible = 0;
    for shape in shapes {
        for attention in &plan.attention_hardware {
            for ffn in &plan.ffn_hardware {
                let colocated = matches!(shape, Deployment::Colocated(_));
                if colocated && attention.name != ffn.name {
                    continue;
                }
                let pools = Pools { attention, ffn };
                let compiled = compile(&plan.models[0], shape, pools, plan.options).unwrap();
                let all = feasible(plan, &compiled, shape, any_batch);
                infeasible += usize::from(all.is_empty());
                let devices = shape.devices();
                let name = format!("{devices} {} {} {}", shape.name(), attention.name, ffn.name);
                for (_, cost, _, first) in all {
                    let known = best.entry(name.clone()).or_insert((first, cost));
                    if (first, cost) < *known {
                        *known = (first, cost);
                    }
                }
            }
        }
    }
    let mut best: Vec<_> = best.into_values().collect();
    best.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.truncate(plan.top);
    (best, infeasible)
}

fn check(plan: &Plan, any_batch: bool) {
    let answer = only(plan);
    let mut missed = 0;
    for (found, shapes) in [(&answer.afd, every_afd()), (&answer.colocated, every_colocated())] {
        let (expected, infeasible) = exhaustively(plan, &shapes, any_batch);
        missed += infeasible;
        assert_eq!(found.len(), expected.len(), "{found:#?}\n{expected:?}");
        for (found, (_, cost)) in found.iter().zip(expected) {
            let mine = match plan.objective {
                Objective::TokensPerSecondPerDevice => 1.0 / found.estimate.tokens_per_s_per_device,
                _ => found.estimate.usd_per_mtok,
            };
            assert!((mine / cost - 1.0).abs() < 1e-8, "{mine}, not {cost}: {found:#?}");
        }
    }
    let counted: u64 = answer.misses.iter().map(|(count, _)| count).sum();
    assert_eq!(counted, missed as u64, "{:#?}", answer.misses);
}

#[test]
fn the_optimum_is_that_of_exhaustive_enumeration() {
    for model in ["step-3", "qwen3-235b-a22b"] {
        for promise_ms in [12.0, 50.0] {
            check(&plan(model, &["h200", "h20"], &[32_768], promise_ms), false);
        }
    }
}

#[test]
fn every_objective_is_searched_exhaustively() {
    for objective in [Objective::TokensPerSecondPerDevice, Objective::Devices] {
        let plan = plan("step-3", &["h200", "h20"], &[65_536], 40.0);
        check(&Plan { objective, ..plan }, false);
    }
}

#[test]
fn no_batch_between_whole_requests_per_rank_is_better() {
    let plan = plan("step-3", &["h200"], &[131_072], 60.0);
    check(&plan, true);
}

#[test]
fn padded_tiles_stragglers_and_drafts_are_searched_exhaustively() {
    let tiles = Options { tile_rows: 16.0, ..Options::default() };
    let spread = Options { context_spread: 0.7, ..Options::default() };
    let drafts = Options { query_tokens: 2.0, accepted_tokens: 1.6, ..Options::default() };
    for options in [tiles, spread, drafts] {
        let plan = plan("step-3", &["h200"], &[65_536], 60.0);
        check(&Plan { options, ..plan }, false);
    }
}

#[test]
fn calibrated_plans_are_searched_exhaustively() {
    let fidelity = Fidelity::Calibrated;
    for hardware in [["h200", "h20"], ["a800", "h200"]] {
        let mut plan = plan("step-3", &hardware, &[65_536], 60.0);
        plan.options.fidelity = fidelity;
        let sides = [&mut plan.attention_hardware, &mut plan.ffn_hardware];
        for side in sides.into_iter().chain([&mut plan.colocated_hardware]) {
            *side = side.drain(..).map(|chip| for_fidelity(chip, fidelity)).collect();
        }
        check(&plan, false);
    }
}

#[test]
fn shared_links_are_searched_exhaustively() {
    let options = Options { half_duplex: true, network_latency_s: 2e-5, ..Options::default() };
    let plan = plan("step-3", &["h200"], &[65_536], 40.0);
    check(&Plan { options, ..plan }, false);
}

/// Everything of a found deployment that must hold whatever the promise.
fn check_found(found: &Found, promise: Seconds) {
    let estimate = &found.estimate;
    assert!(estimate.infeasible.is_none() && estimate.tpot <= promise);
    let tokens = estimate.tokens_per_s_per_device * f64::from(found.deployment.devices());
    let expected = found.point.batch as f64 / estimate.step.seconds();
    assert!((tokens / expected - 1.0).abs() < 1e-9);
    let ledger = &estimate.attention_memory;
    assert_eq!(ledger.total(), ledger.weights + ledger.kv + ledger.activations);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_looser_promise_never_costs_more(
        tight_ms in 5.0..120.0_f64,
        factor in 1.0..3.0_f64,
        context in 1_024_u64..100_000,
    ) {
        let at = |ms: f64| {
            let plan = plan("step-3", &["h800", "h20"], &[context], ms);
            let answer = only(&Plan { limits: Limits::of_nodes(6), choices: Choices::all(8), ..plan });
            for found in answer.afd.iter().chain(&answer.colocated) {
                check_found(found, Seconds::from_ms(ms));
            }
            [answer.afd, answer.colocated].map(|all| all.first().map(|best| best.cost))
        };
        for (tight, loose) in at(tight_ms).into_iter().zip(at(tight_ms * factor)) {
            if let Some(tight) = tight {
                prop_assert!(loose.unwrap() <= tight * (1.0 + 1e-12));
            }
        }
    }
}

#[test]
fn a_family_scales_as_its_members_compile() {
    let mut plan = plan("deepseek-v3", &["h800", "h20"], &[8_192], 50.0);
    plan.options.context_spread = 0.5;
    let pools = Pools { attention: &plan.attention_hardware[1], ffn: &plan.ffn_hardware[0] };
    let one = Afd { attention_tp: 2, ..Afd::step3(1, 3) };
    let [near, far] = [pools.attention, pools.ffn].map(|hw| hw.price().unwrap().rate);
    let of = |afd| compile(&plan.models[0], &Deployment::Afd(afd), pools, plan.options).unwrap();
    let mut scaled = of(one);
    for attention_instances in [7, 2] {
        let afd = Afd { attention_instances, ..one };
        scaled.set_attention_instances(&afd, near, far);
        assert_eq!(scaled, of(afd));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_plan() {
    let plan = plan("deepseek-v3", &["h800", "h20", "h200"], &[8_192, 65_536], 40.0);
    let plan = Plan { limits: Limits::of_nodes(10), choices: Choices::all(8), ..plan };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| format!("{:?}", plan.search().unwrap()))
    };
    let one = on(1);
    assert!(one == on(2) && one == on(7));
}

fn afford(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
    program.current_dir(std::env::temp_dir()).arg("plan").args(arguments).output().unwrap()
}

const SMALL: [&str; 6] = ["--max-nodes", "4", "--context", "8Ki", "--model", "step-3"];

fn small(arguments: &[&str]) -> (i32, String, String) {
    let output = afford(&[&SMALL, arguments].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_plan_ranks_both_kinds() {
    let arguments = ["-H", "h800,h20", "--tpot-ms", "50", "--top", "2", "--format", "json"];
    let (status, stdout, stderr) = small(&arguments);
    assert_eq!((status, stderr.as_str()), (0, ""));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout).unwrap();
    let kinds = |kind| rows.iter().filter(|row| row["kind"] == kind).count();
    assert_eq!((kinds("afd"), kinds("colocated")), (2, 2));
    let usd: Vec<f64> = rows.iter().map(|row| row["usd_per_mtok"].as_f64().unwrap()).collect();
    assert!(usd.is_sorted_by(|a, b| *a <= b * (1.0 + 1e-8)), "{usd:?}");
    assert!(rows.iter().all(|row| row["feasible"] == true && row["rank"].is_u64()));
}

#[test]
fn what_cannot_be_is_a_finding_with_its_reasons() {
    let arguments = ["-H", "h800", "--tpot-ms", "1", "--format", "csv"];
    let (status, stdout, stderr) = small(&arguments);
    assert_eq!((status, stderr.as_str()), (1, ""));
    assert!(stdout.contains("no batch keeps 1 ms, the smallest step gives"), "{stdout}");
    let (_, table, _) = small(&["-H", "h800", "--tpot-ms", "1"]);
    assert!(table.contains("step-3 at 8Ki: 0 of"), "{table}");
    let (status, table, _) =
        small(&["-H", "l4", "--tpot-ms", "50", "--price", "l4=0.5", "--max-devices", "8"]);
    assert_eq!(status, 1, "{table}");
    assert!(table.contains("l4 can hold"), "{table}");
}

#[test]
fn limits_hold() {
    let arguments =
        ["-H", "h800,h20", "--tpot-ms", "50", "--limit", "h800=8,h20=16", "--format", "json"];
    let (status, stdout, _) = small(&arguments);
    assert_eq!(status, 0);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout).unwrap();
    assert!(rows.iter().all(|row| row["devices"].as_u64().unwrap() <= 24));
    let (status, stdout, _) =
        small(&["-H", "h800", "--tpot-ms", "50", "--max-devices", "16", "--format", "json"]);
    assert_eq!(status, 0);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout).unwrap();
    assert!(rows.iter().all(|row| row["devices"].as_u64().unwrap() <= 16));
}

#[test]
fn bad_input_is_told_with_a_remedy() {
    let told = |arguments: &[&str], part: &str| {
        let (status, stdout, stderr) = small(arguments);
        assert_eq!((status, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains(part), "{stderr}");
    };
    told(&["-H", "h80", "--tpot-ms", "50"], "h800");
    told(&["-H", "h800", "--tpot-ms", "0"], "greater than zero");
    told(&["-H", "h800", "--tpot-ms", "NaN"], "finite");
    told(&["-H", "h800", "--tpot-ms", "50", "--limit", "h20=8"], "no hardware of this plan");
    told(&["-H", "h800", "--tpot-ms", "50", "--limit", "h800"], "--limit h20=64");
    told(&["-H", "h800", "--tpot-ms", "50", "--top", "0"], "must be at least 1");
    told(&["-H", "h800", "--tpot-ms", "50", "--attention-tp", "3"], "must divide");
    told(&["-H", "h800", "--tpot-ms", "50", "--micro-batches", "33"], "1 to 32");
    told(&["-H", "h800", "--tpot-ms", "50", "--instance-devices", "0"], "must be at least 1");
    told(&["--tpot-ms", "50"], "no hardware is named");
    let unknown = afford(&["-m", "step3", "-H", "h800", "-c", "8Ki", "--tpot-ms", "50"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("step-3"));
}
