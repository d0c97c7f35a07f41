//! How large the error of each family may be: a table beside the measurements, written when errors
//! change on purpose. A family that has grown past its bound, has fewer predictions than recorded,
//! has no bound, or is gone is a finding.

use super::summary::{Key, Summary};
use crate::machine::fidelity::Fidelity;
use crate::measured::sheet::{Line, Sheet};
use crate::spec::{Diagnostic, Source};
use std::sync::Arc;

/// Percentage points that errors may move by rounding.
const SLACK: f64 = 0.01;

/// The bound of one family at one fidelity.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The level of the predictions.
    pub fidelity: String,
    /// Which family.
    pub key: Key,
    /// Rows with a prediction.
    pub n: u64,
    /// Mean absolute percentage error.
    pub mape_percent: f64,
}

/// A family that is not within its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which.
    pub key: Key,
    /// What is wrong, in words.
    pub what: String,
}

const NEEDS: [&str; 9] =
    ["fidelity", "family", "hardware", "dtype", "backend", "model", "note", "n", "mape_percent"];

/// Reads a table of bounds.
///
/// # Errors
/// If a column is missing or a cell is bad.
pub fn read_bounds(source: &Arc<Source>) -> Result<Vec<Bound>, Diagnostic> {
    let sheet = Sheet::read(source)?;
    sheet.needs(&NEEDS)?;
    sheet.lines().map(|line| bound(&line)).collect()
}

fn bound(line: &Line) -> Result<Bound, Diagnostic> {
    let text = |column: &str| line.text(column).to_owned();
    Ok(Bound {
        fidelity: line.word("fidelity")?.to_owned(),
        key: Key {
            family: line.word("family")?.to_owned(),
            hardware: text("hardware"),
            dtype: text("dtype"),
            backend: text("backend"),
            model: text("model"),
            note: text("note"),
        },
        n: line.count("n")?,
        mape_percent: line.positive("mape_percent")?,
    })
}

/// Everything that is not within its bound.
#[must_use]
pub fn findings(summaries: &[Summary], bounds: &[Bound], fidelity: Fidelity) -> Vec<Finding> {
    let of_level: Vec<&Bound> = bounds.iter().filter(|b| b.fidelity == fidelity.name()).collect();
    let mut all = Vec::new();
    for summary in summaries {
        let Some(errors) = &summary.errors else { continue };
        let bound = of_level.iter().find(|bound| bound.key == summary.key);
        let what = match bound {
            None => "has no recorded bound".to_owned(),
            Some(bound) if errors.mape > bound.mape_percent + SLACK => format!(
                "mean absolute error {:.2} %, and its bound is {:.2} %",
                errors.mape, bound.mape_percent
            ),
            Some(bound) if summary.n < bound.n => {
                format!("{} rows predicted, and {} are recorded", summary.n, bound.n)
            }
            Some(_) => continue,
        };
        all.push(Finding { key: summary.key.clone(), what });
    }
    for bound in of_level {
        let there = |s: &Summary| s.key == bound.key && s.errors.is_some();
        if !summaries.iter().any(there) {
            let what = "has a recorded bound and no row".to_owned();
            all.push(Finding { key: bound.key.clone(), what });
        }
    }
    all
}

/// The bounds that these errors make, with those of other levels as they were.
#[must_use]
pub fn record(summaries: &[Summary], bounds: &[Bound], fidelity: Fidelity) -> Vec<Bound> {
    let of = |summary: &Summary| {
        let errors = summary.errors.as_ref()?;
        // Rounded up, and never to nothing.
        let mape_percent = ((errors.mape * 100.0).ceil() / 100.0).max(SLACK);
        let fidelity = fidelity.name().to_owned();
        Some(Bound { fidelity, key: summary.key.clone(), n: summary.n, mape_percent })
    };
    let others = bounds.iter().filter(|bound| bound.fidelity != fidelity.name()).cloned();
    let mut all: Vec<Bound> = others.chain(summaries.iter().filter_map(of)).collect();
    all.sort_by(|a, b| (&a.fidelity, &a.key).cmp(&(&b.fidelity, &b.key)));
    all
}

/// Bounds as the text of their file.
#[must_use]
pub fn to_csv(bounds: &[Bound]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let row = |bound: &Bound| {
        let key = bound.key.clone();
        let (n, mape) = (bound.n.to_string(), format!("{:.2}", bound.mape_percent));
        let fidelity = bound.fidelity.clone();
        [fidelity, key.family, key.hardware, key.dtype, key.backend, key.model, key.note, n, mape]
    };
    // Writing into memory does not fail.
    let _ = writer.write_record(NEEDS);
    for bound in bounds {
        let _ = writer.write_record(row(bound));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::summary::Errors;

    fn summary(family: &str, n: u64, mape: f64) -> Summary {
        let key = Key {
            family: family.to_owned(),
            hardware: "h20".to_owned(),
            dtype: "fp8".to_owned(),
            backend: String::new(),
            model: String::new(),
            note: String::new(),
        };
        let (median, bias, worst, worst_row) = (mape, mape, mape, String::new());
        let errors = Some(Errors { mape, median, bias, worst, worst_row });
        Summary { key, n, not_predicted: 0, errors }
    }

    #[test]
    fn what_grew_shrank_came_or_went_is_found() {
        let before = [summary("a", 5, 10.0), summary("b", 5, 10.0), summary("gone", 5, 10.0)];
        let bounds = record(&before, &[], Fidelity::Roofline);
        assert!(findings(&before, &bounds, Fidelity::Roofline).is_empty());
        let now = [summary("a", 5, 10.5), summary("b", 4, 9.0), summary("new", 1, 1.0)];
        let found = findings(&now, &bounds, Fidelity::Roofline);
        let families: Vec<&str> = found.iter().map(|f| f.key.family.as_str()).collect();
        assert_eq!(families, ["a", "b", "new", "gone"]);
        assert!(found[0].what.contains("10.50 %"), "{found:?}");
    }

    #[test]
    fn bounds_read_back_as_they_were_written() {
        let other = Bound {
            fidelity: "other".to_owned(),
            ..record(&[summary("z", 1, 3.0)], &[], Fidelity::Roofline).remove(0)
        };
        let bounds = record(&[summary("a", 5, 10.004)], &[other], Fidelity::Roofline);
        assert_eq!((bounds.len(), bounds[1].mape_percent), (2, 10.01));
        assert_eq!(read_bounds(&Source::new("b", to_csv(&bounds))).unwrap(), bounds);
    }
}
