//! A report as a set of files in memory: computed whole before anything is written or compared.

use super::content;
use super::figures::figure;
use super::inputs;
use super::loaded::Loaded;
use super::page::page;
use super::plot::{Chart, png_from_svg};
use super::published::Published;
use super::table::Table;
use super::write::write_whole;
use crate::catalog::Catalog;
use crate::spec::de::At;
use crate::spec::scenario::{FigureContent, FigureSpec, TableContent, TableSpec};
use crate::spec::{Diagnostic, Kind};
use rayon::prelude::*;
use std::path::Path;

/// Pixels per unit of the SVG in the PNG files.
const PNG_SCALE: f32 = 1.5;

/// A table of a report with what was published beside it.
#[derive(Debug)]
pub struct ReportTable {
    /// File name.
    pub file: String,
    /// Heading.
    pub title: String,
    /// Remark under it.
    pub remark: Option<String>,
    /// What was computed.
    pub table: Table,
    /// What was published.
    pub published: Option<Published>,
}

/// A figure of a report.
#[derive(Debug)]
pub struct ReportFigure {
    /// File name without ending.
    pub file: String,
    /// Title.
    pub title: String,
    /// What is drawn.
    pub chart: Chart,
    /// The drawing.
    pub svg: String,
}

/// A computed report.
#[derive(Debug)]
pub struct Bundle {
    /// Tables, each a CSV file.
    pub tables: Vec<ReportTable>,
    /// Figures, each an SVG and a PNG file.
    pub figures: Vec<ReportFigure>,
    /// What the tables say, in plain words.
    pub findings: Vec<String>,
    /// `README.md`.
    pub page: String,
    /// What everything follows from: `inputs.json`.
    pub inputs: String,
}

impl Bundle {
    /// Computes a scenario's report.
    ///
    /// # Errors
    /// If something that the scenario asks for cannot be had.
    pub fn compute(catalog: &Catalog, loaded: &Loaded) -> Result<Self, Diagnostic> {
        let (default_tables, default_figures) = (standard_tables(), standard_figures());
        let (tables, figures) = match &loaded.scenario.report {
            Some(report) => (&report.tables, &report.figures),
            None => (&default_tables, &default_figures),
        };
        let mut findings = Vec::new();
        let tables: Vec<ReportTable> = tables
            .iter()
            .map(|spec| {
                let table = report_table(catalog, loaded, spec)?;
                findings.extend(super::findings::findings(&spec.content, &table));
                Ok(table)
            })
            .collect::<Result<_, Diagnostic>>()?;
        let figures: Vec<ReportFigure> = figures
            .par_iter()
            .map(|spec| {
                let chart = figure(loaded, spec)?;
                let svg = chart.svg().map_err(|e| {
                    let title = &spec.title;
                    Diagnostic::new(format!("the figure `{title}` cannot be drawn: {e}"))
                })?;
                let (file, title) = (spec.file.value.clone(), spec.title.clone());
                Ok(ReportFigure { file, title, chart, svg })
            })
            .collect::<Result<_, Diagnostic>>()?;
        let page = page(loaded, &findings, &tables, &figures);
        Ok(Self { tables, figures, findings, page, inputs: loaded.inputs.to_json() })
    }

    /// Writes every file into a folder.
    ///
    /// # Errors
    /// If a figure cannot be turned into pixels (nothing is written then) or a file cannot be
    /// written.
    pub fn write(&self, folder: &Path) -> Result<(), Diagnostic> {
        let pixels: Vec<Vec<u8>> = self
            .figures
            .par_iter()
            .map(|f| {
                png_from_svg(&f.svg, PNG_SCALE).map_err(|e| {
                    Diagnostic::new(format!("the figure `{}` has no PNG: {e}", f.title))
                })
            })
            .collect::<Result<_, _>>()?;
        for table in &self.tables {
            write_whole(&folder.join(&table.file), table.table.csv().as_bytes())?;
        }
        for (figure, png) in self.figures.iter().zip(&pixels) {
            write_whole(&folder.join(format!("{}.svg", figure.file)), figure.svg.as_bytes())?;
            write_whole(&folder.join(format!("{}.png", figure.file)), png)?;
        }
        write_whole(&folder.join(inputs::FILE), self.inputs.as_bytes())?;
        write_whole(&folder.join("README.md"), self.page.as_bytes())
    }
}

fn report_table(
    catalog: &Catalog,
    loaded: &Loaded,
    spec: &TableSpec,
) -> Result<ReportTable, Diagnostic> {
    let published = match &spec.published {
        None => None,
        Some(path) => {
            let source =
                catalog.companion(Kind::Scenario, &loaded.place, path).map_err(|d| match &path
                    .origin
                {
                    Some(origin) => d.at(origin.clone()),
                    None => d,
                })?;
            Some(Published::parse(&source)?)
        }
    };
    let table = content::table(loaded, &spec.content, published.as_ref())?;
    // Measured throughput has columns of its own there, and is not what was computed.
    let published = published.filter(|_| !matches!(spec.content, TableContent::EndToEnd));
    Ok(ReportTable {
        file: spec.file.value.clone(),
        title: spec.title.clone(),
        remark: spec.remark.clone(),
        table,
        published,
    })
}

fn file(name: &str) -> At<String> {
    At { value: name.to_owned(), origin: None }
}

/// What a scenario without a `report` shows.
fn standard_tables() -> Vec<TableSpec> {
    let table = |name: &str, title: &str, content| TableSpec {
        file: file(name),
        title: title.to_owned(),
        published: None,
        remark: None,
        content,
    };
    vec![
        table("cost.csv", "Decoding cost", TableContent::Cost),
        table("flops_and_bytes.csv", "FLOPs and bytes per token", TableContent::FlopsAndBytes),
        table("unit_costs.csv", "Unit costs", TableContent::UnitCosts),
    ]
}

fn standard_figures() -> Vec<FigureSpec> {
    let figure = |name: &str, title: &str, content| FigureSpec {
        file: file(name),
        title: title.to_owned(),
        content,
    };
    vec![
        figure(
            "cost_against_active_params",
            "Activated parameters against decoding cost",
            FigureContent::CostAgainstActiveParams,
        ),
        figure(
            "cost_by_deployment",
            "Decoding cost by deployment",
            FigureContent::CostByDeployment,
        ),
        figure(
            "flops_against_bytes",
            "Attention FLOPs against KV bytes per token, with rooflines",
            FigureContent::FlopsAgainstBytes,
        ),
    ]
}
