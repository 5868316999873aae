//! `pantau verify` and the evidence bundle of `pantau export` and `pantau report`.
//!
//! Entry points: [`run_verify`] checks the chain of day records against the data; [`bundle()`]
//! writes the data of a period with its records into one ZIP; `issued` checks a
//! report file. The data comes from the running
//! gateway or from the store, the check is made in this process.
//!
//! ```text
//! $ pantau verify -c pantau.toml
//! $ pantau export --bundle 2026-Q4 -o bukti.zip -c pantau.toml
//! ```
//!
//! User documentation: `docs/evidence.md`.

mod bundle;
mod chain_records;
mod changed_texts;
mod edited;
mod file_sort;
mod issued;
mod known_damage;
mod output;
mod report_values;
mod uncovered_lines;
mod verify;

pub(super) use bundle::{BundleExtraFile, write_bundle};
pub(super) use output::print_written_bundle;
pub(super) use verify::{VerifyArgs, run_verify};
