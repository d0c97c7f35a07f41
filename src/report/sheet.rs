//! A sheet: everything about one thing, as sections for the terminal, as one JSON object, or as
//! rows of key, value and unit.
//!
//! It lays out and does not know what it shows; what a key is measured in, it reads off the key.

use super::number;
use super::table::{Cell, Column, Format, Show, Table};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// Columns that a terminal is taken to have.
const WIDTH: usize = 100;
/// How far the contents of a section stand in.
const INDENT: &str = "  ";
/// A space that no line is broken at.
pub const TIE: char = '\u{a0}';
/// What stands for a figure that nobody states.
pub const UNKNOWN: &str = "unknown";

/// What a key is measured in, by how it ends; the first that fits.
const UNITS: &[(&str, &str)] = &[
    ("usd_per_hour", "$/h"),
    ("usd_per_flop", "$/FLOP"),
    ("usd_per_byte", "$/byte"),
    ("flops_per_byte", "FLOP/byte"),
    ("arithmetic_intensity", "FLOP/byte"),
    ("elements_per_token", "elements/token"),
    ("bytes_per_token", "bytes/token"),
    ("bytes_per_sequence", "bytes/sequence"),
    ("tflops", "TFLOPS"),
    ("tops", "TOPS"),
    ("gb_per_s", "GB/s"),
    ("gb_per_s_per_direction", "GB/s"),
    ("gbit_per_s", "Gbit/s"),
    ("_gb", "GB"),
    ("_w", "W"),
    ("nics_per_server", "cards"),
    ("devices", "devices"),
    ("devices_per_server", "devices"),
    ("flops", "FLOP"),
    ("bytes", "bytes"),
    ("params", "parameters"),
    ("params_core", "parameters"),
    ("params_with_head", "parameters"),
    ("params_with_embedding_and_head", "parameters"),
    ("tokens", "tokens"),
    ("layers", "layers"),
];

/// The unit of a key; empty for words and for what has none.
#[must_use]
pub fn unit(key: &str) -> &'static str {
    let found = UNITS.iter().find(|(ending, _)| key.ends_with(ending));
    found.map_or("", |(_, unit)| unit)
}

/// Anything serializable in one of the machine-readable forms, or as Markdown; `text` is the form
/// for the terminal.
#[must_use]
pub fn render(data: &impl Serialize, text: impl FnOnce() -> String, format: Format) -> String {
    let tree = || whole(serde_json::to_value(data).unwrap_or_default());
    match format {
        Format::Table => text(),
        Format::Json => serde_json::to_string_pretty(&tree()).unwrap_or_default() + "\n",
        Format::Csv | Format::Markdown => {
            let mut rows = Vec::new();
            flatten("", "", &tree(), &mut rows);
            let columns = ["key", "value", "unit"].map(|n| Column::new(n, Show::Plain)).to_vec();
            Table { columns, rows, notes: Vec::new() }.render(format)
        }
    }
}

/// The same tree with whole numbers written without a fraction, as all of the program's JSON.
fn whole(tree: Value) -> Value {
    match tree {
        Value::Number(n) if n.is_f64() => n.as_f64().map_or(Value::Null, number::json),
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(pairs) => pairs.into_iter().map(|(key, v)| (key, whole(v))).collect(),
        other => other,
    }
}

/// One row for each leaf. Entries of a list go by their `name` or `context_tokens` if they have
/// one, else by their place.
fn flatten(path: &str, key: &str, tree: &Value, rows: &mut Vec<Vec<Cell>>) {
    let below =
        |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    let text = match tree {
        Value::Object(pairs) => {
            return pairs.iter().for_each(|(k, v)| flatten(&below(k), k, v, rows));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(&below(&entry_name(at, item)), key, item, rows);
            }
            return;
        }
        Value::Null => UNKNOWN.to_owned(),
        Value::String(text) => text.clone(),
        // Through a cell, so that long numbers read as in every other CSV.
        Value::Number(n) if n.is_f64() => n.as_f64().map(number::exact).unwrap_or_default(),
        other => other.to_string(),
    };
    rows.push(vec![path.into(), text.into(), unit(key).into()]);
}

fn entry_name(at: usize, item: &Value) -> String {
    match (item.get("name"), item.get("context_tokens")) {
        (Some(Value::String(name)), _) => name.clone(),
        (_, Some(context)) => context.to_string(),
        _ => at.to_string(),
    }
}

/// Text for the terminal, made section by section.
#[derive(Debug, Default)]
pub struct Sheet {
    text: String,
}

/// A line of a section: what it is, its value, and what there is to say about it.
pub struct Fact {
    label: String,
    value: String,
    remark: String,
}

impl Fact {
    /// A line without a remark.
    #[must_use]
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), remark: String::new() }
    }

    /// The same with a remark.
    #[must_use]
    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = remark.into();
        self
    }
}

impl Sheet {
    /// A sheet under a title.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { text: format!("{title}\n") }
    }

    /// A paragraph, wrapped.
    pub fn paragraph(&mut self, text: &str) {
        self.wrapped(text, "", "");
    }

    /// Starts a section.
    pub fn heading(&mut self, text: &str) {
        let _ = write!(self.text, "\n{text}\n");
    }

    /// Lines with their values and remarks below one another.
    pub fn facts(&mut self, facts: &[Fact]) {
        let widest = |of: fn(&Fact) -> &str| {
            facts.iter().map(|f| of(f).chars().count()).max().unwrap_or_default()
        };
        let (labels, values) = (widest(|f| &f.label), widest(|f| &f.value));
        for fact in facts {
            let head = format!("{INDENT}{:labels$}  ", fact.label);
            if fact.remark.is_empty() {
                self.wrapped(&fact.value, &head, &" ".repeat(head.chars().count()));
            } else {
                let _ = writeln!(self.text, "{head}{:values$}  {}", fact.value, fact.remark);
            }
        }
    }

    /// A table.
    pub fn table(&mut self, table: &Table) {
        for line in table.render(Format::Table).lines() {
            let _ = writeln!(self.text, "{}", format!("{INDENT}{line}").trim_end());
        }
    }

    /// A paragraph behind a label, wrapped and set in.
    pub fn labelled(&mut self, label: &str, text: &str) {
        self.wrapped(text, &format!("{INDENT}{label}: "), &INDENT.repeat(2));
    }

    /// The finished text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    /// Words over as many lines as they need.
    fn wrapped(&mut self, text: &str, first: &str, others: &str) {
        let mut line = first.to_owned();
        let mut empty = true;
        for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                others.clone_into(&mut line);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}", line.replace(TIE, " ").trim_end());
    }
}

/// A whole number with its thousands set apart.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_become_rows_with_units() {
        let data = json!({"a": {"kv_bytes": 2.0}, "list": [{"name": "x", "layers": 3}], "b": null});
        let csv = render(&data, String::new, Format::Csv);
        assert_eq!(
            csv,
            "key,value,unit\na.kv_bytes,2,bytes\nlist.x.name,x,\nlist.x.layers,3,layers\n\
             b,unknown,\n"
        );
    }

    #[test]
    fn long_words_do_not_stop_the_wrapping() {
        let mut sheet = Sheet::new("t");
        sheet.paragraph(&format!("{} b {}", "a".repeat(99), "c".repeat(120)));
        let lines: Vec<usize> = sheet.finish().lines().map(str::len).collect();
        assert_eq!(lines, [1, 99, 1, 120]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(671_026_419_200), "671,026,419,200");
    }
}
