//! `afford plan`: the deployments that cost least under a promise.

use super::axes::{each, refused, set_prices};
use super::conditions::Conditions;
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::machine::hardware::Hardware;
use crate::report::plan_table::plan_table;
use crate::spec::Diagnostic;
use crate::spec::quantity::parse_contexts;
use crate::sweep::plan::{Answer, Kinds, Objective, Plan};
use crate::sweep::shapes::Limits;
use crate::units::Seconds;
use clap::{Args, ValueEnum};

/// The deployments that cost least under a promise, AFD beside colocated, and why others cannot be
///
/// Looks at every way to cut devices into attention and FFN instances (xAyF: attention TP, expert
/// TP x EP, broadcast or routed dispatch, micro-batches) on every pair of hardware, and at
/// colocated EP, TP, TP x EP and pipelines on each. Of deployments with the same name and hardware
/// the best is shown. Exit status 1 if no model and context has a feasible deployment.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford plan --model step-3 --hardware h800,h20 --context 8Ki --tpot-ms 50
  afford plan --model deepseek-v3,step-3 --hardware h20,h800 --context 4Ki..128Ki x2 --tpot-ms 50 --max-nodes 16
  afford plan --model step-3 --attention-hardware h20 --ffn-hardware h800 --limit h800=16 --context 32Ki --tpot-ms 100 --objective devices")]
pub struct PlanArgs {
    /// Models, by name or path
    #[arg(long, short, value_name = "MODEL", value_delimiter = ',', required = true)]
    model: Vec<String>,
    /// Hardware of both sides, by name or path, separated by commas
    #[arg(long, short = 'H', value_name = "HARDWARE", value_delimiter = ',')]
    hardware: Vec<String>,
    /// Hardware for attention only
    #[arg(long, value_name = "HARDWARE", value_delimiter = ',')]
    attention_hardware: Vec<String>,
    /// Hardware for the FFN only
    #[arg(long, value_name = "HARDWARE", value_delimiter = ',')]
    ffn_hardware: Vec<String>,
    /// Contexts in tokens: 8192, 8Ki,32Ki or 4Ki..1Mi x2
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3, required = true)]
    context: Vec<String>,
    /// Time per output token that is promised
    #[arg(long, value_name = "MS")]
    tpot_ms: f64,
    /// Most devices of a deployment
    #[arg(long, value_name = "N")]
    max_devices: Option<u32>,
    /// Most devices of one hardware, as NAME=N
    #[arg(long, value_name = "NAME=N", value_delimiter = ',')]
    limit: Vec<String>,
    /// Most instances of an AFD deployment, and servers of a colocated one
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_nodes: u32,
    /// What makes a deployment better
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = ObjectiveArg::Usd)]
    objective: ObjectiveArg,
    /// Which deployments are looked at
    #[arg(long, value_enum, value_name = "KIND", default_value_t = KindArg::All)]
    kind: KindArg,
    /// Micro-batches to try [default: 2 to 6 for AFD, 1 and 2 for colocated]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    micro_batches: Vec<u32>,
    /// How many deployments of each kind are shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// The nearest misses as rows of their own
    #[arg(long)]
    infeasible: bool,
    /// Price of a hardware for this run, as NAME=USD_PER_HOUR
    #[arg(long, value_name = "NAME=USD")]
    price: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ObjectiveArg {
    /// Least $ per million tokens
    Usd,
    /// Most tokens per second of a device
    TokensPerSPerDevice,
    /// Fewest devices, then least $ per million tokens
    Devices,
}

