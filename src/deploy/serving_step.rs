//! The time of one engine step that holds decoding requests, prompt tokens, or both.
//!
//! Linear layers and experts see the rows of both in one product, so weights are read once and
//! t = max((R + T) FLOPs per row / peak, (weights + (R + T) bytes per row) / bandwidth) with R
//! decoding and T prompt rows. The attention cores of decoding and of prefill are kernels of their
//! own, one after the other. Transfers carry R + T rows. The LM head sees the decoding rows and one
//! row per prompt. With m micro-batches each holds 1/m of both. Where steps draft, prompts pass the
//! drafting layers as often as decoding rows do, once too often for every drafted token but one.

use super::compile::{AttentionKind, Compiled, MOST_TURNS};
use super::kernels::{Tiling, gemms};
use super::pipeline::Stages;
use super::walk::Walk;
use crate::machine::kernel::{KernelRate, KernelTime};
use crate::work::model::MOST_DESIGNS;
use crate::work::prefill::{PrefillCore, Prompt};

/// One attention design's prefill on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrefillKind {
    /// The core.
    pub core: PrefillCore,
    /// Constants of the core's time.
    pub core_rate: KernelRate,
    /// Constants of the time of expanding latents.
    pub expansion_rate: KernelRate,
}

impl PrefillKind {
    /// Time of one layer for so many prompts' worth of chunks.
    #[inline]
    fn time(&self, prompts: f64, prompt: Prompt) -> KernelTime {
        let work = self.core.work(prompt);
        let mut time = self.core_rate.time(work.core_flops * prompts, work.core_bytes * prompts);
        time += self
            .expansion_rate
            .time(work.expansion_flops * prompts, work.expansion_bytes * prompts);
        time
    }
}

/// What one step holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepLoad {
    /// Decoding requests of one rank.
    pub requests: f64,
    /// Decoding requests of all ranks.
    pub all_requests: f64,
    /// Context tokens of each.
    pub context: f64,
    /// Prompt tokens of the busiest rank.
    pub prompt_tokens: f64,
    /// Prompt tokens of all ranks.
    pub all_prompt_tokens: f64,
    /// The prompts that they belong to.
    pub prompt: Prompt,
    /// Micro-batches.
    pub micro_batches: u32,
}

/// Time of a step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepTime {
    /// All of it, in seconds.
    pub total_s: f64,
    /// Stages of one micro-batch, summed over the layers.
    pub stages: Stages,
    /// The parts of attention and FFN that are bound by arithmetic, summed likewise.
    pub compute_bound_s: [f64; 2],
}

impl StepTime {
    /// A weighted sum of two.
    #[must_use]
    pub fn blend(&self, weight: f64, other: &Self, other_weight: f64) -> Self {
        let mix = |a: f64, b: f64| a * weight + b * other_weight;
        let (s, o) = (&self.stages, &other.stages);
        Self {
            total_s: mix(self.total_s, other.total_s),
            stages: Stages {
                attention: mix(s.attention, o.attention),
                dispatch: mix(s.dispatch, o.dispatch),
                ffn: mix(s.ffn, o.ffn),
                combine: mix(s.combine, o.combine),
            },
            compute_bound_s: [0, 1]
                .map(|side| mix(self.compute_bound_s[side], other.compute_bound_s[side])),
        }
    }
}

/// Rows of one micro-batch.
#[derive(Clone, Copy)]
struct Rows {
    requests: f64,
    near: f64,
    all: f64,
    prompts: f64,
}

impl Compiled {
    /// Time of a step that holds decoding requests, prompt tokens, or both. `prefill` holds the
    /// attention designs in this deployment's order.
    #[must_use]
    pub fn mixed_step(&self, prefill: &[PrefillKind], load: &StepLoad) -> StepTime {
        let options = &self.options;
        let m = f64::from(load.micro_batches);
        let queries = options.query_tokens;
        let rows = Rows {
            requests: load.requests / m,
            near: (load.requests * queries + load.prompt_tokens) / m,
            all: (load.all_requests * queries + load.all_prompt_tokens) / m,
            prompts: load.prompt_tokens / load.prompt.tokens / m,
        };
        let mut attention = [KernelTime::default(); MOST_DESIGNS];
        for ((time, kind), prefill) in attention.iter_mut().zip(&self.attention).zip(prefill) {
            *time = self.attention_time(kind, prefill, rows, load);
        }
        let mut walk = Walk::<MOST_TURNS>::new();
        self.along(&mut walk, &attention, rows.near, rows.all);
        let logits = (self.logits(rows.requests) + rows.prompts) * m;
        let head = self.lm_head.time(logits, logits * self.attention_ranks, Tiling::Tiled);
        let layers = self.layers_time(walk.stretches(), rows.near, load.micro_batches);
        StepTime {
            total_s: layers + options.fixed_s + head,
            stages: walk.sum,
            compute_bound_s: walk.compute_bound,
        }
    }

    fn attention_time(
        &self,
        attention: &AttentionKind,
        prefill: &PrefillKind,
        rows: Rows,
        load: &StepLoad,
    ) -> KernelTime {
        let options = &self.options;
        let mut time = gemms(&attention.gemms, rows.near, Tiling::Tiled);
        time.total_s += attention.small.time(rows.near);
        if rows.requests > 0.0 {
            let context = self.slowest_context(rows.requests, load.context);
            time +=
                attention.core(rows.requests, options.query_tokens, context, Tiling::Tiled).time;
        }
        if rows.prompts > 0.0 {
            time += prefill.time(rows.prompts, load.prompt);
        }
        time
    }
}
