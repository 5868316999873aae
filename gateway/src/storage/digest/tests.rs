//! Tests of day digests through the public interface.

use crate::clock::Clock;
use crate::domain::data_damage::DamagedContent;
use crate::domain::{QualityReason, Sample, SampleOutcome, UtcMs};
use crate::evidence::{
    DayDigest, DayRecord, DigestChain, RecordReason, RevisionKind, VerificationReport, hash,
};
use crate::storage::snapshot_shelf::change_stored_file;
use crate::storage::tests::{MIDNIGHT, decimal, open_at, reading, site};
use crate::storage::{Store, StoreError};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;
/// The day that begins at `MIDNIGHT`.
const FIRST: Date = date(2026, 11, 21);

/// A clock at noon of the third day.
fn noon() -> Clock {
    Clock::set(UtcMs(MIDNIGHT + 2 * DAY + DAY / 2), true)
}

async fn settle(store: &Store) {
    while store.close_due_days().await.unwrap() > 0 {}
}

async fn put(store: &Store, at: i64, value: i64) {
    store
        .append(reading(
            at,
            &[
                decimal(value),
                SampleOutcome::Bad(QualityReason::Refused(2)),
            ],
        ))
        .await
        .unwrap();
}

async fn all(store: &Store) -> Vec<DayDigest> {
    store.digests_after(0).await.unwrap()
}

async fn record(store: &Store, day: Date) -> DayRecord {
    let digest = store.digest_of_day(day).await.unwrap().unwrap();
    digest.record.parse().unwrap()
}

/// Returns whether every record follows the one before it.
fn holds(digests: &[DayDigest]) -> bool {
    let (mut chain, mut verdict) = (DigestChain::default(), VerificationReport::default());
    for digest in digests {
        chain.push(digest, &mut verdict);
    }
    verdict.is_intact()
}

async fn two_days(dir: &Path, clock: &Clock) -> Store {
    let store = open_at(dir, &site(&["power", "temp"]), clock, None);
    for hour in 0..30 {
        put(&store, MIDNIGHT + hour * HOUR, hour).await;
    }
    settle(&store).await;
    store
}

#[tokio::test]
async fn a_record_with_a_flipped_letter_is_listed_as_damage_once() {
    let dir = tempfile::tempdir().unwrap();
    two_days(dir.path(), &noon()).await.stop().await;
    let change = "DROP TRIGGER digest_update;
        UPDATE digest SET record = CAST(replace(record, 'samples', x'73616d706c65ff') AS TEXT)
        WHERE number = 1";
    change_stored_file(&dir.path().join("pantau.db"), change);
    for _ in 0..2 {
        let store = open_at(dir.path(), &site(&["power", "temp"]), &noon(), None);
        let listed = store.list_damage().await.unwrap();
        let said = listed
            .iter()
            .map(|one| (one.what, one.day, one.numbers, one.rows));
        let record = (DamagedContent::Records, FIRST, (1, 1), 1);
        assert_eq!(said.collect::<Vec<_>>(), [record]);
        // Nothing was mended, so no other file is kept.
        let health = store.health().borrow().clone();
        assert!(health.damaged_files.is_empty() && health.damage_unseen == 1);
        store.stop().await;
    }
}

#[tokio::test]
async fn a_closed_day_has_a_record_that_follows_the_day_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = two_days(dir.path(), &noon()).await;
    let digests = all(&store).await;
    assert_eq!(
        digests
            .iter()
            .map(|one| (one.number, one.day))
            .collect::<Vec<_>>(),
        [(1, FIRST), (2, date(2026, 11, 22))]
    );
    assert!(holds(&digests));
    let first = record(&store, FIRST).await;
    assert_eq!(first.before, DayRecord::NO_PREVIOUS_DIGEST);
    assert_eq!(first.from, UtcMs(MIDNIGHT));
    let said: Vec<_> = first
        .samples
        .iter()
        .map(|one| (one.point.as_str(), one.count))
        .collect();
    assert_eq!(said, [("meter.power", 24), ("meter.temp", 24)]);
    assert_eq!(
        record(&store, date(2026, 11, 22)).await.before,
        digests[0].sha256
    );
    let month = store
        .newest_digest(date(2026, 11, 1), date(2026, 11, 30))
        .await;
    assert_eq!(month.unwrap().as_ref(), digests.last());
    // Today is not over.
    assert_eq!(store.digest_of_day(date(2026, 11, 23)).await.unwrap(), None);
}

