//! The constants by which a deployment's kernels are timed: datasheet peaks, or what was fitted to
//! measurements (`Options::fidelity`).
//!
//! Calibrated, engines are taken at what they do: products that read the same rows are one call
//! (`fused`), whole experts are timed by what was measured of whole experts where anything was,
//! and every layer runs kernels that only move rows (`small_kernels`). Each constant remembers
//! the fit that it is from, so that a breakdown can tell its error and range.

use super::compile::{AttentionKind, TimedExperts, TimedGemm};
use super::network::Links;
use super::options::Options;
use crate::machine::calibration::attention::{AttentionRate, Cache, Heads, variant};
use crate::machine::calibration::choose::{light_time, usual_time};
use crate::machine::calibration::gemm::{ExpertRate, ExpertShape, Spread};
use crate::machine::calibration::{Calibration, Family, Fit, Form};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Unknown};
use crate::machine::kernel::{GemmRate, KernelRate};
use crate::work::attention::{Attention, CoreShape};
use crate::work::batch::{ExpertWork, Gemm};
use crate::work::dtype::Dtype;
use crate::work::ffn::Ffn;
use std::sync::Arc;

/// A fit by its place in its hardware's calibration.
pub type FitId = Option<u16>;

/// Rates of one device for kernels of a model.
pub(super) struct Rates<'a> {
    pub hardware: &'a Hardware,
    pub options: &'a Options,
    pub activations: Dtype,
}

