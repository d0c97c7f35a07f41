//! Which fit a piece of work is timed by, and what is assumed of chips that nobody has measured.
//!
//! Of several kernels that could do a piece of work, the one that is fastest at a usual load is
//! taken: engines choose theirs so. A format that was not measured is timed with the efficiencies
//! of the next wider one, as shares of its own peak. A chip that was not measured gets the median
//! of each constant over the chips that were, marked as assumed; its error is what the median
//! misses on the measured chips' own fits, on top of those fits' own error.

use super::attention::{AttentionFit, Cache, Heads, Peaks};
use super::gemm::{ExpertShape, GemmFit, GroupedFit, Spread};
use super::link::LinkFit;
use super::{Calibration, Family, Fit, FitError, Form};
use crate::machine::hardware::{Hardware, Provenance, Unknown, WithoutFp8};
use crate::work::dtype::Dtype;

/// The backend of engines' own all-reduce of short messages.
pub const ONE_SHOT: &str = "one_shot";
/// Multiprocessors of a chip that does not say: those of an H100.
const USUAL_PROCESSORS: f64 = 132.0;

/// Formats as measurements name them that stand for one of ours, the closest first.
#[must_use]
pub const fn formats(format: Dtype) -> &'static [&'static [&'static str]] {
    match format {
        Dtype::Fp8 | Dtype::Int8 => &[&["fp8", "fp8_block"], &["bf16"]],
        Dtype::Nvfp4 | Dtype::Mxfp4 | Dtype::Int4 => {
            &[&["nvfp4"], &["fp8", "fp8_block"], &["bf16"]]
        }
        Dtype::Fp32 | Dtype::Bf16 | Dtype::Fp16 => &[&["bf16"]],
    }
}

impl Hardware {
    /// What the forms need to know of a device for products in a format.
    ///
    /// # Errors
    /// If the profile states no rate or bandwidth.
    pub fn peaks(&self, format: Dtype, without_fp8: WithoutFp8) -> Result<Peaks, Unknown> {
        let processors = self.multiprocessors.as_ref().map(|m| m.value);
        Ok(Peaks {
            flops_per_s: self.peak(format, without_fp8)?.rate.flops_per_second(),
            bytes_per_s: self.memory_bandwidth()?.bytes_per_second(),
            processors: processors.map_or(USUAL_PROCESSORS, |n| n as f64),
        })
    }
}

impl Calibration {
    /// Adds what is assumed of families and formats that were not measured here.
    pub fn assume(&mut self, assumed: &[Fit]) {
        let known = |fit: &Fit| {
            let same = |own: &&Fit| own.family == fit.family && own.dtype == fit.dtype;
            self.fits.iter().filter(same).any(|own| variant_of(own) == variant_of(fit))
        };
        let missing: Vec<Fit> = assumed.iter().filter(|fit| !known(fit)).cloned().collect();
        if !missing.is_empty() {
            self.fits = self.fits.iter().cloned().chain(missing).collect::<Vec<_>>().into();
        }
    }

    /// The fit of a family for a format that takes the least of `time` at a usual load, and its
    /// place.
    pub fn best(
        &self,
        family: Family,
        format: Dtype,
        time: impl Fn(&Form) -> f64,
    ) -> Option<(u16, &Fit)> {
        self.best_of(family, format, &|_| true, &time)
    }

    fn best_of(
        &self,
        family: Family,
        format: Dtype,
        chosen: &dyn Fn(&Fit) -> bool,
        time: &dyn Fn(&Form) -> f64,
    ) -> Option<(u16, &Fit)> {
        let faster = |a: &(u16, &Fit), b: &(u16, &Fit)| time(&a.1.form).total_cmp(&time(&b.1.form));
        formats(format).iter().find_map(|tier| {
            let fits = (0_u16..).zip(self.fits.iter());
            let mine = |fit: &Fit| fit.family == family && tier.contains(&fit.dtype.as_str());
            fits.filter(|(_, fit)| mine(fit) && chosen(fit)).min_by(faster)
        })
    }

    /// As [`Self::best`], of the kernels that given heads run in where any were measured.
    pub fn best_for_heads(
        &self,
        family: Family,
        format: Dtype,
        variant: Option<&str>,
        time: impl Fn(&Form) -> f64,
    ) -> Option<(u16, &Fit)> {
        let usual = |fit: &Fit| fit.kernel.is_none();
        let own = |fit: &Fit| fit.kernel.as_deref() == variant;
        let of = |chosen: &dyn Fn(&Fit) -> bool| self.best_of(family, format, chosen, &time);
        of(&own).or_else(|| of(&usual)).or_else(|| of(&|_| true))
    }

