//! `afford list`: every model, hardware and scenario that has a name.

use super::{Failure, Output, print};
use crate::catalog::{Catalog, Entry, INSIDE};
use crate::machine::hardware::Hardware;
use crate::report::table::{Cell, Column, Format, Show, Table};
use crate::spec::{Diagnostic, Kind};
use crate::work::params::params;
use clap::{Args, ValueEnum};

/// Columns of a terminal.
const WIDTH: usize = 100;
/// A summary is not cut shorter.
const NARROWEST: usize = 40;

/// List the models, hardware and scenarios that can be named
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only one kind
    #[arg(value_enum)]
    kind: Option<KindArg>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    #[value(alias = "model")]
    Models,
    Hardware,
    #[value(alias = "scenario")]
    Scenarios,
}

impl ListArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let kinds = match self.kind {
            Some(KindArg::Models) => vec![Kind::Model],
            Some(KindArg::Hardware) => vec![Kind::Hardware],
            Some(KindArg::Scenarios) => vec![Kind::Scenario],
            None => Kind::ALL.to_vec(),
        };
        let mut rows = Vec::new();
        let people = !matches!(self.output.format, Format::Csv | Format::Json);
        let models = kinds.contains(&Kind::Model);
        for kind in kinds {
            for entry in catalog.list(kind) {
                // One broken file must not hide the others.
                let (title, summary) = describe(catalog, kind, &entry)
                    .unwrap_or_else(|complaint| (String::new(), broken(&complaint)));
                rows.push(vec![
                    Cell::from(kind.noun()),
                    entry.name.into(),
                    title.into(),
                    summary.into(),
                    entry.place.into(),
                ]);
            }
        }
        let mut table = Table {
            columns: ["kind", "name", "title", "summary", "place"]
                .map(|name| Column::new(name, Show::Plain))
                .to_vec(),
            rows,
            notes: Vec::new(),
        };
        if people {
            brief(&mut table);
            let note = "Active parameters include the LM head, as in `afford cost`.";
            table.notes.extend(models.then(|| note.to_owned()));
        }
        print(&table.render(self.output.format))
    }
}

/// Fits a terminal: no titles but those of scenarios, no place of what is built in, and summaries
/// cut short.
fn brief(table: &mut Table) {
    let text = |cell: &Cell| cell.exact();
    for row in &mut table.rows {
        let scenario = text(&row[0]) == Kind::Scenario.noun() && !text(&row[2]).is_empty();
        let summary = if scenario { text(&row[2]) } else { text(&row[3]) };
        row[3] = summary.replace(" parameters", "").replace(" with LM head", "").into();
        if text(&row[4]) == INSIDE {
            row[4] = "".into();
        }
    }
    let width = |at: usize| table.rows.iter().map(|row| text(&row[at]).chars().count()).max();
    let width = |at: usize| width(at).unwrap_or(0).max(table.columns[at].name.len());
    let (names, place) = (width(0) + width(1) + 4, width(4));
    let own = table.rows.iter().any(|row| !text(&row[4]).is_empty());
    let room = WIDTH.saturating_sub(names + if own { place + 2 } else { 0 }).max(NARROWEST);
    for row in &mut table.rows {
        let summary = text(&row[3]);
        if summary.chars().count() > room {
            let kept: String = summary.chars().take(room - 3).collect();
            row[3] = format!("{}...", kept.trim_end()).into();
        }
    }
    table.columns[2].show = Show::Hidden;
    if !own {
        table.columns[4].show = Show::Hidden;
    }
}

fn broken(complaint: &Diagnostic) -> String {
    let line = complaint.origin.as_ref().map(|origin| origin.line_column().0);
    let place = line.map(|line| format!(" in line {line}")).unwrap_or_default();
    format!("broken{place}: {}", complaint.message)
}

/// Title and one line of what matters most.
fn describe(catalog: &Catalog, kind: Kind, entry: &Entry) -> Result<(String, String), Diagnostic> {
    let reference = if entry.is_built_in() { &entry.name } else { &entry.place };
    Ok(match kind {
        Kind::Model => {
            let model = catalog.model(reference)?;
            let params = params(&model);
            let designs: Vec<&str> = model.attentions.iter().map(|a| a.design.kind()).collect();
            let summary = format!(
                "{:.1}B parameters, {:.1}B active with LM head, {} layers, {}",
                params.total as f64 / 1e9,
                params.active_with_head as f64 / 1e9,
                model.layer_count(),
                designs.join(" + ")
            );
            (model.title, summary)
        }
        Kind::Hardware => {
            let hardware = catalog.hardware(reference)?;
            (hardware.title.clone(), summary(&hardware))
        }
        Kind::Scenario => {
            let scenario = catalog.scenario(reference)?;
            (scenario.title.unwrap_or_default(), scenario.question.unwrap_or_default())
        }
    })
}

fn summary(hardware: &Hardware) -> String {
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let compute = hardware.compute.as_ref().map(|c| c.value).unwrap_or_default();
    let rate = |name: &str, rate: Option<crate::units::FlopsPerSecond>| {
        rate.map(|r| format!("{:.0} {name}", r.tflops()))
    };
    let rates: Vec<String> =
        [rate("BF16", compute.bf16), rate("FP8", compute.fp8)].into_iter().flatten().collect();
    let memory = hardware.memory.as_ref().map(|m| m.value);
    let capacity = memory.and_then(|m| m.capacity).map(|c| format!("{:.0} GB", c.bytes() / 1e9));
    let bandwidth = memory.and_then(|m| m.bandwidth).map(|b| format!("{:.0} GB/s", b.gb_per_s()));
    let price = hardware.prices.first().map(|p| format!("{:.2} $/h", p.rate.usd_per_hour()));
    format!(
        "{} TFLOPS, {} at {}, price {}",
        if rates.is_empty() { "unknown".to_owned() } else { rates.join(", ") },
        or_unknown(capacity),
        or_unknown(bandwidth),
        or_unknown(price),
    )
}
