//! Aggregated serving: prefill counted by hand, and laws that its estimate keeps.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::deploy::context::{Length, Lengths};
use afford::deploy::deployment::{Colocated, Deployment};
use afford::deploy::estimate::Point;
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::Options;
use afford::deploy::serving::{Batching, Load, Serving, ServingEstimate, in_flight_context};
use afford::work::attention::Attention;
use afford::work::dtype::Dtype;
use afford::work::ffn::Ffn;
use afford::work::prefill::{
    PrefillCore, Prompt, causal_pairs, chunk_reads, earlier_tokens, layer_flops,
};
use proptest::prelude::*;
use std::process::Command;

fn close(a: f64, b: f64, share: f64) {
    assert!((a - b).abs() <= share * b.abs(), "{a} is not {b}");
}

fn colocated(name: &str) -> Colocated {
    match parse(name, &Shape::default()).unwrap() {
        Deployment::Colocated(colocated) => colocated,
        Deployment::Afd(_) => panic!("{name}"),
    }
}

fn serving_with(model: &str, deployment: &str, options: Options) -> Serving {
    let catalog = Catalog::default();
    let (model, hardware) = (catalog.model(model).unwrap(), catalog.hardware("b200").unwrap());
    Serving::compile(&model, &colocated(deployment), &hardware, options).unwrap()
}

fn serving(model: &str, deployment: &str) -> Serving {
    serving_with(model, deployment, Options::default())
}

fn load(concurrency: u64, input: f64, output: f64) -> Load {
    Load {
        concurrency,
        input_tokens: input,
        output_tokens: output,
        chunk_tokens: Some(8192.0),
        batching: Batching::Mixed,
        micro_batches: 1,
    }
}

#[test]
fn pairs_and_chunks_by_hand() {
    // 1 + 2 + 3 + 4 and 1 + 2 + 3 + 4 + 6 x 4.
    assert_eq!(causal_pairs(4.0, f64::INFINITY), 10.0);
    assert_eq!(causal_pairs(10.0, 4.0), 34.0);
    // Two chunks of four: 4 + 8 tokens read; with a window of two 4 + 6.
    let two = Prompt { tokens: 8.0, chunks: 2.0 };
    assert_eq!(chunk_reads(two, f64::INFINITY), 12.0);
    assert_eq!(chunk_reads(two, 2.0), 10.0);
    assert_eq!(earlier_tokens(two), 4.0);
    let four = Prompt { tokens: 16.0, chunks: 4.0 };
    // 4 + 8 + 12 + 16, and with a window of five 4 + 8 + 9 + 9.
    assert_eq!(chunk_reads(four, f64::INFINITY), 40.0);
    assert_eq!(chunk_reads(four, 5.0), 30.0);
    assert_eq!(earlier_tokens(four), 24.0);
}

#[test]
fn equal_lengths_are_a_case_of_lengths_in_flight() {
    let (prompt, output) = (Length::constant(8192.0), Length::constant(1024.0));
    let lengths = Lengths::independent(prompt, output).unwrap();
    close(in_flight_context(8192.0, 1024.0), lengths.in_flight().mean, 1e-12);
}

#[test]
fn a_dense_layer_by_hand() {
    // Qwen3-32B: h 5120, 64 query and 8 KV heads of 128, intermediate 25600. Weights: q and o
    // 5120 x 8192 each, k and v 5120 x 1024 each, three of 5120 x 25600: 487,587,840. A prompt of
    // 1,000 tokens has 500,500 pairs of 4 x 64 x 128 = 32,768 FLOPs.
    let model = Catalog::default().model("qwen3-32b").unwrap();
    let layer = model.runs[0].layer;
    let flops = layer_flops(model.attention(layer), model.ffn(layer), model.hidden_size, 1000);
    assert_eq!(flops.flops(), 2.0 * 1000.0 * 487_587_840.0 + 500_500.0 * 32_768.0);
}

