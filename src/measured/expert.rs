//! Experts: their products (`dtype, global_tokens, hidden, inter, topk, experts, tp, ep,
//! distribution, us`), and tokens on their way to and from them (DeepEP's low-latency kernels, a
//! dispatch and a combine in each row).

use super::kernel::{Direction, KernelShape, Note};
use super::layout::{Layout, Measured, Outcome, skew};
use super::sheet::Line;

pub(super) const FFN: Layout = Layout {
    what: "expert FFNs",
    needs: &[
        "dtype",
        "global_tokens",
        "hidden",
        "inter",
        "topk",
        "experts",
        "tp",
        "ep",
        "distribution",
        "us",
    ],
    backend: |_| "torch",
    read: read_ffn,
};

pub(super) const EXCHANGE: Layout = Layout {
    what: "dispatch and combine",
    needs: &[
        "node_num",
        "hidden_size",
        "num_token",
        "num_topk",
        "num_experts",
        "dispatch_avg_t_us",
        "combine_avg_t_us",
    ],
    backend: |_| "deepep",
    read: read_exchange,
};

fn read_ffn(line: &Line) -> Outcome {
    let shape = KernelShape::ExpertFfn {
        global_tokens: line.count("global_tokens")?,
        hidden: line.count("hidden")?,
        inter: line.count("inter")?,
        top_k: line.small_count("topk")?,
        experts: line.small_count("experts")?,
        tp: line.small_count("tp")?,
        ep: line.small_count("ep")?,
        distribution: skew(line, "distribution")?,
    };
    Ok(Ok(vec![Measured::new(shape, line.word("dtype")?, line.positive("us")?)]))
}

/// FP8 out and BF16 back, as these kernels send.
pub(super) fn wire(direction: Direction) -> (&'static str, f64) {
    match direction {
        Direction::Dispatch => ("fp8", 1.0),
        Direction::Combine => ("bf16", 2.0),
    }
}

fn read_exchange(line: &Line) -> Outcome {
    let nodes = line.small_count("node_num")?;
    // A GB200 node has four devices, the others eight.
    let per_node = if line.text("device").contains("GB200") { 4 } else { 8 };
    let mut both = Vec::new();
    for (direction, time, kernel) in [
        (Direction::Dispatch, "dispatch_avg_t_us", "low_latency_dispatch"),
        (Direction::Combine, "combine_avg_t_us", "low_latency_combine"),
    ] {
        let (dtype, bytes_per_element) = wire(direction);
        let shape = KernelShape::Exchange {
            direction,
            ranks: nodes * per_node,
            tokens_per_rank: line.count("num_token")?,
            hidden: line.count("hidden_size")?,
            top_k: line.small_count("num_topk")?,
            experts: line.small_count("num_experts")?,
            bytes_per_element,
            low_latency: true,
        };
        let mut measured = Measured::new(shape, dtype, line.positive(time)?);
        kernel.clone_into(&mut measured.kernel);
        // The files of H100 and H200 hold the same figures where there are several nodes.
        let hopper = line.text("device").contains("H100") || line.text("device").contains("H200");
        measured.note = (hopper && nodes > 1).then_some(Note::DeviceUnsure);
        both.push(measured);
    }
    Ok(Ok(both))
}
