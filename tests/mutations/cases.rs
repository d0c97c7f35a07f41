//! Which files are damaged, and the command lines that read them.

use crate::mutate::{Draws, mutate};
use std::path::{Path, PathBuf};

/// Files of one sort, and every subcommand that reads them: `@` stands for the damaged file, and
/// what is written goes below `out/`.
struct Sort {
    folder: &'static str,
    /// How the files' paths end.
    ending: &'static str,
    /// What the damaged file is called.
    name: &'static str,
    commands: &'static [&'static str],
}

const SORTS: [Sort; 5] = [
    Sort {
        folder: "model_specs",
        ending: ".yaml",
        name: "in/mutated.yaml",
        commands: &[
            "cost --model @ --hardware h800,h20 --context 8Ki --format json",
            "show @ --format csv",
            "estimate --model @ --hardware h800 --deployment EP32 --batch 512 --context 4Ki",
            "estimate --model @ --hardware h200 --deployment 2A2F --context 4Ki --fidelity calibrated",
            "estimate --model @ --hardware h200 --deployment TP8 --concurrency 16 --input-tokens 1Ki --output-tokens 1Ki",
            "explain --model @ --hardware h800 --deployment EP32 --batch 512 --context 4Ki --gantt out/gantt.svg",
            "plan --model @ --hardware h800 --context 8Ki --tpot-ms 50 --max-nodes 1",
            "diff @ step-3 --on h800",
            "solve price --chip h20 --against h800 --model @ --context 8Ki",
            "solve sparsity --model @ --hardware h800 --tpot-ms 50",
            "list --specs in --format csv",
        ],
    },
    Sort {
        folder: "tests/hf_configs",
        ending: "config.json",
        name: "in/config.json",
        commands: &[
            "import @ --name m --out out/model.yaml",
            "cost --model @ --hardware h800 --context 8Ki",
            "show in",
        ],
    },
    Sort {
        folder: "hw_profiles",
        ending: ".yaml",
        name: "in/mutated.yaml",
        commands: &[
            "cost --model step-3 --hardware @ --context 8Ki",
            "show @ --format json",
            "estimate --model step-3 --hardware @ --deployment EP32 --batch 512 --context 4Ki",
            "estimate --model deepseek-v3 --hardware @ --deployment EP32 --context 4Ki --fidelity calibrated",
            "explain --model step-3 --hardware @ --deployment 2A2F --batch 512 --context 4Ki --gantt out/gantt.svg",
            "plan --model step-3 --hardware @ --context 8Ki --tpot-ms 50 --max-nodes 1",
            "solve target --chip @ --sought compute --usd-per-mtok 0.10 --model deepseek-v3 --context 8Ki",
            "diff h800 @ --on step-3",
            "validate --kernels kernels.csv --hardware @ --rows --plot out/parity.svg",
            "calibrate kernels.csv --hardware @ --out out/profile.yaml",
            "list --specs in",
        ],
    },
    Sort {
        folder: "scenarios",
        ending: ".yaml",
        name: "in/mutated.yaml",
        commands: &[
            "report @ --out out",
            "report @ --html out/page.html",
            "cost --scenario @ --format csv",
            "bill @",
            "uncertainty @ --samples 20 --plot out/uncertainty.svg",
            "sensitivity @ --plot out/tornado.svg",
            "pareto @ --plot out/front.svg",
            "sweep @ --out out/points.csv",
            "sweep @ --summary --out out/summary.jsonl",
            "diff step3_uncertain @",
            "check @ --baseline REPORTS",
            "list --specs in --format json",
        ],
    },
    Sort {
        folder: "reports",
        ending: "inputs.json",
        name: "base/inputs.json",
        commands: &["diff base other", "diff other base --format json"],
    },
];

/// A damaged file and who reads it.
pub struct Case {
    /// Where it goes.
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub arguments: Vec<String>,
}

pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The texts of a folder's files, sorted by path.
fn texts(sort: &Sort) -> Vec<String> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&top().join(sort.folder), sort.ending, &mut found);
    if sort.folder == "scenarios" {
        found.push(top().join("tests/cases/sweep/small.yaml"));
    }
    found.sort();
    found.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// All cases: each is a function of its number.
pub struct Cases {
    texts: Vec<Vec<String>>,
    commands: Vec<(usize, &'static str)>,
}

impl Cases {
    pub fn load() -> Self {
        let all = SORTS.iter().enumerate();
        Self {
            texts: SORTS.iter().map(texts).collect(),
            commands: all
                .flat_map(|(at, sort)| sort.commands.iter().map(move |&c| (at, c)))
                .collect(),
        }
    }

    pub fn case(&self, number: u64) -> Case {
        let (sort, command) = self.commands[number as usize % self.commands.len()];
        let mut draws = Draws::of(number);
        let texts: Vec<&str> = self.texts[sort].iter().map(String::as_str).collect();
        let mut text = draws.one(&texts).to_owned();
        // A sweep or a bill of a scenario without one is refused whatever else is wrong.
        let needed = ["sweep ", "bill ", "uncertainty ", "sensitivity "]
            .into_iter()
            .find(|word| command.starts_with(word));
        if let Some(word) = needed {
            let key = format!("\n{}:", word.trim().replace("sensitivity", "uncertainty"));
            let with: Vec<&str> =
                texts.iter().copied().filter(|text| text.contains(&key)).collect();
            text = draws.one(&with).to_owned();
        }
        let bytes = mutate(&text, draws.one(&texts), &mut draws);
        let name = SORTS[sort].name;
        let reports = top().join("reports");
        let arguments = command.split(' ').map(|word| match word {
            "@" => name.to_owned(),
            "REPORTS" => reports.display().to_string(),
            word => word.to_owned(),
        });
        Case { name, bytes, arguments: arguments.collect() }
    }
}
