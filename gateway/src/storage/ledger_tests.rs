//! Tests of the ledger through its public interface.

use super::tests::{MIDNIGHT, open, site};
use super::*;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, LedgerEntry, QuantityBasis};
use crate::domain::{ExactNumber, UtcMs};
use jiff::civil::date;
use std::path::Path;

pub(super) fn said(quantity: &str, day: i8) -> EntryStatement {
    EntryStatement {
        sort: EntryKind::Record,
        indicator: "bsf-fed".into(),
        what: "batch 7".to_owned(),
        quantity: Some(ExactNumber::parse_quantity(quantity).unwrap()),
        unit: "kg".into(),
        when: EntryTime::Day(date(2026, 11, day)),
        known: QuantityBasis::Weighed,
        who: "Siti".to_owned(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    }
}

fn correction(of: u64, quantity: Option<&str>) -> EntryStatement {
    EntryStatement {
        quantity: quantity.map(|text| ExactNumber::parse_quantity(text).unwrap()),
        note: "the scale was off".to_owned(),
        supersedes: Some(of),
        ..said("0", 20)
    }
}

async fn add_statement(store: &Store, statement: EntryStatement) -> Result<u64, StoreError> {
    store
        .append_ledger(vec![statement], "test")
        .await
        .map(|ids| ids[0])
}

async fn entry_ids(store: &Store, superseded: bool) -> Vec<u64> {
    let query = LedgerQuery {
        superseded,
        ..LedgerQuery::default()
    };
    let entries = store.all_ledger_entries(query).await.unwrap();
    entries.iter().map(|entry| entry.id).collect()
}

fn copy_folder(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    copy
}

/// Opens the database file directly, past the program.
fn open_raw(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.join("pantau.db")).unwrap()
}

#[tokio::test]
async fn what_has_a_number_is_there_after_the_power_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let site = site(&["power"]);
    let store = open(dir.path(), &site);
    let ids = store
        .append_ledger(vec![said("12.5", 20), said("0.25", 21)], "Budi")
        .await
        .unwrap();
    assert_eq!(ids, [1, 2]);
    // What is on disk at this moment is all that a power cut leaves.
    let copied = copy_folder(dir.path());
    let again = open(copied.path(), &site);
    let entries = again.ledger(LedgerQuery::default()).await.unwrap();
    let expected = LedgerEntry {
        id: 2,
        statement: said("0.25", 21),
        recorded_at: UtcMs(MIDNIGHT + 86_400_000),
        recorded_by: "Budi".to_owned(),
        superseded_by: None,
    };
    assert_eq!((entries.len(), &entries[1]), (2, &expected));
    assert_eq!(add_statement(&again, said("1", 20)).await.unwrap(), 3);
}

#[tokio::test]
async fn a_correction_replaces_once_and_the_chain_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    add_statement(&store, said("12", 20)).await.unwrap();
    add_statement(&store, said("3", 21)).await.unwrap();
    assert_eq!(
        add_statement(&store, correction(1, Some("11")))
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        add_statement(&store, correction(3, Some("11.5")))
            .await
            .unwrap(),
        4
    );
    assert!(matches!(
        add_statement(&store, correction(1, Some("9"))).await,
        Err(StoreError::Superseded {
            entry: 1,
            current: 4
        })
    ));
    assert!(matches!(
        add_statement(&store, correction(99, Some("9"))).await,
        Err(StoreError::UnknownEntry(99))
    ));
    assert_eq!(entry_ids(&store, false).await, [2, 4]);
    assert_eq!(add_statement(&store, correction(4, None)).await.unwrap(), 5);
    assert_eq!(entry_ids(&store, false).await, [2]);
    assert_eq!(entry_ids(&store, true).await, [1, 2, 3, 4, 5]);
    for id in [1, 3, 4, 5] {
        let chain = store.correction_chain(id).await.unwrap();
        let ids: Vec<u64> = chain.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [1, 3, 4, 5]);
        assert_eq!(chain[0].superseded_by, Some(3));
        assert_eq!(chain[0].statement.quantity, said("12", 20).quantity);
    }
}

