//! Parts of a deployment by hand: where the LM head runs, what carries the residual stream, and
//! experts that are not equally popular.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::deploy::breakdown::{Piece, Stage};
use afford::deploy::compile::{Compiled, Pools, compile};
use afford::deploy::deployment::{Afd, Deployment, Side};
use afford::deploy::estimate::{Estimate, Point};
use afford::deploy::imbalance::Imbalance;
use afford::deploy::name::{Shape, parse};
use afford::deploy::options::Options;
use afford::work::model::Model;
use afford::work::residual::Residual;

const POINT: Point = Point { batch: 6144, micro_batches: 3, context: 4096.0 };

fn model(name: &str) -> Model {
    Catalog::default().model(name).unwrap()
}

fn on_h800(model: &Model, deployment: Deployment, options: Options) -> Compiled {
    let hardware = Catalog::default().hardware("h800").unwrap();
    compile(model, &deployment, Pools { attention: &hardware, ffn: &hardware }, options).unwrap()
}

fn colocated(name: &str) -> Deployment {
    parse(name, &Shape::default()).unwrap()
}

fn close(value: f64, expected: f64) {
    assert!((value / expected - 1.0).abs() < 1e-9, "{value}, not {expected}");
}

fn head_on(side: Side) -> (Estimate, Vec<Piece>) {
    let afd = Afd { lm_head_on: side, ..Afd::step3(2, 4) };
    let compiled = on_h800(&model("step-3"), Deployment::Afd(afd), Options::default());
    let mut once = compiled.breakdown(POINT);
    once.retain(|piece| piece.stage == Stage::Step);
    (compiled.estimate(POINT), once)
}

#[test]
fn the_lm_head_runs_and_is_held_where_it_is_placed() {
    let step3 = model("step-3");
    let (near, near_pieces) = head_on(Side::Attention);
    let (far, far_pieces) = head_on(Side::Ffn);
    // An eighth of V h bytes at FP8.
    let part = (step3.vocabulary_size * step3.hidden_size) as f64 / 8.0;
    let held = |e: &Estimate| (e.attention_memory.weights.bytes(), e.ffn_memory.weights.bytes());
    close(held(&near).0 - held(&far).0, part);
    close(held(&far).1 - held(&near).1, part);
    let piece = |pieces: &[Piece], name: &str| {
        let found = pieces.iter().find(|piece| piece.name == name).unwrap();
        (found.rows, found.time_s)
    };
    // All rows over 2 attention instances, or over 4 FFN instances.
    close(piece(&near_pieces, "lm_head").0, 6144.0 / 2.0);
    close(piece(&far_pieces, "lm_head").0, 6144.0 / 4.0);
    // 384 rows of an attention device from each of 7 neighbours; or 1,536 rows over the cards of the
    // 8 devices of an FFN instance, less than the 384 over the card of an attention device, and 7/8
    // of them gathered over its link. 50 and 200 GB/s.
    let row = step3.hidden_size as f64 * 2.0;
    close(piece(&near_pieces, "lm_head rows").1, 7.0 * 384.0 * row / 200e9);
    let cards = 384.0 * row / 50e9;
    close(piece(&far_pieces, "lm_head rows").1, cards + 7.0 / 8.0 * 1536.0 * row / 200e9);
    let once = |pieces: &[Piece]| pieces.iter().map(|piece| piece.time_s).sum::<f64>();
    close(near.step.seconds() - far.step.seconds(), once(&near_pieces) - once(&far_pieces));
}

#[test]
fn what_carries_the_residual_stream_is_held_and_runs() {
    let v4 = model("deepseek-v4-flash");
    let Residual::HyperConnections { streams } = v4.residual else { panic!("{:?}", v4.residual) };
    let mut plain = v4.clone();
    plain.residual = Residual::Plain;
    let at = |model: &Model| on_h800(model, colocated("EP64"), Options::default()).estimate(POINT);
    let (with, without) = (at(&v4), at(&plain));
    let (h, c, layers) = (v4.hidden_size, streams, v4.layer_count());
    let mixing = 2 * (c * h * c * (2 + c) + c * (2 + c) + 3);
    let once = c * h * c + c + 1;
    let held = |e: &Estimate| e.attention_memory;
    close(
        (held(&with).weights - held(&without).weights).bytes(),
        2.0 * (layers * mixing + once) as f64,
    );
    // 96 requests of a device, c - 1 rows more each.
    close(
        (held(&with).activations - held(&without).activations).bytes(),
        96.0 * 2.0 * ((c - 1) * h) as f64,
    );
    assert!(with.stages.attention > without.stages.attention);
}

#[test]
fn unequal_experts_are_fewer_at_small_batch_and_slower_at_large() {
    let options = |imbalance| Options { expert_imbalance: imbalance, ..Options::default() };
    let at = |imbalance, batch| {
        let compiled = on_h800(&model("deepseek-v3"), colocated("EP32"), options(imbalance));
        compiled.estimate(Point { batch, micro_batches: 1, context: 4096.0 }).stages.ffn
    };
    let zipf = Imbalance::Zipf { exponent: 0.8 };
    assert!(at(zipf, 32) < 0.95 * at(Imbalance::Uniform, 32));
    assert!(at(zipf, 65_536) > 1.5 * at(Imbalance::Uniform, 65_536));
    close(at(Imbalance::Zipf { exponent: 0.0 }, 512), at(Imbalance::Uniform, 512));
}

#[test]
fn copies_of_experts_even_out_both_kinds_of_deployment_and_are_held() {
    let options =
        Options { expert_imbalance: Imbalance::Zipf { exponent: 1.0 }, ..Options::default() };
    let at = |redundant_experts| {
        let afd = Afd { redundant_experts, expert_tp: 1, ..Afd::step3(2, 4) };
        let compiled = on_h800(&model("deepseek-v3"), Deployment::Afd(afd), options);
        compiled.estimate(Point { batch: 49_152, ..POINT })
    };
    let (none, some) = (at(0), at(64));
    assert!(some.stages.ffn < 0.8 * none.stages.ffn, "{} {}", some.stages.ffn, none.stages.ffn);
    // 320 / 32 of them on a device instead of 256 / 32.
    let one = 3.0 * 7168.0 * 2048.0 * 58.0;
    close((some.ffn_memory.weights - none.ffn_memory.weights).bytes(), 2.0 * one);
}
