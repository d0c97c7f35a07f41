//! Calibration: small physical models of kernels and links, fitted to measurements and carried in a
//! hardware profile.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`attention`] | decode attention over a GQA, MFA or MLA cache |
//! | [`gemm`] | dense and grouped matrix products |
//! | [`link`] | collectives, dispatch and combine |
//! | [`queue`] | pieces of contexts handed out to multiprocessors |
//! | [`choose`] | the fit for a piece of work, and efficiencies for chips that nobody has measured |
//!
//! A [`Fit`] says which family of kernels in which format it describes, whose kernels (the
//! backend), how far it misses rows it was fitted to and rows it was not, and between which shapes
//! it was fitted. Efficiencies are shares of the profile's own peaks, so that they mean something
//! on a chip with other peaks.
//!
//! This module knows the shapes of kernels and nothing of models. Fitting itself is
//! [`calibrate`](crate::calibrate).

pub mod attention;
pub mod choose;
pub mod gemm;
pub mod link;
pub mod queue;

use super::hardware::Provenance;
use attention::AttentionFit;
use gemm::{GemmFit, GroupedFit};
use link::LinkFit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a fit describes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Decode attention of query heads that share KV heads: MHA, GQA, MQA, MFA.
    DecodeAttentionGqa,
    /// Absorbed decode attention over a latent.
    DecodeAttentionMla,
    /// Dense matrix product.
    DenseGemm,
    /// One product for several experts.
    GroupedGemm,
    /// The whole feed-forward of the experts on a device.
    ExpertFfn,
    /// Memory traffic of a kernel that only copies.
    Copy,
    /// Sum over a group, for all.
    AllReduce,
    /// Parts of a group, for all.
    AllGather,
    /// Sum over a group, in parts.
    ReduceScatter,
    /// A part for each of a group.
    AllToAll,
    /// Tokens to their experts.
    Dispatch,
    /// Tokens back from their experts.
    Combine,
}

impl Family {
    /// The word for it in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DecodeAttentionGqa => "decode_attention_gqa",
            Self::DecodeAttentionMla => "decode_attention_mla",
            Self::DenseGemm => "dense_gemm",
            Self::GroupedGemm => "grouped_gemm",
            Self::ExpertFfn => "expert_ffn",
            Self::Copy => "copy",
            Self::AllReduce => "all_reduce",
            Self::AllGather => "all_gather",
            Self::ReduceScatter => "reduce_scatter",
            Self::AllToAll => "all_to_all",
            Self::Dispatch => "dispatch",
            Self::Combine => "combine",
        }
    }
}

/// Fitted constants by form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// [`attention`].
    Attention(AttentionFit),
    /// [`gemm`], dense.
    Gemm(GemmFit),
    /// [`gemm`], grouped.
    Grouped(GroupedFit),
    /// [`link`].
    Link(LinkFit),
}

/// How far predictions are from measurements.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitError {
    /// Rows that the final constants were fitted to.
    pub rows: u64,
    /// Mean absolute error of these rows, in percent of the measurement.
    pub mape_percent: f64,
    /// Rows that were held out, by shape, from a fit of the others.
    pub held_out_rows: u64,
    /// Mean absolute error of the rows held out.
    pub held_out_mape_percent: f64,
    /// Mean signed error of the rows held out.
    pub held_out_bias_percent: f64,
}

/// The least and the most of one quantity among the fitted rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// `batch`, `context_tokens`, `m`, `k`, `n` ... as [`fit`](crate::calibrate::fit) names it.
    pub quantity: String,
    /// Least.
    pub least: f64,
    /// Most.
    pub most: f64,
}

/// One fitted family.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// What it describes.
    pub family: Family,
    /// The format, as measurements name it: `bf16`, `fp8`, `fp8_block`, `nvfp4`; of the KV cache
    /// for attention.
    pub dtype: String,
    /// Whose kernels.
    pub backend: String,
    /// Which of them, where a backend has several of a family and format.
    pub kernel: Option<String>,
    /// The constants.
    pub form: Form,
    /// How far they miss.
    pub error: FitError,
    /// Where they were fitted.
    pub range: Vec<Bound>,
    /// Fitted on this chip, or assumed from others.
    pub provenance: Provenance,
    /// What was measured, and by whom.
    pub source: String,
}

