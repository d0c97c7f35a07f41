//! What a report's tables say, in plain words: a few sentences with their figures for each kind of
//! table, taken from the table itself.
//!
//! `money` speaks of ledgers, bills and what is not sure; `view` finds rows and cells by name.

mod money;
mod view;

use self::view::{Row, View};
use super::bundle::ReportTable;
use super::number::significant;
use super::page::listed;
use crate::spec::scenario::TableContent;

/// No table says more than this.
const MOST: usize = 6;

/// The sentences of one table.
#[must_use]
pub fn findings(content: &TableContent, of: &ReportTable) -> Vec<String> {
    let view = View(&of.table);
    let mut said = match content {
        TableContent::Cost => cost(view),
        TableContent::UnitCosts => unit_costs(view),
        TableContent::MinSparsity(_) => sparsity(view),
        TableContent::Estimates => estimates(view),
        TableContent::AfdAgainstColocated => duels(view),
        TableContent::EndToEnd => end_to_end(view),
        TableContent::Plan(_) => planned(view),
        TableContent::Ledger => money::ledgers(view),
        TableContent::Bill => money::bills(view),
        TableContent::Uncertainty => money::uncertain(view),
        TableContent::Sensitivity => money::sensitive(view),
        TableContent::CheapestByContext => cheapest(view),
        TableContent::ModelCrossovers | TableContent::HardwareCrossovers => crossovers(view),
        TableContent::BestAfd(_) => best_afd(view),
        TableContent::NextChip(_) => next_chip(view, &of.title),
        TableContent::AttentionDesigns(_) => designs(view),
        TableContent::Solve(_) => solved(view),
        _ => Vec::new(),
    };
    said.truncate(MOST);
    if let Some(published) = &of.published {
        let found = published.agreement(&of.table);
        let (agree, compared) = (found.agree, found.compared);
        said.push(format!("{}: {agree} of {compared} printed values are met.", of.title));
    }
    said
}

/// First and last of a list, without repeating an only one.
fn ends<T>(all: Vec<T>) -> Vec<T> {
    let last = all.len().saturating_sub(1);
    all.into_iter().enumerate().filter(|(i, _)| *i == 0 || *i == last).map(|(_, t)| t).collect()
}

fn cost(view: View) -> Vec<String> {
    let total = "total_usd_per_mtok";
    let say = |context: String| {
        let rows = view.with("context_tokens", &context);
        let (least, most) = (view.least(&rows, total)?, view.greatest(&rows, total)?);
        let times = view.number(most, total)? / view.number(least, total)?;
        Some(format!(
            "At {} tokens of context {} is the cheapest: {} per million tokens {}; {}, the dearest, \
             costs {} times as much.",
            view.tokens(least),
            view.text(least, "model"),
            view.usd(least, total),
            view.on(least),
            view.text(most, "model"),
            significant(times, 3)
        ))
    };
    ends(view.distinct("context_tokens")).into_iter().filter_map(say).collect()
}

fn unit_costs(view: View) -> Vec<String> {
    let rows: Vec<&Row> = view.rows().collect();
    let flop = view.least(&rows, "usd_per_flop").map(|row| view.text(row, "hardware"));
    let byte = view.least(&rows, "usd_per_byte").map(|row| view.text(row, "hardware"));
    match (flop, byte) {
        (Some(flop), Some(byte)) => {
            vec![format!("The cheapest FLOP is {flop}'s, the cheapest byte {byte}'s.")]
        }
        _ => Vec::new(),
    }
}

fn sparsity(view: View) -> Vec<String> {
    let rows: Vec<&Row> = view.rows().collect();
    let name = "min_sparsity";
    match (view.least(&rows, name), view.greatest(&rows, name)) {
        (Some(low), Some(high)) => vec![format!(
            "The network lets a token visit as few as {} of the experts' weights on {}, and no less \
             than {} on {}.",
            significant(view.number(low, name).unwrap_or_default(), 3),
            view.text(low, "hardware"),
            significant(view.number(high, name).unwrap_or_default(), 3),
            view.text(high, "hardware")
        )],
        _ => Vec::new(),
    }
}

