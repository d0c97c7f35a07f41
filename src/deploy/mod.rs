//! Deployments: a model mapped onto machines.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`context`] | lengths of the contexts in flight: mean and spread |
//! | [`imbalance`] | experts that are not equally busy; experts and devices that tokens touch |
//! | [`pipeline`] | micro-batches through attention, link and FFN: closed forms of a step |
//! | [`ratio`] | how many attention workers one FFN worker can serve |
//! | [`schedule`] | the pipeline event by event: the reference of its forms |
//! | [`sparsity`] | how sparse a mixture of experts may be before the network limits it |
//! | [`straggler`] | what waiting for the slowest of several workers costs |
//! | [`two_micro_batches`] | the pipeline's exact forms for two micro-batches |

pub mod context;
pub mod imbalance;
pub mod pipeline;
pub mod ratio;
pub mod schedule;
pub mod sparsity;
pub mod straggler;
pub mod two_micro_batches;
