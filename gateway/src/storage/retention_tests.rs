//! Tests of retention by age and by disk budget, with right and wrong clocks and with dead sinks.

use super::tests::{
    MIDNIGHT, ask, close_days, decimal, open_at, raw, reading, site, wait_for_maintenance,
};
use super::*;
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::domain::*;
use std::path::Path;
use std::time::Duration;

const DAY_IN_MS: i64 = 86_400_000;
/// 2036-05-05, ten years too late.
const FUTURE_TIME: UtcMs = UtcMs(2_093_558_400_000);
/// Days of history.
const HISTORY_DAYS: i64 = 40;

/// A store that keeps 730 days, with one sample on each of `HISTORY` days.
async fn store_with_history(dir: &Path, clock: &Clock) -> Store {
    let store = open_at(dir, &site(&["power"]), clock, Some(730));
    let row = |day| (UtcMs(MIDNIGHT - day * DAY_IN_MS), ExactNumber::Float(1.0));
    let rows = (1..=HISTORY_DAYS).map(row).collect();
    store.import_rows("meter.power", rows).await.unwrap();
    store
}

/// Advances the clock hour by hour; returns the number of samples left.
async fn advance_hours(store: &Store, clock: &Clock, hours: u64) -> usize {
    for _ in 0..hours {
        clock.advance(Duration::from_hours(1));
        store.flush().await.unwrap();
        wait_for_maintenance(store).await;
    }
    ask(store, raw("meter.power")).await.len()
}

fn history_samples() -> usize {
    usize::try_from(HISTORY_DAYS).unwrap()
}

#[tokio::test]
async fn a_clock_in_the_future_that_is_not_synchronised_deletes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = store_with_history(dir.path(), &clock).await;
    clock.set_wall_clock(FUTURE_TIME);
    clock.distrust();
    let undated = Reading {
        dated: false,
        ..reading(FUTURE_TIME.0, &[decimal(1)])
    };
    store.append(undated).await.unwrap();
    assert_eq!(
        advance_hours(&store, &clock, 50).await,
        history_samples() + 1
    );
}

#[tokio::test]
async fn a_believed_clock_in_the_future_makes_nothing_old_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = store_with_history(dir.path(), &clock).await;
    clock.set_wall_clock(FUTURE_TIME);
    // Age is counted from the newest reading, and none has come since the clock went wrong.
    assert_eq!(advance_hours(&store, &clock, 50).await, history_samples());
}

#[tokio::test]
async fn a_reading_dated_in_the_future_costs_nothing_when_the_notice_of_a_day_is_heeded() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = store_with_history(dir.path(), &clock).await;
    clock.set_wall_clock(FUTURE_TIME);
    store
        .append(reading(FUTURE_TIME.0, &[decimal(1)]))
        .await
        .unwrap();
    let all = history_samples() + 1;
    assert_eq!(advance_hours(&store, &clock, 20).await, all);
    let notice = store.health().borrow().retention_due.unwrap();
    assert_eq!(notice.days, 4);
    assert_eq!(notice.after, UtcMs(FUTURE_TIME.0 + 25 * DAY_IN_MS / 24));
    // Somebody sees it and puts the clock right.
    clock.set_wall_clock(UtcMs(MIDNIGHT + DAY_IN_MS));
    assert_eq!(advance_hours(&store, &clock, 50).await, all);
    assert_eq!(store.health().borrow().retention_due, None);
}

#[tokio::test]
async fn a_notice_of_deletion_stands_for_a_day_across_restarts_and_then_a_tenth_goes() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    store_with_history(dir.path(), &clock).await.stop().await;
    let open = || open_at(dir.path(), &site(&["power"]), &clock, Some(10));
    let store = open();
    assert_eq!(advance_hours(&store, &clock, 2).await, history_samples());
    let notice = store.health().borrow().retention_due;
    store.stop().await;
    let store = open();
    assert!(notice.is_some());
    assert_eq!(store.health().borrow().retention_due, notice);
    assert_eq!(advance_hours(&store, &clock, 22).await, history_samples());
    assert_eq!(
        advance_hours(&store, &clock, 2).await,
        history_samples() - 4
    );
}

#[tokio::test]
async fn what_is_old_goes_a_tenth_of_the_days_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    store_with_history(dir.path(), &clock).await.stop().await;
    // The rule is changed to ten days.
    let store = open_at(dir.path(), &site(&["power"]), &clock, Some(10));
    let mut left = Vec::new();
    for _ in 0..6 {
        left.push(advance_hours(&store, &clock, 24).await);
    }
    // The notice of a day, then 40 days less a tenth of those that are left, rounded up.
    assert_eq!(left[..4], [40, 36, 32, 28]);
    assert!(
        left.is_sorted_by(|a, b| a >= b) && left[5] >= 10,
        "{left:?}"
    );
}

