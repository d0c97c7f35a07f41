//! Numbers as specs write them, refused at the door when they cannot be meant: counts, positive
//! quantities, token counts such as `8Ki`, and lists of contexts such as `4Ki..1Mi x2`.

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// No count in a spec is larger: beyond it the number is a slip of the keyboard.
const LARGEST_COUNT: u64 = 100_000_000;
/// No quantity in a spec is larger, in the unit of its key.
const LARGEST_QUANTITY: f64 = 1e12;
/// No quantity in a spec is smaller, so that none multiplies or divides into infinity.
const SMALLEST_QUANTITY: f64 = 1e-12;
/// No context is longer.
const LONGEST_CONTEXT: u64 = 1 << 40;
/// No list of contexts has more entries.
const MOST_CONTEXTS: usize = 10_000;

/// A whole number from 1 to a hundred million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Count(#[schemars(range(min = 1, max = 100_000_000))] pub u64);

impl Count {
    /// Checks a number that does not come from a spec.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub fn new(n: u64) -> Result<Self, String> {
        match n {
            0 => Err("must be at least 1, not 0".to_owned()),
            1..=LARGEST_COUNT => Ok(Self(n)),
            _ => Err(format!("must be at most {LARGEST_COUNT}, not {n}")),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Count, E> {
                Count::new(n).map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, n: i64) -> Result<Count, E> {
                Err(E::custom(format!("must be at least 1, not {n}")))
            }
            fn visit_f64<E: Error>(self, n: f64) -> Result<Count, E> {
                let message = match n.is_finite() && n.fract() == 0.0 {
                    // Written as 2048.0 or 2e3.
                    true if (1.0..=LARGEST_COUNT as f64).contains(&n) => {
                        return Ok(Count(n as u64));
                    }
                    // A whole number too large for an integer comes as a float.
                    true if n > 0.0 => format!("must be at most {LARGEST_COUNT}, not {n:e}"),
                    true => format!("must be at least 1, not {n}"),
                    false => format!("must be a whole number, not {n}"),
                };
                Err(E::custom(message))
            }
        }
        deserializer.deserialize_u64(Visit)
    }
}

/// A whole number from 1 to 64: the length of a short kernel, copies of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct SmallCount(#[schemars(range(min = 1, max = 64))] pub u64);

impl<'de> Deserialize<'de> for SmallCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Count::deserialize(deserializer)?.0 {
            n @ 1..=64 => Ok(Self(n)),
            n => Err(Error::custom(format!("must be at most 64, not {n}"))),
        }
    }
}

/// A finite number greater than zero, neither absurdly small nor absurdly large.
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema)]
#[schemars(transparent)]
pub struct Positive(#[schemars(range(min = 1e-12, max = 1e12))] pub f64);

impl Positive {
    /// Checks a number that does not come from a spec.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub fn new(n: f64) -> Result<Self, String> {
        if !n.is_finite() {
            Err(format!("must be a finite number, not {n}"))
        } else if n <= 0.0 {
            Err(format!("must be greater than zero, not {n}"))
        } else if n < SMALLEST_QUANTITY {
            Err(format!("must be at least {SMALLEST_QUANTITY:e}, not {n:e}"))
        } else if n > LARGEST_QUANTITY {
            Err(format!("must be at most {LARGEST_QUANTITY:e}, not {n:e}"))
        } else {
            Ok(Self(n))
        }
    }
}

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(Error::custom)
    }
}

/// Zero, or as [`Positive`].
#[derive(Debug, Clone, Copy, PartialEq, JsonSchema)]
#[schemars(transparent)]
pub struct NotNegative(#[schemars(range(min = 0, max = 1e12))] pub f64);

impl NotNegative {
    /// Checks a number that does not come from a spec.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub fn new(n: f64) -> Result<Self, String> {
        if n == 0.0 {
            Ok(Self(0.0))
        } else if n < 0.0 {
            Err(format!("must be at least 0, not {n}"))
        } else {
            Positive::new(n).map(|n| Self(n.0))
        }
    }
}

