//! Golden: what the Step-3 paper prints (arXiv 2507.19427) against what the program computes, at
//! the printed precision. The printed values are data in `scenarios/published/`, compared with,
//! never computed from.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::report::bundle::Bundle;
use afford::report::loaded::Loaded;
use afford::report::number::rounds_to;
use afford::report::published::Agreement;
use afford::report::table::Cell;

fn bundle() -> Bundle {
    let catalog = Catalog::default();
    let loaded = Loaded::load(&catalog, "step3_paper").unwrap();
    Bundle::compute(&catalog, &loaded).unwrap()
}

fn agreement(bundle: &Bundle, file: &str) -> Agreement {
    let table = bundle.tables.iter().find(|t| t.file == file).unwrap();
    table.published.as_ref().unwrap().agreement(&table.table)
}

fn check_all(file: &str, entries: usize) {
    let found = agreement(&bundle(), file);
    assert_eq!(found.misses, Vec::<String>::new());
    assert_eq!((found.agree, found.compared), (entries, entries));
}

#[test]
fn tables_2_and_3_in_every_entry() {
    check_all("table2_3_flops_and_bytes.csv", 72);
}

#[test]
fn table_6_in_every_entry() {
    check_all("table6_decoding_cost.csv", 108);
}

#[test]
fn table_7_in_every_entry() {
    check_all("table7_min_sparsity.csv", 4);
}

#[test]
fn table_5_but_for_a_figure_that_was_cut_off() {
    let found = agreement(&bundle(), "table5_unit_costs.csv");
    assert_eq!((found.agree, found.compared), (7, 8));
    // 2 $/h over 1.98e15 FLOP/s is 2.806e-19; the paper prints 2.80e-19.
    assert_eq!(found.misses, ["H800, usd_per_flop: computed 2.806e-19, printed 2.80e-19"]);
}

#[test]
fn figures_in_the_text_but_for_sums_of_rounded_cells() {
    let bundle = bundle();
    let found = agreement(&bundle, "prose_numbers.csv");
    assert_eq!((found.agree, found.compared), (18, 20));
    // Figure 4's labels at 8K add up cells of Table 6 that were rounded to three digits first.
    let table = &bundle.tables.iter().find(|t| t.file == "table6_decoding_cost.csv").unwrap().table;
    let cell = |model: &str, part: &str, context: Cell| {
        let wanted = [model.into(), part.into(), context, "910B".into()];
        let row = table.rows.iter().find(|row| row[..4] == wanted).unwrap();
        (row[4].number().unwrap() * 1e3).round() / 1e3
    };
    for (model, printed) in [("Step-3", "0.078"), ("Pangu Pro", "0.114")] {
        let sum = cell(model, "attention", 8192_u64.into()) + cell(model, "ffn", Cell::None);
        assert_eq!(rounds_to(sum, printed), Some(true), "{model}: {sum}");
    }
}

/// The report's cost cells that are computed on H800, at its price times a factor.
fn costs_on_h800(factor: f64) -> Vec<(String, f64)> {
    let catalog = Catalog::default();
    let mut loaded = Loaded::load(&catalog, "step3_paper").unwrap();
    for part in loaded.hardware.iter_mut().filter(|part| part.value.name == "h800") {
        for price in &mut part.value.prices {
            price.rate = price.rate * factor;
        }
    }
    let bundle = Bundle::compute(&catalog, &loaded).unwrap();
    let mut cells = Vec::new();
    for file in ["table5_unit_costs.csv", "table6_decoding_cost.csv"] {
        let report = bundle.tables.iter().find(|t| t.file == file).unwrap();
        assert!(report.published.is_some());
        for row in report.table.rows.iter().filter(|row| row.contains(&"H800".into())) {
            for (column, cell) in report.table.columns.iter().zip(row) {
                if column.name.contains("usd") {
                    cells.push((format!("{file} {row:?}"), cell.number().unwrap()));
                }
            }
        }
    }
    cells
}

/// With another price the cells beside the printed ones are others: they are computed.
#[test]
fn the_published_values_are_not_what_the_report_is_made_of() {
    let (before, after) = (costs_on_h800(1.0), costs_on_h800(1.5));
    assert!(before.len() > 20 && before.len() == after.len(), "{}", before.len());
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        assert!((after / before - 1.5).abs() < 1e-12, "{name}: {before} then {after}");
    }
}

#[test]
fn parameter_counts_round_to_the_official_ones() {
    let catalog = Catalog::default();
    // Total parameters in billions as the makers print them.
    for (model, official) in [
        ("deepseek-v3", "671"),
        ("qwen3-235b-a22b", "235"),
        ("qwen3-32b", "32.8"),
        ("minimax-m1", "456"),
        ("pangu-pro-moe", "72"),
        ("step-3", "316"),
    ] {
        let total = afford::work::params::params(&catalog.model(model).unwrap()).total;
        assert_eq!(rounds_to(total as f64 / 1e9, official), Some(true), "{model}: {total}");
    }
    // Rounder claims: 1T, 400B and 300B.
    for (model, official, within) in [
        ("kimi-k2", 1000e9, 0.03),
        ("llama-4-maverick", 400e9, 0.005),
        ("ernie-4.5-300b", 300e9, 0.005),
    ] {
        let total = afford::work::params::params(&catalog.model(model).unwrap()).total as f64;
        assert!((total / official - 1.0).abs() < within, "{model}: {total}");
    }
}
