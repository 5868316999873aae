//! Readings that something weaker than the network dates: noted while it lasts, and taken back when
//! a better source, or a person, corrects that time. Readings of this boot then get the right time;
//! those of an earlier boot that would be later than the present lose theirs, since nothing tells
//! when they were read.

use super::clock_pairs::{insert_pair, read_boot_table, replace_pairs_of};
use super::import::load_imported_stretches;
use super::journal_dates::undate_journal;
use super::leaving_samples::LeavingSamples;
use super::local_calendar::LocalDay;
use super::memtable::BootKey;
use super::pack_rows::{PackContent, PackWriter, group_of_point};
use super::seal::{MergedDay, SamplesByPoint, rewrite_group};
use super::snapshot_shelf::ChangedStretch;
use super::store_values::StoreAccess;
use super::time_doubts::{TakenBack, TimeDoubt, TimeDoubts, VouchedMoment};
use super::writer::StoreWriter;
use super::{audit, chunk_codec, digest};
use crate::clock::{ClockPair, KnownReadings, TrustSource, offset_ms};
use crate::domain::{BootId, Reading, UtcMs};
use crate::evidence::RecordReason;
use crate::limits::READING_ON_ITS_WAY_MS;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// Part of a stretch in one day: the day, and the first and last time in it, ms since 1970.
type DaySlice = (LocalDay, (i64, i64));

impl StoreWriter {
    /// Ends the doubts of earlier boots with their newest reading.
    pub(super) fn load_time_doubts(&mut self) -> Result<(), rusqlite::Error> {
        self.doubts = TimeDoubts::read(&self.db)?;
        let newest = self.latest.newest_dated();
        // Kept: the newest sample of the next start may be one without a date.
        if self.doubts.end_earlier(&self.boot, newest) && self.access == StoreAccess::Gateway {
            self.doubts.write(&self.db)?;
        }
        Ok(())
    }

    /// Follows the source of the time, before readings are taken in: notes what may be wrong, and
    /// takes back what a better word contradicts. A clock that a test or demo sets has no source.
    pub(super) fn follow_time_source(&mut self) {
        if self.access != StoreAccess::Gateway || !self.clock.is_of_computer() {
            return;
        }
        let Some((pair, given)) = self.clock.vouched() else {
            return;
        };
        let now = VouchedMoment { pair, given };
        if pair.source == TrustSource::Kernel && self.doubts.0.is_empty() {
            return;
        }
        if let Err(fault) = self.follow(now) {
            tracing::warn!(%fault, "readings by a time in doubt wait to be dated anew");
        }
    }

    fn follow(&mut self, moment: VouchedMoment) -> Result<(), rusqlite::Error> {
        let now = moment.pair;
        if self.doubts.contradict(&self.boot, now) {
            // What is in memory is moved on disk.
            if self.flush().is_err() {
                return Ok(());
            }
            self.seal_parts()?;
            self.take_back(now)?;
        }
        let revived = self.doubts.revive(&self.boot, now);
        if !revived.is_empty() {
            self.restore_dates(&revived)?;
        }
        if self.doubts.confirm(&self.boot, now.source) {
            self.doubts.write(&self.db)?;
        }
        match now.source {
            TrustSource::Kernel => Ok(()),
            _ => self.note_time_source(moment),
        }
    }

    /// Gives readings of earlier boots the dates back that a wrong word had taken from them.
    fn restore_dates(&mut self, revived: &[TimeDoubt]) -> Result<(), rusqlite::Error> {
        // The last word of each start dates all of it, so that its readings keep their order.
        let last: BTreeMap<&str, &TimeDoubt> =
            revived.iter().map(|one| (&*one.boot, one)).collect();
        let transaction = self.db.transaction()?;
        for (boot, doubt) in &last {
            insert_pair(&transaction, &BootId((*boot).into()), doubt.pair())?;
        }
        self.doubts.write(&transaction)?;
        transaction.commit()?;
        for boot in last.into_keys() {
            let boot = BootId(boot.into());
            let table = read_boot_table(&self.db, &boot)?;
            let moved = self.redate_eras(&boot, &table)?;
            let what = format!(
                "the time of an earlier start was right: {moved} samples have their dates again"
            );
            tracing::warn!(%what, "readings got another time");
            audit::append_audit(&self.db, self.recording_time(), "clock", &what)?;
        }
        Ok(())
    }

