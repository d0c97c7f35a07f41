//! A scenario's sweep with everything that it names.

use crate::catalog::Catalog;
use crate::deploy::estimate::MOST_MICRO_BATCHES;
use crate::machine::fidelity::Fidelity;
use crate::report::loaded::place_of;
use crate::spec::de::At;
use crate::spec::node::{Node, Value};
use crate::spec::scenario::{Labelled, Scenario};
use crate::spec::sweep::field::{Field, Pool};
use crate::spec::sweep::values::Scalar;
use crate::spec::sweep::{Axis, SweepSpec};
use crate::spec::{Diagnostic, Kind};
use crate::sweep::grid::constraint::Constraint;
use crate::sweep::grid::parts::no_conditions;
use crate::sweep::grid::rows::Layout;
use crate::sweep::grid::space::Space;
use crate::sweep::grid::summary::Question;
use crate::sweep::grid::{Grid, Specs};
use crate::units::Seconds;
use sha2::{Digest, Sha256};

/// A sweep that is ready to run.
#[derive(Debug)]
pub struct Swept {
    /// Name of the scenario.
    pub name: String,
    /// Its points.
    pub grid: Grid,
    /// Its columns.
    pub layout: Layout,
    /// What a summary keeps of it.
    pub question: Question,
    /// A digest of all that its points depend on.
    pub digest: String,
}

/// Finds a scenario's sweep and everything that it names.
///
/// # Errors
/// A complaint that points into the scenario where something is wrong.
pub fn load(
    catalog: &Catalog,
    reference: &str,
    fidelity: Option<Fidelity>,
) -> Result<Swept, Diagnostic> {
    let node = catalog.read(Kind::Scenario, reference)?;
    let place = node.origin.source.name.clone();
    let scenario = Scenario::read(&node)?;
    let Some(sweep) = &scenario.sweep else {
        let message = format!("the scenario `{}` has no `sweep`", *scenario.name);
        return Err(scenario
            .name
            .complain(message)
            .help("add `sweep: {axes: [{field: context_tokens, values: 4Ki..1Mi x2}]}`"));
    };
    let fidelity = fidelity.unwrap_or(scenario.fidelity);
    let trees = |kind, parts: &At<Vec<Labelled>>| trees(catalog, &place, kind, parts);
    let models = trees(Kind::Model, &scenario.models)?;
    let hardware = trees(Kind::Hardware, &scenario.hardware)?;
    let axes = axes(sweep, &scenario, fidelity)?;
    let digest = digest(&node, models.iter().chain(&hardware), fidelity);
    let constraints = sweep.conditions.iter().map(|text| Constraint::read(text, &axes));
    let constraints = constraints.collect::<Result<_, _>>()?;
    let space = Space::new(axes)
        .map_err(|complaint| Diagnostic { origin: sweep.axes.origin.clone(), ..complaint })?;
    let specs = Specs {
        models,
        hardware,
        conditions: node.get("conditions").cloned().unwrap_or_else(|| no_conditions(&node)),
        fidelity,
        counting: scenario.counting,
        without_fp8: scenario.without_fp8,
        wire: scenario.promise.as_ref().map(|promise| promise.wire),
        promise: scenario.promise.as_ref().map(|promise| Seconds::from_ms(promise.tpot_ms.0)),
    };
    let grid = Grid::new(space, constraints, specs);
    grid.check()?;
    Ok(Swept {
        name: scenario.name.value.clone(),
        layout: Layout::new(&grid)?,
        question: Question::new(&sweep.summary, &grid)?,
        grid,
        digest,
    })
}

/// The trees of a scenario's models or hardware, by the names that it has for them.
fn trees(
    catalog: &Catalog,
    place: &str,
    kind: Kind,
    parts: &At<Vec<Labelled>>,
) -> Result<Vec<(String, Node)>, Diagnostic> {
    let tree = |part: &Labelled| {
        let read = catalog.read(kind, &catalog.beside(place, &part.name.value));
        let tree = read.map_err(|complaint| match (&complaint.origin, &part.name.origin) {
            (None, Some(origin)) => complaint.at(origin.clone()),
            _ => complaint,
        })?;
        Ok((part.name.value.clone(), tree))
    };
    parts.iter().map(tree).collect()
}

