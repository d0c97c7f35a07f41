//! The event-driven schedule of the [`pipeline`](super::pipeline): the reference of its formulas.
//!
//! Every resource serves one micro-batch of each stage at a time. All stages are first come first
//! served and all micro-batches start together, so they never overtake: the n-th service of a stage
//! is micro-batch n mod m in layer n / m, and four counters and four amounts of work left are the
//! whole state. A resource with two stages at work gives each half its rate (processor sharing, as
//! packets on a link or kernels on a device interleave).
//!
//! This file knows times and nothing of what takes them.

use super::pipeline::{Sharing, Stages, Stretch};

/// One service of a stage.
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

/// Plays a step event by event and returns every slot, in the order they end.
#[must_use]
pub fn schedule(layers: &[Stages], sharing: Sharing, micro_batches: u32) -> Vec<Slot> {
    let mut slots = Vec::with_capacity(layers.len() * 4 * micro_batches as usize);
    let each = Each(layers);
    play(each, sharing, micro_batches, |slot| slots.push(slot));
    slots
}

/// When the last slot ends.
#[must_use]
pub fn makespan(slots: &[Slot]) -> f64 {
    slots.iter().map(|slot| slot.end).fold(0.0, f64::max)
}

/// Where the times of layers come from. A stage asks for its layers in order.
pub(super) trait Layers {
    /// How many there are.
    fn count(&self) -> u32;
    /// Time of a stage in a layer.
    fn time(&mut self, stage: usize, layer: u32) -> f64;
    /// The first layer that may differ from the one a stage asked for last; `None` if all may.
    fn equal_until(&self, stage: usize) -> Option<u32>;
}

/// Layers one by one.
struct Each<'a>(&'a [Stages]);

impl Layers for Each<'_> {
    fn count(&self) -> u32 {
        self.0.len() as u32
    }

    fn time(&mut self, stage: usize, layer: u32) -> f64 {
        self.0[layer as usize].times()[stage]
    }

    fn equal_until(&self, _: usize) -> Option<u32> {
        None
    }
}

/// Stretches of equal layers, with a finger on the stretch that each stage is in.
pub(super) struct Pattern<'a> {
    stretches: &'a [Stretch],
    /// Which stretch, and the first layer behind it.
    fingers: [(usize, u32); 4],
}

impl<'a> Pattern<'a> {
    pub fn new(stretches: &'a [Stretch]) -> Self {
        let end = stretches.first().map_or(0, |stretch| stretch.layers);
        Self { stretches, fingers: [(0, end); 4] }
    }
}

impl Layers for Pattern<'_> {
    fn count(&self) -> u32 {
        self.stretches.iter().map(|stretch| stretch.layers).sum()
    }

    fn time(&mut self, stage: usize, layer: u32) -> f64 {
        let (at, end) = &mut self.fingers[stage];
        while layer >= *end {
            *at += 1;
            *end += self.stretches[*at].layers;
        }
        self.stretches[*at].stages.times()[stage]
    }

    fn equal_until(&self, stage: usize) -> Option<u32> {
        Some(self.fingers[stage].1)
    }
}

/// What one stage is doing.
#[derive(Clone, Copy, Default)]
struct Desk {
    /// Services finished.
    served: u64,
    /// The service at work: when it began and the work left.
    at_work: Option<(f64, f64)>,
}

/// The state as a layer's last service ends, relative to that.
#[derive(Clone, Copy)]
struct Landmark {
    now: f64,
    /// Where the layers may begin to differ, from the rear.
    equal_until: u32,
    /// Services that each stage is ahead of the last one, and its work left.
    ahead: [u64; 4],
    left: [Option<f64>; 4],
}

/// Work left that differs by less, over a layer's time, is the same.
const ROUNDING: f64 = 1e-11;

impl Landmark {
    fn at(now: f64, desks: &[Desk; 4], equal_until: u32) -> Self {
        let ahead = desks.map(|desk| desk.served - desks[3].served);
        Self { now, equal_until, ahead, left: desks.map(|desk| desk.at_work.map(|w| w.1)) }
    }

