//! Validation: predictions beside what was measured.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`kernel`] | measured kernels beside their predictions |
//! | [`end_to_end`], [`stated`] | published throughput, and what a row states of its deployment |
//! | [`serving`] | points where prefill and decoding share devices |
//! | [`formats`] | a model in the formats that a row names |
//! | [`summary`] | errors by family |
//! | [`bounds`] | how large the error of each family may be |
//!
//! An error is prediction over measurement, less one. Every row is compared or says why not. Nothing
//! here opens a file, and no measured value goes into a prediction.

pub mod bounds;
pub mod end_to_end;
pub mod formats;
pub mod kernel;
pub mod serving;
pub mod stated;
pub mod summary;

/// A measured value beside its prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The kind of thing: `gemm`, `serving_tpot` ...
    pub family: &'static str,
    /// Its number format.
    pub dtype: String,
    /// The profile's name.
    pub hardware: String,
    /// Who provides the kernel, or the engine; empty where that is not said.
    pub backend: String,
    /// The model; empty for kernels.
    pub model: String,
    /// Shape or deployment, in words.
    pub what: String,
    /// Unit of the two values: `us`, `ms`, `tokens_per_s_per_device`.
    pub quantity: &'static str,
    /// What was measured.
    pub measured: f64,
    /// What is predicted, or why nothing is.
    pub predicted: Result<f64, String>,
    /// Why the measurement is not to be taken at its word, if so.
    pub note: Option<&'static str>,
    /// What was taken for what the source does not say.
    pub remark: Option<String>,
    /// Who measured it.
    pub source: String,
    /// File that it is in.
    pub file: String,
    /// Line of that file, from 1.
    pub line: u64,
}

impl Compared {
    /// Prediction over measurement, less one, in percent.
    #[must_use]
    pub fn error_percent(&self) -> Option<f64> {
        let predicted = self.predicted.as_ref().ok()?;
        Some((predicted / self.measured - 1.0) * 100.0)
    }
}
