//! Collectives as AIConfigurator keeps them: `op_name, nccl_dtype, num_gpus, message_size, latency`.
//!
//! `latency` is in milliseconds. `message_size` counts elements: its rows of one size in bytes are
//! at half the number in FP16 as in INT8 and take as long, and the collector divides nccl-tests'
//! size by the width of an element.

use super::kernel::{CollectiveOp, KernelShape};
use super::layout::{Layout, Measured, Outcome};
use super::sheet::Line;
use crate::spec::Diagnostic;

pub(super) const LAYOUT: Layout = Layout {
    what: "collectives",
    needs: &["op_name", "nccl_dtype", "num_gpus", "message_size", "latency"],
    backend: |_| "nccl",
    read,
};

fn read(line: &Line) -> Outcome {
    let (dtype, width) = match line.word("nccl_dtype")? {
        "half" => ("fp16", 2.0),
        "int8" => ("int8", 1.0),
        "float" => ("fp32", 4.0),
        other => {
            let message = format!("`nccl_dtype` says `{other}`, whose width is not known here");
            return Err(line.wrong("nccl_dtype", message, "write half, int8 or float"));
        }
    };
    let shape = KernelShape::Collective {
        op: op(line, "op_name")?,
        ranks: line.small_count("num_gpus")?,
        message_bytes: line.positive("message_size")? * width,
    };
    Ok(Ok(vec![Measured::new(shape, dtype, line.positive("latency")? * 1e3)]))
}

pub(super) fn op(line: &Line, column: &str) -> Result<CollectiveOp, Diagnostic> {
    match line.word(column)? {
        "all_gather" => Ok(CollectiveOp::AllGather),
        "reduce_scatter" => Ok(CollectiveOp::ReduceScatter),
        "all_reduce" => Ok(CollectiveOp::AllReduce),
        "alltoall" | "all_to_all" => Ok(CollectiveOp::AllToAll),
        other => Err(line.wrong(
            column,
            format!("`{column}` says `{other}`, which is no collective known here"),
            "write all_gather, reduce_scatter, all_reduce or alltoall",
        )),
    }
}
