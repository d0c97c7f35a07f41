//! Distributions of uncertain inputs, and draws from them that depend on a seed and the number of
//! the sample alone: the same on any number of threads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::distribution::{ContinuousCDF, LogNormal, Normal, Triangular, Uniform};

/// How an input may turn out.
#[derive(Debug, Clone, Copy)]
pub enum Distribution {
    /// Its logarithm is normal.
    LogNormal(LogNormal),
    /// Normal.
    Normal(Normal),
    /// Any value between two alike.
    Uniform(Uniform),
    /// From the least to the most, with a peak between.
    Triangular(Triangular),
}

impl Distribution {
    /// The value below which the input stays with probability `p`, between 0 and 1.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::LogNormal(d) => d.inverse_cdf(p),
            Self::Normal(d) => d.inverse_cdf(p),
            Self::Uniform(d) => d.inverse_cdf(p),
            Self::Triangular(d) => d.inverse_cdf(p),
        }
    }
}

/// The inputs of one sample: a stream of its own of the generator ChaCha8, so that samples can be
/// drawn in any order.
#[must_use]
pub fn draw(distributions: &[Distribution], seed: u64, sample: u64) -> Vec<f64> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(sample);
    let mut uniform = || {
        // The middle of one of 2^53 equal steps: never 0, never 1.
        let step = (generator.next_u64() >> 11) as f64 + 0.5;
        step / (1_u64 << 53) as f64
    };
    distributions.iter().map(|d| d.quantile(uniform())).collect()
}

/// The value below which a share `p` of sorted values lies, interpolated between neighbours.
/// Nothing if there are none.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = p * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    // Infinite neighbours have no middle.
    if below == above { Some(below) } else { Some(below + (above - below) * at.fract()) }
}

/// Between which of the sorted values the true quantile lies with a confidence of 95 %: the order
/// statistics at n p -+ 1.96 sqrt(n p (1 - p)).
#[must_use]
pub fn quantile_interval(sorted: &[f64], p: f64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_964;
    let (n, last) = (sorted.len() as f64, sorted.len().checked_sub(1)?);
    let half = Z * (n * p * (1.0 - p)).sqrt();
    let low = (n * p - half).floor().max(1.0) as usize - 1;
    let high = (n * p + half).ceil() as usize;
    Some((sorted[low.min(last)], sorted[high.min(last)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_hand() {
        let values = [1.0, 2.0, 4.0, f64::INFINITY];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.5), Some(3.0));
        assert_eq!(quantile(&values, 1.0), Some(f64::INFINITY));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_sample_does_not_depend_on_those_before_it() {
        let all = [Distribution::Uniform(Uniform::new(0.0, 1.0).unwrap()); 3];
        let first = draw(&all, 7, 41);
        assert_eq!(draw(&all, 7, 41), first);
        assert_ne!(draw(&all, 7, 42), first);
        assert_ne!(draw(&all, 8, 41), first);
        // One input more changes none of those before it.
        assert_eq!(draw(&all[..2], 7, 41), first[..2]);
        assert!(first.iter().all(|u| (0.0..1.0).contains(u)));
    }

    /// Of 1,000 intervals for the median of a lognormal, as many hold the true one as should.
    #[test]
    fn intervals_cover_at_their_nominal_rate() {
        const INTERVALS: u64 = 1000;
        const SAMPLES: u64 = 150;
        let input = [Distribution::LogNormal(LogNormal::new(0.0, 0.5).unwrap())];
        for (p, truth) in [(0.5, 1.0), (0.9, input[0].quantile(0.9))] {
            let covers = |seed: &u64| {
                let values = (0..SAMPLES).map(|sample| draw(&input, *seed, sample)[0]);
                let mut values: Vec<f64> = values.collect();
                values.sort_by(f64::total_cmp);
                let (low, high) = quantile_interval(&values, p).unwrap();
                low <= truth && truth <= high
            };
            let share = (0..INTERVALS).filter(covers).count() as f64 / INTERVALS as f64;
            // Ranks are whole, so an interval covers a little more; three deviations of 1,000 trials.
            let deviation = (0.95_f64 * 0.05 / INTERVALS as f64).sqrt();
            assert!((share - 0.955).abs() < 3.0 * deviation, "{p}: {share}");
        }
    }
}
