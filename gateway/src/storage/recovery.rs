//! Opening and recovery: the state of the writer is rebuilt from the file.

use super::access::corruption_error;
use super::audit::append_audit;
use super::damage_mark;
use super::file_presence::observe_files;
use super::found_events::FoundEvents;
use super::held_file::HeldFile;
use super::key_registry::KeyRegistry;
use super::latest::LatestCache;
use super::local_calendar::LocalCalendar;
use super::memtable::{BootKey, Memtable};
use super::meta_table::{read_meta, write_meta};
use super::newest_readings::NewestReadings;
use super::open_database::{begin_in_memory, mend_or_begin, open_database, remove_unbegun};
use super::other_store::record_found;
use super::reading_ring::ReadingRing;
use super::salvage::{self, StoreSalvage};
use super::schema::{self, FileState, OpenedDatabase, disk_error, is_corruption, is_disk_full};
use super::seal::next_full_hour;
use super::sequence_floor::SequenceFloor;
use super::set_aside;
use super::sink_cursors::{SinkCursors, read_cursors};
use super::snapshot_shelf::SnapshotShelf;
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_identity::StoreNumbering;
use super::store_pulse::StorePulse;
use super::store_request::StoreRequest;
use super::store_values::{StoreAccess, StoreHealth, StoreStart};
use super::time_doubts::TimeDoubts;
use super::writer::{StoreWriter, WriterOutputs};
use crate::clock::{Clock, boot_id};
use crate::config::StoreSettings;
use crate::domain::store_event::{StoreEvent, StoreEventKind};
use crate::domain::{ReadingSeq, Site};
use crate::evidence::RecordReason;
use crate::limits::{LIVE_QUEUE_MAX, READING_QUEUE_MAX};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, watch};

/// Opens and recovers the store, without starting the thread.
pub(super) fn prepare_writer(
    (access, start): (StoreAccess, StoreStart),
    path: &Path,
    site: &Site,
    settings: &StoreSettings,
    config_text: &str,
    clock: &Clock,
) -> Result<OpenedStore, StoreError> {
    let salvage = StoreSalvage {
        directory: path,
        site,
        now: clock.now().at,
    };
    let opened = open_database(&salvage, access)?;
    let file = opened.file.clone();
    let is_new = opened.state == FileState::New;
    let assemble =
        |opened| assemble_writer((access, start, opened), site, settings, clock, config_text);
    let (mut keeper, store, requests) = match assemble(opened) {
        Err(failure) if access == StoreAccess::Gateway && is_new && is_disk_full(&failure.0) => {
            // There was room for the tables and for nothing more.
            drop(failure);
            remove_unbegun(&file);
            assemble(begin_in_memory(file.clone(), Vec::new())?)
        }
        Err(failure) if is_corruption(&failure.0) => {
            // SQLite must have closed the file before it is renamed.
            let (fault, db) = *failure;
            drop(db);
            // Only the gateway repairs; a command reports the damage and changes nothing.
            if access != StoreAccess::Gateway {
                return Err(super::access::open_error(&file, &fault));
            }
            let repair = mend_or_begin(&salvage, &file, &fault.to_string())?;
            let mut opened = open_database(&salvage, access)?;
            opened.events.push(repair.clone());
            match assemble(opened) {
                Err(failure) if is_corruption(&failure.0) => {
                    // Rows that look right and make no sense: a gateway that goes on reading with
                    // an empty file is better than none.
                    let (fault, db) = *failure;
                    drop(db);
                    let begun = set_aside::quarantine_file(&file, salvage.now, &fault)?;
                    let mut opened = open_database(&salvage, access)?;
                    opened.events.extend([repair, begun]);
                    assemble(opened)
                }
                other => other,
            }
        }
        other => other,
    }
    .map_err(|failure| schema::to_store_error(&file, "reading the file", &failure.0))?;
    keeper.health.damaged_files = set_aside::list_set_aside(path, "damaged");
    keeper.health.rescued_files = set_aside::list_set_aside(path, set_aside::RESCUED_WORD);
    keeper.health.was_restarted = damage_mark::has_mark(path);
    keeper.publish_health();
    Ok((keeper, store, requests))
}

