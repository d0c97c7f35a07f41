//! `afford solve`: inverse questions, each answered with its bracket.

use super::axes::{each, refused};
use super::conditions::Conditions;
use super::sides::set_prices;
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::deploy::compile::Pools;
use crate::machine::hardware::Hardware;
use crate::report::answers::{
    Answer, Turned, answer_table, context_answers, floor_answer, price_answer, target_answer,
};
use crate::report::floor::Promise;
use crate::spec::Diagnostic;
use crate::spec::quantity::parse_contexts;
use crate::sweep::inverse::Range;
use crate::sweep::levers::Lever;
use crate::sweep::questions::{Knob, Target};
use crate::sweep::way::{Contender, Way};
use crate::units::Seconds;
use crate::work::Counting;
use crate::work::model::Model;
use clap::{Args, Subcommand, ValueEnum};

/// Inverse: break-even prices, crossing contexts, what meets a target, sparsity floors
///
/// Every answer comes with the bracket that it lies in and where it was looked for. That nothing
/// crosses is an answer, not an error. By default a token costs what unit costs say (fidelity
/// ideal); with --deployment it costs what that deployment gives at its batch.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford solve price --chip h20 --against h800 --model step-3 --context 8Ki,128Ki
  afford solve context --model step-3 --against qwen3-235b-a22b --hardware h20,h800
  afford solve target --chip h20 --sought memory-bandwidth --tpot-ms 25 --model qwen3-235b-a22b --context 8Ki --deployment EP32 --batch 3072
  afford solve target --chip l20 --sought price --usd-per-mtok 0.05 --model step-3 --context 8Ki
  afford solve sparsity --model step-3,deepseek-v3 --hardware h800,h20 --tpot-ms 50")]
pub struct SolveArgs {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    Price(PriceArgs),
    Context(Box<ContextArgs>),
    Target(Box<TargetArgs>),
    Sparsity(SparsityArgs),
}

/// How a token is priced.
#[derive(Debug, Args)]
struct WayArgs {
    /// One deployment (2A2F, EP32, TP8 ...) instead of unit costs
    #[arg(long, value_name = "DEPLOYMENT")]
    deployment: Option<String>,
    /// Requests in flight [default: the most that memory and promise allow]
    #[arg(long, value_name = "N", requires = "deployment")]
    batch: Option<u64>,
    /// Time per output token that the deployment must keep
    #[arg(long, value_name = "MS", requires = "deployment")]
    promise_ms: Option<f64>,
    /// Price of a hardware for this run, as NAME=USD_PER_HOUR
    #[arg(long, value_name = "NAME=USD")]
    price: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    output: Output,
}

/// The highest price at which a chip, alone or paired, beats others
#[derive(Debug, Args)]
struct PriceArgs {
    /// The chip whose price is sought
    #[arg(long, value_name = "HARDWARE")]
    chip: String,
    /// What it competes with, and may be paired with
    #[arg(long, value_name = "HARDWARE", value_delimiter = ',', required = true)]
    against: Vec<String>,
    /// Models, by name or path
    #[arg(long, short, value_name = "MODEL", value_delimiter = ',', required = true)]
    model: Vec<String>,
    /// Contexts in tokens: 8192, 8Ki,32Ki or 4Ki..1Mi x2
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3, required = true)]
    context: Vec<String>,
    #[command(flatten)]
    way: WayArgs,
}

/// The contexts at which two models, or one on two kinds of hardware, cost the same
#[derive(Debug, Args)]
struct ContextArgs {
    /// The first model
    #[arg(long, short, value_name = "MODEL")]
    model: String,
    /// The other; the same if left out
    #[arg(long, value_name = "MODEL")]
    against: Option<String>,
    /// Hardware of both, of which the cheapest pair counts
    #[arg(long, short = 'H', value_name = "HARDWARE", value_delimiter = ',', required = true)]
    hardware: Vec<String>,
    /// Hardware of the other, if it runs on its own
    #[arg(long, value_name = "HARDWARE", value_delimiter = ',')]
    against_hardware: Vec<String>,
    /// Lowest and highest context that is looked at
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3, default_value = "256..1Mi x4096")]
    context: Vec<String>,
    #[command(flatten)]
    way: WayArgs,
}

