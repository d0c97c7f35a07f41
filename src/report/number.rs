//! Numbers as text: exact for machines, rounded for people, and the precision of a printed one.

/// The shortest text that reads back as the same number; whole numbers without a fraction.
#[must_use]
pub fn exact(n: f64) -> String {
    let mut text = Vec::new();
    write_exact(&mut text, n);
    String::from_utf8(text).unwrap_or_default()
}

/// Appends what [`exact`] gives.
pub fn write_exact(to: &mut Vec<u8>, n: f64) {
    const WHOLE_UP_TO: f64 = 1e15;
    // Writing into a vector does not fail.
    let _ = if n.fract() == 0.0 && n.abs() < WHOLE_UP_TO {
        serde_json::to_writer(to, &(n as i64))
    } else {
        serde_json::to_writer(to, &json(n))
    };
}

/// A finite number for JSON; nothing that is not finite ever gets here, and `null` if it does.
#[must_use]
pub fn json(n: f64) -> serde_json::Value {
    const WHOLE_UP_TO: f64 = 9_007_199_254_740_992.0;
    if n.fract() == 0.0 && (0.0..WHOLE_UP_TO).contains(&n) {
        return serde_json::Value::from(n as u64);
    }
    serde_json::Number::from_f64(n).map_or(serde_json::Value::Null, serde_json::Value::Number)
}

/// Rounded to so many significant digits, without an exponent where that stays readable.
#[must_use]
pub fn significant(n: f64, digits: usize) -> String {
    if n == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:.*e}", digits.saturating_sub(1), n);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if (-5..7).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        return format!("{n:.decimals$}");
    }
    scientific
}

/// At most six significant digits, without trailing zeros: 128, 0.0581475, 0.8.
#[must_use]
pub fn plain(n: f64) -> String {
    let text = significant(n, 6);
    match text.split_once('e') {
        None if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text,
    }
}

/// Three significant digits and a letter: 671B, 2.56e8 as 256M; small numbers as they are.
#[must_use]
pub fn short(n: f64) -> String {
    const LETTERS: [(f64, &str); 5] =
        [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    for (unit, letter) in LETTERS {
        if n.abs() >= unit * 0.9995 {
            return format!("{}{letter}", significant(n / unit, 3));
        }
    }
    significant(n, 3)
}

/// Half a unit of the last digit that a printed number shows: 0.05 for `1.5`, 5e5 for `2.88e+08`.
/// `None` if the text is no number.
#[must_use]
pub fn half_unit_of_last_digit(printed: &str) -> Option<f64> {
    printed.parse::<f64>().ok()?;
    let (mantissa, exponent) = printed.split_once(['e', 'E']).unwrap_or((printed, "0"));
    let exponent: i32 = exponent.trim_start_matches('+').parse().ok()?;
    let decimals = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let decimals = i32::try_from(decimals).ok()?;
    Some(0.5 * 10f64.powi(exponent - decimals))
}

/// Whether a value rounds to a printed number at the printed precision.
#[must_use]
pub fn rounds_to(value: f64, printed: &str) -> Option<bool> {
    let (target, half) = (printed.parse::<f64>().ok()?, half_unit_of_last_digit(printed)?);
    // The slack admits an exact half that binary arithmetic put a hair outside.
    Some((value - target).abs() <= half * (1.0 + 1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_precision() {
        assert_eq!(rounds_to(2.8836e8, "2.88e+08"), Some(true));
        assert_eq!(rounds_to(2.886e8, "2.88e+08"), Some(false));
        assert_eq!(rounds_to(0.0539, "0.054"), Some(true));
        assert_eq!(rounds_to(0.0534, "0.054"), Some(false));
        assert_eq!(rounds_to(13.87, "14"), Some(true));
        assert_eq!(rounds_to(1.0, "n/a"), None);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(significant(0.053_912, 4), "0.05391");
        assert_eq!(significant(12_345.678, 4), "12346");
        assert_eq!(significant(2.8058e-19, 3), "2.81e-19");
        assert_eq!(plain(128.0), "128");
        assert_eq!(plain(0.8), "0.8");
        assert_eq!(plain(1_234_567.0), "1234567");
        assert_eq!(short(671_026_419_200.0), "671G");
        assert_eq!(short(999_999.0), "1.00M");
        assert_eq!(short(512.0), "512");
        assert_eq!(exact(288_358_400.0), "288358400");
        assert_eq!(exact(2.8058e-19), "2.8058e-19");
        assert_eq!(exact(-0.0), "0");
    }
}
