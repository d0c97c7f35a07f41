//! What must hold between axes: `ffn_instances <= 4`, `heads % kv_heads == 0`,
//! `bandwidth * 1e9 < compute / 200`, `attention_hardware != 'h20'`.
//!
//! ```text
//! constraint = sum ("<" | "<=" | ">" | ">=" | "==" | "!=") sum   or   name ("==" | "!=") 'word'
//! sum        = product (("+" | "-") product)*
//! product    = value (("*" | "/" | "%") value)*
//! value      = number | name of an axis | "-" value | "(" sum ")"
//! ```
//!
//! All constraints hold at once; an axis of words is compared for equality alone.

use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::source::did_you_mean;
use crate::spec::sweep::Axis;
use crate::spec::sweep::values::Scalar;

/// Parentheses and signs nest no deeper.
const DEEPEST: usize = 32;

/// A constraint, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    left: Term,
    how: How,
    right: Term,
    /// Whether it can be told without the axes of the point.
    pub of_shape: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Number(f64),
    Word(String),
    /// An axis of numbers: its place and its values.
    Axis(usize, Vec<f64>),
    /// An axis of words.
    Words(usize, Vec<String>),
    Minus(Box<Self>),
    Both(char, Box<(Self, Self)>),
}

impl Constraint {
    /// Reads a constraint over axes.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(written: &At<String>, axes: &[Axis]) -> Result<Self, Diagnostic> {
        let mut reader = Reader { text: written, rest: written.as_str(), axes, depth: 0 };
        let left = reader.side()?;
        let how = reader.comparison()?;
        let right = reader.side()?;
        if !reader.rest.trim().is_empty() {
            let rest = reader.rest.trim().to_owned();
            return Err(reader.wrong(format!("`{rest}` stands behind the end of a constraint")));
        }
        let words = [left.is_word(), right.is_word()];
        if words[0] != words[1] {
            return Err(reader.wrong("a word is compared with a number".to_owned()));
        }
        if words[0] && !matches!(how, How::Equal | How::NotEqual) {
            return Err(reader.wrong("words have no order".to_owned()));
        }
        let mut used = Vec::new();
        left.axes(&mut used);
        right.axes(&mut used);
        if used.is_empty() {
            return Err(reader.wrong("this constraint names no axis".to_owned()));
        }
        let of_shape = used.iter().all(|&axis| !axes[axis].field.is_of_point());
        Ok(Self { left, how, right, of_shape })
    }

    /// Whether a combination satisfies it; division by zero satisfies nothing.
    #[must_use]
    pub fn holds(&self, choices: &[u32]) -> bool {
        if let (Some(a), Some(b)) = (self.left.word(choices), self.right.word(choices)) {
            return (a == b) == (self.how == How::Equal);
        }
        let (a, b) = (self.left.number(choices), self.right.number(choices));
        match self.how {
            How::Less => a < b,
            How::LessOrEqual => a <= b,
            How::Greater => a > b,
            How::GreaterOrEqual => a >= b,
            How::Equal => a == b,
            How::NotEqual => a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_ne),
        }
    }
}

impl Term {
    const fn is_word(&self) -> bool {
        matches!(self, Self::Word(_) | Self::Words(..))
    }

    fn word(&self, choices: &[u32]) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Words(axis, words) => words.get(choices[*axis] as usize).map(String::as_str),
            _ => None,
        }
    }

    fn number(&self, choices: &[u32]) -> f64 {
        match self {
            Self::Number(n) => *n,
            Self::Axis(axis, values) => values[choices[*axis] as usize],
            Self::Word(_) | Self::Words(..) => f64::NAN,
            Self::Minus(term) => -term.number(choices),
            Self::Both(operator, terms) => {
                let (a, b) = (terms.0.number(choices), terms.1.number(choices));
                match operator {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    '/' => a / b,
                    _ => a % b,
                }
            }
        }
    }

    fn axes(&self, used: &mut Vec<usize>) {
        match self {
            Self::Axis(axis, _) | Self::Words(axis, _) => used.push(*axis),
            Self::Minus(term) => term.axes(used),
            Self::Both(_, terms) => {
                terms.0.axes(used);
                terms.1.axes(used);
            }
            Self::Number(_) | Self::Word(_) => {}
        }
    }
}

struct Reader<'a> {
    text: &'a At<String>,
    rest: &'a str,
    axes: &'a [Axis],
    depth: usize,
}

