//! The calibration of a hardware profile as written, and its way to
//! [`machine::calibration`](crate::machine::calibration).

use super::de::At;
use super::source::Diagnostic;
use crate::machine::calibration::attention::AttentionFit;
use crate::machine::calibration::gemm::{GemmFit, GroupedFit};
use crate::machine::calibration::link::LinkFit;
use crate::machine::calibration::{Bound, Family, Fit, FitError, Form};
use crate::machine::hardware::Provenance;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// One family of kernels or links, fitted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitSpec {
    /// What it describes.
    pub family: At<Family>,
    /// The format: `bf16`, `fp8`, `fp8_block`, `nvfp4`; of the KV cache for attention.
    pub dtype: String,
    /// Whose kernels: `flashinfer`, `trtllm`, `sglang`, `vllm`, `torch`, `deepgemm`, `nccl` ...
    pub backend: String,
    /// Which of them, where a backend has several.
    pub kernel: Option<String>,
    /// The constants of the form that the family has.
    pub constants: ConstantsSpec,
    /// How far they miss.
    pub error: FitError,
    /// Least and most of each quantity among the fitted rows.
    #[serde(default)]
    pub range: IndexMap<String, [f64; 2]>,
    /// How the constants came about; `fitted` if left out.
    #[serde(default = "fitted")]
    pub provenance: Provenance,
    /// Who measured: a key of the `sources`.
    pub source: At<String>,
}

const fn fitted() -> Provenance {
    Provenance::Fitted
}

/// Constants by form.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConstantsSpec {
    /// Decode attention.
    Attention(AttentionFit),
    /// Dense products.
    Gemm(GemmFit),
    /// Grouped products and whole experts.
    Grouped(GroupedFit),
    /// Copies, collectives, dispatch and combine.
    Link(LinkFit),
}

impl FitSpec {
    /// Checks that the form is the family's, and every constant in its bounds.
    pub(super) fn resolve(&self, source: String) -> Result<Fit, Diagnostic> {
        let form = match self.constants {
            ConstantsSpec::Attention(fit) => Form::Attention(fit),
            ConstantsSpec::Gemm(fit) => Form::Gemm(fit),
            ConstantsSpec::Grouped(fit) => Form::Grouped(fit),
            ConstantsSpec::Link(fit) => Form::Link(fit),
        };
        if form.word() != self.family.value.form_word() {
            let message = format!(
                "the constants of `{}` have the form `{}`, not `{}`",
                self.family.value.name(),
                self.family.value.form_word(),
                form.word()
            );
            return Err(self.family.complain(message));
        }
        if let Some(wrong) = form.complaint() {
            return Err(self.family.complain(wrong).help("see `afford calibrate`"));
        }
        let bound = |(quantity, [least, most]): (&String, &[f64; 2])| Bound {
            quantity: quantity.clone(),
            least: *least,
            most: *most,
        };
        Ok(Fit {
            family: self.family.value,
            dtype: self.dtype.clone(),
            backend: self.backend.clone(),
            kernel: self.kernel.clone(),
            form,
            error: self.error,
            range: self.range.iter().map(bound).collect(),
            provenance: self.provenance,
            source,
        })
    }
}
