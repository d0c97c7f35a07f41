//! DeepSeek-V4's attention: a sliding window of single-vector entries, and behind it the whole
//! context compressed r tokens to one entry (config and code of DeepSeek-V4, 2026).
//!
//! One vector of width d per entry serves as key and value of all H heads, so an entry costs d w
//! bytes and 4 H d FLOPs. A layer sees min(S, window) single entries and, by its kind,
//!
//! | kind | compressed entries read | indexer |
//! | --- | --- | --- |
//! | sliding only | none | none |
//! | heavily compressed (r = 128) | S / r | none |
//! | compressed sparse (r = 4) | min(k, S / r) | scans S / r keys of its own |
//!
//! A compressor is two projections (entry and gate) and a table of r position offsets; in the
//! sparse kind neighbouring blocks overlap, which doubles its width. The buffers of the block that
//! is being filled (at most 2 r tokens) are not counted.

use super::indexer::Indexer;
use super::{Core, CoreHeads, CorePart, CoreShape, Design};
use crate::units::{Bytes, Flops};
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// Shape of such a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Compressed {
    /// H.
    pub query_heads: u64,
    /// d, the width of a head and of an entry.
    pub head_dim: u64,
    /// r_q, the rank of the query projection.
    pub query_rank: u64,
    /// Groups of heads whose outputs are projected down apart.
    pub output_groups: u64,
    /// Rank of each group's output projection.
    pub output_rank: u64,
    /// Tokens seen one by one.
    pub window_tokens: u64,
    /// What stands behind the window.
    pub compression: Option<Compression>,
    /// Format of the KV cache.
    pub kv_cache: Dtype,
}

/// The compressed context of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Compression {
    /// r, tokens to an entry.
    pub tokens_per_entry: u64,
    /// Selection among the entries; without one all are read.
    pub selection: Option<Selection>,
}

/// How entries are selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// k, the entries read.
    pub selected_entries: u64,
    /// What scores them.
    pub indexer: Indexer,
}

impl Compression {
    fn entries(&self, s: u64) -> u64 {
        s / self.tokens_per_entry
    }

    /// Projections of one compressor to entries of width `d`.
    fn compressor(&self, name: [&'static str; 2], h: u64, d: u64) -> [Matrix; 2] {
        let width = self.overlap() * d;
        [Matrix::new(name[0], h, width).wide(), Matrix::new(name[1], h, width).wide()]
    }

    /// Position offsets and norm of one compressor.
    const fn compressor_params(&self, d: u64) -> u64 {
        self.tokens_per_entry * self.overlap() * d + d
    }

    const fn overlap(&self) -> u64 {
        if self.selection.is_some() { 2 } else { 1 }
    }
}

impl Design for Compressed {
    fn kind(&self) -> &'static str {
        match &self.compression {
            None => "sliding MQA",
            Some(Compression { selection: None, .. }) => "HCA",
            Some(Compression { selection: Some(_), .. }) => "CSA",
        }
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        let heads = self.query_heads * self.head_dim;
        let mut all = vec![
            Matrix::new("q_down", h, self.query_rank),
            Matrix::new("q_up", self.query_rank, heads).split(self.query_heads, false),
            Matrix::new("kv_proj", h, self.head_dim),
            // Block diagonal: each group's slice of the heads to its own rank.
            Matrix::new("o_down", heads, self.output_rank).split(self.output_groups, true),
            Matrix::new("o_up", self.output_groups * self.output_rank, h)
                .split(self.output_groups, true),
        ];
        if let Some(compression) = &self.compression {
            all.extend(compression.compressor(["compressor", "compressor_gate"], h, self.head_dim));
            if let Some(Selection { indexer, .. }) = &compression.selection {
                let names = ["indexer_compressor", "indexer_compressor_gate"];
                all.extend(compression.compressor(names, h, indexer.head_dim));
                all.push(indexer.query(self.query_rank));
                all.push(indexer.head_weights(h));
            }
        }
        all
    }

    /// Norms of query latent and entry, a sink per head, and the compressors' tables and norms.
    fn other_params(&self) -> u64 {
        let behind = self.compression.as_ref().map_or(0, |compression| {
            let indexer = compression.selection.as_ref().map(|s| &s.indexer);
            compression.compressor_params(self.head_dim)
                + indexer.map_or(0, |i| compression.compressor_params(i.head_dim))
        });
        self.query_rank + self.head_dim + self.query_heads + behind
    }

    fn core_shape(&self, _: Counting) -> CoreShape {
        let flops = 4.0 * (self.query_heads * self.head_dim) as f64;
        let bytes = self.kv_cache.bytes(self.head_dim as f64);
        let window = CorePart::new(flops, bytes, self.window_tokens as f64);
        let mut parts = [window, CorePart::NONE, CorePart::NONE];
        if let Some(compression) = &self.compression {
            let share = 1.0 / compression.tokens_per_entry as f64;
            let mut cap = f64::INFINITY;
            if let Some(selection) = &compression.selection {
                cap = selection.selected_entries as f64 / share;
                parts[2] = selection.indexer.scan(share);
            }
            parts[1] = CorePart::new(flops * share, bytes * share, cap);
        }
        CoreShape { parts, fixed: Core::default(), format: self.kv_cache }
    }

    /// One vector serves all heads.
    fn heads(&self) -> Option<CoreHeads> {
        Some(CoreHeads {
            query: self.query_heads,
            kv: 1,
            key_width: self.head_dim,
            value_width: self.head_dim,
            latent: true,
        })
    }

    fn kv_splits(&self) -> u64 {
        1
    }

    fn core(&self, s: u64, _: Counting) -> Core {
        let mut read = s.min(self.window_tokens) as f64;
        let mut core = Core::default();
        if let Some(compression) = &self.compression {
            let entries = compression.entries(s);
            match &compression.selection {
                None => read += entries as f64,
                Some(selection) => {
                    read += entries.min(selection.selected_entries) as f64;
                    core.flops += selection.indexer.flops(entries as f64);
                    core.bytes += selection.indexer.key_bytes(entries as f64);
                }
            }
        }
        core.flops += Flops::new(4.0 * (self.query_heads * self.head_dim) as f64 * read);
        core.bytes += self.kv_cache.bytes(self.head_dim as f64 * read);
        core
    }

    /// The token's own entry; its share of a compressed one comes on top.
    fn kv_elements_per_token(&self) -> u64 {
        self.head_dim
    }

    fn kv_bytes_held(&self, s: u64) -> Bytes {
        let d = self.head_dim as f64;
        let mut held = self.kv_cache.bytes(d * s.min(self.window_tokens) as f64);
        if let Some(compression) = &self.compression {
            let entries = compression.entries(s) as f64;
            held += self.kv_cache.bytes(d * entries);
            if let Some(selection) = &compression.selection {
                held += selection.indexer.key_bytes(entries);
            }
        }
        held
    }

    fn effective_rank(&self) -> u64 {
        self.query_heads * self.head_dim
    }
}
