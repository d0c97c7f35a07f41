//! `afford pareto`: the exact front over columns of a table, or of a scenario.

use super::axes::{Axes, GROUP};
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::report::batch_table::batch_table;
use crate::report::cost_table::{Labels, cost_table, known_column, names_rows};
use crate::report::front_plot;
use crate::report::front_table::{Fronts, KNEE, ON_FRONT, Objective, column};
use crate::report::loaded::Loaded;
use crate::report::picture::Picture;
use crate::report::read_table::read_table;
use crate::report::table::{Cell, Show, Table};
use crate::spec::{Diagnostic, Kind, Source};
use crate::text_file::{read_stream, read_text};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Objectives if none are given.
const DEFAULT_OBJECTIVES: [&str; 2] = ["total_usd_per_mtok:min", "active_params:max"];
/// Objectives of deployments if none are given: a user's speed against a device's throughput.
const DEPLOYED_OBJECTIVES: [&str; 2] = ["tokens_per_s_per_user", "tokens_per_s_per_device"];
/// Columns whose text stands at points if nothing else is said, the first that there is.
const LABELS: [&str; 2] = ["deployment", "model"];
/// Columns that tell rows of deployments apart.
const NAMES: [&str; 3] = ["deployment", "batch", "micro_batches"];
/// `--by none`: one front over all rows.
const NO_GROUP: &str = "none";
/// No table is larger; a larger file is something else.
const LARGEST_TABLE_BYTES: u64 = 256 << 20;

/// The front over cost, throughput, speed or any columns of a table or scenario
///
/// The table is a CSV, JSON or JSON Lines file as `afford sweep` or `afford cost` writes it (or any
/// other with a header), `-` for stdin; a scenario, whose deployments are looked at over all
/// batches, or whose cost grid if it has none; or it is computed from the same options as those of
/// `afford cost`. A row is on the front if no other row is at least as good in every objective and
/// better in one. A row whose column `feasible` says no is counted, and on no front.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford pareto --context 8Ki,32Ki --plot front.svg
  afford cost --context 8Ki --format csv | afford pareto - --front-only
  afford pareto costs.json --objective total_usd_per_mtok --objective kv_bytes --by ffn_hardware
  afford pareto afd_or_ep --by context_tokens,model --thin 8 --plot fronts.svg
  afford pareto afd_ratio -o cost -o tpot -o devices --by model --knee --front-only
  afford pareto bench.csv --objective tpot_ms:min --objective tokens_per_s:max --label config")]
pub struct ParetoArgs {
    /// A table as CSV, JSON or JSON Lines, - for stdin, or a scenario by name or path; computed
    /// from the options below if left out
    #[arg(value_name = "FILE|SCENARIO", conflicts_with_all = GROUP)]
    file: Option<PathBuf>,
    /// Column to be small or large, two or three times; without :min or :max, parameters and
    /// tokens/s are to be large, all else small. Short names: cost, tpot, interactivity (tokens/s of
    /// a user), throughput (tokens/s of a device), power, params [default: cost and params; for
    /// deployments interactivity and throughput]
    #[arg(long, short, value_name = "NAME[:min|max]")]
    objective: Vec<String>,
    /// Columns with a front for each of their values, as model or ffn_hardware; `none` for one
    /// front [default: context_tokens if there are several]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    by: Vec<String>,
    /// Only the rows on the front
    #[arg(long)]
    front_only: bool,
    /// At most so many rows of each front: its ends, its knee, and others far from one another
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    thin: Option<u32>,
    /// A column that says which row is the knee of its front: where more of one objective begins
    /// to cost much of another
    #[arg(long)]
    knee: bool,
    /// Draw the first two objectives and the fronts: a panel for each context, a colour for each
    /// other value of --by
    #[arg(long, value_name = "FILE.svg|.png")]
    plot: Option<PathBuf>,
    /// Column whose text stands at the points of the plot [default: deployment or model]
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
        let named = self.objective.len();
        if named == 1 || named > 3 {
            let message = format!("a front needs two or three objectives, not {named}");
            return Err(Diagnostic::new(message)
                .help("give `--objective` two or three times")
                .into());
        }
        let mut table = self.table(catalog)?;
        let objectives = self.objectives(&table)?;
        let by = match self.by.as_slice() {
            [] => Fronts::default_groups(&table, &objectives),
            [only] if only == NO_GROUP => Vec::new(),
            some => some.to_vec(),
        };
        let fronts = Fronts { objectives, by };
        let found = fronts.find(&table, self.thin.map(|n| n as usize))?;
        let label = self.label(&table)?;
        dress(&mut table, &fronts, label);
        if let Some(picture) = picture {
            let chart = front_plot::chart(&fronts, &table, &found, label)?;
            picture.write(chart.svg().map_err(Diagnostic::from)?)?;
        }
        // A thinned front is the front's rows, not all rows.
        let front_only = self.front_only || self.thin.is_some();
        print(&fronts.mark(&table, &found, front_only, self.knee).render(self.output.format))
    }

    fn objectives(&self, table: &Table) -> Result<Vec<Objective>, Diagnostic> {
        let deployed = DEPLOYED_OBJECTIVES.iter().all(|name| table.column(name).is_some());
        let texts: Vec<&str> = match self.objective.as_slice() {
            [] if deployed => DEPLOYED_OBJECTIVES.to_vec(),
            [] => DEFAULT_OBJECTIVES.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        let all: Vec<Objective> = texts
            .into_iter()
            .map(|text| Objective::parse(text, table))
            .collect::<Result<_, _>>()?;
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
        match scenario(catalog, path) {
            Some(name) => Ok(scenario_table(catalog, &name)?),
            None => Ok(read_table(&read(path)?)?),
        }
    }

    /// The column that labels points: the one asked for, else a usual one, else the first of words.
    fn label(&self, table: &Table) -> Result<Option<usize>, Diagnostic> {
        if let Some(name) = &self.label {
            return column(table, name).map(Some);
        }
        let words = |at: &usize| table.rows.iter().all(|row| matches!(row[*at], Cell::Text(_)));
        let first = || (0..table.columns.len()).find(words);
        Ok(LABELS.iter().find_map(|name| table.column(name)).or_else(first))
    }
}

/// The scenario that a word means: a YAML file, or the name of one where no such file is.
fn scenario(catalog: &Catalog, path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let yaml = matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml"));
    let named = || catalog.list(Kind::Scenario).iter().any(|entry| entry.name == text);
    (yaml || (!path.exists() && named())).then(|| text.to_owned())
}

/// A scenario's deployments over all batches, or its cost grid if it has none.
fn scenario_table(catalog: &Catalog, name: &str) -> Result<Table, Diagnostic> {
    let loaded = Loaded::load(catalog, name)?;
    if !loaded.scenario.deployments.is_empty() {
        return batch_table(&loaded);
    }
    let grid = loaded.grid(loaded.contexts(), loaded.scenario.pairing);
    let points = grid.points()?;
    Ok(cost_table(&grid, &points, &loaded.labels()))
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
        let named = names_rows(&name) || NAMES.contains(&name.as_ref());
        let tells = (named && (varied || known.is_some())) || (known.is_none() && words && varied);
        let shown = objective
            || label == Some(at)
            || fronts.by.iter().any(|by| *by == name)
            || name == ON_FRONT
            || name == KNEE
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
