//! Why a chart could not be drawn.
//!
//! Errors name the series or axis at fault. They know nothing of what the numbers stand for.

use thiserror::Error;

/// Why a chart could not be drawn or turned into a picture.
#[derive(Debug, Error)]
pub enum PlotError {
    /// A value is NaN or infinite.
    #[error("`{series}` holds {value}, which is not a finite number")]
    NotFinite {
        /// The series, point or axis at fault.
        series: String,
        /// The offending value.
        value: f64,
    },
    /// A value at or below zero was given to a logarithmic axis.
    #[error("`{series}` holds {value}, which a logarithmic axis cannot show")]
    NotPositive {
        /// The series, point or axis at fault.
        series: String,
        /// The offending value.
        value: f64,
    },
    /// A bar would grow downwards.
    #[error("`{series}` holds {value}, but bars start at zero and grow upwards")]
    Negative {
        /// The bar group at fault.
        series: String,
        /// The offending value.
        value: f64,
    },
    /// A chart, panel or series has nothing to show.
    #[error("`{what}` has nothing to show")]
    Empty {
        /// The chart, panel or series at fault.
        what: String,
    },
    /// Two lists that belong together differ in length, or an index points past its list.
    #[error("`{what}`: {found} does not fit a list of {expected}")]
    Mismatch {
        /// The point or bar group at fault.
        what: String,
        /// How long the list is.
        expected: usize,
        /// The length or index found instead.
        found: usize,
    },
    /// The page is too small for what it has to hold.
    #[error("a page of {width} by {height} pixels leaves no room for `{what}`")]
    NoRoom {
        /// The panel that did not fit.
        what: String,
        /// Page width in pixels.
        width: u32,
        /// Page height in pixels.
        height: u32,
    },
    /// The drawing library failed.
    #[error("drawing failed: {0}")]
    Draw(String),
    /// The SVG could not be read back.
    #[error("the SVG cannot be read: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// The picture could not be made.
    #[error("the PNG cannot be made: {0}")]
    Png(String),
}
