//! Errors by family: everything that is alike in kind, hardware, format, backend, model and note.
//!
//! ```text
//! e_i   = prediction / measurement - 1
//! MAPE  = mean |e_i|        bias = mean e_i        worst = max |e_i|
//! ```

use super::Compared;
use std::collections::BTreeMap;

/// What makes rows one family.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The kind of thing.
    pub family: String,
    /// The profile's name.
    pub hardware: String,
    /// Its number format.
    pub dtype: String,
    /// Who provides the kernel, or the engine.
    pub backend: String,
    /// The model.
    pub model: String,
    /// Why the measurements are not to be taken at their word, if so.
    pub note: String,
}

/// The errors of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which family.
    pub key: Key,
    /// Rows with a prediction.
    pub n: u64,
    /// Rows without one.
    pub not_predicted: u64,
    /// Its errors, if any row has one.
    pub errors: Option<Errors>,
}

/// Errors in percent.
#[derive(Debug, Clone, PartialEq)]
pub struct Errors {
    /// Mean absolute percentage error.
    pub mape: f64,
    /// Median of the absolute percentage errors.
    pub median: f64,
    /// Mean error: above zero where predictions are too high.
    pub bias: f64,
    /// Largest absolute percentage error.
    pub worst: f64,
    /// The row that has it: shape, file and line.
    pub worst_row: String,
}

/// Sums up rows by family, in the order of the families' names.
#[must_use]
pub fn summarise(rows: &[Compared]) -> Vec<Summary> {
    let mut families: BTreeMap<Key, Vec<&Compared>> = BTreeMap::new();
    for row in rows {
        families.entry(key(row)).or_default().push(row);
    }
    families.into_iter().map(|(key, rows)| of_family(key, &rows)).collect()
}

fn key(row: &Compared) -> Key {
    Key {
        family: row.family.to_owned(),
        hardware: row.hardware.clone(),
        dtype: row.dtype.clone(),
        backend: row.backend.clone(),
        model: row.model.clone(),
        note: row.note.unwrap_or_default().to_owned(),
    }
}

fn of_family(key: Key, rows: &[&Compared]) -> Summary {
    let errors: Vec<(f64, &Compared)> =
        rows.iter().copied().filter_map(|row| Some((row.error_percent()?, row))).collect();
    Summary {
        key,
        n: errors.len() as u64,
        not_predicted: (rows.len() - errors.len()) as u64,
        errors: of_errors(&errors),
    }
}

fn of_errors(errors: &[(f64, &Compared)]) -> Option<Errors> {
    // The first of equally bad rows, so that the answer does not depend on sorting.
    let worse =
        |worst: (f64, _), row: &(f64, _)| if row.0.abs() > worst.0.abs() { *row } else { worst };
    let (worst, row) = errors.iter().copied().reduce(|a, b| worse(a, &b))?;
    let mut absolute: Vec<f64> = errors.iter().map(|(error, _)| error.abs()).collect();
    absolute.sort_by(f64::total_cmp);
    let n = absolute.len();
    Some(Errors {
        mape: absolute.iter().sum::<f64>() / n as f64,
        median: f64::midpoint(absolute[(n - 1) / 2], absolute[n / 2]),
        bias: errors.iter().map(|(error, _)| error).sum::<f64>() / n as f64,
        worst: worst.abs(),
        worst_row: format!("{} ({}:{})", row.what, row.file, row.line),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measured: f64, predicted: Result<f64, String>, line: u64) -> Compared {
        Compared {
            family: "gemm",
            dtype: "fp8".to_owned(),
            hardware: "h20".to_owned(),
            backend: String::new(),
            model: String::new(),
            what: "shape".to_owned(),
            quantity: "us",
            measured,
            predicted,
            note: None,
            remark: None,
            source: String::new(),
            file: "f".to_owned(),
            line,
        }
    }

    #[test]
    fn errors_are_those_worked_by_hand() {
        let rows = [
            row(100.0, Ok(110.0), 1),
            row(100.0, Ok(80.0), 2),
            row(50.0, Ok(50.0), 3),
            row(10.0, Ok(14.0), 4),
            row(10.0, Err("unknown".to_owned()), 5),
        ];
        let [summary] = &summarise(&rows)[..] else { panic!("one family") };
        assert_eq!((summary.n, summary.not_predicted), (4, 1));
        let errors = summary.errors.clone().unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(errors.mape, 17.5) && close(errors.median, 15.0), "{errors:?}");
        assert!(close(errors.bias, 7.5) && close(errors.worst, 40.0), "{errors:?}");
        assert_eq!(errors.worst_row, "shape (f:4)");
    }

    #[test]
    fn a_note_makes_a_family_of_its_own() {
        let noted = Compared { note: Some("nominal rows"), ..row(1.0, Ok(1.0), 1) };
        assert_eq!(summarise(&[noted, row(1.0, Ok(1.0), 2)]).len(), 2);
    }
}
