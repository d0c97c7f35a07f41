//! A model as the counting sees it: layers in order, and what stands around them.

use super::attention::Attention;
use super::checkpoint::Checkpoint;
use super::dtype::Dtype;
use super::ffn::Ffn;
use super::residual::Residual;

/// Most designs of attention, and of FFN, that a model may have.
pub const MOST_DESIGNS: usize = 16;

/// A checked model. `spec` makes it; nothing changes it afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Short name, as on the command line.
    pub name: String,
    /// Name for tables and plots.
    pub title: String,
    /// h.
    pub hidden_size: u64,
    /// Entries of the vocabulary.
    pub vocabulary_size: u64,
    /// Whether the LM head is the embedding.
    pub tied_embeddings: bool,
    /// A bias on the LM head.
    pub head_bias: bool,
    /// Element formats.
    pub precision: Precision,
    /// Norms around the layers.
    pub norms: Norms,
    /// What carries the residual stream.
    pub residual: Residual,
    /// Attention designs by name.
    pub attentions: Vec<Named<Attention>>,
    /// Feed-forward designs by name.
    pub ffns: Vec<Named<Ffn>>,
    /// The layers, in order, equal neighbours folded.
    pub runs: Vec<Run>,
    /// Multi-token prediction layers, which ordinary decoding does not run.
    pub mtp: Option<Mtp>,
    /// What the published checkpoint holds beside the model, where that is known.
    pub checkpoint: Option<Checkpoint>,
}

/// A design with the name the spec gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T> {
    /// The spec's name for it.
    pub name: String,
    /// The design.
    pub design: T,
}

/// Element formats of what is not a cache. Caches and states have theirs in their design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Weights as stored and read.
    pub weights: Dtype,
    /// Activations, and with them the arithmetic of the matrix products.
    pub activations: Dtype,
}

/// Norms of width h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Norms {
    /// How many each layer has.
    pub per_layer: u64,
    /// Whether each has a bias beside its weight (LayerNorm).
    pub bias: bool,
}

/// Consecutive equal layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How many.
    pub count: u64,
    /// What each is.
    pub layer: Layer,
}

/// One layer, by the places of its designs in [`Model::attentions`] and [`Model::ffns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Index of its attention.
    pub attention: usize,
    /// Index of its feed-forward block.
    pub ffn: usize,
}

/// Multi-token prediction: extra layers that draft tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Mtp {
    /// The layers.
    pub runs: Vec<Run>,
    /// Norms of width h in each, beyond those of an ordinary layer.
    pub extra_norms: u64,
    /// Whether each joins hidden state and embedding by a 2h x h projection.
    pub projection: bool,
}

impl Model {
    /// L.
    #[must_use]
    pub fn layer_count(&self) -> u64 {
        self.runs.iter().map(|run| run.count).sum()
    }

    /// The same model with its KV caches in another format. Recurrent states keep theirs.
    #[must_use]
    pub fn with_kv_cache(mut self, format: Dtype) -> Self {
        for named in &mut self.attentions {
            named.design.set_kv_cache(format);
        }
        self
    }

    /// A layer's attention.
    #[must_use]
    pub fn attention(&self, layer: Layer) -> &Attention {
        &self.attentions[layer.attention].design
    }

    /// A layer's feed-forward block.
    #[must_use]
    pub fn ffn(&self, layer: Layer) -> &Ffn {
        &self.ffns[layer.ffn].design
    }

    /// How many layers use each attention design, in the order of [`Model::attentions`].
    #[must_use]
    pub fn attention_layers(&self) -> Vec<u64> {
        self.tally(self.attentions.len(), |layer| layer.attention)
    }

    /// As [`Self::attention_layers`], with the MTP layers where a deployment drafts.
    #[must_use]
    pub fn attention_layers_held(&self, drafting: bool) -> Vec<u64> {
        self.with_mtp(self.attention_layers(), drafting, |layer| layer.attention)
    }

    /// As [`Self::ffn_layers`], with the MTP layers where a deployment drafts.
    #[must_use]
    pub fn ffn_layers_held(&self, drafting: bool) -> Vec<u64> {
        self.with_mtp(self.ffn_layers(), drafting, |layer| layer.ffn)
    }

    fn with_mtp(
        &self,
        mut counts: Vec<u64>,
        drafting: bool,
        of: impl Fn(Layer) -> usize,
    ) -> Vec<u64> {
        for run in self.mtp.iter().filter(|_| drafting).flat_map(|mtp| &mtp.runs) {
            counts[of(run.layer)] += run.count;
        }
        counts
    }

    /// How many layers use each feed-forward design, in the order of [`Model::ffns`].
    #[must_use]
    pub fn ffn_layers(&self) -> Vec<u64> {
        self.tally(self.ffns.len(), |layer| layer.ffn)
    }

    fn tally(&self, kinds: usize, of: impl Fn(Layer) -> usize) -> Vec<u64> {
        let mut counts = vec![0; kinds];
        for run in &self.runs {
            counts[of(run.layer)] += run.count;
        }
        counts
    }
}
