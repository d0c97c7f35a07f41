//! `afford pareto` as a user runs it: fronts against sets worked by hand, the three ways a table
//! comes in, the plot, and what bad input gets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn afford(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_afford"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its options does not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(args: &[&str], stdin: &str) -> String {
    let out = afford(args, stdin);
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && stderr.is_empty(), "afford {args:?}: {stderr}");
    String::from_utf8(out.stdout).unwrap()
}

fn refusal(args: &[&str], stdin: &str) -> String {
    let out = afford(args, stdin);
    assert_eq!(out.status.code(), Some(2), "afford {args:?}");
    assert!(out.stdout.is_empty(), "afford {args:?}");
    String::from_utf8(out.stderr).unwrap()
}

/// Cost against size: b beats c and d in both, e is b's equal, a and f are at the ends.
const POINTS: &str = "\
model,usd,params,latency_ms,batch
a,1,10,9,1
b,2,20,8,1
c,3,20,7,1
d,2.5,15,1,2
e,2,20,8,2
f,9,21,8,2
";

/// The first column of the rows that are on the front.
fn front(args: &[&str]) -> Vec<String> {
    let mut all = vec!["pareto", "-", "--front-only", "--format", "csv"];
    all.extend(args);
    let csv = stdout(&all, POINTS);
    csv.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn fronts_are_those_worked_by_hand() {
    let cheap_and_large = ["--objective", "usd", "--objective", "params:max"];
    assert_eq!(front(&cheap_and_large), ["a", "b", "e", "f"]);
    // Dear and small: only the opposite corner.
    assert_eq!(
        front(&["--objective", "usd:max", "--objective", "params:min"]),
        ["a", "c", "d", "f"]
    );
    // A third objective brings back what is quick.
    let three = [&cheap_and_large[..], &["--objective", "latency_ms"]].concat();
    assert_eq!(front(&three), ["a", "b", "c", "d", "e", "f"]);
    // Apart for each batch: d is still beaten by e.
    let apart = [&cheap_and_large[..], &["--by", "batch"]].concat();
    assert_eq!(front(&apart), ["a", "b", "e", "f"]);
}

#[test]
fn all_rows_carry_whether_they_are_on_the_front() {
    let args = ["pareto", "-", "-o", "usd", "-o", "params:max", "--format", "csv"];
    let csv = stdout(&args, POINTS);
    assert_eq!(csv.lines().next(), Some("model,usd,params,latency_ms,batch,on_front"));
    let on: Vec<&str> = csv.lines().skip(1).map(|l| l.rsplit(',').next().unwrap()).collect();
    assert_eq!(on, ["true", "true", "false", "false", "true", "true"]);
    // Its own output goes in again.
    assert_eq!(stdout(&args, &csv), csv);
}

#[test]
fn file_stdin_and_computed_input_agree() {
    let axes = ["--model", "step-3,deepseek-v3,qwen3-32b", "--context", "8Ki,32Ki"];
    let cost = |form: &str| stdout(&[&["cost", "--format", form], &axes[..]].concat(), "");
    let (csv, json) = (cost("csv"), cost("json"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("costs.csv");
    std::fs::write(&file, &csv).unwrap();
    for form in ["csv", "json"] {
        let computed = stdout(&[&["pareto", "--format", form], &axes[..]].concat(), "");
        let from_file = stdout(&["pareto", file.to_str().unwrap(), "--format", form], "");
        assert_eq!(computed, from_file);
        assert_eq!(computed, stdout(&["pareto", "-", "--format", form], &csv));
        assert_eq!(computed, stdout(&["pareto", "-", "--format", form], &json));
        let one = [&["--threads", "1", "pareto", "--format", form], &axes[..]].concat();
        assert_eq!(computed, stdout(&one, ""));
    }
}

#[test]
fn contexts_have_fronts_of_their_own() {
    let rows = |more: &[&str]| {
        let args = [&["pareto", "--front-only", "--format", "csv"], more].concat();
        stdout(&args, "").lines().count() - 1
    };
    assert!(rows(&[]) > rows(&["--by", "none"]));
}

#[test]
fn json_lines_go_in_and_infeasible_rows_are_counted_and_on_no_front() {
    let lines = "{\"model\": \"a\", \"usd\": 1, \"params\": 9, \"feasible\": true}\n\
                 {\"model\": \"b\", \"usd\": null, \"params\": 99, \"feasible\": false}\n\
                 {\"model\": \"c\", \"usd\": 2, \"params\": 8, \"feasible\": true}\n";
    let args = ["pareto", "-", "-o", "usd", "-o", "params:max"];
    let csv = stdout(&[&args[..], &["--format", "csv"]].concat(), lines);
    let on: Vec<&str> = csv.lines().skip(1).map(|l| l.rsplit(',').next().unwrap()).collect();
    assert_eq!(on, ["true", "false", "false"]);
    assert!(stdout(&args, lines).contains("1 rows are infeasible and on no front"));
}

#[test]
fn fronts_are_thinned_to_their_ends_and_knee() {
    let rows: String =
        (1..=40).map(|i| format!("m{i},{i},{}\n", 100.0 - 400.0 / f64::from(i))).collect();
    let table = format!("model,usd,params\n{rows}");
    let args = ["pareto", "-", "-o", "usd", "-o", "params:max", "--thin", "5", "--knee"];
    let csv = stdout(&[&args[..], &["--format", "csv"]].concat(), &table);
    assert_eq!(csv.lines().next(), Some("model,usd,params,knee"));
    assert_eq!(csv.lines().count(), 6);
    assert!(csv.contains("m40,") && csv.lines().filter(|l| l.ends_with(",true")).count() == 1);
}

#[test]
fn a_scenario_s_deployments_are_looked_at_over_all_batches() {
    let args = ["pareto", "afd_ratio", "--by", "context_tokens,model", "--front-only"];
    let csv = stdout(&[&args[..], &["--format", "csv"]].concat(), "");
    let rows = read(&csv);
    assert!(rows.len() > 20);
    // Within a front, more for a user is less for a device.
    for (a, b) in rows.iter().zip(&rows[1..]) {
        if a[..2] == b[..2] {
            let number = |text: &str| text.parse::<f64>().unwrap();
            let (user, device) = (number(&a[2]) < number(&b[2]), number(&a[3]) < number(&b[3]));
            assert!(user != device, "{a:?} {b:?}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fronts.svg");
    stdout(&[&args[..], &["--plot", path.to_str().unwrap()]].concat(), "");
    let svg = std::fs::read_to_string(path).unwrap();
    assert!(svg.contains("\nDSv3\n") && svg.contains("context 128Ki"), "{svg}");
    let three = ["pareto", "afd_ratio", "-o", "cost", "-o", "tpot", "-o", "devices", "--knee"];
    assert!(stdout(&three, "").contains("usd_per_mtok (less is better), tpot_ms"));
}

/// Model, context, tokens/s of a user and of a device of every row, ordered by these.
fn read(csv: &str) -> Vec<[String; 4]> {
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let names = ["model", "context_tokens", "tokens_per_s_per_user", "tokens_per_s_per_device"];
    let places = names.map(|name| header.iter().position(|h| *h == name).unwrap());
    let mut rows: Vec<[String; 4]> = lines.map(|row| places.map(|at| row[at].to_owned())).collect();
    rows.sort_by(|a, b| {
        a[..2].cmp(&b[..2]).then(a[2].parse::<f64>().unwrap().total_cmp(&b[2].parse().unwrap()))
    });
    rows
}

fn svg(path: &Path, more: &[&str]) -> String {
    let args = ["pareto", "-", "-o", "usd", "-o", "params:max", "--plot", path.to_str().unwrap()];
    stdout(&[&args[..], more].concat(), POINTS);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn plots_are_pictures_and_always_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/front.svg");
    let first = svg(&path, &[]);
    assert!(first.starts_with("<svg") && first.contains("Pareto front"), "{first}");
    assert_eq!(first, svg(&path, &[]));
    assert!(svg(&path, &["--label", "batch", "--by", "batch"]).contains("batch 2"));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    let png = folder.path().join("front.png");
    stdout(&["pareto", "--plot", png.to_str().unwrap()], "");
    assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn bad_input_is_named() {
    let none = POINTS.replace("d,2.5", "d,");
    let words = POINTS.replace("d,2.5", "d,n/a");
    let usd = ["-o", "usd", "-o", "params:max"];
    let with = |more: &[&'static str]| [&["pareto", "-"], more].concat();
    for (args, stdin, expected) in [
        (with(&usd), none.as_str(), "row 4 (d) has nothing in `usd`"),
        (with(&usd), words.as_str(), "row 4 (d) has no number in `usd` but `n/a`"),
        (with(&["-o", "usd", "-o", "parms"]), POINTS, "did you mean `params`?"),
        (with(&["-o", "usd"]), POINTS, "two or three objectives, not 1"),
        (with(&["-o", "usd", "-o", "usd:max"]), POINTS, "`usd` is an objective twice"),
        (with(&["-o", "usd:best", "-o", "params"]), POINTS, "`min` or `max`, not `best`"),
        (with(&["-o", "usd", "-o", "params", "--by", "btch"]), POINTS, "did you mean `batch`?"),
        (with(&["-o", "usd", "-o", "params", "--label", "x"]), POINTS, "no column `x`"),
        (with(&["-o", "usd", "-o", "params", "--plot", "front.pdf"]), POINTS, ".svg or .png"),
        (with(&[]), POINTS, "no column `total_usd_per_mtok`"),
        (with(&[]), "", "stdin is empty"),
        (with(&[]), "model,usd\n", "holds no row"),
        (with(&[]), "a,b\n1,2,3\n", "stdin:2:1"),
        (with(&[]), "{", "no JSON object"),
        (with(&[]), "[", "no JSON array"),
        (vec!["pareto", "/nowhere.csv"], "", "there is no file /nowhere.csv"),
        (with(&["--model", "step-3"]), POINTS, "cannot be used with"),
        (with(&["--hardware", "h20"]), POINTS, "cannot be used with"),
        (with(&["--price", "h20=1"]), POINTS, "cannot be used with"),
        (with(&["--counting", "paper"]), POINTS, "cannot be used with"),
    ] {
        let complaint = refusal(&args, stdin);
        assert!(complaint.contains(expected), "{args:?}: {complaint}");
    }
    assert!(!Path::new("front.pdf").exists());
}
