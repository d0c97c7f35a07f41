//! `afford man`: the manual pages, made from the same texts as `--help`.

use super::{Cli, Failure, print};
use crate::report::write::write_whole;
use clap::{Args, Command, CommandFactory};
use std::path::{Path, PathBuf};

/// Print the manual page, or write those of all subcommands
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford man | man -l -
  afford man --out ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Folder to write the pages of afford and every subcommand into
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut command = Cli::command().disable_help_subcommand(true);
        // Names the subcommands in full: `afford-cost`.
        command.build();
        match self.out {
            None => print(&String::from_utf8_lossy(&page(&command)?)),
            Some(folder) => pages(&command, &folder),
        }
    }
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

/// The page of a command as `afford-cost.1`, and those of the commands below it.
fn pages(command: &Command, folder: &Path) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    write_whole(&folder.join(format!("{name}.1")), &page(command)?)?;
    command.get_subcommands().try_for_each(|below| pages(below, folder))
}