#[tokio::test]
async fn the_lines_of_a_point_are_those_of_the_document() {
    let dir = tempfile::tempdir().unwrap();
    let store = two_days(dir.path(), &noon()).await;
    let lines = async |point| {
        let samples = store.samples_of_day(FIRST, point).await.unwrap();
        let mut text = String::new();
        crate::evidence::write_samples(&mut text, &samples[..2]);
        text
    };
    assert_eq!(
        lines("meter.power").await,
        "2026-11-20T17:00:00Z,0.0,good,\n2026-11-20T18:00:00Z,0.1,good,\n"
    );
    assert_eq!(
        lines("meter.temp").await,
        "2026-11-20T17:00:00Z,,bad,refused:2\n2026-11-20T18:00:00Z,,bad,refused:2\n"
    );
}

#[tokio::test]
async fn days_are_closed_by_themselves_and_days_without_anything_too() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT + DAY / 2), true);
    let store = open_at(dir.path(), &site(&["power", "temp"]), &clock, None);
    put(&store, MIDNIGHT, 1).await;
    store.flush().await.unwrap();
    clock.advance(Duration::from_hours(80));
    for _ in 0..10 {
        store.flush().await.unwrap();
    }
    let days: Vec<_> = all(&store).await.iter().map(|one| one.day.day()).collect();
    assert_eq!(days, [21, 22, 23]);
    for day in days {
        let one = record(&store, date(2026, 11, day)).await;
        assert_eq!((one.configuration.len(), one.factors.len()), (1, 1));
    }
    assert!(record(&store, date(2026, 11, 22)).await.samples.is_empty());
}

#[tokio::test]
async fn a_clock_that_may_be_wrong_closes_no_day() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT + 3 * DAY), false);
    let store = open_at(dir.path(), &site(&["power", "temp"]), &clock, None);
    put(&store, MIDNIGHT, 1).await;
    for _ in 0..5 {
        store.flush().await.unwrap();
    }
    assert_eq!(all(&store).await, []);
}

#[tokio::test]
async fn an_import_into_a_closed_day_makes_a_new_revision_and_the_old_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = two_days(dir.path(), &noon()).await;
    let before = all(&store).await;
    let row = vec![(UtcMs(MIDNIGHT + 5), crate::domain::ExactNumber::Float(1.5))];
    store.import_rows("meter.power", row.clone()).await.unwrap();
    settle(&store).await;
    let after = all(&store).await;
    assert_eq!(after[..2], before[..]);
    assert_eq!(after.len(), 3);
    assert!(holds(&after));
    let new = record(&store, FIRST).await;
    assert_eq!((new.number, new.revision), (3, 2));
    assert_eq!(new.reasons, [RecordReason::Import]);
    assert_eq!(new.samples[0].count, 25);
    // The same again changes nothing.
    store.import_rows("meter.power", row).await.unwrap();
    settle(&store).await;
    assert_eq!(all(&store).await, after);
}

#[tokio::test]
async fn an_import_before_the_first_day_has_a_record_out_of_turn() {
    let dir = tempfile::tempdir().unwrap();
    let store = two_days(dir.path(), &noon()).await;
    let row = vec![(
        UtcMs(MIDNIGHT - 9 * DAY),
        crate::domain::ExactNumber::Float(1.5),
    )];
    store.import_rows("meter.power", row).await.unwrap();
    settle(&store).await;
    let old = record(&store, date(2026, 11, 12)).await;
    assert_eq!((old.number, old.revision), (3, 1));
    assert_eq!(old.reasons, [RecordReason::Import]);
    assert!(holds(&all(&store).await));
}

#[tokio::test]
async fn readings_that_come_late_or_get_their_true_time_are_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = two_days(dir.path(), &noon()).await;
    put(&store, MIDNIGHT + 1000, 7).await;
    settle(&store).await;
    assert_eq!(record(&store, FIRST).await.reasons, [RecordReason::Late]);
    let undated = crate::domain::Reading {
        dated: false,
        ..reading(1000, &[decimal(1), decimal(2)])
    };
    store.append(undated).await.unwrap();
    settle(&store).await;
    assert_eq!(all(&store).await.len(), 3);
    store
        .redate_boot(crate::clock::boot_id(), MIDNIGHT + 2 * HOUR + 1 + 995)
        .await
        .unwrap();
    settle(&store).await;
    let last = record(&store, FIRST).await;
    assert_eq!(
        (last.revision, last.reasons),
        (3, vec![RecordReason::Redated])
    );
    assert!(holds(&all(&store).await));
}

