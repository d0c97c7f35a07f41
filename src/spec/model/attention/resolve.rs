//! From the keys of an attention design to the design.

use super::{
    AttentionSpec, CompressedSpec, CompressionSpec, GqaSpec, IndexerSpec, MfaSpec, MlaSpec,
    OutputGateSpec, QkNormSpec, WindowSpec,
};
use crate::spec::de::At;
use crate::spec::quantity::Count;
use crate::spec::source::Diagnostic;
use crate::work::attention::compressed::{Compression, Selection};
use crate::work::attention::gqa::{OutputGate, QkNorm};
use crate::work::attention::{
    Attention, Compressed, Dsa, GatedDeltaNet, Gqa, Indexer, Kda, Lightning, Mfa, Mla, Window,
};
use crate::work::dtype::Dtype;

impl AttentionSpec {
    pub(in crate::spec::model) fn resolve(&self, kv_cache: Dtype) -> Result<Attention, Diagnostic> {
        Ok(match self {
            Self::Gqa(spec) => Attention::Gqa(spec.resolve(kv_cache)?),
            Self::Mfa(spec) => Attention::Mfa(spec.resolve(kv_cache)?),
            Self::Mla(spec) => Attention::Mla(spec.resolve(kv_cache)),
            Self::Dsa(spec) => Attention::Dsa(Dsa {
                mla: spec.mla.resolve(kv_cache),
                selected_tokens: spec.selected_tokens.0,
                indexer: spec.indexer.as_ref().map(|indexer| indexer.resolve(kv_cache)),
            }),
            Self::Compressed(spec) => Attention::Compressed(spec.resolve(kv_cache)?),
            Self::Lightning(spec) => Attention::Lightning(Lightning {
                heads: spec.heads.0,
                head_dim: spec.head_dim.0,
                state: spec.state,
            }),
            Self::GatedDeltaNet(spec) => Attention::GatedDeltaNet(GatedDeltaNet {
                key_heads: spec.key_heads.0,
                value_heads: spec.value_heads.0,
                key_head_dim: spec.key_head_dim.0,
                value_head_dim: spec.value_head_dim.0,
                conv_kernel: spec.conv_kernel.0,
                state: spec.state,
                conv_state: spec.conv_state,
            }),
            Self::Kda(spec) => Attention::Kda(Kda {
                heads: spec.heads.0,
                head_dim: spec.head_dim.0,
                conv_kernel: spec.conv_kernel.0,
                full_rank_gate: spec.full_rank_gate,
                decay_rates: spec.decay_rates.map_or(spec.heads.0, |rates| rates.0),
                state: spec.state,
                conv_state: spec.conv_state,
            }),
        })
    }
}

impl GqaSpec {
    fn resolve(&self, kv_cache: Dtype) -> Result<Gqa, Diagnostic> {
        check_heads(&self.query_heads, &self.kv_heads)?;
        Ok(Gqa {
            query_heads: self.query_heads.0,
            kv_heads: self.kv_heads.0,
            head_dim: self.head_dim.0,
            window: self.window.as_ref().map(|window| match window {
                WindowSpec::SlidingTokens(n) => Window::Sliding(n.0),
                WindowSpec::ChunkedTokens(n) => Window::Chunked(n.0),
            }),
            kv_cache: self.kv_cache.unwrap_or(kv_cache),
            qkv_bias: self.qkv_bias,
            output_bias: self.output_bias,
            qk_norm: match self.qk_norm {
                QkNormSpec::None => QkNorm::None,
                QkNormSpec::PerHead => QkNorm::PerHead,
                QkNormSpec::AllHeads => QkNorm::AllHeads,
            },
            output_gate: match self.output_gate {
                OutputGateSpec::None => OutputGate::None,
                OutputGateSpec::PerElement => OutputGate::PerElement,
                OutputGateSpec::PerHead => OutputGate::PerHead,
            },
            sinks: self.sinks,
        })
    }
}

impl MfaSpec {
    fn resolve(&self, kv_cache: Dtype) -> Result<Mfa, Diagnostic> {
        check_heads(&self.query_heads, &self.kv_heads)?;
        Ok(Mfa {
            query_heads: self.query_heads.0,
            kv_heads: self.kv_heads.0,
            head_dim: self.head_dim.0,
            query_rank: self.query_rank.0,
            kv_cache: self.kv_cache.unwrap_or(kv_cache),
        })
    }
}

impl MlaSpec {
    fn resolve(&self, kv_cache: Dtype) -> Mla {
        Mla {
            query_heads: self.query_heads.0,
            query_rank: self.query_rank.map(|rank| rank.0),
            kv_rank: self.kv_rank.0,
            nope_head_dim: self.nope_head_dim.0,
            rope_head_dim: self.rope_head_dim.0,
            value_head_dim: self.value_head_dim.0,
            kv_cache: self.kv_cache.unwrap_or(kv_cache),
            bias: self.bias,
            output_gate: self.output_gate,
        }
    }
}

impl IndexerSpec {
    fn resolve(&self, kv_cache: Dtype) -> Indexer {
        Indexer {
            heads: self.heads.0,
            head_dim: self.head_dim.0,
            key_cache: self.key_cache.unwrap_or(kv_cache),
        }
    }
}

impl CompressedSpec {
    fn resolve(&self, kv_cache: Dtype) -> Result<Compressed, Diagnostic> {
        let compression = match &self.compression {
            None => None,
            Some(spec) => Some(Compression {
                tokens_per_entry: spec.tokens_per_entry.0,
                selection: spec.selection(kv_cache)?,
            }),
        };
        Ok(Compressed {
            query_heads: self.query_heads.0,
            head_dim: self.head_dim.0,
            query_rank: self.query_rank.0,
            output_groups: self.output_groups.0,
            output_rank: self.output_rank.0,
            window_tokens: self.window_tokens.0,
            compression,
            kv_cache: self.kv_cache.unwrap_or(kv_cache),
        })
    }
}

impl CompressionSpec {
    fn selection(&self, kv_cache: Dtype) -> Result<Option<Selection>, Diagnostic> {
        match (&self.selected_entries, &self.indexer) {
            (None, None) => Ok(None),
            (Some(selected), Some(indexer)) => Ok(Some(Selection {
                selected_entries: selected.0,
                indexer: indexer.resolve(kv_cache),
            })),
            (Some(selected), None) => {
                Err(selected.complain("`selected_entries` needs an `indexer` that selects them"))
            }
            (None, Some(indexer)) => {
                Err(indexer.complain("an `indexer` needs `selected_entries`: how many it selects"))
            }
        }
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
