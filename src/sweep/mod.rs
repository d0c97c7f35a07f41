//! Sweeps: axes to points to results, in parallel and in a fixed order.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`cost_grid`] | models x contexts x pairs of hardware at fidelity `ideal` |
//! | [`levers`] | what a little more of one resource gives |
//! | [`pareto`] | the exact Pareto front of a set of points |
//!
//! A sweep asks the modules below it; it holds no formula of its own.

pub mod cost_grid;
pub mod levers;
pub mod pareto;
