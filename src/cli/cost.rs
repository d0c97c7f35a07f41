//! `afford cost`: the cost of a token for models x contexts x pairs of hardware.

use super::axes::Axes;
use super::{Failure, Output, print};
use crate::catalog::{Catalog, config_path};
use crate::report::cost_table::{Labels, cost_table};
use crate::report::show_model::About;
use crate::spec::de::aside;
use crate::spec::{Diagnostic, Kind};
use crate::work::dtype::Dtype;
use clap::Args;
use indexmap::IndexMap;

/// Cost per million decoded tokens by unit costs: models x contexts x hardware
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
        let points = grid.points().map_err(Diagnostic::from)?;
        let mut table = cost_table(&grid, &points, &Labels::names(&grid));
        table.notes.extend(assumed_formats(catalog, &self.axes.models())?);
        print(&table.render(self.output.format))
    }
}

/// What was assumed about number formats of models that are given as a `config.json`: a line for
/// each assumption.
fn assumed_formats(catalog: &Catalog, models: &[String]) -> Result<Vec<String>, Diagnostic> {
    let mut by_text: IndexMap<String, Vec<&str>> = IndexMap::new();
    for model in models.iter().filter(|model| config_path(model).is_some()) {
        let about = aside::<About>(&catalog.read(Kind::Model, model)?);
        let assumed = about.imported.map(|imported| imported.assumed).unwrap_or_default();
        for text in assumed.into_iter().filter(|text| names_format(text)) {
            by_text.entry(text).or_default().push(model);
        }
    }
    let line =
        |(text, models): (String, Vec<&str>)| format!("Assumed for {}: {text}.", models.join(", "));
    Ok(by_text.into_iter().map(line).collect())
}

fn names_format(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| Dtype::ALL.iter().any(|dtype| dtype.name() == word))
}
