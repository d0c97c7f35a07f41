//! The attention part of a model spec: its keys. What they mean is said in
//! [`work::attention`](crate::work::attention), in the file of the design's name.

mod resolve;

use crate::spec::de::At;
use crate::spec::quantity::{Count, SmallCount};
use crate::work::dtype::Dtype;
use schemars::JsonSchema;
use serde::Deserialize;

/// An attention design.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionSpec {
    /// Grouped-query attention; `kv_heads` equal to `query_heads` is multi-head, 1 multi-query.
    Gqa(GqaSpec),
    /// Multi-matrix factorisation attention.
    Mfa(MfaSpec),
    /// Multi-head latent attention.
    Mla(MlaSpec),
    /// DeepSeek sparse attention: MLA on the tokens that an indexer selects.
    Dsa(DsaSpec),
    /// A sliding window of single-vector entries with the compressed context behind it.
    Compressed(CompressedSpec),
    /// Lightning (decayed linear) attention.
    Lightning(LightningSpec),
    /// Gated delta net.
    GatedDeltaNet(GatedDeltaNetSpec),
    /// Kimi delta attention.
    Kda(KdaSpec),
}

/// Keys of grouped-query attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GqaSpec {
    /// Query heads (H).
    pub query_heads: At<Count>,
    /// Heads of keys and values (K); divides the query heads.
    pub kv_heads: At<Count>,
    /// Width of a head (d).
    pub head_dim: Count,
    /// The layer sees only this many tokens.
    pub window: Option<WindowSpec>,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
    /// Biases on the projections of queries, keys and values.
    #[serde(default)]
    pub qkv_bias: bool,
    /// Bias on the output projection.
    #[serde(default)]
    pub output_bias: bool,
    /// Learned norms of queries and keys.
    #[serde(default)]
    pub qk_norm: QkNormSpec,
    /// A learned gate on the attention's output.
    #[serde(default)]
    pub output_gate: OutputGateSpec,
    /// A learned sink per query head.
    #[serde(default)]
    pub sinks: bool,
}

/// How far back a layer looks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowSpec {
    /// The last so many tokens.
    SlidingTokens(Count),
    /// The current chunk of so many tokens.
    ChunkedTokens(Count),
}

/// Learned norms of queries and keys.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QkNormSpec {
    /// None.
    #[default]
    None,
    /// One vector of head_dim for queries and one for keys.
    PerHead,
    /// A weight for every element of every head.
    AllHeads,
}

/// A gate on the output.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputGateSpec {
    /// None.
    #[default]
    None,
    /// One value per element, as wide as the queries.
    PerElement,
    /// One value per query head.
    PerHead,
}

/// Keys of multi-matrix factorisation attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MfaSpec {
    /// Query heads (H).
    pub query_heads: At<Count>,
    /// Groups of keys and values (K); divides the query heads.
    pub kv_heads: At<Count>,
    /// Width of a head (d).
    pub head_dim: Count,
    /// Rank of the query projection.
    pub query_rank: Count,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
}

/// Keys of multi-head latent attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MlaSpec {
    /// Query heads (H).
    pub query_heads: Count,
    /// Rank of the query projection; left out where queries are projected at full rank.
    pub query_rank: Option<Count>,
    /// Rank of the cached latent.
    pub kv_rank: Count,
    /// Width of a query head without position.
    pub nope_head_dim: Count,
    /// Width of the part with position.
    pub rope_head_dim: Count,
    /// Width of a value head.
    pub value_head_dim: Count,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
    /// Biases on the projections that read or write the residual stream.
    #[serde(default)]
    pub bias: bool,
    /// A gate on the output, as wide as the value heads together.
    #[serde(default)]
    pub output_gate: bool,
}

/// Keys of DeepSeek sparse attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DsaSpec {
    /// The attention that the selected tokens get.
    pub mla: MlaSpec,
    /// Context tokens that the indexer selects for the attention.
    pub selected_tokens: Count,
    /// The indexer; left out where an earlier layer's selection is used.
    pub indexer: Option<IndexerSpec>,
}

/// Keys of a lightning indexer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexerSpec {
    /// Query heads of the indexer.
    pub heads: Count,
    /// Width of a head and of the cached key.
    pub head_dim: Count,
    /// Format of its key cache, if not the model's KV cache's.
    pub key_cache: Option<Dtype>,
}

/// Keys of compressed attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompressedSpec {
    /// Query heads (H).
    pub query_heads: Count,
    /// Width of a head and of an entry (d).
    pub head_dim: Count,
    /// Rank of the query projection.
    pub query_rank: Count,
    /// Groups of heads whose outputs are projected down apart.
    pub output_groups: Count,
    /// Rank of each group's output projection.
    pub output_rank: Count,
    /// Tokens seen one by one.
    pub window_tokens: Count,
    /// What stands behind the window; left out if nothing does.
    pub compression: Option<CompressionSpec>,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
}

/// The compressed context of a layer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompressionSpec {
    /// Context tokens that are compressed to one entry.
    pub tokens_per_entry: Count,
    /// Entries that an indexer selects; left out where all are read.
    pub selected_entries: Option<At<Count>>,
    /// The indexer that selects.
    pub indexer: Option<At<IndexerSpec>>,
}

/// Keys of lightning attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LightningSpec {
    /// Heads (H).
    pub heads: Count,
    /// Width of a head (d); its state is d x d.
    pub head_dim: Count,
    /// Number format of the recurrent state.
    pub state: Dtype,
}

/// Keys of a gated delta net.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatedDeltaNetSpec {
    /// Heads of queries and keys.
    pub key_heads: Count,
    /// Heads of values; each keeps a state.
    pub value_heads: Count,
    /// Width of a key head.
    pub key_head_dim: Count,
    /// Width of a value head.
    pub value_head_dim: Count,
    /// Columns that the short convolution sees.
    pub conv_kernel: SmallCount,
    /// Number format of the recurrent state.
    pub state: Dtype,
    /// Format of the convolution's window.
    pub conv_state: Dtype,
}

/// Keys of Kimi delta attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KdaSpec {
    /// Heads (H).
    pub heads: Count,
    /// Width of a head (d); its state is d x d.
    pub head_dim: Count,
    /// Columns that the short convolutions see.
    pub conv_kernel: SmallCount,
    /// An output gate at full rank instead of rank d.
    #[serde(default)]
    pub full_rank_gate: bool,
    /// Decay rates as stored, if not one per head.
    pub decay_rates: Option<Count>,
    /// Number format of the recurrent state.
    pub state: Dtype,
    /// Format of the convolutions' window.
    pub conv_state: Dtype,
}
