//! What a published row states of its deployment, read from its words; and what it leaves open.
//!
//! | words | meaning |
//! | --- | --- |
//! | `3A2F` | attention and FFN instances of eight |
//! | `EP72`, `48 ranks` | experts over so many devices, attention data-parallel |
//! | `DP4` of a model with experts | the same: attention data-parallel, experts over the same devices |
//! | none of these, on one device | one device |
//!
//! Where experts do not divide over the devices, as many are held twice as makes them. Where nothing
//! is said of two overlapping micro-batches, the better of one and two is taken.

use crate::deploy::deployment::Deployment;
use crate::deploy::name::{Shape, parse};
use crate::deploy::options::accepted_tokens;
use crate::measured::end_to_end::EndToEndRow;
use crate::measured::hardware_name::hardware_name;

/// A row that states enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// The deployment.
    pub deployment: Deployment,
    /// Micro-batches, if the row says how many.
    pub micro_batches: Option<u32>,
    /// Requests in flight.
    pub batch: u64,
    /// Context of each.
    pub context: f64,
    /// Query tokens per request and step.
    pub query_tokens: f64,
    /// Tokens accepted per request and step.
    pub accepted_tokens: f64,
    /// The profile's name.
    pub hardware: String,
    /// What was taken for what the row does not say.
    pub taken: Vec<String>,
}

/// Acceptance of the one drafted token that SGLang's large-scale EP report simulates: the report
/// states 60 %.
const SIMULATED_ACCEPTANCE: f64 = 0.6;

/// What a row states, for a model of so many experts.
///
/// # Errors
/// In words: what it does not state, or what cannot be read.
pub fn stated(row: &EndToEndRow, experts: Option<u64>) -> Result<Stated, String> {
    let missing: Vec<&str> = [
        ("devices", row.devices.is_none()),
        ("batch of a device", row.batch_per_device.is_none()),
        ("context", row.context_tokens.is_none()),
        ("throughput", row.tokens_per_s_per_device.is_none()),
    ]
    .into_iter()
    .filter_map(|(what, absent)| absent.then_some(what))
    .collect();
    let (Some(devices), Some(each), Some(context), []) =
        (row.devices, row.batch_per_device, row.context_tokens, &missing[..])
    else {
        return Err(format!("not stated: {}", missing.join(", ")));
    };
    let mut taken = Vec::new();
    let mut deployment = deployment(&row.deployment, devices, experts)?;
    if deployment.devices() != devices {
        let says = deployment.name();
        return Err(format!("{says} has {} devices, not {devices}", deployment.devices()));
    }
    let serving = match &mut deployment {
        Deployment::Afd(afd) => afd.attention_devices(),
        Deployment::Colocated(c) => {
            let over = experts.unwrap_or(0) % u64::from(devices);
            if over > 0 {
                c.redundant_experts = devices - over as u32;
                taken.push(format!("{} experts held twice", c.redundant_experts));
            }
            devices
        }
    };
    let (query_tokens, accepted_tokens) = speculation(&row.mtp, &mut taken)?;
    Ok(Stated {
        micro_batches: micro_batches(&row.deployment, &deployment),
        deployment,
        batch: (each * f64::from(serving)).round() as u64,
        context,
        query_tokens,
        accepted_tokens,
        hardware: hardware_name(&row.hardware),
        taken,
    })
}

/// The words of a text; a decimal point belongs to its number.
fn words(text: &str) -> Vec<&str> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    parts.map(|word| word.trim_matches('.')).filter(|word| !word.is_empty()).collect()
}

/// The number that stands before a word.
fn before<T: std::str::FromStr>(text: &str, word: &str) -> Option<T> {
    words(text).windows(2).filter(|two| two[1] == word).find_map(|two| two[0].parse().ok())
}

/// The number that a word has behind its first letters: 72 of `EP72`.
fn behind(text: &str, letters: &str) -> Option<u32> {
    words(text).iter().find_map(|word| word.strip_prefix(letters)?.parse().ok())
}

/// `3A2F`.
fn is_afd(word: &&str) -> bool {
    let sides = word.strip_suffix('F').and_then(|word| word.split_once('A'));
    let number = |text: &str| text.parse::<u32>().is_ok();
    sides.is_some_and(|(attention, ffn)| number(attention) && number(ffn))
}

