//! Claims: single figures that a source states, and what is computed beside them.

use super::de::At;
use super::quantity::{Contexts, Count, Positive};
use crate::deploy::deployment::Side;
use schemars::JsonSchema;
use serde::Deserialize;

/// One figure that a source states and the program computes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// The claim, as its row is called.
    pub claim: String,
    /// Unit of the value.
    #[serde(default)]
    pub unit: String,
    /// Where the source states it.
    #[serde(rename = "where")]
    pub place: String,
    /// What is computed.
    pub quantity: QuantitySpec,
}

/// A quantity that a claim is about. Models and hardware are those of the scenario.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuantitySpec {
    /// Decoding, US dollars per million tokens.
    DecodingCost(CostQuantity),
    /// Training, US dollars per million tokens.
    TrainingCost(CostQuantity),
    /// FLOPs per byte of the attention cores.
    ArithmeticIntensity(ModelQuantity),
    /// H d of the attention heads.
    EffectiveRank(ModelQuantity),
    /// The sparsity floor.
    MinSparsity(FloorQuantity),
    /// Routed experts per token that reach the sparsity floor.
    MinRoutedExperts(FloorQuantity),
    /// Time of one stage of one layer under the promise, in microseconds.
    StageBudget(ModelQuantity),
    /// Bytes that a device reads in a stage.
    StageBytes(StageQuantity),
    /// Bytes of one attention layer's weights on a device.
    AttentionWeightBytes(StageQuantity),
    /// Context tokens whose cache a device reads in a stage beside its weights.
    StageContextTokens(StageQuantity),
    /// Requests of a context that a device serves in a stage.
    StageBatch(StageQuantity),
    /// Tokens of a micro-batch that the network of an AFD deployment carries in a stage.
    NetworkMicroBatch(NetworkQuantity),
    /// Devices, in whole servers, that read the FFN's weights of a layer in a stage.
    StageFfnDevices(StageQuantity),
    /// Tokens per second of a device where micro-batches, one per stage, keep the promise exactly.
    PromisedThroughput(PromisedQuantity),
    /// Tokens per second of a device where more devices give what a smaller deployment gives.
    ScaledThroughput(ScaledQuantity),
}

/// A deployment whose step is as long as the promise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromisedQuantity {
    /// The deployment, with instances of eight.
    pub deployment: At<String>,
    /// Requests of a micro-batch.
    pub micro_batch: Count,
}

/// A measured deployment, and one whose additional devices keep its step as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaledQuantity {
    /// The deployment that was measured, with instances of eight.
    pub measured: At<String>,
    /// What was measured on it.
    pub tokens_per_s_per_device: Positive,
    /// The other deployment.
    pub deployment: At<String>,
}

/// The network between attention and FFN within a stage of the promise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkQuantity {
    /// A model of the scenario.
    pub model: At<String>,
    /// Hardware of the scenario.
    pub hardware: At<String>,
    /// Attention instances, each a server.
    pub attention_instances: Count,
    /// FFN instances, each a server; every token goes to each of them.
    pub ffn_instances: Count,
    /// Whose network cards are looked at.
    pub side: Side,
    /// What one network card reaches, if not its line rate.
    pub nic_gb_per_s: Option<Positive>,
}

/// A device within a stage of the promise (`deploy::stage`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageQuantity {
    /// A model of the scenario.
    pub model: At<String>,
    /// Hardware of the scenario.
    pub hardware: At<String>,
    /// Share of the memory bandwidth that is reached, at most 1; 1 if left out.
    pub bandwidth_share: Option<At<Positive>>,
    /// Attention matrices that are split over `split_devices`; the others are held whole.
    #[serde(default)]
    pub split_matrices: Vec<At<String>>,
    /// Devices that share the split matrices.
    pub split_devices: Option<Count>,
    /// Context of a request.
    pub context_tokens: Option<At<Contexts>>,
    /// FFN weights in all, if not the model's own.
    pub ffn_weight_gb: Option<Positive>,
    /// Devices of one server; 8 if left out.
    pub devices_per_server: Option<Count>,
}

/// A cost at one point.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostQuantity {
    /// A model of the scenario.
    pub model: At<String>,
    /// Context in tokens.
    pub context_tokens: At<Contexts>,
    /// Hardware of the attention, and of all if no other is named.
    pub hardware: At<String>,
    /// Hardware of the FFN.
    pub ffn_hardware: Option<At<String>>,
}

/// Something of a model alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelQuantity {
    /// A model of the scenario.
    pub model: At<String>,
}

/// A sparsity floor on one hardware.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorQuantity {
    /// The model whose hidden size and layers count.
    pub model: At<String>,
    /// The hardware.
    pub hardware: At<String>,
    /// What one network card reaches, if not its line rate.
    pub nic_gb_per_s: Option<Positive>,
}
