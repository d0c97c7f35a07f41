//! Evaluating a compiled deployment at one point: batch, micro-batches, context. Nothing here
//! allocates or parses: sweeps call it millions of times a second.

use super::compile::{Compiled, MOST_TURNS};
use super::kernels::Tiling;
use super::memory::Held;
use super::pipeline::{Sharing, Stages, Stretch, step_time};
use super::walk::{FEW_TURNS, Walk};
use crate::machine::kernel::{KernelTime, rounded_up};
use crate::units::{Bytes, Seconds};
use crate::work::model::MOST_DESIGNS;

pub use super::pipeline::MOST_MICRO_BATCHES;

/// Where a deployment is evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Requests in flight over the whole deployment.
    pub batch: u64,
    /// Micro-batches that the batch is cut into.
    pub micro_batches: u32,
    /// Context tokens of each request.
    pub context: f64,
}

/// What sets the time between tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundBy {
    /// The attention devices, doing arithmetic.
    AttentionCompute,
    /// The attention devices, reading memory.
    AttentionMemory,
    /// The FFN devices, doing arithmetic.
    FfnCompute,
    /// The FFN devices, reading memory.
    FfnMemory,
    /// Moving tokens to the FFN.
    NetworkDispatch,
    /// Moving tokens back.
    NetworkReturn,
    /// The way through all stages: too few micro-batches to fill the busiest.
    PipelineDepth,
}

impl BoundBy {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AttentionCompute => "attention_compute",
            Self::AttentionMemory => "attention_memory_bandwidth",
            Self::FfnCompute => "ffn_compute",
            Self::FfnMemory => "ffn_memory_bandwidth",
            Self::NetworkDispatch => "network_dispatch",
            Self::NetworkReturn => "network_return",
            Self::PipelineDepth => "pipeline_depth",
        }
    }
}

/// Why a point cannot be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Infeasible {
    /// An attention device (or any, where the sides are one) would hold more than it has.
    AttentionMemory {
        /// What it would hold.
        needs: Bytes,
        /// What it has, less what is held back.
        has: Bytes,
    },
    /// An FFN device would.
    FfnMemory {
        /// What it would hold.
        needs: Bytes,
        /// What it has, less what is held back.
        has: Bytes,
    },
    /// There are fewer requests than micro-batches.
    TooFewRequests,
    /// Even one request per rank and micro-batch takes longer than was promised.
    Promise {
        /// What it takes per token.
        tpot: Seconds,
        /// What was promised.
        promise: Seconds,
    },
}

impl Infeasible {
    /// What binds where nothing runs: capacity, the latency promise, or the requests.
    #[must_use]
    pub const fn bound_by(&self) -> &'static str {
        match self {
            Self::AttentionMemory { .. } | Self::FfnMemory { .. } => "capacity",
            Self::TooFewRequests => "too_few_requests",
            Self::Promise { .. } => "latency_promise",
        }
    }
}

/// Memory of one device by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ledger {
    /// Weights.
    pub weights: Bytes,
    /// KV cache and recurrent state.
    pub kv: Bytes,
    /// Activations and buffers.
    pub activations: Bytes,
}

impl Ledger {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Bytes {
        self.weights + self.kv + self.activations
    }
}

/// What a deployment does at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Whether it can be.
    pub infeasible: Option<Infeasible>,
    /// Times of the stages of one layer, averaged over the layers.
    pub stages: Stages,
    /// Time between micro-batches in one layer, averaged over the layers.
    pub cycle: Seconds,
    /// Time of one step.
    pub step: Seconds,
    /// Time per output token of one request.
    pub tpot: Seconds,
    /// Tokens per second of one device.
    pub tokens_per_s_per_device: f64,
    /// US dollars per million tokens.
    pub usd_per_mtok: f64,
    /// What sets the step time.
    pub bound_by: BoundBy,
    /// What an attention device holds.
    pub attention_memory: Ledger,
    /// What an FFN device holds.
    pub ffn_memory: Ledger,
}

