//! What `afford show MODEL` looks like in the terminal. It lays out a [`ModelSheet`] and works
//! nothing out.

use super::number::{short, significant};
use super::sheet::{Fact, Sheet, TIE, UNKNOWN, grouped};
use super::show_model::{AttentionDesign, FfnDesign, ModelSheet, Projection};
use super::table::{Cell, Column, Show, Table};
use crate::spec::quantity::Tokens;

/// Columns for people, as heading and form.
const LAYERS: &[(&str, Show)] = &[
    ("layers", Show::Plain),
    ("attention+FFN", Show::Plain),
    ("attention", Show::Plain),
    ("FFN", Show::Plain),
    ("params/layer", Show::Short),
    ("active/layer", Show::Short),
    ("KV B/token", Show::Short),
    ("state B", Show::Short),
];
const ATTENTION: &[(&str, Show)] = &[
    ("design", Show::Plain),
    ("kind", Show::Plain),
    ("layers", Show::Plain),
    ("params", Show::Short),
    ("KV B/token", Show::Short),
    ("state B", Show::Short),
    ("linear FLOPs", Show::Short),
    ("core FLOPs", Show::Short),
    ("eff. rank", Show::Plain),
];
const FFN: &[(&str, Show)] = &[
    ("design", Show::Plain),
    ("kind", Show::Plain),
    ("layers", Show::Plain),
    ("params", Show::Short),
    ("active", Show::Short),
    ("FLOPs", Show::Short),
    ("experts", Show::Plain),
    ("per token", Show::Plain),
    ("width", Show::Plain),
    ("shared", Show::Plain),
    ("sparsity", Show::Usd),
];
const CONTEXTS: &[(&str, Show)] = &[
    ("context", Show::Tokens),
    ("KV held", Show::Short),
    ("KV read", Show::Short),
    ("attention", Show::Short),
    ("linear", Show::Short),
    ("FFN", Show::Short),
    ("router", Show::Short),
    ("LM head", Show::Short),
    ("total", Show::Short),
    ("FLOP/byte", Show::Short),
    ("training", Show::Short),
];

