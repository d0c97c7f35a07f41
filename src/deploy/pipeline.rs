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
//! **Layers that differ** follow a recurrence, a linear system in the algebra of max and plus. With
//! C the end of a service, micro-batch i in layer l, and t(l, k) the time of stage k,
//!
//! ```text
//! C(l, i, k) = max(C(l, i, k - 1), C of the micro-batch before i at k) + t(l, k)
//! X(l, i)    = max(X of the micro-batch before i, C of i in layer l - 1) + A + F
//! C(l, i, R) >= X(l, i) + R + 3/4 D          where the compute is shared; the link likewise
//! step       >= L s + (m - 1) b              with the layers' own s and the greatest b
//! ```
//!
//! X has a shared resource do both its stages in one turn. Without sharing it is exact. With sharing
//! it is the form of equal layers where all are equal, and never less than the work of any resource.
//! Two micro-batches on a shared resource keep meeting: theirs is the sum of the layers' own cycles.
//! Measured against [`schedule`] over 61 layers with stages up to 1 : 300:
//!
//! | sharing | one kind of layer after the other | error: median, a tenth below, most above |
//! | --- | --- | --- |
//! | 2 micro-batches | once | -0.4 %, -8 %, 1 % |
//! | 2 micro-batches | again and again | -2 %, -11 %, 28 % |
//! | 3 or more | once | -0.3 %, -2 %, 1 % |
//! | 3 or more | again and again | 0 to -5 %, -3 to -14 %, 6 % |
//!
//! The schedule is no better a guide there: it is greedy (it never holds a micro-batch back), and so
//! not monotone: of random lengthenings of one stage up to 7 % save more than 0.1 % of a step, at
//! most 22 % of it. The recurrence is monotone, and twice all times are twice the step: a step grows
//! with the batch and, per request, falls with it, wherever its stages do.
//!
//! This file knows times and nothing of what takes them. Nothing here allocates.

pub use super::schedule::{Slot, makespan, schedule};

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
    #[inline]
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

/// Time of one step through all layers; of at most [`MOST_MICRO_BATCHES`].
#[must_use]
pub fn step_time(stretches: &[Stretch], sharing: Sharing, micro_batches: u32) -> f64 {
    let mut real = stretches.iter().filter(|stretch| stretch.layers > 0);
    let Some(first) = real.next() else { return 0.0 };
    let m = micro_batches.max(1);
    if real.next().is_none() {
        return equal_layers(&first.stages, first.layers, sharing, m);
    }
    match m {
        // Nobody to meet.
        1 => stretches.iter().map(|s| f64::from(s.layers) * s.stages.sum()).sum(),
        2 if sharing.any() => two::unlike_layers(stretches, sharing),
        m if m as usize <= FEW => through_all::<FEW>(stretches, sharing, m as usize),
        m => through_all::<MOST>(stretches, sharing, (m as usize).min(MOST)),
    }
}

/// Of the stage between the two of a shared resource, what is not hidden at one end of a step or the
/// other, typically.
const BETWEEN: f64 = 0.75;

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
    let shared = |on: bool, turn: f64, around: f64, between: f64| {
        if on { m * l * turn + around + BETWEEN * between } else { 0.0 }
    };
    let longest = stages.longest();
    let alone = s + (m * l - 1.0) * longest;
    let link = shared(sharing.link, d + r, a, f);
    let compute = shared(sharing.compute, a + f, r, d);
    (l * s + (m - 1.0) * b).max(alone).max(link).max(compute)
}

/// More micro-batches than any deployment has use for.
pub const MOST_MICRO_BATCHES: u32 = 1024;
const MOST: usize = MOST_MICRO_BATCHES as usize;
/// Micro-batches of most deployments: what an array has room for that costs little to clear.
const FEW: usize = 32;
/// Layers add up to the same time, up to rounding, once they repeat.
const ROUNDING: f64 = 1e-13;

