//! The options that name hardware of both sides and its prices. Shared by `cost`, `pareto` and
//! `plan`.

use super::axes::{distinct, each, refused, tell_apart};
use crate::catalog::Catalog;
use crate::machine::hardware::{Hardware, Price, PriceBasis};
use crate::spec::Diagnostic;
use crate::spec::quantity::Positive;
use crate::spec::source::{all_of, did_you_mean};
use crate::units::UsdPerSecond;
use clap::Args;

/// Hardware of the attention and the FFN side.
#[derive(Debug, Args)]
pub struct Sides {
    /// Hardware for attention and FFN, by name or path, separated by commas
    #[arg(long, short = 'H', value_name = "HARDWARE", value_delimiter = ',')]
    hardware: Vec<String>,
    /// Hardware for attention only
    #[arg(long, value_name = "HARDWARE", value_delimiter = ',')]
    attention_hardware: Vec<String>,
    /// Hardware for the FFN only
    #[arg(long, value_name = "HARDWARE", value_delimiter = ',')]
    ffn_hardware: Vec<String>,
    /// Price of a hardware for this run, as NAME=USD_PER_HOUR
    #[arg(long, value_name = "NAME=USD")]
    price: Vec<String>,
}

impl Sides {
    /// Whether hardware is named for both sides.
    pub(super) fn are_named(&self) -> bool {
        !self.hardware.is_empty()
            || (!self.attention_hardware.is_empty() && !self.ffn_hardware.is_empty())
    }

    /// Hardware of the attention and of the FFN side, or `base` for a side that none is named for,
    /// at this run's prices.
    ///
    /// # Errors
    /// The first name or price that cannot be meant, or a side without hardware.
    pub(super) fn load(
        &self,
        catalog: &Catalog,
        base: Option<&[Hardware]>,
    ) -> Result<[Vec<Hardware>; 2], Diagnostic> {
        let side = |own: &[String], option: &str| match (own.is_empty(), self.hardware.is_empty()) {
            (false, _) => load(catalog, own, option),
            (true, false) => load(catalog, &self.hardware, "--hardware"),
            (true, true) => base.map(<[Hardware]>::to_vec).ok_or_else(|| nothing_named(option)),
        };
        let mut attention = side(&self.attention_hardware, "--attention-hardware")?;
        let mut ffn = side(&self.ffn_hardware, "--ffn-hardware")?;
        set_prices(&self.price, attention.iter_mut().chain(&mut ffn))?;
        Ok([attention, ffn])
    }
}

fn load(catalog: &Catalog, names: &[String], option: &str) -> Result<Vec<Hardware>, Diagnostic> {
    let names = distinct(names);
    let mut all = each(&names, option, |name| catalog.hardware(name))?;
    tell_apart(&names, &mut all, |hardware| &mut hardware.name);
    Ok(all)
}

fn nothing_named(option: &str) -> Diagnostic {
    Diagnostic::new(format!("no hardware is named for this side: {option} is missing"))
        .help("write --hardware h20,h800, or --attention-hardware h20 --ffn-hardware h800")
}

/// Puts the prices of this run, given as NAME=USD_PER_HOUR, before those of the profiles.
pub(super) fn set_prices<'a>(
    prices: &[String],
    hardware: impl Iterator<Item = &'a mut Hardware>,
) -> Result<(), Diagnostic> {
    let mut all: Vec<&mut Hardware> = hardware.collect();
    for text in prices {
        let wrong = |message: &str| refused("--price", text, 0..text.len(), message);
        let (name, usd) = text
            .split_once('=')
            .ok_or_else(|| wrong("a price is NAME=USD_PER_HOUR\nwrite --price h20=0.80"))?;
        let usd: f64 =
            usd.parse().map_err(|_| wrong("the price is no number\nwrite --price h20=0.80"))?;
        let usd = Positive::new(usd).map_err(|m| wrong(&format!("the price {m}")))?;
        let price = Price {
            rate: UsdPerSecond::from_usd_per_hour(usd.0),
            basis: PriceBasis::Given,
            date: "this run".to_owned(),
            source: "--price".to_owned(),
        };
        let mut found = false;
        for hardware in all.iter_mut().filter(|hw| hw.name == name) {
            hardware.prices.insert(0, price.clone());
            found = true;
        }
        if !found {
            let names: Vec<&str> = all.iter().map(|hw| hw.name.as_str()).collect();
            let names = distinct(&names);
            let right = match did_you_mean(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("this run has {}", all_of(&names)),
            };
            return Err(wrong(&format!("no hardware of this run is called `{name}`\n{right}")));
        }
    }
    Ok(())
}