impl<'a> Reader<'a> {
    fn wrong(&self, message: String) -> Diagnostic {
        self.text.complain(message).help(
            "write a comparison of axes and numbers, such as `ffn_instances <= 4`, \
             `heads % kv_heads == 0` or `attention_hardware != 'h20'`",
        )
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn comparison(&mut self) -> Result<How, Diagnostic> {
        self.peek();
        let all = [
            ("<=", How::LessOrEqual),
            (">=", How::GreaterOrEqual),
            ("==", How::Equal),
            ("!=", How::NotEqual),
            ("<", How::Less),
            (">", How::Greater),
        ];
        match all.iter().find(|(sign, _)| self.rest.starts_with(sign)) {
            Some((sign, how)) => {
                self.take(sign.len());
                Ok(*how)
            }
            None if self.rest.is_empty() => {
                Err(self.wrong("a constraint compares two things".to_owned()))
            }
            None => Err(self.wrong(format!("`{}` is no comparison", self.rest))),
        }
    }

    /// A word alone, or a sum.
    fn side(&mut self) -> Result<Term, Diagnostic> {
        if let Some(quote @ ('\'' | '"')) = self.peek() {
            self.take(1);
            let end = self.rest.find(quote);
            let end = end.ok_or_else(|| self.wrong("a word has no closing quote".to_owned()))?;
            let word = self.take(end).to_owned();
            self.take(1);
            return Ok(Term::Word(word));
        }
        self.sum()
    }

    fn sum(&mut self) -> Result<Term, Diagnostic> {
        let mut left = self.product()?;
        while let Some(operator @ ('+' | '-')) = self.peek() {
            self.take(1);
            let right = self.product()?;
            left = self.both(operator, left, right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Term, Diagnostic> {
        let mut left = self.value()?;
        while let Some(operator @ ('*' | '/' | '%')) = self.peek() {
            self.take(1);
            let right = self.value()?;
            left = self.both(operator, left, right)?;
        }
        Ok(left)
    }

    fn both(&self, operator: char, left: Term, right: Term) -> Result<Term, Diagnostic> {
        if left.is_word() || right.is_word() {
            return Err(self.wrong(format!("`{operator}` is between numbers, not words")));
        }
        Ok(Term::Both(operator, Box::new((left, right))))
    }

    fn value(&mut self) -> Result<Term, Diagnostic> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("this constraint nests too deeply".to_owned()));
        }
        let value = match self.peek() {
            Some('(') => {
                self.take(1);
                let inner = self.sum()?;
                if self.peek() != Some(')') {
                    return Err(self.wrong("a `(` has no `)`".to_owned()));
                }
                self.take(1);
                inner
            }
            Some('-') => {
                self.take(1);
                Term::Minus(Box::new(self.value()?))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.literal()?,
            Some(c) if c.is_ascii_alphabetic() => self.name()?,
            Some(c) => return Err(self.wrong(format!("`{c}` is no number and no axis"))),
            None => return Err(self.wrong("this constraint breaks off".to_owned())),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn literal(&mut self) -> Result<Term, Diagnostic> {
        let mut end = self.rest.len();
        let mut before = ' ';
        for (at, c) in self.rest.char_indices() {
            let sign_of_exponent = "+-".contains(c) && "eE".contains(before);
            if !(c.is_ascii_digit() || ".eE_".contains(c) || sign_of_exponent) {
                end = at;
                break;
            }
            before = c;
        }
        let text = self.take(end);
        let number = text.replace('_', "").parse::<f64>().ok().filter(|n| n.is_finite());
        number.map(Term::Number).ok_or_else(|| self.wrong(format!("`{text}` is no number")))
    }

    /// The longest name of an axis that stands here.
    fn name(&mut self) -> Result<Term, Diagnostic> {
        let inside = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        let end = self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len());
        let name = self.take(end);
        let Some(at) = self.axes.iter().position(|axis| axis.name == name) else {
            let complaint = self.text.complain(format!("the sweep has no axis `{name}`"));
            let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
            return Err(match did_you_mean(name, names.iter().copied()) {
                Some(near) => complaint.help(format!("did you mean `{near}`?")),
                None => {
                    complaint.help(format!("its axes are {}", crate::spec::source::all_of(&names)))
                }
            });
        };
        let values = &self.axes[at].values;
        let numbers: Option<Vec<f64>> = values.iter().map(|value| value.number()).collect();
        Ok(match numbers {
            Some(numbers) => Term::Axis(at, numbers),
            None => Term::Words(at, values.iter().map(|value| scalar_word(value)).collect()),
        })
    }
}

fn scalar_word(value: &Scalar) -> String {
    value.to_string()
}
