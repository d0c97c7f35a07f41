//! The figures that a scenario's report may hold: each picks figures from the cost grid and hands
//! them to a chart of [`plot`](super::plot).

use super::claims::single;
use super::loaded::Loaded;
use super::plot::{
    Axis, BarGroup, BarPanel, Chart, Frame, Front, FrontShape, Group, Legend, LinePanel, Lines,
    MOST_LABELS, Point, Ray, Scale, Scatter, ScatterPanel, Series, StackedBars, Ticks,
};
use super::sensitivity_table::{DEFAULT_PERCENT, cheapest, tornado_chart, tornadoes};
use super::uncertainty_table::{uncertainty, uncertainty_chart};
use crate::cost::ideal::training_cost;
use crate::cost::unit_cost::unit_costs;
use crate::machine::fidelity::Fidelity;
use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::quantity::Tokens;
use crate::spec::scenario::{AgainstContextSpec, DecodeAndTrainingSpec, FigureContent, FigureSpec};
use crate::sweep::cost_grid::{CostPoint, Pairing};
use crate::sweep::pareto::{Sense, front};
use crate::work::ffn::Ffn;
use crate::work::model::Model;
use crate::work::token::token_work;

/// Tall enough for a panel with axes.
const PANEL_HEIGHT: u32 = 400;

/// Makes one figure of a report.
///
/// # Errors
/// If the content names something that the scenario or a profile does not have.
pub fn figure(loaded: &Loaded, spec: &FigureSpec) -> Result<Chart, Diagnostic> {
    let frame = |height| Frame {
        title: spec.title.clone(),
        subtitle: subtitle(loaded),
        footnote: footnote(loaded),
        height,
        ..Frame::default()
    };
    match &spec.content {
        FigureContent::CostAgainstActiveParams => cost_against_params(loaded, frame(560)),
        FigureContent::CostByDeployment => {
            let panels = loaded.contexts().len() as u32;
            cost_by_deployment(loaded, frame(120 + panels * (PANEL_HEIGHT - 30)))
        }
        FigureContent::AgainstContext(of) => against_context(loaded, of, frame(600)),
        FigureContent::DecodeAndTraining(of) => decode_and_training(loaded, of, frame(460)),
        FigureContent::FlopsAgainstBytes => flops_against_bytes(loaded, frame(640)),
        FigureContent::Uncertainty => {
            Ok(uncertainty_chart(loaded, &uncertainty(loaded, None, None)?).into())
        }
        FigureContent::Tornado => {
            let all = tornadoes(loaded, DEFAULT_PERCENT / 100.0)?;
            let tornado = cheapest(&all).ok_or_else(|| {
                let title = &spec.title;
                Diagnostic::new(format!("the figure `{title}` has no deployment that can run"))
            })?;
            Ok(tornado_chart(tornado, DEFAULT_PERCENT).into())
        }
        FigureContent::CostCrossings(of) => super::crossovers::figure(loaded, of, frame(600)),
        FigureContent::AfdMap(of) => super::afd_ratio::figure(loaded, of, frame(560)),
        FigureContent::Interactivity(of) => super::interactivity::figure(loaded, of, frame(600)),
        FigureContent::KernelRoofline(of) => super::kernel_roofline::figure(loaded, of, frame(640)),
        FigureContent::AttentionDesigns(of) => {
            super::attention_designs::figure(loaded, of, frame(640))
        }
    }
}

type Drawn = Result<Chart, Diagnostic>;

/// What figures of the cost grid hold under; others say so themselves.
fn subtitle(loaded: &Loaded) -> String {
    format!(
        "Fidelity {}: every chip at its peak, communication hidden. Counting {}.",
        Fidelity::Ideal.name(),
        loaded.scenario.counting.name()
    )
}

/// The prices that the figure stands on.
fn footnote(loaded: &Loaded) -> String {
    let priced = loaded.hardware.iter().filter_map(|part| {
        let price = part.value.price().ok()?;
        let usd = super::number::plain(price.rate.usd_per_hour());
        Some(format!("{} {usd} $/h ({} {})", part.label, price.basis.name(), price.date))
    });
    let priced: Vec<String> = priced.collect();
    let rates = match loaded.scenario.fidelity {
        Fidelity::Calibrated => "fitted to measurements",
        Fidelity::Ideal | Fidelity::Roofline => "datasheet peaks",
    };
    format!("Rates: {rates}. Prices: {}.", priced.join(", "))
}

pub(super) fn axis(label: &str, scale: Scale, ticks: Ticks) -> Axis {
    Axis { label: label.to_owned(), scale, ticks, cover: None }
}

pub(super) fn context_title(context: u64) -> String {
    format!("{} tokens of context", Tokens(context))
}

