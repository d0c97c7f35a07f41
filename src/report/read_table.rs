//! A table from CSV, JSON or JSON Lines text, as `afford` writes it or anything with named columns.
//!
//! A column knows nothing but its name; what is wrong with a text is said with its line.

use super::table::{Cell, Column, Show, Table};
use crate::csv_place::{csv_complaint, line_at};
use crate::spec::{Diagnostic, Source};
use indexmap::IndexMap;
use serde_json::Value;
use std::sync::Arc;

/// Reads a table; text that begins with `[` is JSON, with `{` JSON Lines.
///
/// # Errors
/// If it is neither, or holds no row.
pub fn read_table(source: &Arc<Source>) -> Result<Table, Diagnostic> {
    let table = match source.text.trim_start().chars().next() {
        None => return Err(whole(source, "is empty")),
        Some('[') => objects_table(source, &read_json(source)?)?,
        Some('{') => objects_table(source, &read_json_lines(source)?)?,
        Some(_) => read_csv(source)?,
    };
    if table.rows.is_empty() {
        return Err(whole(source, "holds no row"));
    }
    Ok(table)
}

/// A complaint about a text as a whole.
fn whole(source: &Source, what: &str) -> Diagnostic {
    Diagnostic::new(format!("the table {} {what}", source.name))
        .help("a table is CSV with a header, a JSON array of objects, or one object a line")
}

fn read_csv(source: &Arc<Source>) -> Result<Table, Diagnostic> {
    let mut reader = csv::Reader::from_reader(source.text.as_bytes());
    let wrong = |error: csv::Error| csv_complaint(source, &error);
    let header = reader.headers().map_err(wrong)?.clone();
    let mut seen: Vec<&str> = Vec::new();
    for name in &header {
        if seen.contains(&name) {
            let message = format!("the header has two columns `{name}`");
            return Err(Diagnostic::new(message).at(line_at(source, 0)));
        }
        seen.push(name);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record.map_err(wrong)?.iter().map(cell).collect());
    }
    let columns = header.iter().map(|n| Column::named(n.to_owned(), Show::Plain)).collect();
    Ok(Table { columns, rows, notes: Vec::new() })
}

fn cell(text: &str) -> Cell {
    let text = text.trim();
    if text.is_empty() {
        return Cell::None;
    }
    if let Ok(n) = text.parse::<u64>() {
        return Cell::Int(n);
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => Cell::Number(n),
        _ if text == "true" || text == "false" => Cell::Bool(text == "true"),
        _ => Cell::Text(text.to_owned()),
    }
}

/// A row of a JSON table.
type Object = IndexMap<String, Value>;

fn read_json(source: &Arc<Source>) -> Result<Vec<Object>, Diagnostic> {
    serde_json::from_str(&source.text).map_err(|error| {
        let line = error.line().max(1) - 1;
        let start: usize = source.text.split_inclusive('\n').take(line).map(str::len).sum();
        let message = format!("this is no JSON array of objects: {error}");
        Diagnostic::new(message).at(line_at(source, start))
    })
}

/// One object a line; empty lines are nothing.
fn read_json_lines(source: &Arc<Source>) -> Result<Vec<Object>, Diagnostic> {
    let mut start = 0;
    let mut objects = Vec::new();
    for line in source.text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            objects.push(serde_json::from_str(line).map_err(|error| {
                let message = format!("this line is no JSON object: {error}");
                Diagnostic::new(message)
                    .help("JSON that begins with `{` is read as one object a line")
                    .at(line_at(source, start))
            })?);
        }
        start += line.len();
    }
    Ok(objects)
}

fn objects_table(source: &Source, objects: &[Object]) -> Result<Table, Diagnostic> {
    let mut names: IndexMap<&str, ()> = IndexMap::new();
    for object in objects {
        names.extend(object.keys().map(|key| (key.as_str(), ())));
    }
    let mut rows = Vec::new();
    for (object, number) in objects.iter().zip(1..) {
        let row: Result<Vec<Cell>, Diagnostic> = names
            .keys()
            .map(|name| match object.get(*name) {
                None | Some(Value::Null) => Ok(Cell::None),
                Some(Value::String(text)) => Ok(Cell::Text(text.clone())),
                Some(Value::Bool(b)) => Ok(Cell::Bool(*b)),
                Some(Value::Number(n)) => {
                    Ok(n.as_u64().map_or_else(|| n.as_f64().into(), Cell::Int))
                }
                Some(_) => Err(Diagnostic::new(format!(
                    "row {number} of {} holds a list or an object in `{name}`, and a table holds \
                     words and numbers",
                    source.name
                ))),
            })
            .collect();
        rows.push(row?);
    }
    let columns = names.keys().map(|n| Column::named((*n).to_owned(), Show::Plain)).collect();
    Ok(Table { columns, rows, notes: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::table::Format;
    use super::*;

    fn read(text: &str) -> Result<Table, String> {
        read_table(&Source::new("t", text)).map_err(|complaint| complaint.render(false))
    }

    #[test]
    fn both_forms_of_a_table_read_back_alike() {
        let columns = ["a", "b", "c"].map(|n| Column::new(n, Show::Plain)).to_vec();
        let rows = vec![
            vec![Cell::Int(3), Cell::Number(0.25), "x, y".into()],
            vec![Cell::Number(1e22), Cell::None, Cell::Bool(true)],
        ];
        let table = Table { columns, rows, notes: Vec::new() };
        for format in [Format::Csv, Format::Json] {
            let again = read(&table.render(format)).unwrap();
            assert_eq!(again.rows, table.rows);
            assert_eq!(again.render(format), table.render(format));
        }
    }

    #[test]
    fn json_lines_read_as_the_array_of_their_lines() {
        let lines = "{\"a\": 1, \"b\": \"x\"}\n\n{\"a\": null, \"c\": true}\n";
        let array = "[{\"a\": 1, \"b\": \"x\"}, {\"a\": null, \"c\": true}]";
        assert_eq!(read(lines).unwrap(), read(array).unwrap());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, expected) in [
            ("", "is empty"),
            ("a,b\n", "holds no row"),
            ("[]", "holds no row"),
            ("a,b\n1,2\n1,2,3\n", "t:3:1"),
            ("a,a\n1,2\n", "two columns `a`"),
            ("{\"a\": 1}\n{\"a\":\n", "t:2:1"),
            ("{\"a\": 1}\n\n[2]\n", "t:3:1"),
            ("[{\"a\": 1},\n 3]", "t:2:1"),
            ("[{\"a\": [1]}]", "list or an object in `a`"),
        ] {
            let complaint = read(text).unwrap_err();
            assert!(complaint.contains(expected), "{text}: {complaint}");
        }
    }
}