    /// Notes that readings of this boot are dated by a time in doubt from now on.
    fn note_time_source(&mut self, now: VouchedMoment) -> Result<(), rusqlite::Error> {
        let boot = self.boot.clone();
        if self.doubts.open().any(|doubt| doubt.goes_on(&boot, now)) {
            return Ok(());
        }
        self.write_undated()?;
        let ended = self.doubts.end_open(&boot, now);
        let VouchedMoment { pair, given } = now;
        let offset = offset_ms(pair.at, pair.mono);
        let is_own =
            |doubt: &&TimeDoubt| doubt.is_of(&boot) && doubt.done && doubt.is_open_to(pair.source);
        let mut own = self.doubts.0.iter().filter(is_own);
        // What was taken back of this boot is dated by this source, from its first reading on.
        let first = own.clone().map(|doubt| doubt.since - doubt.offset_ms);
        let first = first.chain(self.first_undated_mono()?).min();
        let first = first.unwrap_or(pair.mono.0.cast_signed());
        let newest = self.latest.newest_dated().map(|newest| newest.0);
        let floor = match own.next().filter(|_| ended.is_none()) {
            Some(before) => before.floor,
            None => newest,
        };
        let floor = self.doubts.standing_floor(floor);
        // Readings that were on their way are dated by this source too.
        let since = first.saturating_add(offset) - READING_ON_ITS_WAY_MS;
        // After what the source before has dated in this boot.
        let since = ended.map_or(since, |until| since.max(until + 1));
        self.doubts.push(TimeDoubt {
            boot: boot.0.to_string(),
            source: pair.source.word().to_owned(),
            offset_ms: offset,
            mono: pair.mono.0,
            bound_ms: pair.bound_ms,
            floor,
            since: floor.map_or(since, |floor| since.max(floor + 1)),
            until: None,
            left: None,
            done: false,
            overruled_by: None,
            was_corrected: false,
            slowed_from: (given > pair.at).then_some(given.0),
        });
        self.doubts.write(&self.db)
    }

    /// Returns the times of readings that a person's time has to fit.
    pub(super) fn known_readings(&mut self) -> Result<KnownReadings, rusqlite::Error> {
        self.write_undated()?;
        let newest = self.latest.newest_dated();
        let is_own =
            |doubt: &&TimeDoubt| doubt.is_of(&self.boot) && doubt.is_open_to(TrustSource::Person);
        let floor = match self.doubts.open().next() {
            Some(first) => first.floor.map(UtcMs),
            None => newest,
        };
        let earlier = match self.doubts.open().find(is_own) {
            Some(own) => own.floor.map(UtcMs),
            None => newest,
        };
        let own = self.doubts.0.iter().filter(is_own);
        let first = own.map(|doubt| doubt.since.saturating_sub(doubt.offset_ms));
        let first = first.chain(self.first_undated_mono()?).min();
        let now = self.clock.now().mono.0.cast_signed();
        let passed = first.map_or(0, |first| now.saturating_sub(first).max(0));
        Ok(KnownReadings {
            floor: floor.map(|floor| UtcMs(floor.0.saturating_add(passed))),
            earlier,
        })
    }

    /// Writes the samples in memory, where the first undated one is looked for on disk.
    fn write_undated(&mut self) -> Result<(), rusqlite::Error> {
        if self.flush().is_ok() {
            self.seal_parts()?;
        }
        Ok(())
    }

    /// Takes back the readings of every stretch that is marked.
    fn take_back(&mut self, now: ClockPair) -> Result<(), rusqlite::Error> {
        let right_ms = offset_ms(now.at, now.mono);
        let transaction = self.db.transaction()?;
        for doubt in self.doubts.0.iter().filter(|doubt| doubt.left.is_some()) {
            let right = (doubt.boot == *self.boot.0).then_some(now);
            let boot = BootId((&*doubt.boot).into());
            replace_pairs_of(&transaction, (&boot, doubt.source()), right)?;
        }
        self.doubts.write(&transaction)?;
        transaction.commit()?;
        let boot = self.boot.clone();
        let other = self.doubts.0.iter().enumerate();
        let other = other.filter(|(_, one)| one.left.is_some() && !one.is_of(&boot));
        let other: Vec<usize> = other.map(|(place, _)| place).collect();
        for index in other {
            self.take_back_stretch(index, now, right_ms)?;
        }
        for index in self.doubts.moving_order(&boot, right_ms) {
            self.take_back_stretch(index, now, right_ms)?;
        }
        // The cache holds the old times; sinks read the journal from disk.
        self.ring.clear();
        Ok(())
    }

