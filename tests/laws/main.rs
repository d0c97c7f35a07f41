//! Laws: what must hold for every valid model, hardware, spec and table, not for chosen ones.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`any`] | random valid models and hardware, made as a person makes them: as YAML |
//! | [`cost`] | monotonic costs, parts that sum, the best pair |
//! | [`count`] | FLOPs, bytes and parameters |
//! | [`overlay`] | `extends` and the merging of specs |
//! | [`front`] | the Pareto front against brute force |
//! | [`input`] | whatever is typed, nothing panics |
#![allow(clippy::unwrap_used)]

mod any;
mod cost;
mod count;
mod front;
mod input;
mod overlay;
