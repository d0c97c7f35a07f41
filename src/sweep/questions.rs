//! Inverse questions: up to which price a chip wins, at which context two designs cross, how much
//! of a resource meets a target, how sparse experts may be. Each turns costs into a function of
//! one quantity whose sign is the answer, and hands it to [`inverse`](super::inverse).

use super::inverse::{Range, Solved, solve};
use super::levers::Lever;
use super::way::{Contender, Way};
use crate::deploy::compile::Pools;
use crate::deploy::legal::Refused;
use crate::deploy::sparsity::{Rates, Stage};
use crate::machine::hardware::{Hardware, Price, PriceBasis};
use crate::units::{Seconds, UsdPerSecond};
use crate::work::model::Model;

/// How much dearer the first is than the second, as a logarithm; infinite where only one can be,
/// nothing where neither can.
pub(super) fn dearer(first: Option<f64>, second: Option<f64>) -> Option<f64> {
    match (first, second) {
        (Some(a), Some(b)) => Some((a / b).ln()),
        (None, Some(_)) => Some(f64::INFINITY),
        (Some(_), None) => Some(f64::NEG_INFINITY),
        (None, None) => None,
    }
}

/// Solves with a function that may be refused.
pub(super) fn try_solve(
    range: Range,
    pieces: u32,
    f: impl Fn(f64) -> Result<Option<f64>, Refused>,
) -> Result<Solved, Refused> {
    let mut refused = None;
    let solved = solve(range, pieces, |x| match f(x) {
        Ok(value) => value,
        Err(why) => {
            refused.get_or_insert(why);
            None
        }
    });
    match refused {
        Some(why) => Err(why),
        None => Ok(solved),
    }
}

/// A device at another price.
#[must_use]
pub fn at_price(hardware: &Hardware, usd_per_hour: f64) -> Hardware {
    let mut priced = hardware.clone();
    let price = Price {
        rate: UsdPerSecond::from_usd_per_hour(usd_per_hour),
        basis: PriceBasis::Given,
        date: "what-if".to_owned(),
        source: "asked".to_owned(),
    };
    priced.prices.insert(0, price);
    priced
}

/// Prices that [`break_even_price`] looks at, in $/h.
pub const PRICES: Range = Range { low: 0.001, high: 1000.0 };

/// The price of a chip up to which the best pair with the chip in it is cheaper than the best pair
/// without it. Above zero, the chip is the dearer one.
///
/// # Errors
/// If a profile lacks a figure or the model cannot be split so.
pub fn break_even_price(
    way: &Way,
    model: &Model,
    chip: &Hardware,
    others: &[Hardware],
    context: f64,
) -> Result<Solved, Refused> {
    let without = way.cheapest(model, [others, others], context, |_, _| true)?;
    try_solve(PRICES, 1, |usd_per_hour| {
        let mut all = others.to_vec();
        all.push(at_price(chip, usd_per_hour));
        let has_chip = |a: &Hardware, f: &Hardware| a.name == chip.name || f.name == chip.name;
        let with = way.cheapest(model, [&all, &all], context, has_chip)?;
        Ok(dearer(with, without))
    })
}

/// Pieces that a range of contexts is cut into, so that designs that cross twice are seen to.
pub(super) const CONTEXT_PIECES: u32 = 40;

/// The contexts at which two contenders cross. Above zero, the first is the dearer one. A context
/// is a whole number of tokens: the first at which the other one wins is a bracket's `high`,
/// rounded up.
///
/// # Errors
/// If a profile lacks a figure or a model cannot be split so.
pub fn context_crossings(
    way: &Way,
    [first, second]: [&Contender; 2],
    range: Range,
) -> Result<Solved, Refused> {
    try_solve(range, CONTEXT_PIECES, |context| {
        let context = context.round();
        Ok(dearer(first.cost(way, context)?, second.cost(way, context)?))
    })
}

