//! The plotting room's promises: labels keep clear, bytes repeat, bad numbers are refused.

use super::geometry::{Rect, Xy, spread};
use super::labels::{Place, Surroundings, Tag, place};
use super::ticks::{brief, even};
use super::*;

type Outcome = Result<(), PlotError>;

const RADIUS: f64 = 7.5;
const BOUNDS: Rect = Rect { x0: 60.0, y0: 40.0, x1: 560.0, y1: 440.0 };

/// The same "random" numbers in 0..1 for the same seed.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn scattered(seed: u64, count: usize) -> Vec<Tag> {
    let mut next = noise(seed);
    let mut tag = |_| Tag {
        point: (BOUNDS.x0 + next() * BOUNDS.width(), BOUNDS.y0 + next() * BOUNDS.height()),
        width: 40.0 + 50.0 * next(),
        height: 15.0,
    };
    (0..count).map(&mut tag).collect()
}

fn placed(tags: &[Tag]) -> Vec<Place> {
    let dots: Vec<Xy> = tags.iter().map(|tag| tag.point).collect();
    place(tags, &Surroundings { bounds: BOUNDS, dots: &dots, radius: RADIUS, lines: &[] })
}

fn assert_clear(tags: &[Tag], name: &str) {
    let places = placed(tags);
    assert_eq!(places.len(), tags.len(), "{name}: every label is placed");
    for (i, one) in places.iter().enumerate() {
        assert!(BOUNDS.holds(&one.rect), "{name}: label {i} leaves the panel");
        for other in &places[..i] {
            assert_eq!(one.rect.overlap(&other.rect), 0.0, "{name}: label {i} hits a label");
        }
        for tag in tags {
            let dot = Rect::around(tag.point, 2.0 * RADIUS, 2.0 * RADIUS);
            assert_eq!(one.rect.overlap(&dot), 0.0, "{name}: label {i} covers a point");
        }
    }
}

#[test]
fn labels_keep_clear_of_each_other_and_of_points() {
    for seed in 1..=40 {
        assert_clear(&scattered(seed, 22), &format!("seed {seed}"));
    }
}

#[test]
fn labels_keep_clear_in_a_tight_cluster_and_in_corners() {
    let tag = |x: f64, y: f64| Tag { point: (x, y), width: 70.0, height: 15.0 };
    let cluster: Vec<Tag> = (0..9)
        .map(|i| tag(300.0 + 9.0 * f64::from(i % 3), 240.0 + 9.0 * f64::from(i / 3)))
        .collect();
    assert_clear(&cluster, "cluster");
    assert_clear(
        &[tag(60.0, 40.0), tag(560.0, 40.0), tag(60.0, 440.0), tag(560.0, 440.0)],
        "corners",
    );
    assert_clear(&[tag(300.0, 200.0), tag(300.0, 200.0), tag(300.0, 200.0)], "one spot");
}

#[test]
fn a_label_wider_than_its_panel_is_still_placed() {
    let tag = Tag { point: (100.0, 100.0), width: 900.0, height: 15.0 };
    assert_eq!(placed(&[tag]).len(), 1);
}

#[test]
fn spreading_keeps_order_and_distance() {
    let wanted = [50.0, 10.0, 12.0, 99.0, 98.0];
    let mut got = spread(&wanted, 10.0, 0.0, 100.0);
    assert!(got[1] < got[2] && got[4] < got[3], "order kept: {got:?}");
    got.sort_by(f64::total_cmp);
    assert!(got.windows(2).all(|pair| pair[1] - pair[0] >= 10.0 - 1e-9), "{got:?}");
    assert!(got[0] >= 0.0 && got[4] <= 100.0, "{got:?}");
}

fn axis(label: &str, scale: Scale, ticks: Ticks) -> Axis {
    Axis { label: label.to_string(), scale, ticks, cover: None }
}

fn frame() -> Frame {
    Frame {
        title: "A < B & C".into(),
        subtitle: "sub".into(),
        footnote: "foot".into(),
        ..Frame::default()
    }
}

