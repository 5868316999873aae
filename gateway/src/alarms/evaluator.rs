//! [`step_alarm`]: the next state of an alarm from what is seen now. Pure: time is an argument.

use super::alarm_state::{AlarmState, CLOCK_STEP_MS, RaisedAlarm, ToldReminder};
use crate::domain::UtcMs;

/// Time after which an alarm that nobody has taken note of is told once more, ms.
pub(super) const REMINDER_MS: i64 = 24 * 3_600_000;

/// Sight of the trouble of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlarmSight {
    /// Nothing can be said: a gap, doubtful data, a silent device.
    Unknown,
    /// It is not there.
    Clear,
    /// Between the limit and the value at which it is over.
    Between,
    /// It is there.
    Trouble,
}

/// Times of a rule, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlarmTiming {
    /// Time for which the trouble must last.
    pub(crate) after_ms: i64,
    /// Time for which it must be over.
    pub(crate) clear_after_ms: i64,
}

/// Moment of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlarmMoment {
    /// Time at the site.
    pub(crate) at: UtcMs,
    /// True when that time is trusted.
    pub(crate) trusted: bool,
    /// Time since the observation before, ms of the monotonic clock.
    pub(crate) elapsed_ms: i64,
}

/// Change of an alarm that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Raised,
    Reminded,
    Acknowledged,
    Snoozed,
    Recovered,
    /// Its rule does not exist any more.
    Withdrawn,
}

impl ChangeKind {
    /// Word in messages, and the end of the message key `alarm-state-WORD`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Reminded => "reminder",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Recovered => "recovered",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Steps an alarm; `raise` makes the alarm when it is raised. Returns the change, if any. A state
/// that has recovered is blank; the alarm that it was is returned with the change.
pub(super) fn step_alarm(
    state: &mut AlarmState,
    timing: AlarmTiming,
    (sight, moment): (AlarmSight, AlarmMoment),
    raise: impl FnOnce() -> RaisedAlarm,
) -> Option<(ChangeKind, RaisedAlarm)> {
    let elapsed = moment.elapsed_ms.max(0);
    let Some(raised) = &mut state.raised else {
        // An interval at whose beginning the trouble was not there counts for nothing: how much of
        // it was trouble is not known. The first sighting therefore starts at 1.
        state.held_ms = match sight {
            AlarmSight::Trouble if state.held_ms > 0 => state.held_ms.saturating_add(elapsed),
            AlarmSight::Trouble => 1,
            AlarmSight::Between => state.held_ms,
            AlarmSight::Clear | AlarmSight::Unknown => 0,
        };
        if sight != AlarmSight::Trouble || state.held_ms <= timing.after_ms {
            return None;
        }
        let made = raise();
        *state = AlarmState {
            raised: Some(made.clone()),
            held_ms: 0,
        };
        return Some((ChangeKind::Raised, made));
    };
    raised.untold_ms = raised.untold_ms.saturating_add(elapsed);
    state.held_ms = match sight {
        AlarmSight::Clear if state.held_ms > 0 => state.held_ms.saturating_add(elapsed),
        AlarmSight::Clear => 1,
        AlarmSight::Between => state.held_ms,
        AlarmSight::Trouble | AlarmSight::Unknown => 0,
    };
    if sight == AlarmSight::Clear && state.held_ms > timing.clear_after_ms {
        let over = std::mem::take(state).raised;
        return over.map(|over| (ChangeKind::Recovered, over));
    }
    take_back_reminder(raised, moment);
    is_reminder_due(raised, moment).then(|| {
        let is_by_clock = raised.snoozed_until.is_some() || raised.untold_ms < REMINDER_MS;
        raised.reminder = is_by_clock.then_some(ToldReminder {
            at: moment.at.0,
            snoozed_until: raised.snoozed_until,
        });
        raised.reminded = true;
        raised.untold_ms = 0;
        raised.snoozed_until = None;
        (ChangeKind::Reminded, raised.clone())
    })
}

/// Lets the reminder be due again when the time that made it due was wrong and is taken back.
fn take_back_reminder(raised: &mut RaisedAlarm, moment: AlarmMoment) {
    let is_back = |told: &ToldReminder| moment.at.0 < told.at - CLOCK_STEP_MS;
    if let Some(told) = raised
        .reminder
        .take_if(|told| moment.trusted && is_back(told))
    {
        raised.reminded = false;
        raised.snoozed_until = told.snoozed_until;
    }
}

/// Whether an alarm is told once more: a day after it was raised, or at the end of its quiet time.
fn is_reminder_due(raised: &RaisedAlarm, moment: AlarmMoment) -> bool {
    if raised.snoozed_until.is_some() {
        // Without a trusted time nobody knows whether the quiet time is over.
        return moment.trusted && !raised.is_snoozed(moment.at);
    }
    if raised.reminded || raised.acknowledged.is_some() {
        return false;
    }
    let by_date = raised.dated && moment.trusted && moment.at.0 - raised.since >= REMINDER_MS;
    raised.untold_ms >= REMINDER_MS || by_date
}

#[cfg(test)]
mod tests {
    use super::AlarmSight::{Between, Clear, Trouble, Unknown};
    use super::*;
    use crate::alarms::point_watch::limit_sight;
    use crate::config::AlarmTest;
    use proptest::prelude::*;

