//! What is wrong with a sweep before it runs.
//!
//! A value may make no valid spec together with some others (48 heads over 32 groups); such a
//! combination is a point that cannot be. A value that makes none together with any is a mistake,
//! shown where it stands.

use super::parts::{of_hardware, of_model, of_placement};
use super::{Counts, Grid, Met, Names, Sink};
use crate::machine::fidelity::Fidelity;
use crate::spec::Diagnostic;
use crate::spec::sweep::field::{Field, Pool};

/// So many combinations of a part's axes are tried; where there are more, so many of them.
const MOST_TRIED: u64 = 4_096;
/// So many points are tried for figures that a profile lacks.
const PROBES: u64 = 64;

/// Takes points and forgets them.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _: Names<'_>) {}
    fn take(&mut self, _: Met<'_>) {}
}

impl Grid {
    /// Tries the sweep's values.
    ///
    /// # Errors
    /// The first value that makes no valid spec with any others, or a figure that is missing.
    pub fn check(&self) -> Result<(), Diagnostic> {
        let (specs, space) = (&self.specs, &self.space);
        self.try_part(of_model, |choices| specs.model(space, choices).err())?;
        for side in [Pool::Attention, Pool::Ffn] {
            let changes = |field: &Field| of_hardware(field, side);
            self.try_part(changes, |choices| specs.hardware(space, choices, side).err())?;
        }
        if specs.fidelity != Fidelity::Ideal {
            self.try_part(of_placement, |choices| specs.placed(space, choices).err())?;
        }
        let probes = PROBES.min(space.total());
        for probe in 0..probes {
            let index = (u128::from(probe) * u128::from(space.total()) / u128::from(probes)) as u64;
            self.run(index..index + 1, &mut Nowhere).map(|_: Counts| ())?;
        }
        Ok(())
    }

    /// Tries all combinations of the axes that change a part, or many of them.
    fn try_part(
        &self,
        changes: impl Fn(&Field) -> bool,
        wrong: impl Fn(&[u32]) -> Option<Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let all = &self.space.axes;
        let axes: Vec<usize> = (0..all.len()).filter(|at| changes(&all[*at].field)).collect();
        let lengths = axes.iter().map(|at| all[*at].values.len() as u64);
        let total = lengths.fold(1_u64, u64::saturating_mul);
        let longest = axes.iter().map(|at| all[*at].values.len() as u64).max().unwrap_or(1);
        let tried = total.min(MOST_TRIED.max(longest));
        // By axis and value: whether any combination was right, and the first complaint.
        let mut seen: Vec<Vec<Option<Result<(), Diagnostic>>>> =
            axes.iter().map(|at| vec![None; all[*at].values.len()]).collect();
        let mut choices = vec![0_u32; all.len()];
        for nth in 0..tried {
            let mut rest = if tried == total { nth } else { spread(nth, total) };
            for at in axes.iter().rev() {
                let length = all[*at].values.len() as u64;
                choices[*at] = (rest % length) as u32;
                rest /= length;
            }
            let complaint = wrong(&choices);
            for (seen, at) in seen.iter_mut().zip(&axes) {
                let seen = &mut seen[choices[*at] as usize];
                match (&complaint, &seen) {
                    (None, _) => *seen = Some(Ok(())),
                    (Some(complaint), None) => *seen = Some(Err(complaint.clone())),
                    (Some(_), Some(_)) => {}
                }
            }
            if axes.is_empty() {
                return complaint.map_or(Ok(()), Err);
            }
        }
        let all_wrong = seen.iter().flatten().flatten().all(Result::is_err);
        if tried < total && !all_wrong {
            // What a value was met with may have been wrong, not itself.
            return Ok(());
        }
        let complaint = seen.into_iter().flatten().flatten().find_map(Result::err);
        complaint.map_or(Ok(()), Err)
    }
}

/// The nth of many combinations, spread over all of them by a stride that meets every value.
fn spread(nth: u64, total: u64) -> u64 {
    const STRIDE: u128 = 0x9E37_79B9_7F4A_7C15;
    ((u128::from(nth) * STRIDE) % u128::from(total)) as u64
}
