//! Tests of old reports that are made again from their revision.

use super::{
    CalculationBasis, ReportBuildError, ReportRequest, ReportTask, build_report, list_revisions,
    load_basis,
};
use crate::clock::Clock;
use crate::config::{Config, StoreSettings, load_config};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::i18n::Language;
use crate::report::content::ReportEdition;
use crate::report::render::ReportFormat;
use crate::storage::Store;
use crate::tests::SiteText;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// 2026-12-01 00:00 in Jakarta, milliseconds since 1970 UTC.
const DECEMBER: i64 = 1_796_058_000_000;
const DAY: i64 = 86_400_000;

/// Site with a plant whose factor stands in a file of its own.
fn site_text() -> String {
    SiteText::new("desa")
        .with("[store]\npath = 'store'\n[factors]\nfile = 'own.toml'")
        .tcp_bus("lan", 502)
        .device("inverter", "lan", "unit = 1\nevery = '1h'")
        .points([
            "{ id = 'energy', register = 'holding:1', type = 'u32', unit = 'kWh', counter = true }",
        ])
        .asset(
            "plts",
            "plts",
            "capacity_kwp = 2.0\nenergy = 'inverter.energy'",
        )
        .with("baseline = { kind = 'GRID', factor = 'grid.own', since = 2026-01-01 }")
        .text()
}

fn own_factor_file(value: f64) -> String {
    format!(
        "[[factor]]\nid = 'grid.own'\nvalue = {value}\nunit = 'kgCO2/kWh'\nsource = 's'\n\
         status = 'official_text'\n"
    )
}

/// A site on disk, with files that change and an adjustable clock.
struct ReportTestSite {
    folder: TempDir,
    clock: Clock,
}

impl ReportTestSite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pantau.toml"), site_text()).unwrap();
        let clock = Clock::set(UtcMs(DECEMBER), true);
        Self { folder, clock }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the gateway with this factor.
    fn start(&self, factor: f64) -> (Arc<Config>, Store) {
        fs::write(self.file("own.toml"), own_factor_file(factor)).unwrap();
        let config = load_config(&self.file("pantau.toml")).unwrap();
        let settings = StoreSettings {
            flush: Duration::from_hours(1),
            ..config.store.clone()
        };
        let text = config.revision_text();
        let store = Store::open(&settings.path, &config.site, &settings, &text, &self.clock);
        (Arc::new(config), store.unwrap())
    }

    async fn report(&self, basis: CalculationBasis, store: &Store) -> Value {
        let wish = ReportRequest {
            period: "2026-11".parse().unwrap(),
            asset: None,
            lang: Language::En,
            format: ReportFormat::Json,
            edition: ReportEdition::Full,
        };
        let now = self.clock.now().at;
        let task = ReportTask {
            basis,
            store: store.clone(),
            wish,
            now,
            held: (),
        };
        let bytes = build_report(task, |_| ()).await;
        serde_json::from_slice(&bytes.unwrap().bytes).unwrap()
    }
}

/// One kilowatt-hour for each hour of November.
async fn append_readings(store: &Store) {
    let hours = (0..30 * 24).map(|hour| {
        let number = ExactNumber::Decimal {
            mantissa: hour,
            exponent: 0,
        };
        (
            UtcMs(DECEMBER - 30 * DAY + hour * 3_600_000),
            SampleOutcome::Good(number),
        )
    });
    let column = ("inverter.energy".into(), hours.collect());
    store.import_columns(vec![column]).await.unwrap();
}

/// The report without its time of issue, and the callout about an earlier revision when it has one.
fn without_issue_fields(mut report: Value) -> (Value, Option<Value>) {
    report["issued"] = Value::Null;
    report["digest"] = Value::Null;
    report["document_sha256"] = Value::Null;
    // The chain has grown since; the content must be the same.
    report["evidence"] = report["evidence"]["content"].clone();
    let blocks = report["sections"][0]["blocks"].as_array_mut().unwrap();
    let is_past = blocks[0]
        .to_string()
        .contains("Computed with an old revision");
    let past = is_past.then(|| blocks.remove(0));
    (report, past)
}

