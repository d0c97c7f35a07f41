//! Attention designs in the layers of one model: heads, head size and key/value groups varied, and
//! the designs of other models put into the same layers, by arithmetic intensity and cost.

use super::crossovers::headed;
use super::figures::axis;
use super::loaded::{Loaded, Part};
use super::plot::{Chart, Frame, Group, Guide, Point, Scale, Scatter, ScatterPanel, Ticks};
use super::table::{Cell, Show, Table};
use crate::cost::ideal::{TokenCost, token_cost};
use crate::cost::unit_cost::unit_costs;
use crate::machine::fidelity::Fidelity;
use crate::machine::hardware::Hardware;
use crate::spec::Diagnostic;
use crate::spec::de::At;
use crate::spec::quantity::{Count, Tokens};
use crate::spec::study::AttentionDesignsSpec;
use crate::work::attention::Attention;
use crate::work::model::{Model, Named};
use crate::work::token::{TokenWork, token_work};

/// The style of a palette that is both black and a star.
const BLACK_STAR: usize = 14;
/// No grid has more designs.
const MOST_DESIGNS: usize = 4096;

/// A design in the base model's layers.
struct Variant {
    /// What it is called; empty within the grid.
    label: String,
    kind: &'static str,
    /// H, d, K where they are what the design is made of.
    shape: Option<[u64; 3]>,
    effective_rank: u64,
    model: Model,
}

/// H, d and K of a design that has just these.
fn shape(design: &Attention) -> Option<[u64; 3]> {
    match design {
        Attention::Gqa(gqa) => Some([gqa.query_heads, gqa.head_dim, gqa.kv_heads]),
        Attention::Mfa(mfa) => Some([mfa.query_heads, mfa.head_dim, mfa.kv_heads]),
        _ => None,
    }
}

/// The design with other heads.
fn reshaped(design: &Attention, [heads, dim, groups]: [u64; 3]) -> Option<Attention> {
    let mut design = design.clone();
    match &mut design {
        Attention::Gqa(gqa) => {
            (gqa.query_heads, gqa.head_dim, gqa.kv_heads) = (heads, dim, groups);
        }
        Attention::Mfa(mfa) => {
            (mfa.query_heads, mfa.head_dim, mfa.kv_heads) = (heads, dim, groups);
        }
        _ => return None,
    }
    Some(design)
}

fn variant(base: &Model, label: String, design: Attention) -> Variant {
    let (kind, effective_rank) = (design.kind(), design.effective_rank());
    let mut model = base.clone();
    let shape = shape(&design);
    for named in &mut model.attentions {
        *named = Named { name: named.name.clone(), design: design.clone() };
    }
    Variant { label, kind, shape, effective_rank, model }
}

/// No design has more heads, groups or wider heads.
const MOST_HEADS: u64 = 8192;

/// A list of the grid, within reason.
fn numbers(list: &At<Vec<Count>>) -> Result<Vec<u64>, Diagnostic> {
    let all: Vec<u64> = list.iter().map(|n| n.0).collect();
    match all.iter().find(|n| **n > MOST_HEADS) {
        Some(n) => Err(list.complain(format!("at most {MOST_HEADS}, not {n}"))),
        None => Ok(all),
    }
}

