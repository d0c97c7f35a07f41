//! A sweep on its way into a file: loading, encoding, and files that survive a kill.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`load`] | a scenario's sweep with everything that it names |
//! | [`encode`] | rows as CSV, JSON Lines or Parquet, block by block |
//! | [`parquet_form`] | the Parquet part of that |
//! | [`journal`] | the blocks that are done, beside the output, and the note that says what it is |
//! | [`run`] | a sweep into a file, from where it was left |
//! | [`merge`] | shards into one |
//!
//! A sweep is cut into blocks of equally many combinations. A block's bytes depend on nothing but
//! its number, so that an output is the same whoever computes it and however often it is begun.

pub mod encode;
pub mod journal;
pub mod load;
pub mod merge;
pub mod parquet_form;
pub mod run;
