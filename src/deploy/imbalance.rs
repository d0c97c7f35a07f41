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
//! Experts used as by Zipf's law touch fewer on every device and load the busiest more, both from the
//! same chances of a visit. For estimates, the chances are gathered in a few classes ([`Visits`]).
//! The stage waits for the device with the most rows, which is taken to touch as many experts as the
//! others. Where routed rows go is left at equal chances.
//!
//! This file knows counts and shares and nothing of models or machines. Building a [`Skew`] or a
//! [`Popularity`] allocates; the expectations do not.

use super::straggler::slowest;
use crate::work::experts::distinct_experts;

/// How unequally the experts are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Imbalance {
    /// All alike.
    Uniform,
    /// Measured: the busiest device's load over the mean.
    MaxOverMean(f64),
    /// The i-th most popular expert is drawn i^-exponent times as often as the first.
    Zipf {
        /// 0 is uniform.
        exponent: f64,
    },
}

/// The experts of a layer and the devices that they are dealt out to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dealt {
    /// N.
    pub experts: u32,
    /// k, experts that a token visits.
    pub visited: f64,
    /// Extra copies, given one by one to the expert whose copies are busiest.
    pub redundant: u32,
    /// Groups of devices.
    pub groups: u32,
}

/// What an imbalance makes of the experts of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// 1 / s: load of the busiest group over the mean.
    pub max_over_mean: f64,
    /// Chances of a visit.
    pub visits: Visits,
}

impl Skew {
    /// No experts, or none that differ.
    pub(super) const NONE: Self = Self {
        max_over_mean: 1.0,
        visits: Visits { classes: [Class { share: 1.0, log_missed: 0.0 }; MOST_CLASSES], used: 1 },
    };
}

impl Imbalance {
    /// What it makes of experts. Experts (and copies) are placed by a balancer: the busiest first,
    /// each on the least busy group with a free place.
    #[must_use]
    pub fn skew(&self, dealt: &Dealt) -> Skew {
        let alike = Visits::alike(dealt.visited / f64::from(dealt.experts));
        match *self {
            Self::Uniform => Skew { max_over_mean: 1.0, visits: alike },
            Self::MaxOverMean(factor) => Skew { max_over_mean: factor.max(1.0), visits: alike },
            Self::Zipf { exponent } => {
                let popularity = Popularity::zipf(dealt.experts, dealt.visited, exponent)
                    .with_copies(dealt.redundant);
                Skew {
                    max_over_mean: busiest(&popularity.visits, dealt.groups.max(1) as usize),
                    visits: popularity.classes(),
                }
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

/// Places loads (the largest first) and returns the busiest group's over the mean.
fn busiest(loads: &[f64], groups: usize) -> f64 {
    let places = loads.len().div_ceil(groups);
    let mut held = vec![(0.0_f64, 0_usize); groups];
    for load in loads {
        let free = held.iter_mut().filter(|(_, count)| *count < places);
        if let Some((sum, count)) = free.min_by(|a, b| a.0.total_cmp(&b.0)) {
            *sum += load;
            *count += 1;
        }
    }
    let (total, most) = held.iter().fold((0.0, 0.0_f64), |(t, m), h| (t + h.0, m.max(h.0)));
    if total > 0.0 { most * groups as f64 / total } else { 1.0 }
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

/// How probably a token visits each expert, or each copy of one, the most popular first.
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
        for _ in 0..HALVINGS {
            let middle = (low + high) / 2.0;
            let side = if visits(middle).sum::<f64>() < visited { &mut low } else { &mut high };
            *side = middle;
        }
        Self { visits: visits(high).collect() }
    }

    /// The same with so many copies more, given one by one to the expert whose copies are busiest;
    /// an expert's copies take turns.
    #[must_use]
    pub fn with_copies(self, redundant: u32) -> Self {
        let visits = &self.visits;
        let mut counts = vec![1.0_f64; visits.len()];
        for _ in 0..redundant {
            let load = |i: usize| visits[i] / counts[i];
            let most =
                (0..visits.len()).max_by(|&a, &b| load(a).total_cmp(&load(b)).then(b.cmp(&a)));
            if let Some(most) = most {
                counts[most] += 1.0;
            }
        }
        let experts = visits.iter().zip(&counts);
        let copies =
            |(visit, &count): (&f64, &f64)| std::iter::repeat_n(visit / count, count as usize);
        let mut visits: Vec<f64> = experts.flat_map(copies).collect();
        visits.sort_by(|a, b| b.total_cmp(a));
        Self { visits }
    }

    /// Expected number of experts that so many tokens touch.
    #[must_use]
    pub fn distinct_experts(&self, tokens: f64) -> f64 {
        self.visits.iter().map(|&visit| distinct_experts(1.0, visit, tokens)).sum()
    }

    /// The same chances in a few classes: those within one of equal ratios, from the most to the
    /// least popular, are taken as equal.
    #[must_use]
    pub fn classes(&self) -> Visits {
        let all = self.visits.len() as f64;
        let most = self.visits.first().map_or(0.0, |visit| visit.ln());
        let span = most - self.visits.last().map_or(0.0, |visit| visit.ln());
        let class_of = |visit: &f64| {
            let below = (most - visit.ln()) / span * MOST_CLASSES as f64;
            // Where all are alike, 0 / 0 is no number, and the class is the first.
            (below as usize).min(MOST_CLASSES - 1)
        };
        let mut visits = Visits { classes: [Class::default(); MOST_CLASSES], used: 0 };
        for members in self.visits.chunk_by(|a, b| class_of(a) == class_of(b)) {
            let mean = members.iter().sum::<f64>() / members.len() as f64;
            let share = members.len() as f64 / all;
            visits.classes[visits.used] = Class { share, log_missed: log_missed(mean) };
            visits.used += 1;
        }
        visits
    }
}

/// Halvings that take the bracket of a popularity to the last bits of a float.
const HALVINGS: u32 = 64;
/// Classes that experts fall into: the number that they touch is then within 2 % of all (exponents up to 2).
const MOST_CLASSES: usize = 12;

/// Experts that are visited alike.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Class {
    /// Of all experts.
    share: f64,
    /// ln (1 - p), of the chance that a token misses one; -infinity where none does.
    log_missed: f64,
}

/// ln (1 - p).
fn log_missed(visit: f64) -> f64 {
    (-visit).max(-1.0).ln_1p()
}

/// Chances that a token visits the experts, in a few classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visits {
    classes: [Class; MOST_CLASSES],
    used: usize,
}

impl Visits {
    /// All experts with the same chance.
    #[must_use]
    pub fn alike(visit: f64) -> Self {
        let mut classes = [Class::default(); MOST_CLASSES];
        classes[0] = Class { share: 1.0, log_missed: log_missed(visit) };
        Self { classes, used: 1 }
    }

    /// Expected share of the experts that so many tokens touch.
    #[must_use]
    #[inline]
    pub fn touched(&self, tokens: f64) -> f64 {
        let share = |class: &Class| -class.share * (class.log_missed * tokens).exp_m1();
        let first = share(&self.classes[0]);
        if self.used == 1 {
            return first;
        }
        first + self.classes[1..self.used].iter().map(share).sum::<f64>()
    }
}
