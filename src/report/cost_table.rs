//! The columns of `afford cost`, and the notes that say where its figures come from.

use super::table::{Cell, Column, Show, Table};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Price, PriceBasis};
use crate::sweep::cost_grid::{CostGrid, CostPoint, Pairing};

/// What to call each model and each hardware, in the order of the grid's axes.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Models.
    pub models: Vec<String>,
    /// Attention hardware.
    pub attention_hardware: Vec<String>,
    /// FFN hardware.
    pub ffn_hardware: Vec<String>,
}

impl Labels {
    /// The short names, as on the command line.
    #[must_use]
    pub fn names(grid: &CostGrid) -> Self {
        let names = |all: &[Hardware]| all.iter().map(|hw| hw.name.clone()).collect();
        Self {
            models: grid.models.iter().map(|m| m.name.clone()).collect(),
            attention_hardware: names(&grid.attention_hardware),
            ffn_hardware: names(&grid.ffn_hardware),
        }
    }
}

/// What people see as one: everything beside attention and FFN.
const HEAD: [&str; 3] = ["router_usd_per_mtok", "lm_head_usd_per_mtok", "embedding_usd_per_mtok"];

/// A column and how to fill it.
type Field = (Column, fn(&CostPoint) -> Cell);

/// The columns after the names, in order.
fn fields() -> Vec<Field> {
    vec![
        (Column::new("counting", Show::Hidden), |p| p.work.counting.name().into()),
        (Column::new("fidelity", Show::Hidden), |p| p.fidelity.name().into()),
        (Column::new("attention_usd_per_mtok", Show::Usd).headed("attention $/Mtok"), |p| {
            p.cost.attention().per_mtok().into()
        }),
        (Column::new("ffn_usd_per_mtok", Show::Usd).headed("FFN $/Mtok"), |p| {
            p.cost.ffn.per_mtok().into()
        }),
        (Column::new("router_usd_per_mtok", Show::Hidden), |p| p.cost.router.per_mtok().into()),
        (Column::new("lm_head_usd_per_mtok", Show::UsdSum(&HEAD)).headed("head $/Mtok"), |p| {
            p.cost.lm_head.per_mtok().into()
        }),
        (Column::new("embedding_usd_per_mtok", Show::Hidden), |p| {
            p.cost.embedding.per_mtok().into()
        }),
        (Column::new("total_usd_per_mtok", Show::Usd).headed("total $/Mtok"), |p| {
            p.cost.total().per_mtok().into()
        }),
        (Column::new("attention_bound_by", Show::Plain).headed("attention bound by"), |p| {
            p.cost.attention_bound_by.name().into()
        }),
        (Column::new("arithmetic_intensity", Show::Short).headed("FLOP/byte"), |p| {
            p.work.arithmetic_intensity().flops_per_byte().into()
        }),
        (Column::new("kv_bytes", Show::Short).headed("KV bytes"), |p| {
            p.work.kv_bytes().bytes().into()
        }),
        (Column::new("attention_flops", Show::Hidden), |p| p.work.attention_flops().flops().into()),
        (Column::new("linear_flops", Show::Hidden), |p| p.work.linear_flops().flops().into()),
        (Column::new("ffn_flops", Show::Hidden), |p| p.work.ffn_flops().flops().into()),
        (Column::new("router_flops", Show::Hidden), |p| p.work.router_flops.flops().into()),
        (Column::new("lm_head_flops", Show::Hidden), |p| p.work.lm_head_flops.flops().into()),
        (Column::new("active_params", Show::Hidden).headed("active params"), |p| {
            p.params.active_with_head.into()
        }),
        (Column::new("total_params", Show::Hidden).headed("total params"), |p| {
            p.params.total.into()
        }),
        (Column::new("attention_compute_format", Show::Hidden), |p| p.attention_unit.format.into()),
        (Column::new("ffn_compute_format", Show::Hidden), |p| p.ffn_unit.format.into()),
    ]
}

/// The columns that name a row.
fn names() -> [Column; 4] {
    [
        Column::new("model", Show::Plain),
        Column::new("context_tokens", Show::Tokens).headed("context"),
        Column::new("attention_hardware", Show::Plain).headed("attention on"),
        Column::new("ffn_hardware", Show::Plain).headed("FFN on"),
    ]
}

/// The column of a cost table that has this name, with the way people see it.
#[must_use]
pub fn known_column(name: &str) -> Option<Column> {
    let fields = fields().into_iter().map(|(column, _)| column);
    let found = names().into_iter().chain(fields).find(|column| column.name == name)?;
    Some(match found.show {
        // By itself it is no sum.
        Show::UsdSum(_) => Column { show: Show::Usd, ..found }.headed("LM head $/Mtok"),
        _ => found,
    })
}

/// Whether a column of a cost table tells rows apart.
#[must_use]
pub fn names_rows(name: &str) -> bool {
    names().iter().any(|column| column.name == name)
}

