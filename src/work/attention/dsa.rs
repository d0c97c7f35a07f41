//! DeepSeek sparse attention (DeepSeek-V3.2, arXiv 2512.02556): MLA that reads the k tokens which
//! a lightning indexer selects.
//!
//! Per layer and token: the indexer scans its keys of all S tokens (2 H_I d_I S FLOPs, d_I S w_I
//! bytes), then MLA runs over min(S, k) latents. A layer without an indexer of its own takes the
//! selection of an earlier layer (GLM-5.2) and scans nothing.

use super::indexer::Indexer;
use super::{CoreHeads, CoreShape, Design, Mla};
use crate::units::Bytes;
use crate::work::Counting;
use crate::work::matrix::Matrix;

/// Shape of a DSA layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Dsa {
    /// The attention that the selected tokens get.
    pub mla: Mla,
    /// k, the tokens selected.
    pub selected_tokens: u64,
    /// The indexer, unless an earlier layer's selection is used.
    pub indexer: Option<Indexer>,
}

impl Dsa {
    fn with_indexer(&self, mut all: Vec<Matrix>, h: u64) -> Vec<Matrix> {
        if let Some(indexer) = &self.indexer {
            // Without a query latent the indexer reads the residual stream.
            all.push(indexer.query(self.mla.query_rank.unwrap_or(h)));
            all.push(Matrix::new("indexer_k", h, indexer.head_dim));
            all.push(indexer.head_weights(h));
        }
        all
    }
}

impl Design for Dsa {
    fn kind(&self) -> &'static str {
        "DSA"
    }

    fn matrices(&self, h: u64) -> Vec<Matrix> {
        self.with_indexer(self.mla.matrices(h), h)
    }

    fn stored_matrices(&self, h: u64) -> Vec<Matrix> {
        self.with_indexer(self.mla.stored_matrices(h), h)
    }

    /// MLA's, and the LayerNorm of the indexer's key.
    fn other_params(&self) -> u64 {
        self.mla.other_params() + self.indexer.as_ref().map_or(0, |indexer| 2 * indexer.head_dim)
    }

    fn core_shape(&self, counting: Counting) -> CoreShape {
        let mut shape = self.mla.core_shape(counting);
        shape.parts[0].cap = self.selected_tokens as f64;
        if let Some(indexer) = &self.indexer {
            shape.parts[1] = indexer.scan(1.0);
        }
        shape
    }

    /// Every head reads the same latent.
    fn heads(&self) -> Option<CoreHeads> {
        self.mla.heads()
    }

    fn kv_splits(&self) -> u64 {
        1
    }

    fn kv_elements_per_token(&self) -> u64 {
        self.mla.kv_elements()
    }

    /// All latents are kept, whichever are read, and the indexer's keys beside them.
    fn kv_bytes_held(&self, s: u64) -> Bytes {
        let keys = self.indexer.as_ref().map_or(Bytes::ZERO, |i| i.key_bytes(s as f64));
        self.mla.kv_bytes_held(s) + keys
    }

    fn effective_rank(&self) -> u64 {
        self.mla.effective_rank()
    }
}