    /// Takes back the readings of one stretch, and dates those of this boot anew.
    fn take_back_stretch(
        &mut self,
        index: usize,
        now: ClockPair,
        right_ms: i64,
    ) -> Result<(), rusqlite::Error> {
        let doubt = self.doubts.0[index].clone();
        let is_own = doubt.is_of(&self.boot);
        let shift = right_ms.saturating_sub(doubt.offset_ms);
        let era = self.era_of(&BootId((&*doubt.boot).into()), doubt.offset_ms)?;
        let mut moved = MovedSamples::default();
        if is_own {
            moved.count += self.redate_era(era, shift)?;
        }
        while let Some((day, stretch)) = self.next_slice(index, shift)? {
            self.outputs.pulse.sign();
            moved.join(self.undate_slice(index, era, (day, stretch, shift))?);
            if is_own {
                self.redate_era(era, shift)?;
            }
        }
        self.end_taking_back(index, is_own.then_some(shift), moved)?;
        if is_own {
            self.taken_back = Some(TakenBack {
                mono: now.mono,
                wrong_ms: doubt.offset_ms,
                right_ms,
            });
        }
        Ok(())
    }

    /// Returns the next day of a stretch that has samples, and the part of the stretch in it. What
    /// is moved later never meets what still has to be moved.
    fn next_slice(
        &mut self,
        index: usize,
        shift: i64,
    ) -> Result<Option<DaySlice>, rusqlite::Error> {
        let Some((from, to)) = self.doubts.0[index].left.filter(|(from, to)| from <= to) else {
            return Ok(None);
        };
        let days = (self.calendar.day(UtcMs(from)), self.calendar.day(UtcMs(to)));
        let which = if shift > 0 { "max" } else { "min" };
        let find = format!(
            "SELECT {which}(day) FROM pack
             WHERE boot = 0 AND content IN (0, 1) AND day BETWEEN ? AND ?"
        );
        let day: Option<LocalDay> = self
            .db
            .query_row(&find, [days.0, days.1], |row| row.get(0))?;
        Ok(day.map(|day| {
            let start = self.calendar.day_start(day).0.max(from);
            let end = (self.calendar.day_start(day + 1).0 - 1).min(to);
            (day, (start, end))
        }))
    }

    /// Takes the samples of a part of a day back, in one transaction; returns which they were.
    fn undate_slice(
        &mut self,
        index: usize,
        era: BootKey,
        (day, (from, to), shift): (LocalDay, (i64, i64), i64),
    ) -> Result<MovedSamples, rusqlite::Error> {
        let imported = load_imported_stretches(&self.db, &self.names, (from, to))?;
        let mut leaving = LeavingSamples::new((from, to), imported);
        let place = MergedDay {
            day,
            start: self.calendar.day_start(day),
            end: self.calendar.day_start(day + 1),
            frozen: day < self.raw_deleted_before,
            now: self.clock.now().at,
        };
        let mut doubts = self.doubts.clone();
        if let Some((first, last)) = &mut doubts.0[index].left {
            if shift > 0 {
                *last = from - 1;
            } else {
                *first = to + 1;
            }
        }
        let transaction = self.db.transaction()?;
        for group in groups_of_day(&transaction, day)? {
            rewrite_group(
                &transaction,
                &place,
                (group, SamplesByPoint::new()),
                &mut leaving,
            )?;
        }
        let doubt = &doubts.0[index];
        let taken = timed_by_source(leaving.taken, doubt);
        write_era(&transaction, (day, era), &taken)?;
        let right_time = |given| doubt.right_time_of(given);
        undate_journal(&transaction, &self.names, (era, (from, to)), right_time)?;
        digest::mark_day_due(&transaction, day, RecordReason::Redated)?;
        let dated = false;
        let left = ChangedStretch { from, to, dated };
        self.snapshots.forget(&transaction, left)?;
        doubts.write(&transaction)?;
        let mut latest = self.latest.clone();
        latest.forget_dates((from, to), doubts.standing_floor(doubt.floor));
        // Kept at once: a start would else take the dates that were wrong for those of the newest
        // readings, and disbelieve the right time.
        latest.save(&transaction)?;
        transaction.commit()?;
        self.latest = latest;
        self.closing.invalidate_day(day);
        self.doubts = doubts;
        self.unmerged_parts = super::seal::load_unmerged_parts(&self.db)?;
        Ok(MovedSamples::of(&taken))
    }

