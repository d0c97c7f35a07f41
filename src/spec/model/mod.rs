//! Model specs: the YAML of `model_specs/` as written, and its way to a checked
//! [`work::Model`](crate::work::model::Model), and back again.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`attention`], [`ffn`], [`layers`] | the parts of that name |
//! | [`checkpoint`] | what the published checkpoint holds |
//! | [`mod@write`] | a model as the YAML that a person would write |

pub mod attention;
pub mod checkpoint;
pub mod ffn;
mod fold;
pub mod layers;
pub mod write;

use super::de::{At, from_node};
use super::node::Node;
use super::quantity::Count;
use super::source::Diagnostic;
use crate::work::dtype::Dtype;
use crate::work::ffn::Ffn;
use crate::work::model::MOST_DESIGNS;
use crate::work::model::{Layer, Model, Mtp, Named, Norms, Precision, Run};
use crate::work::residual::Residual;
use attention::AttentionSpec;
use checkpoint::CheckpointSpec;
use ffn::FfnSpec;
use indexmap::IndexMap;
use layers::{RunSpec, runs};
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
    /// Hidden size (h): the width of the residual stream.
    pub hidden_size: Count,
    /// Entries of the vocabulary.
    pub vocabulary_size: Count,
    /// Whether the LM head is the embedding matrix.
    #[serde(default)]
    pub tied_embeddings: bool,
    /// Whether the LM head has a bias.
    #[serde(default)]
    pub head_bias: bool,
    /// Element formats of weights, KV cache and activations.
    pub precision: PrecisionSpec,
    /// Norms of width h around the layers' blocks.
    #[serde(default)]
    pub norms: NormsSpec,
    /// What carries the residual stream, if it is more than an addition.
    pub residual: Option<ResidualSpec>,
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
    /// What the published checkpoint holds; left out where that is not known.
    pub checkpoint: Option<CheckpointSpec>,
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

/// A residual stream that is more than an addition.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResidualSpec {
    /// Manifold-constrained hyper-connections over so many streams.
    HyperConnections {
        /// Parallel residual streams.
        streams: Count,
    },
    /// Blocks attend over the outputs of earlier blocks.
    AttentionResiduals {
        /// Layers whose outputs are summed into one.
        block_layers: Count,
    },
}

/// Multi-token prediction.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MtpSpec {
    /// The MTP layers, as runs of equal layers.
    pub layers: At<Vec<At<RunSpec>>>,
    /// Norms of width h in each layer, beyond an ordinary layer's.
    #[serde(default)]
    pub extra_norms: u32,
    /// Whether hidden state and embedding are joined by a 2h x h projection.
    #[serde(default)]
    pub projection: bool,
}

/// More parameters than this is a slip; what is derived from them then fits 64 bits.
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
        for (kind, designs) in [("attention", self.attention.len()), ("ffn", self.ffn.len())] {
            if designs > MOST_DESIGNS {
                let message = format!("`{kind}` has {designs} designs; at most {MOST_DESIGNS} fit");
                return Err(self.name.complain(message).help("give equal layers one design"));
            }
        }
        let attentions = named(&self.attention, |a| a.resolve(self.precision.kv_cache))?;
        let ffns = named(&self.ffn, FfnSpec::resolve)?;
        let mut model = Model {
            name: self.name.value.clone(),
            title: self.title.clone().unwrap_or_else(|| self.name.value.clone()),
            hidden_size: self.hidden_size.0,
            vocabulary_size: self.vocabulary_size.0,
            tied_embeddings: self.tied_embeddings,
            head_bias: self.head_bias,
            precision: Precision {
                weights: self.precision.weights,
                activations: self.precision.activations,
            },
            norms: Norms { per_layer: self.norms.per_layer.0, bias: self.norms.bias },
            residual: match self.residual {
                None => Residual::Plain,
                Some(ResidualSpec::HyperConnections { streams }) => {
                    Residual::HyperConnections { streams: streams.0 }
                }
                Some(ResidualSpec::AttentionResiduals { block_layers }) => {
                    Residual::AttentionResiduals { block_layers: block_layers.0 }
                }
            },
            attentions,
            ffns,
            runs: Vec::new(),
            mtp: None,
            checkpoint: None,
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
        model.checkpoint = self.checkpoint.as_ref().map(CheckpointSpec::resolve).transpose()?;
        self.check_size(&model)?;
        Ok(model)
    }

    /// Refuses shapes whose parameter count could not be held exactly.
    fn check_size(&self, model: &Model) -> Result<(), Diagnostic> {
        let h = self.hidden_size.0 as f64;
        let attention = model.attentions.iter().map(|named| {
            let matrices = named.design.matrices(model.hidden_size);
            let matrices = matrices.iter().map(|m| m.inputs as f64 * m.outputs as f64);
            matrices.sum::<f64>() + named.design.other_params() as f64
        });
        let ffn = model.ffns.iter().map(|named| match &named.design {
            Ffn::Dense(d) => 3.0 * h * d.intermediate_size as f64,
            Ffn::Moe(m) => {
                let latent = m.latent.map_or(0.0, |latent| latent.size as f64);
                let routed = m.experts as f64 * m.expert_intermediate_size as f64;
                let shared = m.shared_intermediate_size as f64;
                let routed = 3.0 * routed * if latent > 0.0 { latent } else { h };
                routed + h * (3.0 * shared + 2.0 * latent + m.experts as f64)
            }
        });
        let streams = match model.residual {
            Residual::HyperConnections { streams } => streams as f64,
            _ => 1.0,
        };
        let residual = 4.0 * h * streams * streams * (2.0 + streams);
        let mtp = model.mtp.as_ref();
        let norms = model.norms.per_layer + mtp.map_or(0, |m| m.extra_norms);
        let projection = if mtp.is_some_and(|m| m.projection) { 2.0 * h * h } else { 0.0 };
        let layer = attention.fold(0.0, f64::max)
            + ffn.fold(0.0, f64::max)
            + residual
            + 2.0 * h * norms as f64
            + projection;
        let mtp_layers: u64 = mtp.iter().flat_map(|m| &m.runs).map(|run| run.count).sum();
        let layers = (model.layer_count() + mtp_layers) as f64;
        let copies = model.checkpoint.map_or(0, |c| c.mtp_embeddings + c.mtp_heads);
        let tables = 2 + mtp_layers * copies;
        let tables = tables as f64 * h * self.vocabulary_size.0 as f64;
        if layer * layers + tables > MOST_PARAMS {
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
