//! A small YAML writer in the style of the shipped specs: blocks outside, one line for what is
//! short. It knows nothing of models.

/// Lines are no longer where that can be helped.
const WIDTH: usize = 96;

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    /// A number, a truth value or a word that needs no quotes.
    Bare(String),
    /// Text.
    Text(String),
    /// A mapping on lines of its own.
    Block(Vec<(String, Yaml)>),
    /// A mapping in braces if that fits on the line.
    Braces(Vec<(String, Yaml)>),
    /// A list with a line or more for each item.
    Items(Vec<Yaml>),
    /// A list of words in brackets, wrapped.
    Words(Vec<String>),
}

impl Yaml {
    pub(super) fn number(n: u64) -> Self {
        Self::Bare(n.to_string())
    }

    /// The whole as a document.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.lines(0, &mut out);
        out
    }

    fn lines(&self, indent: usize, out: &mut String) {
        match self {
            Self::Block(entries) | Self::Braces(entries) => {
                for (i, (key, value)) in entries.iter().enumerate() {
                    // The first line of an item stands behind its dash.
                    if i > 0 || !out.ends_with("- ") {
                        out.push_str(&" ".repeat(indent));
                    }
                    out.push_str(&scalar(key));
                    out.push(':');
                    value.behind_key(indent, key.len() + 1, out);
                }
            }
            Self::Items(items) => {
                for item in items {
                    out.push_str(&" ".repeat(indent));
                    out.push_str("- ");
                    match item.in_line(WIDTH.saturating_sub(indent + 2)) {
                        Some(text) => {
                            out.push_str(&text);
                            out.push('\n');
                        }
                        None => item.lines(indent + 2, out),
                    }
                }
            }
            Self::Words(_) | Self::Bare(_) | Self::Text(_) => {
                out.push_str(&self.in_line(usize::MAX).unwrap_or_default());
                out.push('\n');
            }
        }
    }

    fn behind_key(&self, indent: usize, used: usize, out: &mut String) {
        if let Some(text) = self.in_line(WIDTH.saturating_sub(indent + used + 1)) {
            out.push(' ');
            out.push_str(&text);
            out.push('\n');
            return;
        }
        out.push('\n');
        match self {
            Self::Words(words) => wrapped(words, indent + 2, out),
            _ => self.lines(indent + 2, out),
        }
    }

    /// The value on one line of at most `room` characters; text has no limit.
    fn in_line(&self, room: usize) -> Option<String> {
        let text = match self {
            Self::Bare(word) => return Some(word.clone()),
            Self::Text(text) => return Some(scalar(text)),
            Self::Block(_) | Self::Items(_) => return None,
            Self::Braces(entries) => {
                let mut parts = Vec::new();
                for (key, value) in entries {
                    let value = match value {
                        Self::Text(text) => flow_scalar(text),
                        other => other.in_line(room)?,
                    };
                    parts.push(format!("{}: {value}", flow_scalar(key)));
                }
                format!("{{{}}}", parts.join(", "))
            }
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|w| flow_scalar(w)).collect();
                format!("[{}]", words.join(", "))
            }
        };
        (text.chars().count() <= room).then_some(text)
    }
}

/// A bracketed list over several lines.
fn wrapped(words: &[String], indent: usize, out: &mut String) {
    let margin = " ".repeat(indent);
    let mut line = format!("{margin}[");
    for (i, word) in words.iter().enumerate() {
        let last = i + 1 == words.len();
        let word = flow_scalar(word) + if last { "]" } else { "," };
        if line.len() + 1 + word.len() > WIDTH && !line.ends_with('[') {
            out.push_str(line.trim_end());
            out.push('\n');
            line = format!("{margin} ");
        } else if !line.ends_with('[') {
            line.push(' ');
        }
        line.push_str(&word);
    }
    out.push_str(&line);
    out.push('\n');
}

/// Text as YAML has it outside brackets: bare where that is safe.
fn scalar(text: &str) -> String {
    let bare = is_word(text)
        && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.ends_with(' ');
    if bare { text.to_owned() } else { quoted(text) }
}

/// Text as YAML has it inside brackets.
fn flow_scalar(text: &str) -> String {
    let bare =
        is_word(text) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./+".contains(c));
    if bare { text.to_owned() } else { quoted(text) }
}

/// Begins with a letter, and is none of the words that YAML gives a meaning.
fn is_word(text: &str) -> bool {
    const MEANT: [&str; 12] =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !MEANT.contains(&text.to_ascii_lowercase().as_str())
}

/// In double quotes, everything unusual escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_mappings_take_one_line_and_long_lists_wrap() {
        let braces = Yaml::Braces(vec![("a".into(), Yaml::number(1))]);
        let words = (0..30).map(|i| format!("word_{i}")).collect();
        let yaml = Yaml::Block(vec![
            ("x".into(), braces.clone()),
            ("words".into(), Yaml::Words(words)),
            ("list".into(), Yaml::Items(vec![braces, Yaml::Text("a: b".into())])),
        ]);
        let text = yaml.document();
        assert!(text.starts_with("x: {a: 1}\nwords:\n  [word_0, word_1"));
        assert!(text.ends_with("list:\n  - {a: 1}\n  - \"a: b\"\n"));
        assert!(text.lines().all(|line| line.len() <= WIDTH));
    }
}
