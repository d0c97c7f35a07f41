//! A complaint that arises while a spec is read: serde's errors in our words.

use super::source::{Diagnostic, Origin, all_of, did_you_mean, one_of};
use serde::de::{self, Unexpected};
use std::fmt;

/// A complaint on its way up; it takes the first place it meets.
#[derive(Debug)]
pub struct ReadError(Diagnostic);

impl ReadError {
    /// The complaint itself.
    pub(super) fn into_diagnostic(self) -> Diagnostic {
        self.0
    }

    /// The same complaint with a place, if it has none yet, and with the key as its subject, if it
    /// has none.
    pub(super) fn pinned(mut self, origin: &Origin, key: Option<&str>) -> Self {
        if self.0.origin.is_none() {
            self.0.origin = Some(origin.clone());
            let message = &self.0.message;
            let lacks_subject = message.starts_with("must ");
            match key {
                Some(key) if lacks_subject || !message.contains('`') => {
                    self.0.message = format!("`{key}` {message}");
                }
                None if lacks_subject => self.0.message = format!("this {message}"),
                _ => {}
            }
        }
        self
    }
}

impl From<Diagnostic> for ReadError {
    fn from(complaint: Diagnostic) -> Self {
        Self(complaint)
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

    fn invalid_type(found: Unexpected, expected: &dyn de::Expected) -> Self {
        Self(Diagnostic::new(format!("must be {}, not {}", wanted(expected), words(found))))
    }

    fn invalid_value(found: Unexpected, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let complaint = Diagnostic::new(format!("unknown key `{field}`"));
        Self(match did_you_mean(field, expected.iter().copied()) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None if expected.is_empty() => complaint,
            None => complaint.help(format!("the keys here are {}", all_of(expected))),
        })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let complaint = Diagnostic::new(format!("`{variant}` is no choice here"));
        Self(match did_you_mean(variant, expected.iter().copied()) {
            Some(near) => {
                complaint.help(format!("did you mean `{near}`? it can be {}", one_of(expected)))
            }
            None => complaint.help(format!("it can be {}", one_of(expected))),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Diagnostic::new(format!("the key `{field}` is missing here")))
    }
}

/// What serde expects, in the words of a person.
fn wanted(expected: &dyn de::Expected) -> String {
    match expected.to_string().as_str() {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        other => other.to_owned(),
    }
}

/// What serde found, in the words of a person.
fn words(found: Unexpected) -> String {
    match found {
        Unexpected::Bool(b) => format!("`{b}`"),
        Unexpected::Unsigned(n) => n.to_string(),
        Unexpected::Signed(n) => n.to_string(),
        Unexpected::Float(n) => n.to_string(),
        Unexpected::Str(text) => format!("the text `{text}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}