fn deployment(text: &str, devices: u32, experts: Option<u64>) -> Result<Deployment, String> {
    let afd = words(text).into_iter().find(is_afd).map(str::to_owned);
    let ranks = behind(text, "EP")
        .or_else(|| before(text, "ranks"))
        .or_else(|| behind(text, "DP").filter(|_| experts.is_some()));
    let name = match (afd, ranks) {
        (Some(name), _) => name,
        (None, Some(ranks)) => format!("EP{ranks}"),
        (None, None) if devices == 1 => "1".to_owned(),
        (None, None) => return Err(format!("its deployment cannot be read: {text}")),
    };
    parse(&name, &Shape::default()).map_err(|wrong| wrong.0)
}

fn micro_batches(text: &str, deployment: &Deployment) -> Option<u32> {
    if text.contains("overlap off") {
        return Some(1);
    }
    if text.contains("overlap on") || text.contains("micro-batches overlap") {
        return Some(2);
    }
    match deployment {
        Deployment::Afd(_) => before(text, "stage"),
        Deployment::Colocated(c) if c.devices == 1 => Some(1),
        Deployment::Colocated(_) => None,
    }
}

/// Query tokens and accepted tokens per step.
fn speculation(text: &str, taken: &mut Vec<String>) -> Result<(f64, f64), String> {
    if text.is_empty() {
        taken.push("no speculation".to_owned());
        return Ok((1.0, 1.0));
    }
    if text == "no" || text.starts_with("no,") {
        return Ok((1.0, 1.0));
    }
    if text == "simulated" {
        taken.push(format!("one drafted token, accepted with {SIMULATED_ACCEPTANCE}"));
        return Ok((2.0, accepted_tokens(&[SIMULATED_ACCEPTANCE])));
    }
    let accepted = words(text)
        .windows(2)
        .find_map(|two| two[1].parse::<f64>().ok().filter(|_| two[0] == "accept"));
    match (before::<f64>(text, "tokens"), accepted) {
        (Some(window), Some(accepted)) if (1.0..=window).contains(&accepted) => {
            Ok((window, accepted))
        }
        _ => Err(format!("its speculation cannot be read: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::shipped;

    fn of(text: &str, mtp: &str) -> EndToEndRow {
        let mut row = shipped::end_to_end().unwrap().remove(2);
        text.clone_into(&mut row.deployment);
        mtp.clone_into(&mut row.mtp);
        row
    }

    #[test]
    fn words_of_deployments_are_read() {
        let read = stated(&of("PD decode EP72, two-batch overlap off", "simulated"), Some(256));
        let read = read.unwrap();
        let Deployment::Colocated(c) = read.deployment else { panic!("{read:?}") };
        assert_eq!((c.devices, c.redundant_experts, read.micro_batches), (72, 32, Some(1)));
        assert_eq!((read.batch, read.query_tokens, read.accepted_tokens), (72 * 256, 2.0, 1.6));
        let afd = stated(&of("AFD 5A4F, 3-stage", "no"), Some(48)).unwrap();
        assert_eq!((afd.batch, afd.micro_batches), (40 * 256, Some(3)));
        let ranks = stated(&of("PD decode, 72 ranks", "3 tokens, accept 2.18"), Some(256));
        assert_eq!(ranks.as_ref().map(|r| (r.query_tokens, r.accepted_tokens)), Ok((3.0, 2.18)));
    }

    #[test]
    fn what_is_not_stated_or_cannot_be_read_says_so() {
        let mut silent = of("EP72", "no");
        (silent.batch_per_device, silent.context_tokens) = (None, None);
        assert_eq!(stated(&silent, None).unwrap_err(), "not stated: batch of a device, context");
        for (text, mtp, expected) in [
            ("EP48", "no", "EP48 has 48 devices, not 72"),
            ("somehow", "no", "its deployment cannot be read: somehow"),
            ("EP72", "often", "its speculation cannot be read: often"),
            ("EP72", "2 tokens, accept 2.5", "its speculation cannot be read"),
        ] {
            let reason = stated(&of(text, mtp), Some(256)).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
