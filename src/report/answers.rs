//! Inverse questions and their answers: each with the bracket that the answer lies in, where it
//! was looked for, and in words what holds on either side. No answer is an answer too.

use super::crossovers::{first_context, headed};
use super::floor::{Promise, inputs};
use super::number::{plain, significant};
use super::table::{Cell, Show, Table};
use crate::deploy::compile::Pools;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, WithoutFp8};
use crate::spec::Diagnostic;
use crate::spec::quantity::Tokens;
use crate::sweep::inverse::{Crossing, Range, Solved};
use crate::sweep::levers::Lever;
use crate::sweep::questions::{
    Knob, Target, break_even_price, context_crossings, meet_target, sparsity_floor,
};
use crate::sweep::way::{Contender, Way};
use crate::work::model::Model;

/// A question with what was found.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The question, in words.
    pub question: String,
    /// Unit of the answer.
    pub unit: &'static str,
    /// The answer and the ends of its bracket, where there is one.
    pub found: Option<[f64; 3]>,
    /// Where it was looked for.
    pub range: Range,
    /// How often a cost was asked for.
    pub evaluations: u32,
    /// What holds on either side, in words.
    pub verdict: String,
    /// The level that the figures come from.
    pub fidelity: Fidelity,
}

/// Answers as a table.
#[must_use]
pub fn answer_table(answers: &[Answer]) -> Table {
    let row = |answer: &Answer| -> Vec<Cell> {
        let found = |at: usize| answer.found.map(|found| found[at]);
        vec![
            answer.question.clone().into(),
            found(0).into(),
            answer.unit.into(),
            answer.verdict.clone().into(),
            answer
                .found
                .map(|[_, low, high]| format!("{} to {}", digits(low), digits(high)))
                .into(),
            found(1).into(),
            found(2).into(),
            answer.range.low.into(),
            answer.range.high.into(),
            u64::from(answer.evaluations).into(),
            answer.fidelity.name().into(),
        ]
    };
    let columns = [
        ("question", Show::Plain, "question"),
        ("answer", Show::Plain, "answer"),
        ("unit", Show::Plain, "unit"),
        ("verdict", Show::Plain, "what holds"),
        ("bracket", Show::Plain, "bracket"),
        ("bracket_low", Show::Hidden, "bracket from"),
        ("bracket_high", Show::Hidden, "bracket to"),
        ("searched_from", Show::Short, "searched from"),
        ("searched_to", Show::Short, "to"),
        ("evaluations", Show::Plain, "costs asked"),
        ("fidelity", Show::Plain, "fidelity"),
    ];
    let mut levels: Vec<Fidelity> = Vec::new();
    for answer in answers {
        if !levels.contains(&answer.fidelity) {
            levels.push(answer.fidelity);
        }
    }
    let note = |level: &Fidelity| format!("Fidelity {}: {}.", level.name(), level.meaning());
    Table {
        columns: headed(&columns),
        rows: answers.iter().map(row).collect(),
        notes: levels.iter().map(note).collect(),
    }
}

/// Enough digits to tell the ends of a bracket apart.
fn digits(value: f64) -> String {
    if value.fract() == 0.0 { plain(value) } else { significant(value, 11) }
}

fn bracket(crossing: &Crossing) -> [f64; 3] {
    [crossing.middle(), crossing.low, crossing.high]
}

/// What is known where nothing crosses: the sign at both ends, if there is any.
fn ends(solved: &Solved, above: &str, below: &str, neither: &str) -> String {
    match solved.ends {
        [Some(low), Some(high)] if (low > 0.0) == (high > 0.0) => {
            format!("{} over the whole range", if low > 0.0 { above } else { below })
        }
        _ => neither.to_owned(),
    }
}