impl Rates<'_> {
    /// The links of the device.
    pub(super) fn links(&self) -> Links<'_> {
        Links { hardware: self.hardware, options: self.options }
    }

    fn calibrated(&self) -> bool {
        self.options.fidelity == Fidelity::Calibrated
    }

    fn of(&self, format: Dtype) -> Result<KernelRate, Unknown> {
        KernelRate::roofline(self.hardware, format, self.options.without_fp8)
    }

    /// The fit of a family that is fastest at a usual load, and its place.
    fn best(&self, family: Family, format: Dtype) -> Result<Option<(u16, &Fit)>, Unknown> {
        self.fastest(format, |calibration, time| calibration.best(family, format, time))
    }

    /// The same of the kernels that given heads run in.
    fn best_for_heads(
        &self,
        family: Family,
        format: Dtype,
        variant: Option<&str>,
    ) -> Result<Option<(u16, &Fit)>, Unknown> {
        self.fastest(format, |calibration, time| {
            calibration.best_for_heads(family, format, variant, time)
        })
    }

    /// What `choose` takes by the times of a usual load; nothing at datasheet peaks.
    fn fastest<'a>(
        &'a self,
        format: Dtype,
        choose: impl FnOnce(&'a Calibration, &dyn Fn(&Form) -> f64) -> Option<(u16, &'a Fit)>,
    ) -> Result<Option<(u16, &'a Fit)>, Unknown> {
        if !self.calibrated() {
            return Ok(None);
        }
        let peaks = self.hardware.peaks(format, self.options.without_fp8)?;
        Ok(choose(&self.hardware.calibration, &|form| usual_time(form, &peaks)))
    }

    /// The rate of a product in the activations' format.
    pub(super) fn timed(&self, gemm: Gemm) -> Result<TimedGemm, Unknown> {
        self.timed_in(gemm, self.activations)
    }

    /// A product that runs in a format of its own, such as a router's.
    pub(super) fn timed_in(&self, gemm: Gemm, format: Dtype) -> Result<TimedGemm, Unknown> {
        if let Some((fit, Fit { form: Form::Gemm(constants), .. })) =
            self.best(Family::DenseGemm, format)?
        {
            let peaks = self.hardware.peaks(format, self.options.without_fp8)?;
            let rate = constants.rate(&peaks, gemm.inputs, gemm.outputs);
            return Ok(TimedGemm { gemm, rate, fit: Some(fit) });
        }
        let rate = GemmRate::roofline(self.of(format)?, self.options.tile_rows);
        Ok(TimedGemm { gemm, rate, fit: None })
    }

    /// Products of the same rows, one after the other.
    pub(super) fn all(
        &self,
        gemms: impl IntoIterator<Item = Gemm>,
    ) -> Result<Vec<TimedGemm>, Unknown> {
        let gemms: Vec<Gemm> = gemms.into_iter().collect();
        let gemms = if self.calibrated() { fused(gemms) } else { gemms };
        gemms.into_iter().map(|gemm| self.timed(gemm)).collect()
    }

    /// Products of shared experts, which engines run beside the routed ones: they read and compute,
    /// but their start-up and their way along k pass while the routed ones start.
    pub(super) fn beside(
        &self,
        gemms: impl IntoIterator<Item = Gemm>,
    ) -> Result<Vec<TimedGemm>, Unknown> {
        let mut timed = self.all(gemms)?;
        for TimedGemm { rate, .. } in &mut timed {
            rate.kernel.startup_s = 0.0;
            rate.along_k_s = 0.0;
        }
        Ok(timed)
    }

    /// Routed experts whose products run in a format.
    pub(super) fn experts(&self, work: ExpertWork) -> Result<TimedExperts, Unknown> {
        let format = self.activations;
        let peaks = self.hardware.peaks(format, self.options.without_fp8)?;
        let whole = self.best(Family::ExpertFfn, format)?;
        let (family, calls) =
            if whole.is_some() { (Family::ExpertFfn, 1.0) } else { (Family::GroupedGemm, 2.0) };
        let (along_k, width, local) = (work.along_k, work.inputs, work.local_experts);
        let shape = ExpertShape { calls, along_k, width, local };
        let rated = |(fit, found): (u16, &Fit)| match &found.form {
            Form::Grouped(constants) => {
                Some((constants.rate(&peaks, &shape, Spread::Random), Some(fit)))
            }
            _ => None,
        };
        if let Some((rate, fit)) = self.best(family, format)?.and_then(rated) {
            let calibration = &self.hardware.calibration;
            let few = calibration.best(family, format, |form| light_time(form, &peaks));
            let few = few.and_then(rated).filter(|(_, other)| *other != fit);
            return Ok(TimedExperts { work, rate, fit, few });
        }
        let rate = ExpertRate::roofline(self.of(format)?, self.options.tile_rows);
        Ok(TimedExperts { work, rate, fit: None, few: None })
    }

    /// The core of an attention design of which `tp` devices share the heads.
    pub(super) fn core(
        &self,
        attention: &Attention,
        core: &CoreShape,
        tp: u32,
    ) -> Result<(AttentionRate, FitId), Unknown> {
        let heads = attention.heads();
        let latent = heads.is_some_and(|heads| heads.latent);
        let family = if latent { Family::DecodeAttentionMla } else { Family::DecodeAttentionGqa };
        let query = heads.map_or(1.0, |heads| heads.query as f64 / f64::from(tp));
        let splits = u64::from(tp).min(attention.kv_splits()) as f64;
        let kv = heads.map_or(1.0, |heads| heads.kv as f64 / splits);
        let rows = (query / kv * self.options.query_tokens).max(1.0);
        let variant = heads
            .filter(|heads| !heads.latent)
            .and_then(|heads| variant(heads.key_width as f64, rows));
        let found = self.best_for_heads(family, core.format, variant)?;
        let Some((fit, Fit { form: Form::Attention(constants), .. })) = found else {
            return Ok((AttentionRate::plain(self.of(core.format)?), None));
        };
        let peaks = self.hardware.peaks(core.format, self.options.without_fp8)?;
        let Some(heads) = heads else {
            // A recurrent state: read and written as a cache is read, by a kernel that starts as
            // one that reads a cache.
            let kernel = KernelRate {
                startup_s: constants.startup_us * 1e-6,
                s_per_flop: 1.0 / (constants.compute_efficiency * peaks.flops_per_s),
                s_per_byte: 1.0 / (constants.memory_efficiency * peaks.bytes_per_s),
                ridge_rounding: constants.ridge_rounding,
            };
            return Ok((AttentionRate::plain(kernel), Some(fit)));
        };
        let heads = Heads { units: kv, rows, value_width: heads.value_width as f64 };
        Ok((constants.rate(&peaks, &heads, Cache::Cold), Some(fit)))
    }

    /// The cores of prefill, which are products of many rows: timed as dense ones are, at their
    /// efficiency (assumed: no prefill kernel was measured).
    pub(super) fn prefill(&self, format: Dtype) -> Result<KernelRate, Unknown> {
        let peaks = self.hardware.peaks(format, self.options.without_fp8)?;
        Ok(match self.best(Family::DenseGemm, format)? {
            Some((_, Fit { form: Form::Gemm(constants), .. })) => {
                constants.rate(&peaks, 0.0, 1.0).kernel
            }
            _ => self.of(format)?,
        })
    }

    /// Kernels of a layer that only move rows of `width` elements: nothing at datasheet peaks.
    pub(super) fn small_kernels(&self, count: f64, width: f64) -> Result<SmallKernels, Unknown> {
        if !self.calibrated() {
            return Ok(SmallKernels::default());
        }
        let found = self.best(Family::Copy, Dtype::Bf16)?;
        let bandwidth = self.hardware.memory_bandwidth()?.bytes_per_second();
        let efficiency = match found {
            Some((_, Fit { form: Form::Link(constants), .. })) => constants.efficiency,
            _ => 1.0,
        };
        Ok(SmallKernels {
            startup_s: count * self.options.small_kernel_s,
            // Each reads a row and writes one, in BF16.
            s_per_row: count * 2.0 * 2.0 * width / (bandwidth * efficiency),
        })
    }
}

