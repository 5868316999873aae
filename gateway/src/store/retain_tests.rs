//! What goes by age and for want of room, on right and wrong clocks, and with sinks that are away.

use super::tests::{MIDNIGHT, ask, close_days, decimal, open_at, raw, reading, site, tended};
use super::*;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::model::*;
use std::path::Path;
use std::time::Duration;

const DAY: i64 = 86_400_000;
/// 2036-05-05, ten years too late.
const AHEAD: UtcMs = UtcMs(2_093_558_400_000);
/// Days of history.
const HISTORY: i64 = 40;

/// A store that keeps 730 days, with a reading on each of `HISTORY` days.
async fn filled(dir: &Path, clock: &Clock) -> Store {
    let store = open_at(dir, &site(&["power"]), clock, Some(730));
    let row = |day| (UtcMs(MIDNIGHT - day * DAY), Number::Float(1.0));
    let rows = (1..=HISTORY).map(row).collect();
    store.import("meter.power", rows).await.unwrap();
    store
}

/// As many full hours pass; how many samples are there then.
async fn hours(store: &Store, clock: &Clock, hours: u64) -> usize {
    for _ in 0..hours {
        clock.advance(Duration::from_hours(1));
        store.flush().await.unwrap();
        tended(store).await;
    }
    ask(store, raw("meter.power")).await.len()
}

fn all() -> usize {
    usize::try_from(HISTORY).unwrap()
}

#[tokio::test]
async fn a_clock_in_the_future_that_is_not_synchronised_deletes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = filled(dir.path(), &clock).await;
    clock.step(AHEAD);
    clock.distrust();
    let undated = Reading {
        dated: false,
        ..reading(AHEAD.0, &[decimal(1)])
    };
    store.append(undated).await.unwrap();
    assert_eq!(hours(&store, &clock, 50).await, all() + 1);
}

#[tokio::test]
async fn a_believed_clock_in_the_future_makes_nothing_old_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = filled(dir.path(), &clock).await;
    clock.step(AHEAD);
    assert_eq!(hours(&store, &clock, 50).await, all());
}

#[tokio::test]
async fn a_reading_dated_in_the_future_costs_a_tenth_a_day_and_nothing_once_the_clock_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = filled(dir.path(), &clock).await;
    clock.step(AHEAD);
    store.append(reading(AHEAD.0, &[decimal(1)])).await.unwrap();
    let tenth = all() / 10;
    assert_eq!(hours(&store, &clock, 20).await, all() + 1 - tenth);
    // Somebody sees it and puts the clock right.
    clock.step(UtcMs(MIDNIGHT + DAY));
    assert_eq!(hours(&store, &clock, 50).await, all() + 1 - tenth);
}

#[tokio::test]
async fn what_is_old_goes_a_tenth_of_the_days_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    filled(dir.path(), &clock).await.stop().await;
    // The rule is changed to ten days.
    let store = open_at(dir.path(), &site(&["power"]), &clock, Some(10));
    let mut left = Vec::new();
    for _ in 0..6 {
        left.push(hours(&store, &clock, 24).await);
    }
    assert_eq!(left[..3], [36, 32, 28]);
    assert!(
        left.is_sorted_by(|a, b| a >= b) && left[5] >= 10,
        "{left:?}"
    );
}

/// Incompressible, so that room is used up.
fn noise(random: &mut fastrand::Rng) -> Outcome {
    Outcome::Good(Number::Float(random.f64()))
}

fn used(dir: &Path) -> u64 {
    let db = rusqlite::Connection::open(dir.join("pantau.db")).unwrap();
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count").unwrap() - number("freelist_count").unwrap();
    (pages * number("page_size").unwrap()).cast_unsigned()
}

