//! `afford import`: a Hugging Face `config.json` to a model spec.

use super::{Failure, print, talk};
use crate::catalog::{config_path, import_config};
use crate::import::Options;
use crate::report::write::write_whole;
use crate::spec::at::At;
use crate::spec::{Diagnostic, Origin, Source, check_name};
use crate::work::dtype::Dtype;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Turn a Hugging Face config.json into a model spec
///
/// The file is read as its architecture's published code reads it. What it does not state is
/// taken only where that code fixes it, and is recorded under `imported.assumed`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford import ~/models/Qwen3-32B --out qwen3-32b.yaml
  afford import config.json --name my-model --precision bf16
  afford import config.json --assume head_dim=128 --assume text_config.vocab_size=32000")]
pub struct ImportArgs {
    /// A config.json, or a folder that holds one
    path: String,
    /// Short name of the model; from the path if left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Name for tables and plots
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// File to write, whole or not at all; stdout if left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there already
    #[arg(long, requires = "out")]
    force: bool,
    /// A value that the file lacks or has wrong, such as head_dim=128; null takes a key away
    #[arg(long, value_name = "KEY=VALUE")]
    assume: Vec<String>,
    /// Format of weights and arithmetic; the file's own quantisation, or else fp8, if left out
    #[arg(long, value_enum, value_name = "FORMAT")]
    precision: Option<FormatArg>,
    /// Format of the KV cache; what is usual for the architecture if left out
    #[arg(long, value_enum, value_name = "FORMAT")]
    kv_cache: Option<FormatArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Bf16,
    Fp8,
    Int8,
}

impl FormatArg {
    const fn dtype(self) -> Dtype {
        match self {
            Self::Bf16 => Dtype::Bf16,
            Self::Fp8 => Dtype::Fp8,
            Self::Int8 => Dtype::Int8,
        }
    }
}

impl ImportArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let path = config_path(&self.path).unwrap_or_else(|| PathBuf::from(&self.path));
        if path.is_dir() {
            let message = format!("the folder {} holds no config.json", path.display());
            return Err(Diagnostic::new(message).into());
        }
        if let Some(name) = &self.name {
            let whole = Origin::new(&Source::new("--name", name.as_str()), 0..name.len());
            check_name(&At { value: name.clone(), origin: Some(whole) })?;
        }
        if let Some(out) = self.out.as_ref().filter(|out| out.exists() && !self.force) {
            let message = format!("{} is there already", out.display());
            return Err(Diagnostic::new(message).help("--force writes over it").into());
        }
        let import = import_config(
            &path,
            Options {
                name: self.name.unwrap_or_default(),
                title: self.title,
                assume: self.assume,
                precision: self.precision.map(FormatArg::dtype),
                kv_cache: self.kv_cache.map(FormatArg::dtype),
                ..Options::default()
            },
        )?;
        for note in &import.notes {
            talk(&format!("note: {note}"));
        }
        match self.out {
            Some(out) => Ok(write_whole(&out, import.yaml.as_bytes())?),
            None => print(&import.yaml),
        }
    }
}
