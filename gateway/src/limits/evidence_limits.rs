//! Limits of the evidence: changed texts, issues of a report, time stamps.

/// Changed texts that a check looks at closely.
pub const CHANGED_TEXTS_MAX: usize = 5;
/// Maximum bytes of a changed text that a check looks at closely.
pub const CHANGED_TEXT_BYTES_MAX: u64 = 1 << 20;
/// Earlier issues that a report lists.
pub const EARLIER_ISSUES_MAX: usize = 10;
/// Figures that the note of an issued report keeps.
pub const HEADLINE_RECORDS_MAX: usize = 200;
/// Rows of a sheet of a report that are compared.
pub const REPORT_ROWS_COMPARED_MAX: usize = 20_000;
/// Time between two time stamps of the chain, ms: a day.
pub const TIME_STAMP_EVERY_MS: i64 = 86_400_000;
/// Pause between two looks whether a stamp is due, ms.
pub const TIME_STAMP_LOOK_MS: u64 = 60_000;
/// First pause after a failure, ms; doubled with each further one.
pub const TIME_STAMP_RETRY_MIN_MS: u64 = 60_000;
/// Longest pause after a failure, ms: six hours.
pub const TIME_STAMP_RETRY_MAX_MS: u64 = 21_600_000;
/// Longest wait for the answer of a time-stamp authority, s.
pub const TIME_STAMP_SECONDS: u64 = 30;
/// Maximum bytes of an answer of a time-stamp authority.
pub const TIME_STAMP_ANSWER_MAX: usize = 64 << 10;
