//! A checked hardware profile. What its maker or a measurement says is there with its source;
//! what nobody says is absent, and asking for it is an error that names it.

use super::calibration::Calibration;
use crate::units::{Bytes, BytesPerSecond, FlopsPerByte, FlopsPerSecond, UsdPerSecond};
use crate::work::dtype::Dtype;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a figure came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The maker's figure, or one that repeats it.
    #[default]
    Datasheet,
    /// Measured on the device.
    Measured,
    /// Fitted to measurements.
    Fitted,
    /// Taken for want of a figure.
    Assumed,
}

impl Provenance {
    /// The word for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Datasheet => "datasheet",
            Self::Measured => "measured",
            Self::Fitted => "fitted",
            Self::Assumed => "assumed",
        }
    }
}

/// What kind of price a price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceBasis {
    /// Rented by the hour.
    OnDemand,
    /// Rented for months or years.
    Reserved,
    /// Owned: depreciation, power, hosting and capital.
    Owned,
    /// Estimated by analogy, as the Step-3 paper does for the 910B.
    Estimated,
    /// Given for one run; no profile holds it.
    #[serde(skip)]
    Given,
}

impl PriceBasis {
    /// The words for it in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on demand",
            Self::Reserved => "reserved",
            Self::Owned => "owned",
            Self::Estimated => "estimated",
            Self::Given => "given",
        }
    }

    /// The word for it in files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::OnDemand => "on_demand",
            Self::Reserved => "reserved",
            Self::Owned => "owned",
            Self::Estimated => "estimated",
            Self::Given => "given",
        }
    }
}

/// A figure or block of figures with who says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced<T> {
    /// The figures.
    pub value: T,
    /// How they came about.
    pub provenance: Provenance,
    /// Who says so.
    pub source: String,
}

/// Dense peak rates by number format.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Compute {
    /// BF16 and FP16.
    pub bf16: Option<FlopsPerSecond>,
    /// FP8.
    pub fp8: Option<FlopsPerSecond>,
    /// INT8.
    pub int8: Option<FlopsPerSecond>,
    /// FP4.
    pub fp4: Option<FlopsPerSecond>,
}

/// Device memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// Capacity.
    pub capacity: Option<Bytes>,
    /// Bandwidth.
    pub bandwidth: Option<BytesPerSecond>,
}

/// A link, in one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// One device's share of the scale-up fabric, or one network card.
    pub bandwidth: BytesPerSecond,
    /// Devices in the scale-up domain, or network cards in a server.
    pub count: Option<u64>,
}

/// A dated price of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// US dollars per device and second.
    pub rate: UsdPerSecond,
    /// What kind of price it is.
    pub basis: PriceBasis,
    /// Month or day.
    pub date: String,
    /// Who asked it.
    pub source: String,
}

impl Price {
    /// Its month, counted from the year zero, if its date says one.
    #[must_use]
    pub fn month(&self) -> Option<u32> {
        let mut parts = self.date.split('-').map(str::parse::<u32>);
        Some(parts.next()?.ok()? * 12 + parts.next()?.ok()?)
    }
}

/// A checked hardware profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Hardware {
    /// Short name, as on the command line.
    pub name: String,
    /// Name for tables and plots.
    pub title: String,
    /// Who makes it.
    pub vendor: Option<String>,
    /// Accelerators in one server.
    pub devices_per_server: Option<u64>,
    /// Peak rates.
    pub compute: Option<Sourced<Compute>>,
    /// Streaming multiprocessors, or what else runs one tile at a time.
    pub multiprocessors: Option<Sourced<u64>>,
    /// Device memory.
    pub memory: Option<Sourced<Memory>>,
    /// Links inside a server or pod.
    pub scale_up: Option<Sourced<Link>>,
    /// Network cards between servers.
    pub scale_out: Option<Sourced<Link>>,
    /// Thermal design power in watts.
    pub tdp_w: Option<Sourced<f64>>,
    /// Prices, the default first.
    pub prices: Vec<Price>,
    /// What was fitted to measurements on it.
    pub calibration: Calibration,
}

/// A figure that a computation needs and a profile does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the hardware `{hardware}` states no {what}")]
pub struct Unknown {
    /// The profile.
    pub hardware: String,
    /// The figure, with its key.
    pub what: &'static str,
    /// What to do about it.
    pub help: String,
}

/// What an 8-bit product runs as on a device without FP8 units; the bytes stay 8-bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WithoutFp8 {
    /// Widened to BF16, as the paper does for A800 and 910B.
    #[default]
    Bf16,
    /// As INT8 products.
    Int8,
}

/// The rate a computation runs at and the format whose rate that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakRate {
    /// FLOPs per second.
    pub rate: FlopsPerSecond,
    /// `bf16`, `fp8`, `int8` or `fp4`.
    pub format: &'static str,
}

