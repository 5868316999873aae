//! [`watch_alarms`]: the task that looks at the rules until the stop.

use super::sightings::{
    PointCondition, condition_sightings, figure_sightings, hold_back_lesser, point_sightings,
    rule_for,
};
use super::site_state::{LatestSamples, device_conditions, site_condition};
use crate::alarms::{AlarmBookError, AlarmMoment, PointWatch};
use crate::api::{ApiListener, ApiState};
use crate::attention::{ConditionFigures, find_attention};
use crate::clock::ClockStamp;
use crate::config::{AlarmSource, Config};
use crate::domain::indicator::SiteIndicators;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::indicators::IndicatorQuery;
use jiff::ToSpan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Time after the start before anything is looked at: devices and sinks come first.
const START_WAIT: Duration = Duration::from_secs(15);
/// Time between two looks at points.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Looks at points between two looks at figures and conditions.
pub(super) const FIGURES_EVERY: u32 = 6;
/// Looks between two writes of times that no change has written.
// What a power cut takes of a time that runs is less than an hour.
const KEEP_EVERY: u32 = 360;
/// Longest time that counts between two looks, in intervals between them: of a longer one nobody
/// knows what was in it.
const GAP_INTERVALS: i64 = 3;

/// Looks at the rules until the stop.
pub(crate) async fn watch_alarms(state: ApiState, mut stop: watch::Receiver<bool>) {
    let app = ApiListener::new(state, stop.clone());
    let mut watcher = AlarmWatcher::new(app);
    let mut wait = START_WAIT;
    while tokio::time::timeout(wait, stop.wait_for(|stop| *stop))
        .await
        .is_err()
    {
        tokio::select! {
            () = watcher.look() => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        let clock = &watcher.app.state().clock;
        wait = clock.until_slot(LOOK_EVERY, Duration::ZERO);
    }
    let (book, store) = (&watcher.app.state().alarms, &watcher.app.state().store);
    if let Err(error) = book.keep_times(store).await {
        tracing::warn!(%error, "the times of alarms were not kept");
    }
}

pub(super) struct AlarmWatcher {
    pub(super) app: ApiListener,
    watches: BTreeMap<String, PointWatch>,
    looks: u32,
    /// Alarms without a rule were ended.
    is_begun: bool,
    /// Monotonic time of the last look at points, and at figures, ms.
    last: [Option<u64>; 2],
    /// A failure was logged and has not ended.
    is_failing: bool,
}

impl AlarmWatcher {
    pub(super) fn new(app: ApiListener) -> Self {
        Self {
            app,
            watches: BTreeMap::new(),
            looks: 0,
            is_begun: false,
            last: [None; 2],
            is_failing: false,
        }
    }

    /// One look at what is due.
    pub(super) async fn look(&mut self) {
        let outcome = self.look_at_all().await;
        self.looks = self.looks.wrapping_add(1);
        // A failing disk has its own line in the log, so that each failure here needs none.
        match outcome {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                tracing::warn!(%error, "alarms could not be looked at; trying again");
            }
            Err(_) => {}
        }
    }

    async fn look_at_all(&mut self) -> Result<(), AlarmBookError> {
        if !self.is_begun {
            self.withdraw_unknown().await?;
            self.is_begun = true;
        }
        let state = self.app.state().clone();
        let latest: LatestSamples = state
            .store
            .latest_samples()
            .await?
            .into_iter()
            .map(|last| (Arc::clone(&last.point), last))
            .collect();
        let stamp = state.clock.now();
        let points = PointCondition {
            latest: &latest,
            devices: &device_conditions(&self.app, stamp.at, &latest),
            now: stamp.at,
            is_trusted: stamp.trusted,
        };
        let mut seen = point_sightings(&state.config, &points, &mut self.watches);
        hold_back_lesser(&state.config, &raised_keys(&state).await?, &mut seen);
        let moment = self.moment(0, stamp, LOOK_EVERY);
        let (store, site) = (&state.store, &*state.site);
        state.alarms.observe(store, site, moment, seen).await?;
        if self.looks.is_multiple_of(FIGURES_EVERY) {
            self.look_at_figures(&state, &latest).await?;
        }
        if self.looks % KEEP_EVERY == KEEP_EVERY - 1 {
            state.alarms.keep_times(store).await?;
        }
        Ok(())
    }

    async fn look_at_figures(
        &mut self,
        state: &ApiState,
        latest: &LatestSamples,
    ) -> Result<(), AlarmBookError> {
        let Some([recent, week, month]) = self.load_figures().await else {
            return Ok(());
        };
        let figures = ConditionFigures {
            recent: &recent,
            week: &week,
            month: &month,
        };
        let stamp = state.clock.now();
        let mut kept = Vec::new();
        for rule in &state.config.alarms {
            if matches!(rule.source, AlarmSource::Condition { .. }) {
                kept.extend(state.alarms.keys_of(&state.store, &rule.id).await?);
            }
        }
        let raised = raised_keys(state).await?;
        let seen = {
            let condition = site_condition(&self.app, stamp.at, figures, latest);
            let found = find_attention(&condition);
            let mut seen = condition_sightings(&state.config, &condition, &found, &kept);
            seen.extend(figure_sightings(&state.config, &condition));
            hold_back_lesser(&state.config, &raised, &mut seen);
            seen
        };
        let moment = self.moment(1, stamp, LOOK_EVERY * FIGURES_EVERY);
        let (store, site) = (&state.store, &*state.site);
        state.alarms.observe(store, site, moment, seen).await
    }

    /// Figures of yesterday and today, of seven days, and of this month; `None` when they cannot
    /// be computed now.
    async fn load_figures(&self) -> Option<[Arc<SiteIndicators>; 3]> {
        let now = self.app.state().clock.now().at;
        let day = self.app.local_today(now);
        let before = |days: i64| day.checked_sub(days.days()).unwrap_or(day);
        let load = async |period| {
            let query = IndicatorQuery {
                period,
                asset: None,
                now,
                daily: false,
                snapshots: true,
            };
            let found = self.app.period_indicators(query, Language::default()).await;
            found.ok()
        };
        Some([
            load(Period::Range(before(1), day)).await?,
            load(Period::Range(before(6), day)).await?,
            load(Period::Month(day.first_of_month())).await?,
        ])
    }

    /// Moment of a look; `kind` is 0 for points and 1 for figures.
    fn moment(&mut self, kind: usize, stamp: ClockStamp, every: Duration) -> AlarmMoment {
        let last = self.last[kind].replace(stamp.mono.0);
        let most = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        let elapsed = last.map_or(0, |last| stamp.mono.0.saturating_sub(last));
        let elapsed = i64::try_from(elapsed).unwrap_or(i64::MAX);
        AlarmMoment {
            at: stamp.at,
            trusted: stamp.trusted,
            elapsed_ms: elapsed.min(most.saturating_mul(GAP_INTERVALS)),
        }
    }

    /// Ends alarms whose rule or subject is no longer configured.
    async fn withdraw_unknown(&mut self) -> Result<(), AlarmBookError> {
        let state = self.app.state().clone();
        let moment = self.moment(0, state.clock.now(), LOOK_EVERY);
        let config = &state.config;
        let is_known = |key: &str| {
            key.split_once('/').is_some_and(|(id, subject)| {
                rule_for(&config.alarms, id, subject).is_some() && is_subject(config, subject)
            })
        };
        let (store, site) = (&state.store, &*state.site);
        state.alarms.withdraw(store, site, moment, is_known).await
    }
}

