//! The pipeline of one decoding step: m micro-batches pass A -> D -> F -> R in every layer.
//!
//! A is attention, D the dispatch to the FFN, F the FFN, R the return. A micro-batch enters layer
//! l + 1 when its own return of layer l is there. A resource serves one micro-batch of each stage
//! at a time, first come first served. Attention and FFN may be one resource (colocated), and so
//! may the two directions of the link (half duplex); a shared resource divides its rate equally
//! between the stages that are at work on it. [`schedule`] plays that event by event.
//!
//! With s = A + D + F + R, b the busiest resource's time per layer and micro-batch (D + R where the
//! link is shared, A + F where the compute is) and M the longest stage,
//!
//! ```text
//! m micro-batches   cycle = max(b, s / m)
//!                   step  = max(L s + (m - 1) b,  s + (m L - 1) b)
//! m = 2, sharing    cycle = (max(s, 2 M) + O) / 2
//!                   step  = min(M, s - M) + L max(s, 2 M) + L O_1 + (L - 1) O_2
//! ```
//!
//! The first form of a step is a pipeline too shallow to fill its busiest resource (micro-batches
//! trail the first one by b), the second a full one; they meet at s = m b. MegaScale-Infer's
//! condition m >= 2 (1 + T_c / T_f) (arXiv 2504.02263) is s <= m b for A = F = T_f and D = R = T_c.
//! The common form s + cycle (m L - 1) differs from the first by (m - 1) (s / m - b).
//!
//! The form of two micro-batches is exact; [`two_micro_batches`](super::two_micro_batches) derives it
//! and says what O is.
//!
//! **How exact** (measured against [`schedule`], random stages up to 1 : 300):
//!
//! | resources | micro-batches | error of a step of equal layers |
//! | --- | --- | --- |
//! | none shared | any | 0 |
//! | any shared | 1, 2 | 0 |
//! | link shared | 3 or more | 0.8 % at 24 layers, 0.3 % at 61 |
//! | compute shared, or both | 4 or more | -1.3 % to 0.8 % at 24 layers, 0.5 % at 61 |
//! | compute shared | 3 | as above, but 0.7 % of cases are up to 14 % low |
//! | both shared | 3 | as above, but 10 % of cases are up to 22 % low |
//!
//! In those last cases three micro-batches settle in an orbit where they keep meeting, and the
//! schedule's own time is neither monotone nor continuous. The formula is both, and a lower bound:
//! with the compute shared, a step that starts at another stage reaches it in every case tried; with
//! both shared, in one of ten.
//!
//! A shared resource that binds takes m L turns of b, what leads to its first turn and trails its
//! last, and three quarters of the stage between its two, part of which is hidden at either end.
//!
//! **Layers that differ** have no such form (adding up the layers' own cycles is off by up to
//! 50 %). Without sharing the step follows the schedule's recurrence, exact and monotone; so it does
//! with sharing and two micro-batches, and with more it is the schedule itself without its list of
//! slots. With sharing that is not monotone, because the schedule is not: it never holds a
//! micro-batch back, so a longer stage in one kind of layer may set micro-batches apart that kept
//! meeting in another. Of random lengthenings, up to 7 % save more than 0.1 % of a step: at most
//! 22 % of it with two or three micro-batches, 4 % with more.
//!
//! This file knows times and nothing of what takes them. Nothing here allocates.

pub use super::schedule::{Slot, makespan, schedule};

use super::schedule::{Pattern, play};
use super::two_micro_batches as two;

/// Times of one layer for one micro-batch, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stages {
    /// Attention.
    pub attention: f64,
    /// Attention to FFN.
    pub dispatch: f64,
    /// FFN.
    pub ffn: f64,
    /// FFN back to attention.
    pub combine: f64,
}

/// Which stages share a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sharing {
    /// Attention and FFN run on the same devices.
    pub compute: bool,
    /// Both directions of the link take turns.
    pub link: bool,
}

impl Sharing {
    /// Whether any resource has two stages.
    #[must_use]
    pub const fn any(self) -> bool {
        self.compute || self.link
    }
}

impl Stages {
    /// The four times in the order that a micro-batch passes them.
    #[must_use]
    pub const fn times(&self) -> [f64; 4] {
        [self.attention, self.dispatch, self.ffn, self.combine]
    }

    /// These times and `n` times others.
    #[must_use]
    #[inline]
    pub fn plus(&self, other: &Self, n: f64) -> Self {
        Self {
            attention: self.attention + other.attention * n,
            dispatch: self.dispatch + other.dispatch * n,
            ffn: self.ffn + other.ffn * n,
            combine: self.combine + other.combine * n,
        }
    }

    /// Time of one micro-batch alone, s.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.attention + self.dispatch + self.ffn + self.combine
    }

    /// Time of the longest stage, M.
    #[must_use]
    pub fn longest(&self) -> f64 {
        self.times().into_iter().fold(0.0, f64::max)
    }

    /// Time of the busiest resource, b.
    #[must_use]
    pub fn busiest(&self, sharing: Sharing) -> f64 {
        let pair = |shared: bool, a: f64, b: f64| if shared { a + b } else { a.max(b) };
        let compute = pair(sharing.compute, self.attention, self.ffn);
        compute.max(pair(sharing.link, self.dispatch, self.combine))
    }

    /// Time between micro-batches in steady state: a layer takes m of it.
    #[must_use]
    pub fn cycle(&self, sharing: Sharing, micro_batches: u32) -> f64 {
        if micro_batches == 2 {
            return two::cycle(self, sharing);
        }
        self.busiest(sharing).max(self.sum() / f64::from(micro_batches.max(1)))
    }

    /// Whether the busiest resource never waits in steady state: s <= m b.
    #[must_use]
    pub fn is_full(&self, sharing: Sharing, micro_batches: u32) -> bool {
        self.cycle(sharing, micro_batches) <= self.busiest(sharing)
    }
}

