//! Studies and inverse questions against what can be worked by hand: crossings of straight lines,
//! break-even prices in proportion, intensities by formula, searches against enumeration.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::report::bundle::Bundle;
use afford::report::loaded::Loaded;
use afford::report::table::{Cell, Table};
use proptest::prelude::*;
use serde_json::Value;
use std::process::{Command, Output};

fn afford(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap()
}

fn json(args: &[&str]) -> Vec<Value> {
    let output = afford(&[args, &["--format", "json"]].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    // An estimate without a feasible point is a finding, with its row.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn solve(args: &str) -> Vec<Value> {
    json(&[&["solve"], args.split(' ').collect::<Vec<_>>().as_slice()].concat())
}

fn complaint(args: &str) -> String {
    let output = afford(&args.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(2), "{args}");
    assert!(output.stdout.is_empty(), "{args}");
    String::from_utf8(output.stderr).unwrap()
}

fn cost(model: &str, hardware: &str, context: u64, more: &[&str]) -> f64 {
    let context = context.to_string();
    let args = ["cost", "--model", model, "--hardware", hardware, "--context", &context];
    let rows = json(&[&args, more].concat());
    rows[0]["total_usd_per_mtok"].as_f64().unwrap()
}

#[test]
fn where_costs_are_straight_lines_they_cross_where_algebra_says() {
    // On one chip the cost of both is a + b S.
    let line = |model: &str| {
        let (at, twice) = (cost(model, "h800", 65_536, &[]), cost(model, "h800", 131_072, &[]));
        let slope = (twice - at) / 65_536.0;
        (at - slope * 65_536.0, slope)
    };
    let (step3, qwen) = (line("step-3"), line("qwen3-235b-a22b"));
    let expected = (step3.0 - qwen.0) / (qwen.1 - step3.1);
    let found = solve("context --model step-3 --against qwen3-235b-a22b --hardware h800");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["answer"].as_f64().unwrap(), expected.ceil());
    assert_eq!(found[0]["bracket_high"].as_f64().unwrap(), expected.ceil());
    assert_eq!(found[0]["bracket_low"].as_f64().unwrap(), expected.ceil() - 1.0);
}

#[test]
fn where_one_chip_does_everything_its_price_breaks_even_in_proportion() {
    let deployed = "--deployment EP32 --promise-ms 50 --context 8Ki --model step-3";
    let found = solve(&format!("price --chip h20 --against h800 {deployed}"));
    let usd = |hardware: &str| {
        let args =
            ["estimate", "--model", "step-3", "--hardware", hardware, "--deployment", "EP32"];
        let rows = json(&[&args[..], &["--context", "8Ki", "--tpot-ms", "50"]].concat());
        rows[0]["usd_per_mtok"].as_f64().unwrap()
    };
    let expected = 0.80 * usd("h800") / usd("h20");
    let answer = found[0]["answer"].as_f64().unwrap();
    assert!((answer / expected - 1.0).abs() < 1e-8, "{answer} {expected}");
    assert_eq!(found[0]["fidelity"], "roofline");
}

#[test]
fn at_the_price_that_was_solved_for_the_target_is_met_to_the_digit() {
    let found = solve("target --chip l20 --sought price --usd-per-mtok 0.05 --model step-3 -c 8Ki");
    let usd = found[0]["answer"].as_f64().unwrap();
    let price = format!("l20={usd}");
    assert!((cost("step-3", "l20", 8192, &["--price", &price]) / 0.05 - 1.0).abs() < 1e-8);
}

#[test]
fn no_crossing_is_an_answer_and_nonsense_is_none() {
    let found = solve(
        "target --chip h20 --sought memory-bandwidth --usd-per-mtok 0.001 \
                       --model step-3 -c 8Ki",
    );
    assert_eq!(found[0]["answer"], Value::Null);
    assert_eq!(found[0]["verdict"], "the target is missed over the whole range");
    let found = solve(
        "context --model deepseek-v3 --hardware h800 --against deepseek-v3.2 -c 8Ki..16Ki x2",
    );
    assert_eq!(found[0]["answer"], Value::Null);
    assert!(found[0]["verdict"].as_str().unwrap().contains("DeepSeek-V3.2 is cheaper over the"));
    for (args, expected) in [
        ("price --chip h20 --against h20 --model step-3 -c 8Ki", "cannot compete with itself"),
        ("price --chip h21 --against h800 --model step-3 -c 8Ki", "did you mean `h20`"),
        ("price --chip h20 --against h800 --model step-3 -c 8Ki --batch 4", "--deployment"),
        ("target --chip h20 --sought price --usd-per-mtok 0 --model step-3 -c 8Ki", "above zero"),
        ("target --chip h20 --sought price --model step-3 -c 8Ki", "--usd-per-mtok"),
        ("target --chip h20 --sought price --tpot-ms 5 --model step-3 -c 8Ki", "--deployment"),
        ("sparsity --model step-3 --hardware h800 --tpot-ms nan", "above zero"),
    ] {
        let text = complaint(&format!("solve {args}"));
        assert!(text.contains(expected), "{args}: {text}");
    }
}

fn bundle(scenario: &str) -> Bundle {
    let catalog = Catalog::default();
    let loaded = Loaded::load(&catalog, scenario).unwrap();
    Bundle::compute(&catalog, &loaded).unwrap()
}

fn table(bundle: &Bundle, file: &str) -> Table {
    bundle.tables.iter().find(|table| table.file == file).unwrap().table.clone()
}

fn number(table: &Table, row: &[Cell], name: &str) -> Option<f64> {
    row[table.column(name).unwrap()].number()
}

