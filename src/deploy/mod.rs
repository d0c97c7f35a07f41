//! Deployments: a model mapped onto machines.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`deployment`] | AFD and colocated deployments as described; legal or not |
//! | [`name`] | `2A2F`, `EP128`, `TP2xEP4` as people write them |
//! | [`options`] | conditions: wire formats, efficiencies, reserve, speculation |
//! | [`compile`], [`colocated`] | a model on a deployment on hardware, as a small struct |
//! | [`mod@estimate`] | that struct at one batch, micro-batches and context |
//! | [`breakdown`] | a point taken apart into kernels and transfers |
//! | [`capacity`] | the largest batch under memory and promise |
//! | [`network`] | transfers between attention and FFN |
//! | [`memory`] | what each device holds |
//! | [`pipeline`] | micro-batches through attention, link and FFN: closed form and schedule |
//! | [`stage`] | what one device can read within a stage |
//! | [`serving`], [`serving_step`] | prefill and decoding on the same devices |
//! | [`sparsity`] | how sparse a mixture of experts may be before the network limits it |
//!
//! `work` says what must be done and `machine` how fast one device does it; here they meet. Search
//! sees only whether a point is legal and what it gives.

pub mod breakdown;
pub mod capacity;
pub mod colocated;
pub mod compile;
pub mod deployment;
pub mod estimate;
pub mod memory;
pub mod name;
pub mod network;
pub mod options;
pub mod pipeline;
pub mod serving;
pub mod serving_step;
pub mod sparsity;
pub mod stage;
