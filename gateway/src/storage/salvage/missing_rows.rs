//! Search for the content that a mended file lacks: by its other tables, and by gaps in numbers.

use super::table_rows::{CopiedRows, needed_after};
use crate::domain::data_damage::DamagedContent;
use crate::domain::{Site, UtcMs};
use crate::evidence::RecordReason;
use crate::limits::DAMAGE_ROWS_MAX;
use crate::storage::digest::mark_day_due;
use crate::storage::floor_slot::KnownStore;
use crate::storage::journal_codec::{JournalReading, decode_row};
use crate::storage::key_registry::{KeyRegistry, PointKey};
use crate::storage::local_calendar::{LocalCalendar, LocalDay};
use crate::storage::meta_table::read_meta;
use crate::storage::missing_list::{MissingRows, add_missing};
use crate::storage::pack_rows::{PackContent, group_of_point, parse_pieces, points_of_group};
use crate::storage::store_extent::StoreExtent;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Time before the first kept row in which rows before it were written, ms.
// Rows of the journal are packed every hour.
const JOURNAL_MS: i64 = 3_600_000;
/// Days that one gap in the journal can be listed for.
const GAP_DAYS_MAX: i32 = 400;

/// Tables whose numbers have no gaps, with the columns of number and time.
// The time of a record is its day.
const NUMBERED_TABLES: [(&str, &str, &str, DamagedContent); 13] = [
    ("ledger", "id", "recorded_at", DamagedContent::Ledger),
    (
        "calibration",
        "id",
        "recorded_at",
        DamagedContent::Calibration,
    ),
    (
        "digest",
        "number",
        "day * 86400000",
        DamagedContent::Records,
    ),
    ("time_stamp", "id", "at", DamagedContent::Records),
    ("sample_import", "id", "at", DamagedContent::Notes),
    ("import_stretch", "id", "at", DamagedContent::Notes),
    ("replaced_samples", "id", "at", DamagedContent::Notes),
    ("redated_stretch", "id", "at", DamagedContent::Notes),
    ("issued_report", "id", "issued_at", DamagedContent::Notes),
    ("issued_file", "id", "issued_at", DamagedContent::Notes),
    ("audit", "id", "at", DamagedContent::Audit),
    ("revision", "id", "since", DamagedContent::Revisions),
    ("factors", "id", "since", DamagedContent::Revisions),
];

/// Tables of which nothing says how many rows they had: several for an entry, or the newest alone
/// are kept.
const UNCOUNTED_TABLES: [(&str, DamagedContent); 3] = [
    ("ledger_file", DamagedContent::Receipts),
    ("refused", DamagedContent::Refusals),
    ("entry_key", DamagedContent::RequestKeys),
];

/// Losses of a file.
#[derive(Clone, Debug, Default)]
pub(in crate::storage) struct FoundLosses {
    pub(in crate::storage) rows: MissingRows,
    /// Nothing of the file could be read.
    pub(in crate::storage) is_all: bool,
    /// First and last time of readings that are missing, as far as they are known.
    pub(in crate::storage) stretch: Option<(UtcMs, UtcMs)>,
    /// Id of the store; empty when it is not known.
    pub(in crate::storage) store: String,
}

impl FoundLosses {
    fn new(rows: MissingRows, is_all: bool, known: Option<&KnownStore>) -> Self {
        let lost = rows
            .iter()
            .filter(|((what, ..), _)| *what == DamagedContent::Readings);
        let bounds = lost.map(|(_, (first, last, _))| (*first, *last));
        let stretch = bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        Self {
            rows,
            is_all,
            stretch: stretch.map(|(first, last)| (UtcMs(first), UtcMs(last))),
            store: known.map(|known| known.id.clone()).unwrap_or_default(),
        }
    }
}

/// Finds what is missing of a store of which nothing is left.
pub(in crate::storage) fn find_lost_store(
    db: &Connection,
    (site, now): (&Site, UtcMs),
    known: Option<&KnownStore>,
) -> Result<FoundLosses, rusqlite::Error> {
    let mut search = MissingSearch::new(db, site, now)?;
    search.known = known.and_then(|known| known.extent);
    match search.known.map(StoreExtent::times) {
        None => search.add_numbers(DamagedContent::Store, now.0, (1, 0)),
        Some(None) => {}
        Some(Some((first, last))) => search.add_readings(first.0, last.0),
    }
    if let Some(known) = known {
        known.rows.raise_in(db)?;
    }
    // Of those tables alone it is known how many rows they had.
    for (table, id, time, what) in NUMBERED_TABLES {
        search.find_number_gaps((table, id, time), what, false)?;
    }
    Ok(FoundLosses::new(search.missing, true, known))
}

