//! The least of a function of several variables: Nelder and Mead's simplex from several starts,
//! each run again from where it ended. No derivative, no randomness: the same data, the same bits.

use argmin::core::{CostFunction, Error, Executor, State};
use argmin::solver::neldermead::NelderMead;

/// Runs from one start: a simplex that has shrunk into a corner is opened anew.
const RUNS: usize = 3;
/// Width of a fresh simplex, on the squeezed line of a parameter.
const WIDTH: f64 = 0.8;
/// Spread of the simplex's values below which a run ends.
const FLAT: f64 = 1e-7;

struct Cost<F>(F);

impl<F: Fn(&[f64]) -> f64> CostFunction for Cost<&F> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, point: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.0)(point))
    }
}

/// The point where `cost` is least, of all starts, and the cost there.
pub fn least(
    starts: &[Vec<f64>],
    iterations: u64,
    cost: impl Fn(&[f64]) -> f64,
) -> (Vec<f64>, f64) {
    let mut best = (Vec::new(), f64::INFINITY);
    for start in starts {
        let mut point = start.clone();
        for _ in 0..RUNS {
            point = run(&point, iterations, &cost).unwrap_or(point);
        }
        let value = cost(&point);
        if value < best.1 {
            best = (point, value);
        }
    }
    best
}

fn run(start: &[f64], iterations: u64, cost: &impl Fn(&[f64]) -> f64) -> Option<Vec<f64>> {
    let mut simplex = vec![start.to_vec()];
    for i in 0..start.len() {
        let mut corner = start.to_vec();
        corner[i] += WIDTH;
        simplex.push(corner);
    }
    let solver = NelderMead::new(simplex).with_sd_tolerance(FLAT).ok()?;
    let run =
        Executor::new(Cost(cost), solver).configure(|state| state.max_iters(iterations)).run();
    run.ok()?.state().get_best_param().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_bent_valley() {
        let rosenbrock = |p: &[f64]| (1.0 - p[0]).powi(2) + 100.0 * (p[1] - p[0] * p[0]).powi(2);
        let (point, value) = least(&[vec![-1.2, 1.0]], 400, rosenbrock);
        assert!(value < 1e-6, "{point:?} {value}");
    }
}
