//! Predictions beside measurements: what is compared, what is listed, and what is a finding.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::machine::fidelity::Fidelity;
use afford::measured::kernel::KernelShape;
use afford::measured::{layout::read_kernels, shipped};
use afford::validate::kernel::{compare, predict_kernel};
use afford::validate::{Compared, end_to_end, serving};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn afford(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
    program.args(arguments).current_dir(std::env::temp_dir()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn h200(file: &str) -> Vec<Compared> {
    let hardware = Catalog::default().hardware("h200").unwrap();
    let kernels = read_kernels(&shipped::source(file).unwrap(), None).unwrap();
    kernels.rows.iter().map(|row| compare(row, Ok(&hardware), Fidelity::Roofline)).collect()
}

/// The families of everything shipped, which must be within their bounds.
fn families(level: &[&str]) -> Vec<Value> {
    let output = afford(&[&["validate", "--format", "json"], level].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    rows.as_array().unwrap().clone()
}

#[test]
fn everything_shipped_stays_within_its_bounds() {
    let rows = [families(&[]), families(&["--fidelity", "roofline"])].concat();
    for family in ["decode_attention_mla", "gemm", "all_reduce", "serving_tpot", "combine"] {
        assert!(rows.iter().any(|row| row["family"] == family), "{family}");
    }
    let figures = ["mape_percent", "median_ape_percent", "bias_percent", "worst_percent"];
    for row in rows.iter().filter(|row| row["n"].as_u64().unwrap() > 0) {
        assert!(row["dtype"].is_string() && row["hardware"].is_string(), "{row}");
        assert!(figures.iter().all(|figure| row[figure].is_number()), "{row}");
        assert!(row["worst_percent"].as_f64() >= row["mape_percent"].as_f64(), "{row}");
    }
}

#[test]
fn one_thread_says_what_many_say() {
    let rows =
        ["validate", "--hardware", "h800", "--fidelity", "roofline", "--rows", "--format", "csv"];
    let many = afford(&rows).stdout;
    assert!(many.len() > 10_000);
    assert!(afford(&[&rows[..], &["--threads", "1"]].concat()).stdout == many, "other bytes");
}

#[test]
fn an_error_beyond_its_bound_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let kernels = folder.path().join("h200_gemm.csv");
    std::fs::write(&kernels, &shipped::source("h200_gemm.csv").unwrap().text).unwrap();
    let bounds = folder.path().join("bounds.csv");
    let (kernels, path) = (kernels.to_str().unwrap(), bounds.to_str().unwrap());
    let against = ["validate", "--kernels", kernels, "--fidelity", "roofline", "--bounds", path];
    let recorded = afford(&[&against[..], &["--update-bounds"]].concat());
    assert_eq!(recorded.status.code(), Some(0), "{}", text(&recorded.stderr));
    assert_eq!(afford(&against).status.code(), Some(0));
    let tighter = std::fs::read_to_string(&bounds).unwrap().replace(",34.92", ",30.00");
    std::fs::write(&bounds, tighter).unwrap();
    let found = afford(&against);
    assert_eq!(found.status.code(), Some(1));
    let stderr = text(&found.stderr);
    assert!(stderr.contains("gemm, h200, bf16, torch: mean absolute error 34.91 %"), "{stderr}");
}

#[test]
fn nothing_measured_on_an_h200_beats_its_datasheet() {
    for file in
        ["h200_gemm.csv", "h200_grouped_gemm.csv", "h200_decode_attention.csv", "h200_copy.csv"]
    {
        for row in h200(file) {
            let error = row.error_percent().unwrap();
            assert!((-100.0..0.0).contains(&error), "{row:?}");
        }
    }
}

#[test]
fn datasheet_times_are_those_worked_by_hand() {
    let hardware = |name| Catalog::default().hardware(name).unwrap();
    let (h800, h20) = (hardware("h800"), hardware("h20"));
    let kernels = read_kernels(&shipped::source("h200_gemm.csv").unwrap(), None).unwrap();
    let mut row = kernels.rows[0].clone();
    let mut us = |hardware, shape: KernelShape, format: &str| {
        row.shape = shape;
        format.clone_into(&mut row.dtype);
        predict_kernel(hardware, &row, Fidelity::Roofline).unwrap()
    };
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
    // Weights of 2048 x 4096 in FP8, 16 rows in and out, at 3.35 TB/s.
    let gemm = us(&h800, KernelShape::Gemm { m: 16, k: 2048, n: 4096 }, "fp8");
    let bytes = 2048.0 * 4096.0 + 16.0 * 2048.0 + 16.0 * 4096.0 * 2.0;
    assert!(close(gemm, bytes / 3.35e12 * 1e6), "{gemm}");
    // 2 x 128 heads x (576 + 512) FLOPs a token at 148 TFLOPS: bound by arithmetic.
    let mla = KernelShape::Attention {
        mla: true,
        query_heads: 128,
        kv_heads: 1,
        head_dim: 576,
        batch: 64,
        context_tokens: 4096,
    };
    let mla = us(&h20, mla, "bf16");
    let flops = 2.0 * 128.0 * (576.0 + 512.0) * 4096.0 * 64.0;
    assert!(close(mla, flops / 148e12 * 1e6), "{mla}");
    row.dtype = "fp6".to_owned();
    let unknown = predict_kernel(&h800, &row, Fidelity::Roofline).unwrap_err();
    assert_eq!(unknown, "the format `fp6` is not known here");
}

#[test]
fn every_published_deployment_is_predicted_or_says_why_not() {
    let catalog = Catalog::default();
    let rows: Vec<Compared> = shipped::end_to_end()
        .unwrap()
        .iter()
        .map(|row| end_to_end::compare(row, &catalog, Fidelity::Roofline))
        .collect();
    let predicted = rows.iter().filter(|row| row.predicted.is_ok()).count();
    assert_eq!((rows.len(), predicted), (23, 15));
    for row in &rows {
        match &row.predicted {
            // At datasheet peaks nothing published is as fast as its prediction.
            Ok(_) => assert!(row.error_percent().unwrap() > 0.0, "{row:?}"),
            Err(reason) => assert!(reason.starts_with("not stated: "), "{reason}"),
        }
    }
}

#[test]
fn every_serving_point_is_predicted() {
    let catalog = Catalog::default();
    let points = shipped::serving().unwrap();
    for point in points.iter().step_by(7) {
        let rows = serving::compare(point, &catalog, Fidelity::Roofline);
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert!(row.predicted.as_ref().is_ok_and(|ms| ms.is_finite() && *ms > 0.0), "{row:?}");
        }
    }
}

#[test]
fn rows_say_what_was_compared_and_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("e2e.csv");
    std::fs::write(&file, &shipped::source("end_to_end.csv").unwrap().text).unwrap();
    let output =
        afford(&["validate", "--end-to-end", file.to_str().unwrap(), "--rows", "--format", "json"]);
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let silent = &rows[0];
    assert_eq!(silent["reason"], "not stated: batch of a device");
    assert!(silent["predicted"].is_null() && silent["measured"] == 1850);
    assert_eq!(
        (&rows[2]["remark"], &rows[2]["line"]),
        (&Value::from("32 experts held twice"), &Value::from(4))
    );
}

