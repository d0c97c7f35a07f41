//! A sweep into a file or a stream, from where it was left.

use super::encode::Form;
use super::journal::{Journal, Made, Note, Shard, beside, failed};
use super::load::Swept;
use super::parquet_form::Joiner;
use crate::spec::Diagnostic;
use crate::sweep::grid::Counts;
use crate::sweep::grid::rows::{Cells, Heading, Kind, Rows};
use crate::sweep::grid::summary::Summary;
use rayon::prelude::*;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The sweep.
    pub swept: &'a Swept,
    /// The form of its rows.
    pub form: Form,
    /// Whether only fronts and extremes are kept.
    pub summary: bool,
    /// Combinations of a block.
    pub block: u64,
    /// Which part of it.
    pub shard: Shard,
}

/// Who looks on.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Asks to stop after the blocks at hand.
    pub stop: &'a AtomicBool,
    /// Hears how many combinations are done.
    pub tell: &'a (dyn Fn(u64) + Sync),
}

/// How a sweep ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All of it is there.
    Whole(Counts),
    /// It was whole before.
    Already,
    /// It was asked to stop after so many of its combinations.
    Stopped(u64),
}

/// The column that says why a summary keeps a point.
const KEPT_FOR: &str = "kept_for";

/// Blocks that are computed at a time, per thread.
const BLOCKS_AT_A_TIME: u64 = 2;
/// The same for a summary, whose blocks are small when they are done.
const SUMMARIES_AT_A_TIME: u64 = 8;

impl<'a> Job<'a> {
    fn made(&self) -> Made {
        Made {
            program: concat!("afford ", env!("CARGO_PKG_VERSION")).to_owned(),
            scenario: self.swept.name.clone(),
            digest: self.swept.digest.clone(),
            fidelity: self.swept.grid.specs.fidelity.name().to_owned(),
            summary: self.summary,
            form: self.form,
            combinations: self.swept.grid.space.total(),
            block: self.block,
            shard: self.shard,
        }
    }

    /// The blocks of the shard.
    fn blocks(&self) -> Range<u64> {
        let blocks = u128::from(self.swept.grid.space.total().div_ceil(self.block));
        let cut = |i: u64| (blocks * u128::from(i) / u128::from(self.shard.of)) as u64;
        cut(self.shard.number - 1)..cut(self.shard.number)
    }

    /// The combinations of some blocks.
    fn range(&self, blocks: &Range<u64>) -> Range<u64> {
        let total = self.swept.grid.space.total();
        (blocks.start * self.block).min(total)..(blocks.end * self.block).min(total)
    }

    /// How many combinations the shard has.
    #[must_use]
    pub fn combinations(&self) -> u64 {
        let range = self.range(&self.blocks());
        range.end - range.start
    }

