//! Sharing a change out to its causes: how much of a step from one figure to another is due to each
//! of the inputs that changed.
//!
//! Changing the inputs one after the other gives each its part, and the parts sum to the whole,
//! but they depend on the order. The Shapley value is their mean over all orders. Up to
//! [`MOST_IN_ALL_ORDERS`] causes it is exact; beyond that the mean is taken over the rotations of
//! the list and of its reverse. Either way a change and its reverse get opposite parts.
//!
//! This file knows numbers and sets, not what they stand for.

/// Up to so many causes every order is walked: 6! = 720 of them over 64 sets.
pub const MOST_IN_ALL_ORDERS: usize = 6;

/// Shares out the change of `figure` from no cause to all causes: one part per cause, in order,
/// which sum to the change.
///
/// `figure` gives the value where the causes marked true have acted, and nothing where that
/// cannot be evaluated, such as half of a change that only makes sense whole. Such a set is passed
/// over, and the causes up to the next one that can be evaluated share what they did together.
///
/// Nothing if the figure is unknown before or after.
pub fn attribute(
    causes: usize,
    mut figure: impl FnMut(&[bool]) -> Option<f64>,
) -> Option<Vec<f64>> {
    let before = figure(&vec![false; causes])?;
    let after = figure(&vec![true; causes])?;
    let orders = orders(causes);
    let mut parts = vec![0.0; causes];
    for order in &orders {
        let mut acted = vec![false; causes];
        let (mut last, mut together) = (before, Vec::new());
        for (place, &cause) in order.iter().enumerate() {
            acted[cause] = true;
            together.push(cause);
            let now = if place + 1 == causes { Some(after) } else { figure(&acted) };
            let Some(now) = now else { continue };
            let each = (now - last) / together.len() as f64;
            together.drain(..).for_each(|cause| parts[cause] += each);
            last = now;
        }
    }
    for part in &mut parts {
        *part /= orders.len() as f64;
    }
    close_the_gap(&mut parts, after - before);
    Some(parts)
}

/// Puts what rounding has lost into the largest part.
fn close_the_gap(parts: &mut [f64], whole: f64) {
    let gap = whole - parts.iter().sum::<f64>();
    if let Some(largest) = parts.iter_mut().max_by(|a, b| a.abs().total_cmp(&b.abs())) {
        *largest += gap;
    }
}

/// All orders of few causes; of many, the rotations of the list and of its reverse.
fn orders(causes: usize) -> Vec<Vec<usize>> {
    if causes <= MOST_IN_ALL_ORDERS {
        let mut all = Vec::new();
        permute(&mut (0..causes).collect(), 0, &mut all);
        return all;
    }
    let rotations = (0..causes).map(|by| {
        let mut order: Vec<usize> = (0..causes).collect();
        order.rotate_left(by);
        order
    });
    let reversed = |order: Vec<usize>| [order.clone(), order.into_iter().rev().collect()];
    rotations.flat_map(reversed).collect()
}

fn permute(order: &mut Vec<usize>, from: usize, all: &mut Vec<Vec<usize>>) {
    if from == order.len() {
        return all.push(order.clone());
    }
    for other in from..order.len() {
        order.swap(from, other);
        permute(order, from + 1, all);
        order.swap(from, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_two_by_hand() {
        // From 2 x 3 to 4 x 5: one order gives 6 + 8, the other 4 + 10.
        let figure = |acted: &[bool]| {
            Some(if acted[0] { 4.0 } else { 2.0 } * if acted[1] { 5.0 } else { 3.0 })
        };
        assert_eq!(attribute(2, figure), Some(vec![8.0, 6.0]));
    }

    #[test]
    fn a_change_that_only_makes_sense_whole_is_shared() {
        let figure = |acted: &[bool]| match acted {
            [false, false] => Some(1.0),
            [true, true] => Some(3.0),
            _ => None,
        };
        assert_eq!(attribute(2, figure), Some(vec![1.0, 1.0]));
        assert_eq!(attribute(1, |_| None), None);
        assert_eq!(attribute(0, |_| Some(7.0)), Some(vec![]));
    }

    #[test]
    fn a_sum_is_taken_apart_into_its_terms_in_either_regime() {
        for causes in [3, MOST_IN_ALL_ORDERS, MOST_IN_ALL_ORDERS + 5] {
            let value = |i: usize| (i * i) as f64 - 4.0;
            let figure = |acted: &[bool]| {
                let on = acted.iter().enumerate().filter(|(_, on)| **on);
                Some(on.map(|(i, _)| value(i)).sum())
            };
            let parts = attribute(causes, figure).unwrap();
            for (i, part) in parts.into_iter().enumerate() {
                assert!((part - value(i)).abs() < 1e-9, "{i}: {part}");
            }
        }
    }
}
