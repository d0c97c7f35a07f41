//! The tables that a scenario's report may hold: each from the scenario's models, hardware and
//! contexts to a [`Table`]. The shapes with one row per model, context and hardware are those in
//! which the literature prints such results.

use super::bill_table::{bill_table, pools_table};
use super::bills::bills;
use super::cost_table::cost_table;
use super::deployed::{Deployed, deployed, end_to_end};
use super::duel::duels;
use super::estimate_table::estimate_table;
use super::floor::sparsity_floor;
use super::ledger_table::ledger_table;
use super::loaded::Loaded;
use super::number::plain;
use super::planned::planned;
use super::published::Published;
use super::sensitivity_table::{DEFAULT_PERCENT, sensitivity_table, tornadoes};
use super::served::served;
use super::table::{Cell, Column, Show, Table};
use super::uncertainty_table::{uncertainty, uncertainty_table};
use super::{afd_ratio, attention_designs, claims, crossovers, next_chip, questions};
use crate::cost::unit_cost::unit_costs;
use crate::deploy::compile::compile;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::scenario::{MinSparsitySpec, TableContent};
use crate::sweep::cost_grid::Pairing;
use crate::work::token::token_work;

/// Computes one table of a report.
///
/// # Errors
/// If the content names something that the scenario or a profile does not have.
pub fn table(
    loaded: &Loaded,
    content: &TableContent,
    published: Option<&Published>,
) -> Result<Table, Diagnostic> {
    match content {
        TableContent::Cost => cost(loaded),
        TableContent::FlopsAndBytes => Ok(flops_and_bytes(loaded)),
        TableContent::UnitCosts => unit_cost_table(loaded),
        TableContent::DecodingCost => decoding_cost(loaded),
        TableContent::MinSparsity(spec) => min_sparsity_table(loaded, spec),
        TableContent::Estimates => {
            let rows: Vec<_> = deployed(loaded)?.into_iter().map(|d| d.row).collect();
            Ok(estimate_table(&rows))
        }
        TableContent::AfdAgainstColocated => duels(loaded),
        TableContent::EndToEnd => end_to_end(loaded, published),
        TableContent::Serving(entries) => served(loaded, entries),
        TableContent::Plan(spec) => planned(loaded, spec),
        TableContent::Ledger => ledgers(loaded),
        TableContent::Bill => Ok(bill_table(&bills(loaded)?)),
        TableContent::BillPools => Ok(pools_table(&bills(loaded)?)),
        TableContent::Uncertainty => Ok(uncertainty_table(&uncertainty(loaded, None, None)?)),
        TableContent::Sensitivity => {
            Ok(sensitivity_table(&tornadoes(loaded, DEFAULT_PERCENT / 100.0)?, DEFAULT_PERCENT))
        }
        TableContent::Claims(list) => claims::table(loaded, list),
        TableContent::CheapestByContext => crossovers::cheapest_by_context(loaded),
        TableContent::ModelCrossovers => crossovers::of_models(loaded),
        TableContent::HardwareCrossovers => crossovers::of_hardware(loaded),
        TableContent::BestAfd(of) => afd_ratio::table(loaded, of),
        TableContent::NextChip(of) => next_chip::table(loaded, of),
        TableContent::AttentionDesigns(of) => attention_designs::table(loaded, of),
        TableContent::Solve(questions) => questions::table(loaded, questions),
    }
}

fn cost(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let grid = loaded.grid(loaded.contexts(), loaded.scenario.pairing);
    let points = grid.points()?;
    Ok(cost_table(&grid, &points, &loaded.labels()))
}

fn flops_and_bytes(loaded: &Loaded) -> Table {
    let mut rows = Vec::new();
    for &context in loaded.contexts() {
        for model in &loaded.models {
            let work = token_work(&model.value, context, loaded.scenario.counting);
            rows.push(vec![
                model.label.clone().into(),
                context.into(),
                work.kv_bytes().bytes().into(),
                work.attention_flops().flops().into(),
                work.linear_flops().flops().into(),
                work.ffn_flops().flops().into(),
            ]);
        }
    }
    Table {
        columns: vec![
            Column::new("model", Show::Plain),
            Column::new("context_tokens", Show::Tokens).headed("context"),
            Column::new("kv_bytes", Show::Exponent).headed("KV bytes"),
            Column::new("attention_flops", Show::Exponent).headed("attention FLOPs"),
            Column::new("linear_flops", Show::Exponent).headed("linear FLOPs"),
            Column::new("ffn_flops", Show::Exponent).headed("FFN FLOPs"),
        ],
        rows,
        notes: Vec::new(),
    }
}

