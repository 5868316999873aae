//! [`TimeDoubts`]: stretches of readings that something weaker than the network dates (a person,
//! the start of the computer, a battery clock), until a better source confirms or corrects it. They
//! are kept in table `meta`, so that neither a restart of the program nor one of the computer makes
//! that word more than it is.

use crate::clock::{ClockPair, TrustSource, offset_ms};
use crate::domain::{BootId, MonoMs, UtcMs};
use crate::limits::{
    CLOCK_DRIFT_PPM, EARLIEST_TIME_MS, HOST_LEAP_DOUBTED_MS, PERSON_FIRST_LEAP_MAX_MS,
    TIME_DOUBT_DAYS, TIME_DOUBTS_MAX,
};
use crate::storage::local_calendar::DAY_MS;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// Key in table `meta`.
const DOUBTS_KEY: &str = "time_doubts";
/// Correction backwards after which readings are moved, ms, also within the errors: those that come
/// now must not be earlier.
const ORDER_MS: i64 = 5000;

/// Stretch of readings of one boot that are dated by a source that may be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TimeDoubt {
    pub(super) boot: String,
    /// Word of the source.
    pub(super) source: String,
    /// Offset in milliseconds from the monotonic clock to the time of the source.
    pub(super) offset_ms: i64,
    /// Monotonic time at which the source gave it, ms, and the largest error then, ms.
    pub(super) mono: u64,
    pub(super) bound_ms: u64,
    /// Newest reading before, which something else has dated, ms since 1970.
    pub(super) floor: Option<i64>,
    /// Time of the first and the last reading that is dated so; no last while there are more.
    pub(super) since: i64,
    pub(super) until: Option<i64>,
    /// Stretch that still has to be taken back, once a source has shown that the word was wrong.
    pub(super) left: Option<(i64, i64)>,
    /// Everything was taken back.
    pub(super) done: bool,
    /// Word of the source that has shown it to be wrong.
    #[serde(default)]
    pub(super) overruled_by: Option<String>,
}

/// Moment at which readings were taken back, and the two offsets around it, ms.
#[derive(Clone, Copy, Debug)]
pub(super) struct TakenBack {
    pub(super) mono: MonoMs,
    pub(super) wrong_ms: i64,
    pub(super) right_ms: i64,
}

/// Stretches, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TimeDoubts(pub(super) Vec<TimeDoubt>);

impl TimeDoubt {
    /// Source of the time.
    pub(super) fn source(&self) -> TrustSource {
        TrustSource::parse(&self.source).unwrap_or(TrustSource::Person)
    }

    /// True when the time may be far ahead: a person can be wrong about the year; a clock is taken
    /// to have run on, unless it left the readings before far behind.
    fn is_far(&self) -> bool {
        let last = match self.floor {
            Some(floor) => floor.saturating_add(HOST_LEAP_DOUBTED_MS),
            None => EARLIEST_TIME_MS + PERSON_FIRST_LEAP_MAX_MS,
        };
        self.source() == TrustSource::Person || self.since > last
    }

    /// Moment at which the source gave the time.
    pub(super) fn pair(&self) -> ClockPair {
        ClockPair {
            mono: MonoMs(self.mono),
            at: UtcMs(self.offset_ms.saturating_add_unsigned(self.mono)),
            source: self.source(),
            bound_ms: self.bound_ms,
        }
    }

    /// True when this time goes on with what the doubt has: nothing new is in doubt.
    pub(super) fn is_of(&self, boot: &BootId, offset_ms: i64) -> bool {
        let is_same = self.offset_ms.abs_diff(offset_ms) <= ORDER_MS.unsigned_abs();
        self.boot == *boot.0 && self.until.is_none() && is_same
    }

    /// Largest error at a monotonic time, ms.
    fn bound_ms_at(&self, mono: i64) -> i64 {
        let since = mono.saturating_sub(self.mono.cast_signed()).max(0);
        let drift = since / 1_000_000 * CLOCK_DRIFT_PPM;
        self.bound_ms.cast_signed().saturating_add(drift)
    }

