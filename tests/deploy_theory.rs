//! Theory: closed forms worked by hand and the literature's printed figures.
#![allow(clippy::unwrap_used)]

use afford::deploy::context::{Context, ContextError, Histogram, Length, Lengths};
use afford::deploy::imbalance::{
    Dealt, Imbalance, Popularity, afd_efficiency, chance_max_over_mean, colocated_efficiency,
};
use afford::deploy::ratio::{Bound, Linear, Times, best_ratio, mean_context, throughput};
use afford::deploy::straggler::{expected_max, normal_below, slowest};
use afford::machine::link::{Channel, expert_utilization_cap};
use afford::units::{Bytes, BytesPerSecond, FlopsPerSecond, Seconds};
use afford::work::experts::{distinct_destinations, distinct_experts};
use proptest::prelude::*;

fn close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found}, not {expected}");
}

/// arXiv 2601.21351's example, in us.
const EXAMPLE: Times = Times {
    attention: Linear { per_token: 0.001_65, fixed: 50.0 },
    ffn: Linear { per_token: 0.083, fixed: 100.0 },
    communication: Linear { per_token: 0.022, fixed: 20.0 },
};

#[test]
fn the_best_ratio_of_the_literature() {
    for (batch, expected) in [(128.0, 7.08), (256.0, 9.3), (512.0, 10.31)] {
        let context = mean_context(batch, 10_000.0, 100.0, 500.0);
        let best = best_ratio(&EXAMPLE, batch, context);
        close(best.attention_per_ffn, expected, 0.1);
        assert_eq!(best.bound, Bound::Attention);
    }
}

#[test]
fn each_branch_of_the_best_ratio_can_bind() {
    let times = |attention, communication| Times {
        attention: Linear { per_token: 0.0, fixed: attention },
        communication: Linear { per_token: 0.0, fixed: communication },
        ..EXAMPLE
    };
    assert_eq!(best_ratio(&times(1000.0, 10.0), 100.0, 1.0).bound, Bound::Attention);
    assert_eq!(best_ratio(&times(10.0, 1000.0), 100.0, 1.0).bound, Bound::Communication);
    let ffn = best_ratio(&times(10.0, 10.0), 100.0, 1.0);
    assert_eq!(ffn.bound, Bound::Ffn);
    close(ffn.attention_per_ffn, (100.0_f64 / 8.3).sqrt(), 1e-12);
}

#[test]
fn contexts_in_flight_are_length_biased() {
    // By hand: (P, D) = (10, 1) and (20, 3) are seen at 10; 20, 21, 22.
    let lengths = Lengths::from_pairs([(10.0, 1.0), (20.0, 3.0)]).unwrap();
    let seen = [10.0, 20.0, 21.0, 22.0];
    let mean = seen.iter().sum::<f64>() / 4.0;
    let variance = seen.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 4.0;
    close(lengths.in_flight().mean, mean, 1e-12);
    close(lengths.in_flight().deviation, variance.sqrt(), 1e-9);
    close(lengths.mean_prompt, 15.0, 0.0);
    close(lengths.mean_output, 2.0, 0.0);
}

#[test]
fn independent_lengths_are_all_their_pairs() {
    let (prompts, outputs) = ([5.0, 80.0, 300.0], [1.0, 7.0, 40.0, 200.0]);
    let pairs = prompts.iter().flat_map(|&p| outputs.iter().map(move |&d| (p, d)));
    let paired = Lengths::from_pairs(pairs).unwrap();
    let length = |samples: &[f64]| Length::from_samples(samples).unwrap();
    let independent = Lengths::independent(length(&prompts), length(&outputs)).unwrap();
    close(independent.in_flight().mean, paired.in_flight().mean, 1e-9);
    close(independent.in_flight().deviation, paired.in_flight().deviation, 1e-9);
}

#[test]
fn geometric_outputs_are_seen_at_their_full_mean() {
    // Without memory, a request in flight has as much behind it as others have before them:
    // mu_P + mu_D - 1, the mean context per slot of a long run (here mu_D counts from one).
    let (prompt, output) = (Length::constant(100.0), Length::geometric(500.0));
    let lengths = Lengths::independent(prompt, output).unwrap();
    close(lengths.in_flight().mean, 599.0, 1e-9);
    let fixed = Lengths::independent(prompt, Length::constant(500.0)).unwrap();
    close(fixed.in_flight().mean, 100.0 + 499.0 / 2.0, 1e-9);
    close(fixed.in_flight().deviation, ((500.0_f64 * 500.0 - 1.0) / 12.0).sqrt(), 1e-9);
}

