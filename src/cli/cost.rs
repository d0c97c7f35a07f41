//! `afford cost`: the cost of a token for models x contexts x pairs of hardware.

use super::axes::Axes;
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::report::cost_table::{Labels, cost_table};
use clap::Args;

/// Cost per million decoded tokens at fidelity `ideal`: models x contexts x hardware
///
/// Attention and FFN may run on different hardware (AFD); by default each row shows the cheapest
/// pair. Without options the models, hardware and contexts of the Step-3 paper are taken.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford cost --model step-3,deepseek-v3 --context 4Ki..128Ki x2 --hardware h800,h20,a800,ascend-910b
  afford cost --model step-3 --context 8Ki --attention-hardware h20 --ffn-hardware h800
  afford cost --model ./my-model.yaml --context 32Ki --hardware h20 --price h20=0.60 --format json")]
pub struct CostArgs {
    #[command(flatten)]
    axes: Axes,
    #[command(flatten)]
    output: Output,
}

impl CostArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let grid = self.axes.grid(catalog)?;
        let points = grid.points().map_err(crate::spec::Diagnostic::from)?;
        let table = cost_table(&grid, &points, &Labels::names(&grid));
        print(&table.render(self.output.format))
    }
}
