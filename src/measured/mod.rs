//! Measurements, as their files have them: kernels, whole deployments, serving points.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`kernel`] | one measured kernel |
//!
//! What is read here is what others or we measured; nothing in here predicts, and nothing opens a
//! file.

pub mod kernel;
