//! `quantization_config`: which parts of a checkpoint are stored in which format.
//!
//! Every form names modules in its own way (lists of names, globs, `re:` patterns, groups with
//! targets). What matters here is asked for four parts of a model: attention, dense blocks, shared
//! experts and routed experts, each by the names that published checkpoints give it.

use super::config::Config;
use super::keys::Keys;
use super::modules::{Part, Patterns};
use crate::spec::Diagnostic;
use crate::spec::node::{Node, Value};
use crate::work::checkpoint::Scales;
use crate::work::dtype::Dtype;

/// Formats of a checkpoint's parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Formats {
    pub attention: Dtype,
    pub dense: Dtype,
    pub shared: Dtype,
    pub routed: Dtype,
    pub activations: Dtype,
    /// How scales are stored; none where the hub's count of them is not known.
    pub scales: Option<Scales>,
}

impl Formats {
    /// One format for everything.
    pub(super) const fn uniform(weights: Dtype, activations: Dtype) -> Self {
        Self {
            attention: weights,
            dense: weights,
            shared: weights,
            routed: weights,
            activations,
            scales: Some(Scales::None),
        }
    }

    /// `format` for the parts that `quantised` names, BF16 for the rest.
    fn of(format: Dtype, activations: Dtype, quantised: impl Fn(Part) -> bool) -> Self {
        let part = |part| if quantised(part) { format } else { Dtype::Bf16 };
        Self {
            attention: part(Part::Attention),
            dense: part(Part::Dense),
            shared: part(Part::Shared),
            routed: part(Part::Routed),
            activations,
            scales: None,
        }
    }
}

const KEY: &str = "quantization_config";

/// Reads the formats; none where the file speaks of no quantisation.
pub(super) fn read(config: &Config, layers: u64) -> Result<Option<Formats>, Diagnostic> {
    let outer = config.outer.as_ref().map(|outer| outer.below(KEY)).transpose()?.flatten();
    let inner = config.text.below(KEY)?;
    let Some(keys) = outer.or(inner) else { return Ok(None) };
    let method = keys.text("quant_method")?.or(keys.text("quant_algo")?.map(|_| "modelopt"));
    let formats = match method {
        None => return Err(keys.missing("quant_method")),
        Some("fp8" | "fbgemm_fp8") => fp8(config, &keys, layers)?,
        Some("mxfp4") => mxfp4(&keys, layers)?,
        Some("compressed-tensors" | "compressed_tensors") => compressed_tensors(&keys, layers)?,
        Some("modelopt" | "modelopt_fp4") => modelopt(&keys, layers)?,
        Some("awq" | "gptq" | "auto-round" | "gptq_marlin" | "awq_marlin") => ints(&keys, layers)?,
        Some(other) => {
            let message = format!("the quantisation `{other}` is not understood");
            return Err(keys.complain("quant_method", message).help(
                "known are fp8, mxfp4, compressed-tensors, modelopt, awq and gptq; to leave it \
                 out say `--assume quantization_config=null` and choose with `--precision`",
            ));
        }
    };
    Ok(Some(formats))
}

/// The modules that a list of exclusions names.
fn excluded(keys: &Keys, spellings: &[&str], layers: u64) -> Result<Patterns, Diagnostic> {
    for key in spellings {
        if let Some(list) = keys.list(key)? {
            return patterns(keys, key, list, layers);
        }
    }
    Ok(Patterns::none())
}

fn patterns(keys: &Keys, key: &str, list: &[Node], layers: u64) -> Result<Patterns, Diagnostic> {
    let word = |node: &Node| match &node.value {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(keys.wrong(key, node, "a list of texts")),
    };
    let words = list.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    Patterns::new(&words, layers).map_err(|message| keys.complain(key, message))
}

