//! `afford estimate`: what a deployment does at a batch, a number of micro-batches and a context.

use super::axes::{each, refused};
use super::conditions::Conditions;
use super::sides::set_prices;
use super::{Failure, Output, print};
use crate::catalog::Catalog;
use crate::cost::ledger::Line;
use crate::deploy::compile::{Compiled, Pools, compile};
use crate::deploy::deployment::Deployment;
use crate::deploy::estimate::{Estimate, MOST_MICRO_BATCHES, Point};
use crate::deploy::options::Options;
use crate::machine::hardware::Hardware;
use crate::measured::lengths::lengths;
use crate::report::estimate_table::{EstimateRow, estimate_table};
use crate::report::ledger_table::ledger_table;
use crate::spec::Diagnostic;
use crate::spec::quantity::parse_contexts;
use crate::text_file::read_text;
use crate::units::Seconds;
use crate::work::model::Model;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Models, hardware, deployments and points, and the conditions they run under.
#[derive(Debug, Args)]
pub struct EstimateArgs {
    /// Models, by name or path
    #[arg(long, short, value_name = "MODEL", value_delimiter = ',', required = true)]
    pub(super) model: Vec<String>,
    /// Hardware of both sides, by name or path
    #[arg(long, short = 'H', value_name = "HARDWARE")]
    hardware: Option<String>,
    /// Hardware of the attention side
    #[arg(long, value_name = "HARDWARE")]
    attention_hardware: Option<String>,
    /// Hardware of the FFN side
    #[arg(long, value_name = "HARDWARE")]
    ffn_hardware: Option<String>,
    /// Deployments: 2A2F (attention and FFN instances), EP128, TP8, TP2xEP4, PP2xTP8, 1
    #[arg(long, short, value_name = "SHAPE", value_delimiter = ',', required = true)]
    pub(super) deployment: Vec<String>,
    /// Requests in flight over the whole deployment [default: as many as memory holds and the
    /// promise allows]
    #[arg(long, short, value_name = "N", value_delimiter = ',')]
    batch: Vec<u64>,
    /// Micro-batches [default: 3 for AFD, 2 for expert parallelism, as many as stages for
    /// pipelines, otherwise 1]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    micro_batches: Vec<u32>,
    /// Contexts in tokens: 8192, 8Ki,32Ki or 4Ki..1Mi x2
    #[arg(long, short, value_name = "TOKENS", num_args = 1..=3, required_unless_present = "lengths")]
    context: Vec<String>,
    /// A CSV file of prompt and output lengths instead: the mean context in flight, long outputs
    /// being met more often, and what waiting for the rank with the longest contexts costs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["context", "context_log_sigma"])]
    lengths: Option<PathBuf>,
    /// Promise that limits the batch where none is given
    #[arg(long, value_name = "MS")]
    tpot_ms: Option<f64>,
    /// Price of a hardware for this run, as NAME=USD_PER_HOUR
    #[arg(long, value_name = "NAME=USD")]
    price: Vec<String>,
    /// Who is paid for instead: $/Mtok by pool and part, which sum to the bill
    #[arg(long)]
    pub(super) ledger: bool,
    #[command(flatten)]
    pub(super) conditions: Conditions,
    #[command(flatten)]
    pub(super) output: Output,
}

/// No trace is larger.
const LARGEST_TRACE_BYTES: u64 = 1 << 30;

/// One combination, evaluated, with what it was made of.
pub(super) struct Case {
    /// Names, point and estimate.
    pub row: EstimateRow,
    /// The model as it runs.
    pub model: Arc<Model>,
    /// The compiled deployment.
    pub compiled: Arc<Compiled>,
    /// Hardware of the attention and the FFN side.
    pub hardware: (Hardware, Hardware),
    /// Conditions.
    pub options: Options,
}

impl Case {
    /// Who is paid for.
    pub(super) fn ledger(&self) -> Result<(&EstimateRow, Vec<Line>), Diagnostic> {
        let EstimateRow { deployment, point, estimate, .. } = &self.row;
        let pools = Pools { attention: &self.hardware.0, ffn: &self.hardware.1 };
        Ok((&self.row, self.compiled.ledger(deployment, pools, *point, estimate)?))
    }
}