#[test]
fn the_parity_plot_has_a_colour_for_each_kind() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("parity.svg");
    let picture = picture.to_str().unwrap();
    let output =
        afford(&["validate", "--hardware", "h200", "--fidelity", "roofline", "--plot", picture]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let svg = std::fs::read_to_string(picture).unwrap();
    for part in ["decode attention, MLA", "grouped GEMM", "copies", "deployments"] {
        assert!(svg.contains(part), "{part}");
    }
    assert!(!svg.contains("serving"));
}

#[test]
fn bad_input_is_complained_of_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("h200_gemm.csv");
    std::fs::write(&broken, "m,k,n,dtype,us\n1,2,3,bf16,\n").unwrap();
    let picture = folder.path().join("p.svg");
    let (broken, picture) = (broken.to_str().unwrap(), picture.to_str().unwrap());
    for (arguments, expected) in [
        (vec!["--kernels", broken, "--plot", picture], "h200_gemm.csv:2:12"),
        (vec!["--kernels", "nowhere.csv"], "there is no file nowhere.csv"),
        (vec!["--hardware", "h2000"], "did you mean"),
        (vec!["--hardware", "l4"], "no measured row is of this hardware"),
        (vec!["--plot", "p.gif"], "neither SVG nor PNG"),
    ] {
        let output = afford(&[&["validate"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    assert!(!Path::new(picture).exists());
}
