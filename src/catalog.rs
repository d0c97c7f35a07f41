//! Finding specs: those inside the binary, and the user's own files and folders.
//!
//! A reference to a model may also be a Hugging Face `config.json` or a folder that holds one.
//! Otherwise a reference is a path (it has a `/`, ends in `.yaml`, or a file of that name is there) or a
//! name. Names are looked up in the folders given with `--specs`, by file name, then among the
//! built-in ones, then by the `name:` inside the files of those folders.
//! This is the only library module that reads spec files from disk.

mod own;

use crate::import::{Import, Options, import};
use crate::machine::calibration::Fit;
use crate::machine::calibration::choose::pooled;
use crate::machine::hardware::Hardware;
use crate::spec::extends::{self, Find};
use crate::spec::hardware::HardwareSpec;
use crate::spec::model::ModelSpec;
use crate::spec::node::Node;
use crate::spec::scenario::Scenario;
use crate::spec::source::{all_of, did_you_mean};
use crate::spec::{Diagnostic, Kind, Source};
use crate::text_file::read_text;
use crate::work::model::Model;
use include_dir::{Dir, include_dir};
pub(crate) use own::kind_of;
use own::{kind_in_mixed_folder, name_inside, same_file, yaml_files};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

static MODELS: Dir = include_dir!("$CARGO_MANIFEST_DIR/model_specs");
static HARDWARE: Dir = include_dir!("$CARGO_MANIFEST_DIR/hw_profiles");
static SCENARIOS: Dir = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Names of shipped texts begin so.
const BUILT_IN: &str = "built-in ";
/// No spec is larger; a larger file is something else.
const LARGEST_FILE_BYTES: u64 = 4 << 20;

/// Where specs are looked for.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    folders: Vec<PathBuf>,
}

/// Who provides a spec of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// `built-in`, or the user's file.
    pub place: String,
}

/// The place of what is inside the program.
pub(crate) const INSIDE: &str = "built-in";

impl Entry {
    /// Whether it is inside the program.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.place == INSIDE
    }
}

/// Fits pooled over the shipped chips that were measured, worked out once.
#[must_use]
pub fn assumed_of_all() -> &'static [Fit] {
    static POOLED: LazyLock<Vec<Fit>> = LazyLock::new(|| {
        let catalog = Catalog::default();
        let names = shipped_names(Kind::Hardware).into_iter();
        let read = names.filter_map(|name| catalog.hardware_as_written(&name).ok());
        pooled(&read.filter(|chip| !chip.calibration.fits.is_empty()).collect::<Vec<_>>())
    });
    &POOLED
}

const fn shipped(kind: Kind) -> &'static Dir<'static> {
    match kind {
        Kind::Model => &MODELS,
        Kind::Hardware => &HARDWARE,
        Kind::Scenario => &SCENARIOS,
    }
}

