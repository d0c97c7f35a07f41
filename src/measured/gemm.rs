//! Matrix products (`m, k, n, dtype, us`), grouped ones (`groups, m_per_group, skew, k, n, dtype,
//! us`) and kernels that only move memory (`op, bytes, us`).

use super::kernel::{CopyOp, KernelShape};
use super::layout::{Layout, Measured, Outcome, skew};
use super::sheet::Line;

pub(super) const DENSE: Layout = Layout {
    what: "matrix products",
    needs: &["m", "k", "n", "dtype", "us"],
    backend: |_| "torch",
    read: read_dense,
};

pub(super) const GROUPED: Layout = Layout {
    what: "grouped matrix products",
    needs: &["groups", "m_per_group", "skew", "k", "n", "dtype", "us"],
    backend: |_| "torch",
    read: read_grouped,
};

pub(super) const COPY: Layout =
    Layout { what: "copies", needs: &["op", "bytes", "us"], backend: |_| "torch", read: read_copy };

fn read_dense(line: &Line) -> Outcome {
    let shape = KernelShape::Gemm { m: line.count("m")?, k: line.count("k")?, n: line.count("n")? };
    Ok(Ok(vec![Measured::new(shape, line.word("dtype")?, line.positive("us")?)]))
}

fn read_grouped(line: &Line) -> Outcome {
    let shape = KernelShape::GroupedGemm {
        groups: line.small_count("groups")?,
        rows_per_group: line.positive("m_per_group")?,
        skew: skew(line, "skew")?,
        k: line.count("k")?,
        n: line.count("n")?,
    };
    Ok(Ok(vec![Measured::new(shape, line.word("dtype")?, line.positive("us")?)]))
}

fn read_copy(line: &Line) -> Outcome {
    let op = match line.word("op")? {
        "copy" => CopyOp::Copy,
        "read_sum" | "read" => CopyOp::Read,
        other => {
            let message = format!("`op` says `{other}`, which is no copy");
            return Err(line.wrong("op", message, "write copy or read_sum"));
        }
    };
    let shape = KernelShape::Copy { op, bytes: line.positive("bytes")? };
    Ok(Ok(vec![Measured::new(shape, "bytes", line.positive("us")?)]))
}