#[test]
fn an_mla_layer_by_hand() {
    // DeepSeek-V3, first layer. MLA weights: 7168 x 1536 + 1536 x 24576 + 7168 x 576 + 512 x 16384
    // twice + 16384 x 7168 = 187,105,280; dense block 3 x 7168 x 18432 = 396,361,728. Unabsorbed
    // core: 2 x 128 x (128 + 64 + 128) = 81,920 FLOPs a pair; 4,096 tokens have 8,390,656.
    let model = Catalog::default().model("deepseek-v3").unwrap();
    let layer = model.runs[0].layer;
    let flops = layer_flops(model.attention(layer), model.ffn(layer), 7168, 4096);
    let by_hand = 2.0 * 4096.0 * (187_105_280.0 + 396_361_728.0) + 8_390_656.0 * 81_920.0;
    assert_eq!(flops.flops(), by_hand);
    assert!(matches!(model.ffn(layer), Ffn::Dense(_)));
}

#[test]
fn mla_splits_its_expanded_heads_and_expands_again() {
    let model = Catalog::default().model("deepseek-v3").unwrap();
    let attention = model.attention(model.runs[0].layer);
    assert!(matches!(attention, Attention::Mla(_)));
    let core = PrefillCore::new(attention, 8, Dtype::Fp8);
    let work = core.work(Prompt { tokens: 8192.0, chunks: 4.0 });
    // 16 heads of 320 in FP8 for 8192 x 5 / 2 tokens, and a latent of 576 written per token.
    close(work.core_bytes, 16.0 * 320.0 * 20_480.0 + 8192.0 * 576.0, 1e-12);
    // 0 + 1 + 2 + 3 chunks of 2,048 tokens, 2 x 512 x 16 x 256 FLOPs each.
    close(work.expansion_flops, 12_288.0 * 2.0 * 512.0 * 4096.0, 1e-12);
}

#[test]
fn without_prompts_it_is_plain_decoding() {
    for (model, shape, batch) in
        [("deepseek-v3", "TP8", 64), ("qwen3-32b", "TP4", 32), ("deepseek-v3", "EP8", 256)]
    {
        let serving = serving(model, shape);
        let load = load(batch, 1.0, 2000.0);
        let context = in_flight_context(1.0, 2000.0);
        let plain = serving.decode.estimate(Point { batch, micro_batches: 1, context });
        let served = serving.estimate(load);
        close(served.estimate.tpot.seconds(), plain.tpot.seconds(), 0.01);
        close(served.estimate.tokens_per_s_per_device, plain.tokens_per_s_per_device, 0.01);
        close(served.estimate.usd_per_mtok, plain.usd_per_mtok, 0.01);
    }
}

#[test]
fn a_lone_request_meets_no_prefill() {
    let serving = serving("deepseek-v3", "TP8");
    for batching in [Batching::Mixed, Batching::Separate] {
        let served = serving.estimate(Load { batching, ..load(1, 20_000.0, 500.0) });
        assert_eq!(served.prefill_share(), 0.0);
        assert_eq!(served.queue_wait.seconds(), 0.0);
        assert_eq!(served.estimate.tpot, served.decode_step);
    }
}

#[test]
fn weights_read_once_make_mixed_batching_the_faster() {
    let serving = serving("deepseek-v3", "TP8");
    let served = |batching| serving.estimate(Load { batching, ..load(64, 1024.0, 1024.0) });
    let (mixed, separate) = (served(Batching::Mixed), served(Batching::Separate));
    assert!(mixed.requests_per_s > separate.requests_per_s);
}

/// Models, and shapes they are served in.
const CASES: [(&str, &str); 8] = [
    ("deepseek-v3", "TP8"),
    ("deepseek-v3", "EP16"),
    ("qwen3-235b-a22b", "TP2xEP4"),
    ("qwen3-32b", "PP2xTP2"),
    ("minimax-m1", "TP8"),
    ("step-3", "TP8"),
    ("qwen3.5-397b-a17b", "EP16"),
    ("deepseek-v3.2", "TP8"),
];

