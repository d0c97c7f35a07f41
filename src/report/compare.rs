//! Two tables or texts of one kind, compared: which cells differ by more than a tolerance.
//!
//! Rows meet by their keys. Rows that meet nobody so are paired in order where they have the same
//! words, so that a row whose batch has moved is a moved cell and not a lost row.

use super::number::half_unit_of_last_digit;
use super::published::is_key;
use super::table::{Cell, Table};
use std::collections::{HashMap, HashSet, VecDeque};

/// How far a number may move before it counts as moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// As a share of the earlier value.
    pub relative: f64,
    /// As an amount, for values near zero.
    pub absolute: f64,
}

impl Tolerance {
    /// Only the very same number.
    pub const NONE: Self = Self { relative: 0.0, absolute: 0.0 };

    /// Whether a number is still where it was.
    #[must_use]
    pub fn holds(&self, before: f64, after: f64) -> bool {
        (after - before).abs() <= self.absolute + self.relative * before.abs()
    }
}

/// A tolerance for every column, and others for some.
#[derive(Debug, Clone)]
pub struct Tolerances {
    /// Of columns without their own.
    pub all: Tolerance,
    /// Of columns by name.
    pub columns: Vec<(String, Tolerance)>,
}

impl Tolerances {
    /// The tolerance of a column.
    #[must_use]
    pub fn of(&self, column: &str) -> Tolerance {
        let own = self.columns.iter().find(|(name, _)| name == column);
        own.map_or(self.all, |(_, tolerance)| *tolerance)
    }
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The row's keys, or the line of a text.
    pub row: String,
    /// The column; empty where a whole row came or went.
    pub column: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

impl Difference {
    /// The change as a share of the earlier value, in percent, where both are numbers.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        let (old, new): (f64, f64) = (self.before.parse().ok()?, self.after.parse().ok()?);
        (old != 0.0).then(|| (new - old) / old.abs() * 100.0)
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Compared {
    /// Cells that were compared.
    pub cells: usize,
    /// Those that differ.
    pub differences: Vec<Difference>,
}

/// Compares a table with an earlier one.
#[must_use]
pub fn compare_tables(before: &Table, after: &Table, tolerances: &Tolerances) -> Compared {
    let pair = Pair::new(before, after);
    let mut found = Compared::default();
    for column in before.columns.iter().filter(|c| after.column(&c.name).is_none()) {
        found.add(String::new(), &column.name, "a column".into(), "no such column".into());
    }
    let partners = pair.partners();
    for (row, partner) in after.rows.iter().zip(&partners) {
        match partner {
            Some(at) => pair.compare_row(&mut found, &before.rows[*at], row, tolerances),
            None => {
                found.cells += 1;
                found.add(pair.name(row), "", "no such row".into(), "a row".into());
            }
        }
    }
    let met: HashSet<usize> = partners.iter().copied().flatten().collect();
    for at in (0..before.rows.len()).filter(|at| !met.contains(at)) {
        let keys = pair.keys.iter().filter_map(|&k| pair.at[k]);
        let name: Vec<String> = keys.map(|i| before.rows[at][i].exact()).collect();
        found.add(name.join(" "), "", "a row".into(), "no such row".into());
    }
    found
}

impl Compared {
    fn add(&mut self, row: String, column: &str, before: String, after: String) {
        self.differences.push(Difference { row, column: column.to_owned(), before, after });
    }
}

/// A table beside an earlier one.
struct Pair<'a> {
    before: &'a Table,
    after: &'a Table,
    /// Columns that name a row.
    keys: Vec<usize>,
    /// Where each column stands in the earlier table, if it does.
    at: Vec<Option<usize>>,
}

impl<'a> Pair<'a> {
    fn new(before: &'a Table, after: &'a Table) -> Self {
        let at = after.columns.iter().map(|column| before.column(&column.name)).collect();
        let keys = (0..after.columns.len()).filter(|&c| is_key(after, c)).collect();
        Self { before, after, keys, at }
    }

    fn name(&self, row: &[Cell]) -> String {
        self.keys.iter().map(|&k| row[k].exact()).collect::<Vec<_>>().join(" ")
    }

    /// The earlier row of each row.
    fn partners(&self) -> Vec<Option<usize>> {
        let mut partners = vec![None; self.after.rows.len()];
        let mut free: Vec<usize> = (0..self.before.rows.len()).collect();
        self.meet(&mut partners, &mut free, |_| true);
        self.meet(&mut partners, &mut free, |cell| matches!(cell, Cell::Text(_)));
        partners
    }

    /// Pairs rows without a partner in order, where the keys that count are the same.
    fn meet(
        &self,
        partners: &mut [Option<usize>],
        free: &mut Vec<usize>,
        counts: impl Fn(&Cell) -> bool,
    ) {
        let mut by_key: HashMap<Vec<(usize, String)>, VecDeque<usize>> = HashMap::new();
        for &row in free.iter() {
            let old = &self.before.rows[row];
            let keys = self.keys.iter().filter_map(|&k| Some((k, &old[self.at[k]?])));
            let keys = keys.filter(|(_, cell)| counts(cell)).map(|(k, cell)| (k, cell.exact()));
            by_key.entry(keys.collect()).or_default().push_back(row);
        }
        for (row, partner) in self.after.rows.iter().zip(partners.iter_mut()) {
            let keys = self.keys.iter().filter(|&&k| counts(&row[k]));
            let keys: Vec<_> = keys.map(|&k| (k, row[k].exact())).collect();
            if partner.is_none() && !keys.is_empty() {
                *partner = by_key.get_mut(&keys).and_then(VecDeque::pop_front);
            }
        }
        let met: HashSet<usize> = partners.iter().copied().flatten().collect();
        free.retain(|row| !met.contains(row));
    }