impl<'de> Deserialize<'de> for NotNegative {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(Error::custom)
    }
}

/// A number of tokens: `8192`, `8Ki` (8,192), `1Mi`, `8k` (8,000) or `1M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tokens(pub u64);

impl Tokens {
    /// Reads a number of tokens.
    ///
    /// # Errors
    /// What is wrong, and behind a line break what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        const RIGHT: &str =
            "write 8192, 8Ki (8,192), 1Mi (1,048,576), 8k (8,000) or 1M (1,000,000)";
        if text.contains(char::is_control) {
            return Err(format!("a number of tokens is a word of one line\n{RIGHT}"));
        }
        let digits_end =
            text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
        let (digits, suffix) = text.split_at(digits_end);
        let factor: f64 = match suffix.trim_start() {
            "" => 1.0,
            "k" => 1e3,
            "Ki" => 1024.0,
            "M" => 1e6,
            "Mi" => 1024.0 * 1024.0,
            "K" => {
                return Err(format!(
                    "`{text}` could mean {digits} x 1,024 or {digits} x 1,000 tokens\nwrite \
                     {digits}Ki for x 1,024 or {digits}k for x 1,000"
                ));
            }
            _ => return Err(format!("`{text}` is no number of tokens\n{RIGHT}")),
        };
        let number: f64 = digits
            .replace('_', "")
            .parse()
            .map_err(|_| format!("`{text}` is no number of tokens\n{RIGHT}"))?;
        let tokens = number * factor;
        if tokens > LONGEST_CONTEXT as f64 {
            let most = Self(LONGEST_CONTEXT);
            return Err(format!("`{text}` is too long\na context has at most {most} tokens"));
        }
        if tokens.fract() != 0.0 || tokens < 1.0 {
            return Err(format!("`{text}` must be a whole number of at least 1 token\n{RIGHT}"));
        }
        Ok(Self(tokens as u64))
    }
}

/// As people write it: 8192 is `8Ki`, 1048576 is `1Mi`, 10000 stays.
impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            n if n > 0 && n.is_multiple_of(1 << 20) => write!(f, "{}Mi", n >> 20),
            n if n > 0 && n.is_multiple_of(1 << 10) => write!(f, "{}Ki", n >> 10),
            n => write!(f, "{n}"),
        }
    }
}

/// One or more contexts: `8Ki`, `4Ki,32Ki`, `4Ki..1Mi x2` (doubling) or `4Ki..32Ki +4Ki`.
///
/// # Errors
/// What is wrong, and behind a line break what would be right.
pub fn parse_contexts(text: &str) -> Result<Vec<u64>, String> {
    if text.contains(char::is_control) {
        return Err("contexts stand in one line\nwrite 8Ki, 4Ki,32Ki or 4Ki..1Mi x2".to_owned());
    }
    let mut all = Vec::new();
    for part in text.split(',') {
        let part = part.trim();
        match part.split_once("..") {
            None => all.push(Tokens::parse(part)?.0),
            Some((first, rest)) => all.extend(range(part, first, rest)?),
        }
        if all.len() > MOST_CONTEXTS {
            return Err(format!("`{part}` gives more than {MOST_CONTEXTS} contexts"));
        }
    }
    Ok(all)
}