#[tokio::test]
async fn deleting_days_that_were_imported_later_does_not_open_deleted_days_again() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    store_with_history(dir.path(), &clock).await.stop().await;
    let store = open_at(dir.path(), &site(&["power"]), &clock, Some(10));
    advance_hours(&store, &clock, 24 * 8).await;
    let deleted_before = async |store: &Store| {
        let extent = store.evidence_extent().await.unwrap();
        extent.raw_deleted_before.unwrap()
    };
    let first = deleted_before(&store).await;
    let old = |day| (UtcMs(MIDNIGHT - day * DAY_IN_MS), ExactNumber::Float(2.0));
    // Older than everything that was deleted, so their deletion must not move the bound back.
    let rows = (60..=69).map(old).collect();
    store.import_rows("meter.power", rows).await.unwrap();
    advance_hours(&store, &clock, 24 * 3).await;
    store.stop().await;
    let store = open_at(dir.path(), &site(&["power"]), &clock, Some(10));
    assert!(deleted_before(&store).await >= first);
}

/// Random value, which cannot be compressed.
fn random_outcome(random: &mut fastrand::Rng) -> SampleOutcome {
    SampleOutcome::Good(ExactNumber::Float(random.f64()))
}

fn used_file_bytes(dir: &Path) -> u64 {
    let db = rusqlite::Connection::open(dir.join("pantau.db")).unwrap();
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count").unwrap() - number("freelist_count").unwrap();
    (pages * number("page_size").unwrap()).cast_unsigned()
}

/// Makes a history of 20 days and an undelivered backlog, then lets `days` pass without an
/// acknowledgement, and `hours` more on a disk budget that is slightly too small. Returns samples
/// left, readings left, and the store.
async fn over_budget(
    dir: &Path,
    (days, measured): (u64, bool),
    (less, hours): (u64, u64),
) -> (usize, usize, Store) {
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir, &site(&["power"]), &clock, None);
    let mut random = fastrand::Rng::with_seed(7);
    let rows = (0..10_000).map(|n| {
        let at = UtcMs(MIDNIGHT - 20 * DAY_IN_MS + n * DAY_IN_MS / 500);
        (at, random_outcome(&mut random).number().unwrap())
    });
    store
        .import_rows("meter.power", rows.collect())
        .await
        .unwrap();
    store.sink_lanes("mqtt").await.unwrap();
    for n in 0..5000 {
        let one = reading(MIDNIGHT + n * 100, &[random_outcome(&mut random)]);
        store.append(one).await.unwrap();
        // Five readings in a row of the journal: rows are deleted as a whole.
        if n % 5 == 0 {
            store.flush().await.unwrap();
        }
    }
    close_days(&store, &clock).await;
    for _ in 0..days {
        clock.advance(Duration::from_hours(24));
        if measured {
            let at = clock.now().at.0;
            store.append(reading(at, &[decimal(1)])).await.unwrap();
            close_days(&store, &clock).await;
        }
    }
    store.stop().await;
    let settings = StoreSettings {
        path: dir.to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        // A little below the present use: the test sees what goes first, not how much.
        budget: Some(used_file_bytes(dir).saturating_sub(less)),
    };
    let store = Store::open(dir, &site(&["power"]), &settings, "text", &clock).unwrap();
    close_days(&store, &clock).await;
    let samples = advance_hours(&store, &clock, hours).await;
    let mut waiting = 0;
    let mut after = 0;
    while let Some(last) = store.read_journal(after, 2000).await.unwrap().last() {
        waiting += store.read_journal(after, 2000).await.unwrap().len();
        after = last.seq;
    }
    (samples, waiting, store)
}

#[tokio::test]
async fn over_the_budget_the_backlog_of_a_sink_that_is_away_for_good_goes_before_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let (samples, waiting, store) = over_budget(dir.path(), (9, true), (20_000, 0)).await;
    assert_eq!(samples, 15_009);
    assert!((1..5009).contains(&waiting), "{waiting}");
    let undelivered = store.health().borrow().undelivered;
    assert_eq!(undelivered, 5009 - u64::try_from(waiting).unwrap());
}

#[tokio::test]
async fn an_hour_takes_a_share_of_a_dead_backlog_and_no_history_before_the_rest_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (samples, waiting, store) = over_budget(dir.path(), (9, true), (u64::MAX, 0)).await;
    assert_eq!(samples, 15_009);
    // 256 rows of the journal with five readings each.
    assert!((3700..5009).contains(&waiting), "{waiting}");
    assert!(store.health().borrow().undelivered > 0);
}

