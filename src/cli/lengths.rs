//! Request lengths from a trace: prompts and outputs as a CSV file, turned into the mean and spread
//! of the contexts that are in flight.

use crate::deploy::context::{Context, Lengths, Moments};
use crate::spec::Diagnostic;
use std::path::Path;

/// Headers under which traces keep prompt lengths.
const PROMPT: [&str; 5] =
    ["prompt_tokens", "input_tokens", "input_length", "ContextTokens", "num_prefill_tokens"];
/// Headers under which traces keep output lengths.
const OUTPUT: [&str; 5] =
    ["output_tokens", "generated_tokens", "output_length", "GeneratedTokens", "num_decode_tokens"];

/// Mean and deviation of the contexts in flight, length-biased.
///
/// # Errors
/// If the file is no such CSV, or holds no lengths.
pub fn in_flight(path: &Path) -> Result<Moments, Diagnostic> {
    let broken = |e: csv::Error| Diagnostic::new(format!("{}: {e}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    let headers = reader.headers().map_err(broken)?.clone();
    let column = |names: &[&str], what: &str| {
        let found = headers.iter().position(|h| names.iter().any(|n| n.eq_ignore_ascii_case(h)));
        found.ok_or_else(|| {
            let known = crate::spec::source::one_of(names);
            Diagnostic::new(format!("{} has no column of {what} lengths", path.display()))
                .help(format!("call it {known}"))
        })
    };
    let (prompt, output) = (column(&PROMPT, "prompt")?, column(&OUTPUT, "output")?);
    let mut pairs = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(broken)?;
        let number = |column: usize| {
            let text = record.get(column).unwrap_or_default().trim();
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            number.ok_or_else(|| {
                let line = at + 2;
                Diagnostic::new(format!(
                    "{}:{line}: `{text}` is no length in tokens",
                    path.display()
                ))
            })
        };
        pairs.push((number(prompt)?, number(output)?));
    }
    let lengths = Lengths::from_pairs(pairs)
        .map_err(|e| Diagnostic::new(format!("{}: {e}", path.display())))?;
    Ok(Context::Lengths(lengths).moments())
}
