//! Measured points where prefill and decoding share the devices.

use super::sheet::{Line, Sheet};
use crate::spec::{Diagnostic, Source};
use std::sync::Arc;

/// A measured serving point.
#[derive(Debug, Clone, PartialEq)]
pub struct ServingPoint {
    /// The model's repository name.
    pub model: String,
    /// The device as the file names it.
    pub system: String,
    /// The engine: `vllm`, `sglang`, `trtllm`.
    pub backend: String,
    /// `fp4`, `fp8` or `bf16`.
    pub precision: String,
    /// Tokens of a prompt.
    pub input_tokens: f64,
    /// Output tokens of a request.
    pub output_tokens: f64,
    /// Requests in flight.
    pub concurrency: u64,
    /// Devices that share one attention rank's heads.
    pub attention_tp: u32,
    /// Data-parallel attention ranks.
    pub attention_dp: u32,
    /// Devices that share one expert's width.
    pub expert_tp: u32,
    /// Groups that the experts are dealt out to.
    pub expert_ep: u32,
    /// What the file's own column says of devices.
    pub devices_stated: Option<u32>,
    /// Format of the matrix products; empty where the checkpoint's own is used.
    pub gemm_format: String,
    /// Format of the experts; empty where the checkpoint's own is used.
    pub expert_format: String,
    /// Measured time to first token in milliseconds.
    pub ttft_ms: Option<f64>,
    /// Measured time per output token in milliseconds.
    pub tpot_ms: f64,
    /// Who measured it.
    pub source: String,
    /// File that it is in.
    pub file: String,
    /// Line of that file, from 1.
    pub line: u64,
}

const NEEDS: [&str; 12] = [
    "model_path",
    "system",
    "backend",
    "precision",
    "isl",
    "osl",
    "conc_eff",
    "tp_size",
    "attention_dp_size",
    "moe_tp_size",
    "moe_ep_size",
    "silicon_tpot_ms",
];

/// Reads a file of them.
///
/// # Errors
/// If a column is missing or a cell is bad.
pub fn read_serving(source: &Arc<Source>) -> Result<Vec<ServingPoint>, Diagnostic> {
    let sheet = Sheet::read(source)?;
    sheet.needs(&NEEDS)?;
    sheet.lines().map(|line| point(&line, &source.name)).collect()
}

fn point(line: &Line, file: &str) -> Result<ServingPoint, Diagnostic> {
    let text = |column: &str| line.text(column).to_owned();
    let devices_stated = match line.text("gpus") {
        "" => None,
        _ => Some(line.small_count("gpus")?),
    };
    Ok(ServingPoint {
        model: line.word("model_path")?.to_owned(),
        system: line.word("system")?.to_owned(),
        backend: line.word("backend")?.to_lowercase(),
        precision: text("precision").to_lowercase(),
        input_tokens: line.positive("isl")?,
        output_tokens: line.positive("osl")?,
        concurrency: line.count("conc_eff")?,
        attention_tp: line.small_count("tp_size")?,
        attention_dp: line.small_count("attention_dp_size")?,
        expert_tp: line.small_count("moe_tp_size")?,
        expert_ep: line.small_count("moe_ep_size")?,
        devices_stated,
        gemm_format: text("gemm_quant_mode").to_lowercase(),
        expert_format: text("moe_quant_mode").to_lowercase(),
        ttft_ms: line.positive_if_any("silicon_ttft_ms")?,
        tpot_ms: line.positive("silicon_tpot_ms")?,
        source: text("src"),
        file: file.to_owned(),
        line: line.number(),
    })
}
