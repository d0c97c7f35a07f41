//! A model by the name that others give it, in the formats that a row names.

use crate::work::dtype::Dtype;
use crate::work::ffn::Ffn;
use crate::work::model::{Model, Precision};

/// The names that a model may have in the catalog, most likely first: `deepseek-v3` for
/// `deepseek-ai/DeepSeek-V3` and `DeepSeek-V3/R1`, `qwen2-7b` for `Qwen2-7B-Instruct`.
#[must_use]
pub fn model_names(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let whole = lower.strip_suffix("-instruct").unwrap_or(&lower);
    // Behind an owner, or before a variant.
    let parts = [Some(whole), whole.rsplit('/').next(), whole.split('/').next()];
    parts.into_iter().flatten().map(str::to_owned).collect()
}

/// The format that a text begins with: `FP8 GEMM/dispatch, BF16 combine` is FP8.
#[must_use]
pub fn format(text: &str) -> Option<Dtype> {
    let lower = text.to_lowercase();
    let word = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    match word {
        "bf16" | "bfloat16" => Some(Dtype::Bf16),
        "fp16" | "half" => Some(Dtype::Fp16),
        "fp8" | "fp8_block" => Some(Dtype::Fp8),
        "int8" => Some(Dtype::Int8),
        "nvfp4" | "fp4" => Some(Dtype::Nvfp4),
        "mxfp4" => Some(Dtype::Mxfp4),
        "int4" => Some(Dtype::Int4),
        _ => None,
    }
}

/// The formats that a row runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunsIn {
    /// KV caches.
    pub kv_cache: Dtype,
    /// Weights and arithmetic.
    pub products: Dtype,
    /// Weights of routed experts.
    pub experts: Dtype,
}

impl RunsIn {
    /// The words for it: `kv bf16, fp8`.
    #[must_use]
    pub fn name(&self) -> String {
        let (kv, products) = (self.kv_cache.name(), self.products.name());
        if self.experts == self.products {
            return format!("kv {kv}, {products}");
        }
        format!("kv {kv}, {products}, experts {}", self.experts.name())
    }

    /// The model as it runs so.
    #[must_use]
    pub fn model(&self, mut model: Model) -> Model {
        model.precision = Precision { weights: self.products, activations: self.products };
        for named in &mut model.ffns {
            match &mut named.design {
                Ffn::Dense(dense) => dense.weights = None,
                Ffn::Moe(moe) => {
                    moe.weights = None;
                    moe.expert_weights = Some(self.experts);
                }
            }
        }
        model.with_kv_cache(self.kv_cache)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn names_of_files_are_names_of_the_catalog() {
        for (text, name) in [
            ("deepseek-ai/DeepSeek-V3", "deepseek-v3"),
            ("DeepSeek-V3/R1", "deepseek-v3"),
            ("Step-3", "step-3"),
            ("Qwen2-7B-Instruct", "qwen2-7b"),
            ("MiniMaxAI/MiniMax-M2.5", "minimax-m2.5"),
        ] {
            assert!(model_names(text).iter().any(|n| n == name), "{text}");
            assert!(Catalog::default().model(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn formats_are_the_first_word() {
        assert_eq!(format("FP8 GEMM/dispatch, BF16 combine"), Some(Dtype::Fp8));
        assert_eq!(format("fp8_block"), Some(Dtype::Fp8));
        assert_eq!(format(""), None);
    }
}
