//! Opening: what the file says becomes the keeper's memory.

use super::access::{Access, damage};
use super::audit::note;
use super::calendar::Calendar;
use super::cursor::Cursors;
use super::fault::StoreError;
use super::feed::Ring;
use super::floor::Floor;
use super::handle::{Request, Store, StoreHealth};
use super::hot::{BootKey, Hot};
use super::keeper::{Keeper, Outlets};
use super::last::Latest;
use super::names::Names;
use super::presence::Presence;
use super::schema::{self, Opened, is_damage};
use super::seal::HOUR_MS;
use crate::clock::{Clock, boot_id};
use crate::config::StoreSettings;
use crate::evidence::Why;
use crate::limits::{LIVE_QUEUE_MAX, READING_QUEUE_MAX};
use crate::model::{Seq, Site};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use tokio::sync::{broadcast, mpsc, watch};

impl Store {
    /// Opens the store in this directory, or makes it, and starts the thread that owns the file.
    /// A file that cannot be read is set aside under its own name and a new one begun; the health's
    /// `repairs` say so. `Busy` when another process holds the file.
    pub fn open(
        path: &Path,
        site: &Site,
        settings: &StoreSettings,
        config_text: &str,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        Self::open_for(Access::Gateway, path, site, settings, config_text, clock)
    }

    /// Opens the store for somebody: `Damaged` for a command that comes upon a damaged file, and
    /// `Missing` for one that only reads when there is none.
    pub fn open_for(
        access: Access,
        path: &Path,
        site: &Site,
        settings: &StoreSettings,
        config_text: &str,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        let (keeper, store, requests) = prepare(access, path, site, settings, config_text, clock)?;
        serve(keeper, requests)?;
        Ok(store)
    }
}

/// Everything of a start but the thread.
pub(super) fn prepare(
    access: Access,
    path: &Path,
    site: &Site,
    settings: &StoreSettings,
    config_text: &str,
    clock: &Clock,
) -> Result<Assembled, StoreError> {
    let now = clock.now().at;
    let opened = schema::open(path, now, access)?;
    let file = opened.file.clone();
    let assemble = |opened| assemble((access, opened), site, settings, clock, config_text);
    let (mut keeper, store, requests) = match assemble(opened) {
        Err((fault, db)) if is_damage(&fault) => {
            drop(db);
            if access != Access::Gateway {
                return Err(super::access::refused(&file, &fault));
            }
            let repair = schema::set_aside(&file, now, &fault)?;
            let mut opened = schema::open(path, now, access)?;
            opened.repairs.push(repair);
            assemble(opened)
        }
        other => other,
    }
    .map_err(|(fault, _)| schema::told(&file, "reading the file", &fault))?;
    keeper.tell_health();
    Ok((keeper, store, requests))
}

type Assembled = (Keeper, Store, mpsc::Receiver<Request>);
/// The database comes back so that it can be closed before its file is set aside.
type Failed = (rusqlite::Error, Option<Connection>);

fn assemble(
    (access, opened): (Access, Opened),
    site: &Site,
    settings: &StoreSettings,
    clock: &Clock,
    config_text: &str,
) -> Result<Assembled, Failed> {
    let Opened {
        mut db,
        file,
        repairs,
        lock,
    } = opened;
    let (names, (cursors, moved_at), last) = match read_state(&mut db, site) {
        Ok(read) => read,
        Err(fault) => return Err((fault, Some(db))),
    };
    let (next, last, floor) = match numbering(access, &file, &db, last) {
        Ok(numbering) => numbering,
        Err(fault) => return Err((fault, Some(db))),
    };
    let (store, out, queue) = ends(last, &settings.path);
    let seal_after = (clock.now().at.0.div_euclid(HOUR_MS) + 1) * HOUR_MS;
    let mut keeper = Keeper {
        presence: presence(access, &file),
        floor,
        access,
        _lock: lock,
        db,
        file,
        settings: settings.clone(),
        clock: clock.clone(),
        calendar: Calendar::new(&site.timezone).unwrap_or_else(|_| Calendar::utc()),
        names,
        boot: boot_id(),
        era: None,
        pending: VecDeque::new(),
        next,
        durable: last,
        ring: store.ring.clone(),
        hot: Hot::default(),
        latest: Latest::default(),
        cursors,
        moved_at,
        moved: BTreeSet::new(),
        refusals: Vec::new(),
        running: VecDeque::new(),
        health: StoreHealth {
            repairs,
            ..StoreHealth::default()
        },
        losses: None,
        due: None,
        backoff_ms: 0,
        parts: BTreeSet::new(),
        gone_before: 0,
        seal_after,
        old_again_ms: 0,
        closing: super::digest::Closing::new(site),
        out,
    };
    match keeper
        .warm_up()
        .and_then(|()| keeper.record_start(config_text))
        .and_then(|()| keeper.mark_unsealed())
    {
        Ok(()) => Ok((keeper, store, queue)),
        Err(fault) => Err((fault, Some(keeper.db))),
    }
}

