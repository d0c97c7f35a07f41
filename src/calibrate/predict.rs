//! The time of a measured shape by a fitted form: the same constants and formulas that estimates
//! use, set to what the measurement ran: benchmarks read one KV cache again and again.

use crate::deploy::imbalance::{Dealt, Imbalance};
use crate::machine::calibration::Form;
use crate::machine::calibration::attention::{Cache, Heads, Peaks};
use crate::machine::calibration::gemm::{ExpertShape, Spread};
use crate::machine::calibration::link::LinkFit;
use crate::measured::kernel::{CollectiveOp, KernelShape, Skew};
use crate::work::experts::distinct_experts;

/// Width of an MLA latent without its positional part.
const LATENT: f64 = 512.0;

/// Bytes per element of a format as measurements name it, block scales included.
#[must_use]
pub fn element_bytes(dtype: &str) -> f64 {
    match dtype {
        "fp32" => 4.0,
        "fp8" | "fp8_block" | "int8" => 1.0,
        "nvfp4" => 0.5 + 1.0 / 16.0,
        "mxfp4" | "w4a16_mxfp4" => 0.5 + 1.0 / 32.0,
        "int4" | "int4_wo" => 0.5,
        _ => 2.0,
    }
}

/// What a device has, links included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Device {
    /// Arithmetic, memory, multiprocessors.
    pub peaks: Peaks,
    /// Scale-up link of one device in one direction, bytes per second.
    pub scale_up_bytes_per_s: f64,
    /// One device's share of the network cards, bytes per second.
    pub card_bytes_per_s: f64,
    /// Devices that the scale-up link joins.
    pub domain_devices: f64,
}

/// Seconds of a shape in a format by a form; none where the form is of another kind.
#[must_use]
pub fn seconds(form: &Form, shape: &KernelShape, dtype: &str, device: &Device) -> Option<f64> {
    match (form, *shape) {
        (Form::Attention(_), KernelShape::Attention { .. }) => {
            attention(form, shape, dtype, device)
        }
        (Form::Gemm(fit), KernelShape::Gemm { m, k, n }) => {
            let (m, k, n) = (m as f64, k as f64, n as f64);
            let element = element_bytes(dtype);
            let bytes = element * k * n + element * m * k + 2.0 * m * n;
            Some(fit.rate(&device.peaks, k, n).time(m, 2.0 * k * n, bytes).total_s)
        }
        (Form::Grouped(fit), KernelShape::GroupedGemm { groups, rows_per_group, skew, k, n }) => {
            let (k, n, groups) = (k as f64, n as f64, f64::from(groups));
            let rows = groups * rows_per_group;
            let (touched, spread) = match skew {
                Skew::Uniform => (groups.min(rows), Spread::Even),
                _ => (distinct_experts(groups, 1.0, rows), Spread::Random),
            };
            let element = element_bytes(dtype);
            let bytes = element * touched * k * n + rows * (element * k + 2.0 * n);
            let shape = ExpertShape { calls: 1.0, along_k: k, width: k, local: groups };
            let rate = fit.rate(&device.peaks, &shape, spread);
            Some(rate.time([rows, rows], touched, 2.0 * k * n, bytes).total_s)
        }
        (Form::Grouped(_), KernelShape::ExpertFfn { .. }) => expert_ffn(form, shape, dtype, device),
        (Form::Link(fit), KernelShape::Copy { bytes, .. }) => {
            Some(fit.time_s(1.0, bytes, device.peaks.bytes_per_s))
        }
        (Form::Link(fit), KernelShape::Collective { op, ranks, message_bytes }) => {
            let bytes = collective_bytes(op, f64::from(ranks), message_bytes);
            Some(fit.time_s(f64::from(ranks), bytes, device.scale_up_bytes_per_s))
        }
        (Form::Link(fit), KernelShape::Exchange { .. }) => exchange(fit, shape, device),
        _ => None,
    }
}

