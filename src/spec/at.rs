//! A value that remembers where it was written, for checks that need several values at once.

use super::source::{Diagnostic, Origin};
use serde::de::{self, Deserialize, Visitor};
use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};

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
        Diagnostic { origin: self.origin.clone(), ..Diagnostic::new(message) }
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
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// The newtype name by which the reader recognises an [`At`].
pub(super) const NAME: &str = "$afford::At";

thread_local! {
    /// Hands the origin of the `At` that is being read from the reader to [`At::deserialize`]:
    /// serde's data model has no room for it. Set and taken within one call.
    static PLACE: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

/// Says where the [`At`] stands that is read next.
pub(super) fn hand_over(origin: &Origin) {
    PLACE.set(Some(origin.clone()));
}

/// Equal values are equal wherever they stand, so that a mapping's keys can be `At`s.
impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for At<T> {}

impl<T: Hash> Hash for At<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
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
        deserializer.deserialize_newtype_struct(NAME, Inner(std::marker::PhantomData))
    }
}
