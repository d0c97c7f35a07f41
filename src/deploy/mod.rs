//! Deployments: a model mapped onto machines.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`pipeline`] | micro-batches through attention, link and FFN: closed forms of a step |
//! | [`schedule`] | the same, event by event: the reference of those forms |
//! | [`sparsity`] | how sparse a mixture of experts may be before the network limits it |

pub mod pipeline;
pub mod schedule;
pub mod sparsity;
