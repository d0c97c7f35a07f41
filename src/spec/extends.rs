//! `extends: NAME`: a spec that says only how it differs from another.
//!
//! The other spec is found by name or by a path beside the file, read, and overlaid: mappings
//! merge key by key, lists and values replace, `null` removes. Chains may be long but not endless.

use super::node::{Node, Value};
use super::source::{Diagnostic, Source};
use std::sync::Arc;

/// Finds the text that a spec extends.
pub trait Find {
    /// The text called `name`, seen from `from`.
    ///
    /// # Errors
    /// A complaint that names it, without a place.
    fn find(&self, name: &str, from: &Source) -> Result<Arc<Source>, Diagnostic>;
}

/// Chains longer than this are a mistake even if they end.
const LONGEST_CHAIN: usize = 16;

/// Reads a spec and everything it extends into one tree.
///
/// # Errors
/// The first complaint, with its place; a chain that comes back to itself is one.
pub fn read(source: &Arc<Source>, find: &impl Find) -> Result<Node, Diagnostic> {
    let mut layers = Vec::new();
    let mut chain: Vec<Arc<Source>> = vec![source.clone()];
    let mut current = source.clone();
    loop {
        let mut node = Node::parse(&current)?;
        let base = node.take("extends");
        layers.push(node);
        let Some(base) = base else { break };
        let Value::Text(name) = &base.value else {
            let message = format!("`extends` must be a name or a path, not {}", base.value.kind());
            return Err(Diagnostic::new(message).at(base.origin));
        };
        let next = find.find(name, &current).map_err(|d| d.at(base.origin.clone()))?;
        let names = |chain: &[Arc<Source>]| {
            chain.iter().map(|s| s.name.clone()).collect::<Vec<_>>().join(" -> ")
        };
        if chain.len() == LONGEST_CHAIN {
            let message = format!("`extends` runs through more than {LONGEST_CHAIN} files");
            return Err(Diagnostic::new(message).at(base.origin));
        }
        if chain.iter().any(|seen| **seen == *next) {
            let message = format!("`extends` runs in a circle: {} -> {}", names(&chain), next.name);
            return Err(Diagnostic::new(message).at(base.origin));
        }
        chain.push(next.clone());
        current = next;
    }
    // The last read is the base of all.
    let Some(mut tree) = layers.pop() else {
        return Node::parse(source);
    };
    while let Some(over) = layers.pop() {
        tree = tree.overlaid_by(over);
    }
    Ok(tree)
}