/// The grid, then the marked designs.
fn variants(loaded: &Loaded, of: &AttentionDesignsSpec) -> Result<Vec<Variant>, Diagnostic> {
    let base = &loaded.model(&of.base)?.value;
    let design = match base.attentions.as_slice() {
        [only] if shape(&only.design).is_some() => &only.design,
        _ => {
            return Err(of
                .base
                .complain("only one design of GQA or MFA can be varied")
                .help("name a model with a single attention design of that kind"));
        }
    };
    let (heads, dims, groups) =
        (numbers(&of.query_heads)?, numbers(&of.head_dim)?, numbers(&of.kv_heads)?);
    if heads.len() * dims.len() * groups.len() > MOST_DESIGNS {
        return Err(of.base.complain(format!("a grid has at most {MOST_DESIGNS} designs")));
    }
    let mut all = Vec::new();
    for &h in &heads {
        for &d in &dims {
            for &k in groups.iter().filter(|&&k| k <= h && h.is_multiple_of(k)) {
                let new = reshaped(design, [h, d, k]);
                all.extend(new.map(|new| variant(base, String::new(), new)));
            }
        }
    }
    for name in &of.marked {
        let part = loaded.model(name)?;
        let [own] = part.value.attentions.as_slice() else {
            return Err(name.complain("a marked model has one attention design"));
        };
        let label = format!("{} ({})", part.label, own.design.kind());
        all.push(variant(base, label, own.design.clone()));
    }
    Ok(all)
}

impl Variant {
    fn cost(&self, loaded: &Loaded, hardware: &Hardware, context: u64) -> Costed {
        let work = token_work(&self.model, context, loaded.scenario.counting);
        let format = self.model.precision.activations;
        let unit = unit_costs(hardware, format, loaded.scenario.without_fp8)?;
        let cost = token_cost(&work, &unit, &unit);
        Ok((work, cost))
    }

    fn name(&self) -> String {
        match (self.label.as_str(), self.shape) {
            ("", Some([h, d, k])) => format!("H {h}, d {d}, K {k}"),
            (label, Some([h, d, k])) => format!("{label}: H {h}, d {d}, K {k}"),
            (label, None) => label.to_owned(),
        }
    }
}

type Costed = Result<(TokenWork, TokenCost), crate::machine::hardware::Unknown>;

/// One row per context, hardware and design.
///
/// # Errors
/// If the content names what the scenario does not have, or a profile lacks a figure.
pub fn table(loaded: &Loaded, of: &AttentionDesignsSpec) -> Result<Table, Diagnostic> {
    let variants = variants(loaded, of)?;
    let mut rows = Vec::new();
    for &context in loaded.contexts() {
        for part in &loaded.hardware {
            for variant in &variants {
                rows.push(row(loaded, part, variant, context)?);
            }
        }
    }
    let columns = [
        ("context_tokens", Show::Tokens, "context"),
        ("hardware", Show::Plain, "hardware"),
        ("design", Show::Plain, "design"),
        ("attention", Show::Plain, "kind"),
        ("query_heads", Show::Plain, "H"),
        ("head_dim", Show::Plain, "d"),
        ("kv_heads", Show::Plain, "K"),
        ("effective_rank", Show::Plain, "H d"),
        ("arithmetic_intensity", Show::Short, "FLOP/byte"),
        ("ridge_flops_per_byte", Show::Short, "ridge"),
        ("kv_bytes", Show::Short, "KV bytes"),
        ("attention_core_usd_per_mtok", Show::Usd, "core $/Mtok"),
        ("attention_usd_per_mtok", Show::Usd, "attention $/Mtok"),
        ("attention_bound_by", Show::Plain, "bound by"),
        ("fidelity", Show::Hidden, "fidelity"),
    ];
    let base = &loaded.model(&of.base)?.label;
    let note = format!(
        "Fidelity ideal: {}. Every design stands in the {} layers of {base} (hidden size {}), so \
         that designs are compared and not models. Attention: core and projections.",
        Fidelity::Ideal.meaning(),
        loaded.model(&of.base)?.value.layer_count(),
        loaded.model(&of.base)?.value.hidden_size
    );
    Ok(Table { columns: headed(&columns), rows, notes: vec![note] })
}

