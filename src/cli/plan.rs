//! `afford plan`: the deployments that cost least under a promise.

use super::axes::{each, refused};
use super::conditions::{Conditions, given};
use super::sides::Sides;
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::machine::hardware::Hardware;
use crate::report::plan_table::plan_table;
use crate::spec::de::At;
use crate::spec::plan::{PlanKind, PlanParts, PlanSpec};
use crate::spec::quantity::{Count, Positive, parse_contexts};
use crate::spec::{Diagnostic, Origin, Source};
use crate::sweep::plan::{Answer, Objective, Plan};
use crate::units::Seconds;
use clap::{Args, ValueEnum};
use indexmap::IndexMap;

/// The cheapest deployments under a promise, AFD beside colocated; why others cannot
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
    #[command(flatten)]
    sides: Sides,
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
    /// Most instances of an AFD deployment, and servers of a colocated one [default: 64]
    #[arg(long, value_name = "N")]
    max_nodes: Option<u32>,
    /// What makes a deployment better
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = ObjectiveArg::Usd)]
    objective: ObjectiveArg,
    /// Which deployments are looked at
    #[arg(long, value_enum, value_name = "KIND", default_value_t = KindArg::All)]
    kind: KindArg,
    /// Micro-batches to try [default: 2 to 6 for AFD, 1 and 2 for colocated]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    micro_batches: Vec<u32>,
    /// How many deployments of each kind are shown [default: 5]
    #[arg(long, value_name = "N")]
    top: Option<u32>,
    /// The nearest misses as rows of their own
    #[arg(long)]
    infeasible: bool,
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

impl From<KindArg> for PlanKind {
    fn from(arg: KindArg) -> Self {
        match arg {
            KindArg::Afd => Self::Afd,
            KindArg::Colocated => Self::Colocated,
            KindArg::All => Self::All,
        }
    }
}

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
        let spec = self.spec()?;
        let models = each(&self.model, "--model", |name| catalog.model(name))?;
        let [attention_hardware, ffn_hardware] = self.sides.load(catalog, None)?;
        let backend = |all: Vec<Hardware>| -> Result<Vec<_>, Diagnostic> {
            all.into_iter().map(|hardware| self.conditions.hardware(hardware)).collect()
        };
        let text = self.context.join(" ");
        let contexts = parse_contexts(&text)
            .map_err(|message| refused("--context", &text, 0..text.len(), &message))?;
        let promise = given("--tpot-ms", Some(self.tpot_ms), Positive::new)?;
        spec.plan(PlanParts {
            models: models.into_iter().map(|model| self.conditions.model(model)).collect(),
            contexts,
            attention_hardware: backend(attention_hardware)?,
            ffn_hardware: backend(ffn_hardware)?,
            promise: Seconds::from_ms(promise.map_or(self.tpot_ms, |ms| ms.value.0)),
            choices: self.conditions.choices()?,
            options: self.conditions.options()?,
        })
    }

    /// The plan as a scenario has it, each part with its option as its place.
    fn spec(&self) -> Result<PlanSpec, Diagnostic> {
        let count = |option: &str, n: Option<u32>| given(option, n, |n| Count::new(u64::from(n)));
        let mut tried = Vec::new();
        let mut place = None;
        for &m in &self.micro_batches {
            if let Some(at) = count("--micro-batches", Some(m))? {
                tried.push(at.value);
                place = at.origin;
            }
        }
        Ok(PlanSpec {
            max_nodes: count("--max-nodes", self.max_nodes)?,
            max_devices: count("--max-devices", self.max_devices)?.map(|at| at.value),
            limits_devices: self.limits()?,
            objective: self.objective.into(),
            kind: self.kind.into(),
            micro_batches: (!tried.is_empty()).then_some(At { value: tried, origin: place }),
            top: count("--top", self.top)?,
            ..PlanSpec::default()
        })
    }

    fn limits(&self) -> Result<IndexMap<At<String>, Count>, Diagnostic> {
        let mut limits = IndexMap::new();
        for text in &self.limit {
            let wrong = |message: &str| refused("--limit", text, 0..text.len(), message);
            let form = "write --limit h20=64";
            let (name, most) = text
                .split_once('=')
                .ok_or_else(|| wrong(&format!("a limit is NAME=DEVICES\n{form}")))?;
            let most = most
                .parse()
                .map_err(|_| wrong(&format!("the limit is no whole number\n{form}")))?;
            let most =
                Count::new(most).map_err(|message| wrong(&format!("the limit {message}")))?;
            let origin = Origin::new(&Source::new("--limit", text.as_str()), 0..name.len());
            limits.insert(At { value: name.to_owned(), origin: Some(origin) }, most);
        }
        Ok(limits)
    }
}
