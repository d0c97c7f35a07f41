//! `afford explain`: why a deployment gives what it gives.

use super::estimate::{Case, EstimateArgs};
use super::{Failure, print};
use crate::catalog::Catalog;
use crate::deploy::compile::Pools;
use crate::report::estimate_table::estimate_table;
use crate::report::explain_tables::{kernels, levers, memory, stages};
use crate::report::gantt::{PipelineView, pipeline_svg};
use crate::report::ledger_table::ledger_table;
use crate::report::picture::Picture;
use crate::report::plot::PlotError;
use crate::report::table::{Format, Table};
use crate::spec::Diagnostic;
use crate::sweep::levers::pull_levers;
use clap::Args;
use std::path::PathBuf;

/// How much more of a resource `what would move it` tries.
const MORE_PERCENT: f64 = 10.0;

/// Why a deployment gives it: time per kernel and stage, memory, what would move it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford explain --model step-3 --hardware h800 --deployment 2A2F --batch 6144 --context 4Ki
  afford explain --model deepseek-v3 --hardware h20 --deployment EP32 --context 32Ki --tpot-ms 50 --format csv

csv and json hold the kernels, or the ledger with --ledger.")]
pub struct ExplainArgs {
    /// Draw the pipeline of layers in the middle of the step as a Gantt chart, .svg or .png
    #[arg(long, value_name = "FILE")]
    gantt: Option<PathBuf>,
    /// How many layers the chart shows
    #[arg(long, value_name = "N", default_value_t = 2)]
    gantt_layers: usize,
    #[command(flatten)]
    estimate: EstimateArgs,
}

impl ExplainArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let format = self.estimate.output.format;
        let cases = self.estimate.cases(catalog)?;
        if let Some(file) = &self.gantt {
            let [case] = cases.as_slice() else {
                let message = format!("a chart shows one deployment, not {}", cases.len());
                return Err(Diagnostic::new(message).help("give one value for each list").into());
            };
            draw(case, self.gantt_layers, &Picture::new(file, "--gantt")?)?;
        }
        let mut all = Table::default();
        for (at, case) in cases.iter().enumerate() {
            if matches!(format, Format::Csv | Format::Json) {
                let table = if self.estimate.ledger {
                    ledger_table(&[case.ledger()?])
                } else {
                    kernels(&case.compiled.breakdown(case.row.point))
                };
                all.columns = table.columns;
                all.rows.extend(table.rows);
            } else {
                let break_before = if at > 0 { "\n" } else { "" };
                print(&format!("{break_before}{}", sections(case, format)?))?;
            }
        }
        if matches!(format, Format::Csv | Format::Json) {
            print(&all.render(format))?;
        }
        Ok(())
    }
}

/// Draws layers from the middle of the step, where layers are as most are.
fn draw(case: &Case, shown: usize, file: &Picture) -> Result<(), Diagnostic> {
    let row = &case.row;
    let layers = case.compiled.layer_stages(row.point);
    let first = layers.len() / 2;
    let title = format!(
        "{} on {}, {} micro-batches: {shown} layers of a step",
        row.model,
        row.deployment.name(),
        row.point.micro_batches
    );
    let subtitle = format!(
        "Fidelity {}, batch {}, context {} tokens, bound by {}",
        row.fidelity.name(),
        row.point.batch,
        row.point.context,
        row.estimate.bound_by.name().replace('_', " ")
    );
    let footnote = format!(
        "Attention on {}, FFN on {}, datasheet peaks.",
        row.attention_hardware, row.ffn_hardware
    );
    let svg = pipeline_svg(&PipelineView {
        title: &title,
        subtitle: &subtitle,
        footnote: &footnote,
        layers: &layers[first.min(layers.len() - 1)..],
        shown: shown.clamp(1, 8),
        sharing: case.compiled.sharing,
        micro_batches: row.point.micro_batches,
    });
    let drawn = |e: PlotError| Diagnostic::new(format!("the chart cannot be drawn: {e}"));
    file.write(svg.map_err(drawn)?)
}

fn sections(case: &Case, format: Format) -> Result<String, Diagnostic> {
    let row = &case.row;
    let pools = Pools { attention: &case.hardware.0, ffn: &case.hardware.1 };
    let factor = 1.0 + MORE_PERCENT / 100.0;
    let pulled = pull_levers(&case.model, &row.deployment, pools, case.options, row.point, factor)?;
    let pieces = case.compiled.breakdown(row.point);
    let parts = [
        ("Estimate", estimate_table(std::slice::from_ref(row))),
        ("Where the time goes", stages(&pieces)),
        ("Kernels and transfers", kernels(&pieces)),
        ("Who is paid for", ledger_table(&[case.ledger()?])),
        ("What a device holds", memory(row)),
        ("What would move it", levers(row, &pulled, MORE_PERCENT)),
    ];
    let heading = |title: &str| match format {
        Format::Markdown => format!("## {title}\n\n"),
        _ => format!("{title}\n"),
    };
    let text = parts.map(|(title, table)| heading(title) + &table.render(format));
    Ok(text.join("\n"))
}
