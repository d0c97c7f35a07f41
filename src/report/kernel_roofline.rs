//! Every kernel of a scenario's deployments under the roof of the hardware that it runs on: FLOPs
//! per byte against FLOPs per second.

use super::claims::single;
use super::deployed::{Prepared, prepare};
use super::figures::axis;
use super::loaded::{Loaded, Part};
use super::number::{short, significant};
use super::plot::{Chart, Frame, Group, Point, Ray, Scale, Scatter, ScatterPanel, Ticks};
use crate::deploy::breakdown::{Piece, Stage};
use crate::deploy::deployment::{Deployment, Side};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::quantity::Tokens;
use crate::spec::study::KernelRooflineSpec;
use crate::work::dtype::Dtype;

/// Kernels that look alike, in legend order.
const FAMILIES: [&str; 5] =
    ["attention core", "attention products", "routed experts", "other FFN products", "LM head"];

/// The place of a kernel among the families.
fn family(piece: &Piece) -> usize {
    match (piece.stage, piece.name.as_str()) {
        (Stage::Attention, "core") => 0,
        (Stage::Attention, "router") => 3,
        (Stage::Attention, _) => 1,
        (Stage::Step, _) => 4,
        (_, "routed experts") => 2,
        _ => 3,
    }
}

/// A kernel of a deployment.
fn point(of: &Prepared, batch: u64, piece: &Piece) -> Option<Point> {
    let fine =
        piece.bound.is_some() && piece.flops > 0.0 && piece.bytes > 0.0 && piece.time_s > 0.0;
    fine.then(|| {
        let group = family(piece);
        let named = group == 0;
        Point {
            x: piece.flops / piece.bytes,
            y: piece.flops / piece.time_s,
            label: if named { of.label.clone() } else { String::new() },
            detail: format!(
                "{} {}, batch {batch}: {} of {}, {} rows, {}B, {}FLOP, {} us",
                of.label,
                of.deployment.name(),
                piece.name,
                if piece.design.is_empty() { "the step" } else { &piece.design },
                significant(piece.rows, 3),
                short(piece.bytes),
                short(piece.flops),
                significant(piece.time_s * 1e6, 3)
            ),
            group,
        }
    })
}

/// The figure: a panel for each hardware that something runs on.
pub(super) fn figure(
    loaded: &Loaded,
    of: &KernelRooflineSpec,
    frame: Frame,
) -> Result<Chart, Diagnostic> {
    let context = single(&of.context_tokens)?;
    let mut points: Vec<Vec<Point>> = vec![Vec::new(); loaded.hardware.len()];
    for spec in &loaded.scenario.deployments {
        let prepared = prepare(loaded, spec)?;
        let row = prepared.row(context as f64);
        if row.estimate.infeasible.is_some() {
            continue;
        }
        for piece in prepared.compiled.breakdown(row.point) {
            let head = match prepared.deployment {
                Deployment::Afd(afd) => afd.lm_head_on,
                Deployment::Colocated(_) => Side::Attention,
            };
            let near = match piece.stage {
                Stage::Step => head == Side::Attention,
                stage => stage == Stage::Attention,
            };
            let side = if near { prepared.attention.1 } else { prepared.ffn.1 };
            let place = loaded.hardware.iter().position(|part| part.value.name == side.name);
            if let Some(place) = place {
                points[place].extend(point(&prepared, row.point.batch, &piece));
            }
        }
    }
    let mut panels = Vec::new();
    for (part, points) in loaded.hardware.iter().zip(points) {
        if !points.is_empty() {
            panels.push(panel(loaded, part, points)?);
        }
    }
    share_axes(&mut panels);
    let style = |(style, name): (usize, &&str)| Group { name: (*name).to_owned(), style };
    let fidelity = loaded.conditions(None)?.1.fidelity;
    let subtitle = format!(
        "One device, {} tokens of context, each deployment at its batch. Fidelity {}: {}.",
        Tokens(context),
        fidelity.name(),
        if fidelity == Fidelity::Calibrated {
            "below its roof a kernel is by what it was measured to fall short"
        } else {
            "a kernel lies on its roof"
        }
    );
    let groups = FAMILIES.iter().enumerate().map(style).collect();
    Ok(Scatter { frame: Frame { subtitle, ..frame }, groups, panels }.into())
}

/// Gives all panels the same stretches, from a little below the least of what they show to well
/// right of the last bend, so that roofs can be compared.
fn share_axes(panels: &mut [ScatterPanel]) {
    let bend = |ray: &Ray| ray.cap.map(|cap| (cap / ray.slope, cap));
    let bends: Vec<(f64, f64)> =
        panels.iter().flat_map(|p| p.rays.iter().filter_map(bend)).collect();
    let all = panels.iter().flat_map(|p| p.points.iter().map(|point| (point.x, point.y)));
    let all: Vec<(f64, f64)> = all.chain(bends.iter().map(|&(x, y)| (x * 3.0, y))).collect();
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let values = all.iter().map(of);
        values.fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (x, y) = (ends(|p| p.0), ends(|p| p.1));
    for panel in panels {
        (panel.x.cover, panel.y.cover) = (Some(x), Some(y));
    }
}

fn panel(
    loaded: &Loaded,
    part: &Part<Hardware>,
    points: Vec<Point>,
) -> Result<ScatterPanel, Diagnostic> {
    let slope = part.value.memory_bandwidth()?.bytes_per_second();
    let mut rays: Vec<Ray> = Vec::new();
    let mut formats: Vec<&str> = Vec::new();
    // Routers and the like run in BF16 whatever the rest does.
    let own = loaded.models.iter().map(|model| model.value.precision.activations);
    for format in own.chain([Dtype::Bf16]) {
        let peak = part.value.peak(format, loaded.scenario.without_fp8)?;
        if !formats.contains(&peak.format) {
            formats.push(peak.format);
            let cap = peak.rate.flops_per_second();
            let label = format!("{} {}FLOP/s", peak.format.to_uppercase(), short(cap));
            rays.push(Ray { label, slope, cap: Some(cap), style: None });
        }
    }
    Ok(ScatterPanel {
        title: format!("{}: {}B/s", part.label, short(slope)),
        x: axis("FLOPs per byte", Scale::Log10, Ticks::Plain),
        y: axis("FLOPs per second", Scale::Log10, Ticks::Si),
        points,
        fronts: Vec::new(),
        rays,
        guides: Vec::new(),
    })
}
