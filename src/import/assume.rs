//! `--assume KEY=VALUE`: values laid into a config before it is read.

use super::keys::Log;
use crate::spec::node::{Key, Node, Value};
use crate::spec::{Diagnostic, Origin, Source};

/// Lays each assumption into the tree: a plain key into the language model's mapping, a dotted one
/// along its path from there or, if that begins with a key of the whole file, from the top.
pub(super) fn apply(root: &mut Node, assumptions: &[String], log: &Log) -> Result<(), Diagnostic> {
    for text in assumptions {
        let source = Source::new("--assume", text.as_str());
        let whole = Origin::new(&source, 0..text.len());
        let wrong = |message: &str| {
            let complaint = Diagnostic::new(message).at(whole.clone());
            complaint
                .help("write --assume num_experts=64, or --assume text_config.vocab_size=32000")
        };
        let (path, value) =
            text.split_once('=').ok_or_else(|| wrong("an assumption is KEY=VALUE"))?;
        let path: Vec<&str> = path.trim().split('.').collect();
        if path.iter().any(|key| key.is_empty()) {
            return Err(wrong("an assumption needs a key"));
        }
        let mut node = match value.trim() {
            "" | "null" | "~" => Node { value: Value::Null, origin: whole.clone() },
            // A document is a mapping, so the value is read as one's.
            value => Node::parse(&Source::new("--assume", format!("value: {value}")))?
                .take("value")
                .ok_or_else(|| wrong("its value is not readable"))?,
        };
        node.origin = whole.clone();
        let nested = root.get("text_config").is_some_and(|n| matches!(n.value, Value::Map(_)));
        let from_top = !nested || path[0] == "text_config" || root.get(path[0]).is_some();
        let place = if from_top { Some(&mut *root) } else { child(root, "text_config") };
        let Some(place) = place else { return Err(wrong("there is nothing to lay it into")) };
        put(place, &path, node).ok_or_else(|| wrong("its path leads through something else"))?;
        log.assume(format!("{} (--assume)", text.trim()));
    }
    Ok(())
}

fn child<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().find(|(k, _)| k.name == key).map(|(_, v)| v),
        _ => None,
    }
}

fn put(place: &mut Node, path: &[&str], node: Node) -> Option<()> {
    let (key, rest) = path.split_first()?;
    let origin = node.origin.clone();
    let Value::Map(entries) = &mut place.value else { return None };
    let at = match entries.iter().position(|(k, _)| k.name == *key) {
        Some(at) => at,
        None => {
            let name = (*key).to_owned();
            let empty = Node { value: Value::Map(Vec::new()), origin: origin.clone() };
            entries.push((Key { name, origin }, empty));
            entries.len() - 1
        }
    };
    let value = &mut entries[at].1;
    if rest.is_empty() {
        *value = node;
        return Some(());
    }
    put(value, rest, node)
}
