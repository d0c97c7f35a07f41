//! A drawing in the form that a file's name asks for: SVG or PNG.

use super::plot::png_from_svg;
use super::write::write_whole;
use crate::spec::Diagnostic;
use std::path::{Path, PathBuf};

/// Pixels of a PNG for one of the SVG.
const PNG_SCALE: f32 = 2.0;

/// A file that a drawing goes into.
#[derive(Debug, Clone)]
pub struct Picture {
    path: PathBuf,
    png: bool,
}

impl Picture {
    /// The picture that an option asks for by a path.
    ///
    /// # Errors
    /// If the path ends in neither `.svg` nor `.png`.
    pub fn new(path: &Path, option: &str) -> Result<Self, Diagnostic> {
        let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        let png = match ending.as_deref() {
            Some("svg") => false,
            Some("png") => true,
            _ => {
                let message = format!("`{option} {}` is neither SVG nor PNG", path.display());
                return Err(Diagnostic::new(message).help("let the name end in .svg or .png"));
            }
        };
        Ok(Self { path: path.to_owned(), png })
    }

    /// Writes the drawing, whole or not at all.
    ///
    /// # Errors
    /// If it has no pixels or the file cannot be written.
    pub fn write(&self, svg: String) -> Result<(), Diagnostic> {
        let bytes = match self.png {
            false => svg.into_bytes(),
            true => png_from_svg(&svg, PNG_SCALE).map_err(Diagnostic::from)?,
        };
        write_whole(&self.path, &bytes)
    }
}