fn estimates(view: View) -> Vec<String> {
    let rows: Vec<&Row> = view.rows().collect();
    let fine = rows.iter().filter(|row| view.number(row, "usd_per_mtok").is_some()).count();
    let mut said = vec![format!("{fine} of {} deployments are feasible.", rows.len())];
    for model in view.distinct("model") {
        let mine = view.with("model", &model);
        if let Some(best) = view.least(&mine, "usd_per_mtok") {
            said.push(format!(
                "{model} is cheapest as {} {} at {} tokens: {} per million tokens, {} ms per token, \
                 bound by {}.",
                view.text(best, "deployment"),
                view.on(best),
                view.tokens(best),
                view.usd(best, "usd_per_mtok"),
                significant(view.number(best, "tpot_ms").unwrap_or_default(), 3),
                view.text(best, "bound_by").replace('_', " ")
            ));
        }
    }
    said
}

fn planned(view: View) -> Vec<String> {
    let mut said = Vec::new();
    for model in view.distinct("model") {
        for kind in view.distinct("kind") {
            let mine: Vec<&Row> = view
                .with("model", &model)
                .into_iter()
                .filter(|row| view.text(row, "kind") == kind)
                .collect();
            let Some(best) = view.least(&mine, "usd_per_mtok") else { continue };
            let kind = if kind == "afd" { "with AFD" } else { "colocated" };
            said.push(format!(
                "The cheapest of {model} {kind} is {} {} at {} tokens: {} per million tokens, {} ms \
                 per token.",
                view.text(best, "deployment"),
                view.on(best),
                view.tokens(best),
                view.usd(best, "usd_per_mtok"),
                significant(view.number(best, "tpot_ms").unwrap_or_default(), 3)
            ));
        }
    }
    said
}

fn duels(view: View) -> Vec<String> {
    let count = |winner: &str| view.with("winner", winner).len();
    let all = view.rows().count();
    let mut said = vec![format!(
        "AFD wins {} of {all} points, colocated deployments {}.",
        count("AFD"),
        count("colocated")
    )];
    for winner in ["AFD", "colocated"] {
        let rows = view.with("winner", winner);
        if let Some(row) = view.greatest(&rows, "margin_percent") {
            said.push(format!(
                "{winner} wins by most for {} at {}: {} % ({}).",
                view.text(row, "model"),
                view.tokens(row),
                significant(view.number(row, "margin_percent").unwrap_or_default(), 3),
                view.text(row, "why")
            ));
        }
    }
    said
}

fn end_to_end(view: View) -> Vec<String> {
    let rows: Vec<&Row> = view.rows().collect();
    let name = "error_percent";
    let known = rows.iter().filter(|row| view.number(row, name).is_some()).count();
    match (view.least(&rows, name), view.greatest(&rows, name)) {
        (Some(low), Some(high)) => {
            let side = |row| {
                let percent = view.number(row, name).unwrap_or_default();
                let side = if percent < 0.0 { "below" } else { "above" };
                let (model, deployment) = (view.text(row, "model"), view.text(row, "deployment"));
                format!("{} % {side} for {model} {deployment}", significant(percent.abs(), 3))
            };
            vec![format!(
                "Against {known} measured rows, predicted throughput is from {} to {}.",
                side(low),
                side(high)
            )]
        }
        _ => Vec::new(),
    }
}

fn cheapest(view: View) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut leader = (String::new(), String::new());
    for row in view.rows() {
        let now = (view.text(row, "model"), view.on(row));
        if now != leader {
            let from = if said.is_empty() { "At" } else { "From" };
            said.push(format!(
                "{from} {} tokens {} is the cheapest {}, at {} per million tokens.",
                view.tokens(row),
                now.0,
                now.1,
                view.usd(row, "usd_per_mtok")
            ));
            leader = now;
        }
    }
    said
}

fn crossovers(view: View) -> Vec<String> {
    if view.0.column("cheaper_from").is_some() {
        return view.0.notes.first().cloned().into_iter().collect();
    }
    let of_model = |model: String| {
        let rows = view.with("model", &model);
        let first = rows.first().map(|row| view.text(row, "cheapest_below")).unwrap_or_default();
        let step = |row: &&Row| {
            let pair = view.text(row, "cheapest_from");
            format!("to {pair} at {} tokens", view.text(row, "context_tokens"))
        };
        let steps: Vec<String> = rows.iter().map(step).collect();
        format!("{model} moves from {first} {} as contexts grow.", listed(&steps))
    };
    view.distinct("model").into_iter().map(of_model).collect()
}