impl EstimateArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let cases = self.cases(catalog)?;
        let table = if self.ledger {
            let ledgers: Result<Vec<_>, _> = cases.iter().map(Case::ledger).collect();
            ledger_table(&ledgers?)
        } else {
            let rows: Vec<_> = cases.iter().map(|case| case.row.clone()).collect();
            estimate_table(&rows)
        };
        print(&table.render(self.output.format))?;
        // A sweep with a feasible point has an answer; one without is a finding.
        let feasible = cases.iter().any(|case| case.row.estimate.infeasible.is_none());
        if feasible { Ok(()) } else { Err(Failure::Finding) }
    }

    /// Every combination of the lists, evaluated.
    pub(super) fn cases(&self, catalog: &Catalog) -> Result<Vec<Case>, Diagnostic> {
        let mut options = self.conditions.options()?;
        let contexts = self.contexts(&mut options)?;
        let models = each(&self.model, "--model", |name| catalog.model(name))?;
        let (attention, ffn) = self.pools(catalog)?;
        let mut cases = Vec::new();
        for model in models {
            let model = Arc::new(self.conditions.model(model));
            for name in &self.deployment {
                let deployment = self.conditions.deployment(name)?;
                let pools = self.sides(&deployment, &attention, &ffn)?;
                let compiled = Arc::new(compile(&model, &deployment, pools, options)?);
                for &micro_batches in &self.micro_batches(&deployment)? {
                    for &context in &contexts {
                        for (point, estimate) in self.points(&compiled, micro_batches, context)? {
                            let row = EstimateRow {
                                model: model.name.clone(),
                                attention_hardware: pools.attention.name.clone(),
                                ffn_hardware: pools.ffn.name.clone(),
                                deployment,
                                point,
                                fidelity: options.fidelity,
                                estimate,
                                confidence: compiled.confidence(point),
                            };
                            let (model, compiled) = (model.clone(), compiled.clone());
                            let hardware = (attention.clone(), ffn.clone());
                            cases.push(Case { row, model, compiled, hardware, options });
                        }
                    }
                }
            }
        }
        Ok(cases)
    }

    /// The contexts given, or the mean of those that lengths put in flight, whose spread goes into
    /// the options.
    fn contexts(&self, options: &mut Options) -> Result<Vec<f64>, Diagnostic> {
        if let Some(file) = &self.lengths {
            let moments = lengths(&read_text(file, LARGEST_TRACE_BYTES)?)?.in_flight();
            options.context_spread = moments.deviation / moments.mean;
            return Ok(vec![moments.mean]);
        }
        let text = self.context.join(" ");
        let contexts = parse_contexts(&text)
            .map_err(|message| refused("--context", &text, 0..text.len(), &message))?;
        Ok(contexts.into_iter().map(|context| context as f64).collect())
    }

    pub(super) fn pools(&self, catalog: &Catalog) -> Result<(Hardware, Hardware), Diagnostic> {
        let side = |own: &Option<String>, option: &str| {
            let name = own.as_ref().or(self.hardware.as_ref()).ok_or_else(|| {
                Diagnostic::new(format!("no hardware is named for this side: {option} is missing"))
                    .help("write --hardware h800, or --attention-hardware h20 --ffn-hardware h800")
            })?;
            let option = if own.is_some() { option } else { "--hardware" };
            let mut found =
                each(std::slice::from_ref(name), option, |name| catalog.hardware(name))?;
            Ok::<_, Diagnostic>(found.remove(0))
        };
        let mut attention = side(&self.attention_hardware, "--attention-hardware")?;
        let mut ffn = side(&self.ffn_hardware, "--ffn-hardware")?;
        set_prices(&self.price, [&mut attention, &mut ffn].into_iter())?;
        attention = self.conditions.hardware(attention)?;
        ffn = self.conditions.hardware(ffn)?;
        Ok((attention, ffn))
    }

    pub(super) fn sides<'a>(
        &self,
        deployment: &Deployment,
        attention: &'a Hardware,
        ffn: &'a Hardware,
    ) -> Result<Pools<'a>, Diagnostic> {
        if matches!(deployment, Deployment::Colocated(_)) && attention.name != ffn.name {
            let message = format!(
                "{} has attention and FFN on the same devices, not on {} and {}",
                deployment.name(),
                attention.name,
                ffn.name
            );
            return Err(Diagnostic::new(message).help("name one with --hardware, or use xAyF"));
        }
        Ok(Pools { attention, ffn })
    }

    pub(super) fn micro_batches(&self, deployment: &Deployment) -> Result<Vec<u32>, Diagnostic> {
        if self.micro_batches.is_empty() {
            return Ok(vec![deployment.default_micro_batches()]);
        }
        for &m in &self.micro_batches {
            if m == 0 || m > MOST_MICRO_BATCHES {
                let text = m.to_string();
                let message = format!("micro-batches must be 1 to {MOST_MICRO_BATCHES}, not {m}");
                return Err(refused("--micro-batches", &text, 0..text.len(), &message));
            }
        }
        Ok(self.micro_batches.clone())
    }

    /// The points of a compiled deployment: the batches given, or the largest that fits.
    fn points(
        &self,
        compiled: &Compiled,
        micro_batches: u32,
        context: f64,
    ) -> Result<Vec<(Point, Estimate)>, Diagnostic> {
        let at = |batch: u64| {
            let point = Point { batch, micro_batches, context };
            (point, compiled.estimate(point))
        };
        if self.batch.contains(&0) {
            return Err(refused("--batch", "0", 0..1, "a batch has at least 1 request, not 0"));
        }
        if !self.batch.is_empty() {
            return Ok(self.batch.iter().map(|&batch| at(batch)).collect());
        }
        let promise = match self.tpot_ms {
            Some(ms) if ms.is_finite() && ms > 0.0 => Some(Seconds::from_ms(ms)),
            None => None,
            Some(ms) => {
                let text = ms.to_string();
                let message = "a promise is more than 0 ms\nwrite --tpot-ms 50";
                return Err(refused("--tpot-ms", &text, 0..text.len(), message));
            }
        };
        let (batch, estimate) = compiled.best_effort(micro_batches, context, promise);
        Ok(vec![(Point { batch, micro_batches, context }, estimate)])
    }
}