#[test]
fn every_kind_of_context_has_moments() {
    let number = Context::Number(8192.0).moments();
    assert_eq!((number.mean, number.deviation), (8192.0, 0.0));
    let spread = Context::LogNormal { mean: 4000.0, sigma: 0.5 }.moments();
    close(spread.deviation / spread.mean, (0.25_f64.exp() - 1.0).sqrt(), 1e-12);
    let histogram = Histogram::new(&[10.0, 20.0], &[3.0, 1.0]).unwrap();
    let histogram = Context::Histogram(histogram).moments();
    close(histogram.mean, 12.5, 1e-12);
    close(histogram.deviation, 18.75_f64.sqrt(), 1e-12);
    let sum = histogram.of_sum(16.0);
    close(sum.mean, 200.0, 1e-9);
    close(sum.deviation, 4.0 * 18.75_f64.sqrt(), 1e-9);
    // The lognormal's moments as a prompt: a request of one token of output is seen once.
    let once = Lengths::independent(Length::log_normal(4000.0, 0.5), Length::constant(1.0));
    close(once.unwrap().in_flight().deviation, spread.deviation, 1e-6);
}

#[test]
fn what_is_no_distribution_is_refused() {
    assert_eq!(Lengths::from_pairs([]), Err(ContextError::Empty));
    assert_eq!(Lengths::from_pairs([(5.0, 0.0)]), Err(ContextError::Empty));
    assert_eq!(Lengths::from_pairs([(-5.0, 3.0)]), Err(ContextError::NotALength));
    assert_eq!(Lengths::from_pairs([(f64::NAN, 3.0)]), Err(ContextError::NotALength));
    assert_eq!(Histogram::new(&[1.0], &[]), Err(ContextError::Mismatch));
    assert_eq!(Histogram::new(&[1.0], &[0.0]), Err(ContextError::Empty));
    assert_eq!(Length::from_samples(&[-1.0]), Err(ContextError::NotALength));
    assert_eq!(Length::from_samples(&[]), Err(ContextError::Empty));
}

/// phi: the density of a standard normal.
fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

#[test]
fn the_slowest_of_few_by_closed_form() {
    // One worker: G Phi(z) + mu (1 - Phi(z)) + sigma phi(z).
    for (floor, mean, deviation) in [
        (10.0, 8.0, 1.0),
        (10.0, 12.0, 3.0),
        (10.0, 200.0, 5.0),
        (10.0, -50.0, 4.0),
        (0.0, 0.0, 1.0),
    ] {
        let z = (floor - mean) / deviation;
        let above = normal_below(-z);
        let expected = floor * normal_below(z) + mean * above + deviation * density(z);
        close(slowest(floor, mean, deviation, 1.0), expected, 1e-9 * (1.0 + expected.abs()));
    }
    // Means of the largest of 2, 3, 4 and 5 normals: 1 / sqrt(pi), 3 / (2 sqrt(pi)), and tables.
    let root = std::f64::consts::PI.sqrt();
    close(expected_max(0.0, 1.0, 1.0), 0.0, 1e-9);
    close(expected_max(0.0, 1.0, 2.0), 1.0 / root, 1e-9);
    close(expected_max(0.0, 1.0, 3.0), 1.5 / root, 1e-9);
    close(expected_max(0.0, 1.0, 4.0), 1.029_375_373, 1e-9);
    close(expected_max(0.0, 1.0, 5.0), 1.162_964_474, 1e-9);
    close(expected_max(0.0, 1.0, 10.0), 1.538_752_731, 1e-9);
    close(expected_max(0.0, 1.0, 100.0), 2.507_593_639, 1e-8);
}

#[test]
fn without_spread_nobody_straggles() {
    assert_eq!(slowest(10.0, 8.0, 0.0, 100.0), 10.0);
    assert_eq!(slowest(10.0, 12.0, 0.0, 100.0), 12.0);
    assert_eq!(slowest(10.0, 8.0, 1.0, 0.0), 10.0);
    close(slowest(10.0, 8.0, 1e-9, 100.0), 10.0, 1e-9);
}