/// Up to which price a chip wins.
///
/// # Errors
/// If a profile lacks a figure or the model cannot be split so.
pub fn price_answer(
    way: &Way,
    model: &Model,
    chip: &Hardware,
    others: &[Hardware],
    context: u64,
) -> Result<Answer, Diagnostic> {
    let solved = break_even_price(way, model, chip, others, context as f64)?;
    let rivals: Vec<&str> = others.iter().map(|hw| hw.title.as_str()).collect();
    let rivals = rivals.join(", ");
    let now = chip.price().ok().map(|price| price.rate.usd_per_hour());
    let asked = now.map(|usd| format!("; it is asked {} $/h", plain(usd))).unwrap_or_default();
    let verdict = match solved.crossings.first() {
        Some(crossing) => {
            let most = crossing.middle();
            let wins = now.map(|now| if now < most { ", so it wins" } else { ", so it loses" });
            let wins = wins.unwrap_or_default();
            format!("the pair with it is cheaper below{asked}{wins}")
        }
        None => ends(&solved, "dearer", "cheaper", "no deployment is feasible on either") + &asked,
    };
    Ok(Answer {
        question: format!(
            "highest price at which {} (alone or paired) beats {rivals} for {} at {}",
            chip.title,
            model.title,
            Tokens(context)
        ),
        unit: "usd_per_hour",
        found: solved.crossings.first().map(bracket),
        range: solved.range,
        evaluations: solved.evaluations,
        verdict,
        fidelity: way.fidelity(),
    })
}

/// At which contexts two contenders cross: an answer for each, or one that says there is none.
///
/// # Errors
/// If a profile lacks a figure or a model cannot be split so.
pub fn context_answers(
    way: &Way,
    [first, second]: [(&str, &Contender); 2],
    range: Range,
) -> Result<Vec<Answer>, Diagnostic> {
    let solved = context_crossings(way, [first.1, second.1], range)?;
    let answer = |found, verdict| Answer {
        question: format!("context at which {} and {} cost the same", first.0, second.0),
        unit: "tokens",
        found,
        range: solved.range,
        evaluations: solved.evaluations,
        verdict,
        fidelity: way.fidelity(),
    };
    if solved.crossings.is_empty() {
        let cheaper = |name: &str| format!("no crossing: {name} is cheaper");
        let neither = "neither is feasible at one of the ends";
        let verdict = ends(&solved, &cheaper(second.0), &cheaper(first.0), neither);
        return Ok(vec![answer(None, verdict)]);
    }
    let one = |crossing: &Crossing| {
        let from = first_context(crossing);
        let wins = if crossing.falls { first.0 } else { second.0 };
        let found = [from as f64, from.saturating_sub(1) as f64, from as f64];
        answer(Some(found), format!("from {from} tokens on {wins} is cheaper"))
    };
    Ok(solved.crossings.iter().map(one).collect())
}

/// What is turned, and on which pair.
#[derive(Debug, Clone, Copy)]
pub struct Turned<'a> {
    /// The pair.
    pub pools: Pools<'a>,
    /// The chip that is changed: one of the pair, or both.
    pub chip: &'a Hardware,
    /// What of it.
    pub knob: Knob,
}

