//! [`AlarmBook`]: the states of all alarms, in memory and in the store.

use super::alarm_message::{AlarmChange, SentenceSet, over_texts, told_number};
use super::alarm_state::{Acknowledgement, AlarmState, RaisedAlarm};
use super::evaluator::{AlarmMoment, AlarmSight, AlarmTiming, ChangeKind, step_alarm};
use crate::config::AlarmLevel;
use crate::domain::{Site, UtcMs};
use crate::limits::ALARMS_MAX;
use crate::storage::{AlarmRows, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

/// The states of all alarms of a site; clones share them.
#[derive(Clone, Debug, Default)]
pub struct AlarmBook(Arc<BookParts>);

#[derive(Debug, Default)]
struct BookParts {
    pages: Mutex<BookPages>,
    /// Wakes those who deliver changes.
    kept: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct BookPages {
    /// States by key; `None` before they were read from the store.
    states: Option<BTreeMap<String, AlarmState>>,
    /// Keys whose state differs from the stored one.
    unkept: BTreeSet<String>,
    /// Changes that are not in the store yet, oldest first.
    untold: Vec<AlarmChange>,
    /// Changes that had no room among these since they were last written.
    dropped: usize,
}

/// Difference of two ends of a quiet time below which they are the same wish, sent twice, ms.
const SAME_SNOOZE_MS: i64 = 5 * 60_000;
/// Most changes that wait for the disk; the oldest go first.
const UNTOLD_MAX: usize = 200;

/// Sight of one alarm with all that its message needs.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    /// Rule and subject, `RULE/SUBJECT`.
    pub(crate) key: String,
    /// Sight.
    pub(crate) sight: AlarmSight,
    /// Times of the rule.
    pub(crate) timing: AlarmTiming,
    /// Severity.
    pub(crate) level: AlarmLevel,
    /// Value, in the unit of the rule.
    pub(crate) value: Option<f64>,
    /// Sentences of what is so now; needed where the trouble is there.
    pub(crate) texts: SentenceSet,
}

/// Why an alarm cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AlarmBookError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No alarm of this key is raised.
    #[error("no such alarm: {0}")]
    Unknown(String),
}

