//! Measurements, as their files have them: kernels, whole deployments, serving points.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`kernel`] | one measured kernel |
//! | [`sheet`] | a CSV file by its header, whose cells know their place |
//! | [`layout`] | files of kernels, told apart by their headers |
//! | `attention`, `gemm`, `expert`, `collective` | layouts of one kind of kernel |
//! | `published` | the layout that holds all kinds |
//! | [`mod@hardware_name`] | a device as files name it |
//! | [`end_to_end`] | throughput of whole deployments |
//! | [`mod@lengths`] | lengths of requests in a trace |
//! | [`serving`] | points where prefill and decoding share devices |
//! | [`shipped`] | the files inside the program |
//!
//! What is read here is what others or we measured; nothing in here predicts, and nothing opens a
//! file.

mod attention;
mod collective;
pub mod end_to_end;
mod expert;
mod gemm;
pub mod hardware_name;
pub mod kernel;
pub mod layout;
pub mod lengths;
mod published;
pub mod serving;
pub mod sheet;
pub mod shipped;
