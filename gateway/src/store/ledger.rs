//! What people write down: rows are added, never changed.

use super::audit::note;
use super::fault::StoreError;
use super::handle::LedgerQuery;
use super::keeper::Keeper;
use super::schema::{disk, int};
use crate::limits::{LEDGER_PAGE_MAX, LEDGER_ROWS_MAX};
use crate::model::UtcMs;
use crate::model::decimal::Decimal;
use crate::model::ledger::{Attachment, Entry, EntryId, Statement};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;
use std::str::FromStr;

/// Columns of an entry, in the order of `entry`.
const COLUMNS: &str = "one.id, one.sort, one.indicator, one.what, one.mantissa, one.places, \
    one.unit, one.moment, one.known, one.who, one.note, one.supersedes, one.recorded_at, \
    one.recorded_by, later.id";
const JOINED: &str = "FROM ledger one LEFT JOIN ledger later ON later.supersedes = one.id";

impl Keeper {
    /// Writes statements down, all or none.
    pub(super) fn ledger_add(
        &mut self,
        statements: &[Statement],
        by: &str,
    ) -> Result<Vec<EntryId>, StoreError> {
        let failed = |fault: rusqlite::Error| disk("keeping ledger entries", &fault);
        if statements.len() > LEDGER_ROWS_MAX {
            let why = format!(
                "{} entries at once, at most {LEDGER_ROWS_MAX}",
                statements.len()
            );
            return Err(StoreError::Invalid(why));
        }
        self.still_there()?;
        let now = self.clock.now().at;
        let directory = self.file.parent().unwrap_or(Path::new(".")).to_owned();
        let transaction = self.db.transaction().map_err(failed)?;
        let mut ids = Vec::with_capacity(statements.len());
        for statement in statements {
            may_be_added(&transaction, &directory, statement)?;
            ids.push(add(&transaction, statement, now, by).map_err(failed)?);
        }
        transaction.commit().map_err(failed)?;
        self.tell_health();
        Ok(ids)
    }

    /// One page of entries.
    pub(super) fn ledger(&self, query: &LedgerQuery) -> Result<Vec<Entry>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} {JOINED} WHERE one.id > ?1 AND (?2 IS NULL OR one.last >= ?2)
             AND (?3 IS NULL OR one.first <= ?3) AND (?4 IS NULL OR one.indicator = ?4)
             AND (?5 OR (later.id IS NULL AND one.mantissa IS NOT NULL))
             ORDER BY one.id LIMIT ?6"
        );
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
        let values = params![
            query.after.cast_signed(),
            day(query.from),
            day(query.to),
            query.indicator,
            query.superseded,
            int(LEDGER_PAGE_MAX),
        ];
        entries(&self.db, &text, values).map_err(|fault| disk("reading the ledger", &fault))
    }

    /// The chain of corrections that an entry belongs to.
    pub(super) fn ledger_chain(&self, entry: EntryId) -> Result<Vec<Entry>, StoreError> {
        let text = format!(
            "WITH RECURSIVE older(id) AS (VALUES (?1) UNION
               SELECT supersedes FROM ledger JOIN older USING (id) WHERE supersedes IS NOT NULL),
             chain(id) AS (SELECT id FROM older UNION
               SELECT ledger.id FROM ledger JOIN chain ON ledger.supersedes = chain.id)
             SELECT {COLUMNS} {JOINED} WHERE one.id IN (SELECT id FROM chain) ORDER BY one.id"
        );
        let chain = entries(&self.db, &text, params![entry.cast_signed()])
            .map_err(|fault| disk("reading the ledger", &fault))?;
        if chain.is_empty() {
            return Err(StoreError::UnknownEntry(entry));
        }
        Ok(chain)
    }
}

