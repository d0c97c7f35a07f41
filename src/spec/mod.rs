//! Reading: specs as the user writes them, checked once, turned into typed values.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`source`] | named text, places in it, and complaints with their rendering |
//! | [`node`] | the document as a located tree; the only user of the YAML crate |
//! | `yaml_error` | what the YAML crate complains of, in our words |
//! | [`de`], `choice` | serde over that tree |
//! | [`at`] | a value that keeps its place |
//! | [`read_error`] | what serde complains of, in our words |
//! | [`quantity`], [`date`] | counts, quantities, token counts and contexts; years and days |
//! | [`change`] | what differs between two specs |
//! | [`extends`] | laying a spec over the one it extends |
//! | [`model`], [`hardware`], [`scenario`] | the three kinds of spec |
//! | [`bill`] | the bill of a scenario |
//! | [`uncertainty`] | inputs that are not known exactly |
//! | [`calibration`] | the fitted part of a hardware profile |
//! | [`workload`], [`plan`] | deployments, served loads and plans in a scenario |
//! | [`conditions`] | what they run under |
//! | [`claim`] | single figures of a scenario |
//! | [`sweep`] | the axes of a scenario's sweep |
//! | [`study`] | studies and inverse questions in a scenario |
//! | [`schema`], [`schema_page`] | their JSON Schemas, and those as pages to read |
//!
//! What leaves this module is either checked or a [`Diagnostic`]. Nothing here computes a cost,
//! and nothing here opens a file: the [`Catalog`](crate::catalog::Catalog) hands texts in.

pub mod at;
pub mod bill;
pub mod calibration;
pub mod change;
mod choice;
pub mod claim;
pub mod conditions;
pub mod date;
pub mod de;
pub mod extends;
pub mod hardware;
pub mod model;
pub mod node;
pub mod plan;
pub mod quantity;
pub mod read_error;
pub mod scenario;
pub mod schema;
pub mod schema_page;
pub mod source;
pub mod study;
pub mod sweep;
pub mod uncertainty;
pub mod workload;
mod yaml_error;

pub use source::{Diagnostic, Origin, Source};

use de::At;

/// The kinds of spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `model_specs/`.
    Model,
    /// `hw_profiles/`.
    Hardware,
    /// `scenarios/`.
    Scenario,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::Hardware, Self::Scenario];

    /// What a person calls one.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Hardware => "hardware",
            Self::Scenario => "scenario",
        }
    }

    /// The folder that such specs live in.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Model => "model_specs",
            Self::Hardware => "hw_profiles",
            Self::Scenario => "scenarios",
        }
    }
}

/// Names are what people type: lower case letters, digits and `. - _`.
pub(crate) fn check_name(name: &At<String>) -> Result<(), Diagnostic> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fine) && !name.starts_with('.') {
        return Ok(());
    }
    let complaint = match name.value.as_str() {
        "" => name.complain("`name` is empty"),
        text => name.complain(format!("`{text}` is no name that can be typed")),
    };
    Err(complaint.help("use lower case letters, digits, `.`, `-` and `_`, at most 64"))
}
