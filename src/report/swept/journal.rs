//! What lies beside an output: while a sweep runs, its finished blocks (`FILE.part`) and how far
//! they go (`FILE.state`); when it is done, a note that says what made it (`FILE.sweep.json`).
//!
//! The state is replaced whole, and only after the blocks that it speaks of have reached the disk.
//! What a kill leaves behind the last whole block is cut off on the way back.

use super::encode::Form;
use crate::report::write::replace;
use crate::spec::Diagnostic;
use crate::sweep::grid::Counts;
use crate::text_file::read_text;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A share of a sweep: the ith of n, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// What an output is made of: two outputs with the same have the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The program and its version.
    pub program: String,
    /// Name of the scenario.
    pub scenario: String,
    /// A digest of everything that its points depend on.
    pub digest: String,
    /// The level that its figures come from.
    pub fidelity: String,
    /// Whether only fronts and extremes are kept.
    pub summary: bool,
    /// Form of the file.
    pub form: Form,
    /// Combinations of axes in all.
    pub combinations: u64,
    /// Combinations of a block.
    pub block: u64,
    /// Which part of the sweep it is.
    pub shard: Shard,
}

/// How far a sweep has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Of what.
    pub made: Made,
    /// Blocks that are done.
    pub blocks: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Points of them.
    pub counts: Counts,
    /// Points that a summary keeps of them.
    pub kept: Vec<u64>,
}

/// What a finished output is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What made it.
    pub made: Made,
    /// Points that it is of.
    pub counts: Counts,
    /// Bytes of the file.
    pub bytes: u64,
    /// Points that a summary keeps.
    pub kept: Vec<u64>,
}

/// No state or note is larger.
const LARGEST_BYTES: u64 = 256 << 20;

/// A path beside another.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

pub(super) fn failed(what: &str, path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot {what} {}: {error}", path.display()))
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Diagnostic> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Diagnostic::new(format!("cannot write {}: {error}", path.display())))?;
    text.push(b'\n');
    replace(path, &text)
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, Diagnostic> {
    let source = read_text(path, LARGEST_BYTES)?;
    serde_json::from_str(&source.text)
        .map_err(|error| Diagnostic::new(format!("cannot read {}: {error}", path.display())))
}

/// Where the note of an output is.
#[must_use]
pub fn note_path(out: &Path) -> PathBuf {
    beside(out, ".sweep.json")
}

/// Reads the note of an output.
///
/// # Errors
/// If it is not there, or is none.
pub fn read_note(out: &Path) -> Result<Note, Diagnostic> {
    let path = note_path(out);
    if !path.is_file() {
        let message = format!("{} has no {} beside it", out.display(), path.display());
        return Err(Diagnostic::new(message)
            .help("`afford sweep --out` writes both; a sweep that has not ended has neither"));
    }
    read_json(&path)
}

/// Cuts off what a kill has left behind the last whole block, and goes to the end.
fn cut(part: &mut File, path: &Path, bytes: u64) -> Result<(), Diagnostic> {
    let length = part.metadata().map_err(|e| failed("read", path, &e))?.len();
    if length < bytes {
        let message = format!("{} is shorter than it was", path.display());
        return Err(Diagnostic::new(message).help("remove it and the file .state"));
    }
    let cut = part.set_len(bytes).and_then(|()| part.seek(SeekFrom::End(0)));
    cut.map(drop).map_err(|e| failed("write", path, &e))
}

/// An output that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    out: PathBuf,
    pub(super) state: State,
    part: File,
}

