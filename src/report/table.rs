//! Tables: named columns, rows of cells, and the four forms they are written in.
//!
//! CSV and JSON carry values unrounded; the terminal and Markdown forms round each column as its
//! [`Show`] says. A table does not know what its columns mean.

use super::number;
use std::borrow::Cow;
use std::fmt::Write as _;

/// How people see a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// As it is.
    #[default]
    Plain,
    /// US dollars, four significant digits.
    Usd,
    /// US dollars: in the forms that people read, the sum of these columns of the row.
    UsdSum(&'static [&'static str]),
    /// Three significant digits with an SI letter or exponent.
    Short,
    /// Three significant digits with a power of ten, as papers print FLOPs.
    Exponent,
    /// Tokens: 8192 as `8Ki`.
    Tokens,
    /// In the machine-readable forms only.
    Hidden,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, which ends in its unit.
    pub name: Cow<'static, str>,
    /// What people read above it.
    pub heading: Cow<'static, str>,
    /// How people see its values.
    pub show: Show,
}

impl Column {
    /// A column that looks as it is called.
    #[must_use]
    pub const fn new(name: &'static str, show: Show) -> Self {
        Self { name: Cow::Borrowed(name), heading: Cow::Borrowed(name), show }
    }

    /// A column whose name is known only at run time.
    #[must_use]
    pub fn named(name: String, show: Show) -> Self {
        Self { heading: Cow::Owned(name.clone()), name: Cow::Owned(name), show }
    }

    /// The same with a heading for people.
    #[must_use]
    pub fn headed(mut self, heading: impl Into<Cow<'static, str>>) -> Self {
        self.heading = heading.into();
        self
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A whole number.
    Int(u64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// Nothing known.
    None,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(n: u64) -> Self {
        Self::Int(n)
    }
}

impl From<f64> for Cell {
    fn from(n: f64) -> Self {
        Self::Number(n)
    }
}

impl From<bool> for Cell {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl Cell {
    /// The value as a number, if it is one.
    #[must_use]
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The value unrounded, as CSV has it.
    #[must_use]
    pub fn exact(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Int(n) => n.to_string(),
            Self::Number(n) => number::exact(*n),
            Self::Bool(b) => b.to_string(),
            Self::None => String::new(),
        }
    }

    /// The value as people see it.
    #[must_use]
    pub fn shown(&self, show: Show) -> String {
        match (self, show) {
            (Self::Int(n), Show::Tokens) => crate::spec::quantity::Tokens(*n).to_string(),
            (Self::Int(_) | Self::Number(_), Show::Usd | Show::UsdSum(_)) => {
                number::significant(self.number().unwrap_or(0.0), 4)
            }
            (Self::Int(_) | Self::Number(_), Show::Short) => {
                number::short(self.number().unwrap_or(0.0))
            }
            (Self::Int(_) | Self::Number(_), Show::Exponent) => {
                format!("{:.2e}", self.number().unwrap_or(0.0))
            }
            (Self::Number(n), _) => number::plain(*n),
            (Self::Bool(b), _) => if *b { "yes" } else { "no" }.to_owned(),
            (Self::None, _) => "-".to_owned(),
            _ => self.exact(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Int(n) => (*n).into(),
            Self::Number(n) => number::json(*n),
            Self::Bool(b) => (*b).into(),
            Self::None => serde_json::Value::Null,
        }
    }
}

/// A table with the notes that make its figures traceable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows; each has a cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Lines below the table in the forms that people read.
    pub notes: Vec<String>,
}

/// The forms a table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For the terminal.
    #[default]
    Table,
    /// Comma-separated, unrounded.
    Csv,
    /// An array of objects, unrounded.
    Json,
    /// A Markdown table.
    Markdown,
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The table in a form, with a final line break.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => self.terminal(),
            Format::Csv => self.csv(),
            Format::Json => self.json(),
            Format::Markdown => self.markdown(),
        }
    }

    /// Comma-separated values under a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = self.columns.iter().map(|c| c.name.to_string());
        let rows = self.rows.iter().map(|row| row.iter().map(Cell::exact).collect());
        for record in std::iter::once(header.collect::<Vec<_>>()).chain(rows) {
            // Writing into memory does not fail.
            let _ = writer.write_record(&record);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The rows as JSON objects, unrounded.
    #[must_use]
    pub fn objects(&self) -> Vec<serde_json::Value> {
        let object = |row: &Vec<Cell>| {
            let pairs = self.columns.iter().zip(row);
            let pairs = pairs.map(|(column, cell)| (column.name.to_string(), cell.json()));
            serde_json::Value::Object(pairs.collect())
        };
        self.rows.iter().map(object).collect()
    }

    fn json(&self) -> String {
        serde_json::to_string_pretty(&self.objects()).unwrap_or_default() + "\n"
    }

    /// A cell as people see it.
    #[must_use]
    pub fn shown(&self, row: &[Cell], column: usize) -> String {
        let show = self.columns[column].show;
        let (Show::UsdSum(parts), Some(_)) = (show, row[column].number()) else {
            return row[column].shown(show);
        };
        let numbers = parts.iter().map(|name| row[self.column(name)?].number());
        Cell::from(numbers.sum::<Option<f64>>()).shown(show)
    }

    fn visible(&self) -> Vec<usize> {
        let shown = |&i: &usize| self.columns[i].show != Show::Hidden;
        (0..self.columns.len()).filter(shown).collect()
    }

    /// Whether a column holds numbers and is set flush right.
    fn numeric(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row[column].number().is_some())
    }

    fn terminal(&self) -> String {
        use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};
        let visible = self.visible();
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(visible.iter().map(|&i| self.columns[i].heading.as_ref()));
        for row in &self.rows {
            grid.add_row(visible.iter().map(|&i| self.shown(row, i)));
        }
        for (at, &i) in visible.iter().enumerate() {
            if let Some(column) = grid.column_mut(at) {
                column.set_padding((0, 2));
                if self.numeric(i) {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        let mut text = String::new();
        for line in grid.lines() {
            let _ = writeln!(text, "{}", line.trim_end());
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        text
    }

    /// A Markdown table with its notes below.
    #[must_use]
    pub fn markdown(&self) -> String {
        let visible = self.visible();
        let escape = |text: String| text.replace('|', "\\|").replace('\n', " ");
        let mut text = String::new();
        let line = |text: &mut String, cells: Vec<String>| {
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        };
        line(
            &mut text,
            visible.iter().map(|&i| escape(self.columns[i].heading.to_string())).collect(),
        );
        let rule = |&i: &usize| if self.numeric(i) { "---:" } else { "---" }.to_owned();
        line(&mut text, visible.iter().map(rule).collect());
        for row in &self.rows {
            let cell = |&i: &usize| escape(self.shown(row, i));
            line(&mut text, visible.iter().map(cell).collect());
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }
}