    /// The columns of its rows.
    #[must_use]
    pub fn headings(&self) -> Cow<'a, [Heading]> {
        let headings = &self.swept.layout.headings;
        if !self.summary {
            return Cow::Borrowed(headings);
        }
        let kept = Heading { name: KEPT_FOR.to_owned(), kind: Kind::Words };
        Cow::Owned(headings.iter().cloned().chain([kept]).collect())
    }

    fn encoded(&self, block: u64) -> Result<(Vec<u8>, Counts), Diagnostic> {
        let mut sink = self.swept.layout.sink();
        let counts = self.swept.grid.run(self.range(&(block..block + 1)), &mut sink)?;
        let headings = &self.swept.layout.headings;
        Ok((self.form.block(headings, &sink.finish())?, counts))
    }

    fn summarised(&self, block: u64) -> Result<(Summary<'a>, Counts), Diagnostic> {
        let mut summary = Summary::new(&self.swept.question);
        let counts = self.swept.grid.run(self.range(&(block..block + 1)), &mut summary)?;
        Ok((summary, counts))
    }

    /// What some points leave of a summary.
    pub(super) fn summary_of(&self, kept: &[u64]) -> Result<Summary<'a>, Diagnostic> {
        let mut summary = Summary::new(&self.swept.question);
        let total = self.swept.grid.space.total();
        for &index in kept.iter().filter(|index| **index < total) {
            self.swept.grid.run(index..index + 1, &mut summary)?;
        }
        Ok(summary)
    }

    /// The rows of a summary, with what each is kept for.
    fn kept_rows(&self, summary: &Summary) -> Result<Rows, Diagnostic> {
        let mut sink = self.swept.layout.sink();
        let kept = summary.kept();
        for &index in kept.keys() {
            self.swept.grid.run(index..index + 1, &mut sink)?;
        }
        let mut rows = sink.finish();
        let at = (0..kept.len() as u32).collect();
        let words = kept.into_values().map(Cow::Owned).collect();
        rows.columns.push(Cells::Words(Arc::new(words), at));
        Ok(rows)
    }

    /// The whole file of a summary.
    pub(super) fn summary_file(&self, summary: &Summary) -> Result<Vec<u8>, Diagnostic> {
        let headings = self.headings();
        let mut file = self.form.head(&headings);
        file.extend(self.form.block(&headings, &self.kept_rows(summary)?)?);
        if self.form == Form::Parquet && file.is_empty() {
            // No rows at all are a file too.
            file = Joiner::new(Vec::new(), &headings)?.finish()?;
        }
        Ok(file)
    }

    /// Runs into a file, whole or not at all; what is done so far lies beside it.
    ///
    /// # Errors
    /// If files cannot be written, hold another sweep, or a profile lacks a figure.
    pub fn into_file(&self, out: &Path, resume: bool, watch: Watch) -> Result<Ended, Diagnostic> {
        let Some(mut journal) = Journal::open(out, self.made(), resume)? else {
            return Ok(Ended::Already);
        };
        let whole = if self.summary {
            self.summarise(&mut journal, watch)?
        } else {
            self.write_blocks(&mut journal, watch)?
        };
        let done = self.range(&(self.blocks().start..self.blocks().start + journal.state.blocks));
        if !whole {
            return Ok(Ended::Stopped(done.end - done.start));
        }
        let from = match (self.form, self.summary) {
            (Form::Parquet, false) => join_parts(&journal.part_path(), out, &self.headings())?,
            _ => journal.part_path(),
        };
        let Note { counts, .. } = journal.finish(&from)?;
        Ok(Ended::Whole(counts))
    }

    /// Runs into a stream of CSV or JSON Lines.
    ///
    /// # Errors
    /// If it cannot be written to, or a profile lacks a figure.
    pub fn into_stream(
        &self,
        to: &mut (dyn Write + Send),
        watch: Watch,
    ) -> Result<Ended, Streamed> {
        let mut all = Counts::default();
        if self.summary {
            let mut summary = Summary::new(&self.swept.question);
            let whole =
                self.windows(0, watch, SUMMARIES_AT_A_TIME, Self::summarised, &mut |some| {
                    for (block, counts) in some {
                        summary.merge(block);
                        all += counts;
                    }
                    Ok::<(), Streamed>(())
                })?;
            if !whole {
                return Ok(Ended::Stopped(all.points + all.excluded));
            }
            to.write_all(&self.summary_file(&summary)?)?;
        } else {
            to.write_all(&self.form.head(&self.headings()))?;
            let whole = self.windows(0, watch, BLOCKS_AT_A_TIME, Self::encoded, &mut |some| {
                for (bytes, counts) in some {
                    to.write_all(&bytes)?;
                    all += counts;
                }
                Ok::<(), Streamed>(())
            })?;
            if !whole {
                return Ok(Ended::Stopped(all.points + all.excluded));
            }
        }
        to.flush()?;
        Ok(Ended::Whole(all))
    }

    fn write_blocks(&self, journal: &mut Journal, watch: Watch) -> Result<bool, Diagnostic> {
        if journal.state.blocks == 0 {
            journal.append(&self.form.head(&self.headings()))?;
        }
        let done = journal.state.blocks;
        self.windows(done, watch, BLOCKS_AT_A_TIME, Self::encoded, &mut |some| {
            let (blocks, mut all) = (some.len() as u64, Counts::default());
            for (bytes, counts) in some {
                if self.form == Form::Parquet {
                    journal.append(&(bytes.len() as u64).to_le_bytes())?;
                }
                journal.append(&bytes)?;
                all += counts;
            }
            journal.done(blocks, all)
        })
    }

    fn summarise(&self, journal: &mut Journal, watch: Watch) -> Result<bool, Diagnostic> {
        let mut summary = self.summary_of(&journal.state.kept)?;
        let done = journal.state.blocks;
        let whole =
            self.windows(done, watch, SUMMARIES_AT_A_TIME, Self::summarised, &mut |some| {
                let (blocks, mut all) = (some.len() as u64, Counts::default());
                for (block, counts) in some {
                    summary.merge(block);
                    all += counts;
                }
                journal.state.kept = summary.kept().into_keys().collect();
                journal.done(blocks, all)
            })?;
        if whole {
            journal.restart()?;
            journal.append(&self.summary_file(&summary)?)?;
            journal.done(0, Counts::default())?;
        }
        Ok(whole)
    }

    /// Computes the blocks that are left, some at a time, while those before are taken in order;
    /// tells whether all were.
    fn windows<T: Send, E: From<Diagnostic> + Send>(
        &self,
        done: u64,
        watch: Watch,
        at_a_time: u64,
        compute: impl Fn(&Self, u64) -> Result<T, Diagnostic> + Sync,
        take: &mut (dyn FnMut(Vec<T>) -> Result<(), E> + Send),
    ) -> Result<bool, E> {
        let all = self.blocks();
        let size = (rayon::current_num_threads() as u64 * at_a_time).max(1);
        let window = |start: u64| start..(start + size).min(all.end);
        let compute = |blocks: Range<u64>| -> Result<Vec<T>, Diagnostic> {
            // The first complaint in the order of blocks, whichever thread met one first.
            let computed: Vec<Result<T, Diagnostic>> =
                blocks.into_par_iter().map(|block| compute(self, block)).collect();
            computed.into_iter().collect()
        };
        let mut at = all.start + done;
        let told = |at: u64| {
            let range = self.range(&(all.start..at));
            (watch.tell)(range.end - range.start);
        };
        let mut computed = compute(window(at))?;
        while at < all.end {
            let next = window(window(at).end);
            let stop = watch.stop.load(Ordering::Relaxed);
            let next = if stop { next.start..next.start } else { next };
            let (taken, then) = rayon::join(|| take(computed), || compute(next));
            taken?;
            at = window(at).end;
            told(at);
            if stop {
                return Ok(at == all.end);
            }
            computed = then?;
        }
        Ok(true)
    }
}