/// All that was fitted on a chip.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// Families in the profile's order.
    pub fits: Arc<Vec<Fit>>,
}

impl Calibration {
    /// The same without other backends' kernels, family by family where the named one has any.
    #[must_use]
    pub fn of_backend(&self, backend: &str) -> Self {
        let chosen = |fit: &&Fit| {
            let other = |f: &Fit| f.family == fit.family && f.dtype == fit.dtype;
            let mine = self.fits.iter().any(|f| other(f) && f.backend == backend);
            !mine || fit.backend == backend
        };
        let fits = self.fits.iter().filter(chosen).cloned().collect();
        Self { fits: Arc::new(fits) }
    }

    /// The backends of all fits, each once, in order.
    #[must_use]
    pub fn backends(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.fits.iter().map(|fit| fit.backend.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Family {
    /// The word for the form of its constants.
    #[must_use]
    pub const fn form_word(self) -> &'static str {
        match self {
            Self::DecodeAttentionGqa | Self::DecodeAttentionMla => "attention",
            Self::DenseGemm => "gemm",
            Self::GroupedGemm | Self::ExpertFfn => "grouped",
            _ => "link",
        }
    }
}

impl Form {
    /// The word for it in profiles.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Attention(_) => "attention",
            Self::Gemm(_) => "gemm",
            Self::Grouped(_) => "grouped",
            Self::Link(_) => "link",
        }
    }

    /// Its constants by name, in order.
    #[must_use]
    pub fn constants(&self) -> Vec<(&'static str, f64)> {
        match self {
            Self::Attention(f) => vec![
                ("startup_us", f.startup_us),
                ("memory_efficiency", f.memory_efficiency),
                ("compute_efficiency", f.compute_efficiency),
                ("ridge_rounding", f.ridge_rounding),
                ("tile_rows", f.tile_rows),
                ("cold_us", f.cold_us),
                ("l2_mb", f.l2_mb),
                ("merge_us", f.merge_us),
                ("merge_traffic", f.merge_traffic),
                ("merge_us_per_piece", f.merge_us_per_piece),
                ("unit_ns", f.unit_ns),
                ("queue_processors", f.queue_processors),
            ],
            Self::Gemm(f) => vec![
                ("startup_us", f.startup_us),
                ("memory_efficiency", f.memory_efficiency),
                ("compute_efficiency", f.compute_efficiency),
                ("ridge_rounding", f.ridge_rounding),
                ("tile_rows", f.tile_rows),
                ("us_per_1000_k", f.us_per_1000_k),
                ("wave_loss", f.wave_loss),
            ],
            Self::Grouped(f) => vec![
                ("startup_us", f.startup_us),
                ("memory_efficiency", f.memory_efficiency),
                ("compute_efficiency", f.compute_efficiency),
                ("ridge_rounding", f.ridge_rounding),
                ("tile_rows", f.tile_rows),
                ("tall_tile_rows", f.tall_tile_rows),
                ("us_per_1000_k", f.us_per_1000_k),
                ("row_bytes", f.row_bytes),
                ("token_bytes", f.token_bytes),
                ("expert_ns", f.expert_ns),
            ],
            Self::Link(f) => vec![
                ("startup_us", f.startup_us),
                ("us_per_rank", f.us_per_rank),
                ("efficiency", f.efficiency),
                ("ramp_us", f.ramp_us),
            ],
        }
    }

    /// What is wrong with a constant, if anything: time must grow with work and stay finite.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        self.constants().into_iter().find_map(|(name, value)| {
            let (least, most) = match name {
                "memory_efficiency" | "compute_efficiency" | "efficiency" => (0.001, 1.0),
                "ridge_rounding" => (0.0, 0.99),
                "tile_rows" | "tall_tile_rows" => (1.0, 4096.0),
                "l2_mb" => (0.1, 1e5),
                "wave_loss" => (0.0, 1.0),
                _ => (0.0, 1e6),
            };
            let fine = value >= least && value <= most;
            (!fine).then(|| format!("`{name}` must be {least} to {most}, not {value}"))
        })
    }
}
