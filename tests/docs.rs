//! The book in `docs/` and the README: every command line is run, every link leads somewhere, and
//! the reference is what the program writes.
//!
//! A paragraph of a `console` block runs in a folder of its own, where the YAML blocks of its page
//! lie under the name in their first line (`# my-chip.yaml`), and where `measured/`, `calibration/`
//! and copies of the committed `reports/` are. A line beginning with `afford` is a command, which goes on in
//! the next line behind a `\`. It ends with status 0, or as its comment says: `# exit status 1`.
//! What cannot run here is marked `# not run` and listed in [`NOT_RUN`].
//!
//! `AFFORD_BLESS=1 cargo test --test docs` rewrites the reference.
#![allow(clippy::unwrap_used)]

use afford::spec::Kind;
use afford::spec::schema_page::page;
use rayon::prelude::*;
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Commands that need what a test does not have.
const NOT_RUN: [&str; 1] =
    ["afford calibrate my-gpu/*.csv --hardware h200 --name my-h200 --out my-h200.yaml"];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages, as their path below the top and their text.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(top().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    paths.push(top().join("README.md"));
    paths.sort();
    let relative = |path: &Path| path.strip_prefix(top()).unwrap().display().to_string();
    paths.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

/// The fenced blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = Regex::new(&format!(r"(?ms)^```{language}\n(.*?)^```$")).unwrap();
    fence.captures_iter(page).map(|block| block.get(1).unwrap().as_str()).collect()
}

/// The files of a page: YAML blocks that begin with a comment that names one.
fn files(page: &str) -> Vec<(String, String)> {
    let name = Regex::new(r"\A# ([a-z0-9_-]+\.yaml)\b").unwrap();
    let named = |text: &str| Some((name.captures(text)?[1].to_owned(), text.to_owned()));
    blocks(page, "yaml").into_iter().filter_map(named).collect()
}

/// A command line with the status that it is to end with.
#[derive(Debug, PartialEq)]
struct Line {
    command: String,
    status: i32,
}

/// The command lines of a paragraph that are run, and those that are not.
fn commands(paragraph: &str) -> (Vec<Line>, Vec<String>) {
    let comment = Regex::new(r"\s+# .*$").unwrap();
    let (mut run, mut not_run) = (Vec::new(), Vec::new());
    for line in paragraph.replace("\\\n", " ").lines() {
        if !line.starts_with("afford ") {
            continue;
        }
        let command = comment.replace(line, "").into_owned();
        if line.contains("# not run") {
            not_run.push(command);
        } else {
            let status = i32::from(line.contains("# exit status 1"));
            run.push(Line { command, status });
        }
    }
    (run, not_run)
}

/// A folder as a paragraph finds it.
fn folder(page: &str, needs_reports: bool) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, text) in files(page) {
        fs::write(at(&name), text).unwrap();
    }
    // What a user has at home.
    copy(&top().join("tests/hf_configs/qwen3-32b"), &at("models/Qwen3-32B"));
    #[cfg(unix)]
    for name in ["measured", "calibration"] {
        std::os::unix::fs::symlink(top().join(name), at(name)).unwrap();
    }
    if needs_reports {
        copy(&top().join("reports"), &at("reports"));
    }
    folder
}

/// Runs the commands of a paragraph one after the other; what is not as it should be.
fn run(place: &str, page: &str, lines: &[Line]) -> Vec<String> {
    let reports =
        lines.iter().any(|l| l.command.contains("check") || l.command.contains("reports/"));
    let folder = folder(page, reports);
    let program = Path::new(env!("CARGO_BIN_EXE_afford")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut wrong = Vec::new();
    for line in lines {
        let ran = Command::new("sh")
            .args(["-c", &line.command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("HOME", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        if ran.status.code() != Some(line.status) {
            let status = ran.status;
            wrong.push(format!("{place}: `{}` ends with {status}\n{said}", line.command));
        }
    }
    wrong
}

#[test]
#[cfg(unix)]
fn every_command_line_runs() {
    let pages = pages();
    let mut paragraphs = Vec::new();
    let mut left_out = BTreeSet::new();
    for (place, page) in &pages {
        for paragraph in blocks(page, "console").iter().flat_map(|block| block.split("\n\n")) {
            let (lines, not_run) = commands(paragraph);
            left_out.extend(not_run);
            paragraphs.push((place, page, lines));
        }
    }
    let count: usize = paragraphs.iter().map(|(_, _, lines)| lines.len()).sum();
    assert!(count > 60, "only {count} command lines are found");
    let wrong: Vec<String> = paragraphs.par_iter().flat_map(|(p, t, l)| run(p, t, l)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(left_out, BTreeSet::from(NOT_RUN.map(str::to_owned)));
}

#[test]
fn no_command_hides_in_a_block_of_another_kind() {
    for (place, page) in pages() {
        let shown = blocks(&page, "console").concat();
        let all = page.lines().filter(|line| line.starts_with("afford ")).count();
        let found = shown.lines().filter(|line| line.starts_with("afford ")).count();
        assert_eq!(found, all, "{place}");
    }
}

#[test]
fn command_lines_are_read_as_a_shell_reads_them() {
    let text = "# talk\nafford a   # why\nafford b \\\n  --c\nafford d  # exit status 1: it moved\nafford e # not run\n";
    let (lines, not_run) = commands(text);
    let line = |command: &str, status| Line { command: command.to_owned(), status };
    assert_eq!(lines, [line("afford a", 0), line("afford b    --c", 0), line("afford d", 1)]);
    assert_eq!(not_run, ["afford e"]);
}

#[test]
fn every_subcommand_is_in_the_book() {
    let help = Command::new(env!("CARGO_BIN_EXE_afford")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = Regex::new(r"(?m)^  ([a-z]+) ").unwrap();
    let book: String =
        pages().into_iter().filter(|(p, _)| p != "README.md").map(|(_, t)| t).collect();
    let mut found = 0;
    for name in names.captures_iter(listed).map(|found| found[1].to_owned()) {
        let used = name == "help" || book.contains(&format!("\nafford {name} "));
        assert!(used, "{name} is in no console block");
        found += 1;
    }
    assert!(found > 15, "{help}");
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)").unwrap();
    for (place, page) in pages() {
        let folder = top().join(&place).parent().unwrap().to_owned();
        for target in link.captures_iter(&page).map(|found| found[1].to_owned()) {
            let fine = target.starts_with("https://") || folder.join(&target).exists();
            assert!(fine, "{place}: {target}");
        }
    }
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let contents = fs::read_to_string(top().join("docs/README.md")).unwrap();
    for (place, _) in pages() {
        let Some(name) = place.strip_prefix("docs/").filter(|&name| name != "README.md") else {
            continue;
        };
        assert!(contents.contains(&format!("]({name})")), "{name}");
    }
}

#[test]
fn the_reference_is_what_the_program_writes() {
    for kind in Kind::ALL {
        let path = top().join(format!("docs/reference-{}.md", kind.noun()));
        if std::env::var_os("AFFORD_BLESS").is_some() {
            fs::write(&path, page(kind)).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let place = path.display();
        assert!(committed == page(kind), "{place}: AFFORD_BLESS=1 cargo test --test docs");
    }
}
