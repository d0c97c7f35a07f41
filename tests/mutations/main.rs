//! Damaged files through every subcommand that reads them: exit status 0, 1 or 2, no panic, no
//! hang, no file that is not whole.
//!
//! A case follows from its number alone. `AFFORD_MUTATIONS=10000 cargo test --test mutations` runs
//! so many of them; a failure names its number, and `AFFORD_MUTATION=NUMBER` runs that one alone
//! and keeps its folder. The cases run inside child processes of this test, so that a stack
//! overflow or an endless loop is a failure and not the end of the test.
#![allow(clippy::unwrap_used)]

mod cases;
mod mutate;

use afford::cli::{Cli, Failure, outcome};
use cases::{Case, Cases, top};
use clap::Parser;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How many cases run where nothing else is asked for.
const USUAL: u64 = 300;
/// Child processes.
const WORKERS: u64 = 2;
/// A case without an end by then never ends: most take milliseconds.
const PATIENCE: Duration = Duration::from_secs(240);

/// A folder as cases find it.
fn prepare(folder: &Path) {
    for name in ["in/published", "out", "base", "other"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for scenario in fs::read_dir(top().join("scenarios/published")).unwrap() {
        let scenario = scenario.unwrap();
        let to = folder.join("in/published").join(scenario.file_name());
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(scenario.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    let committed = top().join("reports/step3_l20/inputs.json");
    fs::copy(committed, folder.join("other/inputs.json")).unwrap();
    let kernels = fs::read_to_string(top().join("measured/h200_gemm.csv")).unwrap();
    let some: String = kernels.lines().take(24).flat_map(|line| [line, "\n"]).collect();
    fs::write(folder.join("kernels.csv"), some).unwrap();
}

/// Puts a case's file into a folder where nothing of another is left.
fn place(folder: &Path, case: &Case) {
    for name in ["in/mutated.yaml", "in/config.json", "base/inputs.json"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::remove_dir_all(folder.join("out")).unwrap();
    fs::create_dir(folder.join("out")).unwrap();
    fs::write(folder.join(case.name), &case.bytes).unwrap();
}

/// Files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

/// What is wrong with what a status left behind, if anything.
fn wrong_files(folder: &Path, status: i32) -> Option<String> {
    let left = files(&folder.join("out"));
    let half = left.iter().find(|name| name.ends_with(".part") || name.ends_with(".new"));
    match half {
        Some(half) => Some(format!("{half} is left behind")),
        None if status == 2 && !left.is_empty() => Some(format!("status 2, and yet {left:?}")),
        None => {
            // JSON Lines of no rows are no bytes.
            let none = |name: &&String| {
                fs::metadata(name).unwrap().len() == 0 && !name.ends_with(".jsonl")
            };
            left.iter().find(none).map(|name| format!("{name} is empty"))
        }
    }
}

/// The status that a case ends with inside this process, or what is wrong.
fn run_here(folder: &Path, case: &Case) -> Result<i32, String> {
    place(folder, case);
    let words = ["afford"].into_iter().chain(case.arguments.iter().map(String::as_str));
    let parsed = Cli::try_parse_from(words).map_err(|e| format!("no command line: {e}"))?;
    let ran = catch_unwind(AssertUnwindSafe(|| match outcome(parsed) {
        Ok(()) => Ok(0),
        Err(Failure::Finding) => Ok(1),
        Err(Failure::Input(complaint)) => {
            let text = complaint.render(false);
            if text.starts_with("error: ") { Ok(2) } else { Err(format!("says {text}")) }
        }
        Err(Failure::Write(error)) => Err(format!("cannot write: {error}")),
    }));
    let status = ran.unwrap_or_else(|_| Err("panics".to_owned()))?;
    wrong_files(folder, status).map_or(Ok(status), Err)
}

/// Runs every `WORKERS`th case from one on, in this process, and logs each.
fn work(first: u64, all: u64, log: &Path) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    std::env::set_current_dir(folder.path()).unwrap();
    let cases = Cases::load();
    let mut log = fs::File::create(log).unwrap();
    for number in (first..all).step_by(WORKERS as usize) {
        let case = cases.case(number);
        write!(log, "{number} {}: ", case.arguments.join(" ")).unwrap();
        match run_here(folder.path(), &case) {
            Ok(status) => writeln!(log, "{status}").unwrap(),
            Err(wrong) => writeln!(log, "WRONG {wrong}").unwrap(),
        }
    }
    writeln!(log, "end").unwrap();
}

/// Waits for a worker whose log must go on growing.
fn watch(worker: &mut Child, log: &Path) {
    let (mut length, mut quiet) = (0, Duration::ZERO);
    let tick = Duration::from_millis(20);
    while worker.try_wait().unwrap().is_none() && quiet < PATIENCE {
        std::thread::sleep(tick);
        let now = fs::metadata(log).map_or(0, |about| about.len());
        quiet = if now == length { quiet + tick } else { Duration::ZERO };
        length = now;
    }
    if quiet >= PATIENCE {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn damaged_files_are_answered() {
    let all = number("AFFORD_MUTATIONS").unwrap_or(USUAL);
    if let (Some(first), Some(log)) = (number("AFFORD_WORKER"), std::env::var_os("AFFORD_LOG")) {
        return work(first, all, Path::new(&log));
    }
    let logs = tempfile::tempdir().unwrap();
    let start = |first: u64| {
        let log = logs.path().join(format!("{first}"));
        let worker = Command::new(std::env::current_exe().unwrap())
            .args(["damaged_files_are_answered", "--exact", "--nocapture"])
            .env("AFFORD_WORKER", first.to_string())
            .env("AFFORD_MUTATIONS", all.to_string())
            .env("AFFORD_LOG", &log)
            .stdout(Stdio::null())
            .stderr(fs::File::create(log.with_extension("said")).unwrap())
            .spawn();
        (worker.unwrap(), log)
    };
    let workers: Vec<_> = (0..WORKERS).map(start).collect();
    let (mut wrong, mut statuses) = (Vec::new(), [0_u64; 3]);
    for (mut worker, log) in workers {
        watch(&mut worker, &log);
        let text = fs::read_to_string(&log).unwrap();
        for line in text.lines().filter(|&line| line != "end") {
            match line.rsplit(' ').next() {
                Some(status @ ("0" | "1" | "2")) => statuses[status.parse::<usize>().unwrap()] += 1,
                _ => wrong.push(line.to_owned()),
            }
        }
        if !text.ends_with("end\n") {
            wrong.push("the last case ended its process, or never ended".to_owned());
        }
        if !wrong.is_empty() {
            let said = fs::read_to_string(log.with_extension("said")).unwrap();
            wrong.extend(said.lines().filter(|l| l.contains("panicked at")).map(str::to_owned));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(statuses.iter().sum::<u64>(), all);
    // Damage that nothing notices, and damage that everything notices, would test little.
    assert!(statuses[0] * 20 > all && statuses[2] * 5 > all, "{statuses:?}");
    eprintln!("{all} cases: status 0, 1 and 2 came {statuses:?} times");
}

/// Runs a case as a process of its own.
fn run_there(folder: &Path, case: &Case) -> Result<i32, String> {
    place(folder, case);
    let mut child = Command::new(env!("CARGO_BIN_EXE_afford"))
        .args(&case.arguments)
        .current_dir(folder)
        .stdout(fs::File::create(folder.join("stdout")).unwrap())
        .stderr(fs::File::create(folder.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    watch(&mut child, &folder.join("stdout"));
    let read = |name| String::from_utf8(fs::read(folder.join(name)).unwrap()).unwrap();
    let status = child.wait().unwrap().code().ok_or("ended by a signal")?;
    match status {
        0 | 1 => {}
        2 if !read("stderr").starts_with("error: ") => return Err(read("stderr")),
        2 if !read("stdout").is_empty() => return Err("status 2, and data".to_owned()),
        2 => {}
        _ => return Err(format!("status {status}: {}", read("stderr"))),
    }
    wrong_files(folder, status).map_or(Ok(status), Err)
}

#[test]
fn a_sample_as_processes_ends_the_same_way() {
    let one = number("AFFORD_MUTATION");
    let numbers: Vec<u64> = one.map_or_else(|| (0..100).map(|n| n * 101).collect(), |n| vec![n]);
    let cases = Cases::load();
    std::thread::scope(|scope| {
        for part in numbers.chunks(numbers.len().div_ceil(2)) {
            let cases = &cases;
            scope.spawn(move || {
                let mut folder = tempfile::tempdir().unwrap();
                folder.disable_cleanup(one.is_some());
                prepare(folder.path());
                for &number in part {
                    let case = cases.case(number);
                    let place = folder.path().display();
                    if let Err(wrong) = run_there(folder.path(), &case) {
                        panic!("{number} {:?} in {place}: {wrong}", case.arguments);
                    }
                    if one.is_some() {
                        eprintln!("{:?} in {place}", case.arguments);
                    }
                }
            });
        }
    });
}
