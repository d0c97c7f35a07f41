//! Bills: DeepSeek's published day closes, and what a deployment costs follows its traffic, its
//! waiting target and its price basis.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::report::bills::{Bill, bills};
use afford::report::loaded::Loaded;
use afford::spec::Diagnostic;
use std::process::Command;

/// What DeepSeek printed of 27 to 28 February 2025.
const PUBLISHED_COST_USD: f64 = 87_072.0;
const PUBLISHED_REVENUE_USD: f64 = 562_027.0;
const PUBLISHED_MARGIN_PERCENT: f64 = 545.0;

#[test]
fn the_published_day_closes() {
    let loaded = Loaded::load(&Catalog::default(), "deepseek_day").unwrap();
    let all = bills(&loaded).unwrap();
    let [day] = all.as_slice() else { panic!("{} bills", all.len()) };
    assert_eq!(day.pools[0].devices, 226.75 * 8.0);
    assert!((day.usd - PUBLISHED_COST_USD).abs() < 1e-6, "{}", day.usd);
    let revenue = day.revenue_usd.unwrap();
    // 266 x 0.55 + 342 x 0.14 + 168 x 2.19 thousands.
    assert!((revenue - 562_100.0).abs() < 1e-3, "{revenue}");
    // Tokens are printed in whole billions: half of one in each figure is the slack.
    let slack = 0.5 * ((0.55) + (0.55 - 0.14) + 2.19) * 1e3;
    assert!((revenue - PUBLISHED_REVENUE_USD).abs() < slack);
    assert!((revenue / PUBLISHED_REVENUE_USD - 1.0).abs() < 2e-4);
    let margin = |revenue: f64| (revenue - day.usd) / day.usd * 100.0;
    assert_eq!(margin(PUBLISHED_REVENUE_USD).floor(), PUBLISHED_MARGIN_PERCENT);
    assert_eq!(margin(revenue).floor(), PUBLISHED_MARGIN_PERCENT);
    // What tokens have to bring in is what they do bring in, less the margin.
    let prices = day.cost_usd_per_mtok;
    assert!((prices.output / prices.input - 2.19 / 0.55).abs() < 1e-12);
    let brought = day.tokens.times(&prices).sum() / 1e6;
    assert!((brought - PUBLISHED_COST_USD).abs() < 1e-6);
}

fn read(bill: &str) -> Result<Vec<Bill>, Diagnostic> {
    let text = format!(
        "name: any\nmodels: [{{name: step-3}}]\nhardware: [{{name: h800}}, {{name: h20}}]\n\
         contexts_tokens: 8Ki\nfidelity: roofline\n\
         deployments:\n  - {{model: step-3, deployment: 2A2F, attention_hardware: h20, \
         ffn_hardware: h800, batch: 4096}}\n{bill}"
    );
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    bills(&Loaded::load(&Catalog::default(), file.path().to_str().unwrap())?)
}

fn one(bill: &str) -> Bill {
    read(bill).unwrap().remove(0)
}

const TRAFFIC: &str = "traffic: {input_tokens_per_day: 4e10, output_tokens_per_day: 1e10}";

#[test]
fn a_month_by_hand() {
    let bill = one(&format!("bill: {{{TRAFFIC}, utilisation: 0.5}}\n"));
    let uses = bill.uses.unwrap();
    let one = uses.capacity_tokens_per_s / uses.replicas as f64;
    assert_eq!(uses.replicas as f64, (1e10 / 86_400.0 / (one * 0.5)).ceil());
    assert!(uses.utilisation <= 0.5);
    // 16 H20 at $0.80 and 16 H800 at $2, 730 hours.
    let expected = uses.replicas as f64 * 16.0 * (0.8 + 2.0) * 730.0;
    assert!((bill.usd - expected).abs() < 1e-6 * expected, "{} {expected}", bill.usd);
    assert_eq!(bill.cost_usd_per_mtok.input, 0.0);
    let output = bill.usd / (1e10 * 365.0 / 12.0) * 1e6;
    assert!((bill.cost_usd_per_mtok.output - output).abs() < 1e-12);
}

#[test]
fn a_stricter_wait_or_a_higher_peak_needs_no_fewer_devices() {
    let load = |traffic: f64, peak: f64, wait: f64, variation: f64| {
        one(&format!(
            "bill:\n  traffic: {{input_tokens_per_day: 4e9, output_tokens_per_day: {traffic:e}}}\n  \
             load: {{peak_over_mean: {peak}, mean_output_tokens: 1000, mean_wait_ms: {wait}, \
             arrival_variation: {variation}}}\n"
        ))
        .uses
        .unwrap()
    };
    let base = load(5e9, 2.0, 100.0, 1.0);
    // A place is free for the peak on average, so no more than half is used.
    assert!(base.utilisation < 0.5);
    for other in [
        load(1e10, 2.0, 100.0, 1.0),
        load(5e9, 4.0, 100.0, 1.0),
        load(5e9, 2.0, 0.001, 1.0),
        load(5e9, 2.0, 100.0, 50.0),
    ] {
        assert!(other.replicas >= base.replicas);
    }
    assert!(load(1e10, 2.0, 100.0, 1.0).replicas > base.replicas);
}

