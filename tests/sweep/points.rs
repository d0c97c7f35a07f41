//! Points are what the other commands say of them, and constraints choose among them.

use crate::run::{column, rows, scenario, text};
use std::fs;

#[test]
fn constraints_leave_out_what_a_filter_would() {
    let folder = tempfile::tempdir().unwrap();
    let axes = "  fixed: {batch: 384}\n  axes:\n    - {field: attention_instances, name: x, linear: {from: 1, to: 6}}\n    \
                - {field: ffn_instances, name: y, linear: {from: 1, to: 6}}\n    \
                - {field: micro_batches, name: m, values: [2, 3, 4]}\n";
    let all = scenario(folder.path(), axes, "fidelity: roofline");
    let (headers, every) = rows(&["sweep", text(&all)]);
    let rule = "  where: ['x % y == 0', '(x + y) * m <= 2 * 10 - 1', 'm != x', '-x < y / 2']\n";
    let some = scenario(folder.path(), &format!("{axes}{rule}"), "fidelity: roofline");
    let (_, kept) = rows(&["sweep", text(&some)]);
    let [x, y, m] = ["x", "y", "micro_batches"].map(|name| column(&headers, name));
    let stands = |row: &&csv::StringRecord| {
        let [x, y, m] = [x, y, m].map(|at| row[at].parse::<i64>().unwrap());
        x % y == 0 && (x + y) * m <= 19 && m != x && -2 * x < y
    };
    let expected: Vec<_> = every.iter().filter(stands).cloned().collect();
    assert!(expected.len() > 5 && expected.len() < every.len());
    assert_eq!(kept, expected);
}

#[test]
fn points_are_what_estimate_says() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  fixed: {micro_batches: 3}\n  axes:\n    - {field: deployment, values: [2A2F, 3A1F, EP32]}\n    \
                 - {field: context_tokens, values: '4Ki..32Ki x2'}\n    \
                 - {field: batch, values: [64, 6144]}\n";
    let path = scenario(folder.path(), sweep, "fidelity: roofline");
    let (mine, swept) = rows(&["sweep", text(&path)]);
    let (theirs, estimated) = rows(&[
        "estimate",
        "--model",
        "step-3",
        "--hardware",
        "h800",
        "--deployment",
        "2A2F,3A1F,EP32",
        "--context",
        "4Ki..32Ki",
        "x2",
        "--batch",
        "64,6144",
        "--micro-batches",
        "3",
        "--format",
        "csv",
    ]);
    assert_eq!(swept.len(), 24);
    let shared: Vec<&String> = mine.iter().filter(|name| theirs.contains(name)).collect();
    assert!(shared.len() > 15, "{shared:?}");
    for row in &swept {
        let key = |headers: &[String], row: &csv::StringRecord| {
            ["deployment", "context_tokens", "batch"].map(|n| row[column(headers, n)].to_owned())
        };
        let other = estimated.iter().find(|o| key(&theirs, o) == key(&mine, row)).unwrap();
        for name in
            shared.iter().filter(|name| !["model", "infeasible_reason"].contains(&name.as_str()))
        {
            let (a, b) = (&row[column(&mine, name)], &other[column(&theirs, name)]);
            // Labels of hardware differ in case alone.
            assert_eq!(a.to_lowercase(), b.to_lowercase(), "{name} of {row:?}");
        }
    }
}