/// What of a chip is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// Its price, in $/h.
    Price,
    /// One of its resources, as a multiple of what it has.
    Resource(Lever),
}

impl Knob {
    /// Where it is looked for.
    #[must_use]
    pub const fn range(self) -> Range {
        match self {
            Self::Price => PRICES,
            Self::Resource(_) => Range { low: 0.01, high: 100.0 },
        }
    }

    /// The chip with the knob set.
    #[must_use]
    pub fn set(self, chip: &Hardware, value: f64) -> Hardware {
        match self {
            Self::Price => at_price(chip, value),
            Self::Resource(lever) => lever.pulled(chip, value),
        }
    }
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// At most so many US dollars per million tokens.
    UsdPerMtok(f64),
    /// At most so long per output token.
    Tpot(Seconds),
}

/// Pieces that the range of a knob is cut into where a deployment is asked.
const DEPLOYED_PIECES: u32 = 32;

/// How far from the target a deployment is, with a knob of the attention or FFN hardware (both
/// where they are the same) set. Above zero, it is missed.
///
/// # Errors
/// If a profile lacks a figure or the model cannot be split so.
pub fn meet_target(
    way: &Way,
    model: &Model,
    pools: Pools,
    context: f64,
    (chip, knob): (&Hardware, Knob),
    target: Target,
) -> Result<Solved, Refused> {
    // Unit costs follow a rate one way only; a deployment's best batch moves in steps.
    let pieces = match way {
        Way::Ideal { .. } => 1,
        Way::Deployed { .. } => DEPLOYED_PIECES,
    };
    try_solve(knob.range(), pieces, |value| {
        let turned = knob.set(chip, value);
        let side =
            |own: &Hardware| if own.name == chip.name { turned.clone() } else { own.clone() };
        let (near, far) = (side(pools.attention), side(pools.ffn));
        let outcome = way.outcome(model, Pools { attention: &near, ffn: &far }, context)?;
        Ok(match (outcome, target) {
            (None, _) => Some(f64::INFINITY),
            (Some(outcome), Target::UsdPerMtok(usd)) => Some((outcome.usd_per_mtok / usd).ln()),
            (Some(outcome), Target::Tpot(most)) => outcome.tpot.map(|tpot| (tpot / most).ln()),
        })
    })
}

/// Shares of experts that [`sparsity_floor`] looks at.
const SPARSITIES: Range = Range { low: 1e-6, high: 1.0 };

