//! What is left of a sweep where only Pareto fronts and extremes are kept: memory does not grow
//! with the number of points, only with the fronts.
//!
//! Of points with equal objectives a front keeps the one with the lowest number, and an extreme
//! likewise, so that what is kept does not depend on how the sweep was cut.

use super::figures::{Figures, MOST};
use super::{Grid, Met, Names, Sink};
use crate::machine::fidelity::Fidelity;
use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::source::{did_you_mean, one_of};
use crate::spec::sweep::SummarySpec;
use crate::sweep::pareto::Sense;
use std::collections::BTreeMap;

/// Most objectives of a front.
pub const MOST_OBJECTIVES: usize = 4;
/// No summary has more groups.
const MOST_GROUPS: usize = 10_000;

/// What a summary keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Figures that a front compares, by place, and what is better.
    objectives: Vec<(usize, Sense)>,
    /// Figures whose extremes are kept.
    extremes: Vec<usize>,
    /// Axes that groups are by, and how many values each has.
    by: Vec<(usize, usize)>,
    names: Vec<&'static str>,
}

impl Question {
    /// What a scenario's sweep asks for.
    ///
    /// # Errors
    /// If it names a column that cannot be compared, or an axis that is not there.
    pub fn new(spec: &SummarySpec, grid: &Grid) -> Result<Self, Diagnostic> {
        let figures = grid.figures();
        let place = |name: &str| figures.iter().position(|figure| figure.name == name);
        let sensed = |at: usize| Some((at, figures[at].better?));
        let mut objectives = Vec::new();
        for name in &spec.objectives {
            let found = place(name).and_then(sensed);
            let found = found.ok_or_else(|| no_objective(name, grid))?;
            if objectives.contains(&found) {
                return Err(name.complain(format!("`{}` is an objective already", **name)));
            }
            objectives.push(found);
        }
        if let Some(one) = spec.objectives.get(MOST_OBJECTIVES) {
            return Err(one.complain(format!("a front has at most {MOST_OBJECTIVES} objectives")));
        }
        if objectives.is_empty() {
            let usual = match grid.specs.fidelity {
                Fidelity::Ideal => ["total_usd_per_mtok", "active_params"],
                _ => ["usd_per_mtok", "tpot_ms"],
            };
            objectives = usual.iter().filter_map(|name| sensed(place(name)?)).collect();
        }
        let mut by = Vec::new();
        for name in &spec.by {
            let (at, axis) = grid.axis(name).ok_or_else(|| no_axis(name, grid))?;
            by.push((at, axis.values.len()));
        }
        let groups = by.iter().try_fold(1_usize, |n, (_, length)| n.checked_mul(*length));
        if let Some(last) = spec.by.last().filter(|_| groups.is_none_or(|n| n > MOST_GROUPS)) {
            return Err(last.complain(format!("a summary has at most {MOST_GROUPS} groups")));
        }
        let extremes = (0..figures.len()).filter(|at| figures[*at].better.is_some()).collect();
        let names = figures.iter().map(|figure| figure.name).collect();
        Ok(Self { objectives, extremes, by, names })
    }

    fn groups(&self) -> usize {
        self.by.iter().map(|(_, length)| length).product()
    }

    #[inline]
    fn group(&self, choices: &[u32]) -> usize {
        self.by.iter().fold(0, |n, (axis, length)| n * length + choices[*axis] as usize)
    }

    fn front_name(&self) -> String {
        let names: Vec<&str> = self.objectives.iter().map(|(at, _)| self.names[*at]).collect();
        format!("front of {}", names.join(" and "))
    }
}

fn no_objective(name: &At<String>, grid: &Grid) -> Diagnostic {
    let known: Vec<&str> =
        grid.figures().iter().filter(|f| f.better.is_some()).map(|f| f.name).collect();
    let complaint = name.complain(format!("`{}` is no figure that could be better", **name));
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!("name {}", one_of(&known))),
    }
}

fn no_axis(name: &At<String>, grid: &Grid) -> Diagnostic {
    let known: Vec<&str> = grid.space.axes.iter().map(|axis| axis.name.as_str()).collect();
    let complaint = name.complain(format!("the sweep has no axis `{}`", **name));
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!("its axes are {}", one_of(&known))),
    }
}

/// A point on a front: its objectives, smaller being better, and its number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Member {
    key: [f64; MOST_OBJECTIVES],
    index: u64,
}

/// An exact Pareto front that grows point by point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Front {
    /// Sorted by the first objective where there are two.
    members: Vec<Member>,
}

impl Front {
    /// Offers a point; less is better in every objective.
    #[inline]
    pub fn offer(&mut self, key: [f64; MOST_OBJECTIVES], objectives: usize, index: u64) {
        let new = Member { key, index };
        if objectives == 2 { self.offer_pair(new) } else { self.offer_any(new, objectives) }
    }

