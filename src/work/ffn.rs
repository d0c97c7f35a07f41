//! Feed-forward layers: dense, and mixtures of experts with routed and shared experts.
//!
//! A gated unit (SwiGLU: gate, up, down) of intermediate width m has 3 h m weights and costs
//! 2 x 3 h m FLOPs per token. A mixture activates k of its N experts and every shared one.

use super::dtype::Dtype;
use super::experts::distinct_destinations;
use super::matrix::Matrix;
use crate::units::Flops;

/// Any feed-forward layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Ffn {
    /// One block that every token passes.
    Dense(Dense),
    /// Experts behind a router.
    Moe(Moe),
}

/// A dense feed-forward layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Intermediate width m.
    pub intermediate_size: u64,
    /// Biases on its matrices.
    pub bias: bool,
    /// Format of its weights, if not the model's.
    pub weights: Option<Dtype>,
}

/// A mixture-of-experts layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Moe {
    /// N, routed experts.
    pub experts: u64,
    /// k, routed experts that a token visits.
    pub experts_per_token: u64,
    /// Intermediate width of one routed expert.
    pub expert_intermediate_size: u64,
    /// Intermediate width of all shared experts together; 0 if there are none.
    pub shared_intermediate_size: u64,
    /// A learned gate (h -> 1) on the shared experts.
    pub shared_gate: bool,
    /// Biases on the experts' matrices.
    pub expert_bias: bool,
    /// A bias on the router's logits, or a per-expert score correction.
    pub router_bias: bool,
    /// The width that routed experts work at, where tokens are projected down to it first.
    pub latent: Option<Latent>,
    /// Format of shared experts and router, if not the model's.
    pub weights: Option<Dtype>,
    /// Format of the routed experts, if not that of the rest.
    pub expert_weights: Option<Dtype>,
}

/// A narrower stream for the routed experts (latent MoE; Kimi K3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latent {
    /// Its width.
    pub size: u64,
    /// Whether a learned norm stands on it.
    pub norm: bool,
}

/// Gate, up and down of one gated unit.
fn gated_unit(h: u64, intermediate: u64, bias: bool) -> [Matrix; 3] {
    [
        Matrix::new("gate_proj", h, intermediate).with_bias(bias),
        Matrix::new("up_proj", h, intermediate).with_bias(bias),
        Matrix::new("down_proj", intermediate, h).with_bias(bias),
    ]
}

fn params(unit: [Matrix; 3]) -> u64 {
    unit.iter().map(Matrix::params).sum()
}

fn flops(unit: [Matrix; 3]) -> Flops {
    unit.iter().map(Matrix::flops).sum()
}

/// A format of its own, or else the usual one.
const fn format(own: Option<Dtype>, usual: Dtype) -> Dtype {
    match own {
        Some(own) => own,
        None => usual,
    }
}

impl Dense {
    /// Format of its weights, in a model whose weights are `model`.
    #[must_use]
    pub const fn weights(&self, model: Dtype) -> Dtype {
        format(self.weights, model)
    }

    /// Its matrices.
    #[must_use]
    pub fn matrices(&self, h: u64) -> [Matrix; 3] {
        gated_unit(h, self.intermediate_size, self.bias)
    }
}

impl Moe {
    /// Format of what every token uses, in a model whose weights are `model`.
    #[must_use]
    pub const fn weights(&self, model: Dtype) -> Dtype {
        format(self.weights, model)
    }

    /// Format of the routed experts.
    #[must_use]
    pub const fn expert_weights(&self, model: Dtype) -> Dtype {
        format(self.expert_weights, self.weights(model))
    }

    /// The width at which the routed experts work: h, or that of their latent.
    #[must_use]
    pub const fn expert_hidden_size(&self, h: u64) -> u64 {
        match self.latent {
            Some(latent) => latent.size,
            None => h,
        }
    }

    /// The matrices of one routed expert.
    #[must_use]
    pub fn expert(&self, h: u64) -> [Matrix; 3] {
        let h = self.expert_hidden_size(h);
        gated_unit(h, self.expert_intermediate_size, self.expert_bias)
    }

    /// The matrices of the shared experts, taken as one unit.
    #[must_use]
    pub fn shared(&self, h: u64) -> [Matrix; 3] {
        gated_unit(h, self.shared_intermediate_size, false)
    }

