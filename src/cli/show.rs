//! `afford show`: a model or a hardware with everything that follows from it.
use super::{Failure, Output};
use crate::catalog::Catalog;
use clap::Args;

/// Show a model or a hardware with everything derived from it
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Name or path of a model or a hardware
    name: String,
    #[command(flatten)]
    output: Output,
}

impl ShowArgs {
    pub(super) fn run(self, _: &Catalog) -> Result<(), Failure> {
        Ok(())
    }
}
