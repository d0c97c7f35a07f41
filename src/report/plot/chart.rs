//! Any chart of a report: one description, drawn as SVG here and by the HTML page for itself.

use super::bars::StackedBars;
use super::error::PlotError;
use super::frame::Frame;
use super::heat::HeatMap;
use super::lines::Lines;
use super::ranges::Ranges;
use super::scatter::Scatter;
use serde::Serialize;

/// A chart.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Chart {
    /// Points in groups.
    Scatter(Scatter),
    /// Lines over a common x.
    Lines(Lines),
    /// Stacked bars.
    Bars(StackedBars),
    /// Values over rows and columns.
    Heat(HeatMap),
    /// Horizontal ranges, one to a row.
    Ranges(Ranges),
}

impl Chart {
    /// Draws it.
    ///
    /// # Errors
    /// If its numbers cannot be drawn.
    pub fn svg(&self) -> Result<String, PlotError> {
        match self {
            Self::Scatter(chart) => chart.svg(),
            Self::Lines(chart) => chart.svg(),
            Self::Bars(chart) => chart.svg(),
            Self::Heat(chart) => chart.svg(),
            Self::Ranges(chart) => chart.svg(),
        }
    }
}

impl Chart {
    /// Its texts and size.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        match self {
            Self::Scatter(chart) => &chart.frame,
            Self::Lines(chart) => &chart.frame,
            Self::Bars(chart) => &chart.frame,
            Self::Heat(chart) => &chart.frame,
            Self::Ranges(chart) => &chart.frame,
        }
    }
}

impl From<Scatter> for Chart {
    fn from(chart: Scatter) -> Self {
        Self::Scatter(chart)
    }
}

impl From<Lines> for Chart {
    fn from(chart: Lines) -> Self {
        Self::Lines(chart)
    }
}

impl From<StackedBars> for Chart {
    fn from(chart: StackedBars) -> Self {
        Self::Bars(chart)
    }
}

impl From<HeatMap> for Chart {
    fn from(chart: HeatMap) -> Self {
        Self::Heat(chart)
    }
}

impl From<Ranges> for Chart {
    fn from(chart: Ranges) -> Self {
        Self::Ranges(chart)
    }
}
