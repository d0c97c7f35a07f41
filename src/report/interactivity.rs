//! Throughput of a device against speed for a user: the trade that a batch makes, over the batches
//! of a scenario's deployments, with the front of each model, hardware or deployment.

use super::deployed::{Prepared, prepare};
use super::estimate_table::EstimateRow;
use super::figures::{axis, context_title};
use super::loaded::Loaded;
use super::number::significant;
use super::plot::{
    Chart, Frame, Front, FrontShape, Group, Point, Scale, Scatter, ScatterPanel, Ticks,
};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::Point as Place;
use crate::spec::Diagnostic;
use crate::spec::study::{FrontBy, InteractivitySpec};
use crate::spec::workload::DeploymentSpec;
use crate::sweep::knee::{knee, thinned};
use crate::sweep::pareto::{Sense, front};

/// Steps slower than this serve nobody who waits.
const SLOWEST_TPOT_S: f64 = 1.0;
/// No rank serves more requests per micro-batch.
const MOST_REQUESTS: u64 = 1 << 20;
/// Points that stand for a front in the figure.
const MOST_POINTS: usize = 24;
/// More is better of both.
const SENSES: [Sense; 2] = [Sense::Max, Sense::Max];

/// A deployment at every batch that fits, from one request per rank on, each about a sixth larger
/// than the one before.
pub(super) fn batches(of: &Prepared, context: f64) -> Vec<EstimateRow> {
    let mut rows = Vec::new();
    let mut per_rank = 1;
    while per_rank <= MOST_REQUESTS {
        let batch = of.compiled.batch_of(per_rank, of.micro_batches);
        let point = Place { batch, micro_batches: of.micro_batches, context };
        let estimate = of.compiled.estimate(point);
        if estimate.infeasible.is_some() || estimate.tpot.seconds() > SLOWEST_TPOT_S {
            break;
        }
        rows.push(of.row_of(point, estimate));
        per_rank = (per_rank + 1).max(per_rank * 7 / 6);
    }
    rows
}

/// What makes a front of its own.
fn key(of: &Prepared, by: FrontBy) -> String {
    match by {
        FrontBy::Model => of.label.clone(),
        FrontBy::Hardware => of.hardware(),
        FrontBy::Kind => match of.deployment {
            Deployment::Afd(_) => "AFD".to_owned(),
            Deployment::Colocated(_) => "colocated".to_owned(),
        },
        FrontBy::Deployment => of.spec.label.clone().unwrap_or_else(|| of.deployment.name()),
    }
}

/// A row with what it runs on.
struct Run {
    key: String,
    row: EstimateRow,
    hardware: String,
}

impl Run {
    /// Tokens per second of a user and of a device.
    fn place(&self) -> [f64; 2] {
        [1.0 / self.row.estimate.tpot.seconds(), self.row.estimate.tokens_per_s_per_device]
    }

    fn detail(&self) -> String {
        let estimate = &self.row.estimate;
        format!(
            "{} {} on {}, batch {}: {} ms per token, {} $/Mtok, bound by {}",
            self.row.model,
            self.row.deployment.name(),
            self.hardware,
            self.row.point.batch,
            significant(estimate.tpot.ms(), 3),
            significant(estimate.usd_per_mtok, 3),
            estimate.bound_by.name().replace('_', " ")
        )
    }
}

/// The figure.
pub(super) fn figure(
    loaded: &Loaded,
    of: &InteractivitySpec,
    frame: Frame,
) -> Result<Chart, Diagnostic> {
    let models = of.models.as_deref();
    models.into_iter().flatten().try_for_each(|name| loaded.model(name).map(|_| ()))?;
    let asked = |spec: &&DeploymentSpec| {
        models.is_none_or(|names| names.iter().any(|name| name.value == spec.model.value))
    };
    let all: Vec<Prepared> = loaded
        .scenario
        .deployments
        .iter()
        .filter(asked)
        .map(|spec| prepare(loaded, spec))
        .collect::<Result<_, _>>()?;
    let mut keys: Vec<String> = Vec::new();
    for prepared in &all {
        let key = key(prepared, of.by);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let contexts = of.contexts_tokens.as_ref().map_or(loaded.contexts(), |c| &c.0);
    let panel = |&context: &u64| {
        let runs: Vec<Run> = all
            .iter()
            .flat_map(|prepared| {
                batches(prepared, context as f64).into_iter().map(|row| Run {
                    key: key(prepared, of.by),
                    row,
                    hardware: prepared.hardware(),
                })
            })
            .collect();
        panel(context, &keys, &runs)
    };
    let panels: Vec<ScatterPanel> =
        contexts.iter().map(panel).filter(|panel| !panel.points.is_empty()).collect();
    let groups = keys.into_iter().enumerate().map(|(style, name)| Group { name, style }).collect();
    let subtitle = format!(
        "Every batch from one request per rank on; only the front of each is shown, its knee \
         named. Fidelity {}.",
        loaded.conditions(None)?.1.fidelity.name()
    );
    let width = (contexts.len() as u32 * 520).max(frame.width);
    Ok(Scatter { frame: Frame { subtitle, width, ..frame }, groups, panels }.into())
}

fn panel(context: u64, keys: &[String], runs: &[Run]) -> ScatterPanel {
    let (mut points, mut fronts) = (Vec::new(), Vec::new());
    for (group, key) in keys.iter().enumerate() {
        let mine: Vec<&Run> = runs.iter().filter(|run| run.key == *key).collect();
        let values: Vec<Vec<f64>> = mine.iter().map(|run| run.place().to_vec()).collect();
        let on = front(&values, &SENSES);
        let mut on: Vec<&Run> =
            mine.into_iter().zip(on).filter(|(_, on)| *on).map(|(run, _)| run).collect();
        on.sort_by(|a, b| a.place()[0].total_cmp(&b.place()[0]));
        let places: Vec<[f64; 2]> = on.iter().map(|run| run.place()).collect();
        let places: Vec<&[f64]> = places.iter().map(<[f64; 2]>::as_slice).collect();
        let best = knee(&places, &SENSES);
        for at in thinned(&places, &SENSES, MOST_POINTS) {
            let [x, y] = on[at].place();
            let named = Some(at) == best;
            let label = if named { on[at].row.deployment.name() } else { String::new() };
            points.push(Point { x, y, label, detail: on[at].detail(), group });
        }
        let points: Vec<(f64, f64)> = places.iter().map(|p| (p[0], p[1])).collect();
        if points.len() > 1 {
            let (name, shape) = (String::new(), FrontShape::Line);
            fronts.push(Front { name, points, shape, style: Some(group) });
        }
    }
    ScatterPanel {
        title: context_title(context),
        x: axis("interactivity, tokens/s per user", Scale::Log10, Ticks::Plain),
        y: axis("throughput, tokens/s per device", Scale::Log10, Ticks::Plain),
        points,
        fronts,
        rays: Vec::new(),
        guides: Vec::new(),
    }
}
