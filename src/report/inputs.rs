//! Everything that a scenario's results follow from, as trees: the scenario itself and each spec it
//! names, resolved. A report carries them (`inputs.json`), so that a later run can say which input
//! has changed since, and can compute with any mixture of old and new ones. Of a trace that the
//! scenario names they hold what it comes to, not its rows.

use super::loaded::{Loaded, Part};
use crate::catalog::Catalog;
use crate::deploy::context::Lengths;
use crate::measured::lengths::lengths;
use crate::spec::change::{Change, changes};
use crate::spec::de::{At, from_node};
use crate::spec::hardware::HardwareSpec;
use crate::spec::model::ModelSpec;
use crate::spec::node::{Node, Value};
use crate::spec::scenario::{Labelled, Scenario};
use crate::spec::workload::ContextSpec;
use crate::spec::{Diagnostic, Kind, Source};
use serde_json::json;
use std::fmt;
use std::sync::Arc;

/// The program's version, which every report carries.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The file of a report that holds its inputs.
pub const FILE: &str = "inputs.json";

/// Trees under the names that the scenario calls them by.
pub type Trees = Vec<(String, Node)>;

/// The trees of a scenario and of all that it names.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The version of the program that computed with them.
    pub version: String,
    /// The scenario.
    pub scenario: Node,
    /// Models under the names that the scenario calls them by.
    pub models: Trees,
    /// Hardware under the names that the scenario calls it by.
    pub hardware: Trees,
    /// Lengths of requests in the files that the scenario names.
    pub traces: Trees,
    /// Where the scenario was read from.
    pub place: String,
}

impl Inputs {
    /// Finds a scenario and everything that it names.
    ///
    /// # Errors
    /// A complaint that points into the scenario where one of its names is wrong.
    pub fn load(catalog: &Catalog, reference: &str) -> Result<Self, Diagnostic> {
        let node = catalog.read(Kind::Scenario, reference)?;
        let place = node.origin.source.name.clone();
        let scenario = Scenario::read(&node)?;
        let trees = |kind: Kind, list: &[Labelled]| -> Result<Vec<_>, Diagnostic> {
            let tree = |part: &Labelled| {
                let name = &part.name;
                let tree = catalog.read(kind, &catalog.beside(&place, name));
                tree.map(|tree| (name.value.clone(), tree))
                    .map_err(|complaint| named(part, complaint))
            };
            list.iter().map(tree).collect()
        };
        Ok(Self {
            version: VERSION.to_owned(),
            models: trees(Kind::Model, &scenario.models)?,
            hardware: trees(Kind::Hardware, &scenario.hardware)?,
            traces: traces(catalog, &scenario, &place)?,
            scenario: node,
            place,
        })
    }

    /// The inputs that a report carries.
    ///
    /// # Errors
    /// If the text is no such file.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostic> {
        let root = Node::parse(source)?;
        let incomplete = |what: &str| {
            Diagnostic::new(format!("the inputs of a report lack `{what}`"))
                .at(root.origin.clone())
                .help("`afford report` and `afford check --update` write this file")
        };
        let part = |key: &str| root.get(key).ok_or_else(|| incomplete(key));
        let trees = |key: &str, node: &Node| match &node.value {
            Value::Map(all) => Ok(all.iter().map(|(k, n)| (k.name.clone(), n.clone())).collect()),
            _ => Err(incomplete(key)),
        };
        let version = match &part("afford")?.value {
            Value::Text(version) => version.clone(),
            _ => return Err(incomplete("afford")),
        };
        Ok(Self {
            version,
            scenario: part("scenario")?.clone(),
            models: trees("models", part("models")?)?,
            hardware: trees("hardware", part("hardware")?)?,
            traces: root.get("traces").map_or_else(|| Ok(Vec::new()), |n| trees("traces", n))?,
            place: source.name.clone(),
        })
    }

    /// The text of [`FILE`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let trees = |all: &[(String, Node)]| -> serde_json::Value {
            all.iter().map(|(name, node)| (name.clone(), node.to_json())).collect()
        };
        let mut all = json!({
            "afford": self.version,
            "scenario": self.scenario.to_json(),
            "models": trees(&self.models),
            "hardware": trees(&self.hardware),
        });
        if !self.traces.is_empty() {
            all["traces"] = trees(&self.traces);
        }
        serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
    }

    /// The typed scenario with its models and hardware.
    ///
    /// # Errors
    /// If one of them is broken or missing.
    pub fn loaded(&self) -> Result<Loaded, Diagnostic> {
        let scenario = Scenario::read(&self.scenario)?;
        let models =
            parts(&scenario.models, &self.models, ModelSpec::read, |model| model.title.clone())?;
        let hardware =
            parts(&scenario.hardware, &self.hardware, HardwareSpec::read, |h| h.title.clone())?;
        let length = |(file, tree): &(String, Node)| Ok((file.clone(), from_node(tree)?));
        let traces = self.traces.iter().map(length).collect::<Result<_, Diagnostic>>()?;
        let (place, inputs) = (self.place.clone(), self.clone());
        Ok(Loaded { scenario, models, hardware, place, inputs, traces })
    }
}

