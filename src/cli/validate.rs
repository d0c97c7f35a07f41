//! `afford validate`: predictions beside what was measured.

use super::conditions::Level;
use super::{Failure, Output, print, talk};
use crate::catalog::Catalog;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Hardware;
use crate::measured::end_to_end::{EndToEndRow, read_end_to_end};
use crate::measured::hardware_name::hardware_name;
use crate::measured::layout::{Kernels, read_kernels};
use crate::measured::serving::{ServingPoint, read_serving};
use crate::measured::shipped;
use crate::report::parity_plot;
use crate::report::picture::Picture;
use crate::report::table::{Format, Table};
use crate::report::validation_table::{rows_table, summary_table};
use crate::report::write::write_whole;
use crate::spec::{Diagnostic, Source};
use crate::text_file::read_text;
use crate::validate::bounds::{self, Bound, findings, read_bounds};
use crate::validate::summary::{Summary, summarise};
use crate::validate::{Compared, end_to_end, kernel, serving};
use clap::Args;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Predicted against measured, by family and row; all that is shipped if none is named
///
/// Without files, exit status 1 says that a family's error has grown beyond its recorded bound.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford validate                                   # everything shipped, against recorded bounds
  afford validate --kernels h200_gemm.csv --hardware h200 --format json
  afford validate --end-to-end deployments.csv --rows --format markdown
  afford validate --hardware h800 --plot parity.svg")]
pub struct ValidateArgs {
    /// Files of measured kernels, in any layout of the shipped ones
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    kernels: Vec<PathBuf>,
    /// The hardware of kernels whose file does not say, by name or path; of others, only its rows
    #[arg(long, short = 'H', value_name = "HARDWARE")]
    hardware: Option<String>,
    /// A file of published throughput of whole deployments
    #[arg(long, value_name = "FILE")]
    end_to_end: Option<PathBuf>,
    /// A file of measured serving points
    #[arg(long, value_name = "FILE")]
    serving: Option<PathBuf>,
    /// Level of the predictions
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::Calibrated)]
    fidelity: Level,
    /// Every row instead of families
    #[arg(long)]
    rows: bool,
    /// A picture of predictions against measurements, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Recorded bounds to hold the errors against, instead of the shipped ones
    #[arg(long, value_name = "FILE")]
    bounds: Option<PathBuf>,
    /// Record the errors as bounds instead of complaining, in measured/bounds.csv or --bounds
    #[arg(long)]
    update_bounds: bool,
    #[command(flatten)]
    output: Output,
}

/// No file of measurements is larger.
const MOST_BYTES: u64 = 1 << 30;

fn read_file(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    read_text(path, MOST_BYTES)
}

/// Where bounds are recorded.
const BOUNDS_FILE: &str = "measured/bounds.csv";

