//! A YAML or JSON document as a tree in which every node remembers its place in the text.
//!
//! serde-saphyr reads the text (and refuses broken UTF-8, runaway aliases and non-finite numbers);
//! this tree keeps what it found so that files can be laid over one another
//! (`extends`) and single values replaced from outside (a sweep's axis) before anything is typed.
//! Each node carries the [`Source`] it came from, so a complaint about a merged spec still points
//! into the right file.
//!
//! This file and `yaml_error` are the only ones that know the YAML crate. It does not know what any key means.

use super::source::{Diagnostic, Origin, Source};
use super::yaml_error::{self, span_of};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Spanned, options::DuplicateKeyPolicy};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// A key of a mapping and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key's text.
    pub name: String,
    /// Where it was written.
    pub origin: Origin,
}

/// What a node can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order written.
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// What to call this in a message.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Bool(b) => format!("`{b}`"),
            Self::Int(i) => format!("the number {i}"),
            Self::Float(f) => format!("the number {f}"),
            Self::Text(t) => format!("the text `{}`", shorten(t)),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a mapping".into(),
        }
    }
}

/// Keeps a long text from filling a message.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

impl Node {
    /// Reads one YAML (or JSON) document.
    ///
    /// # Errors
    /// A located complaint if the text is no YAML, holds a key twice or several documents, or is
    /// empty.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostic> {
        let text = source.text.as_str();
        let options = serde_saphyr::options! {
            strict_booleans: true,
            // Both reach `locate`, which can say where the first one stands.
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
        };
        let read = serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options)
            .map_err(|error| yaml_error::complaint(source, &error))?;
        let node = locate(source, read)?;
        match node.value {
            Value::Map(_) => Ok(node),
            Value::Null => Err(yaml_error::empty().at(Origin::new(source, 0..0))),
            other => Err(Diagnostic::new(format!("the document is {}", other.kind()))
                .at(node.origin)
                .help("a spec is a YAML mapping that begins with `name:`")),
        }
    }

    /// The value under `key`, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.name == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Takes the value under `key` out of this mapping.
    pub fn take(&mut self, key: &str) -> Option<Self> {
        let Value::Map(entries) = &mut self.value else {
            return None;
        };
        let at = entries.iter().position(|(k, _)| k.name == key)?;
        Some(entries.remove(at).1)
    }

    /// Lays `over` on top of this tree: mappings merge key by key, anything else is replaced, and
    /// `null` removes what was there, if anything (RFC 7396).
    #[must_use]
    pub fn overlaid_by(self, over: Self) -> Self {
        let Value::Map(above) = over.value else { return over };
        let mut entries = match self.value {
            Value::Map(below) => below,
            _ => Vec::new(),
        };
        for (key, node) in above {
            let at = entries.iter().position(|(k, _)| k.name == key.name);
            match (at, &node.value) {
                (Some(at), Value::Null) => drop(entries.remove(at)),
                (None, Value::Null) => {}
                (Some(at), _) => {
                    let below = std::mem::replace(&mut entries[at].1, node.as_null());
                    entries[at] = (key, below.overlaid_by(node));
                }
                (None, _) => entries.push((key, node.as_null().overlaid_by(node))),
            }
        }
        Self { value: Value::Map(entries), origin: over.origin }
    }

    /// The tree as JSON, without its places.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(b) => (*b).into(),
            Value::Int(i) => i64::try_from(*i).map_or_else(|_| (*i as f64).into(), Json::from),
            Value::Float(f) => (*f).into(),
            Value::Text(t) => t.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|(k, v)| (k.name.clone(), v.to_json())).collect()
            }
        }
    }

    /// Nothing, in this place.
    fn as_null(&self) -> Self {
        Self { value: Value::Null, origin: self.origin.clone() }
    }
}

/// The tree as serde-saphyr hands it over.
enum Raw {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn locate(source: &Arc<Source>, raw: Spanned<Raw>) -> Result<Node, Diagnostic> {
    let origin = Origin::new(source, span_of(&source.text, &raw.referenced));
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(b) => Value::Bool(b),
        Raw::Int(i) => Value::Int(i),
        Raw::Float(f) => Value::Float(f),
        Raw::Text(t) => Value::Text(t),
        Raw::List(items) => {
            Value::List(items.into_iter().map(|i| locate(source, i)).collect::<Result<_, _>>()?)
        }
        Raw::Map(entries) => Value::Map(locate_entries(source, entries)?),
    };
    Ok(Node { value, origin })
}

/// Locates the entries of one mapping, each key of which must stand there once.
fn locate_entries(
    source: &Arc<Source>,
    raw: Vec<(Spanned<String>, Spanned<Raw>)>,
) -> Result<Vec<(Key, Node)>, Diagnostic> {
    let mut first: HashMap<String, Origin> = HashMap::with_capacity(raw.len());
    let mut entries = Vec::with_capacity(raw.len());
    for (key, value) in raw {
        let origin = Origin::new(source, span_of(&source.text, &key.referenced));
        let name = key.value;
        if let Some(first) = first.insert(name.clone(), origin.clone()) {
            let (line, _) = first.line_column();
            return Err(Diagnostic::new(format!("the key `{name}` stands here a second time"))
                .at(origin)
                .help(format!("it stands in line {line} already; keep one of the two")));
        }
        entries.push((Key { name, origin }, locate(source, value)?));
    }
    Ok(entries)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
        Raw::deserialize(inner)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Raw, E> {
        Ok(Raw::Int(i.into()))
    }
    fn visit_u64<E>(self, i: u64) -> Result<Raw, E> {
        Ok(Raw::Int(i.into()))
    }
    fn visit_f64<E>(self, f: f64) -> Result<Raw, E> {
        Ok(Raw::Float(f))
    }
    fn visit_str<E>(self, t: &str) -> Result<Raw, E> {
        Ok(Raw::Text(t.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Map(entries))
    }
}