/// Who is paid for in every deployment.
fn ledgers(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let all = deployed(loaded)?;
    let mut ledgers = Vec::new();
    for Deployed { row, model, pools, options, .. } in &all {
        let compiled = compile(model, &row.deployment, *pools, *options)?;
        let lines = compiled.ledger(&row.deployment, *pools, row.point, &row.estimate)?;
        ledgers.push((row, lines));
    }
    Ok(ledger_table(&ledgers))
}

/// The format that the scenario's first model computes in, which unit costs are quoted for.
fn compute_format(loaded: &Loaded) -> Result<crate::work::dtype::Dtype, Diagnostic> {
    let first = loaded.models.first().map(|m| m.value.precision.activations);
    first.ok_or_else(|| loaded.scenario.name.complain("the scenario has no model"))
}

fn unit_cost_table(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let format = compute_format(loaded)?;
    let mut rows = Vec::new();
    for hardware in &loaded.hardware {
        let unit = unit_costs(&hardware.value, format, loaded.scenario.without_fp8)?;
        rows.push(vec![
            hardware.label.clone().into(),
            unit.flop.usd_per_flop().into(),
            unit.byte.usd_per_byte().into(),
            rates_in_words(loaded, &hardware.value)?.into(),
        ]);
    }
    Ok(Table {
        columns: vec![
            Column::new("hardware", Show::Plain),
            Column::new("usd_per_flop", Show::Exponent).headed("$ per FLOP"),
            Column::new("usd_per_byte", Show::Exponent).headed("$ per byte"),
            Column::new("note", Show::Plain).headed("from"),
        ],
        rows,
        notes: Vec::new(),
    })
}

fn rates_in_words(loaded: &Loaded, hardware: &Hardware) -> Result<String, Diagnostic> {
    let peak = hardware.peak(compute_format(loaded)?, loaded.scenario.without_fp8)?;
    let price = hardware.price()?;
    Ok(format!(
        "{} TFLOPS {}, {} GB/s, {} $/h ({} {})",
        plain(peak.rate.tflops()),
        peak.format.to_uppercase(),
        plain(hardware.memory_bandwidth()?.gb_per_s()),
        plain(price.rate.usd_per_hour()),
        price.basis.name(),
        price.date
    ))
}

fn decoding_cost(loaded: &Loaded) -> Result<Table, Diagnostic> {
    let points = loaded.points(loaded.contexts(), Pairing::Same)?;
    let mut rows = Vec::new();
    for (at, model) in loaded.models.iter().enumerate() {
        let mine = || points.iter().filter(move |p| p.model == at);
        for point in mine() {
            rows.push(vec![
                Cell::from(model.label.as_str()),
                "attention".into(),
                point.work.context_tokens.into(),
                loaded.hardware[point.attention_hardware].label.clone().into(),
                point.cost.attention_side().per_mtok().into(),
            ]);
        }
        // The FFN does not depend on the context.
        let first = loaded.contexts().first().copied();
        for point in mine().filter(|p| Some(p.work.context_tokens) == first) {
            rows.push(vec![
                Cell::from(model.label.as_str()),
                "ffn".into(),
                Cell::None,
                loaded.hardware[point.ffn_hardware].label.clone().into(),
                point.cost.ffn.per_mtok().into(),
            ]);
        }
    }
    Ok(Table {
        columns: vec![
            Column::new("model", Show::Plain),
            Column::new("part", Show::Plain),
            Column::new("context_tokens", Show::Tokens).headed("context"),
            Column::new("hardware", Show::Plain),
            Column::new("usd_per_1m_tokens", Show::Usd).headed("$ per 1M tokens"),
        ],
        rows,
        notes: Vec::new(),
    })
}

fn min_sparsity_table(loaded: &Loaded, spec: &MinSparsitySpec) -> Result<Table, Diagnostic> {
    let model = &loaded.model(&spec.model)?.value;
    let mut rows = Vec::new();
    for hardware in &loaded.hardware {
        let floor = sparsity_floor(loaded, model, &hardware.value, None)?;
        rows.push(vec![hardware.label.clone().into(), floor.into()]);
    }
    Ok(Table {
        columns: vec![
            Column::new("hardware", Show::Plain),
            Column::new("min_sparsity", Show::Plain).headed("least sparsity"),
        ],
        rows,
        notes: Vec::new(),
    })
}
