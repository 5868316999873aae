//! Hashed lines of the rows that records cover: entries, issued reports, imports, re-dated samples.
//!
//! Each row as stored, not as parsed: an invalid value that was written past the program must
//! change the hash, not fail to be read.

use crate::domain::{ExactNumber, UtcMs};
use crate::evidence::{
    ImportLine, IssuedFileLine, IssuedLine, LedgerFile, LedgerLine, RecordedTable, RedatedLine,
    ReplacedLine, RowRange, Sha256Hasher, StretchLine, sample_lines, write_row_line,
};
use crate::storage::chunk_codec;
use crate::storage::meta_table::{read_meta, write_meta};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use std::collections::BTreeMap;

/// Table of the store whose rows are hashed.
struct HashedTable {
    /// Name.
    name: &'static str,
    /// Column of the time of a row.
    time: &'static str,
    /// Columns of the hashed line, in the order in which they are read.
    columns: &'static str,
    /// Appends the line of a row with these columns.
    write: fn(&mut String, &Row<'_>, &Connection) -> Result<(), rusqlite::Error>,
}

/// Appends the line of a row that was read.
fn put_line(
    text: &mut String,
    line: Result<impl Serialize, rusqlite::Error>,
) -> Result<(), rusqlite::Error> {
    write_row_line(text, &line?);
    Ok(())
}

/// Returns the table of the store behind a recorded table.
fn hashed_table(table: RecordedTable) -> HashedTable {
    let of = |name, time, columns, write| HashedTable {
        name,
        time,
        columns,
        write,
    };
    match table {
        RecordedTable::Ledger => of(
            "ledger",
            "recorded_at",
            "id, sort, indicator, what, mantissa, places, unit, moment, first, last, known, who,
             note, supersedes, recorded_at, recorded_by",
            |text, row, db| put_line(text, parse_ledger_line(row, db)),
        ),
        RecordedTable::Issued => of(
            "issued_report",
            "issued_at",
            "id, issued_at, period, asset, content, revision, digest, headlines, via, issued_by",
            |text, row, _| put_line(text, parse_issued_line(row)),
        ),
        RecordedTable::IssuedFiles => of(
            "issued_file",
            "issued_at",
            "id, report, issued_at, format, language, sha256",
            |text, row, _| put_line(text, parse_issued_file_line(row)),
        ),
        RecordedTable::Imports => of(
            "sample_import",
            "at",
            "id, point, file, sha256, by, at, interval_ms",
            |text, row, _| put_line(text, parse_import_line(row)),
        ),
        RecordedTable::Stretches => of(
            "import_stretch",
            "at",
            "id, import, at, first, last, samples, replaced",
            |text, row, _| put_line(text, parse_stretch_line(row)),
        ),
        RecordedTable::Replaced => of(
            "replaced_samples",
            "at",
            "id, import, at, body",
            |text, row, _| put_line(text, parse_replaced_line(row)),
        ),
        RecordedTable::Redated => of(
            "redated_stretch",
            "at",
            "id, point, era, at, shift_ms, first, last, samples",
            |text, row, _| put_line(text, parse_redated_line(row)),
        ),
    }
}

/// Returns the hashed lines of rows, at most `RecordedTable::rows_at_once`.
pub(super) fn read_row_lines(
    db: &Connection,
    table: RecordedTable,
    first: u64,
    last: u64,
) -> Result<String, rusqlite::Error> {
    let HashedTable {
        name,
        columns,
        write,
        ..
    } = hashed_table(table);
    let find = format!("SELECT {columns} FROM {name} WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?");
    let most = table.rows_at_once().cast_signed();
    let mut rows = db.prepare_cached(&find)?;
    let mut rows = rows.query(params![first.cast_signed(), last.cast_signed(), most])?;
    let mut text = String::new();
    while let Some(row) = rows.next()? {
        write(&mut text, row, db)?;
    }
    Ok(text)
}

/// Returns the SHA-256 of the lines of rows, read page by page.
pub(super) fn hash_rows(
    db: &Connection,
    table: RecordedTable,
    first: u64,
    last: u64,
) -> Result<RowRange, rusqlite::Error> {
    let mut hash = Sha256Hasher::default();
    let mut from = first;
    while from <= last {
        let until = last.min(from + table.rows_at_once() - 1);
        hash.put(read_row_lines(db, table, from, until)?.as_bytes());
        from = until + 1;
    }
    Ok(RowRange {
        table,
        first,
        last,
        sha256: hash.finish_hex(),
    })
}

/// Returns the number of the last row of each table; 0 for an empty one.
pub(super) fn last_rows(db: &Connection) -> Result<BTreeMap<RecordedTable, u64>, rusqlite::Error> {
    let last = |table| {
        let HashedTable { name, .. } = hashed_table(table);
        let last: i64 = db.query_row(
            &format!("SELECT coalesce(max(id), 0) FROM {name}"),
            [],
            |row| row.get(0),
        )?;
        Ok((table, last.cast_unsigned()))
    };
    RecordedTable::ALL.into_iter().map(last).collect()
}

/// Returns the rows added before `to` that no record covers.
pub(super) fn unrecorded_rows(
    db: &Connection,
    table: RecordedTable,
    to: UtcMs,
) -> Result<Option<RowRange>, rusqlite::Error> {
    let HashedTable { name, time, .. } = hashed_table(table);
    // From the end: the rows that no record covers are the last ones.
    let find = format!("SELECT id FROM {name} WHERE {time} < ? ORDER BY id DESC LIMIT 1");
    let last: Option<i64> = db.query_row(&find, [to.0], |row| row.get(0)).optional()?;
    let first = read_meta(db, &recorded_key(table))?.unwrap_or(0) + 1;
    let last = last.filter(|last| *last >= first);
    last.map(|last| hash_rows(db, table, first.cast_unsigned(), last.cast_unsigned()))
        .transpose()
}

/// Notes the last row that a record covers.
pub(super) fn mark_recorded(db: &Connection, range: &RowRange) -> Result<(), rusqlite::Error> {
    write_meta(db, &recorded_key(range.table), range.last.cast_signed())
}

/// Key in `meta`: last row that a record covers.
fn recorded_key(table: RecordedTable) -> String {
    format!("{}_digested", table.word())
}

fn number(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

fn time(row: &Row<'_>, column: usize) -> Result<String, rusqlite::Error> {
    Ok(UtcMs(row.get(column)?).to_string())
}

fn parse_issued_line(row: &Row<'_>) -> Result<IssuedLine, rusqlite::Error> {
    Ok(IssuedLine {
        id: number(row, 0)?,
        issued_at: time(row, 1)?,
        period: row.get(2)?,
        asset: row.get(3)?,
        content: row.get(4)?,
        revision: row.get(5)?,
        digest: row.get(6)?,
        headlines: row.get(7)?,
        via: row.get(8)?,
        issued_by: row.get(9)?,
    })
}

fn parse_issued_file_line(row: &Row<'_>) -> Result<IssuedFileLine, rusqlite::Error> {
    Ok(IssuedFileLine {
        id: number(row, 0)?,
        report: row.get(1)?,
        issued_at: time(row, 2)?,
        format: row.get(3)?,
        language: row.get(4)?,
        sha256: row.get(5)?,
    })
}

fn parse_import_line(row: &Row<'_>) -> Result<ImportLine, rusqlite::Error> {
    Ok(ImportLine {
        id: number(row, 0)?,
        point: row.get(1)?,
        file: row.get(2)?,
        sha256: row.get(3)?,
        by: row.get(4)?,
        at: time(row, 5)?,
        interval_ms: row.get(6)?,
    })
}

fn parse_stretch_line(row: &Row<'_>) -> Result<StretchLine, rusqlite::Error> {
    Ok(StretchLine {
        id: number(row, 0)?,
        import: row.get(1)?,
        at: time(row, 2)?,
        first: time(row, 3)?,
        last: time(row, 4)?,
        samples: row.get(5)?,
        replaced: row.get(6)?,
    })
}

fn parse_redated_line(row: &Row<'_>) -> Result<RedatedLine, rusqlite::Error> {
    Ok(RedatedLine {
        id: number(row, 0)?,
        point: row.get(1)?,
        era: row.get(2)?,
        at: time(row, 3)?,
        shift_ms: row.get(4)?,
        first: time(row, 5)?,
        last: time(row, 6)?,
        samples: row.get(7)?,
    })
}

fn parse_replaced_line(row: &Row<'_>) -> Result<ReplacedLine, rusqlite::Error> {
    let samples = chunk_codec::decode_chunk(row.get_ref(3)?.as_blob().unwrap_or_default());
    Ok(ReplacedLine {
        id: number(row, 0)?,
        import: row.get(1)?,
        at: time(row, 2)?,
        samples: samples.map(|samples| sample_lines(&samples)),
    })
}

/// Returns the quantity of an entry as a decimal text.
pub(super) fn quantity_text(mantissa: i64, places: i64) -> String {
    match i8::try_from(places) {
        Ok(places) if places >= 0 => ExactNumber::Decimal {
            mantissa,
            exponent: -places,
        }
        .to_string(),
        _ => format!("{mantissa}e-{places}"),
    }
}

fn parse_ledger_line(row: &Row<'_>, db: &Connection) -> Result<LedgerLine, rusqlite::Error> {
    let id: i64 = row.get(0)?;
    let (mantissa, places): (Option<i64>, i64) = (row.get(4)?, row.get(5)?);
    let quantity = mantissa.map(|mantissa| quantity_text(mantissa, places));
    let mut files =
        db.prepare("SELECT name, sha256, bytes FROM ledger_file WHERE entry = ? ORDER BY place")?;
    let file = |row: &Row<'_>| {
        Ok(LedgerFile {
            name: row.get(0)?,
            sha256: row.get(1)?,
            bytes: row.get(2)?,
        })
    };
    Ok(LedgerLine {
        id: id.cast_unsigned(),
        sort: row.get(1)?,
        indicator: row.get(2)?,
        what: row.get(3)?,
        quantity,
        unit: row.get(6)?,
        when: row.get(7)?,
        first: row.get(8)?,
        last: row.get(9)?,
        known: row.get(10)?,
        who: row.get(11)?,
        note: row.get(12)?,
        files: files.query_map([id], file)?.collect::<Result<_, _>>()?,
        supersedes: row.get::<_, Option<i64>>(13)?.map(i64::cast_unsigned),
        recorded_at: time(row, 14)?,
        recorded_by: row.get(15)?,
    })
}
