//! Calibrations: rows are added, never changed.

use super::audit::note;
use super::fault::StoreError;
use super::handle::{Request, Store};
use super::keeper::Keeper;
use super::schema::{disk, int};
use crate::limits::CALIBRATIONS_MAX;
use crate::model::UtcMs;
use crate::model::calibration::{Calibration, CalibrationId, Calibrations, Entry};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::str::FromStr;

impl Store {
    /// Writes a calibration (or its withdrawal) down as `by`; its number. Durable when it answers.
    /// Only a calibration that is there and not withdrawn yet can be withdrawn, not before its own
    /// first day.
    pub async fn calibrate(
        &self,
        said: Calibration,
        by: &str,
    ) -> Result<CalibrationId, StoreError> {
        let by = by.to_owned();
        self.ask(|reply| Request::Calibrate { said, by, reply })
            .await
    }

    /// All calibrations and withdrawals.
    pub async fn calibrations(&self) -> Result<Calibrations, StoreError> {
        self.ask(|reply| Request::Calibrations { reply }).await
    }

    /// Notes in the audit what was done to a device, such as a new address.
    pub async fn note(&self, kind: &'static str, what: String) -> Result<(), StoreError> {
        self.ask(|reply| Request::Note { kind, what, reply }).await
    }
}

impl Keeper {
    pub(super) fn calibrate(
        &mut self,
        said: &Calibration,
        by: &str,
    ) -> Result<CalibrationId, StoreError> {
        let failed = |fault: rusqlite::Error| disk("keeping a calibration", &fault);
        self.still_there()?;
        let now = self.clock.now().at;
        let transaction = self.db.transaction().map_err(failed)?;
        may_be_added(&transaction, said)?;
        let id = add(&transaction, said, now, by).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.tell_health();
        Ok(id)
    }

    pub(super) fn calibrations(&self) -> Result<Calibrations, StoreError> {
        let failed = |fault: rusqlite::Error| disk("reading calibrations", &fault);
        let text = "SELECT id, kind, targets, pairs, since, withdraws, who, note, recorded_at,
            recorded_by FROM calibration ORDER BY id";
        let mut rows = self.db.prepare(text).map_err(failed)?;
        let entries = rows.query_map([], entry).map_err(failed)?;
        let entries: Result<Vec<Entry>, _> = entries.collect();
        Ok(Calibrations::new(entries.map_err(failed)?))
    }

    pub(super) fn note(&self, kind: &str, what: &str) -> Result<(), StoreError> {
        self.still_there()?;
        let now = self.clock.now().at;
        note(&self.db, now, kind, what).map_err(|fault| disk("keeping an audit entry", &fault))
    }
}

fn may_be_added(db: &Connection, said: &Calibration) -> Result<(), StoreError> {
    let failed = |fault: rusqlite::Error| disk("reading calibrations", &fault);
    let invalid = |why: String| Err(StoreError::Invalid(why));
    let count: i64 = db
        .query_row("SELECT count(*) FROM calibration", [], |row| row.get(0))
        .map_err(failed)?;
    if count >= int(CALIBRATIONS_MAX) {
        return invalid(format!("more than {CALIBRATIONS_MAX} calibrations"));
    }
    let Some(old) = said.withdraws else {
        if said.pairs.is_empty() {
            return invalid("a calibration without values".to_owned());
        }
        return Ok(());
    };
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
        Some((since, _)) if said.since.to_string() < since => {
            invalid(format!("calibration {old} begins later, on {since}"))
        }
        Some(_) => Ok(()),
    }
}

fn add(
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
    note(db, now, "calibration", &what)?;
    Ok(id.cast_unsigned())
}

fn entry(row: &Row<'_>) -> Result<Entry, rusqlite::Error> {
    let targets: Vec<String> = json(row, 2)?;
    let withdraws: Option<i64> = row.get(5)?;
    Ok(Entry {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        said: Calibration {
            kind: word(row, 1)?,
            targets: targets.into_iter().map(Into::into).collect(),
            pairs: json(row, 3)?,
            since: word(row, 4)?,
            withdraws: withdraws.map(i64::cast_unsigned),
            who: row.get(6)?,
            note: row.get(7)?,
        },
        recorded_at: UtcMs(row.get(8)?),
        recorded_by: row.get(9)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T, rusqlite::Error> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text).map_err(|_| garbled(at))
}

fn word<T: FromStr>(row: &Row<'_>, at: usize) -> Result<T, rusqlite::Error> {
    let text: String = row.get(at)?;
    text.parse().map_err(|_| garbled(at))
}

fn garbled(column: usize) -> rusqlite::Error {
    let why = "no value of a calibration".into();
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calibration::{Kind, Line};
    use crate::store::tests::{open, site};
    use jiff::civil::date;

    fn said(day: i8, withdraws: Option<u64>) -> Calibration {
        Calibration {
            kind: Kind::Level,
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
        assert_eq!(store.calibrate(said(22, None), "test").await.unwrap(), 1);
        assert!(store.calibrate(said(21, Some(1)), "test").await.is_err());
        assert_eq!(store.calibrate(said(23, Some(1)), "test").await.unwrap(), 2);
        assert!(store.calibrate(said(24, Some(1)), "test").await.is_err());
        assert!(store.calibrate(said(24, Some(2)), "test").await.is_err());
        assert!(store.calibrate(said(24, Some(9)), "test").await.is_err());
        store.stop().await;
        let again = open(dir.path(), &site(&["power"]));
        let all = again.calibrations().await.unwrap();
        assert_eq!(all.entries().len(), 2);
        assert_eq!(all.entries()[0].said, said(22, None));
        assert_eq!(all.at("meter.power", date(2026, 11, 21)), Line::NONE);
        assert_ne!(all.at("meter.power", date(2026, 11, 22)), Line::NONE);
        assert_eq!(all.at("meter.power", date(2026, 11, 23)), Line::NONE);
    }

    #[tokio::test]
    async fn the_file_itself_refuses_every_change_of_a_calibration() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        store.calibrate(said(22, None), "test").await.unwrap();
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
