//! A grid over any fields of models, hardware, deployments and workloads (`afford sweep`).
//!
//! | file | what it holds |
//! | --- | --- |
//! | this one | the grid, and its evaluation range by range |
//! | [`space`] | which combinations of axes there are, in what order |
//! | `check` | what is wrong with it before it runs |
//! | [`constraint`] | which of them are points |
//! | [`parts`] | model, hardware and deployment as functions of the axes |
//! | [`shape`] | a compiled deployment and what it gives at a point |
//! | [`figures`] | the figures of a point by name |
//! | [`rows`] | points as rows under columns |
//! | [`summary`] | what is left of a sweep where only fronts and extremes are kept |
//!
//! A combination's number says all about it, so that a sweep can be cut anywhere, run anywhere and
//! go on anywhere. Within a range of numbers a deployment is compiled when one of its axes moves,
//! and nothing is allocated per point.

mod check;
pub mod constraint;
pub mod figures;
pub mod parts;
pub mod rows;
pub mod shape;
pub mod space;
pub mod summary;

use crate::deploy::sparsity::Wire;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, WithoutFp8};
use crate::spec::Diagnostic;
use crate::spec::node::Node;
use crate::spec::sweep::Axis;
use crate::spec::sweep::field::{Field, Pool};
use crate::units::Seconds;
use crate::work::Counting;
use crate::work::model::Model;
use constraint::Constraint;
use figures::{Figure, OF_COSTS, OF_ESTIMATES};
use parts::{Kept, Placed, of_hardware, of_model, of_placement};
use shape::{At, Seen, Shape};
use space::{Place, Space};
use std::ops::Range;

/// What axes change, as trees, and the rules of the scenario.
#[derive(Debug, Clone)]
pub struct Specs {
    /// Models by the name that the scenario has for them.
    pub models: Vec<(String, Node)>,
    /// Hardware likewise.
    pub hardware: Vec<(String, Node)>,
    /// Conditions of every deployment.
    pub conditions: Node,
    /// The level that figures come from.
    pub fidelity: Fidelity,
    /// Counting convention of costs.
    pub counting: Counting,
    /// What 8-bit products run as on devices without FP8.
    pub without_fp8: WithoutFp8,
    /// Bytes per element between attention and FFN, if the scenario says.
    pub wire: Option<Wire>,
    /// Time per output token that the scenario promises.
    pub promise: Option<Seconds>,
}

/// A grid.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Its combinations.
    pub space: Space,
    /// Which of them are points.
    pub constraints: Vec<Constraint>,
    /// What they are made of.
    pub specs: Specs,
    context: Values,
    batch: Values,
    micro_batches: Values,
    promise: Values,
}

/// How many of a range were what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Points.
    pub points: u64,
    /// Of these, such that cannot be.
    pub infeasible: u64,
    /// Combinations that constraints exclude.
    pub excluded: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.infeasible += other.infeasible;
        self.excluded += other.excluded;
    }
}

/// A point as a sink sees it.
#[derive(Debug)]
pub struct Met<'a> {
    /// Its number.
    pub index: u64,
    /// Which value each axis has.
    pub choices: &'a [u32],
    /// Context tokens.
    pub context: f64,
    /// What it gives.
    pub seen: &'a Seen,
}

/// Takes points in the order of their numbers.
pub trait Sink {
    /// The points that follow have these names.
    fn begin(&mut self, names: Names<'_>);
    /// A point.
    fn take(&mut self, met: Met<'_>);
}

/// What a stretch of neighbouring points is of.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Name of the deployment, where there is one.
    pub deployment: Option<&'a str>,
    /// Why nothing compiles, where nothing does.
    pub why: Option<&'a str>,
}

/// An axis of the point, with its values as numbers.
#[derive(Debug, Clone)]
struct Values {
    axis: Option<usize>,
    values: Vec<f64>,
}

impl Values {
    fn of(space: &Space, field: &Field) -> Self {
        let axis = space.axes.iter().position(|axis| axis.field == *field);
        let values = axis.map(|at| &space.axes[at].values).into_iter().flatten();
        Self { axis, values: values.filter_map(|value| value.number()).collect() }
    }

    #[inline]
    fn get(&self, choices: &[u32]) -> Option<f64> {
        self.values.get(choices[self.axis?] as usize).copied()
    }
}

/// One thread's way through a range.
#[derive(Debug)]
struct Walk<'a> {
    grid: &'a Grid,
    model: Kept<Model>,
    attention: Kept<Hardware>,
    /// Of the FFN side, where axes tell the sides apart.
    ffn: Option<Kept<Hardware>>,
    placed: Kept<Placed>,
}

impl Grid {
    /// A grid of the combinations of a space that satisfy constraints.
    #[must_use]
    pub fn new(space: Space, constraints: Vec<Constraint>, specs: Specs) -> Self {
        Self {
            context: Values::of(&space, &Field::Context),
            batch: Values::of(&space, &Field::Batch),
            micro_batches: Values::of(&space, &Field::MicroBatches),
            promise: Values::of(&space, &Field::Promise),
            space,
            constraints,
            specs,
        }
    }