/// The group that a model's marker tells.
fn group(model: &Model) -> usize {
    let sparse = model.ffns.iter().any(|f| matches!(f.design, Ffn::Moe(_)));
    usize::from(!sparse)
}

fn groups(loaded: &Loaded) -> Vec<Group> {
    let names = ["mixture of experts", "dense"];
    let used = |&i: &usize| loaded.models.iter().any(|m| group(&m.value) == i);
    let last = (0..names.len()).filter(used).max().unwrap_or(0);
    (0..=last).map(|i| Group { name: names[i].to_owned(), style: i }).collect()
}

fn cost_against_params(loaded: &Loaded, frame: Frame) -> Drawn {
    let points = loaded.points(loaded.contexts(), Pairing::Best)?;
    let panel = |&context: &u64| {
        let mine: Vec<&CostPoint> =
            points.iter().filter(|p| p.work.context_tokens == context).collect();
        let at =
            |p: &CostPoint| (p.params.active_with_head as f64 / 1e9, p.cost.total().per_mtok());
        let values: Vec<Vec<f64>> = mine.iter().map(|p| vec![at(p).0, at(p).1]).collect();
        let on_front = front(&values, &[Sense::Max, Sense::Min]);
        let on_front = mine.iter().zip(on_front).filter(|(_, on)| *on);
        let mut corners: Vec<(f64, f64)> = on_front.map(|(p, _)| at(p)).collect();
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        ScatterPanel {
            title: context_title(context),
            x: axis(
                "activated parameters per token, billions, LM head included",
                Scale::Linear,
                Ticks::Plain,
            ),
            y: axis("decoding cost, $ per 1M tokens", Scale::Linear, Ticks::Dollars),
            points: mine.iter().map(|p| labelled(loaded, p.model, at(p))).collect(),
            fronts: vec![Front {
                name: "Pareto front: more parameters, less cost".to_owned(),
                points: corners,
                shape: FrontShape::StepYFirst,
                style: None,
            }],
            rays: Vec::new(),
            guides: Vec::new(),
        }
    };
    let panels = loaded.contexts().iter().map(panel).collect();
    Ok(Scatter { frame, groups: groups(loaded), panels }.into())
}

fn labelled(loaded: &Loaded, model: usize, (x, y): (f64, f64)) -> Point {
    let part = &loaded.models[model];
    let label = part.label.clone();
    Point { x, y, label, detail: String::new(), group: group(&part.value) }
}

fn cost_by_deployment(loaded: &Loaded, frame: Frame) -> Drawn {
    let same = loaded.points(loaded.contexts(), Pairing::Same)?;
    let best = loaded.points(loaded.contexts(), Pairing::Best)?;
    let stack =
        |p: &CostPoint| Some(vec![p.cost.attention_side().per_mtok(), p.cost.ffn.per_mtok()]);
    let panel = |&context: &u64| {
        let bars = |model: usize| {
            let here = |p: &&CostPoint| p.model == model && p.work.context_tokens == context;
            same.iter().filter(here).chain(best.iter().filter(here)).map(stack).collect()
        };
        let models = loaded.models.iter().enumerate();
        BarPanel {
            title: context_title(context),
            label: "$ per 1M tokens".to_owned(),
            ticks: Ticks::Dollars,
            groups: models
                .map(|(at, part)| BarGroup { name: part.label.clone(), bars: bars(at) })
                .collect(),
        }
    };
    let mut bars: Vec<String> = loaded.hardware.iter().map(|part| part.label.clone()).collect();
    bars.push("AFD, best pair".to_owned());
    let panels = loaded.contexts().iter().map(panel).collect();
    let parts = vec!["attention".to_owned(), "FFN".to_owned()];
    Ok(StackedBars { frame, bars, parts, decimals: 3, panels }.into())
}

/// The places of the models that a figure draws: those named, or all.
pub(super) fn chosen(
    loaded: &Loaded,
    names: Option<&[At<String>]>,
) -> Result<Vec<usize>, Diagnostic> {
    let Some(names) = names else {
        return Ok((0..loaded.models.len()).collect());
    };
    names.iter().map(|name| loaded.model_index(name)).collect()
}

