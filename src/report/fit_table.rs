//! The columns of `afford calibrate`: what was fitted, and how far it misses.

use super::table::{Cell, Column, Show, Table};
use crate::machine::calibration::Fit;

/// A row per fit.
#[must_use]
pub fn fit_table(fits: &[Fit]) -> Table {
    let columns = [
        Column::new("family", Show::Plain),
        Column::new("dtype", Show::Plain),
        Column::new("backend", Show::Plain),
        Column::new("kernel", Show::Hidden),
        Column::new("rows", Show::Plain),
        Column::new("mape_percent", Show::Short).headed("error %"),
        Column::new("held_out_rows", Show::Plain).headed("held out"),
        Column::new("held_out_mape_percent", Show::Short).headed("their error %"),
        Column::new("held_out_bias_percent", Show::Short).headed("their bias %"),
        Column::new("constants", Show::Plain),
        Column::new("range", Show::Plain).headed("fitted between"),
        Column::new("source", Show::Hidden),
    ];
    let row = |fit: &Fit| {
        let constants = fit.form.constants();
        let constants = constants.iter().map(|(k, v)| format!("{k} {}", brief(*v)));
        let range = fit.range.iter();
        let range = range.map(|b| format!("{} {}..{}", b.quantity, brief(b.least), brief(b.most)));
        vec![
            fit.family.name().into(),
            fit.dtype.clone().into(),
            fit.backend.clone().into(),
            fit.kernel.clone().into(),
            fit.error.rows.into(),
            Cell::Number(fit.error.mape_percent),
            fit.error.held_out_rows.into(),
            Cell::Number(fit.error.held_out_mape_percent),
            Cell::Number(fit.error.held_out_bias_percent),
            constants.collect::<Vec<_>>().join(", ").into(),
            range.collect::<Vec<_>>().join(", ").into(),
            fit.source.clone().into(),
        ]
    };
    Table {
        columns: columns.to_vec(),
        rows: fits.iter().map(row).collect(),
        notes: vec![
            "Errors are mean absolute ones, in percent of the measurement. Rows are held out by \
             shape, a fourth of the shapes, from a fit of the others; the constants shown are then \
             fitted to all rows."
                .to_owned(),
        ],
    }
}

/// Three significant digits, as short as they can be written.
fn brief(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
