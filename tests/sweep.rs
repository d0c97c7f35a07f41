//! Sweeps: the same bytes whoever computes them and however often they are broken off, shards that
//! make the whole, constraints, and values as the other commands have them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const SMALL: &str = "tests/cases/sweep/small.yaml";
const FORMS: [&str; 3] = ["csv", "jsonl", "parquet"];

fn afford(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
    program.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    program
}

fn output(arguments: &[&str]) -> Output {
    afford(arguments).output().unwrap()
}

/// Runs a command line that must end well.
fn fine(arguments: &[&str]) -> Output {
    let output = output(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
    output
}

/// The complaint of a command line that must be refused.
fn refused(arguments: &[&str]) -> String {
    let output = output(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    stderr
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Names of the files of a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// A sweep of the small scenario in one piece.
fn whole(folder: &Path, form: &str, more: &[&str]) -> Vec<u8> {
    let out = folder.join(format!("whole.{form}"));
    fine(&[&["sweep", SMALL, "--block", "100", "--out", text(&out)], more].concat());
    fs::read(out).unwrap()
}

/// The rows of a sweep on stdout, as columns by name.
fn rows(arguments: &[&str]) -> (Vec<String>, Vec<csv::StringRecord>) {
    let output = fine(arguments);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let headers = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (headers, reader.records().map(Result::unwrap).collect())
}

fn column(headers: &[String], name: &str) -> usize {
    headers.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name} in {headers:?}"))
}

/// Writes a scenario into a folder.
fn scenario(folder: &Path, sweep: &str, more: &str) -> PathBuf {
    let path = folder.join("scenario.yaml");
    let head = "name: made\nmodels: [{name: step-3}]\nhardware: [{name: h800}]\n\
                contexts_tokens: 8Ki\n";
    fs::write(&path, format!("{head}{more}\nsweep:\n{sweep}")).unwrap();
    path
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for form in FORMS {
        for summary in [&[][..], &["--summary"]] {
            let with =
                |threads| whole(folder.path(), form, &[summary, &["--threads", threads]].concat());
            let one = with("1");
            assert!(one.len() > 1_000);
            assert!(one == with("2") && one == with("7"), "{form} {summary:?}");
        }
    }
}

#[test]
fn a_stream_is_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for form in ["csv", "jsonl"] {
        for summary in [&[][..], &["--summary"]] {
            let streamed = fine(&[&["sweep", SMALL, "--format", form], summary].concat());
            assert!(streamed.stdout == whole(folder.path(), form, summary), "{form} {summary:?}");
        }
    }
}

/// Parquet and JSON Lines hold what CSV holds, with types.
#[test]
fn every_form_holds_the_same_values() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let folder = tempfile::tempdir().unwrap();
    let csv = whole(folder.path(), "csv", &[]);
    let mut csv = csv::Reader::from_reader(csv.as_slice());
    let headers = csv.headers().unwrap().clone();
    let records: Vec<_> = csv.records().map(Result::unwrap).collect();
    let lines = String::from_utf8(whole(folder.path(), "jsonl", &[])).unwrap();
    let parquet = bytes::Bytes::from(whole(folder.path(), "parquet", &[]));
    let reader = SerializedFileReader::new(parquet).unwrap();
    assert!(reader.num_row_groups() > 10);
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let mut count = 0;
    for ((record, line), row) in records.iter().zip(lines.lines()).zip(rows) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        for ((name, text), (other, field)) in headers.iter().zip(record).zip(row.get_column_iter())
        {
            assert_eq!(name, other);
            let number = || text.parse::<f64>().unwrap();
            match field {
                Field::Double(n) => assert!(*n == number() && line[name] == number(), "{name}"),
                Field::Long(n) => assert!(*n as f64 == number() && line[name] == *n, "{name}"),
                Field::Str(word) => assert!(word == text && line[name] == text, "{name}"),
                Field::Bool(b) => assert!(b.to_string() == text && line[name] == *b, "{name}"),
                Field::Null => assert!(text.is_empty() && line[name].is_null(), "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        count += 1;
    }
    assert_eq!((count, lines.lines().count()), (records.len(), records.len()));
}

/// A summary keeps what a look at every row would.
#[test]
fn a_summary_keeps_fronts_and_extremes_of_each_group() {
    let (headers, all) = rows(&["sweep", SMALL]);
    let (kept_headers, kept) = rows(&["sweep", SMALL, "--summary", "--block", "77"]);
    assert_eq!(kept_headers[..headers.len()], headers);
    assert_eq!(kept_headers.last().unwrap(), "kept_for");
    let [model, cost, tpot, tokens] =
        ["model", "usd_per_mtok", "tpot_ms", "tokens_per_s_per_device"]
            .map(|n| column(&headers, n));
    let feasible: Vec<_> = all.iter().filter(|row| !row[tpot].is_empty()).collect();
    let number = |row: &csv::StringRecord, at: usize| row[at].parse::<f64>().unwrap();
    let same = |a: &csv::StringRecord, b: &csv::StringRecord| a.iter().zip(b).all(|(a, b)| a == b);
    let why = |row: &csv::StringRecord| {
        let found = kept.iter().find(|kept| same(row, kept));
        found.map_or("", |kept| &kept[headers.len()]).to_owned()
    };
    let mut fronts = 0;
    for (at, row) in feasible.iter().enumerate() {
        let group = feasible.iter().enumerate().filter(|(_, other)| other[model] == row[model]);
        let (x, y) = (number(row, cost), number(row, tpot));
        let beaten = group.clone().any(|(i, other)| {
            let (a, b) = (number(other, cost), number(other, tpot));
            (a <= x && b <= y) && (a < x || b < y || i < at)
        });
        assert_eq!(why(row).contains("front of usd_per_mtok and tpot_ms"), !beaten, "{row:?}");
        fronts += usize::from(!beaten);
        let most = group.clone().all(|(i, other)| {
            let (mine, theirs) = (number(row, tokens), number(other, tokens));
            mine > theirs || (mine == theirs && at <= i)
        });
        assert_eq!(why(row).contains("most tokens_per_s_per_device"), most, "{row:?}");
    }
    assert!(fronts > 10 && kept.len() < feasible.len() / 2, "{fronts} of {}", kept.len());
}

#[test]
fn a_finished_sweep_leaves_its_file_and_its_note() {
    let folder = tempfile::tempdir().unwrap();
    whole(folder.path(), "csv", &[]);
    assert_eq!(names(folder.path()), ["whole.csv", "whole.csv.sweep.json"]);
    // Once it is there, going on has nothing to do.
    let out = folder.path().join("whole.csv");
    let again = ["sweep", SMALL, "--block", "100", "--resume", "--out", text(&out)];
    let said = String::from_utf8(fine(&again).stderr).unwrap();
    assert!(said.contains("all of it is there already"), "{said}");
}

/// Numbers that look random and are always the same.
struct Lots(u64);

impl Lots {
    fn draw(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn start(out: &Path, more: &[&str]) -> Child {
    let sweep = ["sweep", SMALL, "--block", "20", "--resume", "--out", text(out)];
    let mut program = afford(&[&sweep, more].concat());
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills a sweep again and again, going on each time, then lets it end; how often it was broken off
/// with blocks done. Where it ends by itself it must be `unbroken`, and is begun anew.
fn kill_and_go_on(
    out: &Path,
    more: &[&str],
    kills: usize,
    unbroken: &[u8],
    lots: &mut Lots,
) -> usize {
    let (mut longest, mut broken) = (160, 0);
    for _ in 0..kills {
        let mut child = start(out, more);
        std::thread::sleep(Duration::from_millis(10 + lots.draw(longest)));
        // One that has ended by itself cannot be killed.
        let _ = child.kill();
        if child.wait().unwrap().success() {
            longest = (longest / 2).max(20);
            assert!(fs::read(out).unwrap() == unbroken);
            fs::remove_file(out).unwrap();
        }
        broken += usize::from(out.with_file_name(format!("{}.state", name(out))).exists());
    }
    assert!(start(out, more).wait().unwrap().success());
    assert!(fs::read(out).unwrap() == unbroken, "{out:?} {more:?}");
    broken
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn killed_at_any_moment_and_resumed_it_is_the_same_file() {
    let mut lots = Lots(6);
    let mut broken = 0;
    for (form, summary, kills) in
        [("csv", false, 8), ("jsonl", false, 4), ("parquet", false, 8), ("csv", true, 4)]
    {
        let folder = tempfile::tempdir().unwrap();
        let more = if summary { &["--summary"][..] } else { &[] };
        let unbroken = folder.path().join(format!("unbroken.{form}"));
        assert!(start(&unbroken, more).wait().unwrap().success());
        let unbroken = fs::read(unbroken).unwrap();
        let out = folder.path().join(format!("killed.{form}"));
        broken += kill_and_go_on(&out, more, kills, &unbroken, &mut lots);
        let left = [format!("killed.{form}"), format!("killed.{form}.sweep.json")];
        assert_eq!(names(folder.path())[..2], left);
    }
    assert!(broken >= 5, "only {broken} sweeps were broken off with blocks done");
}

/// Waits for the first blocks of a sweep to be done, and kills it.
fn break_off(out: &Path) {
    let mut child = start(out, &["--threads", "1"]);
    let state = out.with_file_name(format!("{}.state", name(out)));
    while !state.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
    assert!(state.exists(), "it had ended before it was killed");
}

/// An end that a kill has torn is cut off.
#[test]
fn what_was_half_written_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let unbroken = folder.path().join("unbroken.csv");
    assert!(start(&unbroken, &[]).wait().unwrap().success());
    let out = folder.path().join("torn.csv");
    break_off(&out);
    let part = folder.path().join("torn.csv.part");
    let torn = [&fs::read(&part).unwrap()[..], b"step-3,h800,half a li"].concat();
    fs::write(&part, torn).unwrap();
    // It is not begun anew by accident.
    let complaint = refused(&["sweep", SMALL, "--block", "20", "--out", text(&out)]);
    assert!(complaint.contains("holds a sweep that has not ended"), "{complaint}");
    assert!(complaint.contains("--resume"), "{complaint}");
    assert!(start(&out, &[]).wait().unwrap().success());
    assert!(fs::read(&out).unwrap() == fs::read(&unbroken).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_behind_a_whole_block_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let unbroken = folder.path().join("unbroken.csv");
    assert!(start(&unbroken, &[]).wait().unwrap().success());
    let out = folder.path().join("stopped.csv");
    let sweep =
        ["sweep", SMALL, "--block", "20", "--resume", "--threads", "1", "--out", text(&out)];
    let child = afford(&sweep).stderr(Stdio::piped()).spawn().unwrap();
    while !folder.path().join("stopped.csv.state").exists() && !out.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && said.contains("--resume goes on"), "{said}");
    fine(&sweep);
    assert!(fs::read(&out).unwrap() == fs::read(&unbroken).unwrap());
}

#[test]
fn a_sweep_is_not_gone_on_with_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("one.csv");
    break_off(&out);
    let complaint = refused(&["sweep", SMALL, "--block", "30", "--resume", "--out", text(&out)]);
    assert!(complaint.contains("is of another sweep: points per block 20, not 30"), "{complaint}");
}

#[test]
fn shards_make_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    for form in FORMS {
        for summary in [&[][..], &["--summary"]] {
            let expected = whole(folder.path(), form, summary);
            let mut shards: Vec<PathBuf> = Vec::new();
            for number in [3, 1, 2] {
                let out = folder.path().join(format!("{number}.{form}"));
                let shard = format!("{number}/3");
                let sweep =
                    ["sweep", SMALL, "--block", "100", "--shard", &shard, "--out", text(&out)];
                fine(&[&sweep, summary].concat());
                shards.push(out);
            }
            let out = folder.path().join(format!("merged.{form}"));
            let mut merge = vec!["merge", "--out", text(&out)];
            merge.extend(shards.iter().map(|path| text(path)));
            if !summary.is_empty() {
                let complaint = refused(&merge);
                assert!(complaint.contains("--scenario"), "{complaint}");
                merge.extend(["--scenario", SMALL]);
            }
            fine(&merge);
            assert!(fs::read(&out).unwrap() == expected, "{form} {summary:?}");
        }
    }
}

#[test]
fn shards_that_do_not_make_a_whole_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let run = |scenario: &str, shard: &str, name: &str| {
        fine(&["sweep", scenario, "--shard", shard, "--out", text(&path(name))]);
    };
    run(SMALL, "1/2", "one.csv");
    run(SMALL, "2/2", "two.csv");
    run(SMALL, "1/2", "again.csv");
    run(SMALL, "2/3", "third.csv");
    let other = fs::read_to_string(SMALL).unwrap().replace("to: 8192", "to: 4096");
    fs::write(path("other.yaml"), other).unwrap();
    run(text(&path("other.yaml")), "2/2", "other.csv");
    let merge = |names: &[&str]| {
        let out = path("merged.csv");
        let paths: Vec<PathBuf> = names.iter().map(|name| path(name)).collect();
        let mut arguments = vec!["merge", "--out", text(&out)];
        arguments.extend(paths.iter().map(|path| text(path)));
        let complaint = refused(&arguments);
        assert!(!out.exists(), "{names:?}");
        complaint
    };
    assert!(merge(&["one.csv"]).contains("shard 2/2 is missing"));
    assert!(merge(&["one.csv", "two.csv", "again.csv"]).contains("overlap: both are shard 1/2"));
    assert!(merge(&["one.csv", "third.csv"]).contains("is of another sweep"));
    assert!(merge(&["one.csv", "other.csv"]).contains("is of another sweep"));
    let mut cut = fs::read(path("two.csv")).unwrap();
    cut.truncate(cut.len() - 1);
    fs::write(path("two.csv"), cut).unwrap();
    assert!(merge(&["one.csv", "two.csv"]).contains("it was changed or cut"));
    fs::remove_file(path("two.csv.sweep.json")).unwrap();
    assert!(merge(&["one.csv", "two.csv"]).contains("beside it"));
}

#[test]
fn constraints_leave_out_what_a_filter_would() {
    let folder = tempfile::tempdir().unwrap();
    let axes = "  fixed: {batch: 384}\n  axes:\n    - {field: attention_instances, name: x, linear: {from: 1, to: 6}}\n    \
                - {field: ffn_instances, name: y, linear: {from: 1, to: 6}}\n    \
                - {field: micro_batches, name: m, values: [2, 3, 4]}\n";
    let all = scenario(folder.path(), axes, "fidelity: roofline");
    let (headers, every) = rows(&["sweep", text(&all)]);
    let rule = "  where: ['x % y == 0', '(x + y) * m <= 2 * 10 - 1', 'm != x', '-x < y / 2']\n";
    let some = scenario(folder.path(), &format!("{axes}{rule}"), "fidelity: roofline");
    let (_, kept) = rows(&["sweep", text(&some)]);
    let [x, y, m] = ["x", "y", "micro_batches"].map(|name| column(&headers, name));
    let stands = |row: &&csv::StringRecord| {
        let [x, y, m] = [x, y, m].map(|at| row[at].parse::<i64>().unwrap());
        x % y == 0 && (x + y) * m <= 19 && m != x && -2 * x < y
    };
    let expected: Vec<_> = every.iter().filter(stands).cloned().collect();
    assert!(expected.len() > 5 && expected.len() < every.len());
    assert_eq!(kept, expected);
}

#[test]
fn points_are_what_estimate_says() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  fixed: {micro_batches: 3}\n  axes:\n    - {field: deployment, values: [2A2F, 3A1F, EP32]}\n    \
                 - {field: context_tokens, values: '4Ki..32Ki x2'}\n    \
                 - {field: batch, values: [64, 6144]}\n";
    let path = scenario(folder.path(), sweep, "fidelity: roofline");
    let (mine, swept) = rows(&["sweep", text(&path)]);
    let (theirs, estimated) = rows(&[
        "estimate",
        "--model",
        "step-3",
        "--hardware",
        "h800",
        "--deployment",
        "2A2F,3A1F,EP32",
        "--context",
        "4Ki..32Ki",
        "x2",
        "--batch",
        "64,6144",
        "--micro-batches",
        "3",
        "--format",
        "csv",
    ]);
    assert_eq!(swept.len(), 24);
    let shared: Vec<&String> = mine.iter().filter(|name| theirs.contains(name)).collect();
    assert!(shared.len() > 15, "{shared:?}");
    for row in &swept {
        let key = |headers: &[String], row: &csv::StringRecord| {
            ["deployment", "context_tokens", "batch"].map(|n| row[column(headers, n)].to_owned())
        };
        let other = estimated.iter().find(|o| key(&theirs, o) == key(&mine, row)).unwrap();
        for name in
            shared.iter().filter(|name| !["model", "infeasible_reason"].contains(&name.as_str()))
        {
            let (a, b) = (&row[column(&mine, name)], &other[column(&theirs, name)]);
            // Labels of hardware differ in case alone.
            assert_eq!(a.to_lowercase(), b.to_lowercase(), "{name} of {row:?}");
        }
    }
}

#[test]
fn costs_are_what_cost_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("costs.yaml");
    fs::write(
        &path,
        "name: costs\nmodels: [{name: step-3}, {name: minimax-m1}, {name: deepseek-v3.2}]\n\
         hardware: [{name: h800}, {name: h20}]\ncontexts_tokens: 1Ki..1Mi x4\n\
         sweep:\n  axes:\n    - {field: attention_hardware, values: [h800, h20]}\n    \
         - {field: ffn_hardware, values: [h800, h20]}\n",
    )
    .unwrap();
    let (mine, swept) = rows(&["sweep", text(&path)]);
    let (theirs, costed) = rows(&[
        "cost",
        "--model",
        "step-3,minimax-m1,deepseek-v3.2",
        "--hardware",
        "h800,h20",
        "--context",
        "1Ki..1Mi",
        "x4",
        "--pairing",
        "all",
        "--format",
        "csv",
    ]);
    assert_eq!(swept.len(), 3 * 4 * 6);
    for row in &swept {
        let key = |headers: &[String], row: &csv::StringRecord| {
            ["model", "attention_hardware", "ffn_hardware", "context_tokens"]
                .map(|n| row[column(headers, n)].to_owned())
        };
        let other = costed.iter().find(|o| key(&theirs, o) == key(&mine, row)).unwrap();
        for name in mine.iter().filter(|name| theirs.contains(name)) {
            assert_eq!(row[column(&mine, name)], other[column(&theirs, name)], "{name} of {row:?}");
        }
    }
}