/// A complaint about a spec; a wrong name is shown where the scenario names it.
fn named(part: &Labelled, complaint: Diagnostic) -> Diagnostic {
    match (&complaint.origin, &part.name.origin) {
        (None, Some(origin)) => complaint.at(origin.clone()),
        _ => complaint,
    }
}

fn parts<T>(
    list: &[Labelled],
    trees: &[(String, Node)],
    read: impl Fn(&Node) -> Result<T, Diagnostic>,
    title: impl Fn(&T) -> String,
) -> Result<Vec<Part<T>>, Diagnostic> {
    let part = |named_part: &Labelled| {
        let name = &named_part.name;
        let tree = trees.iter().find(|(known, _)| *known == name.value).map(|(_, tree)| tree);
        let tree =
            tree.ok_or_else(|| name.complain(format!("nothing is known of `{}`", name.value)));
        let value = read(tree?).map_err(|complaint| named(named_part, complaint))?;
        let label = named_part.label.clone().unwrap_or_else(|| title(&value));
        Ok(Part { label, value })
    };
    list.iter().map(part).collect()
}

/// What the files of lengths come to that a scenario's deployments name.
fn traces(catalog: &Catalog, scenario: &Scenario, place: &str) -> Result<Trees, Diagnostic> {
    let contexts = scenario.deployments.iter().filter_map(|spec| spec.context.as_ref());
    let files = contexts.filter_map(|context| match &context.value {
        ContextSpec::Lengths(file) => Some(file),
        ContextSpec::Histogram(_) | ContextSpec::PromptAndOutput(_) => None,
    });
    let read = |file: &At<String>| {
        let source = catalog.companion(Kind::Scenario, place, file);
        let source = source.map_err(|complaint| match &file.origin {
            Some(origin) => complaint.at(origin.clone()),
            None => complaint,
        })?;
        let lengths: Lengths = lengths(&source)?;
        let text = json!(lengths).to_string();
        let tree = Node::parse(&Source::new(source.name.clone(), text))?;
        Ok((file.value.clone(), tree))
    };
    files.map(read).collect()
}

/// Which tree a change is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// The scenario.
    Scenario,
    /// The model of a name.
    Model(String),
    /// The hardware of a name.
    Hardware(String),
    /// The trace of a file.
    Trace(String),
}

/// An input that two runs have differently.
#[derive(Debug, Clone, PartialEq)]
pub struct InputChange {
    /// Which tree.
    pub tree: Tree,
    /// Which field of it.
    pub change: Change,
}

impl fmt::Display for InputChange {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.tree {
            Tree::Scenario => write!(f, "scenario: {}", self.change.path),
            Tree::Model(name) => write!(f, "model {name}: {}", self.change.path),
            Tree::Hardware(name) => write!(f, "hardware {name}: {}", self.change.path),
            Tree::Trace(file) => write!(f, "trace {file}: {}", self.change.path),
        }
    }
}

