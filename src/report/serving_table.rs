//! The columns of `afford estimate --concurrency`: those of an estimate, and those of serving.

use super::estimate_table::{EstimateRow, estimate_table};
use super::table::{Cell, Column, Show, Table};
use crate::deploy::deployment::Deployment;
use crate::deploy::serving::{Load, Serving, ServingEstimate};

/// One served load with the names of what it is made of.
#[derive(Debug, Clone)]
pub struct ServingRow {
    /// Names, point and the estimate of the steps.
    pub row: EstimateRow,
    /// What is served.
    pub load: Load,
    /// What that gives.
    pub serving: ServingEstimate,
}

impl ServingRow {
    /// Evaluates a load of a deployment, given the names of its model and hardware.
    #[must_use]
    pub fn new(names: (&str, &str), deployment: Deployment, serving: &Serving, load: Load) -> Self {
        let served = serving.estimate(load);
        let row = EstimateRow {
            model: names.0.to_owned(),
            attention_hardware: names.1.to_owned(),
            ffn_hardware: names.1.to_owned(),
            deployment,
            point: serving.point(&load),
            fidelity: serving.decode.options.fidelity,
            estimate: served.estimate,
            confidence: serving.decode.confidence(serving.point(&load)),
        };
        Self { row, load, serving: served }
    }
}

/// A column and how to fill it.
type Field = (Column, fn(&ServingRow) -> Cell);

/// Columns of an estimate that people need not see beside those of serving.
const IN_THE_BACKGROUND: [&str; 8] = [
    "ffn_hardware",
    "batch",
    "context_tokens",
    "tokens_per_s_per_device",
    "dispatch_us_per_layer",
    "return_us_per_layer",
    "cycle_us",
    "micro_batches",
];

/// A figure that an infeasible load does not have.
fn if_feasible(row: &ServingRow, value: f64) -> Cell {
    match row.serving.estimate.infeasible {
        None => Cell::Number(value),
        Some(_) => Cell::None,
    }
}

fn fields() -> Vec<Field> {
    vec![
        (Column::new("input_tokens", Show::Tokens).headed("input"), |r| {
            Cell::Int(r.load.input_tokens as u64)
        }),
        (Column::new("output_tokens", Show::Tokens).headed("output"), |r| {
            Cell::Int(r.load.output_tokens as u64)
        }),
        (Column::new("concurrency", Show::Plain), |r| r.load.concurrency.into()),
        (Column::new("chunk_tokens", Show::Hidden), |r| {
            r.load.chunk_tokens.map_or(Cell::None, |chunk| Cell::Int(chunk as u64))
        }),
        (Column::new("batching", Show::Hidden), |r| r.load.batching.name().into()),
        (Column::new("ttft_ms", Show::Usd).headed("TTFT ms"), |r| {
            if_feasible(r, r.serving.ttft.ms())
        }),
        (Column::new("queue_wait_ms", Show::Hidden), |r| if_feasible(r, r.serving.queue_wait.ms())),
        (Column::new("decoding_requests", Show::Hidden), |r| if_feasible(r, r.serving.decoding)),
        (Column::new("decode_step_ms", Show::Hidden), |r| {
            if_feasible(r, r.serving.decode_step.ms())
        }),
        (Column::new("prefill_ms_per_step", Show::Hidden), |r| {
            if_feasible(r, r.serving.prefill_per_step.ms())
        }),
        (Column::new("prefill_share", Show::Short).headed("prefill share"), |r| {
            if_feasible(r, r.serving.prefill_share())
        }),
        (Column::new("requests_per_s", Show::Hidden), |r| if_feasible(r, r.serving.requests_per_s)),
        (Column::new("input_tokens_per_s_per_device", Show::Usd).headed("in tok/s/device"), |r| {
            if_feasible(r, r.serving.input_tokens_per_s_per_device)
        }),
        (
            Column::new("output_tokens_per_s_per_device", Show::Usd).headed("out tok/s/device"),
            |r| if_feasible(r, r.serving.estimate.tokens_per_s_per_device),
        ),
    ]
}

/// The table of served loads.
#[must_use]
pub fn serving_table(rows: &[ServingRow]) -> Table {
    let estimates: Vec<EstimateRow> = rows.iter().map(|row| row.row.clone()).collect();
    let mut table = estimate_table(&estimates);
    for column in &mut table.columns {
        if IN_THE_BACKGROUND.contains(&column.name.as_ref()) {
            column.show = Show::Hidden;
        }
    }
    let fields = fields();
    for (cells, row) in table.rows.iter_mut().zip(rows) {
        cells.extend(fields.iter().map(|(_, fill)| fill(row)));
    }
    table.columns.extend(fields.into_iter().map(|(column, _)| column));
    table.notes.push(
        "Prefill and decoding on the same devices at a constant concurrency: TPOT holds the \
         prefill of other requests, the prefill share of a step is that part of it, stage times \
         are means over the steps, and $/Mtok puts all cost on output tokens."
            .to_owned(),
    );
    table
}
