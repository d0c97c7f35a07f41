//! Inverse solves: where a function of one positive quantity (a price, a bandwidth, a context)
//! changes sign, found by bracketing.
//!
//! The solver is ITP (Oliveira and Takahashi 2020): interpolation, truncated and projected so that
//! it never needs more than one step beyond bisection, whatever the function, kinks and jumps
//! included. Quantities span decades, so it works on their logarithm. What it cannot find it does
//! not invent: without a change of sign there is no answer, only what holds at both ends.

/// Where a solve looks: both ends above zero, the lower first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A change of sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// The largest value known to lie before it.
    pub low: f64,
    /// The smallest value known to lie behind it.
    pub high: f64,
    /// Whether the function is above zero before it.
    pub falls: bool,
    /// How often the function was asked within the bracket it was found in.
    pub evaluations: u32,
}

impl Crossing {
    /// The middle of the bracket.
    #[must_use]
    pub fn middle(&self) -> f64 {
        (self.low * self.high).sqrt()
    }
}

/// Brackets are narrowed to this share of the value.
const NARROW: f64 = 1e-9;
/// ITP's truncation (kappa 1, kappa 2) and its slack of one step over bisection (n 0).
const TRUNCATION: (f64, f64) = (0.1, 2.0);
const SLACK: i32 = 1;

/// A value of the function by its sign; infinities (nothing is feasible there) count as signs.
fn same_side(a: f64, b: f64) -> bool {
    (a > 0.0) == (b > 0.0)
}

/// Narrows a bracket whose ends differ in sign. Zero counts as below.
fn narrow(range: Range, ends: (f64, f64), mut f: impl FnMut(f64) -> Option<f64>) -> Crossing {
    let (mut a, mut b) = (range.low.ln(), range.high.ln());
    let (mut at_a, mut at_b) = ends;
    let falls = at_a > 0.0;
    let width = NARROW / 2.0;
    let most = ((b - a) / (2.0 * width)).log2().ceil().max(0.0) as i32 + SLACK;
    let mut step = 0;
    while b - a > 2.0 * width && step <= most + SLACK {
        let next = itp(a, b, (at_a, at_b), width * f64::from(most - step).exp2());
        // Where the function has no value, neither end is nearer: the bracket stays as it is.
        let Some(value) = f(next.exp()) else { break };
        if value == 0.0 {
            (a, b) = (next, next);
        } else if same_side(value, at_a) {
            (a, at_a) = (next, value);
        } else {
            (b, at_b) = (next, value);
        }
        step += 1;
    }
    Crossing { low: a.exp(), high: b.exp(), falls, evaluations: step as u32 }
}

/// The next point to ask, within `reach` of the middle.
fn itp(a: f64, b: f64, (at_a, at_b): (f64, f64), reach: f64) -> f64 {
    let half = f64::midpoint(a, b);
    let straight = (at_b * a - at_a * b) / (at_b - at_a);
    if !straight.is_finite() {
        return half;
    }
    let towards = (half - straight).signum();
    let cut = TRUNCATION.0 * (b - a).powf(TRUNCATION.1);
    let truncated = if cut <= (half - straight).abs() { straight + towards * cut } else { half };
    let room = (reach - (b - a) / 2.0).max(0.0);
    if (truncated - half).abs() <= room { truncated } else { half - towards * room }
}

/// What a solve found.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// Where it looked.
    pub range: Range,
    /// The function at both ends of the range; nothing where it has no value.
    pub ends: [Option<f64>; 2],
    /// Changes of sign in ascending order.
    pub crossings: Vec<Crossing>,
    /// How often the function was asked in all.
    pub evaluations: u32,
}

/// Looks for every change of sign between neighbours of `pieces` equal pieces (by ratio) of a
/// range, and narrows each. A function that has no value at a point has no sign there.
pub fn solve(range: Range, pieces: u32, mut f: impl FnMut(f64) -> Option<f64>) -> Solved {
    let pieces = pieces.max(1);
    let ratio = range.high / range.low;
    let at = |i: u32| match i {
        0 => range.low,
        i if i == pieces => range.high,
        i => range.low * ratio.powf(f64::from(i) / f64::from(pieces)),
    };
    let points: Vec<f64> = (0..=pieces).map(at).collect();
    let values: Vec<Option<f64>> = points.iter().map(|&x| f(x)).collect();
    let mut evaluations = pieces + 1;
    let mut crossings = Vec::new();
    for (x, y) in points.windows(2).zip(values.windows(2)) {
        if let (&[low, high], &[Some(a), Some(b)]) = (x, y)
            && !same_side(a, b)
        {
            let found = narrow(Range { low, high }, (a, b), &mut f);
            evaluations += found.evaluations;
            crossings.push(found);
        }
    }
    let ends = [values[0], values[values.len() - 1]];
    Solved { range, ends, crossings, evaluations }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(low: f64, high: f64, f: impl Fn(f64) -> f64) -> Crossing {
        let solved = solve(Range { low, high }, 1, |x| Some(f(x)));
        assert_eq!(solved.crossings.len(), 1);
        solved.crossings[0]
    }

    type Case = (f64, fn(f64) -> f64);

    #[test]
    fn roots_known_in_closed_form_lie_in_their_bracket() {
        let cases: [Case; 4] = [
            (2.0, |x| x * x - 4.0),
            (std::f64::consts::E, |x| 1.0 - x.ln()),
            (1e6, |x| 1e6 - x),
            (0.125, |x| x.powi(9) - 0.125_f64.powi(9)),
        ];
        for (root, f) in cases {
            let found = one(1e-3, 1e9, f);
            assert!(found.low <= root * (1.0 + 1e-12) && root <= found.high * (1.0 + 1e-12));
            assert!(found.high / found.low - 1.0 < 2e-9, "{found:?}");
            assert_eq!(found.falls, f(1e-3) > 0.0);
        }
    }

    #[test]
    fn no_function_takes_more_steps_than_bisection_and_two() {
        let bisection = ((1e12_f64).ln() / NARROW).log2().ceil() as u32;
        let jump = |x: f64| if x < 7.0 { 1.0 } else { -1e9 };
        let flat = |x: f64| (x.ln() - 3.0).powi(15);
        let endless = |x: f64| if x < 3.0 { f64::INFINITY } else { -1.0 };
        for f in [&jump as &dyn Fn(f64) -> f64, &flat, &endless] {
            assert!(one(1e-3, 1e9, f).evaluations <= bisection + 2);
        }
        let straight = one(1e-3, 1e9, |x| x.ln() - 1.0);
        assert!(straight.evaluations < bisection / 2, "{straight:?}");
    }

    #[test]
    fn every_crossing_is_found_and_none_is_invented() {
        let wave = |x: f64| Some((x.ln() * 3.0).sin());
        let solved = solve(Range { low: 2.0, high: 100.0 }, 40, wave);
        let roots = [1.0, 2.0, 3.0, 4.0].map(|k| (k * std::f64::consts::PI / 3.0).exp());
        assert_eq!(solved.crossings.len(), roots.len());
        for (found, root) in solved.crossings.iter().zip(roots) {
            assert!((found.middle() / root - 1.0).abs() < 1e-8);
        }
        let never = solve(Range { low: 1.0, high: 10.0 }, 8, Some);
        assert!(never.crossings.is_empty());
        assert_eq!(never.ends, [Some(1.0), Some(10.0)]);
        let unknown = solve(Range { low: 1.0, high: 10.0 }, 8, |_| None);
        assert!(unknown.crossings.is_empty() && unknown.ends == [None, None]);
    }
}
