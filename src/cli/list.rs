//! `afford list`: every model, hardware and scenario that has a name.

use super::{Failure, Output, print};
use crate::catalog::{Catalog, Entry};
use crate::machine::hardware::Hardware;
use crate::report::table::{Cell, Column, Show, Table};
use crate::spec::{Diagnostic, Kind};
use crate::work::params::params;
use clap::{Args, ValueEnum};

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
        let table = Table {
            columns: ["kind", "name", "title", "summary", "place"]
                .map(|name| Column::new(name, Show::Plain))
                .to_vec(),
            rows,
            notes: Vec::new(),
        };
        print(&table.render(self.output.format))
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
                "{:.3}B parameters, {:.3}B active with LM head, {} layers, {}",
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
