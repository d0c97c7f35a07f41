//! What routing with equal probabilities touches: experts of a batch, devices of a token.

/// Expected number of E experts that B tokens touch, K each: E (1 - (1 - K / E)^B).
#[must_use]
pub fn distinct_experts(experts: f64, visited: f64, tokens: f64) -> f64 {
    if tokens <= 0.0 || experts <= 0.0 {
        return 0.0;
    }
    if visited >= experts {
        return experts;
    }
    -experts * (tokens * (-visited / experts).ln_1p()).exp_m1()
}

/// Expected number of n devices that one token's K of E experts live on:
/// n (1 - C(E - E / n, K) / C(E, K)), the quotient as a product over the K.
#[must_use]
pub fn distinct_destinations(experts: f64, visited: u32, devices: f64) -> f64 {
    let elsewhere = experts - experts / devices;
    let missed = (0..visited).map(f64::from).fold(1.0, |missed, taken| {
        let left = experts - taken;
        if left <= 0.0 { 0.0 } else { missed * ((elsewhere - taken) / left).max(0.0) }
    });
    devices * (1.0 - missed)
}
