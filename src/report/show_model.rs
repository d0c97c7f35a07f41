//! Everything that follows from a model spec alone: parameters, caches, work by context, and the
//! designs layer kind by layer kind. What `afford show MODEL` prints.
//!
//! It asks `work` for every figure; no hardware comes into it. How it looks in the terminal is
//! the business of [`show_model_text`](super::show_model_text).

use crate::spec::model::Imported;
use crate::units::Flops;
use crate::work::Counting;
use crate::work::attention::Attention;
use crate::work::cache::{cache, kv_bytes_held, kv_bytes_per_token};
use crate::work::ffn::{Ffn, Moe};
use crate::work::matrix::Matrix;
use crate::work::model::{Layer, Model, Named, Run};
use crate::work::params::{attention_params, hub_params, moe_sparsity, params};
use crate::work::token::{TokenWork, token_work};
use serde::{Deserialize, Serialize};

/// What a model spec says beside the model itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct About {
    /// Where its figures come from.
    pub sources: Vec<String>,
    /// What a reader should know.
    pub notes: Option<String>,
    /// How an import made it.
    pub imported: Option<Imported>,
}

/// All about a model. An `Option` that is left out does not apply; one that is null is unknown.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct ModelSheet {
    pub name: String,
    pub title: String,
    pub kind: &'static str,
    pub place: String,
    pub hidden_size: u64,
    pub vocabulary_size: u64,
    pub tied_embeddings: bool,
    pub weights_format: &'static str,
    pub activations_format: &'static str,
    pub total_params: u64,
    pub mtp_params: u64,
    /// Parameters as published, with scales and duplicated embeddings; null if unknown.
    pub hub_params: Option<u64>,
    pub active_params_core: u64,
    pub active_params_with_head: u64,
    pub active_params_with_embedding_and_head: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moe_sparsity: Option<f64>,
    pub layers: u64,
    pub mtp_layers: u64,
    pub layer_sequence: String,
    pub kv_layers: u64,
    pub kv_elements_per_token: u64,
    pub kv_bytes_per_token: f64,
    pub state_bytes_per_sequence: f64,
    pub counting: &'static str,
    pub by_context: Vec<AtContext>,
    pub layers_by_kind: Vec<LayerKind>,
    pub attention_designs: Vec<AttentionDesign>,
    pub ffn_designs: Vec<FfnDesign>,
    pub assumed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    pub sources: Vec<String>,
}

/// One decoded token at a context, all layers together.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct AtContext {
    pub context_tokens: u64,
    /// What a sequence of this length keeps, recurrent state apart.
    pub kv_held_bytes: f64,
    /// What a token reads, recurrent state read and written included.
    pub kv_bytes: f64,
    pub attention_flops: f64,
    pub linear_flops: f64,
    pub ffn_flops: f64,
    pub router_flops: f64,
    pub lm_head_flops: f64,
    pub total_flops: f64,
    pub arithmetic_intensity: f64,
    pub training_flops: f64,
}

/// Layers of one attention design and one FFN design.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct LayerKind {
    pub name: String,
    pub layers: u64,
    pub attention: &'static str,
    pub ffn: &'static str,
    /// Of one layer, as all below.
    pub params: u64,
    pub active_params: u64,
    pub kv_bytes_per_token: f64,
    pub state_bytes_per_sequence: f64,
}

/// One attention design, per layer.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct AttentionDesign {
    pub name: String,
    pub kind: &'static str,
    pub layers: u64,
    pub params: u64,
    pub kv_elements_per_token: u64,
    pub kv_bytes_per_token: f64,
    pub state_bytes_per_sequence: f64,
    pub effective_rank: u64,
    pub linear_flops: f64,
    pub core_by_context: Vec<CoreAt>,
    pub projections: Vec<Projection>,
}

/// The core of one layer at a context.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct CoreAt {
    pub context_tokens: u64,
    pub core_flops: f64,
    pub core_bytes: f64,
    pub arithmetic_intensity: f64,
}

/// A weight matrix.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct Projection {
    pub name: &'static str,
    /// Features in, k of the GEMM.
    pub inputs: u64,
    /// Features out, n of the GEMM.
    pub outputs: u64,
    pub params: u64,
}

