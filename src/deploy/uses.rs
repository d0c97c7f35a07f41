//! What the devices of each pool do with a step: the input of the ledger (`cost::ledger`).
//!
//! The time of a stage is the estimate's own; the pieces of `breakdown` say how it divides over
//! kernels. A device of the busiest expert group and of the rank with the longest contexts is looked
//! at, as in the estimate: what others wait for it counts as those kernels' time. What the network
//! costs is found by asking again: the same step with transfers that take no time.

use super::breakdown::{Piece, Stage};
use super::compile::{Compiled, Pools};
use super::deployment::Deployment;
use super::estimate::{Estimate, Point};
use super::network::Transfer;
use crate::cost::ledger::{Line, Part, Pool, PoolUse, ledger};
use crate::machine::hardware::Unknown;
use crate::units::Seconds;

/// What a step's time goes into, on the devices of one stage.
type Busy = Vec<(Part, Seconds)>;

impl Compiled {
    /// The ledger of a point: $ per million tokens by pool and part.
    ///
    /// # Errors
    /// If a profile states no price.
    pub fn ledger(
        &self,
        deployment: &Deployment,
        pools: Pools,
        point: Point,
        estimate: &Estimate,
    ) -> Result<Vec<Line>, Unknown> {
        let uses = self.uses(deployment, pools, point, estimate)?;
        let tokens = point.batch as f64 * self.options.accepted_tokens;
        Ok(ledger(&uses, estimate.step, tokens))
    }

    /// What each pool does with a step.
    fn uses(
        &self,
        deployment: &Deployment,
        pools: Pools,
        point: Point,
        estimate: &Estimate,
    ) -> Result<Vec<PoolUse>, Unknown> {
        let pieces = self.breakdown(point);
        let attention = self.busy(&pieces, Stage::Attention, estimate.stages.attention, point);
        let ffn = self.busy(&pieces, Stage::Ffn, estimate.stages.ffn, point);
        let head: Busy = self.once_per_step(&pieces);
        let fixed: Busy = vec![(Part::Fixed, Seconds::new(self.options.fixed_s))];
        let waits_for_network = estimate.step - self.without_network().estimate(point).step;
        let of = |pool, devices: f64, hardware: &crate::machine::hardware::Hardware, busy| {
            let price = hardware.price()?.rate * devices;
            Ok::<_, Unknown>(PoolUse { pool, devices, price, busy, waits_for_network })
        };
        match deployment {
            Deployment::Colocated(_) => {
                let busy = [attention, ffn, head, fixed].concat();
                Ok(vec![of(Pool::All, self.devices, pools.attention, busy)?])
            }
            Deployment::Afd(afd) => {
                let (mut near, mut far) =
                    ([attention, fixed.clone()].concat(), [ffn, fixed].concat());
                let head_is_far = self.lm_head.rows_per_all > 0.0;
                if head_is_far { &mut far } else { &mut near }.extend(head);
                Ok(vec![
                    of(Pool::Attention, afd.attention_devices().into(), pools.attention, near)?,
                    of(Pool::Ffn, afd.ffn_devices().into(), pools.ffn, far)?,
                ])
            }
        }
    }

    /// A stage's time on one device in one step, by part. With pipeline stages a device has its
    /// share of the layers, on average over the stages.
    fn busy(&self, pieces: &[Piece], stage: Stage, mean_s: f64, point: Point) -> Busy {
        let layers: u32 = self.layers.iter().map(|kind| kind.layers).sum();
        let turns = f64::from(layers) * f64::from(point.micro_batches) / self.pipeline_stages;
        let mine = || pieces.iter().filter(move |p| p.stage == stage);
        let all: f64 = mine().map(|p| p.time_s * f64::from(p.layers)).sum();
        if all <= 0.0 {
            return Vec::new();
        }
        let share = |p: &Piece| p.time_s * f64::from(p.layers) / all;
        mine().map(|p| (self.part(p), Seconds::new(mean_s * turns * share(p)))).collect()
    }

    /// The LM head on one device; with pipeline stages only those of the last one have it.
    fn once_per_step(&self, pieces: &[Piece]) -> Busy {
        let head = pieces.iter().filter(|p| self.part(p) == Part::LmHead && p.bound.is_some());
        head.map(|p| (Part::LmHead, Seconds::new(p.time_s / self.pipeline_stages))).collect()
    }

    fn part(&self, piece: &Piece) -> Part {
        let mixture = || self.ffn.iter().any(|k| k.name == piece.design && k.experts.is_some());
        match (piece.stage, piece.name.as_str()) {
            (_, "fixed") => Part::Fixed,
            (Stage::Step, _) => Part::LmHead,
            (_, "core") => Part::AttentionCore,
            (_, "small kernels") => Part::SmallKernels,
            (_, "routed experts") => Part::FfnRouted,
            (_, "router" | "latent_down" | "latent_up") => Part::Router,
            (Stage::Ffn, _) | (_, "gate_proj" | "up_proj" | "down_proj") if mixture() => {
                Part::FfnShared
            }
            (Stage::Ffn, _) | (_, "gate_proj" | "up_proj" | "down_proj") => Part::FfnDense,
            _ => Part::AttentionLinear,
        }
    }

    /// The same deployment with transfers that take no time.
    fn without_network(&self) -> Self {
        let mut other = self.clone();
        other.stage_transfer = Transfer::default();
        other.lm_head.gather = Transfer::default();
        for kind in &mut other.ffn {
            kind.dispatch = Transfer::default();
            kind.combine = Transfer::default();
        }
        other
    }
}
