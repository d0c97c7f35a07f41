//! One measured kernel: what was run, on what, and how long it took.

use std::fmt;

/// How rows or tokens fall on experts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Skew {
    /// The same number on each.
    Uniform,
    /// One random draw with equal probabilities.
    Multinomial,
    /// Probabilities follow a power law with this exponent.
    PowerLaw(f64),
}

/// A kernel that only moves memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyOp {
    /// Reads and writes as much.
    Copy,
    /// Reads alone.
    Read,
}

/// What a group of devices does together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectiveOp {
    /// Every device ends with the parts of all.
    AllGather,
    /// Every device ends with its part of the sum.
    ReduceScatter,
    /// Every device ends with the whole sum.
    AllReduce,
    /// Every device sends a part of its own to each other one.
    AllToAll,
}

/// Which way tokens go between attention and experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the experts.
    Dispatch,
    /// Back from them.
    Combine,
}

/// What a kernel was given, on one device unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KernelShape {
    /// The core of one decode step's attention, one query token per request.
    Attention {
        /// Absorbed MLA: the cache holds latents of `head_dim` elements that all heads share.
        mla: bool,
        /// Query heads on the device.
        query_heads: u32,
        /// KV heads on the device; 1 for MLA.
        kv_heads: u32,
        /// Elements of a head; for MLA those of a latent with its positional part, 576.
        head_dim: u32,
        /// Requests.
        batch: u32,
        /// Context of each.
        context_tokens: u64,
    },
    /// `[m, k] x [k, n]`.
    Gemm {
        /// Rows.
        m: u64,
        /// Inner size.
        k: u64,
        /// Columns.
        n: u64,
    },
    /// One such product per group, in one kernel.
    GroupedGemm {
        /// Groups resident on the device.
        groups: u32,
        /// Rows of a group on average.
        rows_per_group: f64,
        /// How the rows fall on the groups.
        skew: Skew,
        /// Inner size.
        k: u64,
        /// Columns.
        n: u64,
    },
    /// All products of routed experts on the busiest device, without communication.
    ExpertFfn {
        /// Tokens of all devices together.
        global_tokens: u64,
        /// h.
        hidden: u64,
        /// Width of one expert before it is split.
        inter: u64,
        /// Experts per token.
        top_k: u32,
        /// Experts in all.
        experts: u32,
        /// Devices that share one expert's width.
        tp: u32,
        /// Groups that the experts are dealt out to.
        ep: u32,
        /// How the tokens fall on the experts.
        distribution: Skew,
    },
    /// Memory moved.
    Copy {
        /// How.
        op: CopyOp,
        /// Bytes read plus bytes written.
        bytes: f64,
    },
    /// A collective of a group of devices.
    Collective {
        /// Which.
        op: CollectiveOp,
        /// Devices.
        ranks: u32,
        /// As nccl-tests counts a size: what a device ends with (all-gather, all-reduce), starts
        /// with (reduce-scatter), or sends to all together (all-to-all).
        message_bytes: f64,
    },
    /// Tokens on their way to experts on other devices, or back.
    Exchange {
        /// Which way.
        direction: Direction,
        /// Devices.
        ranks: u32,
        /// Tokens of each device.
        tokens_per_rank: u64,
        /// h.
        hidden: u64,
        /// Experts per token.
        top_k: u32,
        /// Experts over all devices, copies included.
        experts: u32,
        /// Bytes of an element on the wire.
        bytes_per_element: f64,
        /// The kernels made for few tokens.
        low_latency: bool,
    },
}

