//! What a scenario holds of deployments, plans and served loads is what the command line gives.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

fn afford(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The table of a scenario with one table of a content, as CSV.
fn table(folder: &Path, more: &str, content: &str) -> String {
    let scenario = folder.join("question.yaml");
    let text = format!(
        "name: question\n\
         models: [{{name: step-3, label: step-3}}]\n\
         hardware: [{{name: h800, label: h800}}, {{name: h20, label: h20}}]\n\
         contexts_tokens: 8Ki\n\
         {more}\n\
         report:\n  tables:\n    - file: table.csv\n      title: T\n      content: {content}\n"
    );
    std::fs::write(&scenario, text).unwrap();
    let out = folder.to_str().unwrap();
    afford(&["report", scenario.to_str().unwrap(), "--out", out]);
    std::fs::read_to_string(folder.join("question").join("table.csv")).unwrap()
}

#[test]
fn a_plan_is_that_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let mine = table(
        folder.path(),
        "conditions: {network_latency_us: 10, half_duplex: true, expert_zipf: 0.5}",
        "{plan: {tpot_ms: 40, max_nodes: 3, limits_devices: {h20: 16}, micro_batches: [2, 3], \
         objective: devices, top: 2, conditions: {fixed_ms: 2, lm_head_on: ffn}}}",
    );
    let words = "plan -m step-3 -H h800,h20 -c 8Ki --tpot-ms 40 --max-nodes 3 --limit h20=16 \
                 --micro-batches 2,3 --objective devices --top 2 --network-latency-us 10 \
                 --half-duplex --expert-zipf 0.5 --fixed-ms 2 --lm-head-on ffn --format csv";
    assert_eq!(mine, afford(&words.split_whitespace().collect::<Vec<_>>()));
    assert!(mine.lines().count() > 3, "{mine}");
}

#[test]
fn served_loads_are_those_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let mine = table(
        folder.path(),
        "",
        "{serving: [{model: step-3, deployment: EP16, hardware: h20, concurrency: [64, 256], \
         input_tokens: 1Ki, output_tokens: [512, 1Ki], chunk_tokens: 2Ki, \
         conditions: {memory_reserve: 0}}]}",
    );
    let words = "estimate -m step-3 -H h20 -d EP16 --concurrency 64,256 --input-tokens 1Ki \
                 --output-tokens 512,1Ki --chunk-tokens 2Ki --memory-reserve 0 --format csv";
    assert_eq!(mine, afford(&words.split_whitespace().collect::<Vec<_>>()));
}

#[test]
fn lengths_of_a_trace_are_those_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.csv");
    std::fs::write(&trace, "ContextTokens,GeneratedTokens\n4000,100\n9000,900\n500,30\n").unwrap();
    let entry = "{model: step-3, deployment: 2A2F, hardware: h800, batch: 3072";
    let one = |context: &str| {
        table(folder.path(), &format!("deployments: [{entry}, context: {context}}}]"), "estimates")
    };
    let words = ["estimate", "-m", "step-3", "-H", "h800", "-d", "2A2F", "-b", "3072"];
    let cli = |more: &[&str]| afford(&[&words[..], more, &["--format", "csv"]].concat());
    let lengths = cli(&["--lengths", trace.to_str().unwrap()]);
    assert_eq!(one("{lengths: trace.csv}"), lengths);
    // Requests that are all alike have all steps between prompt and end: 7,168 + 1,023 / 2.
    let alike = "{prompt_and_output: {prompt_tokens: {mean: 7168}, output_tokens: {mean: 1024}}}";
    assert!(one(alike).contains(",7679.5,"), "{}", one(alike));
    let histogram = "{histogram: {context_tokens: [4Ki], weights: [2]}}";
    assert_eq!(one(histogram), cli(&["-c", "4Ki"]));
}
