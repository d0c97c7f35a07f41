//! Kernels that others published: one row each, with the union of all kinds' columns, and rates
//! where no time was printed.

use super::collective;
use super::expert::wire;
use super::kernel::{Direction, KernelShape, Note, Skew};
use super::layout::{Layout, Measured, Outcome, skew};
use super::sheet::Line;
use crate::spec::Diagnostic;

pub(super) const LAYOUT: Layout = Layout {
    what: "published kernels",
    needs: &[
        "source",
        "kernel",
        "op",
        "hardware",
        "n_ranks",
        "batch",
        "context_tokens",
        "q_heads",
        "kv_heads",
        "head_dim",
        "m",
        "n",
        "k",
        "experts",
        "local_experts",
        "topk",
        "hidden",
        "inter",
        "tokens",
        "distribution",
        "msg_bytes",
        "dtype",
        "kv_dtype",
        "latency_us",
        "tflops",
        "notes",
    ],
    backend,
    read,
};

/// Who provides a kernel, by what its name says.
fn backend(line: &Line) -> &'static str {
    let name = line.text("kernel").to_lowercase();
    let known = [
        ("deepep-moe", "sglang"),
        ("deepep", "deepep"),
        ("deepgemm gemm", "sglang"),
        ("sglang", "sglang"),
        ("deepgemm", "deepgemm"),
        ("flashinfer", "flashinfer"),
        ("flashmla", "flashmla"),
        ("fa3", "sglang"),
        ("flash_attention", "sglang"),
        ("nccl", "nccl"),
        ("vllm", "vllm"),
        ("step-3", "vllm"),
    ];
    known.iter().find(|(part, _)| name.contains(part)).map_or("other", |(_, backend)| backend)
}

/// A format in the words that the other files use.
fn format(text: &str) -> String {
    let lower = text.to_lowercase();
    match lower.as_str() {
        "bfloat16" => "bf16".to_owned(),
        "half" | "float16" => "fp16".to_owned(),
        block if block.starts_with("fp8 128-block") => "fp8_block".to_owned(),
        _ => lower,
    }
}

fn read(line: &Line) -> Outcome {
    let shape = match line.word("op")? {
        "gqa_decode" | "mfa_decode" | "mla_decode" => attention(line)?,
        "gemm" => gemm(line)?,
        // Some say the product's sizes, others the experts'.
        "grouped_gemm" if line.text("n").is_empty() => expert_ffn(line)?,
        "grouped_gemm" => grouped(line)?,
        "moe_ffn" => expert_ffn(line)?,
        "moe_dispatch" => exchange(line, Direction::Dispatch)?,
        "moe_combine" => exchange(line, Direction::Combine)?,
        "all_gather" | "reduce_scatter" | "all_reduce" | "alltoall" => {
            Some(KernelShape::Collective {
                op: collective::op(line, "op")?,
                ranks: line.small_count("n_ranks")?,
                message_bytes: line.positive("msg_bytes")?,
            })
        }
        other => return Ok(Err(format!("nothing here predicts the kind `{other}`"))),
    };
    let Some(shape) = shape else {
        return Ok(Err("its shape is not stated".to_owned()));
    };
    let printed = line.positive_if_any("latency_us")?;
    let Some(us) = printed.or(from_rate(&shape, line.positive_if_any("tflops")?)) else {
        return Ok(Err("it states no time, and no rate that one follows from".to_owned()));
    };
    let dtype = match (&shape, line.text("dtype")) {
        (KernelShape::Exchange { direction, .. }, "") => wire(*direction).0.to_owned(),
        (_, text) => format(text),
    };
    let mut measured = Measured::new(shape, &dtype, us);
    if matches!(shape, KernelShape::Attention { .. }) {
        let kv = Some(line.text("kv_dtype")).filter(|kv| !kv.is_empty());
        measured.kv_dtype = Some(kv.map_or(dtype, format));
    }
    measured.note = note(line, printed.is_some());
    Ok(Ok(vec![measured]))
}

fn attention(line: &Line) -> Result<Option<KernelShape>, Diagnostic> {
    if line.text("q_heads").is_empty() {
        return Ok(None);
    }
    let heads = line.small_count("q_heads")?;
    // Frontier's rows state the whole model's heads and how many devices share them.
    let parts = if line.text("n_ranks").is_empty() { 1 } else { line.small_count("n_ranks")? };
    Ok(Some(KernelShape::Attention {
        mla: line.text("op") == "mla_decode",
        query_heads: (heads / parts).max(1),
        kv_heads: line.small_count("kv_heads")?,
        head_dim: head_dim(line)?,
        batch: line.small_count("batch")?,
        context_tokens: line.count("context_tokens")?,
    }))
}

/// `128`, or `512+64` for a latent with its positional part.
fn head_dim(line: &Line) -> Result<u32, Diagnostic> {
    let text = line.word("head_dim")?;
    let parts: Result<Vec<u32>, _> = text.split('+').map(str::parse).collect();
    match parts.map(|parts| parts.iter().fold(0_u32, |sum, part| sum.saturating_add(*part))) {
        Ok(sum) if sum > 0 => Ok(sum),
        _ => Err(line.wrong(
            "head_dim",
            format!("`head_dim` must be a size, not `{text}`"),
            "write 128, or 512+64",
        )),
    }
}