impl ValidateArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let picture = self.plot.as_deref().map(|path| Picture::new(path, "--plot")).transpose()?;
        let rows = self.compare(catalog)?;
        let summaries = summarise(&rows);
        print(&self.tables(&rows, &summaries))?;
        if let Some(picture) = picture {
            picture.write(parity_plot::svg(&rows)?)?;
        }
        self.hold(&summaries)
    }

    /// Whether files are named, and so nothing that is shipped is meant.
    fn named(&self) -> bool {
        !self.kernels.is_empty() || self.end_to_end.is_some() || self.serving.is_some()
    }

    /// Every row beside its prediction.
    fn compare(&self, catalog: &Catalog) -> Result<Vec<Compared>, Diagnostic> {
        let only = self.hardware.as_deref().map(|name| catalog.hardware(name)).transpose()?;
        let fidelity = Fidelity::from(self.fidelity);
        let mut kernels = self.kernels(only.as_ref())?;
        self.tell(&kernels);
        let mut deployments = self.deployments()?;
        let mut points = self.points()?;
        if let Some(Hardware { name, .. }) = &only {
            kernels.rows.retain(|row| row.hardware == *name);
            deployments.retain(|row| hardware_name(&row.hardware) == *name);
            points.retain(|point| hardware_name(&point.system) == *name);
        }
        let profiles = profiles(&kernels, only.as_ref(), catalog);
        let one = |row: &_| kernel::compare(row, profile(&profiles, row), fidelity);
        let mut rows: Vec<Compared> = kernels.rows.par_iter().map(one).collect();
        rows.extend(deployments.iter().map(|row| end_to_end::compare(row, catalog, fidelity)));
        let served = points.par_iter().map(|point| serving::compare(point, catalog, fidelity));
        rows.extend(served.collect::<Vec<_>>().into_iter().flatten());
        if rows.is_empty() {
            let message = "no measured row is of this hardware";
            return Err(Diagnostic::new(message)
                .help("`afford validate` without --hardware shows which there are"));
        }
        Ok(rows)
    }

    fn kernels(&self, only: Option<&Hardware>) -> Result<Kernels, Diagnostic> {
        if !self.named() {
            return shipped::kernels();
        }
        let mut all = Kernels::default();
        for path in &self.kernels {
            let name = only.map(|hardware| hardware.name.as_str());
            let read = read_kernels(&read_file(path)?, name)?;
            all.rows.extend(read.rows);
            all.left_out.extend(read.left_out);
        }
        Ok(all)
    }

    fn deployments(&self) -> Result<Vec<EndToEndRow>, Diagnostic> {
        match &self.end_to_end {
            Some(path) => read_end_to_end(&read_file(path)?),
            None if self.named() => Ok(Vec::new()),
            None => shipped::end_to_end(),
        }
    }

    fn points(&self) -> Result<Vec<ServingPoint>, Diagnostic> {
        match &self.serving {
            Some(path) => read_serving(&read_file(path)?),
            None if self.named() => Ok(Vec::new()),
            None => shipped::serving(),
        }
    }

    /// Says which rows hold no kernel that could be predicted.
    fn tell(&self, kernels: &Kernels) {
        let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for out in &kernels.left_out {
            *reasons.entry((&out.file, &out.reason)).or_default() += 1;
        }
        for ((file, reason), count) in reasons {
            talk(&format!("{file}: {count} rows hold no kernel to predict: {reason}"));
        }
    }

    /// The text of the output: one table for machines; for people deployments row by row too.
    fn tables(&self, rows: &[Compared], summaries: &[Summary]) -> String {
        let format = self.output.format;
        if self.rows {
            return rows_table(rows).render(format);
        }
        let summary = summary_table(summaries).render(format);
        if matches!(format, Format::Csv | Format::Json) {
            return summary;
        }
        let whole: Vec<Compared> =
            rows.iter().filter(|r| r.family.starts_with("end_to_end")).cloned().collect();
        if whole.is_empty() {
            return summary;
        }
        format!("{summary}\n{}", deployments_table(&whole).render(format))
    }

    /// Holds errors against bounds, or records them.
    fn hold(&self, summaries: &[Summary]) -> Result<(), Failure> {
        let shipped_all = !self.named() && self.hardware.is_none();
        let fidelity = Fidelity::from(self.fidelity);
        if self.update_bounds {
            let path = self.bounds.as_deref().unwrap_or(Path::new(BOUNDS_FILE));
            let before = if path.is_file() { read_bounds(&read_file(path)?)? } else { Vec::new() };
            let after = bounds::record(summaries, &before, fidelity);
            if after.is_empty() {
                let message = "no row is predicted, so that there is no bound to record";
                return Err(Diagnostic::new(message).into());
            }
            write_whole(path, bounds::to_csv(&after).as_bytes())?;
            talk(&format!("{}: {} bounds recorded", path.display(), after.len()));
            return Ok(());
        }
        let bounds: Vec<Bound> = match &self.bounds {
            Some(path) => read_bounds(&read_file(path)?)?,
            None if shipped_all => read_bounds(&shipped::source(shipped::BOUNDS)?)?,
            None => return Ok(()),
        };
        let found = findings(summaries, &bounds, fidelity);
        for finding in &found {
            let key = &finding.key;
            let names =
                [&key.family, &key.hardware, &key.dtype, &key.backend, &key.model, &key.note];
            let names: Vec<&str> =
                names.into_iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
            talk(&format!("{}: {}", names.join(", "), finding.what));
        }
        if found.is_empty() { Ok(()) } else { Err(Failure::Finding) }
    }
}

/// Deployments with the columns that tell them apart.
fn deployments_table(rows: &[Compared]) -> Table {
    let mut table = rows_table(rows);
    for column in &mut table.columns {
        if ["family", "backend", "note", "unit"].contains(&column.name.as_ref()) {
            column.show = crate::report::table::Show::Hidden;
        }
    }
    table
}

/// Profiles by name, or why there is none.
type Profiles = BTreeMap<String, Result<Hardware, String>>;

fn profiles(kernels: &Kernels, only: Option<&Hardware>, catalog: &Catalog) -> Profiles {
    let mut all: Profiles = BTreeMap::new();
    for row in &kernels.rows {
        if !all.contains_key(&row.hardware) {
            let found = match only.filter(|hardware| hardware.name == row.hardware) {
                Some(hardware) => Ok(hardware.clone()),
                None => catalog.hardware(&row.hardware).map_err(|complaint| complaint.message),
            };
            all.insert(row.hardware.clone(), found);
        }
    }
    all
}

fn profile<'a>(
    profiles: &'a Profiles,
    row: &crate::measured::kernel::KernelRow,
) -> Result<&'a Hardware, &'a str> {
    match profiles.get(&row.hardware) {
        Some(found) => found.as_ref().map_err(String::as_str),
        None => Err("no profile was looked for"),
    }
}
