//! `afford show`: a model or a hardware with everything that follows from it.

use super::axes::{CountingArg, refused};
use super::{Failure, Output, print};
use crate::catalog::{Catalog, kind_of, read_file};
use crate::report::sheet::render;
use crate::report::show_hardware::{self, HardwareSheet};
use crate::report::show_model::{self, ModelSheet};
use crate::spec::de::aside;
use crate::spec::quantity::parse_contexts;
use crate::spec::source::did_you_mean;
use crate::spec::{Diagnostic, Kind};
use crate::work::Counting;
use clap::Args;
use std::path::Path;

/// Show a model or a hardware with everything derived from it
///
/// A model: parameters in every convention, caches, the work of a token at some contexts, and each
/// kind of layer with its matrices. A hardware: every figure with its source, ridge points, unit
/// costs and prices; what nobody states is unknown.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford show step-3
  afford show minimax-m1 --context 32Ki..1Mi x2 --format csv
  afford show ./my-model.yaml --format json | jq .active_params_core
  afford show h800")]
pub struct ShowArgs {
    /// Name or path of a model or a hardware
    name: String,
    /// Contexts at which a model's work is counted: 8192, 8Ki,32Ki or 4Ki..1Mi x2
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3, default_value = "8Ki,32Ki,128Ki")]
    context: Vec<String>,
    /// How a model's FLOPs are counted: `paper` as in the Step-3 paper, `exact` as kernels do
    #[arg(long, value_enum, value_name = "RULES", default_value = "exact")]
    counting: CountingArg,
    #[command(flatten)]
    output: Output,
}

impl ShowArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let text = match kind(catalog, &self.name)? {
            Kind::Hardware => self.hardware(catalog)?,
            _ => self.model(catalog)?,
        };
        print(&text)
    }

    fn model(&self, catalog: &Catalog) -> Result<String, Diagnostic> {
        // A shell hands `4Ki..1Mi x2` over in two words.
        let contexts = self.context.join(" ");
        let contexts = parse_contexts(&contexts)
            .map_err(|message| refused("--context", &contexts, 0..contexts.len(), &message))?;
        let model = catalog.model(&self.name)?;
        let (about, place) = match catalog.read(Kind::Model, &self.name) {
            Ok(node) => (aside::<show_model::About>(&node), node.origin.source.name.clone()),
            Err(_) => (show_model::About::default(), self.name.clone()),
        };
        let counting: Counting = self.counting.into();
        let sheet = ModelSheet::new(&model, about, &place, &contexts, counting);
        Ok(render(&sheet, || sheet.text(), self.output.format))
    }

    fn hardware(&self, catalog: &Catalog) -> Result<String, Diagnostic> {
        let node = catalog.read(Kind::Hardware, &self.name)?;
        let hardware = catalog.hardware(&self.name)?;
        let about = aside::<show_hardware::About>(&node);
        let sheet = HardwareSheet::new(&hardware, about, &node.origin.source.name);
        Ok(render(&sheet, || sheet.text(), self.output.format))
    }
}

/// What a name or path stands for: names by the list they are in, files by what they hold, and
/// else by what knows the name.
fn kind(catalog: &Catalog, reference: &str) -> Result<Kind, Diagnostic> {
    let named = |kind: Kind| catalog.list(kind).into_iter().any(|entry| entry.name == reference);
    if let Some(kind) = Kind::ALL.into_iter().find(|&kind| named(kind)) {
        return if kind == Kind::Scenario { Err(no_scenario(reference)) } else { Ok(kind) };
    }
    let path = Path::new(reference);
    if path.is_file() {
        return kind_of_file(catalog, path, reference);
    }
    if path.exists() || reference.contains(['/', '\\']) || path.extension().is_some_and(is_spec) {
        return Ok(Kind::Model);
    }
    let knows = |&kind: &Kind| catalog.read(kind, reference).is_ok();
    match Kind::ALL.into_iter().find(knows) {
        Some(Kind::Scenario) => Err(no_scenario(reference)),
        Some(kind) => Ok(kind),
        None => Err(no_such(catalog, reference)),
    }
}

fn is_spec(extension: &std::ffi::OsStr) -> bool {
    ["yaml", "yml", "json"].iter().any(|known| extension == *known)
}

/// The kind of a file; one that could be either is what it can be read as, a model first.
fn kind_of_file(catalog: &Catalog, path: &Path, reference: &str) -> Result<Kind, Diagnostic> {
    if path.extension().is_some_and(|e| e == "json") {
        return Ok(Kind::Model);
    }
    match kind_of(&read_file(path)?) {
        Some(Kind::Scenario) => Err(no_scenario(reference)),
        Some(kind) => Ok(kind),
        None if catalog.model(reference).is_err() && catalog.hardware(reference).is_ok() => {
            Ok(Kind::Hardware)
        }
        None => Ok(Kind::Model),
    }
}

fn no_scenario(reference: &str) -> Diagnostic {
    let message = format!("`{reference}` is a scenario, and only models and hardware can be shown");
    Diagnostic::new(message).help(format!("`afford report {reference}` works it out"))
}

fn no_such(catalog: &Catalog, name: &str) -> Diagnostic {
    let known: Vec<String> = [Kind::Model, Kind::Hardware]
        .into_iter()
        .flat_map(|kind| catalog.list(kind))
        .map(|entry| entry.name)
        .collect();
    let complaint = Diagnostic::new(format!("there is no model and no hardware `{name}`"));
    complaint.help(match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? `afford list` shows every name"),
        None => "`afford list` shows every name; a path works too".to_owned(),
    })
}
