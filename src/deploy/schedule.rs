//! The event-driven schedule of the [`pipeline`](super::pipeline): the reference of its formulas.
//!
//! Every resource serves one micro-batch of each stage at a time. All stages are first come first
//! served and all micro-batches start together, so they never overtake: the n-th service of a stage
//! is micro-batch n mod m in layer n / m, and four counters and four amounts of work left are the
//! whole state. A resource with two stages at work gives each half its rate (processor sharing, as
//! packets on a link or kernels on a device interleave).
//!
//! This file knows times and nothing of what takes them.

use super::pipeline::{Sharing, Stages};

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
    let m = u64::from(micro_batches);
    let services = m * layers.len() as u64;
    let mut slots = Vec::with_capacity(layers.len() * 4 * micro_batches as usize);
    let mut desks = [Desk::default(); 4];
    let mut now = 0.0;
    loop {
        for stage in 0..4 {
            if may_begin(&desks, stage, m, services) {
                let layer = (desks[stage].served / m) as usize;
                desks[stage].at_work = Some((now, layers[layer].times()[stage]));
            }
        }
        let slowness: [f64; 4] = std::array::from_fn(|stage| slowness(&desks, sharing, stage));
        let Some((stage, wait)) = next_to_end(&desks, &slowness) else { return slots };
        now += wait;
        for (desk, slowness) in desks.iter_mut().zip(slowness) {
            if let Some((_, left)) = &mut desk.at_work {
                *left = (*left - wait / slowness).max(0.0);
            }
        }
        let desk = &mut desks[stage];
        if let Some((begin, _)) = desk.at_work.take() {
            let (layer, micro_batch) = ((desk.served / m) as u32, (desk.served % m) as u32);
            slots.push(Slot { stage, layer, micro_batch, begin, end: now });
            desk.served += 1;
        }
    }
}

/// When the last slot ends.
#[must_use]
pub fn makespan(slots: &[Slot]) -> f64 {
    slots.iter().map(|slot| slot.end).fold(0.0, f64::max)
}

/// What one stage is doing.
#[derive(Clone, Copy, Default)]
struct Desk {
    /// Services finished.
    served: u64,
    /// The service at work: when it began and the work left.
    at_work: Option<(f64, f64)>,
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
