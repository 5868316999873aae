//! Storage: journal, sealed chunks, sink cursors, ledger and day digests in one SQLite file.
//!
//! Entry type: [`Store`], a cheap handle to the one thread that owns the file (`writer`). Requests
//! go through a bounded channel and are served one by one.
//!
//! ```text
//! let store = Store::open(path, &site, &settings, config_text, &clock)?;
//! store.append(reading).await?;         // has a number, is not durable yet
//! let seq = store.flush().await?;       // durable up to `seq`
//! let blocks = store.query(query).await?;
//! ```
//!
//! Design and invariants: `docs/ARCHITECTURE.md`, section `storage`. Settings:
//! `docs/configuration.md`.

mod access;
#[cfg(test)]
mod access_tests;
mod alarm_queue;
mod alarms;
mod attachments;
mod audit;
mod backup;
mod calibrations;
mod chunk_codec;
#[cfg(test)]
mod clock_bench_tests;
mod clock_era;
mod clock_limits;
#[cfg(test)]
mod clock_model_tests;
mod clock_pairs;
mod damage_mark;
#[cfg(test)]
mod damage_tests;
mod data_damage;
mod database_faults;
mod delivery_lanes;
mod delta_codec;
mod digest;
mod disk_room;
mod doubted_readings;
#[cfg(test)]
mod doubted_readings_tests;
mod downsample;
mod entry_keys;
mod figure_snapshots;
#[cfg(test)]
mod figure_snapshots_tests;
mod file_exchange;
mod file_hold;
mod file_import;
mod file_permissions;
mod file_presence;
mod floor_slot;
mod flush;
mod found_damage;
mod found_events;
#[cfg(feature = "fuzz-doors")]
pub(crate) mod fuzz_doors;
mod held_file;
mod import;
mod import_values;
mod issued_reports;
mod journal_codec;
mod journal_dates;
mod journal_reader;
mod kept_extent;
mod key_registry;
mod latest;
mod leaving_samples;
mod ledger;
#[cfg(test)]
mod ledger_tests;
mod local_calendar;
#[cfg(test)]
mod lost_store_tests;
mod memtable;
mod meta_table;
mod missing_list;
mod newest_readings;
mod open_database;
mod orphaned_file;
mod other_store;
mod pack_rows;
mod query_stream;
mod random_id;
mod read_only_disk;
mod reading_ring;
mod recovery;
mod redated;
mod restored_file;
#[cfg(test)]
mod restored_file_tests;
mod restores;
mod retention;
mod retention_notice;
#[cfg(test)]
mod retention_tests;
mod rollup;
mod rollup_rows;
mod room_wait;
mod row_numbers;
mod running_query;
mod salvage;
mod schema;
mod seal;
mod sequence_floor;
mod set_aside;
mod sink_cursors;
mod snapshot_shelf;
mod store_error;
mod store_events;
mod store_extent;
mod store_handle;
mod store_identity;
mod store_opening;
mod store_pulse;
mod store_request;
mod store_snapshot;
mod store_values;
mod technician_notes;
#[cfg(test)]
mod tests;
mod time_doubts;
mod time_stamps;
mod varint;
mod writer;

pub use attachments::{AttachmentFile, AttachmentUpload};
pub use delivery_lanes::{DeliveryLane, DeliveryLanes, SeqStretch};
pub use digest::{EvidenceExtent, IssueMoment, TextRevision};
pub use file_import::hash_file;
pub use import_values::{FileImport, ImportComparison, ImportMode};
pub(crate) use local_calendar::DAY_GRACE_MS;
pub(crate) use random_id::random_id;
pub use restored_file::StoreReplacement;
pub use running_query::{OpenQuery, QueryCursor};
#[cfg(test)]
pub(crate) use snapshot_shelf::change_stored_file;
pub use snapshot_shelf::{FigureSnapshot, SnapshotQuery, snapshot_basis};
pub use store_error::StoreError;
pub use store_handle::Store;
pub(crate) use store_pulse::StorePulse;
pub use store_snapshot::StoreSnapshot;
pub use store_values::*;
