//! Limits of backups.

/// Length of a piece of a file in a backup, bytes.
// A page that changes costs a piece: small ones write less the next day, and large ones are fewer
// files on a stick. A cluster of a large stick has 32 KiB.
pub const BACKUP_PIECE_BYTES: usize = 64 << 10;
/// Maximum bytes of the list of files of one backup.
// A store of 10 GB has 160,000 pieces.
pub const BACKUP_MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Maximum bytes of a file that the configuration names and a backup takes along.
pub const BACKUP_NAMED_BYTES_MAX: u64 = 64 << 20;
/// Backups of a store that are kept where nothing else is said.
pub const BACKUP_KEEP_DEFAULT: usize = 7;
/// Maximum backups of a store that can be kept.
pub const BACKUP_KEEP_MAX: usize = 366;
/// Time between two daily copies, ms.
pub const COPY_EVERY_MS: i64 = 86_400_000;
/// Time between two looks for a stick or disk, s.
pub const COPY_LOOK_SECONDS: u64 = 60;
/// Time after a copy that failed, s.
// Each attempt reads the whole store.
pub const COPY_RETRY_SECONDS: u64 = 3600;
/// Time without an answer to a look after which a disk counts as one that hangs, s.
pub const COPY_LOOK_SILENT_SECONDS: u64 = 120;
/// Time without a step of a copy after which its disk counts as one that hangs, s.
// At its end a copy reads all back, which on a slow stick takes minutes.
pub const COPY_SILENT_SECONDS: u64 = 3600;
/// Age in days from which on the newest copy is too old, although nothing failed.
pub const COPY_OLD_DAYS: i64 = 3;
