//! The `bill` of a scenario: which devices are paid for and at which price, the traffic they
//! serve, and who bears the cost.

use super::date::Date;
use super::de::At;
use super::quantity::Positive;
use super::source::Diagnostic;
use crate::cost::bill::{PerKind, Split};
use crate::cost::ledger::Pool;
use crate::cost::owned::{DAYS_PER_MONTH, Owned};
use crate::cost::queue::Stream;
use crate::machine::hardware::{Hardware, Price, PriceBasis};
use crate::units::UsdPerSecond;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a period costs and brings in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillSpec {
    /// Days that the bill is for; a month, 365/12, if left out.
    pub days: Option<Positive>,
    /// Devices that are paid for; the scenario's deployments, as many as the traffic needs, if
    /// left out.
    #[serde(default)]
    pub fleet: Vec<FleetSpec>,
    /// Prices of the deployments' pools that are not the profile's first.
    #[serde(default)]
    pub prices: Vec<PoolPriceSpec>,
    /// Tokens per day.
    pub traffic: TrafficSpec,
    /// Share of a deployment's capacity that the traffic may use on average.
    pub utilisation: Option<At<Positive>>,
    /// How the traffic comes; stands in for `utilisation`.
    pub load: Option<LoadSpec>,
    /// What tokens are sold at.
    pub list_prices_usd_per_mtok: Option<KindsSpec>,
    /// Who bears the cost; `output` if left out.
    pub split: Option<At<SplitSpec>>,
}

/// Devices that are paid for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FleetSpec {
    /// What tables call them.
    pub name: String,
    /// Hardware of the scenario.
    pub hardware: At<String>,
    /// How many, on average over the period.
    pub devices: Positive,
    /// Their price, if not the profile's first.
    pub price: Option<At<PriceChoiceSpec>>,
}

/// The price of a hardware in deployments, or in one pool of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolPriceSpec {
    /// Hardware of the scenario.
    pub hardware: At<String>,
    /// In this pool only.
    pub pool: Option<Pool>,
    /// The price.
    pub price: At<PriceChoiceSpec>,
}

/// A price of the profile by its basis, or one of its own with date and source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceChoiceSpec {
    /// The profile's first price of this basis, or what the price of its own is.
    pub basis: PriceBasis,
    /// A price of its own, per device and hour.
    pub usd_per_hour: Option<Positive>,
    /// What a device costs that is owned.
    pub owned: Option<OwnedSpec>,
    /// When a price of its own was asked.
    pub date: Option<Date>,
    /// Who says so.
    pub source: Option<String>,
}

/// One device that is owned.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnedSpec {
    /// Price of the device with its share of the server.
    pub device_usd: Positive,
    /// Price of its share of the network.
    pub network_usd: Option<Positive>,
    /// Share of both that is left at the end; nothing if left out.
    pub residual_share: Option<Positive>,
    /// Years of use.
    pub life_years: Positive,
    /// Cost of capital per year; none if left out.
    pub capital_percent_per_year: Option<Positive>,
    /// Power drawn by the device and its share of the server.
    pub power_w: Positive,
    /// Power of the building over power of its computers; 1 if left out.
    pub pue: Option<Positive>,
    /// Price of electricity.
    pub usd_per_kwh: Positive,
    /// Space, staff, spares; nothing if left out.
    pub hosting_usd_per_month: Option<Positive>,
    /// Share of the hours in which the device can be used; 1 if left out.
    pub availability: Option<Positive>,
}

/// Tokens per day.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficSpec {
    /// Prompt tokens, those with a cache included.
    pub input_tokens_per_day: Positive,
    /// Prompt tokens whose cache is still there; none if left out.
    pub cached_input_tokens_per_day: Option<At<Positive>>,
    /// Tokens generated.
    pub output_tokens_per_day: Positive,
}

/// How requests come and how long they may wait: Erlang's C formula with Allen and Cunneen's factor.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadSpec {
    /// Traffic of the busiest hours over the mean; at least 1.
    pub peak_over_mean: Positive,
    /// Output tokens of a request.
    pub mean_output_tokens: Positive,
    /// Longest mean wait for a place in a running batch, in the busiest hours.
    pub mean_wait_ms: Positive,
    /// Variance over squared mean of the times between arrivals; 1, Poisson, if left out.
    pub arrival_variation: Option<Positive>,
    /// Variance over squared mean of the output lengths; 1, exponential, if left out.
    pub length_variation: Option<Positive>,
}

/// US dollars per million tokens, or weights, by kind of token.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindsSpec {
    /// Prompt tokens that have to be computed.
    pub input: Positive,
    /// Prompt tokens whose cache is still there; as `input` if left out.
    pub cached_input: Option<Positive>,
    /// Tokens generated.
    pub output: Positive,
}

/// Who bears the cost.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitSpec {
    /// Output tokens bear all of it.
    Output,
    /// Every token bears the same.
    Tokens,
    /// Tokens bear it in proportion to the list prices.
    ListPrices,
    /// Tokens bear it in proportion to these weights.
    Weights(KindsSpec),
}

impl KindsSpec {
    const fn amounts(&self) -> PerKind {
        let cached = match self.cached_input {
            Some(cached) => cached.0,
            None => self.input.0,
        };
        PerKind { input: self.input.0, cached_input: cached, output: self.output.0 }
    }
}

impl BillSpec {
    /// Days that the bill is for.
    #[must_use]
    pub fn days(&self) -> f64 {
        self.days.map_or(DAYS_PER_MONTH, |days| days.0)
    }