impl Hardware {
    /// The rate of products in a format: FP8 falls back as `without_fp8` says, 4-bit activations
    /// to FP8, and FP32 is refused.
    ///
    /// # Errors
    /// If the profile states no usable rate.
    pub fn peak(&self, dtype: Dtype, without_fp8: WithoutFp8) -> Result<PeakRate, Unknown> {
        let compute = self.compute.as_ref().map(|c| c.value).unwrap_or_default();
        let bf16 = compute.bf16.map(|rate| PeakRate { rate, format: "bf16" });
        let fp8 = compute.fp8.map(|rate| PeakRate { rate, format: "fp8" });
        let int8 = compute.int8.map(|rate| PeakRate { rate, format: "int8" });
        let fp4 = compute.fp4.map(|rate| PeakRate { rate, format: "fp4" });
        let narrow = match without_fp8 {
            WithoutFp8::Bf16 => fp8.or(bf16),
            WithoutFp8::Int8 => fp8.or(int8),
        };
        let (found, what) = match dtype {
            Dtype::Bf16 | Dtype::Fp16 => (bf16, "BF16 rate (`peak_compute.bf16_tflops`)"),
            Dtype::Fp8 => (
                narrow,
                match without_fp8 {
                    WithoutFp8::Bf16 => "FP8 or BF16 rate (`peak_compute.fp8_tflops`)",
                    WithoutFp8::Int8 => "FP8 or INT8 rate (`peak_compute.int8_tops`)",
                },
            ),
            Dtype::Int8 => (int8.or(bf16), "INT8 or BF16 rate (`peak_compute.int8_tops`)"),
            Dtype::Nvfp4 | Dtype::Mxfp4 | Dtype::Int4 => {
                (fp4.or(narrow), "FP4 or FP8 rate (`peak_compute.fp4_tflops`)")
            }
            Dtype::Fp32 => (None, "FP32 rate"),
        };
        found.ok_or_else(|| match dtype {
            Dtype::Fp32 => Unknown {
                hardware: self.name.clone(),
                what,
                help:
                    "profiles have rates of BF16, FP8, INT8 and FP4: choose one of these formats \
                       for the cache or the arithmetic (`--kv-cache`, `--precision`, `--compute`)"
                        .into(),
            },
            _ => self.unknown(what),
        })
    }

    /// Memory bandwidth.
    ///
    /// # Errors
    /// If the profile does not state it.
    pub fn memory_bandwidth(&self) -> Result<BytesPerSecond, Unknown> {
        let memory = self.memory.as_ref();
        let bandwidth = memory.and_then(|m| m.value.bandwidth);
        bandwidth.ok_or_else(|| self.unknown("memory bandwidth (`memory.bandwidth_gb_per_s`)"))
    }

    /// The default price: the profile's first.
    ///
    /// # Errors
    /// If the profile has none.
    pub fn price(&self) -> Result<&Price, Unknown> {
        self.prices.first().ok_or_else(|| Unknown {
            hardware: self.name.clone(),
            what: "price (`prices`)",
            help: format!("give one for this run with `--price {}=USD_PER_HOUR`", self.name),
        })
    }

    /// Memory capacity.
    ///
    /// # Errors
    /// If the profile does not state it.
    pub fn memory_capacity(&self) -> Result<Bytes, Unknown> {
        let capacity = self.memory.as_ref().and_then(|m| m.value.capacity);
        capacity.ok_or_else(|| self.unknown("memory capacity (`memory.capacity_gb`)"))
    }

    /// Scale-up bandwidth of one device in one direction.
    ///
    /// # Errors
    /// If the profile does not state it.
    pub fn scale_up_bandwidth(&self) -> Result<BytesPerSecond, Unknown> {
        let link = self.scale_up.as_ref().map(|s| s.value.bandwidth);
        link.ok_or_else(|| self.unknown("scale-up link (`scale_up`)"))
    }

    /// Devices that reach one another over the scale-up link; 1 where there is no such link.
    ///
    /// # Errors
    /// If the profile has a link and does not state how many it joins.
    pub fn scale_up_devices(&self) -> Result<u64, Unknown> {
        let Some(link) = &self.scale_up else {
            return Ok(1);
        };
        let devices = link.value.count;
        devices
            .ok_or_else(|| self.unknown("size of its scale-up domain (`scale_up.domain_devices`)"))
    }

    /// One device's share of its server's network cards, in one direction.
    ///
    /// # Errors
    /// If the profile does not state cards and devices.
    pub fn device_network(&self) -> Result<BytesPerSecond, Unknown> {
        let devices = self.devices_per_server;
        let devices = devices.ok_or_else(|| self.unknown("`devices_per_server`"))?;
        Ok(self.server_network()? / devices as f64)
    }

    /// Network cards of a whole server, if the profile states them.
    #[must_use]
    pub fn nics_per_server(&self) -> Option<u64> {
        self.scale_out.as_ref().and_then(|s| s.value.count)
    }

    /// Network bandwidth of a whole server in one direction.
    ///
    /// # Errors
    /// If the profile has no network cards.
    pub fn server_network(&self) -> Result<BytesPerSecond, Unknown> {
        let cards = self.scale_out.as_ref().map(|s| s.value);
        let server = cards.and_then(|c| c.count.map(|n| c.bandwidth * n as f64));
        server.ok_or_else(|| self.unknown("network cards (`scale_out`)"))
    }

    /// Ridge point: the arithmetic intensity from which on work is bound by compute.
    ///
    /// # Errors
    /// If a rate is unknown.
    pub fn ridge(&self, dtype: Dtype, without_fp8: WithoutFp8) -> Result<FlopsPerByte, Unknown> {
        Ok(self.peak(dtype, without_fp8)?.rate / self.memory_bandwidth()?)
    }

    fn unknown(&self, what: &'static str) -> Unknown {
        Unknown {
            hardware: self.name.clone(),
            what,
            help: "copy the profile, add the figure with its source, and name the copy".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_format_that_no_profile_rates_has_another_remedy_than_a_missing_figure() {
        let h800 = Catalog::default().hardware("h800").unwrap();
        let wide = h800.peak(Dtype::Fp32, WithoutFp8::Bf16).unwrap_err();
        assert_eq!(wide.to_string(), "the hardware `h800` states no FP32 rate");
        assert!(wide.help.contains("choose one of these formats"), "{}", wide.help);
        let ascend = Catalog::default().hardware("ascend-910b").unwrap();
        let missing = ascend.peak(Dtype::Fp8, WithoutFp8::Int8).unwrap_err();
        assert!(missing.help.contains("add the figure"), "{}", missing.help);
    }
}
