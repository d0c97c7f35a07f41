//! How many attention workers one FFN worker can serve (arXiv 2601.21351).
//!
//! An attention worker holds B requests with T tokens of context between them, an FFN worker gets
//! the requests of r attention workers. With linear times
//!
//! ```text
//! t_A = a_A T + b_A     attention
//! t_F = a_F r B + b_F   FFN
//! t_C = a_C B + b_C     communication
//! ```
//!
//! throughput per worker, r B / ((r + 1) max(t_A, t_C, t_F)), is best where the FFN just takes as
//! long as the slower of the other two, unless the FFN's own start-up is what has to be spread:
//!
//! ```text
//! r* = max((t_A - b_F) / (a_F B),  (t_C - b_F) / (a_F B),  sqrt(b_F / (a_F B)))
//! ```
//!
//! Over a run of N requests through B slots that starts empty, the mean context of a worker is
//! T = B (mu_P + mu_D (1 - B / N)), mu_P and mu_D the mean prompt and output.
//!
//! This file knows times in any one unit and nothing of what takes them.

/// A time that grows linearly: `per_token` each and `fixed` once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// a: time for each token (of context in attention, of the batch elsewhere).
    pub per_token: f64,
    /// b: time for none.
    pub fixed: f64,
}

impl Linear {
    /// Time for so many tokens.
    #[must_use]
    pub fn at(&self, tokens: f64) -> f64 {
        self.per_token * tokens + self.fixed
    }
}

/// The three times of one layer, all in the same unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// t_A over T.
    pub attention: Linear,
    /// t_F over r B.
    pub ffn: Linear,
    /// t_C over B.
    pub communication: Linear,
}

/// What the best ratio is bound by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Attention takes as long as the FFN.
    Attention,
    /// Communication takes as long as the FFN.
    Communication,
    /// The FFN takes longest: its start-up is spread over more requests.
    Ffn,
}

/// The best ratio of attention workers to FFN workers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// r*.
    pub attention_per_ffn: f64,
    /// Which of the three it is.
    pub bound: Bound,
}

/// r* for a batch of B requests per attention worker that hold T tokens of context.
#[must_use]
pub fn best_ratio(times: &Times, batch: f64, context: f64) -> Ratio {
    let per_worker = times.ffn.per_token * batch;
    let until = |time: f64| (time - times.ffn.fixed) / per_worker;
    let branches = [
        (Bound::Attention, until(times.attention.at(context))),
        (Bound::Communication, until(times.communication.at(batch))),
        (Bound::Ffn, (times.ffn.fixed / per_worker).sqrt()),
    ];
    let (bound, attention_per_ffn) = branches.into_iter().fold(
        (Bound::Ffn, 0.0),
        |best, branch| {
            if branch.1 > best.1 { branch } else { best }
        },
    );
    Ratio { attention_per_ffn, bound }
}

/// Tokens per unit of time and worker at a ratio r: r B / ((r + 1) max(t_A, t_C, t_F)).
#[must_use]
pub fn throughput(times: &Times, batch: f64, context: f64, ratio: f64) -> f64 {
    let others = times.attention.at(context).max(times.communication.at(batch));
    let slowest = others.max(times.ffn.at(ratio * batch));
    ratio * batch / ((ratio + 1.0) * slowest)
}

/// T: the mean context of a worker over a run of `requests` (N) through `batch` (B) slots.
#[must_use]
pub fn mean_context(batch: f64, requests: f64, mean_prompt: f64, mean_output: f64) -> f64 {
    batch * (mean_prompt + mean_output * (1.0 - batch / requests))
}
