//! Which model and hardware is cheapest at each context, and the contexts at which that changes:
//! as tables, and as a figure with the crossings marked.

use super::figures::{axis, chosen};
use super::loaded::Loaded;
use super::number::significant;
use super::plot::{Chart, Frame, Legend, LinePanel, Lines, Mark, Scale, Series, Ticks};
use super::table::{Cell, Column, Show, Table};
use crate::deploy::legal::Refused;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::quantity::Tokens;
use crate::spec::study::CostCrossingsSpec;
use crate::sweep::cost_grid::{CostPoint, Pairing};
use crate::sweep::inverse::{Crossing, Range};
use crate::sweep::pair_changes::pair_changes;
use crate::sweep::questions::context_crossings;
use crate::sweep::way::{Contender, Way};
use rayon::prelude::*;

/// With more crossings than this, only those of the cheapest model are marked.
const MOST_MARKS: usize = 6;

/// How the scenario prices a token where nothing is deployed.
pub(super) fn ideal(loaded: &Loaded) -> Way {
    let scenario = &loaded.scenario;
    Way::Ideal { counting: scenario.counting, without_fp8: scenario.without_fp8 }
}

/// A model on all of the scenario's hardware.
pub(super) fn contender(loaded: &Loaded, model: usize) -> Contender {
    let all: Vec<Hardware> = loaded.hardware.iter().map(|part| part.value.clone()).collect();
    let model = loaded.models[model].value.clone();
    Contender { model, attention: all.clone(), ffn: all }
}

/// From the scenario's lowest context to its highest.
pub(super) fn range(contexts: &[u64]) -> Range {
    let low = contexts.iter().min().copied().unwrap_or(1).max(1);
    let high = contexts.iter().max().copied().unwrap_or(1);
    Range { low: low as f64, high: (high as f64).max(low as f64 + 1.0) }
}

/// The first whole context at which the other side wins.
pub(super) fn first_context(crossing: &Crossing) -> u64 {
    crossing.high.ceil() as u64
}

/// The cheapest model and pair at every context, beside the runner-up.
///
/// # Errors
/// If a profile lacks a figure.
pub fn cheapest_by_context(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let points = loaded.points(loaded.contexts(), Pairing::Best)?;
    let mut rows = Vec::new();
    for &context in loaded.contexts() {
        let mut here: Vec<&CostPoint> =
            points.iter().filter(|p| p.work.context_tokens == context).collect();
        here.sort_by(|a, b| a.cost.total().per_mtok().total_cmp(&b.cost.total().per_mtok()));
        let Some(&best) = here.first() else { continue };
        let (usd, next) = (best.cost.total().per_mtok(), here.get(1));
        let other = next.map(|p| p.cost.total().per_mtok());
        rows.push(vec![
            context.into(),
            loaded.models[best.model].label.clone().into(),
            loaded.hardware[best.attention_hardware].label.clone().into(),
            loaded.hardware[best.ffn_hardware].label.clone().into(),
            usd.into(),
            best.cost.attention_bound_by.name().into(),
            (best.params.active_with_head as f64 / 1e9).into(),
            next.map(|p| loaded.models[p.model].label.clone()).into(),
            other.into(),
            other.map(|other| (other / usd - 1.0) * 100.0).into(),
            best.fidelity.name().into(),
        ]);
    }
    let columns = [
        ("context_tokens", Show::Tokens, "context"),
        ("model", Show::Plain, "cheapest model"),
        ("attention_hardware", Show::Plain, "attention on"),
        ("ffn_hardware", Show::Plain, "FFN on"),
        ("usd_per_mtok", Show::Usd, "$/Mtok"),
        ("attention_bound_by", Show::Plain, "attention bound by"),
        ("active_params_billions", Show::Usd, "active params, B"),
        ("runner_up", Show::Plain, "runner-up"),
        ("runner_up_usd_per_mtok", Show::Usd, "its $/Mtok"),
        ("margin_percent", Show::Usd, "dearer by %"),
        ("fidelity", Show::Hidden, "fidelity"),
    ];
    Ok(Table { columns: headed(&columns), rows, notes: Vec::new() })
}

