//! `afford bill`: what a period costs and brings in.

use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::report::bill_table::{bill_table, pools_table};
use crate::report::bills::bills;
use crate::report::loaded::Loaded;
use crate::report::table::Format;
use crate::spec::Diagnostic;
use clap::Args;

/// What a month or any period costs at a traffic, who bears it, what it brings in
///
/// The scenario's `bill` says the traffic, the prices (on demand, reserved, owned) and how the cost
/// is split over input, cached and output tokens. Without a `fleet`, the scenario's deployments
/// are billed, as many as the traffic needs at a utilisation or under a waiting target.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford bill deepseek_day
  afford bill ./my-scenario.yaml --format json

csv holds the bills; json holds bills and pools.

A scenario's bill may look so:
  bill:
    traffic: {input_tokens_per_day: 4e10, output_tokens_per_day: 1e10}
    utilisation: 0.6
    # or load: {peak_over_mean: 2, mean_output_tokens: 800, mean_wait_ms: 100}
    prices:
      - hardware: h20
        price: {basis: reserved, usd_per_hour: 0.6, date: 2026-01, source: quote}
    list_prices_usd_per_mtok: {input: 0.5, cached_input: 0.1, output: 2}
    split: list_prices")]
pub struct BillArgs {
    /// Scenario, by name or path
    scenario: String,
    #[command(flatten)]
    output: Output,
}

impl BillArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let loaded = Loaded::load(catalog, &self.scenario)?;
        let all = bills(&loaded)?;
        if all.is_empty() {
            let complaint = loaded.scenario.name.complain("none of the deployments can run");
            return Err(Diagnostic::into(
                complaint.help("`afford report` on the scenario says why"),
            ));
        }
        let (totals, pools) = (bill_table(&all), pools_table(&all));
        match self.output.format {
            Format::Csv => print(&totals.csv()),
            Format::Json => {
                let both = serde_json::json!({"bills": totals.objects(), "pools": pools.objects()});
                print(&(serde_json::to_string_pretty(&both).unwrap_or_default() + "\n"))
            }
            form => print(&format!("{}\n{}", totals.render(form), pools.render(form))),
        }
    }
}
