//! What proves that readings, ledger, configuration and factors are still those of their day.
//!
//! Pure: the canonical form of what is hashed (`canon`), the record of a day and the chain of
//! records, and the bundle that another machine checks. The store makes the records, the command
//! line holds them against the data. The form is described for auditors in `docs/evidence.md`.

mod bundle;
mod canon;
mod chain;
mod check;
mod fault;
mod record;
#[cfg(test)]
mod tests;

pub use bundle::{About, BUNDLE_FORMAT, BundleError, BundleWriter, entry_of_point, entry_of_text};
pub use canon::{
    CSV_HEADER, Hash, LedgerFile, LedgerLine, hash, hash_samples, write_ledger, write_samples,
};
pub use chain::{Chain, Range};
pub use check::check_bundle;
pub use fault::{Fault, Verdict, What};
pub use record::{Digest, Kind, Record, SampleLine, TextLine, Why};
