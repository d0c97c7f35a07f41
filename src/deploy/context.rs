//! How long the contexts of the requests in flight are: a number, a distribution, or what prompts
//! and outputs make of it.
//!
//! A request with prompt P and output D is seen by D steps, with P, P + 1, ... P + D - 1 tokens of
//! context: long outputs are met more often than they arrive. Over the requests in flight
//!
//! ```text
//! mean = (E[D P] + E[D (D - 1) / 2]) / E[D]
//! mean square = (E[D P^2] + E[P D (D - 1)] + E[(D - 1) D (2 D - 1) / 6]) / E[D]
//! ```
//!
//! (arXiv 2601.21351). The sum over a batch of B has B times the mean and sqrt(B) times the
//! deviation; [`straggler`](super::straggler) says what that spread costs.
//!
//! This file knows token counts and nothing of what they cost. Samples become moments once;
//! asking a context for its moments allocates nothing.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why samples are no distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ContextError {
    /// There is nothing to take the mean of.
    #[error("no samples, or all of them weigh nothing")]
    Empty,
    /// A length is negative, infinite or not a number.
    #[error("a length or weight that is negative or not finite")]
    NotALength,
    /// Two lists that belong together.
    #[error("values and weights differ in number")]
    Mismatch,
}

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

impl Moments {
    fn from_squares(mean: f64, mean_square: f64) -> Self {
        Self { mean, deviation: (mean_square - mean * mean).max(0.0).sqrt() }
    }

    /// Of the sum of `count` independent ones.
    #[must_use]
    pub fn of_sum(&self, count: f64) -> Self {
        Self { mean: count * self.mean, deviation: count.sqrt() * self.deviation }
    }
}

/// Standard deviation over mean of a lognormal whose logarithm deviates by `sigma`.
#[must_use]
pub fn log_normal_spread(sigma: f64) -> f64 {
    (sigma * sigma).exp_m1().sqrt()
}

/// Contexts of the requests in flight, in tokens.
#[derive(Debug, Clone, PartialEq)]
pub enum Context {
    /// All the same.
    Number(f64),
    /// The logarithm is normal.
    LogNormal {
        /// Mean of the contexts themselves.
        mean: f64,
        /// Standard deviation of their logarithm.
        sigma: f64,
    },
    /// Measured in flight.
    Histogram(Histogram),
    /// From lengths of prompts and outputs.
    Lengths(Lengths),
}

impl Context {
    /// Mean and deviation over the requests in flight.
    #[must_use]
    pub fn moments(&self) -> Moments {
        match self {
            Self::Number(tokens) => Moments { mean: *tokens, deviation: 0.0 },
            Self::LogNormal { mean, sigma } => {
                Moments { mean: *mean, deviation: mean * log_normal_spread(*sigma) }
            }
            Self::Histogram(histogram) => histogram.moments,
            Self::Lengths(lengths) => lengths.in_flight,
        }
    }
}

/// Values with weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Histogram {
    moments: Moments,
}

impl Histogram {
    /// From values and how often each occurs.
    ///
    /// # Errors
    /// If the lists differ in length or hold no distribution.
    pub fn new(values: &[f64], weights: &[f64]) -> Result<Self, ContextError> {
        if values.len() != weights.len() {
            return Err(ContextError::Mismatch);
        }
        let pairs = || values.iter().copied().zip(weights.iter().copied());
        let mean = mean(pairs())?;
        let square = self::mean(pairs().map(|(value, weight)| (value * value, weight)))?;
        Ok(Self { moments: Moments::from_squares(mean, square) })
    }
}

/// The first three moments about zero of a length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    first: f64,
    second: f64,
    third: f64,
}

impl Length {
    /// Always the same.
    #[must_use]
    pub fn constant(tokens: f64) -> Self {
        Self { first: tokens, second: tokens.powi(2), third: tokens.powi(3) }
    }

