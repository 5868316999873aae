//! Calibration table: rows are added, never changed or deleted.

use super::audit::append_audit;
use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::StoreRequest;
use crate::domain::UtcMs;
use crate::domain::calibration::{
    Calibration, CalibrationEntry, CalibrationHistory, CalibrationId,
};
use crate::limits::CALIBRATIONS_MAX;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::str::FromStr;

impl Store {
    /// Appends a calibration, or its withdrawal, as `by`; returns its number. Durable on return. A
    /// withdrawal needs a calibration that exists, is not withdrawn yet, and does not begin later.
    pub async fn append_calibration(
        &self,
        said: Calibration,
        by: &str,
    ) -> Result<CalibrationId, StoreError> {
        let by = by.to_owned();
        self.ask(|reply| StoreRequest::Calibrate { said, by, reply })
            .await
    }

    /// Returns all calibrations and withdrawals.
    pub async fn list_calibrations(&self) -> Result<CalibrationHistory, StoreError> {
        self.ask(|reply| StoreRequest::Calibrations { reply }).await
    }

    /// Adds an entry to the audit log, such as a device's new address.
    pub async fn append_audit(&self, kind: &'static str, what: String) -> Result<(), StoreError> {
        self.ask(|reply| StoreRequest::Note { kind, what, reply })
            .await
    }
}

/// Appends a calibration or withdrawal as `by`; returns its number.
pub(super) fn append_calibration(
    db: &mut Connection,
    now: UtcMs,
    said: &Calibration,
    by: &str,
) -> Result<CalibrationId, StoreError> {
    let failed = |fault: rusqlite::Error| disk_error("keeping a calibration", &fault);
    let transaction = db.transaction().map_err(failed)?;
    check_calibration(&transaction, said)?;
    let id = insert_calibration(&transaction, said, now, by).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(id)
}

/// Returns all calibrations and withdrawals.
pub(super) fn read_calibrations(db: &Connection) -> Result<CalibrationHistory, StoreError> {
    let failed = |fault: rusqlite::Error| disk_error("reading calibrations", &fault);
    let text = "SELECT id, kind, targets, pairs, since, withdraws, who, note, recorded_at,
        recorded_by FROM calibration ORDER BY id";
    let mut rows = db.prepare_cached(text).map_err(failed)?;
    let entries = rows.query_map([], parse_calibration).map_err(failed)?;
    let entries: Result<Vec<CalibrationEntry>, _> = entries.collect();
    Ok(CalibrationHistory::new(entries.map_err(failed)?))
}

/// Checks a calibration or withdrawal before it is stored.
fn check_calibration(db: &Connection, said: &Calibration) -> Result<(), StoreError> {
    let failed = |fault: rusqlite::Error| disk_error("reading calibrations", &fault);
    let invalid = |why: String| Err(StoreError::Invalid(why));
    let count: i64 = db
        .query_row("SELECT count(*) FROM calibration", [], |row| row.get(0))
        .map_err(failed)?;
    if count >= sql_int(CALIBRATIONS_MAX) {
        return invalid(format!("more than {CALIBRATIONS_MAX} calibrations"));
    }
    let Some(old) = said.withdraws else {
        if said.pairs.is_empty() {
            return invalid("a calibration without values".to_owned());
        }
        let (swap, point) = (said.swap(), said.targets.first());
        if let Some((swap, point)) = swap.zip(point) {
            let kept = read_calibrations(db)?.swaps_of(point);
            if kept.iter().any(|one| one.is_same_change(&swap)) {
                return invalid(format!("the change of {point} at {} is recorded", swap.at));
            }
        }
        return Ok(());
    };
    // A withdrawal is a row as well, and cannot be withdrawn itself.
    let since = "SELECT one.since, later.id IS NOT NULL OR one.withdraws IS NOT NULL
        FROM calibration one LEFT JOIN calibration later ON later.withdraws = one.id
        WHERE one.id = ?";
    let found: Option<(String, bool)> = db
        .query_row(since, [old.cast_signed()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(failed)?;
    match found {
        None => Err(StoreError::UnknownEntry(old)),
        Some((_, true)) => invalid(format!("calibration {old} is withdrawn already")),
        // Compared as ISO texts, which sort like the dates.
        Some((since, _)) if said.since.to_string() < since => {
            invalid(format!("calibration {old} begins later, on {since}"))
        }
        Some(_) => Ok(()),
    }
}

/// Inserts a calibration with an audit entry; returns its number.
fn insert_calibration(
    db: &Connection,
    said: &Calibration,
    now: UtcMs,
    by: &str,
) -> Result<CalibrationId, rusqlite::Error> {
    let json = |text: Result<String, serde_json::Error>| {
        text.map_err(|fault| rusqlite::Error::ToSqlConversionFailure(Box::new(fault)))
    };
    let targets: Vec<&str> = said.targets.iter().map(|target| &**target).collect();
    db.prepare(
        "INSERT INTO calibration(kind, targets, pairs, since, withdraws, who, note, recorded_at,
         recorded_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        said.kind.word(),
        // JSON texts: evidence hashes these columns byte for byte.
        json(serde_json::to_string(&targets))?,
        json(serde_json::to_string(&said.pairs))?,
        said.since.to_string(),
        said.withdraws.map(CalibrationId::cast_signed),
        said.who,
        said.note,
        now.0,
        by,
    ])?;
    let id = db.last_insert_rowid();
    let withdraws = said.withdraws.map(|old| format!(", withdraws {old}"));
    let withdraws = withdraws.unwrap_or_default();
    let (kind, targets) = (said.kind.word(), targets.join(" "));
    let what = format!("calibration {id} ({kind} of {targets}) by {by}{withdraws}");
    append_audit(db, now, "calibration", &what)?;
    Ok(id.cast_unsigned())
}

/// Reads a calibration from a row.
fn parse_calibration(row: &Row<'_>) -> Result<CalibrationEntry, rusqlite::Error> {
    let targets: Vec<String> = json_column(row, 2)?;
    let withdraws: Option<i64> = row.get(5)?;
    Ok(CalibrationEntry {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        said: Calibration {
            kind: word_column(row, 1)?,
            targets: targets.into_iter().map(Into::into).collect(),
            pairs: json_column(row, 3)?,
            since: word_column(row, 4)?,
            withdraws: withdraws.map(i64::cast_unsigned),
            who: row.get(6)?,
            note: row.get(7)?,
        },
        recorded_at: UtcMs(row.get(8)?),
        recorded_by: row.get(9)?,
    })
}

/// Parses a JSON column.
fn json_column<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    at: usize,
) -> Result<T, rusqlite::Error> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text).map_err(|_| garbled_calibration(at))
}

