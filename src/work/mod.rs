//! Counting: what one decoded token asks of a machine, before any machine is named.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`checkpoint`] | what a published checkpoint holds beside the weights themselves |
//! | [`dtype`] | element formats and their widths |
//! | [`matrix`] | a weight matrix: parameters, FLOPs |
//! | [`experts`] | experts that a batch touches, devices that a token reaches |
//! | [`attention`] | one file per attention design: GQA, MFA, MLA, DSA, linear ... |
//! | [`ffn`] | dense and mixture-of-experts feed-forward layers |
//! | [`residual`] | residual streams that are more than an addition |
//! | [`model`] | a model: its layers in order and what stands around them |
//! | [`params`] | parameters, total and activated |
//! | [`batch`] | what one device does in one layer for a batch |
//! | [`prefill`] | what the tokens of a prompt ask of a layer |
//! | [`cache`] | KV cache and recurrent state of a sequence |
//! | [`token`] | FLOPs and bytes of one decoded token at a context length |
//!
//! Nothing here knows a rate, a price or a device: a new attention design is one file here and
//! nothing elsewhere. Counts follow one of two [`Counting`] conventions.
//!
//! Symbols are the literature's: L layers, h hidden size, H query heads, K key/value heads,
//! d head dimension, S context tokens. One multiply-add is two FLOPs.

pub mod attention;
pub mod batch;
pub mod cache;
pub mod checkpoint;
pub mod dtype;
pub mod experts;
pub mod ffn;
pub mod matrix;
pub mod model;
pub mod params;
pub mod prefill;
pub mod residual;
pub mod token;

/// Which rules FLOPs are counted by.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Counting {
    /// As the Step-3 paper counts (arXiv 2507.19427): absorbed MLA as 4 H (r + d_rope) S, ten
    /// FLOPs per lightning state element, and no router, LM head or embedding.
    Paper,
    /// What the kernels do: absorbed MLA as 2 H (2 r + d_rope) S, recurrences step by step, and
    /// router, LM head and embedding as lines of their own.
    #[default]
    Exact,
}

impl Counting {
    /// The word for it on the command line and in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Exact => "exact",
        }
    }
}
