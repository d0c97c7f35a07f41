//! Decode attention: `kind, hq, hkv, d, dtype, batch, ctx, us`, and `backend` where there are
//! several. `dtype` is that of the KV cache.

use super::kernel::KernelShape;
use super::layout::{Layout, Measured, Outcome};
use super::sheet::Line;

pub(super) const LAYOUT: Layout = Layout {
    what: "decode attention",
    needs: &["kind", "hq", "hkv", "d", "dtype", "batch", "ctx", "us"],
    backend: |_| "flashinfer",
    read,
};

fn read(line: &Line) -> Outcome {
    let mla = match line.word("kind")?.to_lowercase().as_str() {
        "mla" => true,
        "gqa" | "mfa" | "mha" | "mqa" => false,
        other => {
            let message = format!("`kind` says `{other}`, which is no attention known here");
            return Err(line.wrong("kind", message, "write gqa (MFA and MHA are GQA too) or mla"));
        }
    };
    let shape = KernelShape::Attention {
        mla,
        query_heads: line.small_count("hq")?,
        kv_heads: line.small_count("hkv")?,
        head_dim: line.small_count("d")?,
        batch: line.small_count("batch")?,
        context_tokens: line.count("ctx")?,
    };
    let mut measured = Measured::new(shape, line.word("dtype")?, line.positive("us")?);
    measured.kv_dtype = Some(measured.dtype.clone());
    Ok(Ok(vec![measured]))
}
