//! Sweeps: the same bytes whoever computes them and however often they are broken off, shards that
//! make the whole, and points that are what other commands say.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`breaks`] | kills, interrupts, and going on |
//! | [`forms`] | threads, streams and files, forms, summaries |
//! | [`points`] | values, constraints, hypothetical models and chips, what cannot be |
//! | [`ranges`] | lists and ranges of an axis, and the order of points |
//! | [`run`] | running the program |
//! | [`shards`] | parts and their merging |
#![allow(clippy::unwrap_used)]

mod breaks;
mod forms;
mod points;
mod ranges;
mod run;
mod shards;