/// Hypothetical models and chips are what a spec that says so is.
#[test]
fn an_axis_into_a_spec_is_that_spec_changed() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  axes:\n    - {field: model.attention.*.*.query_heads, name: heads, values: [32, 64]}\n    \
                 - {field: model.ffn.*.moe.experts, name: experts, values: [48, 96]}\n    \
                 - {field: hardware.memory.bandwidth_gb_per_s, name: bandwidth, linear: {from: 3350, to: 6700, count: 2}}\n";
    let path = scenario(folder.path(), sweep, "");
    let (headers, swept) = rows(&["sweep", text(&path)]);
    let model = folder.path().join("model.yaml");
    fs::write(
        &model,
        "name: changed\nextends: step-3\nattention: {mfa: {mfa: {query_heads: 32}}}\n\
         ffn: {moe: {moe: {experts: 96}}}\n",
    )
    .unwrap();
    let chip = folder.path().join("chip.yaml");
    fs::write(&chip, "name: changed\nextends: h800\nmemory: {bandwidth_gb_per_s: 6700}\n").unwrap();
    let (theirs, costed) = rows(&[
        "cost",
        "--model",
        text(&model),
        "--hardware",
        text(&chip),
        "--context",
        "8Ki",
        "--format",
        "csv",
    ]);
    let [heads, experts, bandwidth] =
        ["heads", "experts", "bandwidth"].map(|n| column(&headers, n));
    let found = swept
        .iter()
        .find(|row| &row[heads] == "32" && &row[experts] == "96" && &row[bandwidth] == "6700")
        .unwrap();
    for name in ["total_usd_per_mtok", "kv_bytes", "total_params", "attention_usd_per_mtok"] {
        assert_eq!(found[column(&headers, name)], costed[0][column(&theirs, name)], "{name}");
    }
    assert_eq!(swept.len(), 8);
}

