//! `afford diff`: two reports, tables, scenarios or specs, and what turns one into the other.

use super::{Failure, Output, print, talk};
use crate::catalog::{Catalog, kind_of, read_file};
use crate::report::compare::{Tolerance, Tolerances, compare_tables};
use crate::report::diff_table::{cases_table, cells_table, inputs_table, waterfall_table};
use crate::report::inputs::{FILE, Inputs, VERSION};
use crate::report::read_table::read_table;
use crate::report::table::{Format, Table};
use crate::report::waterfall::compare;
use crate::spec::source::all_of;
use crate::spec::{Diagnostic, Kind, Source};
use crate::text_file::read_text;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// From one report, table, scenario or spec to another: what each changed input adds
///
/// Reports are folders, tables are CSV or JSON files; scenarios, models and hardware are named or
/// given by path. The parts of the waterfall add up to the change.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford diff step3_paper ./my-scenario.yaml
  afford diff h800 ./h800-cheaper.yaml --model deepseek-v3 --context 8Ki
  afford diff old/reports/step3_paper reports/step3_paper --format markdown

csv holds the waterfall, or the cells of tables; json holds everything.")]
pub struct DiffArgs {
    /// What was before
    before: String,
    /// What is after
    after: String,
    /// Hardware on which two models are compared, or models on which two hardware profiles are
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    on: Vec<String>,
    /// Context at which two models or hardware profiles are compared
    #[arg(long, value_name = "TOKENS", default_value = "8Ki")]
    context: String,
    #[command(flatten)]
    output: Output,
}

/// A heading, a key in JSON, and a table.
type Section = (&'static str, &'static str, Table);

impl DiffArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let sections = match (Side::find(catalog, &self.before)?, Side::find(catalog, &self.after)?)
        {
            (Side::Report(before), Side::Report(after)) => reports(&before, &after)?,
            (Side::Table(before), Side::Table(after)) => vec![tables(&[(before, after)])?],
            (Side::Spec(Kind::Scenario), Side::Spec(Kind::Scenario)) => {
                let load = |name| Inputs::load(catalog, name);
                scenarios(&load(&self.before)?, &load(&self.after)?)?
            }
            (Side::Spec(one), Side::Spec(other)) if one == other => self.specs(catalog, one)?,
            (one, other) => {
                let message = format!(
                    "`{}` is {}, and `{}` is {}",
                    self.before,
                    one.noun(),
                    self.after,
                    other.noun()
                );
                return Err(Diagnostic::new(message)
                    .help("two of a kind can be compared: reports, tables, scenarios, models or hardware")
                    .into());
            }
        };
        print(&render(&sections, self.output.format))
    }

    /// Two models or two hardware profiles, as the only difference between two scenarios.
    fn specs(&self, catalog: &Catalog, kind: Kind) -> Result<Vec<Section>, Failure> {
        let [before, after] =
            [&self.before, &self.after].map(|name| self.alone(catalog, kind, name));
        let (before, after) = (before?, after?);
        if self.on.is_empty() {
            let other = match kind {
                Kind::Model => "--on h800 names the hardware",
                _ => "--on deepseek-v3 names the model",
            };
            talk(&format!("{other} on which the two are priced and the change is taken apart"));
            return Ok(vec![(
                "Changed inputs",
                "inputs",
                inputs_table(&before.changes_to(&after)),
            )]);
        }
        Ok(scenarios(&before, &after)?)
    }

    /// A scenario around one spec, in which both specs are called alike.
    fn alone(&self, catalog: &Catalog, kind: Kind, name: &str) -> Result<Inputs, Diagnostic> {
        let others = self.on.iter().map(|name| format!("{{name: {name:?}}}"));
        let others = others.collect::<Vec<_>>().join(", ");
        // Both are called as the first, so that their fields meet.
        let called = Path::new(&self.before).file_stem().unwrap_or_default().to_string_lossy();
        let this = format!("{{name: {called:?}}}");
        let list = |kind_of_list: Kind| match kind_of_list == kind {
            true => this.as_str(),
            false if self.on.is_empty() => "{name: none}",
            false => others.as_str(),
        };
        let text = format!(
            "name: diff\nmodels: [{}]\nhardware: [{}]\ncontexts_tokens: {:?}\npairing: same\n",
            list(Kind::Model),
            list(Kind::Hardware),
            self.context
        );
        let other = match kind {
            Kind::Model => Kind::Hardware,
            _ => Kind::Model,
        };
        let this = vec![(called.into_owned(), catalog.read(kind, name)?)];
        let tree = |name: &String| Ok((name.clone(), catalog.read(other, name)?));
        let those = self.on.iter().map(tree).collect::<Result<Vec<_>, Diagnostic>>()?;
        let (models, hardware) = if kind == Kind::Model { (this, those) } else { (those, this) };
        let source = Source::new("the comparison", text);
        Ok(Inputs {
            version: VERSION.to_owned(),
            scenario: crate::spec::node::Node::parse(&source)?,
            models,
            hardware,
            traces: Vec::new(),
            place: String::new(),
        })
    }
}

