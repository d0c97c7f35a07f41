//! `afford explain`: why a deployment gives what it gives.

use super::estimate::{Case, EstimateArgs};
use super::{Failure, print};
use crate::catalog::Catalog;
use crate::deploy::compile::Pools;
use crate::report::estimate_table::estimate_table;
use crate::report::explain_tables::{kernels, levers, memory, stages};
use crate::report::table::{Format, Table};
use crate::spec::Diagnostic;
use crate::sweep::levers::pull_levers;
use clap::Args;

/// How much more of a resource `what would move it` tries.
const MORE_PERCENT: f64 = 10.0;

/// Why a deployment gives what it gives: time per kernel and stage, memory, and what would move it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford explain --model step-3 --hardware h800 --deployment 2A2F --batch 6144 --context 4Ki
  afford explain --model deepseek-v3 --hardware h20 --deployment EP32 --context 32Ki --tpot-ms 50 --format csv

csv and json hold the kernels.")]
pub struct ExplainArgs {
    #[command(flatten)]
    estimate: EstimateArgs,
}

impl ExplainArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let format = self.estimate.output.format;
        let cases = self.estimate.cases(catalog)?;
        let mut all = Table::default();
        for (at, case) in cases.iter().enumerate() {
            if matches!(format, Format::Csv | Format::Json) {
                let table = kernels(&case.compiled.breakdown(case.row.point));
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
