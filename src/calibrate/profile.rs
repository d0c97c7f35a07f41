//! From measured rows to fits, and from fits to the text of a hardware profile.

use super::fit::{Fitted, family, fit};
use super::predict::Device;
use crate::machine::calibration::attention::variant;
use crate::machine::calibration::{Family, Fit};
use crate::machine::hardware::{Hardware, Provenance, Unknown, WithoutFp8};
use crate::measured::kernel::{KernelRow, KernelShape, Note, Skew};
use crate::work::dtype::Dtype;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A time below which a host-timed row shows the launch and not the kernel.
const LAUNCH_FLOOR_US: f64 = 40.0;

/// Which of our formats a measured one computes in.
#[must_use]
pub fn compute_format(dtype: &str) -> Dtype {
    match dtype {
        "fp8" | "fp8_block" | "w4a8_mxfp4_mxfp8" => Dtype::Fp8,
        "int8" => Dtype::Int8,
        "nvfp4" => Dtype::Nvfp4,
        _ => Dtype::Bf16,
    }
}

/// A chip as the forms see it, for rows in a format.
///
/// # Errors
/// If the profile states no rate or bandwidth.
pub fn device(hardware: &Hardware, dtype: &str) -> Result<Device, Unknown> {
    let link = |rate: Result<crate::units::BytesPerSecond, Unknown>| {
        rate.map_or(f64::INFINITY, |rate| rate.bytes_per_second())
    };
    Ok(Device {
        peaks: hardware.peaks(compute_format(dtype), WithoutFp8::Bf16)?,
        scale_up_bytes_per_s: link(hardware.scale_up_bandwidth()),
        card_bytes_per_s: link(hardware.device_network()),
        domain_devices: hardware.scale_up_devices().unwrap_or(1) as f64,
    })
}

/// Whether a row says something about its kernel that a fit can use.
#[must_use]
pub fn usable(row: &KernelRow) -> bool {
    let skewed = match row.shape {
        KernelShape::GroupedGemm { skew, .. } => skew != Skew::Uniform,
        KernelShape::ExpertFfn { distribution, .. } => distribution != Skew::Uniform,
        KernelShape::Exchange { low_latency, .. } => !low_latency,
        _ => false,
    };
    let noted = match row.note {
        Some(Note::LaunchIncluded) => row.us < LAUNCH_FLOOR_US,
        Some(Note::StartupOnly | Note::TokensUnclear) => true,
        _ => false,
    };
    !skewed && !noted
}

/// What tells one fit from another.
type Key = (Family, String, String, Option<String>);

fn key(row: &KernelRow) -> Key {
    let family = family(&row.shape);
    (family, row.format().to_owned(), row.backend.clone(), kernel(row))
}

/// Which of its backend's kernels a row ran: for whole experts one that the backend picks by load,
/// for attention one that the heads decide on.
#[must_use]
pub fn kernel(row: &KernelRow) -> Option<String> {
    match row.shape {
        KernelShape::ExpertFfn { .. } => Some(row.kernel.clone()).filter(|name| !name.is_empty()),
        KernelShape::Attention { mla: false, query_heads, kv_heads, head_dim, .. } => {
            let rows = f64::from(query_heads) / f64::from(kv_heads.max(1));
            variant(f64::from(head_dim), rows).map(str::to_owned)
        }
        _ => None,
    }
}

/// Fits every family, format and backend of the rows; those with too few rows are left out.
///
/// # Errors
/// If the profile states no rate or bandwidth.
pub fn fit_all(rows: &[KernelRow], hardware: &Hardware) -> Result<Vec<Fit>, Unknown> {
    let mut groups: BTreeMap<Key, Vec<&KernelRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| usable(row)) {
        groups.entry(key(row)).or_default().push(row);
    }
    let groups: Vec<_> = groups.into_iter().collect();
    let one = |(key, rows): &(Key, Vec<&KernelRow>)| {
        let device = device(hardware, &key.1)?;
        Ok(fit(rows, &device).map(|fitted| named(key, rows, fitted)))
    };
    let fits: Result<Vec<Option<Fit>>, Unknown> = groups.par_iter().map(one).collect();
    Ok(fits?.into_iter().flatten().collect())
}

fn named(key: &Key, rows: &[&KernelRow], fitted: Fitted) -> Fit {
    let mut sources: Vec<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    Fit {
        family: key.0,
        dtype: key.1.clone(),
        backend: key.2.clone(),
        kernel: key.3.clone(),
        form: fitted.form,
        error: fitted.error,
        range: fitted.range,
        provenance: Provenance::Fitted,
        source: sources.join("; "),
    }
}

/// Four significant digits: more than any of the constants is known to.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The `calibration` and `sources` of a profile. Sources get the names `measured1`, `measured2` ...
#[must_use]
pub fn yaml(fits: &[Fit]) -> String {
    let mut sources: Vec<&str> = Vec::new();
    let mut text = String::from("calibration:\n");
    for fit in fits {
        let at = sources.iter().position(|s| *s == fit.source).unwrap_or_else(|| {
            sources.push(&fit.source);
            sources.len() - 1
        });
        write_fit(&mut text, fit, at + 1);
    }
    text.push_str("\nsources:\n");
    for (i, source) in sources.iter().enumerate() {
        let _ = writeln!(text, "  measured{}: {}", i + 1, quoted(source));
    }
    text
}

/// A YAML text in double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write_fit(text: &mut String, fit: &Fit, source: usize) {
    let constants = fit.form.constants();
    let list = |pairs: &[(&str, f64)]| {
        let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}: {}", short(*v))).collect();
        pairs.join(", ")
    };
    let range: Vec<String> = fit
        .range
        .iter()
        .map(|b| format!("{}: [{}, {}]", b.quantity, short(b.least), short(b.most)))
        .collect();
    let error = &fit.error;
    let kernel = fit.kernel.as_ref().map_or(String::new(), |k| format!("    kernel: {k}\n"));
    let _ = write!(
        text,
        "  - family: {}\n    dtype: {}\n    backend: {}\n{kernel}    source: measured{source}\n    \
         constants:\n      {}: {{{}}}\n    error: {{rows: {}, mape_percent: {}, held_out_rows: {}, \
         held_out_mape_percent: {}, held_out_bias_percent: {}}}\n    range: {{{}}}\n",
        fit.family.name(),
        fit.dtype,
        fit.backend,
        fit.form.word(),
        list(&constants),
        error.rows,
        short(error.mape_percent),
        error.held_out_rows,
        short(error.held_out_mape_percent),
        short(error.held_out_bias_percent),
        range.join(", "),
    );
}
