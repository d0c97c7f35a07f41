//! Aggregated serving: prefill and decoding share the devices of a colocated deployment.
//!
//! C requests are in flight, a new one for each that finishes (a closed loop); each passes a prompt
//! of I tokens and S = O / accepted decode steps for its O output tokens. There are R attention
//! ranks, and N requests are decoding at a time. Per decode step and rank, of others' requests
//!
//! ```text
//! k = (N / R) (C - 1) / C / S      prompts arrive (a request never meets its own prefill)
//! c = I / Z                        chunks of Z tokens make a prompt; c -> 0 with no chunking
//! u = k c                          share of the chunks that a rank can do, one a step
//! f = max(u, min(k, 1 - (1 - 1/S)^((N/R) (C - 1)/C)))     steps of the rank that hold a chunk
//! T = I k / f                      prompt tokens in such a step: a chunk, or the prompts that came
//! p = 1 - (1 - f)^R                steps with a chunk on any rank; ranks wait for each other
//! R k I / p                        prompt tokens of all ranks in such a step
//! ```
//!
//! 1 - (1 - 1/S)^n is the chance that one of n requests at independent places finishes in a step.
//! Steps take t0 with N decoding requests and nothing else, t1 with T prompt tokens beside them,
//! tp with T prompt tokens alone (`serving_step`).
//!
//! - **Mixed** (chunked prefill, Sarathi-Serve, arXiv 2403.02310): a chunk joins a decode step and
//!   weights are read once.
//!   `t = t0 + p (t1 - t0)`, `own = max(1, c) t1`,
//!   `wait = min(u c / (2 (1 - u C / (C - 1))), c (C - 1) / R) t1`: a prompt takes c steps of its
//!   rank, so prompts queue as at a server with fixed service time (M/D/1), but never behind more
//!   than the rank's other requests.
//! - **Separate** (prefill first): decoding stops until no prompt waits.
//!   `t = t0 + p tp` (p = f where f > 1), `own = max(1, c) tp`, `wait = u / 2 tp`: half of the
//!   prompts that came in the same step go first. All C decode when decoding goes on.
//!
//! ```text
//! TTFT = wait + own          TPOT = t S / O          requests/s X = C / (TTFT + S t)
//! ```
//!
//! Little's law, N = X S t, closes the mixed form: N (1 + TTFT / (S t)) = C. Its left side grows
//! with N, so bisection finds the one N. It stays below Z S R / I, where ranks prefill a full chunk
//! in every step and requests wait. There TPOT may fall with longer prompts: fewer requests decode.
//!
//! **Context** of a decoding request, length-biased: `(E[D P] + E[D (D - 1) / 2]) / E[D]`, here with
//! lengths that are all equal, I + (O - 1) / 2 ([`context`](super::context) has other lengths).
//!
//! Left out: the first output token comes with the prefill, so that O - 1 steps would do; ranks are
//! evenly loaded; the scheduler is free of charge but for the fixed time per step.

use super::compile::{Compiled, Pools, compile};
use super::deployment::{Colocated, Deployment};
use super::estimate::{Estimate, Ledger, Point};
use super::legal::Refused;
use super::options::Options;
use super::rates::Rates;
use super::serving_step::{PrefillKind, StepLoad, StepTime};
use crate::machine::hardware::{Hardware, Unknown};
use crate::units::{Seconds, TOKENS_PER_MTOK};
use crate::work::model::Model;
use crate::work::prefill::{PrefillCore, Prompt};
use schemars::JsonSchema;
use serde::Deserialize;

/// How prefill and decoding share the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Batching {
    /// Chunks of prompts ride along with decode steps.
    #[default]
    Mixed,
    /// Prompts first, in steps of their own.
    Separate,
}

impl Batching {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Separate => "separate",
        }
    }
}

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// C, requests in flight.
    pub concurrency: u64,
    /// I.
    pub input_tokens: f64,
    /// O.
    pub output_tokens: f64,
    /// Z, most prompt tokens of one rank in one step; none for whole prompts.
    pub chunk_tokens: Option<f64>,
    /// How prefill and decoding share steps.
    pub batching: Batching,
    /// Micro-batches that a step is cut into.
    pub micro_batches: u32,
}

/// A chunk that engines use.
pub const DEFAULT_CHUNK_TOKENS: f64 = 8192.0;

/// A compiled deployment that prefills too.
#[derive(Debug, Clone, PartialEq)]
pub struct Serving {
    /// Everything but the cores of prefill.
    pub decode: Compiled,
    /// Cores of prefill, in the order of the attention designs.
    pub prefill: Vec<PrefillKind>,
}