/// Norms, rotations, activations, quantisation, cache writes, routing: kernels that do little but
/// start and move rows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SmallKernels {
    /// Time of all of them on no rows.
    pub startup_s: f64,
    /// Time per row.
    pub s_per_row: f64,
}

impl SmallKernels {
    /// Time for `rows` rows.
    #[must_use]
    #[inline]
    pub fn time(&self, rows: f64) -> f64 {
        self.startup_s + self.s_per_row * rows
    }
}

/// Products that read the same rows, as one call with the columns of all.
fn fused(gemms: Vec<Gemm>) -> Vec<Gemm> {
    let mut calls: Vec<Gemm> = Vec::new();
    for gemm in gemms {
        let name = |first: &str| match (first, gemm.name) {
            ("q_proj" | "qkv_proj", "k_proj" | "v_proj") => Some("qkv_proj"),
            ("q_down" | "qkv_down", "kv_down" | "k_proj" | "v_proj") => Some("qkv_down"),
            ("gate_proj", "up_proj") => Some("gate_up_proj"),
            _ => None,
        };
        let joins = |call: &&mut Gemm| call.inputs == gemm.inputs && name(call.name).is_some();
        match calls.iter_mut().find(joins).map(|call| (name(call.name), call)) {
            Some((Some(name), call)) => call.join(&gemm, name),
            _ => calls.push(gemm),
        }
    }
    calls
}

/// Every attention design of a model on one device of a group of `tp`.
pub(super) fn attention_kinds(
    model: &crate::work::model::Model,
    rates: &Rates,
    tp: u32,
) -> Result<Vec<AttentionKind>, Unknown> {
    use crate::work::batch::attention_work;
    let kind = |named: &crate::work::model::Named<_>| {
        let precision = model.precision;
        let h = model.hidden_size;
        let work = attention_work(&named.design, h, tp, precision.weights, precision.activations);
        let mut gemms = rates.all(work.gemms)?;
        for matrix in model.residual.layer_matrices(h) {
            let mix = Gemm::new(&matrix, 1, Dtype::Bf16, Dtype::Bf16);
            gemms.push(rates.timed_in(mix, Dtype::Bf16)?);
        }
        let (core_rate, core_fit) = rates.core(&named.design, &work.core, tp)?;
        Ok(AttentionKind {
            name: named.name.clone(),
            gemms,
            core_rate,
            core_fit,
            seen_tokens: work.core.longest(),
            small: rates.small_kernels(attention_small_kernels(&named.design), h as f64)?,
            core: work.core,
        })
    };
    model.attentions.iter().map(kind).collect()
}

/// Small kernels around attention: norm with residual and quantisation, rotation, cache write,
/// quantisation of the output.
const ATTENTION_SMALL_KERNELS: f64 = 4.0;
/// And the norm of latents, where there are any.
const LATENT_SMALL_KERNELS: f64 = 1.0;

fn attention_small_kernels(attention: &Attention) -> f64 {
    let latent = attention.heads().is_some_and(|heads| heads.latent);
    ATTENTION_SMALL_KERNELS + if latent { LATENT_SMALL_KERNELS } else { 0.0 }
}

/// Small kernels around an FFN: norm with residual and quantisation, activation with quantisation;
/// routed, also the routing in two and the sum of shared and routed experts.
pub(super) const fn ffn_small_kernels(ffn: &Ffn) -> f64 {
    match ffn {
        Ffn::Dense(_) => 2.0,
        Ffn::Moe(_) => 5.0,
    }
}

/// The calibration that a side's [`FitId`]s point into.
pub(super) fn fits_of(hardware: &Hardware) -> Arc<Vec<Fit>> {
    hardware.calibration.fits.clone()
}
