//! Fitting small physical models to measured kernels and links.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`predict`] | the time of a measured shape by a fitted form |
//! | [`parameters`] | forms as vectors between bounds |
//! | [`search`] | the least of a function, without derivatives or randomness |
//! | [`fit`] | one family: loss, rows held out, errors, range |
//! | [`profile`] | rows to fits to the text of a hardware profile |
//!
//! The forms themselves are [`machine::calibration`](crate::machine::calibration): what is fitted
//! here is what estimates use. This module knows measured rows and nothing of models.

pub mod fit;
pub mod parameters;
pub mod predict;
pub mod profile;
pub mod search;
