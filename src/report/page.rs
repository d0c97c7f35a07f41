//! The report's `README.md`: the question, every table as its source lays it out with the printed
//! value in brackets, every figure, and where the inputs come from.

use super::bundle::{ReportFigure, ReportTable};
use super::loaded::Loaded;
use super::number::{plain, rounds_to};
use super::published::{Published, is_key};
use super::table::{Cell, Column, Show, Table};
use crate::machine::hardware::Hardware;
use crate::spec::quantity::Tokens;
use crate::units::FlopsPerSecond;
use crate::work::params::params;
use std::fmt::Write as _;

/// Writes the page.
#[must_use]
pub fn page(
    loaded: &Loaded,
    findings: &[String],
    tables: &[ReportTable],
    figures: &[ReportFigure],
) -> String {
    let scenario = &loaded.scenario;
    let mut text = String::new();
    let title = scenario.title.as_deref().unwrap_or(&scenario.name);
    let _ = writeln!(text, "# {title}\n");
    if let Some(question) = &scenario.question {
        let _ = writeln!(text, "{question}\n");
    }
    let contexts: Vec<String> = loaded.contexts().iter().map(|&c| Tokens(c).to_string()).collect();
    let _ = writeln!(
        text,
        "Written by `afford report {}`. Fidelity **{}** ({}), counting **{}**, contexts {} tokens. \
         CSV files hold every value unrounded.\n",
        scenario.name.value,
        scenario.fidelity.name(),
        scenario.fidelity.meaning(),
        scenario.counting.name(),
        listed(&contexts)
    );
    if tables.iter().any(|t| t.published.is_some()) {
        text.push_str(
            "Printed values stand in brackets; where a computed value does not round to the \
             printed digits, both are bold.\n\n",
        );
        summary(&mut text, tables);
    }
    if !findings.is_empty() {
        text.push_str("## In short\n\n");
        for finding in findings {
            let _ = writeln!(text, "- {}", finding.replace('$', "\\$"));
        }
        text.push('\n');
    }
    for table in tables {
        table_section(&mut text, table);
    }
    for figure in figures {
        let _ = writeln!(text, "## {}\n\n![{}]({}.svg)\n", figure.title, figure.title, figure.file);
    }
    inputs(&mut text, loaded);
    text
}

/// Words as a list in a sentence.
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How many printed values each table meets.
fn summary(text: &mut String, tables: &[ReportTable]) {
    text.push_str("| table | printed values met |\n| --- | ---: |\n");
    for table in tables {
        if let Some(published) = &table.published {
            let found = published.agreement(&table.table);
            let _ = writeln!(text, "| {} | {} of {} |", table.title, found.agree, found.compared);
        }
    }
    text.push('\n');
}

fn table_section(text: &mut String, section: &ReportTable) {
    let _ = writeln!(text, "## {}\n\n[`{}`]({})\n", section.title, section.file, section.file);
    let beside = with_printed(&section.table, section.published.as_ref());
    let keys = (0..section.table.columns.len()).filter(|&c| is_key(&section.table, c)).count();
    let wide = keys >= 3 && section.table.columns.len() == keys + 1;
    let shown = if wide { spread(&beside, keys - 1) } else { beside };
    let _ = writeln!(text, "{}", shown.markdown());
    if let Some(remark) = &section.remark {
        let _ = writeln!(text, "{remark}\n");
    }
}

/// The table with each published value in brackets behind the computed one.
fn with_printed(table: &Table, published: Option<&Published>) -> Table {
    let Some(published) = published else {
        return table.clone();
    };
    let mut shown = table.clone();
    for (at, row) in shown.rows.iter_mut().enumerate() {
        for (column, cell) in row.iter_mut().enumerate() {
            let Some(printed) = published.beside(table, at, column) else {
                continue;
            };
            let Some(value) = cell.number() else { continue };
            let both = format!("{} ({printed})", cell.shown(table.columns[column].show));
            let met = rounds_to(value, printed) == Some(true);
            *cell = Cell::Text(if met { both } else { format!("**{both}**") });
        }
    }
    shown
}

