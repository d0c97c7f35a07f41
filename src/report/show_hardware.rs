//! Everything that follows from a hardware profile alone: its figures with who says so, ridge
//! points, unit costs and prices. What `afford show HARDWARE` prints.
//!
//! A figure that nobody states is null, and is shown as unknown. No model comes into it.

use super::number::{self, significant};
use super::sheet::{Fact, Sheet, UNKNOWN, unit};
use super::table::{Cell, Column, Show, Table};
use crate::machine::hardware::{Hardware, PeakRate, Price, Sourced, WithoutFp8};
use crate::units::FlopsPerSecond;
use crate::work::dtype::Dtype;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What a profile says beside its figures.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct About {
    /// Year of release.
    pub release_year: Option<u16>,
    /// What a reader should know.
    pub notes: Option<String>,
}

/// All about a hardware. Null is unknown.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct HardwareSheet {
    pub name: String,
    pub title: String,
    pub kind: &'static str,
    pub place: String,
    pub vendor: Option<String>,
    pub release_year: Option<u16>,
    pub devices_per_server: Option<u64>,
    pub peak_compute: Block,
    pub memory: Block,
    pub scale_up: Block,
    pub scale_out: Block,
    pub power: Block,
    pub server_network_gb_per_s: Option<f64>,
    /// By number format; a format without a rate of its own is there with nulls.
    pub compute_formats: Vec<ComputeFormat>,
    /// What 8-bit floats run as by default.
    pub fp8_computes_as: Option<&'static str>,
    pub usd_per_byte: Option<f64>,
    /// The default first.
    pub prices: Vec<PriceLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// Figures of a profile that share a source, by their keys in the profile.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct Block {
    #[serde(flatten)]
    pub figures: IndexMap<&'static str, Option<f64>>,
    pub provenance: Option<&'static str>,
    pub source: Option<String>,
}

/// What the terminal calls each figure.
const LABELS: [(&str, &str); 11] = [
    ("bf16_tflops", "BF16 rate, dense"),
    ("fp8_tflops", "FP8 rate, dense"),
    ("int8_tops", "INT8 rate, dense"),
    ("fp4_tflops", "FP4 rate, dense"),
    ("capacity_gb", "memory capacity"),
    ("bandwidth_gb_per_s", "memory bandwidth"),
    ("bandwidth_gb_per_s_per_direction", "scale-up link, each way"),
    ("domain_devices", "scale-up domain"),
    ("nic_gbit_per_s", "network card, each way"),
    ("nics_per_server", "network cards of a server"),
    ("tdp_w", "thermal design power"),
];

/// What a number format's rate comes to.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct ComputeFormat {
    pub name: &'static str,
    pub peak_tflops: Option<f64>,
    /// The arithmetic intensity from which on work is bound by compute.
    pub ridge_flops_per_byte: Option<f64>,
    pub usd_per_flop: Option<f64>,
}

/// One price of one device.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the keys of the JSON and say what they hold")]
pub struct PriceLine {
    pub usd_per_hour: f64,
    pub basis: &'static str,
    pub date: String,
    pub source: String,
}

impl HardwareSheet {
    /// Works everything out.
    #[must_use]
    pub fn new(hardware: &Hardware, about: About, place: &str) -> Self {
        let price = hardware.price().ok().map(|price| price.rate);
        let bandwidth = hardware.memory_bandwidth().ok();
        let as_fp8 = hardware.peak(Dtype::Fp8, WithoutFp8::default());
        let format = |(name, rate): (&'static str, Option<FlopsPerSecond>)| ComputeFormat {
            name,
            peak_tflops: rate.map(|r| tidy(r.tflops())),
            ridge_flops_per_byte: rate.zip(bandwidth).map(|(r, b)| (r / b).flops_per_byte()),
            usd_per_flop: rate.zip(price).map(|(r, p)| (p / r).usd_per_flop()),
        };
        Self {
            name: hardware.name.clone(),
            title: hardware.title.clone(),
            kind: "hardware",
            place: place.to_owned(),
            vendor: hardware.vendor.clone(),
            release_year: about.release_year,
            devices_per_server: hardware.devices_per_server,
            peak_compute: peak_compute(hardware),
            memory: memory(hardware),
            scale_up: scale_up(hardware),
            scale_out: scale_out(hardware),
            power: block(
                hardware.tdp_w.as_ref(),
                [("tdp_w", hardware.tdp_w.as_ref().map(|w| w.value))],
            ),
            server_network_gb_per_s: hardware.server_network().ok().map(|n| tidy(n.gb_per_s())),
            compute_formats: rates(hardware).map(format).into(),
            fp8_computes_as: as_fp8.ok().map(|PeakRate { format, .. }| format),
            usd_per_byte: bandwidth.zip(price).map(|(b, p)| (p / b).usd_per_byte()),
            prices: hardware.prices.iter().map(PriceLine::from).collect(),
            notes: about.notes,
        }
    }

