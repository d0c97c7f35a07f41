//! `afford uncertainty`: what deployments may give when their inputs are not known exactly.

use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::report::loaded::Loaded;
use crate::report::picture::Picture;
use crate::report::uncertainty_table::{uncertainty, uncertainty_chart, uncertainty_table};
use crate::spec::Diagnostic;
use clap::Args;
use std::path::PathBuf;

/// What uncertain inputs leave: P10, P50, P90, kept promises, who is the cheapest
///
/// The scenario's `uncertainty` says which inputs vary and how. Every sample draws them once for
/// all deployments; batches stay as planned. The same seed gives the same bytes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford uncertainty step3_uncertain
  afford uncertainty step3_uncertain --samples 10000 --seed 7 --plot costs.svg")]
pub struct UncertaintyArgs {
    /// Scenario, by name or path
    scenario: String,
    /// Samples to draw [default: the scenario's, or 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    samples: Option<u64>,
    /// Where the draws begin [default: the scenario's, or 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Draw P10 to P90 of every deployment, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl UncertaintyArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let picture = self.plot.map(|file| Picture::new(&file, "--plot")).transpose()?;
        let loaded = Loaded::load(catalog, &self.scenario)?;
        let found = uncertainty(&loaded, self.samples, self.seed)?;
        if let Some(picture) = picture {
            picture.write(uncertainty_chart(&loaded, &found).svg().map_err(Diagnostic::from)?)?;
        }
        print(&uncertainty_table(&found).render(self.output.format))
    }
}
