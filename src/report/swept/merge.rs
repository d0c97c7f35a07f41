//! Shards into one: the whole that an unbroken run would have written, or a reason why not.

use super::encode::Form;
use super::journal::{Made, Note, Shard, beside, failed, read_note, same, write_note};
use super::load::Swept;
use super::parquet_form::Joiner;
use super::run::Job;
use crate::report::write::write_whole;
use crate::spec::Diagnostic;
use crate::sweep::grid::Counts;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// A shard: its file and the note beside it.
type Part = (PathBuf, Note);

/// Reads the notes of shards and puts them in order.
///
/// # Errors
/// If one is missing, stands there twice, is of another sweep, or is not as its note says.
pub fn read_shards(paths: &[PathBuf]) -> Result<Vec<Part>, Diagnostic> {
    let read = |path: &PathBuf| Ok((path.clone(), read_note(path)?));
    let mut parts: Vec<Part> = paths.iter().map(read).collect::<Result<_, Diagnostic>>()?;
    let Some((first, note)) = parts.first().cloned() else {
        return Err(Diagnostic::new("there are no shards to merge"));
    };
    for (path, other) in &parts {
        let shard = Shard { number: note.made.shard.number, ..other.made.shard };
        let alike = Made { shard, ..other.made.clone() };
        same(&note.made, &alike).map_err(|(what, mine, theirs)| {
            let message = format!(
                "{} is of another sweep than {}: {what} {theirs}, not {mine}",
                path.display(),
                first.display()
            );
            Diagnostic::new(message).help("merge shards of one scenario, made by one version")
        })?;
        let length = std::fs::metadata(path).map_err(|e| failed("read", path, &e))?.len();
        if length != other.bytes {
            let message = format!("{} has {length} bytes, not {}", path.display(), other.bytes);
            return Err(Diagnostic::new(message).help("it was changed or cut; copy it anew"));
        }
    }
    parts.sort_by_key(|(_, note)| note.made.shard.number);
    for pair in parts.windows(2) {
        let [(one, a), (two, b)] = pair else { continue };
        if a.made.shard == b.made.shard {
            let message = format!(
                "{} and {} overlap: both are shard {}",
                one.display(),
                two.display(),
                a.made.shard
            );
            return Err(Diagnostic::new(message).help("name each shard once"));
        }
    }
    let of = note.made.shard.of;
    let there: Vec<u64> = parts.iter().map(|(_, note)| note.made.shard.number).collect();
    if let Some(missing) = (1..=of).find(|number| !there.contains(number)) {
        let message = format!("shard {missing}/{of} is missing: there are {} of {of}", there.len());
        return Err(Diagnostic::new(message).help(format!("`afford sweep --shard {missing}/{of}`")));
    }
    Ok(parts)
}

fn whole(parts: &[Part]) -> Option<Note> {
    let mut note = parts.first()?.1.clone();
    note.made.shard = Shard { number: 1, of: 1 };
    note.counts = Counts::default();
    parts.iter().for_each(|(_, part)| note.counts += part.counts);
    Some(note)
}

/// Merges shards that hold all their points.
///
/// # Errors
/// If a file cannot be read or written.
pub fn merge_rows(parts: &[Part], out: &Path) -> Result<Note, Diagnostic> {
    let Some(mut note) = whole(parts) else {
        return Err(Diagnostic::new("there are no shards to merge"));
    };
    let joined = beside(out, ".joined");
    let file = File::create(&joined).map_err(|e| failed("write", &joined, &e))?;
    let to = BufWriter::new(file);
    let done = match note.made.form {
        Form::Parquet => join_parquet(parts, to)?,
        form => join_text(parts, to, form == Form::Csv, &joined)?,
    };
    let file = done.into_inner().map_err(|e| failed("write", &joined, &e.into_error()))?;
    file.sync_all().map_err(|e| failed("write", &joined, &e))?;
    note.bytes = file.metadata().map_err(|e| failed("read", &joined, &e))?.len();
    write_note(out, &note)?;
    std::fs::rename(&joined, out).map_err(|e| failed("write", out, &e))?;
    Ok(note)
}

/// Text without the header of all files but the first.
fn join_text(
    parts: &[Part],
    mut to: BufWriter<File>,
    headed: bool,
    joined: &Path,
) -> Result<BufWriter<File>, Diagnostic> {
    for (at, (path, _)) in parts.iter().enumerate() {
        let file = File::open(path).map_err(|e| failed("read", path, &e))?;
        let mut from = BufReader::new(file);
        if headed && at > 0 {
            std::io::BufRead::skip_until(&mut from, b'\n').map_err(|e| failed("read", path, &e))?;
        }
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = from.read(&mut buffer).map_err(|e| failed("read", path, &e))?;
            if n == 0 {
                break;
            }
            to.write_all(&buffer[..n]).map_err(|e| failed("write", joined, &e))?;
        }
    }
    Ok(to)
}

fn join_parquet(parts: &[Part], to: BufWriter<File>) -> Result<BufWriter<File>, Diagnostic> {
    let open = |path: &PathBuf| File::open(path).map_err(|e| failed("read", path, &e));
    let Some((first, _)) = parts.first() else {
        return Err(Diagnostic::new("there are no shards to merge"));
    };
    let mut joiner = Joiner::like(to, &open(first)?)?;
    for (path, _) in parts {
        joiner.append_file(&open(path)?)?;
    }
    joiner.finish()
}

/// Merges shards of a summary: what is kept of all is chosen from what each has kept.
///
/// # Errors
/// If the sweep is not the one that the shards are of, or the file cannot be written.
pub fn merge_summaries(parts: &[Part], swept: &Swept, out: &Path) -> Result<Note, Diagnostic> {
    let Some(mut note) = whole(parts) else {
        return Err(Diagnostic::new("there are no shards to merge"));
    };
    if note.made.digest != swept.digest {
        let message = format!("these shards are not of the scenario `{}` as it is now", swept.name);
        return Err(
            Diagnostic::new(message).help("name the scenario and the fidelity of the shards")
        );
    }
    let (form, block) = (note.made.form, note.made.block);
    let job = Job { swept, form, summary: true, block, shard: note.made.shard };
    let all: Vec<u64> = parts.iter().flat_map(|(_, part)| part.kept.iter().copied()).collect();
    let summary = job.summary_of(&all)?;
    let file = job.summary_file(&summary)?;
    note.kept = summary.kept().into_keys().collect();
    note.bytes = file.len() as u64;
    write_whole(out, &file)?;
    write_note(out, &note)?;
    Ok(note)
}
