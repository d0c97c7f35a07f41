//! Turns a located tree into a typed struct, so that serde's derives do the work and every
//! complaint still knows its place.
//!
//! The deserializer walks a [`Node`]; whichever error arises (a wrong type, an unknown key, a
//! value that a newtype refuses) is pinned to the node or key it arose at.

use super::at;
use super::choice::{Choice, Word, not_one_choice};
use super::node::{Key, Node, Value, shorten};
use super::read_error::ReadError;
use super::source::{Diagnostic, one_of};
use serde::de::{self, Deserialize, DeserializeSeed, Visitor};

pub use super::at::At;

/// Reads `T` out of a tree.
///
/// # Errors
/// The first complaint, with its place.
pub fn from_node<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, Diagnostic> {
    T::deserialize(Reader { node, key: None }).map_err(ReadError::into_diagnostic)
}

/// What a spec that has already been checked says beside its figures; the default where it says
/// nothing that can be read.
#[must_use]
pub fn aside<'de, T: Deserialize<'de> + Default>(node: &'de Node) -> T {
    from_node(node).unwrap_or_default()
}

/// A deserializer over one node; `key` is the mapping key it stands under, for messages.
#[derive(Clone, Copy)]
pub(super) struct Reader<'de> {
    pub(super) node: &'de Node,
    pub(super) key: Option<&'de str>,
}

impl<'de> Reader<'de> {
    pub(super) fn wrong(self, expected: &str) -> ReadError {
        let found = self.node.value.kind();
        let message = match self.key {
            Some(key) => format!("`{key}` must be {expected}, not {found}"),
            None => format!("here must stand {expected}, not {found}"),
        };
        Diagnostic::new(message).at(self.node.origin.clone()).into()
    }

    pub(super) fn pin<T>(self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|e| e.pinned(&self.node.origin, self.key))
    }

    fn number<V: Visitor<'de>>(self, what: &str, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.value {
            Value::Int(i) => match (u64::try_from(i), i64::try_from(i)) {
                (Ok(u), _) => self.pin(visitor.visit_u64(u)),
                (_, Ok(i)) => self.pin(visitor.visit_i64(i)),
                _ => self.pin(visitor.visit_f64(i as f64)),
            },
            Value::Float(f) => self.pin(visitor.visit_f64(f)),
            _ => Err(self.wrong(what)),
        }
    }
}

macro_rules! numbers {
    ($($method:ident: $what:literal),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.number($what, visitor)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = ReadError;

    numbers! {
        deserialize_i8: "a whole number", deserialize_i16: "a whole number",
        deserialize_i32: "a whole number", deserialize_i64: "a whole number",
        deserialize_u8: "a whole number", deserialize_u16: "a whole number",
        deserialize_u32: "a whole number", deserialize_u64: "a whole number",
        deserialize_f32: "a number", deserialize_f64: "a number"
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Null => self.pin(visitor.visit_unit()),
            Value::Bool(b) => self.pin(visitor.visit_bool(*b)),
            Value::Int(_) | Value::Float(_) => self.number("a number", visitor),
            Value::Text(t) => self.pin(visitor.visit_borrowed_str(t)),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.value {
            Value::Bool(b) => self.pin(visitor.visit_bool(b)),
            _ => Err(self.wrong("`true` or `false`")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Text(t) => self.pin(visitor.visit_borrowed_str(t)),
            _ => Err(self.wrong("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.value {
            Value::Null => self.pin(visitor.visit_none()),
            _ => self.pin(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == at::NAME {
            at::hand_over(&self.node.origin);
        }
        self.pin(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::List(items) => self.pin(visitor.visit_seq(Items(items.iter()))),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Map(entries) => {
                self.pin(visitor.visit_map(Entries { rest: entries.iter(), value: None }))
            }
            _ => Err(self.wrong("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Text(text) if fields.contains(&"name") => {
                let complaint = self.wrong("a mapping").into_diagnostic();
                Err(complaint.help(format!("write {{name: {}}}", shorten(text))).into())
            }
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Text(word) => self.pin(visitor.visit_enum(Word(word))),
            Value::Map(entries) => match entries.as_slice() {
                [(key, node)] => self.pin(visitor.visit_enum(Choice { key, node })),
                entries => Err(not_one_choice(self, entries, choices)),
            },
            _ => Err(self.wrong(&format!("one of {}", one_of(choices)))),
        }
    }

    serde::forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = ReadError;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let next = self.0.next();
        next.map(|node| seed.deserialize(Reader { node, key: None })).transpose()
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, (Key, Node)>,
    value: Option<Reader<'de>>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, node)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(Reader { node, key: Some(&key.name) });
        seed.deserialize(KeyReader(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        match self.value.take() {
            Some(reader) => reader.pin(seed.deserialize(reader)),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// A deserializer over one key of a mapping.
pub(super) struct KeyReader<'de>(pub(super) &'de Key);

impl<'de> de::Deserializer<'de> for KeyReader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor
            .visit_borrowed_str(&self.0.name)
            .map_err(|e: ReadError| e.pinned(&self.0.origin, None))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == at::NAME {
            at::hand_over(&self.0.origin);
        }
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
