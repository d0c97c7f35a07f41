//! Single figures that a source states in its text, each computed by the same functions as the
//! tables.

use super::floor::sparsity_floor;
use super::loaded::Loaded;
use super::table::{Cell, Column, Show, Table};
use crate::cost::ideal::{token_cost, training_cost};
use crate::cost::unit_cost::unit_costs;
use crate::deploy::deployment::Side;
use crate::deploy::sparsity::min_routed_experts;
use crate::deploy::stage;
use crate::spec::Diagnostic;
use crate::spec::claim::{
    ClaimSpec, CostQuantity, FloorQuantity, NetworkQuantity, PromisedQuantity, QuantitySpec,
    StageQuantity,
};
use crate::spec::conditions::ConditionsSpec;
use crate::spec::de::At;
use crate::spec::quantity::Contexts;
use crate::spec::scenario::PromiseSpec;
use crate::spec::source::{did_you_mean, one_of};
use crate::units::{Bytes, BytesPerSecond, Seconds};
use crate::work::attention::Attention;
use crate::work::ffn::{Ffn, Moe};
use crate::work::model::Model;
use crate::work::token::token_work;

/// The table of claims.
///
/// # Errors
/// If a claim names what the scenario does not have.
pub fn table(loaded: &Loaded, claims: &[ClaimSpec]) -> Result<Table, Diagnostic> {
    let row = |claim: &ClaimSpec| -> Result<Vec<Cell>, Diagnostic> {
        Ok(vec![
            claim.claim.clone().into(),
            value(loaded, &claim.quantity)?.into(),
            claim.unit.clone().into(),
            claim.place.clone().into(),
        ])
    };
    Ok(Table {
        columns: vec![
            Column::new("claim", Show::Plain),
            Column::new("value", Show::Plain),
            Column::new("unit", Show::Plain),
            Column::new("where", Show::Plain),
        ],
        rows: claims.iter().map(row).collect::<Result<_, _>>()?,
        notes: Vec::new(),
    })
}

fn value(loaded: &Loaded, quantity: &QuantitySpec) -> Result<f64, Diagnostic> {
    let counting = loaded.scenario.counting;
    match quantity {
        QuantitySpec::DecodingCost(of) => decoding(loaded, of),
        QuantitySpec::TrainingCost(of) => training(loaded, of),
        QuantitySpec::ArithmeticIntensity(of) => {
            let model = &loaded.model(&of.model)?.value;
            let context = loaded.contexts().first().copied().unwrap_or(1);
            Ok(token_work(model, context, counting).arithmetic_intensity().flops_per_byte())
        }
        QuantitySpec::EffectiveRank(of) => {
            let model = &loaded.model(&of.model)?.value;
            let ranks = model.attentions.iter().map(|a| a.design.effective_rank());
            Ok(ranks.max().unwrap_or(0) as f64)
        }
        QuantitySpec::MinSparsity(of) => floor(loaded, of),
        QuantitySpec::MinRoutedExperts(of) => {
            let moe = mixture(&of.model, &loaded.model(&of.model)?.value)?;
            let shared = moe.shared_intermediate_size / moe.expert_intermediate_size;
            Ok(min_routed_experts(floor(loaded, of)?, moe.experts, shared).ceil())
        }
        QuantitySpec::StageBudget(of) => {
            Ok(stage_budget(loaded, &of.model, &loaded.model(&of.model)?.value)?.us())
        }
        QuantitySpec::StageBytes(of) => Ok(InStage::new(loaded, of)?.readable.bytes()),
        QuantitySpec::AttentionWeightBytes(of) => Ok(InStage::new(loaded, of)?.weights()?.bytes()),
        QuantitySpec::StageContextTokens(of) => InStage::new(loaded, of)?.context_tokens(),
        QuantitySpec::StageBatch(of) => {
            let context = of
                .context_tokens
                .as_ref()
                .ok_or_else(|| of.model.complain("a batch in a stage needs `context_tokens`"))?;
            Ok((InStage::new(loaded, of)?.context_tokens()? / single(context)? as f64).floor())
        }
        QuantitySpec::NetworkMicroBatch(of) => network_micro_batch(loaded, of),
        QuantitySpec::StageFfnDevices(of) => InStage::new(loaded, of)?.ffn_devices(),
        QuantitySpec::PromisedThroughput(of) => promised(loaded, of),
        QuantitySpec::ScaledThroughput(of) => {
            let from = (of.tokens_per_s_per_device.0, devices(&of.measured)?);
            Ok(stage::scaled_throughput(from, devices(&of.deployment)?))
        }
    }
}