proptest! {
    #[test]
    fn more_workers_wait_longer(
        floor in 0.0..100.0, mean in 0.0..100.0, deviation in 0.0..30.0, workers in 1.0..500.0, more in 0.0..500.0,
    ) {
        let few = slowest(floor, mean, deviation, workers);
        prop_assert!(few >= floor.max(mean) - 1e-9);
        prop_assert!(slowest(floor, mean, deviation, workers + more) >= few - 1e-9);
        prop_assert!(slowest(floor, mean, deviation + 1.0, workers) >= few - 1e-9);
    }

    #[test]
    fn no_ratio_beats_the_best(
        a in 10.0..2000.0, c in 10.0..2000.0, fixed in 1.0..500.0, batch in 8.0..1024.0, other in 0.01..100.0,
    ) {
        let times = Times {
            attention: Linear { per_token: 0.0, fixed: a },
            communication: Linear { per_token: 0.0, fixed: c },
            ffn: Linear { per_token: 0.083, fixed },
        };
        let best = best_ratio(&times, batch, 1.0).attention_per_ffn;
        let reached = throughput(&times, batch, 1.0, best);
        prop_assert!(throughput(&times, batch, 1.0, other) <= reached * (1.0 + 1e-9));
    }

    #[test]
    fn more_tokens_touch_more_experts(
        experts in 2_u32..512, share in 0.0..1.0_f64, tokens in 1.0..4096.0, more in 0.0..4096.0, exponent in 0.0..2.0,
    ) {
        let visited = (f64::from(experts) * share).ceil().max(1.0);
        let touched = |tokens| distinct_experts(f64::from(experts), visited, tokens);
        close(touched(1.0), visited, 1e-9 * visited);
        prop_assert!(touched(tokens) <= touched(tokens + more) + 1e-9);
        prop_assert!(touched(tokens) <= f64::from(experts) + 1e-9);
        // Skew touches fewer, never more.
        let skewed = Popularity::zipf(experts, visited, exponent);
        prop_assert!(skewed.distinct_experts(tokens) <= touched(tokens) + 1e-6 * touched(tokens));
    }

    #[test]
    fn destinations_grow_with_devices_and_visits(experts in 8_u32..512, visited in 1_u32..16, devices in 1_u32..64) {
        prop_assume!(devices < experts && visited < experts);
        let reached = |k: u32, n: u32| distinct_destinations(f64::from(experts), k, f64::from(n));
        let now = reached(visited, devices);
        prop_assert!(now >= 1.0 - 1e-9 && now <= f64::from(visited.min(devices)) + 1e-9, "{now}");
        prop_assert!(reached(visited + 1, devices) >= now - 1e-9);
        prop_assert!(reached(visited, devices + 1) >= now - 1e-9);
    }

    #[test]
    fn the_busiest_is_never_below_the_mean(experts in 16_u32..300, devices in 1_u32..16, exponent in 0.0..1.5, redundant in 0_u32..64) {
        let dealt = Dealt { experts, visited: 4.0, redundant, groups: devices };
        let factor = Imbalance::Zipf { exponent }.skew(&dealt).max_over_mean;
        prop_assert!(factor >= 1.0 - 1e-9 && factor <= f64::from(devices) + 1e-9, "{factor}");
    }

    #[test]
    fn classes_of_experts_touch_as_many_as_the_experts(
        experts in 2_u32..512, visited in 1_u32..16, exponent in 0.0..2.0, redundant in 0_u32..64,
        tokens in 0.0_f64..12.0,
    ) {
        let visited = f64::from(visited.min(experts));
        let popularity = Popularity::zipf(experts, visited, exponent).with_copies(redundant);
        let (classes, all) = (popularity.classes(), f64::from(experts + redundant));
        for tokens in [1.0, tokens.exp()] {
            let exact = popularity.distinct_experts(tokens);
            close(classes.touched(tokens) * all, exact, 0.02 * all);
            prop_assert!(classes.touched(tokens) <= classes.touched(2.0 * tokens) + 1e-12);
        }
        // One token visits as many as it visits.
        close(classes.touched(1.0) * all, visited, 1e-6 * visited);
    }
}

