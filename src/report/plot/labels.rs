//! Finds a place for every point's label: near its point, clear of other labels, points and lines.
//!
//! Greedy with a few rounds of second thoughts, and deterministic: each label takes the cheapest of
//! a fixed set of positions around its point. It must not know what the labels say.

use super::geometry::{Rect, Xy, cross, distance};

/// Directions to try, best first, as horizontal and vertical share.
const DIRECTIONS: [(f64, f64); 16] = [
    (1.0, 0.0),
    (1.0, -1.0),
    (-1.0, 0.0),
    (0.0, -1.0),
    (-1.0, -1.0),
    (1.0, 1.0),
    (0.0, 1.0),
    (-1.0, 1.0),
    (0.5, -1.0),
    (-0.5, -1.0),
    (0.5, 1.0),
    (-0.5, 1.0),
    (1.0, -0.5),
    (1.0, 0.5),
    (-1.0, -0.5),
    (-1.0, 0.5),
];
/// Distances to try between a point's rim and its label, in pixels.
const GAPS: [f64; 11] = [3.0, 9.0, 16.0, 24.0, 34.0, 46.0, 60.0, 76.0, 96.0, 120.0, 150.0];
/// Labels further than this from their point's rim get a leader line.
const LEADER_FROM: f64 = 10.0;
const ROUNDS: usize = 12;

// What a position costs, on the scale of one pixel of distance.
const COVERS: f64 = 100.0;
const PER_AREA_COVERED: f64 = 20.0;
const PER_PIXEL_CROSSED: f64 = 0.6;
const LEADER_STRIKES_LABEL: f64 = 220.0;
/// A leader over a marker or another leader.
const LEADER_CROSSES: f64 = 80.0;
const PER_DIRECTION: f64 = 0.4;
const NEEDS_LEADER: f64 = 8.0;

/// A label to place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    /// The point it names.
    pub point: Xy,
    pub width: f64,
    pub height: f64,
}

/// What labels have to avoid.
pub(super) struct Surroundings<'a> {
    /// Labels stay inside.
    pub bounds: Rect,
    /// Markers, with their half size.
    pub dots: &'a [Xy],
    pub radius: f64,
    /// Drawn lines, as segments.
    pub lines: &'a [(Xy, Xy)],
}

/// Where a label goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub rect: Rect,
    /// A line from point to label, where it is not obvious what it names.
    pub leader: Option<(Xy, Xy)>,
}

/// Places every label; the result is in the order of `tags`.
pub(super) fn place(tags: &[Tag], around: &Surroundings<'_>) -> Vec<Place> {
    let choices: Vec<Vec<(Place, f64)>> = tags.iter().map(|tag| candidates(tag, around)).collect();
    let mut placed: Vec<Option<Place>> = vec![None; tags.len()];
    for round in 0..ROUNDS {
        let mut moved = false;
        for index in by_crowding(tags) {
            let others = placed.iter().enumerate().filter(|(i, _)| *i != index);
            let others: Vec<Place> = others.filter_map(|(_, place)| *place).collect();
            let best = choices[index]
                .iter()
                .map(|(place, cost)| (place, cost + conflict(place, &others)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((place, _)) = best {
                moved |= placed[index] != Some(*place);
                placed[index] = Some(*place);
            }
        }
        if !moved && round > 0 {
            break;
        }
    }
    // Every tag has at least its clamped fallback, so nothing is dropped here.
    placed.into_iter().flatten().collect()
}

/// Most crowded points first; ties keep their order.
fn by_crowding(tags: &[Tag]) -> Vec<usize> {
    let crowd = |tag: &Tag| {
        tags.iter().filter(|other| distance(tag.point, other.point) < tag.width).count()
    };
    let mut order: Vec<usize> = (0..tags.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(crowd(&tags[index])));
    order
}

/// The positions open to one label with what each costs by itself.
fn candidates(tag: &Tag, around: &Surroundings<'_>) -> Vec<(Place, f64)> {
    let mut found = Vec::new();
    for gap in GAPS {
        for (rank, direction) in DIRECTIONS.iter().enumerate() {
            let rect = beside(tag, around.radius, gap, *direction);
            if around.bounds.holds(&rect) {
                found.push(priced(tag, rect, rank, around));
            }
        }
    }
    if found.is_empty() {
        let rect = beside(tag, around.radius, GAPS[0], DIRECTIONS[0]);
        found.push(priced(tag, clamped(rect, &around.bounds), 0, around));
    }
    found
}

/// The label's rectangle `gap` pixels off the point's rim.
fn beside(tag: &Tag, radius: f64, gap: f64, direction: Xy) -> Rect {
    // On diagonals the corner, not the side, is nearest to the point.
    let diagonal = direction.0.abs() == 1.0 && direction.1.abs() == 1.0;
    let off = (radius + gap) * if diagonal { 0.75 } else { 1.0 };
    let x = tag.point.0 + direction.0 * (off + tag.width / 2.0);
    let y = tag.point.1 + direction.1 * (off + tag.height / 2.0);
    Rect::around((x, y), tag.width, tag.height)
}

/// The point `step` pixels from `from` on the way to `to`.
fn towards(from: Xy, to: Xy, step: f64) -> Xy {
    let share = step / distance(from, to);
    (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
}

fn clamped(rect: Rect, bounds: &Rect) -> Rect {
    let dx = (bounds.x1 - rect.x1).min(0.0).max(bounds.x0 - rect.x0);
    let dy = (bounds.y1 - rect.y1).min(0.0).max(bounds.y0 - rect.y0);
    Rect { x0: rect.x0 + dx, y0: rect.y0 + dy, x1: rect.x1 + dx, y1: rect.y1 + dy }
}

fn priced(tag: &Tag, rect: Rect, rank: usize, around: &Surroundings<'_>) -> (Place, f64) {
    let end = rect.nearest(tag.point);
    let off = distance(tag.point, end) - around.radius;
    let leader = (off > LEADER_FROM).then(|| (towards(tag.point, end, around.radius), end));
    let mut cost = off + rank as f64 * PER_DIRECTION;
    for dot in around.dots {
        let rim = Rect::around(*dot, 2.0 * around.radius, 2.0 * around.radius);
        cost += covering(&rect, &rim);
        if let Some((from, to)) = leader.filter(|_| distance(*dot, tag.point) > 0.5) {
            cost += f64::from(rim.length_inside(from, to) > 0.0) * LEADER_CROSSES;
        }
    }
    for (from, to) in around.lines {
        cost += rect.length_inside(*from, *to) * PER_PIXEL_CROSSED;
    }
    if leader.is_some() {
        cost += NEEDS_LEADER;
    }
    (Place { rect, leader }, cost)
}

fn covering(label: &Rect, other: &Rect) -> f64 {
    let area = label.overlap(other);
    if area > 0.0 { COVERS + area * PER_AREA_COVERED } else { 0.0 }
}

/// What a position costs because of the labels already placed.
fn conflict(place: &Place, others: &[Place]) -> f64 {
    let strikes = |line: Option<(Xy, Xy)>, rect: &Rect| {
        line.is_some_and(|(from, to)| rect.length_inside(from, to) > 0.0)
    };
    let cost = |other: &Place| {
        let struck = u8::from(strikes(place.leader, &other.rect))
            + u8::from(strikes(other.leader, &place.rect));
        let crossed = place.leader.zip(other.leader).is_some_and(|(a, b)| cross(a, b));
        covering(&place.rect, &other.rect)
            + f64::from(struck) * LEADER_STRIKES_LABEL
            + f64::from(u8::from(crossed)) * LEADER_CROSSES
    };
    others.iter().map(cost).sum()
}