fn attention(form: &Form, shape: &KernelShape, dtype: &str, device: &Device) -> Option<f64> {
    let (
        Form::Attention(fit),
        &KernelShape::Attention { mla, query_heads, kv_heads, head_dim, batch, context_tokens },
    ) = (form, shape)
    else {
        return None;
    };
    let (kv, d) = (f64::from(kv_heads.max(1)), f64::from(head_dim));
    let rows = f64::from(query_heads) / kv;
    let element = element_bytes(dtype);
    let s = context_tokens as f64;
    let (bytes, flops, value_width) = if mla {
        let flops = 2.0 * f64::from(query_heads) * (d + LATENT) * s;
        (d * s * element, flops, LATENT)
    } else {
        let bytes = 2.0 * kv * d * s * element;
        (bytes, 4.0 * f64::from(query_heads) * d * s, d)
    };
    let heads = Heads { units: if mla { 1.0 } else { kv }, rows, value_width };
    let processors = device.peaks.processors;
    let busiest = fit.queue_imbalance(batch.into(), context_tokens, rows, processors);
    let rate = fit.rate(&device.peaks, &heads, Cache::Hot);
    Some(rate.time(f64::from(batch), flops * busiest, bytes, s).total_s)
}

/// Both products of the experts of the busiest device, what lies between them included.
fn expert_ffn(form: &Form, shape: &KernelShape, dtype: &str, device: &Device) -> Option<f64> {
    let (
        Form::Grouped(fit),
        &KernelShape::ExpertFfn {
            global_tokens,
            hidden,
            inter,
            top_k,
            experts,
            tp,
            ep,
            distribution,
        },
    ) = (form, shape)
    else {
        return None;
    };
    let (h, w) = (hidden as f64, inter as f64 / f64::from(tp));
    let (tokens, k) = (global_tokens as f64, f64::from(top_k));
    let local = f64::from(experts) / f64::from(ep);
    // Balanced or not, rows of the busiest device are told by its own load, which files keep only for
    // balanced ones: a power law's is expected.
    let load = match distribution {
        Skew::Uniform | Skew::Multinomial => 1.0,
        Skew::PowerLaw(exponent) => {
            let visited = f64::from(top_k);
            let dealt = Dealt { experts, visited, redundant: 0, groups: ep };
            Imbalance::Zipf { exponent }.skew(&dealt).max_over_mean
        }
    };
    let rows = tokens * k / f64::from(ep) * load;
    // "Balanced" deals rows out in turn: as many experts are touched as there are rows.
    let touched = match distribution {
        Skew::Uniform => local.min(rows).max(1.0),
        _ => distinct_experts(local, k / f64::from(experts) * local, tokens).min(rows).max(1.0),
    };
    let spread = if distribution == Skew::Uniform { Spread::Even } else { Spread::Random };
    let element = element_bytes(dtype);
    let shape = ExpertShape { calls: 1.0, along_k: h + w, width: h, local };
    let rate = fit.rate(&device.peaks, &shape, spread);
    // As in a deployment: fits of whole experts have what is moved per row as a time of its own,
    // datasheet peaks have not.
    let per_row = if rate.s_per_row > 0.0 { 0.0 } else { 2.0 * h * 2.0 + 3.0 * w * element };
    let bytes = element * touched * 3.0 * h * w + rows * per_row;
    Some(rate.time([rows, tokens], touched, 6.0 * h * w, bytes).total_s)
}

/// Bytes that pass one device's link in one direction.
fn collective_bytes(op: CollectiveOp, ranks: f64, message: f64) -> f64 {
    let others = message * (ranks - 1.0) / ranks;
    match op {
        CollectiveOp::AllReduce => 2.0 * others,
        CollectiveOp::AllGather | CollectiveOp::ReduceScatter | CollectiveOp::AllToAll => others,
    }
}

/// Low-latency kernels send a row per expert visited: over the cards where the expert is outside
/// the scale-up domain, over the link inside. Both at once.
fn exchange(fit: &LinkFit, shape: &KernelShape, device: &Device) -> Option<f64> {
    let &KernelShape::Exchange { ranks, tokens_per_rank, hidden, top_k, bytes_per_element, .. } =
        shape
    else {
        return None;
    };
    let ranks = f64::from(ranks);
    let rows = tokens_per_rank as f64 * f64::from(top_k);
    let row_bytes = hidden as f64 * bytes_per_element;
    let domain = device.domain_devices.min(ranks);
    let beyond = rows * (1.0 - domain / ranks) * row_bytes;
    if beyond > 0.0 {
        return Some(fit.time_s(ranks, beyond, device.card_bytes_per_s));
    }
    Some(fit.time_s(ranks, rows * (domain - 1.0) / domain * row_bytes, device.scale_up_bytes_per_s))
}
