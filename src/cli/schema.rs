//! `afford schema`: the JSON Schema of a kind of spec, for editors, or its keys as a page.

use super::{Failure, print};
use crate::spec::Kind;
use crate::spec::schema::schema;
use crate::spec::schema_page::page;
use clap::{Args, ValueEnum};

/// Print the JSON Schema of a kind of spec, or its keys as a page
///
/// An editor with a YAML language server completes and checks a spec that begins with the line
/// `# yaml-language-server: $schema=FILE`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  afford schema model > model.schema.json")]
pub struct SchemaArgs {
    /// The kind of spec
    #[arg(value_enum)]
    kind: KindArg,
    /// JSON Schema, or a page to read
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: FormArg,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum FormArg {
    #[default]
    Json,
    Markdown,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    Model,
    Hardware,
    Scenario,
}

impl SchemaArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let kind = match self.kind {
            KindArg::Model => Kind::Model,
            KindArg::Hardware => Kind::Hardware,
            KindArg::Scenario => Kind::Scenario,
        };
        print(&match self.format {
            FormArg::Json => schema(kind),
            FormArg::Markdown => page(kind),
        })
    }
}
