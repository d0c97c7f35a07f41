//! Names of modules in checkpoints, and the patterns by which quantisation names them: plain names
//! (or beginnings of names), globs with `*`, regular expressions after `re:`, and classes.

use regex::Regex;

/// A part of a model that a checkpoint may store in a format of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Attention,
    Dense,
    Shared,
    Routed,
}

impl Part {
    /// What published checkpoints call it, below `layers.N.`.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Attention => &["self_attn.o_proj", "attention.o_proj", "attn.wo_b"],
            Self::Dense => &["mlp.down_proj", "mlp.gate_proj", "feed_forward.down_proj", "ffn.w1"],
            Self::Shared => &[
                "mlp.shared_experts.down_proj",
                "mlp.shared_expert.down_proj",
                "feed_forward.shared_expert.down_proj",
                "block_sparse_moe.shared_experts.down_proj",
                "ffn.shared_experts.w1",
                "share_expert.down_proj",
                "shared_experts.down_proj",
            ],
            Self::Routed => &[
                "mlp.experts.7.down_proj",
                "mlp.experts.down_proj",
                "mlp.experts.down_proj_bias",
                "feed_forward.experts.7.down_proj",
                "feed_forward.experts.down_proj",
                "block_sparse_moe.experts.7.w2",
                "ffn.experts.7.w2",
                "moe.down_proj",
            ],
        }
    }
}

/// What stands before the layers.
const ROOTS: [&str; 4] =
    ["model.layers", "model.language_model.layers", "language_model.model.layers", "layers"];

/// Patterns that name modules.
#[derive(Debug)]
pub(super) struct Patterns {
    regexes: Vec<Regex>,
    plain: Vec<String>,
    all: bool,
    layer: u64,
}

impl Patterns {
    pub(super) const fn none() -> Self {
        Self { regexes: Vec::new(), plain: Vec::new(), all: false, layer: 0 }
    }

    pub(super) const fn all() -> Self {
        Self { regexes: Vec::new(), plain: Vec::new(), all: true, layer: 0 }
    }

    /// Patterns of a model with so many layers; a list that names modules layer by layer is
    /// judged by the layer in the middle.
    ///
    /// # Errors
    /// If a regular expression is none.
    pub(super) fn new(words: &[String], layers: u64) -> Result<Self, String> {
        let mut patterns = Self { layer: layers / 2, ..Self::none() };
        for word in words {
            let expression = match word.strip_prefix("re:") {
                // Python's `match` is anchored at the beginning only.
                Some(expression) => Some(format!("^(?:{expression})")),
                None if word.contains('*') => {
                    let escaped = regex::escape(word).replace(r"\*", ".*");
                    Some(format!(r"(?:^|\.){escaped}(?:$|\.)"))
                }
                None => None,
            };
            match expression {
                Some(expression) => {
                    let regex = Regex::new(&expression)
                        .map_err(|_| format!("the pattern `{word}` is not understood"))?;
                    patterns.regexes.push(regex);
                }
                None if word == "Linear" => patterns.all = true,
                None => patterns.plain.push(word.clone()),
            }
        }
        Ok(patterns)
    }

    /// Whether a part is named.
    pub(super) fn name(&self, part: Part) -> bool {
        self.all || part.names().iter().any(|name| self.name_module(name))
    }

    fn name_module(&self, name: &str) -> bool {
        ROOTS.iter().any(|root| {
            let full = format!("{root}.{}.{name}", self.layer);
            let inside = format!(".{full}.");
            self.regexes.iter().any(|regex| regex.is_match(&full))
                || self.plain.iter().any(|word| inside.contains(&format!(".{word}.")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(words: &[&str]) -> [bool; 4] {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let patterns = Patterns::new(&words, 61).unwrap();
        [Part::Attention, Part::Dense, Part::Shared, Part::Routed].map(|part| patterns.name(part))
    }

    #[test]
    fn parts_are_recognised_in_every_style() {
        assert_eq!(named(&["lm_head", "model.embed_tokens", "mlp.gate"]), [false; 4]);
        let gpt_oss = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "lm_head"];
        assert_eq!(named(&gpt_oss), [true, false, false, false]);
        let kimi = [
            "lm_head",
            "re:.*self_attn.*",
            "re:.*shared_experts.*",
            r"re:.*mlp\.(gate|up|gate_up|down)_proj.*",
        ];
        assert_eq!(named(&kimi), [true, true, true, false]);
        assert_eq!(named(&["model.layers.30.self_attn"]), [true, false, false, false]);
        assert_eq!(named(&["model.layers.3.self_attn"]), [false; 4]);
        assert_eq!(named(&["Linear"]), [true; 4]);
    }
}
