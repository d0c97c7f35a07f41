//! The kernels that one device runs in one layer, at a number of rows: what each computes and
//! moves. [`estimate`](super::estimate) adds up their times, [`breakdown`](super::breakdown) lists
//! them, so that the parts are the whole.
//!
//! A matrix product computes whole tiles of rows and moves the rows that there are. The experts'
//! rows fill tiles of their own: with x rows of a device for n experts that they touch, n tiles'
//! worth of x / n rows each. Where times are to be a bound from below, [`Tiling::Bare`] leaves padding,
//! waves and merging out. Nothing here allocates, and visits are always inlined: sums stay in
//! registers.

use super::compile::{AttentionKind, FfnKind, TimedExperts, TimedGemm};
use super::rates::{FitId, SmallKernels};
use crate::machine::kernel::KernelTime;

/// How rows are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tiling {
    /// In tiles, as kernels do.
    Tiled,
    /// As they are: the least that a kernel can take, whose time per row falls with the rows.
    Bare,
}

/// One kernel at a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// Rows of a product, requests of a core.
    pub rows: f64,
    /// Arithmetic, padding included.
    pub flops: f64,
    /// Bytes read and written.
    pub bytes: f64,
    /// How long it takes.
    pub time: KernelTime,
    /// Where the constants of its time are from.
    pub fit: FitId,
    /// What a range of validity is told in: k and n of a product, experts and their k and n, or the
    /// context and heads of a core.
    pub shape: [f64; 3],
}

/// Visits products that all have the same rows.
#[inline(always)]
pub(super) fn each_gemm(all: &[TimedGemm], rows: f64, how: Tiling, mut visit: impl FnMut(Kernel)) {
    for TimedGemm { gemm, rate, fit } in all {
        let bytes = gemm.weight_bytes + gemm.bytes_per_row * rows;
        let (computed, time) = match how {
            Tiling::Tiled => (rate.computed_rows(rows), rate.time(rows, gemm.flops_per_row, bytes)),
            Tiling::Bare => (rows, rate.least_time(rows * gemm.flops_per_row, bytes)),
        };
        let flops = gemm.flops_per_row * computed;
        let shape = [gemm.inputs, gemm.outputs, 0.0];
        visit(Kernel { name: gemm.name, rows, flops, bytes, time, fit: *fit, shape });
    }
}

/// Time of products that all have the same rows.
#[inline]
pub(super) fn gemms(all: &[TimedGemm], rows: f64, how: Tiling) -> KernelTime {
    let mut time = KernelTime::default();
    each_gemm(all, rows, how, |kernel| time += kernel.time);
    time
}

impl AttentionKind {
    /// Visits the kernels of one layer on one device for `requests` with `queries` query tokens
    /// each.
    #[inline(always)]
    pub(super) fn each(
        &self,
        requests: f64,
        queries: f64,
        context: f64,
        how: Tiling,
        mut visit: impl FnMut(Kernel),
    ) {
        each_gemm(&self.gemms, requests * queries, how, &mut visit);
        visit(self.core(requests, queries, context, how));
        each_small(&self.small, requests * queries, visit);
    }

    /// The core.
    #[inline(always)]
    pub(super) fn core(&self, requests: f64, queries: f64, context: f64, how: Tiling) -> Kernel {
        let core = self.core.at(context);
        // More query tokens multiply arithmetic, not the cache that they share.
        let (flops, bytes) = (core.flops.flops() * queries, core.bytes.bytes());
        let seen = context.min(self.seen_tokens);
        let rate = &self.core_rate;
        let time = match how {
            Tiling::Tiled => rate.time(requests, flops, bytes, seen),
            Tiling::Bare => rate.least_time(requests, flops, bytes),
        };
        Kernel {
            name: "core",
            rows: requests,
            flops: flops * requests * rate.padding,
            bytes: bytes * requests,
            time,
            fit: self.core_fit,
            shape: [seen, rate.units, 0.0],
        }
    }

    /// Time of one layer on one device.
    #[inline]
    pub(super) fn time(
        &self,
        requests: f64,
        queries: f64,
        context: f64,
        how: Tiling,
    ) -> KernelTime {
        let mut time = KernelTime::default();
        self.each(requests, queries, context, how, |kernel| time += kernel.time);
        time
    }
}

/// The name of kernels that only move rows.
pub(super) const SMALL_KERNELS: &str = "small kernels";

/// Visits kernels that only move rows, as one.
#[inline(always)]
pub(super) fn each_small(small: &SmallKernels, rows: f64, mut visit: impl FnMut(Kernel)) {
    let total_s = small.time(rows);
    if total_s > 0.0 {
        visit(Kernel {
            name: SMALL_KERNELS,
            rows,
            flops: 0.0,
            bytes: 0.0,
            time: KernelTime { total_s, compute_bound_s: 0.0 },
            fit: None,
            shape: [0.0; 3],
        });
    }
}

impl FfnKind {
    /// Visits the kernels that run beside attention for `near` tokens of one device.
    #[inline(always)]
    pub(super) fn each_near(&self, near: f64, how: Tiling, mut visit: impl FnMut(Kernel)) {
        each_gemm(&self.near_gemms, near, how, &mut visit);
        each_small(&self.small, near, visit);
    }

    /// Their time.
    #[inline]
    pub(super) fn near_time(&self, near: f64, how: Tiling) -> KernelTime {
        let mut time = KernelTime::default();
        self.each_near(near, how, |kernel| time += kernel.time);
        time
    }

    /// Visits the kernels of one layer on one FFN device for `rows` tokens of the whole
    /// micro-batch.
    #[inline(always)]
    pub(super) fn each(&self, rows: f64, how: Tiling, mut visit: impl FnMut(Kernel)) {
        each_gemm(&self.gemms, rows * self.gemm_rows, how, &mut visit);
        if let Some(TimedExperts { work, rate, fit, few }) = &self.experts {
            let mine = rows * work.experts_per_token / self.expert_groups * self.skew.max_over_mean;
            let touched = work.touched(self.skew.visits.touched(rows), rows);
            // Fits of whole experts have what is moved per row as a time of its own.
            let per_row = if rate.s_per_row > 0.0 { 0.0 } else { work.bytes_per_row };
            let bytes = touched * work.expert_bytes + per_row * mine;
            // No device meets more tokens than there are, or than it has rows.
            let tokens = rows.min(mine);
            let (computed, time) = match how {
                Tiling::Tiled => {
                    let time = rate.time([mine, tokens], touched, work.flops_per_row, bytes);
                    (rate.computed_rows(mine, touched), time)
                }
                Tiling::Bare => (mine, rate.least_time(mine * work.flops_per_row, bytes)),
            };
            let (mut time, mut fit) = (time, *fit);
            if let Some((few, other)) = few {
                let quick = match how {
                    Tiling::Tiled => few.time([mine, tokens], touched, work.flops_per_row, bytes),
                    Tiling::Bare => few.least_time(mine * work.flops_per_row, bytes),
                };
                if quick.total_s < time.total_s {
                    (time, fit) = (quick, *other);
                }
            }
            visit(Kernel {
                name: "routed experts",
                rows: mine,
                flops: work.flops_per_row * computed,
                bytes,
                time,
                fit,
                shape: [work.local_experts, work.inputs, work.along_k - work.inputs],
            });
        }
    }

    /// Time of one layer on one FFN device.
    #[inline]
    pub(super) fn time(&self, rows: f64, how: Tiling) -> KernelTime {
        let mut time = KernelTime::default();
        self.each(rows, how, |kernel| time += kernel.time);
        time
    }
}