#[tokio::test]
async fn reports_imports_and_re_dated_samples_are_in_the_next_record_once() {
    use crate::evidence::RecordedTable::{
        Imports, Issued, IssuedFiles, Redated, Replaced, Stretches,
    };
    let dir = tempfile::tempdir().unwrap();
    let clock = noon();
    let store = two_days(dir.path(), &clock).await;
    let before = all(&store).await;
    let issue = crate::storage::issued_reports::tests::test_issue("a", "Siti");
    let file = crate::domain::issued_report::IssuedFile {
        format: "pdf".to_owned(),
        language: "id".to_owned(),
        sha256: "f1".to_owned(),
    };
    store.note_issued_report(issue, Some(file)).await.unwrap();
    let rows = [(0, decimal(9))];
    let import = crate::storage::file_import::tests::file_import(1000, &rows);
    let mode = crate::storage::ImportMode::Replace;
    assert!(store.import_file(import, mode).await.unwrap().written);
    let undated = crate::domain::Reading {
        dated: false,
        ..reading(1000, &[decimal(1), decimal(2)])
    };
    store.append(undated).await.unwrap();
    let boot = crate::clock::boot_id();
    store
        .redate_boot(boot, MIDNIGHT + HOUR + 995)
        .await
        .unwrap();
    // What a report may rest on is named before it has a record; a report is no such thing.
    let open = store.report_evidence().await.unwrap().open_names();
    let open: Vec<&str> = open.iter().map(String::as_str).collect();
    let named = ["imports 1", "stretches 1", "replaced 1", "redated 1-2"];
    assert_eq!(open[..4], named, "{open:?}");

    clock.advance(Duration::from_hours(24));
    settle(&store).await;
    let closed = record(&store, date(2026, 11, 23)).await;
    let told = closed.rows.iter();
    let told: Vec<_> = told.map(|one| (one.table, one.first, one.last)).collect();
    let wanted = [
        (Issued, 1, 1),
        (IssuedFiles, 1, 1),
        (Imports, 1, 1),
        (Stretches, 1, 1),
        (Replaced, 1, 1),
        (Redated, 1, 2),
    ];
    assert_eq!(told, wanted);
    for range in &closed.rows {
        let (first, last) = (range.first, range.last);
        let lines = store.recorded_rows(range.table, first, last).await.unwrap();
        assert_eq!(hash(lines.as_bytes()), range.sha256, "{lines}");
    }
    let originals = store.recorded_rows(Replaced, 1, 1).await.unwrap();
    assert!(
        originals.contains("\"samples\":[\"2026-11-20T17:00:00Z,0.0,good,\"]}"),
        "{originals}"
    );
    let digests = all(&store).await;
    assert!(holds(&digests) && digests.len() > before.len());
    clock.advance(Duration::from_hours(24));
    settle(&store).await;
    assert_eq!(record(&store, date(2026, 11, 24)).await.rows, []);
}

#[tokio::test]
async fn what_was_closed_when_the_power_was_cut_is_closed_the_same_way_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_at(dir.path(), &site(&["power", "temp"]), &noon(), None);
    for hour in 0..30 {
        put(&store, MIDNIGHT + hour * HOUR, hour).await;
    }
    store.flush().await.unwrap();
    let mut cuts = Vec::new();
    let mut left = 1;
    while left > 0 {
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        cuts.push(copy);
        left = store.close_due_days().await.unwrap();
    }
    assert!(cuts.len() > 2);
    let whole = all(&store).await;
    for cut in cuts {
        let store = open_at(cut.path(), &site(&["power", "temp"]), &noon(), None);
        settle(&store).await;
        assert_eq!(all(&store).await, whole);
    }
}

#[tokio::test]
async fn the_chain_and_the_revisions_refuse_to_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let store = two_days(dir.path(), &noon()).await;
    store.stop().await;
    let db = rusqlite::Connection::open(dir.path().join("pantau.db")).unwrap();
    for change in [
        "UPDATE digest SET record = ''",
        "DELETE FROM digest",
        "INSERT OR REPLACE INTO digest SELECT 2, day, revision, '', '' FROM digest",
        "UPDATE revision SET text = ''",
        "DELETE FROM factors",
    ] {
        assert!(db.execute(change, []).is_err(), "{change}");
    }
}

#[tokio::test]
async fn ledger_entries_are_in_the_record_of_the_day_on_which_they_were_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT + HOUR), true);
    let store = open_at(dir.path(), &site(&["power", "temp"]), &clock, None);
    let said = || crate::storage::ledger_tests::said("12.5", 20);
    store
        .append_ledger(vec![said(), said()], "Siti")
        .await
        .unwrap();
    clock.advance(Duration::from_hours(24));
    store.append_ledger(vec![said()], "Siti").await.unwrap();
    clock.advance(Duration::from_hours(24));
    settle(&store).await;
    let range = async |day| {
        let record = record(&store, day).await;
        let range = record.rows.first();
        range.map(|range| (range.first, range.last))
    };
    assert_eq!(range(FIRST).await, Some((1, 2)));
    assert_eq!(range(date(2026, 11, 22)).await, Some((3, 3)));
    let lines = store
        .recorded_rows(crate::evidence::RecordedTable::Ledger, 1, 2)
        .await
        .unwrap();
    let said = record(&store, FIRST).await.rows[0].sha256.clone();
    assert_eq!(crate::evidence::hash(lines.as_bytes()), said);
    assert!(lines.starts_with(
        "{\"id\":1,\"sort\":\"record\",\"indicator\":\"bsf-fed\",\"what\":\"batch 7\",\
         \"quantity\":\"12.5\",\"unit\":\"kg\",\"when\":\"2026-11-20\",\"first\":\"2026-11-20\""
    ));
    // A later revision of the day repeats what the first one said.
    put(&store, MIDNIGHT, 1).await;
    settle(&store).await;
    assert_eq!(range(FIRST).await, Some((1, 2)));
    assert!(holds(&all(&store).await));
}