    /// The router.
    #[must_use]
    pub const fn router(&self, h: u64) -> Matrix {
        Matrix::new("router", h, self.experts).with_bias(self.router_bias).wide()
    }

    /// The projections into the routed experts' latent and out of it.
    #[must_use]
    pub fn latent_matrices(&self, h: u64) -> Vec<Matrix> {
        let down = |l: Latent| Matrix::new("latent_down", h, l.size);
        let up = |l: Latent| Matrix::new("latent_up", l.size, h);
        self.latent.iter().flat_map(|l| [down(*l), up(*l)]).collect()
    }

    /// Parameters that every token uses: shared experts, router and gate, latent.
    fn common_params(&self, h: u64) -> u64 {
        let gate = if self.shared_gate { h } else { 0 };
        let norm = self.latent.map_or(0, |latent| if latent.norm { latent.size } else { 0 });
        let latent: u64 = self.latent_matrices(h).iter().map(Matrix::params).sum();
        params(self.shared(h)) + self.router(h).params() + gate + norm + latent
    }

    /// Expected number of `groups` with equal shares of the experts that a token visits.
    #[must_use]
    pub fn groups_reached(&self, groups: u32) -> f64 {
        let visited = u32::try_from(self.experts_per_token).unwrap_or(u32::MAX);
        distinct_destinations(self.experts as f64, visited, f64::from(groups))
    }

    /// Share of the expert weights that a token activates, shared experts included: the paper's
    /// (K+1)/(N+1) where the shared expert is as wide as a routed one.
    #[must_use]
    pub fn sparsity(&self) -> f64 {
        self.width(self.experts_per_token) / self.width(self.experts)
    }

    /// Intermediate width of so many routed experts and the shared ones together.
    #[must_use]
    pub const fn width(&self, routed: u64) -> f64 {
        (routed * self.expert_intermediate_size + self.shared_intermediate_size) as f64
    }
}

impl Ffn {
    /// The field's short name for the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Dense(_) => "dense",
            Self::Moe(_) => "MoE",
        }
    }

    /// Format of what every token uses, in a model whose weights are `model`.
    #[must_use]
    pub const fn weights(&self, model: Dtype) -> Dtype {
        match self {
            Self::Dense(dense) => dense.weights(model),
            Self::Moe(moe) => moe.weights(model),
        }
    }

    /// Format of the routed experts (of the block itself if it is dense).
    #[must_use]
    pub const fn expert_weights(&self, model: Dtype) -> Dtype {
        match self {
            Self::Dense(dense) => dense.weights(model),
            Self::Moe(moe) => moe.expert_weights(model),
        }
    }

    /// All parameters of the layer.
    #[must_use]
    pub fn total_params(&self, h: u64) -> u64 {
        match self {
            Self::Dense(dense) => params(dense.matrices(h)),
            Self::Moe(moe) => moe.experts * params(moe.expert(h)) + moe.common_params(h),
        }
    }

    /// The parameters that one token uses.
    #[must_use]
    pub fn active_params(&self, h: u64) -> u64 {
        match self {
            Self::Dense(dense) => params(dense.matrices(h)),
            Self::Moe(moe) => moe.experts_per_token * params(moe.expert(h)) + moe.common_params(h),
        }
    }

    /// Arithmetic of the experts or the dense block for one token; the router is counted apart.
    #[must_use]
    pub fn flops(&self, h: u64) -> Flops {
        match self {
            Self::Dense(dense) => flops(dense.matrices(h)),
            Self::Moe(moe) => {
                let latent: Flops = moe.latent_matrices(h).iter().map(Matrix::flops).sum();
                flops(moe.expert(h)) * moe.experts_per_token as f64 + flops(moe.shared(h)) + latent
            }
        }
    }

    /// Arithmetic of the router (and shared gate) for one token.
    #[must_use]
    pub fn router_flops(&self, h: u64) -> Flops {
        match self {
            Self::Dense(_) => Flops::ZERO,
            Self::Moe(moe) => {
                let gate = if moe.shared_gate { 2.0 * h as f64 } else { 0.0 };
                moe.router(h).flops() + Flops::new(gate)
            }
        }
    }
}
