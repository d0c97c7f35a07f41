//! A CSV file read by its header, whose cells know their place: a bad one is complained of with
//! file, line and column. Columns that nobody asks for are ignored.
//!
//! This file knows nothing of what the columns mean.

use crate::csv_place::{csv_complaint, first_of_line, line_at};
use crate::spec::source::all_of;
use crate::spec::{Diagnostic, Origin, Source};
use csv::StringRecord;
use std::sync::Arc;

/// A CSV text with a header.
#[derive(Debug)]
pub struct Sheet {
    source: Arc<Source>,
    header: StringRecord,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    /// Where its first cell begins.
    byte: usize,
    /// From 1.
    line: u64,
    cells: StringRecord,
}

/// One row of it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    sheet: &'a Sheet,
    record: &'a Record,
}

impl Sheet {
    /// Splits a text into cells.
    ///
    /// # Errors
    /// If it is no CSV, its rows differ in length, or there is none.
    pub fn read(source: &Arc<Source>) -> Result<Self, Diagnostic> {
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source.text.as_bytes());
        let wrong = |error: csv::Error| csv_complaint(source, &error);
        let header = reader.headers().map_err(wrong)?.clone();
        let bytes = source.text.as_bytes();
        let (mut records, mut seen, mut line) = (Vec::new(), 0, 1);
        for cells in reader.records() {
            let cells = cells.map_err(wrong)?;
            // A position may be that of the line break before, and so may its line.
            let byte = first_of_line(bytes, cells.position().map_or(0, |p| p.byte() as usize));
            line += bytes[seen..byte].iter().filter(|b| **b == b'\n').count() as u64;
            seen = byte;
            records.push(Record { byte, line, cells });
        }
        if records.is_empty() {
            return Err(Diagnostic::new(format!("{} holds no row", source.name)));
        }
        Ok(Self { source: source.clone(), header, records })
    }

    /// The text it was read from.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether there is a column of a name.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// Complains of needed columns that are not there, all at once.
    ///
    /// # Errors
    /// If one is missing.
    pub fn needs(&self, columns: &[&str]) -> Result<(), Diagnostic> {
        let missing: Vec<&str> = columns.iter().copied().filter(|c| !self.has(c)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let noun = if missing.len() == 1 { "column" } else { "columns" };
        Err(Diagnostic::new(format!("the header lacks the {noun} {}", all_of(&missing)))
            .at(line_at(&self.source, 0))
            .help(format!("such a table needs {}", all_of(columns))))
    }

    /// The rows in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|record| Line { sheet: self, record })
    }
}

impl<'a> Line<'a> {
    /// Its number in the file, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.record.line
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.sheet.header.iter().position(|column| column == name)
    }

    /// A cell as it is; empty where there is no such column.
    #[must_use]
    pub fn text(&self, name: &str) -> &'a str {
        self.column(name).and_then(|i| self.record.cells.get(i)).unwrap_or_default()
    }

    /// A cell that must not be empty.
    ///
    /// # Errors
    /// If it is.
    pub fn word(&self, name: &str) -> Result<&'a str, Diagnostic> {
        match self.text(name) {
            "" => Err(self.wrong(name, format!("`{name}` is empty"), "state it")),
            text => Ok(text),
        }
    }

    /// A number above zero, or nothing where the cell is empty.
    ///
    /// # Errors
    /// If it is neither.
    pub fn positive_if_any(&self, name: &str) -> Result<Option<f64>, Diagnostic> {
        let text = self.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(n) if n > 0.0 && n < MOST => Ok(Some(n)),
            _ => Err(self.wrong(
                name,
                format!("`{name}` must be a number above 0, not `{text}`"),
                "leave out rows that were not measured",
            )),
        }
    }

    /// A number above zero.
    ///
    /// # Errors
    /// If it is none.
    pub fn positive(&self, name: &str) -> Result<f64, Diagnostic> {
        self.word(name)?;
        Ok(self.positive_if_any(name)?.unwrap_or_default())
    }

    /// A whole number of at least 1, also written as `8.0`.
    ///
    /// # Errors
    /// If it is none.
    pub fn count(&self, name: &str) -> Result<u64, Diagnostic> {
        let text = self.word(name)?;
        let whole = text.strip_suffix(".0").unwrap_or(text).parse::<u64>();
        match whole {
            Ok(n) if n > 0 && (n as f64) < MOST => Ok(n),
            _ => Err(self.wrong(
                name,
                format!("`{name}` must be a whole number of at least 1, not `{text}`"),
                "write it as 128",
            )),
        }
    }

    /// A count that is no larger than counts of devices, heads or experts are.
    ///
    /// # Errors
    /// If it is none.
    pub fn small_count(&self, name: &str) -> Result<u32, Diagnostic> {
        let n = self.count(name)?;
        u32::try_from(n).map_err(|_| self.wrong(name, format!("`{name}` is too large"), "check it"))
    }

    /// A complaint about a cell.
    #[must_use]
    pub fn wrong(&self, name: &str, message: String, help: &str) -> Diagnostic {
        let source = &self.sheet.source;
        let start = self.record.byte;
        let origin = match self.column(name) {
            Some(column) => Origin::new(source, cell(&source.text, start, column)),
            None => line_at(source, start),
        };
        Diagnostic::new(message).at(origin).help(help)
    }
}

/// No count or time is larger.
const MOST: f64 = 1e18;

/// The bytes of the n-th cell of the record that begins at a byte.
fn cell(text: &str, start: usize, column: usize) -> std::ops::Range<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut quoted, mut begin) = (start, false, start);
    let mut nth = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                if nth == column {
                    break;
                }
                (nth, begin) = (nth + 1, at + 1);
            }
            b'\r' | b'\n' if !quoted => break,
            _ => {}
        }
        at += 1;
    }
    begin..at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        Sheet::read(&Source::new("t.csv", text)).unwrap()
    }

    #[test]
    fn a_bad_cell_is_shown_where_it_is() {
        let sheet = sheet("a,b,us\n\"x, y\",\"two\nlines\",-3\n1,2,nan\n");
        let lines: Vec<_> = sheet.lines().collect();
        let complaint = lines[0].positive("us").unwrap_err();
        assert_eq!(complaint.origin.unwrap().line_column(), (3, 8));
        let shown = lines[1].positive("us").unwrap_err().render(false);
        assert!(shown.contains("t.csv:4:5") && shown.contains("1,2,nan"), "{shown}");
        assert_eq!(lines[1].count("b").unwrap(), 2);
        assert_eq!((lines[0].number(), lines[1].number()), (2, 4));
        let crlf = Sheet::read(&Source::new("t.csv", "a\r\n1\r\n2\r\n")).unwrap();
        assert_eq!(crlf.lines().map(|line| line.number()).collect::<Vec<_>>(), [2, 3]);
        assert!(lines[0].count("a").is_err() && lines[0].word("none").is_err());
    }

    #[test]
    fn missing_columns_are_named_all_at_once() {
        let complaint = sheet("a,b\n1,2\n").needs(&["a", "k", "n"]).unwrap_err();
        assert_eq!(complaint.message, "the header lacks the columns `k` and `n`");
        assert!(sheet("a,b\n1,2\n").needs(&["b"]).is_ok());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for bad in ["", "a,b\n", "a,b\n1\n"] {
            assert!(Sheet::read(&Source::new("t", bad)).is_err(), "{bad:?}");
        }
    }
}
