//! Measured kernels beside their predictions.
//!
//! At fidelity `calibrated` a kernel is timed by the fit of its family, format and backend that its
//! hardware carries, or where that backend was not fitted by the fastest of the others.
//!
//! At fidelity `roofline` the same forms run with every constant at what nothing beats: no start-up,
//! all of the bandwidth, all of the arithmetic, no padding. Errors at this level are what kernels and
//! links fall short by.

use super::Compared;
use crate::calibrate::fit::family;
use crate::calibrate::predict::{Device, seconds};
use crate::calibrate::profile::{device, kernel};
use crate::machine::calibration::attention::AttentionFit;
use crate::machine::calibration::gemm::{GemmFit, GroupedFit};
use crate::machine::calibration::link::LinkFit;
use crate::machine::calibration::{Family, Fit, Form};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Hardware;
use crate::measured::kernel::KernelRow;

/// A measured kernel with what is predicted for it on its hardware, or why nothing is.
#[must_use]
pub fn compare(row: &KernelRow, hardware: Result<&Hardware, &str>, fidelity: Fidelity) -> Compared {
    let predicted = match hardware {
        Ok(hardware) => predict_kernel(hardware, row, fidelity),
        Err(reason) => Err(reason.to_owned()),
    };
    Compared {
        family: row.shape.family(),
        dtype: row.format().to_owned(),
        hardware: row.hardware.clone(),
        backend: row.backend.clone(),
        model: String::new(),
        what: row.shape.to_string(),
        quantity: "us",
        measured: row.us,
        predicted,
        note: row.note.map(|note| note.name()),
        remark: None,
        source: row.source.clone(),
        file: row.file.clone(),
        line: row.line,
    }
}

/// Microseconds of a kernel, or why there is no prediction.
///
/// # Errors
/// In words: a format or a figure that is not known.
pub fn predict_kernel(
    hardware: &Hardware,
    row: &KernelRow,
    fidelity: Fidelity,
) -> Result<f64, String> {
    let device = device(hardware, row.format()).map_err(|unknown| unknown.to_string())?;
    if fidelity == Fidelity::Calibrated {
        return by_fit_us(hardware, row, &device);
    }
    if !FORMATS.contains(&row.format()) {
        return Err(format!("the format `{}` is not known here", row.format()));
    }
    let at_peaks = at_peaks(family(&row.shape));
    let found = seconds(&at_peaks, &row.shape, row.format(), &device).filter(|s| *s > 0.0);
    found.map(|s| s * 1e6).ok_or_else(|| format!("{} states no link for it", hardware.name))
}

/// Formats whose widths are known.
const FORMATS: [&str; 10] = [
    "bf16",
    "fp16",
    "bytes",
    "fp8",
    "fp8_block",
    "int8",
    "nvfp4",
    "mxfp4",
    "w4a16_mxfp4",
    "w4a8_mxfp4_mxfp8",
];

/// A family's form at datasheet peaks.
const fn at_peaks(family: Family) -> Form {
    let (startup_us, ridge_rounding, us_per_1000_k) = (0.0, 0.0, 0.0);
    let (memory_efficiency, compute_efficiency, tile_rows) = (1.0, 1.0, 1.0);
    match family {
        Family::DecodeAttentionGqa | Family::DecodeAttentionMla => Form::Attention(AttentionFit {
            startup_us,
            memory_efficiency,
            compute_efficiency,
            ridge_rounding,
            tile_rows,
            cold_us: 0.0,
            l2_mb: 1.0,
            merge_us: 0.0,
            merge_traffic: 0.0,
            merge_us_per_piece: 0.0,
            unit_ns: 0.0,
            queue_processors: 0.0,
        }),
        Family::DenseGemm => Form::Gemm(GemmFit {
            startup_us,
            memory_efficiency,
            compute_efficiency,
            ridge_rounding,
            tile_rows,
            us_per_1000_k,
            wave_loss: 0.0,
        }),
        Family::GroupedGemm | Family::ExpertFfn => Form::Grouped(GroupedFit {
            startup_us,
            memory_efficiency,
            compute_efficiency,
            ridge_rounding,
            tile_rows,
            tall_tile_rows: tile_rows,
            us_per_1000_k,
            row_bytes: 0.0,
            token_bytes: 0.0,
            expert_ns: 0.0,
        }),
        Family::Copy
        | Family::AllReduce
        | Family::AllGather
        | Family::ReduceScatter
        | Family::AllToAll
        | Family::Dispatch
        | Family::Combine => {
            Form::Link(LinkFit { startup_us, us_per_rank: 0.0, efficiency: 1.0, ramp_us: 0.0 })
        }
    }
}

/// Microseconds by the hardware's fits.
fn by_fit_us(hardware: &Hardware, row: &KernelRow, device: &Device) -> Result<f64, String> {
    let family = family(&row.shape);
    let of_family = |fit: &&Fit| fit.family == family && fit.dtype == row.format();
    let fits: Vec<&Fit> = hardware.calibration.fits.iter().filter(of_family).collect();
    let kernel = kernel(row);
    let named = |fit: &Fit| fit.kernel == kernel;
    // The closest first: the very kernel, its backend, any backend.
    let closest: [&dyn Fn(&Fit) -> bool; 4] = [
        &|fit| fit.backend == row.backend && named(fit),
        &|fit| fit.backend == row.backend,
        &named,
        &|_| true,
    ];
    let fastest = |close: &dyn Fn(&Fit) -> bool| {
        let close = fits.iter().filter(|fit| close(fit));
        let times = close.filter_map(|fit| seconds(&fit.form, &row.shape, row.format(), device));
        times.min_by(f64::total_cmp)
    };
    let found = closest.iter().find_map(|close| fastest(*close));
    let (name, format) = (family.name(), row.format());
    found
        .map(|s| s * 1e6)
        .ok_or_else(|| format!("{} carries no fit of {name} in {format}", hardware.name))
}
