//! `afford pareto`: the exact front over columns of a cost table.

use super::axes::{Axes, GROUP};
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::report::cost_table::{Labels, cost_table, known_column, names_rows};
use crate::report::front_plot;
use crate::report::front_table::{Fronts, ON_FRONT, Objective, column};
use crate::report::picture::Picture;
use crate::report::read_table::read_table;
use crate::report::table::{Cell, Show, Table};
use crate::spec::{Diagnostic, Source};
use crate::text_file::{read_stream, read_text};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Objectives if none are given.
const DEFAULT_OBJECTIVES: [&str; 2] = ["total_usd_per_mtok:min", "active_params:max"];
/// `--by none`: one front over all rows.
const NO_GROUP: &str = "none";
/// No table is larger; a larger file is something else.
const LARGEST_TABLE_BYTES: u64 = 256 << 20;

/// The Pareto front over cost, activated parameters or other columns of a cost table
///
/// The table is a CSV or JSON file as `afford cost --format csv` writes it (or any other with a
/// header), `-` for stdin, or is computed from the same options as those of `afford cost`. A row
/// is on the front if no other row is at least as good in every objective and better in one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford pareto --context 8Ki,32Ki --plot front.svg
  afford cost --context 8Ki --format csv | afford pareto - --front-only
  afford pareto costs.json --objective total_usd_per_mtok --objective kv_bytes --by ffn_hardware
  afford pareto bench.csv --objective tpot_ms:min --objective tokens_per_s:max --label config")]
pub struct ParetoArgs {
    /// A table as CSV or JSON, or - for stdin; computed from the options below if left out
    #[arg(value_name = "FILE", conflicts_with_all = GROUP)]
    file: Option<PathBuf>,
    /// Column to be small or large, two or three times [default: total_usd_per_mtok:min and
    /// active_params:max]; without :min or :max, parameters and tokens/s are to be large, all
    /// else small
    #[arg(long, short, value_name = "NAME[:min|max]")]
    objective: Vec<String>,
    /// Column with a front for each of its values; `none` for one front [default: context_tokens
    /// if there are several]
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Only the rows on the front
    #[arg(long)]
    front_only: bool,
    /// Draw the first two objectives and the front
    #[arg(long, value_name = "FILE.svg|.png")]
    plot: Option<PathBuf>,
    /// Column whose text stands at the points of the plot [default: model]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    #[command(flatten)]
    axes: Axes,
    #[command(flatten)]
    output: Output,
}

impl ParetoArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let picture = self.plot.as_deref().map(|path| Picture::new(path, "--plot")).transpose()?;
        let objectives = self.objectives()?;
        let mut table = self.table(catalog)?;
        let by = match self.by.as_deref() {
            Some(NO_GROUP) => None,
            Some(name) => Some(name.to_owned()),
            None => Fronts::default_group(&table, &objectives),
        };
        let fronts = Fronts { objectives, by };
        let on_front = fronts.on_front(&table)?;
        let label = self.label(&table)?;
        dress(&mut table, &fronts, label);
        if let Some(picture) = picture {
            picture.write(front_plot::svg(&fronts, &table, &on_front, label)?)?;
        }
        print(&fronts.mark(&table, &on_front, self.front_only).render(self.output.format))
    }

    fn objectives(&self) -> Result<Vec<Objective>, Diagnostic> {
        let texts: Vec<&str> = match self.objective.as_slice() {
            [] => DEFAULT_OBJECTIVES.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        let all: Vec<Objective> =
            texts.into_iter().map(Objective::parse).collect::<Result<_, _>>()?;
        if !(2..=3).contains(&all.len()) {
            let message = format!("a front needs two or three objectives, not {}", all.len());
            return Err(Diagnostic::new(message).help("give `--objective` two or three times"));
        }
        for (at, objective) in all.iter().enumerate() {
            if all[..at].iter().any(|other| other.column == objective.column) {
                let message = format!("`{}` is an objective twice", objective.column);
                return Err(Diagnostic::new(message));
            }
        }
        Ok(all)
    }

    fn table(&self, catalog: &Catalog) -> Result<Table, Failure> {
        let Some(path) = &self.file else {
            let grid = self.axes.grid(catalog)?;
            let points = grid.points().map_err(Diagnostic::from)?;
            return Ok(cost_table(&grid, &points, &Labels::names(&grid)));
        };
        Ok(read_table(&read(path)?)?)
    }

    /// The column that labels points: the one asked for, else `model`, else the first of words.
    fn label(&self, table: &Table) -> Result<Option<usize>, Diagnostic> {
        if let Some(name) = &self.label {
            return column(table, name).map(Some);
        }
        let words = |at: &usize| table.rows.iter().all(|row| matches!(row[*at], Cell::Text(_)));
        let first = || (0..table.columns.len()).find(words);
        Ok(table.column("model").or_else(first))
    }
}

fn read(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    if path == Path::new("-") {
        return read_stream(std::io::stdin(), "stdin", LARGEST_TABLE_BYTES);
    }
    read_text(path, LARGEST_TABLE_BYTES)
}

/// Says how people see each column: cost columns as in `afford cost`, and of all columns only
/// those that tell rows apart or are an objective.
fn dress(table: &mut Table, fronts: &Fronts, label: Option<usize>) {
    for at in 0..table.columns.len() {
        let name = table.columns[at].name.clone();
        let known = known_column(&name);
        let objective = fronts.objectives.iter().any(|o| o.column == name);
        let words = table.rows.iter().any(|row| matches!(row[at], Cell::Text(_)));
        let varied = table.rows.windows(2).any(|pair| pair[0][at] != pair[1][at]);
        let tells = names_rows(&name) || (known.is_none() && words && varied);
        let shown = objective
            || label == Some(at)
            || fronts.by.as_deref() == Some(name.as_ref())
            || name == ON_FRONT
            || tells;
        let column = &mut table.columns[at];
        if let Some(known) = known {
            *column = known;
        }
        match (shown, column.show) {
            (false, _) => column.show = Show::Hidden,
            (true, Show::Hidden) => column.show = Show::Short,
            _ => {}
        }
    }
}
