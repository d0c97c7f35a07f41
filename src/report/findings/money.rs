//! What ledgers, bills, uncertainties and sensitivities say.

use super::view::{Row, View};
use crate::report::number::significant;
use crate::report::page::listed;

/// So many parts of a bill are named.
const PARTS: usize = 3;

/// The deployments that a table's rows belong to, in order.
fn deployments<'a>(view: View<'a>) -> Vec<(String, Vec<&'a Row>)> {
    let mut all: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in view.rows() {
        let name = name(view, row);
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(row),
            None => all.push((name, vec![row])),
        }
    }
    all
}

fn name<'a>(view: View<'a>, row: &'a Row) -> String {
    let (model, deployment) = (view.text(row, "model"), view.text(row, "deployment"));
    format!("{model} {deployment} {} at {} tokens", view.on(row), view.tokens(row))
}

fn percent(value: f64) -> String {
    format!("{} %", significant(value, 3))
}

/// The largest parts of each deployment's bill.
pub(super) fn ledgers(view: View) -> Vec<String> {
    let say = |(name, rows): (String, Vec<&Row>)| {
        let mut parts: Vec<(String, f64)> = Vec::new();
        for row in rows {
            let part = view.text(row, "part").replace("ffn", "FFN").replace("lm_", "LM ");
            let part = part.replace('_', " ");
            let share = view.number(row, "share_percent").unwrap_or_default();
            match parts.iter_mut().find(|(known, _)| *known == part) {
                Some((_, sum)) => *sum += share,
                None => parts.push((part, share)),
            }
        }
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        parts.truncate(PARTS);
        let part = |(part, share): (String, f64)| format!("{part} ({})", percent(share));
        let parts: Vec<String> = parts.into_iter().map(part).collect();
        format!("The largest parts of the bill of {name}: {}.", listed(&parts))
    };
    deployments(view).into_iter().map(say).collect()
}

/// What each bill comes to and brings in.
pub(super) fn bills(view: View) -> Vec<String> {
    let say = |row| {
        let days = view.number(row, "days")?;
        let period = if days == 1.0 { "one day".to_owned() } else { format!("{days} days") };
        let mut text = format!(
            "{} devices cost {} over {period}, {} per million output tokens",
            view.text(row, "devices"),
            whole_usd(view.number(row, "cost_usd")?),
            view.usd(row, "usd_per_mtok")
        );
        if let Some(revenue) = view.number(row, "revenue_usd") {
            let margin = view.number(row, "margin_percent_of_cost")?;
            let side = if margin < 0.0 { "less" } else { "more" };
            text += &format!(
                "; at the list prices {} comes in, {} {side} than they cost",
                whole_usd(revenue),
                percent(margin.abs())
            );
        }
        Some(format!("{}: {text}.", view.text(row, "bill")))
    };
    view.rows().filter_map(say).collect()
}

/// Dollars of a bill, whose thousands people read.
fn whole_usd(usd: f64) -> String {
    let digits = format!("{usd:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    format!("${text}")
}

/// Who is the cheapest how often, and who is it by the values as given.
pub(super) fn uncertain(view: View) -> Vec<String> {
    let mut said = Vec::new();
    for model in view.distinct("model") {
        for context in view.distinct("context_tokens") {
            let rows: Vec<&Row> = view
                .with("model", &model)
                .into_iter()
                .filter(|row| view.text(row, "context_tokens") == context)
                .collect();
            let often = view.greatest(&rows, "cheapest_percent");
            if let Some(row) = often {
                said.extend(range_of(view, row));
            }
            let given = view.least(&rows, "usd_per_mtok");
            if let Some(row) = given.filter(|row| often.is_none_or(|o| !std::ptr::eq(o, *row))) {
                let share = view.number(row, "cheapest_percent").unwrap_or_default();
                said.push(format!(
                    "By the values as given {} would be the cheapest, at {}; it is so in {} of the \
                     samples.",
                    name(view, row),
                    view.usd(row, "usd_per_mtok"),
                    percent(share)
                ));
            }
        }
    }
    said
}

fn range_of<'a>(view: View<'a>, row: &'a Row) -> Option<String> {
    let often = percent(view.number(row, "cheapest_percent")?);
    let ends = ["usd_per_mtok_p10", "usd_per_mtok_p90"].map(|column| view.usd(row, column));
    let promise = match view.number(row, "keeps_promise_percent") {
        Some(share) => format!(", and keeps the promise in {}", percent(share)),
        None => String::new(),
    };
    Some(format!(
        "{} is the cheapest in {often} of the samples: from {} (P10) to {} (P90) per million \
         tokens{promise}.",
        name(view, row),
        ends[0],
        ends[1]
    ))
}

/// What moves each deployment's cost most.
pub(super) fn sensitive(view: View) -> Vec<String> {
    let say = |(name, rows): (String, Vec<&Row>)| {
        let elasticity = |row: &&Row| view.number(row, "elasticity").unwrap_or_default();
        let most =
            rows.iter().max_by(|a, b| elasticity(a).abs().total_cmp(&elasticity(b).abs()))?;
        let mut text = format!("What moves the cost of {name} most is {}", moved(view, most));
        let speed = |row: &&&Row| !view.text(row, "input").starts_with("price");
        let other = rows.iter().filter(speed);
        let other = other.max_by(|a, b| elasticity(a).abs().total_cmp(&elasticity(b).abs()));
        if let Some(row) = other.filter(|row| !std::ptr::eq(**row, *most)) {
            text += &format!(", and beside prices {}", moved(view, row));
        }
        Some(text + ".")
    };
    deployments(view).into_iter().filter_map(say).collect()
}

/// An input and what one percent more of it does.
fn moved<'a>(view: View<'a>, row: &'a Row) -> String {
    let elasticity = view.number(row, "elasticity").unwrap_or_default();
    let side = if elasticity < 0.0 { "less" } else { "more" };
    let input = view.text(row, "input").replace('_', " ");
    format!("the {input} (1 % more of it: {} {side} $)", percent(elasticity.abs()))
}
