//! Upper bounds of reports and of explanations of figures.

/// Maximum times that a report is computed when entries or records keep coming meanwhile.
pub const REPORT_REPEATS_MAX: u32 = 3;
/// Maximum steps in which a report completes evidence records that are due, before it is made.
pub const REPORT_EVIDENCE_STEPS_MAX: u32 = 1_000_000;
/// Maximum segments of a counter that are kept one by one; further ones are kept as a sum.
pub const COUNTER_SEGMENTS_MAX: usize = 48;
/// Maximum parts of an input of a figure that are listed one by one; further ones are a sum.
// A year of days, and the parts of a ledger of everyday entries.
pub const INPUT_PARTS_MAX: usize = 400;
/// Maximum depth of an explanation from a figure down to its readings.
pub const EXPLAIN_DEPTH_MAX: usize = 8;
/// Maximum figures of one explanation.
pub const EXPLAIN_FIGURES_MAX: usize = 200;
