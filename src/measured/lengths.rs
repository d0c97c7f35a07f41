//! Lengths of requests from a trace: prompts and outputs, one request a row.

use super::sheet::{Line, Sheet};
use crate::deploy::context::Lengths;
use crate::spec::source::one_of;
use crate::spec::{Diagnostic, Source};
use std::sync::Arc;

/// Headers under which traces keep prompt lengths.
const PROMPT: [&str; 5] =
    ["prompt_tokens", "input_tokens", "input_length", "ContextTokens", "num_prefill_tokens"];
/// Headers under which traces keep output lengths.
const OUTPUT: [&str; 5] =
    ["output_tokens", "generated_tokens", "output_length", "GeneratedTokens", "num_decode_tokens"];

/// Reads the lengths of a trace.
///
/// # Errors
/// If the text is no such CSV, or holds no lengths.
pub fn lengths(source: &Arc<Source>) -> Result<Lengths, Diagnostic> {
    let sheet = Sheet::read(source)?;
    let column = |names: &[&'static str], what: &str| {
        names.iter().copied().find(|name| sheet.has(name)).ok_or_else(|| {
            Diagnostic::new(format!("{} has no column of {what} lengths", source.name))
                .help(format!("call it {}", one_of(names)))
        })
    };
    let (prompt, output) = (column(&PROMPT, "prompt")?, column(&OUTPUT, "output")?);
    let pair = |line: Line| Ok((tokens(&line, prompt)?, tokens(&line, output)?));
    let pairs = sheet.lines().map(pair).collect::<Result<Vec<_>, Diagnostic>>()?;
    Lengths::from_pairs(pairs).map_err(|e| Diagnostic::new(format!("{}: {e}", source.name)))
}

fn tokens(line: &Line, column: &str) -> Result<f64, Diagnostic> {
    let text = line.text(column);
    let number = text.parse::<f64>().ok().filter(|n| (0.0..1e12).contains(n));
    number.ok_or_else(|| {
        line.wrong(column, format!("`{text}` is no length in tokens"), "write a number such as 512")
    })
}