fn table(columns: &[(&'static str, Show)], rows: Vec<Vec<Cell>>) -> Table {
    let columns = columns.iter().map(|&(name, show)| Column::new(name, show)).collect();
    Table { columns, rows, notes: Vec::new() }
}

impl ModelSheet {
    /// The sheet for the terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut sheet = Sheet::new(&format!("{} ({}), model", self.title, self.name));
        if let Some(notes) = &self.notes {
            sheet.paragraph(notes);
        }
        self.shape(&mut sheet);
        self.parameters(&mut sheet);
        self.caches(&mut sheet);
        self.contexts(&mut sheet);
        self.layer_kinds(&mut sheet);
        self.attention(&mut sheet);
        self.ffn(&mut sheet);
        sheet.heading("Sources");
        let mut sources: Vec<Fact> = vec![Fact::new("spec", &self.place)];
        sources.extend(self.sources.iter().map(|source| Fact::new("from", source)));
        sources.extend(self.assumed.iter().map(|what| Fact::new("assumed", what)));
        sheet.facts(&sources);
        sheet.finish()
    }

    fn shape(&self, sheet: &mut Sheet) {
        let mtp = match self.mtp_layers {
            0 => String::new(),
            n => format!("; {n} MTP besides"),
        };
        let tied = if self.tied_embeddings { ", the LM head is the embedding" } else { "" };
        sheet.heading("Shape");
        sheet.facts(&[
            Fact::new("layers", format!("{}{mtp}: {}", self.layers, self.layer_sequence)),
            Fact::new("hidden size", grouped(self.hidden_size)),
            Fact::new("vocabulary", format!("{}{tied}", grouped(self.vocabulary_size))),
            Fact::new(
                "formats",
                format!("weights {}, activations {}", self.weights_format, self.activations_format),
            ),
        ]);
    }

    fn parameters(&self, sheet: &mut Sheet) {
        let count = |label: &str, n: u64| Fact::new(label, short(n as f64)).remark(grouped(n));
        sheet.heading("Parameters");
        let mut facts = vec![
            count("text model", self.total_params),
            match self.mtp_layers {
                0 => Fact::new("MTP layers", "none"),
                _ => count("MTP layers", self.mtp_params),
            },
            match self.hub_params {
                Some(n) => count("as on the hub", n),
                None => Fact::new("as on the hub", UNKNOWN),
            },
            count("activated, core", self.active_params_core),
            count("  + LM head", self.active_params_with_head),
            count("  + embedding and LM head", self.active_params_with_embedding_and_head),
        ];
        if let Some(sparsity) = self.moe_sparsity {
            facts.push(
                Fact::new("MoE sparsity", significant(sparsity, 4))
                    .remark("share of the experts' weights that a token activates"),
            );
        }
        sheet.facts(&facts);
    }

    fn caches(&self, sheet: &mut Sheet) {
        sheet.heading("Caches of a sequence, all layers");
        let mut facts = vec![
            Fact::new("layers with KV", format!("{} of {}", self.kv_layers, self.layers)),
            Fact::new("KV elements per token", grouped(self.kv_elements_per_token)),
            Fact::new("KV bytes per token", grouped(self.kv_bytes_per_token as u64)),
        ];
        let state = self.state_bytes_per_sequence;
        facts.push(if state > 0.0 {
            Fact::new("recurrent state", short(state)).remark("bytes, whatever the context")
        } else {
            Fact::new("recurrent state", "none")
        });
        sheet.facts(&facts);
    }

    fn contexts(&self, sheet: &mut Sheet) {
        let counting = self.counting;
        sheet.heading(&format!(
            "One token at a context: bytes and FLOPs of all layers, counting {counting}"
        ));
        let rows = self.by_context.iter().map(|at| {
            let mut row = vec![Cell::Int(at.context_tokens)];
            row.extend(
                [
                    at.kv_held_bytes,
                    at.kv_bytes,
                    at.attention_flops,
                    at.linear_flops,
                    at.ffn_flops,
                    at.router_flops,
                    at.lm_head_flops,
                    at.total_flops,
                    at.arithmetic_intensity,
                    at.training_flops,
                ]
                .map(Cell::Number),
            );
            row
        });
        sheet.table(&table(CONTEXTS, rows.collect()));
    }

    fn layer_kinds(&self, sheet: &mut Sheet) {
        sheet.heading("Layers by kind, figures of one layer");
        let rows = self.layers_by_kind.iter().map(|kind| {
            vec![
                kind.layers.into(),
                kind.name.clone().into(),
                kind.attention.into(),
                kind.ffn.into(),
                kind.params.into(),
                kind.active_params.into(),
                kind.kv_bytes_per_token.into(),
                kind.state_bytes_per_sequence.into(),
            ]
        });
        sheet.table(&table(LAYERS, rows.collect()));
    }

    fn attention(&self, sheet: &mut Sheet) {
        let first = self.by_context.first().map(|at| Tokens(at.context_tokens).to_string());
        let at = first.map(|s| format!(", core at {s}")).unwrap_or_default();
        sheet.heading(&format!("Attention, one layer and token{at}; matrices k x n"));
        let row = |design: &AttentionDesign| {
            vec![
                design.name.clone().into(),
                design.kind.into(),
                design.layers.into(),
                design.params.into(),
                design.kv_bytes_per_token.into(),
                design.state_bytes_per_sequence.into(),
                design.linear_flops.into(),
                design.core_by_context.first().map(|core| core.core_flops).into(),
                design.effective_rank.into(),
            ]
        };
        sheet.table(&table(ATTENTION, self.attention_designs.iter().map(row).collect()));
        for design in &self.attention_designs {
            sheet.labelled(&design.name, &matrices(&design.projections));
        }
    }

    fn ffn(&self, sheet: &mut Sheet) {
        sheet.heading("FFN, one layer and token; matrices k x n");
        let row = |design: &FfnDesign| {
            let mut row: Vec<Cell> = vec![
                design.name.clone().into(),
                design.kind.into(),
                design.layers.into(),
                design.params.into(),
                design.active_params.into(),
                design.ffn_flops.into(),
            ];
            let e = design.experts.as_ref();
            row.extend([
                Cell::from(e.map(|e| e.experts)),
                e.map(|e| e.experts_per_token).into(),
                e.map(|e| e.expert_intermediate_size).or(design.intermediate_size).into(),
                e.map(|e| e.shared_intermediate_size).into(),
                e.map(|e| e.sparsity).into(),
            ]);
            row
        };
        sheet.table(&table(FFN, self.ffn_designs.iter().map(row).collect()));
        for design in &self.ffn_designs {
            let label = match design.experts {
                Some(_) => format!("{}, one expert", design.name),
                None => design.name.clone(),
            };
            sheet.labelled(&label, &matrices(&design.projections));
        }
    }
}

/// `q_down 7168x2048, q_up 2048x16384`: features in and out, k and n of the GEMM.
fn matrices(all: &[Projection]) -> String {
    let one = |m: &Projection| format!("{}{TIE}{}x{}", m.name, m.inputs, m.outputs);
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}
