//! Model specs: the YAML of `model_specs/` as written, and its way to a checked
//! [`work::Model`](crate::work::model::Model).

use super::de::{At, from_node};
use super::node::Node;
use super::quantity::Count;
use super::source::{Diagnostic, did_you_mean};
use crate::work::attention::gqa::QkNorm;
use crate::work::attention::{Attention, Gqa, Lightning, Mfa, Mla, Window};
use crate::work::dtype::Dtype;
use crate::work::ffn::{Dense, Ffn, Moe};
use crate::work::model::{Layer, Model, Mtp, Named, Norms, Precision, Run};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A model: what must be computed for one token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Short name, as on the command line: lower case, digits, `.` and `-`.
    #[schemars(regex(pattern = r"^[a-z0-9_-][a-z0-9._-]{0,63}$"))]
    pub name: At<String>,
    /// Name for tables and plots; the short name if left out.
    pub title: Option<String>,
    /// Where the figures come from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What a reader should know.
    pub notes: Option<String>,
    /// How an import made this file.
    pub imported: Option<Imported>,
    /// Hidden size h.
    pub hidden_size: Count,
    /// Entries of the vocabulary.
    pub vocabulary_size: Count,
    /// Whether the LM head is the embedding matrix.
    #[serde(default)]
    pub tied_embeddings: bool,
    /// Element formats of weights, KV cache and activations.
    pub precision: PrecisionSpec,
    /// Norms of width h around the layers' blocks.
    #[serde(default)]
    pub norms: NormsSpec,
    /// Attention designs, by a name of your choice.
    pub attention: IndexMap<At<String>, AttentionSpec>,
    /// Feed-forward designs, by a name of your choice.
    pub ffn: IndexMap<At<String>, FfnSpec>,
    /// Layers in all; the runs below must add up to it.
    pub num_layers: At<Count>,
    /// The layers in order, as runs of equal layers and repeated groups of runs.
    pub layers: At<Vec<At<RunSpec>>>,
    /// Multi-token prediction layers.
    pub mtp: Option<MtpSpec>,
}

/// Provenance of an imported spec.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// The file it was made from.
    pub from: String,
    /// SHA-256 of that file, in hex.
    pub sha256: String,
    /// `architectures` and `model_type` as they stood there.
    pub architecture: String,
    /// The keys that were read.
    pub keys: Vec<String>,
    /// Values that the file does not state, and why they were taken.
    #[serde(default)]
    pub assumed: Vec<String>,
}

/// Element formats.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionSpec {
    /// Weights as stored.
    pub weights: Dtype,
    /// KV cache, where an attention design does not say otherwise.
    pub kv_cache: Dtype,
    /// Activations, and with them the arithmetic.
    pub activations: Dtype,
}

/// Norms of width h.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormsSpec {
    /// How many each layer has: 2 before attention and FFN, 4 if also after them.
    pub per_layer: Count,
    /// Whether each has a bias (LayerNorm).
    #[serde(default)]
    pub bias: bool,
}

impl Default for NormsSpec {
    fn default() -> Self {
        Self { per_layer: Count(2), bias: false }
    }
}

/// An attention design.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionSpec {
    /// Grouped-query attention; `kv_heads` equal to `query_heads` is multi-head, 1 multi-query.
    Gqa(GqaSpec),
    /// Multi-matrix factorisation attention.
    Mfa(MfaSpec),
    /// Multi-head latent attention.
    Mla(MlaSpec),
    /// Lightning (decayed linear) attention.
    Lightning(LightningSpec),
}

/// Keys of grouped-query attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GqaSpec {
    /// H.
    pub query_heads: At<Count>,
    /// K; divides H.
    pub kv_heads: At<Count>,
    /// d.
    pub head_dim: Count,
    /// The layer sees only this many tokens.
    pub window: Option<WindowSpec>,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
    /// Biases on q, k and v.
    #[serde(default)]
    pub qkv_bias: bool,
    /// Bias on the output projection.
    #[serde(default)]
    pub output_bias: bool,
    /// Learned norms of queries and keys.
    #[serde(default)]
    pub qk_norm: QkNormSpec,
    /// An output gate as wide as the queries.
    #[serde(default)]
    pub output_gate: bool,
    /// A learned sink per query head.
    #[serde(default)]
    pub sinks: bool,
}