    /// Tokens of the period.
    ///
    /// # Errors
    /// If more of the input is cached than there is.
    pub fn tokens(&self) -> Result<PerKind, Diagnostic> {
        let traffic = &self.traffic;
        let (all, output) = (traffic.input_tokens_per_day.0, traffic.output_tokens_per_day.0);
        let cached = traffic.cached_input_tokens_per_day.as_ref();
        let cached_input = cached.map_or(0.0, |tokens| tokens.value.0);
        if let Some(cached) = cached.filter(|_| cached_input > all) {
            return Err(cached
                .complain("more input is cached than there is")
                .help("`input_tokens_per_day` counts the cached ones too"));
        }
        Ok(PerKind { input: all - cached_input, cached_input, output }.scaled(self.days()))
    }

    /// What tokens are sold at.
    #[must_use]
    pub fn list_prices(&self) -> Option<PerKind> {
        self.list_prices_usd_per_mtok.as_ref().map(KindsSpec::amounts)
    }

    /// Who bears the cost.
    ///
    /// # Errors
    /// If list prices are to say so and there are none.
    pub fn split(&self) -> Result<Split, Diagnostic> {
        let Some(split) = &self.split else { return Ok(Split::Output) };
        Ok(match split.value {
            SplitSpec::Output => Split::Output,
            SplitSpec::Tokens => Split::Tokens,
            SplitSpec::Weights(weights) => Split::Weights(weights.amounts()),
            SplitSpec::ListPrices => Split::Weights(self.list_prices().ok_or_else(|| {
                split
                    .complain("there are no list prices to split by")
                    .help("add list_prices_usd_per_mtok: {input: 0.55, output: 2.19}")
            })?),
        })
    }

    /// The requests of the busiest hours, each of which holds its place for so long per token.
    #[must_use]
    pub fn stream(&self, load: &LoadSpec, tpot_s: f64) -> Stream {
        let requests = self.traffic.output_tokens_per_day.0 / load.mean_output_tokens.0;
        Stream {
            arrivals_per_s: requests / SECONDS_PER_DAY * load.peak_over_mean.0.max(1.0),
            service_s: load.mean_output_tokens.0 * tpot_s,
            arrival_variation: load.arrival_variation.map_or(1.0, |v| v.0),
            service_variation: load.length_variation.map_or(1.0, |v| v.0),
        }
    }
}

/// Seconds of a day.
pub const SECONDS_PER_DAY: f64 = 86_400.0;

impl PriceChoiceSpec {
    /// The price that is meant.
    ///
    /// # Errors
    /// If the profile has none of the basis, or a price of its own is not dated and sourced.
    pub fn price(&self, hardware: &Hardware, at: &At<Self>) -> Result<Price, Diagnostic> {
        let rate = match (&self.usd_per_hour, &self.owned) {
            (Some(_), Some(_)) => {
                return Err(at.complain("a price is either `usd_per_hour` or `owned`"));
            }
            (Some(usd), None) => UsdPerSecond::from_usd_per_hour(usd.0),
            (None, Some(owned)) => owned.checked(at)?.price(),
            (None, None) => return self.of_profile(hardware, at),
        };
        let (Some(date), Some(source)) = (&self.date, &self.source) else {
            return Err(at
                .complain("a price of one's own has a `date` and a `source`")
                .help("add date: 2026-01, source: who says so"));
        };
        if self.owned.is_some() && self.basis != PriceBasis::Owned {
            return Err(at.complain("the basis of what is owned is `owned`"));
        }
        Ok(Price { rate, basis: self.basis, date: date.0.clone(), source: source.clone() })
    }

    fn of_profile(&self, hardware: &Hardware, at: &At<Self>) -> Result<Price, Diagnostic> {
        let found = hardware.prices.iter().find(|price| price.basis == self.basis);
        found.cloned().ok_or_else(|| {
            let basis = self.basis.name();
            at.complain(format!("the hardware `{}` has no price {basis}", hardware.name))
                .help("give one: {basis: reserved, usd_per_hour: 1.5, date: 2026-01, source: ...}")
        })
    }
}

impl OwnedSpec {
    /// The device, with what is left out filled in.
    ///
    /// # Errors
    /// If a share is more than 1, or the PUE less.
    pub fn checked<T>(&self, at: &At<T>) -> Result<Owned, Diagnostic> {
        let or = |value: Option<Positive>, neutral: f64| value.map_or(neutral, |v| v.0);
        let owned = Owned {
            device_usd: self.device_usd.0,
            network_usd: or(self.network_usd, 0.0),
            residual_share: or(self.residual_share, 0.0),
            life_years: self.life_years.0,
            capital_per_year: or(self.capital_percent_per_year, 0.0) / 100.0,
            power_w: self.power_w.0,
            pue: or(self.pue, 1.0),
            usd_per_kwh: self.usd_per_kwh.0,
            hosting_usd_per_month: or(self.hosting_usd_per_month, 0.0),
            availability: or(self.availability, 1.0),
        };
        let wrong = |message: &str| Err(at.complain(message));
        match owned {
            _ if owned.residual_share >= 1.0 => wrong("`residual_share` must be less than 1"),
            _ if !(0.01..=1.0).contains(&owned.availability) => {
                wrong("`availability` is a share, at least 0.01 and at most 1")
            }
            _ if owned.pue < 1.0 => wrong("`pue` is at least 1"),
            _ if !(0.1..=100.0).contains(&owned.life_years) => {
                wrong("`life_years` must be from 0.1 to 100")
            }
            _ if owned.capital_per_year > 10.0 => {
                wrong("`capital_percent_per_year` must be at most 1000")
            }
            _ => Ok(owned),
        }
    }
}