#[test]
fn costs_are_what_cost_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("costs.yaml");
    fs::write(
        &path,
        "name: costs\nmodels: [{name: step-3}, {name: minimax-m1}, {name: deepseek-v3.2}]\n\
         hardware: [{name: h800}, {name: h20}]\ncontexts_tokens: 1Ki..1Mi x4\n\
         sweep:\n  axes:\n    - {field: attention_hardware, values: [h800, h20]}\n    \
         - {field: ffn_hardware, values: [h800, h20]}\n",
    )
    .unwrap();
    let (mine, swept) = rows(&["sweep", text(&path)]);
    let (theirs, costed) = rows(&[
        "cost",
        "--model",
        "step-3,minimax-m1,deepseek-v3.2",
        "--hardware",
        "h800,h20",
        "--context",
        "1Ki..1Mi",
        "x4",
        "--pairing",
        "all",
        "--format",
        "csv",
    ]);
    assert_eq!(swept.len(), 3 * 4 * 6);
    for row in &swept {
        let key = |headers: &[String], row: &csv::StringRecord| {
            ["model", "attention_hardware", "ffn_hardware", "context_tokens"]
                .map(|n| row[column(headers, n)].to_owned())
        };
        let other = costed.iter().find(|o| key(&theirs, o) == key(&mine, row)).unwrap();
        for name in mine.iter().filter(|name| theirs.contains(name)) {
            assert_eq!(row[column(&mine, name)], other[column(&theirs, name)], "{name} of {row:?}");
        }
    }
}

/// Hypothetical models and chips are what a spec that says so is.
#[test]
fn an_axis_into_a_spec_is_that_spec_changed() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  axes:\n    - {field: model.attention.*.*.query_heads, name: heads, values: [32, 64]}\n    \
                 - {field: model.ffn.*.moe.experts, name: experts, values: [48, 96]}\n    \
                 - {field: hardware.memory.bandwidth_gb_per_s, name: bandwidth, linear: {from: 3350, to: 6700, count: 2}}\n";
    let path = scenario(folder.path(), sweep, "");
    let (headers, swept) = rows(&["sweep", text(&path)]);
    let model = folder.path().join("model.yaml");
    fs::write(
        &model,
        "name: changed\nextends: step-3\nattention: {mfa: {mfa: {query_heads: 32}}}\n\
         ffn: {moe: {moe: {experts: 96}}}\n",
    )
    .unwrap();
    let chip = folder.path().join("chip.yaml");
    fs::write(&chip, "name: changed\nextends: h800\nmemory: {bandwidth_gb_per_s: 6700}\n").unwrap();
    let (theirs, costed) = rows(&[
        "cost",
        "--model",
        text(&model),
        "--hardware",
        text(&chip),
        "--context",
        "8Ki",
        "--format",
        "csv",
    ]);
    let [heads, experts, bandwidth] =
        ["heads", "experts", "bandwidth"].map(|n| column(&headers, n));
    let found = swept
        .iter()
        .find(|row| &row[heads] == "32" && &row[experts] == "96" && &row[bandwidth] == "6700")
        .unwrap();
    for name in ["total_usd_per_mtok", "kv_bytes", "total_params", "attention_usd_per_mtok"] {
        assert_eq!(found[column(&headers, name)], costed[0][column(&theirs, name)], "{name}");
    }
    assert_eq!(swept.len(), 8);
}

/// A combination that makes no model is a point with a reason, not the end of the sweep.
#[test]
fn what_cannot_be_is_a_row_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  fixed: {batch: 64}\n  axes:\n    - {field: deployment, values: [1A1F, 1A64F]}\n    \
                 - {field: model.attention.*.mfa.query_heads, name: heads, values: [64, 60]}\n    \
                 - {field: model.attention.*.mfa.kv_heads, name: groups, values: [1, 8]}\n";
    let path = scenario(folder.path(), sweep, "fidelity: roofline");
    let (headers, all) = rows(&["sweep", text(&path)]);
    let [heads, groups, deployment, feasible, reason, tpot] =
        ["heads", "groups", "deployment", "feasible", "infeasible_reason", "tpot_ms"]
            .map(|name| column(&headers, name));
    assert_eq!(all.len(), 8);
    for row in &all {
        let no_model = &row[heads] == "60" && &row[groups] == "8";
        let why = &row[reason];
        if no_model {
            assert!(why.contains("60") && why.contains('8'), "{why}");
        } else if &row[deployment] == "" {
            assert!(why.contains("more than the 48 experts"), "{why}");
        } else {
            assert_eq!(&row[feasible], "true", "{why}");
            assert_eq!(why, "");
        }
        assert_eq!(&row[feasible] == "false", row[tpot].is_empty());
    }
    assert!(all.iter().any(|row| row[reason].contains("more than the 48 experts")));
}
