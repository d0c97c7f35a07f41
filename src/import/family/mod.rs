//! One file per group of architectures: from their keys to layers. Each reads exactly the keys
//! that its architectures' published code reads, in their spelling.

pub(super) mod deepseek;
pub(super) mod deepseek_v4;
pub(super) mod ernie;
pub(super) mod gemma;
pub(super) mod glm;
pub(super) mod gpt_oss;
pub(super) mod kimi_linear;
pub(super) mod llama;
pub(super) mod llama4;
pub(super) mod minimax;
pub(super) mod pangu;
pub(super) mod qwen;
pub(super) mod qwen_next;
pub(super) mod step;