fn loads() -> impl Strategy<Value = (usize, Load)> {
    let chunk = prop_oneof![Just(None), (256.0..16_384.0).prop_map(|chunk: f64| Some(chunk))];
    let batching = prop_oneof![Just(Batching::Mixed), Just(Batching::Separate)];
    let tokens = || (0.0..17.0).prop_map(|log: f64| log.exp2().floor());
    let rest = (chunk, batching, 1_u32..3);
    (0..CASES.len(), 1_u64..2000, tokens(), tokens(), rest).prop_map(
        |(case, concurrency, input, output, (chunk_tokens, batching, micro_batches))| {
            let load = load(concurrency, input, output);
            (case, Load { chunk_tokens, batching, micro_batches, ..load })
        },
    )
}

fn compiled() -> Vec<Serving> {
    CASES.iter().map(|(model, shape)| serving(model, shape)).collect()
}

fn finite(served: &ServingEstimate) -> bool {
    let e = &served.estimate;
    [
        e.tpot.seconds(),
        e.step.seconds(),
        e.usd_per_mtok,
        e.tokens_per_s_per_device,
        served.ttft.seconds(),
        served.decoding,
        served.decode_step.seconds(),
        served.requests_per_s,
        served.input_tokens_per_s_per_device,
        e.attention_memory.total().bytes(),
    ]
    .iter()
    .all(|value| value.is_finite() && *value > 0.0)
        && served.prefill_share() >= 0.0
        && served.queue_wait.seconds() >= 0.0
}

/// No less, but for rounding.
fn grows(before: f64, after: f64) -> bool {
    after >= before * (1.0 - 1e-9)
}

#[test]
fn laws() {
    let compiled = compiled();
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) }, |(
        (case, load) in loads(),
        more in 1_u64..500,
    )| {
        let serving = &compiled[case];
        // Micro-batches that share devices in layers that differ can wait less where one takes
        // longer: first come, first served has such anomalies.
        let unlike = serving.decode.layers.len() > 1;
        let load = Load { micro_batches: if unlike { 1 } else { load.micro_batches }, ..load };
        let served = serving.estimate(load);
        prop_assert!(finite(&served), "{served:?}");
        // The parts are the whole: steps, requests by Little's law, money.
        let e = &served.estimate;
        let step = served.decode_step.seconds() + served.prefill_per_step.seconds();
        prop_assert!((step - e.step.seconds()).abs() <= 1e-9 * step);
        let held = served.requests_per_s
            * (served.ttft.seconds() + load.output_tokens * e.tpot.seconds());
        prop_assert!((held - load.concurrency as f64).abs() <= 1e-6 * held);
        let hourly = e.usd_per_mtok / 1e6 * e.tokens_per_s_per_device * serving.decode.devices;
        let price = serving.decode.price.usd_per_second();
        prop_assert!((hourly - price).abs() <= 1e-9 * price);
        prop_assert!(served.decoding <= load.concurrency as f64);
        // No rank does more than a chunk a step.
        if let (Batching::Mixed, Some(chunk)) = (load.batching, load.chunk_tokens) {
            let tokens = served.decoding / load.output_tokens * load.input_tokens;
            prop_assert!(tokens <= chunk * serving.decode.attention_ranks * (1.0 + 1e-9));
        }
        // Time does not fall as more requests are in flight.
        let fuller = serving.estimate(Load { concurrency: load.concurrency + more, ..load });
        prop_assert!(grows(e.tpot.seconds(), fuller.estimate.tpot.seconds()), "TPOT, fuller");
        prop_assert!(grows(served.ttft.seconds(), fuller.ttft.seconds()), "TTFT, fuller");
        // Nor as prompts grow, unless requests wait for prefill and fewer of them decode; never
        // is more served.
        let input_tokens = load.input_tokens + more as f64;
        let longer = serving.estimate(Load { input_tokens, ..load });
        let all_decode = longer.decoding > 0.9 * load.concurrency as f64
            && longer.queue_wait < longer.ttft * 0.5;
        prop_assert!(grows(served.ttft.seconds(), longer.ttft.seconds()), "TTFT, longer");
        prop_assert!(grows(longer.requests_per_s, served.requests_per_s), "requests, longer");
        if load.batching == Batching::Separate || all_decode {
            let tpot = longer.estimate.tpot.seconds();
            prop_assert!(grows(e.tpot.seconds(), tpot), "TPOT, longer");
        }
    });
}

