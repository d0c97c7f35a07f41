//! Decode attention as measured.
//!
//! One step of B requests, each with S tokens of context; U = B x KV heads on the device is the
//! number of units of work that share no cache.
//!
//! ```text
//! t = startup + unit U
//!     + smax(bytes / (e_b BW), padded FLOPs / (e_f peak)) + cold clip((bytes - found) / L2, 0, 1)
//!     + merge
//! ```
//!
//! - Query rows of one KV head (heads x query tokens) are padded to the tile, and beyond it to
//!   multiples of 64: on Hopper 16 heads cost an MLA kernel as much as 64. Heads wider than 128 and
//!   tiles of 64 rows run in kernels of their own, and have fits of their own ([`variant`]).
//! - With fewer units than multiprocessors (SM), contexts are split so that 2 SM pieces run, and
//!   the pieces' results are merged: a second kernel (`merge`), its traffic (pieces x rows x d in
//!   FP32, written and read), and a chain as long as the pieces of one request.
//! - A cache that no longer fits in L2 pays `cold` once. A benchmark that reads one cache over and
//!   over finds a small one in L2 and pays nothing; a step of a whole model never does, and pays in
//!   proportion from the first byte ([`Cache`]).
//!
//! - A kernel that hands pieces out from a [`queue`](super::queue) computes as long as its busiest
//!   group of multiprocessors, where requests all have one length as benchmarks' do.
//!
//! Whatever the batch, time does not fall as it grows: beyond SM units nothing is merged, and the
//! time stays at least that of SM units, merged. The chain is never counted longer than the core
//! itself, so that it does not fall faster than the core rises.

use super::queue::imbalance;
use crate::machine::kernel::{KernelRate, KernelTime, padded, smooth_max};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Context tokens of the smallest piece that a context is split into.
pub const SMALLEST_PIECE_TOKENS: f64 = 128.0;

/// Fitted constants of one kernel family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttentionFit {
    /// Time of an empty call.
    pub startup_us: f64,
    /// Share of the memory bandwidth that is reached.
    pub memory_efficiency: f64,
    /// Share of the peak arithmetic rate of the products' format that is reached.
    pub compute_efficiency: f64,
    /// Extra at the ridge point, in [0, 1).
    pub ridge_rounding: f64,
    /// Rows that the query rows of a KV head are padded to.
    pub tile_rows: f64,
    /// Extra time once the cache read no longer fits in L2.
    pub cold_us: f64,
    /// Bytes that L2 holds.
    pub l2_mb: f64,
    /// Time of the kernel that merges pieces.
    pub merge_us: f64,
    /// Times that the pieces' results pass memory beyond once written and once read.
    pub merge_traffic: f64,
    /// Time per piece of one request in the merge.
    pub merge_us_per_piece: f64,
    /// Time per unit of work.
    pub unit_ns: f64,
    /// Multiprocessors that work on one piece, where pieces come from a queue; 0 where there is none.
    pub queue_processors: f64,
}

/// What a device has that the formula needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peaks {
    /// Arithmetic of the products' format, FLOPs per second.
    pub flops_per_s: f64,
    /// Memory bandwidth, bytes per second.
    pub bytes_per_s: f64,
    /// Multiprocessors.
    pub processors: f64,
}

/// Whether a kernel may find its cache in L2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// As benchmarks that read the same cache again do.
    Hot,
    /// As a layer of a model finds it: all other layers' caches and weights passed in between.
    Cold,
}

/// The shape of the heads on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heads {
    /// Units of work of one request: KV heads; 1 for a latent that all heads share.
    pub units: f64,
    /// Query rows of one of them: heads x query tokens.
    pub rows: f64,
    /// Width of a row's result.
    pub value_width: f64,
}

/// Rows of the tiles beyond the first.
const TALL: f64 = 64.0;
/// Query rows that fit a low tile.
const LOW: f64 = 16.0;

/// The kernel of a GQA family that heads run in; none is the usual one.
#[must_use]
pub fn variant(head_dim: f64, rows: f64) -> Option<&'static str> {
    match (head_dim > 128.0, rows > LOW) {
        (false, _) => None,
        (true, false) => Some("wide"),
        (true, true) => Some("wide_tall"),
    }
}

/// Query rows as they are computed.
fn padded_rows(rows: f64, tile: f64) -> f64 {
    if rows <= tile { tile } else { padded(rows, TALL.max(tile)) }
}

