//! Which architecture a config is of, and which family reads it.

use super::config::Config;
use super::draft::Draft;
use super::family::{
    deepseek, deepseek_v4, ernie, gemma, glm, gpt_oss, kimi_linear, llama, llama4, minimax, pangu,
    qwen, qwen_next, step,
};
use super::keys::{Keys, Log};
use crate::spec::Diagnostic;
use crate::spec::node::{Node, Value};
use crate::spec::source::did_you_mean;
use crate::work::dtype::Dtype;

type Read = fn(&Config) -> Result<Draft, Diagnostic>;

/// `model_type` of a language model, its `architectures`, and its reader.
const KNOWN: &[(&str, &str, Read)] = &[
    ("deepseek_v2", "DeepseekV2ForCausalLM", deepseek::read),
    ("deepseek_v3", "DeepseekV3ForCausalLM", deepseek::read),
    ("kimi_k2", "DeepseekV3ForCausalLM", deepseek::read),
    ("deepseek_v32", "DeepseekV32ForCausalLM", deepseek::read),
    ("deepseek_v4", "DeepseekV4ForCausalLM", deepseek_v4::read),
    ("kimi_linear", "KimiLinearForCausalLM", kimi_linear::read),
    ("glm_moe_dsa", "GlmMoeDsaForCausalLM", deepseek::read),
    ("glm4_moe_lite", "Glm4MoeLiteForCausalLM", deepseek::read),
    ("glm4_moe", "Glm4MoeForCausalLM", glm::read),
    ("qwen2", "Qwen2ForCausalLM", qwen::read_qwen2),
    ("qwen3", "Qwen3ForCausalLM", qwen::read_qwen3),
    ("qwen3_moe", "Qwen3MoeForCausalLM", qwen::read_qwen3_moe),
    ("qwen3_next", "Qwen3NextForCausalLM", qwen_next::read),
    ("qwen3_5_text", "Qwen3_5ForCausalLM", qwen_next::read),
    ("qwen3_5_moe_text", "Qwen3_5MoeForCausalLM", qwen_next::read),
    ("llama", "LlamaForCausalLM", llama::read_llama),
    ("llama4_text", "Llama4ForCausalLM", llama4::read),
    ("mistral", "MistralForCausalLM", llama::read_mistral),
    ("mixtral", "MixtralForCausalLM", llama::read_mixtral),
    ("phimoe", "PhiMoEForCausalLM", llama::read_phimoe),
    ("minimax", "MiniMaxForCausalLM", minimax::read_01),
    ("minimax_text_01", "MiniMaxText01ForCausalLM", minimax::read_01),
    ("minimax_m1", "MiniMaxM1ForCausalLM", minimax::read_01),
    ("minimax_m2", "MiniMaxM2ForCausalLM", minimax::read_m2),
    ("ernie4_5_moe", "Ernie4_5_MoeForCausalLM", ernie::read),
    ("PanguProMoE", "PanguProMoEForCausalLM", pangu::read),
    ("gpt_oss", "GptOssForCausalLM", gpt_oss::read),
    ("gemma3_text", "Gemma3ForCausalLM", gemma::read),
    ("step3_text", "Step3TextForCausalLM", step::read_3),
    ("step3p5", "Step3p5ForCausalLM", step::read_35),
];

/// Other spellings of a language model's `model_type` or architecture.
const ALIASES: &[(&str, &str)] = &[
    ("pangu_pro_moe", "PanguProMoE"),
    ("PhimoeForCausalLM", "phimoe"),
    ("Ernie4_5_MoEForCausalLM", "ernie4_5_moe"),
    ("MiniMaxText01", "minimax_text_01"),
    ("MiniMaxM1", "minimax_m1"),
    ("minimax_01", "minimax_text_01"),
];

/// Files that nest a language model under `text_config`, and what it is if it does not say.
const WRAPPERS: &[(&str, &str)] = &[
    ("llama4", "llama4_text"),
    ("gemma3", "gemma3_text"),
    ("mistral3", "mistral"),
    ("kimi_k25", "kimi_k2"),
    ("kimi_k3", "kimi_linear"),
    ("qwen3_5", "qwen3_5_text"),
    ("qwen3_5_moe", "qwen3_5_moe_text"),
    ("step3_vl", "step3_text"),
    ("step3p7", "step3p5"),
];

