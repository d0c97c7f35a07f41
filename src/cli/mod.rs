//! The command line: one file per subcommand, each a thin layer over the library.
//!
//! Data goes to stdout, talk to stderr. Exit status 0 means fine, 1 a finding (a drifted report),
//! 2 bad input. A closed pipe ends the program quietly.

mod axes;
mod bill;
mod calibrate;
mod check;
mod completions;
mod conditions;
mod cost;
mod diff;
mod estimate;
mod explain;
mod import;
mod list;
mod man;
mod merge;
mod pareto;
mod plan;
mod report;
mod schema;
mod sensitivity;
mod serving;
mod show;
mod sides;
mod solve;
mod sweep;
mod uncertainty;
mod validate;

use crate::catalog::Catalog;
use crate::report::table::Format;
use crate::spec::Diagnostic;
use clap::{Args, Parser, Subcommand};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What does it cost to decode a million tokens with this model, on this hardware?
#[derive(Debug, Parser)]
#[command(name = "afford", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// The scenario that commands take where none is named.
const DEFAULT_SCENARIO: &str = "step3_paper";

/// Options of every subcommand.
#[derive(Debug, Args)]
struct Shared {
    /// A folder of your own specs, looked into before the built-in ones; may hold model_specs/,
    /// hw_profiles/ and scenarios/ apart, or all in one
    #[arg(long, global = true, value_name = "DIR")]
    specs: Vec<PathBuf>,
    /// Threads to use, 1 to 1024; as many as there are cores if left out
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// The form of tables.
#[derive(Debug, Clone, Copy, Args)]
struct Output {
    /// Form of the output; csv and json carry every column unrounded
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Format,
}

/// In the order of `--help` and the README: figures of one deployment, questions over many, reports
/// and their gate, what can be named, measurements, the shell.
#[derive(Debug, Subcommand)]
enum Command {
    Cost(cost::CostArgs),
    Estimate(serving::EstimateCommand),
    Explain(explain::ExplainArgs),
    Plan(plan::PlanArgs),
    Sweep(sweep::SweepArgs),
    Merge(merge::MergeArgs),
    Pareto(pareto::ParetoArgs),
    Solve(Box<solve::SolveArgs>),
    Sensitivity(sensitivity::SensitivityArgs),
    Uncertainty(uncertainty::UncertaintyArgs),
    Diff(diff::DiffArgs),
    Bill(bill::BillArgs),
    Report(report::ReportArgs),
    Check(check::CheckArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Import(import::ImportArgs),
    Schema(schema::SchemaArgs),
    Validate(validate::ValidateArgs),
    Calibrate(calibrate::CalibrateArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// Bad input: one complaint, exit status 2.
    Input(Box<Diagnostic>),
    /// A finding that the command has already reported: exit status 1.
    Finding,
    /// Output could not be written.
    Write(std::io::Error),
}

impl From<Diagnostic> for Failure {
    fn from(complaint: Diagnostic) -> Self {
        Self::Input(Box::new(complaint))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error)
    }
}

/// Runs a parsed command line.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match outcome(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Finding) => ExitCode::from(1),
        Err(Failure::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Write(error)) => {
            complain(&Diagnostic::new(format!("cannot write: {error}")));
            ExitCode::from(2)
        }
        Err(Failure::Input(complaint)) => {
            complain(&complaint);
            ExitCode::from(2)
        }
    }
}

fn complain(complaint: &Diagnostic) {
    let stderr = std::io::stderr();
    let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // Nothing can be done if stderr is closed.
    let _ = writeln!(stderr.lock(), "{}", complaint.render(colour));
}

/// Does what a parsed command line asks for.
///
/// # Errors
/// If the input is bad, something was found, or output cannot be written; nothing is said of it.
pub fn outcome(cli: Cli) -> Result<(), Failure> {
    if let Some(threads) = cli.shared.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        let started = pool.build_global();
        started.map_err(|e| Diagnostic::new(format!("cannot start {threads} threads: {e}")))?;
    }
    if let Some(folder) = cli.shared.specs.iter().find(|folder| !folder.is_dir()) {
        let message = format!("--specs names {}, which is no folder", folder.display());
        return Err(Diagnostic::new(message).help("a single file is named by its path").into());
    }
    let catalog = Catalog::new(cli.shared.specs);
    match cli.command {
        Command::Cost(args) => args.run(&catalog),
        Command::Estimate(args) => args.run(&catalog),
        Command::Explain(args) => args.run(&catalog),
        Command::Plan(args) => args.run(&catalog),
        Command::Sweep(args) => args.run(&catalog),
        Command::Merge(args) => args.run(&catalog),
        Command::Pareto(args) => args.run(&catalog),
        Command::Solve(args) => args.run(&catalog),
        Command::Sensitivity(args) => args.run(&catalog),
        Command::Uncertainty(args) => args.run(&catalog),
        Command::Diff(args) => args.run(&catalog),
        Command::Bill(args) => args.run(&catalog),
        Command::Report(args) => args.run(&catalog),
        Command::Check(args) => args.run(&catalog),
        Command::List(args) => args.run(&catalog),
        Command::Show(args) => args.run(&catalog),
        Command::Import(args) => args.run(),
        Command::Schema(args) => args.run(),
        Command::Validate(args) => args.run(&catalog),
        Command::Calibrate(args) => args.run(&catalog),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(),
    }
}

/// Says something on stderr; that nobody can hear it is no failure.
fn talk(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes data to stdout.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}
