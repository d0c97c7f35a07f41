//! Theory: the newer attention designs worked by hand, and their shape against their exact count.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use afford::catalog::Catalog;
use afford::work::Counting;
use afford::work::attention::{Attention, Core};
use afford::work::model::Model;

fn model(name: &str) -> Model {
    Catalog::default().model(name).unwrap()
}

fn design(name: &str, kind: &str) -> Attention {
    let found = model(name).attentions.into_iter().find(|named| named.name == kind);
    found.unwrap().design
}

fn exact(attention: &Attention, s: u64) -> (f64, f64) {
    let Core { flops, bytes } = attention.core(s, Counting::Exact);
    (flops.flops(), bytes.bytes())
}

#[test]
fn dsa_scans_all_keys_and_reads_the_selected_latents() {
    let dsa = design("deepseek-v3.2", "dsa");
    let latents = |read: f64| 2.0 * 128.0 * (2.0 * 512.0 + 64.0) * read;
    let scan = |s: f64| 2.0 * 64.0 * 128.0 * s;
    // Below k every latent is read; above it only 2,048. Keys and latents are one byte wide.
    assert_eq!(exact(&dsa, 1000), (latents(1e3) + scan(1e3), 1e3 * (576.0 + 128.0)));
    let s = 65_536.0;
    assert_eq!(exact(&dsa, 65_536), (latents(2048.0) + scan(s), 2048.0 * 576.0 + 128.0 * s));
    assert_eq!(dsa.kv_bytes_held(65_536).bytes(), s * (576.0 + 128.0));
}

#[test]
fn delta_nets_read_and_write_their_state_whatever_the_context() {
    let gdn = design("qwen3-next-80b-a3b", "linear");
    let state = 32.0 * 128.0 * 128.0;
    let channels = 2.0 * 16.0 * 128.0 + 32.0 * 128.0;
    let held = state * 4.0 + channels * 3.0 * 2.0;
    assert_eq!(gdn.state_bytes_per_sequence().bytes(), held);
    let want = (7.0 * state + 2.0 * 4.0 * channels, 2.0 * held);
    assert_eq!((exact(&gdn, 1), exact(&gdn, 1 << 20)), (want, want));

    let kda = design("kimi-linear-48b-a3b", "kda");
    let (state, channels) = (32.0 * 128.0 * 128.0, 3.0 * 32.0 * 128.0);
    let held = state * 4.0 + channels * 3.0 * 2.0;
    let want = (7.0 * state + 2.0 * 4.0 * channels, 2.0 * held);
    assert_eq!((exact(&kda, 1), exact(&kda, 1 << 20)), (want, want));
}

#[test]
fn compressed_attention_reads_a_window_and_entries() {
    let (csa, hca) = (design("deepseek-v4-flash", "csa"), design("deepseek-v4-flash", "hca"));
    let head = |read: f64| 4.0 * 64.0 * 512.0 * read;
    let scan = |keys: f64| 2.0 * 64.0 * 128.0 * keys;
    let s = 100_003;
    // 128 tokens of window; 781 entries of 128 tokens; 512 out of 25,000 entries of 4 tokens.
    assert_eq!(exact(&hca, s), (head(128.0 + 781.0), 512.0 * (128.0 + 781.0)));
    let read = 128.0 + 512.0;
    assert_eq!(exact(&csa, s), (head(read) + scan(25_000.0), 512.0 * read + 128.0 * 25_000.0));
    assert_eq!(csa.kv_bytes_held(s).bytes(), 512.0 * (128.0 + 25_000.0) + 128.0 * 25_000.0);
}

#[test]
fn shapes_follow_the_exact_counts() {
    for name in ["deepseek-v3.2", "deepseek-v4-pro", "kimi-k3", "qwen3.5-397b-a17b", "gemma-3-27b"]
    {
        for named in model(name).attentions {
            let shape = named.design.core_shape(Counting::Exact);
            let mut last = 0.0;
            for s in [100, 127, 128, 1000, 2048, 4096, 100_000, 1 << 20] {
                let (flops, bytes) = exact(&named.design, s);
                let smooth = shape.at(s as f64);
                let near = |a: f64, b: f64| (a - b).abs() <= 0.02 * a.max(b);
                assert!(near(flops, smooth.flops.flops()), "{name} {} at {s}", named.name);
                assert!(near(bytes, smooth.bytes.bytes()), "{name} {} at {s}", named.name);
                assert!(bytes >= last, "{name} {} at {s}", named.name);
                last = bytes;
            }
        }
    }
}

#[test]
fn experts_may_be_narrower_than_the_model() {
    let model = model("gpt-oss-120b");
    let weights = model.precision.weights;
    assert_eq!(weights.name(), "bf16");
    assert_eq!(model.ffns[0].design.weights(weights).name(), "bf16");
    assert_eq!(model.ffns[0].design.expert_weights(weights).name(), "mxfp4");
}
