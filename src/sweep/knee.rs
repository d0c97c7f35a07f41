//! What a reader needs of a long Pareto front: its knee, and a few points that stand for it.

use super::pareto::Sense;

/// The points' objectives, each turned so that less is better and scaled to 0 at the front's best
/// and 1 at its worst; by ratio where all values are above zero, since fronts span decades.
fn scaled(points: &[&[f64]], senses: &[Sense]) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::with_capacity(senses.len()); points.len()];
    for (at, sense) in senses.iter().enumerate() {
        let positive = points.iter().all(|p| p[at] > 0.0);
        let value = |p: &&[f64]| {
            let v = if positive { p[at].ln() } else { p[at] };
            if *sense == Sense::Max { -v } else { v }
        };
        let (low, high) = points
            .iter()
            .map(value)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let width = if high > low { high - low } else { 1.0 };
        for (row, point) in all.iter_mut().zip(points) {
            row.push((value(point) - low) / width);
        }
    }
    all
}

/// The knee of a front: the point furthest beyond the plane through its extremes, where a little
/// more of one objective begins to cost much of another. The first of equals; nothing for an empty
/// front.
#[must_use]
pub fn knee(front: &[&[f64]], senses: &[Sense]) -> Option<usize> {
    let sums = scaled(front, senses).into_iter().map(|row| row.iter().sum::<f64>()).enumerate();
    let nearer = |best: (usize, f64), next: (usize, f64)| {
        if next.1 < best.1 - 1e-12 { next } else { best }
    };
    sums.reduce(nearer).map(|(at, _)| at)
}

/// At most `most` points that stand for a front, in its order: the best in each objective and the
/// knee, then whichever point is furthest from all that are kept.
#[must_use]
pub fn thinned(front: &[&[f64]], senses: &[Sense], most: usize) -> Vec<usize> {
    if front.len() <= most {
        return (0..front.len()).collect();
    }
    let rows = scaled(front, senses);
    let mut kept: Vec<usize> = Vec::new();
    let best = |at: usize| {
        let column = rows.iter().map(|row| row[at]).enumerate();
        column.reduce(|a, b| if b.1 < a.1 { b } else { a }).map(|(i, _)| i)
    };
    let wanted = (0..senses.len()).filter_map(best).chain(knee(front, senses));
    for at in wanted {
        if kept.len() < most && !kept.contains(&at) {
            kept.push(at);
        }
    }
    let apart = |a: usize, b: usize| {
        rows[a].iter().zip(&rows[b]).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()
    };
    let mut nearest: Vec<f64> = (0..rows.len())
        .map(|i| kept.iter().map(|&k| apart(i, k)).fold(f64::INFINITY, f64::min))
        .collect();
    while kept.len() < most {
        let furthest = nearest.iter().copied().enumerate();
        let Some((at, _)) = furthest.reduce(|a, b| if b.1 > a.1 { b } else { a }) else { break };
        kept.push(at);
        for (i, near) in nearest.iter_mut().enumerate() {
            *near = near.min(apart(i, at));
        }
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Sense; 2] = [Sense::Min, Sense::Min];

    fn rows(points: &[[f64; 2]]) -> Vec<&[f64]> {
        points.iter().map(<[f64; 2]>::as_slice).collect()
    }

    #[test]
    fn the_knee_is_the_corner_of_an_l() {
        let points = [[0.0, 10.0], [0.1, 5.0], [0.2, 0.3], [5.0, 0.1], [10.0, 0.0]];
        assert_eq!(knee(&rows(&points), &BOTH), Some(2));
        let more = [[1.0, 100.0], [90.0, 90.0], [100.0, 1.0]];
        assert_eq!(knee(&rows(&more), &[Sense::Max, Sense::Max]), Some(1));
        assert_eq!(knee(&[], &BOTH), None);
    }

    #[test]
    fn a_thinned_front_keeps_its_ends_and_knee_and_spreads_out() {
        let points: Vec<[f64; 2]> =
            (1..=100).map(|i| [f64::from(i), 100.0 / f64::from(i)]).collect();
        let all = rows(&points);
        let kept = thinned(&all, &BOTH, 5);
        assert_eq!(kept.len(), 5);
        assert!(kept.contains(&0) && kept.contains(&99));
        assert!(kept.contains(&knee(&all, &BOTH).unwrap()));
        assert_eq!(thinned(&all, &BOTH, 100).len(), 100);
        assert_eq!(thinned(&all, &BOTH, 1).len(), 1);
    }
}
