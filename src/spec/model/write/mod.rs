//! A model as YAML that reads as if a person had written it: defaults left out, layers folded,
//! short mappings on one line. What is read back is the same model.

mod design;
mod yaml;

use super::Imported;
use super::fold::fold;
use crate::work::attention::{Attention, Compressed};
use crate::work::checkpoint::{Checkpoint, Scales};
use crate::work::dtype::Dtype;
use crate::work::model::{Layer, Model, Run};
use crate::work::residual::Residual;
use design::{attention, ffn};
use yaml::Yaml;

/// What a spec says about itself beside the model.
#[derive(Debug, Default)]
pub struct Prose {
    /// Where the figures come from.
    pub sources: Vec<String>,
    /// What a reader should know.
    pub notes: Option<String>,
    /// How an import made it.
    pub imported: Option<Imported>,
}

/// Keys in the order they are written; those without a value are left out.
#[derive(Default)]
struct Keys(Vec<(String, Yaml)>);

impl Keys {
    fn put(&mut self, key: &str, value: Yaml) {
        self.0.push((key.to_owned(), value));
    }

    fn number(&mut self, key: &str, n: u64) {
        self.put(key, Yaml::number(n));
    }

    /// Written only where it is set.
    fn flag(&mut self, key: &str, set: bool) {
        if set {
            self.put(key, Yaml::Bare("true".to_owned()));
        }
    }

    fn word(&mut self, key: &str, word: &str) {
        self.put(key, Yaml::Bare(word.to_owned()));
    }

    fn dtype(&mut self, key: &str, dtype: Option<Dtype>) {
        if let Some(dtype) = dtype {
            self.word(key, dtype.name());
        }
    }
}

/// The spec of a model.
#[must_use]
pub fn to_yaml(model: &Model, prose: &Prose) -> String {
    let mut keys = Keys::default();
    keys.put("name", Yaml::Text(model.name.clone()));
    if model.title != model.name {
        keys.put("title", Yaml::Text(model.title.clone()));
    }
    if !prose.sources.is_empty() {
        let sources = prose.sources.iter().cloned().map(Yaml::Text).collect();
        keys.put("sources", Yaml::Items(sources));
    }
    if let Some(notes) = &prose.notes {
        keys.put("notes", Yaml::Text(notes.clone()));
    }
    let kv_cache = usual_kv_cache(model);
    shape(model, kv_cache, &mut keys);
    let designs = model.attentions.iter().map(|a| (a.name.clone(), attention(&a.design, kv_cache)));
    keys.put("attention", Yaml::Block(designs.collect()));
    let designs = model.ffns.iter().map(|f| (f.name.clone(), ffn(&f.design)));
    keys.put("ffn", Yaml::Block(designs.collect()));
    keys.number("num_layers", model.layer_count());
    keys.put("layers", layers(model, &model.runs));
    mtp(model, &mut keys);
    if let Some(checkpoint) = &model.checkpoint {
        keys.put("checkpoint", stored(checkpoint));
    }
    if let Some(imported) = &prose.imported {
        keys.put("imported", provenance(imported));
    }
    // Nothing in braces would leave a reader guessing.
    let text = Yaml::Block(keys.0).document();
    text.replace("\ncheckpoint: {}\n", "\ncheckpoint: {} # the weights above and nothing else\n")
}

fn shape(model: &Model, kv_cache: Dtype, keys: &mut Keys) {
    keys.number("hidden_size", model.hidden_size);
    keys.number("vocabulary_size", model.vocabulary_size);
    keys.flag("tied_embeddings", model.tied_embeddings);
    keys.flag("head_bias", model.head_bias);
    let mut precision = Keys::default();
    precision.word("weights", model.precision.weights.name());
    precision.word("kv_cache", kv_cache.name());
    precision.word("activations", model.precision.activations.name());
    keys.put("precision", Yaml::Braces(precision.0));
    if model.norms.per_layer != 2 || model.norms.bias {
        let mut norms = Keys::default();
        norms.number("per_layer", model.norms.per_layer);
        norms.flag("bias", model.norms.bias);
        keys.put("norms", Yaml::Braces(norms.0));
    }
    let mut residual = |kind: &str, key: &str, n: u64| {
        let inner = Yaml::Braces(vec![(key.to_owned(), Yaml::number(n))]);
        keys.put("residual", Yaml::Braces(vec![(kind.to_owned(), inner)]));
    };
    match model.residual {
        Residual::Plain => {}
        Residual::HyperConnections { streams } => residual("hyper_connections", "streams", streams),
        Residual::AttentionResiduals { block_layers } => {
            residual("attention_residuals", "block_layers", block_layers);
        }
    }
}

