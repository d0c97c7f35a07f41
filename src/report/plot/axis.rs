//! Scales and ticks: from data values to positions along an axis, and the numbers beside it.
//!
//! It must not know of pages, text sizes or chart types.

use super::error::PlotError;
use super::ticks::{self, Ticks};
use serde::Serialize;

/// How values map to positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their decimal logarithm.
    Log10,
    /// By their binary logarithm; ticks fall on powers of two.
    Log2,
}

impl Scale {
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log10 => value.log10(),
            Self::Log2 => value.log2(),
        }
    }

    pub(super) fn undo(self, position: f64) -> f64 {
        match self {
            Self::Linear => position,
            Self::Log10 => 10.0_f64.powf(position),
            Self::Log2 => position.exp2(),
        }
    }
}

/// One axis of a chart.
#[derive(Debug, Clone, Serialize)]
pub struct Axis {
    /// What is shown, with its unit.
    pub label: String,
    /// How values map to positions.
    pub scale: Scale,
    /// How the numbers beside the axis are written.
    pub ticks: Ticks,
    /// A range to cover besides the data.
    pub cover: Option<(f64, f64)>,
}

/// The stretch of an axis that is shown, after scaling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub low: f64,
    pub high: f64,
}

/// Values with their text, and the values of the faint lines in between.
pub(super) type Marks = (Vec<(f64, String)>, Vec<f64>);

/// An axis laid over pixels.
#[derive(Debug)]
pub(super) struct Ruler {
    scale: Scale,
    span: Span,
    from: f64,
    to: f64,
}

impl Ruler {
    pub fn new(scale: Scale, span: Span, from: f64, to: f64) -> Self {
        Self { scale, span, from, to }
    }

    /// The pixel where `value` lies.
    pub fn at(&self, value: f64) -> f64 {
        let share = (self.scale.apply(value) - self.span.low) / (self.span.high - self.span.low);
        self.from + share * (self.to - self.from)
    }

    /// Lowest and highest value shown.
    pub fn ends(&self) -> (f64, f64) {
        (self.scale.undo(self.span.low), self.scale.undo(self.span.high))
    }
}

impl Axis {
    /// Refuses a value this axis cannot show.
    pub(super) fn admit(&self, series: &str, value: f64) -> Result<(), PlotError> {
        if !value.is_finite() {
            return Err(PlotError::NotFinite { series: series.to_string(), value });
        }
        if self.scale != Scale::Linear && value <= 0.0 {
            return Err(PlotError::NotPositive { series: series.to_string(), value });
        }
        Ok(())
    }

    /// The stretch that holds all (admitted) `values` with a little air.
    pub(super) fn span(&self, values: impl Iterator<Item = f64>) -> Result<Span, PlotError> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let covered = self.cover.into_iter().flat_map(|(from, to)| [from, to]);
        for value in values.chain(covered) {
            self.admit(&self.label, value)?;
            low = low.min(self.scale.apply(value));
            high = high.max(self.scale.apply(value));
        }
        if low > high {
            return Err(PlotError::Empty { what: self.label.clone() });
        }
        let air = match (high - low, self.scale) {
            (0.0, Scale::Linear) if low != 0.0 => low.abs() * 0.1,
            (0.0, _) => 0.5,
            (width, _) => width * 0.06,
        };
        let all_positive = self.scale == Scale::Linear && low >= 0.0;
        low = if all_positive { (low - air).max(0.0) } else { low - air };
        high += air;
        let shown = self.scale.undo(high) - self.scale.undo(low);
        if !(high - low).is_finite() || !shown.is_finite() {
            return Err(PlotError::NotFinite { series: self.label.clone(), value: high - low });
        }
        Ok(Span { low, high })
    }

    /// Ticks for about `count` numbers.
    pub(super) fn marks(&self, span: Span, count: usize) -> Marks {
        let (major, minor) = ticks::positions(self.scale, span, count);
        let texts = self.ticks.write_all(&major);
        (major.into_iter().zip(texts).collect(), minor)
    }
}
