//! How many points a second: the ideal cost of a token, an estimate, the largest batch, a plan.
//! `benches/README.md` has the figures.
#![allow(clippy::unwrap_used, missing_docs)]

use afford::catalog::{Catalog, for_fidelity};
use afford::cost::ideal::token_cost;
use afford::cost::unit_cost::unit_costs;
use afford::deploy::compile::{Compiled, Pools, compile};
use afford::deploy::estimate::Point;
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::Options;
use afford::machine::fidelity::Fidelity;
use afford::machine::hardware::WithoutFp8;
use afford::report::swept::encode::Form;
use afford::report::swept::load::load;
use afford::sweep::grid::summary::Summary;
use afford::sweep::plan::{Kinds, Objective, Plan};
use afford::sweep::shapes::{Choices, Limits};
use afford::units::Seconds;
use afford::work::Counting;
use afford::work::dtype::Dtype;
use afford::work::token::token_work;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const CONTEXT: u64 = 8_192;

fn compiled(model: &str, deployment: &str, fidelity: Fidelity) -> Compiled {
    let catalog = Catalog::default();
    let model = catalog.model(model).unwrap();
    let hardware = for_fidelity(catalog.hardware("h800").unwrap(), fidelity);
    let deployment = parse(deployment, &Shape::default()).unwrap();
    let pools = Pools { attention: &hardware, ffn: &hardware };
    compile(&model, &deployment, pools, Options { fidelity, ..Options::default() }).unwrap()
}

fn ideal(c: &mut Criterion) {
    let catalog = Catalog::default();
    let work = token_work(&catalog.model("step-3").unwrap(), CONTEXT, Counting::Exact);
    let unit =
        |name| unit_costs(&catalog.hardware(name).unwrap(), Dtype::Fp8, WithoutFp8::Bf16).unwrap();
    let (attention, ffn) = (unit("h20"), unit("h800"));
    let mut group = c.benchmark_group("ideal");
    group.throughput(Throughput::Elements(1));
    group.bench_function("token_cost", |b| {
        b.iter(|| token_cost(black_box(&work), black_box(&attention), black_box(&ffn)));
    });
    group.finish();
}

fn estimate(c: &mut Criterion) {
    estimates(c, "estimate", Fidelity::Roofline);
}

fn calibrated(c: &mut Criterion) {
    estimates(c, "calibrated", Fidelity::Calibrated);
}

fn estimates(c: &mut Criterion, group: &str, fidelity: Fidelity) {
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(1));
    let cases = [
        ("step-3", "2A2F", 6_144, 3),
        ("deepseek-v3", "2A2F", 6_144, 3),
        ("deepseek-v3", "EP128", 16_384, 2),
    ];
    for (model, deployment, batch, micro_batches) in cases {
        let compiled = compiled(model, deployment, fidelity);
        let point = Point { batch, micro_batches, context: CONTEXT as f64 };
        let name = format!("{model}_{deployment}");
        group.bench_function(&name, |b| b.iter(|| compiled.estimate(black_box(point))));
        let name = format!("{model}_{deployment}_least_step");
        group.bench_function(&name, |b| b.iter(|| compiled.least_step(black_box(point))));
    }
    group.finish();
}

fn largest_batch(c: &mut Criterion) {
    let compiled = compiled("step-3", "2A2F", Fidelity::Roofline);
    let promise = Some(Seconds::from_ms(50.0));
    let mut group = c.benchmark_group("largest_batch");
    group.throughput(Throughput::Elements(1));
    group.bench_function("step-3_2A2F", |b| {
        b.iter(|| compiled.largest_batch(black_box(3), CONTEXT as f64, promise));
    });
    group.finish();
}

/// Two models, four hardware types per side, 4Ki to 128Ki, every shape of up to 64 nodes.
fn plan(c: &mut Criterion) {
    let catalog = Catalog::default();
    let hardware: Vec<_> =
        ["h800", "h20", "a800", "h200"].map(|name| catalog.hardware(name).unwrap()).into();
    let plan = Plan {
        models: ["deepseek-v3", "step-3"].map(|name| catalog.model(name).unwrap()).into(),
        contexts: (12..=17).map(|n| 1 << n).collect(),
        attention_hardware: hardware.clone(),
        ffn_hardware: hardware.clone(),
        colocated_hardware: hardware,
        promise: Seconds::from_ms(50.0),
        limits: Limits::of_nodes(64),
        choices: Choices::all(8),
        options: Options::default(),
        objective: Objective::Usd,
        kinds: Kinds { afd: true, colocated: true },
        top: 5,
    };
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut group = c.benchmark_group("plan");
    group.sample_size(10);
    group.bench_function("64_nodes_4x4_hardware_2_models_6_contexts", |b| {
        b.iter(|| one_thread.install(|| plan.search().unwrap()));
    });
    group.finish();
}

/// Points of a grid into a summary, and into the bytes of a block of Parquet and CSV.
fn sweep(c: &mut Criterion) {
    let catalog = Catalog::default();
    let mut group = c.benchmark_group("sweep");
    group.sample_size(10);
    for name in ["ideal", "roofline"] {
        let path = format!("benches/sweep_{name}.yaml");
        let swept = load(&catalog, &path, None).unwrap();
        let total = swept.grid.space.total();
        group.throughput(Throughput::Elements(total));
        group.bench_function(format!("{name}_summary"), |b| {
            b.iter(|| {
                let mut summary = Summary::new(&swept.question);
                swept.grid.run(0..total, &mut summary).unwrap();
                summary.kept().len()
            });
        });
        let block = 32_768;
        group.throughput(Throughput::Elements(block));
        for form in [Form::Parquet, Form::Csv] {
            group.bench_function(format!("{name}_{form:?}").to_lowercase(), |b| {
                b.iter(|| {
                    let mut sink = swept.layout.sink();
                    swept.grid.run(0..block, &mut sink).unwrap();
                    form.block(&swept.layout.headings, &sink.finish()).unwrap().len()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(rates, ideal, estimate, calibrated, largest_batch, plan, sweep);
criterion_main!(rates);
