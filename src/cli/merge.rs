//! `afford merge`: the shards of a sweep into one file.

use super::sweep::{fidelity, told};
use super::{Failure, talk};
use crate::catalog::Catalog;
use crate::machine::fidelity::Fidelity;
use crate::report::swept::load::load;
use crate::report::swept::merge::{merge_rows, merge_summaries, read_shards};
use crate::spec::Diagnostic;
use clap::Args;
use std::path::PathBuf;

/// Put the shards of a sweep together: the file that one run would have written
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Files of `afford sweep --shard`, in any order
    #[arg(required = true, value_name = "FILE")]
    shards: Vec<PathBuf>,
    /// File to write, of the form that the shards have
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The scenario of the shards, needed where they are summaries
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Its fidelity, if the shards were made with another
    #[arg(long, value_name = "LEVEL", value_parser = fidelity, requires = "scenario")]
    fidelity: Option<Fidelity>,
}

impl MergeArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        if self.shards.contains(&self.out) {
            let message = format!("{} is a shard and the output at once", self.out.display());
            return Err(Diagnostic::new(message).help("write to another file").into());
        }
        let parts = read_shards(&self.shards)?;
        let made = parts.first().map(|(_, note)| &note.made);
        let summary = made.is_some_and(|made| made.summary);
        let form = crate::report::swept::encode::Form::of(&self.out)?;
        if made.is_some_and(|made| made.form != form) {
            let message = format!("{} is of another form than the shards", self.out.display());
            return Err(Diagnostic::new(message).help("end it as they end").into());
        }
        let note = match (summary, &self.scenario) {
            (false, _) => merge_rows(&parts, &self.out)?,
            (true, Some(scenario)) => {
                merge_summaries(&parts, &load(catalog, scenario, self.fidelity)?, &self.out)?
            }
            (true, None) => {
                let complaint = Diagnostic::new("these shards are summaries of their parts");
                let help = "name their scenario: --scenario SCENARIO";
                return Err(complaint.help(help).into());
            }
        };
        let (name, shards) = (&note.made.scenario, parts.len());
        talk(&format!("{name}: {shards} shards, {}", told(&note.counts)));
        Ok(())
    }
}
