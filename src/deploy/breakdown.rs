//! A point taken apart: every kernel and transfer of one layer of each kind, with its FLOPs, bytes
//! and time. The same `kernels` as an estimate adds up, kept apart for people to read.

use super::compile::{Compiled, FfnKind, LayerKind};
use super::confidence::Basis;
use super::estimate::Point;
use super::kernels::{Kernel, SMALL_KERNELS, Tiling};
use crate::cost::ideal::Bound;
use crate::machine::calibration::Fit;

/// Which stage of a layer a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Attention.
    Attention,
    /// Attention to FFN.
    Dispatch,
    /// FFN.
    Ffn,
    /// FFN to attention.
    Return,
    /// Once per step.
    Step,
}

impl Stage {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Dispatch => "dispatch",
            Self::Ffn => "ffn",
            Self::Return => "return",
            Self::Step => "step",
        }
    }
}

/// One kernel or transfer on one device, of one layer and micro-batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Stage it belongs to.
    pub stage: Stage,
    /// The attention or FFN design it belongs to; empty for what is once per step.
    pub design: String,
    /// Layers of that design.
    pub layers: u32,
    /// Its name.
    pub name: String,
    /// Rows of the product, tokens of the transfer or requests of the core.
    pub rows: f64,
    /// Arithmetic, with the rows that fill up a kernel's tiles.
    pub flops: f64,
    /// Bytes read and written; 0 for transfers, whose bytes are on the wire.
    pub bytes: f64,
    /// Time in seconds.
    pub time_s: f64,
    /// What it waits for; nothing for transfers.
    pub bound: Option<Bound>,
    /// Where the constants of its time are from; nothing at datasheet peaks.
    pub basis: Option<Basis>,
}

/// A context to make pieces in.
struct Maker<'a> {
    stage: Stage,
    design: &'a str,
    layers: u32,
    fits: &'a [Fit],
    into: &'a mut Vec<Piece>,
}

impl Maker<'_> {
    fn kernel(&mut self, kernel: Kernel) {
        let time = kernel.time;
        let bound =
            if time.compute_bound_s > 0.0 { Bound::Compute } else { Bound::MemoryBandwidth };
        let piece = self.timed(kernel.name, kernel.rows, time.total_s);
        let (flops, bytes) = (kernel.flops, kernel.bytes);
        let basis = match kernel.name {
            SMALL_KERNELS => Some(Basis::unmeasured()),
            _ => Basis::of_kernel(&kernel, self.fits),
        };
        self.into.push(Piece { flops, bytes, bound: Some(bound), basis, ..piece });
    }

    /// What takes time without arithmetic or memory: a transfer, or what a step always takes.
    fn wait(&mut self, name: &str, rows: f64, time_s: f64, basis: Option<Basis>) {
        let piece = self.timed(name, rows, time_s);
        self.into.push(Piece { basis, ..piece });
    }

    fn timed(&self, name: &str, rows: f64, time_s: f64) -> Piece {
        Piece {
            stage: self.stage,
            design: self.design.to_owned(),
            layers: self.layers,
            name: name.to_owned(),
            rows,
            flops: 0.0,
            bytes: 0.0,
            time_s,
            bound: None,
            basis: None,
        }
    }
}

impl Compiled {
    /// Every piece of a point, in the order of a layer.
    #[must_use]
    pub fn breakdown(&self, point: Point) -> Vec<Piece> {
        let options = &self.options;
        let queries = options.query_tokens;
        let requests = self.requests_per_rank(point);
        let context = self.slowest_context(requests, point.context);
        let near = requests * queries;
        let all = near * self.attention_ranks;
        let layers_of = |of: &dyn Fn(&LayerKind) -> bool| {
            self.layers.iter().filter(|kind| of(kind)).map(|kind| kind.layers).sum::<u32>()
        };
        let mut pieces = Vec::new();
        for (at, kind) in self.attention.iter().enumerate() {
            let layers = layers_of(&|k| k.attention == at);
            let into = &mut pieces;
            let mut maker = Maker {
                stage: Stage::Attention,
                design: &kind.name,
                layers,
                fits: &self.attention_fits,
                into,
            };
            kind.each(requests, queries, context, Tiling::Tiled, |kernel| maker.kernel(kernel));
        }
        for (at, kind) in self.ffn.iter().enumerate() {
            let layers = layers_of(&|k| k.ffn == at);
            self.ffn_pieces(&mut pieces, kind, layers, [near, all]);
        }
        self.step_pieces(&mut pieces, self.logits(requests) * f64::from(point.micro_batches));
        pieces
    }

    /// What a step does once, for so many logits of each rank.
    fn step_pieces(&self, into: &mut Vec<Piece>, logits: f64) {
        let all = logits * self.attention_ranks;
        let mut step =
            Maker { stage: Stage::Step, design: "", layers: 1, fits: self.head_fits(), into };
        let gather = self.lm_head.gather.time(logits, all);
        if gather > 0.0 {
            step.wait("lm_head rows", logits, gather, self.lm_head.gather.basis());
        }
        self.lm_head.each(logits, all, Tiling::Tiled, |kernel| step.kernel(kernel));
        if self.options.fixed_s > 0.0 {
            step.wait("fixed", 0.0, self.options.fixed_s, None);
        }
    }

    fn head_fits(&self) -> &[Fit] {
        if self.lm_head.on_ffn { &self.ffn_fits } else { &self.attention_fits }
    }

    /// An FFN design for `near` tokens of an attention device and `all` together.
    fn ffn_pieces(
        &self,
        into: &mut Vec<Piece>,
        kind: &FfnKind,
        layers: u32,
        [near, all]: [f64; 2],
    ) {
        let fits: &[Fit] = &self.attention_fits;
        let (stage, design) = (Stage::Attention, kind.name.as_str());
        let mut maker = Maker { stage, design, layers, fits, into };
        kind.each_near(near, Tiling::Tiled, |kernel| maker.kernel(kernel));
        maker.stage = Stage::Dispatch;
        let time = kind.dispatch.time(near, all);
        maker.wait("transfer", near, time, kind.dispatch.basis());
        maker.stage = Stage::Ffn;
        maker.fits = &self.ffn_fits;
        kind.each(all, Tiling::Tiled, |kernel| maker.kernel(kernel));
        maker.stage = Stage::Return;
        let time = kind.combine.time(near, all);
        maker.wait("transfer", near, time, kind.combine.basis());
    }
}
