//! Day digests: a chained record for each closed local day (`docs/evidence.md`).
//!
//! Entry points: `Store::close_due_days` makes the records that are due, in small pieces on the
//! store's thread (`day_closing`); the other requests of `evidence_requests` read the chain and the
//! data behind it.
//!
//! ```text
//! while store.close_due_days().await? > 0 {}
//! let digest = store.digest_of_day(day).await?;     // newest record of that day
//! ```

mod changes_since;
mod day_closer;
mod day_closing;
mod evidence_requests;
mod record_damage;
mod record_sources;
mod row_lines;
#[cfg(test)]
mod tests;
mod unrecorded_lines;

pub use changes_since::IssueMoment;
pub(super) use day_closer::DayCloser;
pub(super) use day_closing::mark_day_due;
pub(super) use record_sources::record_factors;
pub use record_sources::{EvidenceExtent, TextRevision};
