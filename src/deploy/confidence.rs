//! How sure a calibrated figure is: the errors of the fits that it used, weighted by the time that
//! each accounts for, and shapes outside what they were fitted to.
//!
//! Errors of one family are taken as going all one way, so that a time's error is the mean of its
//! parts' errors by their share of it: no cancelling is counted on. What overlaps in a pipeline
//! counts by its own time.

use super::breakdown::Piece;
use super::compile::Compiled;
use super::estimate::Point;
use super::kernels::Kernel;
use crate::machine::calibration::{Bound, Fit, Form};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Provenance;

/// Error of the time of kernels that were not measured at all, in percent (assumed).
pub const UNMEASURED_PERCENT: f64 = 50.0;

/// Where a piece's constants are from.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// Family, format, backend.
    pub fit: String,
    /// Mean absolute error of the fit on rows that it was not fitted to.
    pub error_percent: f64,
    /// Whether it was fitted on this chip.
    pub provenance: Provenance,
    /// The quantity that lies outside the fitted range, in words.
    pub outside: Option<String>,
}

/// How sure an estimate is.
#[derive(Debug, Clone, PartialEq)]
pub struct Confidence {
    /// Expected error of the time between tokens, either way, in percent.
    pub error_percent: f64,
    /// Share of the time that constants assumed of this chip account for.
    pub assumed_share: f64,
    /// The shapes outside the fitted ranges, each once, in words.
    pub outside: Vec<String>,
}

/// A range is left when a quantity is beyond it by more than this factor: shapes between two powers
/// of two are within.
const BEYOND: f64 = 2.0;

impl Basis {
    pub(super) fn of_kernel(kernel: &Kernel, fits: &[Fit]) -> Option<Self> {
        let fit = fits.get(usize::from(kernel.fit?))?;
        Some(Self { outside: outside(kernel, fit), ..Self::of_fit(fit) })
    }

    /// Of transfers, and wherever the range does not matter.
    pub(super) fn of_fit(fit: &Fit) -> Self {
        Self {
            fit: format!("{} {} {}", fit.family.name(), fit.dtype, fit.backend),
            error_percent: fit.error.held_out_mape_percent,
            provenance: fit.provenance,
            outside: None,
        }
    }

    pub(super) fn unmeasured() -> Self {
        Self {
            fit: "not measured".to_owned(),
            error_percent: UNMEASURED_PERCENT,
            provenance: Provenance::Assumed,
            outside: None,
        }
    }
}

/// The first quantity of a kernel that lies outside its fit's range.
fn outside(kernel: &Kernel, fit: &Fit) -> Option<String> {
    let [a, b, c] = kernel.shape;
    let quantities: Vec<(&str, f64)> = match fit.form {
        Form::Attention(_) => vec![("batch", kernel.rows), ("context_tokens", a)],
        Form::Gemm(_) => vec![("m", kernel.rows), ("k", a), ("n", b)],
        Form::Grouped(_) => {
            vec![("groups", a), ("rows_per_group", kernel.rows / a), ("k", b), ("n", c)]
        }
        Form::Link(_) => Vec::new(),
    };
    let beyond =
        |bound: &Bound, value: f64| value > bound.most * BEYOND || value * BEYOND < bound.least;
    quantities.into_iter().find_map(|(name, value)| {
        let bound = fit.range.iter().find(|bound| bound.quantity == name)?;
        beyond(bound, value).then(|| {
            format!(
                "{}: {name} {value:.0} is outside {:.0} to {:.0}",
                fit.family.name(),
                bound.least,
                bound.most
            )
        })
    })
}

impl Compiled {
    /// How sure an estimate at a point is; nothing at datasheet peaks, which claim no accuracy.
    #[must_use]
    pub fn confidence(&self, point: Point) -> Option<Confidence> {
        (self.options.fidelity == Fidelity::Calibrated).then(|| confidence(&self.breakdown(point)))
    }
}

fn confidence(pieces: &[Piece]) -> Confidence {
    let (mut whole, mut off, mut assumed) = (0.0, 0.0, 0.0);
    let mut outside: Vec<String> = Vec::new();
    for piece in pieces {
        let time = piece.time_s * f64::from(piece.layers);
        whole += time;
        let Some(basis) = &piece.basis else { continue };
        off += time * basis.error_percent;
        if basis.provenance == Provenance::Assumed {
            assumed += time;
        }
        outside.extend(
            basis
                .outside
                .iter()
                .filter(|text| !outside.contains(text))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    let share = |part: f64| if whole > 0.0 { part / whole } else { 0.0 };
    Confidence { error_percent: share(off), assumed_share: share(assumed), outside }
}
