//! The tables of `afford bill`.

use super::bills::Bill;
use super::table::{Cell, Column, Show, Table};

/// What each bill comes to, what tokens have to bring in, and what they do.
#[must_use]
pub fn bill_table(bills: &[Bill]) -> Table {
    let row = |bill: &Bill| {
        let devices: f64 = bill.pools.iter().map(|pool| pool.devices).sum();
        let prices = bill.cost_usd_per_mtok;
        let profit = bill.revenue_usd.map(|revenue| revenue - bill.usd);
        vec![
            Cell::from(bill.name.as_str()),
            Cell::Number(devices),
            bill.uses.map(|uses| uses.replicas).into(),
            bill.uses.map(|uses| uses.utilisation * 100.0).into(),
            bill.days.into(),
            bill.usd.into(),
            (bill.usd / bill.tokens.output * 1e6).into(),
            prices.input.into(),
            prices.cached_input.into(),
            prices.output.into(),
            bill.revenue_usd.into(),
            profit.into(),
            profit.map(|profit| profit / bill.usd * 100.0).into(),
        ]
    };
    Table {
        columns: vec![
            Column::new("bill", Show::Plain),
            Column::new("devices", Show::Plain),
            Column::new("replicas", Show::Plain),
            Column::new("utilisation_percent", Show::Usd).headed("used %"),
            Column::new("days", Show::Plain),
            Column::new("cost_usd", Show::Plain).headed("cost $"),
            Column::new("usd_per_mtok", Show::Usd).headed("$ per M output tokens"),
            Column::new("input_cost_usd_per_mtok", Show::Usd).headed("borne by: input"),
            Column::new("cached_input_cost_usd_per_mtok", Show::Usd).headed("cached input"),
            Column::new("output_cost_usd_per_mtok", Show::Usd).headed("output"),
            Column::new("revenue_usd", Show::Plain).headed("revenue $"),
            Column::new("profit_usd", Show::Plain).headed("profit $"),
            Column::new("margin_percent_of_cost", Show::Usd).headed("profit, % of cost"),
        ],
        rows: bills.iter().map(row).collect(),
        notes: notes(bills),
    }
}

fn notes(bills: &[Bill]) -> Vec<String> {
    let mut notes = Vec::new();
    if bills.iter().any(|bill| bill.uses.is_some()) {
        notes.push(
            "Devices are those that decode; prefill has devices of its own, which are not counted. \
             TPOT and capacity are those of full batches."
                .to_owned(),
        );
    }
    notes
}

/// Who is paid, at which price, on whose word.
#[must_use]
pub fn pools_table(bills: &[Bill]) -> Table {
    let row = |bill: &Bill, pool: &super::bills::PoolLine| {
        vec![
            Cell::from(bill.name.as_str()),
            pool.name.clone().into(),
            pool.hardware.clone().into(),
            Cell::Number(pool.devices),
            pool.price.rate.usd_per_hour().into(),
            pool.price.basis.name().into(),
            pool.price.date.clone().into(),
            pool.usd.into(),
            pool.price.source.clone().into(),
        ]
    };
    Table {
        columns: vec![
            Column::new("bill", Show::Plain),
            Column::new("pool", Show::Plain),
            Column::new("hardware", Show::Plain),
            Column::new("devices", Show::Plain),
            Column::new("price_usd_per_hour", Show::Usd).headed("$/h each"),
            Column::new("price_basis", Show::Plain).headed("basis"),
            Column::new("price_date", Show::Plain).headed("date"),
            Column::new("cost_usd", Show::Plain).headed("cost $"),
            Column::new("price_source", Show::Plain).headed("source"),
        ],
        rows: bills.iter().flat_map(|bill| bill.pools.iter().map(move |p| row(bill, p))).collect(),
        notes: Vec::new(),
    }
}