/// The next number, the last one that is done, and what keeps numbers from being used twice. Only
/// the gateway gives numbers out.
fn numbering(
    access: Access,
    file: &Path,
    db: &Connection,
    last: Seq,
) -> Result<(Seq, Seq, Option<Floor>), rusqlite::Error> {
    if access != Access::Gateway {
        return Ok((last + 1, last, None));
    }
    let directory = file.parent().unwrap_or(Path::new("."));
    let (next, floor) = Floor::begin(directory, db, last)?;
    // Of a store that holds nothing, everything before the first number is done.
    let done = if last == 0 { next - 1 } else { last };
    Ok((next, done, Some(floor)))
}

/// The files as they were opened; `None` for a reader, and where they cannot be looked at.
fn presence(access: Access, file: &Path) -> Option<Presence> {
    if access == Access::Read {
        return None;
    }
    let files = [file.to_owned(), schema::wal(file)];
    match Presence::of(files) {
        Ok(presence) => Some(presence),
        Err(fault) => {
            tracing::warn!(%fault, "whether the store's files stay in place cannot be seen");
            None
        }
    }
}

/// The handle, and the ends that belong to the thread.
fn ends(last: Seq, directory: &Path) -> (Store, Outlets, mpsc::Receiver<Request>) {
    let (requests, queue) = mpsc::channel(READING_QUEUE_MAX);
    let (durable, durable_seen) = watch::channel(last);
    let (live, _) = broadcast::channel(LIVE_QUEUE_MAX);
    let (health, health_seen) = watch::channel(StoreHealth::default());
    let store = Store {
        requests,
        durable: durable_seen,
        live: live.clone(),
        health: health_seen,
        directory: directory.into(),
        ring: Ring::default(),
    };
    let out = Outlets {
        durable,
        live,
        health,
    };
    (store, out, queue)
}

type State = (Names, Cursors, Seq);

fn read_state(db: &mut Connection, site: &Site) -> Result<State, rusqlite::Error> {
    let names = Names::load(db, site)?;
    let cursors = super::cursor::read_cursors(db)?;
    let kept = db.query_row(
        "SELECT coalesce(max(first + n - 1), 0) FROM journal",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    let gone: i64 = meta(db, "last_seq")?.unwrap_or(0);
    Ok((names, cursors, kept.max(gone).cast_unsigned()))
}

/// A number kept under a name.
pub(super) fn meta(db: &Connection, key: &str) -> Result<Option<i64>, rusqlite::Error> {
    db.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| {
        row.get(0)
    })
    .optional()
}

/// Keeps a number under a name.
pub(super) fn set_meta(db: &Connection, key: &str, value: i64) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        params![key, value],
    )?;
    Ok(())
}

