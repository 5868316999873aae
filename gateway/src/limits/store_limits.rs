//! Limits of the store.

/// Sequence numbers reserved at once in `pantau.seq`.
// Steps of this size cost a few small writes a day.
pub const SEQ_RESERVE_STEP: u64 = 65_536;
/// Sequence numbers left out when it is unknown how many a store gave out since it was copied.
// A century of two readings a second; two million such losses still fit the exact integers of JSON.
pub const SEQ_UNKNOWN_STEP: u64 = 1 << 32;
/// Maximum stretches of numbers that were left out which a store remembers.
pub const LEFT_OUT_MAX: usize = 64;
/// Maximum readings kept in memory while the disk refuses writes (full or read-only).
// Beyond it the oldest are dropped, counted and logged.
pub const UNFLUSHED_READINGS_MAX: usize = 65_536;
/// Waiting readings that trigger a flush before its time.
// One journal row then stays at about 1 MB.
pub const FLUSH_READINGS_MAX: usize = 8192;
/// Maximum bytes of samples in memory of days that are not sealed; beyond it chunks are sealed
/// early.
pub const MEMTABLE_BYTES_MAX: usize = 1 << 20;
/// Time in seconds without a sign of life of the store's thread after which its disk counts as
/// hung.
// A worn card may need ten seconds for one write.
pub const STORE_HUNG_SECONDS: u64 = 20;
/// Time in seconds of a hung disk after which systemd may restart the gateway.
// A restart loses what waits in memory and mends no disk, but it mends a fault of the program.
pub const STORE_HUNG_RESTART_SECONDS: u64 = 600;
/// Maximum bytes of a write-ahead log that are looked through for damage.
// The log of a gateway has 4 MiB; a checkpoint that failed for two weeks lets it grow this far. A
// start keeps some 40 bytes of memory for each KiB.
pub const DAMAGED_LOG_BYTES_MAX: u64 = 512 << 20;
/// Size in bytes up to which every start of the gateway checks the whole file.
// A card of 20 MB/s reads that much in about ten seconds; a larger file is checked when SQLite has
// found damage.
pub const START_CHECK_BYTES_MAX: u64 = 192 << 20;
/// Maximum bytes of the log while a backup holds the file; beyond it the backup is given up.
// A backup of hours at a slow stick costs a few MB; an import of years may need more.
pub const HELD_LOG_BYTES_MAX: u64 = 96 << 20;
/// Free bytes below which a disk counts as full.
// Some file systems keep a few blocks that no file gets.
pub const DISK_FULL_BYTES: u64 = 64 << 10;
/// Share of a disk, as a divisor, below which its free room is little.
pub const DISK_ROOM_DIVISOR: u64 = 20;
/// Free bytes from which on no disk counts as nearly full, whatever its size.
// Days of readings of the largest site, and what other programs write meanwhile.
pub const DISK_ROOM_MIN_MAX: u64 = 512 << 20;
/// Excess over the disk budget, as a divisor of it, that goes without a notice once data has gone
/// by the budget: that of some days.
pub const BUDGET_EXCESS_DIVISOR: u64 = 20;
/// Days after a deletion by the disk budget for which that holds.
pub const BUDGET_USUAL_DAYS: i64 = 31;
/// Lines of one loss above which a day has one line for all devices.
pub const DAMAGE_ROWS_MAX: usize = 2000;
/// Maximum events of the store's file that are kept for the page.
pub const STORE_EVENTS_MAX: usize = 20;
/// Maximum lines of damage in one answer; the next answer goes on behind them.
pub const DAMAGE_PAGE_MAX: usize = 1000;
/// Maximum changes of alarms that are kept, delivered or not; the oldest go first.
// A year of a site with thirty changes a day, at some 500 bytes each.
pub const ALARM_CHANGES_MAX: usize = 10_000;
/// Maximum channels on which messages of alarms reach people.
pub const ALARM_CHANNELS_MAX: usize = 16;
/// Maximum recipients of one channel.
pub const ALARM_RECIPIENTS_MAX: usize = 20;
/// Maximum months whose bytes of alarm messages are kept.
pub const ALARM_MONTHS_MAX: usize = 12;
/// Maximum changes of alarms in one answer.
pub const ALARM_PAGE_MAX: usize = 200;
/// Longest time for which an alarm can be kept quiet, hours.
// A week: what is quiet for longer is a rule to be changed.
pub const SNOOZE_HOURS_MAX: u32 = 168;
/// Maximum characters of a note about an alarm.
pub const ALARM_NOTE_CHARS_MAX: usize = 300;
/// Maximum alarms that are watched at once.
// Every rule for every asset and device of a large site is far below it.
pub const ALARMS_MAX: usize = 2000;
