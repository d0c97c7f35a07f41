//! `afford report`: all tables and figures of a scenario, into a folder or one HTML page.

use super::{DEFAULT_SCENARIO, Failure, talk};
use crate::catalog::Catalog;
use crate::report::bundle::Bundle;
use crate::report::html;
use crate::report::loaded::Loaded;
use crate::report::write::write_whole;
use crate::spec::Diagnostic;
use clap::Args;
use std::path::{Path, PathBuf};

/// Write all tables and figures of a scenario into reports/NAME/, or as one HTML page
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford report next_chip
  afford report next_chip --html
  afford report my-scenario.yaml --html review.html")]
pub struct ReportArgs {
    /// Scenario, by name or path
    #[arg(default_value = DEFAULT_SCENARIO)]
    scenario: String,
    /// Folder that reports go into, one folder each
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
    /// Write one page with interactive charts and sortable tables, which needs nothing but itself,
    /// instead of a folder [default: reports/NAME.html]
    #[arg(long, value_name = "FILE.html", num_args = 0..=1)]
    html: Option<Option<PathBuf>>,
}

impl ReportArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let loaded = Loaded::load(catalog, &self.scenario)?;
        let bundle = Bundle::compute(catalog, &loaded)?;
        if let Some(html) = &self.html {
            return self.write_page(&loaded, &bundle, html.as_deref());
        }
        let folder = self.out.join(&loaded.scenario.name.value);
        bundle.write(&folder)?;
        for table in &bundle.tables {
            if let Some(published) = &table.published {
                let found = published.agreement(&table.table);
                let (agree, compared) = (found.agree, found.compared);
                talk(&format!("{}: {agree} of {compared} printed values met", table.title));
                for miss in &found.misses {
                    talk(&format!("  {miss}"));
                }
            }
        }
        talk(&format!(
            "wrote {} tables, {} figures and a README to {}",
            bundle.tables.len(),
            bundle.figures.len(),
            folder.display()
        ));
        Ok(())
    }

    fn write_page(
        &self,
        loaded: &Loaded,
        bundle: &Bundle,
        file: Option<&Path>,
    ) -> Result<(), Failure> {
        let usual = self.out.join(format!("{}.html", loaded.scenario.name.value));
        let file = file.unwrap_or(&usual);
        let ending = file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
        if !matches!(ending.as_deref(), Some("html" | "htm")) {
            let message = format!("`--html {}` is no HTML file", file.display());
            return Err(Diagnostic::new(message)
                .help("let the name end in .html, and put the scenario before --html")
                .into());
        }
        write_whole(file, html::page(loaded, bundle)?.as_bytes())?;
        let (tables, figures) = (bundle.tables.len(), bundle.figures.len());
        talk(&format!("wrote {tables} tables and {figures} charts to {}", file.display()));
        Ok(())
    }
}
