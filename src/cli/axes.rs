//! The axes that several subcommands take: models, contexts, hardware, prices.

use super::DEFAULT_SCENARIO;
use super::sides::Sides;
use crate::catalog::{Catalog, for_fidelity};
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::{Hardware, PriceBasis, WithoutFp8};
use crate::report::loaded::Loaded;
use crate::spec::quantity::parse_contexts;
use crate::spec::source::all_of;
use crate::spec::{Diagnostic, Origin, Source};
use crate::sweep::cost_grid::{CostGrid, Pairing};
use crate::work::Counting;
use crate::work::dtype::Dtype;
use crate::work::model::Model;
use clap::{Args, ValueEnum};

/// What says that a grid is to be computed, where a table may be given instead: clap makes no group
/// of options that are flattened in two steps.
pub(super) const GROUP: [&str; 9] = [
    "scenario",
    "model",
    "context",
    "Sides",
    "pairing",
    "counting",
    "without_fp8",
    "compute",
    "price_basis",
];

/// Axes and rules of a cost grid.
#[derive(Debug, Args)]
pub struct Axes {
    /// Scenario to start from; the options below replace its parts
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Models, by name or path, separated by commas
    #[arg(long, short, value_name = "MODEL", value_delimiter = ',')]
    model: Vec<String>,
    /// Contexts in tokens: 8192, 8Ki,32Ki or 4Ki..1Mi x2
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3)]
    context: Vec<String>,
    #[command(flatten)]
    sides: Sides,
    /// Which pairs of attention and FFN hardware to show
    #[arg(long, value_enum, value_name = "WHICH")]
    pairing: Option<PairingArg>,
    /// How FLOPs are counted: `paper` as in the Step-3 paper, `exact` as kernels do [default:
    /// exact, or the scenario's]
    #[arg(long, value_enum, value_name = "RULES")]
    counting: Option<CountingArg>,
    /// What 8-bit products run as on a device without FP8 [default: bf16, or the scenario's]
    #[arg(long, value_enum, value_name = "FORMAT")]
    without_fp8: Option<WithoutFp8Arg>,
    /// Number format of the arithmetic, if not the model's activations
    #[arg(long, value_enum, value_name = "FORMAT")]
    compute: Option<ComputeArg>,
    /// Level of the figures: every chip at its peak, or at the shares of its peaks that large kernels
    /// were measured to reach
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = CostLevel::Ideal)]
    fidelity: CostLevel,
    /// Take each profile's first price of this kind instead of its first one
    #[arg(long, value_enum, value_name = "KIND")]
    price_basis: Option<PriceBasisArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CostLevel {
    /// Datasheet peaks
    Ideal,
    /// Shares of the peaks as measured
    Calibrated,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PriceBasisArg {
    #[value(name = "on_demand", alias = "on-demand")]
    OnDemand,
    Reserved,
    Owned,
    Estimated,
}

impl From<PriceBasisArg> for PriceBasis {
    fn from(basis: PriceBasisArg) -> Self {
        match basis {
            PriceBasisArg::OnDemand => Self::OnDemand,
            PriceBasisArg::Reserved => Self::Reserved,
            PriceBasisArg::Owned => Self::Owned,
            PriceBasisArg::Estimated => Self::Estimated,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PairingArg {
    /// The cheapest pair for each model and context
    Best,
    /// Each hardware with itself, nothing disaggregated
    Same,
    /// Every pair
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum CountingArg {
    Paper,
    Exact,
}

impl From<CountingArg> for Counting {
    fn from(counting: CountingArg) -> Self {
        match counting {
            CountingArg::Paper => Self::Paper,
            CountingArg::Exact => Self::Exact,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WithoutFp8Arg {
    Bf16,
    Int8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ComputeArg {
    Bf16,
    Fp8,
    Int8,
    /// 4-bit floats (NVFP4 or MXFP4)
    Fp4,
}

impl Axes {
    /// The cost grid that the options describe.
    ///
    /// # Errors
    /// The first option that names what does not exist or cannot be read.
    pub fn grid(&self, catalog: &Catalog) -> Result<CostGrid, Diagnostic> {
        let base = self.scenario.as_deref();
        let needs_base = base.is_some()
            || self.model.is_empty()
            || self.context.is_empty()
            || !self.sides.are_named();
        let base = match (needs_base, base) {
            (true, name) => Some(Loaded::load(catalog, name.unwrap_or(DEFAULT_SCENARIO))?),
            _ => None,
        };
        let models: Vec<Model> = match &base {
            Some(loaded) if self.model.is_empty() => {
                loaded.models.iter().map(|part| part.value.clone()).collect()
            }
            _ => {
                let names = distinct(&self.model);
                let mut all = each(&names, "--model", |name| catalog.model(name))?;
                tell_apart(&names, &mut all, |model| &mut model.name);
                all
            }
        };
        let contexts = match &base {
            Some(loaded) if self.context.is_empty() => loaded.contexts().to_vec(),
            _ => self.contexts()?,
        };
        let known: Option<Vec<Hardware>> = base
            .as_ref()
            .map(|loaded| loaded.hardware.iter().map(|part| part.value.clone()).collect());
        let [attention_hardware, ffn_hardware] = self.sides.load(catalog, known.as_deref())?;
        // A scenario's rules count only where the user asked for the scenario.
        let rules = base.as_ref().filter(|_| self.scenario.is_some()).map(|l| &l.scenario);
        let mut grid = CostGrid {
            models,
            contexts,
            attention_hardware,
            ffn_hardware,
            pairing: self.pairing(rules.map(|s| s.pairing)),
            counting: match self.counting {
                Some(counting) => counting.into(),
                None => rules.map(|s| s.counting).unwrap_or_default(),
            },
            without_fp8: match self.without_fp8 {
                Some(WithoutFp8Arg::Bf16) => WithoutFp8::Bf16,
                Some(WithoutFp8Arg::Int8) => WithoutFp8::Int8,
                None => rules.map(|s| s.without_fp8).unwrap_or_default(),
            },
            compute: self.compute.map(|format| match format {
                ComputeArg::Bf16 => Dtype::Bf16,
                ComputeArg::Fp8 => Dtype::Fp8,
                ComputeArg::Int8 => Dtype::Int8,
                ComputeArg::Fp4 => Dtype::Nvfp4,
            }),
            fidelity: Fidelity::Ideal,
        };
        if self.fidelity == CostLevel::Calibrated {
            grid.fidelity = Fidelity::Calibrated;
            for hardware in grid.attention_hardware.iter_mut().chain(&mut grid.ffn_hardware) {
                *hardware = for_fidelity(hardware.clone(), grid.fidelity);
            }
        }
        if !grid.has_pairs() {
            return Err(no_pairs(&grid));
        }
        let all = || grid.attention_hardware.iter().chain(&grid.ffn_hardware);
        if let Some(dtype) = grid.compute {
            all().try_for_each(|hw| has_format(hw, dtype, grid.without_fp8))?;
        }
        if let Some(basis) = self.price_basis {
            let mut all = grid.attention_hardware.iter_mut().chain(&mut grid.ffn_hardware);
            all.try_for_each(|hw| prefer(hw, basis.into()))?;
        }
        Ok(grid)
    }

    /// The models that are named, as they are named.
    pub(super) fn models(&self) -> Vec<String> {
        distinct(&self.model)
    }

    fn pairing(&self, base: Option<Pairing>) -> Pairing {
        match self.pairing {
            Some(PairingArg::Best) => Pairing::Best,
            Some(PairingArg::Same) => Pairing::Same,
            Some(PairingArg::All) => Pairing::All,
            None => base.unwrap_or_default(),
        }
    }

    fn contexts(&self) -> Result<Vec<u64>, Diagnostic> {
        // A shell hands `4Ki..1Mi x2` over in two words.
        let text = self.context.join(" ");
        parse_contexts(&text)
            .map(|all| distinct(&all))
            .map_err(|message| refused("--context", &text, 0..text.len(), &message))
    }
}

/// The same without repeats, in order.
pub(super) fn distinct<T: Clone + PartialEq>(all: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for one in all {
        if !kept.contains(one) {
            kept.push(one.clone());
        }
    }
    kept
}

/// Calls what was given by path by that path where several parts have one name.
pub(super) fn tell_apart<T>(
    references: &[String],
    parts: &mut [T],
    name: fn(&mut T) -> &mut String,
) {
    let names: Vec<String> = parts.iter_mut().map(|part| name(part).clone()).collect();
    for ((reference, part), own) in references.iter().zip(parts).zip(&names) {
        if names.iter().filter(|other| *other == own).count() > 1 {
            name(part).clone_from(reference);
        }
    }
}

/// Refuses a format that was asked for and that a hardware would replace by another. What stands
/// in for FP8 is the user's own rule.
fn has_format(hw: &Hardware, dtype: Dtype, without_fp8: WithoutFp8) -> Result<(), Diagnostic> {
    let used = hw.peak(dtype, without_fp8)?.format;
    let wanted = match dtype {
        Dtype::Nvfp4 => "fp4",
        Dtype::Int8 => "int8",
        _ => return Ok(()),
    };
    if used == wanted {
        return Ok(());
    }
    let message = format!("the hardware `{}` states no {wanted} rate for --compute", hw.name);
    Err(Diagnostic::new(message)
        .help(format!("{used} would stand in for it: say --compute {used}")))
}

/// Puts the first price of a kind before the others; one given for this run stays first.
fn prefer(hardware: &mut Hardware, basis: PriceBasis) -> Result<(), Diagnostic> {
    let prices = &mut hardware.prices;
    if prices.first().is_some_and(|price| price.basis == PriceBasis::Given) {
        return Ok(());
    }
    if let Some(at) = prices.iter().position(|price| price.basis == basis) {
        prices[..=at].rotate_right(1);
        return Ok(());
    }
    let mut known: Vec<&str> = prices.iter().map(|price| price.basis.key()).collect();
    known.dedup();
    let (name, basis) = (&hardware.name, basis.key());
    let complaint = Diagnostic::new(format!("the hardware `{name}` has no price `{basis}`"));
    let own = format!("give one with `--price {name}=USD_PER_HOUR`");
    Err(complaint.help(match known.as_slice() {
        [] => own,
        known => format!("it has {}; or {own}", all_of(known)),
    }))
}

/// The complaint about `--pairing same` where no hardware is on both sides.
fn no_pairs(grid: &CostGrid) -> Diagnostic {
    let names = |side: &[Hardware]| {
        side.iter().map(|hardware| hardware.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (attention, ffn) = (names(&grid.attention_hardware), names(&grid.ffn_hardware));
    let message = format!(
        "`--pairing same` leaves nothing: no hardware is on both sides (attention: {attention}; \
         FFN: {ffn})"
    );
    Diagnostic::new(message).help("name one hardware on both sides, or leave `--pairing` out")
}

/// Loads every name of an option; a complaint without a place points at the name.
pub(super) fn each<T>(
    names: &[String],
    option: &str,
    load: impl Fn(&str) -> Result<T, Diagnostic>,
) -> Result<Vec<T>, Diagnostic> {
    let all = names.join(",");
    let mut start = 0;
    let mut loaded = Vec::new();
    for name in names {
        let span = start..start + name.len();
        loaded.push(load(name).map_err(|complaint| match complaint.origin {
            None => complaint.at(Origin::new(&Source::new(option, all.as_str()), span.clone())),
            Some(_) => complaint,
        })?);
        start = span.end + 1;
    }
    Ok(loaded)
}

/// A complaint about an option's value; the help stands behind a line break.
pub(super) fn refused(
    option: &str,
    text: &str,
    span: std::ops::Range<usize>,
    message: &str,
) -> Diagnostic {
    let origin = Origin::new(&Source::new(option, text), span);
    match message.split_once('\n') {
        Some((message, help)) => Diagnostic::new(message).help(help).at(origin),
        None => Diagnostic::new(message).at(origin),
    }
}