/// The sweep's axes and those that go without saying: the scenario's models, hardware and contexts
/// where the sweep names none.
fn axes(
    sweep: &SweepSpec,
    scenario: &Scenario,
    fidelity: Fidelity,
) -> Result<Vec<Axis>, Diagnostic> {
    let mut axes = sweep.read_axes()?;
    let has = |axes: &[Axis], field: Field| axes.iter().any(|axis| axis.field == field);
    if !has(&axes, Field::Context) {
        let contexts = scenario.contexts_tokens.0.iter().map(|n| Scalar::Int(*n)).collect();
        axes.push(implicit("context_tokens", Field::Context, contexts, sweep));
    }
    let names = |parts: &[Labelled]| {
        parts.iter().map(|part| Scalar::Text(part.name.value.clone())).collect::<Vec<_>>()
    };
    let sides = [Pool::Attention, Pool::Ffn].map(|side| has(&axes, Field::Hardware(side)));
    let missing = match (has(&axes, Field::Hardware(Pool::Both)), sides) {
        (true, _) | (_, [true, true]) => None,
        (_, [false, false]) => Some(("hardware", Pool::Both)),
        (_, [true, false]) => Some(("ffn_hardware", Pool::Ffn)),
        (_, [false, true]) => Some(("attention_hardware", Pool::Attention)),
    };
    if let Some((name, pool)) = missing {
        axes.insert(0, implicit(name, Field::Hardware(pool), names(&scenario.hardware), sweep));
    }
    if !has(&axes, Field::Model) {
        axes.insert(0, implicit("model", Field::Model, names(&scenario.models), sweep));
    }
    for axis in &axes {
        check_axis(axis, scenario, fidelity)?;
    }
    let deployed = has(&axes, Field::Deployment)
        || has(&axes, Field::AttentionInstances) && has(&axes, Field::FfnInstances);
    if fidelity != Fidelity::Ideal && !deployed {
        let message = "this sweep does not say which deployment it is of";
        return Err(sweep.axes.complain(message).help(
            "add `fixed: {deployment: 2A2F}`, an axis `deployment`, or axes \
             `attention_instances` and `ffn_instances`; fidelity ideal needs none",
        ));
    }
    Ok(axes)
}

fn implicit(name: &str, field: Field, values: Vec<Scalar>, sweep: &SweepSpec) -> Axis {
    let origin = &sweep.axes.origin;
    let placed = |value| At { value, origin: origin.clone() };
    Axis {
        name: name.to_owned(),
        field,
        values: values.into_iter().map(placed).collect(),
        zip: None,
        written: At { value: name.to_owned(), origin: origin.clone() },
    }
}

/// Names must be the scenario's, and a field must change something.
fn check_axis(axis: &Axis, scenario: &Scenario, fidelity: Fidelity) -> Result<(), Diagnostic> {
    for value in &axis.values {
        let name = At { value: value.value.to_string(), origin: value.origin.clone() };
        match axis.field {
            Field::Model => drop(place_of(&name, &scenario.models, Kind::Model)?),
            Field::Hardware(_) => drop(place_of(&name, &scenario.hardware, Kind::Hardware)?),
            Field::MicroBatches
                if value.number().is_some_and(|n| n > f64::from(MOST_MICRO_BATCHES)) =>
            {
                let (most, n) = (MOST_MICRO_BATCHES, name.value);
                return Err(value.complain(format!("at most {most} micro-batches, not {n}")));
            }
            _ => {}
        }
    }
    let deployed = matches!(
        axis.field,
        Field::Deployment
            | Field::AttentionInstances
            | Field::FfnInstances
            | Field::Condition(_)
            | Field::Batch
            | Field::MicroBatches
            | Field::Promise
    );
    if fidelity == Fidelity::Ideal && deployed {
        let message = format!("`{}` changes nothing at fidelity ideal", *axis.written);
        return Err(axis
            .written
            .complain(message)
            .help("drop it, or write `fidelity: roofline` above"));
    }
    Ok(())
}

/// Parts of a scenario that no point depends on.
const TALK: [&str; 3] = ["title", "question", "report"];

/// A digest of what the trees say, wherever it is written.
fn digest<'a>(
    scenario: &Node,
    others: impl Iterator<Item = &'a (String, Node)>,
    fidelity: Fidelity,
) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(fidelity.name());
    if let Value::Map(entries) = &scenario.value {
        let counts = |name: &str| !TALK.contains(&name);
        for (key, node) in entries.iter().filter(|(key, _)| counts(&key.name)) {
            word(&mut hash, &key.name);
            tree(&mut hash, node);
        }
    }
    for (name, node) in others {
        word(&mut hash, name);
        tree(&mut hash, node);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn word(hash: &mut Sha256, word: &str) {
    hash.update((word.len() as u64).to_le_bytes());
    hash.update(word);
}

fn tree(hash: &mut Sha256, node: &Node) {
    match &node.value {
        Value::Null => hash.update(b"n"),
        Value::Bool(b) => hash.update([b'b', u8::from(*b)]),
        Value::Int(i) => {
            hash.update(b"i");
            hash.update(i.to_le_bytes());
        }
        Value::Float(f) => {
            hash.update(b"f");
            hash.update(f.to_le_bytes());
        }
        Value::Text(text) => {
            hash.update(b"t");
            word(hash, text);
        }
        Value::List(items) => {
            hash.update(b"l");
            hash.update((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| tree(hash, item));
        }
        Value::Map(entries) => {
            hash.update(b"m");
            hash.update((entries.len() as u64).to_le_bytes());
            for (key, node) in entries {
                word(hash, &key.name);
                tree(hash, node);
            }
        }
    }
}
