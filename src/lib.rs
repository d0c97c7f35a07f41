//! What does it cost to decode a million tokens with this model, on this hardware, deployed this
//! way, and what should I change?
//!
//! Four nouns, one direction: a **model** says what must be computed, a **hardware profile** says
//! what a chip can do and what it costs, a **deployment** maps one onto the other, a **scenario**
//! asks a question over all three.
//!
//! ```text
//! spec ──> work ──> machine ──> deploy ──> cost ──> sweep ──> report ──> cli
//! read,    count,   rates of    a model    work     axes to   tables,    one file
//! check    no       one chip    on chips   to $     points    plots      a command
//!          hardware
//! ```
//!
//! Counting comes before pricing: [`work`] never sees a hardware figure, and [`machine`] and
//! [`cost`] never see a model's shape. The core is pure (no files, no clock, no randomness);
//! [`measured`] reads what was measured and [`validate`] holds predictions against it.
//! [`catalog`] and [`text_file`] read files, [`import`] makes models of published configs, [`report`]
//! and [`cli`] write.
#![forbid(unsafe_code)]

pub mod calibrate;
pub mod catalog;
pub mod cli;
pub mod cost;
pub mod csv_place;
pub mod deploy;
pub mod import;
pub mod machine;
pub mod measured;
pub mod report;
pub mod spec;
pub mod sweep;
pub mod text_file;
pub mod units;
pub mod validate;
pub mod work;
