//! Rows as CSV, JSON Lines or Parquet, block by block: the bytes of a block depend on its rows
//! alone, and a file is what goes before, its blocks, and for Parquet what joins them.

use super::parquet_form;
use crate::report::number::write_exact;
use crate::spec::Diagnostic;
use crate::sweep::grid::rows::{Cells, Heading, Rows};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The form of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Comma-separated, with a header.
    #[default]
    Csv,
    /// An object per line.
    Jsonl,
    /// Columns, for pandas, polars and DuckDB.
    Parquet,
}

impl Form {
    /// The form that a file's ending names.
    ///
    /// # Errors
    /// If it names none.
    pub fn of(path: &Path) -> Result<Self, Diagnostic> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "jsonl" | "ndjson" => Ok(Self::Jsonl),
            "parquet" => Ok(Self::Parquet),
            _ => {
                let message = format!("{} names no form of table", path.display());
                Err(Diagnostic::new(message).help("end it in .csv, .jsonl or .parquet"))
            }
        }
    }

    /// What stands before the first block.
    #[must_use]
    pub fn head(self, headings: &[Heading]) -> Vec<u8> {
        match self {
            Self::Csv => {
                let names: Vec<Vec<u8>> = headings.iter().map(|h| csv_word(&h.name)).collect();
                let mut line = names.join(&b',');
                line.push(b'\n');
                line
            }
            Self::Jsonl | Self::Parquet => Vec::new(),
        }
    }

    /// A block; for Parquet a whole small file, to be joined with others.
    ///
    /// # Errors
    /// If the Parquet crate refuses the rows.
    pub fn block(self, headings: &[Heading], rows: &Rows) -> Result<Vec<u8>, Diagnostic> {
        match self {
            Self::Csv => Ok(csv(rows)),
            Self::Jsonl => Ok(json_lines(headings, rows)),
            Self::Parquet if rows.count == 0 => Ok(Vec::new()),
            Self::Parquet => parquet_form::block(headings, rows),
        }
    }
}

/// Writes a value that cannot fail into a vector.
fn put<T: Serialize>(to: &mut Vec<u8>, value: T) {
    let _ = serde_json::to_writer(to, &value);
}

/// Cells whose words are already as the form has them.
enum Ready<'a> {
    Words(Vec<Vec<u8>>, &'a [u32]),
    Int(&'a [u64]),
    Number(&'a [f64]),
    Bool(&'a [bool]),
}

fn ready(rows: &Rows, word: impl Fn(&str) -> Vec<u8>) -> Vec<Ready<'_>> {
    let mut columns = Vec::with_capacity(rows.columns.len());
    for cells in &rows.columns {
        columns.push(match cells {
            Cells::Words(words, at) => Ready::Words(words.iter().map(|w| word(w)).collect(), at),
            Cells::Int(all) => Ready::Int(all),
            Cells::Number(all) => Ready::Number(all),
            Cells::Bool(all) => Ready::Bool(all),
        });
    }
    columns
}

impl Ready<'_> {
    /// Appends the value of a row; `absent` where there is none.
    #[inline]
    fn write(&self, row: usize, absent: &[u8], to: &mut Vec<u8>) {
        match self {
            Self::Words(words, at) => {
                let word = words.get(at[row] as usize).map_or(absent, Vec::as_slice);
                to.extend_from_slice(word);
            }
            Self::Int(all) => put(to, all[row]),
            Self::Number(all) if all[row].is_finite() => write_exact(to, all[row]),
            Self::Number(_) => to.extend_from_slice(absent),
            Self::Bool(all) => to.extend_from_slice(if all[row] { b"true" } else { b"false" }),
        }
    }
}

/// A word as a CSV field.
fn csv_word(word: &str) -> Vec<u8> {
    if !word.contains([',', '"', '\n', '\r']) {
        return word.as_bytes().to_vec();
    }
    format!("\"{}\"", word.replace('"', "\"\"")).into_bytes()
}

fn csv(rows: &Rows) -> Vec<u8> {
    let columns = ready(rows, csv_word);
    let mut text = Vec::with_capacity(rows.count * columns.len() * 10);
    for row in 0..rows.count {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            column.write(row, b"", &mut text);
        }
        text.push(b'\n');
    }
    text
}

fn json_lines(headings: &[Heading], rows: &Rows) -> Vec<u8> {
    let quoted = |word: &str| {
        let mut text = Vec::new();
        put(&mut text, word);
        text
    };
    let columns = ready(rows, quoted);
    let keys: Vec<Vec<u8>> = headings
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            let before = if at == 0 { "{" } else { "," };
            [before.as_bytes(), &quoted(&heading.name), b":"].concat()
        })
        .collect();
    let mut text = Vec::with_capacity(rows.count * columns.len() * 30);
    for row in 0..rows.count {
        for (column, key) in columns.iter().zip(&keys) {
            text.extend_from_slice(key);
            column.write(row, b"null", &mut text);
        }
        text.extend_from_slice(b"}\n");
    }
    text
}
