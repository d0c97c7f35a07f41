//! The pipeline of a step as a Gantt chart, like figure 7 of the Step-3 paper.
//!
//! One row per stage, one box per micro-batch and layer. The schedule says when; this file adds
//! names and units and has no formula of its own.

use super::plot::{Frame, Gantt, GanttBox, Measure, PlotError};
use crate::deploy::pipeline::{Sharing, Slot, Stages, schedule};

/// Names of the stages, top to bottom.
const STAGES: [&str; 4] = ["Attention", "Network A→F", "FFN", "Network F→A"];
/// Microseconds in a second.
const US: f64 = 1e6;
/// Layers played behind those shown, so that the end of the chart is as busy as the step is.
const BEYOND: usize = 2;
const WIDTH: u32 = 1100;
const HEIGHT: u32 = 400;

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct PipelineView<'a> {
    /// Heading.
    pub title: &'a str,
    /// The conditions it holds under.
    pub subtitle: &'a str,
    /// Where the numbers come from.
    pub footnote: &'a str,
    /// Stage times of the layers of the step, in order; more than are shown.
    pub layers: &'a [Stages],
    /// How many layers to show from the first.
    pub shown: usize,
    /// Which stages share a resource.
    pub sharing: Sharing,
    /// Micro-batches in flight.
    pub micro_batches: u32,
}

/// Draws the first layers of a step as SVG.
///
/// # Errors
/// If there are no layers, or a time is not finite.
pub fn pipeline_svg(view: &PipelineView<'_>) -> Result<String, PlotError> {
    chart(view).svg()
}

/// The chart of a view.
#[must_use]
pub fn chart(view: &PipelineView<'_>) -> Gantt {
    let shown = view.shown.min(view.layers.len());
    let played = &view.layers[..view.layers.len().min(shown + BEYOND)];
    let slots = schedule(played, view.sharing, view.micro_batches);
    let is_shown = |slot: &&Slot| (slot.layer as usize) < shown;
    let end = slots.iter().filter(is_shown).map(|slot| slot.end).fold(0.0, f64::max) * US;
    Gantt {
        frame: Frame {
            title: view.title.to_owned(),
            subtitle: view.subtitle.to_owned(),
            footnote: footnote(view),
            width: WIDTH,
            height: HEIGHT,
        },
        label: "time from the start of the step, µs".to_owned(),
        styles: (1..=shown).map(|layer| format!("layer {layer}")).collect(),
        rows: rows(view.sharing),
        boxes: slots.iter().map(as_box).collect(),
        measures: measures(&slots),
        end,
    }
}

fn as_box(slot: &Slot) -> GanttBox {
    GanttBox {
        row: slot.stage,
        begin: slot.begin * US,
        end: slot.end * US,
        label: (slot.micro_batch + 1).to_string(),
        style: slot.layer as usize,
    }
}

fn rows(sharing: Sharing) -> Vec<String> {
    let partner = |stage: usize| match stage {
        0 | 2 if sharing.compute => Some("shares its devices"),
        1 | 3 if sharing.link => Some("shares the link"),
        _ => None,
    };
    let row = |(stage, name): (usize, &&str)| match partner(stage) {
        Some(partner) => format!("{name}\n{partner}"),
        None => (*name).to_owned(),
    };
    STAGES.iter().enumerate().map(row).collect()
}

/// The first micro-batch's way through the first layer, its waits included.
fn measures(slots: &[Slot]) -> Vec<Measure> {
    let of_first = |stage: usize, layer: u32| {
        slots.iter().find(|s| s.micro_batch == 0 && s.stage == stage && s.layer == layer)
    };
    let begin = of_first(0, 0).map(|slot| slot.begin);
    let (what, end) = match of_first(0, 1) {
        Some(next) => ("micro-batch 1: from layer 1 to layer 2", Some(next.begin)),
        None => ("micro-batch 1: layer 1", of_first(3, 0).map(|slot| slot.end)),
    };
    let (Some(begin), Some(end)) = (begin, end) else { return Vec::new() };
    let (begin, end) = (begin * US, end * US);
    let took = super::number::plain((end - begin).round());
    vec![Measure { begin, end, label: format!("{what}, {took} µs") }]
}

fn footnote(view: &PipelineView<'_>) -> String {
    let mut notes = vec!["Numbers in boxes are micro-batches."];
    if view.layers.len() > view.shown {
        notes.push("Grey boxes belong to later layers.");
    }
    if view.sharing.any() {
        notes.push("Stages that share a resource divide its rate while both are at work.");
    }
    notes.push(view.footnote);
    notes.join(" ").trim().to_owned()
}