fn row(
    loaded: &Loaded,
    part: &Part<Hardware>,
    variant: &Variant,
    context: u64,
) -> Result<Vec<Cell>, Diagnostic> {
    let (work, cost) = variant.cost(loaded, &part.value, context)?;
    let ridge = part.value.ridge(core_format(variant), loaded.scenario.without_fp8)?;
    let number = |at: usize| Cell::from(variant.shape.map(|shape| shape[at]));
    let design = match variant.label.as_str() {
        "" => "grid".to_owned(),
        label => label.to_owned(),
    };
    Ok(vec![
        context.into(),
        part.label.clone().into(),
        design.into(),
        variant.kind.into(),
        number(0),
        number(1),
        number(2),
        variant.effective_rank.into(),
        work.arithmetic_intensity().flops_per_byte().into(),
        ridge.flops_per_byte().into(),
        work.kv_bytes().bytes().into(),
        cost.attention_core.per_mtok().into(),
        cost.attention().per_mtok().into(),
        cost.attention_bound_by.name().into(),
        Fidelity::Ideal.name().into(),
    ])
}

fn core_format(variant: &Variant) -> crate::work::dtype::Dtype {
    variant.model.precision.activations
}

/// Intensity against cost, a panel for each hardware, at the scenario's first context.
pub(super) fn figure(
    loaded: &Loaded,
    of: &AttentionDesignsSpec,
    frame: Frame,
) -> Result<Chart, Diagnostic> {
    let variants = variants(loaded, of)?;
    let context = loaded.contexts().first().copied().unwrap_or(1);
    let mut ranks: Vec<u64> = of.kv_heads.iter().map(|n| n.0).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut groups: Vec<Group> = ranks
        .iter()
        .enumerate()
        .map(|(style, k)| Group { name: format!("K = {k}"), style })
        .collect();
    let marked = groups.len();
    if !of.marked.is_empty() {
        let name = "a model's own design in these layers".to_owned();
        groups.push(Group { name, style: BLACK_STAR });
    }
    let mut panels = Vec::new();
    for part in &loaded.hardware {
        let mut points = Vec::new();
        for variant in &variants {
            let (work, cost) = variant.cost(loaded, &part.value, context)?;
            let group = match variant.label.as_str() {
                "" => ranks.iter().position(|k| variant.shape.is_some_and(|s| s[2] == *k)),
                _ => Some(marked),
            };
            points.push(Point {
                x: work.arithmetic_intensity().flops_per_byte(),
                y: cost.attention().per_mtok(),
                label: variant.label.clone(),
                detail: format!(
                    "{}; H d {}; bound by {}",
                    variant.name(),
                    variant.effective_rank,
                    cost.attention_bound_by.name().replace('_', " ")
                ),
                group: group.unwrap_or_default(),
            });
        }
        let format = variants.first().map(core_format);
        let mut guides = Vec::new();
        if let Some(format) = format {
            let x = part.value.ridge(format, loaded.scenario.without_fp8)?.flops_per_byte();
            guides.push(Guide { label: format!("ridge {x:.0}"), x });
        }
        panels.push(ScatterPanel {
            title: part.label.clone(),
            x: axis("arithmetic intensity, FLOPs per byte", Scale::Log10, Ticks::Plain),
            y: axis("attention, $ per 1M tokens", Scale::Log10, Ticks::Dollars),
            points,
            fronts: Vec::new(),
            rays: Vec::new(),
            guides,
        });
    }
    // One axis for all panels, so that they can be compared.
    let costs = panels.iter().flat_map(|panel| panel.points.iter().map(|point| point.y));
    let ends = costs.fold((f64::INFINITY, 0.0_f64), |(low, high), y| (low.min(y), high.max(y)));
    for panel in &mut panels {
        panel.y.cover = Some(ends);
    }
    let base = loaded.model(&of.base)?;
    let grid = |list: &[Count]| list.iter().map(|n| n.0.to_string()).collect::<Vec<_>>().join(", ");
    let subtitle = format!(
        "In the layers of {}, {} tokens of context. H of {}; d of {}. {}",
        base.label,
        Tokens(context),
        grid(&of.query_heads),
        grid(&of.head_dim),
        frame.subtitle
    );
    let width = 200 + 400 * panels.len() as u32;
    let frame = Frame { subtitle, width: frame.width.max(width), ..frame };
    Ok(Scatter { frame, groups, panels }.into())
}