impl Compiled {
    /// Requests that one rank serves in each micro-batch.
    #[must_use]
    #[inline]
    pub fn requests_per_rank(&self, point: Point) -> f64 {
        let cuts = f64::from(point.micro_batches) * self.attention_ranks;
        rounded_up(point.batch as f64 / cuts)
    }

    /// Context per request on the rank that has drawn the longest ones.
    #[must_use]
    #[inline]
    pub fn slowest_context(&self, requests: f64, mean: f64) -> f64 {
        mean * (1.0 + self.straggling / requests.sqrt())
    }

    /// Logits that so many decoding requests ask for in a step: of the tokens that are checked, and
    /// once more of those that were drafted.
    #[inline]
    pub(super) fn logits(&self, requests: f64) -> f64 {
        requests * (2.0 * self.options.query_tokens - 1.0)
    }

    /// Goes along the layers, in place: a way that is returned is copied.
    fn walk<const TURNS: usize>(
        &self,
        walk: &mut Walk<TURNS>,
        requests: f64,
        [near, all]: [f64; 2],
        point: Point,
    ) {
        let options = &self.options;
        let context = self.slowest_context(requests, point.context);
        let mut attention = [KernelTime::default(); MOST_DESIGNS];
        for (time, kind) in attention.iter_mut().zip(&self.attention) {
            *time = kind.time(requests, options.query_tokens, context, Tiling::Tiled);
        }
        self.along(walk, &attention, near, all);
    }

    /// The stage times of every layer at a point, in order, for drawing and for the event-driven
    /// schedule.
    #[must_use]
    pub fn layer_stages(&self, point: Point) -> Vec<Stages> {
        let requests = self.requests_per_rank(point);
        let near = requests * self.options.query_tokens;
        let all = near * self.attention_ranks;
        let mut walk = Walk::<MOST_TURNS>::new();
        self.walk(&mut walk, requests, [near, all], point);
        let layers = |s: &Stretch| std::iter::repeat_n(s.stages, s.layers as usize);
        walk.stretches().iter().flat_map(layers).collect()
    }

    /// Evaluates a point.
    #[must_use]
    pub fn estimate(&self, point: Point) -> Estimate {
        if self.layers.len() <= FEW_TURNS {
            self.estimate_turns::<FEW_TURNS>(point)
        } else {
            self.estimate_turns::<MOST_TURNS>(point)
        }
    }

    fn estimate_turns<const TURNS: usize>(&self, point: Point) -> Estimate {
        let options = &self.options;
        let requests = self.requests_per_rank(point);
        let near = requests * options.query_tokens;
        let all = near * self.attention_ranks;
        let mut walk = Walk::<TURNS>::new();
        self.walk(&mut walk, requests, [near, all], point);
        let logits = self.logits(requests) * f64::from(point.micro_batches);
        let head = self.lm_head.time(logits, logits * self.attention_ranks, Tiling::Tiled);
        let once = options.fixed_s + head;
        let step = self.layers_time(walk.stretches(), near, point.micro_batches) + once;
        let overlap = if self.pipeline_stages > 1.0 { 1 } else { point.micro_batches };
        let (mean, layers) = (walk.sum, walk.layers);
        let bound_by = self.bound_by(&mean, walk.compute_bound, overlap);
        let scale = 1.0 / layers;
        let stages = Stages {
            attention: mean.attention * scale,
            dispatch: mean.dispatch * scale,
            ffn: mean.ffn * scale,
            combine: mean.combine * scale,
        };
        let tokens_per_s = point.batch as f64 * options.accepted_tokens / step;
        let (attention_memory, ffn_memory) = self.memory(requests, all, point);
        Estimate {
            infeasible: self.infeasible(point, &attention_memory, &ffn_memory),
            stages,
            cycle: Seconds::new(self.mean_cycle(&walk, overlap)),
            step: Seconds::new(step),
            tpot: Seconds::new(step / options.accepted_tokens),
            tokens_per_s_per_device: tokens_per_s / self.devices,
            usd_per_mtok: self.price.usd_per_second() / tokens_per_s * 1e6,
            bound_by,
            attention_memory,
            ffn_memory,
        }
    }