/// What serving gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServingEstimate {
    /// As of a decoding deployment: the step is the mean one that a decoding request sees, tokens
    /// are output tokens, and money is spent on them alone.
    pub estimate: Estimate,
    /// Context tokens of a decoding request on average.
    pub context: f64,
    /// Time to first token.
    pub ttft: Seconds,
    /// Part of it before the prompt's first chunk.
    pub queue_wait: Seconds,
    /// N, requests that decode at a time on average.
    pub decoding: f64,
    /// t0, a step without prefill.
    pub decode_step: Seconds,
    /// What others' prefill adds to a step on average.
    pub prefill_per_step: Seconds,
    /// Requests per second.
    pub requests_per_s: f64,
    /// Input tokens per second of one device.
    pub input_tokens_per_s_per_device: f64,
}

impl ServingEstimate {
    /// Share of the step time that is others' prefill.
    #[must_use]
    pub fn prefill_share(&self) -> f64 {
        self.prefill_per_step / self.estimate.step
    }
}

/// Mean context in flight of requests that all have `input` prompt and `output` new tokens.
#[must_use]
pub fn in_flight_context(input: f64, output: f64) -> f64 {
    input + (output - 1.0) / 2.0
}

/// Times with a number of requests decoding, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// t0.
    decode: StepTime,
    /// What prefill adds to a step on average.
    pause: StepTime,
    wait_s: f64,
    own_s: f64,
    /// Prompt tokens of the busiest rank in a step that holds some.
    chunk: f64,
}

impl State {
    fn step_s(&self) -> f64 {
        self.decode.total_s + self.pause.total_s
    }

    fn ttft_s(&self) -> f64 {
        self.wait_s + self.own_s
    }
}

/// How often and how full steps with prefill are.
struct Chunks {
    /// c.
    per_prompt: f64,
    /// u.
    busy: f64,
    /// p.
    steps: f64,
    /// T.
    near: f64,
    /// Of all ranks.
    all: f64,
}

/// Halvings that take the bracket to the last bits of a float.
const HALVINGS: u32 = 60;

impl Serving {
    /// Compiles a deployment at datasheet rates.
    ///
    /// # Errors
    /// If a profile lacks a figure that the deployment needs.
    pub fn compile(
        model: &Model,
        deployment: &Colocated,
        hardware: &Hardware,
        options: Options,
    ) -> Result<Self, Refused> {
        let pools = Pools { attention: hardware, ffn: hardware };
        let decode = compile(model, &Deployment::Colocated(*deployment), pools, options)?;
        let activations = model.precision.activations;
        let rates = Rates { hardware, options: &options, activations };
        let kind = |named: &crate::work::model::Named<_>| {
            let core = PrefillCore::new(&named.design, deployment.attention_tp, activations);
            Ok::<_, Unknown>(PrefillKind {
                core_rate: rates.prefill(core.shape.format)?,
                expansion_rate: rates.prefill(activations)?,
                core,
            })
        };
        let prefill = model.attentions.iter().map(kind).collect::<Result<_, _>>()?;
        Ok(Self { decode, prefill })
    }

    /// Evaluates a load. Allocates nothing.
    #[must_use]
    pub fn estimate(&self, load: Load) -> ServingEstimate {
        let concurrency = load.concurrency as f64;
        let steps = self.steps_per_request(&load);
        let state = match load.batching {
            Batching::Separate => self.state(&load, concurrency),
            Batching::Mixed => self.state(&load, self.decoding(&load)),
        };
        let step = state.step_s();
        let requests_per_s = concurrency / (state.ttft_s() + steps * step);
        ServingEstimate {
            estimate: self.as_estimate(&load, &state, requests_per_s),
            context: in_flight_context(load.input_tokens, load.output_tokens),
            ttft: Seconds::new(state.ttft_s()),
            queue_wait: Seconds::new(state.wait_s),
            decoding: requests_per_s * steps * step,
            decode_step: Seconds::new(state.decode.total_s),
            prefill_per_step: Seconds::new(state.pause.total_s),
            requests_per_s,
            input_tokens_per_s_per_device: requests_per_s * load.input_tokens / self.decode.devices,
        }
    }

    /// S.
    fn steps_per_request(&self, load: &Load) -> f64 {
        (load.output_tokens / self.decode.options.accepted_tokens).max(1.0)
    }

