//! Limits of the work of technicians.

/// Maximum notes of unfinished work: one for each tank, meter and test that is under way.
pub const TECHNICIAN_NOTES_MAX: usize = 64;
/// Signed records of hand-overs that are listed, the newest ones.
pub const HANDOVERS_SHOWN_MAX: usize = 20;
/// Maximum bytes of the photos of one record together: the document holds all of them in memory.
// A phone with a script sends photos of half a megabyte; the document is kept as an attachment.
pub const HANDOVER_PHOTO_BYTES_MAX: u64 = 16 << 20;
/// Maximum letters of a name, position or remark in the form of a record.
pub const HANDOVER_FIELD_LETTERS_MAX: usize = 300;
/// Greatest age of a reading that counts as present when a sensor is calibrated, s.
pub const CALIBRATION_READING_AGE_MAX_S: i64 = 600;
