//! Two micro-batches in the [`pipeline`](super::pipeline): the exact form of equal layers, with and
//! without sharing.
//!
//! Sharing slows both alike, so the work that lies between them, the gap g by which the leader is
//! ahead, changes only where one waits for the other:
//!
//! ```text
//! the follower enters a stage of time t   g = max(g, t)      the leader must have left it
//! the follower leaves it                  g = min(g, d)      d: work up to the same stage one layer
//!                                                            on, where the leader may be waiting
//! ```
//!
//! A follower's stage that runs from 0 to t meets its partner (which begins `ahead` of it and takes
//! u) for min(g + t, ahead + u) - max(g, ahead) of work, which takes twice its time. A step is the
//! follower's work, waits and meetings. Where all layers are equal, g becomes the longest stage M in
//! the first layer and stays (or swings between M and s - M where s < 2 M), which gives
//!
//! ```text
//! cycle = (max(s, 2 M) + O) / 2
//! step  = min(M, s - M) + L max(s, 2 M) + L O_1 + (L - 1) O_2
//! ```
//!
//! but for the first layer's meetings, which see the gap grow. O = O_1 + O_2 is the work that meets
//! its partner at gap M: O_1 while both are in the same layer, O_2 across a layer's end.
//!
//! This file knows times and nothing of what takes them. Nothing here allocates.

use super::pipeline::{Sharing, Stages, Stretch};

/// Time between micro-batches in steady state.
pub(super) fn cycle(stages: &Stages, sharing: Sharing) -> f64 {
    let longest = stages.longest();
    let meetings = Meetings::at(stages, sharing, [longest; 4]);
    (stages.sum().max(2.0 * longest) + meetings.within() + meetings.across()) / 2.0
}

/// Work of two micro-batches that runs at half rate, by kind of meeting.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Meetings {
    /// The follower sends while the leader returns, in the same layer.
    link_within: f64,
    /// The follower returns while the leader sends in the next layer.
    link_across: f64,
    /// The follower is in attention while the leader is in the same layer's FFN.
    compute_within: f64,
    /// The follower is in the FFN while the leader is in the next layer's attention.
    compute_across: f64,
}

impl Meetings {
    /// One layer's meetings where the leader is `gaps[k]` of work ahead of a follower in stage k.
    fn at(stages: &Stages, sharing: Sharing, gaps: [f64; 4]) -> Self {
        let [a, d, f, r] = stages.times();
        // The follower's stage runs from 0, the leader's partner stage begins `ahead` of that.
        let meet = |on: bool, gap: f64, mine: f64, ahead: f64, theirs: f64| {
            let both = (gap + mine).min(ahead + theirs) - gap.max(ahead);
            if on { both.max(0.0) } else { 0.0 }
        };
        Self {
            link_within: meet(sharing.link, gaps[1], d, d + f, r),
            link_across: meet(sharing.link, gaps[3], r, r + a, d),
            compute_within: meet(sharing.compute, gaps[0], a, a + d, f),
            compute_across: meet(sharing.compute, gaps[2], f, f + r, a),
        }
    }

    fn within(&self) -> f64 {
        self.link_within + self.compute_within
    }

    fn across(&self) -> f64 {
        self.link_across + self.compute_across
    }
}

/// The exact step of two micro-batches through L equal layers.
pub(super) fn equal_layers(stages: &Stages, layers: u32, sharing: Sharing) -> f64 {
    let [a, d, f, _] = stages.times();
    let (s, longest) = (stages.sum(), stages.longest());
    let steady = Meetings::at(stages, sharing, [longest; 4]);
    // In the first layer the gap is the longest stage so far.
    let first = Meetings::at(stages, sharing, [a, a.max(d), a.max(d).max(f), longest]);
    let l = f64::from(layers);
    let mut met = first.within() + (l - 1.0) * steady.within();
    if layers > 1 {
        met += first.across() + (l - 2.0) * steady.across();
    }
    longest.min(s - longest) + l * s.max(2.0 * longest) + met
}

/// A step through layers that differ, had each a steady state of its own: their cycles, and the
/// least that one of them waits at first; at least the way of one micro-batch and a turn of the
/// busiest resource.
pub(super) fn unlike_layers(stretches: &[Stretch], sharing: Sharing) -> f64 {
    let (mut cycles, mut wait) = (0.0, f64::INFINITY);
    let (mut alone, mut busiest) = (0.0, 0.0_f64);
    for stretch in stretches.iter().filter(|stretch| stretch.layers > 0) {
        let (stages, layers) = (&stretch.stages, f64::from(stretch.layers));
        let (sum, longest) = (stages.sum(), stages.longest());
        cycles += 2.0 * layers * cycle(stages, sharing);
        wait = wait.min(longest.min(sum - longest));
        alone += layers * sum;
        busiest = busiest.max(stages.busiest(sharing));
    }
    (cycles + wait).max(alone + busiest)
}