/// The highest price, or the least of a resource, that meets a target
#[derive(Debug, Args)]
struct TargetArgs {
    /// The chip that is changed
    #[arg(long, value_name = "HARDWARE")]
    chip: String,
    /// What of it is sought
    #[arg(long, value_enum, value_name = "WHAT")]
    sought: Sought,
    /// At most so many $ per million tokens
    #[arg(long, value_name = "USD", required_unless_present = "tpot_ms")]
    usd_per_mtok: Option<f64>,
    /// At most so long per output token, of a deployment
    #[arg(long, value_name = "MS", conflicts_with = "usd_per_mtok", requires = "deployment")]
    tpot_ms: Option<f64>,
    /// Hardware of the attention side, if not the chip
    #[arg(long, value_name = "HARDWARE")]
    attention_hardware: Option<String>,
    /// Hardware of the FFN side, if not the chip
    #[arg(long, value_name = "HARDWARE")]
    ffn_hardware: Option<String>,
    /// Models, by name or path
    #[arg(long, short, value_name = "MODEL", value_delimiter = ',', required = true)]
    model: Vec<String>,
    /// Contexts in tokens: 8192, 8Ki,32Ki or 4Ki..1Mi x2
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3, required = true)]
    context: Vec<String>,
    #[command(flatten)]
    way: WayArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sought {
    /// The highest price
    Price,
    /// The least arithmetic
    Compute,
    /// The least memory bandwidth
    MemoryBandwidth,
    /// The least network bandwidth
    Network,
    /// The least scale-up bandwidth
    ScaleUp,
}

impl From<Sought> for Knob {
    fn from(sought: Sought) -> Self {
        match sought {
            Sought::Price => Self::Price,
            Sought::Compute => Self::Resource(Lever::Compute),
            Sought::MemoryBandwidth => Self::Resource(Lever::MemoryBandwidth),
            Sought::Network => Self::Resource(Lever::Network),
            Sought::ScaleUp => Self::Resource(Lever::ScaleUp),
        }
    }
}

/// The least share of experts a token must visit for the network to keep up
#[derive(Debug, Args)]
struct SparsityArgs {
    /// Models, by name or path
    #[arg(long, short, value_name = "MODEL", value_delimiter = ',', required = true)]
    model: Vec<String>,
    /// Hardware, by name or path
    #[arg(long, short = 'H', value_name = "HARDWARE", value_delimiter = ',', required = true)]
    hardware: Vec<String>,
    /// Time per output token that is promised
    #[arg(long, value_name = "MS")]
    tpot_ms: f64,
    /// Equal stages that one layer passes: attention, network, FFN
    #[arg(long, value_name = "N", default_value_t = 3)]
    stages: u64,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    output: Output,
}

impl SolveArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let (answers, output) = match &self.question {
            Question::Price(args) => (args.answers(catalog)?, args.way.output),
            Question::Context(args) => (args.answers(catalog)?, args.way.output),
            Question::Target(args) => (args.answers(catalog)?, args.way.output),
            Question::Sparsity(args) => (args.answers(catalog)?, args.output),
        };
        print(&answer_table(&answers).render(output.format))
    }
}

impl WayArgs {
    fn way(&self) -> Result<Way, Diagnostic> {
        let options = self.conditions.options()?;
        let Some(name) = &self.deployment else {
            return Ok(Way::Ideal { counting: Counting::Exact, without_fp8: options.without_fp8 });
        };
        let deployment = self.conditions.deployment(name)?;
        if self.batch == Some(0) {
            return Err(refused("--batch", "0", 0..1, "a batch has at least 1 request, not 0"));
        }
        Ok(Way::Deployed {
            deployment,
            options,
            micro_batches: deployment.default_micro_batches(),
            batch: self.batch,
            promise: self.promise_ms.map(|ms| milliseconds("--promise-ms", ms)).transpose()?,
        })
    }

    /// Profiles by name, at the prices of this run.
    fn hardware(
        &self,
        catalog: &Catalog,
        lists: &[(&[String], &str)],
    ) -> Result<Vec<Vec<Hardware>>, Diagnostic> {
        let load = |&(names, option): &(&[String], &str)| {
            each(names, option, |name| self.conditions.hardware(catalog.hardware(name)?))
        };
        let mut all = lists.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        set_prices(&self.price, all.iter_mut().flatten())?;
        Ok(all)
    }

    fn models(&self, catalog: &Catalog, names: &[String]) -> Result<Vec<Model>, Diagnostic> {
        let all = each(names, "--model", |name| catalog.model(name))?;
        Ok(all.into_iter().map(|model| self.conditions.model(model)).collect())
    }
}

fn milliseconds(option: &str, ms: f64) -> Result<Seconds, Diagnostic> {
    positive(option, ms).map(Seconds::from_ms)
}

fn positive(option: &str, value: f64) -> Result<f64, Diagnostic> {
    if value.is_finite() && (1e-9..=1e9).contains(&value) {
        return Ok(value);
    }
    let text = value.to_string();
    Err(refused(option, &text, 0..text.len(), "must be a number above zero"))
}

fn contexts(words: &[String]) -> Result<Vec<u64>, Diagnostic> {
    // A shell hands `4Ki..1Mi x2` over in two words.
    let text = words.join(" ");
    parse_contexts(&text).map_err(|why| refused("--context", &text, 0..text.len(), &why))
}