    const TIMING: AlarmTiming = AlarmTiming {
        after_ms: 600_000,
        clear_after_ms: 300_000,
    };
    const STEP_MS: i64 = 10_000;

    fn alarm(since: i64) -> RaisedAlarm {
        RaisedAlarm {
            since,
            dated: true,
            severity: "warning".to_owned(),
            texts: std::collections::BTreeMap::default(),
            value: None,
            untold_ms: 0,
            reminded: false,
            reminder: None,
            acknowledged: None,
            snoozed_until: None,
            snoozed_by: None,
        }
    }

    /// Runs sightings, one each `STEP_MS`; the changes with the index of their sighting.
    fn run(state: &mut AlarmState, seen: &[AlarmSight]) -> Vec<(usize, ChangeKind)> {
        run_from(state, seen, 0)
    }

    fn run_from(
        state: &mut AlarmState,
        seen: &[AlarmSight],
        begin: i64,
    ) -> Vec<(usize, ChangeKind)> {
        let mut at = begin;
        let step = |(index, sight): (usize, &AlarmSight)| {
            at += STEP_MS;
            let moment = AlarmMoment {
                at: UtcMs(at),
                trusted: true,
                elapsed_ms: STEP_MS,
            };
            // What is kept is enough: every step begins with what a restart would read.
            let kept = serde_json::to_string(state).unwrap();
            *state = serde_json::from_str(&kept).unwrap();
            let change = step_alarm(state, TIMING, (*sight, moment), || alarm(at));
            change.map(|(kind, _)| (index, kind))
        };
        seen.iter().enumerate().filter_map(step).collect()
    }

    fn times(sight: AlarmSight, count: usize) -> Vec<AlarmSight> {
        vec![sight; count]
    }

    #[test]
    fn a_trouble_is_told_once_after_its_time_and_its_end_once() {
        let seen = [times(Clear, 5), times(Trouble, 100), times(Clear, 60)].concat();
        let found = run(&mut AlarmState::default(), &seen);
        // 61 sightings are ten minutes.
        assert_eq!(
            found,
            [
                (5 + 60, ChangeKind::Raised),
                (105 + 30, ChangeKind::Recovered)
            ]
        );
    }

    #[test]
    fn a_day_later_it_is_told_once_more_unless_somebody_has_taken_note() {
        let mut state = AlarmState::default();
        let found = run(&mut state, &times(Trouble, 40_000));
        let kinds: Vec<ChangeKind> = found.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(kinds, [ChangeKind::Raised, ChangeKind::Reminded]);
        assert_eq!(found[1].0 - found[0].0, 8640);

        let mut state = AlarmState {
            raised: Some(alarm(0)),
            held_ms: 0,
        };
        if let Some(raised) = &mut state.raised {
            raised.acknowledged = Some(crate::alarms::Acknowledgement {
                by: "Ani".to_owned(),
                note: String::new(),
                at: 0,
            });
        }
        assert_eq!(run(&mut state, &times(Trouble, 40_000)), []);
    }

    #[test]
    fn at_the_end_of_its_quiet_time_it_is_told_if_it_is_still_there() {
        let snoozed = || AlarmState {
            raised: Some(RaisedAlarm {
                snoozed_until: Some(3_600_000),
                ..alarm(0)
            }),
            held_ms: 0,
        };
        let found = run(&mut snoozed(), &times(Trouble, 1000));
        assert_eq!(found, [(359, ChangeKind::Reminded)]);
        let found = run(&mut snoozed(), &times(Clear, 1000));
        assert_eq!(found, [(30, ChangeKind::Recovered)]);
    }