    /// Where a combination is evaluated.
    #[inline]
    fn at(&self, choices: &[u32]) -> At {
        At {
            context: self.context.get(choices).unwrap_or(1.0),
            batch: self.batch.get(choices).map(|n| n as u64),
            micro_batches: self.micro_batches.get(choices).map(|n| n as u32),
            promise: self.promise.get(choices).map(Seconds::from_ms).or(self.specs.promise),
        }
    }

    /// The figures of its points, in order.
    #[must_use]
    pub const fn figures(&self) -> &'static [Figure] {
        match self.specs.fidelity {
            Fidelity::Ideal => &OF_COSTS,
            _ => &OF_ESTIMATES,
        }
    }

    /// The axis of a name.
    #[must_use]
    pub fn axis(&self, name: &str) -> Option<(usize, &Axis)> {
        self.space.axes.iter().enumerate().find(|(_, axis)| axis.name == name)
    }

    /// Evaluates the points of a range of combinations, in order.
    ///
    /// # Errors
    /// If a profile lacks a figure that a point needs.
    pub fn run(&self, range: Range<u64>, sink: &mut impl Sink) -> Result<Counts, Diagnostic> {
        let mut counts = Counts::default();
        if range.is_empty() {
            return Ok(counts);
        }
        let mut walk = Walk::new(self);
        let mut place = self.space.at(range.start);
        let (mut stands, mut shape) = (false, None);
        let mut new = true;
        for index in range {
            if new {
                stands = self.stands(&place, true);
                shape = None;
            }
            new = false;
            if stands && self.stands(&place, false) {
                if shape.is_none() {
                    let made = walk.shape(&place)?;
                    let name = made.deployment();
                    sink.begin(Names { deployment: name.as_deref(), why: made.why() });
                    shape = Some(made);
                }
                let Some(shape) = &shape else { continue };
                let at = self.at(&place.choices);
                let seen = shape.at(&at);
                counts.points += 1;
                counts.infeasible += u64::from(seen.infeasible.is_some());
                let choices = &place.choices;
                sink.take(Met { index, choices, context: at.context, seen: &seen });
            } else {
                counts.excluded += 1;
            }
            new |= self.space.advance(&mut place);
        }
        Ok(counts)
    }

    fn stands(&self, place: &Place, of_shape: bool) -> bool {
        let mut asked = self.constraints.iter().filter(|c| c.of_shape == of_shape);
        asked.all(|constraint| constraint.holds(&place.choices))
    }
}

impl<'a> Walk<'a> {
    fn new(grid: &'a Grid) -> Self {
        let space = &grid.space;
        let sides =
            |axis: &Axis| [Pool::Attention, Pool::Ffn].map(|side| of_hardware(&axis.field, side));
        let apart = space.axes.iter().map(sides).any(|[attention, ffn]| attention != ffn);
        Self {
            grid,
            model: Kept::new(space, of_model),
            attention: Kept::new(space, |field| of_hardware(field, Pool::Attention)),
            ffn: apart.then(|| Kept::new(space, |field| of_hardware(field, Pool::Ffn))),
            placed: Kept::new(space, of_placement),
        }
    }

    fn shape(&mut self, place: &Place) -> Result<Shape, Diagnostic> {
        let (specs, space) = (&self.grid.specs, &self.grid.space);
        let choices = place.choices.as_slice();
        self.model.follow(choices, || specs.model(space, choices));
        self.attention.follow(choices, || specs.hardware(space, choices, Pool::Attention));
        if let Some(ffn) = &mut self.ffn {
            ffn.follow(choices, || specs.hardware(space, choices, Pool::Ffn));
        }
        let ffn = self.ffn.as_ref().unwrap_or(&self.attention).get();
        let (Some(model), Some(attention), Some(ffn)) =
            (self.model.get(), self.attention.get(), ffn)
        else {
            return Ok(Shape::refused("nothing was read".to_owned()));
        };
        let (model, attention, ffn) = match (model, attention, ffn) {
            (Ok(model), Ok(attention), Ok(ffn)) => (model, attention, ffn),
            (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => {
                return Ok(Shape::refused(why.message.clone()));
            }
        };
        if self.grid.specs.fidelity == Fidelity::Ideal {
            return Ok(Shape::of_cost(specs, model, attention, ffn)?);
        }
        self.placed.follow(choices, || specs.placed(space, choices));
        match self.placed.get() {
            Some(Ok(placed)) => Ok(Shape::deployed(model, attention, ffn, placed)?),
            Some(Err(why)) => Ok(Shape::refused(why.message.clone())),
            None => Ok(Shape::refused("nothing was read".to_owned())),
        }
    }
}