#[test]
fn throughput_stays_below_what_the_chips_can_do() {
    let catalog = Catalog::default();
    let peak = 8.0 * 4.5e15;
    let model = catalog.model("deepseek-v3").unwrap();
    let serving = serving("deepseek-v3", "TP8");
    for input in [1024_u64, 8192, 65_536] {
        let flops: f64 = model
            .runs
            .iter()
            .map(|run| {
                let layer = (model.attention(run.layer), model.ffn(run.layer));
                layer_flops(layer.0, layer.1, model.hidden_size, input).flops() * run.count as f64
            })
            .sum();
        for concurrency in [1, 8, 64, 512, 4096] {
            for batching in [Batching::Mixed, Batching::Separate] {
                for chunk_tokens in [None, Some(512.0), Some(8192.0)] {
                    let load =
                        Load { batching, chunk_tokens, ..load(concurrency, input as f64, 64.0) };
                    let served = serving.estimate(load);
                    assert!(served.requests_per_s * flops < peak, "{load:?}");
                    // Nor is a token faster than decoding alone.
                    assert!(served.estimate.tpot >= served.decode_step);
                }
            }
        }
    }
}

#[test]
fn accepted_drafts_shorten_the_decode() {
    let plain = serving("deepseek-v3", "TP8");
    let options = Options { query_tokens: 2.0, accepted_tokens: 1.8, ..Options::default() };
    let drafted = serving_with("deepseek-v3", "TP8", options);
    let load = load(8, 1024.0, 1024.0);
    let (plain, drafted) = (plain.estimate(load), drafted.estimate(load));
    assert!(drafted.estimate.tpot < plain.estimate.tpot);
    assert!(drafted.requests_per_s > plain.requests_per_s);
}

fn afford(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_afford")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const ASK: [&str; 9] = [
    "estimate",
    "--model=deepseek-v3",
    "--hardware=b200",
    "--concurrency=16,64",
    "--input-tokens=1Ki,8Ki",
    "--output-tokens=1Ki",
    "--format=json",
    "--micro-batches=1",
    "--deployment=TP8",
];

#[test]
fn the_command_gives_every_column() {
    let (code, stdout, stderr) = afford(&ASK);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let rows: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        for column in [
            "ttft_ms",
            "tpot_ms",
            "input_tokens",
            "output_tokens",
            "concurrency",
            "output_tokens_per_s_per_device",
            "usd_per_mtok",
            "prefill_share",
            "attention_us_per_layer",
        ] {
            assert!(row[column].as_f64().unwrap() >= 0.0, "{column}");
        }
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let ask = |last: &str| afford(&[&ASK[..8], &[last]].concat());
    let (code, _, stderr) = ask("--deployment=2A2F");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("colocated"), "{stderr}");
    let with = |more: &str| afford(&[&ASK[..], &[more]].concat());
    for bad in ["--batch=8", "--context=8Ki", "--chunk-tokens=1Ki,2Ki", "--chunk-tokens=0"] {
        assert_eq!(with(bad).0, Some(2), "{bad}");
    }
    assert_eq!(with("--chunk-tokens=off").0, Some(0));
    let alone = ["estimate", "-m=step-3", "-H=h800", "-d=TP8", "-c=8Ki", "--input-tokens=1Ki"];
    assert_eq!(afford(&alone).0, Some(2));
}
