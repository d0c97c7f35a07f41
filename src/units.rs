//! Physical and monetary units as types.
//!
//! Every quantity that crosses a module boundary is one of these newtypes over `f64`, so that
//! bytes cannot be added to FLOPs and a rate cannot be mistaken for an amount. Only the products
//! and quotients that make sense exist; a raw number leaves through the accessor that names its
//! unit (`Bytes::bytes`, `Seconds::us`, ...).
//!
//! This file knows arithmetic and nothing else: no model, no hardware, no formatting.

use std::ops::{Add, AddAssign, Div, Mul, Sub};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $new:ident, $get:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(f64);

        impl $name {
            /// No amount at all.
            pub const ZERO: Self = Self(0.0);

            /// Wraps a raw number that is already in this unit.
            #[must_use]
            pub const fn $new(value: f64) -> Self {
                Self(value)
            }

            /// The raw number in this unit.
            #[must_use]
            pub const fn $get(self) -> f64 {
                self.0
            }

            /// The larger of the two.
            #[must_use]
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }

            /// The smaller of the two.
            #[must_use]
            pub fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }

        impl Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 {
                self.0 / other.0
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }
    };
}

/// `a * b = c`, with both orders of the product and both quotients.
macro_rules! product {
    ($a:ident * $b:ident = $c:ident) => {
        impl Mul<$b> for $a {
            type Output = $c;
            fn mul(self, other: $b) -> $c {
                $c(self.0 * other.0)
            }
        }

        impl Mul<$a> for $b {
            type Output = $c;
            fn mul(self, other: $a) -> $c {
                $c(self.0 * other.0)
            }
        }

        impl Div<$a> for $c {
            type Output = $b;
            fn div(self, other: $a) -> $b {
                $b(self.0 / other.0)
            }
        }

        impl Div<$b> for $c {
            type Output = $a;
            fn div(self, other: $b) -> $a {
                $a(self.0 / other.0)
            }
        }
    };
}

unit!(
    /// An amount of data, in bytes (8 bits).
    Bytes, new, bytes
);
unit!(
    /// An amount of arithmetic. One multiply-add is two FLOPs.
    Flops, new, flops
);
unit!(
    /// A length of time, in seconds.
    Seconds, new, seconds
);
unit!(
    /// A rate of arithmetic, in FLOPs per second.
    FlopsPerSecond, new, flops_per_second
);
unit!(
    /// A rate of data, in bytes per second.
    BytesPerSecond, new, bytes_per_second
);
unit!(
    /// FLOPs done for each byte moved: the arithmetic intensity of work, the ridge point of a chip.
    FlopsPerByte, new, flops_per_byte
);
unit!(
    /// An amount of money, in US dollars.
    Usd, new, usd
);
unit!(
    /// A price of time, in US dollars per second (made from a price per hour).
    UsdPerSecond, new, usd_per_second
);
unit!(
    /// The price of one FLOP on a chip that runs at its peak (paper, Table 5).
    UsdPerFlop, new, usd_per_flop
);
unit!(
    /// The price of one byte read on a chip that runs at its peak bandwidth (paper, Table 5).
    UsdPerByte, new, usd_per_byte
);

product!(FlopsPerSecond * Seconds = Flops);
product!(BytesPerSecond * Seconds = Bytes);
product!(FlopsPerByte * Bytes = Flops);
product!(FlopsPerByte * BytesPerSecond = FlopsPerSecond);
product!(UsdPerSecond * Seconds = Usd);
product!(UsdPerFlop * Flops = Usd);
product!(UsdPerByte * Bytes = Usd);
product!(UsdPerFlop * FlopsPerSecond = UsdPerSecond);
product!(UsdPerByte * BytesPerSecond = UsdPerSecond);

/// Seconds in an hour.
const SECONDS_PER_HOUR: f64 = 3600.0;
/// Tokens that a quoted price is for.
pub const TOKENS_PER_MTOK: f64 = 1e6;

impl UsdPerSecond {
    /// From the price of one device for one hour.
    #[must_use]
    pub const fn from_usd_per_hour(usd: f64) -> Self {
        Self(usd / SECONDS_PER_HOUR)
    }

    /// The price of one hour.
    #[must_use]
    pub const fn usd_per_hour(self) -> f64 {
        self.0 * SECONDS_PER_HOUR
    }
}

impl Usd {
    /// The price of a million tokens, where `self` is the price of one.
    #[must_use]
    pub const fn per_mtok(self) -> f64 {
        self.0 * TOKENS_PER_MTOK
    }
}

impl Seconds {
    /// From milliseconds.
    #[must_use]
    pub const fn from_ms(ms: f64) -> Self {
        Self(ms / 1e3)
    }

    /// In milliseconds.
    #[must_use]
    pub const fn ms(self) -> f64 {
        self.0 * 1e3
    }

    /// In microseconds.
    #[must_use]
    pub const fn us(self) -> f64 {
        self.0 * 1e6
    }
}

impl BytesPerSecond {
    /// From GB/s, where GB is 1e9 bytes.
    #[must_use]
    pub const fn from_gb_per_s(gb: f64) -> Self {
        Self(gb * 1e9)
    }

    /// From Gbit/s (1e9 bits), as network cards are sold.
    #[must_use]
    pub const fn from_gbit_per_s(gbit: f64) -> Self {
        Self(gbit * 1e9 / 8.0)
    }

    /// In GB/s, where GB is 1e9 bytes.
    #[must_use]
    pub const fn gb_per_s(self) -> f64 {
        self.0 / 1e9
    }
}

impl FlopsPerSecond {
    /// From TFLOPS (1e12 FLOPs per second).
    #[must_use]
    pub const fn from_tflops(tflops: f64) -> Self {
        Self(tflops * 1e12)
    }

    /// In TFLOPS.
    #[must_use]
    pub const fn tflops(self) -> f64 {
        self.0 / 1e12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_quotients_agree() {
        let rate = FlopsPerSecond::from_tflops(1980.0);
        let time = Seconds::new(2.0);
        assert_eq!((rate * time).flops(), 3.96e15);
        assert_eq!((rate * time) / rate, time);
        assert_eq!((rate * time) / time, rate);
    }

    #[test]
    fn the_paper_s_unit_cost_of_an_h800_flop() {
        // 2 $/h at 1.98e15 FLOP/s, worked by hand: 2 / 3600 / 1.98e15 = 2.8058e-19.
        let unit = UsdPerSecond::from_usd_per_hour(2.0) / FlopsPerSecond::new(1.98e15);
        assert!((unit.usd_per_flop() - 2.805_836e-19).abs() < 1e-24);
    }

    #[test]
    fn a_nic_in_bits_is_a_link_in_bytes() {
        assert_eq!(BytesPerSecond::from_gbit_per_s(400.0).gb_per_s(), 50.0);
    }
}
