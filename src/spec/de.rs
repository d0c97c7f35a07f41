//! Turns a located tree into a typed struct, so that serde's derives do the work and every
//! complaint still knows its place.
//!
//! The deserializer walks a [`Node`]; whichever error arises (a wrong type, an unknown key, a
//! value that a newtype refuses) is pinned to the node or key it arose at. [`At`] keeps the place
//! of a value for checks that need several values at once.

use super::node::{Key, Node, Value};
use super::source::{Diagnostic, Origin, did_you_mean, one_of};
use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, Visitor};
use std::cell::RefCell;
use std::fmt;

/// Reads `T` out of a tree.
///
/// # Errors
/// The first complaint, with its place.
pub fn from_node<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, Diagnostic> {
    T::deserialize(Reader { node, key: None }).map_err(|e| e.0)
}

/// A value and the place it was written at.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands; nowhere if it was made by a default.
    pub origin: Option<Origin>,
}

impl<T> At<T> {
    /// A complaint about this value, pointing at it.
    #[must_use]
    pub fn complain(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic { message: message.into(), origin: self.origin.clone(), help: None }
    }
}

impl<T> std::ops::Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for At<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// The newtype name by which [`Reader`] recognises an [`At`].
const AT: &str = "$afford::At";

thread_local! {
    /// Hands the origin of the `At` that is being read from [`Reader`] to [`At::deserialize`]:
    /// serde's data model has no room for it. Set and taken within one call.
    static PLACE: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
            type Value = At<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_newtype_struct<D: de::Deserializer<'de>>(
                self,
                inner: D,
            ) -> Result<At<T>, D::Error> {
                let origin = PLACE.with_borrow_mut(Option::take);
                let value = T::deserialize(inner)?;
                Ok(At { value, origin })
            }
        }
        deserializer.deserialize_newtype_struct(AT, Inner(std::marker::PhantomData))
    }
}

/// A complaint on its way up; it takes the first place it meets.
#[derive(Debug)]
pub struct ReadError(Diagnostic);

impl ReadError {
    fn pinned(mut self, origin: &Origin, key: Option<&str>) -> Self {
        if self.0.origin.is_none() {
            self.0.origin = Some(origin.clone());
            if let Some(key) = key
                && !self.0.message.contains('`')
            {
                self.0.message = format!("`{key}` {}", self.0.message);
            }
        }
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // A newtype that refuses a value may add what would be right behind a line break.
        let text = message.to_string();
        Self(match text.split_once('\n') {
            Some((message, help)) => Diagnostic::new(message).help(help),
            None => Diagnostic::new(text),
        })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let complaint = Diagnostic::new(format!("unknown key `{field}`"));
        Self(match did_you_mean(field, expected.iter().copied()) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None if expected.is_empty() => complaint,
            None => complaint.help(format!("the keys here are {}", one_of(expected))),
        })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let complaint = Diagnostic::new(format!("`{variant}` is not one of the choices here"));
        Self(match did_you_mean(variant, expected.iter().copied()) {
            Some(near) => complaint
                .help(format!("did you mean `{near}`? the choices are {}", one_of(expected))),
            None => complaint.help(format!("the choices are {}", one_of(expected))),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Diagnostic::new(format!("the key `{field}` is missing here")))
    }
}

/// A deserializer over one node; `key` is the mapping key it stands under, for messages.
#[derive(Clone, Copy)]
struct Reader<'de> {
    node: &'de Node,
    key: Option<&'de str>,
}

impl<'de> Reader<'de> {
    fn wrong(self, expected: &str) -> ReadError {
        let found = self.node.value.kind();
        let message = match self.key {
            Some(key) => format!("`{key}` must be {expected}, not {found}"),
            None => format!("here must stand {expected}, not {found}"),
        };
        ReadError(Diagnostic::new(message).at(self.node.origin.clone()))
    }

    fn pin<T>(self, result: Result<T, ReadError>) -> Result<T, ReadError> {
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
        if name == AT {
            PLACE.set(Some(self.node.origin.clone()));
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
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Text(word) => self.pin(visitor.visit_enum(word.as_str().into_deserializer())),
            Value::Map(entries) if entries.len() == 1 => {
                self.pin(visitor.visit_enum(Choice { key: &entries[0].0, node: &entries[0].1 }))
            }
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
        seed.deserialize(key.name.as_str().into_deserializer())
            .map(Some)
            .map_err(|e: ReadError| e.pinned(&key.origin, None))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        match self.value.take() {
            Some(reader) => reader.pin(seed.deserialize(reader)),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// `kind: {fields}`: an enum whose key names the variant.
struct Choice<'de> {
    key: &'de Key,
    node: &'de Node,
}

impl<'de> de::EnumAccess<'de> for Choice<'de> {
    type Error = ReadError;
    type Variant = Reader<'de>;
    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'de>), ReadError> {
        let variant = seed
            .deserialize(self.key.name.as_str().into_deserializer())
            .map_err(|e: ReadError| e.pinned(&self.key.origin, None))?;
        let reader = Reader { node: self.node, key: Some(&self.key.name) };
        Ok((variant, reader))
    }
}

impl<'de> de::VariantAccess<'de> for Reader<'de> {
    type Error = ReadError;
    fn unit_variant(self) -> Result<(), ReadError> {
        match self.node.value {
            Value::Null => Ok(()),
            _ => Err(self.wrong("nothing")),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        self.pin(seed.deserialize(self))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        de::Deserializer::deserialize_seq(self, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        de::Deserializer::deserialize_map(self, visitor)
    }
}
