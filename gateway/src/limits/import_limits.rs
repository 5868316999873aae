//! Upper bounds of imports of readings from files.

/// Maximum bytes of CSV in one import request; longer files are sent in several requests.
pub const IMPORT_BYTES_MAX: usize = 2 << 20;
/// Maximum bad rows of an import that are reported for each kind of error.
pub const IMPORT_FAULTS_MAX: u64 = 5;
/// Earliest time that an import accepts: 2000-01-01T00:00:00Z.
pub const IMPORT_TIME_MIN_MS: i64 = 946_684_800_000;
/// Maximum rows of an unsorted import that are searched for duplicate times.
pub const IMPORT_UNSORTED_ROWS_MAX: usize = 4_000_000;
/// Maximum bytes of a table of another program, which is loaded as a whole.
pub const IMPORT_TABLE_BYTES_MAX: u64 = 64 << 20;
/// Rows of such a table that are searched for its heading and first reading.
pub const IMPORT_HEAD_ROWS_MAX: usize = 60;
/// Maximum rows of a sheet of a workbook with readings: each takes some hundred bytes of memory.
pub const IMPORT_SHEET_ROWS_MAX: usize = 100_000;
/// Columns of a table that one call imports.
pub const IMPORT_COLUMNS_MAX: usize = 64;
/// Characters of the name of an imported file, and of the person, that are kept.
pub const IMPORT_ORIGIN_CHARS_MAX: usize = 200;
/// Stretches of one piece of an import that are noted one by one.
pub const IMPORT_STRETCHES_MAX: usize = 1000;
/// Stretches of imports that are read for the figures of a period.
pub const IMPORT_STRETCHES_READ_MAX: usize = 100_000;
/// Maximum bytes of one CSV line of an import.
pub const IMPORT_LINE_MAX: usize = 4096;
/// Stretches of re-dated readings that a figure names.
pub const REDATED_STRETCHES_MAX: usize = 20;
/// Shift of re-dated readings that is told, ms: less is the drift of a clock that was right.
pub const REDATED_SHIFT_MIN_MS: i64 = 1000;
