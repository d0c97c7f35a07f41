//! The contexts at which the cheapest pair of hardware changes.

use super::inverse::{Crossing, Range};
use super::questions::{CONTEXT_PIECES, dearer, try_solve};
use super::way::{Contender, Priced, Way};
use crate::deploy::legal::Refused;

/// A context at which a contender's cheapest pair changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairChange {
    /// The pair that is cheapest below.
    pub before: Priced,
    /// The pair that is cheapest above.
    pub after: Priced,
    /// Where.
    pub crossing: Crossing,
}

/// The contexts at which the cheapest pair of a contender changes, in ascending order.
///
/// # Errors
/// If a profile lacks a figure or the model cannot be split so.
pub fn pair_changes(
    way: &Way,
    contender: &Contender,
    range: Range,
) -> Result<Vec<PairChange>, Refused> {
    let at = |i: u32| {
        range.low * (range.high / range.low).powf(f64::from(i) / f64::from(CONTEXT_PIECES))
    };
    let mut changes = Vec::new();
    let mut before = contender.best(way, range.low)?;
    for i in 1..=CONTEXT_PIECES {
        let piece = Range { low: at(i - 1), high: at(i) };
        let after = contender.best(way, piece.high)?;
        if let (Some(before), Some(after)) = (before, after) {
            changes_within(way, contender, piece, [before, after], &mut changes)?;
        }
        before = after;
    }
    Ok(changes)
}

/// Changes between the ends of a piece; a third pair that is cheapest in between parts it.
fn changes_within(
    way: &Way,
    contender: &Contender,
    piece: Range,
    [before, after]: [Priced; 2],
    changes: &mut Vec<PairChange>,
) -> Result<(), Refused> {
    if before.pair == after.pair {
        return Ok(());
    }
    let (first, second) = (contender.on(before.pair), contender.on(after.pair));
    let solved = try_solve(piece, 1, |context| {
        Ok(dearer(first.cost(way, context)?, second.cost(way, context)?))
    })?;
    let Some(&crossing) = solved.crossings.first() else { return Ok(()) };
    let middle = crossing.middle();
    let here = first.cost(way, middle)?;
    match (contender.best(way, middle)?, here) {
        (Some(best), Some(here))
            if best.usd_per_mtok < here * (1.0 - 1e-6)
                && best.pair != before.pair
                && best.pair != after.pair =>
        {
            let below = Range { high: middle, ..piece };
            changes_within(way, contender, below, [before, best], changes)?;
            let above = Range { low: middle, ..piece };
            changes_within(way, contender, above, [best, after], changes)
        }
        _ => {
            changes.push(PairChange { before, after, crossing });
            Ok(())
        }
    }
}
