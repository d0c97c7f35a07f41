//! Fidelity `ideal`: the floor that hardware and model design set together.
//!
//! Every chip runs at its peak, weights are read for free (the batch is large), communication is
//! hidden (Step-3 paper, section 4). Then per token
//!
//! ```text
//! attention = max(FLOPs x U_flop, KV bytes x U_byte) + projections' FLOPs x U_flop
//! FFN       = FLOPs x U_flop
//! ```
//!
//! with the max taken per attention design, since layers of different designs run one after the
//! other. Under exact counting the router and the LM head are priced by their FLOPs and the
//! embedding row by its bytes, each a line of its own, on the attention hardware: in a
//! disaggregated deployment it is the attention side that must know where tokens go.

use super::unit_cost::UnitCosts;
use crate::units::Usd;
use crate::work::attention::Core;
use crate::work::token::{Cores, TokenWork};

/// What limits a piece of work on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Reading memory.
    MemoryBandwidth,
}

impl Bound {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::MemoryBandwidth => "memory_bandwidth",
        }
    }
}

/// What one decoded token costs, by part. The parts sum to the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenCost {
    /// Attention cores: the dearer of arithmetic and KV bytes.
    pub attention_core: Usd,
    /// The attention layers' projections.
    pub attention_linear: Usd,
    /// Experts and dense blocks.
    pub ffn: Usd,
    /// Routers.
    pub router: Usd,
    /// The LM head.
    pub lm_head: Usd,
    /// The embedding row.
    pub embedding: Usd,
    /// What binds the greater part of the attention cores' cost.
    pub attention_bound_by: Bound,
}

impl TokenCost {
    /// Cores and projections.
    #[must_use]
    pub fn attention(&self) -> Usd {
        self.attention_core + self.attention_linear
    }

    /// What runs on the attention hardware.
    #[must_use]
    pub fn attention_side(&self) -> Usd {
        self.attention() + self.router + self.lm_head + self.embedding
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.attention_side() + self.ffn
    }
}

/// Prices one token on a pair of machines, one for attention and one for the FFN.
#[must_use]
pub fn token_cost(work: &TokenWork, attention: &UnitCosts, ffn: &UnitCosts) -> TokenCost {
    let cores = CoreCost::of(work.attention.iter().map(|design| design.core), attention);
    TokenCost {
        attention_core: cores.all,
        attention_linear: (work.linear_flops() + work.residual_flops) * attention.flop,
        ffn: work.ffn_flops() * ffn.flop,
        router: work.router_flops * attention.flop,
        lm_head: work.lm_head_flops * attention.flop,
        embedding: work.embedding_bytes * attention.byte,
        attention_bound_by: cores.bound_by(),
    }
}

/// What the attention cores of a token cost.
#[derive(Debug, Clone, Copy, PartialEq)]
struct CoreCost {
    all: Usd,
    compute_bound: Usd,
}

impl CoreCost {
    #[inline]
    fn of(cores: impl Iterator<Item = Core>, unit: &UnitCosts) -> Self {
        let (mut all, mut compute_bound) = (Usd::ZERO, Usd::ZERO);
        for core in cores {
            let compute = core.flops * unit.flop;
            let memory = core.bytes * unit.byte;
            all += compute.max(memory);
            if compute > memory {
                compute_bound += compute;
            }
        }
        Self { all, compute_bound }
    }

    #[inline]
    fn bound_by(&self) -> Bound {
        if self.compute_bound * 2.0 > self.all { Bound::Compute } else { Bound::MemoryBandwidth }
    }
}

/// The cost of a token as a function of its context: all that does not depend on that is priced
/// once, and nothing is allocated per context.
#[derive(Debug, Clone, PartialEq)]
pub struct CostByContext {
    cores: Vec<Cores>,
    unit: UnitCosts,
    /// What is the same at every context; its cores are those of none.
    rest: TokenCost,
}

impl CostByContext {
    /// Prices a token whose work beside the cores is `work`, at whatever context.
    #[must_use]
    pub fn new(
        cores: Vec<Cores>,
        work: &TokenWork,
        attention: &UnitCosts,
        ffn: &UnitCosts,
    ) -> Self {
        Self { cores, unit: *attention, rest: token_cost(work, attention, ffn) }
    }

    /// The cost at a context, and the work of the cores there: as [`token_cost`] has them.
    #[must_use]
    #[inline]
    pub fn at(&self, context: f64) -> (TokenCost, Core) {
        let cores = || self.cores.iter().map(|design| design.at(context));
        let cost = CoreCost::of(cores(), &self.unit);
        let mut all = Core::default();
        for core in cores() {
            all.flops += core.flops;
            all.bytes += core.bytes;
        }
        let attention_bound_by = cost.bound_by();
        (TokenCost { attention_core: cost.all, attention_bound_by, ..self.rest }, all)
    }
}

/// Training on one token at the same prices (figure 4): all arithmetic, three times the forward
/// pass.
#[must_use]
pub fn training_cost(work: &TokenWork, machine: &UnitCosts) -> Usd {
    work.training_flops() * machine.flop
}
