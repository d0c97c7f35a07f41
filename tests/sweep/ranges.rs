//! The values of an axis, and the order in which axes make points.

use crate::run::{column, rows, scenario, text};

/// The values that an axis over bandwidths has, in order.
fn values(axis: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let sweep =
        format!("  axes:\n    - {{field: hardware.memory.bandwidth_gb_per_s, name: b, {axis}}}\n");
    let (headers, all) = rows(&["sweep", text(&scenario(folder.path(), &sweep, ""))]);
    let at = column(&headers, "b");
    all.iter().map(|row| row[at].to_owned()).collect()
}

#[test]
fn ranges_have_both_ends_and_as_many_values_as_they_say() {
    for (axis, expected) in [
        ("values: 3350", "3350"),
        ("values: [2, 1.5, 2e3]", "2 1.5 2000"),
        ("linear: {from: 1, to: 4}", "1 2 3 4"),
        ("linear: {from: 10, to: 35, step: 10}", "10 20 30"),
        ("linear: {from: 1, to: 2, count: 5}", "1 1.25 1.5 1.75 2"),
        ("linear: {from: 1, to: 2, count: 5, whole: true}", "1 2"),
        ("linear: {from: 7, to: 7}", "7"),
        ("geometric: {from: 1000, to: 8000}", "1000 2000 4000 8000"),
        ("geometric: {from: 1000, to: 9000, factor: 3}", "1000 3000 9000"),
        ("geometric: {from: 1, to: 81, count: 3}", "1 9 81"),
        ("geometric: {from: 5, to: 5, count: 3}", "5"),
    ] {
        let found = values(axis).join(" ");
        // A power that is not exact may end in another digit; its ends are exact.
        let near = |a: &str, b: &str| {
            let (a, b) = (a.parse::<f64>().unwrap(), b.parse::<f64>().unwrap());
            (a - b).abs() <= 1e-12 * b
        };
        let alike = found.split(' ').count() == expected.split(' ').count()
            && found.split(' ').zip(expected.split(' ')).all(|(a, b)| near(a, b));
        assert!(alike, "{axis}: {found}, not {expected}");
    }
    // 0.1 is no binary fraction, and ten steps of it are one.
    assert_eq!(values("linear: {from: 1, to: 2, step: 0.1}").len(), 11);
}

/// The first axis varies slowest, zipped ones together, those of the point behind all others.
#[test]
fn points_come_in_the_order_of_axes() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "  fixed: {deployment: 2A2F}\n  axes:\n    \
                 - {field: batch, values: [48, 96]}\n    \
                 - {field: conditions.expert_tp, name: tp, values: [1, 8], zip: z}\n    \
                 - {field: hardware.prices.0.usd_per_hour, name: price, values: [1, 2]}\n    \
                 - {field: conditions.network_efficiency, name: net, values: [0.5, 1], zip: z}\n";
    let path = scenario(folder.path(), sweep, "fidelity: roofline");
    let (headers, all) = rows(&["sweep", text(&path)]);
    let at = ["tp", "net", "price", "batch"].map(|name| column(&headers, name));
    let order: Vec<String> = all.iter().map(|row| at.map(|at| &row[at]).join(" ")).collect();
    let expected = [
        "1 0.5 1 48",
        "1 0.5 1 96",
        "1 0.5 2 48",
        "1 0.5 2 96",
        "8 1 1 48",
        "8 1 1 96",
        "8 1 2 48",
        "8 1 2 96",
    ];
    assert_eq!(order, expected);
}