/// Parses a text column.
fn word_column<T: FromStr>(row: &Row<'_>, at: usize) -> Result<T, rusqlite::Error> {
    let text: String = row.get(at)?;
    text.parse().map_err(|_| garbled_calibration(at))
}

/// Error for a column with a value that is never written.
fn garbled_calibration(column: usize) -> rusqlite::Error {
    let why = "no value of a calibration".into();
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calibration::{CalibrationKind, LinearCorrection};
    use crate::storage::tests::{open, site};
    use jiff::civil::date;

    fn test_calibration(day: i8, withdraws: Option<u64>) -> Calibration {
        Calibration {
            kind: CalibrationKind::Level,
            targets: vec!["meter.power".into()],
            pairs: match withdraws {
                Some(_) => Vec::new(),
                None => vec![(0.1, 0.0), (1.1, 1.05)],
            },
            since: date(2026, 11, day),
            withdraws,
            who: "Budi".to_owned(),
            note: "dip stick".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_calibration_outlives_a_restart_and_is_withdrawn_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        assert_eq!(
            store
                .append_calibration(test_calibration(22, None), "test")
                .await
                .unwrap(),
            1
        );
        assert!(
            store
                .append_calibration(test_calibration(21, Some(1)), "test")
                .await
                .is_err()
        );
        assert_eq!(
            store
                .append_calibration(test_calibration(23, Some(1)), "test")
                .await
                .unwrap(),
            2
        );
        assert!(
            store
                .append_calibration(test_calibration(24, Some(1)), "test")
                .await
                .is_err()
        );
        assert!(
            store
                .append_calibration(test_calibration(24, Some(2)), "test")
                .await
                .is_err()
        );
        assert!(
            store
                .append_calibration(test_calibration(24, Some(9)), "test")
                .await
                .is_err()
        );
        store.stop().await;
        let again = open(dir.path(), &site(&["power"]));
        let all = again.list_calibrations().await.unwrap();
        assert_eq!(all.entries().len(), 2);
        assert_eq!(all.entries()[0].said, test_calibration(22, None));
        assert_eq!(
            all.at("meter.power", date(2026, 11, 21)),
            LinearCorrection::NONE
        );
        assert_ne!(
            all.at("meter.power", date(2026, 11, 22)),
            LinearCorrection::NONE
        );
        assert_eq!(
            all.at("meter.power", date(2026, 11, 23)),
            LinearCorrection::NONE
        );
    }

    #[tokio::test]
    async fn a_change_of_a_meter_is_kept_once_until_it_is_withdrawn() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        let swap = |at: f64, old_last: f64| Calibration {
            kind: CalibrationKind::Swap,
            pairs: vec![(old_last, 0.0), (at, 0.0)],
            ..test_calibration(22, None)
        };
        let (at, day) = (1_795_194_000_000.0, 86_400_000.0);
        let append = |said| store.append_calibration(said, "test");
        append(swap(at, 120.5)).await.unwrap();
        for again in [swap(at, 120.5), swap(at, 130.0), swap(at + day, 120.5)] {
            assert!(append(again.clone()).await.is_err(), "{again:?}");
        }
        append(swap(at + day, 130.0)).await.unwrap();
        let withdrawal = Calibration {
            kind: CalibrationKind::Swap,
            ..test_calibration(22, Some(1))
        };
        append(withdrawal).await.unwrap();
        append(swap(at, 120.5)).await.unwrap();
    }

    #[tokio::test]
    async fn the_file_itself_refuses_every_change_of_a_calibration() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        store
            .append_calibration(test_calibration(22, None), "test")
            .await
            .unwrap();
        store.stop().await;
        let db = Connection::open(dir.path().join("pantau.db")).unwrap();
        for change in [
            "UPDATE calibration SET since = '2020-01-01'",
            "DELETE FROM calibration",
            "INSERT OR REPLACE INTO calibration SELECT * FROM calibration WHERE id = 1",
        ] {
            let said = db.execute(change, []).unwrap_err().to_string();
            assert!(said.contains("only grow"), "{change}: {said}");
        }
    }
}