impl Catalog {
    /// A catalog that also looks into the user's folders, first to last.
    #[must_use]
    pub const fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Every name of a kind, sorted; a user's spec hides a built-in one of the same name.
    #[must_use]
    pub fn list(&self, kind: Kind) -> Vec<Entry> {
        let mut all: Vec<Entry> = Vec::new();
        for folder in &self.folders {
            for (path, told) in Self::files(folder, kind) {
                // A file whose keys tell nothing is listed once, with its complaint.
                let mine = told.unwrap_or(Kind::Model) == kind;
                if let Some(name) = stem(&path).filter(|_| mine) {
                    let place = path.display().to_string();
                    all.push(Entry { name, place });
                }
            }
        }
        for name in shipped_names(kind) {
            let place = INSIDE.to_owned();
            all.push(Entry { name, place });
        }
        let mut seen = BTreeSet::new();
        all.retain(|entry| seen.insert(entry.name.clone()));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// A model by name or path; a Hugging Face `config.json`, or a folder holding one, is imported.
    ///
    /// # Errors
    /// If there is none, or it is broken.
    pub fn model(&self, reference: &str) -> Result<Model, Diagnostic> {
        ModelSpec::read(&self.read(Kind::Model, reference)?)
    }

    /// A hardware profile by name or path.
    ///
    /// # Errors
    /// If there is none, or it is broken.
    pub fn hardware(&self, reference: &str) -> Result<Hardware, Diagnostic> {
        let mut hardware = self.hardware_as_written(reference)?;
        hardware.calibration.assume(assumed_of_all());
        Ok(hardware)
    }

    /// A hardware profile without what is assumed of chips that nobody has measured.
    ///
    /// # Errors
    /// If there is none, or it is broken.
    pub fn hardware_as_written(&self, reference: &str) -> Result<Hardware, Diagnostic> {
        HardwareSpec::read(&self.read(Kind::Hardware, reference)?)
    }

    /// A scenario by name or path.
    ///
    /// # Errors
    /// If there is none, or it is broken.
    pub fn scenario(&self, reference: &str) -> Result<Scenario, Diagnostic> {
        Scenario::read(&self.read(Kind::Scenario, reference)?)
    }

    /// The tree of a spec with everything that it extends; of a `config.json`, that of its import.
    ///
    /// # Errors
    /// If there is none, or it is no YAML.
    pub fn read(&self, kind: Kind, reference: &str) -> Result<Node, Diagnostic> {
        if let Some(path) = config_path(reference).filter(|_| kind == Kind::Model) {
            let import = import_config(&path, Options::default())?;
            return Node::parse(&Source::new(path.display().to_string(), import.yaml));
        }
        let finder = Finder { catalog: self, kind };
        let source = self.source(kind, reference, None)?;
        extends::read(&source, &finder)
    }

    /// A reference as seen from a file: a relative path that exists beside the file is meant from
    /// there, anything else stays as it is.
    #[must_use]
    pub fn beside(&self, file: &str, reference: &str) -> String {
        let path = Path::new(file).parent().unwrap_or(Path::new("")).join(reference);
        let relative = reference.contains('/') && Path::new(reference).is_relative();
        if relative && path.exists() {
            return path.display().to_string();
        }
        reference.to_owned()
    }

    /// A file that a spec names beside itself, such as a table of published figures.
    ///
    /// # Errors
    /// If it is not there.
    pub fn companion(&self, kind: Kind, spec: &str, path: &str) -> Result<Arc<Source>, Diagnostic> {
        if spec.starts_with(BUILT_IN) {
            return built_in(kind, path)
                .ok_or_else(|| Diagnostic::new(format!("there is no shipped file {path}")));
        }
        read_file(&Path::new(spec).parent().unwrap_or(Path::new("")).join(path))
    }

    /// The text of a reference, which may be a path beside the file `from`.
    fn source(
        &self,
        kind: Kind,
        reference: &str,
        from: Option<&Path>,
    ) -> Result<Arc<Source>, Diagnostic> {
        let folder = from.and_then(Path::parent);
        let path = folder.map_or_else(|| reference.into(), |folder| folder.join(reference));
        let looks_like_path = reference.contains(['/', '\\'])
            || reference.ends_with(".yaml")
            || reference.ends_with(".yml");
        if looks_like_path
            || (path.is_file() && !shipped_names(kind).contains(&reference.to_owned()))
        {
            return read_file(&path);
        }
        // A file that extends its own name means another spec of that name.
        let own = |named: &dyn Fn(&Path) -> bool| {
            let files = self.folders.iter().flat_map(|folder| Self::files(folder, kind));
            let other = |path: &Path| named(path) && from.is_none_or(|from| !same_file(from, path));
            files.map(|(path, _)| path).find(|path| other(path)).map(|path| read_file(&path))
        };
        own(&|path| stem(path).as_deref() == Some(reference))
            .or_else(|| built_in(kind, &format!("{reference}.yaml")).map(Ok))
            .or_else(|| own(&|path| name_inside(path).as_deref() == Some(reference)))
            .unwrap_or_else(|| Err(self.no_such(kind, reference)))
    }

    /// The files of a user's folder that are or may be of a kind. The folder may hold the kinds
    /// apart, as the project's own top level does; where it does not, each file tells its kind.
    fn files(folder: &Path, kind: Kind) -> Vec<(PathBuf, Option<Kind>)> {
        let apart = folder.join(kind.folder());
        if apart.is_dir() {
            return yaml_files(&apart).into_iter().map(|path| (path, Some(kind))).collect();
        }
        let told = |path: PathBuf| (kind_in_mixed_folder(&path), path);
        let files = yaml_files(folder).into_iter().map(told);
        files.filter(|(k, _)| k.is_none_or(|k| k == kind)).map(|(k, path)| (path, k)).collect()
    }

    fn no_such(&self, kind: Kind, name: &str) -> Diagnostic {
        let known: Vec<String> = self.list(kind).into_iter().map(|entry| entry.name).collect();
        let noun = kind.noun();
        let complaint = Diagnostic::new(format!("there is no {noun} `{name}`"));
        match did_you_mean(name, known.iter().map(String::as_str)) {
            Some(near) => complaint.help(format!(
                "did you mean `{near}`? `afford list` shows every name; a path works too"
            )),
            None => complaint.help(format!("known are {}; a path works too", all_of(&known))),
        }
    }
}

/// The `config.json` that a reference means, if it means one: such a file, or a folder that holds
/// one.
#[must_use]
pub fn config_path(reference: &str) -> Option<PathBuf> {
    let path = Path::new(reference);
    if path.is_dir() {
        return Some(path.join("config.json")).filter(|config| config.is_file());
    }
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    json.then(|| path.to_owned())
}

/// Imports a `config.json`; what the options leave open about its name is taken from its path.
///
/// # Errors
/// If it cannot be read, or makes no model.
pub fn import_config(path: &Path, mut options: Options) -> Result<Import, Diagnostic> {
    let source = read_file(path)?;
    let name = |part: Option<&std::ffi::OsStr>| part.and_then(|n| n.to_str()).map(str::to_owned);
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // `.` and `..` have names too.
    let parent = parent.unwrap_or(Path::new(".")).canonicalize().unwrap_or_default();
    let folder = name(parent.file_name());
    let file = name(path.file_name()).unwrap_or_default();
    if options.from.is_empty() {
        let inside = folder.clone().map(|folder| format!("{folder}/{file}"));
        options.from = inside.unwrap_or_else(|| file.clone());
    }
    if options.name.is_empty() {
        let own = name(path.file_stem()).filter(|stem| stem != "config");
        options.name = typable(&own.or(folder).unwrap_or_default());
    }
    import(&source, &options)
}

/// A name that can be typed: the part behind a hub's `owner__`, in lower case.
fn typable(name: &str) -> String {
    let name = name.rsplit("__").next().unwrap_or(name).to_lowercase();
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(keep).take(64).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}

struct Finder<'a> {
    catalog: &'a Catalog,
    kind: Kind,
}

impl Find for Finder<'_> {
    fn find(&self, name: &str, from: &Source) -> Result<Arc<Source>, Diagnostic> {
        self.catalog.source(self.kind, name, Some(Path::new(&from.name)))
    }
}

fn built_in(kind: Kind, path: &str) -> Option<Arc<Source>> {
    let text = shipped(kind).get_file(path)?.contents_utf8()?;
    Some(Source::new(format!("{BUILT_IN}{}/{path}", kind.folder()), text))
}

fn shipped_names(kind: Kind) -> Vec<String> {
    let files = shipped(kind).files();
    files.filter(|f| is_yaml(f.path())).filter_map(|f| stem(f.path())).collect()
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yaml" || e == "yml")
}

fn stem(path: &Path) -> Option<String> {
    path.file_stem()?.to_str().map(str::to_owned)
}

/// Reads a text file of the user's.
///
/// # Errors
/// If it is not there, no plain file, too large, or no UTF-8 text.
pub fn read_file(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    read_text(path, LARGEST_FILE_BYTES)
}
