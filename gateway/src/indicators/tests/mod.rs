//! End-to-end tests of indicators: a small site, samples in a real store, results known in advance.

mod calibrated_readings;
mod carbon_claims;
mod contradictions;
mod dated_declarations;
mod demo;
mod early_ends;
mod edge_amounts;
mod energy;
mod full_year;
mod genset_fuel;
mod imported_rows;
mod late_readings;
mod ledger_effects;
mod ledger_entries;
mod measured_time;
mod meter_swaps;
mod moving_twins;
mod plausibility;
mod replaced_factors;
mod reported_cases;
mod site;
mod site_sums;
mod snapshots;
mod unusual_numbers;
mod waste_claims;
mod water;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::indicator::{Indicator, SiteIndicators};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::indicators::{IndicatorQuery, calculate_indicators};
use crate::storage::Store;
use crate::tests::load_site;
use jiff::Timestamp;
use std::sync::Arc;
use tempfile::TempDir;

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Milliseconds of an hour.
const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
const DAY: i64 = 24 * HOUR;

/// Test site with its store.
struct TestSite {
    config: Config,
    store: Store,
    _folder: TempDir,
}

/// Samples of one point.
type PointColumn<'a> = (&'a str, Vec<(i64, Option<f64>)>);

impl TestSite {
    fn new(text: &str) -> Self {
        let config = load_site(text);
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::set(parse_time("2027-06-01T00:00:00Z"), true);
        let store = Store::open(folder.path(), &config.site, &config.store, text, &clock).unwrap();
        Self {
            config,
            store,
            _folder: folder,
        }
    }

    async fn store_readings(&self, columns: Vec<PointColumn<'_>>) {
        let outcome = |value: Option<f64>| match value {
            Some(value) => SampleOutcome::Good(ExactNumber::Float(value)),
            None => SampleOutcome::Bad(crate::domain::QualityReason::Timeout),
        };
        let columns = columns.into_iter().map(|(point, samples)| {
            let samples = samples.into_iter();
            let samples = samples.map(|(at, value)| (UtcMs(at), outcome(value)));
            (Arc::from(point), samples.collect())
        });
        self.store.import_columns(columns.collect()).await.unwrap();
    }

    async fn indicators(&self, period: &str) -> SiteIndicators {
        self.indicators_at(period, "2027-06-01T00:00:00Z").await
    }

    async fn indicators_at(&self, period: &str, now: &str) -> SiteIndicators {
        self.indicators_in_scope(period, now, None).await
    }

    async fn indicators_in_scope(
        &self,
        period: &str,
        now: &str,
        asset: Option<&str>,
    ) -> SiteIndicators {
        let ask = IndicatorQuery {
            period: period.parse().unwrap(),
            asset: asset.map(Arc::from),
            now: parse_time(now),
            daily: true,
            snapshots: true,
        };
        let found = calculate_indicators(&self.config, &self.store, &ask, &mut |_| ())
            .await
            .unwrap();
        assert_texts_exist(&found);
        found
    }
}

/// Checks that each remark has a text in both languages and that completeness lies in 0..=1.
#[track_caller]
fn assert_texts_exist(found: &SiteIndicators) {
    use crate::i18n::Language;
    for one in &found.indicators {
        let why = one.value.as_ref().err();
        for remark in one.remarks.iter().chain(why) {
            for lang in [Language::Id, Language::En] {
                let text = lang.text(&remark.key);
                assert_ne!(text, remark.key, "{} in {}", one.id, lang.code());
            }
        }
        for share in [one.completeness.all, one.completeness.daylight]
            .into_iter()
            .flatten()
        {
            assert!((0.0..=1.0).contains(&share), "{}: {share}", one.id);
        }
    }
}

fn parse_time(text: &str) -> UtcMs {
    UtcMs(text.parse::<Timestamp>().unwrap().as_millisecond())
}

#[track_caller]
fn find_figure<'a>(found: &'a SiteIndicators, id: &str, asset: &str) -> &'a Indicator {
    let asset = (!asset.is_empty()).then_some(asset);
    let figure = found.find(id, asset);
    figure.unwrap_or_else(|| panic!("no {id} of {asset:?}"))
}

#[track_caller]
fn figure_value(found: &SiteIndicators, id: &str, asset: &str) -> f64 {
    let figure = find_figure(found, id, asset);
    *figure
        .value
        .as_ref()
        .unwrap_or_else(|why| panic!("{id}: {why:?}"))
}

#[track_caller]
fn assert_figure_close(found: &SiteIndicators, id: &str, asset: &str, wanted: f64) {
    let found = figure_value(found, id, asset);
    let off = (found - wanted).abs();
    assert!(
        off <= 1e-9 * wanted.abs().max(1.0),
        "{id}: {found}, not {wanted}"
    );
}

/// Checks several figures of an asset.
#[track_caller]
fn assert_figures_close(found: &SiteIndicators, asset: &str, wanted: &[(&str, f64)]) {
    for (id, value) in wanted {
        assert_figure_close(found, id, asset, *value);
    }
}

#[track_caller]
fn assert_missing(found: &SiteIndicators, id: &str, asset: &str, reason: &str) {
    assert_eq!(missing_reason(found, id, asset), reason, "{id}");
}

/// Key of the reason for which a figure has no value.
#[track_caller]
fn missing_reason<'a>(found: &'a SiteIndicators, id: &str, asset: &str) -> &'a str {
    match &find_figure(found, id, asset).value {
        Err(why) => &why.key,
        Ok(value) => panic!("{id} is {value}"),
    }
}

fn has_remark(figure: &Indicator, key: &str) -> bool {
    figure.remarks.iter().any(|remark| remark.key == key)
}