/// Which price, or how much of a resource, meets a target.
///
/// # Errors
/// If a profile lacks a figure or the model cannot be split so.
pub fn target_answer(
    way: &Way,
    model: &Model,
    turned: Turned,
    context: u64,
    target: Target,
) -> Result<Answer, Diagnostic> {
    let Turned { pools, chip, knob } = turned;
    let solved = meet_target(way, model, pools, context as f64, (chip, knob), target)?;
    let (unit, scale) = scale(knob, chip, model, way)?;
    let goal = match target {
        Target::UsdPerMtok(usd) => format!("{} $/Mtok", plain(usd)),
        Target::Tpot(tpot) => format!("{} ms per token", plain(tpot.ms())),
    };
    let (most, what) = match knob {
        Knob::Price => ("highest", "price"),
        Knob::Resource(lever) => ("least", lever.name()),
    };
    // The least of a resource is where the target is first met, the highest price where it was last.
    let found = match knob {
        Knob::Resource(_) => solved.crossings.iter().find(|crossing| crossing.falls),
        Knob::Price => solved.crossings.iter().rfind(|crossing| !crossing.falls),
    };
    let again = match solved.crossings.len() {
        0 | 1 => String::new(),
        n => format!("; in all it is crossed {n} times, as the best batch moves in steps"),
    };
    let verdict = match (found, knob) {
        (Some(_), Knob::Price) => format!("the target is met below{again}"),
        (Some(crossing), Knob::Resource(_)) => {
            let times = significant(crossing.middle(), 3);
            format!("the target is met from there on: {times} times what it has{again}")
        }
        (None, _) => ends(&solved, "the target is missed", "the target is met", "cannot be told"),
    };
    let range = Range { low: solved.range.low * scale, high: solved.range.high * scale };
    Ok(Answer {
        question: format!(
            "{most} {what} of {} for {goal} with {} at {}{}",
            chip.title,
            model.title,
            Tokens(context),
            on(pools)
        ),
        unit,
        found: found.map(|crossing| bracket(crossing).map(|value| value * scale)),
        range,
        evaluations: solved.evaluations,
        verdict,
        fidelity: way.fidelity(),
    })
}

/// What a pair is called where it is no single chip.
fn on(pools: Pools) -> String {
    match pools.attention.name == pools.ffn.name {
        true => String::new(),
        false => format!(", attention on {}, FFN on {}", pools.attention.title, pools.ffn.title),
    }
}

/// The unit of a knob, and what one of it is in that unit.
fn scale(
    knob: Knob,
    chip: &Hardware,
    model: &Model,
    way: &Way,
) -> Result<(&'static str, f64), Diagnostic> {
    let without_fp8 = match way {
        Way::Ideal { without_fp8, .. } => *without_fp8,
        Way::Deployed { options, .. } => options.without_fp8,
    };
    Ok(match knob {
        Knob::Price => ("usd_per_hour", 1.0),
        Knob::Resource(Lever::Compute) => {
            ("tflops", chip.peak(model.precision.activations, without_fp8)?.rate.tflops())
        }
        Knob::Resource(Lever::MemoryBandwidth) => ("gb_per_s", chip.memory_bandwidth()?.gb_per_s()),
        Knob::Resource(Lever::Network) => {
            ("gb_per_s_per_server", chip.server_network()?.gb_per_s())
        }
        Knob::Resource(Lever::ScaleUp) => {
            ("gb_per_s_per_direction", chip.scale_up_bandwidth()?.gb_per_s())
        }
    })
}

/// The sparsity floor of a model on a hardware.
///
/// # Errors
/// If a profile lacks a figure.
pub fn floor_answer(
    model: &Model,
    hardware: &Hardware,
    promise: &Promise,
    without_fp8: WithoutFp8,
) -> Result<Answer, Diagnostic> {
    let (stage, rates) = inputs(model, hardware, promise, without_fp8, None)?;
    let solved = sparsity_floor(&stage, &rates);
    let own = model.ffns.iter().find_map(|ffn| match &ffn.design {
        crate::work::ffn::Ffn::Moe(moe) => Some(moe.sparsity()),
        crate::work::ffn::Ffn::Dense(_) => None,
    });
    let verdict = match (solved.crossings.first(), own) {
        (Some(floor), Some(own)) => {
            let side = if own >= floor.middle() { "above" } else { "below" };
            format!("{} activates {}: {side} the floor", model.title, significant(own, 3))
        }
        (Some(_), None) => "the network keeps up from there on".to_owned(),
        (None, _) => ends(
            &solved,
            "even dense experts wait for the network",
            "the network keeps up at any sparsity",
            "cannot be told",
        ),
    };
    Ok(Answer {
        question: format!(
            "least share of experts a token of {} must visit on {} at {} ms",
            model.title,
            hardware.title,
            plain(promise.tpot.ms())
        ),
        unit: "share",
        found: solved.crossings.first().map(bracket),
        range: solved.range,
        evaluations: solved.evaluations,
        verdict,
        fidelity: Fidelity::Ideal,
    })
}