    /// N of mixed batching, from N (1 + TTFT / (S t)) = C.
    fn decoding(&self, load: &Load) -> f64 {
        let concurrency = load.concurrency as f64;
        let steps = self.steps_per_request(load);
        let (mut low, mut high) = (0.0, concurrency);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            let state = self.state(load, middle);
            if middle * (1.0 + state.ttft_s() / (steps * state.step_s())) > concurrency {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// Prefill that meets `decoding` requests.
    fn chunks(&self, load: &Load, decoding: f64) -> Chunks {
        let steps = self.steps_per_request(load);
        let ranks = self.decode.attention_ranks;
        let concurrency = load.concurrency as f64;
        let others = decoding / ranks * (concurrency - 1.0) / concurrency;
        let k = others / steps;
        let per_prompt = load.chunk_tokens.map_or(0.0, |chunk| load.input_tokens / chunk);
        let busy = k * per_prompt;
        let met = -((-1.0 / steps).ln_1p() * others).exp_m1();
        let f = busy.max(met.min(k));
        if f <= 0.0 {
            let near = load.input_tokens / per_prompt.max(1.0);
            return Chunks { per_prompt, busy, steps: 0.0, near, all: near };
        }
        let steps = if f < 1.0 { -((-f).ln_1p() * ranks).exp_m1() } else { f };
        let near = load.input_tokens * k / f;
        Chunks { per_prompt, busy, steps, near, all: near * ranks * f / steps }
    }

    /// Steps that a prompt waits for chunks of others in mixed batching.
    fn queue(&self, load: &Load, chunks: &Chunks, decoding: f64) -> f64 {
        let ranks = self.decode.attention_ranks;
        let all = decoding / ranks / self.steps_per_request(load) * chunks.per_prompt;
        let most = (load.concurrency as f64 - 1.0) / ranks * chunks.per_prompt;
        if all >= 1.0 {
            return most;
        }
        (chunks.busy * chunks.per_prompt / (2.0 * (1.0 - all))).min(most)
    }

    fn state(&self, load: &Load, decoding: f64) -> State {
        let chunks = self.chunks(load, decoding);
        let cuts = f64::from(load.micro_batches);
        let least = StepLoad {
            // A step that decodes does so for at least one request of a rank and micro-batch.
            requests: (decoding / self.decode.attention_ranks).max(cuts),
            all_requests: decoding.max(cuts),
            context: in_flight_context(load.input_tokens, load.output_tokens),
            prompt_tokens: 0.0,
            all_prompt_tokens: 0.0,
            prompt: Prompt { tokens: load.input_tokens, chunks: chunks.per_prompt.max(1.0) },
            micro_batches: load.micro_batches,
        };
        let prompts =
            StepLoad { prompt_tokens: chunks.near, all_prompt_tokens: chunks.all, ..least };
        let step = |load: &StepLoad| self.decode.mixed_step(&self.prefill, load);
        let decode = step(&least);
        let own = chunks.per_prompt.max(1.0);
        let (with, pause, wait) = match load.batching {
            Batching::Mixed => {
                let with = step(&prompts);
                let wait = self.queue(load, &chunks, decoding);
                (with.total_s, with.blend(chunks.steps, &decode, -chunks.steps), wait)
            }
            Batching::Separate => {
                let alone = step(&StepLoad { requests: 0.0, all_requests: 0.0, ..prompts });
                let pause = alone.blend(chunks.steps, &StepTime::default(), 0.0);
                (alone.total_s, pause, chunks.busy / 2.0)
            }
        };
        State { decode, pause, wait_s: wait * with, own_s: own * with, chunk: chunks.near }
    }

    fn as_estimate(&self, load: &Load, state: &State, requests_per_s: f64) -> Estimate {
        let compiled = &self.decode;
        let mean = state.decode.blend(1.0, &state.pause, 1.0);
        let layers: u32 = compiled.layers.iter().map(|kind| kind.layers).sum();
        let scaled = mean.blend(1.0 / f64::from(layers), &StepTime::default(), 0.0);
        let overlap = if compiled.pipeline_stages > 1.0 { 1 } else { load.micro_batches };
        let point = self.point(load);
        let ledger = self.memory(load, state.chunk);
        let tokens_per_s = requests_per_s * load.output_tokens;
        let per_token = self.steps_per_request(load) / load.output_tokens;
        Estimate {
            infeasible: compiled.infeasible(point, &ledger, &Ledger::default()),
            stages: scaled.stages,
            cycle: Seconds::new(scaled.stages.cycle(compiled.sharing, overlap)),
            step: Seconds::new(mean.total_s),
            tpot: Seconds::new(mean.total_s * per_token),
            tokens_per_s_per_device: tokens_per_s / compiled.devices,
            usd_per_mtok: compiled.price.usd_per_second() / tokens_per_s * TOKENS_PER_MTOK,
            bound_by: compiled.bound_by(&mean.stages, mean.compute_bound_s, overlap),
            attention_memory: ledger,
            ffn_memory: Ledger::default(),
        }
    }

    /// The load as a point of the decoding deployment.
    #[must_use]
    pub fn point(&self, load: &Load) -> Point {
        Point {
            batch: load.concurrency,
            micro_batches: load.micro_batches,
            context: in_flight_context(load.input_tokens, load.output_tokens),
        }
    }

    /// What a device holds: the cache of all requests in flight, and buffers for a full step.
    fn memory(&self, load: &Load, chunk: f64) -> Ledger {
        let held = &self.decode.attention_memory;
        let micro_batches = f64::from(load.micro_batches);
        let cuts = micro_batches * self.decode.attention_ranks;
        let requests = (load.concurrency as f64 / cuts).ceil() * micro_batches;
        let rows = requests * self.decode.options.query_tokens + chunk;
        Ledger {
            weights: held.weights,
            kv: held.kv_per_request(self.point(load).context) * requests,
            activations: held.per_token * rows,
        }
    }
}
