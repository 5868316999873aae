//! Lines that the next record will have: rows and texts that no record names yet.

use super::{record_sources, row_lines};
use crate::domain::UtcMs;
use crate::evidence::{DayRecord, RecordedTable, ReportEvidence, RevisionKind, RevisionLine};
use rusqlite::{Connection, OptionalExtension};

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

/// Returns the last record and the lines that no record has yet; without the content of a report.
pub(super) fn report_evidence(db: &Connection) -> Result<ReportEvidence, rusqlite::Error> {
    let mut open = Vec::new();
    // Not the issued reports: no figure depends on them, and the report itself becomes one.
    for table in RecordedTable::ALL {
        if table.is_behind_figures()
            && let Some(range) = row_lines::unrecorded_rows(db, table, UtcMs(i64::MAX))?
        {
            open.push(range.to_string());
        }
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
