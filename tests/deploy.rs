//! Deployments: laws over random shapes and points, the Step-3 paper's sections 6 and 7.3, and the
//! estimate against its own parts.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::deploy::breakdown::Stage;
use afford::deploy::compile::{Compiled, Pools, compile};
use afford::deploy::deployment::{Afd, Colocated, Deployment, Dispatch, Side};
use afford::deploy::estimate::{Estimate, Point};
use afford::deploy::imbalance::Imbalance;
use afford::deploy::legal::legal;
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::{Options, accepted_tokens};
use afford::deploy::pipeline::{makespan, schedule};
use afford::machine::hardware::Hardware;
use afford::report::bundle::Bundle;
use afford::report::loaded::Loaded;
use afford::sweep::levers::{Lever, pull_levers};
use afford::units::Seconds;
use afford::work::model::Model;
use proptest::prelude::*;
use std::sync::LazyLock;

const MODELS: [&str; 9] = [
    "step-3",
    "deepseek-v3",
    "qwen3-235b-a22b",
    "llama-4-maverick",
    "minimax-m1",
    "qwen3-next-80b-a3b",
    "deepseek-v3.2",
    "deepseek-v4-flash",
    "gpt-oss-120b",
];

static LOADED: LazyLock<(Vec<Model>, Vec<Hardware>)> = LazyLock::new(|| {
    let catalog = Catalog::default();
    let models = MODELS.map(|name| catalog.model(name).unwrap()).to_vec();
    let hardware = ["h800", "h20", "h200"].map(|name| catalog.hardware(name).unwrap()).to_vec();
    (models, hardware)
});

#[derive(Debug, Clone)]
struct Setup {
    model: usize,
    sides: (usize, usize),
    deployment: Deployment,
    options: Options,
    micro_batches: u32,
}

impl Setup {
    fn compiled(&self) -> Compiled {
        let (models, hardware) = &*LOADED;
        let pools = Pools { attention: &hardware[self.sides.0], ffn: &hardware[self.sides.1] };
        compile(&models[self.model], &self.deployment, pools, self.options).unwrap()
    }

    fn at(&self, batch: u64, context: f64) -> Estimate {
        let point = Point { batch, micro_batches: self.micro_batches, context };
        self.compiled().estimate(point)
    }
}

fn deployments() -> impl Strategy<Value = Deployment> {
    let power = |most: u32| (0..=most).prop_map(|n| 1_u32 << n);
    let afd = (1_u32..6, 1_u32..6, power(3), power(3), any::<bool>(), any::<bool>()).prop_map(
        |(x, y, attention_tp, expert_tp, routed, near)| {
            let side = if near { Side::Attention } else { Side::Ffn };
            Deployment::Afd(Afd {
                attention_tp,
                expert_tp,
                dispatch: if routed { Dispatch::Routed } else { Dispatch::Broadcast },
                shared_experts_on: side,
                dense_layers_on: side,
                lm_head_on: side,
                redundant_experts: x,
                ..Afd::step3(x, y)
            })
        },
    );
    let colocated = (power(5), power(3), power(3), power(1), 0_u32..9).prop_map(
        |(groups, attention_tp, expert_tp, pipeline_stages, redundant_experts)| {
            let devices = groups * expert_tp.max(attention_tp) * pipeline_stages;
            Deployment::Colocated(Colocated {
                devices,
                attention_tp,
                expert_tp,
                pipeline_stages,
                redundant_experts,
            })
        },
    );
    prop_oneof![afd, colocated]
}