/// The share of experts a token must visit (Step-3 paper, section 5.4): where the micro-batch that
/// makes an expert's GEMM compute-bound takes just the stage to cross the network. Above zero, the
/// network is too slow. [`min_sparsity`](crate::deploy::sparsity::min_sparsity) is its closed form.
#[must_use]
pub fn sparsity_floor(stage: &Stage, rates: &Rates) -> Solved {
    let budget = stage.tpot / (stage.stages * stage.layers) as f64;
    let ridge = (rates.compute / rates.memory).flops_per_byte();
    let wire = stage.wire.dispatch_bytes_per_element + stage.wire.combine_bytes_per_element;
    solve(SPARSITIES, 1, |share| {
        let tokens = ridge / (2.0 * share);
        let bytes = wire * stage.hidden_size as f64 * tokens;
        let crossing = crate::units::Bytes::new(bytes) / rates.network;
        Some((crossing / budget).ln())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::deploy::sparsity::{Wire, min_sparsity};
    use crate::machine::hardware::WithoutFp8;
    use crate::work::Counting;

    const IDEAL: Way = Way::Ideal { counting: Counting::Exact, without_fp8: WithoutFp8::Bf16 };

    fn chips(names: &[&str]) -> Vec<Hardware> {
        let catalog = Catalog::default();
        names.iter().map(|name| catalog.hardware(name).unwrap()).collect()
    }

    fn model(name: &str) -> Model {
        Catalog::default().model(name).unwrap()
    }

    #[test]
    fn a_chip_wins_just_below_its_break_even_price_and_not_above() {
        let (step3, all) = (model("step-3"), chips(&["h20", "h800"]));
        let solved = break_even_price(&IDEAL, &step3, &all[0], &all[1..], 8192.0).unwrap();
        let [found] = solved.crossings[..] else { panic!("{solved:?}") };
        assert!(!found.falls);
        let h800 = IDEAL.cheapest(&step3, [&all[1..], &all[1..]], 8192.0, |_, _| true);
        let h800 = h800.unwrap().unwrap();
        for (price, wins) in [(found.low * 0.999, true), (found.high * 1.001, false)] {
            let chip = [at_price(&all[0], price)];
            let mixed = [chip[0].clone(), all[1].clone()];
            let with = IDEAL.cheapest(&step3, [&mixed, &mixed], 8192.0, |a, f| {
                a.name == "h20" || f.name == "h20"
            });
            assert_eq!(with.unwrap().unwrap() < h800, wins, "{price}");
        }
    }

    #[test]
    fn a_crossing_context_is_the_first_whole_one_where_the_other_wins() {
        let contender = |name: &str| {
            let all = chips(&["h800", "h20"]);
            Contender { model: model(name), attention: all.clone(), ffn: all }
        };
        // A wide cache with cheap experts against a narrow one with dear experts.
        let (dense, sparse) = (contender("qwen3-235b-a22b"), contender("step-3"));
        let range = Range { low: 256.0, high: 1_048_576.0 };
        let solved = context_crossings(&IDEAL, [&dense, &sparse], range).unwrap();
        assert!(!solved.crossings.is_empty(), "{solved:?}");
        for found in &solved.crossings {
            let first = found.high.ceil();
            let dearer = |context: f64| {
                let cost = |c: &Contender| c.cost(&IDEAL, context).unwrap().unwrap();
                cost(&dense) > cost(&sparse)
            };
            assert_ne!(dearer(first), dearer(first - 1.0));
        }
    }

    #[test]
    fn the_least_bandwidth_meets_the_target_and_less_does_not() {
        let (deepseek, h20) = (model("deepseek-v3"), chips(&["h20"]).remove(0));
        let pools = Pools { attention: &h20, ffn: &h20 };
        let now = IDEAL.outcome(&deepseek, pools, 32768.0).unwrap().unwrap().usd_per_mtok;
        let knob = Knob::Resource(Lever::Compute);
        let target = Target::UsdPerMtok(now * 0.8);
        let solved = meet_target(&IDEAL, &deepseek, pools, 32768.0, (&h20, knob), target).unwrap();
        let [found] = solved.crossings[..] else { panic!("{solved:?}") };
        assert!(found.falls && found.low > 1.0);
        // Bytes cost the same however fast arithmetic gets.
        let target = Target::UsdPerMtok(now * 0.001);
        let never = meet_target(&IDEAL, &deepseek, pools, 32768.0, (&h20, knob), target).unwrap();
        assert!(never.crossings.is_empty() && never.ends[1].unwrap() > 0.0);
    }

    #[test]
    fn the_solved_sparsity_floor_is_the_closed_form() {
        for hardware in chips(&["h800", "h20", "a800", "ascend-910b"]) {
            let stage = Stage {
                hidden_size: 7168,
                layers: 61,
                tpot: Seconds::from_ms(50.0),
                stages: 3,
                wire: Wire { dispatch_bytes_per_element: 1.0, combine_bytes_per_element: 2.0 },
            };
            let dtype = crate::work::dtype::Dtype::Fp8;
            let rates = Rates {
                compute: hardware.peak(dtype, WithoutFp8::Bf16).unwrap().rate,
                memory: hardware.memory_bandwidth().unwrap(),
                network: hardware.server_network().unwrap(),
            };
            let solved = sparsity_floor(&stage, &rates);
            let floor = min_sparsity(&stage, &rates);
            assert!((solved.crossings[0].middle() / floor - 1.0).abs() < 1e-8);
        }
    }
}
