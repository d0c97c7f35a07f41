//! Prefill: what the n tokens of one prompt ask of a layer. FLOPs and bytes, no rates.
//!
//! **Linears.** 2 params n, the LM head for the last token only.
//!
//! **Attention core**, causal: the token at position s sees min(s, cap) tokens, cap the window, so
//! with f FLOPs per pair of query and key (all heads)
//!
//! ```text
//! pairs(n, cap) = sum over s = 1..n of min(s, cap) = n (n + 1) / 2            n <= cap
//!                                                   cap (cap + 1) / 2 + (n - cap) cap   otherwise
//! FLOPs = f pairs + n x (FLOPs per token of a recurrence)
//! ```
//!
//! f is that of decoding, 4 H d for GQA and MFA. MLA prefills **unabsorbed** (DeepSeek-V2,
//! arXiv 2405.04434): keys and values are expanded from the latent, QK runs over d_nope + d_rope
//! and PV over d_v, so f = 2 H (d_nope + d_rope + d_v) in place of 2 H (2 r_kv + d_rope).
//! Recurrences cost per token what they cost in decoding, the least that their chunked forms do.
//!
//! **Bytes.** In c chunks of z = n / c tokens the i-th reads what is before and in it once,
//! min(i z, cap + z) tokens, so n (c + 1) / 2 in all without a window; that queries of a chunk share
//! one pass is the ideal that on-chip caches come near. Every token writes its KV once, and a
//! recurrent state is read and written once per chunk. MLA reads expanded keys and values, and
//! expands those of earlier chunks again for every chunk, n (c - 1) / 2 tokens in all. Where c is
//! not whole, the chunk that begins counts by its share.

use super::Counting;
use super::attention::{Attention, CorePart, CoreShape, Mla};
use super::dtype::Dtype;
use super::ffn::Ffn;
use super::matrix::Matrix;
use crate::units::{Bytes, Flops};

/// One prompt, and how it is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prompt {
    /// n.
    pub tokens: f64,
    /// c, at least 1; not whole where the last chunk is shared with the next prompt.
    pub chunks: f64,
}

/// Work of a prompt's attention core in one layer on one device.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PrefillWork {
    /// QK and PV, or a recurrence.
    pub core_flops: f64,
    /// Cache read and written.
    pub core_bytes: f64,
    /// Expanding the latents of earlier chunks again (MLA).
    pub expansion_flops: f64,
    /// What that reads and writes.
    pub expansion_bytes: f64,
}

/// One layer's attention core on one device as a function of the prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrefillCore {
    /// Per pair of query and key, and per token (FLOPs) or chunk (bytes) what is fixed.
    pub shape: CoreShape,
    /// KV written per token.
    pub written: Bytes,
    /// Expanding one token's latent; nothing but for MLA.
    pub expansion: Expansion,
}

/// Keys and values of one token from its latent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expansion {
    /// 2 r_kv H (d_nope + d_v).
    pub flops: f64,
    /// Latent in, keys and values out.
    pub bytes: f64,
}

/// Pairs of query and key of a causal pass over n tokens that see at most `cap`.
#[must_use]
#[inline]
pub fn causal_pairs(n: f64, cap: f64) -> f64 {
    let full = n.min(cap);
    full * (full + 1.0) / 2.0 + if n > cap { (n - cap) * cap } else { 0.0 }
}

/// Tokens whose cache the chunks of a prompt read, with a window of `cap`.
#[must_use]
#[inline]
pub fn chunk_reads(prompt: Prompt, cap: f64) -> f64 {
    let (c, z) = (prompt.chunks, prompt.tokens / prompt.chunks);
    let growing = ((cap / z).floor() + 1.0).min(c.floor());
    let rest = (c - growing) * ((growing + 1.0) * z).min(cap + z);
    z * growing * (growing + 1.0) / 2.0 + rest
}

/// Tokens that stand before the chunks of a prompt, summed over them.
#[must_use]
#[inline]
pub fn earlier_tokens(prompt: Prompt) -> f64 {
    let whole = prompt.chunks.floor();
    let rest = (prompt.chunks - whole) * whole;
    prompt.tokens / prompt.chunks * (whole * (whole - 1.0) / 2.0 + rest)
}

impl PrefillCore {
    /// One device's part where `tp` devices share the heads, with activations in a format.
    #[must_use]
    pub fn new(attention: &Attention, tp: u32, activations: Dtype) -> Self {
        let splits = u64::from(tp).min(attention.kv_splits()) as f64;
        let written = attention.kv_bytes_held(1) / splits;
        let shape = attention.core_shape(Counting::Exact);
        match attention {
            Attention::Mla(mla) => Self {
                // Expanded keys and values split by heads, unlike the latent.
                shape: unabsorbed(mla, shape, activations).split(tp, u64::MAX),
                written,
                expansion: Expansion::of(mla, tp, activations),
            },
            _ => Self {
                shape: shape.split(tp, attention.kv_splits()),
                written,
                expansion: Expansion::default(),
            },
        }
    }

    /// The work of one prompt.
    #[must_use]
    #[inline]
    pub fn work(&self, prompt: Prompt) -> PrefillWork {
        let n = prompt.tokens;
        let fixed = &self.shape.fixed;
        let mut work = PrefillWork {
            core_flops: fixed.flops.flops() * n,
            core_bytes: fixed.bytes.bytes() * prompt.chunks + self.written.bytes() * n,
            ..PrefillWork::default()
        };
        for part in &self.shape.parts {
            work.core_flops += part.slope.flops.flops() * causal_pairs(n, part.cap);
            let bytes = part.slope.bytes.bytes();
            if bytes > 0.0 {
                work.core_bytes += bytes * chunk_reads(prompt, part.cap);
            }
        }
        let again = earlier_tokens(prompt);
        work.expansion_flops = self.expansion.flops * again;
        work.expansion_bytes = self.expansion.bytes * again;
        work
    }
}

/// MLA's core over expanded keys and values.
fn unabsorbed(mla: &Mla, mut shape: CoreShape, activations: Dtype) -> CoreShape {
    let keys = mla.nope_head_dim + mla.rope_head_dim;
    let width = (mla.query_heads * (keys + mla.value_head_dim)) as f64;
    shape.parts[0] = CorePart::new(2.0 * width, activations.bytes(width), f64::INFINITY);
    shape
}

impl Expansion {
    fn of(mla: &Mla, tp: u32, activations: Dtype) -> Self {
        let width = (mla.query_heads * (mla.nope_head_dim + mla.value_head_dim)) as f64;
        let width = width / f64::from(tp);
        let latent = mla.kv_cache.bytes((mla.kv_rank + mla.rope_head_dim) as f64);
        Self {
            flops: 2.0 * mla.kv_rank as f64 * width,
            bytes: (latent + activations.bytes(width)).bytes(),
        }
    }
}

/// FLOPs of one layer for a whole prompt of n tokens in one piece.
#[must_use]
pub fn layer_flops(attention: &Attention, ffn: &Ffn, h: u64, n: u64) -> Flops {
    let linears: Flops = attention.matrices(h).iter().map(Matrix::flops).sum();
    let linears = linears + ffn.flops(h) + ffn.router_flops(h);
    let core = PrefillCore::new(attention, 1, Dtype::Bf16);
    let prompt = Prompt { tokens: n as f64, chunks: 1.0 };
    linears * n as f64 + Flops::new(core.work(prompt).core_flops)
}
