//! Laws of money: what may never fall, what may never rise, what must sum.

use crate::any::{Figures, context, figures, model};
use afford::cost::ideal::{TokenCost, token_cost};
use afford::cost::unit_cost::unit_costs;
use afford::machine::fidelity::Fidelity;
use afford::machine::hardware::{Hardware, WithoutFp8};
use afford::report::cost_table::{Labels, cost_table};
use afford::sweep::cost_grid::{CostGrid, Pairing};
use afford::work::Counting;
use afford::work::model::Model;
use afford::work::token::{TokenWork, token_work};
use proptest::prelude::*;

fn work(model: &Model, context: u64) -> TokenWork {
    token_work(model, context, Counting::Exact)
}

fn cost(model: &Model, context: u64, figures: Figures) -> TokenCost {
    let hardware = figures.hardware("any");
    let unit = unit_costs(&hardware, model.precision.activations, WithoutFp8::Bf16).unwrap();
    token_cost(&work(model, context), &unit, &unit)
}

/// Every part of a cost, in US dollars per token.
fn parts(cost: &TokenCost) -> [f64; 6] {
    let c = cost;
    [c.attention_core, c.attention_linear, c.ffn, c.router, c.lm_head, c.embedding].map(|p| p.usd())
}

/// Whether no part of `a` is dearer than in `b`. Products, sums and maxima of positive numbers are
/// monotone in floating point too, so there is no tolerance.
fn never_dearer(a: &TokenCost, b: &TokenCost) -> bool {
    let each = parts(a).into_iter().zip(parts(b)).all(|(a, b)| a <= b);
    each && a.total() <= b.total()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

fn grid(
    models: Vec<Model>,
    contexts: Vec<u64>,
    hardware: Vec<Hardware>,
    pairing: Pairing,
) -> CostGrid {
    CostGrid {
        models,
        contexts,
        attention_hardware: hardware.clone(),
        ffn_hardware: hardware,
        pairing,
        counting: Counting::Exact,
        without_fp8: WithoutFp8::Bf16,
        compute: None,
        fidelity: Fidelity::Ideal,
    }
}

fn all_hardware() -> impl Strategy<Value = Vec<Hardware>> {
    prop::collection::vec(figures(), 1..=4).prop_map(|all| {
        all.into_iter().enumerate().map(|(i, f)| f.hardware(&format!("hw{i}"))).collect()
    })
}

proptest! {
    #[test]
    fn cost_never_falls_when_the_price_rises(
        model in model(), context in context(), figures in figures(), factor in 1.01..100.0
    ) {
        let dearer = Figures { usd_per_hour: figures.usd_per_hour * factor, ..figures };
        let (before, after) = (cost(&model, context, figures), cost(&model, context, dearer));
        prop_assert!(never_dearer(&before, &after));
        // And it rises in proportion: every part is rented by the hour.
        prop_assert!(close(after.total().usd(), before.total().usd() * factor));
    }

    #[test]
    fn cost_never_rises_when_bandwidth_or_peak_rises(
        model in model(), context in context(), figures in figures(), factor in 1.01..100.0
    ) {
        let now = cost(&model, context, figures);
        let wider = Figures { bandwidth_gb_per_s: figures.bandwidth_gb_per_s * factor, ..figures };
        prop_assert!(never_dearer(&cost(&model, context, wider), &now));
        let faster = Figures {
            bf16_tflops: figures.bf16_tflops * factor,
            fp8_tflops: figures.fp8_tflops.map(|fp8| fp8 * factor),
            ..figures
        };
        let faster = cost(&model, context, faster);
        prop_assert!(never_dearer(&faster, &now));
        // The FFN is all arithmetic at this fidelity.
        prop_assert!(close(faster.ffn.usd() * factor, now.ffn.usd()));
    }

    #[test]
    fn attention_never_gets_cheaper_and_the_rest_stays_as_the_context_grows(
        model in model(), context in context(), more in context(), figures in figures()
    ) {
        let (short, long) = (cost(&model, context, figures), cost(&model, context + more, figures));
        prop_assert!(never_dearer(&short, &long));
        prop_assert_eq!(&parts(&short)[1..], &parts(&long)[1..]);
    }

    #[test]
    fn parts_sum_to_the_whole_and_are_finite_and_positive(
        model in model(), context in context(), figures in figures()
    ) {
        let cost = cost(&model, context, figures);
        let sum: f64 = parts(&cost).into_iter().sum();
        prop_assert!(close(sum, cost.total().usd()));
        prop_assert!(close(cost.attention_side().usd() + cost.ffn.usd(), cost.total().usd()));
        prop_assert!(parts(&cost).into_iter().all(|part| part.is_finite() && part >= 0.0));
        for part in [cost.attention_core, cost.attention_linear, cost.ffn, cost.lm_head, cost.embedding] {
            prop_assert!(part.usd() > 0.0);
        }
    }

    /// Attention costs at least its arithmetic and at least its bytes, and at most both.
    #[test]
    fn the_core_lies_between_the_dearer_bound_and_the_sum_of_both(
        model in model(), context in context(), figures in figures()
    ) {
        let hardware = figures.hardware("any");
        let unit = unit_costs(&hardware, model.precision.activations, WithoutFp8::Bf16).unwrap();
        let work = work(&model, context);
        let core = token_cost(&work, &unit, &unit).attention_core.usd();
        let flops = (work.attention_flops() * unit.flop).usd();
        let bytes = (work.kv_bytes() * unit.byte).usd();
        prop_assert!(core >= flops.max(bytes) * (1.0 - 1e-12));
        prop_assert!(core <= (flops + bytes) * (1.0 + 1e-12));
    }

    #[test]
    fn the_best_pair_is_the_cheapest_of_each_side(
        model in model(), context in context(), hardware in all_hardware()
    ) {
        let points = |pairing| {
            grid(vec![model.clone()], vec![context], hardware.clone(), pairing).points().unwrap()
        };
        let (best, all, same) = (points(Pairing::Best), points(Pairing::All), points(Pairing::Same));
        prop_assert_eq!(best.len(), 1);
        prop_assert_eq!(all.len(), hardware.len() * hardware.len());
        prop_assert_eq!(same.len(), hardware.len());
        let total = best[0].cost.total();
        prop_assert!(all.iter().chain(&same).all(|point| total <= point.cost.total()));
        let least = |of: &dyn Fn(&TokenCost) -> f64| {
            all.iter().map(|point| of(&point.cost)).fold(f64::INFINITY, f64::min)
        };
        let apart = least(&|c| c.attention_side().usd()) + least(&|c| c.ffn.usd());
        prop_assert!(close(total.usd(), apart));
    }

    #[test]
    fn one_thread_and_many_give_the_same_bytes(
        models in prop::collection::vec(model(), 1..=6),
        contexts in prop::collection::vec(context(), 1..=4),
        hardware in all_hardware(),
    ) {
        let grid = grid(models, contexts, hardware, Pairing::All);
        let text = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let points = pool.install(|| grid.points()).unwrap();
            (format!("{points:?}"), cost_table(&grid, &points, &Labels::names(&grid)).csv())
        };
        prop_assert_eq!(text(1), text(4));
    }
}