    /// Whether the steps from here on repeat those since `before`.
    fn repeats(&self, before: &Self) -> bool {
        let slack = ROUNDING * (self.now - before.now);
        let same = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= slack,
            (a, b) => a.is_none() && b.is_none(),
        };
        self.ahead == before.ahead && self.left.iter().zip(&before.left).all(same)
    }
}

/// Jumps over layers that take as long as the one between two landmarks.
fn jump(
    layers: &impl Layers,
    desks: &mut [Desk; 4],
    m: u64,
    before: &mut Option<Landmark>,
    now: f64,
) -> f64 {
    let (Some(rear), Some(front)) = (layers.equal_until(3), layers.equal_until(0)) else {
        return now;
    };
    let here = Landmark::at(now, desks, rear);
    let last = before.replace(here);
    let next = (desks[0].served / m) as u32;
    match last {
        // From the rear of one landmark to the front of the next, all layers were equal.
        Some(last) if last.equal_until == front && next + 1 < front && here.repeats(&last) => {
            let jumped = front - next - 1;
            desks.iter_mut().for_each(|desk| desk.served += m * u64::from(jumped));
            *before = None;
            now + f64::from(jumped) * (now - last.now)
        }
        _ => now,
    }
}

/// Plays a step, hands every slot to `record` as it ends, and returns when the last one ends.
/// Takes O(1) per slot and allocates nothing. Where many layers are known to be equal, it jumps as
/// soon as one repeats the one before, and slots are left out.
pub(super) fn play(
    mut layers: impl Layers,
    sharing: Sharing,
    micro_batches: u32,
    mut record: impl FnMut(Slot),
) -> f64 {
    let m = u64::from(micro_batches);
    let services = m * u64::from(layers.count());
    let mut desks = [Desk::default(); 4];
    let mut now = 0.0;
    let mut landmark = None;
    loop {
        for stage in 0..4 {
            if may_begin(&desks, stage, m, services) {
                let layer = (desks[stage].served / m) as u32;
                desks[stage].at_work = Some((now, layers.time(stage, layer)));
            }
        }
        let slowness: [f64; 4] = std::array::from_fn(|stage| slowness(&desks, sharing, stage));
        let Some((stage, wait)) = next_to_end(&desks, &slowness) else { return now };
        now += wait;
        for (desk, slowness) in desks.iter_mut().zip(slowness) {
            if let Some((_, left)) = &mut desk.at_work {
                *left = (*left - wait / slowness).max(0.0);
            }
        }
        let desk = &mut desks[stage];
        if let Some((begin, _)) = desk.at_work.take() {
            let (layer, micro_batch) = ((desk.served / m) as u32, (desk.served % m) as u32);
            record(Slot { stage, layer, micro_batch, begin, end: now });
            desk.served += 1;
            if stage == 3 && desk.served.is_multiple_of(m) {
                now = jump(&layers, &mut desks, m, &mut landmark, now);
            }
        }
    }
}

/// Whether a stage is idle and its next micro-batch has come.
fn may_begin(desks: &[Desk; 4], stage: usize, m: u64, services: u64) -> bool {
    let next = desks[stage].served;
    let arrived = match stage {
        // The first layer has everyone; later ones get them back from the last stage.
        0 => desks[3].served + m,
        _ => desks[stage - 1].served,
    };
    desks[stage].at_work.is_none() && next < arrived.min(services)
}

/// How many times longer than alone a stage takes at the moment.
fn slowness(desks: &[Desk; 4], sharing: Sharing, stage: usize) -> f64 {
    let shared = if stage.is_multiple_of(2) { sharing.compute } else { sharing.link };
    if shared && desks[(stage + 2) % 4].at_work.is_some() { 2.0 } else { 1.0 }
}

/// The service that ends first, and in how long; ties go to the earlier stage.
fn next_to_end(desks: &[Desk; 4], slowness: &[f64; 4]) -> Option<(usize, f64)> {
    let waits = desks.iter().zip(slowness).map(|(desk, slow)| desk.at_work.map(|w| w.1 * slow));
    let waits = waits.enumerate().filter_map(|(stage, wait)| Some((stage, wait?)));
    waits.min_by(|a, b| a.1.total_cmp(&b.1))
}
