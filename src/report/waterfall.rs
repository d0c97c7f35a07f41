//! From one scenario's $ per million tokens to another's, input by input: the parts of a waterfall
//! add up to the change (`cost::attribution`).

use super::cases::{Case, cases};
use super::inputs::{InputChange, Inputs, Tree};
use crate::cost::attribution::attribute;
use crate::spec::Diagnostic;
use crate::spec::node::{Node, Value};
use crate::sweep::cost_grid::Pairing;
use std::collections::BTreeMap;

/// With more causes than this, those of one spec are taken together.
const MOST_CAUSES: usize = 16;

/// Inputs that are looked at as one.
#[derive(Debug, Clone)]
pub struct Cause {
    /// What to call it.
    pub name: String,
    /// What has changed, as places in [`Comparison::changes`].
    pub changes: Vec<usize>,
}

/// A case in both scenarios.
#[derive(Debug, Clone)]
pub struct Fall {
    /// The case before.
    pub before: Case,
    /// The case after.
    pub after: Case,
    /// US dollars per million tokens that each of [`Comparison::causes`] adds; empty where one of
    /// the two cannot run.
    pub parts: Vec<f64>,
}

/// Two scenarios, compared.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Inputs that differ.
    pub changes: Vec<InputChange>,
    /// Those that move a case.
    pub causes: Vec<Cause>,
    /// Cases that both have.
    pub falls: Vec<Fall>,
    /// Cases that only the first has.
    pub gone: Vec<Case>,
    /// Cases that only the second has.
    pub new: Vec<Case>,
}

/// Compares two scenarios case by case.
///
/// Cases meet by place where both scenarios have as many, and by name otherwise.
///
/// # Errors
/// If one of the two cannot be evaluated.
pub fn compare(before: &Inputs, after: &Inputs) -> Result<Comparison, Diagnostic> {
    let (before, after) = unite(before, after)?;
    let ends = [cases(&before.loaded()?)?, cases(&after.loaded()?)?];
    let changes = before.changes_to(&after);
    let mut mixtures = Mixtures {
        before: &before,
        after: &after,
        changes: &changes,
        ends,
        known: BTreeMap::new(),
    };
    let causes = mixtures.causes();
    let pairs = mixtures.pairs();
    let [first, second] = mixtures.ends.clone();
    let fall = |&(old, new): &(usize, usize)| {
        let parts = attribute(causes.len(), |acted| mixtures.usd(&causes, acted, (old, new)));
        let (before, after) = (first[old].clone(), second[new].clone());
        Fall { before, after, parts: parts.unwrap_or_default() }
    };
    let falls = pairs.iter().map(fall).collect();
    let rest = |all: &[Case], met: &dyn Fn(usize) -> bool| {
        let alone = all.iter().enumerate().filter(|(at, _)| !met(*at));
        alone.map(|(_, case)| case.clone()).collect::<Vec<_>>()
    };
    let gone = rest(&first, &|at| pairs.iter().any(|(old, _)| *old == at));
    let new = rest(&second, &|at| pairs.iter().any(|(_, new)| *new == at));
    Ok(Comparison { changes, causes, falls, gone, new })
}

/// Mixtures of two scenarios' inputs, each evaluated once.
struct Mixtures<'a> {
    before: &'a Inputs,
    after: &'a Inputs,
    changes: &'a [InputChange],
    ends: [Vec<Case>; 2],
    known: BTreeMap<Vec<bool>, Option<Vec<Case>>>,
}

