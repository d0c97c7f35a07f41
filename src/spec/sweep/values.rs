//! The values of an axis: a list, or a range of numbers.

use super::field::Field;
use crate::spec::at::At;
use crate::spec::de::from_node;
use crate::spec::node::{Node, Value};
use crate::spec::quantity::{Count, Positive, Tokens, parse_contexts};
use crate::spec::source::{Diagnostic, Origin};
use schemars::JsonSchema;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use std::fmt;

/// No axis has more values.
const MOST_VALUES: usize = 1_000_000;

/// A number, a word, or yes or no.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(u64),
    /// Any other number.
    Float(f64),
    /// A word.
    Text(String),
}

impl Scalar {
    /// Its value as a number, if it is one.
    #[must_use]
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(n) => Some(*n),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// Whole numbers as such.
    fn of_number(n: f64) -> Self {
        const WHOLE_UP_TO: f64 = 9_007_199_254_740_992.0;
        let whole = n.fract() == 0.0 && (0.0..WHOLE_UP_TO).contains(&n);
        if whole { Self::Int(n as u64) } else { Self::Float(n) }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Bool(b) => b.fmt(f),
            Self::Int(n) => n.fmt(f),
            Self::Float(n) => n.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl At<Scalar> {
    /// The value as a node of a spec's tree; it stands where the sweep has it.
    #[must_use]
    pub fn node(&self, otherwise: &Origin) -> Node {
        let value = match &self.value {
            Scalar::Bool(b) => Value::Bool(*b),
            Scalar::Int(n) => Value::Int(i128::from(*n)),
            Scalar::Float(n) => Value::Float(*n),
            Scalar::Text(text) => Value::Text(text.clone()),
        };
        Node { value, origin: self.origin.clone().unwrap_or_else(|| otherwise.clone()) }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number, a word, or true or false")
            }
            fn visit_bool<E>(self, b: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(b))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Scalar, E> {
                Ok(Scalar::Int(n))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Scalar, E> {
                Ok(Scalar::Float(n as f64))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(n))
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["number", "string", "boolean"]})
    }
}

/// A value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Values(Vec<At<Scalar>>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Values;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value or a list of values")
            }
            fn visit_bool<E>(self, b: bool) -> Result<Values, E> {
                Ok(one(Scalar::Bool(b)))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Values, E> {
                Ok(one(Scalar::Int(n)))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Values, E> {
                Ok(one(Scalar::Float(n)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Values, E> {
                Ok(one(Scalar::Text(text.to_owned())))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut all = Vec::new();
                while let Some(value) = list.next_element()? {
                    all.push(value);
                }
                Ok(Values(all))
            }
        }
        const fn one_at(value: Scalar) -> At<Scalar> {
            At { value, origin: None }
        }
        fn one(value: Scalar) -> Values {
            Values(vec![one_at(value)])
        }
        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for Values {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Values".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A value, or a list of values; contexts also as `4Ki..1Mi x2`.",
            "type": ["number", "string", "boolean", "array"],
            "items": {"type": ["number", "string", "boolean"]}
        })
    }
}

impl At<Values> {
    /// The values, each with a place.
    #[must_use]
    pub fn scalars(&self) -> Vec<At<Scalar>> {
        let placed = |value: &At<Scalar>| At {
            value: value.value.clone(),
            origin: value.origin.clone().or_else(|| self.origin.clone()),
        };
        self.value.0.iter().map(placed).collect()
    }
}

/// An end of a range: a number, or tokens as people write them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End(f64);

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let n = match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Tokens::parse(&text).map_err(de::Error::custom)?.0 as f64,
            scalar => scalar.number().unwrap_or(f64::NAN),
        };
        Positive::new(n).map(|n| Self(n.0)).map_err(de::Error::custom)
    }
}

impl JsonSchema for End {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "End".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number greater than zero, or tokens such as 8Ki.",
            "type": ["number", "string"]
        })
    }
}

/// Evenly spaced numbers, both ends among them where the step meets the last.
#[derive(Debug, Clone, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearSpec {
    /// The first.
    pub from: End,
    /// The last, or what the last does not exceed.
    pub to: End,
    /// From one to the next; 1 if neither this nor `count` is given.
    pub step: Option<End>,
    /// How many, instead of a step.
    pub count: Option<Count>,
    /// Round to whole numbers.
    #[serde(default)]
    pub whole: bool,
}

/// Numbers that grow by a factor.
#[derive(Debug, Clone, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeometricSpec {
    /// The first.
    pub from: End,
    /// The last, or what the last does not exceed.
    pub to: End,
    /// From one to the next; 2 if neither this nor `count` is given.
    pub factor: Option<Positive>,
    /// How many, instead of a factor.
    pub count: Option<Count>,
    /// Round to whole numbers.
    #[serde(default)]
    pub whole: bool,
}

impl LinearSpec {
    /// The numbers, each standing at `origin`.
    ///
    /// # Errors
    /// If there are none or too many, or both a step and a count.
    pub fn scalars(&self, origin: Option<&Origin>) -> Result<Vec<At<Scalar>>, Diagnostic> {
        let (from, to) = (self.from.0, self.to.0);
        let ends = Ends { from, to, origin, whole: self.whole };
        let (count, step) = match (self.count, self.step) {
            (Some(_), Some(_)) => return Err(ends.both("step")),
            (Some(count), None) => (count.0, (to - from) / (count.0.max(2) - 1) as f64),
            (None, step) => {
                let step = step.map_or(1.0, |step| step.0);
                // A last step that rounding has made a hair too long still counts.
                (((to - from) / step * (1.0 + 1e-12) + 1e-12).floor().max(0.0) as u64 + 1, step)
            }
        };
        ends.numbers(count, |i| from + step * i as f64)
    }
}