    /// Sums of short messages in one shot, where engines' own kernels for them are known.
    #[must_use]
    pub fn one_shot(&self) -> Option<&LinkFit> {
        self.fits.iter().find_map(|fit| match &fit.form {
            Form::Link(constants) if fit.backend == ONE_SHOT => Some(constants),
            _ => None,
        })
    }

    /// The fit of links that takes the least time for a usual transfer, and its place.
    #[must_use]
    pub fn link(&self, family: Family) -> Option<(u16, &LinkFit)> {
        let usual = |fit: &LinkFit| fit.time_s(8.0, 1e6, 4e11);
        let links = (0_u16..).zip(self.fits.iter()).filter_map(|(at, fit)| match &fit.form {
            Form::Link(constants) if fit.family == family && fit.backend != ONE_SHOT => {
                Some((at, constants))
            }
            _ => None,
        });
        links.min_by(|a, b| usual(a.1).total_cmp(&usual(b.1)))
    }
}

/// The shares of its peaks that a device reaches in large kernels: what unit costs are raised by at
/// fidelity `calibrated`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// Of the memory bandwidth, reading a KV cache.
    pub cache_bytes: f64,
    /// Of the arithmetic, in dense products.
    pub products: f64,
    /// Of the arithmetic, in experts.
    pub experts: f64,
}

impl Hardware {
    /// The shares that its fits name for products in one format and caches in another; a share of
    /// which nothing is known is 1.
    ///
    /// # Errors
    /// If the profile states no rate or bandwidth.
    pub fn reached(
        &self,
        products: Dtype,
        cache: Dtype,
        latent: bool,
        without_fp8: WithoutFp8,
    ) -> Result<Reached, Unknown> {
        let share = |family: Family, format: Dtype| {
            let peaks = self.peaks(format, without_fp8)?;
            let best = self.calibration.best(family, format, |form| usual_time(form, &peaks));
            Ok(best.map(|(_, fit)| match fit.form {
                Form::Attention(f) => f.memory_efficiency,
                Form::Gemm(f) => f.compute_efficiency,
                Form::Grouped(f) => f.compute_efficiency,
                Form::Link(f) => f.efficiency,
            }))
        };
        let attention =
            if latent { Family::DecodeAttentionMla } else { Family::DecodeAttentionGqa };
        let experts = match share(Family::ExpertFfn, products)? {
            Some(share) => Some(share),
            None => share(Family::GroupedGemm, products)?,
        };
        Ok(Reached {
            cache_bytes: share(attention, cache)?.unwrap_or(1.0),
            products: share(Family::DenseGemm, products)?.unwrap_or(1.0),
            experts: experts.unwrap_or(1.0),
        })
    }
}

/// Seconds of a family's usual load: what best is judged at, and fits are compared at.
#[must_use]
pub fn usual_time(form: &Form, peaks: &Peaks) -> f64 {
    time_at(form, peaks, 1)
}

/// Seconds of a family's light load.
#[must_use]
pub fn light_time(form: &Form, peaks: &Peaks) -> f64 {
    time_at(form, peaks, 0)
}

/// Seconds at a light (0), a usual (1) or a heavy (2) load.
fn time_at(form: &Form, peaks: &Peaks, load: usize) -> f64 {
    match form {
        Form::Attention(fit) => {
            let heads = Heads { units: 4.0, rows: 16.0, value_width: 128.0 };
            let rate = fit.rate(peaks, &heads, Cache::Cold);
            let s = 8192.0;
            let batch = [4.0, 32.0, 128.0][load];
            rate.time(batch, 4.0 * 64.0 * 128.0 * s, 2.0 * 4.0 * 128.0 * 2.0 * s, s).total_s
        }
        Form::Gemm(fit) => {
            let (k, n) = (7168.0, 4096.0);
            let rate = fit.rate(peaks, k, n);
            let m = [8.0, 128.0, 1024.0][load];
            rate.time(m, 2.0 * k * n, k * n + m * (k + n)).total_s
        }
        Form::Grouped(fit) => {
            let (k, n, groups) = (7168.0, 4096.0, 8.0);
            let shape = ExpertShape { calls: 1.0, along_k: k, width: k, local: groups };
            let rate = fit.rate(peaks, &shape, Spread::Random);
            let rows = [4.0, 32.0, 256.0][load] * groups;
            rate.time([rows, rows], groups, 2.0 * k * n, groups * k * n + rows * (k + n)).total_s
        }
        Form::Link(fit) => fit.time_s(8.0, [1e4, 1e6, 3e7][load], 4e11),
    }
}

