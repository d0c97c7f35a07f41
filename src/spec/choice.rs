//! Choices in a spec: a word (`content: cost`), or one key that says what it is (`gqa: {...}`).

use super::de::{KeyReader, Reader};
use super::node::{Key, Node, Value};
use super::read_error::ReadError;
use super::source::{Diagnostic, one_of};
use serde::de::{self, DeserializeSeed, Visitor};

/// `kind: {fields}`: an enum whose key names the variant.
pub(super) struct Choice<'de> {
    pub(super) key: &'de Key,
    pub(super) node: &'de Node,
}

impl<'de> de::EnumAccess<'de> for Choice<'de> {
    type Error = ReadError;
    type Variant = Reader<'de>;
    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'de>), ReadError> {
        let variant = seed.deserialize(KeyReader(self.key))?;
        let reader = Reader { node: self.node, key: Some(&self.key.name) };
        Ok((variant, reader))
    }
}

impl<'de> de::VariantAccess<'de> for Reader<'de> {
    type Error = ReadError;
    fn unit_variant(self) -> Result<(), ReadError> {
        match self.node.value {
            Value::Null => Ok(()),
            _ => {
                let word = self.key.unwrap_or_default();
                let complaint = Diagnostic::new(format!("`{word}` takes no keys"));
                let complaint = complaint.help(format!("write `{word}` alone"));
                Err(complaint.at(self.node.origin.clone()).into())
            }
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

/// A mapping of no or several keys where a choice is one key.
pub(super) fn not_one_choice(at: Reader, entries: &[(Key, Node)], choices: &[&str]) -> ReadError {
    let name = at.key.map_or_else(|| "this".to_owned(), |key| format!("`{key}`"));
    let origin = |entry: &(Key, Node)| entry.0.origin.clone();
    let choice = |entry: &&(Key, Node)| choices.contains(&entry.0.name.as_str());
    let (message, origin) = match entries.iter().find(|entry| !choice(entry)) {
        Some(stranger) => (
            format!("`{}` stands where {name} must say what it is", stranger.0.name),
            origin(stranger),
        ),
        None => (
            format!("{name} must be one thing, not {} at once", entries.len()),
            entries.get(1).map_or_else(|| at.node.origin.clone(), origin),
        ),
    };
    let help = format!("its only key is {}; all else stands under that", one_of(choices));
    Diagnostic::new(message).at(origin).help(help).into()
}

/// A bare word where a choice may stand; one that has keys of its own cannot do without them.
pub(super) struct Word<'de>(pub(super) &'de str);

impl<'de> de::EnumAccess<'de> for Word<'de> {
    type Error = ReadError;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let word = de::value::StrDeserializer::<ReadError>::new(self.0);
        Ok((seed.deserialize(word)?, self))
    }
}

impl Word<'_> {
    fn keys_missing<T>(self) -> Result<T, ReadError> {
        let Self(word) = self;
        let complaint = Diagnostic::new(format!("`{word}` does not stand alone"));
        Err(complaint.help(format!("write `{word}:` and what belongs to it")).into())
    }
}

impl<'de> de::VariantAccess<'de> for Word<'de> {
    type Error = ReadError;
    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, ReadError> {
        self.keys_missing()
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        self.keys_missing()
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ReadError> {
        self.keys_missing()
    }
}