#[test]
fn destinations_by_hand() {
    // 4 experts on 2 devices, 2 visited: of 6 pairs, 2 lie on one device, so 2 (1 - 1/6) = 10/6.
    close(distinct_destinations(4.0, 2, 2.0), 10.0 / 6.0, 1e-12);
    close(distinct_destinations(256.0, 8, 1.0), 1.0, 0.0);
    // One expert a device: as many as are visited.
    close(distinct_destinations(256.0, 8, 256.0), 8.0, 1e-9);
    close(distinct_destinations(256.0, 0, 8.0), 0.0, 0.0);
}

#[test]
fn experts_touched_by_hand() {
    close(distinct_experts(256.0, 8.0, 1.0), 8.0, 1e-9);
    close(distinct_experts(256.0, 8.0, 32.0), 256.0 * (1.0 - (31.0_f64 / 32.0).powi(32)), 1e-9);
    close(distinct_experts(8.0, 8.0, 3.0), 8.0, 0.0);
    close(distinct_experts(256.0, 8.0, 0.0), 0.0, 0.0);
    let even = Popularity::zipf(256, 8.0, 0.0);
    close(even.distinct_experts(32.0), distinct_experts(256.0, 8.0, 32.0), 1e-6);
}

#[test]
fn what_imbalance_costs() {
    close(afd_efficiency(0.5), 0.5, 0.0);
    // l = 1, s = 1/2: two halves, one of which takes twice as long.
    close(colocated_efficiency(1.0, 0.5), 2.0 / 3.0, 1e-12);
    close(colocated_efficiency(3.0, 1.0), 1.0, 1e-12);
    let skew = |imbalance: Imbalance, redundant| {
        imbalance.skew(&Dealt { experts: 256, visited: 8.0, redundant, groups: 32 })
    };
    close(skew(Imbalance::Uniform, 0).max_over_mean, 1.0, 0.0);
    close(skew(Imbalance::MaxOverMean(1.4), 0).max_over_mean, 1.4, 0.0);
    let zipf = |redundant| skew(Imbalance::Zipf { exponent: 1.0 }, redundant).max_over_mean;
    // A token visits the most popular expert at most once, 1 / 8 of its visits: 4 times the mean of
    // 32 devices at most, and three quarters of that at exponent 1.
    assert!(zipf(0) > 2.5 && zipf(0) < 4.0 && zipf(64) < 1.3, "{} {}", zipf(0), zipf(64));
    close(skew(Imbalance::Zipf { exponent: 0.0 }, 0).max_over_mean, 1.0, 1e-9);
    // Equal chances touch 1 - (31 / 32)^32 of all, unequal ones fewer.
    let even = skew(Imbalance::Uniform, 0).visits.touched(32.0);
    close(even, 1.0 - (31.0_f64 / 32.0).powi(32), 1e-12);
    assert!(skew(Imbalance::Zipf { exponent: 1.0 }, 0).visits.touched(32.0) < 0.8 * even);
    // Even routing is uneven by chance: 8 visits of 128 tokens over 32 devices.
    let chance = chance_max_over_mean(1024.0, 32.0);
    assert!(chance > 1.3 && chance < 1.45, "{chance}");
    assert!(chance_max_over_mean(1e9, 32.0) < 1.001);
}

#[test]
fn the_scale_up_cap_of_the_literature() {
    let cap = expert_utilization_cap(
        BytesPerSecond::from_gb_per_s(160.0),
        2048,
        FlopsPerSecond::from_tflops(1979.0),
    );
    close(cap, 0.331, 0.0005);
}

#[test]
fn collectives_inside_an_ffn_instance() {
    // Design notes: B = 2,048 tokens of h = 7,168 over 8 H800 of 200 GB/s: 64 us out, 128 us back.
    let link = Channel::ideal(BytesPerSecond::from_gb_per_s(200.0));
    let batch = Bytes::new(2048.0 * 7168.0);
    close(link.all_gather(8, batch).us(), 64.0, 0.5);
    close(link.reduce_scatter(8, batch * 2.0).us(), 128.0, 1.0);
    close(link.all_reduce(8, batch).us(), 128.0, 1.0);
    close(link.all_to_all(8, batch).us(), 64.0, 0.5);
    close(link.all_gather(1, batch).us(), 0.0, 0.0);
    let real = Channel { latency: Seconds::new(5e-6), efficiency: 0.8, ..link };
    close(real.transfer(Bytes::new(1.6e6)).us(), 15.0, 1e-9);
    close(real.transfer(Bytes::ZERO).us(), 0.0, 0.0);
}
