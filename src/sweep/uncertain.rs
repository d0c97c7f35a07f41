//! What deployments give when their inputs are uncertain: every sample draws all inputs once, for
//! all deployments alike, so that differences between them are not noise.

use super::distribution::{Distribution, draw, quantile, quantile_interval};
use super::vary::{Knob, Setting};
use crate::deploy::legal::Refused;
use rayon::prelude::*;

/// An input that may turn out otherwise.
#[derive(Debug, Clone)]
pub struct Uncertain {
    /// The input.
    pub knob: Knob,
    /// How it may turn out.
    pub distribution: Distribution,
}

/// Deployments, and what is not known of them.
#[derive(Debug, Clone)]
pub struct Simulation<'a> {
    /// The deployments.
    pub settings: &'a [Setting],
    /// Which of them are alternatives to one another: those of equal numbers.
    pub groups: &'a [usize],
    /// What is uncertain.
    pub inputs: &'a [Uncertain],
    /// Samples to draw.
    pub samples: u64,
    /// Where the draws begin.
    pub seed: u64,
    /// Time per output token that is promised.
    pub promise_s: Option<f64>,
}

/// What one deployment may give.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// $ per million tokens at P10, P50 and P90; nothing where the deployment cannot run in so many
    /// samples.
    pub usd_per_mtok: [Option<f64>; 3],
    /// Within which the true P50 of it lies with 95 % confidence.
    pub usd_p50_interval: Option<(f64, f64)>,
    /// Time per output token in seconds at P10, P50 and P90.
    pub tpot_s: [Option<f64>; 3],
    /// Share of the samples in which it fits into memory.
    pub feasible: f64,
    /// Share in which it fits and keeps the promise, if there is one.
    pub keeps_promise: Option<f64>,
    /// Share in which it is the cheapest of its group that fits.
    pub cheapest: f64,
}

/// What one deployment gives in one sample; infinite where it does not fit.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    usd_per_mtok: f64,
    tpot_s: f64,
}

impl Simulation<'_> {
    /// Draws every sample and gathers what each deployment gives.
    ///
    /// # Errors
    /// If a deployment cannot be compiled.
    pub fn run(&self) -> Result<Vec<Spread>, Refused> {
        let distributions: Vec<_> = self.inputs.iter().map(|input| input.distribution).collect();
        let sample = |number: u64| self.sample(&draw(&distributions, self.seed, number));
        let outcomes: Vec<Vec<Outcome>> =
            (0..self.samples).into_par_iter().map(sample).collect::<Result<_, _>>()?;
        let mut cheapest = vec![0_u64; self.settings.len()];
        for outcome in &outcomes {
            for winner in self.winners(outcome) {
                cheapest[winner] += 1;
            }
        }
        let spread = |at: usize| self.spread(&outcomes, at, cheapest[at]);
        Ok((0..self.settings.len()).map(spread).collect())
    }

    fn sample(&self, values: &[f64]) -> Result<Vec<Outcome>, Refused> {
        let outcome = |setting: &Setting| {
            let turned = self.inputs.iter().zip(values);
            let changed = turned.fold(setting.clone(), |s, (input, v)| s.with(&input.knob, *v));
            let estimate = changed.estimate()?;
            Ok(match estimate.infeasible {
                None => {
                    Outcome { usd_per_mtok: estimate.usd_per_mtok, tpot_s: estimate.tpot.seconds() }
                }
                Some(_) => Outcome { usd_per_mtok: f64::INFINITY, tpot_s: f64::INFINITY },
            })
        };
        self.settings.iter().map(outcome).collect()
    }

    /// The cheapest deployment of every group in a sample; the first of equals.
    fn winners(&self, outcomes: &[Outcome]) -> Vec<usize> {
        let mut best: Vec<(usize, usize)> = Vec::new();
        for (at, (outcome, group)) in outcomes.iter().zip(self.groups).enumerate() {
            if outcome.usd_per_mtok.is_infinite() {
                continue;
            }
            match best.iter_mut().find(|(known, _)| known == group) {
                None => best.push((*group, at)),
                Some((_, leader)) => {
                    if outcome.usd_per_mtok < outcomes[*leader].usd_per_mtok {
                        *leader = at;
                    }
                }
            }
        }
        best.into_iter().map(|(_, at)| at).collect()
    }

    fn spread(&self, outcomes: &[Vec<Outcome>], at: usize, cheapest: u64) -> Spread {
        let sorted = |of: &dyn Fn(&Outcome) -> f64| {
            let mut all: Vec<f64> = outcomes.iter().map(|sample| of(&sample[at])).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let (usd, tpot) = (sorted(&|o| o.usd_per_mtok), sorted(&|o| o.tpot_s));
        let three = |sorted: &[f64]| {
            [0.1, 0.5, 0.9].map(|p| quantile(sorted, p).filter(|value| value.is_finite()))
        };
        let share = |count: usize| count as f64 / outcomes.len().max(1) as f64;
        let within = |limit: f64| share(tpot.iter().filter(|t| **t <= limit).count());
        let interval = quantile_interval(&usd, 0.5);
        Spread {
            usd_per_mtok: three(&usd),
            usd_p50_interval: interval.filter(|(_, high)| high.is_finite()),
            tpot_s: three(&tpot),
            feasible: share(usd.iter().filter(|usd| usd.is_finite()).count()),
            keeps_promise: self.promise_s.map(within),
            cheapest: share(cheapest as usize),
        }
    }
}
