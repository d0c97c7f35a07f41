//! Predictions against measurements, a point for each: what lies on the line is right.

use super::plot::{Axis, Frame, Group, Point, Ray, Scale, Scatter, ScatterPanel, Ticks};
use crate::spec::Diagnostic;
use crate::validate::Compared;
use std::collections::BTreeSet;

/// Families that share a colour, in the order of the palette.
const GROUPS: [(&str, &[&str]); 11] = [
    ("decode attention, GQA and MFA", &["decode_attention_gqa"]),
    ("decode attention, MLA", &["decode_attention_mla"]),
    ("GEMM", &["gemm"]),
    ("grouped GEMM", &["grouped_gemm_uniform", "grouped_gemm_skewed"]),
    ("expert FFN", &["expert_ffn_uniform", "expert_ffn_skewed"]),
    ("collectives", &["all_gather", "reduce_scatter", "all_reduce", "all_to_all"]),
    ("dispatch and combine", &["dispatch", "combine"]),
    ("copies", &["copy", "read"]),
    ("serving, TPOT", &["serving_tpot"]),
    ("serving, TTFT", &["serving_ttft"]),
    ("deployments", &["end_to_end_tokens_per_s"]),
];

/// Units that have a panel of their own, with what the axes say.
const PANELS: [(&str, &str); 3] =
    [("us", "us"), ("ms", "ms"), ("tokens_per_s_per_device", "tokens/s/device")];

/// Cells of a decade on each axis: of the points of one colour in a cell, one is drawn.
const CELLS_PER_DECADE: f64 = 30.0;

/// Draws the rows that have a prediction and no note against them.
///
/// # Errors
/// If there is none, or one cannot be drawn.
pub fn svg(rows: &[Compared]) -> Result<String, Diagnostic> {
    let mut used = BTreeSet::new();
    let mut panels = Vec::new();
    for (unit, shown) in PANELS {
        let points = points(rows, unit);
        if points.is_empty() {
            continue;
        }
        used.extend(points.iter().map(|point| point.group));
        panels.push(panel(points, shown));
    }
    if panels.is_empty() {
        return Err(Diagnostic::new("there is no predicted row to draw"));
    }
    // Only what is drawn has a place in the legend.
    let used: Vec<usize> = used.into_iter().collect();
    for point in panels.iter_mut().flat_map(|panel| &mut panel.points) {
        point.group = used.iter().position(|nth| *nth == point.group).unwrap_or_default();
    }
    let width = u32::try_from(panels.len()).unwrap_or(1) * 560;
    let chart = Scatter {
        frame: Frame {
            title: "Predicted against measured".to_owned(),
            subtitle: "on the line a prediction is right; the others are twice and half of it"
                .to_owned(),
            footnote: "Rows with a note against them are left out; of points that lie on one \
                       another, one is drawn"
                .to_owned(),
            width: width.max(900),
            height: 680,
        },
        groups: used
            .iter()
            .map(|&nth| Group { name: GROUPS[nth].0.to_owned(), style: nth })
            .collect(),
        panels,
    };
    Ok(chart.svg()?)
}

fn panel(points: Vec<Point>, unit: &str) -> ScatterPanel {
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
        title: String::new(),
        x,
        y,
        points,
        fronts: Vec::new(),
        rays,
        guides: Vec::new(),
    }
}

/// The points of a panel, thinned.
fn points(rows: &[Compared], unit: &str) -> Vec<Point> {
    let mut cells = BTreeSet::new();
    let of_unit = rows.iter().filter(|row| row.quantity == unit && row.note.is_none());
    let point = |row: &Compared| {
        let group = GROUPS.iter().position(|(_, families)| families.contains(&row.family))?;
        let (x, y) = (row.measured, *row.predicted.as_ref().ok()?);
        Some(Point { x, y, label: String::new(), detail: String::new(), group })
    };
    let cell = |value: f64| (value.log10() * CELLS_PER_DECADE).floor() as i64;
    let drawn = of_unit.filter_map(point).filter(|p| p.x > 0.0 && p.y > 0.0);
    let mut thinned: Vec<Point> =
        drawn.filter(|p| cells.insert((p.group, cell(p.x), cell(p.y)))).collect();
    // Families with few points are drawn over those with many.
    let count = |group: usize| cells.iter().filter(|(g, ..)| *g == group).count();
    let counts: Vec<usize> = (0..GROUPS.len()).map(count).collect();
    thinned.sort_by_key(|p| (std::cmp::Reverse(counts[p.group]), p.group));
    thinned
}