impl AlarmBook {
    /// Returns a watch that changes whenever changes of alarms were written to the store.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.kept.subscribe()
    }

    async fn write(&self, pages: &mut BookPages, store: &Store) -> Result<(), AlarmBookError> {
        if pages.write(store).await? {
            self.0.kept.send_replace(());
        }
        Ok(())
    }

    /// Steps the alarms of these sightings; changes go into the store, from which they are told.
    pub(crate) async fn observe(
        &self,
        store: &Store,
        site: &Site,
        moment: AlarmMoment,
        seen: Vec<Sighting>,
    ) -> Result<(), AlarmBookError> {
        let mut pages = self.0.pages.lock().await;
        let states = pages.read(store).await?;
        let mut next = BTreeMap::new();
        let mut changes = Vec::new();
        for one in seen {
            let known = states.get(&one.key);
            if known.is_none() && states.len() + next.len() >= ALARMS_MAX {
                tracing::warn!(alarm = one.key, "too many alarms: this one is not watched");
                continue;
            }
            let mut state = known.cloned().unwrap_or_default();
            let raise = || raised_alarm(&one, moment);
            let seen_now = (one.sight, moment);
            if let Some((kind, alarm)) = step_alarm(&mut state, one.timing, seen_now, raise) {
                let alarm = as_seen_now(kind, alarm, &one);
                let at = (moment.at, moment.trusted);
                changes.push(AlarmChange::new(site, &one.key, (kind, &alarm), at));
            }
            if known != Some(&state) && !(known.is_none() && state.is_blank()) {
                next.insert(one.key, state);
            }
        }
        pages.take_over(next);
        // While the disk refuses writes, they wait here: pages show the alarm, and it is told when
        // it is on the disk.
        pages.untold.extend(changes);
        pages.drop_surplus();
        if pages.untold.is_empty() {
            return Ok(());
        }
        self.write(&mut pages, store).await
    }

    /// Ends alarms whose rule or subject does not exist any more; `is_known` says of a key whether
    /// it does.
    pub(crate) async fn withdraw(
        &self,
        store: &Store,
        site: &Site,
        moment: AlarmMoment,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<(), AlarmBookError> {
        let mut pages = self.0.pages.lock().await;
        let states = pages.read(store).await?;
        let gone = states.iter().filter(|(key, _)| !is_known(key));
        let gone: BTreeMap<String, AlarmState> = gone
            .map(|(key, state)| (key.clone(), state.clone()))
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let told = gone.iter().filter_map(|(key, state)| {
            let alarm = state.raised.as_ref()?;
            let at = (moment.at, moment.trusted);
            let kind = ChangeKind::Withdrawn;
            Some(AlarmChange::new(site, key, (kind, alarm), at))
        });
        let changes: Vec<AlarmChange> = told.collect();
        let blank = gone.keys().map(|key| (key, &BLANK));
        store.keep_alarms(rows_of(blank, &changes)?).await?;
        self.0.kept.send_replace(());
        for key in gone.keys() {
            pages.forget(key);
        }
        Ok(())
    }

    /// Takes note of an alarm in the name of a person. Taking note again without a new note changes
    /// nothing: the first one stays.
    pub(crate) async fn acknowledge(
        &self,
        (store, site): (&Store, &Site),
        moment: AlarmMoment,
        key: &str,
        (by, note): (&str, &str),
    ) -> Result<(), AlarmBookError> {
        let seen = Acknowledgement {
            by: by.to_owned(),
            note: note.to_owned(),
            at: moment.at.0,
        };
        let change = |alarm: &mut RaisedAlarm| {
            let first = alarm.acknowledged.as_ref();
            let is_known =
                |first: &Acknowledgement| seen.note.is_empty() || seen.note == first.note;
            let is_new = !first.is_some_and(is_known);
            if is_new {
                alarm.acknowledged = Some(seen);
                alarm.reminder = None;
            }
            is_new
        };
        let kind = ChangeKind::Acknowledged;
        self.change((store, site), moment, (key, kind), change)
            .await
    }

    /// Keeps an alarm quiet until a time. The same person with about the same time again changes
    /// nothing.
    pub(crate) async fn snooze(
        &self,
        (store, site): (&Store, &Site),
        moment: AlarmMoment,
        key: &str,
        (by, until): (&str, UtcMs),
    ) -> Result<(), AlarmBookError> {
        let change = |alarm: &mut RaisedAlarm| {
            let is_same = |old: i64| (old - until.0).abs() < SAME_SNOOZE_MS;
            let is_known =
                alarm.snoozed_until.is_some_and(is_same) && alarm.snoozed_by.as_deref() == Some(by);
            if !is_known {
                alarm.snoozed_until = Some(until.0);
                alarm.snoozed_by = Some(by.to_owned());
                alarm.reminder = None;
            }
            !is_known
        };
        let kind = ChangeKind::Snoozed;
        self.change((store, site), moment, (key, kind), change)
            .await
    }

    /// All alarms that are raised, by key.
    pub(crate) async fn raised(
        &self,
        store: &Store,
    ) -> Result<Vec<(String, RaisedAlarm)>, StoreError> {
        let mut pages = self.0.pages.lock().await;
        let states = pages.read(store).await?;
        let raised = states.iter().filter_map(|(key, state)| {
            let alarm = state.raised.as_ref()?;
            Some((key.clone(), alarm.clone()))
        });
        Ok(raised.collect())
    }

    /// Keys of all states of a rule.
    pub(crate) async fn keys_of(
        &self,
        store: &Store,
        rule: &str,
    ) -> Result<Vec<String>, StoreError> {
        let mut pages = self.0.pages.lock().await;
        let keys = pages.read(store).await?.keys();
        let own = keys.filter(|key| key.split_once('/').is_some_and(|(own, _)| own == rule));
        Ok(own.cloned().collect())
    }

    /// Keeps the times of states that no change has kept, for a restart.
    pub(crate) async fn keep_times(&self, store: &Store) -> Result<(), AlarmBookError> {
        let mut pages = self.0.pages.lock().await;
        self.write(&mut pages, store).await
    }

    /// Changes a raised alarm and tells it; `change` returns false where nothing is to be changed.
    async fn change(
        &self,
        (store, site): (&Store, &Site),
        moment: AlarmMoment,
        (key, kind): (&str, ChangeKind),
        change: impl FnOnce(&mut RaisedAlarm) -> bool,
    ) -> Result<(), AlarmBookError> {
        let mut pages = self.0.pages.lock().await;
        // What happened before is told before.
        self.write(&mut pages, store).await?;
        let states = pages.read(store).await?;
        let unknown = || AlarmBookError::Unknown(key.to_owned());
        let mut state = states.get(key).cloned().ok_or_else(unknown)?;
        let alarm = state.raised.as_mut().ok_or_else(unknown)?;
        if !change(alarm) {
            return Ok(());
        }
        let at = (moment.at, moment.trusted);
        let told = AlarmChange::new(site, key, (kind, alarm), at);
        let owned = key.to_owned();
        store
            .keep_alarms(rows_of([(&owned, &state)], &[told])?)
            .await?;
        self.0.kept.send_replace(());
        pages.take_over([(owned, state)].into());
        pages.unkept.remove(key);
        Ok(())
    }
}