/// Columns with their headings.
pub(super) fn headed(all: &[(&'static str, Show, &'static str)]) -> Vec<Column> {
    all.iter().map(|&(name, show, heading)| Column::new(name, show).headed(heading)).collect()
}

/// Columns of a crossing behind what crosses.
const CROSSING: [(&str, Show, &str); 6] = [
    ("context_tokens", Show::Plain, "from context"),
    ("usd_per_mtok", Show::Usd, "$/Mtok there"),
    ("bracket_low_tokens", Show::Hidden, "bracket from"),
    ("bracket_high_tokens", Show::Hidden, "bracket to"),
    ("evaluations", Show::Hidden, "evaluations"),
    ("fidelity", Show::Hidden, "fidelity"),
];

fn crossing_cells(crossing: &Crossing, usd: f64, way: &Way) -> [Cell; 6] {
    [
        first_context(crossing).into(),
        usd.into(),
        crossing.low.into(),
        crossing.high.into(),
        u64::from(crossing.evaluations).into(),
        way.fidelity().name().into(),
    ]
}

/// A crossing of two of a list of models.
struct Met {
    /// Places of the models: cheaper below, cheaper above.
    models: (usize, usize),
    crossing: Crossing,
    usd_per_mtok: f64,
}

/// Every crossing of every two of some models, by context.
fn meetings(loaded: &Loaded, models: &[usize], range: Range) -> Result<Vec<Met>, Diagnostic> {
    let way = ideal(loaded);
    let contenders: Vec<Contender> = models.iter().map(|&m| contender(loaded, m)).collect();
    let pairs: Vec<(usize, usize)> =
        (0..models.len()).flat_map(|a| (a + 1..models.len()).map(move |b| (a, b))).collect();
    let met = |&(a, b): &(usize, usize)| -> Result<Vec<Met>, Refused> {
        let solved = context_crossings(&way, [&contenders[a], &contenders[b]], range)?;
        let one = |crossing: Crossing| {
            // Where the first falls from dearer to cheaper, the second was the cheaper one.
            let (below, above) = if crossing.falls { (b, a) } else { (a, b) };
            let first = first_context(&crossing) as f64;
            let usd_per_mtok = contenders[above].cost(&way, first)?.unwrap_or_default();
            Ok(Met { models: (models[below], models[above]), crossing, usd_per_mtok })
        };
        solved.crossings.into_iter().map(one).collect()
    };
    let found: Vec<Vec<Met>> = pairs.par_iter().map(met).collect::<Result<_, _>>()?;
    let mut all: Vec<Met> = found.into_iter().flatten().collect();
    all.sort_by(|a, b| a.crossing.high.total_cmp(&b.crossing.high));
    Ok(all)
}

