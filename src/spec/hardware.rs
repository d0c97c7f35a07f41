//! Hardware profiles: the YAML of `hw_profiles/` as written, and its way to a checked
//! [`machine::Hardware`](crate::machine::hardware::Hardware).
//!
//! Every block of figures names its source. A figure that is left out is unknown, and stays so.

use super::calibration::FitSpec;
use super::date::{Date, Year};
use super::de::{At, from_node};
use super::node::Node;
use super::quantity::{Count, Positive};
use super::source::{Diagnostic, all_of, did_you_mean};
use crate::machine::calibration::{Calibration, Fit};
use crate::machine::hardware::{
    Compute, Hardware, Link, Memory, Price, PriceBasis, Provenance, Sourced,
};
use crate::units::{Bytes, BytesPerSecond, FlopsPerSecond, UsdPerSecond};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// An accelerator: what it can do, what it costs, and who says so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HardwareSpec {
    /// Short name, as on the command line.
    #[schemars(regex(pattern = r"^[a-z0-9_-][a-z0-9._-]{0,63}$"))]
    pub name: At<String>,
    /// Name for tables and plots; the short name if left out.
    pub title: Option<String>,
    /// Who makes it.
    pub vendor: Option<String>,
    /// Year of release.
    pub release_year: Option<Year>,
    /// What a reader should know.
    pub notes: Option<String>,
    /// Accelerators in one server.
    pub devices_per_server: Option<Count>,
    /// Dense peak rates by number format.
    pub peak_compute: Option<ComputeSpec>,
    /// What runs one tile at a time, and how many of them.
    pub multiprocessors: Option<MultiprocessorsSpec>,
    /// Capacity and bandwidth of the device's memory.
    pub memory: Option<MemorySpec>,
    /// Links inside a server or pod: NVLink, UB, ICI, Infinity Fabric.
    pub scale_up: Option<ScaleUpSpec>,
    /// Network cards between servers.
    pub scale_out: Option<ScaleOutSpec>,
    /// Electrical power of a device.
    pub power: Option<PowerSpec>,
    /// Prices, the one to use by default first.
    #[serde(default)]
    pub prices: Vec<PriceSpec>,
    /// Kernels and links as fitted to measurements, the work of `afford calibrate`.
    #[serde(default)]
    pub calibration: Vec<FitSpec>,
    /// The sources that the blocks name, each as text with its date.
    pub sources: IndexMap<String, String>,
}

/// Dense peak rates, without sparsity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComputeSpec {
    /// Peak of BF16 and FP16, in 1e12 FLOPs per second.
    pub bf16_tflops: Option<Positive>,
    /// Peak of FP8, in 1e12 FLOPs per second.
    pub fp8_tflops: Option<Positive>,
    /// Peak of INT8, in 1e12 operations per second.
    pub int8_tops: Option<Positive>,
    /// Peak of FP4 (MXFP4 or NVFP4), in 1e12 FLOPs per second.
    pub fp4_tflops: Option<Positive>,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
    /// How the figures came about; `datasheet` if left out.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Streaming multiprocessors, compute units, cores.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MultiprocessorsSpec {
    /// How many a device has.
    pub count: Count,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
    /// How the figure came about; `datasheet` if left out.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Device memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemorySpec {
    /// Capacity in GB (1e9 bytes).
    pub capacity_gb: Option<Positive>,
    /// Bandwidth in GB/s (1e9 bytes).
    pub bandwidth_gb_per_s: Option<Positive>,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
    /// How the figures came about; `datasheet` if left out.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Links inside a server or pod.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleUpSpec {
    /// Bandwidth of one device in one direction.
    pub bandwidth_gb_per_s_per_direction: Positive,
    /// Devices that reach one another this way.
    pub domain_devices: Option<Count>,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
    /// How the figures came about; `datasheet` if left out.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Network cards between servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleOutSpec {
    /// Rate of one network card in one direction.
    pub nic_gbit_per_s: Positive,
    /// Network cards in one server.
    pub nics_per_server: Count,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
    /// How the figures came about; `datasheet` if left out.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Electrical power.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerSpec {
    /// Thermal design power of one device.
    pub tdp_w: Positive,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
    /// How the figure came about; `datasheet` if left out.
    #[serde(default)]
    pub provenance: Provenance,
}

/// One price of one device for one hour.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceSpec {
    /// US dollars per device and hour.
    pub usd_per_hour: Positive,
    /// What kind of price it is.
    pub basis: PriceBasis,
    /// When it was asked: `2025-07` or `2025-07-25`.
    pub date: Date,
    /// Who says so: a key of the `sources` below.
    pub source: At<String>,
}

