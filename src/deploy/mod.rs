//! Deployments: a model mapped onto machines.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`sparsity`] | how sparse a mixture of experts may be before the network limits it |

pub mod sparsity;
