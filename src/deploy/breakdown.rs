//! A point taken apart: every kernel and transfer of one layer of each kind, with its FLOPs, bytes
//! and time. The same sums as `estimate`, kept apart for people to read.

use super::compile::{AttentionKind, Compiled, FfnKind, TimedGemm};
use super::estimate::Point;
use crate::cost::ideal::Bound;
use crate::machine::kernel::KernelRate;

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
    /// Arithmetic.
    pub flops: f64,
    /// Bytes read and written; 0 for transfers, whose bytes are on the wire.
    pub bytes: f64,
    /// Time in seconds.
    pub time_s: f64,
    /// What it waits for; nothing for transfers.
    pub bound: Option<Bound>,
}

/// A context to make pieces in.
struct Maker<'a> {
    stage: Stage,
    design: &'a str,
    layers: u32,
}

impl Maker<'_> {
    fn kernel(&self, name: &str, rows: f64, flops: f64, bytes: f64, rate: &KernelRate) -> Piece {
        let time = rate.time(flops, bytes);
        let bound =
            if time.compute_bound_s > 0.0 { Bound::Compute } else { Bound::MemoryBandwidth };
        self.piece(name, rows, flops, bytes, time.total_s, Some(bound))
    }

    fn piece(
        &self,
        name: &str,
        rows: f64,
        flops: f64,
        bytes: f64,
        time_s: f64,
        bound: Option<Bound>,
    ) -> Piece {
        Piece {
            stage: self.stage,
            design: self.design.to_owned(),
            layers: self.layers,
            name: name.to_owned(),
            rows,
            flops,
            bytes,
            time_s,
            bound,
        }
    }

    fn gemms(&self, all: &[TimedGemm], rows: f64) -> Vec<Piece> {
        let piece = |TimedGemm { gemm, rate }: &TimedGemm| {
            let bytes = gemm.weight_bytes + gemm.bytes_per_row * rows;
            self.kernel(gemm.name, rows, gemm.flops_per_row * rows, bytes, rate)
        };
        all.iter().map(piece).collect()
    }
}

impl Compiled {
    /// Every piece of a point, in the order of a layer.
    #[must_use]
    pub fn breakdown(&self, point: Point) -> Vec<Piece> {
        let options = &self.options;
        let requests = self.requests_per_rank(point);
        let context = self.slowest_context(requests, point.context);
        let near = requests * options.query_tokens;
        let all = near * self.attention_ranks;
        let layers_of = |of: &dyn Fn(&super::compile::LayerKind) -> bool| {
            self.layers.iter().filter(|kind| of(kind)).map(|kind| kind.layers).sum::<u32>()
        };
        let mut pieces = Vec::new();
        for (at, kind) in self.attention.iter().enumerate() {
            let layers = layers_of(&|k| k.attention == at);
            pieces.extend(self.attention_pieces(kind, layers, requests, context));
        }
        for (at, kind) in self.ffn.iter().enumerate() {
            let layers = layers_of(&|k| k.ffn == at);
            pieces.extend(self.ffn_pieces(kind, layers, near, all));
        }
        let step = Maker { stage: Stage::Step, design: "", layers: 1 };
        let tokens = near + requests * (options.query_tokens - 1.0);
        let rows = tokens * f64::from(point.micro_batches) * self.lm_head_rows;
        pieces.extend(step.gemms(std::slice::from_ref(&self.lm_head), rows));
        if options.fixed_s > 0.0 {
            pieces.push(step.piece("fixed", 0.0, 0.0, 0.0, options.fixed_s, None));
        }
        pieces
    }

    fn attention_pieces(
        &self,
        kind: &AttentionKind,
        layers: u32,
        requests: f64,
        context: f64,
    ) -> Vec<Piece> {
        let maker = Maker { stage: Stage::Attention, design: &kind.name, layers };
        let queries = self.options.query_tokens;
        let core = kind.core.at(context);
        let (flops, bytes) =
            (core.flops.flops() * requests * queries, core.bytes.bytes() * requests);
        let mut pieces = maker.gemms(&kind.gemms, requests * queries);
        pieces.push(maker.kernel("core", requests, flops, bytes, &kind.core_rate));
        pieces
    }

    fn ffn_pieces(&self, kind: &FfnKind, layers: u32, near: f64, all: f64) -> Vec<Piece> {
        let at = |stage| Maker { stage, design: &kind.name, layers };
        let mut pieces = at(Stage::Attention).gemms(&kind.near_gemms, near);
        let transfer = |stage, time: f64| at(stage).piece("transfer", near, 0.0, 0.0, time, None);
        pieces.push(transfer(Stage::Dispatch, kind.dispatch.time(near, all)));
        pieces.extend(at(Stage::Ffn).gemms(&kind.gemms, all * kind.gemm_rows));
        if let Some((work, rate)) = &kind.experts {
            let rows = all * work.experts_per_token / kind.expert_groups * kind.imbalance;
            let bytes = work.touched(all) * work.expert_bytes + work.bytes_per_row * rows;
            let flops = work.flops_per_row * rows;
            pieces.push(at(Stage::Ffn).kernel("routed experts", rows, flops, bytes, rate));
        }
        pieces.push(transfer(Stage::Return, kind.combine.time(near, all)));
        pieces
    }
}
