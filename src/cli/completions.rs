//! `afford completions`: what a shell needs to complete the command line.

use super::{Cli, Failure, print};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford completions bash > ~/.local/share/bash-completion/completions/afford
  afford completions zsh > ~/.zfunc/_afford      (with ~/.zfunc in fpath)
  afford completions fish > ~/.config/fish/completions/afford.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "afford", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}
