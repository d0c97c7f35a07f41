//! The Gantt chart of a pipeline: what it shows, and what it refuses.
#![allow(clippy::unwrap_used)]

use afford::deploy::pipeline::{Sharing, Stages};
use afford::report::gantt::{PipelineView, chart, pipeline_svg};
use afford::report::plot::PlotError;

const STAGES: Stages = Stages { attention: 272e-6, dispatch: 90e-6, ffn: 272e-6, combine: 180e-6 };

fn view(layers: &[Stages]) -> PipelineView<'_> {
    PipelineView {
        title: "Two layers",
        subtitle: "",
        footnote: "",
        layers,
        shown: 2,
        sharing: Sharing::default(),
        micro_batches: 3,
    }
}

#[test]
fn two_layers_end_where_the_schedule_does() {
    // Three micro-batches of 814 us in a stage of 272 us: the sixth service of attention begins at
    // 1,360 us and its micro-batch is back 814 us later.
    let drawn = chart(&view(&[STAGES; 61]));
    assert!((drawn.end - (5.0 * 272.0 + 814.0)).abs() < 1e-6, "{}", drawn.end);
    assert_eq!(drawn.styles, ["layer 1", "layer 2"]);
    assert_eq!(drawn.boxes.len(), 4 * 3 * 4, "two layers more than shown");
    assert_eq!(drawn.measures[0].label, "micro-batch 1: from layer 1 to layer 2, 816 µs");
    let alone = chart(&view(&[STAGES]));
    assert_eq!(alone.measures[0].label, "micro-batch 1: layer 1, 814 µs");
}

#[test]
fn the_same_view_is_the_same_picture() {
    let svg = || pipeline_svg(&view(&[STAGES; 4])).unwrap();
    assert_eq!(svg(), svg());
    for text in ["Two layers", "Attention", "FFN", "layer 2", "µs"] {
        assert!(svg().contains(text), "{text}");
    }
}

#[test]
fn shared_resources_are_named() {
    let sharing = Sharing { compute: true, link: true };
    let svg = pipeline_svg(&PipelineView { sharing, ..view(&[STAGES; 4]) }).unwrap();
    assert!(svg.contains("shares the link") && svg.contains("shares its devices"));
    assert!(svg.contains("divide its rate"));
}

#[test]
fn nothing_and_no_numbers_are_refused() {
    assert!(matches!(pipeline_svg(&view(&[])), Err(PlotError::Empty { .. })));
    let broken = Stages { ffn: f64::NAN, ..STAGES };
    assert!(pipeline_svg(&view(&[broken; 3])).is_err());
    assert!(pipeline_svg(&view(&[Stages::default(); 3])).is_err());
    let mut wrong = chart(&view(&[STAGES; 3]));
    wrong.boxes[0].row = 4;
    assert!(matches!(wrong.svg(), Err(PlotError::Mismatch { .. })));
}
