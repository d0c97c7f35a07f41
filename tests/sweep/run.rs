//! Running the program, and reading what it writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const SMALL: &str = "tests/cases/sweep/small.yaml";
pub const FORMS: [&str; 3] = ["csv", "jsonl", "parquet"];

pub fn afford(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
    program.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    program
}

pub fn output(arguments: &[&str]) -> Output {
    afford(arguments).output().unwrap()
}

/// Runs a command line that must end well.
pub fn fine(arguments: &[&str]) -> Output {
    let output = output(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
    output
}

/// The complaint of a command line that must be refused.
pub fn refused(arguments: &[&str]) -> String {
    let output = output(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    stderr
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Names of the files of a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// A sweep of the small scenario in one piece.
pub fn whole(folder: &Path, form: &str, more: &[&str]) -> Vec<u8> {
    let out = folder.join(format!("whole.{form}"));
    fine(&[&["sweep", SMALL, "--block", "100", "--out", text(&out)], more].concat());
    fs::read(out).unwrap()
}

/// The rows of a sweep on stdout, as columns by name.
pub fn rows(arguments: &[&str]) -> (Vec<String>, Vec<csv::StringRecord>) {
    let output = fine(arguments);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let headers = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (headers, reader.records().map(Result::unwrap).collect())
}

pub fn column(headers: &[String], name: &str) -> usize {
    headers.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name} in {headers:?}"))
}

/// Writes a scenario into a folder.
pub fn scenario(folder: &Path, sweep: &str, more: &str) -> PathBuf {
    let path = folder.join("scenario.yaml");
    let head = "name: made\nmodels: [{name: step-3}]\nhardware: [{name: h800}]\n\
                contexts_tokens: 8Ki\n";
    fs::write(&path, format!("{head}{more}\nsweep:\n{sweep}")).unwrap();
    path
}