/// State of which nothing is kept.
static BLANK: AlarmState = AlarmState {
    raised: None,
    held_ms: 0,
};

impl BookPages {
    async fn read(
        &mut self,
        store: &Store,
    ) -> Result<&mut BTreeMap<String, AlarmState>, StoreError> {
        if self.states.is_none() {
            let kept = store.alarm_states().await?;
            let parsed = kept.into_iter().filter_map(|(key, body)| {
                // What this version cannot read begins anew.
                let state = serde_json::from_str(&body).ok()?;
                Some((key, state))
            });
            self.states = Some(parsed.collect());
        }
        Ok(self.states.get_or_insert_default())
    }

    /// Writes what is not in the store yet, in one transaction; true when there were changes.
    async fn write(&mut self, store: &Store) -> Result<bool, AlarmBookError> {
        if self.unkept.is_empty() && self.untold.is_empty() {
            return Ok(false);
        }
        let states = self.states.get_or_insert_default();
        let own = |key| (key, states.get(key).unwrap_or(&BLANK));
        let mut told = self.untold.clone();
        if let Some(first) = told.first_mut().filter(|_| self.dropped > 0) {
            first.note_missing(self.dropped);
        }
        let rows = rows_of(self.unkept.iter().map(own), &told)?;
        store.keep_alarms(rows).await?;
        let is_told = !told.is_empty();
        self.dropped = 0;
        self.unkept.clear();
        self.untold.clear();
        Ok(is_told)
    }

    /// Lets the oldest changes go while too many wait for the disk, and counts them.
    fn drop_surplus(&mut self) {
        let surplus = self.untold.len().saturating_sub(UNTOLD_MAX);
        if surplus > 0 {
            self.untold.drain(..surplus);
            self.dropped += surplus;
            let dropped = self.dropped;
            tracing::warn!(
                dropped,
                "changes of alarms had no room while the disk refused them"
            );
        }
    }

    fn take_over(&mut self, next: BTreeMap<String, AlarmState>) {
        for (key, state) in next {
            self.unkept.insert(key.clone());
            let states = self.states.get_or_insert_default();
            if state.is_blank() {
                states.remove(&key);
            } else {
                states.insert(key, state);
            }
        }
    }

    fn forget(&mut self, key: &str) {
        self.unkept.remove(key);
        self.states.get_or_insert_default().remove(key);
    }
}

fn raised_alarm(one: &Sighting, moment: AlarmMoment) -> RaisedAlarm {
    RaisedAlarm {
        since: moment.at.0,
        dated: moment.trusted,
        severity: one.level.word().to_owned(),
        texts: one.texts.clone(),
        value: one.value.map(told_number),
        untold_ms: 0,
        reminded: false,
        reminder: None,
        acknowledged: None,
        snoozed_until: None,
        snoozed_by: None,
    }
}

