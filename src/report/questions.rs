//! The inverse questions of a scenario: its names looked up, each question handed to
//! [`answers`](super::answers).

use super::answers::{
    Answer, Turned, answer_table, context_answers, floor_answer, price_answer, target_answer,
};
use super::crossovers::{ideal, range};
use super::floor::Promise;
use super::loaded::Loaded;
use super::table::Table;
use crate::deploy::compile::Pools;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::study::{
    BreakEvenSpec, CrossingSpec, DeployedSpec, MeetTargetSpec, QuestionSpec, SoughtSpec,
};
use crate::sweep::levers::Lever;
use crate::sweep::questions::{Knob, Target};
use crate::sweep::way::{Contender, Way};
use crate::units::Seconds;

/// The table of a scenario's questions.
///
/// # Errors
/// If one names what the scenario does not have, or a profile lacks a figure.
pub fn table(loaded: &Loaded, questions: &[QuestionSpec]) -> Result<Table, Diagnostic> {
    let mut all = Vec::new();
    for question in questions {
        match question {
            QuestionSpec::BreakEvenPrice(of) => all.extend(prices(loaded, of)?),
            QuestionSpec::ContextCrossing(of) => all.extend(crossings(loaded, of)?),
            QuestionSpec::MeetTarget(of) => all.extend(targets(loaded, of)?),
            QuestionSpec::SparsityFloor(of) => {
                let (model, hardware) = (loaded.model(&of.model)?, loaded.hardware(&of.hardware)?);
                let without_fp8 = loaded.scenario.without_fp8;
                let promise = Promise::of(loaded)?;
                all.push(floor_answer(&model.value, &hardware.value, &promise, without_fp8)?);
            }
        }
    }
    Ok(answer_table(&all))
}

/// Unit costs, or the deployment that a question names.
fn way(loaded: &Loaded, deployed: Option<&DeployedSpec>) -> Result<Way, Diagnostic> {
    let Some(of) = deployed else { return Ok(ideal(loaded)) };
    let (conditions, options) = loaded.conditions(of.conditions.as_ref())?;
    let deployment = conditions.deployment(&of.deployment)?;
    Ok(Way::Deployed {
        deployment,
        options,
        micro_batches: deployment.default_micro_batches(),
        batch: of.batch.map(|batch| batch.0),
        promise: of.tpot_ms.map(|ms| Seconds::from_ms(ms.0)),
    })
}

/// Profiles by name; all of the scenario's if none are named.
pub(super) fn profiles(
    loaded: &Loaded,
    names: Option<&[At<String>]>,
) -> Result<Vec<Hardware>, Diagnostic> {
    match names {
        None => Ok(loaded.hardware.iter().map(|part| part.value.clone()).collect()),
        Some(names) => names.iter().map(|name| Ok(loaded.hardware(name)?.value.clone())).collect(),
    }
}

fn prices(loaded: &Loaded, of: &BreakEvenSpec) -> Result<Vec<Answer>, Diagnostic> {
    let way = way(loaded, of.deployed.as_ref())?;
    let model = &loaded.model(&of.model)?.value;
    let chip = &loaded.hardware(&of.chip)?.value;
    let others = profiles(loaded, Some(&of.against))?;
    if let Some(own) = of.against.iter().find(|other| other.value == of.chip.value) {
        return Err(own.complain(format!("`{}` cannot compete with itself", own.value)));
    }
    let contexts = of.context_tokens.as_ref().map_or(loaded.contexts(), |c| &c.0);
    let answer = |&context: &u64| price_answer(&way, model, chip, &others, context);
    contexts.iter().map(answer).collect()
}

fn crossings(loaded: &Loaded, of: &CrossingSpec) -> Result<Vec<Answer>, Diagnostic> {
    let way = way(loaded, of.deployed.as_ref())?;
    let own = profiles(loaded, of.hardware.as_deref())?;
    let other = match &of.against_hardware {
        Some(names) => profiles(loaded, Some(names))?,
        None => own.clone(),
    };
    let apart = of.hardware.is_some() || of.against_hardware.is_some();
    let contender = |name: &At<String>, hardware: Vec<Hardware>| {
        let part = loaded.model(name)?;
        let chips: Vec<&str> = hardware.iter().map(|hw| hw.title.as_str()).collect();
        let label = match apart {
            true => format!("{} on {}", part.label, chips.join(", ")),
            false => part.label.clone(),
        };
        let ffn = hardware.clone();
        let contender = Contender { model: part.value.clone(), attention: hardware, ffn };
        Ok::<_, Diagnostic>((label, contender))
    };
    let (first, second) = (contender(&of.model, own)?, contender(&of.against, other)?);
    let contexts = of.context_tokens.as_ref().map_or(loaded.contexts(), |c| &c.0);
    let sides = [(first.0.as_str(), &first.1), (second.0.as_str(), &second.1)];
    context_answers(&way, sides, range(contexts))
}

/// The knob that a word of a scenario means.
const fn knob(sought: SoughtSpec) -> Knob {
    match sought {
        SoughtSpec::Price => Knob::Price,
        SoughtSpec::Compute => Knob::Resource(Lever::Compute),
        SoughtSpec::MemoryBandwidth => Knob::Resource(Lever::MemoryBandwidth),
        SoughtSpec::Network => Knob::Resource(Lever::Network),
        SoughtSpec::ScaleUp => Knob::Resource(Lever::ScaleUp),
    }
}

fn targets(loaded: &Loaded, of: &MeetTargetSpec) -> Result<Vec<Answer>, Diagnostic> {
    let way = way(loaded, of.deployed.as_ref())?;
    let model = &loaded.model(&of.model)?.value;
    let chip = &loaded.hardware(&of.chip)?.value;
    let side = |name: &Option<At<String>>| match name {
        Some(name) => Ok::<_, Diagnostic>(&loaded.hardware(name)?.value),
        None => Ok(chip),
    };
    let pools = Pools { attention: side(&of.attention_hardware)?, ffn: side(&of.ffn_hardware)? };
    if pools.attention.name != chip.name && pools.ffn.name != chip.name {
        return Err(of
            .chip
            .complain("the chip that is changed stands on neither side")
            .help("name it as `attention_hardware` or `ffn_hardware`, or leave both out"));
    }
    let target = match (of.usd_per_mtok, &of.tpot_ms) {
        (Some(usd), None) => Target::UsdPerMtok(usd.0),
        (None, Some(ms)) if of.deployed.is_some() => Target::Tpot(Seconds::from_ms(ms.value.0)),
        (None, Some(ms)) => {
            return Err(ms
                .complain("time per token is known of a deployment only")
                .help("add `deployed: {deployment: ...}`, or aim at `usd_per_mtok`"));
        }
        _ => {
            return Err(of
                .chip
                .complain("the target is `usd_per_mtok` or `tpot_ms`: one of the two"));
        }
    };
    let contexts = of.context_tokens.as_ref().map_or(loaded.contexts(), |c| &c.0);
    let turned = Turned { pools, chip, knob: knob(of.sought) };
    let answer = |&context: &u64| target_answer(&way, model, turned, context, target);
    contexts.iter().map(answer).collect()
}
