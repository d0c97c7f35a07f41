//! The `uncertainty` of a scenario: which inputs are not known exactly, and how they may turn out.

use super::de::At;
use super::quantity::{Count, Positive};
use super::source::Diagnostic;
use crate::machine::calibration::{Family, FitError};
use crate::machine::hardware::Hardware;
use crate::sweep::distribution::Distribution;
use crate::sweep::vary::Input;
use schemars::JsonSchema;
use serde::Deserialize;
use statrs::distribution::{LogNormal, Normal, Triangular, Uniform};
use std::fmt;

/// What is not known exactly, and how often it is drawn.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UncertaintySpec {
    /// Samples to draw; 1000 if left out.
    pub samples: Option<Count>,
    /// Where the draws begin; 1 if left out.
    pub seed: Option<Count>,
    /// Inputs that may turn out otherwise.
    pub inputs: Vec<UncertainInputSpec>,
}

/// An input that may turn out otherwise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UncertainInputSpec {
    /// The input. `price`, `compute`, `memory_bandwidth`, `network`, `scale_up`, `context` and
    /// `batch` are factors on what the scenario has; `accepted_tokens` and `expert_imbalance` are
    /// the values themselves.
    pub input: At<Input>,
    /// The one hardware of the scenario whose input it is; all of it together if left out.
    pub hardware: Option<At<String>>,
    /// How it may turn out.
    pub distribution: At<DistributionSpec>,
    /// Who says so: a measurement's residuals, quotes, a log; `assumed` if left out.
    pub source: Option<String>,
}

/// A distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DistributionSpec {
    /// Its logarithm is normal.
    Lognormal(LogNormalSpec),
    /// Normal.
    Normal(NormalSpec),
    /// Any value between two alike.
    Uniform(UniformSpec),
    /// From the least to the most, with a peak between.
    Triangular(TriangularSpec),
    /// As the rows that the hardware's calibration of a family was not fitted to miss it.
    Residuals(Family),
}

impl fmt::Display for DistributionSpec {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Lognormal(d) => {
                write!(f, "lognormal, median {}, sigma {}", d.median.0, d.sigma.0)
            }
            Self::Normal(d) => write!(f, "normal, {} +- {}", d.mean.0, d.deviation.0),
            Self::Uniform(d) => write!(f, "{} to {}", d.low.0, d.high.0),
            Self::Residuals(family) => {
                write!(f, "as measurements of {} miss their fit", family.name())
            }
            Self::Triangular(d) => {
                write!(f, "{} to {}, likeliest {}", d.low.0, d.high.0, d.mode.0)
            }
        }
    }
}

/// A lognormal distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormalSpec {
    /// Half of the values are below.
    pub median: Positive,
    /// Standard deviation of the logarithm: 0.1 is about 10 %.
    pub sigma: Positive,
}

/// A normal distribution.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalSpec {
    /// The mean.
    pub mean: Positive,
    /// The standard deviation.
    pub deviation: Positive,
}

/// Any value between two.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSpec {
    /// The least.
    pub low: Positive,
    /// The most.
    pub high: Positive,
}

/// A triangle.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TriangularSpec {
    /// The least.
    pub low: Positive,
    /// The likeliest.
    pub mode: Positive,
    /// The most.
    pub high: Positive,
}

/// The rate reached over the rate predicted, where measurements miss a fit as they do: held-out
/// rows where there are any. A fit whose times are too long by the bias is beaten by it, and a mean
/// absolute error of e is that of a normal distribution with deviation e sqrt(pi / 2).
fn residuals(error: &FitError) -> Result<LogNormal, statrs::distribution::LogNormalError> {
    const LEAST_SIGMA: f64 = 1e-6;
    let (mape, bias) = match error.held_out_rows {
        0 => (error.mape_percent, 0.0),
        _ => (error.held_out_mape_percent, error.held_out_bias_percent),
    };
    let median = (1.0 + bias / 100.0).max(LEAST_SIGMA);
    let sigma = (mape / 100.0 * std::f64::consts::FRAC_PI_2.sqrt()).clamp(LEAST_SIGMA, 3.0);
    LogNormal::new(median.ln(), sigma)
}

/// Samples drawn where the scenario does not say.
pub const DEFAULT_SAMPLES: u64 = 1000;
/// Where draws begin where the scenario does not say.
pub const DEFAULT_SEED: u64 = 1;

impl UncertainInputSpec {
    /// The distribution, checked.
    ///
    /// # Errors
    /// If its parameters are out of order or absurdly wide, or none of `hardware` is calibrated.
    pub fn distribution(&self, hardware: &[&Hardware]) -> Result<Distribution, Diagnostic> {
        let spread = |sigma: f64, most: f64| {
            let message = format!("a deviation of {sigma} is no uncertainty but ignorance");
            let help = format!("it may be at most {most}");
            if sigma <= most { Ok(()) } else { Err(self.distribution.complain(message).help(help)) }
        };
        Ok(match self.distribution.value {
            DistributionSpec::Lognormal(LogNormalSpec { median, sigma }) => {
                spread(sigma.0, 3.0)?;
                Distribution::LogNormal(self.known(LogNormal::new(median.0.ln(), sigma.0))?)
            }
            DistributionSpec::Normal(NormalSpec { mean, deviation }) => {
                spread(deviation.0, mean.0)?;
                Distribution::Normal(self.known(Normal::new(mean.0, deviation.0))?)
            }
            DistributionSpec::Residuals(family) => {
                let error = self.residuals(family, hardware)?;
                Distribution::LogNormal(self.known(residuals(&error))?)
            }
            DistributionSpec::Uniform(UniformSpec { low, high }) => {
                Distribution::Uniform(self.known(Uniform::new(low.0, high.0))?)
            }
            DistributionSpec::Triangular(TriangularSpec { low, mode, high }) => {
                Distribution::Triangular(self.known(Triangular::new(low.0, high.0, mode.0))?)
            }
        })
    }

    /// How far the fit of a family with the most rows misses.
    fn residuals(&self, family: Family, hardware: &[&Hardware]) -> Result<FitError, Diagnostic> {
        let fits = hardware.iter().flat_map(|hardware| hardware.calibration.fits.iter());
        let mine = fits.filter(|fit| fit.family == family);
        let most = mine.max_by_key(|fit| fit.error.rows).map(|fit| fit.error);
        most.ok_or_else(|| {
            let family = family.name();
            self.distribution
                .complain(format!("no hardware here has a calibration of `{family}`"))
                .help("`afford calibrate` makes one; or write a distribution")
        })
    }

    fn known<T, E>(&self, distribution: Result<T, E>) -> Result<T, Diagnostic> {
        distribution.map_err(|_| {
            let complaint =
                self.distribution.complain("the values of this distribution are not in order");
            complaint.help("`low` is less than `high`, and `mode` is between them")
        })
    }
}
