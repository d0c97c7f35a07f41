//! `afford sensitivity`: how much each input of a deployment matters.

use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::report::loaded::Loaded;
use crate::report::picture::Picture;
use crate::report::sensitivity_table::{
    DEFAULT_PERCENT, cheapest, sensitivity_table, tornado_chart, tornadoes,
};
use crate::spec::Diagnostic;
use clap::Args;
use std::path::PathBuf;

/// How much each input matters: tornado, elasticities, break-even values
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford sensitivity step3_uncertain
  afford sensitivity step3_uncertain --percent 20 --plot tornado.svg")]
pub struct SensitivityArgs {
    /// Scenario, by name or path
    scenario: String,
    /// By how much each input is lowered and raised, at most 90
    #[arg(long, value_name = "PERCENT", default_value_t = DEFAULT_PERCENT)]
    percent: f64,
    /// Draw the tornado of the cheapest deployment, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl SensitivityArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let percent = self.percent;
        if !(0.1..=90.0).contains(&percent) {
            let message = format!("--percent must be from 0.1 to 90, not {percent}");
            return Err(Diagnostic::new(message).help("10 varies each input by a tenth").into());
        }
        let picture = self.plot.map(|file| Picture::new(&file, "--plot")).transpose()?;
        let loaded = Loaded::load(catalog, &self.scenario)?;
        let all = tornadoes(&loaded, percent / 100.0)?;
        if let Some((picture, tornado)) = picture.zip(cheapest(&all)) {
            picture.write(tornado_chart(tornado, percent).svg().map_err(Diagnostic::from)?)?;
        }
        print(&sensitivity_table(&all, percent).render(self.output.format))
    }
}