#[tokio::test]
async fn a_day_whose_raw_samples_were_let_go_keeps_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let clock = noon();
    let store = open_at(dir.path(), &site(&["power", "temp"]), &clock, Some(3));
    put(&store, MIDNIGHT, 1).await;
    settle(&store).await;
    let before = store.digest_of_day(FIRST).await.unwrap();
    clock.advance(Duration::from_hours(24 * 5));
    put(&store, clock.now().at.0, 1).await;
    for _ in 0..10 {
        store.flush().await.unwrap();
    }
    // The first deletion has a notice of a day.
    clock.advance(Duration::from_hours(24));
    for _ in 0..10 {
        store.flush().await.unwrap();
    }
    settle(&store).await;
    let extent = store.evidence_extent().await.unwrap();
    assert!(extent.raw_deleted_before.unwrap() > FIRST);
    assert_eq!(store.digest_of_day(FIRST).await.unwrap(), before);
    assert!(matches!(
        store.samples_of_day(FIRST, "meter.volt").await,
        Err(StoreError::UnknownPoint(_))
    ));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_in_which_readings_arrive_does_not_change_a_day(
        order in Just((0..40i64).collect::<Vec<_>>()).prop_shuffle(), flushes in 1usize..9,
    ) {
        let lines = |order: &[i64], flushes: usize| {
            block_on(async {
                let dir = tempfile::tempdir().unwrap();
                let store = open_at(dir.path(), &site(&["power", "temp"]), &noon(), None);
                for some in order.chunks(order.len().div_ceil(flushes)) {
                    for at in some {
                        put(&store, MIDNIGHT + at * HOUR, *at).await;
                    }
                    store.flush().await.unwrap();
                }
                settle(&store).await;
                let record = record(&store, FIRST).await;
                store.stop().await;
                record.samples
            })
        };
        let sorted: Vec<i64> = (0..40).collect();
        prop_assert_eq!(lines(&order, flushes), lines(&sorted, 1));
    }
}

#[test]
fn a_sample_is_written_as_its_number_was_counted() {
    let mut text = String::new();
    for outcome in [
        SampleOutcome::Good(crate::domain::ExactNumber::Decimal {
            mantissa: 15100,
            exponent: -1,
        }),
        SampleOutcome::Uncertain(
            crate::domain::ExactNumber::Float(0.1),
            QualityReason::OutOfRange,
        ),
        SampleOutcome::Bad(QualityReason::Asleep),
    ] {
        let at = UtcMs(MIDNIGHT + 1);
        crate::evidence::write_samples(&mut text, &[Sample { at, outcome }]);
    }
    assert_eq!(
        text,
        "2026-11-20T17:00:00.001Z,1510.0,good,\n\
         2026-11-20T17:00:00.001Z,0.1,uncertain,out-of-range\n\
         2026-11-20T17:00:00.001Z,,bad,asleep\n"
    );
}

#[tokio::test]
async fn a_calibration_is_in_the_record_of_its_day_and_a_changed_one_is_seen() {
    use crate::domain::calibration::{Calibration, CalibrationKind as What};
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::set(UtcMs(MIDNIGHT + HOUR), true);
    let store = open_at(dir.path(), &site(&["power", "temp"]), &clock, None);
    let said = Calibration {
        kind: What::Level,
        targets: vec!["meter.power".into()],
        pairs: vec![(0.1, 0.0)],
        since: date(2026, 11, 21),
        withdraws: None,
        who: "Budi".to_owned(),
        note: String::new(),
    };
    store.append_calibration(said, "test").await.unwrap();
    clock.advance(Duration::from_hours(48));
    for _ in 0..10 {
        store.flush().await.unwrap();
    }
    let first = record(&store, date(2026, 11, 21)).await;
    let second = record(&store, date(2026, 11, 22)).await;
    assert_eq!(first.calibrations.len(), 1);
    assert_eq!(first.calibrations, second.calibrations);
    let kept = store
        .revision_after(RevisionKind::Calibrations, 0)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(hash(kept.text.as_bytes()), first.calibrations[0].sha256);
    let expected = "[1,\"level\",\"[\\\"meter.power\\\"]\",\"[[0.1,0.0]]\",\"2026-11-21\",null,";
    assert!(kept.text.starts_with(expected), "{}", kept.text);
}
