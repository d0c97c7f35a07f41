//! A table of a report with headings that sort it; the script only adds behaviour.

use super::{escaped, prose};
use crate::report::bundle::ReportTable;
use crate::report::number::rounds_to;
use crate::report::published::Published;
use crate::report::table::{Cell, Show, Table};
use std::fmt::Write as _;

/// Texts longer than this are wrapped.
const LONG: usize = 40;
/// Notes that are shown before a reader asks for more.
const FIRST_NOTES: usize = 3;

/// Writes the section of the n-th table.
pub(super) fn section(text: &mut String, nth: usize, of: &ReportTable) {
    let table = &of.table;
    let _ = write!(
        text,
        "<section class=\"table\" id=\"table-{nth}\" data-file=\"{}\">\n<h3>{}</h3>\n",
        escaped(&of.file),
        escaped(&of.title)
    );
    bar(text, table);
    text.push_str("<div class=\"frame-x\"><table>\n<thead><tr>");
    let numeric: Vec<bool> = (0..table.columns.len()).map(|at| is_numeric(table, at)).collect();
    for (column, numeric) in table.columns.iter().zip(&numeric) {
        let class = class(column.show, *numeric);
        let kind = if *numeric { "number" } else { "text" };
        let _ = write!(
            text,
            "<th scope=\"col\"{class} data-kind=\"{kind}\" data-name=\"{}\">\
             <button type=\"button\">{}</button></th>",
            escaped(&column.name),
            escaped(&column.heading)
        );
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for at in 0..table.rows.len() {
        text.push_str("<tr>");
        for (column, numeric) in numeric.iter().enumerate() {
            cell(text, table, of.published.as_ref(), (at, column), *numeric);
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    if let Some(remark) = &of.remark {
        let _ = writeln!(text, "<p class=\"remark\">{}</p>", prose(remark));
    }
    notes(text, &table.notes);
    if of.published.is_some() {
        text.push_str(
            "<p class=\"caveat\">Printed values stand in brackets; where a computed value does not \
             round to the printed digits, it is marked.</p>\n",
        );
    }
    text.push_str("</section>\n");
}

/// The first notes, and the rest where a reader can open them; none twice.
fn notes(text: &mut String, notes: &[String]) {
    let mut seen: Vec<&String> = Vec::new();
    for note in notes {
        if !seen.contains(&note) {
            seen.push(note);
        }
    }
    let (first, rest) = seen.split_at(seen.len().min(FIRST_NOTES));
    let write = |text: &mut String, note: &str| {
        let _ = writeln!(text, "<p class=\"caveat\">{}</p>", prose(note));
    };
    first.iter().for_each(|note| write(text, note));
    if !rest.is_empty() {
        let _ = writeln!(text, "<details><summary>{} more notes</summary>", rest.len());
        rest.iter().for_each(|note| write(text, note));
        text.push_str("</details>\n");
    }
}

fn bar(text: &mut String, table: &Table) {
    let rows = table.rows.len();
    let _ = write!(
        text,
        "<div class=\"bar\"><input type=\"search\" placeholder=\"filter rows\" \
         aria-label=\"filter rows\"><span class=\"count\">{rows} rows</span>"
    );
    if table.columns.iter().any(|column| column.show == Show::Hidden) {
        let all = table.columns.len();
        let _ = write!(text, "<label><input type=\"checkbox\"> all {all} columns</label>");
    }
    text.push_str("<button type=\"button\" class=\"save\">save CSV</button></div>\n");
}

fn is_numeric(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| row[column].number().is_some())
}

fn class(show: Show, numeric: bool) -> &'static str {
    match (show == Show::Hidden, numeric) {
        (false, false) => "",
        (false, true) => " class=\"n\"",
        (true, false) => " class=\"more\"",
        (true, true) => " class=\"n more\"",
    }
}

fn cell(
    text: &mut String,
    table: &Table,
    published: Option<&Published>,
    (row, column): (usize, usize),
    numeric: bool,
) {
    let value = &table.rows[row][column];
    let shown = table.shown(&table.rows[row], column);
    let class = match (table.columns[column].show, shown.chars().count() > LONG) {
        (Show::Hidden, true) => " class=\"more long\"",
        (_, true) => " class=\"long\"",
        (show, false) => class(show, numeric),
    };
    let shown = escaped(&shown);
    let printed = published.and_then(|p| p.beside(table, row, column));
    let shown = match (printed, value.number()) {
        (Some(printed), Some(number)) => {
            let met = rounds_to(number, printed) == Some(true);
            let mark = if met { "printed" } else { "missed" };
            format!("{shown} <span class=\"{mark}\">({})</span>", escaped(printed))
        }
        _ => shown,
    };
    // What sorts and is saved is the value itself, where it is not what is shown.
    let exact = match value {
        Cell::Text(_) => String::new(),
        other => format!(" data-v=\"{}\"", escaped(&other.exact())),
    };
    let _ = write!(text, "<td{class}{exact}>{shown}</td>");
}