/// What one of the two is.
#[derive(Debug, PartialEq, Eq)]
enum Side {
    Report(PathBuf),
    Table(PathBuf),
    Spec(Kind),
}

impl Side {
    fn find(catalog: &Catalog, reference: &str) -> Result<Self, Diagnostic> {
        let path = Path::new(reference);
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if path.is_dir() && !path.join("config.json").is_file() {
            return Ok(Self::Report(path.to_owned()));
        }
        if path.is_file() && is_table(path, ending) {
            return Ok(Self::Table(path.to_owned()));
        }
        if path.is_file() && ending != "json" {
            return kind_of(&read_file(path)?).map(Self::Spec).ok_or_else(|| {
                Diagnostic::new(format!("{reference} is no model, hardware or scenario"))
                    .help("a table ends in .csv or .json")
            });
        }
        if path.is_dir() || ending == "json" {
            return Ok(Self::Spec(Kind::Model));
        }
        let has = |kind: &Kind| catalog.list(*kind).iter().any(|entry| entry.name == reference);
        Kind::ALL.into_iter().find(has).map(Self::Spec).ok_or_else(|| {
            let all: Vec<String> =
                Kind::ALL.iter().flat_map(|k| catalog.list(*k)).map(|entry| entry.name).collect();
            let near = crate::spec::source::did_you_mean(reference, all.iter().map(String::as_str));
            let complaint =
                Diagnostic::new(format!("there is no file, folder or spec `{reference}`"));
            match near {
                Some(near) => complaint.help(format!("did you mean `{near}`?")),
                None => complaint.help("`afford list` shows every name; a path works too"),
            }
        })
    }

    const fn noun(&self) -> &'static str {
        match self {
            Self::Report(_) => "a folder with a report",
            Self::Table(_) => "a table",
            Self::Spec(Kind::Model) => "a model",
            Self::Spec(Kind::Hardware) => "a hardware profile",
            Self::Spec(Kind::Scenario) => "a scenario",
        }
    }
}

/// Whether a file holds rows; JSON may be a model's configuration.
fn is_table(path: &Path, ending: &str) -> bool {
    let rows = || read_table_file(path).is_ok_and(|s| s.text.trim_start().starts_with('['));
    matches!(ending, "csv" | "jsonl" | "ndjson") || (ending == "json" && rows())
}

/// Tables of sweeps are longer than any spec.
fn read_table_file(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    const LARGEST_TABLE_BYTES: u64 = 1 << 30;
    read_text(path, LARGEST_TABLE_BYTES)
}