    /// The sheet for the terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut sheet = Sheet::new(&format!("{} ({}), hardware", self.title, self.name));
        if let Some(notes) = &self.notes {
            sheet.paragraph(notes);
        }
        sheet.heading("Device");
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
        sheet.facts(&[
            Fact::new("vendor", or_unknown(self.vendor.clone())),
            Fact::new("released", or_unknown(self.release_year.map(|y| y.to_string()))),
            Fact::new(
                "devices per server",
                or_unknown(self.devices_per_server.map(|n| n.to_string())),
            ),
        ]);
        let sources = self.sources();
        self.figure_lines(&mut sheet, &sources);
        self.derived(&mut sheet);
        self.price_lines(&mut sheet, &sources);
        sheet.heading("Sources");
        let mut lines = vec![Fact::new("spec", &self.place)];
        lines.extend(sources.iter().zip(1..).map(|(text, n)| Fact::new(format!("[{n}]"), *text)));
        sheet.facts(&lines);
        sheet.finish()
    }

    const fn blocks(&self) -> [&Block; 5] {
        [&self.peak_compute, &self.memory, &self.scale_up, &self.scale_out, &self.power]
    }

    /// Every source text once, in order of first use.
    fn sources(&self) -> Vec<&str> {
        let of_blocks = self.blocks().into_iter().filter_map(|block| block.source.as_deref());
        let mut all: Vec<&str> = Vec::new();
        for source in of_blocks.chain(self.prices.iter().map(|price| price.source.as_str())) {
            if !all.contains(&source) {
                all.push(source);
            }
        }
        all
    }

    fn figure_lines(&self, sheet: &mut Sheet, sources: &[&str]) {
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        for block in self.blocks() {
            for (key, value) in &block.figures {
                let label = LABELS.iter().find(|(k, _)| k == key).map_or(*key, |(_, label)| *label);
                // The source vouches for what is stated.
                let stated = value.and(block.source.as_deref());
                rows.push(vec![
                    label.into(),
                    value.map_or_else(|| UNKNOWN.to_owned(), number::exact).into(),
                    if value.is_some() { unit(key) } else { "" }.into(),
                    stated.and(block.provenance).unwrap_or_default().into(),
                    stated.map(|s| reference(s, sources)).unwrap_or_default().into(),
                ]);
            }
        }
        sheet.heading("Figures");
        sheet.table(&table(&["figure", "value", "unit", "provenance", "source"], rows));
    }

    fn derived(&self, sheet: &mut Sheet) {
        let default = self.prices.first();
        sheet.heading(&match default {
            Some(price) => format!("Derived, at {} $/h", significant(price.usd_per_hour, 3)),
            None => "Derived".to_owned(),
        });
        let known = |value: Option<f64>, digits: usize| -> Cell {
            value.map_or_else(|| UNKNOWN.to_owned(), |v| significant(v, digits)).into()
        };
        let row = |format: &ComputeFormat| -> Vec<Cell> {
            vec![
                format.name.into(),
                known(format.ridge_flops_per_byte, 4),
                known(format.usd_per_flop, 4),
            ]
        };
        let rows = self.compute_formats.iter().map(row).collect();
        sheet.table(&table(&["compute in", "ridge point, FLOP/byte", "$/FLOP"], rows));
        let text = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| UNKNOWN.to_owned(), |v| format!("{} {unit}", significant(v, 4)))
        };
        let as_fp8 = match self.fp8_computes_as {
            Some("fp8") => "fp8".to_owned(),
            Some(format) => format!("{format}, for want of FP8 units; --without-fp8 chooses"),
            None => UNKNOWN.to_owned(),
        };
        sheet.facts(&[
            Fact::new("memory", text(self.usd_per_byte, "$/byte")),
            Fact::new("network of a server", text(self.server_network_gb_per_s, "GB/s")),
            Fact::new("FP8 models compute in", as_fp8),
        ]);
    }

    fn price_lines(&self, sheet: &mut Sheet, sources: &[&str]) {
        sheet.heading("Prices of one device, the first by default");
        if self.prices.is_empty() {
            sheet.facts(&[Fact::new("price", UNKNOWN)]);
            return;
        }
        let row = |price: &PriceLine| -> Vec<Cell> {
            vec![
                significant(price.usd_per_hour, 4).into(),
                price.basis.into(),
                price.date.clone().into(),
                reference(&price.source, sources).into(),
            ]
        };
        let rows = self.prices.iter().map(row).collect();
        sheet.table(&table(&["$/h", "basis", "date", "source"], rows));
    }
}

