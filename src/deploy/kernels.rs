//! The kernels that one device runs in one layer, at a number of rows: what each computes and
//! moves. [`estimate`](super::estimate) adds up their times, [`breakdown`](super::breakdown) lists
//! them, so that the parts are the whole.
//!
//! A matrix product computes whole tiles of rows and moves the rows that there are. The experts'
//! rows fill tiles of their own: with x rows of a device for n experts that they touch, n tiles'
//! worth of x / n rows each. Nothing here allocates, and visits are always inlined: a sum that lives in
//! memory instead of a register doubles the time of an estimate.

use super::compile::{AttentionKind, FfnKind, TimedGemm};
use crate::machine::kernel::{KernelTime, padded};

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
}

/// Visits products that all have the same rows.
#[inline(always)]
pub(super) fn each_gemm(all: &[TimedGemm], rows: f64, tile: f64, mut visit: impl FnMut(Kernel)) {
    let computed = padded(rows, tile);
    for TimedGemm { gemm, rate } in all {
        let bytes = gemm.weight_bytes + gemm.bytes_per_row * rows;
        let flops = gemm.flops_per_row * computed;
        visit(Kernel { name: gemm.name, rows, flops, bytes, time: rate.time(flops, bytes) });
    }
}

/// Time of products that all have the same rows.
#[inline]
pub(super) fn gemms(all: &[TimedGemm], rows: f64, tile: f64) -> KernelTime {
    let mut time = KernelTime::default();
    each_gemm(all, rows, tile, |kernel| time += kernel.time);
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
        tile: f64,
        mut visit: impl FnMut(Kernel),
    ) {
        each_gemm(&self.gemms, requests * queries, tile, &mut visit);
        visit(self.core(requests, queries, context));
    }

    /// The core.
    #[inline(always)]
    pub(super) fn core(&self, requests: f64, queries: f64, context: f64) -> Kernel {
        let core = self.core.at(context);
        // More query tokens multiply arithmetic, not the cache that they share.
        let flops = core.flops.flops() * requests * queries;
        let bytes = core.bytes.bytes() * requests;
        let time = self.core_rate.time(flops, bytes);
        Kernel { name: "core", rows: requests, flops, bytes, time }
    }

    /// Time of one layer on one device.
    #[must_use]
    #[inline]
    pub fn time(&self, requests: f64, queries: f64, context: f64, tile: f64) -> KernelTime {
        let mut time = KernelTime::default();
        self.each(requests, queries, context, tile, |kernel| time += kernel.time);
        time
    }
}

impl FfnKind {
    /// Visits the kernels of one layer on one FFN device for `rows` tokens of the whole
    /// micro-batch.
    #[inline(always)]
    pub(super) fn each(&self, rows: f64, tile: f64, mut visit: impl FnMut(Kernel)) {
        each_gemm(&self.gemms, rows * self.gemm_rows, tile, &mut visit);
        if let Some((work, rate)) = &self.experts {
            let mine = rows * work.experts_per_token / self.expert_groups * self.skew.max_over_mean;
            let touched = work.touched(self.skew.visits.touched(rows), rows);
            let bytes = touched * work.expert_bytes + work.bytes_per_row * mine;
            let computed = if tile > 1.0 { touched * padded(mine / touched, tile) } else { mine };
            let flops = work.flops_per_row * computed;
            let time = rate.time(flops, bytes);
            visit(Kernel { name: "routed experts", rows: mine, flops, bytes, time });
        }
    }

    /// Time of one layer on one FFN device.
    #[must_use]
    #[inline]
    pub fn time(&self, rows: f64, tile: f64) -> KernelTime {
        let mut time = KernelTime::default();
        self.each(rows, tile, |kernel| time += kernel.time);
        time
    }
}