/// One FFN design, per layer.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct FfnDesign {
    pub name: String,
    pub kind: &'static str,
    pub layers: u64,
    pub params: u64,
    pub active_params: u64,
    pub ffn_flops: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intermediate_size: Option<u64>,
    #[serde(flatten)]
    pub experts: Option<Experts>,
    pub projections: Vec<Projection>,
}

/// What only a mixture has.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct Experts {
    pub experts: u64,
    pub experts_per_token: u64,
    pub expert_intermediate_size: u64,
    pub shared_intermediate_size: u64,
    pub sparsity: f64,
}

impl ModelSheet {
    /// Works everything out at some contexts.
    #[must_use]
    pub fn new(
        model: &Model,
        about: About,
        place: &str,
        contexts: &[u64],
        counting: Counting,
    ) -> Self {
        let (params, cache) = (params(model), cache(model));
        let mtp_runs = model.mtp.iter().flat_map(|mtp| &mtp.runs);
        Self {
            name: model.name.clone(),
            title: model.title.clone(),
            kind: "model",
            place: place.to_owned(),
            hidden_size: model.hidden_size,
            vocabulary_size: model.vocabulary_size,
            tied_embeddings: model.tied_embeddings,
            weights_format: model.precision.weights.name(),
            activations_format: model.precision.activations.name(),
            total_params: params.total,
            mtp_params: params.mtp,
            hub_params: hub_params(model),
            active_params_core: params.active_core,
            active_params_with_head: params.active_with_head,
            active_params_with_embedding_and_head: params.active_with_embedding_and_head,
            moe_sparsity: moe_sparsity(model),
            layers: model.layer_count(),
            mtp_layers: mtp_runs.map(|run| run.count).sum(),
            layer_sequence: layer_sequence(model),
            kv_layers: cache.kv_layers,
            kv_elements_per_token: cache.kv_elements_per_token,
            kv_bytes_per_token: cache.kv_bytes_per_token.bytes(),
            state_bytes_per_sequence: cache.state_bytes_per_sequence.bytes(),
            counting: counting.name(),
            by_context: contexts.iter().map(|&s| at_context(model, s, counting)).collect(),
            layers_by_kind: layers_by_kind(model),
            attention_designs: model
                .attentions
                .iter()
                .zip(model.attention_layers())
                .map(|(design, n)| attention_design(model, design, n, contexts, counting))
                .collect(),
            ffn_designs: model
                .ffns
                .iter()
                .zip(model.ffn_layers())
                .map(|(design, n)| ffn_design(model, design, n))
                .collect(),
            notes: about.notes,
            sources: about.sources,
            assumed: about.imported.map(|imported| imported.assumed).unwrap_or_default(),
        }
    }
}

fn at_context(model: &Model, context_tokens: u64, counting: Counting) -> AtContext {
    let work: TokenWork = token_work(model, context_tokens, counting);
    let parts = [work.attention_flops(), work.linear_flops(), work.ffn_flops()];
    let outside = work.router_flops + work.residual_flops + work.lm_head_flops;
    AtContext {
        context_tokens,
        kv_held_bytes: kv_bytes_held(model, context_tokens).bytes(),
        kv_bytes: work.kv_bytes().bytes(),
        attention_flops: work.attention_flops().flops(),
        linear_flops: work.linear_flops().flops(),
        ffn_flops: work.ffn_flops().flops(),
        router_flops: work.router_flops.flops(),
        lm_head_flops: work.lm_head_flops.flops(),
        total_flops: (parts.into_iter().sum::<Flops>() + outside).flops(),
        arithmetic_intensity: work.arithmetic_intensity().flops_per_byte(),
        training_flops: work.training_flops().flops(),
    }
}

/// Each pair of designs that occurs, in order of first appearance.
fn layers_by_kind(model: &Model) -> Vec<LayerKind> {
    let mut kinds: Vec<Run> = Vec::new();
    for run in &model.runs {
        match kinds.iter_mut().find(|kind| kind.layer == run.layer) {
            Some(kind) => kind.count += run.count,
            None => kinds.push(*run),
        }
    }
    let h = model.hidden_size;
    let norms = model.norms.per_layer * h * if model.norms.bias { 2 } else { 1 };
    let kind = |run: &Run| {
        let (attention, ffn) = (model.attention(run.layer), model.ffn(run.layer));
        let around = attention_params(attention, h) + norms + model.residual.layer_params(h);
        LayerKind {
            name: layer_name(model, run.layer),
            layers: run.count,
            attention: attention.kind(),
            ffn: ffn.kind(),
            params: around + ffn.total_params(h),
            active_params: around + ffn.active_params(h),
            kv_bytes_per_token: kv_bytes_per_token(attention).bytes(),
            state_bytes_per_sequence: attention.state_bytes_per_sequence().bytes(),
        }
    };
    kinds.iter().map(kind).collect()
}