/// Finds what an older copy of a store lacks, whose newest reading is of a time.
pub(in crate::storage) fn find_newer(
    db: &Connection,
    (site, now): (&Site, UtcMs),
    known: &KnownStore,
    newest: Option<UtcMs>,
) -> Result<FoundLosses, rusqlite::Error> {
    let mut search = MissingSearch::new(db, site, now)?;
    if let Some((first, last)) = known.extent.and_then(StoreExtent::times) {
        search.add_readings(newest.map_or(first.0, |newest| newest.0 + 1), last.0);
    }
    Ok(FoundLosses::new(search.missing, false, Some(known)))
}

/// Finds what is missing in a mended file, and has days with lost samples merged again. `known`:
/// what stands beside the file about its store.
pub(super) fn find_missing(
    db: &Connection,
    (site, now): (&Site, UtcMs),
    known: Option<&KnownStore>,
    (copied, lost_frames): (&CopiedRows, usize),
) -> Result<FoundLosses, rusqlite::Error> {
    if copied.rows == 0 {
        return find_lost_store(db, (site, now), known);
    }
    let mut search = MissingSearch::new(db, site, now)?;
    search.known = known.and_then(|known| known.extent);
    search.find_samples(copied)?;
    search.find_outer_days()?;
    let doubtful = lost_frames > 0 || copied.incomplete.contains("journal");
    search.find_journal_gaps(doubtful)?;
    let last_of = |table: &str| known.and_then(|known| known.rows.last_of(table));
    for (table, id, time, what) in NUMBERED_TABLES {
        // What is counted beside the file has no rows behind the last that was given.
        let is_ended = copied.ended.contains(table) || last_of(table).is_some();
        let is_incomplete = copied.incomplete.contains(table) && !is_ended;
        search.find_number_gaps((table, id, time), what, is_incomplete)?;
    }
    // Nothing else says how many of them there were.
    for (table, what) in UNCOUNTED_TABLES {
        let has_none = table == "ledger_file" && last_of("ledger") == Some(0);
        if copied.incomplete.contains(table) && !has_none {
            search.add_numbers(what, now.0, (1, 0));
        }
    }
    Ok(FoundLosses::new(search.missing, false, known))
}

/// Finds the gaps in a journal of which rows were taken out.
pub(super) fn find_lost_readings(
    db: &Connection,
    site: &Site,
    now: UtcMs,
) -> Result<MissingRows, rusqlite::Error> {
    let mut search = MissingSearch::new(db, site, now)?;
    search.find_journal_gaps(true)?;
    Ok(search.missing)
}

struct MissingSearch<'a> {
    db: &'a Connection,
    site: &'a Site,
    now: UtcMs,
    calendar: LocalCalendar,
    names: KeyRegistry,
    devices: HashMap<PointKey, Arc<str>>,
    /// From when to when the store had readings.
    known: Option<StoreExtent>,
    missing: MissingRows,
}

impl<'a> MissingSearch<'a> {
    fn new(db: &'a Connection, site: &'a Site, now: UtcMs) -> Result<Self, rusqlite::Error> {
        let names = KeyRegistry::read_kept(db)?;
        Ok(Self {
            db,
            site,
            now,
            calendar: LocalCalendar::new(site.timezone.clone()),
            devices: names.devices_of_points(),
            names,
            known: None,
            missing: MissingRows::new(),
        })
    }

    /// Lists a stretch of readings of all devices for each of its days, the newest ones of a very
    /// long one.
    fn add_readings(&mut self, from: i64, to: i64) {
        if from > to {
            return;
        }
        let (low, high) = (self.calendar.day(UtcMs(from)), self.calendar.day(UtcMs(to)));
        let most = i32::try_from(DAMAGE_ROWS_MAX).unwrap_or(i32::MAX);
        let listed = low.max(high.saturating_sub(most));
        for day in listed..=high {
            let first = self.calendar.day_start(day).0.max(from);
            let last = (self.calendar.day_start(day + 1).0 - 1).min(to);
            // The first line of a cut list has what is before it.
            let first = if day == listed { from } else { first };
            let key = (DamagedContent::Readings, day, "".into());
            add_missing(&mut self.missing, key, (first, last, 0));
        }
    }

    /// Lists what is missing before the first, and after the last of the readings that are left.
    fn find_outer_days(&mut self) -> Result<(), rusqlite::Error> {
        let Some((first, last)) = self.known.and_then(StoreExtent::times) else {
            return Ok(());
        };
        let Some((from, until)) = self.kept_bounds()? else {
            self.add_readings(first.0, last.0);
            return Ok(());
        };
        self.add_readings(first.0, from - 1);
        self.add_readings(until + 1, last.0);
        Ok(())
    }

