//! Figures end to end: a small site, readings in a real store, numbers known beforehand.

mod calibrated;
mod claims;
mod demo;
mod energy;
mod notes;
mod reported;
mod site;
mod water;
mod year;

use crate::account::{Ask, account};
use crate::clock::Clock;
use crate::config::{Config, load_text};
use crate::model::indicator::{Account, Indicator};
use crate::model::{Number, Outcome, UtcMs};
use crate::store::Store;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Milliseconds of an hour.
const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
const DAY: i64 = 24 * HOUR;

/// A site with its store.
struct Village {
    config: Config,
    store: Store,
    _folder: TempDir,
}

/// Samples of a point.
type Column<'a> = (&'a str, Vec<(i64, Option<f64>)>);

impl Village {
    fn new(text: &str) -> Self {
        let config = load_text(text, Path::new("pantau.toml"), &|_| None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::set(at("2027-06-01T00:00:00Z"), true);
        let store = Store::open(folder.path(), &config.site, &config.store, text, &clock).unwrap();
        Self {
            config,
            store,
            _folder: folder,
        }
    }

    async fn read(&self, columns: Vec<Column<'_>>) {
        let outcome = |value: Option<f64>| match value {
            Some(value) => Outcome::Good(Number::Float(value)),
            None => Outcome::Bad(crate::model::Reason::Timeout),
        };
        let columns = columns.into_iter().map(|(point, samples)| {
            let samples = samples.into_iter();
            let samples = samples.map(|(at, value)| (UtcMs(at), outcome(value)));
            (Arc::from(point), samples.collect())
        });
        self.store.import_many(columns.collect()).await.unwrap();
    }

    async fn account(&self, period: &str) -> Account {
        self.account_at(period, "2027-06-01T00:00:00Z").await
    }

    async fn account_at(&self, period: &str, now: &str) -> Account {
        let ask = Ask {
            period: period.parse().unwrap(),
            asset: None,
            now: at(now),
            daily: true,
        };
        let found = account(&self.config, &self.store, &ask, &mut |_| ())
            .await
            .unwrap();
        told(&found);
        found
    }
}

/// Whatever it says, it says in words, in both languages.
#[track_caller]
fn told(found: &Account) {
    use crate::words::Lang;
    for one in &found.indicators {
        let why = one.value.as_ref().err();
        for remark in one.remarks.iter().chain(why) {
            for lang in [Lang::Id, Lang::En] {
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

fn at(text: &str) -> UtcMs {
    UtcMs(text.parse::<Timestamp>().unwrap().as_millisecond())
}

#[track_caller]
fn figure<'a>(found: &'a Account, id: &str, asset: &str) -> &'a Indicator {
    let asset = (!asset.is_empty()).then_some(asset);
    let figure = found.find(id, asset);
    figure.unwrap_or_else(|| panic!("no {id} of {asset:?}"))
}

#[track_caller]
fn value(found: &Account, id: &str, asset: &str) -> f64 {
    let figure = figure(found, id, asset);
    *figure
        .value
        .as_ref()
        .unwrap_or_else(|why| panic!("{id}: {why:?}"))
}

#[track_caller]
fn close(found: &Account, id: &str, asset: &str, wanted: f64) {
    let found = value(found, id, asset);
    let off = (found - wanted).abs();
    assert!(
        off <= 1e-9 * wanted.abs().max(1.0),
        "{id}: {found}, not {wanted}"
    );
}

/// The reason for which there is no value.
#[track_caller]
fn why<'a>(found: &'a Account, id: &str, asset: &str) -> &'a str {
    match &figure(found, id, asset).value {
        Err(why) => &why.key,
        Ok(value) => panic!("{id} is {value}"),
    }
}

fn says(figure: &Indicator, key: &str) -> bool {
    figure.remarks.iter().any(|remark| remark.key == key)
}