/// Frontier's rows state whole matrices and how many devices share them: by inner size where
/// what comes in is split (output and down projections), by columns elsewhere.
fn gemm(line: &Line) -> Result<Option<KernelShape>, Diagnostic> {
    let parts = if line.text("n_ranks").is_empty() { 1 } else { line.count("n_ranks")? };
    let inner = ["post_proj", "down_proj"].iter().any(|part| line.text("kernel").contains(part));
    let (k_parts, n_parts) = if inner { (parts, 1) } else { (1, parts) };
    Ok(Some(KernelShape::Gemm {
        m: line.count("m")?,
        k: (line.count("k")? / k_parts).max(1),
        n: (line.count("n")? / n_parts).max(1),
    }))
}

fn grouped(line: &Line) -> Result<Option<KernelShape>, Diagnostic> {
    Ok(Some(KernelShape::GroupedGemm {
        groups: line.small_count("local_experts")?,
        rows_per_group: line.positive("m")?,
        skew: Skew::Uniform,
        k: line.count("k")?,
        n: line.count("n")?,
    }))
}

/// Experts over `EP2xTP4`, or over as many groups as a plain number says.
fn expert_ffn(line: &Line) -> Result<Option<KernelShape>, Diagnostic> {
    let text = line.word("n_ranks")?;
    let factor = |name: &str| {
        let mut parts = text.split('x').filter_map(|part| part.strip_prefix(name));
        parts.next().and_then(|n| n.parse::<u32>().ok()).filter(|n| *n > 0)
    };
    let (ep, tp) = match (text.parse::<u32>(), factor("EP"), factor("TP")) {
        (Ok(ep), ..) if ep > 0 => (ep, 1),
        (_, Some(ep), Some(tp)) => (ep, tp),
        _ => {
            let message = format!("`n_ranks` must say how experts are split, not `{text}`");
            return Err(line.wrong("n_ranks", message, "write 8, or EP2xTP4"));
        }
    };
    Ok(Some(KernelShape::ExpertFfn {
        global_tokens: line.count("tokens")?,
        hidden: line.count("hidden")?,
        inter: line.count("inter")?,
        top_k: line.small_count("topk")?,
        experts: line.small_count("experts")?,
        tp,
        ep,
        distribution: skew(line, "distribution")?,
    }))
}

/// Experts of DeepSeek-V3, whose sizes DeepEP's tables are for where they do not say.
const DEEPSEEK_V3_EXPERTS: u32 = 256;

fn exchange(line: &Line, direction: Direction) -> Result<Option<KernelShape>, Diagnostic> {
    let experts = match line.text("experts") {
        "" => DEEPSEEK_V3_EXPERTS,
        _ => line.small_count("experts")?,
    };
    let name = line.text("kernel");
    Ok(Some(KernelShape::Exchange {
        direction,
        ranks: exchange_ranks(line)?,
        tokens_per_rank: line.count("tokens")?,
        hidden: line.count("hidden")?,
        top_k: line.small_count("topk")?,
        experts,
        bytes_per_element: wire(direction).1,
        low_latency: name.contains("low_latency") || name.contains("DeepEP LL"),
    }))
}

/// `16`, `8x2` or `1 node`, which has eight devices.
fn exchange_ranks(line: &Line) -> Result<u32, Diagnostic> {
    let text = line.word("n_ranks")?;
    let (text, scale) = text.strip_suffix(" node").map_or((text, 1), |nodes| (nodes, 8));
    let product = text.split('x').try_fold(scale, |all: u32, part| {
        all.checked_mul(part.parse::<u32>().ok()?).filter(|n| *n > 0)
    });
    product.ok_or_else(|| {
        let message = format!("`n_ranks` must be a number of devices, not `{text}`");
        line.wrong("n_ranks", message, "write 16, 8x2 or 1 node")
    })
}

/// Microseconds of a product at a printed rate.
fn from_rate(shape: &KernelShape, tflops: Option<f64>) -> Option<f64> {
    let products = match *shape {
        KernelShape::Gemm { m, k, n } => m as f64 * k as f64 * n as f64,
        KernelShape::GroupedGemm { groups, rows_per_group, k, n, .. } => {
            f64::from(groups) * rows_per_group * k as f64 * n as f64
        }
        _ => return None,
    };
    Some(2.0 * products / (tflops? * 1e12) * 1e6)
}

/// What the row's own notes say against it.
fn note(line: &Line, printed: bool) -> Option<Note> {
    let notes = line.text("notes");
    let doubts = [
        ("host-timed", Note::LaunchIncluded),
        ("m is nominal", Note::NominalRows),
        ("device label cannot be trusted", Note::DeviceUnsure),
        ("launch/latency floor", Note::StartupOnly),
        ("per rank or global is not stated", Note::TokensUnclear),
    ];
    let said = doubts.into_iter().find(|(words, _)| notes.contains(words)).map(|(_, note)| note);
    said.or((!printed).then_some(Note::FromRate))
}