    #[test]
    fn a_time_that_is_taken_back_uses_up_no_reminder_and_no_quiet_time() {
        let month = 30 * 24 * 3_600_000;
        let reminders = |state: &mut AlarmState, begin: i64, count: usize| {
            let found = run_from(state, &times(Trouble, count), begin);
            found.iter().map(|(_, kind)| *kind).collect::<Vec<_>>()
        };
        let raised = |snoozed_until| AlarmState {
            raised: Some(RaisedAlarm {
                snoozed_until,
                ..alarm(0)
            }),
            held_ms: 0,
        };
        let hour = 3_600_000;
        // Told by the wrong time; and by the right one, a day after it was raised.
        let mut state = raised(None);
        assert_eq!(reminders(&mut state, month, 2), [ChangeKind::Reminded]);
        assert_eq!(reminders(&mut state, hour, 360 * 22), []);
        assert_eq!(
            reminders(&mut state, 23 * hour, 400),
            [ChangeKind::Reminded]
        );
        assert_eq!(reminders(&mut state, 25 * hour, 9000), []);
        // The quiet time goes on, and ends once.
        let mut state = raised(Some(4 * hour));
        assert_eq!(reminders(&mut state, month, 2), [ChangeKind::Reminded]);
        assert_eq!(reminders(&mut state, hour, 360), []);
        let kept = state.raised.as_ref().and_then(|one| one.snoozed_until);
        assert_eq!(kept, Some(4 * hour));
        assert_eq!(reminders(&mut state, 3 * hour, 400), [ChangeKind::Reminded]);
        // Set in the wrong time: no alarm is quiet for a month.
        let mut state = raised(Some(month));
        assert_eq!(reminders(&mut state, hour, 2), [ChangeKind::Reminded]);
    }

    const ALL: [AlarmSight; 4] = [Unknown, Clear, Between, Trouble];

    fn any_of(sights: &[AlarmSight]) -> impl Strategy<Value = AlarmSight> + use<> {
        prop::sample::select(sights.to_vec())
    }

    proptest! {
        #[test]
        fn nothing_is_raised_on_gaps_or_inside_the_hysteresis(
            seen in prop::collection::vec(any_of(&[Unknown, Clear, Between]), 0..500),
        ) {
            prop_assert_eq!(run(&mut AlarmState::default(), &seen), []);
        }

        #[test]
        fn no_alarm_ends_on_gaps_or_inside_the_hysteresis(
            seen in prop::collection::vec(any_of(&[Unknown, Trouble, Between]), 0..500),
        ) {
            let mut state = AlarmState { raised: Some(alarm(0)), held_ms: 0 };
            prop_assert_eq!(run(&mut state, &seen), []);
        }

        #[test]
        fn changes_alternate_and_each_has_its_time_behind_it(
            seen in prop::collection::vec((any_of(&ALL), 1_usize..90), 0..60),
        ) {
            let all: Vec<AlarmSight> = seen.iter().flat_map(|(s, n)| times(*s, *n)).collect();
            let found = run(&mut AlarmState::default(), &all);
            for (place, (index, kind)) in found.iter().enumerate() {
                let (expected, sight, least) = match place % 2 {
                    0 => (ChangeKind::Raised, Trouble, 61),
                    _ => (ChangeKind::Recovered, Clear, 31),
                };
                prop_assert_eq!(*kind, expected);
                // Backwards over the hysteresis, which counts for nothing.
                let before = all[..=*index].iter().rev().filter(|one| **one != Between);
                let held = before.take_while(|one| **one == sight).count();
                prop_assert!(held >= least, "{held} sightings before {index}");
            }
        }

        #[test]
        fn noise_around_a_limit_makes_one_message(
            noise in prop::collection::vec(-0.9_f64..0.9, 200..400),
        ) {
            // Falls through the limit of 20 with a noise that the hysteresis of 2 is wider than.
            let test = AlarmTest::Below { limit: 20.0, clear: 22.0 };
            let mut value = 30.0;
            let mut all = Vec::new();
            for one in noise.iter().cycle().take(2000) {
                value = f64::max(value - 0.05, 19.5);
                all.push(limit_sight(test, value + one));
            }
            // Below it for good: of the noise around 19.5, some are between and none is clear.
            let found = run(&mut AlarmState::default(), &all);
            prop_assert!(found.len() <= 1, "{found:?}");
        }
    }
}