fn setups() -> impl Strategy<Value = Setup> {
    let options =
        (0.3_f64..1.0, 0.0_f64..20e-6, any::<bool>(), 1.0_f64..64.0, 0.0_f64..1.5, 0.0_f64..2.0);
    let options = options.prop_map(|(efficiency, latency, half, tile, spread, skew)| Options {
        network_efficiency: efficiency,
        scale_up_efficiency: efficiency,
        network_latency_s: latency,
        half_duplex: half,
        tile_rows: tile.floor(),
        context_spread: spread,
        expert_imbalance: if skew > 1.0 {
            Imbalance::Zipf { exponent: skew - 1.0 }
        } else {
            Imbalance::Uniform
        },
        ..Options::default()
    });
    let setups = (0..MODELS.len(), (0..3_usize, 0..3_usize), deployments(), options, 1_u32..5);
    let setups = setups.prop_map(|(model, (a, f), deployment, options, micro_batches)| {
        let same = matches!(deployment, Deployment::Colocated(_));
        Setup { model, sides: (a, if same { a } else { f }), deployment, options, micro_batches }
    });
    setups.prop_filter("the model splits so", |setup| {
        legal(&LOADED.0[setup.model], &setup.deployment).is_ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn everything_is_finite_and_its_parts_sum(setup in setups(), batch in 1_u64..20_000, s in 1.0_f64..2e5) {
        let e = setup.at(batch, s);
        for value in [e.tpot.ms(), e.usd_per_mtok, e.tokens_per_s_per_device, e.cycle.us(),
            e.stages.attention, e.attention_memory.total().bytes()] {
            prop_assert!(value.is_finite() && value > 0.0, "{e:?}");
        }
        for value in [e.stages.dispatch, e.stages.ffn, e.stages.combine, e.ffn_memory.total().bytes()] {
            prop_assert!(value.is_finite() && value >= 0.0, "{e:?}");
        }
        let point = Point { batch, micro_batches: setup.micro_batches, context: s };
        let compiled = setup.compiled();
        let pieces = compiled.breakdown(point);
        let layers: f64 = compiled.layers.iter().map(|k| f64::from(k.layers)).sum();
        for (stage, mean) in [(Stage::Attention, e.stages.attention), (Stage::Dispatch, e.stages.dispatch),
            (Stage::Ffn, e.stages.ffn), (Stage::Return, e.stages.combine)] {
            let mine = pieces.iter().filter(|p| p.stage == stage);
            let sum: f64 = mine.map(|p| p.time_s * f64::from(p.layers)).sum();
            prop_assert!((sum / layers - mean).abs() <= 1e-9 * mean + 1e-15, "{stage:?}");
        }
        // The bill: price of all devices over the tokens they make.
        let tokens = e.tokens_per_s_per_device * compiled.devices;
        let bill = compiled.price.usd_per_second() / tokens * 1e6;
        prop_assert!((bill / e.usd_per_mtok - 1.0).abs() < 1e-12);
    }

    #[test]
    fn time_never_falls_as_batch_or_context_grows(
        setup in setups(), batch in 1_u64..8_000, more in 0_u64..8_000, s in 1.0_f64..1e5, longer in 1.0_f64..4.0,
    ) {
        let base = setup.at(batch, s);
        let slack = 1.0 + 1e-9;
        let larger = setup.at(batch + more, s);
        prop_assert!(larger.step.seconds() * slack >= base.step.seconds(), "batch");
        let deeper = setup.at(batch, s * longer);
        prop_assert!(deeper.step.seconds() * slack >= base.step.seconds(), "context");
        prop_assert!(larger.attention_memory.total() >= base.attention_memory.total());
        prop_assert!(deeper.attention_memory.total() >= base.attention_memory.total());
    }

    #[test]
    fn more_of_a_resource_never_hurts(setup in setups(), batch in 1_u64..8_000, s in 1.0_f64..1e5) {
        let (models, hardware) = &*LOADED;
        let pools = Pools { attention: &hardware[setup.sides.0], ffn: &hardware[setup.sides.1] };
        let point = Point { batch, micro_batches: setup.micro_batches, context: s };
        let base = setup.at(batch, s).step.seconds();
        let model = &models[setup.model];
        let pulled = pull_levers(model, &setup.deployment, pools, setup.options, point, 1.3).unwrap();
        prop_assert!(pulled.len().is_multiple_of(Lever::ALL.len()));
        for p in pulled {
            prop_assert!(p.estimate.step.seconds() <= base * (1.0 + 1e-9), "{:?}", p.lever);
        }
    }

    #[test]
    fn the_largest_batch_fits_keeps_its_promise_and_is_the_largest(
        setup in setups(), s in 1.0_f64..1e5, ms in 5.0_f64..200.0, looser in 1.0_f64..3.0,
    ) {
        let compiled = setup.compiled();
        let promise = Seconds::from_ms(ms);
        let m = setup.micro_batches;
        let found = compiled.largest_batch(m, s, Some(promise));
        let Some((batch, e)) = found else { return Ok(()) };
        prop_assert!(e.infeasible.is_none() && e.tpot <= promise);
        prop_assert!(e.attention_memory.total() <= compiled.attention_memory.usable);
        if let Some(held) = &compiled.ffn_memory {
            prop_assert!(e.ffn_memory.total() <= held.usable);
        }
        let next = batch + compiled.batch_of(1, m);
        let above = compiled.estimate(Point { batch: next, micro_batches: m, context: s });
        prop_assert!(above.infeasible.is_some() || above.tpot > promise);
        let looser = Seconds::from_ms(ms * looser);
        prop_assert!(compiled.largest_batch(m, s, Some(looser)).unwrap().0 >= batch);
    }

    #[test]
    fn a_step_is_what_the_schedule_plays(mut setup in setups(), batch in 1_u64..8_000, s in 1.0_f64..1e5) {
        setup.options.half_duplex = false;
        if let Deployment::Colocated(colocated) = &mut setup.deployment {
            // Two batches on shared devices are the pipeline tests' own; one has nothing to share.
            colocated.devices /= colocated.pipeline_stages;
            colocated.pipeline_stages = 1;
            setup.micro_batches = 1;
        }
        let compiled = setup.compiled();
        let point = Point { batch, micro_batches: setup.micro_batches, context: s };
        let step = compiled.estimate(point).step.seconds();
        let once: f64 = compiled.breakdown(point).iter().filter(|p| p.stage == Stage::Step).map(|p| p.time_s).sum();
        let slots = schedule(&compiled.layer_stages(point), compiled.sharing, setup.micro_batches);
        let played = makespan(&slots) + if setup.options.tile_rows <= 1.0 { once } else { step - makespan(&slots) };
        prop_assert!((step / played - 1.0).abs() < 0.01, "{step} {played}");
    }
}

#[test]
fn a_promise_of_drafts_is_worth_what_is_accepted() {
    assert!((accepted_tokens(&[0.8, 0.5]) - (1.0 + 0.8 + 0.4)).abs() < 1e-12);
    assert!((accepted_tokens(&[]) - 1.0).abs() < 1e-12);
}

#[test]
fn transfers_of_step_3_on_h800_by_hand() {
    // Micro-batch of 2,048 tokens, 16 attention GPUs, h = 7168, cards of 50 GB/s, NVLink 200 GB/s.
    let (models, hardware) = &*LOADED;
    let pools = Pools { attention: &hardware[0], ffn: &hardware[0] };
    let two = Deployment::Afd(Afd::step3(2, 2));
    let compiled = compile(&models[0], &two, pools, Options::default()).unwrap();
    let e = compiled.estimate(Point { batch: 6144, micro_batches: 3, context: 4096.0 });
    // An attention GPU sends 128 rows to each of 2 instances: 36.7 us; 7/8 of 2,048 rows are
    // gathered inside an instance: 64.2 us.
    let card = 128.0 * 7168.0 * 2.0 / 50e9;
    let gather: f64 = 2048.0 * 7168.0 * 7.0 / 8.0 / 200e9;
    assert!((gather * 1e6 - 64.2).abs() < 0.1);
    assert!((e.stages.dispatch - (card + gather)).abs() < 1e-9);
    // Back in BF16, both twice as long: 73.4 + 128.5 us.
    assert!((e.stages.combine - 2.0 * (card + gather)).abs() < 1e-9);
}

#[test]
fn measured_deployments_of_the_paper_are_predicted_optimistically_and_in_proportion() {
    let catalog = Catalog::default();
    let loaded = Loaded::load(&catalog, "step3_end_to_end").unwrap();
    let bundle = Bundle::compute(&catalog, &loaded).unwrap();
    let table = &bundle.tables.iter().find(|t| t.file == "table8_end_to_end.csv").unwrap().table;
    let cell =
        |row: &[afford::report::table::Cell], name: &str| row[table.column(name).unwrap()].clone();
    let value = |deployment: &str, name: &str| {
        let mine = |row: &&Vec<_>| {
            cell(row, "deployment") == deployment.into() && cell(row, "model") == "Step-3".into()
        };
        cell(table.rows.iter().find(mine).unwrap(), name).number().unwrap()
    };
    // Datasheet peaks leave out what kernels and networks lose: 20 to 30 % too fast, alike for all.
    for deployment in ["2A2F", "3A2F", "4A2F"] {
        let error = value(deployment, "error_percent");
        assert!((15.0..35.0).contains(&error), "{deployment}: {error}");
    }
    let ratio = |a, b, name: &str| value(a, name) / value(b, name);
    for (a, b) in [("4A2F", "2A2F"), ("3A2F", "2A2F")] {
        let predicted = ratio(a, b, "predicted_tokens_per_gpu_per_s");
        let measured = ratio(a, b, "peak_tokens_per_gpu_per_s");
        assert!((predicted / measured - 1.0).abs() < 0.04, "{a}/{b}: {predicted} {measured}");
    }
}

#[test]
fn section_6_of_the_paper() {
    let catalog = Catalog::default();
    let loaded = Loaded::load(&catalog, "step3_l20").unwrap();
    let bundle = Bundle::compute(&catalog, &loaded).unwrap();
    let found = bundle.tables[0].published.as_ref().unwrap().agreement(&bundle.tables[0].table);
    // 328K from rounded 67 and 235 MB; 117 MB cut off; 144 = 3 x 48.
    assert_eq!((found.agree, found.compared), (5, 8), "{:?}", found.misses);
    let value = |claim: &str| {
        let row = bundle.tables[0].table.rows.iter().find(|row| row[0] == claim.into()).unwrap();
        row[1].number().unwrap()
    };
    let near = |claim: &str, printed: f64, share: f64| {
        assert!((value(claim) / printed - 1.0).abs() < share, "{claim}: {}", value(claim));
    };
    near("L20 context tokens per stage", 328e3, 0.005);
    near("L20 FFN bytes per stage at 50% bandwidth", 117e6, 0.006);
    assert_eq!(value("L20 max batch at 8,192 tokens of context"), 40.0);
    assert_eq!(value("L4 cards for the FFN, servers of one card"), 121.0);
}

#[test]
fn a_card_for_everything_is_the_sum_of_its_kernels() {
    let (models, hardware) = &*LOADED;
    let one = parse("1", &Shape::default()).unwrap();
    let pools = Pools { attention: &hardware[2], ffn: &hardware[2] };
    let compiled = compile(&models[2], &one, pools, Options::default()).unwrap();
    let point = Point { batch: 4, micro_batches: 1, context: 1000.0 };
    let e = compiled.estimate(point);
    let sum: f64 = compiled.breakdown(point).iter().map(|p| p.time_s * f64::from(p.layers)).sum();
    assert!((e.step.seconds() / sum - 1.0).abs() < 1e-12);
    // 235B parameters in FP8 do not fit 141 GB, and the reason says so.
    assert!(e.infeasible.is_some());
}

#[test]
fn what_a_model_cannot_be_split_into_is_refused_in_words() {
    let (models, _) = &*LOADED;
    for (model, name, says) in [
        (2, "EP1024", "128 experts"),
        (0, "TP128", "64 heads"),
        (0, "PP62", "61 layers"),
        (0, "4A12F", ""),
    ] {
        let found = legal(&models[model], &parse(name, &Shape::default()).unwrap());
        match found {
            Err(illegal) => assert!(!says.is_empty() && illegal.0.contains(says), "{illegal}"),
            Ok(()) => assert!(says.is_empty(), "{name}"),
        }
    }
}

#[test]
fn one_device_holds_the_whole_model_and_its_cache() {
    let (models, hardware) = &*LOADED;
    let pools = Pools { attention: &hardware[2], ffn: &hardware[2] };
    let one = parse("1", &Shape::default()).unwrap();
    for model in models {
        let compiled = compile(model, &one, pools, Options::default()).unwrap();
        let held = &compiled.attention_memory;
        let params = afford::work::params::params(model).total as f64;
        // Norms and routers are kept in BF16, everything else in the model's format.
        let least = model.precision.weights.bytes(params).bytes();
        let share = held.weights.bytes() / least;
        // Two of them keep their routed experts in four bits.
        let four_bit = ["deepseek-v4-flash", "gpt-oss-120b"].contains(&model.name.as_str());
        let range = if four_bit { 0.25..0.7 } else { 0.999..1.02 };
        assert!(range.contains(&share), "{}: {share}", model.name);
        for s in [1_000_u64, 131_072] {
            let counted = afford::work::cache::kv_bytes_held(model, s).bytes()
                + afford::work::cache::cache(model).state_bytes_per_sequence.bytes();
            let found = held.kv_per_request(s as f64).bytes();
            assert!(
                (found / counted - 1.0).abs() < 0.01,
                "{} at {s}: {found} {counted}",
                model.name
            );
        }
    }
}
