//! Measured kernels beside their predictions.
//!
//! At fidelity `roofline` a kernel takes max(FLOPs / peak, bytes / bandwidth), and a link moves what
//! passes it at its line rate: what nothing beats, so that errors at this level are what kernels
//! and links fall short by.
//!
//! ```text
//! decode attention   B requests, S context, H query heads, K KV heads of d, w bytes an element
//!     GQA            2 B K d S w bytes,   4 B H d S FLOPs
//!     MLA            B d S w bytes,       2 B H (d + d - d_rope) S FLOPs, d_rope = 64
//! product            k n w + m k w + 2 m n bytes, 2 m k n FLOPs; grouped: weights of touched groups
//! expert FFN         of the mean rank: 3 h M / TP weights of each touched expert, 6 h M / TP FLOPs
//!                    per row, T top_k / EP rows
//! dispatch, combine  every token once per expert elsewhere
//! ```

use super::Compared;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, Unknown, WithoutFp8};
use crate::machine::kernel::KernelRate;
use crate::machine::link::Channel;
use crate::measured::kernel::{CollectiveOp, KernelRow, KernelShape, Skew};
use crate::units::{Bytes, BytesPerSecond};
use crate::work::dtype::Dtype;
use crate::work::experts::distinct_experts;

/// A measured kernel with what is predicted for it on its hardware, or why nothing is.
#[must_use]
pub fn compare(row: &KernelRow, hardware: Result<&Hardware, &str>, fidelity: Fidelity) -> Compared {
    let predicted = match hardware {
        Ok(hardware) => predict_kernel(hardware, row, fidelity),
        Err(reason) => Err(reason.to_owned()),
    };
    Compared {
        family: row.shape.family(),
        dtype: row.format().to_owned(),
        hardware: row.hardware.clone(),
        backend: row.backend.clone(),
        model: String::new(),
        what: row.shape.to_string(),
        quantity: "us",
        measured: row.us,
        predicted,
        note: row.note.map(|note| note.name()),
        remark: None,
        source: row.source.clone(),
        file: row.file.clone(),
        line: row.line,
    }
}

/// Microseconds of a kernel, or why there is no prediction.
///
/// # Errors
/// In words: a format or a figure that is not known.
pub fn predict_kernel(
    hardware: &Hardware,
    row: &KernelRow,
    _fidelity: Fidelity,
) -> Result<f64, String> {
    let seconds = match row.shape {
        KernelShape::Collective { .. } | KernelShape::Exchange { .. } => {
            transfer_s(hardware, &row.shape)
        }
        _ => {
            let formats = Formats::of(row.format())?;
            on_device_s(hardware, &row.shape, &formats)
        }
    };
    seconds.map(|s| s * 1e6).map_err(|unknown| unknown.to_string())
}

/// Formats of what a kernel reads and of the arithmetic it does.
struct Formats {
    /// Weights, or the KV cache.
    stored: Dtype,
    /// What the rows come in, and the arithmetic.
    computed: Dtype,
}

impl Formats {
    fn of(name: &str) -> Result<Self, String> {
        let both = |format| Self { stored: format, computed: format };
        Ok(match name {
            "bf16" | "bytes" => both(Dtype::Bf16),
            "fp16" => both(Dtype::Fp16),
            "fp8" | "fp8_block" => both(Dtype::Fp8),
            "int8" => both(Dtype::Int8),
            "nvfp4" => both(Dtype::Nvfp4),
            "w4a16_mxfp4" => Self { stored: Dtype::Mxfp4, computed: Dtype::Bf16 },
            "w4a8_mxfp4_mxfp8" => Self { stored: Dtype::Mxfp4, computed: Dtype::Fp8 },
            _ => return Err(format!("the format `{name}` is not known here")),
        })
    }

    fn stored(&self, elements: f64) -> f64 {
        self.stored.bytes(elements).bytes()
    }

    fn rows(&self, elements: f64) -> f64 {
        self.computed.bytes(elements).bytes()
    }
}

/// Bytes of an element of what comes out: BF16.
const OUT: f64 = 2.0;
/// Positional part of a latent, which scores see and values do not (MLA of every published model).
const MLA_ROPE: f64 = 64.0;

