//! What deployments may give under uncertain inputs, as a table and a chart.

use super::loaded::Loaded;
use super::plot::{Frame, RangeRow, Ranges};
use super::settings::{NamedSetting, settings};
use super::table::{Cell, Column, Show, Table};
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::uncertainty::{DEFAULT_SAMPLES, DEFAULT_SEED, UncertaintySpec};
use crate::sweep::uncertain::{Simulation, Spread, Uncertain};
use crate::sweep::vary::Knob;

/// A scenario's deployments and what they may give.
#[derive(Debug)]
pub struct Uncertainty {
    /// The deployments.
    pub settings: Vec<NamedSetting>,
    /// What each may give.
    pub spreads: Vec<Spread>,
    /// Lines on what was drawn.
    pub notes: Vec<String>,
}

/// Draws the samples that a scenario asks for.
///
/// # Errors
/// If the scenario has no `uncertainty`, or one of its inputs varies nothing.
pub fn uncertainty(
    loaded: &Loaded,
    samples: Option<u64>,
    seed: Option<u64>,
) -> Result<Uncertainty, Diagnostic> {
    let scenario = &loaded.scenario;
    let spec = scenario.uncertainty.as_ref().ok_or_else(|| {
        scenario.name.complain("the scenario has no `uncertainty`").help(
            "add uncertainty: {inputs: [{input: price, distribution: {lognormal: {median: 1, \
             sigma: 0.2}}}]}",
        )
    })?;
    let all = settings(loaded)?;
    let (inputs, mut notes) = inputs(loaded, spec, &all)?;
    let own = |given: Option<u64>, spec: Option<crate::spec::quantity::Count>, or: u64| {
        given.or(spec.map(|count| count.0)).unwrap_or(or)
    };
    let (samples, seed) =
        (own(samples, spec.samples, DEFAULT_SAMPLES), own(seed, spec.seed, DEFAULT_SEED));
    let bare: Vec<_> = all.iter().map(|named| named.setting.clone()).collect();
    let groups: Vec<usize> = all.iter().map(|named| named.group).collect();
    let simulation = Simulation {
        settings: &bare,
        groups: &groups,
        inputs: &inputs,
        samples,
        seed,
        promise_s: scenario.promise.as_ref().map(|promise| promise.tpot_ms.0 / 1e3),
    };
    let spreads = simulation.run()?;
    notes.insert(0, format!("{samples} samples from seed {seed}; batches as planned."));
    Ok(Uncertainty { settings: all, spreads, notes })
}

/// What is uncertain, with a line on each.
fn inputs(
    loaded: &Loaded,
    spec: &UncertaintySpec,
    all: &[NamedSetting],
) -> Result<(Vec<Uncertain>, Vec<String>), Diagnostic> {
    let mut inputs = Vec::new();
    let mut notes = Vec::new();
    for input in &spec.inputs {
        let hardware = match &input.hardware {
            Some(_) if !input.input.of_hardware() => {
                let message = format!("`{}` is of no hardware", input.input.name());
                return Err(input.input.complain(message));
            }
            Some(name) => Some(loaded.hardware(name)?.value.name.clone()),
            None => None,
        };
        let knob = Knob { input: input.input.value, hardware };
        if all.iter().all(|named| named.setting.base(&knob).is_none()) {
            let message = format!("{} varies in none of the deployments", knob.name());
            return Err(input.input.complain(message));
        }
        let source = input.source.as_deref().unwrap_or("assumed");
        notes.push(format!("{}: {}; {source}.", knob.name(), input.distribution.value));
        let hardware = loaded.hardware.iter().map(|part| &part.value);
        let named = |h: &&Hardware| knob.hardware.as_ref().is_none_or(|name| *name == h.name);
        let hardware: Vec<&Hardware> = hardware.filter(named).collect();
        inputs.push(Uncertain { distribution: input.distribution(&hardware)?, knob });
    }
    Ok((inputs, notes))
}

