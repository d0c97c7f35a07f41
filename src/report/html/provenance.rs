//! What a report rests on: its fidelity, what binds, the conditions it assumes, and the inputs with
//! who says so.

use super::escaped;
use crate::machine::hardware::{Hardware, Provenance, Sourced};
use crate::report::bundle::Bundle;
use crate::report::loaded::Loaded;
use crate::report::number::plain;
use crate::report::table::Cell;
use crate::units::FlopsPerSecond;
use crate::work::Counting;
use crate::work::params::params;
use std::fmt::Write as _;

/// Writes the section.
pub(super) fn section(text: &mut String, loaded: &Loaded, bundle: &Bundle) {
    text.push_str("<h2 id=\"rests\">What it rests on</h2>\n");
    table(text, "Assumptions", &["what", "value"], &assumptions(loaded));
    table(text, "What binds", &["table", "what", "rows"], &binding(bundle));
    let heads = ["hardware", "figure", "value", "how it came about", "source"];
    table(text, "Hardware", &heads, &hardware(loaded));
    let heads =
        ["model", "parameters", "activated, LM head included", "layers", "attention", "formats"];
    table(text, "Models", &heads, &models(loaded));
}

fn table(text: &mut String, title: &str, heads: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells.map(|c| format!("<{tag}>{}</{tag}>", escaped(c))).collect();
        format!("<tr>{}</tr>\n", cells.concat())
    };
    let _ = write!(text, "<h3>{title}</h3>\n<table class=\"plain\"><thead>");
    text.push_str(&cells("th", &mut heads.iter().copied()));
    text.push_str("</thead><tbody>\n");
    for row in rows {
        text.push_str(&cells("td", &mut row.iter().map(String::as_str)));
    }
    text.push_str("</tbody></table>\n");
}

/// The rules and conditions that the scenario sets or leaves as they are.
fn assumptions(loaded: &Loaded) -> Vec<Vec<String>> {
    let scenario = &loaded.scenario;
    let counting = match scenario.counting {
        Counting::Paper => "as the Step-3 paper counts: no router, LM head or embedding",
        Counting::Exact => "what kernels do, router, LM head and embedding included",
    };
    let mut all = vec![
        ("fidelity", format!("{}: {}", scenario.fidelity.name(), scenario.fidelity.meaning())),
        ("counting", format!("{}: {counting}", scenario.counting.name())),
    ];
    if let Some(promise) = &scenario.promise {
        let wire = &promise.wire;
        all.push(("promise", format!("{} ms per output token", promise.tpot_ms.0)));
        all.push((
            "between attention and FFN",
            format!(
                "{} byte out and {} bytes back per element",
                plain(wire.dispatch_bytes_per_element),
                plain(wire.combine_bytes_per_element)
            ),
        ));
    }
    let deploys = !scenario.deployments.is_empty() || scenario.conditions.is_some();
    if let (true, Ok((_, options))) = (deploys, loaded.conditions(None)) {
        let percent = |share: f64| format!("{} %", plain(share * 100.0));
        all.extend([
            ("network cards reach, of line rate", percent(options.network_efficiency)),
            ("scale-up links reach, of line rate", percent(options.scale_up_efficiency)),
            ("an empty transfer takes", format!("{} us", plain(options.network_latency_s * 1e6))),
            ("outside layers and LM head", format!("{} ms per step", plain(options.fixed_s * 1e3))),
            ("memory kept free (assumed)", percent(options.memory_reserve)),
            ("contexts spread, deviation over mean", plain(options.context_spread)),
            ("query tokens per request and step", plain(options.query_tokens)),
            ("tokens accepted per step", plain(options.accepted_tokens)),
            ("rows that products are padded up to", plain(options.tile_rows)),
        ]);
    }
    all.into_iter().map(|(what, value)| vec![what.to_owned(), value]).collect()
}