/// How far back a layer looks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowSpec {
    /// The last so many tokens.
    SlidingTokens(Count),
    /// The current chunk of so many tokens.
    ChunkedTokens(Count),
}

/// Learned norms of queries and keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QkNormSpec {
    /// None.
    #[default]
    None,
    /// One vector of head_dim for queries and one for keys.
    PerHead,
    /// A weight for every element of every head.
    AllHeads,
}

/// Keys of multi-matrix factorisation attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MfaSpec {
    /// H.
    pub query_heads: At<Count>,
    /// K, the KV groups; divides H.
    pub kv_heads: At<Count>,
    /// d.
    pub head_dim: Count,
    /// Rank of the query projection.
    pub query_rank: Count,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
}

/// Keys of multi-head latent attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MlaSpec {
    /// H.
    pub query_heads: Count,
    /// Rank of the query projection; left out where queries are projected at full rank.
    pub query_rank: Option<Count>,
    /// Rank of the cached latent.
    pub kv_rank: Count,
    /// Width of a query head without position.
    pub nope_head_dim: Count,
    /// Width of the part with position.
    pub rope_head_dim: Count,
    /// Width of a value head.
    pub value_head_dim: Count,
    /// Format of the KV cache, if not the model's.
    pub kv_cache: Option<Dtype>,
}

/// Keys of lightning attention.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LightningSpec {
    /// H.
    pub heads: Count,
    /// d; the state of a head is d x d.
    pub head_dim: Count,
    /// Format of the state.
    pub state: Dtype,
}

/// A feed-forward design.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FfnSpec {
    /// One gated block for every token.
    Dense(DenseSpec),
    /// Routed and shared experts.
    Moe(MoeSpec),
}

/// Keys of a dense block.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenseSpec {
    /// Intermediate width.
    pub intermediate_size: Count,
    /// Biases on its matrices.
    #[serde(default)]
    pub bias: bool,
}

/// Keys of a mixture of experts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoeSpec {
    /// Routed experts.
    pub experts: Count,
    /// Routed experts that a token visits.
    pub experts_per_token: At<Count>,
    /// Intermediate width of one routed expert.
    pub expert_intermediate_size: Count,
    /// Intermediate width of all shared experts together; left out if there are none.
    pub shared_intermediate_size: Option<Count>,
    /// A learned gate on the shared experts.
    #[serde(default)]
    pub shared_gate: bool,
    /// Biases on the experts' matrices.
    #[serde(default)]
    pub expert_bias: bool,
    /// A bias per expert on the router.
    #[serde(default)]
    pub router_bias: bool,
}

/// Layers in order: a run of equal layers, or a group of runs that repeats.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// How often the layer or the group stands here; 1 if left out.
    pub count: Option<Count>,
    /// Name of the attention design.
    pub attention: Option<At<String>>,
    /// Name of the feed-forward design.
    pub ffn: Option<At<String>>,
    /// A group of runs instead of a layer.
    pub group: Option<At<Vec<At<RunSpec>>>>,
}

/// Multi-token prediction.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MtpSpec {
    /// Its layers.
    pub layers: At<Vec<At<RunSpec>>>,
    /// Norms of width h in each layer, beyond an ordinary layer's.
    #[serde(default)]
    pub extra_norms: u32,
    /// Whether hidden state and embedding are joined by a 2h x h projection.
    #[serde(default)]
    pub projection: bool,
}

/// More layers than this is a slip.
const MOST_LAYERS: u64 = 10_000;
/// Groups nest no deeper.
const DEEPEST_GROUP: usize = 4;
/// More parameters than this is a slip.
const MOST_PARAMS: f64 = 1e17;