/// P10, P50 and P90, and the probabilities.
#[must_use]
pub fn uncertainty_table(found: &Uncertainty) -> Table {
    let ms = |seconds: Option<f64>| Cell::from(seconds.map(|s| s * 1e3));
    let row = |(named, spread): (&NamedSetting, &Spread)| {
        let row = &named.row;
        let [usd10, usd50, usd90] = spread.usd_per_mtok;
        let [tpot10, tpot50, tpot90] = spread.tpot_s;
        let interval = spread.usd_p50_interval;
        vec![
            row.model.clone().into(),
            row.deployment.name().into(),
            row.attention_hardware.clone().into(),
            row.ffn_hardware.clone().into(),
            row.deployment.experts().into(),
            row.point.batch.into(),
            u64::from(row.point.micro_batches).into(),
            (row.point.context.round() as u64).into(),
            row.fidelity.name().into(),
            row.estimate.usd_per_mtok.into(),
            usd10.into(),
            usd50.into(),
            usd90.into(),
            interval.map(|(low, _)| low).into(),
            interval.map(|(_, high)| high).into(),
            row.estimate.tpot.ms().into(),
            ms(tpot10),
            ms(tpot50),
            ms(tpot90),
            (spread.feasible * 100.0).into(),
            spread.keeps_promise.map(|share| share * 100.0).into(),
            (spread.cheapest * 100.0).into(),
        ]
    };
    Table {
        columns: columns(),
        rows: found.settings.iter().zip(&found.spreads).map(row).collect(),
        notes: found.notes.clone(),
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("model", Show::Plain),
        Column::new("deployment", Show::Plain),
        Column::new("attention_hardware", Show::Plain).headed("attention on"),
        Column::new("ffn_hardware", Show::Plain).headed("FFN on"),
        Column::new("ffn_split", Show::Hidden),
        Column::new("batch", Show::Plain),
        Column::new("micro_batches", Show::Hidden),
        Column::new("context_tokens", Show::Tokens).headed("context"),
        Column::new("fidelity", Show::Hidden),
        Column::new("usd_per_mtok", Show::Usd).headed("$/Mtok"),
        Column::new("usd_per_mtok_p10", Show::Usd).headed("P10"),
        Column::new("usd_per_mtok_p50", Show::Usd).headed("P50"),
        Column::new("usd_per_mtok_p90", Show::Usd).headed("P90"),
        Column::new("usd_per_mtok_p50_low", Show::Hidden),
        Column::new("usd_per_mtok_p50_high", Show::Hidden),
        Column::new("tpot_ms", Show::Usd).headed("TPOT ms"),
        Column::new("tpot_ms_p10", Show::Usd).headed("P10"),
        Column::new("tpot_ms_p50", Show::Usd).headed("P50"),
        Column::new("tpot_ms_p90", Show::Usd).headed("P90"),
        Column::new("fits_percent", Show::Hidden),
        Column::new("keeps_promise_percent", Show::Usd).headed("keeps promise %"),
        Column::new("cheapest_percent", Show::Usd).headed("cheapest %"),
    ]
}

/// P10 to P90 of every deployment, with P50 marked.
#[must_use]
pub fn uncertainty_chart(loaded: &Loaded, found: &Uncertainty) -> Ranges {
    let row = |(named, spread): (&NamedSetting, &Spread)| {
        let [low, middle, high] = spread.usd_per_mtok;
        Some(RangeRow {
            label: named.name(),
            low: low?,
            middle: middle?,
            high: high?,
            group: named.group,
            low_label: String::new(),
            high_label: String::new(),
        })
    };
    let rows: Vec<_> = found.settings.iter().zip(&found.spreads).filter_map(row).collect();
    let title = loaded.scenario.title.as_deref().unwrap_or(&loaded.scenario.name);
    Ranges {
        frame: Frame {
            title: "P10 to P90 of decoding cost".to_owned(),
            subtitle: format!("{title}. {}", found.notes[0]),
            footnote: "The line within each bar is P50.".to_owned(),
            ..Ranges::frame_for(rows.len())
        },
        label: "$ per million tokens".to_owned(),
        reference: None,
        groups: Vec::new(),
        rows,
    }
}
