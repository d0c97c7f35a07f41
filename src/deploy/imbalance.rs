//! Experts that are not equally busy, and what that costs.
//!
//! With load balance s = mean / max over the devices that hold experts:
//!
//! ```text
//! AFD           FFN time / s; attention idles with it
//! colocated EP  runs at (l + 1) / (l + 1 / s),  l = t_A / t_F     (arXiv 2602.09721)
//! ```
//!
//! because only the FFN's share of a colocated layer is stretched. At small batches skew is free or
//! helps, since fewer experts are touched at all: B tokens that visit K of E experts touch
//! E (1 - (1 - K / E)^B) of them where all are equally popular, fewer where they are not.
//!
//! This file knows counts and shares and nothing of models or machines. Building an
//! [`Imbalance`]'s factor or a [`Popularity`] allocates; the expectations do not.

use super::straggler::slowest;
use crate::work::experts::distinct_experts;

/// How unequally the experts are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Imbalance {
    /// All alike.
    Uniform,
    /// Measured: the busiest device's load over the mean.
    MaxOverMean(f64),
    /// The i-th most popular expert is used i^-exponent times as often as the first.
    Zipf {
        /// 0 is uniform.
        exponent: f64,
        /// Extra copies, given one by one to the expert whose copies are busiest.
        redundant: u32,
    },
}

impl Imbalance {
    /// 1 / s: load of the busiest of `devices` over the mean. Experts (and copies) are placed by a
    /// balancer: the busiest first, each on the least busy device with a free place.
    #[must_use]
    pub fn max_over_mean(&self, experts: u32, devices: u32) -> f64 {
        match *self {
            Self::Uniform => 1.0,
            Self::MaxOverMean(factor) => factor.max(1.0),
            Self::Zipf { exponent, redundant } => {
                let copies = copies(&zipf(experts, exponent), redundant);
                busiest(copies, devices.max(1) as usize)
            }
        }
    }
}

/// Shares of i^-exponent, the largest first; they sum to 1.
fn zipf(experts: u32, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=experts).map(|i| f64::from(i).powf(-exponent)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Loads of all copies, the largest first.
fn copies(shares: &[f64], redundant: u32) -> Vec<f64> {
    let mut counts = vec![1.0_f64; shares.len()];
    for _ in 0..redundant {
        let load = |i: usize| shares[i] / counts[i];
        let most = (0..shares.len()).max_by(|&a, &b| load(a).total_cmp(&load(b)).then(b.cmp(&a)));
        if let Some(most) = most {
            counts[most] += 1.0;
        }
    }
    let parts = shares.iter().zip(&counts);
    let mut loads: Vec<f64> = parts
        .flat_map(|(share, &count)| std::iter::repeat_n(share / count, count as usize))
        .collect();
    loads.sort_by(|a, b| b.total_cmp(a));
    loads
}

/// Places loads (the largest first) and returns the busiest device's over the mean.
fn busiest(loads: Vec<f64>, devices: usize) -> f64 {
    let places = loads.len().div_ceil(devices);
    let mut held = vec![(0.0_f64, 0_usize); devices];
    for load in loads {
        let free = held.iter_mut().filter(|(_, count)| *count < places);
        if let Some((sum, count)) = free.min_by(|a, b| a.0.total_cmp(&b.0)) {
            *sum += load;
            *count += 1;
        }
    }
    let (total, most) = held.iter().fold((0.0, 0.0_f64), |(t, m), h| (t + h.0, m.max(h.0)));
    if total > 0.0 { most * devices as f64 / total } else { 1.0 }
}

/// Share of its ideal throughput that AFD keeps where the FFN binds: s.
#[must_use]
pub fn afd_efficiency(balance: f64) -> f64 {
    balance
}

/// Share of its ideal throughput that colocated EP keeps: (l + 1) / (l + 1 / s).
#[must_use]
pub fn colocated_efficiency(attention_over_ffn: f64, balance: f64) -> f64 {
    (attention_over_ffn + 1.0) / (attention_over_ffn + 1.0 / balance)
}

/// Expected load of the busiest of n devices over the mean, where each of `visits` goes to any of
/// them with the same probability: the multinomial's parts taken as independent normals, at least
/// the mean.
#[must_use]
pub fn chance_max_over_mean(visits: f64, devices: f64) -> f64 {
    if devices <= 1.0 || visits <= 0.0 {
        return 1.0;
    }
    let mean = visits / devices;
    let deviation = (mean * (1.0 - 1.0 / devices)).sqrt();
    // All visits on one device is the most there is.
    (slowest(mean, mean, deviation, devices) / mean).min(devices)
}

/// How probably a token visits each expert.
#[derive(Debug, Clone, PartialEq)]
pub struct Popularity {
    visits: Vec<f64>,
}

impl Popularity {
    /// Zipf's law over E experts, K of which a token visits: expert i with probability
    /// 1 - exp(-lambda i^-exponent), lambda such that they sum to K.
    #[must_use]
    pub fn zipf(experts: u32, visited: f64, exponent: f64) -> Self {
        let shares = zipf(experts, exponent);
        let visited = visited.min(f64::from(experts));
        let visits = |lambda: f64| shares.iter().map(move |share| -(-lambda * share).exp_m1());
        let (mut low, mut high) = (0.0, 1.0);
        while visits(high).sum::<f64>() < visited && high < 1e15 {
            high *= 2.0;
        }
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            let side = if visits(middle).sum::<f64>() < visited { &mut low } else { &mut high };
            *side = middle;
        }
        Self { visits: visits(high).collect() }
    }

    /// Expected number of experts that so many tokens touch.
    #[must_use]
    pub fn distinct_experts(&self, tokens: f64) -> f64 {
        self.visits.iter().map(|&visit| distinct_experts(1.0, visit, tokens)).sum()
    }
}