impl GeometricSpec {
    /// The numbers, each standing at `origin`.
    ///
    /// # Errors
    /// If there are none or too many, or both a factor and a count.
    pub fn scalars(&self, origin: Option<&Origin>) -> Result<Vec<At<Scalar>>, Diagnostic> {
        let (from, to) = (self.from.0, self.to.0);
        let ends = Ends { from, to, origin, whole: self.whole };
        let count = match (self.count, self.factor) {
            (Some(_), Some(_)) => return Err(ends.both("factor")),
            (Some(count), None) => count.0,
            (None, factor) => {
                let factor = factor.map_or(2.0, |factor| factor.0);
                if factor <= 1.0 {
                    return Err(ends.complain(format!("`factor` must exceed 1, not {factor}")));
                }
                let steps = (to / from).ln() / factor.ln();
                let count = (steps * (1.0 + 1e-12) + 1e-12).floor().max(0.0) as u64 + 1;
                return ends.numbers(count, |i| from * factor.powi(i32::try_from(i).unwrap_or(0)));
            }
        };
        let growth = (to / from).ln() / (count.max(2) - 1) as f64;
        ends.numbers(count, |i| match i {
            0 => from,
            i if i + 1 == count => to,
            i => from * (growth * i as f64).exp(),
        })
    }
}

/// The ends of a range and where it stands.
struct Ends<'a> {
    from: f64,
    to: f64,
    origin: Option<&'a Origin>,
    whole: bool,
}

impl Ends<'_> {
    fn complain(&self, message: String) -> Diagnostic {
        Diagnostic { origin: self.origin.cloned(), ..Diagnostic::new(message) }
    }

    fn both(&self, step: &str) -> Diagnostic {
        self.complain(format!("a range has a `{step}` or a `count`, not both"))
            .help("drop one of the two")
    }

    /// So many numbers; those that rounding makes equal stand once.
    fn numbers(&self, count: u64, at: impl Fn(u64) -> f64) -> Result<Vec<At<Scalar>>, Diagnostic> {
        if self.from > self.to {
            let message = format!("this range runs backwards, from {} to {}", self.from, self.to);
            return Err(self.complain(message).help("put the smaller end first"));
        }
        if count > MOST_VALUES as u64 {
            let message = format!("this range has {count} values, more than {MOST_VALUES}");
            return Err(self.complain(message).help("take a larger step"));
        }
        let round = |n: f64| if self.whole { n.round() } else { n };
        let mut all: Vec<f64> = (0..count).map(|i| round(at(i))).collect();
        all.dedup();
        let placed = |n| At { value: Scalar::of_number(n), origin: self.origin.cloned() };
        Ok(all.into_iter().map(placed).collect())
    }
}

/// Checks values that no spec's tree will check, and reads contexts as people write them.
pub(super) fn of_field(raw: Vec<At<Scalar>>, field: &Field) -> Result<Vec<At<Scalar>>, Diagnostic> {
    if raw.len() > MOST_VALUES {
        return Err(Diagnostic::new(format!("an axis has at most {MOST_VALUES} values")));
    }
    let mut all = Vec::with_capacity(raw.len());
    for value in raw {
        match field {
            Field::Context => all.extend(contexts(&value)?),
            Field::Batch
            | Field::MicroBatches
            | Field::AttentionInstances
            | Field::FfnInstances => all.push(counted(value)?),
            Field::Promise => {
                checked::<Positive>(&value)?;
                all.push(value);
            }
            Field::Model | Field::Hardware(_) | Field::Deployment | Field::KvCache => {
                checked::<String>(&value)?;
                all.push(value);
            }
            Field::ModelPath(_) | Field::HardwarePath(..) | Field::Condition(_) => all.push(value),
        }
    }
    Ok(all)
}

fn checked<T: for<'a> Deserialize<'a>>(value: &At<Scalar>) -> Result<T, Diagnostic> {
    let Some(origin) = &value.origin else {
        return Err(value.complain("a value without a place"));
    };
    from_node(&value.node(origin))
}

/// Counts are whole numbers, also where a range has made floats of them.
fn counted(value: At<Scalar>) -> Result<At<Scalar>, Diagnostic> {
    let count: Count = checked(&value)?;
    Ok(At { value: Scalar::Int(count.0), origin: value.origin })
}

fn contexts(value: &At<Scalar>) -> Result<Vec<At<Scalar>>, Diagnostic> {
    let refused = |wrong: String| match wrong.split_once('\n') {
        Some((message, help)) => value.complain(message).help(help),
        None => value.complain(wrong),
    };
    let all = match &value.value {
        // A range between contexts rounds to whole tokens.
        Scalar::Float(n) if *n >= 1.0 => parse_contexts(&format!("{:.0}", n.round())),
        other => parse_contexts(&other.to_string()),
    };
    let placed = |n| At { value: Scalar::Int(n), origin: value.origin.clone() };
    Ok(all.map_err(refused)?.into_iter().map(placed).collect())
}
