//! Evidence that readings, ledger, configuration and factors are still those of their day.
//!
//! Pure code: the canonical form of what is hashed (`canonical_form`), the record of a day
//! ([`DayRecord`]), the [`DigestChain`] of records, and the bundle that another machine checks
//! ([`check_bundle`]). The store makes the records; the command line compares them with the data.
//!
//! ```text
//! let mut chain = DigestChain::default();
//! let mut verdict = VerificationReport::default();
//! for digest in &digests { chain.push(digest, &mut verdict); }
//! chain.summarise(&mut verdict);        // verdict.is_intact(): nothing differs
//! ```
//!
//! Format, complete enough to write a verifier: `docs/evidence.md`.

mod bundle;
mod bundle_check;
mod bundle_content;
mod bundle_days;
mod bundle_lines;
mod bundle_reports;
mod canonical_form;
mod chain_remark;
mod changes_since;
#[cfg(test)]
mod coverage_tests;
mod day_record;
mod digest_chain;
mod file_hashes;
mod own_hash;
mod recorded_table;
mod report_evidence;
#[cfg(test)]
mod tests;
mod time_stamp;
mod uncovered;
mod verification;

pub use bundle::{
    BUNDLE_FORMAT, BundleError, BundleSummary, BundleWriter, closing_file_name, revision_file_name,
    samples_file_name, stamp_file_name,
};
pub use bundle_check::check_bundle;
pub use bundle_days::{BundleDays, ClosedDayRecords, days_of_figures, is_near_period};
pub use canonical_form::{
    LedgerFile, LedgerLine, SAMPLES_CSV_HEADER, Sha256Hasher, hash, hash_samples, sample_lines,
    write_row_line, write_samples,
};
pub use chain_remark::{ChainRemark, RecordsSince, RemarkKind, RemarksAndSince, RevisedDay};
pub use changes_since::{ChangesSince, EntrySince, ImportSince, StatedQuantity, TextSince};
pub use day_record::{
    DayDigest, DayRecord, RecordReason, RevisionKind, RevisionLine, SampleDigestLine,
};
pub use digest_chain::{CoveredRows, DigestChain, NamedText};
pub use file_hashes::hashes_in_file;
pub use own_hash::{OWN_HASH_KEY, OWN_HASH_PLACEHOLDER, has_own_hash, with_own_hash};
pub use recorded_table::{
    ImportLine, IssuedFileLine, IssuedLine, RecordedTable, RedatedLine, ReplacedLine, RowRange,
    StretchLine, numbers_text,
};
pub use report_evidence::{ChainHead, NO_EVIDENCE, ReportEvidence};
pub use time_stamp::{CheckedStamp, StampError, StampRequest, check_time_stamp, read_authorities};
pub use uncovered::{
    BUNDLED_FILES, BUNDLED_STAMPS, CLOSING_READINGS, OPEN_DAYS, UNISSUED_FILES, UncoveredPart,
};
pub use verification::{ChangedText, EvidenceMismatch, MismatchKind, VerificationReport};