fn serve(keeper: Keeper, requests: mpsc::Receiver<Request>) -> Result<(), StoreError> {
    let failed = |fault: std::io::Error| StoreError::Disk {
        what: "starting the store's thread",
        why: fault.to_string(),
    };
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

impl Keeper {
    /// Says in the file that the gateway started, and with which configuration when that is a new
    /// one.
    fn record_start(&mut self, config_text: &str) -> Result<(), rusqlite::Error> {
        let now = self.clock.now().at;
        let transaction = self.db.transaction()?;
        let crc = crc32fast::hash(config_text.as_bytes());
        let newest = "SELECT text FROM revision ORDER BY id DESC LIMIT 1";
        let before: Option<String> = transaction
            .query_row(newest, [], |row| row.get(0))
            .optional()?;
        note(&transaction, now, "start", env!("CARGO_PKG_VERSION"))?;
        if before.as_deref() != Some(config_text) {
            transaction.execute(
                "INSERT INTO revision(since, crc, text) VALUES (?, ?, ?)",
                params![now.0, crc, config_text],
            )?;
            let what = format!("crc32 {crc:08x}");
            note(&transaction, now, "configuration", &what)?;
        }
        super::digest::record_factors(&transaction, now)?;
        for repair in &self.health.repairs {
            tracing::warn!(%repair, "the store was repaired");
            note(&transaction, now, "repair", repair)?;
        }
        transaction.commit()
    }

    /// Rebuilds the hot tail from the journal's unsealed rows and the last samples.
    fn warm_up(&mut self) -> Result<(), rusqlite::Error> {
        let gone = meta(&self.db, "gone_before")?.unwrap_or(0);
        self.gone_before = i32::try_from(gone).unwrap_or(0);
        self.parts = super::seal::parts_on_disk(&self.db)?;
        self.latest.read(&self.db)?;
        let mut damaged = Vec::new();
        let sealed = meta(&self.db, "sealed_seq")?.unwrap_or(0);
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
                let kept = super::journal::read(body, row.get(1)?, &self.names).filter(|_| right);
                match kept {
                    Some(kept) => rows.push((first.cast_unsigned(), row.get(2)?, kept)),
                    None => damaged.push(first),
                }
            }
        }
        for (first, boot, kept) in rows {
            self.warm_row(first, boot, &kept);
        }
        for first in damaged {
            if self.access != Access::Gateway {
                return Err(damage(format!("journal row {first} is garbled")));
            }
            self.set_row_aside(first)?;
        }
        Ok(())
    }

    /// For a reader, who seals nothing: closed days with samples that are not sealed yet need a
    /// further record.
    fn mark_unsealed(&mut self) -> Result<(), rusqlite::Error> {
        if self.access != Access::Read {
            return Ok(());
        }
        let days: BTreeSet<_> = self
            .hot
            .keys()
            .filter(|key| key.boot == 0)
            .map(|key| key.day)
            .collect();
        for day in days {
            super::digest::mark(&self.db, day, Why::Late)?;
        }
        Ok(())
    }

    fn warm_row(&mut self, first: Seq, boot: BootKey, kept: &[super::journal::Kept]) {
        for (kept, seq) in kept.iter().zip(first..) {
            let boot = if kept.dated { 0 } else { boot };
            if let Some(points) = self.names.points(kept.layout) {
                for (point, outcome) in points.iter().zip(&kept.outcomes) {
                    self.latest
                        .offer(*point, kept.at, *outcome, (seq, kept.dated));
                }
            }
            self.warm((kept.layout, boot, kept.at), &kept.outcomes);
        }
    }

    /// A row that the card garbled keeps its bytes, under another name.
    fn set_row_aside(&mut self, first: i64) -> Result<(), rusqlite::Error> {
        let now = self.clock.now().at;
        let transaction = self.db.transaction()?;
        let origin = format!("journal {first}");
        transaction.execute(
            "INSERT INTO damaged(at, origin, body) SELECT ?, ?, body FROM journal WHERE first = ?",
            params![now.0, origin, first],
        )?;
        transaction.execute("DELETE FROM journal WHERE first = ?", [first])?;
        // Its numbers are never given out again.
        set_meta(&transaction, "last_seq", self.durable.cast_signed())?;
        transaction.commit()?;
        let repair = format!("{origin} was garbled and set aside");
        self.health.repairs.push(repair);
        Ok(())
    }
}