impl Mixtures<'_> {
    /// The cases where the marked changes have been made, if that makes sense.
    fn cases(&mut self, made: Vec<bool>) -> Option<&Vec<Case>> {
        let (before, after, changes) = (self.before, self.after, self.changes);
        let evaluate = |made: &Vec<bool>| {
            let marked = changes.iter().zip(made).filter(|(_, made)| **made).map(|(c, _)| c);
            cases(&before.with(marked, after).loaded().ok()?).ok()
        };
        let found = evaluate_once(&mut self.known, made, evaluate);
        found.as_ref()
    }

    /// The figure of one case where the marked causes have acted.
    fn usd(&mut self, causes: &[Cause], acted: &[bool], pair: (usize, usize)) -> Option<f64> {
        if acted.iter().all(|acted| *acted) {
            return self.ends[1][pair.1].usd_per_mtok;
        }
        if !acted.contains(&true) {
            return self.ends[0][pair.0].usd_per_mtok;
        }
        let mut made = vec![false; self.changes.len()];
        for cause in causes.iter().zip(acted).filter(|(_, acted)| **acted).map(|(c, _)| c) {
            cause.changes.iter().for_each(|&at| made[at] = true);
        }
        let lengths = [self.ends[0].len(), self.ends[1].len()];
        let names = [&self.ends[0][pair.0].name, &self.ends[1][pair.1].name].map(Clone::clone);
        let mixed = self.cases(made)?;
        if pair.0 == pair.1 && lengths == [mixed.len(); 2] {
            return mixed[pair.0].usd_per_mtok;
        }
        mixed.iter().find(|case| names.contains(&case.name))?.usd_per_mtok
    }

    /// The inputs that move a case, alone or as the last: others have no part in any change.
    fn causes(&mut self) -> Vec<Cause> {
        let count = self.changes.len();
        let mut causes = Vec::new();
        for (at, change) in self.changes.iter().enumerate() {
            let moves = |mixtures: &mut Self, made: Vec<bool>, end: usize| {
                let end = mixtures.ends[end].clone();
                mixtures.cases(made).is_none_or(|mixed| figures(mixed) != figures(&end))
            };
            let only = (0..count).map(|i| i == at).collect();
            let others = (0..count).map(|i| i != at).collect();
            if change.can_matter() && (moves(self, only, 0) || moves(self, others, 1)) {
                causes.push(Cause { name: change.to_string(), changes: vec![at] });
            }
        }
        if causes.len() > MOST_CAUSES { self.by_tree(&causes) } else { causes }
    }

    /// Causes of one spec as one.
    fn by_tree(&self, causes: &[Cause]) -> Vec<Cause> {
        let mut all: Vec<(Tree, Vec<usize>)> = Vec::new();
        for at in causes.iter().flat_map(|cause| cause.changes.iter().copied()) {
            let tree = &self.changes[at].tree;
            match all.iter_mut().find(|(known, _)| known == tree) {
                Some((_, changes)) => changes.push(at),
                None => all.push((tree.clone(), vec![at])),
            }
        }
        let cause = |(tree, changes): (Tree, Vec<usize>)| {
            let what = match tree {
                Tree::Scenario => "scenario".to_owned(),
                Tree::Model(name) => format!("model {name}"),
                Tree::Hardware(name) => format!("hardware {name}"),
                Tree::Trace(file) => format!("trace {file}"),
            };
            Cause { name: format!("{what}: {} fields", changes.len()), changes }
        };
        all.into_iter().map(cause).collect()
    }

    /// Which case of the first is which of the second.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let [first, second] = &self.ends;
        if first.len() == second.len() {
            return (0..first.len()).map(|at| (at, at)).collect();
        }
        let partner = |(at, case): (usize, &Case)| {
            second.iter().position(|other| other.name == case.name).map(|other| (at, other))
        };
        first.iter().enumerate().filter_map(partner).collect()
    }
}

fn evaluate_once<K: Ord + Clone, V>(
    known: &mut BTreeMap<K, V>,
    key: K,
    evaluate: impl FnOnce(&K) -> V,
) -> &V {
    known.entry(key.clone()).or_insert_with(|| evaluate(&key))
}

fn figures(cases: &[Case]) -> Vec<Option<f64>> {
    cases.iter().map(|case| case.usd_per_mtok).collect()
}

/// Both scenarios with the specs of both, so that a deployment of either finds what it names. Only
/// where the best pair of all hardware is asked for is the list an input of its own.
fn unite(before: &Inputs, after: &Inputs) -> Result<(Inputs, Inputs), Diagnostic> {
    let picks = |inputs: &Inputs| -> Result<bool, Diagnostic> {
        let scenario = inputs.loaded()?.scenario;
        Ok(scenario.deployments.is_empty() && scenario.pairing == Pairing::Best)
    };
    let list_matters = picks(before)? || picks(after)?;
    let keys: &[&str] = if list_matters { &[] } else { &["models", "hardware"] };
    let [mut first, mut second] = [before.with([], after), after.with([], before)];
    for key in keys {
        let list = united(before.scenario.get(key), after.scenario.get(key));
        set(&mut first.scenario, key, list.clone());
        set(&mut second.scenario, key, list);
    }
    Ok((first, second))
}

/// The entries of two lists, those of one name once.
fn united(first: Option<&Node>, second: Option<&Node>) -> Option<Node> {
    let mut whole = first.cloned()?;
    let (Value::List(all), Some(Value::List(more))) =
        (&mut whole.value, second.map(|node| &node.value))
    else {
        return Some(whole);
    };
    let name = |entry: &Node| entry.get("name").map(|name| name.value.clone());
    for entry in more {
        if !all.iter().any(|known| name(known) == name(entry)) {
            all.push(entry.clone());
        }
    }
    Some(whole)
}

fn set(tree: &mut Node, key: &str, value: Option<Node>) {
    if let (Value::Map(entries), Some(value)) = (&mut tree.value, value)
        && let Some((_, node)) = entries.iter_mut().find(|(k, _)| k.name == key)
    {
        *node = value;
    }
}
