//! `afford schema`: the JSON Schema of a kind of spec, for editors.

use super::{Failure, print};
use crate::spec::Kind;
use crate::spec::schema::schema;
use clap::{Args, ValueEnum};

/// Print the JSON Schema of a kind of spec
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
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    Model,
    Hardware,
    Scenario,
}

impl SchemaArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        print(&schema(match self.kind {
            KindArg::Model => Kind::Model,
            KindArg::Hardware => Kind::Hardware,
            KindArg::Scenario => Kind::Scenario,
        }))
    }
}
