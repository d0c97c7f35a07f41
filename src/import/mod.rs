//! Import: a Hugging Face `config.json` to a model.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `keys` | a strict reader over one mapping that remembers what was read |
//! | `irrelevant` | which unread keys are harmless |
//! | `config` | the language model's keys and what surrounds them |
//! | `architecture` | which architecture a file is of, and who reads it |
//! | `family` | one file per group of architectures |
//! | `blocks`, `draft` | pieces that families share, and what they make |
//! | `quantisation`, `modules` | formats of a checkpoint's parts |
//! | `vision` | sizes of the towers that are left out |
//! | `assume` | values that the user supplies |
//!
//! A file is read as its architecture's published code reads it, never by guess: an unknown
//! architecture, a missing size or a key that could change one is a located complaint. Nothing
//! here opens a file.

mod architecture;
mod assume;
mod blocks;
mod config;
mod draft;
mod family;
mod irrelevant;
mod keys;
mod modules;
mod quantisation;
mod vision;

use crate::spec::model::write::{Prose, to_yaml};
use crate::spec::model::{Imported, ModelSpec};
use crate::spec::node::Node;
use crate::spec::{Diagnostic, Source};
use crate::work::dtype::Dtype;
use crate::work::ffn::Ffn;
use crate::work::model::{Model, Precision};
use config::Config;
use draft::Draft;
use keys::Log;
use quantisation::Formats;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What the user decides about an import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The model's short name.
    pub name: String,
    /// Its name for tables; the short name if left out.
    pub title: Option<String>,
    /// Where the figures come from.
    pub sources: Vec<String>,
    /// What a reader should know; what was left out, if this is left out.
    pub notes: Option<String>,
    /// The file's name as provenance has it.
    pub from: String,
    /// `KEY=VALUE`: values that the file lacks, or that stand in for those it has.
    pub assume: Vec<String>,
    /// Format of weights and arithmetic, if not the config's own quantisation or else FP8.
    pub precision: Option<Dtype>,
    /// Format of the KV cache, if not the family's usual one.
    pub kv_cache: Option<Dtype>,
}