/// Time of a kernel that runs on one device.
fn on_device_s(
    hardware: &Hardware,
    shape: &KernelShape,
    formats: &Formats,
) -> Result<f64, Unknown> {
    let rate = KernelRate::roofline(hardware, formats.computed, WithoutFp8::Bf16)?;
    let (flops, bytes) = work(shape, formats);
    Ok(rate.time(flops, bytes).total_s)
}

/// FLOPs and bytes of a kernel that runs on one device.
fn work(shape: &KernelShape, formats: &Formats) -> (f64, f64) {
    match *shape {
        KernelShape::Attention { mla, query_heads, kv_heads, head_dim, batch, context_tokens } => {
            let (heads, d) = (f64::from(query_heads), f64::from(head_dim));
            let (requests, context) = (f64::from(batch), context_tokens as f64);
            let values = if mla { (d - MLA_ROPE).max(0.0) } else { d };
            let cache = if mla { d } else { f64::from(kv_heads) * (d + values) };
            let flops = 2.0 * heads * (d + values) * context * requests;
            let ends = requests * heads * (d + values) * OUT;
            (flops, formats.stored(cache * context * requests) + ends)
        }
        KernelShape::Gemm { m, k, n } => product(1.0, m as f64, k as f64, n as f64, formats),
        KernelShape::GroupedGemm { groups, rows_per_group, skew, k, n } => {
            let groups = f64::from(groups);
            let rows = groups * rows_per_group;
            let touched = match skew {
                Skew::Uniform => groups.min(rows),
                Skew::Multinomial | Skew::PowerLaw(_) => distinct_experts(groups, 1.0, rows),
            };
            product(touched, rows, k as f64, n as f64, formats)
        }
        KernelShape::ExpertFfn { global_tokens, hidden, inter, top_k, experts, tp, ep, .. } => {
            let (tokens, top_k) = (global_tokens as f64, f64::from(top_k));
            let all = distinct_experts(f64::from(experts), top_k, tokens);
            let (touched, rows) = (all / f64::from(ep), tokens * top_k / f64::from(ep));
            let (hidden, inter) = (hidden as f64, inter as f64 / f64::from(tp));
            let up = product(touched, rows, hidden, 2.0 * inter, formats);
            let down = product(touched, rows, inter, hidden, formats);
            (up.0 + down.0, up.1 + down.1)
        }
        KernelShape::Copy { bytes, .. } => (0.0, bytes),
        KernelShape::Collective { .. } | KernelShape::Exchange { .. } => (0.0, 0.0),
    }
}

/// So many matrices of `k` by `n`, and so many rows in all.
fn product(matrices: f64, rows: f64, k: f64, n: f64, formats: &Formats) -> (f64, f64) {
    let bytes = formats.stored(matrices * k * n) + formats.rows(rows * k) + rows * n * OUT;
    (2.0 * rows * k * n, bytes)
}

/// Time of what moves between devices.
fn transfer_s(hardware: &Hardware, shape: &KernelShape) -> Result<f64, Unknown> {
    let seconds = match *shape {
        KernelShape::Collective { op, ranks, message_bytes } => {
            let channel = Channel::ideal(link(hardware, ranks)?);
            let bytes = Bytes::new(message_bytes);
            match op {
                CollectiveOp::AllGather => channel.all_gather(ranks, bytes),
                CollectiveOp::ReduceScatter => channel.reduce_scatter(ranks, bytes),
                CollectiveOp::AllReduce => channel.all_reduce(ranks, bytes),
                CollectiveOp::AllToAll => channel.all_to_all(ranks, bytes),
            }
        }
        KernelShape::Exchange {
            ranks, tokens_per_rank, hidden, top_k, bytes_per_element, ..
        } => {
            let copies = tokens_per_rank as f64 * f64::from(top_k);
            let bytes = Bytes::new(copies * hidden as f64 * bytes_per_element);
            Channel::ideal(link(hardware, ranks)?).all_to_all(ranks, bytes)
        }
        _ => crate::units::Seconds::ZERO,
    };
    Ok(seconds.seconds())
}

/// The link that so many devices share: scale-up where it reaches them all, else network cards.
fn link(hardware: &Hardware, ranks: u32) -> Result<BytesPerSecond, Unknown> {
    let devices = hardware.devices_per_server.unwrap_or(1).max(hardware.scale_up_devices()?);
    if u64::from(ranks) <= devices {
        hardware.scale_up_bandwidth()
    } else {
        hardware.device_network()
    }
}
