//! A strict reader over one mapping of a `config.json`: it types what is asked for, says where
//! what is wrong stands, and remembers what was read, so that nothing that matters is passed over.
//!
//! It knows no architecture. `null` counts as absent except where a caller asks for it.

use super::irrelevant::{Weight, weigh};
use crate::spec::node::{Key, Node, Value};
use crate::spec::source::{Diagnostic, did_you_mean, one_of};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Larger numbers are slips.
const LARGEST_COUNT: i128 = 100_000_000;

/// What was read, assumed and noted on the way.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Paths of the keys that were read and stand in the file.
    read: RefCell<BTreeSet<String>>,
    assumed: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
}

impl Log {
    /// A value that the file does not state.
    pub(super) fn assume(&self, text: impl Into<String>) {
        push_once(&self.assumed, text.into());
    }

    /// Something a reader should know.
    pub(super) fn note(&self, text: impl Into<String>) {
        push_once(&self.notes, text.into());
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.read.borrow().iter().cloned().collect()
    }

    pub(super) fn assumed(&self) -> Vec<String> {
        self.assumed.borrow().clone()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }
}

fn push_once(list: &RefCell<Vec<String>>, text: String) {
    let mut list = list.borrow_mut();
    if !list.contains(&text) {
        list.push(text);
    }
}

/// One mapping and the path that leads to it.
#[derive(Debug, Clone)]
pub(super) struct Keys<'a> {
    node: &'a Node,
    path: String,
    log: &'a Log,
}

impl<'a> Keys<'a> {
    pub(super) fn new(node: &'a Node, path: &str, log: &'a Log) -> Self {
        Self { node, path: path.to_owned(), log }
    }