fn word(table: &Table, row: &[Cell], name: &str) -> String {
    row[table.column(name).unwrap()].exact()
}

#[test]
fn intensity_of_grouped_designs_is_two_heads_per_group_and_cost_turns_at_the_ridge() {
    let designs = table(&bundle("attention_design"), "designs.csv");
    let mut grouped = 0;
    for row in &designs.rows {
        let n = |name| number(&designs, row, name);
        let (intensity, ridge) =
            (n("arithmetic_intensity").unwrap(), n("ridge_flops_per_byte").unwrap());
        let side = if intensity > ridge { "compute" } else { "memory_bandwidth" };
        assert_eq!(word(&designs, row, "attention_bound_by"), side);
        if let (Some(heads), Some(groups)) = (n("query_heads"), n("kv_heads")) {
            // 4 H d FLOPs and 2 K d bytes of an 8-bit cache per token of context.
            assert!((intensity - 2.0 * heads / groups).abs() < 1e-9);
            grouped += 1;
        }
    }
    assert!(grouped > 80, "{grouped}");
}

#[test]
fn twice_as_much_of_one_thing_saves_at_most_half_and_worth_follows() {
    let report = bundle("next_chip");
    let unit = table(&report, "by_unit_costs.csv");
    for row in &unit.rows {
        let n = |name| number(&unit, row, name).unwrap();
        let saved = [n("more_compute_saves_percent"), n("more_bandwidth_saves_percent")];
        assert!(saved.iter().all(|s| (0.0..=50.0 + 1e-9).contains(s)), "{saved:?}");
        let best = saved[0].max(saved[1]);
        let worth = n("price_usd_per_hour") / (1.0 - best / 100.0);
        assert!((n("worth_usd_per_hour") / worth - 1.0).abs() < 1e-9);
        // What binds attention is not what the other resource would help.
        let compute_bound = word(&unit, row, "attention_bound_by") == "compute";
        assert!(!compute_bound || saved[0] >= saved[1], "{saved:?}");
    }
    // A deployment that has more of anything is never dearer.
    let deployed = table(&report, "deployed.csv");
    for row in &deployed.rows {
        for what in ["compute", "bandwidth", "network", "scale_up"] {
            let saved = number(&deployed, row, &format!("more_{what}_saves_percent"));
            assert!(saved.is_none_or(|saved| saved >= -1e-6), "{what}: {saved:?}");
        }
    }
}

#[test]
fn the_cheapest_changes_exactly_where_the_crossing_tables_say() {
    let report = bundle("context_crossover");
    let all = table(&report, "model_crossovers.csv");
    assert!(all.rows.len() > 10);
    let hardware = "h20,h800,h200,b200";
    let labels = [("Step-3", "step-3"), ("DSv3", "deepseek-v3"), ("Kimi K2", "kimi-k2")];
    let name = |label: String| labels.iter().find(|(l, _)| *l == label).map(|(_, name)| *name);
    let mut checked = 0;
    for row in &all.rows {
        let below = name(word(&all, row, "cheaper_below"));
        let (Some(below), Some(from)) = (below, name(word(&all, row, "cheaper_from"))) else {
            continue;
        };
        let context = number(&all, row, "context_tokens").unwrap() as u64;
        let cheaper =
            |context| cost(below, hardware, context, &[]) < cost(from, hardware, context, &[]);
        assert!(cheaper(context - 1) && !cheaper(context), "{below} {from} {context}");
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn the_best_ratio_is_no_dearer_than_any_deployment_with_its_instances() {
    let best = table(&bundle("afd_ratio"), "best_ratio.csv");
    let found = |promise: f64, context: u64| {
        let row = best.rows.iter().find(|row| {
            word(&best, row, "model") == "Step-3"
                && number(&best, row, "promise_tpot_ms") == Some(promise)
                && number(&best, row, "context_tokens") == Some(context as f64)
        });
        number(&best, row.unwrap(), "usd_per_mtok").unwrap()
    };
    for (promise, context) in [(25.0, 8192_u64), (50.0, 32_768)] {
        for deployment in ["2A1F", "3A2F", "8A1F", "12A2F"] {
            let (promise_ms, context_text) = (promise.to_string(), context.to_string());
            let rows = json(&[
                "estimate",
                "--model",
                "step-3",
                "--attention-hardware",
                "h20",
                "--ffn-hardware",
                "h800",
                "--deployment",
                deployment,
                "--context",
                &context_text,
                "--tpot-ms",
                &promise_ms,
                "--network-efficiency",
                "0.8",
                "--scale-up-efficiency",
                "0.8",
                "--expert-tp",
                "1",
            ]);
            if let Some(usd) = rows[0]["usd_per_mtok"].as_f64() {
                assert!(found(promise, context) <= usd * (1.0 + 1e-9), "{deployment} {promise}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_front_thinned_is_part_of_the_front_with_its_ends(
        mut xs in prop::collection::vec(1.0..1e3_f64, 2..60),
        most in 3..20_usize,
    ) {
        use afford::sweep::knee::{knee, thinned};
        use afford::sweep::pareto::Sense;
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let points: Vec<[f64; 2]> = xs.iter().map(|&x| [x, 1.0 / x]).collect();
        let all: Vec<&[f64]> = points.iter().map(<[f64; 2]>::as_slice).collect();
        let senses = [Sense::Min, Sense::Min];
        let kept = thinned(&all, &senses, most);
        prop_assert_eq!(kept.len(), most.min(all.len()));
        prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(kept.contains(&0) && kept.contains(&(all.len() - 1)));
        prop_assert!(kept.contains(&knee(&all, &senses).unwrap()));
    }
}
