//! Element formats: how wide a number is in memory. How fast a chip computes in a format is the
//! chip's business (`machine`).

use crate::units::Bytes;

/// A number format of weights, KV cache, recurrent state or activations.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32-bit IEEE float.
    Fp32,
    /// bfloat16.
    Bf16,
    /// 16-bit IEEE float.
    Fp16,
    /// 8-bit float (e4m3 or e5m2); block scales are not counted.
    Fp8,
    /// 8-bit integer.
    Int8,
    /// OCP MXFP4: 4-bit floats with one 8-bit scale per 32 elements (4.25 bits each).
    Mxfp4,
    /// NVFP4: 4-bit floats with one FP8 scale per 16 elements (4.5 bits each).
    Nvfp4,
    /// 4-bit integer; group scales are not counted.
    Int4,
}

impl Dtype {
    /// Every format, widest first.
    pub const ALL: [Self; 8] = [
        Self::Fp32,
        Self::Bf16,
        Self::Fp16,
        Self::Fp8,
        Self::Int8,
        Self::Nvfp4,
        Self::Mxfp4,
        Self::Int4,
    ];

    /// Bits per element, scales that belong to the format included.
    #[must_use]
    pub const fn bits(self) -> f64 {
        match self {
            Self::Fp32 => 32.0,
            Self::Bf16 | Self::Fp16 => 16.0,
            Self::Fp8 | Self::Int8 => 8.0,
            Self::Nvfp4 => 4.5,
            Self::Mxfp4 => 4.25,
            Self::Int4 => 4.0,
        }
    }

    /// What `elements` of this format occupy.
    #[must_use]
    pub fn bytes(self, elements: f64) -> Bytes {
        Bytes::new(elements * self.bits() / 8.0)
    }

    /// The word for it in specs and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
            Self::Fp8 => "fp8",
            Self::Int8 => "int8",
            Self::Mxfp4 => "mxfp4",
            Self::Nvfp4 => "nvfp4",
            Self::Int4 => "int4",
        }
    }
}