/// Turns the values of one key column into columns, as papers lay out hardware.
fn spread(table: &Table, key: usize) -> Table {
    let value = key + 1;
    let mut headings: Vec<String> = Vec::new();
    let mut rows: Vec<(Vec<Cell>, Vec<Cell>)> = Vec::new();
    for row in &table.rows {
        let heading = row[key].shown(table.columns[key].show);
        let at = headings.iter().position(|h| *h == heading).unwrap_or_else(|| {
            headings.push(heading);
            headings.len() - 1
        });
        let names = row[..key].to_vec();
        let here = rows.iter().position(|(n, _)| *n == names).unwrap_or_else(|| {
            rows.push((names, Vec::new()));
            rows.len() - 1
        });
        let cells = &mut rows[here].1;
        cells.resize(cells.len().max(at + 1), Cell::None);
        cells[at] = Cell::Text(row[value].shown(table.columns[value].show));
    }
    let width = headings.len();
    let mut columns = table.columns[..key].to_vec();
    columns.extend(headings.into_iter().map(|h| Column::new("", Show::Plain).headed(h)));
    let body = rows.into_iter().map(|(mut names, mut cells)| {
        cells.resize(width, Cell::None);
        for (cell, column) in names.iter_mut().zip(&table.columns) {
            *cell = Cell::Text(cell.shown(column.show));
        }
        names.extend(cells);
        names
    });
    Table { columns, rows: body.collect(), notes: Vec::new() }
}

fn inputs(text: &mut String, loaded: &Loaded) {
    text.push_str("## Inputs\n\n");
    text.push_str(
        "| hardware | TFLOPS | memory | price | provenance | source |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for part in &loaded.hardware {
        let _ = writeln!(text, "| {} |", hardware_row(&part.label, &part.value).join(" | "));
    }
    text.push_str(
        "\n| model | parameters | activated, LM head included | layers | formats |\n\
         | --- | ---: | ---: | ---: | --- |\n",
    );
    for part in &loaded.models {
        let count = params(&part.value);
        let precision = part.value.precision;
        let _ = writeln!(
            text,
            "| {} (`{}`) | {} | {} | {} | weights {}, activations {} |",
            part.label,
            part.value.name,
            billions(count.total),
            billions(count.active_with_head),
            part.value.layer_count(),
            precision.weights.name(),
            precision.activations.name(),
        );
    }
}

fn billions(params: u64) -> String {
    format!("{:.1}B", params as f64 / 1e9)
}

fn hardware_row(label: &str, hardware: &Hardware) -> Vec<String> {
    let compute = hardware.compute.as_ref();
    let rates = compute.map(|c| c.value).unwrap_or_default();
    let rate = |name: &str, rate: Option<FlopsPerSecond>| {
        rate.map(|r| format!("{} {name}", plain(r.tflops())))
    };
    let rates = [rate("BF16", rates.bf16), rate("FP8", rates.fp8), rate("INT8", rates.int8)];
    let rates: Vec<String> = rates.into_iter().flatten().collect();
    let bandwidth = hardware.memory_bandwidth();
    let price = hardware.price().map(|p| {
        let usd = plain(p.rate.usd_per_hour());
        format!("{usd} $/h, {} {}", p.basis.name(), p.date)
    });
    vec![
        format!("{label} (`{}`)", hardware.name),
        rates.join(", "),
        bandwidth
            .map_or_else(|_| "unknown".to_owned(), |b| format!("{} GB/s", plain(b.gb_per_s()))),
        price.unwrap_or_else(|_| "unknown".to_owned()),
        compute.map_or("unknown", |c| c.provenance.name()).to_owned(),
        compute.map_or_else(String::new, |c| c.source.clone()),
    ]
}
