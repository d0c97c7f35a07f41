//! Scenarios: the YAML of `scenarios/` as written. A scenario names models, hardware and
//! contexts, says under which rules they are compared, and what its report shows.

use super::claim::ClaimSpec;
use super::conditions::ConditionsSpec;
use super::de::{At, from_node};
use super::node::Node;
use super::plan::PlanSpec;
use super::quantity::{Contexts, Count, Positive};
use super::source::Diagnostic;
use super::study::{
    AfdMapSpec, AttentionDesignsSpec, BestAfdSpec, CostCrossingsSpec, InteractivitySpec,
    KernelRooflineSpec, NextChipSpec, QuestionSpec,
};
use super::sweep::SweepSpec;
use super::workload::{DeploymentSpec, ServingSpec};
use crate::deploy::sparsity::Wire;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::WithoutFp8;
use crate::sweep::cost_grid::Pairing;
use crate::work::Counting;
use schemars::JsonSchema;
use serde::Deserialize;

/// A question over models, hardware and contexts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name; the report goes to `reports/NAME/`.
    #[schemars(regex(pattern = r"^[a-z0-9_-][a-z0-9._-]{0,63}$"))]
    pub name: At<String>,
    /// Title of the report.
    pub title: Option<String>,
    /// The question it answers, for the head of the report.
    pub question: Option<String>,
    /// Models.
    pub models: At<Vec<Labelled>>,
    /// Hardware; the order decides ties.
    pub hardware: At<Vec<Labelled>>,
    /// Context lengths in tokens.
    pub contexts_tokens: Contexts,
    /// Counting convention; `exact` if left out.
    #[serde(default)]
    pub counting: Counting,
    /// Fidelity; `ideal` if left out.
    #[serde(default)]
    pub fidelity: Fidelity,
    /// Which pairs of attention and FFN hardware are compared; the best if left out.
    #[serde(default)]
    pub pairing: Pairing,
    /// What 8-bit products run as on devices without FP8; `bf16` if left out.
    #[serde(default)]
    pub without_fp8: WithoutFp8,
    /// The latency promise and the pipeline that keeps it, where a table needs them.
    pub promise: Option<PromiseSpec>,
    /// Deployments to evaluate.
    #[serde(default)]
    pub deployments: Vec<DeploymentSpec>,
    /// Conditions of all deployments.
    pub conditions: Option<ConditionsSpec>,
    /// A grid of points for `afford sweep`.
    pub sweep: Option<SweepSpec>,
    /// Tables and figures; cost table and standard figures if left out.
    pub report: Option<ReportSpec>,
}

/// A model or hardware, and what to call it in tables.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Labelled {
    /// A built-in name, or a path.
    pub name: At<String>,
    /// What tables and plots call it; its title if left out.
    pub label: Option<String>,
}

/// The latency promise and how one layer's time is divided.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseSpec {
    /// Time per output token.
    pub tpot_ms: Positive,
    /// Equal pipeline stages of one layer: attention, network, FFN.
    pub stages: Count,
    /// Bytes per element between attention and FFN.
    #[serde(deserialize_with = "read_wire")]
    #[schemars(with = "WireSpec")]
    pub wire: Wire,
}

/// Bytes per element of activations between attention and FFN.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WireSpec {
    /// To the experts: 1 for FP8.
    dispatch_bytes_per_element: Positive,
    /// Back: 2 for BF16.
    combine_bytes_per_element: Positive,
}

fn read_wire<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Wire, D::Error> {
    let spec = WireSpec::deserialize(deserializer)?;
    Ok(Wire {
        dispatch_bytes_per_element: spec.dispatch_bytes_per_element.0,
        combine_bytes_per_element: spec.combine_bytes_per_element.0,
    })
}

/// What a report holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSpec {
    /// Tables, in the order of the report.
    pub tables: Vec<TableSpec>,
    /// Figures, in the order of the report.
    #[serde(default)]
    pub figures: Vec<FigureSpec>,
}

/// A table of a report.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// File name of the CSV.
    pub file: At<String>,
    /// Heading in the report.
    pub title: String,
    /// Published values to show beside it: a file beside the scenario with the same columns.
    pub published: Option<At<String>>,
    /// A remark under the table.
    pub remark: Option<String>,
    /// What it holds.
    pub content: TableContent,
}

/// What a table holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableContent {
    /// The columns of `afford cost`, one row per model, context and pair.
    Cost,
    /// FLOPs and bytes per token of each model and context.
    FlopsAndBytes,
    /// Price of a FLOP and a byte on each hardware.
    UnitCosts,
    /// Cost of attention and FFN of each model on each hardware.
    DecodingCost,
    /// The sparsity floor of each hardware.
    MinSparsity(MinSparsitySpec),
    /// The columns of `afford estimate`, one row per deployment and context.
    Estimates,
    /// The best disaggregated deployment beside the best colocated one, for every model and context.
    AfdAgainstColocated,
    /// Predicted beside measured throughput of every deployment.
    EndToEnd,
    /// The columns of `afford estimate --concurrency`, one row per load.
    Serving(Vec<ServingSpec>),
    /// The columns of `afford plan`.
    Plan(Box<PlanSpec>),
    /// Single figures, one row per claim.
    Claims(Vec<ClaimSpec>),
    /// The cheapest model and pair of hardware at each context.
    CheapestByContext,
    /// The contexts at which models, each on its cheapest pair, cross.
    ModelCrossovers,
    /// The contexts at which each model's cheapest pair of hardware changes.
    HardwareCrossovers,
    /// The best attention:FFN ratio by model, promise and context.
    BestAfd(BestAfdSpec),
    /// What more compute or bandwidth is worth on each chip.
    NextChip(NextChipSpec),
    /// Attention designs in the layers of one model: arithmetic intensity and cost.
    AttentionDesigns(AttentionDesignsSpec),
    /// Inverse questions, each with its bracket.
    Solve(Vec<QuestionSpec>),
}