/// The table of a grid's points.
#[must_use]
pub fn cost_table(grid: &CostGrid, points: &[CostPoint], labels: &Labels) -> Table {
    let priced = [
        Column::new("attention_price_usd_per_hour", Show::Hidden),
        Column::new("ffn_price_usd_per_hour", Show::Hidden),
        Column::new("attention_price_basis", Show::Hidden),
        Column::new("attention_price_date", Show::Hidden),
        Column::new("ffn_price_basis", Show::Hidden),
        Column::new("ffn_price_date", Show::Hidden),
        Column::new("inputs", Show::Hidden),
    ];
    let fields = fields();
    let row = |p: &CostPoint| -> Vec<Cell> {
        let (a, f) =
            (&grid.attention_hardware[p.attention_hardware], &grid.ffn_hardware[p.ffn_hardware]);
        let price = |hw: &Hardware| Cell::from(hw.price().ok().map(|p| p.rate.usd_per_hour()));
        let basis = |hw: &Hardware| Cell::from(hw.price().ok().map(|p| p.basis.key()));
        let date = |hw: &Hardware| Cell::from(hw.price().ok().map(|p| p.date.clone()));
        let mut row: Vec<Cell> = vec![
            labels.models[p.model].clone().into(),
            p.work.context_tokens.into(),
            labels.attention_hardware[p.attention_hardware].clone().into(),
            labels.ffn_hardware[p.ffn_hardware].clone().into(),
        ];
        row.extend(fields.iter().map(|(_, fill)| fill(p)));
        row.extend([price(a), price(f), basis(a), date(a), basis(f), date(f)]);
        row.push(inputs(a, f).into());
        row
    };
    Table {
        rows: points.iter().map(row).collect(),
        columns: names()
            .into_iter()
            .chain(fields.into_iter().map(|(c, _)| c))
            .chain(priced)
            .collect(),
        notes: notes(grid, points),
    }
}

/// Where the rates of a pair come from: the weaker of the provenances that were used.
fn inputs(attention: &Hardware, ffn: &Hardware) -> &'static str {
    let used = [attention, ffn].into_iter().flat_map(|hw| {
        let memory = hw.memory.as_ref().map(|m| m.provenance);
        [hw.compute.as_ref().map(|c| c.provenance), memory]
    });
    let used: Vec<_> = used.flatten().collect();
    let first = used.first().map_or("assumed", |p| p.name());
    if used.iter().all(|p| p.name() == first) { first } else { "mixed" }
}

fn notes(grid: &CostGrid, points: &[CostPoint]) -> Vec<String> {
    let mut notes = vec![format!(
        "Fidelity {}: {}. Counting {}.",
        grid.fidelity.name(),
        match grid.fidelity {
            Fidelity::Calibrated => {
                "as ideal, with every chip at the shares of its peaks that large kernels were \
                 measured to reach"
            }
            _ => Fidelity::Ideal.meaning(),
        },
        grid.counting.name()
    )];
    let pairs = grid.attention_hardware.len() * grid.ffn_hardware.len();
    if grid.pairing == Pairing::Best && pairs > 1 {
        notes.push(format!(
            "Each row is the cheapest of {pairs} pairs of attention and FFN hardware; --pairing \
             all shows every one."
        ));
    }
    notes.push(
        "Head: LM head, embedding and routers; attention, FFN and head add up to the total."
            .to_owned(),
    );
    let mut seen: Vec<&str> = Vec::new();
    let mut used: Vec<&Price> = Vec::new();
    let mut prices = Vec::new();
    for p in points {
        let sides = [
            (&grid.attention_hardware[p.attention_hardware], p.attention_unit.format),
            (&grid.ffn_hardware[p.ffn_hardware], p.ffn_unit.format),
        ];
        for (hw, format) in sides {
            if let Ok(price) = hw.price()
                && !seen.contains(&hw.name.as_str())
            {
                seen.push(&hw.name);
                used.push(price);
                prices.push(format!(
                    "{} {} $/h ({} {}), computing in {format}",
                    hw.name,
                    super::number::plain(price.rate.usd_per_hour()),
                    price.basis.name(),
                    price.date,
                ));
            }
        }
    }
    if !prices.is_empty() {
        notes.push(format!("Prices: {}.", prices.join("; ")));
    }
    notes.extend(unlike(&used));
    notes
}

/// What to mind where prices are of several kinds or years; those given for this run are meant.
fn unlike(prices: &[&Price]) -> Option<String> {
    let own: Vec<&Price> =
        prices.iter().copied().filter(|p| p.basis != PriceBasis::Given).collect();
    let mut bases: Vec<&str> = own.iter().map(|p| p.basis.name()).collect();
    bases.sort_unstable();
    bases.dedup();
    let months = own.iter().filter_map(|p| p.month());
    let years = months.clone().max()?.saturating_sub(months.min()?) as f64 / 12.0;
    let mut what = Vec::new();
    if bases.len() > 1 {
        what.push(format!("of different kinds ({})", bases.join(", ")));
    }
    if years > 2.0 {
        what.push(format!("{years:.1} years apart"));
    }
    (!what.is_empty()).then(|| {
        format!(
            "Mind that these prices are {}: costs on different hardware compare only as well as \
             they do.",
            what.join(" and ")
        )
    })
}
