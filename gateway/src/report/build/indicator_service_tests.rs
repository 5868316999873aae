//! Tests of the one entry for figures.

use super::*;
use crate::clock::Clock;
use crate::domain::{ExactNumber, SampleOutcome};
use crate::indicators::IndicatorsError;
use crate::limits::QUICK_POINT_DAYS_MAX;
use crate::storage::Store;
use crate::tests::{SiteText, load_site};
use std::time::Duration;
use tempfile::TempDir;

/// 2026-11-01 00:00 in Jakarta.
const NOVEMBER: i64 = 1_793_466_000_000;
const HOUR: i64 = 3_600_000;

/// A plant with a counter, at noon of the third of November.
struct ServiceSite {
    _folder: TempDir,
    store: Store,
    service: Arc<IndicatorService>,
}

impl ServiceSite {
    fn new() -> Self {
        let text = SiteText::new("desa").tcp_bus("lan", 502);
        let text = text.device("inverter", "lan", "unit = 1\nevery = '1h'");
        let text = text.points([
            "{ id = 'energy', register = 'holding:1', type = 'u32', unit = 'kWh', counter = true }",
        ]);
        let text = text.asset(
            "plts",
            "plts",
            "capacity_kwp = 2.0\nenergy = 'inverter.energy'",
        );
        let text = text.text();
        let (config, folder) = (load_site(&text), tempfile::tempdir().unwrap());
        let clock = Clock::set(UtcMs(NOVEMBER + 60 * HOUR), true);
        let store = Store::open(folder.path(), &config.site, &config.store, &text, &clock);
        let store = store.unwrap();
        let service = Arc::new(IndicatorService::new(Arc::new(config), store.clone()));
        Self {
            _folder: folder,
            store,
            service,
        }
    }

    async fn import(&self, hour: i64, kwh: f64) {
        let sample = SampleOutcome::Good(ExactNumber::Float(kwh));
        let column = (
            Arc::from("inverter.energy"),
            vec![(UtcMs(NOVEMBER + hour * HOUR), sample)],
        );
        self.store.import_columns(vec![column]).await.unwrap();
    }

    async fn ask(&self, period: &str, now: i64) -> Arc<SiteIndicators> {
        self.service
            .indicators(question(period, now), |_| ())
            .await
            .unwrap()
    }
}

fn question(period: &str, now: i64) -> IndicatorQuery {
    IndicatorQuery {
        period: period.parse().unwrap(),
        asset: None,
        now: UtcMs(now),
        daily: true,
        snapshots: true,
    }
}

fn generation(account: &SiteIndicators) -> f64 {
    let figure = account.find("plts.generation", Some("plts")).unwrap();
    *figure.value.as_ref().unwrap()
}

#[tokio::test]
async fn figures_of_an_open_period_are_reused_for_seconds_and_not_after_a_change() {
    let site = ServiceSite::new();
    site.import(0, 100.0).await;
    site.import(50, 140.0).await;
    let noon = NOVEMBER + 60 * HOUR;
    let first = site.ask("2026-11", noon).await;
    assert!((generation(&first) - 40.0).abs() < 1e-9);
    assert!(Arc::ptr_eq(
        &first,
        &site.ask("2026-11", noon + 10_000).await
    ));
    assert!(!Arc::ptr_eq(
        &first,
        &site.ask("2026-11", noon + 10_001).await
    ));
    assert!(!Arc::ptr_eq(&first, &site.ask("2026", noon).await));
    site.import(55, 150.0).await;
    let changed = site.ask("2026-11", noon).await;
    assert!((generation(&changed) - 50.0).abs() < 1e-9);
    site.store.stop().await;
}

#[tokio::test]
async fn figures_of_a_closed_period_are_reused_until_a_change() {
    let site = ServiceSite::new();
    site.import(0, 100.0).await;
    site.import(24, 140.0).await;
    let (noon, later) = (NOVEMBER + 60 * HOUR, NOVEMBER + 90 * HOUR);
    let first = site.ask("2026-11-01", noon).await;
    assert!(Arc::ptr_eq(&first, &site.ask("2026-11-01", later).await));
    site.import(12, 101.0).await;
    assert!(!Arc::ptr_eq(&first, &site.ask("2026-11-01", later).await));
    site.store.stop().await;
}

#[tokio::test]
async fn equal_questions_at_the_same_time_are_computed_once() {
    let site = ServiceSite::new();
    site.import(50, 140.0).await;
    let noon = NOVEMBER + 60 * HOUR;
    let asked = (0..20).map(|_| site.ask("2026", noon));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|one| Arc::ptr_eq(one, &answers[0])));
    site.store.stop().await;
}

#[tokio::test]
async fn a_quick_answer_does_not_wait_behind_a_report() {
    let site = ServiceSite::new();
    site.import(50, 140.0).await;
    let _report = site.service.turns().long().await.unwrap();
    let noon = NOVEMBER + 60 * HOUR;
    let quick = tokio::time::timeout(Duration::from_secs(20), site.ask("2026-11", noon));
    assert!(quick.await.is_ok());
    site.store.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_calculation_waits_for_its_turn_and_not_for_ever() {
    let turns = CalculationTurns::default();
    let report = turns.long().await.unwrap();
    let refused = turns.for_days(QUICK_POINT_DAYS_MAX + 1).await;
    assert!(matches!(refused, Err(IndicatorsError::Busy)));
    drop(report);
    assert!(turns.for_days(QUICK_POINT_DAYS_MAX + 1).await.is_ok());
}

#[tokio::test]
async fn the_answers_that_are_kept_are_bounded() {
    let site = ServiceSite::new();
    site.import(50, 140.0).await;
    let noon = NOVEMBER + 60 * HOUR;
    for day in 1..=2 {
        for hour in 0..10 {
            let asset = (hour % 2 == 0).then(|| Arc::from("plts"));
            let first = 20 + hour;
            let ask = IndicatorQuery {
                asset,
                ..question(&format!("2026-10-{first}..2026-11-0{day}"), noon)
            };
            site.service.indicators(ask, |_| ()).await.unwrap();
        }
    }
    let kept = site.service.kept.lock().unwrap().len();
    assert_eq!(kept, INDICATOR_RESULTS_MAX);
    assert!(site.service.running.lock().unwrap().len() <= 1);
    site.store.stop().await;
}