    /// A number of steps that may end after each with the same probability, at least one.
    #[must_use]
    pub fn geometric(mean: f64) -> Self {
        let m = mean;
        Self { first: m, second: m * (2.0 * m - 1.0), third: m * (6.0 * m * (m - 1.0) + 1.0) }
    }

    /// A lognormal length of a mean and a standard deviation of its logarithm.
    #[must_use]
    pub fn log_normal(mean: f64, sigma: f64) -> Self {
        // E[X^n] = mean^n exp(n (n - 1) sigma^2 / 2).
        let spread = (sigma * sigma).exp();
        Self { first: mean, second: mean.powi(2) * spread, third: mean.powi(3) * spread.powi(3) }
    }

    /// From samples.
    ///
    /// # Errors
    /// If there are none, or one is no length.
    pub fn from_samples(samples: &[f64]) -> Result<Self, ContextError> {
        let power = |n: i32| mean(samples.iter().map(|sample| (sample.powi(n), 1.0)));
        if samples.iter().any(|sample| *sample < 0.0) {
            return Err(ContextError::NotALength);
        }
        Ok(Self { first: power(1)?, second: power(2)?, third: power(3)? })
    }
}

/// Lengths of prompts and outputs, and the contexts in flight that follow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// mu_P, over the requests that arrive.
    #[serde(rename = "mean_prompt_tokens")]
    pub mean_prompt: f64,
    /// mu_D, over the requests that arrive.
    #[serde(rename = "mean_output_tokens")]
    pub mean_output: f64,
    #[serde(rename = "in_flight_tokens")]
    in_flight: Moments,
}

impl Lengths {
    /// Prompts (P) and outputs (D) that do not depend on each other.
    ///
    /// # Errors
    /// If nothing is put out.
    pub fn independent(prompt: Length, output: Length) -> Result<Self, ContextError> {
        let (p, d) = (prompt, output);
        if d.first.is_nan() || d.first <= 0.0 {
            return Err(ContextError::Empty);
        }
        let sum = d.first * p.first + (d.second - d.first) / 2.0;
        let squares = d.first * p.second
            + p.first * (d.second - d.first)
            + (2.0 * d.third - 3.0 * d.second + d.first) / 6.0;
        Ok(Self {
            mean_prompt: p.first,
            mean_output: d.first,
            in_flight: Moments::from_squares(sum / d.first, squares / d.first),
        })
    }

    /// Requests as they came: pairs of prompt and output tokens, as in a trace.
    ///
    /// # Errors
    /// If there are none, all outputs are empty, or a length is none.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (f64, f64)>) -> Result<Self, ContextError> {
        let (mut count, mut prompts, mut outputs) = (0.0, 0.0, 0.0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for (p, d) in pairs {
            if !(p.is_finite() && d.is_finite() && p >= 0.0 && d >= 0.0) {
                return Err(ContextError::NotALength);
            }
            count += 1.0;
            prompts += p;
            outputs += d;
            sum += d * p + d * (d - 1.0) / 2.0;
            squares += d * p * p + p * d * (d - 1.0) + (d - 1.0) * d * (2.0 * d - 1.0) / 6.0;
        }
        if outputs <= 0.0 {
            return Err(ContextError::Empty);
        }
        Ok(Self {
            mean_prompt: prompts / count,
            mean_output: outputs / count,
            in_flight: Moments::from_squares(sum / outputs, squares / outputs),
        })
    }

    /// Mean and deviation of the contexts in flight.
    #[must_use]
    pub fn in_flight(&self) -> Moments {
        self.in_flight
    }
}

/// The weighted mean of values.
fn mean(pairs: impl Iterator<Item = (f64, f64)>) -> Result<f64, ContextError> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (value, weight) in pairs {
        if !(value.is_finite() && weight.is_finite() && value >= 0.0 && weight >= 0.0) {
            return Err(ContextError::NotALength);
        }
        sum += value * weight;
        total += weight;
    }
    if total > 0.0 { Ok(sum / total) } else { Err(ContextError::Empty) }
}
