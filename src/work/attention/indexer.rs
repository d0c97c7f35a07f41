//! The lightning indexer of DeepSeek sparse attention (DeepSeek-V3.2, arXiv 2512.02556).
//!
//! H_I small query heads of width d_I score every cached key, I_s = sum_j w_j ReLU(q_j . k_s), and
//! the k best-scored tokens are what attention reads. Per scored key: FLOPs 2 H_I d_I (ReLU and
//! the heads' weights are elementwise work, which no design here counts), bytes d_I w.

use super::CorePart;
use crate::units::{Bytes, Flops};
use crate::work::dtype::Dtype;
use crate::work::matrix::Matrix;

/// Shape of an indexer.
#[derive(Debug, Clone, PartialEq)]
pub struct Indexer {
    /// H_I.
    pub heads: u64,
    /// d_I; one key of this width is cached per token.
    pub head_dim: u64,
    /// Format of the key cache.
    pub key_cache: Dtype,
}

impl Indexer {
    /// Queries from the model's query latent of rank `query_rank`.
    pub(super) const fn query(&self, query_rank: u64) -> Matrix {
        Matrix::new("indexer_q", query_rank, self.heads * self.head_dim).split(self.heads, false)
    }

    /// The weights of its heads.
    pub(super) const fn head_weights(&self, h: u64) -> Matrix {
        Matrix::new("indexer_weights", h, self.heads).split(self.heads, false).wide()
    }

    /// Scoring `keys` keys.
    pub(super) fn flops(&self, keys: f64) -> Flops {
        Flops::new(2.0 * (self.heads * self.head_dim) as f64 * keys)
    }

    /// Its scan, with so many keys to a token of context.
    pub(super) fn scan(&self, keys_per_token: f64) -> CorePart {
        let flops = self.flops(keys_per_token).flops();
        CorePart::new(flops, self.key_bytes(keys_per_token), f64::INFINITY)
    }

    /// Holding or reading `keys` keys.
    pub(super) fn key_bytes(&self, keys: f64) -> Bytes {
        self.key_cache.bytes(self.head_dim as f64 * keys)
    }
}