#[tokio::test]
async fn a_batch_with_one_bad_statement_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    add_statement(&store, said("1", 20)).await.unwrap();
    let batch = vec![
        said("2", 20),
        correction(1, Some("3")),
        correction(1, Some("4")),
    ];
    assert!(store.append_ledger(batch, "test").await.is_err());
    let target = EntryStatement {
        sort: EntryKind::Target,
        ..correction(1, Some("3"))
    };
    assert!(matches!(
        add_statement(&store, target).await,
        Err(StoreError::Invalid(_))
    ));
    let withdrawn = EntryStatement {
        quantity: None,
        ..said("1", 20)
    };
    assert!(matches!(
        add_statement(&store, withdrawn).await,
        Err(StoreError::Invalid(_))
    ));
    assert_eq!(entry_ids(&store, true).await, [1]);
}

#[tokio::test]
async fn a_question_takes_what_touches_its_days() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let target = EntryStatement {
        sort: EntryKind::Target,
        when: EntryTime::Period("2026-Q4".parse().unwrap()),
        ..said("900", 1)
    };
    let other = EntryStatement {
        indicator: "bsf-maggot".into(),
        ..said("4", 21)
    };
    let statements = vec![said("1", 19), said("2", 20), said("3", 21), target, other];
    store.append_ledger(statements, "test").await.unwrap();
    let query = |indicator: Option<&str>, after| LedgerQuery {
        from: Some(date(2026, 11, 20)),
        to: Some(date(2026, 11, 21)),
        indicator: indicator.map(str::to_owned),
        after,
        ..LedgerQuery::default()
    };
    let ask = async |query| -> Vec<u64> {
        let found = store.ledger(query).await.unwrap();
        found.iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ask(query(None, 0)).await, [2, 3, 4, 5]);
    assert_eq!(ask(query(Some("bsf-fed"), 2)).await, [3, 4]);
}

#[tokio::test]
async fn the_file_itself_refuses_every_change_of_what_was_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let file = store
        .save_attachment("nota.jpg", b"receipt".to_vec())
        .await
        .unwrap();
    let with = EntryStatement {
        attachments: vec![file],
        ..said("1", 20)
    };
    add_statement(&store, with).await.unwrap();
    add_statement(&store, correction(1, Some("2")))
        .await
        .unwrap();
    store.stop().await;
    let db = open_raw(dir.path());
    let columns = "sort, indicator, what, mantissa, places, unit, moment, first, last, known, who, \
                   note, recorded_at, recorded_by";
    for change in [
        "UPDATE ledger SET mantissa = 9".to_owned(),
        "DELETE FROM ledger".to_owned(),
        // REPLACE deletes the old row without firing its DELETE trigger, so it needs one of its
        // own.
        format!("REPLACE INTO ledger(id, {columns}) SELECT id, {columns} FROM ledger"),
        format!(
            "REPLACE INTO ledger(supersedes, {columns}) SELECT supersedes, {columns} FROM ledger \
             WHERE supersedes IS NOT NULL"
        ),
        "UPDATE ledger_file SET name = 'x'".to_owned(),
        "DELETE FROM ledger_file".to_owned(),
        "REPLACE INTO ledger_file SELECT * FROM ledger_file".to_owned(),
        "UPDATE audit SET what = ''".to_owned(),
        "DELETE FROM audit".to_owned(),
    ] {
        let refused = db.execute(&change, []).unwrap_err().to_string();
        assert!(refused.contains("only grows"), "{change}: {refused}");
    }
    let count = "SELECT count(*) FROM audit WHERE kind = 'ledger'";
    let rows: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2);
}

