//! Deployments: a model mapped onto machines.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`deployment`] | AFD and colocated deployments as described; legal or not |
//! | [`legal`] | whether a model can be split as a deployment says |
//! | [`name`] | `2A2F`, `EP128`, `TP2xEP4` as people write them |
//! | [`options`] | conditions: wire formats, efficiencies, reserve, speculation |
//! | [`mod@compile`], `afd`, `colocated` | a model on a deployment on hardware, as a small struct |
//! | [`mod@estimate`] | that struct at one batch, micro-batches and context |
//! | [`breakdown`] | a point taken apart into kernels and transfers |
//! | [`bounds`] | what a deployment can do at best: what a search leaves out |
//! | `kernels` | what each kernel of a layer computes and moves at a number of rows |
//! | [`lm_head`] | the LM head on either side |
//! | [`capacity`] | the largest batch under memory and promise |
//! | [`network`] | transfers between attention and FFN |
//! | [`memory`] | what each device holds |
//! | [`stage`] | what one device can read within a stage |
//! | [`confidence`] | how sure a calibrated figure is |
//! | [`context`] | lengths of the contexts in flight: mean and spread |
//! | [`imbalance`] | experts that are not equally busy; experts and devices that tokens touch |
//! | [`pipeline`] | micro-batches through attention, link and FFN: closed forms of a step |
//! | [`rates`] | constants of the kernels: datasheet peaks or fitted |
//! | [`ratio`] | how many attention workers one FFN worker can serve |
//! | [`schedule`] | the pipeline event by event: the reference of its forms |
//! | [`serving`], [`serving_step`] | prefill and decoding on the same devices |
//! | [`sparsity`] | how sparse a mixture of experts may be before the network limits it |
//! | [`straggler`] | what waiting for the slowest of several workers costs |
//! | `uses` | what each pool does with a step, for the ledger |
//! | [`two_micro_batches`] | the pipeline's exact forms for two micro-batches |
//!
//! `work` says what must be done and `machine` how fast one device does it; here they meet. Search
//! sees only whether a point is legal and what it gives.

mod afd;
pub mod bounds;
pub mod breakdown;
pub mod capacity;
pub mod colocated;
pub mod compile;
pub mod confidence;
pub mod context;
pub mod deployment;
pub mod estimate;
pub mod imbalance;
mod kernels;
pub mod legal;
pub mod lm_head;
pub mod memory;
pub mod name;
pub mod network;
pub mod options;
pub mod pipeline;
pub mod rates;
pub mod ratio;
pub mod schedule;
pub mod serving;
pub mod serving_step;
pub mod sparsity;
pub mod stage;
pub mod straggler;
pub mod two_micro_batches;
mod uses;
mod walk;
