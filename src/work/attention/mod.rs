//! Attention designs: what each keeps per token, reads per token and computes per token.
//!
//! One file per design, each with its formulas in the literature's symbols. A design answers the
//! questions of [`Design`]; [`Attention`] is the closed list of designs, so that a new one is a
//! file here, a variant, and a line in `spec` that reads its keys.
//!
//! A design knows its own shape. It does not know how many layers use it, what surrounds it, or
//! any hardware.

pub mod compressed;
pub mod delta_net;
pub mod dsa;
pub mod gqa;
pub mod indexer;
pub mod kda;
pub mod lightning;
pub mod mfa;
pub mod mla;

use super::Counting;
use super::dtype::Dtype;
use super::matrix::Matrix;
use crate::units::{Bytes, Flops};

pub use compressed::Compressed;
pub use delta_net::GatedDeltaNet;
pub use dsa::Dsa;
pub use gqa::{Gqa, Window};
pub use indexer::Indexer;
pub use kda::Kda;
pub use lightning::Lightning;
pub use mfa::Mfa;
pub use mla::Mla;

/// What one layer's attention core moves and computes for one decoded token.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Core {
    /// QK, PV and recurrence arithmetic; projections are counted apart.
    pub flops: Flops,
    /// KV cache read, or recurrent state read and written.
    pub bytes: Bytes,
}

/// One layer's attention core as a function of the context S of one query token:
/// fixed + sum over parts of slope x min(S, cap).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoreShape {
    /// What grows with the context.
    pub parts: [CorePart; 3],
    /// What does not: the recurrent state of linear attention.
    pub fixed: Core,
    /// Format of the products: that of the cache they read.
    pub format: Dtype,
}

/// A part of a core that grows with the context up to a cap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorePart {
    /// Per context token.
    pub slope: Core,
    /// Context tokens beyond which it grows no more; infinite if it always does.
    pub cap: f64,
}

impl CorePart {
    /// A part that is not there.
    pub const NONE: Self =
        Self { slope: Core { flops: Flops::ZERO, bytes: Bytes::ZERO }, cap: f64::INFINITY };

    /// A part with so many FLOPs and bytes per context token.
    #[must_use]
    pub const fn new(flops: f64, bytes: Bytes, cap: f64) -> Self {
        Self { slope: Core { flops: Flops::new(flops), bytes }, cap }
    }
}

impl CoreShape {
    /// The work of one query token with `s` tokens of context.
    #[must_use]
    #[inline]
    pub fn at(&self, s: f64) -> Core {
        let mut core = self.fixed;
        for part in &self.parts {
            let seen = s.min(part.cap);
            core.flops += part.slope.flops * seen;
            core.bytes += part.slope.bytes * seen;
        }
        core
    }

    /// Context tokens beyond which nothing grows; infinite if something always does.
    #[must_use]
    pub fn longest(&self) -> f64 {
        let read = self.parts.iter().filter(|part| part.slope.bytes > Bytes::ZERO);
        read.map(|part| part.cap).fold(0.0, f64::max)
    }

    /// One device's share where `tp` devices share the heads and the cache splits at most
    /// `kv_splits` ways.
    #[must_use]
    pub fn split(mut self, tp: u32, kv_splits: u64) -> Self {
        let heads = 1.0 / f64::from(tp);
        let cache = 1.0 / u64::from(tp).min(kv_splits) as f64;
        let share = |core: &mut Core| {
            core.flops = core.flops * heads;
            core.bytes = core.bytes * cache;
        };
        share(&mut self.fixed);
        self.parts.iter_mut().for_each(|part| share(&mut part.slope));
        self
    }
}

/// The heads of a core that reads a cache, for whoever knows how kernels run over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreHeads {
    /// H.
    pub query: u64,
    /// K; 1 where all heads share a latent.
    pub kv: u64,
    /// Width of what a query head is multiplied with.
    pub key_width: u64,
    /// Width of a head's result.
    pub value_width: u64,
    /// Keys and values are one latent.
    pub latent: bool,
}