#[tokio::test]
async fn a_receipt_is_kept_under_its_hash_and_a_changed_one_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    let kept = store
        // Browsers and scripts may send a path; nothing may be written outside the folder.
        .save_attachment("../../nota 1.jpg", b"abc".to_vec())
        .await
        .unwrap();
    assert_eq!(kept.name, "nota 1.jpg");
    // The test vector of SHA-256 for `abc`.
    let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((kept.sha256.as_str(), kept.bytes), (sha, 3));
    assert_eq!(
        store
            .save_attachment("again", b"abc".to_vec())
            .await
            .unwrap()
            .sha256,
        sha
    );
    let mut stored = store.open_attachment(sha).await.unwrap();
    let piece = stored.next_piece().await.unwrap().unwrap();
    assert_eq!((stored.bytes(), &*piece), (3, &b"abc"[..]));
    assert!(stored.next_piece().await.unwrap().is_none());
    assert!(store.open_attachment("../pantau.db").await.is_err());
    let unknown = store.open_attachment(&sha.replace('b', "c")).await;
    assert!(matches!(unknown, Err(StoreError::UnknownAttachment(_))));
    assert!(store.save_attachment("empty", Vec::new()).await.is_err());
    let with = |sha256: &str| EntryStatement {
        attachments: vec![crate::domain::ledger::Attachment {
            sha256: sha256.to_owned(),
            ..kept.clone()
        }],
        ..said("1", 20)
    };
    add_statement(&store, with(sha)).await.unwrap();
    let chain = store.correction_chain(1).await.unwrap();
    assert_eq!(chain[0].statement.attachments, std::slice::from_ref(&kept));
    assert!(matches!(
        add_statement(&store, with(&sha.replace('b', "c"))).await,
        Err(StoreError::Invalid(_))
    ));
    std::fs::write(dir.path().join("attachments").join(sha), "abd").unwrap();
    assert!(store.open_attachment(sha).await.is_err());
    // An upload that breaks off leaves nothing.
    let mut begun = store.begin_attachment().await.unwrap();
    begun.write(b"half".as_slice().into()).await.unwrap();
    drop(begun);
    let folder = std::fs::read_dir(dir.path().join("attachments")).unwrap();
    assert_eq!(folder.count(), 1, "no half-written file is left");
}

#[tokio::test]
async fn a_key_records_its_entries_once_and_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let key = |content: &str| EntryKey {
        key: "k-1".to_owned(),
        content: content.to_owned(),
        note: "first".to_owned(),
    };
    let append = async |store: &Store, content| {
        let statements = vec![said("12.5", 20), said("3", 20)];
        store
            .append_ledger_once(statements, "test", Some(key(content)))
            .await
    };
    let store = open(dir.path(), &site(&["power"]));
    assert_eq!(store.keyed_entries(key("a")).await.unwrap(), None);
    let first = append(&store, "a").await.unwrap();
    assert_eq!((&*first.ids, &*first.note), (&[1, 2][..], "first"));
    assert_eq!(append(&store, "a").await.unwrap(), first);
    store.stop().await;
    let store = open(dir.path(), &site(&["power"]));
    assert_eq!(append(&store, "a").await.unwrap(), first);
    assert_eq!(store.keyed_entries(key("a")).await.unwrap(), Some(first));
    let other = append(&store, "b").await.unwrap_err();
    assert!(matches!(other, StoreError::KeyUsed(key) if key == "k-1"));
    assert_eq!(entry_ids(&store, true).await, [1, 2]);
}

#[tokio::test]
async fn the_newest_entries_of_a_kind_come_in_the_order_of_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &site(&["power"]));
    for day in 1..=5 {
        add_statement(&store, said("1", day)).await.unwrap();
    }
    let target = EntryStatement {
        sort: EntryKind::Target,
        ..said("9", 6)
    };
    add_statement(&store, target).await.unwrap();
    let newest = async |sort, count| -> Vec<u64> {
        let query = LedgerQuery {
            sort,
            newest: Some(count),
            ..LedgerQuery::default()
        };
        let found = store.ledger(query).await.unwrap();
        found.iter().map(|entry| entry.id).collect()
    };
    assert_eq!(newest(Some(EntryKind::Record), 2).await, [4, 5]);
    assert_eq!(newest(None, 3).await, [4, 5, 6]);
    assert_eq!(newest(Some(EntryKind::Target), 3).await, [6]);
}