/// The recurrence through layers that differ. Once a layer moves all its state by the same time, so
/// does every equal layer after it.
fn through_all<const M: usize>(stretches: &[Stretch], sharing: Sharing, m: usize) -> f64 {
    let mut line = Line { back: [0.0; M], free: [0.0; 3], turns: [0.0; 2] };
    let (mut alone, mut busiest) = (0.0, 0.0_f64);
    for stretch in stretches.iter().filter(|stretch| stretch.layers > 0) {
        alone += f64::from(stretch.layers) * stretch.stages.sum();
        busiest = busiest.max(stretch.stages.busiest(sharing));
        for done in 1..=stretch.layers {
            if let Some(moved) = line.pass_layer(m, &stretch.stages, sharing) {
                line.wait(m, f64::from(stretch.layers - done) * moved);
                break;
            }
        }
    }
    line.back[m - 1].max(alone + (m - 1) as f64 * busiest)
}

/// The larger of two times, neither of which is NaN: one instruction where `f64::max` takes three.
#[inline(always)]
const fn later(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Where the micro-batches are, as times.
struct Line<const M: usize> {
    /// When each is back from its layer.
    back: [f64; M],
    /// When each stage but the last is free; that one is when the last micro-batch is back.
    free: [f64; 3],
    /// When the shared compute and the shared link have had their turns.
    turns: [f64; 2],
}

impl<const M: usize> Line<M> {
    /// Moves m micro-batches through a layer; tells by how much if that is the same for all.
    fn pass_layer(&mut self, m: usize, stages: &Stages, sharing: Sharing) -> Option<f64> {
        if !sharing.any() {
            return self.pass_unshared(m, stages.times());
        }
        let [a, d, f, r] = stages.times();
        let (free, turns) = (self.free, self.turns);
        let mut returned = self.back[m - 1];
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        let mut moved = |before: f64, after: f64| {
            least = least.min(after - before);
            most = most.max(after - before);
        };
        for back in &mut self.back[..m] {
            let before = *back;
            let mut end = before;
            for (free, time) in self.free.iter_mut().zip([a, d, f]) {
                end = end.max(*free) + time;
                *free = end;
            }
            end = end.max(returned) + r;
            if sharing.compute {
                self.turns[0] = self.turns[0].max(before) + a + f;
                end = end.max(self.turns[0] + r + BETWEEN * d);
            }
            if sharing.link {
                self.turns[1] = self.turns[1].max(before) + d + r;
                end = end.max(self.turns[1] + a + BETWEEN * f);
            }
            returned = end;
            *back = end;
            moved(before, end);
        }
        (0..3).for_each(|stage| moved(free[stage], self.free[stage]));
        for (shared, turn) in [(sharing.compute, 0), (sharing.link, 1)] {
            if shared {
                moved(turns[turn], self.turns[turn]);
            }
        }
        (most - least <= ROUNDING * returned).then_some(most)
    }

    /// The same where nothing is shared: half of what an estimate of a model with dense layers
    /// takes, and so written for registers.
    #[inline]
    fn pass_unshared(&mut self, m: usize, [a, d, f, r]: [f64; 4]) -> Option<f64> {
        let before = self.free;
        let [mut free_a, mut free_d, mut free_f] = before;
        let mut returned = self.back[m - 1];
        let (mut least, mut most) = (f64::INFINITY, 0.0);
        for back in &mut self.back[..m] {
            free_a = later(*back, free_a) + a;
            free_d = later(free_a, free_d) + d;
            free_f = later(free_d, free_f) + f;
            returned = later(free_f, returned) + r;
            let moved = returned - *back;
            least = if moved < least { moved } else { least };
            most = later(moved, most);
            *back = returned;
        }
        self.free = [free_a, free_d, free_f];
        for (before, after) in before.iter().zip(&self.free) {
            let moved = after - before;
            least = if moved < least { moved } else { least };
            most = later(moved, most);
        }
        (most - least <= ROUNDING * returned).then_some(most)
    }

    /// Moves everything by the same time.
    fn wait(&mut self, m: usize, time: f64) {
        let later = |times: &mut [f64]| times.iter_mut().for_each(|at| *at += time);
        later(&mut self.back[..m]);
        later(&mut self.free);
        later(&mut self.turns);
    }
}
