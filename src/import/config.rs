//! The config of a language model: the mapping it stands in, what surrounds it, and the formats
//! that the user or the families' habits give its caches.

use super::keys::{Keys, Log};
use crate::spec::Diagnostic;
use crate::spec::node::{Node, Value};
use crate::work::dtype::Dtype;

/// Deeper models are slips.
const MOST_LAYERS: u64 = 10_000;

/// Everything that a family reads from.
#[derive(Debug)]
pub(super) struct Config<'a> {
    /// The language model's own keys.
    pub text: Keys<'a>,
    /// The whole file, where the language model is nested in it.
    pub outer: Option<Keys<'a>>,
    /// `model_type` of the language model.
    pub model_type: String,
    /// The KV cache format that the user wants.
    pub kv_cache: Option<Dtype>,
}

impl<'a> Config<'a> {
    pub(super) const fn log(&self) -> &'a Log {
        self.text.log()
    }

    /// h.
    pub(super) fn hidden_size(&self) -> Result<u64, Diagnostic> {
        self.text.count("hidden_size")
    }

    /// V.
    pub(super) fn vocabulary_size(&self) -> Result<u64, Diagnostic> {
        self.text.count("vocab_size")
    }

    /// L.
    pub(super) fn layers(&self) -> Result<u64, Diagnostic> {
        let layers = self.text.count("num_hidden_layers")?;
        if layers > MOST_LAYERS {
            let message = format!("`num_hidden_layers` is {layers}: no model is so deep");
            return Err(self.text.complain("num_hidden_layers", message));
        }
        Ok(layers)
    }

    /// Whether head and embedding are one matrix; both levels may say so, and must agree.
    pub(super) fn tied(&self, default: bool) -> Result<bool, Diagnostic> {
        const KEY: &str = "tie_word_embeddings";
        let said = |keys: &Keys| -> Result<Option<bool>, Diagnostic> {
            Ok(if keys.value(KEY).is_some() { Some(keys.flag(KEY, default)?) } else { None })
        };
        let outer = self.outer.as_ref().map(said).transpose()?.flatten();
        match (said(&self.text)?, outer) {
            (Some(inner), Some(outer)) if inner != outer => {
                let message = format!("`{KEY}` is {inner} in `text_config`, but {outer} outside");
                Err(self.text.complain(KEY, message))
            }
            (Some(tied), _) | (None, Some(tied)) => Ok(tied),
            (None, None) => {
                if default {
                    self.log().assume(format!("{KEY} = true, the architecture's default"));
                }
                Ok(default)
            }
        }
    }

    /// Format of a KV cache: the user's, or FP8.
    pub(super) fn kv_cache(&self) -> Dtype {
        self.kv_cache.unwrap_or_else(|| {
            self.log().assume("KV cache in fp8, as the Step-3 paper takes it");
            Dtype::Fp8
        })
    }

    /// The same in the families whose full-attention layers are taken to need BF16.
    pub(super) fn wide_kv_cache(&self) -> Dtype {
        self.kv_cache.unwrap_or_else(|| {
            self.log()
                .assume("KV cache of full-attention layers in bf16 (Step-3 paper, section 4)");
            Dtype::Bf16
        })
    }

    /// Format of a linear-attention state.
    pub(super) fn state(&self) -> Dtype {
        self.log().assume("linear-attention state in fp32");
        Dtype::Fp32
    }

    /// Format of a short convolution's window.
    pub(super) fn conv_state(&self) -> Dtype {
        self.log().assume("short-convolution window in bf16");
        Dtype::Bf16
    }

    /// MTP layers; a file that does not speak of them has none.
    pub(super) fn mtp_layers(&self) -> Result<u64, Diagnostic> {
        const SPELLINGS: [&str; 3] =
            ["num_nextn_predict_layers", "num_mtp_layers", "mtp_num_hidden_layers"];
        let layers = self.text.number(&SPELLINGS)?.unwrap_or(0);
        if layers > 64 {
            let message = format!("{layers} MTP layers are more than any model has");
            return Err(self.text.complain(SPELLINGS[0], message));
        }
        Ok(layers)
    }

    /// A list with an entry per layer: as long as the model is deep, or longer where the rest
    /// speaks of MTP layers.
    pub(super) fn per_layer<T>(
        &self,
        key: &str,
        list: Option<Vec<T>>,
        layers: u64,
        may_be_longer: bool,
    ) -> Result<Option<Vec<T>>, Diagnostic> {
        let Some(list) = list else { return Ok(None) };
        let found = list.len() as u64;
        if found == layers || (may_be_longer && found > layers) {
            return Ok(Some(list));
        }
        let message = format!("`{key}` has {found} entries, but the model {layers} layers");
        Err(self.text.complain(key, message))
    }

    /// Which layers a rule or a list `key` of places from 0 names.
    pub(super) fn places(
        &self,
        key: &str,
        places: &[u64],
        layers: u64,
    ) -> Result<Vec<bool>, Diagnostic> {
        let mut named = vec![false; layers as usize];
        for place in places {
            let Some(slot) = named.get_mut(*place as usize) else {
                let message =
                    format!("`{key}` names layer {place}, but the last is {}", layers - 1);
                return Err(self.text.complain(key, message));
            };
            *slot = true;
        }
        Ok(named)
    }

    /// Whether a tower of another modality stands beside the language model.
    pub(super) fn towers(&self) -> Vec<&'static str> {
        let outer = self.outer.as_ref().unwrap_or(&self.text);
        let there = |key: &&str| {
            outer.node().get(key).is_some_and(|node| matches!(node.value, Value::Map(_)))
        };
        ["vision_config", "audio_config", "speech_config"].into_iter().filter(there).collect()
    }

    /// The keys of a tower.
    pub(super) fn tower(&self, key: &str) -> Option<&'a Node> {
        self.outer.as_ref().unwrap_or(&self.text).node().get(key)
    }
}
