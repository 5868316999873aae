//! [`PersonDoubts`]: stretches of readings that nothing dates but the word of a person, until a
//! source confirms or corrects it. They are kept in table `meta`, so that neither a restart of the
//! program nor one of the computer makes that word more than it is.

use crate::clock::{ClockPair, offset_ms};
use crate::domain::{BootId, MonoMs, UtcMs};
use crate::limits::{CLOCK_DRIFT_PPM, PERSON_DOUBT_DAYS, PERSON_DOUBTS_MAX};
use crate::storage::local_calendar::DAY_MS;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// Key in table `meta`.
const DOUBTS_KEY: &str = "person_doubts";

/// Stretch of readings of one boot that are dated by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PersonDoubt {
    pub(super) boot: String,
    /// Offset in milliseconds from the monotonic clock to the time that the person said.
    pub(super) offset_ms: i64,
    /// Monotonic time at which the person said it, ms, and the largest error then, ms.
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
pub(super) struct PersonDoubts(pub(super) Vec<PersonDoubt>);

impl PersonDoubt {
    /// Largest error at a monotonic time, ms.
    fn bound_ms_at(&self, mono: i64) -> i64 {
        let since = mono.saturating_sub(self.mono.cast_signed()).max(0);
        let drift = since / 1_000_000 * CLOCK_DRIFT_PPM;
        self.bound_ms.cast_signed().saturating_add(drift)
    }

    /// True when the present time shows that this one was wrong: in the same boot by more than
    /// both errors; for an earlier boot, when its readings would be later than the present.
    fn is_contradicted(&self, boot: &BootId, now: ClockPair) -> bool {
        let error = now.bound_ms.cast_signed();
        if self.boot == *boot.0 {
            let apart = offset_ms(now.at, now.mono).saturating_sub(self.offset_ms);
            let reach = self.bound_ms_at(now.mono.0.cast_signed());
            return apart.saturating_abs() > reach.saturating_add(error);
        }
        self.until.is_some_and(|until| {
            let reach = self.bound_ms_at(until.saturating_sub(self.offset_ms));
            now.at.0.saturating_add(error) < until.saturating_sub(reach)
        })
    }
}

impl PersonDoubts {
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

    /// Ends the stretches of earlier boots with their newest reading.
    pub(super) fn end_earlier(&mut self, boot: &BootId, newest: Option<UtcMs>) {
        for doubt in &mut self.0 {
            if doubt.boot != *boot.0 && doubt.until.is_none() {
                doubt.until = newest.map(|newest| newest.0.max(doubt.since));
            }
        }
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
            }
        }
        self.0.iter().any(|doubt| doubt.left.is_some())
    }

    /// Ends all doubts: a source other than a person vouches, and contradicts none of them. Returns
    /// whether there were any.
    pub(super) fn confirm(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|doubt| doubt.done);
        self.0.len() < before
    }

    /// Adds a stretch; of more than `PERSON_DOUBTS_MAX` the oldest goes.
    pub(super) fn push(&mut self, doubt: PersonDoubt) {
        if self.0.len() >= PERSON_DOUBTS_MAX {
            let done = self.0.iter().position(|one| one.done);
            self.0.remove(done.unwrap_or(0));
        }
        self.0.push(doubt);
    }

    /// Stretches that are neither confirmed nor taken back.
    pub(super) fn open(&self) -> impl Iterator<Item = &PersonDoubt> {
        self.0.iter().filter(|doubt| !doubt.done)
    }

    /// First doubt that is younger than `PERSON_DOUBT_DAYS` of readings.
    pub(super) fn young(&self, newest: Option<UtcMs>) -> Option<&PersonDoubt> {
        let least = newest.map_or(i64::MIN, |at| at.0 - PERSON_DOUBT_DAYS * DAY_MS);
        self.open().find(|doubt| doubt.since > least)
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
    use crate::clock::TrustSource;

    /// 2026-11-30.
    const NOON: i64 = 1_796_040_000_000;
    const HOUR: i64 = 3_600_000;

    fn doubt(boot: &str, offset_ms: i64) -> PersonDoubt {
        PersonDoubt {
            boot: boot.to_owned(),
            offset_ms,
            mono: 0,
            bound_ms: 5000,
            floor: Some(offset_ms - HOUR),
            since: offset_ms,
            until: None,
            left: None,
            done: false,
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
        let mut same = PersonDoubts(vec![doubt("now", NOON)]);
        assert!(!same.contradict(&boot, vouched(HOUR, NOON + 5000)));
        assert!(same.contradict(&boot, vouched(HOUR, NOON + 6000)));
        assert_eq!(same.0[0].left, Some((NOON, NOON + HOUR)));
        let mut earlier = PersonDoubts(vec![doubt("before", NOON)]);
        earlier.end_earlier(&boot, Some(UtcMs(NOON + HOUR)));
        assert!(!earlier.contradict(&boot, vouched(0, NOON + HOUR - 4000)));
        assert!(earlier.contradict(&boot, vouched(0, NOON + HOUR - 6000)));
    }

    #[test]
    fn a_doubt_is_young_for_a_week_of_readings_and_ends_with_a_source_that_confirms_it() {
        let mut doubts = PersonDoubts(vec![doubt("now", NOON)]);
        assert!(doubts.young(None).is_some());
        let week = NOON + 7 * DAY_MS;
        assert!(doubts.young(Some(UtcMs(week - 1))).is_some());
        assert_eq!(doubts.young(Some(UtcMs(week))), None);
        assert!(doubts.confirm() && !doubts.confirm());
    }
}
