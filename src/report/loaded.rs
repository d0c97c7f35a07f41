//! A scenario whose models and hardware have been found: what every part of a report starts from.

use super::cost_table::Labels;
use super::inputs::Inputs;
use crate::catalog::Catalog;
use crate::deploy::context::Lengths;
use crate::deploy::legal::Refused;
use crate::deploy::options::Options;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Unknown};
use crate::spec::conditions::ConditionsSpec;
use crate::spec::de::At;
use crate::spec::scenario::{Labelled, Scenario};
use crate::spec::source::{did_you_mean, one_of};
use crate::spec::{Diagnostic, Kind};
use crate::sweep::cost_grid::{CostGrid, CostPoint, Pairing};
use crate::units::Seconds;
use crate::work::dtype::Dtype;
use crate::work::model::Model;

/// A model or a hardware with its label.
#[derive(Debug, Clone)]
pub struct Part<T> {
    /// What tables and plots call it.
    pub label: String,
    /// Itself.
    pub value: T,
}

/// A scenario with everything it names.
#[derive(Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Its models.
    pub models: Vec<Part<Model>>,
    /// Its hardware.
    pub hardware: Vec<Part<Hardware>>,
    /// Where the scenario was read from.
    pub place: String,
    /// What all of it was read from.
    pub inputs: Inputs,
    /// Lengths of requests in the files that it names.
    pub(super) traces: Vec<(String, Lengths)>,
}

impl From<Unknown> for Diagnostic {
    fn from(unknown: Unknown) -> Self {
        Self::new(unknown.to_string()).help(unknown.help)
    }
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown(unknown) => unknown.into(),
            Refused::Illegal(illegal) => Self::new(illegal.0)
                .help("take fewer, or another deployment: EP splits experts, TP heads and widths"),
        }
    }
}

impl Loaded {
    /// Finds a scenario and everything that it names.
    ///
    /// # Errors
    /// A complaint that points into the scenario where one of its names is wrong.
    pub fn load(catalog: &Catalog, reference: &str) -> Result<Self, Diagnostic> {
        Inputs::load(catalog, reference)?.loaded()
    }

    /// The scenario's model of a name.
    ///
    /// # Errors
    /// If the scenario has none.
    pub fn model(&self, name: &At<String>) -> Result<&Part<Model>, Diagnostic> {
        Ok(&self.models[self.model_index(name)?])
    }

    /// The place of the scenario's model of a name.
    ///
    /// # Errors
    /// If the scenario has none.
    pub fn model_index(&self, name: &At<String>) -> Result<usize, Diagnostic> {
        place_of(name, &self.scenario.models, Kind::Model)
    }

    /// The scenario's hardware of a name.
    ///
    /// # Errors
    /// If the scenario has none.
    pub fn hardware(&self, name: &At<String>) -> Result<&Part<Hardware>, Diagnostic> {
        let at = place_of(name, &self.scenario.hardware, Kind::Hardware)?;
        Ok(&self.hardware[at])
    }

    /// A model of the scenario as it runs, with its cache in another format if one is named.
    ///
    /// # Errors
    /// If the scenario has none of that name.
    pub fn running(
        &self,
        name: &At<String>,
        kv_cache: Option<Dtype>,
    ) -> Result<Part<Model>, Diagnostic> {
        let part = self.model(name)?.clone();
        Ok(match kv_cache {
            Some(format) => Part { value: part.value.with_kv_cache(format), ..part },
            None => part,
        })
    }

    /// Conditions over those of the scenario, and the options that they make.
    ///
    /// # Errors
    /// The first condition that cannot be meant.
    pub fn conditions(
        &self,
        own: Option<&ConditionsSpec>,
    ) -> Result<(ConditionsSpec, Options), Diagnostic> {
        let base = self.scenario.conditions.clone().unwrap_or_default();
        let conditions = own.cloned().unwrap_or_default().over(&base);
        let wire = self.scenario.promise.as_ref().map_or(Options::default().wire, |p| p.wire);
        let mut options = conditions.options(wire, self.scenario.without_fp8)?;
        if self.scenario.fidelity == Fidelity::Calibrated {
            options.fidelity = Fidelity::Calibrated;
        }
        Ok((conditions, options))
    }

    /// Time per output token that the scenario promises.
    #[must_use]
    pub fn promise(&self) -> Option<Seconds> {
        self.scenario.promise.as_ref().map(|promise| Seconds::from_ms(promise.tpot_ms.0))
    }

    /// Lengths of requests in a file that the scenario names.
    ///
    /// # Errors
    /// If no deployment of the scenario names it.
    pub fn trace(&self, file: &At<String>) -> Result<Lengths, Diagnostic> {
        let found = self.traces.iter().find(|(name, _)| *name == file.value);
        found.map(|(_, lengths)| *lengths).ok_or_else(|| file.complain("this file was not read"))
    }

    /// The scenario's cost grid over some contexts, paired in some way.
    #[must_use]
    pub fn grid(&self, contexts: &[u64], pairing: Pairing) -> CostGrid {
        let hardware: Vec<Hardware> = self.hardware.iter().map(|p| p.value.clone()).collect();
        CostGrid {
            models: self.models.iter().map(|p| p.value.clone()).collect(),
            contexts: contexts.to_vec(),
            attention_hardware: hardware.clone(),
            ffn_hardware: hardware,
            pairing,
            counting: self.scenario.counting,
            without_fp8: self.scenario.without_fp8,
            compute: None,
            fidelity: Fidelity::Ideal,
        }
    }

    /// The points of [`Self::grid`].
    ///
    /// # Errors
    /// If a profile lacks a figure.
    pub fn points(&self, contexts: &[u64], pairing: Pairing) -> Result<Vec<CostPoint>, Diagnostic> {
        Ok(self.grid(contexts, pairing).points()?)
    }

    /// The scenario's own contexts.
    #[must_use]
    pub fn contexts(&self) -> &[u64] {
        &self.scenario.contexts_tokens.0
    }

    /// The scenario's labels for [`Self::grid`].
    #[must_use]
    pub fn labels(&self) -> Labels {
        let hardware: Vec<String> = self.hardware.iter().map(|p| p.label.clone()).collect();
        Labels {
            models: self.models.iter().map(|p| p.label.clone()).collect(),
            attention_hardware: hardware.clone(),
            ffn_hardware: hardware,
        }
    }
}

pub(super) fn place_of(
    name: &At<String>,
    list: &[Labelled],
    kind: Kind,
) -> Result<usize, Diagnostic> {
    if let Some(at) = list.iter().position(|part| part.name.value == name.value) {
        return Ok(at);
    }
    let noun = kind.noun();
    let names: Vec<&str> = list.iter().map(|part| part.name.value.as_str()).collect();
    let complaint = name.complain(format!("the scenario has no {noun} `{}`", name.value));
    Err(match did_you_mean(name, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!("it has {}", one_of(&names))),
    })
}
