//! Where a CSV text is wrong: the places of its lines, and what the CSV reader complains of in our
//! words. Whoever reads a CSV says so alike.

use crate::spec::{Diagnostic, Origin, Source};
use std::sync::Arc;

/// The first byte from `at` on that is no line break: a reader's position may be that of the break
/// before a line.
#[must_use]
pub fn first_of_line(bytes: &[u8], at: usize) -> usize {
    (at..bytes.len()).find(|&i| !b"\r\n".contains(&bytes[i])).unwrap_or(bytes.len())
}

/// The line that begins at a byte, or after the line break there, from there to its end.
#[must_use]
pub fn line_at(source: &Arc<Source>, byte: usize) -> Origin {
    let bytes = source.text.as_bytes();
    let start = first_of_line(bytes, byte);
    let end = (start..bytes.len()).find(|&i| b"\r\n".contains(&bytes[i])).unwrap_or(bytes.len());
    Origin::new(source, start..end)
}

/// What the CSV reader complains of.
#[must_use]
pub fn csv_complaint(source: &Arc<Source>, error: &csv::Error) -> Diagnostic {
    let at = error.position().map_or(0, |p| p.byte() as usize);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this row has {len} fields, and the header has {expected_len}")
        }
        _ => format!("this is no CSV: {error}"),
    };
    Diagnostic::new(message).at(line_at(source, at))
}
