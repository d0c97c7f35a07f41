//! The user's spec files: which kind each is of, told by what it holds.

use super::{is_yaml, read_file, shipped_names};
use crate::spec::node::{Node, Value};
use crate::spec::schema::keys;
use crate::spec::{Kind, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Chains of `extends` that are longer tell no kind.
const LONGEST_CHAIN: usize = 16;

/// The YAML files of a folder, sorted.
pub(super) fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| is_yaml(p)).collect();
    all.sort();
    all
}

/// The `name:` that stands in a file, if it can be read.
pub(super) fn name_inside(path: &Path) -> Option<String> {
    let node = Node::parse(&read_file(path).ok()?).ok()?;
    text(&node, "name")
}

/// Whether two paths lead to one file.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    one == other || whole(one).is_some_and(|path| whole(other) == Some(path))
}

/// The kind of a file in a folder that holds all kinds; nothing if its keys do not tell.
pub(super) fn kind_in_mixed_folder(path: &Path) -> Option<Kind> {
    kind_of_file(path, LONGEST_CHAIN)
}

/// The kind of a text by its keys, or else by what it extends.
pub(crate) fn kind_of(source: &Arc<Source>) -> Option<Kind> {
    kind_of_text(source, Path::new(&source.name), LONGEST_CHAIN)
}

fn kind_of_file(path: &Path, chain: usize) -> Option<Kind> {
    kind_of_text(&read_file(path).ok()?, path, chain)
}

fn kind_of_text(source: &Arc<Source>, path: &Path, chain: usize) -> Option<Kind> {
    let Ok(node) = Node::parse(source) else {
        return by_keys(&keys_of_lines(&source.text));
    };
    let Value::Map(entries) = &node.value else { return None };
    let names: Vec<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
    by_keys(&names).or_else(|| kind_of_base(&text(&node, "extends")?, path, chain.checked_sub(1)?))
}

/// The kind of a base: a file beside the one that extends it, or a built-in spec.
fn kind_of_base(base: &str, from: &Path, chain: usize) -> Option<Kind> {
    let folder = from.parent().unwrap_or(Path::new(""));
    let mut beside =
        ["", ".yaml", ".yml"].map(|ending| folder.join(format!("{base}{ending}"))).into_iter();
    if let Some(path) = beside.find(|path| path.is_file() && path != from) {
        return kind_of_file(&path, chain);
    }
    let shipped = |kind: &Kind| shipped_names(*kind).iter().any(|name| name == base);
    Kind::ALL.into_iter().find(shipped).or_else(|| {
        let mut others = yaml_files(folder).into_iter().filter(|path| path != from);
        kind_of_file(&others.find(|path| name_inside(path).as_deref() == Some(base))?, chain)
    })
}

/// The kind that knows most of some keys, if it is one.
fn by_keys(names: &[&str]) -> Option<Kind> {
    let known = |kind: Kind| {
        let keys = keys(kind);
        names.iter().filter(|name| keys.iter().any(|key| key == *name)).count()
    };
    let best = Kind::ALL.into_iter().map(known).max()?;
    let mut all = Kind::ALL.into_iter().filter(|&kind| known(kind) == best);
    match (all.next(), all.next()) {
        (Some(kind), None) => Some(kind),
        _ => None,
    }
}

/// What looks like a key at the left margin of a text that is no YAML.
fn keys_of_lines(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect()
}

fn text(node: &Node, key: &str) -> Option<String> {
    match &node.get(key)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}
