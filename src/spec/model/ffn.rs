//! The feed-forward part of a model spec: its keys, and its way to [`work::ffn`](crate::work::ffn).

use crate::spec::de::At;
use crate::spec::quantity::Count;
use crate::spec::source::Diagnostic;
use crate::work::dtype::Dtype;
use crate::work::ffn::{Dense, Ffn, Latent, Moe};
use schemars::JsonSchema;
use serde::Deserialize;

/// A feed-forward design.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FfnSpec {
    /// One gated block for every token.
    Dense(DenseSpec),
    /// Routed and shared experts.
    Moe(MoeSpec),
}

/// Keys of a dense block.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenseSpec {
    /// Intermediate width of the gated block.
    pub intermediate_size: Count,
    /// Biases on its matrices.
    #[serde(default)]
    pub bias: bool,
    /// Format of its weights, if not the model's.
    pub weights: Option<Dtype>,
}

/// Keys of a mixture of experts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoeSpec {
    /// Routed experts of one layer.
    pub experts: Count,
    /// Routed experts that a token visits.
    pub experts_per_token: At<Count>,
    /// Intermediate width of one routed expert.
    pub expert_intermediate_size: Count,
    /// Intermediate width of all shared experts together; left out if there are none.
    pub shared_intermediate_size: Option<Count>,
    /// A learned gate on the shared experts.
    #[serde(default)]
    pub shared_gate: bool,
    /// Biases on the experts' matrices.
    #[serde(default)]
    pub expert_bias: bool,
    /// A bias per expert on the router.
    #[serde(default)]
    pub router_bias: bool,
    /// A narrower stream that tokens are projected down to before the routed experts.
    pub latent: Option<LatentSpec>,
    /// Format of shared experts and router, and of the routed ones, if not the model's.
    pub weights: Option<Dtype>,
    /// Format of the routed experts, if not that of the rest.
    pub expert_weights: Option<Dtype>,
}

/// The routed experts' narrower stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatentSpec {
    /// Width of the narrower stream.
    pub size: Count,
    /// Whether a learned norm stands on it.
    #[serde(default)]
    pub norm: bool,
}

impl FfnSpec {
    pub(super) fn resolve(&self) -> Result<Ffn, Diagnostic> {
        match self {
            Self::Dense(spec) => Ok(Ffn::Dense(Dense {
                intermediate_size: spec.intermediate_size.0,
                bias: spec.bias,
                weights: spec.weights,
            })),
            Self::Moe(spec) => {
                if spec.experts_per_token.0 > spec.experts.0 {
                    let message = format!(
                        "`experts_per_token` is {}, but there are only {} `experts`",
                        spec.experts_per_token.0, spec.experts.0
                    );
                    return Err(spec.experts_per_token.complain(message));
                }
                Ok(Ffn::Moe(Moe {
                    experts: spec.experts.0,
                    experts_per_token: spec.experts_per_token.0,
                    expert_intermediate_size: spec.expert_intermediate_size.0,
                    shared_intermediate_size: spec.shared_intermediate_size.map_or(0, |n| n.0),
                    shared_gate: spec.shared_gate,
                    expert_bias: spec.expert_bias,
                    router_bias: spec.router_bias,
                    latent: spec
                        .latent
                        .as_ref()
                        .map(|latent| Latent { size: latent.size.0, norm: latent.norm }),
                    weights: spec.weights,
                    expert_weights: spec.expert_weights,
                }))
            }
        }
    }
}