/// The config's language model and its reader.
pub(super) fn recognise<'a>(
    root: &'a Node,
    kv_cache: Option<Dtype>,
    log: &'a Log,
) -> Result<(Config<'a>, Read), Diagnostic> {
    if !matches!(root.value, Value::Map(_)) {
        let message = format!("a config.json is a mapping, not {}", root.value.kind());
        return Err(Diagnostic::new(message).at(root.origin.clone()));
    }
    let whole = Keys::new(root, "", log);
    let outer_type = whole.text("model_type")?;
    let nested = whole.below("text_config")?;
    let (text, outer) = match nested {
        Some(text) => (text, Some(whole)),
        None => {
            if let Some(wrapper) = outer_type.filter(|t| WRAPPERS.iter().any(|(w, _)| w == t)) {
                let message =
                    format!("`text_config` is missing, which `{wrapper}` keeps its sizes in");
                return Err(Diagnostic::new(message).at(root.origin.clone()));
            }
            (whole, None)
        }
    };
    let implied = outer.as_ref().and(outer_type).and_then(|outer| {
        WRAPPERS.iter().find(|(wrapper, _)| *wrapper == outer).map(|(_, inner)| *inner)
    });
    let architecture = first_architecture(&text)?;
    let stated = text.text("model_type")?.or(implied).or(architecture);
    let Some(stated) = stated else {
        return Err(text.missing("model_type"));
    };
    let Some((model_type, read)) = find(stated) else {
        return Err(unknown(&text, outer.as_ref(), stated));
    };
    if let Some(other) =
        architecture.and_then(find).filter(|(_, r)| !std::ptr::fn_addr_eq(*r, read))
    {
        let message =
            format!("`model_type` says `{model_type}`, `architectures` says `{}`", other.0);
        return Err(text.complain("model_type", message).help("one of them must be a slip"));
    }
    let model_type = model_type.to_owned();
    Ok((Config { text, outer, model_type, kv_cache }, read))
}

fn first_architecture<'a>(text: &Keys<'a>) -> Result<Option<&'a str>, Diagnostic> {
    match text.list("architectures")? {
        None | Some([]) => Ok(None),
        Some([Node { value: Value::Text(first), .. }, ..]) => Ok(Some(first)),
        Some([other, ..]) => Err(text.wrong("architectures", other, "a list of texts")),
    }
}

/// The language model by `model_type` or by architecture.
fn find(word: &str) -> Option<(&'static str, Read)> {
    let alias = ALIASES.iter().find(|(other, _)| *other == word).map(|(_, known)| *known);
    let word = alias.unwrap_or(word);
    let by = |(kind, architecture, _): &&(&str, &str, Read)| *kind == word || *architecture == word;
    KNOWN.iter().find(by).map(|(kind, _, read)| (*kind, *read))
}

fn unknown(text: &Keys, outer: Option<&Keys>, stated: &str) -> Diagnostic {
    let kinds = || KNOWN.iter().map(|(kind, _, _)| *kind);
    let keys = if text.node().get("model_type").is_some() { text } else { outer.unwrap_or(text) };
    let near = did_you_mean(stated, kinds());
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let supported = kinds().collect::<Vec<_>>().join(", ");
    let key = if keys.node().get("model_type").is_some() { "model_type" } else { "architectures" };
    keys.complain(key, format!("the architecture `{stated}` is not supported"))
        .help(format!("{near}supported are {supported}"))
}

/// The architecture as provenance has it.
pub(super) fn label(config: &Config) -> String {
    let outer = config.outer.as_ref().unwrap_or(&config.text);
    let first = |keys: &Keys| first_architecture(keys).ok().flatten().map(str::to_owned);
    match first(outer).or_else(|| first(&config.text)) {
        Some(architecture) => format!("{architecture} ({})", config.model_type),
        None => config.model_type.clone(),
    }
}
