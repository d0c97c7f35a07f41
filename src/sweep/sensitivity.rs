//! How much each input matters: a deployment with one input at a time a little lower and higher,
//! and where a change would make it as cheap as its rival or just keep the promise.

use super::vary::{Input, Knob, Setting};
use crate::deploy::estimate::Estimate;
use crate::deploy::legal::Refused;

/// One input of one deployment.
#[derive(Debug, Clone)]
pub struct Sensitivity {
    /// The input.
    pub knob: Knob,
    /// Its value as the scenario has it.
    pub base: f64,
    /// With the input lower.
    pub low: Estimate,
    /// With the input higher.
    pub high: Estimate,
    /// Percent of $ per percent of the input: d ln $ / d ln x.
    pub elasticity: f64,
    /// The same of the time per output token.
    pub tpot_elasticity: f64,
    /// The value at which the deployment costs as much as its rival.
    pub break_even: Option<f64>,
    /// The value at which the deployment just keeps the promise.
    pub keeps_promise_at: Option<f64>,
}

impl Sensitivity {
    /// $ between the two ends.
    #[must_use]
    pub fn swing(&self) -> f64 {
        (self.high.usd_per_mtok - self.low.usd_per_mtok).abs()
    }
}

/// Values beyond these factors are not looked for.
const WIDEST: f64 = 16.0;
/// Steps of a search, each by the same factor.
const STEPS: i32 = 32;
/// Half the distance of the points of an elasticity, as a share.
const NEAR: f64 = 0.01;

/// Smaller changes, as a share, are rounding.
const ROUNDING: f64 = 1e-9;

/// Every input that can vary in a deployment.
#[must_use]
pub fn knobs(setting: &Setting) -> Vec<Knob> {
    let mut names = vec![&setting.attention.name];
    if setting.ffn.name != setting.attention.name {
        names.push(&setting.ffn.name);
    }
    let of_hardware =
        [Input::Price, Input::Compute, Input::MemoryBandwidth, Input::Network, Input::ScaleUp];
    let others = [Input::Context, Input::Batch, Input::AcceptedTokens, Input::ExpertImbalance];
    let mine = names
        .into_iter()
        .flat_map(|name| of_hardware.map(|input| Knob { input, hardware: Some(name.clone()) }));
    let all = mine.chain(others.map(|input| Knob { input, hardware: None }));
    all.filter(|knob| setting.base(knob).is_some()).collect()
}

/// The sensitivities of a deployment to all its inputs, the largest swing first. Inputs that move
/// nothing are left out.
///
/// # Errors
/// If a deployment cannot be compiled.
pub fn sensitivities(
    setting: &Setting,
    rival: Option<&Setting>,
    promise_s: Option<f64>,
    share: f64,
) -> Result<Vec<Sensitivity>, Refused> {
    let mut all = Vec::new();
    for knob in knobs(setting) {
        let Some(base) = setting.base(&knob) else { continue };
        let at = |value: f64| setting.clone().with(&knob, value).estimate();
        let (low, high) = (at(base * (1.0 - share))?, at(base * (1.0 + share))?);
        // Whole requests per rank make the batch move in steps: it needs the wider distance.
        let distance = if knob.input == Input::Batch { share } else { NEAR };
        let (least, most) = setting.limits(&knob);
        let ends = [1.0 - distance, 1.0 + distance].map(|f| (base * f).clamp(least, most));
        let near = (at(ends[0])?, at(ends[1])?);
        let slope = |of: &dyn Fn(&Estimate) -> f64| {
            (of(&near.1) / of(&near.0)).ln() / (ends[1] / ends[0]).ln()
        };
        let against = |rival: &Setting| {
            crossing(base, |value| {
                // What they share varies in both.
                let other = rival.clone().with(&knob, value).estimate().ok()?;
                Some(at(value).ok()?.usd_per_mtok / other.usd_per_mtok)
            })
        };
        let promised =
            |promise: f64| crossing(base, |value| Some(at(value).ok()?.tpot.seconds() / promise));
        let found = Sensitivity {
            base,
            low,
            high,
            elasticity: slope(&|e| e.usd_per_mtok),
            tpot_elasticity: slope(&|e| e.tpot.seconds()),
            break_even: rival.and_then(against),
            keeps_promise_at: promise_s.and_then(promised),
            knob,
        };
        let moved = |a: f64, b: f64| (a - b).abs() > ROUNDING * a.max(b);
        if moved(low.usd_per_mtok, high.usd_per_mtok) || moved(low.tpot.ms(), high.tpot.ms()) {
            all.push(found);
        }
    }
    all.sort_by(|a, b| b.swing().total_cmp(&a.swing()));
    Ok(all)
}

/// The value nearest to `base` at which a ratio passes 1.
fn crossing(base: f64, ratio: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    let above = |value: f64| ratio(value).map(|r| r > 1.0);
    let here = above(base)?;
    let step = WIDEST.powf(1.0 / f64::from(STEPS));
    let search = |by: f64| {
        let mut inside = base;
        for n in 1..=STEPS {
            let outside = base * by.powi(n);
            if above(outside)? != here {
                return Some(bisect(inside, outside, |value| above(value) == Some(here)));
            }
            inside = outside;
        }
        None
    };
    let far = |value: &f64| (value / base).ln().abs();
    let both = [search(1.0 / step), search(step)];
    both.into_iter().flatten().min_by(|a, b| far(a).total_cmp(&far(b)))
}

/// Where a condition that holds at the one end and not at the other ends.
fn bisect(mut holds: f64, mut fails: f64, condition: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = (holds * fails).sqrt();
        if condition(middle) {
            holds = middle;
        } else {
            fails = middle;
        }
    }
    (holds * fails).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_crossing_is_found() {
        let found = crossing(1.0, |x| Some(x * x / 2.0)).unwrap();
        assert!((found - 2.0_f64.sqrt()).abs() < 1e-12, "{found}");
        // Above 1 between 0.5 and 3: the nearer end on the logarithmic axis.
        let found = crossing(1.0, |x| Some(if (0.5..3.0).contains(&x) { 2.0 } else { 0.0 }));
        assert!((found.unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(crossing(1.0, |_| Some(0.5)), None);
    }
}