impl HardwareSpec {
    /// Reads and checks a hardware profile.
    ///
    /// # Errors
    /// The first complaint, with its place.
    pub fn read(node: &Node) -> Result<Hardware, Diagnostic> {
        let spec: Self = from_node(node)?;
        spec.resolve()
    }

    fn resolve(&self) -> Result<Hardware, Diagnostic> {
        super::check_name(&self.name)?;
        let compute = |c: &ComputeSpec| self.sourced(c.resolve()?, c.provenance, &c.source);
        let processors = |m: &MultiprocessorsSpec| self.sourced(m.count.0, m.provenance, &m.source);
        let memory = |m: &MemorySpec| self.sourced(m.resolve(), m.provenance, &m.source);
        let scale_up = |s: &ScaleUpSpec| self.sourced(s.resolve(), s.provenance, &s.source);
        let scale_out = |s: &ScaleOutSpec| self.sourced(s.resolve(), s.provenance, &s.source);
        let tdp_w = |p: &PowerSpec| self.sourced(p.tdp_w.0, p.provenance, &p.source);
        Ok(Hardware {
            name: self.name.value.clone(),
            title: self.title.clone().unwrap_or_else(|| self.name.value.clone()),
            vendor: self.vendor.clone(),
            devices_per_server: self.devices_per_server.map(|n| n.0),
            compute: self.peak_compute.as_ref().map(compute).transpose()?,
            multiprocessors: self.multiprocessors.as_ref().map(processors).transpose()?,
            memory: self.memory.as_ref().map(memory).transpose()?,
            scale_up: self.scale_up.as_ref().map(scale_up).transpose()?,
            scale_out: self.scale_out.as_ref().map(scale_out).transpose()?,
            tdp_w: self.power.as_ref().map(tdp_w).transpose()?,
            prices: self.prices.iter().map(|p| self.price(p)).collect::<Result<_, _>>()?,
            calibration: Calibration { fits: self.fits()?.into() },
        })
    }

    /// Figures with the text of their source.
    fn sourced<T>(
        &self,
        value: T,
        provenance: Provenance,
        source: &At<String>,
    ) -> Result<Sourced<T>, Diagnostic> {
        Ok(Sourced { value, provenance, source: self.source(source)? })
    }

    fn price(&self, price: &PriceSpec) -> Result<Price, Diagnostic> {
        Ok(Price {
            rate: UsdPerSecond::from_usd_per_hour(price.usd_per_hour.0),
            basis: price.basis,
            date: price.date.0.clone(),
            source: self.source(&price.source)?,
        })
    }

    fn fits(&self) -> Result<Vec<Fit>, Diagnostic> {
        let fit = |fit: &FitSpec| fit.resolve(self.source(&fit.source)?);
        self.calibration.iter().map(fit).collect()
    }

    /// The text behind a source key.
    fn source(&self, key: &At<String>) -> Result<String, Diagnostic> {
        if let Some(text) = self.sources.get(&key.value) {
            return Ok(text.clone());
        }
        let names: Vec<&str> = self.sources.keys().map(String::as_str).collect();
        let complaint =
            key.complain(format!("`source` names `{}`, which `sources` does not have", key.value));
        Err(match did_you_mean(key, names.iter().copied()) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help(format!("the sources of this profile are {}", all_of(&names))),
        })
    }
}

impl ComputeSpec {
    fn resolve(&self) -> Result<Compute, Diagnostic> {
        let rate = |tflops: Option<Positive>| tflops.map(|t| FlopsPerSecond::from_tflops(t.0));
        let compute = Compute {
            bf16: rate(self.bf16_tflops),
            fp8: rate(self.fp8_tflops),
            int8: rate(self.int8_tops),
            fp4: rate(self.fp4_tflops),
        };
        if compute == Compute::default() {
            return Err(self
                .source
                .complain("`peak_compute` states no rate")
                .help("give at least one of bf16_tflops, fp8_tflops, int8_tops, fp4_tflops"));
        }
        Ok(compute)
    }
}

impl MemorySpec {
    fn resolve(&self) -> Memory {
        Memory {
            capacity: self.capacity_gb.map(|gb| Bytes::new(gb.0 * 1e9)),
            bandwidth: self.bandwidth_gb_per_s.map(|gb| BytesPerSecond::from_gb_per_s(gb.0)),
        }
    }
}

impl ScaleUpSpec {
    fn resolve(&self) -> Link {
        Link {
            bandwidth: BytesPerSecond::from_gb_per_s(self.bandwidth_gb_per_s_per_direction.0),
            count: self.domain_devices.map(|n| n.0),
        }
    }
}

impl ScaleOutSpec {
    const fn resolve(&self) -> Link {
        Link {
            bandwidth: BytesPerSecond::from_gbit_per_s(self.nic_gbit_per_s.0),
            count: Some(self.nics_per_server.0),
        }
    }
}
