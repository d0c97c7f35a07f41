//! What differs between two trees of one kind of spec: a list of changed fields, each of which can
//! be made alone.
//!
//! Mappings are compared key by key and lists of equal length entry by entry. Where two mappings
//! share no key, as `{mla: ...}` and `{gqa: ...}`, or lists differ in length, the whole is one
//! change. Where a value stands in its file does not matter, nor whether 2 is written as 2.0.

use super::node::{Key, Node, Value};
use std::fmt;

/// A step from a node to one below it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Entry(usize),
}

/// The way from a document to a field: `memory.bandwidth_gb_per_s`, `deployments[2].batch`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(Vec<Step>);

impl Path {
    fn below(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The name of the outermost mapping key.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Key(name)) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(name) if at == 0 => f.write_str(name)?,
                Step::Key(name) => write!(f, ".{name}")?,
                Step::Entry(i) => write!(f, "[{i}]")?,
            }
        }
        Ok(())
    }
}

/// A field that two trees have differently.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which field.
    pub path: Path,
    /// What it was; nothing if it was not there.
    pub before: Option<Node>,
    /// What it is; nothing if it is not there.
    pub after: Option<Node>,
}

impl Change {
    /// Makes the change in a tree that has the field's surroundings.
    pub fn make(&self, tree: &mut Node) {
        put(tree, &self.path.0, self.after.as_ref());
    }
}

/// Every field that differs, in the order of the trees.
#[must_use]
pub fn changes(before: &Node, after: &Node) -> Vec<Change> {
    let mut all = Vec::new();
    compare(&Path::default(), before, after, &mut all);
    all
}

fn compare(path: &Path, before: &Node, after: &Node, all: &mut Vec<Change>) {
    match (&before.value, &after.value) {
        (Value::Map(old), Value::Map(new))
            if old.iter().any(|(k, _)| after.get(&k.name).is_some()) =>
        {
            for (key, old) in old {
                let path = path.below(Step::Key(key.name.clone()));
                match after.get(&key.name) {
                    Some(new) => compare(&path, old, new, all),
                    None => all.push(Change { path, before: Some(old.clone()), after: None }),
                }
            }
            for (key, new) in new.iter().filter(|(k, _)| before.get(&k.name).is_none()) {
                let path = path.below(Step::Key(key.name.clone()));
                all.push(Change { path, before: None, after: Some(new.clone()) });
            }
        }
        (Value::List(old), Value::List(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&path.below(Step::Entry(at)), old, new, all);
            }
        }
        (old, new) if same(old, new) => {}
        _ => all.push(Change {
            path: path.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// Whether two values are the same wherever they stand.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Map(a), Value::Map(b)) => {
            let in_b = |name: &str| b.iter().find(|(k, _)| k.name == name).map(|(_, n)| n);
            a.len() == b.len()
                && a.iter().all(|(k, n)| in_b(&k.name).is_some_and(|m| same(&n.value, &m.value)))
        }
        (Value::Int(i), Value::Float(f)) | (Value::Float(f), Value::Int(i)) => *i as f64 == *f,
        _ => one == other,
    }
}

fn put(tree: &mut Node, path: &[Step], value: Option<&Node>) {
    match (path, &mut tree.value, value) {
        ([], _, Some(value)) => *tree = value.clone(),
        ([Step::Key(name)], _, None) => drop(tree.take(name)),
        ([Step::Key(name), rest @ ..], Value::Map(entries), value) => {
            match entries.iter_mut().find(|(key, _)| key.name == *name) {
                Some((_, node)) => put(node, rest, value),
                None if rest.is_empty() => {
                    if let Some(value) = value {
                        let key = Key { name: name.clone(), origin: value.origin.clone() };
                        entries.push((key, value.clone()));
                    }
                }
                None => {}
            }
        }
        ([Step::Entry(at), rest @ ..], Value::List(entries), value) => {
            if let Some(node) = entries.get_mut(*at) {
                put(node, rest, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Source;

    fn tree(text: &str) -> Node {
        Node::parse(&Source::new("t", text)).unwrap()
    }

    #[test]
    fn fields_are_named_and_each_can_be_changed_alone() {
        let before = tree("a: 1\nb: {c: x, d: [1, 2]}\ne: {mla: {r: 1}}\nf: [1]\ng: 2\n");
        let after = tree("a: 1.0\nb: {c: y, d: [1, 3]}\ne: {gqa: {k: 1}}\nf: [1, 2]\nh: 3\n");
        let found = changes(&before, &after);
        let names: Vec<String> = found.iter().map(|c| c.path.to_string()).collect();
        assert_eq!(names, ["b.c", "b.d[1]", "e", "f", "g", "h"]);
        let mut one = before.clone();
        found[1].make(&mut one);
        assert_eq!(changes(&before, &one).len(), 1);
        let mut all = before;
        for change in &found {
            change.make(&mut all);
        }
        assert_eq!(changes(&all, &after), []);
        assert_eq!(found[0].path.first(), Some("b"));
    }
}