    /// With two objectives the front is a falling staircase.
    #[inline]
    fn offer_pair(&mut self, new: Member) {
        let [x, y, ..] = new.key;
        // All before `at` are better in the first objective.
        let at = self.members.partition_point(|member| member.key[0] < x);
        if at > 0 && self.members[at - 1].key[1] <= y {
            return;
        }
        if let Some(here) = self.members.get_mut(at)
            && here.key[0] == x
            && here.key[1] <= y
        {
            if here.key[1] == y {
                here.index = here.index.min(new.index);
            }
            return;
        }
        let beaten = self.members[at..].iter().take_while(|member| member.key[1] >= y).count();
        self.members.splice(at..at + beaten, [new]);
    }

    fn offer_any(&mut self, new: Member, objectives: usize) {
        let key = &new.key[..objectives];
        for (at, member) in self.members.iter_mut().enumerate() {
            let other = &member.key[..objectives];
            if other == key {
                member.index = member.index.min(new.index);
                return;
            }
            if other.iter().zip(key).all(|(theirs, mine)| theirs <= mine) {
                // Who beats one point often beats the next.
                self.members.swap(0, at);
                return;
            }
        }
        let beaten =
            |member: &Member| key.iter().zip(&member.key[..objectives]).all(|(a, b)| a <= b);
        self.members.retain(|member| !beaten(member));
        self.members.push(new);
    }

    /// Numbers of the points on it.
    pub fn indices(&self) -> impl Iterator<Item = u64> + '_ {
        self.members.iter().map(|member| member.index)
    }
}

/// The least and the most of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Extremes {
    least: (f64, u64),
    most: (f64, u64),
}

/// Nothing seen yet.
const UNSEEN: Extremes =
    Extremes { least: (f64::INFINITY, u64::MAX), most: (f64::NEG_INFINITY, u64::MAX) };

impl Extremes {
    #[inline]
    fn offer(&mut self, value: f64, index: u64) {
        // What is not there is neither less nor more.
        if !value.is_finite() {
            return;
        }
        if value < self.least.0 || (value == self.least.0 && index < self.least.1) {
            self.least = (value, index);
        }
        if value > self.most.0 || (value == self.most.0 && index < self.most.1) {
            self.most = (value, index);
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Group {
    front: Front,
    extremes: [Extremes; MOST],
}

/// What is kept of the points so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary<'a> {
    question: &'a Question,
    groups: Vec<Option<Box<Group>>>,
}

impl<'a> Summary<'a> {
    /// Nothing so far.
    #[must_use]
    pub fn new(question: &'a Question) -> Self {
        Self { question, groups: vec![None; question.groups()] }
    }

    /// Adds what is kept of other points.
    pub fn merge(&mut self, other: Self) {
        let objectives = self.question.objectives.len();
        for (mine, theirs) in self.groups.iter_mut().zip(other.groups) {
            match (mine, theirs) {
                (_, None) => {}
                (mine @ None, theirs) => *mine = theirs,
                (Some(mine), Some(theirs)) => {
                    for member in theirs.front.members {
                        mine.front.offer(member.key, objectives, member.index);
                    }
                    for (mine, theirs) in mine.extremes.iter_mut().zip(theirs.extremes) {
                        mine.offer(theirs.least.0, theirs.least.1);
                        mine.offer(theirs.most.0, theirs.most.1);
                    }
                }
            }
        }
    }

    /// The points that are kept, in order, each with what for.
    #[must_use]
    pub fn kept(&self) -> BTreeMap<u64, String> {
        let mut kept: BTreeMap<u64, String> = BTreeMap::new();
        let mut keep = |index: u64, what: &str| {
            if index < u64::MAX {
                let whole = kept.entry(index).or_default();
                if !whole.is_empty() {
                    whole.push_str("; ");
                }
                whole.push_str(what);
            }
        };
        let front = self.question.front_name();
        for group in self.groups.iter().flatten() {
            group.front.indices().for_each(|index| keep(index, &front));
            for &at in &self.question.extremes {
                let (name, extremes) = (self.question.names[at], group.extremes[at]);
                keep(extremes.least.1, &format!("least {name}"));
                keep(extremes.most.1, &format!("most {name}"));
            }
        }
        kept
    }

    #[inline]
    fn add(&mut self, index: u64, choices: &[u32], figures: &Figures) {
        let question = self.question;
        let group = &mut self.groups[question.group(choices)];
        let group = group.get_or_insert_with(|| {
            Box::new(Group { front: Front::default(), extremes: [UNSEEN; MOST] })
        });
        for &at in &question.extremes {
            group.extremes[at].offer(figures[at], index);
        }
        let mut key = [0.0; MOST_OBJECTIVES];
        for (key, (at, sense)) in key.iter_mut().zip(&question.objectives) {
            let value = figures[*at];
            if !value.is_finite() {
                return;
            }
            // Adding zero makes one of the two zeros.
            *key = if *sense == Sense::Max { -value } else { value } + 0.0;
        }
        group.front.offer(key, question.objectives.len(), index);
    }
}

impl Sink for Summary<'_> {
    fn begin(&mut self, _: Names<'_>) {}

    #[inline]
    fn take(&mut self, met: Met<'_>) {
        if met.seen.infeasible.is_none() {
            self.add(met.index, met.choices, &met.seen.figures);
        }
    }
}