impl Journal {
    /// Begins an output, or goes on with one that was left; `None` if there is nothing left to do.
    pub(super) fn open(out: &Path, made: Made, resume: bool) -> Result<Option<Self>, Diagnostic> {
        let (part_path, state_path) = (beside(out, ".part"), beside(out, ".state"));
        let left = state_path.exists().then(|| read_json::<State>(&state_path)).transpose();
        if !resume && (state_path.exists() || part_path.exists()) {
            let message = format!("{} holds a sweep that has not ended", part_path.display());
            let help = "--resume goes on with it; to begin anew, remove it and the file .state";
            return Err(Diagnostic::new(message).help(help));
        }
        if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| failed("make", folder, &e))?;
        }
        let left = left?;
        if let Some(left) = &left {
            same(&made, &left.made).map_err(|(what, mine, theirs)| {
                let message = format!(
                    "{} is of another sweep: {what} {theirs}, not {mine}",
                    part_path.display()
                );
                Diagnostic::new(message).help("finish that one as it was begun, or remove it")
            })?;
            if !part_path.exists() {
                // It was moved into its place; only the state was left.
                std::fs::remove_file(&state_path).map_err(|e| failed("remove", &state_path, &e))?;
                return Self::open(out, made, resume);
            }
        } else if resume && out.exists() && read_note(out).is_ok_and(|note| note.made == made) {
            return Ok(None);
        }
        let fresh =
            State { made, blocks: 0, bytes: 0, counts: Counts::default(), kept: Vec::new() };
        let state = left.unwrap_or(fresh);
        let mut part = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&part_path)
            .map_err(|e| failed("write", &part_path, &e))?;
        part.try_lock().map_err(|_| {
            let message = format!("another run is writing {}", part_path.display());
            Diagnostic::new(message).help("wait for it, or write to another file")
        })?;
        cut(&mut part, &part_path, state.bytes)?;
        Ok(Some(Self { out: out.to_owned(), state, part }))
    }

    pub(super) fn part_path(&self) -> PathBuf {
        beside(&self.out, ".part")
    }

    /// Forgets the bytes that were appended.
    pub(super) fn restart(&mut self) -> Result<(), Diagnostic> {
        self.state.bytes = 0;
        let cut = self.part.set_len(0).and_then(|()| self.part.seek(SeekFrom::Start(0)));
        cut.map(drop).map_err(|e| failed("write", &self.part_path(), &e))
    }

    /// Appends bytes that [`Self::done`] will speak of.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Diagnostic> {
        let written = self.part.write_all(bytes);
        self.state.bytes += bytes.len() as u64;
        written.map_err(|e| failed("write", &self.part_path(), &e))
    }

    /// Says that everything appended so far makes so many blocks.
    pub(super) fn done(&mut self, blocks: u64, counts: Counts) -> Result<(), Diagnostic> {
        self.state.blocks += blocks;
        self.state.counts += counts;
        self.part.sync_data().map_err(|e| failed("write", &self.part_path(), &e))?;
        write_json(&beside(&self.out, ".state"), &self.state)
    }

    /// Puts the finished file, which is `from`, in its place.
    pub(super) fn finish(self, from: &Path) -> Result<Note, Diagnostic> {
        let bytes = std::fs::metadata(from).map_err(|e| failed("read", from, &e))?.len();
        let State { made, counts, kept, .. } = self.state;
        let note = Note { made, counts, bytes, kept };
        write_json(&note_path(&self.out), &note)?;
        std::fs::rename(from, &self.out).map_err(|e| failed("write", &self.out, &e))?;
        for left in [".part", ".state"] {
            let left = beside(&self.out, left);
            match std::fs::remove_file(&left) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("remove", &left, &e));
                }
                _ => {}
            }
        }
        Ok(note)
    }
}

/// Writes the note of an output that was merged.
pub(super) fn write_note(out: &Path, note: &Note) -> Result<(), Diagnostic> {
    write_json(&note_path(out), note)
}

/// What differs between two outputs, and how.
pub(super) fn same(mine: &Made, theirs: &Made) -> Result<(), (&'static str, String, String)> {
    let kind = |made: &Made| if made.summary { "a summary" } else { "all points" }.to_owned();
    let form = |made: &Made| format!("{:?}", made.form);
    let all = [
        ("program", mine.program.clone(), theirs.program.clone()),
        ("scenario", mine.scenario.clone(), theirs.scenario.clone()),
        ("fidelity", mine.fidelity.clone(), theirs.fidelity.clone()),
        ("contents", kind(mine), kind(theirs)),
        ("form", form(mine), form(theirs)),
        ("points per block", mine.block.to_string(), theirs.block.to_string()),
        ("shard", mine.shard.to_string(), theirs.shard.to_string()),
        ("specs' digest", short(&mine.digest), short(&theirs.digest)),
    ];
    all.into_iter().find(|(_, mine, theirs)| mine != theirs).map_or(Ok(()), Err)
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