impl From<ObjectiveArg> for Objective {
    fn from(arg: ObjectiveArg) -> Self {
        match arg {
            ObjectiveArg::Usd => Self::Usd,
            ObjectiveArg::TokensPerSPerDevice => Self::TokensPerSecondPerDevice,
            ObjectiveArg::Devices => Self::Devices,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArg {
    /// Attention and FFN on devices of their own
    Afd,
    /// Attention and FFN on the same devices
    Colocated,
    /// Both
    All,
}

/// No list of micro-batches goes further.
const MOST_MICRO_BATCHES: u32 = 32;
/// No plan looks at more instances.
const MOST_NODES: u32 = 1024;

impl PlanArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let plan = self.plan(catalog)?;
        let answers = plan.search().map_err(Diagnostic::from)?;
        print(&plan_table(&plan, &answers, self.infeasible).render(self.output.format))?;
        // As for an estimate: a sweep with an answer is fine, one without is a finding.
        let feasible = answers.iter().any(Answer::is_feasible);
        if feasible { Ok(()) } else { Err(Failure::Finding) }
    }

    fn plan(&self, catalog: &Catalog) -> Result<Plan, Diagnostic> {
        self.check_numbers()?;
        let options = self.conditions.options()?;
        let models = each(&self.model, "--model", |name| catalog.model(name))?;
        let [attention_hardware, ffn_hardware] = self.pools(catalog)?;
        let text = self.context.join(" ");
        let contexts = parse_contexts(&text)
            .map_err(|message| refused("--context", &text, 0..text.len(), &message))?;
        let mut choices = self.conditions.choices()?;
        if !self.micro_batches.is_empty() {
            choices.afd_micro_batches.clone_from(&self.micro_batches);
            choices.colocated_micro_batches.clone_from(&self.micro_batches);
        }
        let mut colocated_hardware = attention_hardware.clone();
        let is_new = |hw: &&Hardware| attention_hardware.iter().all(|a| a.name != hw.name);
        colocated_hardware.extend(ffn_hardware.iter().filter(is_new).cloned());
        Ok(Plan {
            models: models.into_iter().map(|model| self.conditions.model(model)).collect(),
            contexts,
            limits: self.limits(&colocated_hardware)?,
            attention_hardware,
            ffn_hardware,
            colocated_hardware,
            promise: Seconds::from_ms(self.tpot_ms),
            choices,
            options,
            objective: self.objective.into(),
            kinds: Kinds {
                afd: self.kind != KindArg::Colocated,
                colocated: self.kind != KindArg::Afd,
            },
            top: self.top,
        })
    }

    fn check_numbers(&self) -> Result<(), Diagnostic> {
        let promise = |ms: f64| ms.is_finite() && ms > 0.0;
        in_range("--tpot-ms", self.tpot_ms, promise, "a promise is more than 0 ms")?;
        let message = format!("must be 1 to {MOST_NODES}");
        in_range("--max-nodes", self.max_nodes, |n| (1..=MOST_NODES).contains(&n), &message)?;
        in_range("--top", self.top, |n| (1..=1000).contains(&n), "must be 1 to 1000")?;
        let message = format!("micro-batches must be 1 to {MOST_MICRO_BATCHES}");
        for &m in &self.micro_batches {
            let fine = |m: u32| (1..=MOST_MICRO_BATCHES).contains(&m);
            in_range("--micro-batches", m, fine, &message)?;
        }
        Ok(())
    }

    /// Hardware of the attention and the FFN side.
    fn pools(&self, catalog: &Catalog) -> Result<[Vec<Hardware>; 2], Diagnostic> {
        let side = |own: &[String], option: &str| {
            if own.is_empty() && self.hardware.is_empty() {
                let message = format!("no hardware is named for this side: {option} is missing");
                return Err(Diagnostic::new(message).help(
                    "write --hardware h20,h800, or --attention-hardware h20 --ffn-hardware h800",
                ));
            }
            let (names, option) =
                if own.is_empty() { (&self.hardware[..], "--hardware") } else { (own, option) };
            let mut found = each(names, option, |name| catalog.hardware(name))?;
            let mut seen = Vec::new();
            found.retain(|hw| {
                let new = !seen.contains(&hw.name);
                seen.push(hw.name.clone());
                new
            });
            Ok(found)
        };
        let mut attention = side(&self.attention_hardware, "--attention-hardware")?;
        let mut ffn = side(&self.ffn_hardware, "--ffn-hardware")?;
        set_prices(&self.price, attention.iter_mut().chain(&mut ffn))?;
        Ok([attention, ffn])
    }

    fn limits(&self, hardware: &[Hardware]) -> Result<Limits, Diagnostic> {
        let mut limits = Limits::of_nodes(self.max_nodes);
        limits.devices = self.max_devices.unwrap_or(u32::MAX);
        for text in &self.limit {
            let wrong = |message: &str| refused("--limit", text, 0..text.len(), message);
            let form = "write --limit h20=64";
            let (name, most) = text
                .split_once('=')
                .ok_or_else(|| wrong(&format!("a limit is NAME=DEVICES\n{form}")))?;
            let most = most
                .parse()
                .map_err(|_| wrong(&format!("the limit is no whole number\n{form}")))?;
            if hardware.iter().all(|hw| hw.name != name) {
                let names: Vec<&str> = hardware.iter().map(|hw| hw.name.as_str()).collect();
                let message = format!("no hardware of this run is called `{name}`");
                return Err(wrong(&format!("{message}\nit has {}", names.join(", "))));
            }
            limits.by_hardware.push((name.to_owned(), most));
        }
        Ok(limits)
    }
}

fn in_range<T: Copy + ToString>(
    option: &str,
    value: T,
    fine: impl Fn(T) -> bool,
    message: &str,
) -> Result<(), Diagnostic> {
    if fine(value) {
        return Ok(());
    }
    let text = value.to_string();
    Err(refused(option, &text, 0..text.len(), &format!("{message}, not {text}")))
}