#[tokio::test]
async fn without_any_history_an_hour_takes_a_share_of_what_waits_for_a_living_sink() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    for n in 0..600 {
        let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
        store.append(one).await.unwrap();
        store.flush().await.unwrap();
    }
    store.stop().await;
    let settings = StoreSettings {
        path: dir.path().to_owned(),
        flush: Duration::from_hours(1),
        keep: None,
        budget: Some(1),
    };
    let store = Store::open(dir.path(), &site(&["power"]), &settings, "text", &clock).unwrap();
    assert_eq!(advance_hours(&store, &clock, 24).await, 600);
    let mut left = Vec::new();
    for _ in 0..6 {
        advance_hours(&store, &clock, 1).await;
        left.push(store.read_journal(0, 1000).await.unwrap().len());
    }
    // The day that is over goes first. Then a tenth of the rows, 256 at least.
    left.dedup();
    assert_eq!(left, [600, 344, 88, 0]);
    assert_eq!(store.health().borrow().undelivered, 600);
    let audit = store.read_audit(None).await.unwrap();
    let lost = audit.iter().filter(|one| one.kind == "loss").count();
    assert_eq!(lost, 3);
}

#[tokio::test]
async fn the_disk_budget_gives_notice_of_a_day_before_anything_goes() {
    let dir = tempfile::tempdir().unwrap();
    let (samples, waiting, store) = over_budget(dir.path(), (1, false), (20_000, 22)).await;
    assert_eq!((samples, waiting), (15_000, 5000));
    assert!(store.health().borrow().budget_due.is_some());
    let audit = store.read_audit(None).await.unwrap();
    assert!(audit.iter().all(|one| one.kind != "retention"), "{audit:?}");
    store.stop().await;

    let dir = tempfile::tempdir().unwrap();
    let (samples, _, store) = over_budget(dir.path(), (1, false), (20_000, 32)).await;
    assert!(samples < 15_000, "{samples}");
    // The budget is kept: nothing more will go.
    assert_eq!(store.health().borrow().budget_due, None);
}

#[tokio::test]
async fn one_jump_of_a_believed_clock_makes_no_sink_dead() {
    let dir = tempfile::tempdir().unwrap();
    let (_, waiting, store) = over_budget(dir.path(), (3000, false), (20_000, 26)).await;
    assert_eq!((waiting, store.health().borrow().undelivered), (5000, 0));
}

#[tokio::test]
async fn over_the_budget_a_sink_that_is_away_for_a_day_keeps_its_backlog() {
    let dir = tempfile::tempdir().unwrap();
    let (samples, waiting, store) = over_budget(dir.path(), (1, false), (20_000, 26)).await;
    assert!((11_000..15_000).contains(&samples), "{samples}");
    assert_eq!((waiting, store.health().borrow().undelivered), (5000, 0));
}

#[tokio::test]
async fn a_sink_taken_out_of_the_configuration_holds_nothing_and_may_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    store.sink_lanes("influx").await.unwrap();
    let take = async |store: &Store, from: i64| {
        for n in from..from + 10 {
            let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
            store.append(one).await.unwrap();
            store.flush().await.unwrap();
        }
    };
    take(&store, 0).await;
    store
        .advance_lanes("influx", DeliveryLanes::at(4))
        .await
        .unwrap();
    store
        .advance_lanes("mqtt", DeliveryLanes::at(8))
        .await
        .unwrap();
    store.flush().await.unwrap();
    store.stop().await;

    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.set_configured_sinks(vec!["mqtt"]).await.unwrap();
    assert_eq!(store.health().borrow().retired, ["influx"]);
    close_days(&store, &clock).await;
    store.stop().await;
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.set_configured_sinks(vec!["mqtt"]).await.unwrap();
    assert_eq!(store.health().borrow().retired, ["influx"]);
    let left = store.read_journal(0, 100).await.unwrap();
    assert_eq!(left.iter().map(|one| one.seq).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(
        store.sink_lanes("mqtt").await.unwrap(),
        Some(DeliveryLanes::at(8))
    );

    // It is back: what the journal still has it gets, from where it was left.
    store
        .set_configured_sinks(vec!["mqtt", "influx"])
        .await
        .unwrap();
    assert_eq!(
        store.sink_lanes("influx").await.unwrap(),
        Some(DeliveryLanes::at(8))
    );
    take(&store, 10).await;
    assert!(store.health().borrow().retired.is_empty());
    assert_eq!(store.read_journal(8, 100).await.unwrap().len(), 12);
}

#[tokio::test]
async fn a_sink_that_comes_back_is_not_sent_again_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT), true);
    let store = open_at(dir.path(), &site(&["power"]), &clock, None);
    store.sink_lanes("mqtt").await.unwrap();
    store.sink_lanes("influx").await.unwrap();
    for n in 0..10 {
        let one = reading(MIDNIGHT + n * 1000, &[decimal(n)]);
        store.append(one).await.unwrap();
    }
    store.flush().await.unwrap();
    store
        .advance_lanes("influx", DeliveryLanes::at(6))
        .await
        .unwrap();
    store.set_configured_sinks(vec!["mqtt"]).await.unwrap();
    store
        .set_configured_sinks(vec!["mqtt", "influx"])
        .await
        .unwrap();
    assert_eq!(
        store.sink_lanes("influx").await.unwrap(),
        Some(DeliveryLanes::at(6))
    );
}