/// FP8, in blocks or whole tensors; DeepSeek-V4 adds FP4 experts by a key of its own.
fn fp8(config: &Config, keys: &Keys, layers: u64) -> Result<Formats, Diagnostic> {
    let wide = excluded(keys, &["modules_to_not_convert", "ignored_layers"], layers)?;
    let mut formats = Formats::of(Dtype::Fp8, Dtype::Fp8, |part| !wide.name(part));
    formats.scales = match keys.numbers("weight_block_size")?.as_deref() {
        None => None,
        Some([rows, columns]) if *rows > 0 && *columns > 0 => {
            Some(Scales::Blocks { rows: *rows, columns: *columns })
        }
        Some(_) => {
            let message = "`weight_block_size` must be two whole numbers from 1";
            return Err(keys.complain("weight_block_size", message));
        }
    };
    let top = config.text.text("expert_dtype")?;
    match top {
        None | Some("fp8") => {}
        Some("fp4") => {
            formats.routed = Dtype::Mxfp4;
            formats.scales = None;
        }
        Some(other) => {
            let message = format!("`expert_dtype` is `{other}`; known are `fp4` and `fp8`");
            return Err(config.text.complain("expert_dtype", message));
        }
    }
    Ok(formats)
}

/// gpt-oss: experts in MXFP4, whose weights the hub counts one by one beside their scales.
fn mxfp4(keys: &Keys, layers: u64) -> Result<Formats, Diagnostic> {
    let wide = excluded(keys, &["modules_to_not_convert"], layers)?;
    let mut formats = Formats::of(Dtype::Mxfp4, Dtype::Bf16, |part| !wide.name(part));
    formats.scales = Some(Scales::ExpertGroups { group: 32 });
    Ok(formats)
}

/// AWQ, GPTQ and their like: every linear layer, activations wide.
fn ints(keys: &Keys, layers: u64) -> Result<Formats, Diagnostic> {
    let bits = keys.stated_number(&["bits", "w_bit"])?;
    let format = match bits {
        4 => Dtype::Int4,
        8 => Dtype::Int8,
        _ => {
            let message = format!("weights of {bits} bits are not supported");
            return Err(keys.complain("bits", message).help("known are 4 and 8"));
        }
    };
    let wide = excluded(keys, &["modules_to_not_convert"], layers)?;
    Ok(Formats::of(format, Dtype::Bf16, |part| !wide.name(part)))
}

/// A group of compressed-tensors: its format, its activations' and the modules it is for.
struct Group {
    weights: Dtype,
    activations: Dtype,
    targets: Patterns,
    group_size: Option<u64>,
}

fn compressed_tensors(keys: &Keys, layers: u64) -> Result<Formats, Diagnostic> {
    let wide = excluded(keys, &["ignore"], layers)?;
    let Some(named) = keys.below("config_groups")? else {
        return Err(keys.missing("config_groups"));
    };
    let form = keys.text("format")?.unwrap_or_default();
    let mut groups = Vec::new();
    if let Value::Map(entries) = &named.node().value {
        for (key, _) in entries {
            if let Some(group) = named.below(&key.name)? {
                groups.push(read_group(&group, form, layers)?);
            }
        }
    }
    let of = |part: Part| {
        let group = groups.iter().find(|group| group.targets.name(part));
        group.filter(|_| !wide.name(part))
    };
    let weights = |part| of(part).map_or(Dtype::Bf16, |group| group.weights);
    let routed = of(Part::Routed);
    let packed = form == "pack-quantized" && of(Part::Attention).is_none();
    let packed = packed && of(Part::Dense).is_none() && of(Part::Shared).is_none();
    let group_size = routed.filter(|_| packed).and_then(|group| group.group_size);
    Ok(Formats {
        attention: weights(Part::Attention),
        dense: weights(Part::Dense),
        shared: weights(Part::Shared),
        routed: weights(Part::Routed),
        activations: groups.first().map_or(Dtype::Bf16, |group| group.activations),
        scales: group_size.map(|group| Scales::PackedExperts { per_word: 8, group }),
    })
}

fn read_group(group: &Keys, form: &str, layers: u64) -> Result<Group, Diagnostic> {
    let targets = match group.list("targets")? {
        Some(list) => patterns(group, "targets", list, layers)?,
        None => Patterns::all(),
    };
    let Some(weights) = group.below("weights")? else { return Err(group.missing("weights")) };
    let format = group.text("format")?.unwrap_or(form);
    let activations = match group.below("input_activations")? {
        None => Dtype::Bf16,
        Some(keys) => number_format(&keys, format)?,
    };
    Ok(Group {
        weights: number_format(&weights, format)?,
        activations,
        targets,
        group_size: weights.optional("group_size").unwrap_or(None),
    })
}

