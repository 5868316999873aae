//! Backups of a site to another disk: incremental, verified, of several generations, and their way
//! back.
//!
//! ```text
//! DIRECTORY/pantau-backup/SITE/
//!   generations/000012-20261130T080501Z-k3f9q2.json   one backup: its files and their pieces
//!   pieces/3f/3fa9...                                 a piece of a file, named by its SHA-256
//! ```
//!
//! A backup writes the pieces that are not there yet, reads them back, and then its manifest: only
//! with it the backup exists. What fails before leaves the earlier ones as they were.
//!
//! Commands: `cli::backup`, `cli::restore`. The gateway makes a copy a day by itself
//! (`run_daily_copies`). User documentation: `docs/configuration.md`, "Backup and restore".

mod backup_error;
mod backup_source;
mod backup_writer;
mod daily_copy;
mod disk_files;
mod manifest;
mod other_disk;
mod piece_store;
mod restore;
mod second_place;
mod site_files;
#[cfg(test)]
mod tests;

pub use backup_error::BackupError;
pub use backup_source::BackupSource;
pub use backup_writer::{BackupFacts, BackupWriter, WrittenBackup};
pub use daily_copy::run_daily_copies;
pub use disk_files::is_open_to_others;
pub use manifest::BackupManifest;
pub use restore::{RestoreAction, RestorePlan, RestoreTarget};
pub use second_place::is_same_disk;
pub use site_files::add_site_files;
