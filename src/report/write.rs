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
