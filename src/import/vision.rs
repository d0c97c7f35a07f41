//! Parameters of the vision towers that stand beside a language model in a published checkpoint.
//!
//! They change nothing about decoding and are left out of the model; they are counted here only
//! so that the hub's total can be shown. Where the config does not settle a tower's size the
//! answer is none.

use crate::spec::node::{Node, Value};

/// Elements of the tower and its projector, for a language model of hidden size `h`.
pub(super) fn params(model_type: &str, tower: &Node, h: u64) -> Option<u64> {
    let tower = Tower(tower);
    match model_type {
        "llama4_text" => llama4(&tower, h),
        "step3_text" => step3(&tower, h),
        "kimi_k2" | "deepseek_v3" => moonvit(&tower, h),
        "mistral" => pixtral(&tower, h),
        "gemma3_text" => siglip(&tower, h),
        "qwen3_5_text" | "qwen3_5_moe_text" => qwen3_5(&tower, h),
        _ => None,
    }
}

struct Tower<'a>(&'a Node);

impl Tower<'_> {
    /// A size within what towers have.
    fn size(&self, key: &str) -> Option<u64> {
        match self.0.get(key)?.value {
            Value::Int(n) if (1..=100_000).contains(&n) => u64::try_from(n).ok(),
            _ => None,
        }
    }

    /// Patches of a square image, along both sides together.
    fn patches(&self) -> Option<u64> {
        Some((self.size("image_size")? / self.size("patch_size")?).pow(2))
    }
}

/// One transformer layer with biases and two LayerNorms.
const fn layer(h: u64, width: u64) -> u64 {
    4 * (h * h + h) + (h * width + width) + (width * h + h) + 4 * h
}

fn llama4(tower: &Tower, text: u64) -> Option<u64> {
    let h = tower.size("hidden_size")?;
    let patch = tower.size("num_channels").unwrap_or(3) * tower.size("patch_size")?.pow(2) * h;
    let layers = tower.size("num_hidden_layers")? * layer(h, tower.size("intermediate_size")?);
    let inside = tower.size("projector_input_dim")?;
    let shuffle =
        tower.size("intermediate_size")? * inside + inside * tower.size("projector_output_dim")?;
    let positions = (tower.patches()? + 1) * h;
    Some(patch + h + positions + 4 * h + layers + shuffle + tower.size("vision_output_dim")? * text)
}

/// The published file states the class's default as the blocks' width; the tensors are this wide.
const STEP3_WIDTH: u64 = 15_360;

fn step3(tower: &Tower, text: u64) -> Option<u64> {
    let (h, out) = (tower.size("hidden_size")?, tower.size("output_hidden_size")?);
    let patch = 3 * tower.size("patch_size")?.pow(2) * h + h;
    let layers = tower.size("num_hidden_layers")? * layer(h, STEP3_WIDTH);
    let down = (4 * h * out + out) + (2 * 9 * out * out + 2 * out);
    Some(patch + h + (tower.patches()? + 1) * h + layers + down + 2 * out * text)
}

fn siglip(tower: &Tower, text: u64) -> Option<u64> {
    let h = tower.size("hidden_size")?;
    let patch = 3 * tower.size("patch_size")?.pow(2) * h + h;
    let layers = tower.size("num_hidden_layers")? * layer(h, tower.size("intermediate_size")?);
    let projector = h * text + h;
    Some(patch + tower.patches()? * h + layers + 2 * h + projector)
}

fn qwen3_5(tower: &Tower, text: u64) -> Option<u64> {
    let h = tower.size("hidden_size")?;
    let frames = tower.size("temporal_patch_size").unwrap_or(2);
    let patch = 3 * tower.size("patch_size")?.pow(2) * frames * h + h;
    let positions = tower.size("num_position_embeddings")? * h;
    let layers = tower.size("depth")? * layer(h, tower.size("intermediate_size")?);
    let merged = tower.size("spatial_merge_size").unwrap_or(2).pow(2) * h;
    let merger = 2 * h + merged * merged + merged + merged * text + text;
    Some(patch + positions + layers + merger)
}

/// Kimi K2.5's MoonViT.
fn moonvit(tower: &Tower, text: u64) -> Option<u64> {
    let either = |first, second| tower.size(first).or_else(|| tower.size(second));
    let h = either("vt_hidden_size", "hidden_size")?;
    let patch = 3 * tower.size("patch_size")?.pow(2) * h + h;
    let positions = either("init_pos_emb_height", "pos_emb_height")?
        * either("init_pos_emb_width", "pos_emb_width")?
        * h;
    let width = either("vt_intermediate_size", "intermediate_size")?;
    let layers = either("vt_num_hidden_layers", "num_hidden_layers")? * layer(h, width);
    let merged = 4 * h;
    let projector = 2 * h + merged * merged + merged + merged * text + text;
    Some(patch + positions + layers + 2 * h + projector)
}

/// Pixtral's tower without biases, as in Mistral Small 3.1.
fn pixtral(tower: &Tower, text: u64) -> Option<u64> {
    let (h, width) = (tower.size("hidden_size")?, tower.size("intermediate_size")?);
    let patch = 3 * tower.size("patch_size")?.pow(2) * h;
    let layers = tower.size("num_hidden_layers")? * (4 * h * h + 3 * h * width + 2 * h);
    let projector = h + 4 * h * h + h * text + text * text;
    Some(patch + h + layers + projector)
}
