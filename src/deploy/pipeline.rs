//! The pipeline of one decoding step: m micro-batches pass A -> D -> F -> R in every layer.
//!
//! A is attention, D the dispatch to the FFN, F the FFN, R the return. A micro-batch enters layer
//! l + 1 when its own return of layer l is there. Each stage is a resource that serves one
//! micro-batch at a time; attention and FFN may be one resource (colocated), and so may the two
//! directions of the link (half duplex). With s = A + D + F + R and b the busiest resource's time
//! per layer and micro-batch,
//!
//! ```text
//! cycle = max(b, s / m)
//! step  = max(L s + (m - 1) b,  s + (m L - 1) b)
//! ```
//!
//! The first form is a pipeline too shallow to fill its busiest resource (micro-batches trail the
//! first one by b), the second a full one; they meet at s = m b. MegaScale-Infer's condition
//! m >= 2 (1 + T_c / T_f) (arXiv 2504.02263) is s <= m b for A = F = T_f and D = R = T_c. The
//! common form s + cycle (m L - 1) differs from the first by (m - 1) (s / m - b).
//!
//! Where layers differ, the closed form adds up the layers' own cycles; [`schedule`] is the
//! event-driven reference for both. This file knows times and nothing of what takes them.

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

impl Stages {
    /// Time of one micro-batch alone, s.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.attention + self.dispatch + self.ffn + self.combine
    }

    /// Time of the busiest resource, b.
    #[must_use]
    pub fn busiest(&self, sharing: Sharing) -> f64 {
        let pair = |shared: bool, a: f64, b: f64| if shared { a + b } else { a.max(b) };
        let compute = pair(sharing.compute, self.attention, self.ffn);
        compute.max(pair(sharing.link, self.dispatch, self.combine))
    }

    /// Time between micro-batches in steady state.
    #[must_use]
    pub fn cycle(&self, sharing: Sharing, micro_batches: u32) -> f64 {
        self.busiest(sharing).max(self.sum() / f64::from(micro_batches))
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

/// Time of one step through all layers, from the closed form.
#[must_use]
pub fn step_time(stretches: &[Stretch], sharing: Sharing, micro_batches: u32) -> f64 {
    let m = f64::from(micro_batches);
    let (mut lonely, mut full) = (0.0, 0.0);
    let (mut busiest, mut shortest_tail) = (0.0_f64, f64::INFINITY);
    let mut cycles = 0.0;
    for stretch in stretches {
        let layers = f64::from(stretch.layers);
        let (s, b) = (stretch.stages.sum(), stretch.stages.busiest(sharing));
        lonely += layers * s;
        full += layers * m * b;
        cycles += layers * s.max(m * b);
        busiest = busiest.max(b);
        shortest_tail = shortest_tail.min(s - b);
    }
    if let [only] = stretches {
        let (s, b) = (only.stages.sum(), only.stages.busiest(sharing));
        return (lonely + (m - 1.0) * b).max(s - b + full);
    }
    // Each layer takes its own cycle; what trails behind the last is as for equal layers.
    let trail = if lonely >= full { (m - 1.0) * busiest } else { shortest_tail.max(0.0) };
    if stretches.is_empty() { 0.0 } else { cycles + trail }
}

/// One stretch of work on a resource, for drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// 0 attention, 1 dispatch, 2 FFN, 3 return.
    pub stage: usize,
    /// Layer, from 0.
    pub layer: u32,
    /// Micro-batch, from 0.
    pub micro_batch: u32,
    /// Begin, in seconds from the start of the step.
    pub begin: f64,
    /// End.
    pub end: f64,
}

/// Plays a step event by event: every resource serves whoever came first, ties to the micro-batch
/// that is further behind in the order of entry. Returns every slot, in the order they end.
#[must_use]
pub fn schedule(layers: &[Stages], sharing: Sharing, micro_batches: u32) -> Vec<Slot> {
    let resource = |stage: usize| match stage {
        2 if sharing.compute => 0,
        3 if sharing.link => 1,
        other => other,
    };
    let time = |layer: usize, stage: usize| {
        let s = &layers[layer];
        [s.attention, s.dispatch, s.ffn, s.combine][stage]
    };
    let mut free = [0.0_f64; 4];
    // Where each micro-batch stands: the operation it does next, and since when it is ready.
    let mut next: Vec<(usize, f64)> = vec![(0, 0.0); micro_batches as usize];
    let operations = layers.len() * 4;
    let mut slots = Vec::with_capacity(operations * next.len());
    loop {
        // The operation that can begin first goes first; then who was ready first; then order.
        let waiting = next.iter().enumerate().filter(|(_, (op, _))| *op < operations);
        let begin = |op: usize, ready: f64| free[resource(op % 4)].max(ready);
        let chosen = waiting.min_by(|(i, (a, ready_a)), (j, (b, ready_b))| {
            begin(*a, *ready_a)
                .total_cmp(&begin(*b, *ready_b))
                .then(ready_a.total_cmp(ready_b))
                .then(i.cmp(j))
        });
        let Some((at, &(op, ready))) = chosen else { break };
        let start = begin(op, ready);
        let end = start + time(op / 4, op % 4);
        free[resource(op % 4)] = end;
        next[at] = (op + 1, end);
        slots.push(Slot {
            stage: op % 4,
            layer: (op / 4) as u32,
            micro_batch: at as u32,
            begin: start,
            end,
        });
    }
    slots
}

/// When the last slot ends.
#[must_use]
pub fn makespan(slots: &[Slot]) -> f64 {
    slots.iter().map(|slot| slot.end).fold(0.0, f64::max)
}