    pub(super) const fn node(&self) -> &'a Node {
        self.node
    }

    pub(super) const fn log(&self) -> &'a Log {
        self.log
    }

    fn entries(&self) -> &'a [(Key, Node)] {
        match &self.node.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    /// The value of a key, `null` included.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Node> {
        let node = self.node.get(key)?;
        self.log.read.borrow_mut().insert(self.full(key));
        Some(node)
    }

    /// The value of a key that is there and not `null`.
    pub(super) fn value(&self, key: &str) -> Option<&'a Node> {
        self.raw(key).filter(|node| node.value != Value::Null)
    }

    /// The first of several spellings that is there and not `null`; all of them are read.
    fn any(&self, spellings: &[&'static str]) -> Option<(&'static str, &'a Node)> {
        self.without_effect(spellings);
        spellings.iter().find_map(|key| self.value(key).map(|node| (*key, node)))
    }

    /// Refuses two spellings of one thing that say different things.
    fn agree(&self, spellings: &[&'static str]) -> Result<(), Diagnostic> {
        let Some((first, node)) = self.any(spellings) else { return Ok(()) };
        let others = spellings.iter().filter(|key| **key != first);
        let odd = others.filter_map(|key| Some((key, self.value(key)?)));
        match odd.into_iter().find(|(_, other)| other.value != node.value) {
            None => Ok(()),
            Some((key, other)) => {
                let message = format!(
                    "`{}` is {}, but `{}`, which means the same, is {}",
                    self.full(key),
                    other.value.kind(),
                    self.full(first),
                    node.value.kind()
                );
                Err(Diagnostic::new(message).at(other.origin.clone()))
            }
        }
    }

    /// Marks keys that are known and change nothing here.
    pub(super) fn without_effect(&self, keys: &[&str]) {
        for key in keys.iter().filter(|key| self.node.get(key).is_some()) {
            self.log.read.borrow_mut().insert(self.full(key));
        }
    }

    pub(super) fn missing(&self, key: &str) -> Diagnostic {
        let path = self.full(key);
        let read = self.log.read.borrow();
        let unread = self.entries().iter().map(|(k, _)| k.name.as_str());
        let unread: Vec<&str> = unread.filter(|k| !read.contains(&self.full(k))).collect();
        let near = did_you_mean(key, unread.into_iter().filter(|k| *k != key));
        let supply = format!("give it with `--assume {path}=VALUE`");
        let null = self.node.get(key).is_some();
        let what = if null { "is null, but must be stated" } else { "is missing" };
        let at = self.node.get(key).unwrap_or(self.node).origin.clone();
        Diagnostic::new(format!("`{path}` {what} for this architecture")).at(at).help(match near {
            Some(near) => format!("did you mean the key `{near}`? or {supply}"),
            None => supply,
        })
    }

    pub(super) fn wrong(&self, key: &str, node: &Node, expected: &str) -> Diagnostic {
        let message = format!("`{}` must be {expected}, not {}", self.full(key), node.value.kind());
        Diagnostic::new(message).at(node.origin.clone())
    }

    /// A complaint about the value of a key.
    pub(super) fn complain(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        let at = self.node.get(key).unwrap_or(self.node).origin.clone();
        Diagnostic::new(message).at(at)
    }

    fn whole(&self, key: &str, node: &Node, least: i128) -> Result<u64, Diagnostic> {
        let Value::Int(n) = node.value else {
            return Err(self.wrong(key, node, "a whole number"));
        };
        if n < least || n > LARGEST_COUNT {
            let range = format!("a whole number from {least} to {LARGEST_COUNT}");
            return Err(self.wrong(key, node, &range));
        }
        u64::try_from(n).map_err(|_| self.wrong(key, node, "a whole number"))
    }

    /// A size that must be stated.
    pub(super) fn count(&self, key: &'static str) -> Result<u64, Diagnostic> {
        self.count_of(&[key])
    }

    /// A size that must be stated, in one of several spellings; the first is the usual one.
    pub(super) fn count_of(&self, spellings: &[&'static str]) -> Result<u64, Diagnostic> {
        self.agree(spellings)?;
        match self.any(spellings) {
            Some((key, node)) => self.whole(key, node, 1),
            None => Err(self.missing(spellings.first().copied().unwrap_or_default())),
        }
    }

    /// A size of 1 or more, if it is stated.
    pub(super) fn optional(&self, key: &'static str) -> Result<Option<u64>, Diagnostic> {
        self.value(key).map(|node| self.whole(key, node, 1)).transpose()
    }

    /// A number that may be 0, if it is stated.
    pub(super) fn number(&self, spellings: &[&'static str]) -> Result<Option<u64>, Diagnostic> {
        self.any(spellings).map(|(key, node)| self.whole(key, node, 0)).transpose()
    }

    /// A number that may be 0 and must be stated.
    pub(super) fn stated_number(&self, spellings: &[&'static str]) -> Result<u64, Diagnostic> {
        let first = spellings.first().copied().unwrap_or_default();
        self.number(spellings)?.ok_or_else(|| self.missing(first))
    }

    /// A size that the architecture's code fixes where the file is silent, which is recorded.
    pub(super) fn count_or(&self, key: &'static str, default: u64) -> Result<u64, Diagnostic> {
        Ok(self.optional(key)?.unwrap_or_else(|| {
            let path = self.full(key);
            self.log.assume(format!("{path} = {default}, the architecture's default"));
            default
        }))
    }

    /// `true` or `false`, with what the architecture's code takes where the file is silent.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, Diagnostic> {
        match self.value(key) {
            None => Ok(default),
            Some(Node { value: Value::Bool(set), .. }) => Ok(*set),
            Some(node) => Err(self.wrong(key, node, "`true` or `false`")),
        }
    }

    /// A word, if it is stated.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, Diagnostic> {
        match self.value(key) {
            None => Ok(None),
            Some(Node { value: Value::Text(text), .. }) => Ok(Some(text)),
            Some(node) => Err(self.wrong(key, node, "a text")),
        }
    }

    /// A list, if it is stated.
    pub(super) fn list(&self, key: &str) -> Result<Option<&'a [Node]>, Diagnostic> {
        match self.value(key) {
            None => Ok(None),
            Some(Node { value: Value::List(items), .. }) => Ok(Some(items)),
            Some(node) => Err(self.wrong(key, node, "a list")),
        }
    }

    /// A list of whole numbers from 0, if it is stated.
    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<u64>>, Diagnostic> {
        let Some(items) = self.list(key)? else { return Ok(None) };
        items.iter().map(|node| self.whole(key, node, 0)).collect::<Result<_, _>>().map(Some)
    }

    /// A list of words out of `choices`, one per layer, by the place of each among the choices.
    pub(super) fn words(
        &self,
        key: &str,
        choices: &[&str],
    ) -> Result<Option<Vec<usize>>, Diagnostic> {
        let Some(items) = self.list(key)? else { return Ok(None) };
        let place = |node: &Node| {
            let Value::Text(word) = &node.value else {
                return Err(self.wrong(key, node, "a list of texts"));
            };
            choices.iter().position(|choice| choice == word).ok_or_else(|| {
                let message = format!("`{word}` in `{}` is not understood here", self.full(key));
                let complaint = Diagnostic::new(message).at(node.origin.clone());
                complaint.help(format!("this architecture has {}", one_of(choices)))
            })
        };
        items.iter().map(place).collect::<Result<_, _>>().map(Some)
    }

    /// A mapping below this one, if it is stated.
    pub(super) fn below(&self, key: &str) -> Result<Option<Self>, Diagnostic> {
        match self.value(key) {
            None => Ok(None),
            Some(node @ Node { value: Value::Map(_), .. }) => {
                Ok(Some(Self::new(node, &format!("{}.", self.full(key)), self.log)))
            }
            Some(node) => Err(self.wrong(key, node, "a mapping")),
        }
    }

    /// Complains of the first key that nobody read and that could change a size; notes the others
    /// that mean nothing to this program.
    pub(super) fn finish(&self, architecture: &str) -> Result<(), Diagnostic> {
        for (key, node) in self.entries() {
            let path = self.full(&key.name);
            let read = self.log.read.borrow().contains(&path);
            match weigh(&key.name, &node.value) {
                _ if read => {}
                Weight::Nothing => {}
                Weight::Unknown => self.log.note(format!("`{path}` was not looked at")),
                Weight::Size => {
                    let message = format!(
                        "`{path}` is not understood for `{architecture}`, and could change its size"
                    );
                    return Err(Diagnostic::new(message).at(key.origin.clone()).help(format!(
                        "check its spelling; if it changes nothing, say `--assume {path}=null`"
                    )));
                }
            }
        }
        Ok(())
    }
}
