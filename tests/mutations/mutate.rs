//! Small damage to a text, as slips, broken downloads and mischief make it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What stands in for a value.
const VALUES: [&str; 32] = [
    "0",
    "-1",
    "1",
    "2",
    "0.5",
    "7",
    "1e308",
    "1e-320",
    ".nan",
    ".inf",
    "-0.0",
    "1e12",
    "100000000",
    "99999999999999999999",
    "null",
    "true",
    "x",
    "[]",
    "{}",
    "''",
    "8Ki",
    "1..100000000 x2",
    "1Mi",
    "2026-02-30",
    "h800",
    "step-3",
    "[1, 2]",
    "{a: 1}",
    "*a",
    "&a 1",
    "!t 1",
    "\u{e9}",
];

/// What slips in between.
const CHARACTERS: [&str; 26] = [
    " ", ":", ": ", "{", "}", "[", "]", ",", "\"", "'", "\t", "\n", "\n\n", "&", "*", "!", "|",
    ">", "%", "@", "#", "-", "\u{e9}", "\0", "\u{feff}", "- ",
];

/// Draws that depend on a number alone.
pub struct Draws(ChaCha8Rng);

impl Draws {
    pub fn of(number: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(number))
    }

    /// A number below another, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.0.next_u64() % limit as u64) as usize
    }

    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// A text with one to four things done to it; parts of `other` may come in.
pub fn mutate(text: &str, other: &str, draws: &mut Draws) -> Vec<u8> {
    let mut text = text.to_owned();
    for _ in 0..=draws.below(4) {
        text = once(&text, other, draws);
    }
    let mut bytes = text.into_bytes();
    if draws.below(40) == 0 && !bytes.is_empty() {
        let at = draws.below(bytes.len());
        bytes[at] ^= 1 << draws.below(8);
    }
    bytes
}

fn once(text: &str, other: &str, draws: &mut Draws) -> String {
    match draws.below(16) {
        0..4 => swap_token(text, number_at, draws, |draws, _| draws.one(&VALUES).to_owned()),
        4 | 5 => swap_token(text, word_at, draws, |draws, _| draws.one(&VALUES).to_owned()),
        6..9 => {
            swap_token(text, word_at, draws, |draws, words| words[draws.below(words.len())].clone())
        }
        9 => {
            let at = place(text, draws);
            format!("{}{}{}", &text[..at], draws.one(&CHARACTERS), &text[at..])
        }
        10 => {
            let at = place(text, draws);
            text[..at].chars().chain(text[at..].chars().skip(1)).collect()
        }
        11 if draws.below(4) == 0 => text[..place(text, draws)].to_owned(),
        _ => lines(text, other, draws),
    }
}

/// The beginning of a character.
fn place(text: &str, draws: &mut Draws) -> usize {
    let mut at = draws.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn number_at(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

fn word_at(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Puts something in the place of a token of one sort.
fn swap_token(
    text: &str,
    sort: fn(&str) -> bool,
    draws: &mut Draws,
    new: impl Fn(&mut Draws, &[String]) -> String,
) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, inside(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                tokens.extend(sort(&text[from..at]).then_some(from..at));
                start = None;
            }
            _ => {}
        }
    }
    if tokens.is_empty() {
        return text.to_owned();
    }
    let words: Vec<String> = tokens.iter().map(|range| text[range.clone()].to_owned()).collect();
    let range = tokens[draws.below(tokens.len())].clone();
    format!("{}{}{}", &text[..range.start], new(draws, &words), &text[range.end..])
}

/// Lines that go, come twice, move, are indented otherwise, or come from another file.
fn lines(text: &str, other: &str, draws: &mut Draws) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return other.to_owned();
    }
    let (at, to) = (draws.below(lines.len()), draws.below(lines.len()));
    match draws.below(6) {
        0 => drop(lines.drain(at..(at + 1 + draws.below(4)).min(lines.len()))),
        1 => lines.insert(to, lines[at].clone()),
        2 => lines.swap(at, to),
        3 => lines[at].insert_str(0, "  "),
        4 => lines[at] = lines[at].strip_prefix("  ").unwrap_or_default().to_owned(),
        _ => {
            let theirs: Vec<&str> = other.lines().collect();
            let from = draws.below(theirs.len().max(1));
            let some = theirs.iter().skip(from).take(1 + draws.below(6));
            lines.splice(at..at, some.map(|&line| line.to_owned()));
        }
    }
    lines.join("\n") + "\n"
}
