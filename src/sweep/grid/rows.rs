//! Points as rows under columns: what each column is called, what kind of value it holds, and the
//! values of a range of points, column by column.

use super::figures::Figure;
use super::{Grid, Met, Names, Sink};
use crate::machine::fidelity::Fidelity;
use crate::spec::Diagnostic;
use crate::spec::sweep::field::{Field, Pool};
use crate::spec::sweep::values::Scalar;
use std::borrow::Cow;
use std::sync::Arc;

/// The number of a word that is not there.
pub const ABSENT: u32 = u32::MAX;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words, of which many rows have the same.
    Words,
    /// Whole numbers.
    Int,
    /// Numbers.
    Number,
    /// Yes or no.
    Bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its name, which ends in its unit.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// Words that rows have by number.
pub type Words = Arc<Vec<Cow<'static, str>>>;

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Places among the words; [`ABSENT`] is none.
    Words(Words, Vec<u32>),
    /// Whole numbers.
    Int(Vec<u64>),
    /// Numbers; one that is not finite is none.
    Number(Vec<f64>),
    /// Yes or no.
    Bool(Vec<bool>),
}

/// Rows under a sweep's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// Column by column.
    pub columns: Vec<Cells>,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Axis(usize),
    Deployment,
    Batch,
    MicroBatches,
    Fidelity,
    Feasible,
    Reason,
    BoundBy,
    Figure(usize),
}

/// The columns of a grid.
#[derive(Debug, Clone)]
pub struct Layout {
    /// In order.
    pub headings: Vec<Heading>,
    from: Vec<From>,
    /// What the values of each axis column are, by column.
    values: Vec<AxisValues>,
    fidelity: Fidelity,
}

/// The values of an axis as its column has them.
#[derive(Debug, Clone)]
enum AxisValues {
    /// No axis.
    None,
    Words(Words),
    Int(Vec<u64>),
    Number(Vec<f64>),
}

impl Layout {
    /// The columns of a grid: what names a row, then what it gives.
    ///
    /// # Errors
    /// If an axis is called as another column is.
    pub fn new(grid: &Grid) -> Result<Self, Diagnostic> {
        let axes = &grid.space.axes;
        let at = |wanted: &[Field]| {
            let find = |field: &Field| axes.iter().position(|axis| axis.field == *field);
            wanted.iter().find_map(find).map(From::Axis)
        };
        let estimated = grid.specs.fidelity != Fidelity::Ideal;
        let side = |pool| at(&[Field::Hardware(pool), Field::Hardware(Pool::Both)]);
        let named = [
            ("model", at(&[Field::Model])),
            ("attention_hardware", side(Pool::Attention)),
            ("ffn_hardware", side(Pool::Ffn)),
            ("deployment", estimated.then_some(From::Deployment)),
            ("batch", estimated.then_some(From::Batch)),
            ("micro_batches", estimated.then_some(From::MicroBatches)),
            ("context_tokens", at(&[Field::Context])),
        ];
        let mut columns: Vec<(String, From)> = Vec::new();
        columns.extend(named.into_iter().filter_map(|(name, from)| Some((name.to_owned(), from?))));
        for (at, axis) in axes.iter().enumerate() {
            let has_column = matches!(
                axis.field,
                Field::Model
                    | Field::Hardware(_)
                    | Field::Deployment
                    | Field::Batch
                    | Field::MicroBatches
                    | Field::Context
            );
            if !has_column {
                columns.push((axis.name.clone(), From::Axis(at)));
            }
        }
        columns.extend([
            ("fidelity".to_owned(), From::Fidelity),
            ("feasible".to_owned(), From::Feasible),
            ("infeasible_reason".to_owned(), From::Reason),
            ("bound_by".to_owned(), From::BoundBy),
        ]);
        let figures = grid.figures().iter().enumerate();
        columns
            .extend(figures.map(|(i, Figure { name, .. })| ((*name).to_owned(), From::Figure(i))));
        Self::distinct(grid, &columns)?;
        let (names, from): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let values: Vec<AxisValues> = from.iter().map(|from| axis_values(grid, *from)).collect();
        let kinds = from.iter().zip(&values).map(|(from, values)| kind(*from, values));
        let headings = names.into_iter().zip(kinds).map(|(name, kind)| Heading { name, kind });
        Ok(Self { headings: headings.collect(), from, values, fidelity: grid.specs.fidelity })
    }

    fn distinct(grid: &Grid, columns: &[(String, From)]) -> Result<(), Diagnostic> {
        for (name, from) in columns {
            let From::Axis(at) = from else { continue };
            if columns.iter().filter(|(other, _)| other == name).count() > 1 {
                let axis = &grid.space.axes[*at];
                let message = format!("two columns would be called `{name}`");
                return Err(axis.written.complain(message).help("give the axis another `name`"));
            }
        }
        Ok(())
    }

    /// A sink that makes rows of the points it takes.
    #[must_use]
    pub fn sink(&self) -> RowSink<'_> {
        let cells = |heading: &Heading| match heading.kind {
            Kind::Words => Open::Words(Vec::new()),
            Kind::Int => Open::Int(Vec::new()),
            Kind::Number => Open::Number(Vec::new()),
            Kind::Bool => Open::Bool(Vec::new()),
        };
        RowSink {
            layout: self,
            count: 0,
            open: self.headings.iter().map(cells).collect(),
            deployments: Lexicon::default(),
            deployment: ABSENT,
            reasons: Lexicon::default(),
            why: None,
            bounds: Lexicon::default(),
        }
    }
}