/// A format by its bits and kind.
fn number_format(keys: &Keys, form: &str) -> Result<Dtype, Diagnostic> {
    let bits = keys.stated_number(&["num_bits"])?;
    let kind = keys.text("type")?.unwrap_or("int");
    match (bits, kind) {
        (4, "int") => Ok(Dtype::Int4),
        (4, "float") if form.starts_with("mxfp4") => Ok(Dtype::Mxfp4),
        (4, "float") => Ok(Dtype::Nvfp4),
        (8, "int") => Ok(Dtype::Int8),
        (8, "float") => Ok(Dtype::Fp8),
        (16, _) => Ok(Dtype::Bf16),
        _ => {
            let message = format!("weights of {bits} bits and type `{kind}` are not supported");
            Err(keys.complain("num_bits", message))
        }
    }
}

/// NVIDIA's ModelOpt, whose keys may stand under `quantization`.
fn modelopt(keys: &Keys, layers: u64) -> Result<Formats, Diagnostic> {
    let below = keys.below("quantization")?;
    let keys = below.as_ref().unwrap_or(keys);
    let wide = excluded(keys, &["exclude_modules", "ignore", "modules_to_not_convert"], layers)?;
    let algorithm = keys.text("quant_algo")?;
    let uniform =
        |weights, activations| Ok(Formats::of(weights, activations, |part| !wide.name(part)));
    match algorithm {
        Some("FP8" | "FP8_PB_WO" | "FP8_PB_REAL" | "FP8_PER_CHANNEL_PER_TOKEN") => {
            uniform(Dtype::Fp8, Dtype::Fp8)
        }
        Some("NVFP4" | "W4A4_NVFP4") => uniform(Dtype::Nvfp4, Dtype::Nvfp4),
        Some("NVFP4_AWQ" | "W4A16_NVFP4") => uniform(Dtype::Nvfp4, Dtype::Bf16),
        Some("W4A16_AWQ") => uniform(Dtype::Int4, Dtype::Bf16),
        Some("W4A8_AWQ") => uniform(Dtype::Int4, Dtype::Fp8),
        Some("MIXED_PRECISION") => mixed(keys, layers),
        None => Err(keys.missing("quant_algo")),
        Some(other) => {
            let message = format!("the ModelOpt algorithm `{other}` is not understood");
            Err(keys.complain("quant_algo", message).help("known are FP8, NVFP4 and W4A16_AWQ"))
        }
    }
}

/// A format per module; each part takes that of the first module that is one of its own.
fn mixed(keys: &Keys, layers: u64) -> Result<Formats, Diagnostic> {
    let Some(modules) = keys.below("quantized_layers")? else {
        return Err(keys.missing("quantized_layers"));
    };
    let mut found: Vec<(Patterns, Dtype)> = Vec::new();
    if let Value::Map(entries) = &modules.node().value {
        for (key, _) in entries {
            let Some(module) = modules.below(&key.name)? else { continue };
            let format = match module.text("quant_algo")? {
                Some(fp8) if fp8.starts_with("FP8") => Dtype::Fp8,
                Some(fp4) if fp4.contains("NVFP4") => Dtype::Nvfp4,
                Some(int4) if int4.starts_with("W4A") => Dtype::Int4,
                _ => return Err(module.missing("quant_algo")),
            };
            let patterns = Patterns::new(std::slice::from_ref(&key.name), layers)
                .map_err(|message| modules.complain(&key.name, message))?;
            found.push((patterns, format));
        }
    }
    let of = |part| {
        let first = found.iter().find(|(patterns, _)| patterns.name(part));
        first.map_or(Dtype::Bf16, |(_, format)| *format)
    };
    Ok(Formats {
        attention: of(Part::Attention),
        dense: of(Part::Dense),
        shared: of(Part::Shared),
        routed: of(Part::Routed),
        activations: Dtype::Fp8,
        scales: None,
    })
}