/// The alarm as a change tells it: a recovery and a reminder say what is so now.
fn as_seen_now(kind: ChangeKind, mut alarm: RaisedAlarm, seen: &Sighting) -> RaisedAlarm {
    match kind {
        ChangeKind::Recovered | ChangeKind::Reminded if !seen.texts.is_empty() => {
            alarm.texts.clone_from(&seen.texts);
            alarm.value = seen.value.map(told_number);
        }
        ChangeKind::Recovered => {
            alarm.texts = over_texts(&alarm.texts);
            alarm.value = seen.value.map(told_number);
        }
        _ => {}
    }
    alarm
}

/// Rows of states and changes; a blank state is removed.
fn rows_of<'a>(
    states: impl IntoIterator<Item = (&'a String, &'a AlarmState)>,
    changes: &[AlarmChange],
) -> Result<AlarmRows, StoreError> {
    let broken = |fault: serde_json::Error| StoreError::Invalid(fault.to_string());
    let row = |(key, state): (&String, &AlarmState)| {
        let body = (!state.is_blank()).then(|| serde_json::to_string(state));
        Ok((key.clone(), body.transpose().map_err(broken)?))
    };
    let states: Result<Vec<_>, StoreError> = states.into_iter().map(row).collect();
    let changes = changes.iter().map(serde_json::to_string);
    let changes: Result<Vec<_>, _> = changes.collect();
    Ok(AlarmRows {
        states: states?,
        changes: changes.map_err(broken)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::site_with_devices;

    #[test]
    fn changes_that_had_no_room_while_the_disk_refused_them_are_counted_in_the_next_message() {
        let moment = AlarmMoment {
            at: UtcMs(0),
            trusted: true,
            elapsed_ms: 0,
        };
        let alarm = raised_alarm(&seen(Some("air 0,2 m"), Some(0.2)), moment);
        let site = site_with_devices("desa", Vec::new());
        let told = (ChangeKind::Raised, &alarm);
        let change = AlarmChange::new(&site, "low/level", told, (UtcMs(0), true));
        let mut pages = BookPages {
            untold: vec![change.clone(); UNTOLD_MAX + 3],
            ..BookPages::default()
        };
        pages.drop_surplus();
        assert_eq!((pages.untold.len(), pages.dropped), (UNTOLD_MAX, 3));
        let mut first = change;
        first.note_missing(pages.dropped);
        assert_eq!(first.missing, 3);
        let text = &first.text["id"];
        assert!(
            text.ends_with("\n3 perubahan alarm sebelum ini hilang: media penyimpanan menolaknya."),
            "{text}"
        );
    }

    fn texts(text: &str) -> SentenceSet {
        [("id".to_owned(), text.to_owned())].into()
    }

    fn seen(text: Option<&str>, value: Option<f64>) -> Sighting {
        Sighting {
            key: "low/level".to_owned(),
            sight: AlarmSight::Clear,
            timing: AlarmTiming {
                after_ms: 0,
                clear_after_ms: 0,
            },
            level: AlarmLevel::Warning,
            value,
            texts: text.map(texts).unwrap_or_default(),
        }
    }

    #[test]
    fn a_recovery_and_a_reminder_say_what_is_so_now() {
        let moment = AlarmMoment {
            at: UtcMs(0),
            trusted: true,
            elapsed_ms: 0,
        };
        let alarm = raised_alarm(&seen(Some("air 0,2 m"), Some(0.2)), moment);
        let told = |kind, now: &Sighting| {
            let told = as_seen_now(kind, alarm.clone(), now);
            (told.texts["id"].clone(), told.value)
        };
        let (measured, condition) = (seen(Some("air 1,0 m"), Some(1.0)), seen(None, None));
        let new = ("air 1,0 m".to_owned(), Some(1.0));
        assert_eq!(told(ChangeKind::Recovered, &measured), new);
        assert_eq!(told(ChangeKind::Reminded, &measured), new);
        let over = ("Sudah berakhir: air 0,2 m".to_owned(), None);
        assert_eq!(told(ChangeKind::Recovered, &condition), over);
        let raised = ("air 0,2 m".to_owned(), Some(0.2));
        assert_eq!(told(ChangeKind::Raised, &measured), raised);
    }
}