    /// Returns the bounds of the dated readings that are left, ms since 1970: whole days of samples
    /// and sums, and the times of the journal.
    fn kept_bounds(&mut self) -> Result<Option<(i64, i64)>, rusqlite::Error> {
        let find = "SELECT min(day), max(day) FROM (SELECT day FROM pack WHERE boot = 0
            UNION ALL SELECT day FROM daily)";
        let days: (Option<LocalDay>, Option<LocalDay>) = self
            .db
            .query_row(find, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let starts = days.0.map(|day| self.calendar.day_start(day).0);
        let ends = days.1.map(|day| self.calendar.day_start(day + 1).0 - 1);
        let find = "SELECT min(first), max(first) FROM journal";
        let rows: (Option<i64>, Option<i64>) = self
            .db
            .query_row(find, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let of_row = |row: Vec<JournalReading>| {
            let dated = row.into_iter().filter(|one| one.dated);
            dated.map(|one| one.at.0).collect::<Vec<_>>()
        };
        let mut times = of_row(self.journal_row(rows.0)?);
        times.extend(of_row(self.journal_row(rows.1)?));
        let from = times.iter().copied().chain(starts).min();
        let until = times.iter().copied().chain(ends).max();
        Ok(from.zip(until))
    }

    /// Whether samples are left whose day is known.
    fn has_samples(&self) -> Result<bool, rusqlite::Error> {
        let find = "SELECT EXISTS (SELECT 1 FROM pack WHERE boot = 0)";
        self.db.query_row(find, [], |row| row.get(0))
    }

    /// Compares the samples with the index of the lost file and the sums of the days.
    fn find_samples(&mut self, copied: &CopiedRows) -> Result<(), rusqlite::Error> {
        let gone = read_meta(self.db, "gone_before")?.unwrap_or(0);
        let mut kept = BTreeSet::new();
        let mut find = self.db.prepare("SELECT content, day, parts FROM pack")?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, u8>(0)? == PackContent::Hours as u8 {
                continue;
            }
            let day: LocalDay = row.get(1)?;
            let pieces = parse_pieces(row.get_ref(2)?.as_blob().unwrap_or_default());
            kept.extend(pieces.iter().map(|piece| (day, piece.point)));
        }
        let mut summed = BTreeSet::new();
        let mut find = self.db.prepare("SELECT day, point FROM daily")?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            summed.insert((row.get::<_, LocalDay>(0)?, row.get::<_, PointKey>(1)?));
        }
        let mut missing = copied.garbled.clone();
        let mut again = BTreeSet::new();
        for (day, low, high, _) in copied
            .pack_index
            .iter()
            .filter(|place| !copied.packs.contains(&place.3))
        {
            again.insert((*day, group_of_point(*low)));
            // Which of its points a lost row held is not known: those that are nowhere else.
            let points = (*low..=*high).filter(|point| self.devices.contains_key(point));
            let points = points.map(|point| (*day, point));
            missing.extend(points.filter(|place| !kept.contains(place)));
        }
        let is_raw = |(day, _): &&(LocalDay, PointKey)| i64::from(*day) >= gone;
        missing.extend(summed.difference(&kept).filter(is_raw));
        again.extend(
            kept.difference(&summed)
                .map(|(day, point)| (*day, group_of_point(*point))),
        );
        again.extend(
            missing
                .iter()
                .map(|(day, point)| (*day, group_of_point(*point))),
        );
        for (day, point) in missing {
            let first = self.calendar.day_start(day).0;
            let last = self.calendar.day_start(day + 1).0 - 1;
            if let Some(device) = self.devices.get(&point) {
                let key = (DamagedContent::Readings, day, Arc::clone(device));
                add_missing(&mut self.missing, key, (first, last, 0));
            }
        }
        again.retain(|(day, _)| i64::from(*day) >= gone);
        self.merge_again(&again)
    }

    /// Has the samples of days merged again, so that their sums are made of what is left.
    fn merge_again(&self, days: &BTreeSet<(LocalDay, u32)>) -> Result<(), rusqlite::Error> {
        for (day, group) in days {
            let (low, high) = points_of_group(*group);
            self.db.execute(
                "UPDATE pack SET content = 1 WHERE day = ? AND boot = 0 AND content = 0
                   AND low BETWEEN ? AND ?",
                params![day, low, high],
            )?;
            mark_day_due(self.db, *day, RecordReason::Damage)?;
        }
        Ok(())
    }

    /// Finds gaps in the numbers of the journal.
    fn find_journal_gaps(&mut self, is_doubtful: bool) -> Result<(), rusqlite::Error> {
        let sealed = read_meta(self.db, "sealed_seq")?.unwrap_or(0);
        let mut end = needed_after(self.db)?;
        let mut find = self
            .db
            .prepare("SELECT first, n FROM journal ORDER BY first")?;
        let rows: Vec<(i64, i64)> = find
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let (mut before, mut found) = (None, false);
        for (first, count) in rows {
            if first > end + 1 && (before.is_some() || end > 0 || is_doubtful) {
                found = true;
                self.add_journal_gap((before, Some(first)), (end + 1, first - 1), sealed)?;
            }
            end = end.max(first + count - 1);
            before = Some(first);
        }
        if is_doubtful && !found {
            // Whatever stood at the end left no trace but its damaged page.
            self.add_journal_gap(
                (before, None),
                (end.max(sealed) + 1, end.max(sealed)),
                sealed,
            )?;
        }
        Ok(())
    }

    /// Lists a gap of the journal for each of its days and each device.
    fn add_journal_gap(
        &mut self,
        (before, after): (Option<i64>, Option<i64>),
        (first, last): (i64, i64),
        sealed: i64,
    ) -> Result<(), rusqlite::Error> {
        let what = if last.max(first) <= sealed {
            DamagedContent::Delivery
        } else {
            DamagedContent::Readings
        };
        let known = self.known.and_then(StoreExtent::times);
        if known.is_some() && before.is_none() && !self.has_samples()? {
            // Listed from its first day on.
            return Ok(());
        }
        let ended = self.journal_row(before)?;
        let ended = ended
            .iter()
            .filter(|one| one.dated)
            .map(|one| one.at.0 + 1)
            .max();
        let begun = self.journal_row(after)?;
        let begun = begun
            .iter()
            .filter(|one| one.dated)
            .map(|one| one.at.0)
            .min();
        // Nothing was read after the program had ended: what is known is an hour old at most.
        let end = known.map_or(self.now, |(_, last)| {
            UtcMs(last.0 + JOURNAL_MS).min(self.now)
        });
        let to = begun.map_or(end.0, |begun| begun - 1);
        let from = ended.unwrap_or(to - JOURNAL_MS).min(to);
        let (low, high) = (self.calendar.day(UtcMs(from)), self.calendar.day(UtcMs(to)));
        if high.saturating_sub(low) > GAP_DAYS_MAX {
            tracing::error!(
                days = high - low,
                GAP_DAYS_MAX,
                "not all days of a loss are listed"
            );
        }
        let rows = (last - first + 1).max(0).cast_unsigned();
        for day in low..=high.min(low.saturating_add(GAP_DAYS_MAX)) {
            let first = self.calendar.day_start(day).0.max(from);
            let last = (self.calendar.day_start(day + 1).0 - 1).min(to);
            for device in &self.site.devices {
                let key = (what, day, Arc::clone(&device.id));
                add_missing(&mut self.missing, key, (first, last, rows));
            }
        }
        Ok(())
    }

    fn journal_row(&self, first: Option<i64>) -> Result<Vec<JournalReading>, rusqlite::Error> {
        let find = "SELECT body, n FROM journal WHERE first = ?";
        let row: Option<(Vec<u8>, u32)> = self
            .db
            .query_row(find, [first], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let row = row.and_then(|(body, count)| decode_row(&body, count, &self.names));
        Ok(row.unwrap_or_default())
    }

    /// Finds gaps in the numbers of a table that only grows.
    fn find_number_gaps(
        &mut self,
        (table, id, time): (&str, &str, &str),
        what: DamagedContent,
        is_incomplete: bool,
    ) -> Result<(), rusqlite::Error> {
        let find = format!("SELECT {id}, {time} FROM {table} ORDER BY {id}");
        let mut find = self.db.prepare(&find)?;
        let rows: Vec<(i64, i64)> = find
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let given: Option<i64> = self
            .db
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = ?",
                [table],
                |row| row.get(0),
            )
            .optional()?;
        let (mut expected, mut at, mut found) = (1, None, false);
        let end = given.map(|last| (last + 1, self.now.0));
        for (number, time) in rows.into_iter().chain(end) {
            if number > expected {
                found = true;
                self.add_numbers(what, at.unwrap_or(time), (expected, number - 1));
            }
            expected = expected.max(number + 1);
            at = Some(time);
        }
        if is_incomplete && !found {
            self.add_numbers(what, at.unwrap_or(self.now.0), (expected, expected - 1));
        }
        Ok(())
    }

    fn add_numbers(&mut self, what: DamagedContent, at: i64, (first, last): (i64, i64)) {
        let day = self.calendar.day(UtcMs(at));
        let rows = (last - first + 1).cast_unsigned();
        add_missing(
            &mut self.missing,
            (what, day, "".into()),
            (first, last, rows),
        );
    }
}
