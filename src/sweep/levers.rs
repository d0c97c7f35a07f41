//! What would move a result: the same deployment at the same point with a little more of one
//! resource at a time.

use crate::deploy::compile::{Pools, compile};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::{Estimate, Point};
use crate::deploy::legal::Refused;
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::work::model::Model;

/// A resource of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lever {
    /// Arithmetic in every format.
    Compute,
    /// Memory bandwidth.
    MemoryBandwidth,
    /// Network cards.
    Network,
    /// Scale-up link.
    ScaleUp,
}

impl Lever {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Compute, Self::MemoryBandwidth, Self::Network, Self::ScaleUp];

    /// The words for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::MemoryBandwidth => "memory bandwidth",
            Self::Network => "network cards",
            Self::ScaleUp => "scale-up link",
        }
    }

    /// A device with `factor` times the resource.
    #[must_use]
    pub fn pulled(self, hardware: &Hardware, factor: f64) -> Hardware {
        let mut more = hardware.clone();
        match self {
            Self::Compute => {
                if let Some(compute) = &mut more.compute {
                    let rates = &mut compute.value;
                    for rate in [&mut rates.bf16, &mut rates.fp8, &mut rates.int8, &mut rates.fp4] {
                        *rate = rate.map(|r| r * factor);
                    }
                }
            }
            Self::MemoryBandwidth => {
                if let Some(memory) = &mut more.memory {
                    memory.value.bandwidth = memory.value.bandwidth.map(|b| b * factor);
                }
            }
            Self::Network => {
                if let Some(cards) = &mut more.scale_out {
                    cards.value.bandwidth = cards.value.bandwidth * factor;
                }
            }
            Self::ScaleUp => {
                if let Some(link) = &mut more.scale_up {
                    link.value.bandwidth = link.value.bandwidth * factor;
                }
            }
        }
        more
    }
}

/// A lever on one side and what it gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pulled {
    /// The resource.
    pub lever: Lever,
    /// Whether it is the attention side's (or everyone's) rather than the FFN's.
    pub attention_side: bool,
    /// The point with more of it.
    pub estimate: Estimate,
}

/// Pulls every lever of every side by a factor.
///
/// # Errors
/// As [`compile`].
pub fn pull_levers(
    model: &Model,
    deployment: &Deployment,
    pools: Pools,
    options: Options,
    point: Point,
    factor: f64,
) -> Result<Vec<Pulled>, Refused> {
    let sides: &[bool] = match deployment {
        Deployment::Afd(_) => &[true, false],
        Deployment::Colocated(_) => &[true],
    };
    let mut all = Vec::new();
    for &attention_side in sides {
        for lever in Lever::ALL {
            let (mut attention, mut ffn) = (pools.attention.clone(), pools.ffn.clone());
            let side = if attention_side { &mut attention } else { &mut ffn };
            *side = lever.pulled(side, factor);
            let more = Pools { attention: &attention, ffn: &ffn };
            let estimate = compile(model, deployment, more, options)?.estimate(point);
            all.push(Pulled { lever, attention_side, estimate });
        }
    }
    Ok(all)
}
