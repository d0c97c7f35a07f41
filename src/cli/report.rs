//! `afford report`: all tables and figures of a scenario, into a folder.

use super::{DEFAULT_SCENARIO, Failure, talk};
use crate::catalog::Catalog;
use crate::report::bundle::Bundle;
use crate::report::loaded::Loaded;
use clap::Args;
use std::path::PathBuf;

/// Write all tables and figures of a scenario into reports/NAME/
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Scenario, by name or path
    #[arg(default_value = DEFAULT_SCENARIO)]
    scenario: String,
    /// Folder that reports go into, one folder each
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
}

impl ReportArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let loaded = Loaded::load(catalog, &self.scenario)?;
        let bundle = Bundle::compute(catalog, &loaded)?;
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
}
