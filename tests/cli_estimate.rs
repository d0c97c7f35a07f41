//! `afford estimate` and `afford explain` as a user runs them.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::process::{Command, Output};

fn afford(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap()
}

fn rows(args: &[&str]) -> Vec<Value> {
    let mut args = args.to_vec();
    args.extend(["--format", "json"]);
    let output = afford(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    rows.as_array().unwrap().clone()
}

const STEP3: [&str; 7] =
    ["estimate", "--model", "step-3", "--hardware", "h800", "--deployment", "2A2F"];

fn step3(more: &[&str]) -> Vec<Value> {
    rows(&[&STEP3, more].concat())
}

#[test]
fn every_promised_key_is_there() {
    let row = &step3(&["--batch", "6144", "--context", "4Ki"])[0];
    for key in [
        "model",
        "deployment",
        "attention_hardware",
        "ffn_hardware",
        "devices",
        "batch",
        "micro_batches",
        "context_tokens",
        "fidelity",
        "feasible",
        "infeasible_reason",
        "tpot_ms",
        "tokens_per_s_per_device",
        "usd_per_mtok",
        "attention_us_per_layer",
        "ffn_us_per_layer",
        "dispatch_us_per_layer",
        "return_us_per_layer",
        "cycle_us",
        "bound_by",
        "kv_bytes_per_device",
        "weight_bytes_per_device",
        "memory_bytes_per_device",
    ] {
        assert!(row.get(key).is_some(), "{key}");
    }
    assert_eq!(row["fidelity"], "roofline");
    assert_eq!(row["devices"], 32);
    let us = |key: &str| row[key].as_f64().unwrap();
    let stages = [
        "attention_us_per_layer",
        "dispatch_us_per_layer",
        "ffn_us_per_layer",
        "return_us_per_layer",
    ];
    let sum: f64 = stages.iter().map(|key| us(key)).sum();
    let longest = stages.iter().map(|key| us(key)).fold(0.0, f64::max);
    assert!((us("cycle_us") - longest.max(sum / 3.0)).abs() < 1e-9);
    // Requests over the time of a token, over 32 devices.
    let rate = 6144.0 / (us("tpot_ms") / 1e3) / 32.0;
    assert!((rate / us("tokens_per_s_per_device") - 1.0).abs() < 1e-12);
}

#[test]
fn what_cannot_be_says_why_and_is_a_finding() {
    let args = [
        "estimate",
        "-m",
        "deepseek-v3",
        "-H",
        "h800",
        "-d",
        "TP8",
        "-c",
        "4Ki",
        "--format",
        "json",
    ];
    let output = afford(&args);
    assert_eq!(output.status.code(), Some(1));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows[0]["feasible"], false);
    assert_eq!(rows[0]["bound_by"], "capacity");
    assert!(rows[0]["tpot_ms"].is_null());
    assert!(rows[0]["infeasible_reason"].as_str().unwrap().contains("h800 can hold"));

    let output =
        afford(&[&STEP3[..], &["-c", "8Ki", "--tpot-ms", "1", "--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows[0]["bound_by"], "latency_promise");
}

#[test]
fn a_promise_limits_the_batch_and_a_looser_one_is_cheaper() {
    let mut last = f64::INFINITY;
    for ms in ["15", "25", "50", "100"] {
        let row = &step3(&["--context", "8Ki", "--tpot-ms", ms])[0];
        assert!(row["tpot_ms"].as_f64().unwrap() <= ms.parse().unwrap());
        let usd = row["usd_per_mtok"].as_f64().unwrap();
        assert!(usd <= last, "{ms}: {usd} after {last}");
        last = usd;
    }
}

#[test]
fn lengths_of_a_trace_give_the_context_in_flight() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.csv");
    // Outputs 1 and 3, prompts 10 and 20: steps see 10; 20, 21, 22: mean 73 / 4.
    std::fs::write(&file, "prompt_tokens,output_tokens\n10,1\n20,3\n").unwrap();
    let row = &step3(&["--batch", "6144", "--lengths", file.to_str().unwrap()])[0];
    assert_eq!(row["context_tokens"], 18.25);
    std::fs::write(&file, "prompt_tokens,output_tokens\n10,many\n").unwrap();
    let output = afford(&[&STEP3[..], &["--lengths", file.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("trace.csv:2:4"));
}

#[test]
fn explain_adds_up_and_draws() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart.svg");
    let mut args = STEP3;
    args[0] = "explain";
    let more = ["--batch", "6144", "--context", "4Ki", "--gantt", chart.to_str().unwrap()];
    let pieces = rows(&[&args[..], &more].concat());
    let mfa: f64 = pieces
        .iter()
        .filter(|p| p["design"] == "mfa")
        .map(|p| p["time_us"].as_f64().unwrap())
        .sum();
    let router = pieces.iter().find(|p| p["kernel"] == "router").unwrap();
    let estimate = &step3(&["--batch", "6144", "--context", "4Ki"])[0];
    let expected = mfa + router["time_us"].as_f64().unwrap() * 56.0 / 61.0;
    assert!((estimate["attention_us_per_layer"].as_f64().unwrap() / expected - 1.0).abs() < 1e-9);
    assert!(std::fs::read_to_string(chart).unwrap().starts_with("<svg"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (more, says) in [
        (vec!["--context", "8Ki", "--batch", "0"], "at least 1"),
        (vec!["--context", "8Ki", "--micro-batches", "0"], "micro-batches"),
        (vec!["--context", "8Ki", "--network-efficiency", "1.5"], "at most 1"),
        (vec!["--context", "8Ki", "--accepted-tokens", "2"], "draft_tokens"),
        (vec!["--context", "8Ki", "--acceptance", "1.2"], "probabilities"),
        (vec!["--context", "8Ki", "--tpot-ms=-1"], "--tpot-ms"),
        (vec!["--context", "8Ki", "--memory-reserve", "1"], "less than 1"),
    ] {
        let output = afford(&[&STEP3[..], &more].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(text.contains(says), "{more:?}: {text}");
        assert!(output.stdout.is_empty());
    }
}
