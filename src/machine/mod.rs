//! Machines: what a device can do, and how long work takes on one.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`fidelity`] | the level that a figure comes from |
//! | [`hardware`] | a checked hardware profile; asking it for an unknown figure is an error |
//! | [`kernel`] | time of a kernel, at datasheet peaks or with fitted constants |
//! | [`calibration`] | fitted constants, and which to take |
//! | [`link`] | transfers and collectives |
//!
//! A machine knows rates, capacities and prices. It never sees a model's shape: work comes to it
//! as FLOPs and bytes.

pub mod calibration;
pub mod fidelity;
pub mod hardware;
pub mod kernel;
pub mod link;