fn best_afd(view: View) -> Vec<String> {
    let mut said = Vec::new();
    for model in view.distinct("model") {
        for promise in view.distinct("promise_tpot_ms") {
            let mine: Vec<&Row> = view
                .with("model", &model)
                .into_iter()
                .filter(|row| view.text(row, "promise_tpot_ms") == promise)
                .filter(|row| view.number(row, "usd_per_mtok").is_some())
                .collect();
            let point = |row| {
                let usd = view.usd(row, "usd_per_mtok");
                format!("{} at {} ({usd})", view.text(row, "deployment"), view.tokens(row))
            };
            let points: Vec<String> = ends(mine).into_iter().map(point).collect();
            if !points.is_empty() {
                said.push(format!(
                    "The best ratio for {model} under {promise} ms per token goes from {}, per \
                     million tokens.",
                    points.join(" to ")
                ));
            }
        }
    }
    said
}

fn next_chip(view: View, title: &str) -> Vec<String> {
    let mut said = Vec::new();
    for chip in view.distinct("hardware") {
        let rows = view.with("hardware", &chip);
        let mut parts = Vec::new();
        for what in ["compute", "memory bandwidth", "network cards", "scale-up link"] {
            let mut names: Vec<(String, Vec<String>)> = Vec::new();
            for row in rows.iter().filter(|row| view.text(row, "add") == what) {
                let (model, context) = (view.text(row, "model"), view.tokens(row));
                match names.iter_mut().find(|(name, _)| *name == model) {
                    Some((_, contexts)) => contexts.push(context),
                    None => names.push((model, vec![context])),
                }
            }
            let say = |(name, contexts): (String, Vec<String>)| {
                format!("{name} ({})", contexts.join(", "))
            };
            let names: Vec<String> = names.into_iter().map(say).collect();
            if !names.is_empty() {
                parts.push(format!("{what} for {}", listed(&names)));
            }
        }
        if !parts.is_empty() {
            said.push(format!("{title}: to the {chip} add {}.", parts.join("; ")));
        }
    }
    said
}

fn designs(view: View) -> Vec<String> {
    let mut said = Vec::new();
    for chip in view.distinct("hardware") {
        let rows: Vec<&Row> = view
            .with("hardware", &chip)
            .into_iter()
            .filter(|row| view.text(row, "design") != "grid")
            .collect();
        let say = |row: &&Row| {
            format!(
                "{} {} at {} FLOPs per byte ({})",
                view.text(row, "design"),
                view.usd(row, "attention_usd_per_mtok"),
                significant(view.number(row, "arithmetic_intensity").unwrap_or_default(), 3),
                view.text(row, "attention_bound_by").replace('_', " ")
            )
        };
        if let Some(first) = rows.first() {
            let ridge = view.number(first, "ridge_flops_per_byte").unwrap_or_default();
            let ridge = significant(ridge, 3);
            let all: Vec<String> = rows.iter().map(say).collect();
            said.push(format!("Attention on {chip} (ridge {ridge}): {}.", listed(&all)));
        }
    }
    said
}

fn solved(view: View) -> Vec<String> {
    let say = |row| {
        let unit = match view.text(row, "unit").as_str() {
            "usd_per_hour" => " $/h",
            "tokens" => " tokens",
            "tflops" => " TFLOPS",
            "gb_per_s" => " GB/s",
            "gb_per_s_per_server" => " GB/s of a server",
            "gb_per_s_per_direction" => " GB/s each way",
            _ => "",
        };
        let answer = match view.number(row, "answer") {
            Some(whole) if whole.fract() == 0.0 => format!("{whole}{unit}"),
            Some(answer) => format!("{}{unit}", significant(answer, 4)),
            None => "none".to_owned(),
        };
        let question = view.text(row, "question");
        let mut letters = question.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        let question = first + letters.as_str();
        format!("{question}: {answer} ({}).", view.text(row, "verdict"))
    };
    view.rows().map(say).collect()
}
