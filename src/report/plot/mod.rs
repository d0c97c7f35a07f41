//! The plotting room: numbers, labels and axes in, SVG out.
//!
//! Charts are plain data; `svg()` draws them, always to the same bytes. Nothing in here may know
//! about models, hardware or costs.
//!
//! From the page inwards: `canvas` (strokes and text), `frame` (titles and legends), `panel` (axes),
//! `labels` (where point labels go), then one file per chart type.

mod axis;
mod bars;
mod canvas;
mod chart;
mod error;
mod frame;
mod gantt;
mod geometry;
mod heat;
mod labels;
mod lines;
mod overlay;
mod panel;
mod png;
mod ranges;
mod scatter;
mod style;
#[cfg(test)]
mod tests;
mod ticks;

pub use axis::{Axis, Scale};
pub use bars::{BarGroup, BarPanel, StackedBars};
pub use chart::Chart;
pub use error::PlotError;
pub use frame::Frame;
pub use gantt::{Gantt, GanttBox, Measure};
pub use heat::{HeatCell, HeatMap};
pub use lines::{Legend, LinePanel, Lines, Mark, Series};
pub use overlay::{Front, FrontShape, Guide, Ray};
pub use png::png_from_svg;
pub use ranges::{RangeRow, Ranges};
pub(crate) use scatter::MOST_LABELS;
pub use scatter::{Group, Point, Scatter, ScatterPanel};
pub use style::Looks;
pub use ticks::Ticks;
