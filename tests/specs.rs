//! The user's own specs, and talk that nobody can hear.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{File, write};
use std::path::Path;
use std::process::{Command, Output};

fn afford(args: &[&str]) -> Output {
    let root = env!("CARGO_MANIFEST_DIR");
    Command::new(env!("CARGO_BIN_EXE_afford")).args(args).current_dir(root).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let output = afford(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must fail with status 2 says.
fn complaint(args: &[&str]) -> String {
    let output = afford(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A folder of all kinds, one file broken.
fn mixed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| write(folder.path().join(name), text).unwrap();
    put("small.yaml", "extends: step-3\nname: small-one\ntitle: Small\n");
    put("step-3.yaml", "extends: step-3\ntitle: My Step-3\n");
    put("cheap.yaml", "extends: h20\nname: cheap\n");
    put("of-small.yaml", "extends: small-one\nname: of-small\n");
    put("mine.yaml", "extends: step3_paper\nname: mine\n");
    put("broken.yaml", "name: broken\npeak_compute: [\n");
    folder
}

fn names(specs: &str, kind: &str) -> Vec<(String, String)> {
    let text = stdout(&["--specs", specs, "list", kind, "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let own = rows.iter().filter(|row| row["place"] != "built-in");
    own.map(|row| (text(row, "name"), text(row, "summary"))).collect()
}

#[test]
fn a_folder_of_all_kinds_is_told_apart() {
    let folder = mixed();
    let specs = folder.path().to_str().unwrap();
    let only = |kind| names(specs, kind).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(only("models"), ["of-small", "small", "step-3"]);
    assert_eq!(only("scenarios"), ["mine"]);
    let hardware = names(specs, "hardware");
    assert_eq!(hardware.len(), 2, "{hardware:?}");
    assert!(hardware[0].1.starts_with("broken in line "), "{hardware:?}");
    assert!(hardware[1].1.contains("TFLOPS"), "{hardware:?}");
}

#[test]
fn a_spec_is_found_by_file_name_and_by_the_name_inside() {
    let folder = mixed();
    let specs = folder.path().to_str().unwrap();
    for name in ["small", "small-one", "of-small"] {
        let sheet = stdout(&["--specs", specs, "show", name]);
        assert!(sheet.starts_with("Small"), "{name}: {sheet}");
    }
    assert!(stdout(&["--specs", specs, "show", "step-3"]).starts_with("My Step-3"));
    let none = complaint(&["--specs", specs, "cost", "--model", "cheap"]);
    assert!(none.contains("there is no model `cheap`"), "{none}");
}

#[test]
fn options_of_all_commands_are_checked() {
    for threads in ["0", "1025"] {
        let text = complaint(&["--threads", threads, "list"]);
        assert!(text.contains("1..=1024"), "{text}");
    }
    let text = complaint(&["--specs", "no/such/folder", "list"]);
    assert!(text.contains("no/such/folder, which is no folder"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stderr_fails_nothing() {
    let full = || File::options().write(true).open(Path::new("/dev/full")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let shown = out.path().to_str().unwrap();
    for args in [vec!["report", "--out", shown], vec!["check", "step3_paper", "--baseline", shown]]
    {
        let mut afford = Command::new(env!("CARGO_BIN_EXE_afford"));
        let output = afford.args(&args).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn quantities_stay_where_no_result_is_infinite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.yaml");
    write(&path, "extends: h20\nname: slow\nmemory: {bandwidth_gb_per_s: 1e-300}\n").unwrap();
    let text = complaint(&["cost", "--hardware", path.to_str().unwrap()]);
    assert!(text.contains("`bandwidth_gb_per_s` must be at least 1e-12"), "{text}");
    let text = complaint(&["cost", "--hardware", "h20", "--price", "h20=1e-320"]);
    assert!(text.contains("must be at least 1e-12"), "{text}");

    let extreme = "extends: h20\nname: odd\nmemory: {bandwidth_gb_per_s: 1e-12}\n\
                   peak_compute: {fp8_tflops: 1e-12}\n";
    write(&path, extreme).unwrap();
    let path = path.to_str().unwrap();
    let text = stdout(&["cost", "-H", path, "--price", "odd=1e12", "--format", "json"]);
    assert!(!text.contains("null") && !text.contains("inf"), "{text}");
}

#[test]
fn visible_costs_add_up() {
    let text = stdout(&["cost", "--context", "8Ki"]);
    let mut rows = 0;
    for line in text.lines().skip(1).take_while(|line| !line.is_empty()) {
        let numbers: Vec<f64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
        let [attention, ffn, head, total, ..] = numbers[..] else { panic!("{line}") };
        assert!((attention + ffn + head - total).abs() < 2e-4 * total, "{line}");
        rows += 1;
    }
    assert!(rows >= 9, "{text}");
}

#[test]
fn prices_of_several_kinds_are_pointed_out() {
    let mixed = stdout(&[
        "cost",
        "-m",
        "step-3",
        "-c",
        "8Ki",
        "-H",
        "h20,ascend-910b",
        "--pairing",
        "same",
    ]);
    assert!(mixed.contains("of different kinds (estimated, on demand)"), "{mixed}");
    let given = ["cost", "-m", "step-3", "-c", "8Ki", "-H", "h20,h800"];
    assert!(!stdout(&given).contains("Mind that"));
    let basis = complaint(&[&given[..], &["--price-basis", "owned"]].concat());
    assert!(basis.contains("the hardware `h20` has no price `owned`"), "{basis}");
    let csv = stdout(&[&given[..], &["--format", "csv", "--price-basis", "on_demand"]].concat());
    assert!(
        csv.contains("attention_price_basis,attention_price_date") && csv.contains(",on_demand,")
    );
}

#[test]
fn a_format_asked_for_is_the_one_used() {
    let text = complaint(&["cost", "-m", "step-3", "-H", "b200,h800", "--compute", "fp4"]);
    assert!(text.contains("`h800` states no fp4 rate"), "{text}");
    stdout(&["cost", "-m", "step-3", "-H", "b200", "--price", "b200=3", "--compute", "fp4"]);
}

#[test]
fn repeats_are_dropped_and_equal_names_told_apart() {
    let once = stdout(&["cost", "-m", "step-3", "-c", "8Ki", "-H", "h800"]);
    assert_eq!(once, stdout(&["cost", "-m", "step-3,step-3", "-c", "8Ki,8Ki", "-H", "h800,h800"]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.yaml");
    write(&path, "extends: step-3\n").unwrap();
    let path = path.to_str().unwrap();
    let both = stdout(&["cost", "-m", &format!("step-3,{path}"), "-c", "8Ki", "-H", "h800"]);
    assert!(both.contains("\nstep-3 ") && both.contains(&format!("\n{path} ")), "{both}");
}

#[test]
fn a_list_fits_a_terminal() {
    let text = stdout(&["list"]);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("include the LM head") && !text.contains("built-in"), "{text}");
}

#[test]
fn what_an_import_assumes_is_said() {
    let config = "tests/hf_configs/qwen3-8b";
    let assumed = "weights and arithmetic in fp8: the file states no quantisation";
    assert!(stdout(&["show", config]).contains(assumed));
    let table = stdout(&["cost", "-m", config, "-c", "8Ki", "-H", "h800"]);
    assert!(table.contains(&format!("Assumed for {config}: {assumed}.")), "{table}");
}

#[test]
fn an_import_says_what_its_name_is_and_keeps_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mine.yaml");
    let import = ["import", "tests/hf_configs/qwen3-8b", "--out", out.to_str().unwrap()];
    let text = complaint(&[&import[..], &["--name", "a/b c"]].concat());
    assert!(text.contains("`a/b c` is no name that can be typed"), "{text}");
    stdout(&import);
    assert!(complaint(&import).contains("is there already"));
    stdout(&[&import[..], &["--force"]].concat());

    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hf_configs/qwen3-8b");
    let mut afford = Command::new(env!("CARGO_BIN_EXE_afford"));
    let output = afford.args(["import", "config.json"]).current_dir(config).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("name: qwen3-8b\n"));
}