fn against_context(loaded: &Loaded, of: &AgainstContextSpec, frame: Frame) -> Drawn {
    let points = loaded.points(&of.contexts_tokens.0, Pairing::Best)?;
    let models = chosen(loaded, of.models.as_deref())?;
    let series = |value: fn(&CostPoint) -> f64| -> Vec<Series> {
        let line = |(style, &model): (usize, &usize)| Series {
            name: loaded.models[model].label.clone(),
            style,
            points: points
                .iter()
                .filter(|p| p.model == model)
                .map(|p| (p.work.context_tokens as f64, value(p)))
                .collect(),
        };
        models.iter().enumerate().map(line).collect()
    };
    let panel = |title: &str, label: &str, ticks, series| LinePanel {
        marks: Vec::new(),
        title: title.to_owned(),
        x: axis("context, tokens", Scale::Log2, Ticks::Binary),
        y: axis(label, Scale::Log10, ticks),
        series,
    };
    let panels = vec![
        panel(
            "KV cache and state moved",
            "bytes per decoded token",
            Ticks::Si,
            series(|p| p.work.kv_bytes().bytes()),
        ),
        panel(
            "Decoding cost on the best pair of hardware",
            "$ per 1M tokens",
            Ticks::Dollars,
            series(|p| p.cost.total().per_mtok()),
        ),
    ];
    Ok(Lines { frame, legend: Legend::Right, panels }.into())
}

fn decode_and_training(loaded: &Loaded, of: &DecodeAndTrainingSpec, frame: Frame) -> Drawn {
    let hardware = &loaded.hardware(&of.hardware)?.value;
    let training_context = single(&of.training_context_tokens)?;
    let points = loaded.points(loaded.contexts(), Pairing::Same)?;
    let mut groups = vec![BarGroup {
        name: format!("training, {}", context_title(training_context)),
        bars: Vec::new(),
    }];
    let decode = |context: &u64| BarGroup {
        name: format!("decoding, {}", context_title(*context)),
        bars: Vec::new(),
    };
    groups.extend(loaded.contexts().iter().map(decode));
    let models = chosen(loaded, Some(&of.models))?;
    for &model in &models {
        let shape = &loaded.models[model].value;
        let format = shape.precision.activations;
        let unit = unit_costs(hardware, format, loaded.scenario.without_fp8)?;
        let work = token_work(shape, training_context, loaded.scenario.counting);
        groups[0].bars.push(Some(vec![training_cost(&work, &unit).per_mtok()]));
        for (group, &context) in groups[1..].iter_mut().zip(loaded.contexts()) {
            let here = |p: &&CostPoint| {
                let on = &loaded.hardware[p.attention_hardware].value.name;
                p.model == model && p.work.context_tokens == context && *on == hardware.name
            };
            let cost = points.iter().find(here).map(|p| vec![p.cost.total().per_mtok()]);
            group.bars.push(cost);
        }
    }
    let panel = BarPanel {
        title: String::new(),
        label: "$ per 1M tokens".to_owned(),
        ticks: Ticks::Dollars,
        groups,
    };
    let bars = models.iter().map(|&m| loaded.models[m].label.clone()).collect();
    let parts = vec!["all layers".to_owned()];
    Ok(StackedBars { frame, bars, parts, decimals: 3, panels: vec![panel] }.into())
}

/// Takes the labels of points that another undercuts in both directions.
fn keep_least_labels(points: &mut [Point]) {
    let values: Vec<Vec<f64>> = points.iter().map(|p| vec![p.x, p.y]).collect();
    let least = front(&values, &[Sense::Min, Sense::Min]);
    for (point, _) in points.iter_mut().zip(least).filter(|(_, least)| !least) {
        point.label.clear();
    }
}

fn flops_against_bytes(loaded: &Loaded, mut frame: Frame) -> Drawn {
    let crowded = loaded.models.len() > MOST_LABELS;
    if crowded {
        frame.subtitle += " Labelled: models that no other undercuts in both.";
    }
    let mut rays = Vec::new();
    for hardware in &loaded.hardware {
        let format = loaded.models.first().map(|m| m.value.precision.activations);
        if let Some(format) = format {
            let ridge = hardware.value.ridge(format, loaded.scenario.without_fp8)?;
            let slope = ridge.flops_per_byte();
            let label = format!("{} ({slope:.0} FLOP/B)", hardware.label);
            rays.push(Ray { label, slope, cap: None, style: None });
        }
    }
    let panel = |&context: &u64| {
        let point = |(at, model): (usize, &super::loaded::Part<Model>)| {
            let work = token_work(&model.value, context, loaded.scenario.counting);
            labelled(loaded, at, (work.kv_bytes().bytes(), work.attention_flops().flops()))
        };
        let mut points: Vec<Point> = loaded.models.iter().enumerate().map(point).collect();
        if crowded {
            keep_least_labels(&mut points);
        }
        ScatterPanel {
            title: context_title(context),
            x: axis("KV cache and state, bytes per token", Scale::Log10, Ticks::Si),
            y: axis("attention, FLOPs per token", Scale::Log10, Ticks::Si),
            points,
            fronts: Vec::new(),
            rays: rays.clone(),
            guides: Vec::new(),
        }
    };
    let panels = loaded.contexts().iter().map(panel).collect();
    Ok(Scatter { frame, groups: groups(loaded), panels }.into())
}
