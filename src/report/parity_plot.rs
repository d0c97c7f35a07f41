//! Predictions against measurements, a point for each: what lies on the line is right.

use super::plot::{Axis, Frame, Group, Point, Ray, Scale, Scatter, ScatterPanel, Ticks};
use crate::spec::Diagnostic;
use crate::validate::Compared;
use std::collections::BTreeSet;

/// A colour: its name, and its families.
type Tint = (&'static str, &'static [&'static str]);

/// What an axis shows, and how much of it the rows' unit is.
type Unit = (&'static str, f64);
const MICROSECONDS: Unit = ("s", 1e-6);
const MILLISECONDS: Unit = ("s", 1e-3);

/// The panels, each with its title, its unit and its colours; those of few points come last, so that
/// they are drawn over those of many.
const PANELS: [(&str, Unit, &[Tint]); 5] = [
    (
        "attention",
        MICROSECONDS,
        &[
            ("decode attention, GQA and MFA", &["decode_attention_gqa"]),
            ("decode attention, MLA", &["decode_attention_mla"]),
        ],
    ),
    (
        "products and copies",
        MICROSECONDS,
        &[
            ("expert FFN", &["expert_ffn_uniform", "expert_ffn_skewed"]),
            ("GEMM", &["gemm"]),
            ("grouped GEMM", &["grouped_gemm_uniform", "grouped_gemm_skewed"]),
            ("copies", &["copy", "read"]),
        ],
    ),
    (
        "links",
        MICROSECONDS,
        &[
            ("collectives", &["all_gather", "reduce_scatter", "all_reduce", "all_to_all"]),
            ("dispatch and combine", &["dispatch", "combine"]),
        ],
    ),
    ("serving", MILLISECONDS, &[("TTFT", &["serving_ttft"]), ("TPOT", &["serving_tpot"])]),
    ("deployments", ("tokens/s/device", 1.0), &[("throughput", &["end_to_end_tokens_per_s"])]),
];

/// Cells of a decade on each axis: of the points of one colour in a cell, one is drawn.
const CELLS_PER_DECADE: f64 = 25.0;

/// Draws the rows that have a prediction and no note against them.
///
/// # Errors
/// If there is none, or one cannot be drawn.
pub fn svg(rows: &[Compared]) -> Result<String, Diagnostic> {
    let mut groups: Vec<Group> = Vec::new();
    let mut panels = Vec::new();
    for (title, unit, tints) in PANELS {
        let mut points = Vec::new();
        for (name, families) in tints {
            let of_tint = points_of(rows, families, unit.1, groups.len());
            // Only what is drawn has a place in the legend.
            if !of_tint.is_empty() {
                points.extend(of_tint);
                groups.push(Group { name: (*name).to_owned(), style: groups.len() });
            }
        }
        if !points.is_empty() {
            panels.push(panel(title, points, unit.0));
        }
    }
    if panels.is_empty() {
        return Err(Diagnostic::new("there is no predicted row to draw"));
    }
    let width = u32::try_from(panels.len()).unwrap_or(1) * 470;
    let chart = Scatter {
        frame: Frame {
            title: "Predicted against measured".to_owned(),
            subtitle: "on the line a prediction is right; the others are twice and half of it"
                .to_owned(),
            footnote: "Rows with a note against them are left out; of points that lie on one \
                       another, one is drawn"
                .to_owned(),
            width: width.max(900),
            height: 600,
        },
        groups,
        panels,
    };
    Ok(chart.svg()?)
}

fn panel(title: &str, points: Vec<Point>, unit: &str) -> ScatterPanel {
    // The same stretch on both axes, so that the line is the diagonal.
    let values = || points.iter().flat_map(|p| [p.x, p.y]);
    let cover = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let axis = |what: &str| Axis {
        label: format!("{what}, {unit}"),
        scale: Scale::Log10,
        ticks: Ticks::Si,
        cover: Some(cover),
    };
    let (x, y) = (axis("measured"), axis("predicted"));
    let ray =
        |label: &str, slope: f64| Ray { label: label.to_owned(), slope, cap: None, style: None };
    let rays = vec![ray("x 2", 2.0), ray("right", 1.0), ray("/ 2", 0.5)];
    ScatterPanel {
        title: title.to_owned(),
        x,
        y,
        points,
        fronts: Vec::new(),
        rays,
        guides: Vec::new(),
    }
}

/// The points of one colour, thinned.
fn points_of(rows: &[Compared], families: &[&str], scale: f64, group: usize) -> Vec<Point> {
    let mut cells = BTreeSet::new();
    let cell = |value: f64| (value.log10() * CELLS_PER_DECADE).floor() as i64;
    let drawn = rows.iter().filter(|row| families.contains(&row.family) && row.note.is_none());
    let point = |row: &Compared| {
        let (x, y) = (row.measured * scale, *row.predicted.as_ref().ok()? * scale);
        Some(Point { x, y, label: String::new(), detail: String::new(), group })
            .filter(|p| p.x > 0.0 && p.y > 0.0)
    };
    drawn.filter_map(point).filter(|p| cells.insert((cell(p.x), cell(p.y)))).collect()
}