#[test]
fn each_pool_has_its_own_price_basis() {
    let owned = "{basis: owned, date: 2026-01, source: a quote, owned: {device_usd: 30000, \
                 network_usd: 5040, life_years: 4, power_w: 1000, pue: 1.25, usd_per_kwh: 0.08, \
                 hosting_usd_per_month: 73}}";
    let bill = one(&format!(
        "bill:\n  {TRAFFIC}\n  prices:\n    - {{hardware: h800, pool: ffn, price: {owned}}}\n    \
         - {{hardware: h20, price: {{basis: reserved, usd_per_hour: 0.5, date: 2026-02, source: an offer}}}}\n"
    ));
    let prices: Vec<(f64, &str)> = bill
        .pools
        .iter()
        .map(|pool| (pool.price.rate.usd_per_hour(), pool.price.basis.name()))
        .collect();
    assert_eq!(prices[0], (0.5, "reserved"));
    assert!((prices[1].0 - 1.2).abs() < 1e-12 && prices[1].1 == "owned", "{prices:?}");
    assert_eq!(
        (bill.pools[1].price.date.as_str(), bill.pools[1].price.source.as_str()),
        ("2026-01", "a quote")
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (bill, expected) in [
        ("", "has no `bill`"),
        (
            "bill: {traffic: {input_tokens_per_day: 1, cached_input_tokens_per_day: 2, output_tokens_per_day: 1}}\n",
            "more input is cached",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1, output_tokens_per_day: 1}, utilisation: 1.5}\n",
            "a share, at most 1",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1, output_tokens_per_day: 1}, split: list_prices}\n",
            "no list prices to split by",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1, output_tokens_per_day: 1}, utilisation: 0.5, \
          load: {peak_over_mean: 2, mean_output_tokens: 100, mean_wait_ms: 1}}\n",
            "either `utilisation` or `load`",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1, output_tokens_per_day: 1}, \
          prices: [{hardware: h800, price: {basis: reserved}}]}\n",
            "has no price reserved",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1, output_tokens_per_day: 1}, \
          prices: [{hardware: h800, price: {basis: reserved, usd_per_hour: 1}}]}\n",
            "has a `date` and a `source`",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1, output_tokens_per_day: 1}, \
          fleet: [{name: x, hardware: h900, devices: 1}]}\n",
            "the scenario has no hardware `h900`",
        ),
        (
            "bill: {traffic: {input_tokens_per_day: 1e12, output_tokens_per_day: 1e12}, \
          load: {peak_over_mean: 1000, mean_output_tokens: 100, mean_wait_ms: 1}}\n",
            "can carry the load",
        ),
    ] {
        let complaint = read(bill).unwrap_err();
        assert!(complaint.message.contains(expected), "{bill}: {complaint}");
        assert!(complaint.origin.is_some(), "{bill}");
    }
}

/// A profile's own price may be that of a device that is owned: then every command takes it.
#[test]
fn a_profile_may_own_its_devices() {
    let folder = tempfile::tempdir().unwrap();
    let profile = |price: &str| {
        let path = folder.path().join("mine.yaml");
        let text = format!(
            "name: mine\nextends: h800\nsources: {{q: a quote}}\n\
             prices: [{{basis: owned, date: 2026-01, source: q, {price}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        Catalog::default().hardware(path.to_str().unwrap())
    };
    let owned = "owned: {device_usd: 30000, network_usd: 5040, life_years: 4, power_w: 1000, \
                 pue: 1.25, usd_per_kwh: 0.08, hosting_usd_per_month: 73}";
    let price = profile(owned).unwrap().price().unwrap().rate.usd_per_hour();
    assert!((price - 1.2).abs() < 1e-12, "{price}");
    for (price, expected) in [
        (
            "usd_per_hour: 1, owned: {device_usd: 1, life_years: 1, power_w: 1, usd_per_kwh: 1}",
            "either",
        ),
        ("usd_per_hour: 0", "greater than zero"),
        (
            "owned: {device_usd: 1, life_years: 1, power_w: 1, usd_per_kwh: 1, pue: 0.5}",
            "`pue` is at least 1",
        ),
        (
            "owned: {device_usd: 1, life_years: 1, power_w: 1, usd_per_kwh: 1, availability: 2}",
            "at most 1",
        ),
        (
            "owned: {device_usd: 1, life_years: 1, power_w: 1, usd_per_kwh: 1, residual_share: 1}",
            "less than 1",
        ),
    ] {
        let complaint = profile(price).unwrap_err();
        assert!(complaint.message.contains(expected) && complaint.origin.is_some(), "{complaint}");
    }
}

#[test]
fn the_command_has_every_form() {
    for format in ["table", "csv", "json", "markdown"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
        let output = program.args(["bill", "deepseek_day", "--format", format]).output().unwrap();
        assert!(output.status.success());
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains("87072") && shown.contains("562100"), "{shown}");
    }
}