/// The model whose shape a sparsity floor is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinSparsitySpec {
    /// A model of the scenario.
    pub model: At<String>,
}

/// A figure of a report.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// File name without ending; `.svg` and `.png` are written.
    pub file: At<String>,
    /// Title of the figure.
    pub title: String,
    /// What it shows.
    pub content: FigureContent,
}

/// What a figure shows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FigureContent {
    /// Decoding cost of each model against its activated parameters, with the Pareto front.
    CostAgainstActiveParams,
    /// Decoding cost of each model by hardware and best pair, as stacked bars.
    CostByDeployment,
    /// KV bytes and decoding cost against context, as lines.
    AgainstContext(AgainstContextSpec),
    /// Training and decoding cost on one hardware, as bars.
    DecodeAndTraining(DecodeAndTrainingSpec),
    /// Attention FLOPs against KV bytes with the hardware's rooflines.
    FlopsAgainstBytes,
    /// Decoding cost against context, crossings marked.
    CostCrossings(CostCrossingsSpec),
    /// Cost by attention:FFN ratio and context, as a heat map.
    AfdMap(AfdMapSpec),
    /// Throughput per device against interactivity, with fronts.
    Interactivity(InteractivitySpec),
    /// Every kernel of the scenario's deployments under its roofline.
    KernelRoofline(KernelRooflineSpec),
    /// Arithmetic intensity of attention designs against their cost.
    AttentionDesigns(AttentionDesignsSpec),
}

/// Keys of the figure over contexts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgainstContextSpec {
    /// Contexts of the lines.
    pub contexts_tokens: Contexts,
    /// Models of the scenario to draw; all if left out.
    pub models: Option<Vec<At<String>>>,
}

/// Keys of the figure of decoding and training.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecodeAndTrainingSpec {
    /// Hardware of the scenario.
    pub hardware: At<String>,
    /// Context of the training sequences.
    pub training_context_tokens: At<Contexts>,
    /// Models of the scenario to draw.
    pub models: Vec<At<String>>,
}

impl Scenario {
    /// Reads and checks a scenario; whether its models and hardware exist shows when it runs.
    ///
    /// # Errors
    /// The first complaint, with its place.
    pub fn read(node: &Node) -> Result<Self, Diagnostic> {
        let scenario: Self = from_node(node)?;
        super::check_name(&scenario.name)?;
        check_list(&scenario.models, "models", "model")?;
        check_list(&scenario.hardware, "hardware", "hardware")?;
        if let Some(report) = &scenario.report {
            check_files(report)?;
        }
        Ok(scenario)
    }
}

/// A scenario's models or hardware: at least one, none twice.
fn check_list(list: &At<Vec<Labelled>>, key: &str, noun: &str) -> Result<(), Diagnostic> {
    if list.is_empty() {
        return Err(list
            .complain(format!("`{key}` must name at least one {noun}"))
            .help("write a list such as [{name: NAME}]"));
    }
    for (i, part) in list.iter().enumerate() {
        if list[..i].iter().any(|before| before.name == part.name) {
            let message = format!("the {noun} `{}` stands here a second time", part.name.value);
            return Err(part.name.complain(message));
        }
    }
    Ok(())
}

/// No two parts of a report write the same file, also where file names have no case.
fn check_files(report: &ReportSpec) -> Result<(), Diagnostic> {
    let tables = report.tables.iter().map(|t| (&t.file, vec![t.file.value.clone()]));
    let figures = report.figures.iter().map(|f| {
        let written = ["svg", "png"].map(|ending| format!("{}.{ending}", f.file.value));
        (&f.file, written.to_vec())
    });
    let mut seen = vec!["readme.md".to_owned()];
    for (file, written) in tables.chain(figures) {
        check_file(file)?;
        for name in written.into_iter().map(|name| name.to_lowercase()) {
            if seen.contains(&name) {
                let message = format!("the report has another part that writes `{name}`");
                return Err(file
                    .complain(message)
                    .help("give each table and figure a name of its own"));
            }
            seen.push(name);
        }
    }
    Ok(())
}

/// Report files are plain names: a report writes nothing outside its folder.
fn check_file(file: &At<String>) -> Result<(), Diagnostic> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !file.is_empty() && file.chars().all(fine) && !file.starts_with('.') {
        return Ok(());
    }
    Err(file
        .complain(format!("`{}` is no plain file name", file.value))
        .help("use letters, digits, `.`, `-` and `_`"))
}
