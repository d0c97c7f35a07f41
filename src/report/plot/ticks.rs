//! Where ticks fall on an axis and how their numbers are written.
//!
//! It must not know what the numbers measure.

use super::axis::{Scale, Span};
use serde::Serialize;

/// How the numbers beside an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ticks {
    /// 0.5, 20, 1000.
    Plain,
    /// 500M, 20G, 1.5T.
    Si,
    /// Powers of 1024: 512, 4Ki, 1Mi.
    Binary,
    /// $0.05, $20.
    Dollars,
}

const SI: [(f64, &str); 10] = [
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
];
const BINARY: [(f64, &str); 5] = [
    (1_099_511_627_776.0, "Ti"),
    (1_073_741_824.0, "Gi"),
    (1_048_576.0, "Mi"),
    (1024.0, "Ki"),
    (1.0, ""),
];

impl Ticks {
    /// Writes the numbers of one axis alike.
    pub(super) fn write_all(self, values: &[f64]) -> Vec<String> {
        match self {
            Self::Plain => aligned(values, 0),
            Self::Si => values.iter().map(|value| prefixed(*value, &SI)).collect(),
            Self::Binary => values.iter().map(|value| prefixed(*value, &BINARY)).collect(),
            Self::Dollars => aligned(values, 2)
                .into_iter()
                .map(|text| match text.strip_prefix('-') {
                    Some(positive) => format!("-${positive}"),
                    None => format!("${text}"),
                })
                .collect(),
        }
    }
}

/// Plain numbers; those with decimals show at least `least`, and all show equally many unless they
/// lie orders of magnitude apart.
fn aligned(values: &[f64], least: usize) -> Vec<String> {
    let decimals = |text: &String| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let texts: Vec<String> = values.iter().map(|value| brief(*value)).collect();
    let most = texts.iter().map(decimals).max().unwrap_or(0);
    let sizes = || values.iter().map(|v| v.abs()).filter(|v| *v > 0.0);
    let alike = sizes().fold(0.0, f64::max) <= 50.0 * sizes().fold(f64::INFINITY, f64::min);
    let pad = |(text, value): (String, &f64)| {
        let wanted = if alike { most } else { decimals(&text) };
        let wanted = if most > 0 { wanted.max(least) } else { wanted };
        if wanted > decimals(&text) && !text.contains('e') {
            format!("{value:.wanted$}")
        } else {
            text
        }
    };
    texts.into_iter().zip(values).map(pad).collect()
}

fn prefixed(value: f64, prefixes: &[(f64, &str)]) -> String {
    // A hair of slack so that 999.9999999 k is written 1 M.
    let fitting = prefixes.iter().find(|(factor, _)| value.abs() * (1.0 + 1e-9) >= *factor);
    match fitting {
        Some((factor, prefix)) => format!("{}{prefix}", brief(value / factor)),
        None => brief(value),
    }
}

/// Up to four significant digits, no trailing zeros.
pub(super) fn brief(value: f64) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let magnitude = (value.abs() * (1.0 + 1e-9)).log10().floor();
    if !(-5.0..9.0).contains(&magnitude) {
        return format!("{:e}", rounded(value, magnitude));
    }
    let decimals = (3.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// `value` to three decimals of its own power of ten.
fn rounded(value: f64, magnitude: f64) -> f64 {
    format!("{:.3}e{magnitude}", value / 10.0_f64.powf(magnitude)).parse().unwrap_or(value)
}

/// The labelled values and the faint ones between them, for about `count` labels.
pub(super) fn positions(scale: Scale, span: Span, count: usize) -> (Vec<f64>, Vec<f64>) {
    let (low, high) = (scale.undo(span.low), scale.undo(span.high));
    let (major, minor) = match scale {
        Scale::Linear => (even(low, high, count), Vec::new()),
        Scale::Log10 => decades(span, count),
        Scale::Log2 => {
            let all = powers(span, usize::MAX).into_iter().map(f64::exp2);
            let labelled: Vec<f64> = powers(span, count).into_iter().map(f64::exp2).collect();
            let faint = all.filter(|value| !labelled.contains(value)).collect();
            (labelled, faint)
        }
    };
    if major.len() < 2 && scale != Scale::Linear {
        return (even(low, high, count), Vec::new());
    }
    (major, minor)
}

/// Evenly spaced round values from `low` to `high`, about `count` of them.
pub(super) fn even(low: f64, high: f64, count: usize) -> Vec<f64> {
    let rough = (high - low) / count.max(1) as f64;
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let steps = (last - first).clamp(0.0, 100.0) as u32;
    (0..=steps)
        .map(|i| (first + f64::from(i)) * step)
        .filter(|v| *v <= high + step * 1e-9)
        .collect()
}

/// The whole numbers within `span`, thinned to about `count`.
fn powers(span: Span, count: usize) -> Vec<f64> {
    let (first, last) = ((span.low - 1e-9).ceil(), (span.high + 1e-9).floor());
    let stride = ((last - first + 1.0) / count.max(1) as f64).ceil().max(1.0);
    let steps = ((last - first) / stride).floor();
    if steps < 0.0 {
        return Vec::new();
    }
    (0..=steps as u32).map(|i| first + f64::from(i) * stride).collect()
}

/// Powers of ten, with 2 and 5 times them where there is room.
fn decades(span: Span, count: usize) -> (Vec<f64>, Vec<f64>) {
    let within = |value: &f64| (span.low..=span.high).contains(&value.log10());
    let tens = powers(span, count);
    let width = span.high - span.low;
    if width > 12.0 {
        return (tens.into_iter().map(|k| 10.0_f64.powf(k)).collect(), Vec::new());
    }
    let all: Vec<f64> = (span.low.floor() as i32..=span.high.floor() as i32)
        .flat_map(|k| (1..10).map(move |m| f64::from(m) * 10.0_f64.powi(k)))
        .filter(within)
        .collect();
    let roomy = width * 3.0 <= count as f64 || tens.len() < 2;
    let labelled: &[i32] = if roomy { &[1, 2, 5] } else { &[1] };
    let is_major = |value: &f64| {
        let power = (value.log10() + 1e-9).floor();
        let digit = (value / 10.0_f64.powf(power)).round() as i32;
        labelled.contains(&digit) && (roomy || tens.contains(&power))
    };
    all.into_iter().partition(is_major)
}
