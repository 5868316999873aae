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
/// Difference of times that rounding to whole milliseconds can make, ms.
const ROUNDING_MS: i64 = 5;

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
    /// That was within its boot: its readings went on by another word.
    #[serde(default)]
    pub(super) was_corrected: bool,
    /// Time that was given out at `mono`, where it was later than the source says: it went on at
    /// half speed until the source had caught up, ms since 1970.
    #[serde(default)]
    pub(super) slowed_from: Option<i64>,
}

/// Present moment by the source that vouches for the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct VouchedMoment {
    /// Moment by the source.
    pub(super) pair: ClockPair,
    /// Time that is given out: later while a correction backwards is made up for.
    pub(super) given: UtcMs,
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

    /// True when the doubt is of this boot.
    pub(super) fn is_of(&self, boot: &BootId) -> bool {
        self.boot == *boot.0
    }

    /// True when the time that is given out goes on as the doubt has it: nothing new is in doubt.
    /// The error of a source is no excuse: readings are moved by the time that they were given.
    pub(super) fn goes_on(&self, boot: &BootId, now: VouchedMoment) -> bool {
        let told = self.given_at(now.pair.mono);
        self.is_of(boot) && self.until.is_none() && (told - now.given.0).abs() <= ROUNDING_MS
    }

    /// True when its readings are in doubt by a source's word: none dated them anew that a source
    /// like this one is weaker than.
    pub(super) fn is_open_to(&self, source: TrustSource) -> bool {
        let by = self.overruled_by.as_deref().and_then(TrustSource::parse);
        !by.is_some_and(|by| by.confirms(source))
    }

    /// Time that was given out at a monotonic time, ms since 1970.
    pub(super) fn given_at(&self, mono: MonoMs) -> i64 {
        let mono = mono.0.cast_signed();
        let right = mono.saturating_add(self.offset_ms);
        let passed = mono.saturating_sub(self.mono.cast_signed());
        let slow = self.slowed_from.map(|from| from.saturating_add(passed / 2));
        slow.map_or(right, |slow| slow.max(right))
    }

    /// Time by the source at the moment at which this time was given out, ms since 1970.
    pub(super) fn right_time_of(&self, given: UtcMs) -> UtcMs {
        let slow = self.slowed_from.map(|from| {
            let passed = given.0.saturating_sub(from).saturating_mul(2);
            self.pair().at.0.saturating_add(passed)
        });
        UtcMs(slow.map_or(given.0, |slow| slow.min(given.0)))
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
    pub(super) fn end_open(&mut self, boot: &BootId, now: VouchedMoment) -> Option<i64> {
        let is_open = |doubt: &&mut TimeDoubt| doubt.is_of(boot) && doubt.until.is_none();
        let mut last = None;
        for doubt in self.0.iter_mut().filter(is_open) {
            let shown = doubt.given_at(now.pair.mono) + ROUNDING_MS;
            // Both times can show a stretch: what the new one dates is the new one's.
            let until = shown.min(now.given.0 - 1).max(doubt.since);
            doubt.until = Some(until);
            last = last.max(Some(until));
        }
        last
    }

    /// Marks what the present time contradicts; returns whether anything is to be taken back. What
    /// is in doubt of the present boot moves as one: readings would else change places.
    pub(super) fn contradict(&mut self, boot: &BootId, now: ClockPair) -> bool {
        let is_wrong = |one: &TimeDoubt| !one.done && one.is_contradicted(boot, now);
        let is_own_wrong = self.0.iter().any(|one| one.is_of(boot) && is_wrong(one));
        for doubt in self
            .0
            .iter_mut()
            .filter(|one| !one.done && one.left.is_none())
        {
            if is_wrong(doubt) || is_own_wrong && doubt.is_of(boot) {
                let shown = doubt.given_at(now.mono) + ROUNDING_MS;
                let until = doubt.until.unwrap_or(shown).max(doubt.since);
                doubt.until = Some(until);
                doubt.left = Some((doubt.since, until));
                doubt.overruled_by = Some(now.source.word().to_owned());
                doubt.was_corrected = doubt.is_of(boot);
            }
        }
        self.0.iter().any(|doubt| doubt.left.is_some())
    }

    /// Stretches of earlier boots that lost their dates to a word which a better source does not
    /// share: nothing speaks against them any more. They are open again. One that was corrected
    /// within its boot stays so, whatever became of that correction.
    pub(super) fn revive(&mut self, boot: &BootId, now: ClockPair) -> Vec<TimeDoubt> {
        let mut revived = Vec::new();
        let is_gone = |one: &&mut TimeDoubt| one.done && !one.was_corrected;
        for doubt in self.0.iter_mut().filter(is_gone) {
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
    /// were any. What a source confirms of the present boot, and may still be wrong about, is in
    /// doubt by its word.
    pub(super) fn confirm(&mut self, boot: &BootId, source: TrustSource) -> bool {
        let is_last_word = source == TrustSource::Kernel;
        let mut is_any = false;
        self.0.retain_mut(|doubt| {
            if doubt.done || !source.confirms(doubt.source()) {
                return true;
            }
            is_any = true;
            source.word().clone_into(&mut doubt.source);
            doubt.is_of(boot) && !is_last_word
        });
        is_any
    }

    /// Adds a stretch; of more than `TIME_DOUBTS_MAX` the oldest goes, those of the present boot
    /// last.
    pub(super) fn push(&mut self, doubt: TimeDoubt) {
        if self.0.len() >= TIME_DOUBTS_MAX {
            let done = self.0.iter().position(|one| one.done);
            let other = || self.0.iter().position(|one| one.boot != doubt.boot);
            self.0.remove(done.or_else(other).unwrap_or(0));
        }
        self.0.push(doubt);
    }

    /// Places of the stretches of a boot that are to be moved to this offset, in the order in which
    /// none is moved into one that still has to be: neighbours that move on from the last to the
    /// first, and those that move back from the first to the last.
    pub(super) fn moving_order(&self, boot: &BootId, right_ms: i64) -> Vec<usize> {
        let moving = self.0.iter().enumerate();
        let moving = moving.filter(|(_, one)| one.is_of(boot) && one.left.is_some());
        let moving: Vec<(usize, bool)> = moving
            .map(|(place, one)| (place, one.offset_ms < right_ms))
            .collect();
        let runs = moving.chunk_by(|one, other| one.1 == other.1);
        let mut order = Vec::with_capacity(moving.len());
        for run in runs {
            let places = run.iter().map(|(place, _)| *place);
            if run[0].1 {
                order.extend(places.rev());
            } else {
                order.extend(places);
            }
        }
        order
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
            was_corrected: false,
            slowed_from: None,
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
        assert_eq!(same.0[0].left, Some((NOON, NOON + HOUR + ROUNDING_MS)));
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
        let boot = BootId("now".into());
        doubts.push(doubt("before", NOON - HOUR));
        assert!(!doubts.confirm(&boot, TrustSource::Host));
        // A battery clock may still be wrong about the readings of its own start.
        assert!(doubts.confirm(&boot, TrustSource::BatteryClock));
        assert_eq!(doubts.0.len(), 1);
        assert_eq!(doubts.0[0].source(), TrustSource::BatteryClock);
        assert_eq!(doubts.young(None), None);
        assert!(doubts.confirm(&boot, TrustSource::Kernel));
        assert!(doubts.0.is_empty());
    }

    #[test]
    fn a_correction_that_is_made_up_for_is_known_in_both_directions() {
        let slowed = TimeDoubt {
            mono: 1000,
            slowed_from: Some(NOON + 1000 + 4000),
            ..doubt("now", NOON)
        };
        // Four seconds ahead; after eight at half speed it shows the time of the source.
        for (mono, ahead) in [(1000, 4000), (3000, 3000), (9000, 0), (20_000, 0)] {
            let right = NOON + mono;
            let given = slowed.given_at(MonoMs(mono.unsigned_abs()));
            assert_eq!(given, right + ahead);
            assert_eq!(slowed.right_time_of(UtcMs(given)), UtcMs(right));
        }
    }

    #[test]
    fn stretches_are_moved_so_that_none_meets_another() {
        let boot = BootId("now".into());
        let moved = |offsets: &[i64]| {
            let stretch = |(place, offset): (i64, &i64)| TimeDoubt {
                left: Some((place, place)),
                ..doubt("now", *offset)
            };
            let all = TimeDoubts((0..).zip(offsets).map(stretch).collect());
            all.moving_order(&boot, NOON)
        };
        let (before, after) = (NOON - 1000, NOON + 1000);
        assert_eq!(moved(&[before, before]), [1, 0]);
        assert_eq!(moved(&[after, after]), [0, 1]);
        assert_eq!(
            moved(&[before, before, after, after, before]),
            [1, 0, 2, 3, 4]
        );
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