fn scatter(y: Scale, values: &[f64]) -> Scatter {
    let point = |(i, &y): (usize, &f64)| Point {
        x: 1.0 + i as f64,
        y,
        label: format!("p{i}"),
        detail: String::new(),
        group: 0,
    };
    Scatter {
        frame: frame(),
        groups: vec![Group { name: "all".into(), style: 0 }],
        panels: vec![ScatterPanel {
            title: "panel".into(),
            x: axis("x", Scale::Linear, Ticks::Plain),
            y: axis("y", y, Ticks::Si),
            points: values.iter().enumerate().map(point).collect(),
            fronts: vec![Front {
                name: "front".into(),
                points: vec![(1.0, 2.0), (3.0, 4.0)],
                shape: FrontShape::StepXFirst,
                style: None,
            }],
            rays: vec![Ray { label: "ray".into(), slope: 2.0, cap: None, style: None }],
            guides: Vec::new(),
        }],
    }
}

fn lines(points: Vec<(f64, f64)>) -> Lines {
    let series = vec![Series { name: "s".into(), style: 1, points }];
    let (x, y) = (axis("x", Scale::Log2, Ticks::Binary), axis("y", Scale::Log10, Ticks::Dollars));
    Lines {
        frame: frame(),
        legend: Legend::LineEnds,
        panels: vec![LinePanel { title: String::new(), x, y, series, marks: Vec::new() }],
    }
}

fn bars(value: f64) -> StackedBars {
    let group =
        |name: &str| BarGroup { name: name.to_string(), bars: vec![Some(vec![value, 1.0]), None] };
    StackedBars {
        frame: frame(),
        bars: vec!["a".into(), "b".into()],
        parts: vec!["low".into(), "high".into()],
        decimals: 2,
        panels: vec![BarPanel {
            title: "t".into(),
            label: "y".into(),
            ticks: Ticks::Dollars,
            groups: vec![group("one name"), group("other")],
        }],
    }
}

#[test]
fn the_same_chart_gives_the_same_bytes() -> Outcome {
    let values = [1.0, 20.0, 300.0];
    assert_eq!(scatter(Scale::Log10, &values).svg()?, scatter(Scale::Log10, &values).svg()?);
    assert_eq!(
        lines(vec![(1024.0, 0.1), (4096.0, 0.3)]).svg()?,
        lines(vec![(1024.0, 0.1), (4096.0, 0.3)]).svg()?
    );
    assert_eq!(bars(0.5).svg()?, bars(0.5).svg()?);
    Ok(())
}

#[test]
fn a_crowded_scatter_labels_its_front_alone() -> Outcome {
    let values: Vec<f64> = (1..=30).map(f64::from).collect();
    let mut chart = scatter(Scale::Linear, &values);
    for (at, point) in chart.panels[0].points.iter_mut().enumerate() {
        point.label = format!("point-{at}-");
    }
    let first = (chart.panels[0].points[0].x, chart.panels[0].points[0].y);
    let shape = FrontShape::Line;
    let name = "front".to_owned();
    chart.panels[0].fronts = vec![Front { name, points: vec![first], shape, style: None }];
    let svg = chart.svg()?;
    assert_eq!(svg.matches("point-").count(), 1);
    assert!(svg.contains("point-0-") && svg.contains("only its points are labelled"));
    Ok(())
}

#[test]
fn crowded_bars_leave_their_totals_out() -> Outcome {
    let mut chart = bars(1.25);
    let group = chart.panels[0].groups[0].clone();
    chart.panels[0].groups = vec![group.clone(); 14];
    assert_eq!(chart.svg()?.matches("n/a").count(), 14);
    chart.panels[0].groups = vec![group; 15];
    let svg = chart.svg()?;
    assert!(!svg.contains("n/a") && !svg.contains(">2.25<"));
    Ok(())
}

fn heat(cells: [[Option<f64>; 2]; 2]) -> HeatMap {
    let cell = |value| HeatCell { value, detail: String::new() };
    HeatMap {
        frame: frame(),
        x_label: "x".into(),
        y_label: "y".into(),
        value_label: "value".into(),
        ticks: Ticks::Dollars,
        columns: vec!["left".into(), "right".into()],
        rows: vec!["top".into(), "bottom".into()],
        cells: cells.map(|row| row.map(cell).to_vec()).to_vec(),
    }
}

