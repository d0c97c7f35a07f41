//! Files are written whole or not at all: beside their place, then renamed into it.

use crate::spec::Diagnostic;
use std::io::Write;
use std::path::Path;

/// Writes a file, and the folders above it.
///
/// # Errors
/// If a folder or the file cannot be written; what stood there before still does.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let failed = |error: std::io::Error| {
        Diagnostic::new(format!("cannot write {}: {error}", path.display()))
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = tempfile::Builder::new();
    beside.prefix(".afford-").suffix(".part");
    // Temporary files are private by default; a report is as readable as any file of the user's.
    #[cfg(unix)]
    beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = beside.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Replaces a file as a whole, by way of one name beside it: what a kill leaves there is overwritten
/// the next time. Only for files that one process at a time writes.
///
/// # Errors
/// If the file cannot be written; what stood there before still does.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    written.map_err(|error| Diagnostic::new(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
        assert!(complaint.message.contains("cannot write"), "{complaint}");
        let file = folder.path().join("file");
        write_whole(&file, b"").unwrap();
        let complaint = write_whole(&file.join("below"), b"").unwrap_err();
        assert!(complaint.message.contains("cannot write"), "{complaint}");
        assert_eq!(names(folder.path()), ["file"]);
    }
}
