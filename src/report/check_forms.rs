//! What `afford check` found, in its forms: for the terminal, for a pull request, for CI servers
//! (JUnit), and for programs.

use super::check::{Drift, Outcome};
use super::diff_table::inputs_table;
use super::table::{Cell, Column, Format, Show, Table};
use std::fmt::Write as _;
use xmlwriter::{Indent, Options, XmlWriter};

/// The forms of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum CheckFormat {
    /// For the terminal.
    #[default]
    Table,
    /// Every drift, comma-separated.
    Csv,
    /// Every drift, an array of objects.
    Json,
    /// For a comment on a pull request.
    Markdown,
    /// JUnit XML: a suite per scenario, a case per file.
    Junit,
}

/// A scenario's name with its outcome.
pub type Checked = (String, Outcome);

/// With more drifts than this, people are shown one line per column.
const MOST_SHOWN: usize = 20;

/// What was found, in a form; empty where a person has nothing to read.
#[must_use]
pub fn render(all: &[Checked], format: CheckFormat) -> String {
    let moved = || all.iter().filter(|(_, outcome)| !outcome.drifts.is_empty());
    match format {
        CheckFormat::Csv => drift_table(all).render(Format::Csv),
        CheckFormat::Json => drift_table(all).render(Format::Json),
        CheckFormat::Junit => junit(all),
        CheckFormat::Table => {
            let sections: Vec<String> = moved().map(|one| section(one, Format::Table)).collect();
            sections.join("\n")
        }
        CheckFormat::Markdown => {
            let drifted = moved().count();
            let mut text = match drifted {
                0 => format!("## Costs: {} reports as committed\n", all.len()),
                n => format!("## Costs: {n} of {} reports moved\n", all.len()),
            };
            for one in moved() {
                text.push('\n');
                text.push_str(&section(one, Format::Markdown));
            }
            text
        }
    }
}

/// What moved in one scenario, and which inputs did.
fn section((scenario, outcome): &Checked, format: Format) -> String {
    let mut text = match format {
        Format::Markdown => format!("### {scenario}\n\n"),
        _ => format!("{scenario}\n"),
    };
    if let Some(remark) = outcome.version_remark() {
        let _ = writeln!(text, "{remark}\n");
    }
    let inputs = inputs_table(&outcome.changes);
    if !inputs.rows.is_empty() {
        text.push_str(&inputs.render(format));
        text.push('\n');
    }
    let table = if outcome.drifts.len() > MOST_SHOWN {
        summary(&outcome.drifts)
    } else {
        let mut table = drift_table(std::slice::from_ref(&(scenario.clone(), outcome)));
        table.columns[0].show = Show::Hidden;
        table
    };
    text.push_str(&table.render(format));
    text
}

