//! The measurements inside the program: the files of `measured/`, whose README says who took them.

use super::end_to_end::{EndToEndRow, read_end_to_end};
use super::layout::{Kernels, read_kernels};
use super::serving::{ServingPoint, read_serving};
use crate::spec::{Diagnostic, Source};
use include_dir::{Dir, include_dir};
use rayon::prelude::*;
use std::sync::Arc;

static MEASURED: Dir = include_dir!("$CARGO_MANIFEST_DIR/measured");

/// The files that hold no kernels.
const OTHERS: [&str; 3] = [END_TO_END, SERVING, BOUNDS];
const END_TO_END: &str = "end_to_end.csv";
const SERVING: &str = "aggregated_serving.csv";
/// How large a family's error may be.
pub const BOUNDS: &str = "bounds.csv";

/// A shipped file by its path below `measured/`.
///
/// # Errors
/// If there is none.
pub fn source(path: &str) -> Result<Arc<Source>, Diagnostic> {
    let text = MEASURED.get_file(path).and_then(include_dir::File::contents_utf8);
    let text = text.ok_or_else(|| {
        let names = kernel_files();
        Diagnostic::new(format!("there is no shipped file {path}")).help(names.join(", "))
    })?;
    Ok(Source::new(format!("measured/{path}"), text))
}

/// The shipped files of kernels, in order.
#[must_use]
pub fn kernel_files() -> Vec<String> {
    let files = MEASURED.files().chain(MEASURED.dirs().flat_map(Dir::files));
    let paths = files.filter_map(|file| file.path().to_str());
    let kernels = paths.filter(|path| path.ends_with(".csv") && !OTHERS.contains(path));
    let mut paths: Vec<String> = kernels.map(str::to_owned).collect();
    paths.sort();
    paths
}

/// Every shipped kernel, in the order of files and lines.
///
/// # Errors
/// If a shipped file is broken.
pub fn kernels() -> Result<Kernels, Diagnostic> {
    let read = |path: &String| read_kernels(&source(path)?, None);
    let each: Result<Vec<Kernels>, Diagnostic> = kernel_files().par_iter().map(read).collect();
    let mut all = Kernels::default();
    for kernels in each? {
        all.rows.extend(kernels.rows);
        all.left_out.extend(kernels.left_out);
    }
    Ok(all)
}

/// Every shipped throughput of a whole deployment.
///
/// # Errors
/// If the shipped file is broken.
pub fn end_to_end() -> Result<Vec<EndToEndRow>, Diagnostic> {
    read_end_to_end(&source(END_TO_END)?)
}

/// Every shipped serving point.
///
/// # Errors
/// If the shipped file is broken.
pub fn serving() -> Result<Vec<ServingPoint>, Diagnostic> {
    read_serving(&source(SERVING)?)
}