impl InputChange {
    /// What the field was and is, in few words; nothing where it is not there.
    #[must_use]
    pub fn values(&self) -> [Option<String>; 2] {
        let text = |node: &Option<Node>| node.as_ref().map(in_words);
        [text(&self.change.before), text(&self.change.after)]
    }

    /// What both values are, if they are numbers.
    #[must_use]
    pub fn numbers(&self) -> Option<(f64, f64)> {
        let number = |node: &Option<Node>| match node.as_ref()?.value {
            Value::Int(i) => Some(i as f64),
            Value::Float(f) => Some(f),
            _ => None,
        };
        Some((number(&self.change.before)?, number(&self.change.after)?))
    }

    /// Whether the field can move a result; titles, notes and sources cannot.
    #[must_use]
    pub fn can_matter(&self) -> bool {
        const TOPICS: [&str; 9] = [
            "name",
            "title",
            "question",
            "notes",
            "vendor",
            "release_year",
            "imported",
            "sources",
            "report",
        ];
        const FIELDS: [&str; 6] = ["source", "provenance", "date", "label", "remark", "basis"];
        let path = self.change.path.to_string();
        let last = path.rsplit('.').next().unwrap_or_default();
        let first = self.change.path.first().unwrap_or_default();
        !TOPICS.contains(&first) && !FIELDS.contains(&last)
    }

    /// The change that undoes this one.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let Change { path, before, after } = self.change.clone();
        Self { tree: self.tree.clone(), change: Change { path, before: after, after: before } }
    }

    /// The change in one line: what was it, what is it?
    #[must_use]
    pub fn in_a_line(&self) -> String {
        let [before, after] = self.values().map(|value| value.unwrap_or_else(|| "-".to_owned()));
        format!("{self}: {before} -> {after}")
    }
}

/// A value as a short text.
fn in_words(node: &Node) -> String {
    const LONGEST: usize = 60;
    let text = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Float(f) => super::number::exact(*f),
        _ => node.to_json().to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

impl Inputs {
    /// What has to change to turn these inputs into others, beside which specs there are.
    #[must_use]
    pub fn changes_to(&self, other: &Self) -> Vec<InputChange> {
        let in_tree = |tree: Tree, old: &Node, new: &Node| {
            let all = changes(old, new).into_iter();
            all.map(move |change| InputChange { tree: tree.clone(), change })
        };
        let mut all: Vec<InputChange> =
            in_tree(Tree::Scenario, &self.scenario, &other.scenario).collect();
        let mut named = |tree: fn(String) -> Tree, mine: &Trees, others: &Trees| {
            for (name, old) in mine {
                if let Some((_, new)) = others.iter().find(|(n, _)| n == name) {
                    all.extend(in_tree(tree(name.clone()), old, new));
                }
            }
        };
        named(Tree::Model, &self.models, &other.models);
        named(Tree::Hardware, &self.hardware, &other.hardware);
        named(Tree::Trace, &self.traces, &other.traces);
        all
    }

    /// These inputs with some changes made, and with the specs that `other` has beside them.
    #[must_use]
    pub fn with<'a>(
        &self,
        changes: impl IntoIterator<Item = &'a InputChange>,
        other: &Self,
    ) -> Self {
        let mut mixed = self.clone();
        let united = |mine: &mut Trees, others: &[(String, Node)]| {
            for (name, node) in others {
                if !mine.iter().any(|(known, _)| known == name) {
                    mine.push((name.clone(), node.clone()));
                }
            }
        };
        united(&mut mixed.models, &other.models);
        united(&mut mixed.hardware, &other.hardware);
        united(&mut mixed.traces, &other.traces);
        for InputChange { tree, change } in changes {
            let of = |all: &mut [(String, Node)], name: &str| {
                if let Some((_, tree)) = all.iter_mut().find(|(known, _)| known == name) {
                    change.make(tree);
                }
            };
            match tree {
                Tree::Scenario => change.make(&mut mixed.scenario),
                Tree::Model(name) => of(&mut mixed.models, name),
                Tree::Hardware(name) => of(&mut mixed.hardware, name),
                Tree::Trace(file) => of(&mut mixed.traces, file),
            }
        }
        mixed
    }
}