/// The contexts at which the scenario's models cross.
///
/// # Errors
/// If a profile lacks a figure.
pub fn of_models(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let models: Vec<usize> = (0..loaded.models.len()).collect();
    let range = range(loaded.contexts());
    let all = meetings(loaded, &models, range)?;
    let way = ideal(loaded);
    let label = |at: usize| Cell::from(loaded.models[at].label.as_str());
    let row = |met: &Met| {
        let mut row = vec![label(met.models.0), label(met.models.1)];
        row.extend(crossing_cells(&met.crossing, met.usd_per_mtok, &way));
        row
    };
    let mut columns = headed(&[
        ("cheaper_below", Show::Plain, "cheaper below"),
        ("cheaper_from", Show::Plain, "cheaper from there"),
    ]);
    columns.extend(headed(&CROSSING));
    let mut pairs: Vec<(usize, usize)> = all
        .iter()
        .map(|met| (met.models.0.min(met.models.1), met.models.0.max(met.models.1)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let two = models.len() * (models.len().saturating_sub(1)) / 2;
    let note = format!(
        "Each model on its cheapest pair of hardware. {} of {two} pairs of models cross between \
         {} and {} tokens; the others keep their order.",
        pairs.len(),
        Tokens(range.low as u64),
        Tokens(range.high as u64)
    );
    Ok(Table { columns, rows: all.iter().map(row).collect(), notes: vec![note] })
}

/// The contexts at which each model's cheapest pair of hardware changes.
///
/// # Errors
/// If a profile lacks a figure.
pub fn of_hardware(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let way = ideal(loaded);
    let range = range(loaded.contexts());
    let name = |(near, far): (usize, usize)| {
        let label = |at: usize| loaded.hardware[at].label.as_str();
        match near == far {
            true => label(near).to_owned(),
            false => format!("{} + {}", label(near), label(far)),
        }
    };
    let (mut rows, mut constant) = (Vec::new(), Vec::new());
    for (at, part) in loaded.models.iter().enumerate() {
        let contender = contender(loaded, at);
        let changes = pair_changes(&way, &contender, range)?;
        if changes.is_empty() {
            let best = contender.best(&way, range.low)?;
            let pair = best.map_or_else(|| "nothing".to_owned(), |best| name(best.pair));
            constant.push(format!("{} on {pair}", part.label));
        }
        for change in changes {
            let first = first_context(&change.crossing) as f64;
            let usd = contender.cost(&way, first)?.unwrap_or_default();
            let mut row: Vec<Cell> = vec![
                part.label.clone().into(),
                name(change.before.pair).into(),
                name(change.after.pair).into(),
            ];
            row.extend(crossing_cells(&change.crossing, usd, &way));
            rows.push(row);
        }
    }
    let mut columns = headed(&[
        ("model", Show::Plain, "model"),
        ("cheapest_below", Show::Plain, "cheapest below"),
        ("cheapest_from", Show::Plain, "cheapest from there"),
    ]);
    columns.extend(headed(&CROSSING));
    let mut notes = vec!["Pairs are attention hardware + FFN hardware.".to_owned()];
    if !constant.is_empty() {
        notes.push(format!("The cheapest pair never changes for {}.", constant.join(", ")));
    }
    Ok(Table { columns, rows, notes })
}

/// Cost against context, each model on its cheapest pair, crossings ringed.
pub(super) fn figure(
    loaded: &Loaded,
    of: &CostCrossingsSpec,
    frame: Frame,
) -> Result<Chart, Diagnostic> {
    let contexts = &of.contexts_tokens.0;
    let points = loaded.points(contexts, Pairing::Best)?;
    let models = chosen(loaded, of.models.as_deref())?;
    let series = |(style, &model): (usize, &usize)| Series {
        name: loaded.models[model].label.clone(),
        style,
        points: points
            .iter()
            .filter(|p| p.model == model)
            .map(|p| (p.work.context_tokens as f64, p.cost.total().per_mtok()))
            .collect(),
    };
    let met = meetings(loaded, &models, range(contexts))?;
    let few = met.len() <= MOST_MARKS;
    let contenders: Vec<Contender> = models.iter().map(|&m| contender(loaded, m)).collect();
    let way = ideal(loaded);
    let mut marks = Vec::new();
    for met in &met {
        let x = first_context(&met.crossing) as f64;
        let mut cheapest = f64::INFINITY;
        for contender in &contenders {
            cheapest = cheapest.min(contender.cost(&way, x)?.unwrap_or(f64::INFINITY));
        }
        let leads = met.usd_per_mtok <= cheapest * (1.0 + 1e-6);
        let (below, above) = met.models;
        let label = format!(
            "{}: {} → {}",
            tokens(x),
            loaded.models[below].label,
            loaded.models[above].label
        );
        if few || leads {
            marks.push(Mark { x, y: met.usd_per_mtok, label });
        }
    }
    let panel = LinePanel {
        title: String::new(),
        x: axis("context, tokens", Scale::Log2, Ticks::Binary),
        y: axis("decoding cost on the best pair, $ per 1M tokens", Scale::Log10, Ticks::Dollars),
        series: models.iter().enumerate().map(series).collect(),
        marks,
    };
    Ok(Lines { frame, legend: Legend::Right, panels: vec![panel] }.into())
}

/// A context in thousands of 1024, to three digits.
fn tokens(context: f64) -> String {
    match context {
        c if c >= 1_048_576.0 => format!("{}Mi", significant(c / 1_048_576.0, 3)),
        c if c >= 1024.0 => format!("{}Ki", significant(c / 1024.0, 3)),
        c => significant(c, 3),
    }
}
