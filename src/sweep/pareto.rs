//! The exact Pareto front: the points that no other point beats in every objective.

/// Whether more or less of an objective is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// Less is better.
    Min,
    /// More is better.
    Max,
}

/// Whether `a` is at least as good as `b` everywhere and better somewhere.
fn dominates(a: &[f64], b: &[f64], senses: &[Sense]) -> bool {
    let mut better = false;
    for ((x, y), sense) in a.iter().zip(b).zip(senses) {
        let (x, y) = match sense {
            Sense::Min => (*x, *y),
            Sense::Max => (*y, *x),
        };
        if x > y {
            return false;
        }
        better |= x < y;
    }
    better
}

/// Which points are on the front, in the order given. Equal points are all on it or all off it.
/// Every point must have one finite value per sense.
#[must_use]
pub fn front(points: &[Vec<f64>], senses: &[Sense]) -> Vec<bool> {
    // Sorted by the first objective, best first, a point can only be beaten by one before it or
    // by one that ties in that objective, and only points on the front need be asked.
    let key = |i: usize| -> Vec<f64> {
        let signed = points[i].iter().zip(senses);
        // Adding zero makes one of the two zeros, which are equal and yet have an order.
        signed.map(|(v, s)| if *s == Sense::Max { -v } else { *v } + 0.0).collect()
    };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        let pairs = key(a).into_iter().zip(key(b));
        let differ = pairs.map(|(x, y)| x.total_cmp(&y)).find(|o| o.is_ne());
        differ.unwrap_or(a.cmp(&b))
    });
    let mut on_front = vec![false; points.len()];
    let mut kept: Vec<usize> = Vec::new();
    for i in order {
        // In this lexicographic order a later point never dominates an earlier one.
        if !kept.iter().any(|&k| dominates(&points[k], &points[i], senses)) {
            on_front[i] = true;
            kept.push(i);
        }
    }
    on_front
}
