//! The grid behind `afford cost`: every model at every context on the chosen pairs of hardware.

use crate::cost::ideal::{TokenCost, token_cost};
use crate::cost::unit_cost::{UnitCosts, unit_costs};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Unknown, WithoutFp8};
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::model::Model;
use crate::work::params::{Params, params};
use crate::work::token::{TokenWork, token_work};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which pairs of attention and FFN hardware become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pairing {
    /// The cheapest pair for each model and context.
    #[default]
    Best,
    /// Each hardware with itself, as when nothing is disaggregated.
    Same,
    /// Every pair.
    All,
}

/// The axes.
#[derive(Debug, Clone)]
pub struct CostGrid {
    /// Models.
    pub models: Vec<Model>,
    /// Context lengths in tokens.
    pub contexts: Vec<u64>,
    /// Hardware for attention.
    pub attention_hardware: Vec<Hardware>,
    /// Hardware for the FFN.
    pub ffn_hardware: Vec<Hardware>,
    /// Which pairs to report.
    pub pairing: Pairing,
    /// Counting convention.
    pub counting: Counting,
    /// What 8-bit products run as on devices without FP8.
    pub without_fp8: WithoutFp8,
    /// Number format of the arithmetic, if not the model's activations.
    pub compute: Option<Dtype>,
    /// `ideal`, or `calibrated`: every chip at the shares of its peaks that large kernels reach.
    pub fidelity: Fidelity,
}

/// One row: a model at a context on a pair of hardware.
#[derive(Debug, Clone)]
pub struct CostPoint {
    /// Place of the model among the axes.
    pub model: usize,
    /// Place of the attention hardware among the axes.
    pub attention_hardware: usize,
    /// Place of the FFN hardware among the axes.
    pub ffn_hardware: usize,
    /// The level that the figures come from.
    pub fidelity: Fidelity,
    /// The token's work.
    pub work: TokenWork,
    /// The model's parameters.
    pub params: Params,
    /// The token's cost.
    pub cost: TokenCost,
    /// Unit costs that were used on the attention side.
    pub attention_unit: UnitCosts,
    /// Unit costs that were used on the FFN side.
    pub ffn_unit: UnitCosts,
}

impl CostGrid {
    /// Computes every row, ordered by model, context and pair as the axes are.
    ///
    /// # Errors
    /// If a profile lacks a figure that a row needs; no row is dropped for it.
    pub fn points(&self) -> Result<Vec<CostPoint>, Unknown> {
        let per_model = self.models.par_iter().enumerate();
        let rows: Result<Vec<Vec<CostPoint>>, Unknown> =
            per_model.map(|(at, model)| self.model_points(at, model)).collect();
        Ok(rows?.into_iter().flatten().collect())
    }

    fn model_points(&self, at: usize, model: &Model) -> Result<Vec<CostPoint>, Unknown> {
        let dtype = self.compute.unwrap_or(model.precision.activations);
        let units = |all: &[Hardware], experts: bool| -> Result<Vec<UnitCosts>, Unknown> {
            all.iter().map(|hardware| self.unit(hardware, model, dtype, experts)).collect()
        };
        let attention = units(&self.attention_hardware, false)?;
        let ffn = units(&self.ffn_hardware, true)?;
        let params = params(model);
        let mut rows = Vec::new();
        for &context in &self.contexts {
            let work = token_work(model, context, self.counting);
            let point = |(a, f): (usize, usize)| CostPoint {
                model: at,
                attention_hardware: a,
                ffn_hardware: f,
                fidelity: self.fidelity,
                cost: token_cost(&work, &attention[a], &ffn[f]),
                work: work.clone(),
                params,
                attention_unit: attention[a],
                ffn_unit: ffn[f],
            };
            let all = self.pairs().into_iter().map(point);
            match self.pairing {
                Pairing::Best => rows.extend(all.reduce(cheaper)),
                Pairing::Same | Pairing::All => rows.extend(all),
            }
        }
        Ok(rows)
    }

    /// Unit costs of a hardware for a model's attention side, or for its experts.
    fn unit(
        &self,
        hardware: &Hardware,
        model: &Model,
        dtype: Dtype,
        experts: bool,
    ) -> Result<UnitCosts, Unknown> {
        let unit = unit_costs(hardware, dtype, self.without_fp8)?;
        if self.fidelity != Fidelity::Calibrated {
            return Ok(unit);
        }
        // The design that most layers have stands for all.
        let designs = model.attentions.iter().zip(model.attention_layers_held(false));
        let main = designs.max_by_key(|(_, layers)| *layers).map(|(named, _)| &named.design);
        let latent = main.and_then(|design| design.heads()).is_some_and(|heads| heads.latent);
        let cache = main.map_or(dtype, |design| design.core_shape(self.counting).format);
        let reached = hardware.reached(dtype, cache, latent, self.without_fp8)?;
        let arithmetic = if experts { reached.experts } else { reached.products };
        Ok(unit.at_shares(arithmetic, reached.cache_bytes))
    }

    /// Whether the pairing leaves any pair at all.
    #[must_use]
    pub fn has_pairs(&self) -> bool {
        !self.pairs().is_empty()
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        let ffn = |a: usize| (0..self.ffn_hardware.len()).map(move |f| (a, f));
        let all = (0..self.attention_hardware.len()).flat_map(ffn);
        let same = |&(a, f): &(usize, usize)| {
            self.pairing != Pairing::Same
                || self.attention_hardware[a].name == self.ffn_hardware[f].name
        };
        all.filter(same).collect()
    }
}

/// The first of two that is not dearer, so that ties go to the hardware named first.
fn cheaper(best: CostPoint, next: CostPoint) -> CostPoint {
    if next.cost.total() < best.cost.total() { next } else { best }
}