/// An imported model.
#[derive(Debug)]
pub struct Import {
    /// The model.
    pub model: Model,
    /// Its spec.
    pub yaml: String,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Imports a `config.json`.
///
/// # Errors
/// The first complaint, with its place.
pub fn import(source: &Arc<Source>, options: &Options) -> Result<Import, Diagnostic> {
    let mut root = parse(source)?;
    let log = Log::default();
    assume::apply(&mut root, &options.assume, &log)?;
    let (config, read) = architecture::recognise(&root, options.kv_cache, &log)?;
    let mut draft = read(&config)?;
    let layers = draft.runs.iter().map(|run| run.count).sum();
    let formats = formats(&config, layers, options, &mut draft)?;
    towers(&config, &mut draft);
    config.text.without_effect(&["model_type", "architectures"]);
    config.text.finish(&config.model_type)?;
    let model = assemble(draft, &formats, options);
    finish(source, model, &log, options, &architecture::label(&config))
}

/// The tree of a JSON text, which is YAML too; a complaint speaks of JSON.
fn parse(source: &Arc<Source>) -> Result<Node, Diagnostic> {
    let text = source.text.as_str();
    let plain = text.strip_prefix('\u{feff}').map(|rest| Source::new(source.name.as_str(), rest));
    Node::parse(plain.as_ref().unwrap_or(source)).map_err(|mut complaint| {
        complaint.message =
            complaint.message.replace("not readable as YAML", "not readable as JSON");
        complaint.help = complaint.help.filter(|help| !help.contains("spec"));
        complaint
    })
}

fn formats(
    config: &Config,
    layers: u64,
    options: &Options,
    draft: &mut Draft,
) -> Result<Formats, Diagnostic> {
    let stated = match (options.precision, quantisation::read(config, layers)) {
        (Some(_), Err(_)) => {
            draft.checkpoint = None;
            None
        }
        (_, stated) => stated?,
    };
    let formats = match (options.precision, stated) {
        (Some(format), stated) => {
            if stated.is_some() {
                draft.checkpoint = None;
            }
            config
                .log()
                .assume(format!("weights and arithmetic in {} (--precision)", format.name()));
            Formats::uniform(format, format)
        }
        (None, Some(formats)) => formats,
        (None, None) => {
            let why = "the file states no quantisation";
            config.log().assume(format!("weights and arithmetic in fp8: {why}"));
            Formats::uniform(Dtype::Fp8, Dtype::Fp8)
        }
    };
    match (&mut draft.checkpoint, formats.scales) {
        (Some(checkpoint), Some(scales)) => checkpoint.scales = scales,
        (checkpoint, None) => *checkpoint = None,
        (None, Some(_)) => {}
    }
    Ok(formats)
}

/// Notes the towers that are left out, and counts what they add to the hub's figure.
fn towers(config: &Config, draft: &mut Draft) {
    for key in config.towers() {
        let what = key.trim_end_matches("_config");
        config.log().note(format!("The {what} tower is left out."));
        let params = config
            .tower(key)
            .filter(|_| key == "vision_config")
            .and_then(|tower| vision::params(&config.model_type, tower, draft.hidden_size));
        match (params, &mut draft.checkpoint) {
            (Some(params), Some(checkpoint)) => checkpoint.other_params += params,
            _ => draft.checkpoint = None,
        }
    }
}

fn assemble(mut draft: Draft, formats: &Formats, options: &Options) -> Model {
    let unlike = |format: Dtype, usual: Dtype| (format != usual).then_some(format);
    for ffn in &mut draft.ffns {
        match &mut ffn.design {
            Ffn::Dense(dense) => dense.weights = unlike(formats.dense, formats.attention),
            Ffn::Moe(moe) if moe.shared_intermediate_size == 0 && moe.latent.is_none() => {
                // Only the router is left beside the routed experts.
                moe.expert_weights = unlike(formats.routed, formats.attention);
            }
            Ffn::Moe(moe) => {
                moe.weights = unlike(formats.shared, formats.attention);
                moe.expert_weights = unlike(formats.routed, formats.shared);
            }
        }
    }
    Model {
        name: options.name.clone(),
        title: options.title.clone().unwrap_or_else(|| options.name.clone()),
        hidden_size: draft.hidden_size,
        vocabulary_size: draft.vocabulary_size,
        tied_embeddings: draft.tied_embeddings,
        head_bias: draft.head_bias,
        precision: Precision { weights: formats.attention, activations: formats.activations },
        norms: draft.norms,
        residual: draft.residual,
        attentions: draft.attentions,
        ffns: draft.ffns,
        runs: draft.runs,
        mtp: draft.mtp,
        checkpoint: draft.checkpoint,
    }
}

/// Writes the spec and reads it back: what comes out of an import has passed every check that a
/// spec passes.
fn finish(
    source: &Arc<Source>,
    model: Model,
    log: &Log,
    options: &Options,
    architecture: &str,
) -> Result<Import, Diagnostic> {
    let left_out = log.notes().into_iter().filter(|note| note.contains("left out"));
    let left_out = left_out.collect::<Vec<_>>().join(" ");
    let prose = Prose {
        sources: options.sources.clone(),
        notes: options.notes.clone().or_else(|| (!left_out.is_empty()).then_some(left_out)),
        imported: Some(Imported {
            from: options.from.clone(),
            sha256: Sha256::digest(source.text.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            architecture: architecture.to_owned(),
            keys: log.keys(),
            assumed: log.assumed(),
        }),
    };
    let yaml = to_yaml(&model, &prose);
    let written = Source::new("the imported spec", yaml.as_str());
    let model = ModelSpec::read(&Node::parse(&written)?).map_err(|complaint| {
        let whole = crate::spec::Origin::new(source, 0..0);
        Diagnostic::new(format!("this config makes no model: {}", complaint.message))
            .at(whole)
            .help("check its sizes for a digit too many or too few")
    })?;
    Ok(Import { model, yaml, notes: log.notes() })
}
