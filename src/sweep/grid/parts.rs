//! The four things that a compiled deployment is made of, each as a function of the axes that
//! change it: the model, the hardware of either side, and the deployment with its conditions.
//!
//! A part is made anew only when one of its own axes moves; a value that makes no valid spec
//! together with the others is a reason why a combination cannot be, not the end of the sweep.

use super::Specs;
use super::space::Space;
use crate::catalog::assumed_of_all;
use crate::deploy::deployment::Deployment;
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::conditions::ConditionsSpec;
use crate::spec::de::{At, from_node};
use crate::spec::hardware::HardwareSpec;
use crate::spec::model::ModelSpec;
use crate::spec::node::{Node, Value};
use crate::spec::sweep::field::{Field, Pool};
use crate::spec::sweep::values::Scalar;
use crate::spec::sweep::{Axis, overlay};
use crate::work::dtype::Dtype;
use crate::work::model::Model;
use serde::Deserialize;

/// A deployment and its conditions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// How many devices do what.
    pub deployment: Deployment,
    /// Conditions.
    pub options: Options,
}

/// A part that is kept until one of its axes moves.
#[derive(Debug)]
pub(super) struct Kept<T> {
    /// The axes that change it.
    axes: Vec<usize>,
    /// Their choices when it was made.
    choices: Vec<u32>,
    made: Option<Result<T, Diagnostic>>,
}

impl<T> Kept<T> {
    pub(super) fn new(space: &Space, changes: impl Fn(&Field) -> bool) -> Self {
        let axes = space.axes.iter().enumerate();
        let axes: Vec<usize> = axes.filter(|(_, a)| changes(&a.field)).map(|(at, _)| at).collect();
        Self { choices: vec![0; axes.len()], axes, made: None }
    }

    /// Makes the part anew if one of its axes has moved.
    pub(super) fn follow(&mut self, choices: &[u32], make: impl FnOnce() -> Result<T, Diagnostic>) {
        let same = self.axes.iter().zip(&self.choices).all(|(axis, kept)| choices[*axis] == *kept);
        if self.made.is_some() && same {
            return;
        }
        for (kept, axis) in self.choices.iter_mut().zip(&self.axes) {
            *kept = choices[*axis];
        }
        self.made = Some(make());
    }

    pub(super) fn get(&self) -> Option<&Result<T, Diagnostic>> {
        self.made.as_ref()
    }
}

/// Whether a field changes the model.
pub(super) const fn of_model(field: &Field) -> bool {
    matches!(field, Field::Model | Field::ModelPath(_) | Field::KvCache)
}

/// Whether a field changes the hardware of a side.
pub(super) fn of_hardware(field: &Field, side: Pool) -> bool {
    match field {
        Field::Hardware(pool) | Field::HardwarePath(pool, _) => pool.is_of(side),
        _ => false,
    }
}

/// Whether a field changes the deployment or its conditions.
pub(super) const fn of_placement(field: &Field) -> bool {
    matches!(
        field,
        Field::Deployment | Field::AttentionInstances | Field::FfnInstances | Field::Condition(_)
    )
}

/// The value that an axis has in a combination.
fn chosen<'a>(axis: &'a Axis, at: usize, choices: &[u32]) -> &'a At<Scalar> {
    &axis.values[choices[at] as usize]
}

