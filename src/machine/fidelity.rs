//! How closely a figure follows real machines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The level a figure came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// Every chip at its peak, the FFN compute-bound, communication hidden.
    #[default]
    Ideal,
    /// Real batches, weights, caches, links, capacity and the pipeline, at datasheet peaks.
    Roofline,
}

impl Fidelity {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ideal => "ideal",
            Self::Roofline => "roofline",
        }
    }
}
