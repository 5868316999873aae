//! Commissioning: what a technician does on site. Scan of buses, address of a device, meaning of
//! registers, diagnosis of a line, soak test, calibration.
//!
//! [`scan`] and [`address`] talk to devices and report to an observer of the caller, so that the
//! command line and the API use the same code. The other modules are pure calculations; entry
//! types: [`scan_engine::DeviceIdentifier`], [`register_inference::rank_hypotheses`],
//! [`fault_diagnosis`], [`soak_test::SoakTest`].
//!
//! ```text
//! let reads: [&[u16]; 1] = [&[2301]];
//! let ranking = rank_hypotheses(&reads, &InferenceHints { unit: "V", ..Default::default() });
//! // ranking.hypotheses[0]: u16, scale 10^-1: 230.1 V
//! ```
//!
//! See docs/field.md.

pub mod address;
pub mod calibration_check;
pub mod calibration_texts;
pub mod display_comparison;
pub mod fault_diagnosis;
pub mod node_scan;
pub mod register_inference;
pub mod register_meanings;
pub mod scan;
pub mod scan_engine;
mod shared_address;
pub mod soak_record;
pub mod soak_test;