    /// Time of all layers. With pipeline stages, micro-batches follow one another through the
    /// stages, and one returns to the first when it has passed the last and its turn has come, m
    /// turns of the stage with the most layers after the last.
    pub(super) fn layers_time(&self, stretches: &[Stretch], near: f64, micro_batches: u32) -> f64 {
        if self.pipeline_stages > 1.0 {
            let layers = step_time(stretches, self.sharing, 1);
            let moving = self.stage_transfer.time(near, near);
            let alone = layers + self.pipeline_stages * moving;
            let turn = layers * self.slowest_stage + moving;
            return alone.max(turn * f64::from(micro_batches));
        }
        step_time(stretches, self.sharing, micro_batches)
    }

    /// Time between micro-batches in one layer, averaged over the layers.
    fn mean_cycle<const TURNS: usize>(&self, walk: &Walk<TURNS>, micro_batches: u32) -> f64 {
        let one = |s: &Stretch| f64::from(s.layers) * s.stages.cycle(self.sharing, micro_batches);
        walk.stretches().iter().map(one).sum::<f64>() / walk.layers
    }

    /// The stage or the depth that the cycle waits for.
    pub(super) fn bound_by(
        &self,
        sum: &Stages,
        compute_bound: [f64; 2],
        micro_batches: u32,
    ) -> BoundBy {
        // One micro-batch waits for every stage: the longest is what to shorten.
        let alone = micro_batches == 1;
        let sharing = if alone { Sharing::default() } else { self.sharing };
        let busiest = sum.busiest(sharing);
        if !alone && sum.sum() > busiest * f64::from(micro_batches) {
            return BoundBy::PipelineDepth;
        }
        let compute =
            if sharing.compute { sum.attention + sum.ffn } else { sum.attention.max(sum.ffn) };
        if compute < busiest {
            return if sum.dispatch > sum.combine {
                BoundBy::NetworkDispatch
            } else {
                BoundBy::NetworkReturn
            };
        }
        let attention = sum.attention >= sum.ffn;
        let arithmetic = |stage: f64, bound: f64| bound * 2.0 > stage;
        match (attention, attention && arithmetic(sum.attention, compute_bound[0])) {
            (true, true) => BoundBy::AttentionCompute,
            (true, false) => BoundBy::AttentionMemory,
            (false, _) if arithmetic(sum.ffn, compute_bound[1]) => BoundBy::FfnCompute,
            (false, _) => BoundBy::FfnMemory,
        }
    }

    pub(super) fn memory(&self, requests: f64, all: f64, point: Point) -> (Ledger, Ledger) {
        let of = |held: &Held, requests: f64, tokens: f64| Ledger {
            weights: held.weights,
            kv: held.kv_per_request(point.context) * requests,
            activations: held.per_token * tokens,
        };
        let micro_batches = f64::from(point.micro_batches);
        let near = requests * micro_batches;
        let attention = of(&self.attention_memory, near, near * self.options.query_tokens);
        let ffn = self.ffn_memory.as_ref().map(|held| of(held, 0.0, all * micro_batches));
        (attention, ffn.unwrap_or_default())
    }

    pub(super) fn infeasible(
        &self,
        point: Point,
        attention: &Ledger,
        ffn: &Ledger,
    ) -> Option<Infeasible> {
        if point.batch < u64::from(point.micro_batches) {
            return Some(Infeasible::TooFewRequests);
        }
        let has = self.attention_memory.usable;
        if attention.total() > has {
            return Some(Infeasible::AttentionMemory { needs: attention.total(), has });
        }
        let has = self.ffn_memory.as_ref()?.usable;
        (ffn.total() > has).then_some(Infeasible::FfnMemory { needs: ffn.total(), has })
    }
}