/// The constants of one attention core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionRate {
    /// Start-up, arithmetic (padding included) and bytes.
    pub kernel: KernelRate,
    /// Rows computed over rows there are; part of the kernel's time per FLOP already.
    pub padding: f64,
    /// Units of work of one request.
    pub units: f64,
    /// Nothing beyond the kernel itself; the rest is not looked at.
    pub plain: bool,
    /// Multiprocessors.
    pub processors: f64,
    /// Time per unit.
    pub unit_s: f64,
    /// Extra beyond L2.
    pub cold_s: f64,
    /// Bytes that are found in L2, in what it holds: 1 or 0.
    pub found: f64,
    /// 1 / bytes of L2.
    pub per_l2_byte: f64,
    /// Time of the merging kernel.
    pub merge_s: f64,
    /// Merging traffic per piece.
    pub piece_s: f64,
    /// Time per piece of a request.
    pub chain_s: f64,
}

impl AttentionFit {
    /// The constants for given heads on a device.
    #[must_use]
    pub fn rate(&self, peaks: &Peaks, heads: &Heads, cache: Cache) -> AttentionRate {
        let padding = padded_rows(heads.rows, self.tile_rows) / heads.rows;
        let piece_bytes = 2.0 * heads.rows * heads.value_width * 4.0;
        AttentionRate {
            kernel: KernelRate {
                startup_s: self.startup_us * 1e-6,
                s_per_flop: padding / (self.compute_efficiency * peaks.flops_per_s),
                s_per_byte: 1.0 / (self.memory_efficiency * peaks.bytes_per_s),
                ridge_rounding: self.ridge_rounding,
            },
            padding,
            units: heads.units,
            plain: false,
            processors: peaks.processors,
            unit_s: self.unit_ns * 1e-9,
            cold_s: self.cold_us * 1e-6,
            found: if cache == Cache::Hot { 1.0 } else { 0.0 },
            per_l2_byte: 1e-6 / self.l2_mb,
            merge_s: self.merge_us * 1e-6,
            piece_s: self.merge_traffic * piece_bytes / peaks.bytes_per_s,
            chain_s: self.merge_us_per_piece * 1e-6,
        }
    }

    /// What the busiest multiprocessors compute over the mean, for requests of one length.
    #[must_use]
    pub fn queue_imbalance(&self, requests: u64, context: u64, rows: f64, processors: f64) -> f64 {
        if self.queue_processors == 0.0 {
            return 1.0;
        }
        // More rows than a multiprocessor takes need several for one piece.
        let together = (rows / TALL).ceil().clamp(1.0, self.queue_processors);
        imbalance(requests, context, (processors / together) as u64)
    }
}

impl AttentionRate {
    /// A kernel and nothing else.
    #[must_use]
    pub const fn plain(kernel: KernelRate) -> Self {
        Self {
            kernel,
            padding: 1.0,
            units: 1.0,
            plain: true,
            processors: 1.0,
            unit_s: 0.0,
            cold_s: 0.0,
            found: 0.0,
            per_l2_byte: 0.0,
            merge_s: 0.0,
            piece_s: 0.0,
            chain_s: 0.0,
        }
    }

    /// No more than [`Self::time`], and per request falling with the requests: nothing is merged,
    /// and no query rows are padded.
    #[must_use]
    #[inline]
    pub fn least_time(&self, requests: f64, flops: f64, bytes: f64) -> KernelTime {
        self.kernel.least_time(flops * requests, bytes * requests, 0.0)
    }

    /// Time of one step of `requests` requests that do `flops` and read `bytes` each, over
    /// `context` tokens.
    #[must_use]
    #[inline]
    pub fn time(&self, requests: f64, flops: f64, bytes: f64, context: f64) -> KernelTime {
        if self.plain {
            return self.kernel.time(flops * requests, bytes * requests);
        }
        self.split_and_merged(requests, flops, bytes, context)
    }

    /// The time where there is more than the kernel; apart, so that the rest is inlined.
    fn split_and_merged(&self, requests: f64, flops: f64, bytes: f64, context: f64) -> KernelTime {
        let units = requests * self.units;
        let core = |requests: f64| {
            let moved = bytes * requests;
            let compute = flops * requests * self.kernel.s_per_flop;
            let memory = moved * self.kernel.s_per_byte;
            let cold = (moved * self.per_l2_byte - self.found).clamp(0.0, 1.0) * self.cold_s;
            (smooth_max(compute, memory, self.kernel.ridge_rounding) + cold, compute > memory)
        };
        let split = units.min(self.processors);
        let (mut busy, mut compute) = core(split / self.units);
        let most = context / SMALLEST_PIECE_TOKENS;
        let pieces = (2.0 * self.processors / split).min(most);
        if pieces > 1.0 {
            let chain = (self.chain_s * pieces).min(busy);
            busy += self.merge_s + self.piece_s * split * pieces + chain;
        }
        if units > self.processors {
            let (whole, bound) = core(requests);
            if whole > busy {
                (busy, compute) = (whole, bound);
            }
        }
        KernelTime {
            total_s: self.kernel.startup_s + self.unit_s * units + busy,
            compute_bound_s: if compute { busy } else { 0.0 },
        }
    }
}