fn attention_design(
    model: &Model,
    named: &Named<Attention>,
    layers: u64,
    contexts: &[u64],
    counting: Counting,
) -> AttentionDesign {
    let design = &named.design;
    let matrices = design.matrices(model.hidden_size);
    let core = |&context_tokens: &u64| {
        let core = design.core(context_tokens, counting);
        CoreAt {
            context_tokens,
            core_flops: core.flops.flops(),
            core_bytes: core.bytes.bytes(),
            arithmetic_intensity: (core.flops / core.bytes).flops_per_byte(),
        }
    };
    AttentionDesign {
        name: named.name.clone(),
        kind: design.kind(),
        layers,
        params: attention_params(design, model.hidden_size),
        kv_elements_per_token: design.kv_elements_per_token(),
        kv_bytes_per_token: kv_bytes_per_token(design).bytes(),
        state_bytes_per_sequence: design.state_bytes_per_sequence().bytes(),
        effective_rank: design.effective_rank(),
        linear_flops: matrices.iter().map(Matrix::flops).sum::<Flops>().flops(),
        core_by_context: contexts.iter().map(core).collect(),
        projections: matrices.iter().map(Projection::from).collect(),
    }
}

fn ffn_design(model: &Model, named: &Named<Ffn>, layers: u64) -> FfnDesign {
    let (h, design) = (model.hidden_size, &named.design);
    let projections = match design {
        Ffn::Dense(dense) => dense.matrices(h).iter().map(Projection::from).collect(),
        Ffn::Moe(moe) => {
            [moe.router(h)].iter().chain(&moe.expert(h)).map(Projection::from).collect()
        }
    };
    FfnDesign {
        name: named.name.clone(),
        kind: design.kind(),
        layers,
        params: design.total_params(h),
        active_params: design.active_params(h),
        ffn_flops: design.flops(h).flops(),
        intermediate_size: match design {
            Ffn::Dense(dense) => Some(dense.intermediate_size),
            Ffn::Moe(_) => None,
        },
        experts: match design {
            Ffn::Dense(_) => None,
            Ffn::Moe(moe) => Some(experts(moe)),
        },
        projections,
    }
}

fn experts(moe: &Moe) -> Experts {
    Experts {
        experts: moe.experts,
        experts_per_token: moe.experts_per_token,
        expert_intermediate_size: moe.expert_intermediate_size,
        shared_intermediate_size: moe.shared_intermediate_size,
        sparsity: moe.sparsity(),
    }
}

impl From<&Matrix> for Projection {
    fn from(matrix: &Matrix) -> Self {
        let &Matrix { name, inputs, outputs, .. } = matrix;
        Self { name, inputs, outputs, params: matrix.params() }
    }
}

fn layer_name(model: &Model, layer: Layer) -> String {
    format!("{}+{}", model.attentions[layer.attention].name, model.ffns[layer.ffn].name)
}

/// The layers in order, runs and repeated groups of runs folded: `10 x (7 x lightning+moe, 1 x
/// full+moe)`.
#[must_use]
pub fn layer_sequence(model: &Model) -> String {
    let names: Vec<String> = model
        .runs
        .iter()
        .map(|run| format!("{} x {}", run.count, layer_name(model, run.layer)))
        .collect();
    let mut folded = Vec::new();
    let mut at = 0;
    while at < names.len() {
        let rest = &names[at..];
        // The group that covers most from here on; the shortest of equals.
        let best = (2..=rest.len() / 2)
            .map(|length| (length, repeats(rest, length)))
            .filter(|&(_, times)| times > 1)
            .max_by_key(|&(length, times)| (length * times, std::cmp::Reverse(length)));
        if let Some((length, times)) = best {
            folded.push(format!("{times} x ({})", rest[..length].join(", ")));
            at += length * times;
        } else {
            folded.push(rest[0].clone());
            at += 1;
        }
    }
    folded.join(", ")
}

/// How often the first `length` names stand one after the other.
fn repeats(names: &[String], length: usize) -> usize {
    names.chunks_exact(length).take_while(|chunk| *chunk == &names[..length]).count()
}
