//! Table of clock pairs: moments of each boot at which a source vouched for the time.
//!
//! With them readings get their true time also after a restart of the program, and those of earlier
//! boots; and a program that starts again in the same boot goes on with the time that was vouched
//! for.

use super::writer::StoreWriter;
use crate::clock::{BootTable, ClockPair, TrustSource};
use crate::domain::{BootId, MonoMs, UtcMs};
use crate::limits::{CLOCK_PAIRS_MAX, CLOCK_PAIRS_PER_BOOT_MAX};
use crate::storage::schema::sql_int;
use rusqlite::{Connection, Row, params};

impl StoreWriter {
    /// Goes on with the time for which a source vouched earlier in this boot.
    pub(super) fn adopt_clock_pair(&mut self) -> Result<(), rusqlite::Error> {
        if let Some(last) = read_pairs(&self.db, &self.boot)?.last() {
            self.clock.adopt(*last);
        }
        Ok(())
    }

    /// Notes the present moment, when a source vouches for the time. What it shows to be wrong is
    /// forgotten: nothing was read by it, or that is moved (`doubted_readings`).
    pub(super) fn note_clock_pair(&mut self) -> Result<(), rusqlite::Error> {
        let Some(pair) = self.clock.pair() else {
            return Ok(());
        };
        let transaction = self.db.transaction()?;
        let known = read_pairs(&transaction, &self.boot)?;
        for wrong in known.iter().filter(|one| pair.contradicts(one)) {
            delete_pair(&transaction, &self.boot, wrong)?;
        }
        insert_pair(&transaction, &self.boot, pair)?;
        thin_pairs(&transaction, &self.boot)?;
        transaction.commit()
    }
}

/// Returns the moments of a boot, in the order of the monotonic clock.
pub(super) fn read_boot_table(
    db: &Connection,
    boot: &BootId,
) -> Result<BootTable, rusqlite::Error> {
    read_pairs(db, boot).map(BootTable::new)
}

fn read_pairs(db: &Connection, boot: &BootId) -> Result<Vec<ClockPair>, rusqlite::Error> {
    let mut rows = db.prepare(
        "SELECT mono, at, source, bound_ms FROM clock_pair WHERE boot = ? ORDER BY mono, id",
    )?;
    let pair = |row: &Row<'_>| {
        let word: String = row.get(2)?;
        // A word of a later program is as good as the least of ours.
        let source = TrustSource::parse(&word).unwrap_or(TrustSource::Host);
        Ok(ClockPair {
            mono: MonoMs(row.get::<_, i64>(0)?.unsigned_abs()),
            at: UtcMs(row.get(1)?),
            source,
            bound_ms: row.get::<_, i64>(3)?.unsigned_abs(),
        })
    };
    rows.query_map([&*boot.0], pair)?.collect()
}

/// Adds a moment of a boot.
pub(super) fn insert_pair(
    db: &Connection,
    boot: &BootId,
    pair: ClockPair,
) -> Result<(), rusqlite::Error> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO clock_pair(boot, mono, at, source, bound_ms) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        &*boot.0,
        signed(pair.mono.0),
        pair.at.0,
        pair.source.word(),
        signed(pair.bound_ms),
    ])?;
    Ok(())
}

/// Deletes a moment of a boot.
fn delete_pair(db: &Connection, boot: &BootId, pair: &ClockPair) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "DELETE FROM clock_pair WHERE boot = ? AND mono = ? AND at = ? AND source = ?",
    )?
    .execute(params![
        &*boot.0,
        pair.mono.0.cast_signed(),
        pair.at.0,
        pair.source.word()
    ])?;
    Ok(())
}

/// Deletes what a source said in a boot, and adds what is right instead.
pub(super) fn replace_pairs_of(
    db: &Connection,
    (boot, source): (&BootId, TrustSource),
    right: Option<ClockPair>,
) -> Result<(), rusqlite::Error> {
    db.execute(
        "DELETE FROM clock_pair WHERE boot = ? AND source = ?",
        [&*boot.0, source.word()],
    )?;
    right.map_or(Ok(()), |right| insert_pair(db, boot, right))
}

/// Deletes what is more than the bounds: within the boot every second moment, and the oldest of
/// earlier boots.
fn thin_pairs(db: &Connection, boot: &BootId) -> Result<(), rusqlite::Error> {
    let count = "SELECT count(*) FROM clock_pair WHERE boot = ?";
    let count: i64 = db
        .prepare_cached(count)?
        .query_row([&*boot.0], |row| row.get(0))?;
    if count > sql_int(CLOCK_PAIRS_PER_BOOT_MAX) {
        // The first and the newest moments stay.
        db.execute(
            "DELETE FROM clock_pair WHERE id IN (SELECT id FROM
               (SELECT id, row_number() OVER (ORDER BY mono, id) AS place FROM clock_pair
                WHERE boot = ?1) WHERE place % 2 = 0 AND place < ?2)",
            params![&*boot.0, count],
        )?;
    }
    db.execute(
        "DELETE FROM clock_pair WHERE boot <> ?1
           AND id <= (SELECT max(id) FROM clock_pair) - ?2",
        params![&*boot.0, sql_int(CLOCK_PAIRS_MAX)],
    )?;
    Ok(())
}
