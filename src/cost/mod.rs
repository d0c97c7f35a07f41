//! From work and machines to money.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`unit_cost`] | the price of one FLOP and one byte on a machine at its peak (Table 5) |
//! | [`attribution`] | a change in $ shared out to its causes |
//! | [`bill`] | what a fleet costs and what each kind of token has to bring in |
//! | [`ideal`] | the cost of a token from those (section 4, Table 6): fidelity `ideal` |
//! | [`ledger`] | $ by pool and part, which sum to the bill |
//! | [`owned`] | an hour of a device that is owned |
//! | [`queue`] | how many servers a load needs |
//!
//! Money never sees a model's shape: it prices FLOPs and bytes.

pub mod attribution;
pub mod bill;
pub mod ideal;
pub mod ledger;
pub mod owned;
pub mod queue;
pub mod unit_cost;