#[test]
fn a_heat_map_writes_what_it_has_and_refuses_what_it_cannot_colour() -> Outcome {
    let svg = heat([[Some(1.25), None], [Some(40.0), Some(3.0)]]).svg()?;
    for text in ["1.25", "left", "bottom", "value", "$40"] {
        assert!(svg.contains(text), "{text}");
    }
    assert_eq!(svg.matches("font-weight=\"bold\"").count(), 3, "the title and two least cells");
    let bad = |value| heat([[Some(1.0), Some(value)], [None, None]]).svg();
    assert!(matches!(bad(f64::NAN), Err(PlotError::NotFinite { series, .. }) if series == "top"));
    assert!(matches!(bad(0.0), Err(PlotError::NotPositive { .. })));
    assert!(matches!(heat([[None; 2]; 2]).svg(), Err(PlotError::Empty { .. })));
    let mut short = heat([[Some(1.0); 2]; 2]);
    short.columns.pop();
    assert!(matches!(short.svg(), Err(PlotError::Mismatch { .. })));
    Ok(())
}

#[test]
fn marks_roofs_and_guides_are_drawn_with_their_labels() -> Outcome {
    let mut chart = lines(vec![(1024.0, 0.1), (4096.0, 0.3)]);
    let mark = |label: &str, y| Mark { x: 2048.0, y, label: label.into() };
    chart.panels[0].marks = vec![mark("crossing", 0.2), mark("", 0.15)];
    assert!(chart.svg()?.contains("crossing"));
    chart.panels[0].marks = vec![mark("crossing", -1.0)];
    assert!(matches!(chart.svg(), Err(PlotError::NotPositive { .. })));
    let mut chart = scatter(Scale::Log10, &[1.0, 20.0]);
    chart.panels[0].rays[0].cap = Some(3.0);
    chart.panels[0].guides = vec![Guide { label: "ridge".into(), x: 1.5 }];
    assert!(chart.svg()?.contains("ridge"));
    chart.panels[0].rays[0].cap = Some(f64::INFINITY);
    assert!(matches!(chart.svg(), Err(PlotError::NotFinite { .. })));
    Ok(())
}