/// A history of twenty days, and a backlog of readings that a sink has not had; then so many days
/// without an acknowledgement on a disk budget that is a little too small. Samples and undelivered
/// readings that are left, and the store.
async fn over_budget(dir: &Path, days: u64) -> (usize, usize, Store) {
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir, &site(&["power"]), &clock, None);
    let mut random = fastrand::Rng::with_seed(7);
    let rows = (0..10_000).map(|n| {
        let at = UtcMs(MIDNIGHT - 20 * DAY + n * DAY / 500);
        (at, noise(&mut random).number().unwrap())
    });
    store.import("meter.power", rows.collect()).await.unwrap();
    store.cursor("mqtt").await.unwrap();
    for n in 0..5000 {
        let one = reading(MIDNIGHT + n * 100, &[noise(&mut random)]);
        store.append(one).await.unwrap();
        if n % 5 == 0 {
            store.flush().await.unwrap();
        }
    }
    close_days(&store, &clock).await;
    store.stop().await;
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: Some(used(dir) - 20_000),
    };
    clock.advance(Duration::from_hours(24 * days));
    let store = Store::open(dir, &site(&["power"]), &settings, "text", &clock).unwrap();
    close_days(&store, &clock).await;
    let samples = ask(&store, raw("meter.power")).await.len();
    let mut waiting = 0;
    let mut after = 0;
    while let Some(last) = store.journal(after, 2000).await.unwrap().last() {
        waiting += store.journal(after, 2000).await.unwrap().len();
        after = last.seq;
    }
    (samples, waiting, store)
}

#[tokio::test]
async fn over_the_budget_the_backlog_of_a_sink_that_is_away_for_good_goes_before_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let (samples, waiting, store) = over_budget(dir.path(), 8).await;
    assert_eq!(samples, 15_000);
    assert!((1..5000).contains(&waiting), "{waiting}");
    let undelivered = store.health().borrow().undelivered;
    assert_eq!(undelivered, 5000 - u64::try_from(waiting).unwrap());
}

#[tokio::test]
async fn over_the_budget_a_sink_that_is_away_for_a_day_keeps_its_backlog() {
    let dir = tempfile::tempdir().unwrap();
    let (samples, waiting, store) = over_budget(dir.path(), 1).await;
    assert!((13_000..15_000).contains(&samples), "{samples}");
    assert_eq!((waiting, store.health().borrow().undelivered), (5000, 0));
}

#[tokio::test]
async fn a_sink_taken_out_of_the_configuration_holds_nothing_and_may_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.cursor("mqtt").await.unwrap();
    store.cursor("influx").await.unwrap();
    let take = async |store: &Store, from: i64| {
        for n in from..from + 10 {
            let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
            store.append(one).await.unwrap();
            store.flush().await.unwrap();
        }
    };
    take(&store, 0).await;
    store.move_cursor("influx", 4).await.unwrap();
    store.move_cursor("mqtt", 8).await.unwrap();
    store.flush().await.unwrap();
    store.stop().await;

    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.keep_sinks(vec!["mqtt"]).await.unwrap();
    assert_eq!(store.health().borrow().retired, ["influx"]);
    close_days(&store, &clock).await;
    store.stop().await;
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.keep_sinks(vec!["mqtt"]).await.unwrap();
    assert_eq!(store.health().borrow().retired, ["influx"]);
    let left = store.journal(0, 100).await.unwrap();
    assert_eq!(left.iter().map(|one| one.seq).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(store.cursor("mqtt").await.unwrap(), Some(8));

    // It is back: what the journal still has it gets, from where it was left.
    store.keep_sinks(vec!["mqtt", "influx"]).await.unwrap();
    assert_eq!(store.cursor("influx").await.unwrap(), Some(8));
    take(&store, 10).await;
    assert!(store.health().borrow().retired.is_empty());
    assert_eq!(store.journal(8, 100).await.unwrap().len(), 12);
}

#[tokio::test]
async fn a_sink_that_comes_back_is_not_sent_again_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.cursor("mqtt").await.unwrap();
    store.cursor("influx").await.unwrap();
    for n in 0..10 {
        let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
        store.append(one).await.unwrap();
    }
    store.flush().await.unwrap();
    store.move_cursor("influx", 6).await.unwrap();
    store.keep_sinks(vec!["mqtt"]).await.unwrap();
    store.keep_sinks(vec!["mqtt", "influx"]).await.unwrap();
    assert_eq!(store.cursor("influx").await.unwrap(), Some(6));
}
