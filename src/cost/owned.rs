//! What an hour of a device costs that is owned and not rented.
//!
//! The purchase is an annuity: with C paid at the start for the device and its share of the
//! network, R left when it is sold after n years, and capital at r a year,
//!
//! ```text
//! capital per year = (C - R (1 + r)^-n) r / (1 - (1 + r)^-n)        (C - R) / n  where r = 0
//! $ per hour       = (capital per year + 12 hosting) / (8760 availability) + W PUE $/kWh
//! ```
//!
//! Capital and hosting are paid also when the device is down; power is drawn when it is up.

use crate::units::UsdPerSecond;

/// Hours of a year of 365 days.
pub const HOURS_PER_YEAR: f64 = 8760.0;
/// Days of a month, a twelfth of a year of 365 days.
pub const DAYS_PER_MONTH: f64 = 365.0 / 12.0;

/// One device that is owned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Owned {
    /// Price of the device with its share of the server, in US dollars.
    pub device_usd: f64,
    /// Price of its share of the network.
    pub network_usd: f64,
    /// Share of both that is left at the end.
    pub residual_share: f64,
    /// Years of use.
    pub life_years: f64,
    /// Cost of capital, as a share per year.
    pub capital_per_year: f64,
    /// Power drawn by the device and its share of the server, in watts.
    pub power_w: f64,
    /// Power of the building over power of its computers.
    pub pue: f64,
    /// Price of electricity.
    pub usd_per_kwh: f64,
    /// Space, staff, spares.
    pub hosting_usd_per_month: f64,
    /// Share of the hours in which the device can be used.
    pub availability: f64,
}

/// The parts of an hour's cost, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnedHour {
    /// Depreciation and interest.
    pub capital: f64,
    /// Electricity.
    pub power: f64,
    /// Hosting.
    pub hosting: f64,
}

impl Owned {
    /// What an hour of use costs, by part.
    #[must_use]
    pub fn hour(&self) -> OwnedHour {
        let paid = self.device_usd + self.network_usd;
        let left = paid * self.residual_share;
        let used = HOURS_PER_YEAR * self.availability;
        OwnedHour {
            capital: annuity(paid, left, self.life_years, self.capital_per_year) / used,
            power: self.power_w / 1e3 * self.pue * self.usd_per_kwh,
            hosting: self.hosting_usd_per_month * 12.0 / used,
        }
    }

    /// All of it, as a price.
    #[must_use]
    pub fn price(&self) -> UsdPerSecond {
        let hour = self.hour();
        UsdPerSecond::from_usd_per_hour(hour.capital + hour.power + hour.hosting)
    }
}

/// What a purchase costs per year, paid at each year's end.
fn annuity(paid: f64, left: f64, years: f64, rate: f64) -> f64 {
    // At a rate near zero the form below is 0 / 0, and its limit is the straight line.
    const NO_RATE: f64 = 1e-9;
    if rate < NO_RATE {
        return (paid - left) / years;
    }
    let discount = (1.0 + rate).powf(-years);
    (paid - left * discount) * rate / (1.0 - discount)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Owned = Owned {
        device_usd: 30_000.0,
        network_usd: 5_040.0,
        residual_share: 0.0,
        life_years: 4.0,
        capital_per_year: 0.0,
        power_w: 1000.0,
        pue: 1.25,
        usd_per_kwh: 0.08,
        hosting_usd_per_month: 73.0,
        availability: 1.0,
    };

    #[test]
    fn an_hour_by_hand() {
        // 35,040 $ over 4 x 8,760 hours; 1.25 kW at 8 cents; 876 $ a year.
        let hour = DEVICE.hour();
        assert!((hour.capital - 1.0).abs() < 1e-12);
        assert!((hour.power - 0.1).abs() < 1e-12);
        assert!((hour.hosting - 0.1).abs() < 1e-12);
        let down = Owned { availability: 0.5, ..DEVICE }.hour();
        assert!((down.capital - 2.0).abs() < 1e-12 && (down.power - 0.1).abs() < 1e-12);
    }

    /// A loan of 1,000 over 2 years at 10 % is paid back with 576.19 a year; a tenth that is left
    /// saves 100 / 2.1.
    #[test]
    fn annuities_as_in_tables() {
        assert!((annuity(1000.0, 0.0, 2.0, 0.1) - 576.190_476).abs() < 1e-6);
        assert!((annuity(1000.0, 100.0, 2.0, 0.1) - (576.190_476 - 100.0 / 2.1)).abs() < 1e-6);
        let near = annuity(1000.0, 100.0, 5.0, 1e-8);
        assert!((near - annuity(1000.0, 100.0, 5.0, 0.0)).abs() < 1e-4, "{near}");
    }
}
