//! Results as tables, figures and pages, and the comparison of a report with a committed one.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`number`] | numbers as text, and the precision of printed ones |
//! | [`table`] | a table in its four forms |
//! | [`cost_table`] | the columns of `afford cost` |
//! | [`read_table`] | a table from CSV or JSON text |
//! | [`batch_table`] | a scenario's deployments at every batch |
//! | [`front_table`], [`front_plot`] | Pareto fronts over columns of a table |
//! | [`sheet`] | everything about one thing, in four forms |
//! | [`show_model`], [`show_model_text`] | the sheet of a model |
//! | [`show_hardware`] | the sheet of a hardware |
//! | [`deployed`] | a scenario's deployments, evaluated |
//! | [`served`] | a scenario's served loads |
//! | [`planned`] | a scenario's plans |
//! | [`duel`] | disaggregated beside colocated |
//! | [`estimate_table`], [`serving_table`] | the columns of `afford estimate` |
//! | [`validation_table`], [`parity_plot`] | predictions beside what was measured |
//! | [`explain_tables`] | where time and memory of a deployment go |
//! | [`plan_table`] | the columns of `afford plan` |
//! | [`fit_table`] | the columns of `afford calibrate` |
//! | [`loaded`] | a scenario with its models and hardware found |
//! | [`content`] | the tables that a scenario's report may hold |
//! | [`claims`] | single figures beside what a source states |
//! | [`published`] | computed tables beside published ones |
//! | [`figures`] | the figures that a report may hold |
//! | [`crossovers`] | where models and hardware overtake one another as contexts grow |
//! | [`afd_ratio`] | the best ratio of attention to FFN, as table and map |
//! | [`next_chip`] | what more of a resource is worth on a chip |
//! | [`attention_designs`] | heads, head size and groups varied in one model's layers |
//! | [`interactivity`] | throughput per device against speed for a user |
//! | [`kernel_roofline`] | kernels under their roofs |
//! | [`questions`], [`answers`] | inverse questions of a scenario, and answers with brackets |
//! | [`floor`] | the sparsity floor from profiles and a promise |
//! | [`gantt`] | the pipeline of a step, drawn |
//! | [`picture`] | a drawing as SVG or PNG, as a file's name asks |
//! | [`plot`] | charts of numbers as SVG and PNG; knows no model and no cost |
//! | [`findings`] | what the tables say, in plain words |
//! | [`page`] | the report's README |
//! | [`html`] | the report as one interactive page |
//! | [`bundle`] | a report as a set of files |
//! | [`check`] | a fresh report against a committed one |
//! | [`swept`] | a sweep on its way into a file |
//! | [`mod@write`] | files written whole or not at all |
//!
//! A report asks the modules below for figures; it has no formula of its own.

pub mod afd_ratio;
pub mod answers;
pub mod attention_designs;
pub mod batch_table;
pub mod bundle;
pub mod check;
pub mod claims;
pub mod content;
pub mod cost_table;
pub mod crossovers;
pub mod deployed;
pub mod duel;
pub mod estimate_table;
pub mod explain_tables;
pub mod figures;
pub mod findings;
pub mod fit_table;
pub mod floor;
pub mod front_plot;
pub mod front_table;
pub mod gantt;
pub mod html;
pub mod interactivity;
pub mod kernel_roofline;
pub mod loaded;
pub mod next_chip;
pub mod number;
pub mod page;
pub mod parity_plot;
pub mod picture;
pub mod plan_table;
pub mod planned;
pub mod plot;
pub mod published;
pub mod questions;
pub mod read_table;
pub mod served;
pub mod serving_table;
pub mod sheet;
pub mod show_hardware;
pub mod show_model;
pub mod show_model_text;
pub mod swept;
pub mod table;
pub mod validation_table;
pub mod write;