fn promised(loaded: &Loaded, of: &PromisedQuantity) -> Result<f64, Diagnostic> {
    let promise = promise(loaded, &of.deployment)?;
    let requests = (of.micro_batch.0 * promise.stages.0) as f64;
    let tpot = Seconds::from_ms(promise.tpot_ms.0);
    Ok(stage::promised_throughput(requests, tpot, devices(&of.deployment)?))
}

/// Devices of a deployment with instances of eight.
fn devices(name: &At<String>) -> Result<f64, Diagnostic> {
    Ok(f64::from(ConditionsSpec::default().deployment(name)?.devices()))
}

fn promise<'a>(loaded: &'a Loaded, place: &At<String>) -> Result<&'a PromiseSpec, Diagnostic> {
    loaded.scenario.promise.as_ref().ok_or_else(|| {
        place
            .complain("a stage needs the scenario's `promise`")
            .help("add promise: {tpot_ms: 50, stages: 3, wire: {...}}")
    })
}

fn network_micro_batch(loaded: &Loaded, of: &NetworkQuantity) -> Result<f64, Diagnostic> {
    let model = &loaded.model(&of.model)?.value;
    let hardware = &loaded.hardware(&of.hardware)?.value;
    let budget = stage_budget(loaded, &of.model, model)?;
    let card = match of.nic_gb_per_s {
        Some(gb) => BytesPerSecond::from_gb_per_s(gb.0),
        None => hardware.device_network()?,
    };
    let wire = loaded
        .scenario
        .promise
        .as_ref()
        .map_or(0.0, |p| p.wire.dispatch_bytes_per_element + p.wire.combine_bytes_per_element);
    let row = Bytes::new(model.hidden_size as f64 * wire);
    let per_server = hardware.devices_per_server.unwrap_or(1) as f64;
    // An attention server holds its share of the tokens and sends each to every FFN instance; an
    // FFN server gets all of them once.
    let (servers, copies) = match of.side {
        Side::Attention => (of.attention_instances.0, of.ffn_instances.0),
        Side::Ffn => (1, 1),
    };
    let devices = servers as f64 * per_server;
    Ok(stage::network_tokens(budget, card, devices, copies as f64, row))
}

fn stage_budget(loaded: &Loaded, name: &At<String>, model: &Model) -> Result<Seconds, Diagnostic> {
    let promise = promise(loaded, name)?;
    Ok(stage::budget(Seconds::from_ms(promise.tpot_ms.0), promise.stages.0, model.layer_count()))
}

/// A model's device within a stage of the promise.
struct InStage<'a> {
    of: &'a StageQuantity,
    model: &'a Model,
    readable: Bytes,
}

impl<'a> InStage<'a> {
    fn new(loaded: &'a Loaded, of: &'a StageQuantity) -> Result<Self, Diagnostic> {
        let model = &loaded.model(&of.model)?.value;
        let bandwidth = loaded.hardware(&of.hardware)?.value.memory_bandwidth()?;
        let share = match &of.bandwidth_share {
            Some(share) if share.0 > 1.0 => {
                let message = format!("`bandwidth_share` is {}: a share is at most 1", share.0);
                return Err(share.complain(message));
            }
            Some(share) => share.0,
            None => 1.0,
        };
        let budget = stage_budget(loaded, &of.model, model)?;
        Ok(Self { of, model, readable: stage::readable(bandwidth, share, budget) })
    }