    /// True when the present time shows that this one was wrong: in the same boot by more than
    /// both errors, or so much ahead that readings lose their order; for an earlier boot, when its
    /// readings would be later than the present.
    fn is_contradicted(&self, boot: &BootId, now: ClockPair) -> bool {
        let error = now.bound_ms.cast_signed();
        if self.boot == *boot.0 {
            let apart = offset_ms(now.at, now.mono).saturating_sub(self.offset_ms);
            let reach = self.bound_ms_at(now.mono.0.cast_signed());
            return apart < -ORDER_MS || apart.saturating_abs() > reach.saturating_add(error);
        }
        self.until.is_some_and(|until| {
            let reach = self.bound_ms_at(until.saturating_sub(self.offset_ms));
            now.at.0.saturating_add(error) < until.saturating_sub(reach)
        })
    }
}

impl TimeDoubts {
    /// Reads the stretches; what cannot be read is none.
    pub(super) fn read(db: &Connection) -> Result<Self, rusqlite::Error> {
        let find = "SELECT value FROM meta WHERE key = ?";
        let text: Option<String> = db
            .query_row(find, [DOUBTS_KEY], |row| row.get(0))
            .optional()?;
        let kept = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Self(kept.unwrap_or_default()))
    }

    /// Writes the stretches.
    pub(super) fn write(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        db.prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)")?
            .execute([DOUBTS_KEY, &text])
            .map(drop)
    }

    /// Ends the stretches of earlier boots with their newest reading; returns whether there were
    /// any.
    pub(super) fn end_earlier(&mut self, boot: &BootId, newest: Option<UtcMs>) -> bool {
        let mut has_ended = false;
        for doubt in &mut self.0 {
            if doubt.boot != *boot.0 && doubt.until.is_none() {
                // One without readings ends where it began: what comes is of other boots.
                let newest = newest.map_or(doubt.since, |newest| newest.0.max(doubt.since));
                doubt.until = Some(newest);
                has_ended = true;
            }
        }
        has_ended
    }

    /// Newest reading before a stretch: that was said when it began, and may have been taken back
    /// since, with the stretch to which it belonged.
    pub(super) fn standing_floor(&self, floor: Option<i64>) -> Option<i64> {
        // The newest stretch first: what was before it may be gone as well.
        let gone = self.0.iter().rev().filter(|doubt| doubt.done);
        gone.fold(floor, |floor, doubt| match (floor, doubt.until) {
            (Some(at), Some(until)) if (doubt.since..=until).contains(&at) => doubt.floor,
            _ => floor,
        })
    }

    /// Ends the stretch of a boot that is still open, as another source dates what follows; returns
    /// its last time, ms since 1970.
    pub(super) fn end_open(&mut self, boot: &BootId, now: ClockPair) -> Option<i64> {
        let is_open = |doubt: &&mut TimeDoubt| doubt.boot == *boot.0 && doubt.until.is_none();
        let mut last = None;
        for doubt in self.0.iter_mut().filter(is_open) {
            let shown = now.mono.0.cast_signed().saturating_add(doubt.offset_ms);
            // Both times can show a stretch: what the new one dates is the new one's.
            let until = shown.min(now.at.0 - 1).max(doubt.since);
            doubt.until = Some(until);
            last = last.max(Some(until));
        }
        last
    }

    /// Marks what the present time contradicts; returns whether anything is to be taken back.
    pub(super) fn contradict(&mut self, boot: &BootId, now: ClockPair) -> bool {
        for doubt in self
            .0
            .iter_mut()
            .filter(|one| !one.done && one.left.is_none())
        {
            if doubt.is_contradicted(boot, now) {
                let shown = now.mono.0.cast_signed().saturating_add(doubt.offset_ms);
                let until = doubt.until.unwrap_or(shown).max(doubt.since);
                doubt.until = Some(until);
                doubt.left = Some((doubt.since, until));
                doubt.overruled_by = Some(now.source.word().to_owned());
            }
        }
        self.0.iter().any(|doubt| doubt.left.is_some())
    }

    /// Stretches of earlier boots that lost their dates to a word which a better source does not
    /// share: nothing speaks against them any more. They are open again.
    pub(super) fn revive(&mut self, boot: &BootId, now: ClockPair) -> Vec<TimeDoubt> {
        let mut revived = Vec::new();
        for doubt in self.0.iter_mut().filter(|one| one.done) {
            let by = doubt.overruled_by.as_deref().and_then(TrustSource::parse);
            let is_better = by.is_some_and(|by| by != now.source && now.source.confirms(by));
            if is_better && doubt.boot != *boot.0 && !doubt.is_contradicted(boot, now) {
                (doubt.done, doubt.overruled_by) = (false, None);
                revived.push(doubt.clone());
            }
        }
        revived
    }

    /// Ends the doubts that a source ends, which contradicts none of them. Returns whether there
    /// were any.
    pub(super) fn confirm(&mut self, source: TrustSource) -> bool {
        let before = self.0.len();
        self.0
            .retain(|doubt| doubt.done || !source.confirms(doubt.source()));
        self.0.len() < before
    }

    /// Adds a stretch; of more than `TIME_DOUBTS_MAX` the oldest goes.
    pub(super) fn push(&mut self, doubt: TimeDoubt) {
        if self.0.len() >= TIME_DOUBTS_MAX {
            let done = self.0.iter().position(|one| one.done);
            self.0.remove(done.unwrap_or(0));
        }
        self.0.push(doubt);
    }

    /// Stretches that are neither confirmed nor taken back.
    pub(super) fn open(&self) -> impl Iterator<Item = &TimeDoubt> {
        self.0.iter().filter(|doubt| !doubt.done)
    }

    /// First doubt about a time that may be far ahead and is younger than `TIME_DOUBT_DAYS` of
    /// readings.
    pub(super) fn young(&self, newest: Option<UtcMs>) -> Option<&TimeDoubt> {
        let least = newest.map_or(i64::MIN, |at| at.0 - TIME_DOUBT_DAYS * DAY_MS);
        self.open()
            .find(|doubt| doubt.is_far() && doubt.since > least)
    }

    /// Stretches whose times were wrong, with the day after them, ms since 1970.
    pub(super) fn wrong_stretches(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let wrong = self.0.iter().filter(|doubt| doubt.done);
        wrong.filter_map(|doubt| Some((doubt.since, doubt.until?.saturating_add(DAY_MS))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-30.
    const NOON: i64 = 1_796_040_000_000;
    const HOUR: i64 = 3_600_000;

    fn doubt(boot: &str, offset_ms: i64) -> TimeDoubt {
        TimeDoubt {
            boot: boot.to_owned(),
            source: TrustSource::Person.word().to_owned(),
            offset_ms,
            mono: 0,
            bound_ms: 5000,
            floor: Some(offset_ms - HOUR),
            since: offset_ms,
            until: None,
            left: None,
            done: false,
            overruled_by: None,
        }
    }

    fn vouched(mono: i64, offset: i64) -> ClockPair {
        ClockPair {
            mono: MonoMs(mono.unsigned_abs()),
            at: UtcMs(mono + offset),
            source: TrustSource::Kernel,
            bound_ms: 10,
        }
    }

    #[test]
    fn the_word_of_a_person_is_wrong_by_more_than_its_error_or_by_readings_of_the_future() {
        let boot = BootId("now".into());
        let mut same = TimeDoubts(vec![doubt("now", NOON)]);
        assert!(!same.contradict(&boot, vouched(HOUR, NOON + 5000)));
        assert!(same.contradict(&boot, vouched(HOUR, NOON + 6000)));
        assert_eq!(same.0[0].left, Some((NOON, NOON + HOUR)));
        let mut earlier = TimeDoubts(vec![doubt("before", NOON)]);
        earlier.end_earlier(&boot, Some(UtcMs(NOON + HOUR)));
        assert!(!earlier.contradict(&boot, vouched(0, NOON + HOUR - 4000)));
        assert!(earlier.contradict(&boot, vouched(0, NOON + HOUR - 6000)));
    }

    #[test]
    fn a_start_without_readings_claims_none_of_the_next_one() {
        let boot = BootId("now".into());
        let mut earlier = TimeDoubts(vec![doubt("before", NOON)]);
        assert!(earlier.end_earlier(&boot, None));
        assert_eq!(earlier.0[0].until, Some(NOON));
        assert!(!earlier.end_earlier(&boot, Some(UtcMs(NOON + HOUR))));
    }

    #[test]
    fn a_reading_that_was_taken_back_is_no_floor() {
        let mut gone = TimeDoubts(vec![doubt("before", NOON), doubt("then", NOON + 2 * HOUR)]);
        for one in &mut gone.0 {
            (one.until, one.done) = (Some(one.since + HOUR), true);
        }
        gone.0[1].floor = Some(NOON + HOUR);
        assert_eq!(
            gone.standing_floor(Some(NOON + 3 * HOUR)),
            Some(NOON - HOUR)
        );
        assert_eq!(
            gone.standing_floor(Some(NOON + 4 * HOUR)),
            Some(NOON + 4 * HOUR)
        );
        assert_eq!(gone.standing_floor(None), None);
    }

    #[test]
    fn what_an_earlier_boot_lost_to_a_wrong_word_comes_back_with_the_network() {
        let boot = BootId("now".into());
        let mut earlier = TimeDoubts(vec![doubt("before", NOON)]);
        earlier.end_earlier(&boot, Some(UtcMs(NOON + HOUR)));
        let said = ClockPair {
            source: TrustSource::Person,
            ..vouched(0, NOON - 7 * DAY_MS)
        };
        assert!(earlier.contradict(&boot, said));
        (earlier.0[0].left, earlier.0[0].done) = (None, true);
        assert_eq!(earlier.revive(&boot, said), []);
        // The network shares the word: the readings were of the future.
        assert_eq!(earlier.revive(&boot, vouched(0, NOON - DAY_MS)), []);
        let back = earlier.revive(&boot, vouched(0, NOON + DAY_MS));
        assert_eq!(back.len(), 1);
        assert_eq!(back[0].pair().at, UtcMs(NOON));
        assert_eq!(earlier.revive(&boot, vouched(0, NOON + DAY_MS)), []);
    }

    #[test]
    fn a_doubt_is_young_for_a_week_of_readings_and_ends_with_a_source_that_confirms_it() {
        let mut doubts = TimeDoubts(vec![doubt("now", NOON)]);
        assert!(doubts.young(None).is_some());
        let week = NOON + 7 * DAY_MS;
        assert!(doubts.young(Some(UtcMs(week - 1))).is_some());
        assert_eq!(doubts.young(Some(UtcMs(week))), None);
        assert!(!doubts.confirm(TrustSource::Host));
        assert!(doubts.confirm(TrustSource::BatteryClock));
        assert!(!doubts.confirm(TrustSource::Kernel));
    }

    #[test]
    fn the_time_of_a_start_is_far_when_it_left_the_readings_days_behind() {
        let young = |floor: Option<i64>, since: i64| {
            let mut one = doubt("now", since);
            one.source = TrustSource::Host.word().to_owned();
            one.floor = floor;
            TimeDoubts(vec![one]).young(Some(UtcMs(since))).is_some()
        };
        assert!(!young(Some(NOON), NOON + 3 * DAY_MS));
        assert!(young(Some(NOON), NOON + 3 * DAY_MS + 1));
        assert!(!young(None, NOON));
        assert!(young(None, NOON + 600 * DAY_MS));
    }

    #[test]
    fn a_time_that_was_ahead_within_its_error_is_moved_too_so_that_readings_keep_their_order() {
        let boot = BootId("now".into());
        let mut wide = doubt("now", NOON);
        wide.bound_ms = 122_000;
        let contradicts =
            |by: i64| TimeDoubts(vec![wide.clone()]).contradict(&boot, vouched(HOUR, NOON + by));
        assert!(!contradicts(100_000) && !contradicts(-5000));
        assert!(contradicts(-6000) && contradicts(130_000));
    }
}
