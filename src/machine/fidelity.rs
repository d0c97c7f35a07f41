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
    /// The same with constants fitted to measured kernels and links.
    Calibrated,
}

impl Fidelity {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ideal => "ideal",
            Self::Roofline => "roofline",
            Self::Calibrated => "calibrated",
        }
    }

    /// What it leaves out, for the head of a report.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ideal => {
                "every chip at its peak, large batches, communication hidden: a floor, not a forecast"
            }
            Self::Roofline => {
                "real batches, weights, caches, links and capacity at datasheet peaks: optimistic by \
                 what kernels and networks fall short of them"
            }
            Self::Calibrated => {
                "real batches, weights, caches, links and capacity with constants fitted to measured \
                 kernels and links: each figure with the error of the fits it used"
            }
        }
    }
}
