//! Years, months and days as prices and sources have them.

use super::quantity::Count;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// A year, 1970 to 2099.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Year(#[schemars(range(min = 1970, max = 2099))] pub u16);

impl<'de> Deserialize<'de> for Year {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Count::deserialize(deserializer)?.0 {
            year @ 1970..=2099 => Ok(Self(year as u16)),
            other => Err(D::Error::custom(format!("must be from 1970 to 2099, not {other}"))),
        }
    }
}

/// A month or a day, as a price or a source has it.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Date(#[schemars(regex(pattern = r"^(19|20)\d\d-[01]\d(-[0-3]\d)?$"))] pub String);

impl Date {
    /// `YYYY-MM` or `YYYY-MM-DD`.
    fn is_one(text: &str) -> bool {
        let parts: Vec<&str> = text.split('-').collect();
        let number = |at: usize, digits: usize, low: u32, high: u32| {
            parts.get(at).is_none_or(|p| {
                let written = p.len() == digits && p.bytes().all(|b| b.is_ascii_digit());
                written && p.parse().is_ok_and(|n: u32| (low..=high).contains(&n))
            })
        };
        (2..=3).contains(&parts.len())
            && number(0, 4, 1970, 2099)
            && number(1, 2, 1, 12)
            && number(2, 2, 1, 31)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Date;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a month or a day such as 2025-07 or 2025-07-25")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
                if Date::is_one(text) {
                    return Ok(Date(text.to_owned()));
                }
                Err(E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}