/// Every drift.
fn drift_table<O: std::borrow::Borrow<Outcome>>(all: &[(String, O)]) -> Table {
    let row = |scenario: &str, drift: &Drift| {
        vec![
            Cell::from(scenario),
            drift.file.clone().into(),
            drift.moved.row.clone().into(),
            drift.moved.column.clone().into(),
            drift.moved.before.clone().into(),
            drift.moved.after.clone().into(),
            drift.moved.percent().into(),
            because(drift).into(),
        ]
    };
    let rows = all.iter().flat_map(|(scenario, outcome)| {
        outcome.borrow().drifts.iter().map(move |drift| row(scenario, drift))
    });
    Table {
        columns: vec![
            Column::new("scenario", Show::Plain),
            Column::new("file", Show::Plain),
            Column::new("row", Show::Plain),
            Column::new("column", Show::Plain),
            Column::new("committed", Show::Plain),
            Column::new("now", Show::Plain),
            Column::new("change_percent", Show::Usd).headed("change %"),
            Column::new("because", Show::Plain),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn because(drift: &Drift) -> String {
    drift.because.join("; ")
}

/// Drifts of one column and cause in a line: how many, and the largest.
fn summary(drifts: &[Drift]) -> Table {
    let mut groups: Vec<Vec<&Drift>> = Vec::new();
    for drift in drifts {
        let alike = |group: &&mut Vec<&Drift>| {
            let first = group[0];
            first.file == drift.file
                && first.moved.column == drift.moved.column
                && first.because == drift.because
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(drift),
            None => groups.push(vec![drift]),
        }
    }
    let size = |drift: &&&Drift| drift.moved.percent().unwrap_or(0.0).abs();
    let row = |group: &Vec<&Drift>| {
        let largest = group.iter().max_by(|a, b| size(a).total_cmp(&size(b)));
        let largest = largest.map_or(group[0], |drift| *drift);
        vec![
            Cell::from(group[0].file.as_str()),
            group[0].moved.column.clone().into(),
            (group.len() as u64).into(),
            largest.moved.row.clone().into(),
            largest.moved.before.clone().into(),
            largest.moved.after.clone().into(),
            largest.moved.percent().into(),
            because(group[0]).into(),
        ]
    };
    Table {
        columns: vec![
            Column::new("file", Show::Plain),
            Column::new("column", Show::Plain),
            Column::new("cells", Show::Plain),
            Column::new("row", Show::Plain).headed("most in row"),
            Column::new("committed", Show::Plain),
            Column::new("now", Show::Plain),
            Column::new("change_percent", Show::Usd).headed("change %"),
            Column::new("because", Show::Plain),
        ],
        rows: groups.iter().map(row).collect(),
        notes: vec![format!("{} cells moved; csv and json list each.", drifts.len())],
    }
}

/// A suite per scenario; each file that moved is a failed case, and all others together one that
/// passed.
fn junit(all: &[Checked]) -> String {
    let mut xml = XmlWriter::new(Options { indent: Indent::Spaces(2), ..Options::default() });
    xml.start_element("testsuites");
    xml.write_attribute("name", "afford check");
    for (scenario, outcome) in all {
        let mut files: Vec<&str> = Vec::new();
        for drift in &outcome.drifts {
            if !files.contains(&drift.file.as_str()) {
                files.push(&drift.file);
            }
        }
        xml.start_element("testsuite");
        xml.write_attribute("name", &escaped(scenario));
        xml.write_attribute("tests", &(files.len() + 1));
        xml.write_attribute("failures", &files.len());
        xml.start_element("testcase");
        xml.write_attribute("classname", &escaped(scenario));
        xml.write_attribute("name", "recomputed");
        xml.end_element();
        for file in files {
            let mine = outcome.drifts.iter().filter(|drift| drift.file == file);
            let lines: Vec<String> = mine.map(in_a_line).collect();
            xml.start_element("testcase");
            xml.write_attribute("classname", &escaped(scenario));
            xml.write_attribute("name", &escaped(file));
            xml.start_element("failure");
            xml.write_attribute("message", &format!("{} moved", lines.len()));
            xml.set_preserve_whitespaces(true);
            xml.write_text(&escaped(&lines.join("\n")));
            xml.end_element();
            xml.set_preserve_whitespaces(false);
            xml.end_element();
        }
        xml.end_element();
    }
    xml.end_document() + "\n"
}

/// What the writer leaves to its user: markup and characters that XML does not have.
fn escaped(text: &str) -> String {
    let visible = text.chars().filter(|c| !c.is_control() || *c == '\n').collect::<String>();
    visible.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn in_a_line(drift: &Drift) -> String {
    let Drift { moved, .. } = drift;
    let percent = moved.percent().map(|p| format!(" ({p:+.3} %)")).unwrap_or_default();
    let why =
        if drift.because.is_empty() { String::new() } else { format!(": {}", because(drift)) };
    let row = [moved.row.as_str(), moved.column.as_str()].join(" ");
    format!("{}: {} -> {}{percent}{why}", row.trim(), moved.before, moved.after)
}
