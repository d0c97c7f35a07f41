//! Deployments: a model mapped onto machines.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`pipeline`] | micro-batches through attention, link and FFN: closed form and schedule |
//! | [`sparsity`] | how sparse a mixture of experts may be before the network limits it |

pub mod pipeline;
pub mod sparsity;