impl PriceArgs {
    fn answers(&self, catalog: &Catalog) -> Result<Vec<Answer>, Diagnostic> {
        let way = self.way.way()?;
        let chip = std::slice::from_ref(&self.chip);
        let lists = [(chip, "--chip"), (self.against.as_slice(), "--against")];
        let all = self.way.hardware(catalog, &lists)?;
        let (chip, others) = (&all[0][0], &all[1]);
        if others.iter().any(|other| other.name == chip.name) {
            let message = format!("`{}` cannot compete with itself", chip.name);
            return Err(Diagnostic::new(message).help("leave it out of --against"));
        }
        let contexts = contexts(&self.context)?;
        let mut answers = Vec::new();
        for model in self.way.models(catalog, &self.model)? {
            for &context in &contexts {
                answers.push(price_answer(&way, &model, chip, others, context)?);
            }
        }
        Ok(answers)
    }
}

impl ContextArgs {
    fn answers(&self, catalog: &Catalog) -> Result<Vec<Answer>, Diagnostic> {
        let way = self.way.way()?;
        let other = match self.against_hardware.as_slice() {
            [] => &self.hardware,
            own => own,
        };
        let lists = [(self.hardware.as_slice(), "--hardware"), (other, "--against-hardware")];
        let mut hardware = self.way.hardware(catalog, &lists)?;
        let against = self.against.as_ref().unwrap_or(&self.model);
        let mut models = self.way.models(catalog, &[self.model.clone(), against.clone()])?;
        let apart = !self.against_hardware.is_empty();
        let mut side = |at: usize| {
            let (model, chips) = (models.remove(at), hardware.remove(at));
            let names: Vec<&str> = chips.iter().map(|hw| hw.title.as_str()).collect();
            let label = match apart {
                true => format!("{} on {}", model.title, names.join(", ")),
                false => model.title.clone(),
            };
            (label, Contender { model, attention: chips.clone(), ffn: chips })
        };
        let (second, first) = (side(1), side(0));
        let contexts = contexts(&self.context)?;
        let low = contexts.iter().min().copied().unwrap_or(1);
        let high = contexts.iter().max().copied().unwrap_or(1).max(low + 1);
        let range = Range { low: low as f64, high: high as f64 };
        context_answers(&way, [(&first.0, &first.1), (&second.0, &second.1)], range)
    }
}

impl TargetArgs {
    fn answers(&self, catalog: &Catalog) -> Result<Vec<Answer>, Diagnostic> {
        let way = self.way.way()?;
        let target = match (self.usd_per_mtok, self.tpot_ms) {
            (_, Some(ms)) => Target::Tpot(milliseconds("--tpot-ms", ms)?),
            (usd, None) => Target::UsdPerMtok(positive("--usd-per-mtok", usd.unwrap_or_default())?),
        };
        let near = self.attention_hardware.as_ref().unwrap_or(&self.chip);
        let far = self.ffn_hardware.as_ref().unwrap_or(&self.chip);
        let one = std::slice::from_ref;
        let lists = [
            (one(&self.chip), "--chip"),
            (one(near), "--attention-hardware"),
            (one(far), "--ffn-hardware"),
        ];
        let all = self.way.hardware(catalog, &lists)?;
        let (chip, pools) = (&all[0][0], Pools { attention: &all[1][0], ffn: &all[2][0] });
        if pools.attention.name != chip.name && pools.ffn.name != chip.name {
            let message = format!("the chip `{}` stands on neither side", chip.name);
            return Err(Diagnostic::new(message)
                .help("name it as --attention-hardware or --ffn-hardware, or leave both out"));
        }
        let turned = Turned { pools, chip, knob: self.sought.into() };
        let contexts = contexts(&self.context)?;
        let mut answers = Vec::new();
        for model in self.way.models(catalog, &self.model)? {
            for &context in &contexts {
                answers.push(target_answer(&way, &model, turned, context, target)?);
            }
        }
        Ok(answers)
    }
}

impl SparsityArgs {
    fn answers(&self, catalog: &Catalog) -> Result<Vec<Answer>, Diagnostic> {
        let options = self.conditions.options()?;
        let tpot = milliseconds("--tpot-ms", self.tpot_ms)?;
        let promise = Promise { tpot, stages: self.stages.max(1), wire: options.wire };
        let models = each(&self.model, "--model", |name| catalog.model(name))?;
        let hardware = each(&self.hardware, "--hardware", |name| catalog.hardware(name))?;
        let mut answers = Vec::new();
        for model in &models {
            for chip in &hardware {
                answers.push(floor_answer(model, chip, &promise, options.without_fp8)?);
            }
        }
        Ok(answers)
    }
}
