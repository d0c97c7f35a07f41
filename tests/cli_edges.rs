//! Edges of the command line: closed streams, folders of specs, and numbers that cannot be meant.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_afford"))
}

fn afford(args: &[&str]) -> Output {
    program().args(args).output().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_or_closed_stderr_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = program()
        .args(["report", "step3_l20", "--out", folder.path().to_str().unwrap()])
        .stderr(Stdio::from(full))
        .status()
        .unwrap();
    assert!(status.success());
    assert!(folder.path().join("step3_l20/README.md").is_file());
}

#[test]
fn a_folder_may_hold_all_kinds_and_a_broken_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("mine.yaml", "name: mine\nextends: step-3\nattention: {mfa: {mfa: {kv_heads: 2}}}\n");
    write(
        "mychip.yaml",
        "name: mychip\nextends: h20\nprices: [{usd_per_hour: 0.5, basis: on_demand, date: 2026-01, \
         source: me}]\nsources: {me: a quote}\n",
    );
    write("broken.yaml", "name: broken\nattention: 3\n");
    let specs = folder.path().to_str().unwrap();
    let listed = afford(&["list", "--specs", specs, "--format", "csv"]);
    assert!(listed.status.success());
    let text = String::from_utf8(listed.stdout).unwrap();
    let line = |start: &str| text.lines().find(|l| l.starts_with(start)).unwrap_or("").to_owned();
    assert!(line("model,mine,").contains("MFA"), "{text}");
    assert!(line("hardware,mychip,").contains("0.50 $/h"), "{text}");
    assert!(line("model,broken,").contains("broken in line 2: `attention`"), "{text}");
    assert!(line("hardware,mine").is_empty() && line("scenario,mychip").is_empty());
    let cost = afford(&["cost", "-m", "mine", "-H", "mychip", "-c", "8Ki", "--specs", specs]);
    assert!(cost.status.success());
}

#[test]
fn numbers_that_cannot_be_meant_are_refused() {
    for (args, says) in [
        (vec!["list", "--threads", "0"], "1024"),
        (vec!["list", "--threads", "100000000"], "1024"),
        (
            vec!["cost", "-m", "step-3", "-c", "8Ki", "-H", "h20", "--price", "h20=1e-320"],
            "at least",
        ),
        (vec!["cost", "-m", "step-3", "-c", "8Ki", "-H", "h20", "--price", "h20=inf"], "finite"),
    ] {
        let output = afford(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(says), "{args:?}");
    }
}

#[test]
fn prices_of_different_kinds_are_pointed_out() {
    let table = |hardware: &str| {
        let args = ["cost", "-m", "step-3", "-c", "8Ki", "--pairing", "same", "-H", hardware];
        String::from_utf8(afford(&args).stdout).unwrap()
    };
    assert!(table("h20,ascend-910b").contains("of different kinds (estimated, on demand)"));
    assert!(!table("h20,h800").contains("of different kinds"));
}
