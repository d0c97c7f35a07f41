//! A report as one HTML page that needs nothing but itself: the question, the answer, charts that
//! can be asked and zoomed, tables that can be sorted, and what everything rests on.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `table` | a table with its sortable headings |
//! | `provenance` | what the figures rest on: fidelity, what binds, conditions, inputs |
//! | `page.css`, `look.css` | looks of the page, and of a chart that leaves it |
//! | `numbers.js`, `plane.js`, `kinds.js`, `figures.js` | charts, from the descriptions that also make the SVG files: one script in this order |
//! | `tables.js` | sorting, filtering, saving |
//!
//! The scripts are written for this page rather than taken from a chart library: those at hand draw
//! time series or weigh hundreds of kilobytes, and none reads these descriptions. The page's policy
//! forbids it every connection.

mod provenance;
mod table;

use super::bundle::Bundle;
use super::loaded::Loaded;
use super::page::listed;
use super::plot::{Chart, Looks};
use crate::spec::Diagnostic;
use crate::spec::quantity::Tokens;
use serde::Serialize;
use std::fmt::Write as _;

const PAGE_CSS: &str = include_str!("page.css");
const LOOK_CSS: &str = include_str!("look.css");
/// The parts of the charts' script, each using what stands before it.
const CHARTS_JS: [&str; 4] = [
    include_str!("numbers.js"),
    include_str!("plane.js"),
    include_str!("kinds.js"),
    include_str!("figures.js"),
];
const TABLES_JS: &str = include_str!("tables.js");
/// Nothing may be fetched from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; form-action 'none'; base-uri 'none'";

/// What the charts' script reads.
#[derive(Serialize)]
struct Data<'a> {
    looks: Looks,
    charts: Vec<&'a Chart>,
}

/// Text as HTML shows it, also within quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A sentence as HTML shows it; what stands between backticks is code.
fn prose(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escaped).collect();
    let pairs = parts.len() % 2 == 1;
    let piece = |(at, part): (usize, &String)| match at % 2 == 1 && pairs {
        true => format!("<code>{part}</code>"),
        false if at > 0 && !pairs => format!("`{part}"),
        false => part.clone(),
    };
    parts.iter().enumerate().map(piece).collect()
}

/// The page of a report.
///
/// # Errors
/// If a chart cannot be described.
pub fn page(loaded: &Loaded, bundle: &Bundle) -> Result<String, Diagnostic> {
    let data =
        Data { looks: Looks::all(), charts: bundle.figures.iter().map(|f| &f.chart).collect() };
    let data = serde_json::to_string(&data)
        .map_err(|e| Diagnostic::new(format!("a chart cannot be described: {e}")))?;
    // Within a script element only `<` could end it.
    let data = data.replace('<', "\\u003c");
    let title = escaped(loaded.scenario.title.as_deref().unwrap_or(&loaded.scenario.name));
    let mut text = String::new();
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"afford {}\">\n<title>{title}</title>\n\
         <style>\n{PAGE_CSS}</style>\n<style id=\"look\">\n{LOOK_CSS}</style>\n</head>\n<body>\n",
        env!("CARGO_PKG_VERSION")
    );
    head(&mut text, loaded, bundle, &title);
    text.push_str("<main>\n");
    answer(&mut text, loaded, bundle);
    figures(&mut text, bundle);
    text.push_str("<h2 id=\"tables\">Tables</h2>\n");
    for (at, section) in bundle.tables.iter().enumerate() {
        table::section(&mut text, at, section);
    }
    provenance::section(&mut text, loaded, bundle);
    let charts = CHARTS_JS.concat();
    let _ = write!(
        text,
        "</main>\n<footer>Written by afford {} as <code>afford report {} --html</code>. The page is \
         complete in itself and opens no connection.</footer>\n\
         <script type=\"application/json\" id=\"charts\">{data}</script>\n\
         <script>\n\"use strict\";\n(() => {{\n{charts}}})();\n</script>\n\
         <script>\n{TABLES_JS}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        escaped(&loaded.scenario.name)
    );
    Ok(text)
}

fn head(text: &mut String, loaded: &Loaded, bundle: &Bundle, title: &str) {
    let scenario = &loaded.scenario;
    let _ = write!(text, "<header><div>\n<h1>{title}</h1>\n");
    if let Some(question) = &scenario.question {
        let _ = writeln!(text, "<p class=\"question\">{}</p>", escaped(question));
    }
    let contexts: Vec<String> = loaded.contexts().iter().map(|&c| Tokens(c).to_string()).collect();
    let contexts = match contexts.as_slice() {
        [first, .., last] if contexts.len() > 5 => format!("{first} to {last}"),
        few => listed(few),
    };
    let mut badges = vec![
        ("fidelity", scenario.fidelity.name().to_owned()),
        ("counting", scenario.counting.name().to_owned()),
        ("contexts", format!("{contexts} tokens")),
        ("models", loaded.models.len().to_string()),
        ("hardware", loaded.hardware.len().to_string()),
    ];
    if let Some(promise) = &scenario.promise {
        badges.push(("promise", format!("{} ms per token", promise.tpot_ms.0)));
    }
    text.push_str("<ul class=\"badges\">");
    for (name, value) in badges {
        let _ = write!(text, "<li>{name} <b>{}</b></li>", escaped(&value));
    }
    text.push_str("</ul>\n<nav><a href=\"#answer\">Answer</a>");
    for figure in &bundle.figures {
        let _ = write!(text, "<a href=\"#{}\">{}</a>", figure.file, escaped(&figure.title));
    }
    text.push_str(
        "<a href=\"#tables\">Tables</a><a href=\"#rests\">What it rests on</a></nav>\n\
         </div></header>\n",
    );
}

fn answer(text: &mut String, loaded: &Loaded, bundle: &Bundle) {
    text.push_str("<h2 id=\"answer\">The answer</h2>\n<div class=\"answer\"><ul>\n");
    for finding in &bundle.findings {
        let _ = writeln!(text, "<li>{}</li>", prose(finding));
    }
    if bundle.findings.is_empty() {
        text.push_str("<li>It stands in the tables below.</li>\n");
    }
    let fidelity = loaded.scenario.fidelity;
    let _ = writeln!(
        text,
        "</ul></div>\n<p class=\"caveat\">Fidelity {}: {}.</p>",
        fidelity.name(),
        escaped(fidelity.meaning())
    );
}

fn figures(text: &mut String, bundle: &Bundle) {
    if bundle.figures.is_empty() {
        return;
    }
    text.push_str("<h2>Figures</h2>\n<noscript><p>The charts need scripts; the tables do not.</p></noscript>\n");
    for (at, figure) in bundle.figures.iter().enumerate() {
        let frame = figure.chart.frame();
        let _ = write!(
            text,
            "<figure id=\"{}\" data-chart=\"{at}\">\n<h3>{}</h3>\n<figcaption>{}</figcaption>\n\
             <div class=\"chart\"></div>\n<figcaption>{}</figcaption>\n</figure>\n",
            figure.file,
            escaped(&figure.title),
            escaped(&frame.subtitle),
            escaped(&frame.footnote)
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_could_be_markup_is_text() {
        assert_eq!(super::escaped("a<b & \"c'"), "a&lt;b &amp; &quot;c&#39;");
        assert_eq!(
            super::prose("the `<a>` and `b`"),
            "the <code>&lt;a&gt;</code> and <code>b</code>"
        );
        assert_eq!(super::prose("one ` alone"), "one ` alone");
    }
}