/// The questions every attention design answers, for one layer.
pub trait Design {
    /// The field's short name for the kind: `GQA`, `MLA` ...
    fn kind(&self) -> &'static str;

    /// The projections of one layer, for a model of hidden size `h`.
    fn matrices(&self, h: u64) -> Vec<Matrix>;

    /// The projections as a checkpoint stores them, where it fuses some.
    fn stored_matrices(&self, h: u64) -> Vec<Matrix> {
        self.matrices(h)
    }

    /// Parameters outside the projections: norms of heads and latents, sinks, decays.
    fn other_params(&self) -> u64;

    /// The core's work as a function of the context.
    fn core_shape(&self, counting: Counting) -> CoreShape;

    /// The core's work for one token with `s` tokens of context; to the token, where the shape
    /// smooths over blocks.
    fn core(&self, s: u64, counting: Counting) -> Core {
        self.core_shape(counting).at(s as f64)
    }

    /// The heads that read the cache; nothing where the design keeps a fixed state instead.
    fn heads(&self) -> Option<CoreHeads> {
        None
    }

    /// Most devices that the cache or state can be split over without a copy: the KV heads, 1 for
    /// a latent that every head reads.
    fn kv_splits(&self) -> u64;

    /// KV cache elements that one token adds, no window applied; 0 where the design keeps a fixed
    /// state instead. The keys of an indexer are none of them.
    fn kv_elements_per_token(&self) -> u64 {
        0
    }

    /// KV cache that a sequence of `s` tokens occupies; none where the design keeps a fixed state
    /// instead.
    fn kv_bytes_held(&self, _s: u64) -> Bytes {
        Bytes::ZERO
    }

    /// Recurrent state that a sequence occupies whatever its length; none where the design keeps a
    /// cache instead.
    fn state_bytes_per_sequence(&self) -> Bytes {
        Bytes::ZERO
    }

    /// Attention effective rank H d (paper, section 5.1): the width that the design's heads span.
    fn effective_rank(&self) -> u64;
}

/// Any attention design.
#[derive(Debug, Clone, PartialEq)]
pub enum Attention {
    /// Grouped-query attention, multi-head and multi-query included; full, sliding or chunked.
    Gqa(Gqa),
    /// Multi-matrix factorisation attention (Step-3).
    Mfa(Mfa),
    /// Multi-head latent attention (DeepSeek), absorbed for decoding.
    Mla(Mla),
    /// DeepSeek sparse attention: MLA on the tokens that an indexer selects.
    Dsa(Dsa),
    /// DeepSeek-V4's window with compressed entries behind it.
    Compressed(Compressed),
    /// Lightning attention (MiniMax): linear attention with a decayed state.
    Lightning(Lightning),
    /// Gated delta net (Qwen3-Next): linear attention with the delta rule.
    GatedDeltaNet(GatedDeltaNet),
    /// Kimi delta attention: the delta rule with a decay per channel.
    Kda(Kda),
}

impl Attention {
    /// Keeps the KV cache in another format; recurrent states and
    /// indexer keys keep theirs.
    pub fn set_kv_cache(&mut self, format: Dtype) {
        match self {
            Self::Gqa(design) => design.kv_cache = format,
            Self::Mfa(design) => design.kv_cache = format,
            Self::Mla(design) => design.kv_cache = format,
            Self::Dsa(design) => design.mla.kv_cache = format,
            Self::Compressed(design) => design.kv_cache = format,
            Self::Lightning(_) | Self::GatedDeltaNet(_) | Self::Kda(_) => {}
        }
    }
}

impl std::ops::Deref for Attention {
    type Target = dyn Design;
    fn deref(&self) -> &Self::Target {
        match self {
            Self::Gqa(design) => design,
            Self::Mfa(design) => design,
            Self::Mla(design) => design,
            Self::Dsa(design) => design,
            Self::Compressed(design) => design,
            Self::Lightning(design) => design,
            Self::GatedDeltaNet(design) => design,
            Self::Kda(design) => design,
        }
    }
}
