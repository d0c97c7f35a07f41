//! Random valid models and hardware. They are written as YAML and read as any spec is, so that
//! the laws hold for what a person can write and not for more.

use afford::machine::hardware::Hardware;
use afford::spec::hardware::HardwareSpec;
use afford::spec::model::ModelSpec;
use afford::spec::node::Node;
use afford::spec::{Diagnostic, Source};
use afford::work::model::Model;
use proptest::prelude::*;

/// Any valid model of one to four runs of layers, each with designs of its own.
pub fn model() -> impl Strategy<Value = Model> {
    model_yaml(8192).prop_map(|text| read_model(&text).unwrap())
}

/// A model's YAML, in which no count is larger than `most`.
pub fn model_yaml(most: u64) -> impl Strategy<Value = String> {
    let run = (1..=20_u64, attention(most), ffn(most));
    let runs = prop::collection::vec(run, 1..=4);
    let head = (1..=most, 1..=most, any::<bool>(), dtype(), dtype(), dtype());
    (head, runs, any::<bool>()).prop_map(|(head, runs, mtp)| {
        let (hidden, vocabulary, tied, weights, kv_cache, activations) = head;
        let lines = |of: &dyn Fn(usize, &AnyRun) -> String| -> String {
            runs.iter().enumerate().map(|(i, run)| of(i, run)).collect()
        };
        let layers: u64 = runs.iter().map(|run| run.0).sum();
        let mut text = format!(
            "name: any\nhidden_size: {hidden}\nvocabulary_size: {vocabulary}\ntied_embeddings: {tied}\n\
             precision: {{weights: {weights}, kv_cache: {kv_cache}, activations: {activations}}}\n"
        );
        text += &format!("attention:\n{}", lines(&|i, run| format!("  a{i}: {}\n", run.1)));
        text += &format!("ffn:\n{}", lines(&|i, run| format!("  f{i}: {}\n", run.2)));
        text += &format!("num_layers: {layers}\nlayers:\n");
        text += &lines(&|i, run| format!("  - {{count: {}, attention: a{i}, ffn: f{i}}}\n", run.0));
        if mtp {
            text += "mtp: {layers: [{attention: a0, ffn: f0}], extra_norms: 2, projection: true}\n";
        }
        text
    })
}

/// Layers of one kind: how many, their attention and their FFN.
type AnyRun = (u64, String, String);

/// Any attention design.
fn attention(most: u64) -> impl Strategy<Value = String> {
    let window = prop_oneof![
        Just(String::new()),
        (1..=most).prop_map(|n| format!(", window: {{sliding_tokens: {n}}}")),
        (1..=most).prop_map(|n| format!(", window: {{chunked_tokens: {n}}}")),
    ];
    let narrow = most.min(256);
    let gqa = (1..=16_u64, 1..=8_u64, 1..=narrow, window).prop_map(|(kv, share, d, window)| {
        format!("{{gqa: {{query_heads: {}, kv_heads: {kv}, head_dim: {d}{window}}}}}", kv * share)
    });
    let mfa = (1..=4_u64, 1..=64_u64, 1..=narrow, 1..=most).prop_map(|(kv, share, d, rank)| {
        let heads = kv * share;
        format!(
            "{{mfa: {{query_heads: {heads}, kv_heads: {kv}, head_dim: {d}, query_rank: {rank}}}}}"
        )
    });
    let mla = (1..=128_u64, 1..=most, [1..=narrow, 1..=narrow, 1..=narrow]).prop_map(
        |(heads, rank, [nope, rope, value])| {
            format!(
                "{{mla: {{query_heads: {heads}, kv_rank: {rank}, nope_head_dim: {nope}, \
                 rope_head_dim: {rope}, value_head_dim: {value}}}}}"
            )
        },
    );
    let lightning = (1..=64_u64, 1..=narrow, dtype()).prop_map(|(heads, d, state)| {
        format!("{{lightning: {{heads: {heads}, head_dim: {d}, state: {state}}}}}")
    });
    prop_oneof![gqa, mfa, mla, lightning]
}

/// Any feed-forward design.
fn ffn(most: u64) -> impl Strategy<Value = String> {
    let dense = (1..=most).prop_map(|width| format!("{{dense: {{intermediate_size: {width}}}}}"));
    let experts = (1..=256_u64).prop_flat_map(|all| (Just(all), 1..=all));
    let moe = (experts, 1..=most, prop::option::of(1..=most)).prop_map(
        |((all, chosen), width, shared)| {
            let shared = shared.map(|n| format!(", shared_intermediate_size: {n}"));
            format!(
                "{{moe: {{experts: {all}, experts_per_token: {chosen}, \
                 expert_intermediate_size: {width}{}}}}}",
                shared.unwrap_or_default()
            )
        },
    );
    prop_oneof![dense, moe]
}

fn dtype() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["bf16", "fp16", "fp8", "int8", "mxfp4", "nvfp4", "int4"])
}

/// Reads a model as the program does.
pub fn read_model(text: &str) -> Result<Model, Diagnostic> {
    ModelSpec::read(&Node::parse(&Source::new("any.yaml", text))?)
}

/// The figures of a hardware that costs depend on.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub bf16_tflops: f64,
    pub fp8_tflops: Option<f64>,
    pub bandwidth_gb_per_s: f64,
    pub usd_per_hour: f64,
}

/// Any figures from a laptop's to a rack's.
pub fn figures() -> impl Strategy<Value = Figures> {
    let fp8 = prop::option::of(1.0..10_000.0);
    (1.0..5_000.0, fp8, 10.0..20_000.0, 0.01..100.0).prop_map(
        |(bf16_tflops, fp8_tflops, bandwidth_gb_per_s, usd_per_hour)| Figures {
            bf16_tflops,
            fp8_tflops,
            bandwidth_gb_per_s,
            usd_per_hour,
        },
    )
}

impl Figures {
    /// A hardware of these figures.
    pub fn hardware(self, name: &str) -> Hardware {
        let fp8 = self.fp8_tflops.map(|f| format!("fp8_tflops: {f:?}, ")).unwrap_or_default();
        let text = format!(
            "name: {name}\npeak_compute: {{bf16_tflops: {:?}, {fp8}source: s}}\n\
             memory: {{bandwidth_gb_per_s: {:?}, source: s}}\n\
             prices: [{{usd_per_hour: {:?}, basis: owned, date: 2026-01, source: s}}]\n\
             sources: {{s: nobody}}\n",
            self.bf16_tflops, self.bandwidth_gb_per_s, self.usd_per_hour
        );
        HardwareSpec::read(&Node::parse(&Source::new("any.yaml", text)).unwrap()).unwrap()
    }
}

/// Contexts from one token to a million.
pub fn context() -> impl Strategy<Value = u64> {
    1..=1_u64 << 20
}
