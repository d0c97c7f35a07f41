//! The `checkpoint` part of a model spec: what a hub counts beside the model's own weights.

use crate::spec::quantity::{Count, SmallCount};
use crate::spec::source::Diagnostic;
use crate::work::checkpoint::{Checkpoint, Scales};
use schemars::JsonSchema;
use serde::Deserialize;

/// More elements than this beside the text model are a slip.
const MOST_OTHER_PARAMS: u64 = 1_000_000_000_000_000;

/// What the published checkpoint holds beside the text model.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointSpec {
    /// Whether the MTP layers are stored.
    #[serde(default)]
    pub mtp: bool,
    /// Copies of the embedding matrix beside each MTP layer.
    pub mtp_embeddings: Option<SmallCount>,
    /// Copies of the LM head beside each MTP layer.
    pub mtp_heads: Option<SmallCount>,
    /// How quantised weights are stored.
    pub scales: Option<ScalesSpec>,
    /// Elements of anything else: vision towers and their projectors.
    #[serde(default)]
    pub other_params: u64,
}

/// Elements that quantisation adds.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScalesSpec {
    /// One scale per tile of every quantised matrix.
    Blocks {
        /// Rows of a tile, along the outputs.
        rows: Count,
        /// Columns of a tile, along the inputs.
        columns: Count,
    },
    /// One scale per so many weights of the routed experts, whose weights count one by one.
    ExpertGroups {
        /// Weights that share a scale.
        group: Count,
    },
    /// Routed experts packed into words, with one scale per group and a shape per matrix.
    PackedExperts {
        /// Weights packed into one word.
        per_word: Count,
        /// Weights that share a scale.
        group: Count,
    },
}

impl CheckpointSpec {
    pub(super) fn resolve(&self) -> Result<Checkpoint, Diagnostic> {
        if self.other_params > MOST_OTHER_PARAMS {
            return Err(Diagnostic::new(format!(
                "`other_params` must be at most {MOST_OTHER_PARAMS}, not {}",
                self.other_params
            )));
        }
        Ok(Checkpoint {
            mtp: self.mtp,
            mtp_embeddings: self.mtp_embeddings.map_or(0, |n| n.0),
            mtp_heads: self.mtp_heads.map_or(0, |n| n.0),
            scales: match self.scales {
                None => Scales::None,
                Some(ScalesSpec::Blocks { rows, columns }) => {
                    Scales::Blocks { rows: rows.0, columns: columns.0 }
                }
                Some(ScalesSpec::ExpertGroups { group }) => Scales::ExpertGroups { group: group.0 },
                Some(ScalesSpec::PackedExperts { per_word, group }) => {
                    Scales::PackedExperts { per_word: per_word.0, group: group.0 }
                }
            },
            other_params: self.other_params,
        })
    }
}
