//! What the slowest of several workers costs a stage that waits for all of them (arXiv 2601.21351).
//!
//! If r workers' times are independent and normal, mu + sigma Z_j, and the stage takes at least G,
//!
//! ```text
//! E[max(G, mu + sigma max_j Z_j)] = G + sigma * integral from z to infinity of (1 - Phi(x)^r) dx
//! z = (G - mu) / sigma
//! ```
//!
//! A worker's time is a sum over its requests, so normal is a fair assumption from a few dozen on.
//!
//! This file knows numbers in any one unit and nothing of what they stand for. Nothing here
//! allocates; one integral takes about a hundred values of erfc.

use statrs::function::erf::erfc;

/// Below this, 1 - Phi(x)^r is 1 in double precision for any r of at least 1.
const LOW: f64 = -8.5;
/// The tail that is left out, times r, is below e to the minus this.
const TAIL: f64 = 34.0;
/// Gauss and Legendre's positive nodes and weights of order 10 on [-1, 1].
const NODES: [(f64, f64); 5] = [
    (0.148_874_338_981_631_21, 0.295_524_224_714_752_87),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];

/// Phi: the share of a standard normal below `x`.
#[must_use]
pub fn normal_below(x: f64) -> f64 {
    erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

/// E[max(G, mu + sigma max_j Z_j)] over `workers` (r); max(G, mu) where nothing spreads.
#[must_use]
pub fn slowest(floor: f64, mean: f64, deviation: f64, workers: f64) -> f64 {
    if workers <= 0.0 {
        return floor;
    }
    let z = (floor - mean) / deviation;
    if deviation <= 0.0 || !z.is_finite() {
        return floor.max(mean);
    }
    floor + deviation * excess(z, workers)
}

/// E[mu + sigma max_j Z_j] over `workers` (r), without a floor.
#[must_use]
pub fn expected_max(mean: f64, deviation: f64, workers: f64) -> f64 {
    mean + deviation * (LOW + excess(LOW, workers))
}

/// The integral from z to infinity of 1 - Phi(x)^r.
fn excess(z: f64, workers: f64) -> f64 {
    let high = (2.0 * (workers.max(1.0).ln() + TAIL)).sqrt();
    let low = z.clamp(LOW, high);
    let panels = (high - low).ceil().max(1.0);
    let half = (high - low) / panels / 2.0;
    let mut sum = 0.0;
    for panel in 0..panels as u32 {
        let middle = low + half * (2.0 * f64::from(panel) + 1.0);
        for (node, weight) in NODES {
            let pair = some_above(middle - half * node, workers)
                + some_above(middle + half * node, workers);
            sum += weight * pair;
        }
    }
    (LOW - z).max(0.0) + half * sum
}

/// 1 - Phi(x)^r without cancellation.
fn some_above(x: f64, workers: f64) -> f64 {
    let above = erfc(x / std::f64::consts::SQRT_2) / 2.0;
    -(workers * (-above).ln_1p()).exp_m1()
}
