//! The fields that a sweep may set, by name.

use crate::spec::Kind;
use crate::spec::at::At;
use crate::spec::schema;
use crate::spec::source::{Diagnostic, did_you_mean, one_of};

/// Which hardware a field is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Of both sides.
    Both,
    /// Of the attention side.
    Attention,
    /// Of the FFN side.
    Ffn,
}

impl Pool {
    /// Whether a field of this is one of that side.
    #[must_use]
    pub fn is_of(self, side: Self) -> bool {
        self == Self::Both || self == side
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Which model of the scenario.
    Model,
    /// A path into its spec.
    ModelPath(Vec<String>),
    /// Format of the KV cache.
    KvCache,
    /// Which hardware of the scenario.
    Hardware(Pool),
    /// A path into its profile.
    HardwarePath(Pool, Vec<String>),
    /// The deployment's name.
    Deployment,
    /// x of an AFD deployment `xAyF`.
    AttentionInstances,
    /// y of an AFD deployment `xAyF`.
    FfnInstances,
    /// A key of the conditions.
    Condition(String),
    /// Requests in flight.
    Batch,
    /// Micro-batches.
    MicroBatches,
    /// Context of a request.
    Context,
    /// Time per output token that is promised.
    Promise,
}

/// The fields that are words of their own.
const WORDS: [(&str, Field); 12] = [
    ("model", Field::Model),
    ("kv_cache", Field::KvCache),
    ("hardware", Field::Hardware(Pool::Both)),
    ("attention_hardware", Field::Hardware(Pool::Attention)),
    ("ffn_hardware", Field::Hardware(Pool::Ffn)),
    ("deployment", Field::Deployment),
    ("attention_instances", Field::AttentionInstances),
    ("ffn_instances", Field::FfnInstances),
    ("batch", Field::Batch),
    ("micro_batches", Field::MicroBatches),
    ("context_tokens", Field::Context),
    ("promise.tpot_ms", Field::Promise),
];

impl Field {
    /// Reads a field's name.
    ///
    /// # Errors
    /// If there is no such field; a path into a spec shows whether it leads anywhere when a spec
    /// is there.
    pub fn parse(written: &At<String>) -> Result<Self, Diagnostic> {
        let text = written.as_str();
        if let Some((_, field)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(field.clone());
        }
        let path = |rest: &str| rest.split('.').map(str::to_owned).collect::<Vec<_>>();
        let found = text.split_once('.').and_then(|(of, rest)| match of {
            "model" => Some(Self::ModelPath(path(rest))),
            "hardware" => Some(Self::HardwarePath(Pool::Both, path(rest))),
            "attention_hardware" => Some(Self::HardwarePath(Pool::Attention, path(rest))),
            "ffn_hardware" => Some(Self::HardwarePath(Pool::Ffn, path(rest))),
            "conditions" => Some(Self::Condition(rest.to_owned())),
            _ => None,
        });
        let known = match &found {
            Some(Self::ModelPath(path)) => top_key(&path[0], schema::keys(Kind::Model)),
            Some(Self::HardwarePath(_, path)) => top_key(&path[0], schema::keys(Kind::Hardware)),
            Some(Self::Condition(key)) => top_key(key, schema::condition_keys()),
            _ => Err(None),
        };
        match (found, known) {
            (Some(field), Ok(())) => Ok(field),
            (_, Err(near)) => Err(Self::unknown(written, near)),
            (None, Ok(())) => Err(Self::unknown(written, None)),
        }
    }

    fn unknown(written: &At<String>, near: Option<String>) -> Diagnostic {
        let text = written.as_str();
        let complaint = written.complain(format!("there is no field `{text}` to sweep"));
        let words = WORDS.map(|(word, _)| word);
        let near = match (near, text.split_once('.')) {
            (Some(near), Some((of, rest))) => {
                let tail = rest.split_once('.').map_or_else(String::new, |(_, t)| format!(".{t}"));
                Some(format!("{of}.{near}{tail}"))
            }
            _ => did_you_mean(text, words).map(str::to_owned),
        };
        match near {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help(format!(
                "a field is {}, or a path behind `model.`, `hardware.`, `attention_hardware.`, \
                 `ffn_hardware.` or `conditions.`",
                one_of(&words)
            )),
        }
    }

    /// Whether it changes only where a compiled deployment is evaluated.
    #[must_use]
    pub const fn is_of_point(&self) -> bool {
        matches!(self, Self::Batch | Self::MicroBatches | Self::Context | Self::Promise)
    }
}

/// Whether a key is one of a spec's; the nearest one if not.
fn top_key(key: &str, known: &[String]) -> Result<(), Option<String>> {
    if key == "*" || known.iter().any(|name| name == key) {
        return Ok(());
    }
    Err(did_you_mean(key, known.iter().map(String::as_str)).map(str::to_owned))
}
