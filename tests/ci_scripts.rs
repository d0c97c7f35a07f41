//! What other projects run in their CI: the action's script and the pre-commit hook, on a project
//! whose price has changed.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use afford::spec::Source;
use afford::spec::node::{Node, Value};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A project with specs and reports in folders of their own.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        let write = |name: &str, text: &str| {
            let path = project.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "scenarios/mine.yaml",
            "name: mine\nmodels: [{name: step-3}]\nhardware: [{name: chip}]\ncontexts_tokens: 8Ki\n\
             report: {tables: [{file: cost.csv, title: Cost, content: cost}]}\n",
        );
        write("hw_profiles/chip.yaml", CHIP);
        let report = project.run(
            Path::new(env!("CARGO_BIN_EXE_afford")),
            &["report", "mine", "--specs", "."],
            &[],
        );
        assert!(report.status.success(), "{}", text(&report.stderr));
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn raise_the_price(&self) {
        std::fs::write(self.path("hw_profiles/chip.yaml"), CHIP.replace("2.0", "2.2")).unwrap();
    }

    /// Runs a program of the project's with afford on PATH.
    fn run(&self, program: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let folder = Path::new(env!("CARGO_BIN_EXE_afford")).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env("PATH", path);
        command.envs(settings.iter().copied()).output().unwrap()
    }
}

const CHIP: &str = "name: chip\nextends: h800\n\
                    prices: [{usd_per_hour: 2.0, basis: on_demand, date: 2025-07, source: paper}]\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_action_s_script_writes_summary_outputs_and_junit() {
    let project = Project::new();
    let gate = root().join(".ci/gate");
    let settings = [
        ("AFFORD_SPECS", "."),
        ("AFFORD_JUNIT", "junit.xml"),
        ("AFFORD_MARKDOWN", "comment.md"),
        ("GITHUB_STEP_SUMMARY", "summary.md"),
        ("GITHUB_OUTPUT", "output"),
    ];
    let output = project.run(&gate, &[], &settings);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 reports as committed"));
    assert_eq!(project.read("output"), "moved=false\nmarkdown=comment.md\n");

    project.raise_the_price();
    let output = project.run(&gate, &[], &settings);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let comment = project.read("comment.md");
    assert!(comment.contains("1 of 1 reports moved") && comment.contains("2 -> 2.2"), "{comment}");
    assert_eq!(text(&output.stdout), comment);
    assert!(project.read("summary.md").ends_with(&comment));
    assert!(project.read("output").ends_with("moved=true\nmarkdown=comment.md\n"));
    assert!(project.read("junit.xml").contains("<failure message="));

    let allowed =
        [&settings[..], &[("AFFORD_TOLERANCE", "1e-6 usd=0"), ("AFFORD_SCENARIOS", "mine")]]
            .concat();
    let output = project.run(&gate, &[], &allowed);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let allowed =
        [&settings[..], &[("AFFORD_TOLERANCE", "0.2"), ("AFFORD_SCENARIOS", "mine")]].concat();
    let output = project.run(&gate, &[], &allowed);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn the_hook_fails_where_tables_are_stale_and_says_what_to_do() {
    let project = Project::new();
    let hook = root().join(".ci/pre-commit-hook");
    assert_eq!(project.run(&hook, &[], &[]).status.code(), Some(0));
    project.raise_the_price();
    let output = project.run(&hook, &["--tolerance", "1e-6"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("afford check --specs . --tolerance 1e-6 --update"), "{said}");
    assert_eq!(project.run(&hook, &["--update"], &[]).status.code(), Some(0));
    assert_eq!(project.run(&hook, &[], &[]).status.code(), Some(0));
    let nowhere = project.run(&hook, &[], &[("PATH", "/usr/bin:/bin")]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("not installed"));
}

fn yaml(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// Every setting that the action hands over is one that the script reads, and both files name
/// scripts that are there.
#[test]
fn action_and_hook_name_what_is_there() {
    let action = Node::parse(&Source::new("action.yml", yaml("action.yml"))).unwrap();
    let script = yaml(".ci/gate");
    let Value::List(steps) = &action.get("runs").unwrap().get("steps").unwrap().value else {
        panic!("no steps")
    };
    let gate = steps.last().unwrap();
    let Value::Text(run) = &gate.get("run").unwrap().value else { panic!("no command") };
    assert_eq!(run, "\"$GITHUB_ACTION_PATH/.ci/gate\"");
    let (Value::Map(inputs), Value::Map(settings)) =
        (&action.get("inputs").unwrap().value, &gate.get("env").unwrap().value)
    else {
        panic!("no inputs")
    };
    assert_eq!(inputs.len(), settings.len());
    for ((input, _), (setting, value)) in inputs.iter().zip(settings) {
        assert_eq!(setting.name, format!("AFFORD_{}", input.name.to_uppercase()));
        assert_eq!(value.value, Value::Text(format!("${{{{ inputs.{} }}}}", input.name)));
        assert!(script.contains(&format!("${{{}:-", setting.name)), "{}", setting.name);
    }
    let hooks = yaml(".pre-commit-hooks.yaml");
    let entry = hooks.lines().find_map(|line| line.trim().strip_prefix("entry: ")).unwrap();
    assert!(root().join(entry).is_file());
}
