//! Scan of a line or network, and identification of the devices found. Pure: the engine says what
//! to send next, and the caller passes the answer in.
//!
//! Entry types: [`UnitSweep`] and [`DeviceIdentifier`]:
//!
//! ```text
//! let mut sweep = UnitSweep::for_line(&ScanLineSettings::likely_settings(), &[1, 2, 3]);
//! while let Some(probe) = sweep.next() { /* send probe.request; sweep.record_found(&probe) */ }
//! ```
//!
//! [`scan_ranges`] parses the targets, [`unit_sweep`] selects the next unit to probe and gives the
//! longest time that is left, [`identification`] reads one found device until `weigh` can say which
//! profiles fit it. A profile's claims are weighed against chance: a value in its range counts by
//! how improbable just those registers are on any other device. See docs/field.md, "Scan".

pub mod identification;
mod profile_weight;
mod register_answers;
pub mod scan_ranges;
pub mod unit_sweep;
mod value_weight;

pub use identification::{
    DeviceIdentifier, IdentificationResult, IdentificationStep, ProfileCandidate, ScanAnswer,
    ScanQuestion,
};
pub use profile_weight::ProfileEvidence;
pub use unit_sweep::{ScanLineSettings, ScanProbe, UnitSweep};

#[cfg(test)]
mod tests;
