//! What to add to a chip: the cost with more of one resource at a time, at the chip's own price,
//! and the price up to which the better chip is worth it.

use super::crossovers::{contender, headed, ideal};
use super::deployed::{Prepared, prepare};
use super::estimate_table::reason;
use super::loaded::{Loaded, Part};
use super::number::plain;
use super::table::{Cell, Show, Table};
use crate::deploy::compile::{Pools, compile};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::study::NextChipSpec;
use crate::sweep::cost_grid::{CostPoint, Pairing};
use crate::sweep::levers::Lever;
use crate::work::model::Model;
use crate::work::token::token_work;

/// What is saved, in percent; what only rounding saved is nothing.
fn saving(now: f64, then: f64) -> f64 {
    let saved = (1.0 - then / now) * 100.0;
    if saved.abs() < 1e-9 { 0.0 } else { saved }
}

/// Savings below this are not worth a name.
const LEAST_PERCENT: f64 = 0.5;

/// The table; by unit costs, or of the scenario's deployments.
///
/// # Errors
/// If the content names what the scenario does not have, or a profile lacks a figure.
pub fn table(loaded: &Loaded, of: &NextChipSpec) -> Result<Table, Diagnostic> {
    let places = match &of.hardware {
        None => (0..loaded.hardware.len()).collect(),
        Some(names) => {
            let place = |name| {
                let part = loaded.hardware(name)?;
                let same = |other: &Part<Hardware>| std::ptr::eq(other, part);
                Ok(loaded.hardware.iter().position(same).unwrap_or_default())
            };
            names.iter().map(place).collect::<Result<Vec<usize>, Diagnostic>>()?
        }
    };
    if of.deployed { deployed(loaded, of, &places) } else { by_unit_costs(loaded, of, &places) }
}

/// The saving of each resource, what to add, and what the better chip may cost.
fn verdict(savings: &[(Lever, Option<f64>)], price: f64, now: f64, factor: f64) -> [Cell; 2] {
    let best = savings.iter().filter_map(|(lever, saved)| saved.map(|saved| (*lever, saved)));
    let best = best.reduce(|a, b| if b.1 > a.1 { b } else { a });
    match best.filter(|(_, saved)| *saved >= LEAST_PERCENT) {
        // The chip is all that is paid for, so cost is in proportion to its price.
        Some((lever, saved)) => {
            let then = now * (1.0 - saved / 100.0);
            [lever.name().into(), (price * now / then).into()]
        }
        None => [
            format!("none of them: {} times as much saves nothing", plain(factor)).into(),
            Cell::None,
        ],
    }
}

fn kind(model: &Model) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for attention in &model.attentions {
        let kind = attention.design.kind();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(" + ")
}

const UNIT_LEVERS: [Lever; 2] = [Lever::Compute, Lever::MemoryBandwidth];

fn by_unit_costs(
    loaded: &Loaded,
    of: &NextChipSpec,
    places: &[usize],
) -> Result<Table, Diagnostic> {
    let way = ideal(loaded);
    let factor = of.factor.0;
    let points = loaded.points(loaded.contexts(), Pairing::Same)?;
    let mut rows = Vec::new();
    for &place in places {
        let part = &loaded.hardware[place];
        for point in points.iter().filter(|p| p.attention_hardware == place) {
            let model = &loaded.models[point.model];
            let now = point.cost.total().per_mtok();
            let mut savings = Vec::new();
            for lever in UNIT_LEVERS {
                let more = lever.pulled(&part.value, factor);
                let mut with = contender(loaded, point.model);
                (with.attention, with.ffn) = (vec![more.clone()], vec![more]);
                let then = with.cost(&way, point.work.context_tokens as f64)?;
                savings.push((lever, then.map(|then| saving(now, then))));
            }
            rows.push(unit_row(loaded, point, part, &model.label, &savings, factor)?);
        }
    }
    let columns = [
        ("hardware", Show::Plain, "chip"),
        ("model", Show::Plain, "model"),
        ("attention", Show::Plain, "attention"),
        ("context_tokens", Show::Tokens, "context"),
        ("arithmetic_intensity", Show::Short, "FLOP/byte"),
        ("ridge_flops_per_byte", Show::Short, "chip's ridge"),
        ("attention_bound_by", Show::Plain, "attention bound by"),
        ("usd_per_mtok", Show::Usd, "$/Mtok now"),
        ("more_compute_saves_percent", Show::Short, "more compute saves %"),
        ("more_bandwidth_saves_percent", Show::Short, "more bandwidth saves %"),
        ("add", Show::Plain, "add"),
        ("worth_usd_per_hour", Show::Usd, "worth up to $/h"),
        ("price_usd_per_hour", Show::Plain, "asked $/h"),
        ("fidelity", Show::Hidden, "fidelity"),
    ];
    let note = format!(
        "Fidelity ideal: {}. Everything on one kind of chip; each column adds so much that the \
         chip has {} times as much of that resource at the same price. Worth: the price at which \
         the chip with the better addition costs as much per token as the chip today.",
        Fidelity::Ideal.meaning(),
        plain(factor)
    );
    Ok(Table { columns: headed(&columns), rows, notes: vec![note] })
}

