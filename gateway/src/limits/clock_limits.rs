//! Upper bounds of what is believed and kept of the clock.

/// Earliest time that a clock is believed, ms since 1970: this program is not older.
// 2026-01-01T00:00:00Z
pub const EARLIEST_TIME_MS: i64 = 1_767_225_600_000;
/// Largest error of a time that a person sets to the second, ms: reading it off, and pressing.
pub const PERSON_TIME_BOUND_MS: u64 = 5000;
/// Largest error of a time that a person sets to the minute, ms.
pub const PERSON_MINUTE_BOUND_MS: u64 = 60_000;
/// Time beyond the newest reading that a person sets without a second word, ms.
pub const PERSON_LEAP_MAX_MS: i64 = 31 * 86_400_000;
/// The same where nothing is known, from `EARLIEST_TIME_MS` on, ms.
pub const PERSON_FIRST_LEAP_MAX_MS: i64 = 800 * 86_400_000;
/// Time beyond the newest reading, and beyond `EARLIEST_TIME_MS`, that nobody sets, ms: no program
/// lies still for so long.
pub const PERSON_TIME_REACH_MS: i64 = 3653 * 86_400_000;
/// Largest difference at which a battery clock confirms the wall clock, ms: the drift of a year
/// (2 ppm for a DS3231, 63 s) and the step of a second.
pub const BATTERY_CLOCK_MAX_MS: u64 = 120_000;
/// Drift of a battery clock, parts per million: two seconds a day.
// Crystals of plain battery clocks are within 20 ppm at 25 degrees; a DS3231 is far better.
pub const BATTERY_CLOCK_DRIFT_PPM: i64 = 23;
/// Error of a time that was read from a battery clock or a host, ms: whole seconds, and some drift.
pub const HOST_BOUND_MS: i64 = 2000;
/// Time beyond the newest reading at which the time of the start is no longer believed, ms.
pub const HOST_LEAP_MAX_MS: i64 = PERSON_LEAP_MAX_MS;
/// Time beyond the newest reading from which on the time of the start ends no day for
/// `TIME_DOUBT_DAYS` of readings, ms: a long weekend without power.
pub const HOST_LEAP_DOUBTED_MS: i64 = 3 * 86_400_000;
/// Longest time from the beginning of a poll until the store has its reading, ms.
pub const READING_ON_ITS_WAY_MS: i64 = 120_000;
/// Days of readings for which a time that is in doubt ends no day.
pub const TIME_DOUBT_DAYS: i64 = 7;
/// Maximum stretches that are remembered as dated by less than the network.
pub const TIME_DOUBTS_MAX: usize = 64;
/// Largest error in milliseconds of the time in a server's answer, beside the time that the answer
/// took: whole seconds, and some drift.
pub const SERVER_CLOCK_BOUND_MS: u64 = 5000;
/// Drift of a monotonic clock that nothing disciplines, parts per million.
// Crystals of small computers are within 50 ppm at 25 degrees; cabinets get warm.
pub const CLOCK_DRIFT_PPM: i64 = 100;
/// Difference between the clock of the computer and the time of readings that is told, ms.
pub const CLOCK_LEAD_TOLD_MS: i64 = 2000;
/// Moments kept of one boot at which a source vouched for the time; of more, every second goes.
pub const CLOCK_PAIRS_PER_BOOT_MAX: usize = 256;
/// Moments kept of all boots; of more, the oldest of earlier boots go.
pub const CLOCK_PAIRS_MAX: usize = 10_000;
/// Maximum steps of the wall clock that wait to be noted in the store.
pub const CLOCK_STEPS_KEPT_MAX: usize = 32;