/// Writer, handle and request queue of an opened store.
type OpenedStore = (StoreWriter, Store, mpsc::Receiver<StoreRequest>);
/// Error of recovery, with the database, so that it can be closed before its file is renamed.
type AssembleFailure = Box<(rusqlite::Error, Option<Connection>)>;

/// Builds the writer from the opened file.
fn assemble_writer(
    (access, start, opened): (StoreAccess, StoreStart, OpenedDatabase),
    site: &Site,
    settings: &StoreSettings,
    clock: &Clock,
    config_text: &str,
) -> Result<OpenedStore, AssembleFailure> {
    let OpenedDatabase {
        mut db,
        file,
        events,
        lock,
        state: file_state,
    } = opened;
    let is_there = file_state != FileState::Waiting;
    let state = match load_state(access, &file, &mut db, site) {
        Ok(state) => state,
        Err(fault) => return Err(Box::new((fault, Some(db)))),
    };
    let ((next, done, floor), (cursors, moved_at)) = (state.sequence, state.cursors);
    let (store, out, queue) = open_channels(done, &settings.path, (state.numbering, &state.names));
    let mut keeper = StoreWriter {
        snapshots: SnapshotShelf::load(&db, Arc::clone(&store.data_revision)),
        open_files: is_there.then(|| observe_files(access, &file)).flatten(),
        waits_for_room: !is_there,
        is_read_only: file_state == FileState::ReadOnly,
        floor,
        access,
        _lock: lock,
        held: HeldFile::open(access, &file),
        db,
        file,
        settings: settings.clone(),
        clock: clock.clone(),
        calendar: LocalCalendar::new(site.timezone.clone()),
        names: state.names,
        boot: boot_id(),
        current_era: None,
        pending: VecDeque::new(),
        next,
        durable: done,
        ring: store.ring.clone(),
        memtable: Memtable::default(),
        latest: LatestCache::default(),
        cursors,
        moved_at,
        moved_cursors: BTreeSet::new(),
        refusals: Vec::new(),
        running_queries: VecDeque::new(),
        health: StoreHealth::default(),
        found: FoundEvents::of(events),
        losses: None,
        flush_due: None,
        backoff_ms: 0,
        start,
        start_due: None,
        unmerged_parts: BTreeSet::new(),
        raw_deleted_before: 0,
        doubts: TimeDoubts::default(),
        taken_back: None,
        has_late_readings: false,
        seal_after: next_full_hour(clock.now().at),
        closing: super::digest::DayCloser::new(site),
        outputs: out,
    };
    match keeper.begin(config_text, site) {
        Ok(()) => Ok((keeper, store, queue)),
        Err(fault) => Err(Box::new((fault, Some(keeper.db)))),
    }
}

/// Returns the next number, the last finished number, and the bound of numbers (gateway only).
fn recover_sequence(
    access: StoreAccess,
    file: &Path,
    db: &Connection,
    last: ReadingSeq,
) -> Result<(ReadingSeq, ReadingSeq, Option<SequenceFloor>), rusqlite::Error> {
    if access != StoreAccess::Gateway {
        return Ok((last + 1, last, None));
    }
    let directory = file.parent().unwrap_or(Path::new("."));
    let (next, floor) = SequenceFloor::load(directory, db, last)?;
    // Numbers that were left out are those of no reading: everything before the next one is done.
    Ok((next, next - 1, Some(floor)))
}

/// Creates the handle and the channel ends of the thread.
fn open_channels(
    last: ReadingSeq,
    directory: &Path,
    (numbering, names): (StoreNumbering, &KeyRegistry),
) -> (Store, WriterOutputs, mpsc::Receiver<StoreRequest>) {
    let (requests, queue) = mpsc::channel(READING_QUEUE_MAX);
    let (durable, durable_seen) = watch::channel(last);
    let (live, _) = broadcast::channel(LIVE_QUEUE_MAX);
    let (health, health_seen) = watch::channel(StoreHealth::default());
    let newest = NewestReadings::default();
    let pulse = StorePulse::default();
    let store = Store {
        requests,
        durable: durable_seen,
        live: live.clone(),
        health: health_seen,
        directory: directory.into(),
        ring: ReadingRing::default(),
        newest: newest.clone(),
        data_revision: Arc::default(),
        pulse: pulse.clone(),
        numbering: numbering.into(),
        past_devices: names.past_devices().into(),
    };
    let out = WriterOutputs {
        durable,
        live,
        newest,
        health,
        pulse,
    };
    (store, out, queue)
}

