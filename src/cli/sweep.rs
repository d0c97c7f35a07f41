//! `afford sweep`: every point of a scenario's grid, or what is left of it in a summary.

use super::{Failure, talk};
use crate::catalog::Catalog;
use crate::machine::fidelity::Fidelity;
use crate::report::swept::encode::Form;
use crate::report::swept::journal::Shard;
use crate::report::swept::load::{Swept, load};
use crate::report::swept::run::{Ended, Job, Streamed, Watch};
use crate::spec::Diagnostic;
use crate::sweep::grid::Counts;
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::io::{BufWriter, IsTerminal};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Every point of a scenario's `sweep` as CSV, JSON Lines or Parquet
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Scenario with a `sweep` section, by name or path
    scenario: String,
    /// File to write, ending in .csv, .jsonl or .parquet [default: CSV on stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Form of what goes to stdout
    #[arg(long, value_enum, value_name = "FORM", default_value_t, conflicts_with = "out")]
    format: Form,
    /// Keep the Pareto fronts and the extremes of every figure, and nothing else
    #[arg(long)]
    summary: bool,
    /// Go on where a run into the same file was stopped or killed
    #[arg(long, requires = "out")]
    resume: bool,
    /// Only the ith of n parts, as i/n; `afford merge` puts them together
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "out")]
    shard: Option<Shard>,
    /// Fidelity, if not the scenario's
    #[arg(long, value_name = "LEVEL", value_parser = fidelity)]
    fidelity: Option<Fidelity>,
    /// Combinations of a block: what a kill may lose, and a row group of Parquet
    #[arg(long, value_name = "N", default_value_t = 32_768,
          value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    block: u64,
}

/// `i/n` with 1 <= i <= n.
fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((number, of)) if (1..=of).contains(&number) && of <= 1_000_000 => {
            Ok(Shard { number, of })
        }
        _ => Err("write the first of four parts as 1/4, the last as 4/4".to_owned()),
    }
}

/// A level by its name, whichever there are.
pub(super) fn fidelity(text: &str) -> Result<Fidelity, String> {
    let word = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
    serde::Deserialize::deserialize(word).map_err(|error| error.to_string())
}

/// Whether Ctrl-C was pressed or an end was asked for.
static STOP: AtomicBool = AtomicBool::new(false);

/// Lets Ctrl-C end a sweep behind its blocks at hand; a second one ends it at once.
static HANDLER: LazyLock<bool> = LazyLock::new(|| {
    let stop = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    };
    ctrlc::set_handler(stop).is_ok()
});

impl SweepArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let form = self.out.as_deref().map_or(Ok(self.format), Form::of)?;
        if self.out.is_none() && form == Form::Parquet {
            let complaint = Diagnostic::new("Parquet goes into a file, not to stdout");
            return Err(complaint.help("add --out FILE.parquet").into());
        }
        let swept = load(catalog, &self.scenario, self.fidelity)?;
        let job = Job {
            swept: &swept,
            form,
            summary: self.summary,
            block: self.block,
            shard: self.shard.unwrap_or(Shard { number: 1, of: 1 }),
        };
        let _ = *HANDLER;
        let bar = progress(job.combinations());
        let tell = |done: u64| bar.set_position(done);
        let watch = Watch { stop: &STOP, tell: &tell };
        let ended = match &self.out {
            Some(out) => job.into_file(out, self.resume, watch)?,
            None => {
                let mut to = BufWriter::with_capacity(1 << 16, std::io::stdout());
                job.into_stream(&mut to, watch)?
            }
        };
        bar.finish_and_clear();
        self.report(&swept, &job, &ended)
    }

    fn report(&self, swept: &Swept, job: &Job, ended: &Ended) -> Result<(), Failure> {
        match ended {
            Ended::Whole(counts) => {
                talk(&format!("{}: {}", swept.name, told(counts)));
                // A sweep with a feasible point has an answer; one without is a finding.
                let feasible = counts.infeasible < counts.points;
                if feasible || self.shard.is_some() { Ok(()) } else { Err(Failure::Finding) }
            }
            Ended::Already => {
                talk(&format!("{}: all of it is there already", swept.name));
                Ok(())
            }
            Ended::Stopped(done) => {
                let all = job.combinations();
                let how = match self.out {
                    Some(_) => "; --resume goes on",
                    None => "",
                };
                talk(&format!("{}: stopped after {done} of {all} combinations{how}", swept.name));
                Err(Failure::Finding)
            }
        }
    }
}

/// How many points there were, and what became of them.
pub(super) fn told(counts: &Counts) -> String {
    let Counts { points, infeasible, excluded } = counts;
    let left_out = match excluded {
        0 => String::new(),
        n => format!("; {n} combinations left out by `where`"),
    };
    format!("{points} points, {infeasible} of them infeasible{left_out}")
}

/// A bar with rate and time left on a terminal, nothing elsewhere.
fn progress(combinations: u64) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(combinations), target);
    let form = "{wide_bar} {human_pos}/{human_len} points, {rate}, {eta} left";
    let rate = |state: &ProgressState, to: &mut dyn std::fmt::Write| {
        let _ = write!(to, "{}/s", HumanCount(state.per_sec() as u64));
    };
    match ProgressStyle::with_template(form) {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    }
}

impl From<Streamed> for Failure {
    fn from(failure: Streamed) -> Self {
        match failure {
            Streamed::Input(complaint) => complaint.into(),
            Streamed::Write(error) => error.into(),
        }
    }
}
