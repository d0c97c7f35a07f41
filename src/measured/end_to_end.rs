//! Published throughput of whole deployments, one source per row, as its file has it. What a
//! source does not state is absent.

use super::sheet::{Line, Sheet};
use crate::spec::{Diagnostic, Source};
use std::sync::Arc;

/// A published throughput.
#[derive(Debug, Clone, PartialEq)]
pub struct EndToEndRow {
    /// Who published it.
    pub source: String,
    /// The model as the source names it.
    pub model: String,
    /// The device as the source names it.
    pub hardware: String,
    /// Devices in all.
    pub devices: Option<u32>,
    /// The deployment in the source's words.
    pub deployment: String,
    /// Format of the KV cache.
    pub attention_format: String,
    /// Formats of the FFN.
    pub ffn_format: String,
    /// Multi-token prediction in the source's words; empty where nothing is said.
    pub mtp: String,
    /// Requests of one device.
    pub batch_per_device: Option<f64>,
    /// Context of a decoding request.
    pub context_tokens: Option<f64>,
    /// Time per output token in milliseconds.
    pub tpot_ms: Option<f64>,
    /// Output tokens per second of one device.
    pub tokens_per_s_per_device: Option<f64>,
    /// How it came about, and what else is said.
    pub notes: String,
    /// File that it is in.
    pub file: String,
    /// Line of that file, from 1.
    pub line: u64,
}

const NEEDS: [&str; 13] = [
    "source",
    "model",
    "hardware",
    "n_gpus",
    "deployment",
    "precision_attn",
    "precision_ffn",
    "mtp",
    "batch_per_gpu",
    "avg_context_tokens",
    "tpot_ms",
    "tokens_per_s_per_gpu",
    "notes",
];

/// Reads a file of them.
///
/// # Errors
/// If a column is missing or a cell is bad.
pub fn read_end_to_end(source: &Arc<Source>) -> Result<Vec<EndToEndRow>, Diagnostic> {
    let sheet = Sheet::read(source)?;
    sheet.needs(&NEEDS)?;
    sheet.lines().map(|line| row(&line, &source.name)).collect()
}

fn row(line: &Line, file: &str) -> Result<EndToEndRow, Diagnostic> {
    let text = |column: &str| line.text(column).to_owned();
    let devices = match line.text("n_gpus") {
        "" => None,
        _ => Some(line.small_count("n_gpus")?),
    };
    Ok(EndToEndRow {
        source: text("source"),
        model: line.word("model")?.to_owned(),
        hardware: line.word("hardware")?.to_owned(),
        devices,
        deployment: text("deployment"),
        attention_format: text("precision_attn"),
        ffn_format: text("precision_ffn"),
        mtp: text("mtp"),
        batch_per_device: line.positive_if_any("batch_per_gpu")?,
        context_tokens: line.positive_if_any("avg_context_tokens")?,
        tpot_ms: line.positive_if_any("tpot_ms")?,
        tokens_per_s_per_device: line.positive_if_any("tokens_per_s_per_gpu")?,
        notes: text("notes"),
        file: file.to_owned(),
        line: line.number(),
    })
}
