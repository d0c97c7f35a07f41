//! The `afford` program: reads the command line and hands it to the library.
#![forbid(unsafe_code)]

use afford::cli::{Cli, run};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    run(Cli::parse())
}