fn scenarios(before: &Inputs, after: &Inputs) -> Result<Vec<Section>, Diagnostic> {
    let comparison = compare(before, after)?;
    Ok(vec![
        ("Changed inputs", "inputs", inputs_table(&comparison.changes)),
        ("Results", "results", cases_table(&comparison)),
        ("Waterfall", "waterfall", waterfall_table(&comparison)),
    ])
}

/// Two reports: their cells, and their inputs where both carry them.
fn reports(before: &Path, after: &Path) -> Result<Vec<Section>, Diagnostic> {
    let names = [csv_files(before)?, csv_files(after)?];
    let alone = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    for (folder, only) in
        [(before, alone(&names[0], &names[1])), (after, alone(&names[1], &names[0]))]
    {
        if !only.is_empty() {
            talk(&format!("only {} has {}", folder.display(), all_of(&only)));
        }
    }
    let both = names[0].iter().filter(|name| names[1].contains(name));
    let pairs: Vec<_> = both.map(|name| (before.join(name), after.join(name))).collect();
    let mut sections = vec![tables(&pairs)?];
    let inputs = [before, after].map(|folder| folder.join(FILE));
    if let [true, true] = [inputs[0].is_file(), inputs[1].is_file()] {
        let [old, new] = inputs.map(|path| Inputs::parse(&read_file(&path)?));
        let (old, new) = (old?, new?);
        if old.version != new.version {
            talk(&format!("computed by version {} and by version {}", old.version, new.version));
        }
        match scenarios(&old, &new) {
            Ok(more) => sections.extend(more),
            // Such as a report without prices.
            Err(complaint) => {
                talk(&format!("no $ to take apart: {complaint}"));
                sections.push(("Changed inputs", "inputs", inputs_table(&old.changes_to(&new))));
            }
        }
    } else {
        talk(&format!("without {FILE} in both folders nothing is known of their inputs"));
    }
    Ok(sections)
}

fn csv_files(folder: &Path) -> Result<Vec<String>, Diagnostic> {
    let entries = std::fs::read_dir(folder)
        .map_err(|e| Diagnostic::new(format!("cannot read {}: {e}", folder.display())))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut all: Vec<String> = names.filter(|name| name.ends_with(".csv")).collect();
    all.sort();
    if all.is_empty() {
        return Err(Diagnostic::new(format!("{} holds no table", folder.display()))
            .help("name the folder of one report, such as reports/step3_paper"));
    }
    Ok(all)
}

fn tables(pairs: &[(PathBuf, PathBuf)]) -> Result<Section, Diagnostic> {
    let none = Tolerances { all: Tolerance::NONE, columns: Vec::new() };
    let mut files = Vec::new();
    for (before, after) in pairs {
        let (old, new) = (read_table_file(before)?, read_table_file(after)?);
        let name = after.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let compared = compare_tables(&read_table(&old)?, &read_table(&new)?, &none);
        files.push((name, compared));
    }
    Ok(("Cells", "cells", cells_table(&files)))
}

fn render(sections: &[Section], format: Format) -> String {
    match format {
        Format::Json => {
            let all: serde_json::Map<String, serde_json::Value> = sections
                .iter()
                .map(|(_, key, table)| ((*key).to_owned(), table.objects().into()))
                .collect();
            serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
        }
        Format::Csv => {
            let main = sections.iter().find(|(_, key, _)| *key == "waterfall");
            main.or(sections.first()).map(|(_, _, table)| table.csv()).unwrap_or_default()
        }
        Format::Table | Format::Markdown => {
            let heading = |title: &str| match format {
                Format::Markdown => format!("## {title}\n\n"),
                _ => format!("{title}\n"),
            };
            let filled = sections.iter().filter(|(_, _, table)| !table.rows.is_empty());
            let text: Vec<String> =
                filled.map(|(title, _, table)| heading(title) + &table.render(format)).collect();
            if text.is_empty() { "Nothing differs.\n".to_owned() } else { text.join("\n") }
        }
    }
}