impl ModelSpec {
    /// Reads and checks a model.
    ///
    /// # Errors
    /// The first complaint, with its place.
    pub fn read(node: &Node) -> Result<Model, Diagnostic> {
        let spec: Self = from_node(node)?;
        spec.resolve()
    }

    fn resolve(&self) -> Result<Model, Diagnostic> {
        super::check_name(&self.name)?;
        let attentions = named(&self.attention, |a| a.resolve(self.precision.kv_cache))?;
        let ffns = named(&self.ffn, FfnSpec::resolve)?;
        let mut model = Model {
            name: self.name.value.clone(),
            title: self.title.clone().unwrap_or_else(|| self.name.value.clone()),
            hidden_size: self.hidden_size.0,
            vocabulary_size: self.vocabulary_size.0,
            tied_embeddings: self.tied_embeddings,
            precision: Precision {
                weights: self.precision.weights,
                activations: self.precision.activations,
            },
            norms: Norms { per_layer: self.norms.per_layer.0, bias: self.norms.bias },
            attentions,
            ffns,
            runs: Vec::new(),
            mtp: None,
        };
        model.runs = runs(&self.layers, &model)?;
        let found = model.layer_count();
        if found != self.num_layers.0 {
            let message =
                format!("`num_layers` is {}, but `layers` adds up to {found}", self.num_layers.0);
            return Err(self
                .num_layers
                .complain(message)
                .help(format!("write {found} here, or change a `count` under `layers`")));
        }
        if let Some(mtp) = &self.mtp {
            model.mtp = Some(Mtp {
                runs: runs(&mtp.layers, &model)?,
                extra_norms: mtp.extra_norms.into(),
                projection: mtp.projection,
            });
        }
        // Both lists are in the order of the designs.
        let names = self.attention.keys().chain(self.ffn.keys());
        if let Some((name, _)) = names.zip(uses(&model)).find(|(_, layers)| *layers == 0) {
            return Err(name
                .complain(format!("no layer uses the design `{}`", name.value))
                .help("remove it, or name it under `layers`"));
        }
        self.check_size(&model)?;
        Ok(model)
    }

    /// Refuses shapes whose parameter count could not be held exactly.
    fn check_size(&self, model: &Model) -> Result<(), Diagnostic> {
        let h = self.hidden_size.0 as f64;
        let attention = model.attentions.iter().map(|named| {
            let matrices = named.design.matrices(model.hidden_size);
            matrices.iter().map(|m| m.inputs as f64 * m.outputs as f64).sum::<f64>()
        });
        let ffn = model.ffns.iter().map(|named| match &named.design {
            Ffn::Dense(d) => 3.0 * h * d.intermediate_size as f64,
            Ffn::Moe(m) => {
                let routed = m.experts as f64 * m.expert_intermediate_size as f64;
                3.0 * h * (routed + m.shared_intermediate_size as f64) + h * m.experts as f64
            }
        });
        let mtp = model.mtp.as_ref();
        let norms = model.norms.per_layer + mtp.map_or(0, |m| m.extra_norms);
        let projection = if mtp.is_some_and(|m| m.projection) { 2.0 * h * h } else { 0.0 };
        let layer = attention.fold(0.0, f64::max)
            + ffn.fold(0.0, f64::max)
            + 2.0 * h * norms as f64
            + projection;
        let mtp_layers: u64 = mtp.iter().flat_map(|m| &m.runs).map(|run| run.count).sum();
        let layers = (model.layer_count() + mtp_layers) as f64;
        if layer * layers + 2.0 * h * self.vocabulary_size.0 as f64 > MOST_PARAMS {
            return Err(self
                .name
                .complain(format!("this model would have more than {MOST_PARAMS:e} parameters"))
                .help("check the sizes and counts for a digit too many"));
        }
        Ok(())
    }
}

