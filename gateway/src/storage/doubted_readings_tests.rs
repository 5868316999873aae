//! Tests of readings that only a person dates: what they end, and how they are taken back.

use super::clock_bench_tests::{DAY, HOUR, closed_days, open_clocked, read_now};
use super::tests::{MIDNIGHT, ask, raw};
use super::{Store, change_stored_file};
use crate::clock::{Clock, PersonTime, PersonTimeRefusal, boot_id};
use crate::domain::{MonoMs, SampleOutcome, UtcMs};
use std::path::Path;

fn open(dir: &Path, clock: &Clock) -> Store {
    open_clocked(dir, clock, Some(30))
}

/// Shows a computer that never knew the time, so long after its start.
fn lost(clock: &Clock, mono: i64) {
    clock.simulate(UtcMs(mono), MonoMs(mono.unsigned_abs()), false);
}

async fn say(store: &Store, clock: &Clock, at: i64, is_sure: bool) -> Option<PersonTimeRefusal> {
    let said = PersonTime {
        at: UtcMs(at),
        bound_ms: 5000,
    };
    let readings = store.known_readings().await.unwrap();
    let set = clock.set_by_person(said, readings, is_sure);
    store.redate_all().await.unwrap();
    set.err()
}

/// Times of the dated and of the undated samples, from `MIDNIGHT`, ms.
async fn times(store: &Store) -> (Vec<i64>, Vec<i64>) {
    store.flush().await.unwrap();
    let kept = ask(store, raw("meter.power")).await;
    let is_good = |outcome| matches!(outcome, SampleOutcome::Good(_));
    let (good, other): (Vec<_>, Vec<_>) = kept.iter().partition(|one| is_good(one.outcome));
    let times =
        |all: Vec<&crate::domain::Sample>| all.iter().map(|one| one.at.0 - MIDNIGHT).collect();
    (times(good), times(other))
}

#[tokio::test]
async fn a_month_ahead_ends_no_day_and_the_network_moves_its_readings_back() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::simulated_without_host();
    lost(&clock, HOUR);
    let store = open(dir.path(), &clock);
    read_now(&store, &clock, 1).await;
    assert_eq!(say(&store, &clock, MIDNIGHT + 40 * DAY, false).await, None);
    for hour in 2..30 {
        lost(&clock, hour * HOUR);
        read_now(&store, &clock, hour).await;
        store.flush().await.unwrap();
    }
    assert_eq!(closed_days(&store).await, Vec::<String>::new());
    // The last reading has the time of the person, 28 hours after it was said.
    assert_eq!(times(&store).await.0.last(), Some(&(40 * DAY + 28 * HOUR)));
    clock.simulate(UtcMs(MIDNIGHT + 29 * HOUR), MonoMs(30 * 3_600_000), true);
    read_now(&store, &clock, 30).await;
    let (dated, undated) = times(&store).await;
    assert_eq!(dated, (0..30).map(|hour| hour * HOUR).collect::<Vec<_>>());
    assert_eq!(undated, Vec::<i64>::new());
    clock.simulate(UtcMs(MIDNIGHT + 31 * HOUR), MonoMs(32 * 3_600_000), true);
    assert_eq!(closed_days(&store).await, ["2026-11-21"]);
    let told = store.read_audit(None).await.unwrap();
    let told = told
        .iter()
        .any(|one| one.what.contains("a person had set was wrong"));
    assert!(told);
    store.stop().await;
}

#[tokio::test]
async fn the_true_time_is_set_after_a_restart_of_the_computer_and_later_readings_lose_their_date() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(UtcMs(MIDNIGHT), MonoMs(0), true);
    let store = open(dir.path(), &clock);
    read_now(&store, &clock, 1).await;
    store.stop().await;
    end_boot(dir.path(), "first");
    let clock = Clock::simulated_without_host();
    lost(&clock, HOUR);
    let store = open(dir.path(), &clock);
    let ahead = MIDNIGHT + 900 * DAY;
    let far = say(&store, &clock, ahead, false).await;
    assert_eq!(far, Some(PersonTimeRefusal::Far(UtcMs(MIDNIGHT))));
    assert_eq!(say(&store, &clock, ahead, true).await, None);
    read_now(&store, &clock, 2).await;
    store.stop().await;
    end_boot(dir.path(), "second");
    let clock = Clock::simulated_without_host();
    lost(&clock, HOUR);
    let store = open(dir.path(), &clock);
    let right = MIDNIGHT + DAY;
    let back = say(&store, &clock, right, false).await;
    assert_eq!(back, Some(PersonTimeRefusal::TakesBack(UtcMs(ahead))));
    let before = say(&store, &clock, MIDNIGHT - DAY, true).await;
    assert_eq!(
        before,
        Some(PersonTimeRefusal::BeforeReadings(UtcMs(MIDNIGHT)))
    );
    assert_eq!(say(&store, &clock, right, true).await, None);
    read_now(&store, &clock, 3).await;
    assert_eq!(times(&store).await, (vec![0, DAY], vec![900 * DAY]));
    // Those without a date are counted.
    assert_eq!(store.health().borrow().undated, 1);
    store.stop().await;
}

#[tokio::test]
async fn readings_before_and_after_a_midnight_lose_their_date_in_the_journal_too() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(UtcMs(MIDNIGHT), MonoMs(0), true);
    let store = open(dir.path(), &clock);
    // A receiver that is away keeps the journal.
    store.sink_lanes("mqtt").await.unwrap();
    read_now(&store, &clock, 1).await;
    store.stop().await;
    end_boot(dir.path(), "first");
    let clock = Clock::simulated_without_host();
    lost(&clock, HOUR);
    let store = open(dir.path(), &clock);
    let ahead = MIDNIGHT + 900 * DAY - 1000;
    assert_eq!(say(&store, &clock, ahead, true).await, None);
    for passed in [0, 500, 1500, 2000] {
        lost(&clock, HOUR + passed);
        read_now(&store, &clock, 2).await;
    }
    store.stop().await;
    end_boot(dir.path(), "second");
    let clock = Clock::simulated_without_host();
    lost(&clock, HOUR);
    let store = open(dir.path(), &clock);
    assert_eq!(say(&store, &clock, MIDNIGHT + DAY, true).await, None);
    let kept = store.read_journal(0, 100).await.unwrap();
    let numbers: Vec<_> = kept.iter().map(|one| one.seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let dated: Vec<_> = kept.iter().map(|one| one.reading.dated).collect();
    assert_eq!(dated, [true, false, false, false, false]);
    store.stop().await;
}

/// Makes what the file holds of this boot that of an earlier one.
fn end_boot(dir: &Path, name: &str) {
    let own = boot_id();
    for (table, column, which) in [
        ("boot", "name", "1"),
        ("clock_pair", "boot", "1"),
        ("meta", "value", "key = 'time_doubts'"),
    ] {
        let rename = format!(
            "UPDATE {table} SET {column} = replace({column}, '{}', '{name}') WHERE {which}",
            own.0
        );
        change_stored_file(&dir.join("pantau.db"), &rename);
    }
}