impl KernelShape {
    /// The family that errors are told by.
    #[must_use]
    pub const fn family(&self) -> &'static str {
        match self {
            Self::Attention { mla: true, .. } => "decode_attention_mla",
            Self::Attention { .. } => "decode_attention_gqa",
            Self::Gemm { .. } => "gemm",
            Self::GroupedGemm { skew: Skew::Uniform, .. } => "grouped_gemm_uniform",
            Self::GroupedGemm { .. } => "grouped_gemm_skewed",
            Self::ExpertFfn { distribution: Skew::Uniform, .. } => "expert_ffn_uniform",
            Self::ExpertFfn { .. } => "expert_ffn_skewed",
            Self::Copy { op: CopyOp::Copy, .. } => "copy",
            Self::Copy { op: CopyOp::Read, .. } => "read",
            Self::Collective { op: CollectiveOp::AllGather, .. } => "all_gather",
            Self::Collective { op: CollectiveOp::ReduceScatter, .. } => "reduce_scatter",
            Self::Collective { op: CollectiveOp::AllReduce, .. } => "all_reduce",
            Self::Collective { op: CollectiveOp::AllToAll, .. } => "all_to_all",
            Self::Exchange { direction: Direction::Dispatch, .. } => "dispatch",
            Self::Exchange { direction: Direction::Combine, .. } => "combine",
        }
    }
}

/// Why a row's time or shape is not to be taken at its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// Timed on the host: the launch is in it.
    LaunchIncluded,
    /// Rows per expert are the mean of a random draw that was not kept.
    NominalRows,
    /// The same figures are published for two devices.
    DeviceUnsure,
    /// Contexts so short that nothing but the start-up shows.
    StartupOnly,
    /// It is not said whether tokens are those of one device or of all.
    TokensUnclear,
    /// The time follows from a printed rate.
    FromRate,
}

impl Note {
    /// A few words for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LaunchIncluded => "launch included",
            Self::NominalRows => "nominal rows",
            Self::DeviceUnsure => "device unsure",
            Self::StartupOnly => "start-up only",
            Self::TokensUnclear => "tokens unclear",
            Self::FromRate => "time from printed rate",
        }
    }
}

/// A measured kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelRow {
    /// What was run.
    pub shape: KernelShape,
    /// The number format as the file names it, in lower case: `bf16`, `fp8` (one scale per tensor
    /// or row), `fp8_block`, `nvfp4` ... Of attention where the file names only one: the cache's.
    pub dtype: String,
    /// Format of the KV cache; attention alone.
    pub kv_dtype: Option<String>,
    /// The profile's name: `h200`, `h800` ...
    pub hardware: String,
    /// Who provides the kernel: `flashinfer`, `torch`, `trtllm`, `deepgemm`, `nccl`, `deepep` ...
    pub backend: String,
    /// The kernel by its own name, if it has one.
    pub kernel: String,
    /// Time in microseconds.
    pub us: f64,
    /// Who measured it.
    pub source: String,
    /// File that it is in.
    pub file: String,
    /// Line of that file, from 1.
    pub line: u64,
    /// Why it is not to be taken at its word, if so.
    pub note: Option<Note>,
}

impl KernelRow {
    /// The format that tells rows of a family apart: the cache's for attention.
    #[must_use]
    pub fn format(&self) -> &str {
        self.kv_dtype.as_deref().unwrap_or(&self.dtype)
    }
}

impl fmt::Display for KernelShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Attention { query_heads, kv_heads, head_dim, batch, context_tokens, .. } => {
                write!(f, "batch {batch}, context {context_tokens}, ")?;
                write!(f, "{query_heads} query and {kv_heads} KV heads of {head_dim}")
            }
            Self::Gemm { m, k, n } => write!(f, "m {m}, k {k}, n {n}"),
            Self::GroupedGemm { groups, rows_per_group, k, n, .. } => {
                write!(f, "{groups} groups of {rows_per_group} rows, k {k}, n {n}")
            }
            Self::ExpertFfn { global_tokens, hidden, inter, top_k, experts, tp, ep, .. } => {
                write!(f, "{global_tokens} tokens, {top_k} of {experts} experts ")?;
                write!(f, "{hidden} x {inter}, TP{tp} EP{ep}")
            }
            Self::Copy { bytes, .. } => write!(f, "{bytes} bytes"),
            Self::Collective { ranks, message_bytes, .. } => {
                write!(f, "{ranks} ranks, {message_bytes} bytes")
            }
            Self::Exchange { ranks, tokens_per_rank, hidden, top_k, experts, .. } => {
                write!(f, "{ranks} ranks, {tokens_per_rank} tokens each, {top_k} of {experts} ")?;
                write!(f, "experts, hidden size {hidden}")
            }
        }
    }
}
