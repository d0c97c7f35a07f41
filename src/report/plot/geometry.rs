//! Rectangles, line segments and one-dimensional spreading, in pixels.
//!
//! Pure arithmetic: it must not know of text, colours or charts.

/// A position in pixels, y downwards.
pub(super) type Xy = (f64, f64);

/// An upright rectangle in pixels, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Rect {
    /// The rectangle of the given size around `centre`.
    pub fn around(centre: Xy, width: f64, height: f64) -> Self {
        let (dx, dy) = (width / 2.0, height / 2.0);
        Self { x0: centre.0 - dx, y0: centre.1 - dy, x1: centre.0 + dx, y1: centre.1 + dy }
    }

    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    pub fn centre(&self) -> Xy {
        ((self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0)
    }

    /// The area shared with `other`.
    pub fn overlap(&self, other: &Self) -> f64 {
        let width = self.x1.min(other.x1) - self.x0.max(other.x0);
        let height = self.y1.min(other.y1) - self.y0.max(other.y0);
        width.max(0.0) * height.max(0.0)
    }

    /// Whether `inner` lies wholly inside.
    pub fn holds(&self, inner: &Self) -> bool {
        inner.x0 >= self.x0 && inner.x1 <= self.x1 && inner.y0 >= self.y0 && inner.y1 <= self.y1
    }

    /// The point of this rectangle nearest to `point`.
    pub fn nearest(&self, point: Xy) -> Xy {
        (point.0.min(self.x1).max(self.x0), point.1.min(self.y1).max(self.y0))
    }

    /// How much of the segment from `a` to `b` runs inside (Liang and Barsky's clipping).
    pub fn length_inside(&self, a: Xy, b: Xy) -> f64 {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let sides =
            [(-dx, a.0 - self.x0), (dx, self.x1 - a.0), (-dy, a.1 - self.y0), (dy, self.y1 - a.1)];
        for (speed, room) in sides {
            if speed == 0.0 {
                if room < 0.0 {
                    return 0.0;
                }
            } else if speed < 0.0 {
                enter = enter.max(room / speed);
            } else {
                leave = leave.min(room / speed);
            }
        }
        (leave - enter).max(0.0) * dx.hypot(dy)
    }

    /// Cuts into `count` columns with `gap` between them.
    pub fn columns(&self, count: usize, gap: f64) -> Vec<Self> {
        let width = (self.width() - gap * (count as f64 - 1.0)) / count as f64;
        (0..count)
            .map(|i| {
                let x0 = self.x0 + i as f64 * (width + gap);
                Self { x0, x1: x0 + width, ..*self }
            })
            .collect()
    }

    /// Cuts into `count` rows with `gap` between them.
    pub fn rows(&self, count: usize, gap: f64) -> Vec<Self> {
        let height = (self.height() - gap * (count as f64 - 1.0)) / count as f64;
        (0..count)
            .map(|i| {
                let y0 = self.y0 + i as f64 * (height + gap);
                Self { y0, y1: y0 + height, ..*self }
            })
            .collect()
    }
}

/// Distance between two points.
pub(super) fn distance(a: Xy, b: Xy) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Whether two segments cross.
pub(super) fn cross(one: (Xy, Xy), other: (Xy, Xy)) -> bool {
    let side = |(a, b): (Xy, Xy), p: Xy| (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0);
    side(one, other.0) * side(one, other.1) < 0.0 && side(other, one.0) * side(other, one.1) < 0.0
}

/// Moves `wanted` positions apart until neighbours are `gap` apart, keeping their order and, while
/// there is room, staying between `low` and `high`.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut placed = wanted.to_vec();
    let mut floor = low;
    for &i in &order {
        placed[i] = placed[i].max(floor);
        floor = placed[i] + gap;
    }
    let mut ceiling = high;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(ceiling);
        ceiling = placed[i] - gap;
    }
    placed
}