/// State of the writer that the file and `pantau.seq` hold.
struct RecoveredState {
    names: KeyRegistry,
    /// Next number, last finished number, and the bound of numbers (gateway only).
    sequence: (ReadingSeq, ReadingSeq, Option<SequenceFloor>),
    numbering: StoreNumbering,
    cursors: SinkCursors,
}

/// Reads the state, and passes numbers over that must not come again.
fn load_state(
    access: StoreAccess,
    file: &Path,
    db: &mut Connection,
    site: &Site,
) -> Result<RecoveredState, rusqlite::Error> {
    let names = KeyRegistry::load(db, site)?;
    let kept = db.query_row(
        "SELECT coalesce(max(first + n - 1), 0) FROM journal",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    // Sealed journal rows are deleted, so the last number may be in `meta` only.
    let gone: i64 = read_meta(db, "last_seq")?.unwrap_or(0);
    let sequence = recover_sequence(access, file, db, kept.max(gone).cast_unsigned())?;
    // Read afterwards: cursors pass the numbers that are left out.
    let mut numbering = StoreNumbering::read(db)?;
    if let Some(floor) = &sequence.2 {
        floor.complete(&mut numbering);
    }
    Ok(RecoveredState {
        names,
        sequence,
        numbering,
        cursors: read_cursors(db)?,
    })
}

/// Starts the thread of the writer.
pub(super) fn spawn_writer(
    keeper: StoreWriter,
    requests: mpsc::Receiver<StoreRequest>,
) -> Result<(), StoreError> {
    let failed = |fault: std::io::Error| StoreError::Disk {
        what: "starting the store's thread",
        why: fault.to_string(),
    };
    // A runtime of its own on its own thread: SQLite calls block, and must not hold up the tasks of
    // the buses.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(failed)?;
    std::thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || runtime.block_on(keeper.run(requests)))
        .map(drop)
        .map_err(failed)
}

impl StoreWriter {
    /// Records the start in the audit log, and the configuration when it differs from the newest
    /// revision.
    fn record_start(&mut self, config_text: &str) -> Result<(), rusqlite::Error> {
        let now = self.recording_time();
        let transaction = self.db.transaction()?;
        let crc = crc32fast::hash(config_text.as_bytes());
        let newest = "SELECT text FROM revision ORDER BY id DESC LIMIT 1";
        let before: Option<String> = transaction
            .query_row(newest, [], |row| row.get(0))
            .optional()?;
        if self.start == StoreStart::Program {
            append_audit(&transaction, now, "start", env!("CARGO_PKG_VERSION"))?;
        }
        if before.as_deref() != Some(config_text) {
            transaction.execute(
                "INSERT INTO revision(since, crc, text) VALUES (?, ?, ?)",
                params![now.0, crc, config_text],
            )?;
            let what = format!("crc32 {crc:08x}");
            append_audit(&transaction, now, "configuration", &what)?;
        }
        super::digest::record_factors(&transaction, now)?;
        record_found(&self.found, &transaction, now)?;
        transaction.commit()?;
        self.found.tell();
        Ok(())
    }

    /// Records a start that found the disk full.
    pub(super) fn record_due_start(&mut self) -> Result<(), rusqlite::Error> {
        if let Some(config_text) = self.start_due.take() {
            let recorded = self.record_start(&config_text);
            self.start_due = recorded.is_err().then_some(config_text);
            recorded?;
        }
        Ok(())
    }

    /// Rebuilds the state from the file, and records the start.
    fn begin(&mut self, config_text: &str, site: &Site) -> Result<(), rusqlite::Error> {
        self.follow_progress()?;
        self.replay_journal(site)?;
        self.note_other_store(site)?;
        self.show_events()?;
        // A page that is opened right after the start says what there is.
        self.health.durable_at = self.latest.newest_dated();
        self.load_time_doubts()?;
        self.adopt_clock_pair()?;
        self.judge_start()?;
        match self
            .record_start(config_text)
            .and_then(|()| self.note_clock_pair())
        {
            // A gateway that shows its page and holds readings in memory is better than none.
            Err(fault) if self.access == StoreAccess::Gateway && is_disk_full(&fault) => {
                self.start_due = Some(config_text.to_owned());
                self.retry_later(&disk_error("recording the start", &fault));
            }
            recorded => recorded?,
        }
        self.note_damaged_records()?;
        self.mark_unsealed()?;
        self.load_retention_notice()?;
        self.observe_read_only();
        self.begin_room_wait()
    }

