//! Files of kernels in the layouts that their makers write, told apart by their headers.

use super::hardware_name::device_in;
use super::kernel::{KernelRow, KernelShape, Note, Skew};
use super::sheet::{Line, Sheet};
use super::{attention, collective, expert, gemm, published};
use crate::spec::{Diagnostic, Source};
use std::path::Path;
use std::sync::Arc;

/// A file's kernels, and its rows that hold none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kernels {
    /// Kernels with their times.
    pub rows: Vec<KernelRow>,
    /// Rows that state no time or no shape of a kind known here.
    pub left_out: Vec<LeftOut>,
}

/// A row that cannot be predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// What it is about.
    pub what: String,
    /// Why it is left out.
    pub reason: String,
}

/// What a row of a layout gives: some kernels, or why there is none.
pub(super) type Outcome = Result<Result<Vec<Measured>, String>, Diagnostic>;

/// What a layout finds in a row; what is common to all is added here.
pub(super) struct Measured {
    pub shape: KernelShape,
    pub dtype: String,
    pub kv_dtype: Option<String>,
    pub kernel: String,
    pub us: f64,
    pub note: Option<Note>,
}

impl Measured {
    /// A kernel without a name or a doubt.
    pub fn new(shape: KernelShape, dtype: &str, us: f64) -> Self {
        let (kernel, dtype) = (String::new(), dtype.to_lowercase());
        Self { shape, dtype, kv_dtype: None, kernel, us, note: None }
    }
}

/// One layout.
pub(super) struct Layout {
    /// What it holds, in words.
    pub what: &'static str,
    /// Columns that it cannot do without.
    pub needs: &'static [&'static str],
    /// Who provides the kernels where no column says so.
    pub backend: fn(&Line) -> &'static str,
    /// Reads a row.
    pub read: fn(&Line) -> Outcome,
}

const LAYOUTS: [&Layout; 8] = [
    &attention::LAYOUT,
    &gemm::DENSE,
    &gemm::GROUPED,
    &gemm::COPY,
    &expert::FFN,
    &expert::EXCHANGE,
    &collective::LAYOUT,
    &published::LAYOUT,
];

/// Reads a file of kernels. Rows that name no device are of `hardware`, or of the device that the
/// file's name begins with.
///
/// # Errors
/// If it is no such file, a cell is bad, or nothing says which device it was.
pub fn read_kernels(source: &Arc<Source>, hardware: Option<&str>) -> Result<Kernels, Diagnostic> {
    let sheet = Sheet::read(source)?;
    let layout = layout_of(&sheet)?;
    sheet.needs(layout.needs)?;
    let file = Path::new(&source.name);
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let hardware = hardware.or_else(|| device_in(stem));
    let mut kernels = Kernels::default();
    for line in sheet.lines() {
        match (layout.read)(&line)? {
            Ok(found) => {
                for measured in found {
                    kernels.rows.push(complete(&line, layout, measured, hardware, &source.name)?);
                }
            }
            Err(reason) => kernels.left_out.push(LeftOut {
                file: source.name.clone(),
                line: line.number(),
                what: first_of(&line, &["kernel", "op", "name"]).unwrap_or_default().to_owned(),
                reason,
            }),
        }
    }
    Ok(kernels)
}

/// The layout most of whose columns a header has.
fn layout_of(sheet: &Sheet) -> Result<&'static Layout, Diagnostic> {
    let share = |layout: &Layout| {
        let there = layout.needs.iter().filter(|column| sheet.has(column)).count();
        there * 1000 / layout.needs.len()
    };
    // The first of equals, so that the answer does not depend on how ties are broken.
    let (best, layout) = LAYOUTS.iter().fold((0, LAYOUTS[0]), |best, layout| {
        if share(layout) > best.0 { (share(layout), layout) } else { best }
    });
    if best >= 500 {
        return Ok(layout);
    }
    let known: Vec<String> =
        LAYOUTS.iter().map(|l| format!("{}: {}", l.what, l.needs.join(", "))).collect();
    let message = format!("{} is no table of measured kernels", sheet.source().name);
    Err(Diagnostic::new(message).help(format!("known are\n{}", known.join("\n"))))
}

fn first_of<'a>(line: &Line<'a>, columns: &[&str]) -> Option<&'a str> {
    columns.iter().map(|column| line.text(column)).find(|text| !text.is_empty())
}

fn complete(
    line: &Line,
    layout: &Layout,
    measured: Measured,
    hardware: Option<&str>,
    file: &str,
) -> Result<KernelRow, Diagnostic> {
    let named = first_of(line, &["hardware", "device"]).map(super::hardware_name::hardware_name);
    let Some(hardware) = named.or_else(|| hardware.map(str::to_owned)) else {
        let message = format!("nothing says on which device {file} was measured");
        return Err(Diagnostic::new(message)
            .help("name it with --hardware, or begin the file's name with it: h200_gemm.csv"));
    };
    let backend = first_of(line, &["backend"]).unwrap_or_else(|| (layout.backend)(line));
    let kernel = match measured.kernel.as_str() {
        "" => first_of(line, &["kernel", "name"]).unwrap_or_default().to_owned(),
        _ => measured.kernel,
    };
    Ok(KernelRow {
        shape: measured.shape,
        dtype: measured.dtype,
        kv_dtype: measured.kv_dtype,
        hardware,
        backend: backend.to_lowercase(),
        kernel,
        us: measured.us,
        source: first_of(line, &["source"]).unwrap_or(file).to_owned(),
        file: file.to_owned(),
        line: line.number(),
        note: measured.note,
    })
}

/// `uniform`, `balanced`, `multinomial` or `power_law_1.2`.
pub(super) fn skew(line: &Line, column: &str) -> Result<Skew, Diagnostic> {
    let text = line.word(column)?;
    let lower = text.to_lowercase();
    let exponent = lower.strip_prefix("power_law_").and_then(|e| e.parse::<f64>().ok());
    match (lower.as_str(), exponent) {
        ("uniform" | "balanced", _) => Ok(Skew::Uniform),
        ("multinomial", _) => Ok(Skew::Multinomial),
        (_, Some(exponent)) if exponent.is_finite() && exponent >= 0.0 => {
            Ok(Skew::PowerLaw(exponent))
        }
        _ => Err(line.wrong(
            column,
            format!("`{column}` says `{text}`, which is no distribution"),
            "write uniform, balanced, multinomial or power_law_1.2",
        )),
    }
}
