//! A persistent attention kernel's work queue, for requests of one length.
//!
//! FlashInfer's MLA kernel cuts every context into pieces of at most L tokens and hands each piece to
//! the group of multiprocessors that has the least so far (its plan function, 0.6). With C groups and
//! B S tokens in all, L is B S / C, rounded up: to 32, 64, 128 or 192 tokens, and to multiples of 256
//! beyond. The busiest group then has up to twice the mean: 24 equal requests on 66 groups make 48
//! pieces of 4/11 of a context and 24 of 3/11, and six groups get one of each or two.
//!
//! Benchmarks run requests of one length, and show this; it rises and falls with the batch. Requests
//! of many lengths smooth it out, and estimates leave it out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The busiest group's tokens over the mean.
#[must_use]
pub fn imbalance(requests: u64, context: u64, groups: u64) -> f64 {
    let all = requests * context;
    if all == 0 || groups == 0 {
        return 1.0;
    }
    let most = piece(all.div_ceil(groups));
    let mut queue: BinaryHeap<Reverse<u64>> = (0..groups).map(|_| Reverse(0)).collect();
    let mut busiest = 0;
    for _ in 0..requests {
        let mut left = context;
        while left > 0 {
            let taken = left.min(most);
            left -= taken;
            let Some(Reverse(least)) = queue.pop() else { return 1.0 };
            busiest = busiest.max(least + taken);
            queue.push(Reverse(least + taken));
        }
    }
    busiest as f64 * groups as f64 / all as f64
}

/// Tokens of a piece at most.
const fn piece(even: u64) -> u64 {
    match even {
        0..=8 => 32,
        9..=16 => 64,
        17..=32 => 128,
        33..=64 => 192,
        _ => even.div_ceil(256) * 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_requests_overload_some_of_sixty_six_groups() {
        let context = 1 << 16;
        // Pieces of at most 24 x 65,536 / 66 = 23,832 tokens, rounded up to 24,064, and rests of 17,408.
        // Twenty-two requests fill the groups; the last two's pieces come on top of rests.
        let busiest = 24_064.0 + (65_536.0 - 2.0 * 24_064.0);
        let mean = 24.0 * 65_536.0 / 66.0;
        assert!((imbalance(24, context, 66) - busiest / mean).abs() < 1e-12);
        // Sixty-four leave rests of 1,792 beside their pieces of 63,744: four of those lie below the
        // last two pieces.
        let busiest = 63_744.0 + 4.0 * 1_792.0;
        let mean = 64.0 * 65_536.0 / 66.0;
        assert!((imbalance(64, context, 66) - busiest / mean).abs() < 1e-12);
        assert_eq!(imbalance(66, context, 66), 1.0);
        assert_eq!(imbalance(0, context, 66), 1.0);
    }
}