#[tokio::test]
async fn a_changed_factor_restates_and_the_old_revision_gives_the_old_report() {
    let desk = ReportTestSite::new();
    let (config, store) = desk.start(0.8);
    append_readings(&store).await;
    // The last day of the month is closed, and has its digest, once its late readings have come.
    desk.clock.advance(Duration::from_hours(48));
    let first = desk
        .report(CalculationBasis::in_force(config.clone()), &store)
        .await;
    assert_eq!(first["revision"], config.revision_id());
    store.stop().await;

    desk.clock.advance(Duration::from_hours(48));
    let (config, store) = desk.start(0.9);
    let restated = desk
        .report(CalculationBasis::in_force(config.clone()), &store)
        .await;
    assert_ne!(
        without_issue_fields(restated.clone()).0["sections"],
        without_issue_fields(first.clone()).0["sections"]
    );

    for asked in ["1", "1.1", first["revision"].as_str().unwrap()] {
        let old = load_basis(config.clone(), &store, asked).await.unwrap();
        let (old, said) = without_issue_fields(desk.report(old, &store).await);
        assert_eq!(old, without_issue_fields(first.clone()).0, "{asked}");
        let said = said.unwrap().to_string();
        assert!(said.contains(&config.revision_id()), "{said}");
    }
    for asked in ["2", "2.1", restated["revision"].as_str().unwrap()] {
        let now = load_basis(config.clone(), &store, asked).await.unwrap();
        assert_eq!(now.past, None, "{asked}");
    }
}

#[tokio::test]
async fn revisions_are_listed_and_one_that_is_not_there_is_told() {
    let desk = ReportTestSite::new();
    let (config, store) = desk.start(0.8);
    store.stop().await;
    desk.clock.advance(Duration::from_hours(48));
    drop(config);
    let (config, store) = desk.start(0.9);
    let all = list_revisions(&store).await.unwrap();
    let all: Vec<(String, i64)> = all.iter().map(|one| (one.number(), one.since.0)).collect();
    let later = DECEMBER + 2 * DAY;
    assert_eq!(
        all,
        [("1.1".to_owned(), DECEMBER), ("2.1".to_owned(), later)]
    );
    for asked in ["0", "3", "1.2", "1.x", "", "abcdef012345", "-1", "é"] {
        let fault = load_basis(config.clone(), &store, asked).await.unwrap_err();
        assert!(matches!(&fault, ReportBuildError::NoRevision(found) if found == asked));
        assert!(fault.is_bad_request() && fault.message(Language::Id).contains("--revisions"));
    }
}

#[tokio::test]
async fn a_change_within_the_period_is_among_the_events() {
    let desk = ReportTestSite::new();
    let (_, store) = desk.start(0.8);
    append_readings(&store).await;
    store.stop().await;
    desk.clock.advance(Duration::from_hours(48));
    let (config, store) = desk.start(0.9);
    let of = |period: &str| {
        let period = (period.parse().unwrap(), None);
        super::revisions::revision_changes(&config, &store, period)
    };
    let (changes, more) = of("2026-12").await.unwrap();
    assert_eq!((changes.len(), more), (1, 0));
    let place = "[factors] file [[factor]] grid.own: value 0.8 → 0.9";
    assert_eq!(changes[0].places, [place]);
    assert_eq!(changes[0].at, UtcMs(DECEMBER + 2 * DAY));
    assert_eq!(of("2026-11").await.unwrap(), (Vec::new(), 0));
    assert_eq!(of("2026-12-02").await.unwrap(), (Vec::new(), 0));
    assert_eq!(of("2026-12-03").await.unwrap().0.len(), 1);
}
