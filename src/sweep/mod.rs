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
//! | [`pareto`] | the exact Pareto front of a set of points |
//!
//! A sweep asks the modules below it; it holds no formula of its own.

pub mod best_batch;
pub mod census;
pub mod cost_grid;
pub mod grid;
pub mod leaders;
pub mod levers;
pub mod pareto;
pub mod plan;
pub mod shapes;