/// The number of layers, ordinary and MTP, that use each design: attention first, then FFN.
fn uses(model: &Model) -> Vec<u64> {
    let mtp = model.mtp.iter().flat_map(|m| &m.runs);
    let all: Vec<&Run> = model.runs.iter().chain(mtp).collect();
    let count = |of: &dyn Fn(&Layer) -> bool| {
        all.iter().filter(|r| of(&r.layer)).map(|r| r.count).sum::<u64>()
    };
    let attention = (0..model.attentions.len()).map(|i| count(&|l| l.attention == i));
    attention.chain((0..model.ffns.len()).map(|i| count(&|l| l.ffn == i))).collect()
}

fn named<S, T>(
    specs: &IndexMap<At<String>, S>,
    resolve: impl Fn(&S) -> Result<T, Diagnostic>,
) -> Result<Vec<Named<T>>, Diagnostic> {
    specs
        .iter()
        .map(|(name, spec)| Ok(Named { name: name.value.clone(), design: resolve(spec)? }))
        .collect()
}

impl AttentionSpec {
    fn resolve(&self, kv_cache: Dtype) -> Result<Attention, Diagnostic> {
        Ok(match self {
            Self::Gqa(spec) => {
                check_heads(&spec.query_heads, &spec.kv_heads)?;
                Attention::Gqa(Gqa {
                    query_heads: spec.query_heads.0,
                    kv_heads: spec.kv_heads.0,
                    head_dim: spec.head_dim.0,
                    window: spec.window.as_ref().map(|window| match window {
                        WindowSpec::SlidingTokens(n) => Window::Sliding(n.0),
                        WindowSpec::ChunkedTokens(n) => Window::Chunked(n.0),
                    }),
                    kv_cache: spec.kv_cache.unwrap_or(kv_cache),
                    qkv_bias: spec.qkv_bias,
                    output_bias: spec.output_bias,
                    qk_norm: match spec.qk_norm {
                        QkNormSpec::None => QkNorm::None,
                        QkNormSpec::PerHead => QkNorm::PerHead,
                        QkNormSpec::AllHeads => QkNorm::AllHeads,
                    },
                    output_gate: spec.output_gate,
                    sinks: spec.sinks,
                })
            }
            Self::Mfa(spec) => {
                check_heads(&spec.query_heads, &spec.kv_heads)?;
                Attention::Mfa(Mfa {
                    query_heads: spec.query_heads.0,
                    kv_heads: spec.kv_heads.0,
                    head_dim: spec.head_dim.0,
                    query_rank: spec.query_rank.0,
                    kv_cache: spec.kv_cache.unwrap_or(kv_cache),
                })
            }
            Self::Mla(spec) => Attention::Mla(Mla {
                query_heads: spec.query_heads.0,
                query_rank: spec.query_rank.map(|rank| rank.0),
                kv_rank: spec.kv_rank.0,
                nope_head_dim: spec.nope_head_dim.0,
                rope_head_dim: spec.rope_head_dim.0,
                value_head_dim: spec.value_head_dim.0,
                kv_cache: spec.kv_cache.unwrap_or(kv_cache),
            }),
            Self::Lightning(spec) => Attention::Lightning(Lightning {
                heads: spec.heads.0,
                head_dim: spec.head_dim.0,
                state: spec.state,
            }),
        })
    }
}

fn check_heads(query: &At<Count>, kv: &At<Count>) -> Result<(), Diagnostic> {
    if query.0.is_multiple_of(kv.0) {
        return Ok(());
    }
    let message =
        format!("`kv_heads` is {}, which does not divide `query_heads`, {}", kv.0, query.0);
    Err(kv.complain(message).help("each KV head serves the same number of query heads"))
}