    /// The one attention design: what a stage holds of a layer is otherwise several figures.
    fn attention(&self) -> Result<&'a Attention, Diagnostic> {
        match self.model.attentions.as_slice() {
            [one] => Ok(&one.design),
            several => {
                let names: Vec<&str> = several.iter().map(|named| named.name.as_str()).collect();
                let message = format!(
                    "a stage is of one attention design, but `{}` has {}: {}",
                    self.of.model.value,
                    several.len(),
                    names.join(", ")
                );
                let complaint = self.of.model.complain(message);
                Err(complaint.help("ask `afford estimate` about models of several designs"))
            }
        }
    }

    fn weights(&self) -> Result<Bytes, Diagnostic> {
        let (attention, h) = (self.attention()?, self.model.hidden_size);
        let matrices = attention.matrices(h);
        let names: Vec<&str> = matrices.iter().map(|matrix| matrix.name).collect();
        for split in &self.of.split_matrices {
            if !names.contains(&split.as_str()) {
                let message = format!("the attention has no matrix `{}`", split.value);
                let known = one_of(&names);
                let help = match did_you_mean(split, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`? there are {known}"),
                    None => format!("there are {known}"),
                };
                return Err(split.complain(message).help(help));
            }
        }
        let split: Vec<&str> = self.of.split_matrices.iter().map(|name| name.as_str()).collect();
        let devices = self.of.split_devices.map_or(1, |n| n.0);
        Ok(stage::attention_weights(attention, h, &split, devices, self.model.precision.weights))
    }

    fn context_tokens(&self) -> Result<f64, Diagnostic> {
        let kv_per_token = self.attention()?.kv_bytes_held(1);
        let tokens = stage::context_tokens(self.readable, self.weights()?, kv_per_token);
        tokens.ok_or_else(|| {
            let message = "nothing caps the context: no token adds to this attention's cache";
            self.of.model.complain(message)
        })
    }

    fn ffn_devices(&self) -> Result<f64, Diagnostic> {
        let model = self.model;
        let own = || {
            let blocks = model.ffns.iter().zip(model.ffn_layers());
            let params = blocks.map(|(f, n)| f.design.total_params(model.hidden_size) * n);
            model.precision.weights.bytes(params.sum::<u64>() as f64)
        };
        let weights = self.of.ffn_weight_gb.map_or_else(own, |gb| Bytes::new(gb.0 * 1e9));
        let per_server = self.of.devices_per_server.map_or(8, |n| n.0);
        stage::ffn_devices(weights, model.layer_count(), self.readable, per_server).ok_or_else(
            || self.of.hardware.complain("no number of devices reads the FFN's weights in a stage"),
        )
    }
}

fn floor(loaded: &Loaded, of: &FloorQuantity) -> Result<f64, Diagnostic> {
    let model = &loaded.model(&of.model)?.value;
    let nic = of.nic_gb_per_s.map(|gb| BytesPerSecond::from_gb_per_s(gb.0));
    sparsity_floor(loaded, model, &loaded.hardware(&of.hardware)?.value, nic)
}

fn mixture<'a>(name: &At<String>, model: &'a Model) -> Result<&'a Moe, Diagnostic> {
    let mixture = model.ffns.iter().find_map(|named| match &named.design {
        Ffn::Moe(moe) => Some(moe),
        Ffn::Dense(_) => None,
    });
    mixture.ok_or_else(|| name.complain(format!("`{}` is no mixture of experts", name.value)))
}

fn decoding(loaded: &Loaded, of: &CostQuantity) -> Result<f64, Diagnostic> {
    let model = &loaded.model(&of.model)?.value;
    let attention = loaded.hardware(&of.hardware)?;
    let ffn = loaded.hardware(of.ffn_hardware.as_ref().unwrap_or(&of.hardware))?;
    let (format, without_fp8) = (model.precision.activations, loaded.scenario.without_fp8);
    let work = token_work(model, single(&of.context_tokens)?, loaded.scenario.counting);
    let attention = unit_costs(&attention.value, format, without_fp8)?;
    let ffn = unit_costs(&ffn.value, format, without_fp8)?;
    Ok(token_cost(&work, &attention, &ffn).total().per_mtok())
}

fn training(loaded: &Loaded, of: &CostQuantity) -> Result<f64, Diagnostic> {
    let model = &loaded.model(&of.model)?.value;
    let hardware = &loaded.hardware(&of.hardware)?.value;
    let unit = unit_costs(hardware, model.precision.activations, loaded.scenario.without_fp8)?;
    let work = token_work(model, single(&of.context_tokens)?, loaded.scenario.counting);
    Ok(training_cost(&work, &unit).per_mtok())
}

/// The one context of a key that may hold no more.
///
/// # Errors
/// If it holds several.
pub fn single(contexts: &At<Contexts>) -> Result<u64, Diagnostic> {
    match contexts.0.as_slice() {
        [one] => Ok(*one),
        several => {
            Err(contexts.complain(format!("one context is needed here, not {}", several.len())))
        }
    }
}
