//! Changes in the file after a report was issued: further records, entries, texts, imports.

use super::record_sources::revision_table;
use super::row_lines;
use crate::domain::UtcMs;
use crate::evidence::{
    ChangesSince, DayRecord, EntrySince, ImportSince, RevisedDay, RevisionKind, StatedQuantity,
    TextSince,
};
use crate::limits::EVIDENCE_FAULTS_MAX;
use crate::storage::local_calendar::{LocalDay, day_number};
use crate::storage::schema::sql_int;
use jiff::civil::Date;
use rusqlite::{Connection, Params, Row, params};

/// Moment and period of an issued report.
#[derive(Clone, Debug)]
pub struct IssueMoment {
    /// Time at which the report was begun.
    pub at: UtcMs,
    /// Digest that it names; empty without one.
    pub digest: String,
    /// First local day of its period.
    pub first: Date,
    /// Last local day of its period.
    pub last: Date,
}

/// Returns what came after the report; `from` and `to` are the ends of its period.
pub(super) fn changes_since(
    db: &Connection,
    report: &IssueMoment,
    (from, to): (UtcMs, UtcMs),
) -> Result<ChangesSince, rusqlite::Error> {
    let mut all = ChangesSince::default();
    take_records(db, report, &mut all)?;
    let (first, last) = (report.first.to_string(), report.last.to_string());
    let entries = read_some(
        db,
        "SELECT one.id, one.recorded_at, one.recorded_by, one.supersedes, one.sort, one.indicator,
           one.mantissa, one.places, one.unit, old.mantissa, old.places, old.unit
         FROM ledger one LEFT JOIN ledger old ON old.id = one.supersedes
         WHERE one.recorded_at > ?1 AND ((one.last >= ?2 AND one.first <= ?3) OR one.supersedes IN
           (SELECT id FROM ledger WHERE last >= ?2 AND first <= ?3)) ORDER BY one.id",
        params![report.at.0, first, last],
        parse_entry,
    )?;
    all.left_out += entries.1;
    all.entries = entries.0;
    for kind in RevisionKind::ALL {
        let table = revision_table(kind);
        let find = format!("SELECT id, since FROM {table} WHERE since > ? ORDER BY id");
        let texts = read_some(db, &find, params![report.at.0], |row| {
            Ok(TextSince {
                kind,
                id: row.get::<_, i64>(0)?.cast_unsigned(),
                since: UtcMs(row.get(1)?),
                places: Vec::new(),
                calibration: None,
            })
        })?;
        all.left_out += texts.1;
        all.texts.extend(texts.0);
    }
    let imports = read_some(
        db,
        "SELECT i.id, i.point, i.file, i.by, max(s.at), sum(s.samples), sum(s.replaced)
         FROM import_stretch s JOIN sample_import i ON i.id = s.import
         WHERE s.at > ?1 AND s.last >= ?2 AND s.first <= ?3 GROUP BY i.id ORDER BY i.id",
        params![report.at.0, from.0, to.0],
        parse_import,
    )?;
    all.left_out += imports.1;
    all.imports = imports.0;
    Ok(all)
}

/// Takes the records of days of the period that were made afterwards.
fn take_records(
    db: &Connection,
    report: &IssueMoment,
    all: &mut ChangesSince,
) -> Result<(), rusqlite::Error> {
    let days: (LocalDay, LocalDay) = (day_number(report.first), day_number(report.last));
    let after = "number > coalesce((SELECT number FROM digest WHERE sha256 = ?3), 0)";
    let closed = format!(
        "SELECT count(*) FROM digest WHERE day BETWEEN ?1 AND ?2 AND revision = 1 AND {after}"
    );
    let known = params![days.0, days.1, report.digest];
    let count: i64 = db.query_row(&closed, known, |row| row.get(0))?;
    all.closed = count.cast_unsigned();
    let find = format!(
        "SELECT record FROM digest WHERE day BETWEEN ?1 AND ?2 AND revision > 1 AND {after}
         ORDER BY number"
    );
    let known = params![days.0, days.1, report.digest];
    let (records, more) = read_some(db, &find, known, |row| row.get::<_, String>(0))?;
    all.left_out += more;
    // A record that cannot be read is told by the check of the chain.
    let records = records
        .iter()
        .filter_map(|text| text.parse::<DayRecord>().ok());
    all.days = records
        .map(|record| RevisedDay {
            day: record.day,
            reasons: record.reasons,
        })
        .collect();
    Ok(())
}

fn parse_entry(row: &Row<'_>) -> Result<EntrySince, rusqlite::Error> {
    // Columns of number, places and unit; no number in a withdrawal, nothing without an old entry.
    let quantity = |first: usize| -> Result<Option<StatedQuantity>, rusqlite::Error> {
        let Some(mantissa) = row.get::<_, Option<i64>>(first)? else {
            return Ok(None);
        };
        Ok(Some(StatedQuantity {
            value: row_lines::quantity_text(mantissa, row.get(first + 1)?),
            unit: row.get(first + 2)?,
        }))
    };
    Ok(EntrySince {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        at: UtcMs(row.get(1)?),
        by: row.get(2)?,
        supersedes: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
        sort: row.get(4)?,
        indicator: row.get(5)?,
        quantity: quantity(6)?,
        before: quantity(9)?,
    })
}

fn parse_import(row: &Row<'_>) -> Result<ImportSince, rusqlite::Error> {
    Ok(ImportSince {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        point: row.get(1)?,
        file: row.get(2)?,
        by: row.get(3)?,
        at: UtcMs(row.get(4)?),
        samples: row.get::<_, i64>(5)?.cast_unsigned(),
        replaced: row.get::<_, i64>(6)?.cast_unsigned(),
    })
}

/// Returns the first `EVIDENCE_FAULTS_MAX` rows, and the number of further ones.
fn read_some<T>(
    db: &Connection,
    find: &str,
    values: impl Params + Copy,
    read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<(Vec<T>, u64), rusqlite::Error> {
    let most = sql_int(EVIDENCE_FAULTS_MAX);
    let mut rows = db.prepare(&format!("{find} LIMIT {most}"))?;
    let found: Vec<T> = rows.query_map(values, read)?.collect::<Result<_, _>>()?;
    if found.len() < EVIDENCE_FAULTS_MAX {
        return Ok((found, 0));
    }
    let count = format!("SELECT count(*) FROM ({find})");
    let count: i64 = db.query_row(&count, values, |row| row.get(0))?;
    let more = count.saturating_sub(most);
    Ok((found, more.cast_unsigned()))
}