    /// Has SQLite give signs of life while it works.
    pub(super) fn follow_progress(&mut self) -> Result<(), rusqlite::Error> {
        self.outputs.pulse.follow(&mut self.db)
    }

    /// Rebuilds the memtable from the unsealed rows of the journal, and the latest samples.
    fn replay_journal(&mut self, site: &Site) -> Result<(), rusqlite::Error> {
        let gone = read_meta(&self.db, "gone_before")?.unwrap_or(0);
        self.raw_deleted_before = i32::try_from(gone).unwrap_or(0);
        self.unmerged_parts = super::seal::load_unmerged_parts(&self.db)?;
        self.latest.load(&self.db)?;
        let mut damaged = Vec::new();
        let sealed = read_meta(&self.db, "sealed_seq")?.unwrap_or(0);
        let mut rows = Vec::new();
        {
            let mut select = self
                .db
                .prepare("SELECT first, n, boot, crc, body FROM journal WHERE first + n - 1 > ?")?;
            let mut found = select.query([sealed])?;
            while let Some(row) = found.next()? {
                let first = row.get::<_, i64>(0)?;
                let body = row.get_ref(4)?.as_blob().unwrap_or_default();
                let right = crc32fast::hash(body) == row.get::<_, u32>(3)?;
                let kept = super::journal_codec::decode_row(body, row.get(1)?, &self.names)
                    .filter(|_| right);
                match kept {
                    Some(kept) => rows.push((first.cast_unsigned(), row.get(2)?, kept)),
                    None => damaged.push(first),
                }
            }
        }
        for (first, boot, kept) in rows {
            self.replay_row(first, boot, &kept);
        }
        for first in &damaged {
            if self.access != StoreAccess::Gateway {
                return Err(corruption_error(format!("journal row {first} is garbled")));
            }
            self.quarantine_row(*first)?;
        }
        if !damaged.is_empty() {
            salvage::note_journal_gaps(&self.db, site, self.clock.now().at)?;
        }
        Ok(())
    }

    /// For a read-only command, which seals nothing: marks closed days with unsealed samples as
    /// outdated (in its private tables).
    fn mark_unsealed(&mut self) -> Result<(), rusqlite::Error> {
        if self.access != StoreAccess::Read {
            return Ok(());
        }
        let days: BTreeSet<_> = self
            .memtable
            .keys()
            .filter(|key| key.boot == 0)
            .map(|key| key.day)
            .collect();
        for day in days {
            super::digest::mark_day_due(&self.db, day, RecordReason::Late)?;
        }
        Ok(())
    }

    /// Adds the readings of one journal row to memory.
    fn replay_row(
        &mut self,
        first: ReadingSeq,
        boot: BootKey,
        kept: &[super::journal_codec::JournalReading],
    ) {
        for (kept, seq) in kept.iter().zip(first..) {
            let boot = if kept.dated { 0 } else { boot };
            if let Some(points) = self.names.layout_points(kept.layout) {
                for (point, outcome) in points.iter().zip(&kept.outcomes) {
                    self.latest
                        .set_current(*point, kept.at, *outcome, (seq, kept.dated));
                }
            }
            self.add_to_memtable((kept.layout, boot, kept.at), &kept.outcomes);
        }
    }

    /// Moves a garbled journal row to table `damaged`.
    fn quarantine_row(&mut self, first: i64) -> Result<(), rusqlite::Error> {
        let now = self.clock.now().at;
        let transaction = self.db.transaction()?;
        let origin = format!("journal {first}");
        transaction.execute(
            "INSERT INTO damaged(at, origin, body) SELECT ?, ?, body FROM journal WHERE first = ?",
            params![now.0, origin, first],
        )?;
        transaction.execute("DELETE FROM journal WHERE first = ?", [first])?;
        // The numbers of the row are never given out again.
        write_meta(&transaction, "last_seq", self.durable.cast_signed())?;
        transaction.commit()?;
        let kind = StoreEventKind::RowSetAside;
        self.found.events.push(StoreEvent::new(kind, now, origin));
        Ok(())
    }
}
