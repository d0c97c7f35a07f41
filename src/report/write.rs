//! Files written whole or not at all: beside their place first, then renamed over it.
//!
//! A reader never sees half a file, and a failure leaves what was there before. This file does
//! not know what it writes.

use crate::spec::Diagnostic;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file whole, with the folders above it.
///
/// # Errors
/// If the folder cannot be made or the file cannot be written; nothing is left behind then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let refused =
        |error: &io::Error| Diagnostic::new(format!("cannot write {}: {error}", path.display()));
    if path.is_dir() {
        let help = "name a file in it";
        return Err(Diagnostic::new(format!("{} is a folder", path.display())).help(help));
    }
    let part = beside(path).map_err(|e| refused(&e))?;
    let written = write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // The complaint is about the first failure; a left-over that cannot go is not worth another.
        let _ = fs::remove_file(&part);
        refused(&error)
    })
}

/// Where a file is written before it takes its place: in the same folder, so that the renaming
/// stays on one file system, and under a name that no other process takes.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("it has no file name"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    Ok(folder.join(hidden))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
        entries.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn folders_are_made_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(path.parent().unwrap()), ["c.txt"]);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let complaint = write_whole(folder.path(), b"").unwrap_err();
        assert!(complaint.message.ends_with("is a folder"), "{complaint}");
        let file = folder.path().join("file");
        write_whole(&file, b"").unwrap();
        let complaint = write_whole(&file.join("below"), b"").unwrap_err();
        assert!(complaint.message.contains("cannot write"), "{complaint}");
        assert_eq!(names(folder.path()), ["file"]);
    }
}
