//! A step's way through the layers: the stage times of every layer, in order, and their sums.

use super::compile::Compiled;
use super::kernels::Tiling;
use super::pipeline::{Stages, Stretch};
use crate::machine::kernel::KernelTime;
use crate::work::model::MOST_DESIGNS;

/// One FFN design at a point.
#[derive(Clone, Copy, Default)]
struct FfnTimes {
    /// On the attention devices.
    near: KernelTime,
    /// On the FFN devices.
    far: KernelTime,
    dispatch: f64,
    combine: f64,
}

/// Turns of most models: an estimate has room for so many before it makes room for
/// [`MOST_TURNS`](super::compile::MOST_TURNS), which takes longer than the rest of it.
pub(super) const FEW_TURNS: usize = 8;

/// A step's way through the layers, with room for so many turns.
pub(super) struct Walk<const TURNS: usize> {
    stretches: [Stretch; TURNS],
    length: usize,
    /// Stage times of all layers together.
    pub(super) sum: Stages,
    /// The parts of attention and FFN that arithmetic binds.
    pub(super) compute_bound: [f64; 2],
    pub(super) layers: f64,
}

impl<const TURNS: usize> Walk<TURNS> {
    /// Before the first layer.
    pub(super) const fn new() -> Self {
        const NOWHERE: Stages = Stages { attention: 0.0, dispatch: 0.0, ffn: 0.0, combine: 0.0 };
        Self {
            stretches: [Stretch { layers: 0, stages: NOWHERE }; TURNS],
            length: 0,
            sum: NOWHERE,
            compute_bound: [0.0; 2],
            layers: 0.0,
        }
    }

    /// The layers so far.
    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches[..self.length]
    }

    fn push(&mut self, layers: u32, attention: KernelTime, ffn: &FfnTimes) {
        let mut near = attention;
        near += ffn.near;
        let stages = Stages {
            attention: near.total_s,
            dispatch: ffn.dispatch,
            ffn: ffn.far.total_s,
            combine: ffn.combine,
        };
        self.stretches[self.length] = Stretch { layers, stages };
        self.length += 1;
        let n = f64::from(layers);
        self.sum.attention += stages.attention * n;
        self.sum.dispatch += stages.dispatch * n;
        self.sum.ffn += stages.ffn * n;
        self.sum.combine += stages.combine * n;
        self.compute_bound[0] += near.compute_bound_s * n;
        self.compute_bound[1] += ffn.far.compute_bound_s * n;
        self.layers += n;
    }
}

impl Compiled {
    /// Goes along the layers with given times of the attention designs.
    pub(super) fn along<const TURNS: usize>(
        &self,
        walk: &mut Walk<TURNS>,
        attention: &[KernelTime; MOST_DESIGNS],
        near: f64,
        all: f64,
    ) {
        let mut ffn = [FfnTimes::default(); MOST_DESIGNS];
        for (times, kind) in ffn.iter_mut().zip(&self.ffn) {
            *times = FfnTimes {
                near: kind.near_time(near, Tiling::Tiled),
                far: kind.time(all, Tiling::Tiled),
                dispatch: kind.dispatch.time(near, all),
                combine: kind.combine.time(near, all),
            };
        }
        for kind in &self.layers {
            walk.push(kind.layers, attention[kind.attention], &ffn[kind.ffn]);
        }
    }
}