/// Keys of the alarms that are raised.
async fn raised_keys(state: &ApiState) -> Result<BTreeSet<String>, AlarmBookError> {
    let raised = state.alarms.raised(&state.store).await?;
    Ok(raised.into_iter().map(|(key, _)| key).collect())
}

/// Whether the configuration has such a subject of an alarm; the gateway itself has the empty one.
fn is_subject(config: &Config, subject: &str) -> bool {
    let is = |id: &str| id == subject;
    let mut rules = config
        .alarms
        .iter()
        .filter_map(|rule| rule.subject.as_deref());
    subject.is_empty()
        || rules.any(is)
        || config.assets.iter().any(|one| is(&one.id))
        || config
            .site
            .devices
            .iter()
            .any(|one| is(&one.id) || is(&one.bus))
        || config.sinks.iter().any(|one| is(one.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::{ExactNumber, QualityReason, Reading, SampleOutcome, UtcMs};
    use crate::status::StatusBoard;
    use crate::storage::Store;
    use crate::tests::{SiteText, load_site};

    struct WatchBench {
        clock: Clock,
        watcher: AlarmWatcher,
        folder: tempfile::TempDir,
    }

    impl WatchBench {
        fn open(folder: tempfile::TempDir, clock: Clock, alarm: &str) -> Self {
            let site = SiteText::new("s").tcp_bus("b", 502);
            let site = site
                .device("level", "b", "every = '10s'")
                .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"]);
            let text = site.with(alarm).text();
            let config = load_site(&text);
            let (site, settings) = (&config.site, &config.store);
            let store = Store::open(folder.path(), site, settings, &text, &clock).unwrap();
            let state = ApiState::new(&config, &store, &StatusBoard::default(), &clock);
            let (_, stop) = watch::channel(false);
            let watcher = AlarmWatcher::new(ApiListener::new(state, stop));
            Self {
                clock,
                watcher,
                folder,
            }
        }

        fn new(alarm: &str) -> Self {
            let clock = Clock::set(UtcMs(1_795_194_000_000), true);
            Self::open(tempfile::tempdir().unwrap(), clock, alarm)
        }

        fn store(&self) -> &Store {
            &self.watcher.app.state().store
        }

        /// Ten seconds for each outcome; `None` is a gap.
        async fn see(&mut self, outcome: Option<SampleOutcome>, times: usize) {
            for _ in 0..times {
                self.clock.advance(LOOK_EVERY);
                let now = self.clock.now();
                if let Some(outcome) = outcome {
                    let reading = Reading {
                        device: 0,
                        at: now.at,
                        mono: now.mono,
                        dated: now.trusted,
                        outcomes: [outcome].into(),
                    };
                    self.store().append(reading).await.unwrap();
                }
                self.watcher.look().await;
            }
        }

        async fn words(&self) -> Vec<String> {
            let mut changes = self.store().alarm_changes(None).await.unwrap();
            changes.reverse();
            let word = |body: &str| {
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                body["state"].as_str().unwrap().to_owned()
            };
            changes.iter().map(|one| word(&one.body)).collect()
        }

        /// Stops, and starts again with another rule.
        async fn restart(self, alarm: &str) -> Self {
            let book = &self.watcher.app.state().alarms;
            book.keep_times(self.store()).await.unwrap();
            self.store().clone().stop().await;
            Self::open(self.folder, self.clock, alarm)
        }
    }

    fn level(metres: f64) -> SampleOutcome {
        SampleOutcome::Good(ExactNumber::Float(metres))
    }

    const LOW: &str = "[[alarm]]\nid = 'low'\npoint = 'level.level'\nbelow = 0.4\nclear = 0.5\n\
        after = '2m'\nclear_after = '2m'";

    #[tokio::test]
    async fn a_low_level_is_told_once_and_a_gap_or_doubt_ends_nothing() {
        let mut bench = WatchBench::new(LOW);
        bench.see(Some(level(1.0)), 10).await;
        bench.see(Some(level(0.3)), 5).await;
        // A gap, which begins a minute after the last value: the time begins anew.
        bench.see(None, 60).await;
        bench.see(Some(level(0.3)), 11).await;
        assert!(bench.words().await.is_empty());
        bench.see(Some(level(0.3)), 10).await;
        assert_eq!(bench.words().await, ["raised"]);
        let doubt = SampleOutcome::Uncertain(ExactNumber::Float(1.0), QualityReason::Retained);
        bench.see(Some(doubt), 60).await;
        bench.see(Some(level(0.45)), 60).await;
        bench.see(None, 60).await;
        assert_eq!(bench.words().await, ["raised"]);
        bench.see(Some(level(0.6)), 20).await;
        assert_eq!(bench.words().await, ["raised", "recovered"]);
    }

    #[tokio::test]
    async fn a_restart_keeps_alarms_and_the_time_of_a_trouble() {
        let mut bench = WatchBench::new(LOW);
        bench.see(Some(level(0.3)), 10).await;
        let mut bench = bench.restart(LOW).await;
        bench.see(Some(level(0.3)), 5).await;
        assert_eq!(bench.words().await, ["raised"]);
        let mut bench = bench.restart(LOW).await;
        bench.see(Some(level(0.3)), 60).await;
        assert_eq!(bench.words().await, ["raised"]);
        // A rule that is gone says so, once.
        let mut bench = bench.restart("").await;
        bench.see(Some(level(0.3)), 2).await;
        assert_eq!(bench.words().await, ["raised", "withdrawn"]);
    }

    #[tokio::test]
    async fn a_clock_that_is_not_trusted_is_told_and_its_readings_raise_nothing() {
        let clock = Clock::set(UtcMs(1_795_194_000_000), false);
        let off = format!("{LOW}\n[[alarm]]\nrule = 'clock-untrusted'\nafter = '1m'");
        let mut bench = WatchBench::open(tempfile::tempdir().unwrap(), clock, &off);
        bench.see(Some(level(0.3)), 60).await;
        let changes = bench.store().alarm_changes(None).await.unwrap();
        assert_eq!(changes.len(), 1);
        assert!(changes[0].body.contains("clock-untrusted/"), "{changes:?}");
        assert!(changes[0].body.contains("jam belum sinkron"), "{changes:?}");
    }

    #[tokio::test]
    async fn a_recovery_has_the_value_that_is_there_now() {
        let mut bench = WatchBench::new(LOW);
        bench.see(Some(level(0.3)), 20).await;
        bench.see(Some(level(0.6)), 20).await;
        let changes = bench.store().alarm_changes(None).await.unwrap();
        let body: serde_json::Value = serde_json::from_str(&changes[0].body).unwrap();
        assert_eq!(
            (&body["state"], &body["value"]),
            (&"recovered".into(), &0.6.into())
        );
        let text = body["text"]["id"].as_str().unwrap();
        assert!(
            text.contains(": sekarang 0,60\u{a0}m, batas 0,40\u{a0}m\n"),
            "{text}"
        );
        assert!(!text.contains("0,30"), "{text}");
    }

    #[tokio::test]
    async fn a_note_and_a_quiet_time_that_are_sent_twice_are_told_once() {
        let mut bench = WatchBench::new(LOW);
        bench.see(Some(level(0.3)), 20).await;
        let state = bench.watcher.app.state().clone();
        let place = (&state.store, &*state.site);
        let stamp = state.clock.now();
        let moment = AlarmMoment {
            at: stamp.at,
            trusted: true,
            elapsed_ms: 0,
        };
        let key = "low/level.level";
        for note in ["pompa dipesan", "", "pompa dipesan", "pompa datang", ""] {
            let done = state.alarms.acknowledge(place, moment, key, ("Ani", note));
            done.await.unwrap();
        }
        let raised = state.alarms.raised(&state.store).await.unwrap();
        let seen = raised[0].1.acknowledged.as_ref().unwrap();
        assert_eq!(seen.note, "pompa datang");
        for seconds in [0, 2, 3600] {
            let until = UtcMs(stamp.at.0 + (4 * 3600 + seconds) * 1000);
            let done = state.alarms.snooze(place, moment, key, ("Ani", until));
            done.await.unwrap();
        }
        let told = [
            "raised",
            "acknowledged",
            "acknowledged",
            "snoozed",
            "snoozed",
        ];
        assert_eq!(bench.words().await, told);
    }
}