#[test]
fn texts_are_escaped_and_numbers_finite() -> Outcome {
    for svg in [scatter(Scale::Linear, &[0.0, -5.0]).svg()?, bars(0.0).svg()?] {
        assert!(svg.contains("A &lt; B &amp; C"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
    Ok(())
}

#[test]
fn numbers_that_are_not_finite_are_refused_by_name() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = scatter(Scale::Linear, &[1.0, bad]).svg();
        assert!(matches!(error, Err(PlotError::NotFinite { series, .. }) if series == "p1"));
        let error = lines(vec![(2.0, bad)]).svg();
        assert!(matches!(error, Err(PlotError::NotFinite { series, .. }) if series == "s"));
        let error = bars(bad).svg();
        assert!(matches!(error, Err(PlotError::NotFinite { series, .. }) if series == "one name"));
    }
    let huge = scatter(Scale::Linear, &[f64::MAX, -f64::MAX]).svg();
    assert!(matches!(huge, Err(PlotError::NotFinite { .. })));
}

#[test]
fn log_axes_refuse_zero_and_below() {
    for bad in [0.0, -1.0] {
        let error = scatter(Scale::Log10, &[1.0, bad]).svg();
        assert!(matches!(error, Err(PlotError::NotPositive { series, .. }) if series == "p1"));
        let error = lines(vec![(bad, 1.0)]).svg();
        assert!(matches!(error, Err(PlotError::NotPositive { series, .. }) if series == "s"));
    }
}

#[test]
fn other_bad_charts_are_refused() {
    assert!(matches!(bars(-1.0).svg(), Err(PlotError::Negative { .. })));
    let mut short = bars(1.0);
    short.panels[0].groups[0].bars.pop();
    assert!(matches!(short.svg(), Err(PlotError::Mismatch { expected: 2, found: 1, .. })));
    let mut astray = scatter(Scale::Linear, &[1.0]);
    astray.panels[0].points[0].group = 7;
    assert!(matches!(astray.svg(), Err(PlotError::Mismatch { .. })));
    assert!(matches!(lines(Vec::new()).svg(), Err(PlotError::Empty { .. })));
    let mut tiny = bars(1.0);
    tiny.frame.height = 90;
    assert!(matches!(tiny.svg(), Err(PlotError::NoRoom { .. })));
    tiny.frame.height = u32::MAX;
    assert!(tiny.svg().is_err());
}

#[test]
fn a_png_has_the_scaled_size_and_something_on_it() -> Outcome {
    let svg = bars(2.0).svg()?;
    let png = png_from_svg(&svg, 1.5)?;
    let side = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!((side(16), side(20)), (1650, 840));
    let blank = png_from_svg(&Frame::default().blank()?, 1.5)?;
    assert!(png.len() > blank.len() + 2000, "text and bars show");
    assert!(png_from_svg(&svg, 0.0).is_err());
    assert!(png_from_svg(&svg, f32::NAN).is_err());
    assert!(png_from_svg("no svg", 1.0).is_err());
    Ok(())
}

impl Frame {
    /// A page with nothing on it.
    fn blank(&self) -> Result<String, PlotError> {
        canvas::render(self.width, self.height, |_| Ok(()))
    }
}

#[test]
fn ticks_are_round_and_written_briefly() {
    assert_eq!(even(0.055, 0.087, 4), [0.06, 0.07, 0.08]);
    assert_eq!(Ticks::Dollars.write_all(&[0.0, 0.05, 0.1]), ["$0.00", "$0.05", "$0.10"]);
    assert_eq!(Ticks::Dollars.write_all(&[-5.0, 20.0]), ["-$5", "$20"]);
    assert_eq!(Ticks::Plain.write_all(&[0.5, 0.75, 1.0]), ["0.50", "0.75", "1.00"]);
    assert_eq!(Ticks::Plain.write_all(&[0.01, 1.0, 100.0]), ["0.01", "1", "100"]);
    assert_eq!(
        Ticks::Si.write_all(&[0.0, 5e8, 1.5e12, 999.999_999_99]),
        ["0", "500M", "1.5T", "1k"]
    );
    assert_eq!(Ticks::Binary.write_all(&[512.0, 4096.0, 1_048_576.0]), ["512", "4Ki", "1Mi"]);
    assert_eq!([brief(1e-7), brief(123_456.0), brief(1e12)], ["1e-7", "123456", "1e12"]);
}

fn ranges(low: f64) -> Ranges {
    let row = RangeRow {
        label: "a".to_owned(),
        low,
        middle: 2.0,
        high: 3.0,
        group: 0,
        low_label: "-1".to_owned(),
        high_label: "+1".to_owned(),
    };
    let frame = Frame { title: "t".to_owned(), ..Ranges::frame_for(1) };
    let label = "$".to_owned();
    Ranges { frame, label, reference: Some(2.0), groups: vec!["g".to_owned()], rows: vec![row] }
}

#[test]
fn ranges_are_drawn_alike_and_bad_ones_refused() -> Outcome {
    let svg = ranges(1.0).svg()?;
    assert_eq!(svg, ranges(1.0).svg()?);
    assert!(["\n-1\n", "\n+1\n", "\ng\n"].iter().all(|text| svg.contains(text)), "{svg}");
    assert!(matches!(ranges(f64::NAN).svg(), Err(PlotError::NotFinite { .. })));
    let none = Ranges { rows: Vec::new(), ..ranges(1.0) };
    assert!(matches!(none.svg(), Err(PlotError::Empty { .. })));
    // All ends alike are a line and not a division by zero.
    let flat = RangeRow { low: 2.0, high: 2.0, ..ranges(1.0).rows.remove(0) };
    Ranges { rows: vec![flat], ..ranges(1.0) }.svg()?;
    Ok(())
}
