//! The Pareto front against the definition: a point is on it if no other beats it.

use afford::sweep::grid::summary::{Front, MOST_OBJECTIVES};
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

/// The numbers of the points that a front which grows point by point is left with.
fn grown(points: &[Vec<f64>], senses: &[Sense], order: &[usize]) -> Vec<u64> {
    let mut front = Front::default();
    for &i in order {
        let mut key = [0.0; MOST_OBJECTIVES];
        for ((key, value), sense) in key.iter_mut().zip(&points[i]).zip(senses) {
            *key = if *sense == Sense::Max { -value } else { *value } + 0.0;
        }
        front.offer(key, senses.len(), i as u64);
    }
    let mut indices: Vec<u64> = front.indices().collect();
    indices.sort_unstable();
    indices
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

    /// A front of a summary keeps the first of equal points, in whatever order it meets them.
    #[test]
    fn a_front_that_grows_is_the_front_without_repetitions(
        ((senses, points), order) in case().prop_flat_map(|case| {
            let order: Vec<usize> = (0..case.1.len()).collect();
            (Just(case), Just(order).prop_shuffle())
        })
    ) {
        let on_front = brute_force(&points, &senses);
        let first = |i: usize| points.iter().position(|p| *p == points[i]) == Some(i);
        let expected: Vec<u64> =
            (0..points.len()).filter(|i| on_front[*i] && first(*i)).map(|i| i as u64).collect();
        prop_assert_eq!(grown(&points, &senses, &order), expected);
    }
}