impl Specs {
    /// The values of the axes whose field is wanted, in the order written.
    fn values<'a>(
        space: &'a Space,
        choices: &'a [u32],
        wanted: impl Fn(&Field) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a Axis, &'a At<Scalar>)> {
        let axes = space.axes.iter().enumerate().filter(move |(_, axis)| wanted(&axis.field));
        axes.map(move |(at, axis)| (axis, chosen(axis, at, choices)))
    }

    /// A model of the scenario with what the axes change.
    pub(super) fn model(&self, space: &Space, choices: &[u32]) -> Result<Model, Diagnostic> {
        let name = Self::values(space, choices, |f| *f == Field::Model).next();
        let mut tree = named(&self.models, name)?;
        for (axis, value) in Self::values(space, choices, of_model) {
            if let Field::ModelPath(path) = &axis.field {
                put(&mut tree, path, axis, value)?;
            }
        }
        let model = ModelSpec::read(&tree)?;
        match Self::values(space, choices, |f| *f == Field::KvCache).next() {
            Some((axis, format)) => Ok(model.with_kv_cache(read::<Dtype>(axis, format)?)),
            None => Ok(model),
        }
    }

    /// The hardware of a side with what the axes change.
    pub(super) fn hardware(
        &self,
        space: &Space,
        choices: &[u32],
        side: Pool,
    ) -> Result<Hardware, Diagnostic> {
        // A side's own axis counts before that of both.
        let own = Self::values(space, choices, |f| *f == Field::Hardware(side)).next();
        let both = || Self::values(space, choices, |f| *f == Field::Hardware(Pool::Both)).next();
        let mut tree = named(&self.hardware, own.or_else(both))?;
        for (axis, value) in Self::values(space, choices, |field| of_hardware(field, side)) {
            if let Field::HardwarePath(_, path) = &axis.field {
                put(&mut tree, path, axis, value)?;
            }
        }
        let mut hardware = HardwareSpec::read(&tree)?;
        hardware.calibration.assume(assumed_of_all());
        Ok(hardware)
    }

    /// The deployment and its conditions with what the axes change.
    pub(super) fn placed(&self, space: &Space, choices: &[u32]) -> Result<Placed, Diagnostic> {
        let mut tree = self.conditions.clone();
        for (axis, value) in Self::values(space, choices, of_placement) {
            if let Field::Condition(key) = &axis.field {
                put(&mut tree, std::slice::from_ref(key), axis, value)?;
            }
        }
        let conditions: ConditionsSpec = from_node(&tree)?;
        let wire = self.wire.unwrap_or(Options::default().wire);
        let mut options = conditions.options(wire, self.without_fp8)?;
        options.fidelity = self.fidelity;
        let deployment = conditions.deployment(&deployment_name(space, choices)?)?;
        Ok(Placed { deployment, options })
    }
}

/// `xAyF` where instances are axes, or the deployment's own name.
fn deployment_name(space: &Space, choices: &[u32]) -> Result<At<String>, Diagnostic> {
    let value = |field: Field| Specs::values(space, choices, move |f| *f == field).next();
    let counts = [value(Field::AttentionInstances), value(Field::FfnInstances)];
    let name = value(Field::Deployment);
    match (counts, name) {
        ([Some((_, x)), Some((_, y))], None) => {
            let name = format!("{}A{}F", x.value, y.value);
            Ok(At { value: name, origin: x.origin.clone() })
        }
        ([None, None], Some((_, name))) => {
            Ok(At { value: name.value.to_string(), origin: name.origin.clone() })
        }
        (_, Some((_, name))) => {
            let message = "a sweep has `deployment`, or instances of both sides, not both";
            Err(name.complain(message).help("drop one of them"))
        }
        (counts, None) => {
            let message = "this sweep does not say which deployment it is of";
            let place = counts.into_iter().flatten().next().and_then(|(_, v)| v.origin.clone());
            let help = "add `deployment`, or `attention_instances` and `ffn_instances`";
            Err(Diagnostic { origin: place, ..Diagnostic::new(message) }.help(help))
        }
    }
}

/// The spec of the name that an axis has.
fn named(all: &[(String, Node)], value: Option<(&Axis, &At<Scalar>)>) -> Result<Node, Diagnostic> {
    let found = match value {
        Some((_, name)) => all.iter().find(|(known, _)| Scalar::Text(known.clone()) == name.value),
        None => all.first(),
    };
    // Loading has checked the names.
    found.map(|(_, node)| node.clone()).ok_or_else(|| Diagnostic::new("a spec is not there"))
}

fn put(
    tree: &mut Node,
    path: &[String],
    axis: &Axis,
    value: &At<Scalar>,
) -> Result<(), Diagnostic> {
    let written = axis.written.origin.as_ref().or(value.origin.as_ref());
    let written = written.ok_or_else(|| Diagnostic::new("an axis without a place"))?;
    overlay::set(tree, path, &value.node(written), written)
}

fn read<T: for<'a> Deserialize<'a>>(axis: &Axis, value: &At<Scalar>) -> Result<T, Diagnostic> {
    let written = axis.written.origin.as_ref().or(value.origin.as_ref());
    let written = written.ok_or_else(|| Diagnostic::new("an axis without a place"))?;
    from_node(&value.node(written))
}

/// A mapping without keys where a scenario states no conditions.
#[must_use]
pub fn no_conditions(like: &Node) -> Node {
    Node { value: Value::Map(Vec::new()), origin: like.origin.clone() }
}
