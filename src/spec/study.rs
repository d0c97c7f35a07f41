//! Studies in a scenario: tables and figures that search, cross or vary designs, and the inverse
//! questions a scenario may ask.

use super::conditions::ConditionsSpec;
use super::de::At;
use super::quantity::{Contexts, Count, Positive};
use schemars::JsonSchema;
use serde::Deserialize;

/// Where the best AFD ratio is looked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BestAfdSpec {
    /// Promises of the time per output token, each a row.
    pub tpot_ms: Vec<Positive>,
    /// Most instances, attention and FFN together; at most 1,024.
    pub max_nodes: At<Count>,
    /// Hardware of the attention side; all of the scenario's if left out.
    pub attention_hardware: Option<Vec<At<String>>>,
    /// Hardware of the FFN side; all of the scenario's if left out.
    pub ffn_hardware: Option<Vec<At<String>>>,
}

/// A map of AFD ratios over contexts: attention data-parallel; FFN split, dispatch, micro-batches
/// and batch are searched for each cell.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AfdMapSpec {
    /// A model of the scenario.
    pub model: At<String>,
    /// Hardware of the attention side.
    pub attention_hardware: At<String>,
    /// Hardware of the FFN side.
    pub ffn_hardware: At<String>,
    /// Promise of the time per output token.
    pub tpot_ms: Positive,
    /// Attention instances, each a row of the map; at most 1,024.
    pub attention_instances: At<Vec<Count>>,
    /// FFN instances of every row; at most 1,024.
    pub ffn_instances: At<Count>,
    /// Contexts, each a column of the map.
    pub contexts_tokens: Contexts,
}

/// What of a chip could be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Arithmetic in every format.
    Compute,
    /// Memory bandwidth.
    MemoryBandwidth,
    /// Network cards.
    Network,
    /// Scale-up link.
    ScaleUp,
}

/// What more of one resource is worth on each chip.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextChipSpec {
    /// How many times as much of it.
    pub factor: Positive,
    /// The chips; all of the scenario's if left out.
    pub hardware: Option<Vec<At<String>>>,
    /// The scenario's deployments, each at its best batch, instead of unit costs.
    #[serde(default)]
    pub deployed: bool,
}

/// A grid of attention designs in the layers of one model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttentionDesignsSpec {
    /// The model of the scenario whose grouped-query or multi-matrix attention is varied.
    pub base: At<String>,
    /// H, query heads; at most 8,192.
    pub query_heads: At<Vec<Count>>,
    /// d, width of a head; at most 8,192.
    pub head_dim: At<Vec<Count>>,
    /// K, key/value groups; at most 8,192.
    pub kv_heads: At<Vec<Count>>,
    /// Models of the scenario whose own designs are put into the same layers and marked.
    #[serde(default)]
    pub marked: Vec<At<String>>,
}

/// Cost against context with the contexts marked at which models cross.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostCrossingsSpec {
    /// Contexts of the lines.
    pub contexts_tokens: Contexts,
    /// Models of the scenario to draw; all if left out.
    pub models: Option<Vec<At<String>>>,
}

/// What makes a front of its own in a figure of throughput against interactivity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrontBy {
    /// The model.
    Model,
    /// The hardware of both sides.
    Hardware,
    /// The deployment.
    Deployment,
    /// Whether attention and FFN have devices of their own.
    Kind,
}

/// Tokens per second of a device against tokens per second of a user, over batches of the
/// scenario's deployments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InteractivitySpec {
    /// Contexts, each a panel; the scenario's if left out.
    pub contexts_tokens: Option<Contexts>,
    /// Models of the scenario whose deployments are looked at; all if left out.
    pub models: Option<Vec<At<String>>>,
    /// What makes a front of its own.
    pub by: FrontBy,
}

/// The kernels of the scenario's deployments under the roofs of their hardware.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelRooflineSpec {
    /// Context of the requests.
    pub context_tokens: At<Contexts>,
}

/// An inverse question. Models and hardware are those of the scenario.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionSpec {
    /// Up to which $/h does a chip win?
    BreakEvenPrice(BreakEvenSpec),
    /// At which contexts do two models cross?
    ContextCrossing(CrossingSpec),
    /// How much of a resource, or which price, meets a target?
    MeetTarget(MeetTargetSpec),
    /// Which share of experts must a token visit?
    SparsityFloor(FloorSpec),
}

/// One deployment instead of unit costs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployedSpec {
    /// `2A2F`, `EP32`, `TP8` ...
    pub deployment: At<String>,
    /// Requests in flight; the most that memory and promise allow if left out.
    pub batch: Option<Count>,
    /// Promise of the time per output token.
    pub tpot_ms: Option<Positive>,
    /// Conditions that differ from the scenario's.
    pub conditions: Option<ConditionsSpec>,
}

/// A chip against others.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakEvenSpec {
    /// The model that runs on either.
    pub model: At<String>,
    /// The chip whose price is sought.
    pub chip: At<String>,
    /// What it competes with, and may be paired with.
    pub against: Vec<At<String>>,
    /// Contexts, each a row; the scenario's if left out.
    pub context_tokens: Option<Contexts>,
    /// One deployment instead of unit costs.
    pub deployed: Option<DeployedSpec>,
}

/// Two models on the same hardware.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossingSpec {
    /// The first.
    pub model: At<String>,
    /// The other.
    pub against: At<String>,
    /// Hardware, of which the cheapest pair counts; all of the scenario's if left out.
    pub hardware: Option<Vec<At<String>>>,
    /// Hardware of the other, if it runs on its own.
    pub against_hardware: Option<Vec<At<String>>>,
    /// Lowest and highest context that is looked at; the scenario's if left out.
    pub context_tokens: Option<Contexts>,
    /// One deployment instead of unit costs.
    pub deployed: Option<DeployedSpec>,
}

/// What of a chip is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SoughtSpec {
    /// The highest price.
    Price,
    /// The least arithmetic.
    Compute,
    /// The least memory bandwidth.
    MemoryBandwidth,
    /// The least network bandwidth.
    Network,
    /// The least scale-up bandwidth.
    ScaleUp,
}

/// A target and what may move.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetTargetSpec {
    /// The model.
    pub model: At<String>,
    /// The chip that is changed.
    pub chip: At<String>,
    /// What of it is sought.
    pub sought: SoughtSpec,
    /// The target as money; this or `tpot_ms`.
    pub usd_per_mtok: Option<Positive>,
    /// The target as time; this or `usd_per_mtok`.
    pub tpot_ms: Option<At<Positive>>,
    /// Hardware of the attention side, if not the chip.
    pub attention_hardware: Option<At<String>>,
    /// Hardware of the FFN side, if not the chip.
    pub ffn_hardware: Option<At<String>>,
    /// Contexts, each a row; the scenario's if left out.
    pub context_tokens: Option<Contexts>,
    /// One deployment instead of unit costs.
    pub deployed: Option<DeployedSpec>,
}

/// A mixture of experts behind a network, under the scenario's promise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorSpec {
    /// The model whose hidden size and layers count.
    pub model: At<String>,
    /// The hardware.
    pub hardware: At<String>,
}
