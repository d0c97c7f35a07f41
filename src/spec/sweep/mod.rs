//! The `sweep:` section of a scenario: which fields vary, over which values, and which combinations
//! of them are points.
//!
//! | file | what it holds |
//! | --- | --- |
//! | this one | the section as written |
//! | [`field`] | the names of fields: `model.hidden_size`, `conditions.expert_tp`, `batch` |
//! | [`values`] | the values of an axis: lists and ranges |
//! | [`overlay`] | putting a value into a spec's tree |
//!
//! A field of a model or a hardware is a path into its spec, so whatever a spec can say can be
//! swept, and is checked as a spec is. Which points there are is counted in
//! [`grid::space`](crate::sweep::grid::space).

pub mod field;
pub mod overlay;
pub mod values;

use super::at::At;
use super::source::{Diagnostic, did_you_mean};
use field::Field;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use values::{GeometricSpec, LinearSpec, Scalar, Values};

/// No sweep has more axes.
const MOST_AXES: usize = 32;

/// A grid of points over fields of models, hardware, deployments and workloads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepSpec {
    /// Fields that have one value: `deployment: 2A2F`, `conditions.network_efficiency: 0.8`.
    #[serde(default)]
    pub fixed: IndexMap<At<String>, At<Scalar>>,
    /// Fields that vary. The first varies slowest; those of the point (context, batch,
    /// micro-batches, promise) come after all others.
    pub axes: At<Vec<AxisSpec>>,
    /// What must hold between axes for a combination to be a point: `ffn_instances <= 4`,
    /// `heads % kv_heads == 0`, `attention_hardware != 'h20'`.
    #[serde(default, rename = "where")]
    pub conditions: Vec<At<String>>,
    /// What `--summary` keeps.
    #[serde(default)]
    pub summary: SummarySpec,
}

/// A field and its values: one of `values`, `linear` and `geometric`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisSpec {
    /// `model`, `hardware`, `deployment`, `batch`, `context_tokens` ..., or a path into a spec such
    /// as `hardware.memory.bandwidth_gb_per_s` or `model.attention.*.gqa.kv_heads`.
    pub field: At<String>,
    /// Its column, and its name in `where`; the field's if left out.
    pub name: Option<At<String>>,
    /// A value or a list of them.
    pub values: Option<At<Values>>,
    /// Evenly spaced numbers.
    pub linear: Option<At<LinearSpec>>,
    /// Numbers that grow by a factor.
    pub geometric: Option<At<GeometricSpec>>,
    /// Axes with the same word here run side by side instead of being crossed.
    pub zip: Option<At<String>>,
}

/// What a summary keeps beside the extremes of every figure.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummarySpec {
    /// Columns whose Pareto front is kept; cost against TPOT if left out (cost against activated
    /// parameters at fidelity `ideal`).
    #[serde(default)]
    pub objectives: Vec<At<String>>,
    /// Axes each of whose values has a front and extremes of its own.
    #[serde(default)]
    pub by: Vec<At<String>>,
}

/// A field and its values, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Its column and its name in constraints.
    pub name: String,
    /// What it sets.
    pub field: Field,
    /// To what, in order.
    pub values: Vec<At<Scalar>>,
    /// The group that it runs side by side with.
    pub zip: Option<At<String>>,
    /// The field as written.
    pub written: At<String>,
}

impl SweepSpec {
    /// The axes in the order written, those of one value (`fixed`) first.
    ///
    /// # Errors
    /// The first axis that names no field or has no values, or two that set the same.
    pub fn read_axes(&self) -> Result<Vec<Axis>, Diagnostic> {
        let mut axes = Vec::new();
        for (field, value) in &self.fixed {
            let values = values::of_field(vec![value.clone()], &Field::parse(field)?)?;
            if values.len() != 1 {
                let message = format!("`{}` is fixed, and this is more than one value", **field);
                return Err(value.complain(message).help("make it one of the `axes`"));
            }
            axes.push(Axis {
                name: field.value.clone(),
                field: Field::parse(field)?,
                values,
                zip: None,
                written: field.clone(),
            });
        }
        for axis in self.axes.iter() {
            axes.push(axis.read()?);
        }
        if self.axes.is_empty() || axes.len() > MOST_AXES {
            let message = format!("a sweep has 1 to {MOST_AXES} axes, not {}", axes.len());
            return Err(self.axes.complain(message));
        }
        for (at, axis) in axes.iter().enumerate() {
            let before = &axes[..at];
            if before.iter().any(|other| other.written == axis.written) {
                let message = format!("`{}` has its values already", axis.written.value);
                return Err(axis.written.complain(message).help("keep one of the two"));
            }
            if before.iter().any(|other| other.name == axis.name) {
                let message = format!("two axes are called `{}`", axis.name);
                return Err(axis.written.complain(message).help("give one of them another `name`"));
            }
        }
        zipped_alike(&axes)?;
        Ok(axes)
    }
}

/// Axes that run side by side have as many values each.
fn zipped_alike(axes: &[Axis]) -> Result<(), Diagnostic> {
    for (at, axis) in axes.iter().enumerate() {
        let Some(zip) = &axis.zip else { continue };
        let mut others = axes
            .iter()
            .enumerate()
            .filter(|(i, other)| *i != at && other.zip.as_ref() == Some(zip));
        match others.next() {
            None => {
                let groups: Vec<&str> =
                    axes.iter().filter_map(|a| a.zip.as_deref()).map(String::as_str).collect();
                let others = groups.into_iter().filter(|name| *name != zip.value);
                let complaint = zip.complain(format!("no other axis is zipped as `{}`", **zip));
                return Err(match did_you_mean(zip, others) {
                    Some(near) => complaint.help(format!("did you mean `{near}`?")),
                    None => complaint.help("axes with the same word run side by side"),
                });
            }
            Some((_, other)) if other.values.len() != axis.values.len() => {
                let (mine, theirs) = (axis.values.len(), other.values.len());
                let message = format!(
                    "`{}` has {mine} values and `{}`, zipped with it, has {theirs}",
                    axis.name, other.name
                );
                return Err(axis.written.complain(message).help("give them equally many values"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

impl AxisSpec {
    fn read(&self) -> Result<Axis, Diagnostic> {
        let field = Field::parse(&self.field)?;
        let given = [self.values.is_some(), self.linear.is_some(), self.geometric.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            let message = format!("`{}` needs its values, in one way", *self.field);
            return Err(self.field.complain(message).help(
                "write one of `values: [...]`, `linear: {from, to, step}` and \
                 `geometric: {from, to, factor}`",
            ));
        }
        let raw = match (&self.values, &self.linear, &self.geometric) {
            (Some(values), ..) => values.scalars(),
            (_, Some(range), _) => range.scalars(range.origin.as_ref())?,
            (.., Some(range)) => range.scalars(range.origin.as_ref())?,
            _ => Vec::new(),
        };
        let values = values::of_field(raw, &field)?;
        if values.is_empty() {
            return Err(self.field.complain(format!("`{}` has no values", *self.field)));
        }
        let name = self.name.as_ref().unwrap_or(&self.field);
        let fine = |c: char| c.is_ascii_alphanumeric() || "_.*".contains(c);
        if self.name.is_some()
            && !(name.chars().all(fine) && name.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            let complaint = name.complain(format!("`{}` is no name of an axis", **name));
            return Err(complaint.help("use letters, digits, `_` and `.`, a letter first"));
        }
        Ok(Axis {
            name: name.value.clone(),
            field,
            values,
            zip: self.zip.clone(),
            written: self.field.clone(),
        })
    }
}