/// What is assumed of a chip that nobody has measured, from chips that were.
#[must_use]
pub fn pooled(chips: &[Hardware]) -> Vec<Fit> {
    let with_peaks = |chip| {
        // Shares are compared at one format's peak: any will do.
        Hardware::peaks(chip, Dtype::Bf16, WithoutFp8::Bf16).ok().map(|peaks| (chip, peaks))
    };
    let measured: Vec<(&Hardware, Peaks)> = chips.iter().filter_map(with_peaks).collect();
    let mut kinds: Vec<(Family, &str, Option<&str>)> = measured
        .iter()
        .flat_map(|(chip, _)| chip.calibration.fits.iter())
        .map(|fit| (fit.family, fit.dtype.as_str(), variant_of(fit)))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().filter_map(|kind| pool(&measured, kind)).collect()
}

/// The kernel that heads decide on; whatever else tells kernels apart is a matter of choice.
fn variant_of(fit: &Fit) -> Option<&str> {
    if fit.backend == ONE_SHOT {
        return Some(ONE_SHOT);
    }
    fit.kernel.as_deref().filter(|_| fit.family == Family::DecodeAttentionGqa)
}

fn pool(
    measured: &[(&Hardware, Peaks)],
    (family, dtype, variant): (Family, &str, Option<&str>),
) -> Option<Fit> {
    let best = |(chip, peaks): &(&'_ Hardware, Peaks)| {
        let fits = chip.calibration.fits.iter();
        let mine = fits
            .filter(|fit| fit.family == family && fit.dtype == dtype && variant_of(fit) == variant);
        let faster =
            |a: &&Fit, b: &&Fit| usual_time(&a.form, peaks).total_cmp(&usual_time(&b.form, peaks));
        mine.min_by(faster).map(|fit| (chip.name.clone(), fit.clone(), *peaks))
    };
    let chosen: Vec<(String, Fit, Peaks)> = measured.iter().filter_map(best).collect();
    let form = median_form(&chosen.iter().map(|(_, fit, _)| fit.form).collect::<Vec<_>>())?;
    let off = |(_, fit, peaks): &(String, Fit, Peaks)| {
        let ratio = |load| time_at(&form, peaks, load) / time_at(&fit.form, peaks, load);
        (0..3).map(|load| (ratio(load) - 1.0).abs()).sum::<f64>() / 3.0
    };
    let n = chosen.len() as f64;
    let spread = 100.0 * chosen.iter().map(off).sum::<f64>() / n;
    let own = chosen.iter().map(|(_, fit, _)| fit.error.held_out_mape_percent).sum::<f64>() / n;
    let names: Vec<&str> = chosen.iter().map(|(name, ..)| name.as_str()).collect();
    Some(Fit {
        family,
        dtype: dtype.to_owned(),
        backend: if variant == Some(ONE_SHOT) { ONE_SHOT } else { "pooled" }.to_owned(),
        kernel: variant.map(str::to_owned),
        form,
        error: FitError { held_out_mape_percent: spread + own, ..FitError::default() },
        range: Vec::new(),
        provenance: Provenance::Assumed,
        source: format!("median of the fits for {}", names.join(", ")),
    })
}

/// The median of every constant.
fn median_form(forms: &[Form]) -> Option<Form> {
    let columns = forms.first()?.constants().len();
    let median = |at: usize| {
        let mut values: Vec<f64> = forms.iter().map(|form| form.constants()[at].1).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        }
    };
    let m: Vec<f64> = (0..columns).map(median).collect();
    Some(match forms.first()? {
        Form::Attention(_) => Form::Attention(AttentionFit {
            startup_us: m[0],
            memory_efficiency: m[1],
            compute_efficiency: m[2],
            ridge_rounding: m[3],
            tile_rows: m[4],
            cold_us: m[5],
            l2_mb: m[6],
            merge_us: m[7],
            merge_traffic: m[8],
            merge_us_per_piece: m[9],
            unit_ns: m[10],
            queue_processors: 0.0,
        }),
        Form::Gemm(_) => Form::Gemm(GemmFit {
            startup_us: m[0],
            memory_efficiency: m[1],
            compute_efficiency: m[2],
            ridge_rounding: m[3],
            tile_rows: m[4],
            us_per_1000_k: m[5],
            wave_loss: m[6],
        }),
        Form::Grouped(_) => Form::Grouped(GroupedFit {
            startup_us: m[0],
            memory_efficiency: m[1],
            compute_efficiency: m[2],
            ridge_rounding: m[3],
            tile_rows: m[4],
            tall_tile_rows: m[5],
            us_per_1000_k: m[6],
            row_bytes: m[7],
            token_bytes: m[8],
            expert_ns: m[9],
        }),
        Form::Link(_) => Form::Link(LinkFit {
            startup_us: m[0],
            us_per_rank: m[1],
            efficiency: m[2],
            ramp_us: m[3],
        }),
    })
}