fn range(whole: &str, first: &str, rest: &str) -> Result<Vec<u64>, String> {
    let step_at = rest.find(['x', '*', '+']).ok_or_else(|| match Tokens::parse(rest.trim()) {
        Ok(_) => format!(
            "the range `{whole}` has no step\nwrite `{whole} x2` to double, or `{whole} +4Ki`"
        ),
        Err(_) => format!(
            "`{whole}` is no range of contexts\nwrite `4Ki..32Ki x2` to double, or `4Ki..32Ki +4Ki`"
        ),
    })?;
    let (last, step) = rest.split_at(step_at);
    let (first, last) = (Tokens::parse(first.trim())?.0, Tokens::parse(last.trim())?.0);
    if first > last {
        return Err(format!("the range `{whole}` runs backwards\nput the smaller context first"));
    }
    let (operator, step) = step.split_at(1);
    let next: Box<dyn Fn(f64) -> f64> = if operator == "+" {
        let step = Tokens::parse(step.trim())?.0 as f64;
        Box::new(move |s| s + step)
    } else {
        let factor: f64 = step.trim().parse().map_err(|_| bad_factor(whole))?;
        if !(factor.is_finite() && factor > 1.0) {
            return Err(bad_factor(whole));
        }
        Box::new(move |s| (s * factor).max(s + 1.0))
    };
    let mut all = Vec::new();
    let mut at = first as f64;
    while at.round() <= last as f64 {
        all.push(at.round() as u64);
        if all.len() > MOST_CONTEXTS {
            return Err(format!("the range `{whole}` has more than {MOST_CONTEXTS} contexts"));
        }
        at = next(at);
    }
    Ok(all)
}

fn bad_factor(whole: &str) -> String {
    format!("the factor of the range `{whole}` must be greater than 1\nwrite `x2` to double")
}

/// A list of contexts in a spec: one entry or a list, each a number or a text of
/// [`parse_contexts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contexts(pub Vec<u64>);

impl<'de> Deserialize<'de> for Contexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Contexts;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("contexts such as 8Ki, [8Ki, 32Ki] or 4Ki..1Mi x2")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Contexts, E> {
                self.visit_str(&n.to_string())
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Contexts, E> {
                parse_contexts(text).map(Contexts).map_err(E::custom)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Contexts, A::Error> {
                let mut all = Vec::new();
                while let Some(Contexts(some)) = list.next_element()? {
                    all.extend(some);
                }
                if all.is_empty() {
                    return Err(Error::custom("must hold at least one context"));
                }
                Ok(Contexts(all))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for Contexts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Contexts".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Context lengths in tokens: 8192, 8Ki, `4Ki..1Mi x2`, or a list.",
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string"},
                {"type": "array", "minItems": 1, "items": {"type": ["integer", "string"]}}
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts(text: &str) -> Vec<u64> {
        parse_contexts(text).unwrap()
    }

    #[test]
    fn contexts_read_as_people_write_them() {
        assert_eq!(contexts("8192"), [8192]);
        assert_eq!(contexts("8Ki,32Ki"), [8192, 32768]);
        assert_eq!(contexts("8k"), [8000]);
        assert_eq!(contexts("1.5Ki"), [1536]);
        assert_eq!(contexts("4Ki..32Ki x2"), [4096, 8192, 16384, 32768]);
        assert_eq!(contexts("4Ki..12Ki +4Ki"), [4096, 8192, 12288]);
        assert_eq!(contexts("4Ki..1Mi x2").len(), 9);
        assert_eq!(contexts("1Ki, 4Ki..8Ki x2"), [1024, 4096, 8192]);
    }

    #[test]
    fn what_is_no_context_is_refused_with_the_right_form() {
        for (bad, right) in [
            ("8K", "8Ki"),
            ("", "8192"),
            ("0", "at least 1"),
            ("1.5", "whole"),
            ("4Ki..8Ki", "x2"),
            ("8Ki..4Ki x2", "smaller context first"),
            ("4Ki..8Ki x1", "x2"),
            ("4Ki..8Ki xNaN", "x2"),
            ("1..1Mi +1", "more than"),
            ("-5", "8192"),
            ("99999999999999999999999", "at most"),
        ] {
            let message = parse_contexts(bad).unwrap_err();
            assert!(message.contains(right), "{bad}: {message}");
        }
    }

    #[test]
    fn tokens_are_shown_as_they_are_written() {
        for text in ["8Ki", "1Mi", "10000", "1536Ki"] {
            assert_eq!(Tokens::parse(text).unwrap().to_string(), text);
        }
    }
}