impl FfnSpec {
    fn resolve(&self) -> Result<Ffn, Diagnostic> {
        match self {
            Self::Dense(spec) => Ok(Ffn::Dense(Dense {
                intermediate_size: spec.intermediate_size.0,
                bias: spec.bias,
            })),
            Self::Moe(spec) => {
                if spec.experts_per_token.0 > spec.experts.0 {
                    let message = format!(
                        "`experts_per_token` is {}, but there are only {} `experts`",
                        spec.experts_per_token.0, spec.experts.0
                    );
                    return Err(spec.experts_per_token.complain(message));
                }
                Ok(Ffn::Moe(Moe {
                    experts: spec.experts.0,
                    experts_per_token: spec.experts_per_token.0,
                    expert_intermediate_size: spec.expert_intermediate_size.0,
                    shared_intermediate_size: spec.shared_intermediate_size.map_or(0, |n| n.0),
                    shared_gate: spec.shared_gate,
                    expert_bias: spec.expert_bias,
                    router_bias: spec.router_bias,
                }))
            }
        }
    }
}

/// Unfolds groups, and folds equal neighbours again.
fn runs(specs: &At<Vec<At<RunSpec>>>, model: &Model) -> Result<Vec<Run>, Diagnostic> {
    let mut all: Vec<Run> = Vec::new();
    unfold(specs, model, 0, &mut all)?;
    if all.is_empty() {
        return Err(specs.complain("`layers` must hold at least one run of layers"));
    }
    let layers: u64 = all.iter().map(|run| run.count).sum();
    if layers > MOST_LAYERS {
        return Err(specs.complain(format!("`layers` adds up to more than {MOST_LAYERS}")));
    }
    Ok(all)
}

fn push(all: &mut Vec<Run>, run: Run) {
    match all.last_mut() {
        Some(last) if last.layer == run.layer => last.count += run.count,
        _ => all.push(run),
    }
}

fn unfold(
    specs: &[At<RunSpec>],
    model: &Model,
    depth: usize,
    all: &mut Vec<Run>,
) -> Result<(), Diagnostic> {
    for spec in specs {
        let count = spec.count.map_or(1, |count| count.0).min(MOST_LAYERS + 1);
        match (&spec.attention, &spec.ffn, &spec.group) {
            (Some(attention), Some(ffn), None) => {
                let layer = Layer {
                    attention: find(
                        attention,
                        "attention",
                        model.attentions.iter().map(|a| &a.name),
                    )?,
                    ffn: find(ffn, "ffn", model.ffns.iter().map(|f| &f.name))?,
                };
                push(all, Run { count, layer });
            }
            (None, None, Some(group)) => {
                if depth == DEEPEST_GROUP {
                    return Err(group.complain("groups of layers nest too deep"));
                }
                let mut once = Vec::new();
                unfold(group, model, depth + 1, &mut once)?;
                if once.is_empty() {
                    return Err(group.complain("`group` must hold at least one run"));
                }
                for _ in 0..count {
                    once.iter().for_each(|run| push(all, *run));
                    if all.len() as u64 > MOST_LAYERS {
                        return Err(group.complain("the layers are more than 10,000"));
                    }
                }
            }
            _ => return Err(unclear(spec)),
        }
    }
    Ok(())
}

/// What keeps a run from being a layer or a group.
fn unclear(run: &At<RunSpec>) -> Diagnostic {
    let message = match (&run.attention, &run.ffn, &run.group) {
        (Some(_), None, None) => "this run of layers does not name its `ffn`",
        (None, Some(_), None) => "this run of layers does not name its `attention`",
        (_, _, None) => "this run names neither `attention` and `ffn` nor a `group`",
        (_, _, Some(_)) => "this run is a layer and a `group` at once",
    };
    run.complain(message)
        .help("write {count: 3, attention: NAME, ffn: NAME} or {count: 3, group: [...]}")
}

fn find<'a>(
    name: &At<String>,
    kind: &str,
    names: impl Iterator<Item = &'a String> + Clone,
) -> Result<usize, Diagnostic> {
    if let Some(at) = names.clone().position(|n| *n == name.value) {
        return Ok(at);
    }
    let words = || names.clone().map(String::as_str);
    let complaint = name.complain(format!("`{kind}` has no design named `{}`", name.value));
    Err(match did_you_mean(name, words()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!(
            "the designs under `{kind}` are {}",
            super::source::all_of(&words().collect::<Vec<_>>())
        )),
    })
}