    /// Notes that a stretch was taken back.
    fn end_taking_back(
        &mut self,
        index: usize,
        shift: Option<i64>,
        moved: MovedSamples,
    ) -> Result<(), rusqlite::Error> {
        let doubt = &mut self.doubts.0[index];
        (doubt.left, doubt.done) = (None, true);
        let stretch = match moved.bounds {
            Some((first, last)) => format!(" from {first} to {last}"),
            None => String::new(),
        };
        let outcome = match shift {
            Some(shift) => format!("moved by {shift} ms"),
            None => "left without a date, as their boot never knew the time".to_owned(),
        };
        let which = match doubt.source() {
            TrustSource::Person => "that a person had set",
            TrustSource::BatteryClock => "of the battery clock",
            TrustSource::Host | TrustSource::Kernel => "that the computer had at its start",
        };
        let what = format!(
            "the time {which} was wrong: {} samples{stretch} {outcome}",
            moved.count
        );
        tracing::warn!(%what, "readings got another time");
        let transaction = self.db.transaction()?;
        audit::append_audit(&transaction, self.clock.now().at, "clock", &what)?;
        self.doubts.write(&transaction)?;
        transaction.commit()
    }

    /// Takes the date from a reading that was on its way while the time was corrected.
    pub(super) fn date_late_reading(&mut self, mut reading: Reading) -> Reading {
        let Some(back) = self.taken_back else {
            return reading;
        };
        let offset = offset_ms(reading.at, reading.mono);
        let is_wrong = offset.abs_diff(back.wrong_ms) < offset.abs_diff(back.right_ms);
        if reading.dated && reading.mono <= back.mono && is_wrong {
            reading.dated = false;
            self.has_late_readings = true;
        }
        reading
    }
}

/// Samples that were taken back.
#[derive(Clone, Copy, Debug, Default)]
struct MovedSamples {
    count: u64,
    /// First and last of their dates that were wrong.
    bounds: Option<(UtcMs, UtcMs)>,
}

impl MovedSamples {
    fn of(taken: &SamplesByPoint) -> Self {
        let times = taken.values().flatten().map(|sample| sample.at);
        Self {
            count: times.clone().count() as u64,
            bounds: times.clone().min().zip(times.max()),
        }
    }

    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.bounds = match (self.bounds, other.bounds) {
            (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
    }
}

/// Returns the groups of points that have dated samples on a day.
fn groups_of_day(db: &Connection, day: LocalDay) -> Result<BTreeSet<u32>, rusqlite::Error> {
    let mut rows = db.prepare(
        "SELECT DISTINCT low FROM pack WHERE boot = 0 AND content IN (0, 1) AND day = ?",
    )?;
    let groups = rows.query_map([day], |row| row.get(0).map(group_of_point))?;
    groups.collect()
}

/// Gives samples the times that the source said when they were read, while the time that was given
/// out was still ahead of it.
fn timed_by_source(mut taken: SamplesByPoint, doubt: &TimeDoubt) -> SamplesByPoint {
    for sample in taken.values_mut().flatten() {
        sample.at = doubt.right_time_of(sample.at);
    }
    taken
}

/// Writes samples as parts of an era.
fn write_era(
    db: &Connection,
    (day, era): (LocalDay, BootKey),
    taken: &SamplesByPoint,
) -> Result<(), rusqlite::Error> {
    let mut packer = PackWriter::new(PackContent::Parts, day, era);
    for (point, samples) in taken {
        for piece in samples.chunks(chunk_codec::CHUNK_SAMPLES_MAX) {
            packer.add(db, *point, &chunk_codec::encode_chunk(piece))?;
        }
    }
    packer.write_row(db)
}