/// How many rows of each table are bound by what.
fn binding(bundle: &Bundle) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for section in &bundle.tables {
        let table = &section.table;
        let bounds = table.columns.iter().enumerate().filter(|(_, c)| c.name.ends_with("bound_by"));
        for (at, column) in bounds {
            let mut counts: Vec<(String, usize)> = Vec::new();
            for row in &table.rows {
                let Cell::Text(word) = &row[at] else { continue };
                match counts.iter_mut().find(|(known, _)| known == word) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((word.clone(), 1)),
                }
            }
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            for (word, count) in counts {
                let what = format!("{} {}", column.heading, word.replace('_', " "));
                rows.push(vec![section.title.clone(), what, count.to_string()]);
            }
        }
    }
    rows
}

/// Every figure of every hardware that the report may have used.
fn hardware(loaded: &Loaded) -> Vec<Vec<String>> {
    loaded.hardware.iter().flat_map(|part| profile(&part.label, &part.value)).collect()
}

fn profile(label: &str, hardware: &Hardware) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let name = format!("{label} ({})", hardware.name);
    let mut add = |figure: &str, value: String, provenance: Provenance, source: &str| {
        let how = provenance.name().to_owned();
        rows.push(vec![name.clone(), figure.to_owned(), value, how, source.to_owned()]);
    };
    if let Some(Sourced { value, provenance, source }) = &hardware.compute {
        let rate = |name: &str, rate: Option<FlopsPerSecond>| {
            rate.map(|r| format!("{} {name}", plain(r.tflops())))
        };
        let rates = [
            rate("BF16", value.bf16),
            rate("FP8", value.fp8),
            rate("INT8", value.int8),
            rate("FP4", value.fp4),
        ];
        let rates: Vec<String> = rates.into_iter().flatten().collect();
        add("peak TFLOPS", rates.join(", "), *provenance, source);
    }
    if let Some(Sourced { value, provenance, source }) = &hardware.memory {
        let capacity = value.capacity.map(|b| format!("{} GB", plain(b.bytes() / 1e9)));
        let bandwidth = value.bandwidth.map(|b| format!("{} GB/s", plain(b.gb_per_s())));
        let both: Vec<String> = [capacity, bandwidth].into_iter().flatten().collect();
        add("memory", both.join(" at "), *provenance, source);
    }
    if let Some(Sourced { value, provenance, source }) = &hardware.scale_up {
        let count = value.count.map(|n| format!(", {n} devices")).unwrap_or_default();
        let rate = plain(value.bandwidth.gb_per_s());
        add("scale-up link", format!("{rate} GB/s each way{count}"), *provenance, source);
    }
    if let Some(Sourced { value, provenance, source }) = &hardware.scale_out {
        let count = value.count.map(|n| format!(", {n} per server")).unwrap_or_default();
        let rate = plain(value.bandwidth.gb_per_s());
        add("network card", format!("{rate} GB/s{count}"), *provenance, source);
    }
    if let Some(price) = hardware.prices.first() {
        let usd = plain(price.rate.usd_per_hour());
        let how = format!("{} {}", price.basis.name(), price.date);
        rows.push(vec![name, "price".to_owned(), format!("{usd} $/h"), how, price.source.clone()]);
    }
    rows
}

fn models(loaded: &Loaded) -> Vec<Vec<String>> {
    let row = |part: &crate::report::loaded::Part<crate::work::model::Model>| {
        let (model, count) = (&part.value, params(&part.value));
        let mut kinds: Vec<&str> = Vec::new();
        for attention in &model.attentions {
            let kind = attention.design.kind();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let billions = |n: u64| format!("{:.1}B", n as f64 / 1e9);
        vec![
            format!("{} ({})", part.label, model.name),
            billions(count.total),
            billions(count.active_with_head),
            model.layer_count().to_string(),
            kinds.join(" + "),
            format!(
                "weights {}, activations {}",
                model.precision.weights.name(),
                model.precision.activations.name()
            ),
        ]
    };
    loaded.models.iter().map(row).collect()
}
