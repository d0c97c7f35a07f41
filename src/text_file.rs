//! Text files of the user's, read within a limit: what is no plain file, too large or no UTF-8 is
//! refused, and nothing is read without end.

use crate::spec::{Diagnostic, Origin, Source};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Reads a text file of at most so many bytes.
///
/// # Errors
/// If it is not there, a folder, a pipe or a device, too large, or no UTF-8 text.
pub fn read_text(path: &Path, most_bytes: u64) -> Result<Arc<Source>, Diagnostic> {
    let shown = path.display().to_string();
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Diagnostic::new(format!("there is no file {shown}")),
        _ => unreadable(&shown, &error),
    };
    let about = std::fs::metadata(path).map_err(io)?;
    if about.is_dir() {
        return Err(Diagnostic::new(format!("{shown} is a folder"))
            .help("name a file, or give the folder with `--specs` and a spec by its name"));
    }
    // Opening a pipe could wait for ever, and a device may have no end.
    if !about.is_file() {
        return Err(Diagnostic::new(format!("{shown} is a pipe or a device, not a file"))
            .help("save its text to a file and name that"));
    }
    read_stream(File::open(path).map_err(io)?, &shown, most_bytes)
}

/// Reads a text of at most so many bytes to its end.
///
/// # Errors
/// If it breaks off, is too large, or is no UTF-8 text.
pub fn read_stream(
    stream: impl Read,
    name: &str,
    most_bytes: u64,
) -> Result<Arc<Source>, Diagnostic> {
    let mut bytes = Vec::new();
    let read = stream.take(most_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > most_bytes {
        let message = format!("{name} has more than {} MiB: too large", most_bytes >> 20);
        return Err(Diagnostic::new(message));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => Err(no_text(name, &error)),
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot read {name}: {}", error.kind()))
}

/// The complaint about bytes that are no UTF-8, which no snippet can show.
fn no_text(name: &str, error: &std::string::FromUtf8Error) -> Diagnostic {
    let bytes = error.as_bytes();
    let (before, after) = bytes.split_at(error.utf8_error().valid_up_to());
    let complaint = match after {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] if before.is_empty() => {
            Diagnostic::new(format!("{name} is UTF-16, not UTF-8"))
        }
        _ => {
            let source = Source::new(name, String::from_utf8_lossy(before));
            let end = source.text.len();
            let (line, column) = Origin::new(&source, end..end).line_column();
            let byte = after.first().copied().unwrap_or_default();
            let place = format!("the byte 0x{byte:02X} in line {line}, column {column} breaks it");
            Diagnostic::new(format!("{name} is no UTF-8 text: {place}"))
        }
    };
    complaint.help("save it as plain text in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_read_to_it() {
        let complaint = read_stream(std::io::repeat(b'x'), "endless", 1 << 20).unwrap_err();
        assert_eq!(complaint.message, "endless has more than 1 MiB: too large");
        assert_eq!(read_stream(&b"abc"[..], "t", 3).unwrap().text, "abc");
        assert!(read_stream(&b"abcd"[..], "t", 3).is_err());
    }
}