/// What it supersedes is there, of its sort, and not replaced yet; its attachments are kept.
fn may_be_added(
    db: &Connection,
    directory: &Path,
    statement: &Statement,
) -> Result<(), StoreError> {
    for file in &statement.attachments {
        if !super::attach::is_kept(directory, file) {
            let why = format!(
                "attachment {} ({}) has not been kept",
                file.name, file.sha256
            );
            return Err(StoreError::Invalid(why));
        }
    }
    let Some(old) = statement.supersedes else {
        return match statement.quantity {
            Some(_) => Ok(()),
            None => Err(StoreError::Invalid(
                "an entry without a quantity".to_owned(),
            )),
        };
    };
    let failed = |fault: rusqlite::Error| disk("reading the ledger", &fault);
    let sort: Option<String> = db
        .query_row(
            "SELECT sort FROM ledger WHERE id = ?",
            [old.cast_signed()],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    let sort = sort.ok_or(StoreError::UnknownEntry(old))?;
    if sort != statement.sort.word() {
        let new = statement.sort.word();
        let why = format!("entry {old} is a {sort}; a {new} cannot replace it");
        return Err(StoreError::Invalid(why));
    }
    match current(db, old).map_err(failed)? {
        same if same == old => Ok(()),
        current => Err(StoreError::Superseded {
            entry: old,
            current,
        }),
    }
}

/// The last entry of a chain. A replacement has a greater number than what it replaces, so that the
/// walk ends.
fn current(db: &Connection, entry: EntryId) -> Result<EntryId, rusqlite::Error> {
    let later = "WITH RECURSIVE chain(id) AS (VALUES (?) UNION
        SELECT ledger.id FROM ledger JOIN chain ON ledger.supersedes = chain.id)
        SELECT max(id) FROM chain";
    db.query_row(later, [entry.cast_signed()], |row| id(row, 0))
}

fn add(
    db: &Connection,
    statement: &Statement,
    now: UtcMs,
    by: &str,
) -> Result<EntryId, rusqlite::Error> {
    let when = statement.when;
    let (mantissa, places) = match statement.quantity {
        Some(quantity) => (Some(quantity.parts().0), quantity.parts().1),
        None => (None, 0),
    };
    db.prepare(
        "INSERT INTO ledger(sort, indicator, what, mantissa, places, unit, moment, first, last,
         known, who, note, supersedes, recorded_at, recorded_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        statement.sort.word(),
        statement.indicator,
        statement.what,
        mantissa,
        places,
        statement.unit,
        when.to_string(),
        when.first().to_string(),
        when.last().to_string(),
        statement.known.word(),
        statement.who,
        statement.note,
        statement.supersedes.map(EntryId::cast_signed),
        now.0,
        by,
    ])?;
    let id = db.last_insert_rowid();
    for (file, place) in statement.attachments.iter().zip(0i64..) {
        db.execute(
            "INSERT INTO ledger_file(entry, place, name, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
            params![id, place, file.name, file.sha256, file.bytes.cast_signed()],
        )?;
    }
    let replaced = statement.supersedes.map(|old| format!(", replaces {old}"));
    let what = format!("entry {id} by {by}{}", replaced.unwrap_or_default());
    note(db, now, "ledger", &what)?;
    Ok(id.cast_unsigned())
}

fn entries(
    db: &Connection,
    text: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Entry>, rusqlite::Error> {
    let mut rows = db.prepare(text)?;
    let mut rows = rows.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(entry(row, db)?);
    }
    Ok(found)
}

fn entry(row: &Row<'_>, db: &Connection) -> Result<Entry, rusqlite::Error> {
    let mantissa: Option<i64> = row.get(4)?;
    let places: u8 = row.get(5)?;
    let quantity = match mantissa {
        Some(mantissa) => Some(Decimal::new(mantissa, places).ok_or_else(|| garbled(4))?),
        None => None,
    };
    let id = id(row, 0)?;
    Ok(Entry {
        id,
        statement: Statement {
            sort: word(row, 1)?,
            indicator: row.get::<_, String>(2)?.into(),
            what: row.get(3)?,
            quantity,
            unit: row.get::<_, String>(6)?.into(),
            when: word(row, 7)?,
            known: word(row, 8)?,
            who: row.get(9)?,
            note: row.get(10)?,
            attachments: files(db, id)?,
            supersedes: row.get::<_, Option<i64>>(11)?.map(i64::cast_unsigned),
        },
        recorded_at: UtcMs(row.get(12)?),
        recorded_by: row.get(13)?,
        superseded_by: row.get::<_, Option<i64>>(14)?.map(i64::cast_unsigned),
    })
}

fn files(db: &Connection, entry: EntryId) -> Result<Vec<Attachment>, rusqlite::Error> {
    let mut rows =
        db.prepare("SELECT name, sha256, bytes FROM ledger_file WHERE entry = ? ORDER BY place")?;
    let file = |row: &Row<'_>| {
        Ok(Attachment {
            name: row.get(0)?,
            sha256: row.get(1)?,
            bytes: row.get::<_, i64>(2)?.cast_unsigned(),
        })
    };
    rows.query_map([entry.cast_signed()], file)?.collect()
}

fn id(row: &Row<'_>, column: usize) -> Result<EntryId, rusqlite::Error> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

fn word<T: FromStr>(row: &Row<'_>, column: usize) -> Result<T, rusqlite::Error> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| garbled(column))
}

fn garbled(column: usize) -> rusqlite::Error {
    let why = "not what the ledger writes";
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