/// The KV cache format of most layers; the rest say their own.
fn usual_kv_cache(model: &Model) -> Dtype {
    let of = |attention: &Attention| match attention {
        Attention::Gqa(a) => Some(a.kv_cache),
        Attention::Mfa(a) => Some(a.kv_cache),
        Attention::Mla(a) => Some(a.kv_cache),
        Attention::Dsa(a) => Some(a.mla.kv_cache),
        Attention::Compressed(Compressed { kv_cache, .. }) => Some(*kv_cache),
        Attention::Lightning(_) | Attention::GatedDeltaNet(_) | Attention::Kda(_) => None,
    };
    let counted = model.attentions.iter().zip(model.attention_layers());
    let formats = counted.filter_map(|(named, n)| Some((of(&named.design)?, n)));
    let mut tally: Vec<(Dtype, u64)> = Vec::new();
    for (format, n) in formats {
        match tally.iter_mut().find(|(known, _)| *known == format) {
            Some((_, total)) => *total += n,
            None => tally.push((format, n)),
        }
    }
    let most = tally.iter().map(|(_, n)| *n).max();
    tally.iter().find(|(_, n)| Some(*n) == most).map_or(Dtype::Bf16, |(format, _)| *format)
}

/// Runs and groups, folded.
fn layers(model: &Model, runs: &[Run]) -> Yaml {
    let each = |run: &Run| std::iter::repeat_n(run.layer, run.count as usize).collect::<Vec<_>>();
    let all: Vec<Layer> = runs.iter().flat_map(each).collect();
    let line = |layer: Layer, count: usize| {
        let mut keys = Keys::default();
        if count > 1 {
            keys.number("count", count as u64);
        }
        keys.put("attention", Yaml::Text(model.attentions[layer.attention].name.clone()));
        keys.put("ffn", Yaml::Text(model.ffns[layer.ffn].name.clone()));
        Yaml::Braces(keys.0)
    };
    let items = fold(&all).into_iter().map(|stretch| {
        let block = &all[stretch.start..stretch.start + stretch.period];
        if block.len() == 1 {
            return line(block[0], stretch.repeats);
        }
        let runs = block.chunk_by(PartialEq::eq).map(|run| line(run[0], run.len()));
        let mut keys = Keys::default();
        keys.number("count", stretch.repeats as u64);
        keys.put("group", Yaml::Items(runs.collect()));
        Yaml::Block(keys.0)
    });
    Yaml::Items(items.collect())
}

fn mtp(model: &Model, keys: &mut Keys) {
    let Some(mtp) = &model.mtp else { return };
    let mut inner = Keys::default();
    inner.put("layers", layers(model, &mtp.runs));
    if mtp.extra_norms > 0 {
        inner.number("extra_norms", mtp.extra_norms);
    }
    inner.flag("projection", mtp.projection);
    keys.put("mtp", Yaml::Block(inner.0));
}

fn stored(checkpoint: &Checkpoint) -> Yaml {
    let mut keys = Keys::default();
    keys.flag("mtp", checkpoint.mtp);
    let copies = [
        ("mtp_embeddings", checkpoint.mtp_embeddings),
        ("mtp_heads", checkpoint.mtp_heads),
        ("other_params", checkpoint.other_params),
    ];
    for (key, n) in copies.into_iter().filter(|(_, n)| *n > 0) {
        keys.number(key, n);
    }
    let scales = |kind: &str, inner: &[(&str, u64)]| {
        let inner = inner.iter().map(|(key, n)| ((*key).to_owned(), Yaml::number(*n)));
        Yaml::Braces(vec![(kind.to_owned(), Yaml::Braces(inner.collect()))])
    };
    match checkpoint.scales {
        Scales::None => {}
        Scales::Blocks { rows, columns } => {
            keys.put("scales", scales("blocks", &[("rows", rows), ("columns", columns)]));
        }
        Scales::ExpertGroups { group } => {
            keys.put("scales", scales("expert_groups", &[("group", group)]));
        }
        Scales::PackedExperts { per_word, group } => {
            let inner = [("per_word", per_word), ("group", group)];
            keys.put("scales", scales("packed_experts", &inner));
        }
    }
    Yaml::Braces(keys.0)
}

fn provenance(imported: &Imported) -> Yaml {
    let text = |text: &String| Yaml::Text(text.clone());
    let mut keys = Keys::default();
    keys.put("from", text(&imported.from));
    keys.put("sha256", Yaml::Text(imported.sha256.clone()));
    keys.put("architecture", text(&imported.architecture));
    keys.put("keys", Yaml::Words(imported.keys.clone()));
    if !imported.assumed.is_empty() {
        keys.put("assumed", Yaml::Items(imported.assumed.iter().map(text).collect()));
    }
    Yaml::Block(keys.0)
}