    fn compare_row(
        &self,
        found: &mut Compared,
        old: &[Cell],
        row: &[Cell],
        tolerances: &Tolerances,
    ) {
        for (column, cell) in row.iter().enumerate() {
            found.cells += 1;
            let name = &self.after.columns[column].name;
            let before = match self.at[column] {
                None => "no such column".to_owned(),
                Some(i) if agree(&old[i], cell, tolerances.of(name)) => continue,
                Some(i) => old[i].exact(),
            };
            found.add(self.name(row), name, before, cell.exact());
        }
    }
}

fn agree(before: &Cell, after: &Cell, tolerance: Tolerance) -> bool {
    match (before.number(), after.number()) {
        (Some(before), Some(after)) => tolerance.holds(before, after),
        _ => same_line(&before.exact(), &after.exact(), tolerance),
    }
}

/// Compares a text with an earlier one, line by line: words must be the same, numbers within the
/// tolerance and one unit of their last digit if it allows anything at all. The first line that
/// differs, if one does.
#[must_use]
pub fn compare_texts(before: &str, after: &str, tolerance: Tolerance) -> Option<Difference> {
    let (mut old, mut new) = (before.lines(), after.lines());
    let mut line = 1;
    let (old, new) = loop {
        match (old.next(), new.next()) {
            (None, None) => return None,
            (Some(a), Some(b)) if a == b || same_line(a, b, tolerance) => line += 1,
            (a, b) => break (a.unwrap_or_default(), b.unwrap_or_default()),
        }
    };
    let shorten = |text: &str| text.chars().take(60).collect::<String>();
    let (before, after) = (shorten(old), shorten(new));
    Some(Difference { row: format!("line {line}"), column: "text".to_owned(), before, after })
}

fn same_line(before: &str, after: &str, tolerance: Tolerance) -> bool {
    if before == after || !tolerance.is_loose() {
        return before == after;
    }
    let (old, new) = (words(before), words(after));
    let slack = |word: &str| half_unit_of_last_digit(word).unwrap_or(0.0) * 2.0 * (1.0 + 1e-9);
    let same = |(a, b): (&&str, &&str)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => {
            let absolute = tolerance.absolute + slack(a).max(slack(b));
            Tolerance { absolute, ..tolerance }.holds(x, y)
        }
        _ => a == b,
    };
    old.len() == new.len() && old.iter().zip(&new).all(same)
}

impl Tolerance {
    /// Whether it is meant to let rounded figures move, and not for arithmetic alone.
    #[must_use]
    pub fn is_loose(&self) -> bool {
        self.relative > LOOSE
    }
}

/// Tolerances above this are meant to let rounded figures move; below it they are for arithmetic.
const LOOSE: f64 = 1e-7;

/// Numbers, and what stands between them.
fn words(line: &str) -> Vec<&str> {
    let of_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut all = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let number = of_number(first);
        let end = rest.find(|c| of_number(c) != number).unwrap_or(rest.len());
        all.push(&rest[..end]);
        rest = &rest[end..];
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::read_table::read_table;
    use crate::spec::Source;

    const TWO_PERCENT: Tolerance = Tolerance { relative: 0.02, absolute: 0.0 };

    fn table(text: &str) -> Table {
        read_table(&Source::new("t", text)).unwrap()
    }

    fn found(before: &str, after: &str, tolerances: &Tolerances) -> Vec<(String, String)> {
        let compared = compare_tables(&table(before), &table(after), tolerances);
        compared.differences.into_iter().map(|d| (d.row, d.column)).collect()
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn each_column_has_its_tolerance() {
        let own = ("b".to_owned(), Tolerance { relative: 0.0, absolute: 0.5 });
        let tolerances = Tolerances { all: TWO_PERCENT, columns: vec![own] };
        let before = "name,a,b\nx,100.5,0.1\n";
        assert_eq!(found(before, "name,a,b\nx,102.4,0.6\n", &tolerances), []);
        let moved = found(before, "name,a,b\nx,102.6,0.61\n", &tolerances);
        assert_eq!(moved, pairs(&[("x", "a"), ("x", "b")]));
    }

    #[test]
    fn rows_meet_by_keys_and_else_by_words() {
        let none = Tolerances { all: Tolerance::NONE, columns: Vec::new() };
        let before = "name,batch,a\nx,1,0.5\nx,2,0.6\ny,1,0.7\n";
        assert_eq!(found(before, "name,batch,a\ny,1,0.7\nx,2,0.6\nx,1,0.5\n", &none), []);
        let moved = found(before, "name,batch,a\nx,1,0.5\nx,3,0.6\nz,1,0.7\n", &none);
        assert_eq!(moved, pairs(&[("x 3", "batch"), ("z 1", ""), ("y 1", "")]));
    }

    #[test]
    fn texts_are_compared_by_words_and_numbers() {
        let differ = |a: &str, b: &str, t| compare_texts(a, b, t).is_some();
        assert!(!differ("cost 0.0500 $", "cost 0.0507 $", TWO_PERCENT));
        assert!(differ("cost 0.0500 $", "cost 0.0600 $", TWO_PERCENT));
        assert!(differ("cost 0.0500 $", "price 0.0500 $", TWO_PERCENT));
        assert!(differ("cost 0.0500 $", "cost 0.0501 $", Tolerance::NONE));
        assert!(differ("a\nb", "a", TWO_PERCENT));
        assert_eq!(compare_texts("a\nb", "a\nc", Tolerance::NONE).unwrap().row, "line 2");
    }
}
