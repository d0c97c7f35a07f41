//! Whether a model can be split as a deployment says: what depends on both.

use super::deployment::{Deployment, Illegal};
use crate::machine::hardware::Unknown;
use crate::work::ffn::Ffn;
use crate::work::model::Model;

/// Why a model is not compiled for a deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A profile lacks a figure.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The model cannot be split so.
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

/// Checks a deployment against a model.
///
/// # Errors
/// What is fewer than the deployment splits it into, in words.
pub fn legal(model: &Model, deployment: &Deployment) -> Result<(), Illegal> {
    deployment.check()?;
    let (attention_tp, expert_tp, groups, redundant) = match deployment {
        Deployment::Afd(afd) => {
            (afd.attention_tp, afd.expert_tp, afd.expert_groups(), afd.redundant_experts)
        }
        Deployment::Colocated(c) => {
            let stage = c.devices / c.pipeline_stages;
            (c.attention_tp, c.expert_tp, stage / c.expert_tp, c.redundant_experts)
        }
    };
    if let Deployment::Colocated(c) = deployment {
        at_most(c.pipeline_stages, model.layer_count(), "pipeline stages", "layers", model)?;
    }
    for named in &model.attentions {
        let matrices = named.design.matrices(model.hidden_size);
        let heads = matrices.iter().map(|m| m.splits).max().unwrap_or(1);
        at_most(attention_tp, heads, "devices of attention TP", "heads", model)?;
    }
    for named in &model.ffns {
        if let Ffn::Moe(moe) = &named.design {
            let experts = moe.experts + u64::from(redundant);
            at_most(groups, experts, "expert groups", "experts", model)?;
            let width = moe.expert_intermediate_size;
            at_most(expert_tp, width, "devices of expert TP", "columns of an expert", model)?;
        }
    }
    Ok(())
}

fn at_most(parts: u32, whole: u64, what: &str, of: &str, model: &Model) -> Result<(), Illegal> {
    if u64::from(parts) <= whole {
        return Ok(());
    }
    Err(Illegal(format!("{parts} {what} are more than the {whole} {of} of {}", model.name)))
}
