//! Sweeps: axes to points to results, in parallel and in a fixed order.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`plan`] | the deployments that cost least under a promise, and why others cannot be |
//! | [`shapes`] | the shapes that a plan looks at |
//! | [`best_batch`] | the best batch of one of them |
//! | [`leaders`] | the best found so far |
//! | [`census`] | infeasible shapes, by reason |
//! | [`cost_grid`] | models x contexts x pairs of hardware at fidelity `ideal` |
//! | [`grid`] | a grid over any fields, evaluated range by range (`afford sweep`) |
//! | [`levers`] | what a little more of one resource gives |
//! | [`inverse`] | where a function of one quantity changes sign |
//! | [`questions`] | inverse questions: break-even prices, crossing contexts, least rates |
//! | [`way`] | how a token is priced for them: by unit costs or in one deployment |
//! | [`mod@pair_changes`] | contexts at which the cheapest pair of hardware changes |
//! | [`knee`] | the knee of a front, and a few points that stand for it |
//! | [`pareto`] | the exact Pareto front of a set of points |
//!
//! A sweep asks the modules below it; it holds no formula of its own.

pub mod best_batch;
pub mod census;
pub mod cost_grid;
pub mod grid;
pub mod inverse;
pub mod knee;
pub mod leaders;
pub mod levers;
pub mod pair_changes;
pub mod pareto;
pub mod plan;
pub mod questions;
pub mod shapes;
pub mod way;
