//! Lines that the next record will have: ledger entries and texts that no record names yet.

use super::record_sources;
use crate::domain::UtcMs;
use crate::evidence::{DayRecord, ReportEvidence, RevisionKind, RevisionLine, ledger_line};
use crate::storage::meta_table::{read_meta, write_meta};
use rusqlite::{Connection, OptionalExtension};

/// Key in `meta`: last ledger entry that a record covers.
const LEDGER_DIGESTED_KEY: &str = "ledger_digested";

/// Numbers of the texts that the newest first revision of a day named last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NamedRevisions {
    configuration: Option<u64>,
    factors: Option<u64>,
    calibrations: Option<u64>,
}

impl NamedRevisions {
    /// Returns the number of a kind; `None` before the first record with such a text.
    pub(super) fn of(self, kind: RevisionKind) -> Option<u64> {
        match kind {
            RevisionKind::Configuration => self.configuration,
            RevisionKind::Factors => self.factors,
            RevisionKind::Calibrations => self.calibrations,
        }
    }
}

/// Returns the texts that the chain has named last.
pub(super) fn last_named_revisions(db: &Connection) -> Result<NamedRevisions, rusqlite::Error> {
    let newest = "SELECT record FROM digest WHERE revision = 1 ORDER BY number DESC LIMIT 1";
    let newest: Option<String> = db.query_row(newest, [], |row| row.get(0)).optional()?;
    let newest: Option<DayRecord> = newest.and_then(|text| text.parse().ok());
    let last = |lines: &Vec<RevisionLine>| lines.last().map(|line| line.id);
    Ok(
        newest.map_or_else(NamedRevisions::default, |newest| NamedRevisions {
            configuration: last(&newest.configuration),
            factors: last(&newest.factors),
            calibrations: last(&newest.calibrations),
        }),
    )
}

/// Returns first and last number of the entries recorded before `to` that no record covers.
pub(super) fn unrecorded_entries(
    db: &Connection,
    to: UtcMs,
) -> Result<Option<(u64, u64)>, rusqlite::Error> {
    let last: Option<i64> = db.query_row(
        "SELECT max(id) FROM ledger WHERE recorded_at < ?",
        [to.0],
        |row| row.get(0),
    )?;
    let first = read_meta(db, LEDGER_DIGESTED_KEY)?.unwrap_or(0) + 1;
    let last = last.filter(|last| *last >= first);
    Ok(last.map(|last| (first.cast_unsigned(), last.cast_unsigned())))
}

/// Notes the last entry that a record covers.
pub(super) fn mark_entries_recorded(db: &Connection, last: u64) -> Result<(), rusqlite::Error> {
    write_meta(db, LEDGER_DIGESTED_KEY, last.cast_signed())
}

/// Returns the last record and the lines that no record has yet; without the content of a report.
pub(super) fn report_evidence(db: &Connection) -> Result<ReportEvidence, rusqlite::Error> {
    let mut open = Vec::new();
    if let Some((first, last)) = unrecorded_entries(db, UtcMs(i64::MAX))? {
        let sha256 = record_sources::hash_ledger(db, first, last)?;
        open.push(ledger_line(first, last, &sha256));
    }
    let named = last_named_revisions(db)?;
    for kind in RevisionKind::ALL {
        let of = named.of(kind);
        let lines = record_sources::revision_lines_until(db, kind, of, UtcMs(i64::MAX))?;
        // A record repeats the text that still holds; here only new ones count.
        let new = lines.iter().filter(|line| Some(line.id) > of);
        open.extend(new.map(|line| line.line(kind)));
    }
    Ok(ReportEvidence {
        head: record_sources::chain_head(db)?.map(Into::into),
        open,
        content: String::new(),
    })
}