fn table(columns: &[&'static str], rows: Vec<Vec<Cell>>) -> Table {
    let columns = columns.iter().map(|name| Column::new(name, Show::Plain)).collect();
    Table { columns, rows, notes: Vec::new() }
}

/// `[2]`, the place of a source in the list below.
fn reference(source: &str, sources: &[&str]) -> String {
    let at = sources.iter().position(|known| *known == source);
    at.map(|at| format!("[{}]", at + 1)).unwrap_or_default()
}

fn rates(hardware: &Hardware) -> [(&'static str, Option<FlopsPerSecond>); 4] {
    let compute = hardware.compute.as_ref().map(|c| c.value).unwrap_or_default();
    [("bf16", compute.bf16), ("fp8", compute.fp8), ("int8", compute.int8), ("fp4", compute.fp4)]
}

/// A block with every figure that it may state, stated or not.
fn block<T, const N: usize>(
    stated: Option<&Sourced<T>>,
    figures: [(&'static str, Option<f64>); N],
) -> Block {
    let tidied = figures.map(|(key, value)| (key, value.map(tidy)));
    Block {
        figures: tidied.into_iter().collect(),
        provenance: stated.map(|b| b.provenance.name()),
        source: stated.map(|b| b.source.clone()),
    }
}

fn peak_compute(hw: &Hardware) -> Block {
    let [bf16, fp8, int8, fp4] = rates(hw).map(|(_, rate)| rate.map(FlopsPerSecond::tflops));
    let figures =
        [("bf16_tflops", bf16), ("fp8_tflops", fp8), ("int8_tops", int8), ("fp4_tflops", fp4)];
    block(hw.compute.as_ref(), figures)
}

fn memory(hw: &Hardware) -> Block {
    let stated = hw.memory.as_ref();
    let capacity = stated.and_then(|m| m.value.capacity).map(|c| c.bytes() / 1e9);
    let bandwidth = stated.and_then(|m| m.value.bandwidth).map(|b| b.gb_per_s());
    block(stated, [("capacity_gb", capacity), ("bandwidth_gb_per_s", bandwidth)])
}

fn scale_up(hw: &Hardware) -> Block {
    let link = hw.scale_up.as_ref().map(|l| l.value);
    let rate = link.map(|l| l.bandwidth.gb_per_s());
    let devices = link.and_then(|l| l.count).map(|n| n as f64);
    let figures = [("bandwidth_gb_per_s_per_direction", rate), ("domain_devices", devices)];
    block(hw.scale_up.as_ref(), figures)
}

fn scale_out(hw: &Hardware) -> Block {
    let card = hw.scale_out.as_ref().map(|l| l.value);
    let rate = card.map(|c| c.bandwidth.gb_per_s() * 8.0);
    let cards = card.and_then(|c| c.count).map(|n| n as f64);
    block(hw.scale_out.as_ref(), [("nic_gbit_per_s", rate), ("nics_per_server", cards)])
}

/// Without the last digits, which the way through base units may have disturbed.
fn tidy(n: f64) -> f64 {
    format!("{n:.12e}").parse().unwrap_or(n)
}

impl From<&Price> for PriceLine {
    fn from(price: &Price) -> Self {
        Self {
            usd_per_hour: tidy(price.rate.usd_per_hour()),
            basis: price.basis.name(),
            date: price.date.clone(),
            source: price.source.clone(),
        }
    }
}
