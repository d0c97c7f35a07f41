//! The bill of a period: what a fleet costs, what each kind of token has to bring in, and what it
//! brings in at a list price.

/// Amounts per kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PerKind {
    /// Prompt tokens that have to be computed.
    pub input: f64,
    /// Prompt tokens whose cache is still there.
    pub cached_input: f64,
    /// Tokens generated.
    pub output: f64,
}

impl PerKind {
    /// The same amount for every kind.
    #[must_use]
    pub const fn all(amount: f64) -> Self {
        Self { input: amount, cached_input: amount, output: amount }
    }

    /// All kinds together.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.input + self.cached_input + self.output
    }

    /// Kind by kind.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self {
            input: self.input * other.input,
            cached_input: self.cached_input * other.cached_input,
            output: self.output * other.output,
        }
    }

    /// Every kind by the same factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        self.times(&Self::all(factor))
    }
}

/// Who bears a cost that input and output tokens cause together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Split {
    /// Output tokens bear all of it.
    Output,
    /// Every token bears the same.
    Tokens,
    /// Tokens bear it in proportion to these weights: list prices, or anything else.
    Weights(PerKind),
}

impl Split {
    /// The weight of a token of each kind.
    #[must_use]
    pub const fn weights(&self) -> PerKind {
        match self {
            Self::Output => PerKind { input: 0.0, cached_input: 0.0, output: 1.0 },
            Self::Tokens => PerKind::all(1.0),
            Self::Weights(weights) => *weights,
        }
    }
}

/// What a million tokens of each kind have to bring in so that they bring in `usd` together; zero
/// where no token bears anything.
#[must_use]
pub fn cost_prices(usd: f64, tokens: &PerKind, split: &Split) -> PerKind {
    let weights = split.weights();
    let shares = tokens.times(&weights).sum();
    if shares <= 0.0 {
        return PerKind::default();
    }
    weights.scaled(usd / shares * 1e6)
}

/// What tokens bring in at prices per million.
#[must_use]
pub fn revenue(tokens: &PerKind, usd_per_mtok: &PerKind) -> f64 {
    tokens.times(usd_per_mtok).sum() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: PerKind = PerKind { input: 2e6, cached_input: 1e6, output: 1e6 };

    #[test]
    fn splits_by_hand() {
        let prices = cost_prices(12.0, &TOKENS, &Split::Output);
        assert_eq!(prices, PerKind { input: 0.0, cached_input: 0.0, output: 12.0 });
        assert_eq!(cost_prices(12.0, &TOKENS, &Split::Tokens), PerKind::all(3.0));
        let weights = PerKind { input: 1.0, cached_input: 0.0, output: 4.0 };
        let prices = cost_prices(12.0, &TOKENS, &Split::Weights(weights));
        assert_eq!(prices, PerKind { input: 2.0, cached_input: 0.0, output: 8.0 });
        assert_eq!(revenue(&TOKENS, &prices), 12.0);
    }
}