fn unit_row(
    loaded: &Loaded,
    point: &CostPoint,
    part: &Part<Hardware>,
    label: &str,
    savings: &[(Lever, Option<f64>)],
    factor: f64,
) -> Result<Vec<Cell>, Diagnostic> {
    let model = &loaded.models[point.model].value;
    let (scenario, context) = (&loaded.scenario, point.work.context_tokens);
    let work = token_work(model, context, scenario.counting);
    let ridge = part.value.ridge(model.precision.activations, scenario.without_fp8)?;
    let price = part.value.price()?.rate.usd_per_hour();
    let now = point.cost.total().per_mtok();
    let mut row: Vec<Cell> = vec![
        part.label.clone().into(),
        label.into(),
        kind(model).into(),
        context.into(),
        work.arithmetic_intensity().flops_per_byte().into(),
        ridge.flops_per_byte().into(),
        point.cost.attention_bound_by.name().into(),
        now.into(),
    ];
    row.extend(savings.iter().map(|(_, saved)| Cell::from(*saved)));
    row.extend(verdict(savings, price, now, factor));
    row.extend([price.into(), point.fidelity.name().into()]);
    Ok(row)
}

/// Whether a chip has the resource at all.
fn has(lever: Lever, chip: &Hardware) -> bool {
    lever != Lever::ScaleUp || chip.scale_up.is_some()
}

fn deployed(loaded: &Loaded, of: &NextChipSpec, places: &[usize]) -> Result<Table, Diagnostic> {
    let factor = of.factor.0;
    let mut rows = Vec::new();
    for spec in &loaded.scenario.deployments {
        let prepared = prepare(loaded, spec)?;
        let wanted = |name: &str| places.iter().any(|&at| loaded.hardware[at].label == name);
        // With two kinds of chip it is not one chip that is changed.
        if prepared.attention.0 != prepared.ffn.0 || !wanted(prepared.attention.0) {
            continue;
        }
        for &context in &prepared.contexts {
            rows.push(deployed_row(&prepared, context, factor)?);
        }
    }
    let columns = [
        ("hardware", Show::Plain, "chip"),
        ("model", Show::Plain, "model"),
        ("attention", Show::Plain, "attention"),
        ("deployment", Show::Plain, "deployment"),
        ("context_tokens", Show::Tokens, "context"),
        ("batch", Show::Plain, "batch"),
        ("tpot_ms", Show::Usd, "TPOT ms"),
        ("bound_by", Show::Plain, "bound by"),
        ("usd_per_mtok", Show::Usd, "$/Mtok now"),
        ("more_compute_saves_percent", Show::Short, "more compute saves %"),
        ("more_bandwidth_saves_percent", Show::Short, "bandwidth %"),
        ("more_network_saves_percent", Show::Short, "network %"),
        ("more_scale_up_saves_percent", Show::Short, "scale-up link %"),
        ("add", Show::Plain, "add"),
        ("worth_usd_per_hour", Show::Usd, "worth up to $/h"),
        ("infeasible_reason", Show::Hidden, "why not"),
        ("fidelity", Show::Hidden, "fidelity"),
    ];
    let fidelity = loaded.conditions(None)?.1.fidelity;
    let note = format!(
        "Fidelity {}: {}. {} times as much of one resource at the same price, and the batch \
         that is then best under the promise. A dash: there is no such link, or no batch fits.",
        fidelity.name(),
        fidelity.meaning(),
        plain(factor)
    );
    Ok(Table { columns: headed(&columns), rows, notes: vec![note] })
}

fn deployed_row(of: &Prepared, context: f64, factor: f64) -> Result<Vec<Cell>, Diagnostic> {
    let now = of.row(context);
    let chip = of.attention.1;
    let mut row: Vec<Cell> = vec![
        of.attention.0.into(),
        of.label.as_str().into(),
        kind(&of.model).into(),
        of.deployment.name().into(),
        (context.round() as u64).into(),
        now.point.batch.into(),
    ];
    if let Some(why) = now.estimate.infeasible {
        row.extend([Cell::None, why.bound_by().into()]);
        row.resize(15, Cell::None);
        row.extend([reason(&why, &now).into(), now.fidelity.name().into()]);
        return Ok(row);
    }
    let usd = now.estimate.usd_per_mtok;
    let mut savings = Vec::new();
    for lever in Lever::ALL {
        let more = lever.pulled(chip, factor);
        let pools = Pools { attention: &more, ffn: &more };
        let compiled = compile(&of.model, &of.deployment, pools, of.options)?;
        let (_, then) = compiled.best_effort(of.micro_batches, context, of.promise);
        let fine = has(lever, chip) && then.infeasible.is_none();
        savings.push((lever, fine.then(|| saving(usd, then.usd_per_mtok))));
    }
    row.extend([now.estimate.tpot.ms().into(), now.estimate.bound_by.name().into(), usd.into()]);
    row.extend(savings.iter().map(|(_, saved)| Cell::from(*saved)));
    row.extend(verdict(&savings, chip.price()?.rate.usd_per_hour(), usd, factor));
    row.extend([Cell::None, now.fidelity.name().into()]);
    Ok(row)
}
