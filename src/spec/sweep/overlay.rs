//! Putting a value into a spec's tree: hypothetical models and chips.
//!
//! A path runs through mappings by key and through lists by place (`prices.0.usd_per_hour`); `*`
//! stands for every entry that has what follows. The last key may be new: a wrong one is refused
//! as in any spec, where the path is written.

use crate::spec::node::{Key, Node, Value};
use crate::spec::source::{Diagnostic, Origin, did_you_mean};

/// Sets what a path leads to.
///
/// # Errors
/// If it leads nowhere; the complaint stands at `written`.
pub fn set(
    tree: &mut Node,
    path: &[String],
    value: &Node,
    written: &Origin,
) -> Result<(), Diagnostic> {
    let whole = path.join(".");
    match walk(tree, path, value, written, false) {
        Ok(0) => {
            let message = format!("`{whole}` matches nothing in this spec");
            Err(Diagnostic::new(message).at(written.clone()))
        }
        Ok(_) => Ok(()),
        Err(lost) => {
            let message = format!("`{whole}` leads nowhere: there is no `{}`", lost.key);
            let complaint = Diagnostic::new(message).at(written.clone());
            Err(match did_you_mean(&lost.key, lost.known.iter().map(String::as_str)) {
                Some(near) => complaint.help(format!("did you mean `{near}`?")),
                None if lost.known.is_empty() => complaint.help("nothing stands below that"),
                None => {
                    complaint.help(format!("there is {}", crate::spec::source::all_of(&lost.known)))
                }
            })
        }
    }
}

/// A key that is not there, and those that are.
struct Lost {
    key: String,
    known: Vec<String>,
}

/// How many places were set.
fn walk(
    tree: &mut Node,
    path: &[String],
    value: &Node,
    written: &Origin,
    behind_star: bool,
) -> Result<usize, Lost> {
    let Some((key, rest)) = path.split_first() else {
        *tree = value.clone();
        return Ok(1);
    };
    if key == "*" {
        let mut set = 0;
        let mut each = |node: &mut Node| -> Result<(), Lost> {
            set += walk(node, rest, value, written, true)?;
            Ok(())
        };
        match &mut tree.value {
            Value::Map(entries) => entries.iter_mut().try_for_each(|(_, node)| each(node))?,
            Value::List(items) => items.iter_mut().try_for_each(each)?,
            _ => {}
        }
        return Ok(set);
    }
    let known = match &mut tree.value {
        Value::Map(entries) => {
            if let Some((_, node)) = entries.iter_mut().find(|(k, _)| k.name == *key) {
                return walk(node, rest, value, written, behind_star);
            }
            if rest.is_empty() && !behind_star {
                let name = Key { name: key.clone(), origin: written.clone() };
                entries.push((name, value.clone()));
                return Ok(1);
            }
            entries.iter().map(|(k, _)| k.name.clone()).collect()
        }
        Value::List(items) => {
            let count = items.len();
            match key.parse::<usize>().ok().and_then(|at| items.get_mut(at)) {
                Some(node) => return walk(node, rest, value, written, behind_star),
                None => (0..count).map(|at| at.to_string()).collect(),
            }
        }
        _ => Vec::new(),
    };
    if behind_star { Ok(0) } else { Err(Lost { key: key.clone(), known }) }
}
