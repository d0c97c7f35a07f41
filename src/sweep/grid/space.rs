//! Which combinations of axes there are, and in what order.
//!
//! Axes are crossed, those of one zip group run side by side as one dimension. Combinations are
//! numbered as the digits of a number in mixed radix: the first dimension varies slowest. All
//! dimensions that change the compiled deployment come before those that only change where it is
//! evaluated, so that neighbours share a compiled deployment.

use crate::spec::Diagnostic;
use crate::spec::sweep::Axis;

/// No sweep has more combinations.
const MOST_POINTS: u64 = 1_000_000_000_000;

/// Axes that advance together.
#[derive(Debug, Clone, PartialEq)]
struct Dimension {
    /// Places among the axes.
    axes: Vec<usize>,
    length: u32,
    /// Whether it leaves the compiled deployment as it is.
    of_point: bool,
}

/// All combinations.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// The axes as written.
    pub axes: Vec<Axis>,
    dimensions: Vec<Dimension>,
    total: u64,
}

impl Space {
    /// Crosses and zips axes.
    ///
    /// # Errors
    /// If there are too many combinations.
    pub fn new(axes: Vec<Axis>) -> Result<Self, Diagnostic> {
        let mut dimensions: Vec<Dimension> = Vec::new();
        let mut zips: Vec<(&str, usize)> = Vec::new();
        for (at, axis) in axes.iter().enumerate() {
            let of_point = axis.field.is_of_point();
            let zip = axis.zip.as_deref().map(String::as_str);
            if let Some((_, known)) = zips.iter().find(|(name, _)| Some(*name) == zip) {
                dimensions[*known].axes.push(at);
                dimensions[*known].of_point &= of_point;
                continue;
            }
            zips.extend(zip.map(|name| (name, dimensions.len())));
            let length = axis.values.len() as u32;
            dimensions.push(Dimension { axes: vec![at], length, of_point });
        }
        dimensions.sort_by_key(|dimension| dimension.of_point);
        let total = dimensions
            .iter()
            .try_fold(1_u64, |n, d| n.checked_mul(u64::from(d.length)))
            .filter(|n| *n <= MOST_POINTS);
        let total = total.ok_or_else(|| {
            Diagnostic::new(format!("this sweep has more than {MOST_POINTS} combinations"))
                .help("give some axes fewer values, or zip them")
        })?;
        Ok(Self { axes, dimensions, total })
    }

    /// How many combinations there are.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The combination of a number.
    #[must_use]
    pub fn at(&self, index: u64) -> Place {
        let mut rest = index;
        let mut digits = vec![0; self.dimensions.len()];
        for (digit, dimension) in digits.iter_mut().zip(&self.dimensions).rev() {
            *digit = (rest % u64::from(dimension.length)) as u32;
            rest /= u64::from(dimension.length);
        }
        let mut place = Place { digits, choices: vec![0; self.axes.len()] };
        (0..self.dimensions.len()).for_each(|at| self.choose(&mut place, at));
        place
    }

    fn choose(&self, place: &mut Place, dimension: usize) {
        for &axis in &self.dimensions[dimension].axes {
            place.choices[axis] = place.digits[dimension];
        }
    }

    /// Goes to the next combination; tells whether the compiled deployment may be another.
    #[inline]
    pub fn advance(&self, place: &mut Place) -> bool {
        for at in (0..self.dimensions.len()).rev() {
            let dimension = &self.dimensions[at];
            place.digits[at] += 1;
            if place.digits[at] < dimension.length {
                self.choose(place, at);
                return !dimension.of_point;
            }
            place.digits[at] = 0;
            self.choose(place, at);
        }
        true
    }
}

/// A combination: which value each axis has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    digits: Vec<u32>,
    /// By axis, as written.
    pub choices: Vec<u32>,
}
