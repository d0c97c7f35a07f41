//! Theory: the event-driven schedule against the closed form, and the literature's special cases.
#![allow(clippy::unwrap_used)]

use afford::deploy::pipeline::{Sharing, Stages, Stretch, makespan, schedule, step_time};
use proptest::prelude::*;

fn stages() -> impl Strategy<Value = Stages> {
    (1.0..300.0, 0.0..300.0, 1.0..300.0, 0.0..300.0).prop_map(|(a, d, f, r)| Stages {
        attention: a,
        dispatch: d,
        ffn: f,
        combine: r,
    })
}

fn sharing() -> impl Strategy<Value = Sharing> {
    (any::<bool>(), any::<bool>()).prop_map(|(compute, link)| Sharing { compute, link })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn closed_form_and_schedule_agree(s in stages(), how in sharing(), m in 1_u32..8, layers in 24_u32..100) {
        let played = makespan(&schedule(&vec![s; layers as usize], how, m));
        let formula = step_time(&[Stretch { layers, stages: s }], how, m);
        let off = formula / played - 1.0;
        prop_assert!(off.abs() < 0.01, "{off:+.4} {s:?} {how:?} m {m} L {layers}");
    }
}