/// Consecutive equal layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// How many layers.
    pub layers: u32,
    /// What each takes.
    pub stages: Stages,
}

/// Time between micro-batches in steady state, where all layers are equal.
#[must_use]
pub fn cycle_time(stages: &Stages, sharing: Sharing, micro_batches: u32) -> f64 {
    stages.cycle(sharing, micro_batches)
}

/// Time of one step through all layers.
#[must_use]
pub fn step_time(stretches: &[Stretch], sharing: Sharing, micro_batches: u32) -> f64 {
    let mut real = stretches.iter().filter(|stretch| stretch.layers > 0);
    let Some(first) = real.next() else { return 0.0 };
    let m = micro_batches.max(1);
    if real.all(|other| other.stages == first.stages) {
        let layers = stretches.iter().map(|stretch| stretch.layers).sum();
        return equal_layers(&first.stages, layers, sharing, m);
    }
    if m == 1 {
        // Nobody to meet.
        return stretches.iter().map(|s| f64::from(s.layers) * s.stages.sum()).sum();
    }
    if m == 2 {
        return two::step_time(stretches, sharing);
    }
    if !sharing.any() && m as usize <= MOST_MICRO_BATCHES {
        return recurrence(stretches, m as usize);
    }
    play(Pattern::new(stretches), sharing, m, |_| {})
}

/// The closed form of a step through L equal layers.
fn equal_layers(stages: &Stages, layers: u32, sharing: Sharing, m: u32) -> f64 {
    if m == 2 && sharing.any() {
        return two::equal_layers(stages, layers, sharing);
    }
    let (l, m) = (f64::from(layers), f64::from(m));
    let [a, d, f, r] = stages.times();
    let s = stages.sum();
    let b = stages.busiest(sharing);
    // Before and after a shared resource's m L turns: what leads to the first and trails the last.
    // Part of the stage between its two is hidden at one end or the other; a quarter is typical.
    let shared = |on: bool, turn: f64, around: f64, between: f64| {
        if on { m * l * turn + around + 0.75 * between } else { 0.0 }
    };
    let longest = stages.longest();
    let alone = s + (m * l - 1.0) * longest;
    let link = shared(sharing.link, d + r, a, f);
    let compute = shared(sharing.compute, a + f, r, d);
    (l * s + (m - 1.0) * b).max(alone).max(link).max(compute)
}

/// The recurrence keeps a time per micro-batch in an array of this length.
const MOST_MICRO_BATCHES: usize = 32;
/// Layers add up to the same time, up to rounding, once they repeat.
const ROUNDING: f64 = 1e-13;

/// The exact step where nothing is shared: with C the end of a service at stage k,
/// C(l, i, k) = max(C(l, i, k - 1), C of the micro-batch before i at k) + t(l, k), a linear system
/// in the algebra of max and plus. Once a layer moves all its state by the same time, so does
/// every equal layer after it.
fn recurrence(stretches: &[Stretch], m: usize) -> f64 {
    // The numbers of micro-batches that there mostly are have loops of known length: half the time.
    match m {
        3 => recurrence_over(stretches, &mut [0.0; 3]),
        4 => recurrence_over(stretches, &mut [0.0; 4]),
        5 => recurrence_over(stretches, &mut [0.0; 5]),
        6 => recurrence_over(stretches, &mut [0.0; 6]),
        _ => recurrence_over(stretches, &mut [0.0; MOST_MICRO_BATCHES][..m]),
    }
}

/// The recurrence; `ready` says when each micro-batch is back.
#[inline(always)]
fn recurrence_over(stretches: &[Stretch], ready: &mut (impl AsMut<[f64]> + ?Sized)) -> f64 {
    let ready = ready.as_mut();
    // When each stage but the last is free.
    let mut free = [0.0; 3];
    for stretch in stretches {
        let times = stretch.stages.times();
        for done in 1..=stretch.layers {
            if let Some(moved) = pass_layer(ready, &mut free, times) {
                let rest = f64::from(stretch.layers - done) * moved;
                ready.iter_mut().chain(&mut free).for_each(|at| *at += rest);
                break;
            }
        }
    }
    ready[ready.len() - 1]
}

/// Moves all micro-batches through a layer; tells by how much if that is the same for all of the
/// state.
#[inline(always)]
fn pass_layer(ready: &mut [f64], free: &mut [f64; 3], times: [f64; 4]) -> Option<f64> {
    let before = *free;
    let mut returned = ready[ready.len() - 1];
    let (mut least, mut most) = (f64::INFINITY, 0.0);
    for back in ready.iter_mut() {
        let [a, d, f] = *free;
        let a = later(*back, a) + times[0];
        let d = later(a, d) + times[1];
        let f = later(d, f) + times[2];
        *free = [a, d, f];
        returned = later(f, returned) + times[3];
        least = earlier(least, returned - *back);
        most = later(most, returned - *back);
        *back = returned;
    }
    for (before, after) in before.iter().zip(free.iter()) {
        least = earlier(least, after - before);
        most = later(most, after - before);
    }
    (most - least <= ROUNDING * returned).then_some(most)
}

/// The larger of two times; one instruction, since neither is NaN.
#[inline(always)]
fn later(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The smaller of two times.
#[inline(always)]
fn earlier(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}
