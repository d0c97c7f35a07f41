//! The Pareto front against the definition: a point is on it if no other beats it.

use afford::sweep::pareto::{Sense, front};
use proptest::prelude::*;

/// At least as good everywhere and better somewhere.
fn beats(a: &[f64], b: &[f64], senses: &[Sense]) -> bool {
    let gain = |i: usize| match senses[i] {
        Sense::Min => b[i] - a[i],
        Sense::Max => a[i] - b[i],
    };
    let gains: Vec<f64> = (0..senses.len()).map(gain).collect();
    gains.iter().all(|gain| *gain >= 0.0) && gains.iter().any(|gain| *gain > 0.0)
}

fn brute_force(points: &[Vec<f64>], senses: &[Sense]) -> Vec<bool> {
    points.iter().map(|p| !points.iter().any(|other| beats(other, p, senses))).collect()
}

/// Few values, so that ties and equal points are common; both zeros, which are equal.
fn coordinate() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![-1.0, -0.0, 0.0, 1.0, 2.0, 3.5, 1e300])
}

/// Objectives with their senses, and points.
fn case() -> impl Strategy<Value = (Vec<Sense>, Vec<Vec<f64>>)> {
    (1..=3_usize).prop_flat_map(|objectives| {
        let sense = prop::sample::select(vec![Sense::Min, Sense::Max]);
        let point = prop::collection::vec(coordinate(), objectives);
        (prop::collection::vec(sense, objectives), prop::collection::vec(point, 0..40))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_front_is_what_no_point_beats((senses, points) in case()) {
        prop_assert_eq!(front(&points, &senses), brute_force(&points, &senses), "{:?}", senses);
    }

    #[test]
    fn the_order_of_points_does_not_matter((senses, points) in case()) {
        let mut reversed = points.clone();
        reversed.reverse();
        let mut found = front(&reversed, &senses);
        found.reverse();
        prop_assert_eq!(found, front(&points, &senses));
    }

    #[test]
    fn some_point_is_always_on_the_front((senses, points) in case()) {
        prop_assert_eq!(front(&points, &senses).contains(&true), !points.is_empty());
    }
}