/// A combination that makes no model is a point with a reason, not the end of the sweep.
#[test]
fn what_cannot_be_is_a_row_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  fixed: {batch: 64}\n  axes:\n    - {field: deployment, values: [1A1F, 1A64F]}\n    \
                 - {field: model.attention.*.mfa.query_heads, name: heads, values: [64, 60]}\n    \
                 - {field: model.attention.*.mfa.kv_heads, name: groups, values: [1, 8]}\n";
    let path = scenario(folder.path(), sweep, "fidelity: roofline");
    let (headers, all) = rows(&["sweep", text(&path)]);
    let [heads, groups, deployment, feasible, reason, tpot] =
        ["heads", "groups", "deployment", "feasible", "infeasible_reason", "tpot_ms"]
            .map(|name| column(&headers, name));
    assert_eq!(all.len(), 8);
    for row in &all {
        let no_model = &row[heads] == "60" && &row[groups] == "8";
        let why = &row[reason];
        if no_model {
            assert!(why.contains("60") && why.contains('8'), "{why}");
        } else if &row[deployment] == "" {
            assert!(why.contains("more than the 48 experts"), "{why}");
        } else {
            assert_eq!(&row[feasible], "true", "{why}");
            assert_eq!(why, "");
        }
        assert_eq!(&row[feasible] == "false", row[tpot].is_empty());
    }
    assert!(all.iter().any(|row| row[reason].contains("more than the 48 experts")));
}
