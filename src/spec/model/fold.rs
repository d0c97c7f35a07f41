//! Folding a sequence of layers: long runs to one line, repeating patterns to one group.
//!
//! It knows nothing of layers: equal items are equal.

/// No repeating pattern of a model is longer.
const LONGEST_PATTERN: usize = 32;

/// A stretch of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where it begins.
    pub start: usize,
    /// How many items repeat.
    pub period: usize,
    /// How often they stand there.
    pub repeats: usize,
}

/// The fewest lines that say `items`: a run of equal items is one line, a group one more than its
/// runs.
pub(super) fn fold<T: PartialEq>(items: &[T]) -> Vec<Stretch> {
    let n = items.len();
    // Per start: the least lines from here to the end, and the stretch that begins them.
    let mut best: Vec<(usize, Stretch)> =
        vec![(0, Stretch { start: n, period: 1, repeats: 0 }); n + 1];
    // Per period: how many items from here on equal the one a period later.
    let mut same = [0_usize; LONGEST_PATTERN + 1];
    for start in (0..n).rev() {
        let mut choice: Option<(usize, Stretch)> = None;
        for period in 1..=LONGEST_PATTERN.min(n - start) {
            let again = start + period < n && items[start] == items[start + period];
            same[period] = if again { same[period] + 1 } else { 0 };
            let repeats = same[period] / period + 1;
            if period > 1 && repeats == 1 {
                continue;
            }
            let group = if period == 1 { 1 } else { 1 + runs(&items[start..start + period]) };
            let lines = group + best[start + period * repeats].0;
            if choice.is_none_or(|(least, _)| lines < least) {
                choice = Some((lines, Stretch { start, period, repeats }));
            }
        }
        if let Some(choice) = choice {
            best[start] = choice;
        }
    }
    let mut all = Vec::new();
    let mut at = 0;
    while at < n {
        let stretch = best[at].1;
        all.push(stretch);
        at += (stretch.period * stretch.repeats).max(1);
    }
    all
}

/// How many runs of equal items there are.
fn runs<T: PartialEq>(items: &[T]) -> usize {
    1 + items.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use super::fold;

    fn said(items: &str) -> String {
        let items: Vec<char> = items.chars().collect();
        let stretch = |s: super::Stretch| {
            let text: String = items[s.start..s.start + s.period].iter().collect();
            format!("{}{text}", s.repeats)
        };
        fold(&items).into_iter().map(stretch).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn patterns_become_groups() {
        assert_eq!(said(""), "");
        assert_eq!(said("a"), "1a");
        assert_eq!(said("aaaab"), "4a 1b");
        assert_eq!(said("aaabaaabaaab"), "3aaab");
        assert_eq!(said(&("d".to_owned() + &"aaab".repeat(9) + "aa")), "1d 9aaab 2a");
        assert_eq!(said(&"ab".repeat(18)), "18ab");
    }
}
