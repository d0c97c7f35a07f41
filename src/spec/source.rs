//! Where text came from, and how a complaint about it is shown.
//!
//! A [`Source`] is one piece of user text (a file, an embedded spec, a command-line value) with
//! its name. A [`Diagnostic`] is one complaint: what is wrong, where, and what would be right.
//! Every bad input of the program ends as one of these and exit status 2.
//!
//! This file knows nothing of YAML or of what the text means.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;
use std::sync::Arc;

/// One named piece of text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that messages show: a path as the user gave it, or `built-in h800.yaml`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Names a piece of text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }
}

/// A stretch of bytes in a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The text it is in.
    pub source: Arc<Source>,
    /// Its byte range, always within the text and on character boundaries.
    pub span: Range<usize>,
}

impl Origin {
    /// A stretch of a source, moved to the nearest character boundaries.
    #[must_use]
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let text = &source.text;
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
        Self { source: source.clone(), span: start..end }
    }

    /// Line and column, both from 1; the column counts characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text[..self.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// One complaint about input: what is wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Diagnostic {
    /// What is wrong, in one line.
    pub message: String,
    /// Where, if it is in some text.
    pub origin: Option<Origin>,
    /// What would be right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A complaint that is about no text in particular.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: one_line(message.into()), origin: None, help: None }
    }

    /// The same complaint with its place.
    #[must_use]
    pub fn at(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The same complaint with what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The text for a person: message, `file:line:column`, the line itself, and the help.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut group = Level::ERROR
            .primary_title(self.message.as_str())
            .elements(std::iter::empty::<annotate_snippets::Element>());
        if let Some(origin) = &self.origin {
            group = group.element(
                Snippet::source(origin.source.text.as_str())
                    .path(origin.source.name.as_str())
                    .annotation(AnnotationKind::Primary.span(origin.span.clone())),
            );
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// Shows line breaks and control characters of quoted input as escapes: a message is one line.
fn one_line(message: String) -> String {
    if !message.contains(char::is_control) {
        return message;
    }
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    message.chars().map(shown).collect()
}

/// The candidate nearest to a misspelt word, if one is near enough to be meant.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let fold = |s: &str| s.to_lowercase().replace(['_', ' ', '.'], "-");
    let word = fold(word);
    candidates
        .into_iter()
        .map(|c| (strsim::normalized_damerau_levenshtein(&word, &fold(c)), c))
        .filter(|(score, c)| *score >= 0.6 || (word.len() >= 3 && fold(c).contains(&word)))
        // Strictly greater keeps the first of equals, so the answer does not depend on sorting.
        .fold(None, |best: Option<(f64, &str)>, (score, c)| match best {
            Some((top, _)) if top >= score => best,
            _ => Some((score, c)),
        })
        .map(|(_, c)| c)
}

/// `a`, `a or b`, `a, b or c`: the alternatives as a sentence has them.
#[must_use]
pub fn one_of<S: AsRef<str>>(words: &[S]) -> String {
    joined(words, "or")
}

/// `a`, `a and b`, `a, b and c`: a list as a sentence has it.
#[must_use]
pub fn all_of<S: AsRef<str>>(words: &[S]) -> String {
    joined(words, "and")
}

fn joined<S: AsRef<str>>(words: &[S], last_word: &str) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{}`", one.as_ref()),
        [head @ .., last] => {
            let head: Vec<String> = head.iter().map(|w| format!("`{}`", w.as_ref())).collect();
            format!("{} {last_word} `{}`", head.join(", "), last.as_ref())
        }
    }
}
