//! Calculations for a technician on site: meaning of registers, diagnosis of a line, soak test,
//! calibration. Pure; the caller talks to the devices.
//!
//! Entry types: [`scan::Identify`], [`infer::rank`], [`diagnosis::advice`], [`soak::Soak`].
//!
//! ```text
//! let reads: [&[u16]; 1] = [&[2301]];
//! let ranking = rank_hypotheses(&reads, &InferenceHints { unit: "V", ..Default::default() });
//! // ranking.hypotheses[0]: u16, scale 10^-1: 230.1 V
//! ```
//!
//! See docs/field.md.

pub mod calibration_check;
pub mod display_comparison;
pub mod fault_diagnosis;
pub mod register_inference;
pub mod scan_engine;
pub mod soak_test;
