//! The tables of `afford diff`: which inputs differ, what that does to every case or cell, and the
//! waterfall between the two.

use super::cases::Case;
use super::compare::{Compared, Difference};
use super::inputs::InputChange;
use super::table::{Cell, Column, Show, Table};
use super::waterfall::{Comparison, Fall};

/// The change from one figure to another in percent of the first.
fn percent(before: f64, after: f64) -> Option<f64> {
    (before != 0.0).then(|| (after - before) / before.abs() * 100.0)
}

/// Inputs that differ.
#[must_use]
pub fn inputs_table(changes: &[InputChange]) -> Table {
    let others = changes.iter().filter(|change| !change.can_matter()).count();
    let row = |change: &InputChange| {
        let [before, after] = change.values();
        let moved = change.numbers().and_then(|(before, after)| percent(before, after));
        vec![Cell::from(change.to_string()), before.into(), after.into(), moved.into()]
    };
    Table {
        columns: vec![
            Column::new("input", Show::Plain),
            Column::new("before", Show::Plain),
            Column::new("after", Show::Plain),
            Column::new("change_percent", Show::Usd).headed("change %"),
        ],
        rows: changes.iter().filter(|change| change.can_matter()).map(row).collect(),
        notes: match others {
            0 => Vec::new(),
            n => vec![format!("{n} more differ that move no result: titles, notes, sources.")],
        },
    }
}

/// $/Mtok and TPOT of every case, before and after.
#[must_use]
pub fn cases_table(comparison: &Comparison) -> Table {
    let row = |name: &str, before: Option<&Case>, after: Option<&Case>| {
        let usd = [before, after].map(|case| case.and_then(|case| case.usd_per_mtok));
        let tpot = [before, after].map(|case| case.and_then(|case| case.tpot_ms));
        let both = usd[0].zip(usd[1]);
        vec![
            Cell::from(name),
            usd[0].into(),
            usd[1].into(),
            both.map(|(before, after)| after - before).into(),
            both.and_then(|(before, after)| percent(before, after)).into(),
            tpot[0].into(),
            tpot[1].into(),
        ]
    };
    let same = |fall: &&Fall| {
        let figures = |case: &Case| (case.usd_per_mtok, case.tpot_ms);
        figures(&fall.before) == figures(&fall.after)
    };
    let unmoved = comparison.falls.iter().filter(same).count();
    let met = comparison.falls.iter().filter(|fall| !same(fall));
    let met = met.map(|fall| row(&name(fall), Some(&fall.before), Some(&fall.after)));
    let gone = comparison.gone.iter().map(|case| row(&case.name, Some(case), None));
    let new = comparison.new.iter().map(|case| row(&case.name, None, Some(case)));
    Table {
        columns: vec![
            Column::new("case", Show::Plain),
            Column::new("usd_per_mtok_before", Show::Usd).headed("$/Mtok before"),
            Column::new("usd_per_mtok_after", Show::Usd).headed("after"),
            Column::new("usd_per_mtok_change", Show::Usd).headed("change"),
            Column::new("change_percent", Show::Usd).headed("change %"),
            Column::new("tpot_ms_before", Show::Usd).headed("TPOT ms before"),
            Column::new("tpot_ms_after", Show::Usd).headed("after"),
        ],
        rows: met.chain(gone).chain(new).collect(),
        notes: match unmoved {
            0 => Vec::new(),
            n => vec![format!("{n} more are the same in both.")],
        },
    }
}

/// What a case is called on both sides.
fn name(fall: &Fall) -> String {
    if fall.before.name == fall.after.name {
        return fall.before.name.clone();
    }
    format!("{} -> {}", fall.before.name, fall.after.name)
}

/// The change of every case, input by input; parts add up to the change, also as people see them.
#[must_use]
pub fn waterfall_table(comparison: &Comparison) -> Table {
    let mut rows = Vec::new();
    for fall in &comparison.falls {
        if let (Some(before), Some(after)) = (fall.before.usd_per_mtok, fall.after.usd_per_mtok)
            && before != after
        {
            steps(&mut rows, comparison, fall, (before, after));
        }
    }
    Table {
        columns: vec![
            Column::new("case", Show::Hidden),
            Column::new("shown_case", Show::Plain).headed("case"),
            Column::new("input", Show::Plain),
            Column::new("usd_per_mtok_change", Show::Hidden),
            Column::new("usd_per_mtok_from_here", Show::Hidden),
            Column::new("shown_change", Show::Plain).headed("change, $/Mtok"),
            Column::new("shown_from_here", Show::Plain).headed("$/Mtok"),
            Column::new("share_percent", Show::Usd).headed("% of the change"),
        ],
        rows,
        notes: vec![
            "Each input's part is the mean over the orders in which the inputs can change \
             (Shapley); the parts sum to the change."
                .to_owned(),
        ],
    }
}

/// The line that a waterfall begins with.
const BEFORE: &str = "before";

fn steps(
    rows: &mut Vec<Vec<Cell>>,
    comparison: &Comparison,
    fall: &Fall,
    (before, after): (f64, f64),
) {
    // Rounded sums, and changes between those: what people add up comes out.
    let decimals = decimals_for(before.abs().max(after.abs()));
    let round = |value: f64| format!("{value:.decimals$}");
    let name = name(fall);
    let mut line = |input: &str, change: Option<f64>, from_here: f64, last: f64| {
        let [now, then]: [f64; 2] = [from_here, last].map(|v| round(v).parse().unwrap_or(v));
        rows.push(vec![
            name.clone().into(),
            if input == BEFORE { name.as_str() } else { "" }.into(),
            input.into(),
            change.into(),
            from_here.into(),
            change.map(|_| round(now - then)).into(),
            round(from_here).into(),
            change.map(|change| change / (after - before) * 100.0).into(),
        ]);
    };
    line(BEFORE, None, before, before);
    let mut sum = before;
    for (cause, part) in comparison.causes.iter().zip(&fall.parts) {
        let next = sum + part;
        if *part != 0.0 {
            line(&cause.name, Some(*part), next, sum);
        }
        sum = next;
    }
    line("after", None, after, after);
}

/// Decimals that show four digits of a value.
fn decimals_for(value: f64) -> usize {
    let exponent = if value > 0.0 { value.log10().floor() } else { 0.0 };
    (3.0 - exponent).clamp(2.0, 12.0) as usize
}

/// Cells of two tables that differ.
#[must_use]
pub fn cells_table(files: &[(String, Compared)]) -> Table {
    let row = |file: &str, moved: &Difference| {
        let numbers = moved.before.parse().ok().zip(moved.after.parse().ok());
        let delta = numbers.map(|(before, after): (f64, f64)| after - before);
        vec![
            Cell::from(file),
            moved.row.clone().into(),
            moved.column.clone().into(),
            moved.before.clone().into(),
            moved.after.clone().into(),
            delta.into(),
            moved.percent().into(),
        ]
    };
    let rows = files.iter().flat_map(|(file, compared)| {
        compared.differences.iter().map(move |moved| row(file, moved))
    });
    let cells: usize = files.iter().map(|(_, compared)| compared.cells).sum();
    Table {
        columns: vec![
            Column::new("file", Show::Plain),
            Column::new("row", Show::Plain),
            Column::new("column", Show::Plain),
            Column::new("before", Show::Plain),
            Column::new("after", Show::Plain),
            Column::new("change", Show::Usd),
            Column::new("change_percent", Show::Usd).headed("change %"),
        ],
        rows: rows.collect(),
        notes: vec![format!("{cells} cells compared.")],
    }
}