fn axis_values(grid: &Grid, from: From) -> AxisValues {
    let From::Axis(at) = from else { return AxisValues::None };
    let values = &grid.space.axes[at].values;
    let whole = |value: &Scalar| match value {
        Scalar::Int(n) => Some(*n),
        _ => None,
    };
    if let Some(all) = values.iter().map(|v| whole(v)).collect() {
        return AxisValues::Int(all);
    }
    if let Some(all) = values.iter().map(|v| v.number()).collect() {
        return AxisValues::Number(all);
    }
    AxisValues::Words(Arc::new(values.iter().map(|v| Cow::Owned(v.value.to_string())).collect()))
}

const fn kind(from: From, values: &AxisValues) -> Kind {
    match (from, values) {
        (From::Axis(_), AxisValues::Int(_)) | (From::Batch | From::MicroBatches, _) => Kind::Int,
        (From::Axis(_), AxisValues::Number(_)) | (From::Figure(_), _) => Kind::Number,
        (From::Feasible, _) => Kind::Bool,
        _ => Kind::Words,
    }
}

/// A column that is being filled.
#[derive(Debug)]
enum Open {
    Words(Vec<u32>),
    Int(Vec<u64>),
    Number(Vec<f64>),
    Bool(Vec<bool>),
}

/// Words by number, in the order of their first use.
#[derive(Debug, Default)]
struct Lexicon {
    words: Vec<Cow<'static, str>>,
    last: u32,
}

impl Lexicon {
    /// The number of a word; most rows have that of the row before.
    fn number(&mut self, word: &str, own: impl FnOnce() -> Cow<'static, str>) -> u32 {
        if self.words.get(self.last as usize).is_some_and(|last| last == word) {
            return self.last;
        }
        let known = self.words.iter().position(|other| other == word);
        self.last = known.unwrap_or_else(|| {
            self.words.push(own());
            self.words.len() - 1
        }) as u32;
        self.last
    }

    fn of_static(&mut self, word: &'static str) -> u32 {
        self.number(word, || Cow::Borrowed(word))
    }
}

/// Makes rows of points.
#[derive(Debug)]
pub struct RowSink<'a> {
    layout: &'a Layout,
    count: usize,
    open: Vec<Open>,
    deployments: Lexicon,
    deployment: u32,
    reasons: Lexicon,
    /// Why nothing compiles at the points that follow.
    why: Option<u32>,
    bounds: Lexicon,
}

impl Sink for RowSink<'_> {
    fn begin(&mut self, names: Names<'_>) {
        let own = |name: &str| Cow::Owned(name.to_owned());
        self.deployment =
            names.deployment.map_or(ABSENT, |name| self.deployments.number(name, || own(name)));
        self.why = names.why.map(|why| self.reasons.number(why, || own(why)));
    }

    fn take(&mut self, met: Met<'_>) {
        let seen = met.seen;
        self.count += 1;
        let reason = match (self.why, seen.infeasible) {
            (Some(why), _) => why,
            (None, Some(reason)) => self.reasons.of_static(reason),
            (None, None) => ABSENT,
        };
        let bound_by = self.bounds.of_static(seen.bound_by);
        let columns = self.open.iter_mut().zip(&self.layout.from).zip(&self.layout.values);
        for ((open, from), values) in columns {
            match (open, *from, values) {
                (Open::Number(to), From::Figure(at), _) => to.push(seen.figures[at]),
                (Open::Words(to), From::Axis(axis), _) => to.push(met.choices[axis]),
                (Open::Int(to), From::Axis(axis), AxisValues::Int(values)) => {
                    to.push(values[met.choices[axis] as usize]);
                }
                (Open::Number(to), From::Axis(axis), AxisValues::Number(values)) => {
                    to.push(values[met.choices[axis] as usize]);
                }
                (Open::Int(to), From::Batch, _) => to.push(seen.batch),
                (Open::Int(to), _, _) => to.push(u64::from(seen.micro_batches)),
                (Open::Bool(to), ..) => to.push(seen.infeasible.is_none()),
                (Open::Words(to), From::Deployment, _) => to.push(self.deployment),
                (Open::Words(to), From::Reason, _) => to.push(reason),
                (Open::Words(to), From::BoundBy, _) => to.push(bound_by),
                (Open::Words(to), ..) => to.push(0),
                (Open::Number(to), ..) => to.push(f64::NAN),
            }
        }
    }
}

impl RowSink<'_> {
    /// The rows of all points taken.
    #[must_use]
    pub fn finish(self) -> Rows {
        let fidelity = Cow::Borrowed(self.layout.fidelity.name());
        let (deployments, reasons, bounds) = (
            Arc::new(self.deployments.words),
            Arc::new(self.reasons.words),
            Arc::new(self.bounds.words),
        );
        let words = |from: From, values: &AxisValues| match (from, values) {
            (_, AxisValues::Words(words)) => words.clone(),
            (From::Deployment, _) => deployments.clone(),
            (From::Reason, _) => reasons.clone(),
            (From::BoundBy, _) => bounds.clone(),
            _ => Arc::new(vec![fidelity.clone()]),
        };
        let columns = self.open.into_iter().zip(&self.layout.from).zip(&self.layout.values);
        let closed = |((open, from), values): ((Open, &From), &AxisValues)| match open {
            Open::Words(at) => Cells::Words(words(*from, values), at),
            Open::Int(all) => Cells::Int(all),
            Open::Number(all) => Cells::Number(all),
            Open::Bool(all) => Cells::Bool(all),
        };
        Rows { count: self.count, columns: columns.map(closed).collect() }
    }
}