/// Why a stream was not written to its end.
#[derive(Debug)]
pub enum Streamed {
    /// Bad input.
    Input(Diagnostic),
    /// The stream refused.
    Write(std::io::Error),
}

impl From<Diagnostic> for Streamed {
    fn from(complaint: Diagnostic) -> Self {
        Self::Input(complaint)
    }
}

impl From<std::io::Error> for Streamed {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error)
    }
}

/// Joins the blocks of a Parquet sweep into a file beside the output.
fn join_parts(
    part: &Path,
    out: &Path,
    headings: &[Heading],
) -> Result<std::path::PathBuf, Diagnostic> {
    let joined = beside(out, ".joined");
    let file = File::create(&joined).map_err(|e| failed("write", &joined, &e))?;
    let mut joiner = Joiner::new(BufWriter::new(file), headings)?;
    let mut from = BufReader::new(File::open(part).map_err(|e| failed("read", part, &e))?);
    let mut length = [0; 8];
    while from.read_exact(&mut length).is_ok() {
        let mut block = vec![0; u64::from_le_bytes(length) as usize];
        from.read_exact(&mut block).map_err(|e| failed("read", part, &e))?;
        if !block.is_empty() {
            joiner.append(block)?;
        }
    }
    let file =
        joiner.finish()?.into_inner().map_err(|e| failed("write", &joined, &e.into_error()))?;
    file.sync_all().map_err(|e| failed("write", &joined, &e))?;
    Ok(joined)
}
