//! Table of issued reports: rows are added, never changed or deleted.
//!
//! They are rows of the day records. The files in which a report was handed out are noted by their
//! SHA-256 (`issued_file`).

use super::schema::{disk_error, sql_int};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_request::{IssueRequest, StoreRequest};
use super::writer::StoreWriter;
use crate::domain::UtcMs;
use crate::domain::issued_report::{
    EarlierIssues, IssueWay, IssuedFile, IssuedReport, ReportIssue,
};
use crate::domain::period::Period;
use crate::limits::{
    EARLIER_ISSUES_MAX, ISSUED_FILES_PER_DAY_MAX, ISSUED_REPORTS_PAGE_MAX,
    ISSUED_REPORTS_PER_DAY_MAX,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

const DAY_MS: i64 = 86_400_000;
const READING_REPORTS: &str = "reading issued reports";
const OF_FILE: &str = "id = (SELECT report FROM issued_file WHERE sha256 = ?)";
const OF_CONTENT: &str = "content = ?";
const REPORT_COLUMNS: &str =
    "id, issued_at, period, asset, content, revision, digest, headlines, via, issued_by";

impl Store {
    /// Notes that a report was made; returns the number of the note. The same content for the same
    /// period and asset by the same person is one note. `None` when too many were noted in a day.
    /// The file in which it was handed out is noted with it.
    pub async fn note_issued_report(
        &self,
        issue: ReportIssue,
        file: Option<IssuedFile>,
    ) -> Result<Option<u64>, StoreError> {
        let issue = Box::new(issue);
        self.ask(|reply| StoreRequest::Issue(IssueRequest::Note(issue, file, reply)))
            .await
    }

    /// Returns the report that was handed out in the file with this SHA-256.
    pub async fn issued_report_of_file(
        &self,
        sha256: String,
    ) -> Result<Option<IssuedReport>, StoreError> {
        self.ask(|reply| StoreRequest::Issue(IssueRequest::File(sha256, reply)))
            .await
    }

    /// Returns the first report with this content.
    pub async fn issued_report_of_content(
        &self,
        sha256: String,
    ) -> Result<Option<IssuedReport>, StoreError> {
        self.ask(|reply| StoreRequest::Issue(IssueRequest::Content(sha256, reply)))
            .await
    }

    /// Returns the issues of the same period and asset.
    pub async fn earlier_issues(&self, own: ReportIssue) -> Result<EarlierIssues, StoreError> {
        let own = Box::new(own);
        self.ask(|reply| StoreRequest::Issue(IssueRequest::Earlier(own, reply)))
            .await
    }

    /// Returns issued reports with a number below `before`, the newest first, at most
    /// `ISSUED_REPORTS_PAGE_MAX`.
    pub async fn issued_reports_before(
        &self,
        before: u64,
    ) -> Result<Vec<IssuedReport>, StoreError> {
        self.ask(|reply| StoreRequest::Issue(IssueRequest::Before(before, reply)))
            .await
    }
}

impl StoreWriter {
    /// Serves a request about issued reports.
    pub(super) fn serve_issue_request(&mut self, request: IssueRequest) {
        // A send fails when the caller has gone; there is nobody to report that to.
        match request {
            IssueRequest::Note(issue, file, reply) => {
                let noted = self.change_file(|db, now| {
                    note_report_and_file(db, now, &issue, file.as_ref())
                        .map_err(|fault| disk_error("noting a report", &fault))
                });
                drop(reply.send(noted));
            }
            IssueRequest::Before(before, reply) => {
                let found = reports_before(&self.db, before);
                drop(reply.send(found.map_err(|fault| disk_error(READING_REPORTS, &fault))));
            }
            IssueRequest::Earlier(own, reply) => {
                let found = earlier_issues(&self.db, &own);
                drop(reply.send(found.map_err(|fault| disk_error(READING_REPORTS, &fault))));
            }
            IssueRequest::File(sha256, reply) => {
                let found = find_report(&self.db, OF_FILE, &sha256);
                drop(reply.send(found.map_err(|fault| disk_error(READING_REPORTS, &fault))));
            }
            IssueRequest::Content(sha256, reply) => {
                let found = find_report(&self.db, OF_CONTENT, &sha256);
                drop(reply.send(found.map_err(|fault| disk_error(READING_REPORTS, &fault))));
            }
        }
    }
}

/// Notes a report, and the file in which it is handed out.
fn note_report_and_file(
    db: &Connection,
    now: UtcMs,
    issue: &ReportIssue,
    file: Option<&IssuedFile>,
) -> Result<Option<u64>, rusqlite::Error> {
    let noted = note_report(db, now, issue)?;
    let (Some(report), Some(file)) = (noted, file) else {
        return Ok(noted);
    };
    let today = "SELECT count(*) FROM issued_file WHERE issued_at > ?";
    let since = now.0.saturating_sub(DAY_MS);
    let count: i64 = db.query_row(today, [since], |row| row.get(0))?;
    if count < sql_int(ISSUED_FILES_PER_DAY_MAX) {
        // The same report at the same time has the same bytes, and is one file.
        db.execute(
            "INSERT INTO issued_file(report, issued_at, format, language, sha256)
             SELECT ?1, ?2, ?3, ?4, ?5
             WHERE NOT EXISTS (SELECT 1 FROM issued_file WHERE sha256 = ?5)",
            params![
                report.cast_signed(),
                now.0,
                file.format,
                file.language,
                file.sha256
            ],
        )?;
    }
    Ok(noted)
}

/// Returns the first report that fulfils a condition on a hash.
fn find_report(
    db: &Connection,
    condition: &str,
    sha256: &str,
) -> Result<Option<IssuedReport>, rusqlite::Error> {
    let text =
        format!("SELECT {REPORT_COLUMNS} FROM issued_report WHERE {condition} ORDER BY id LIMIT 1");
    db.query_row(&text, [sha256], parse_report).optional()
}

fn note_report(
    db: &Connection,
    now: UtcMs,
    issue: &ReportIssue,
) -> Result<Option<u64>, rusqlite::Error> {
    let period = issue.period.to_string();
    let asset = issue.asset.as_deref().unwrap_or_default();
    let known: Option<i64> = db
        .prepare(
            "SELECT id FROM issued_report WHERE content = ? AND period = ? AND asset = ? AND \
             issued_by = ?",
        )?
        .query_row(
            params![issue.content, period, asset, issue.issued_by],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = known {
        return Ok(Some(id.cast_unsigned()));
    }
    let today = "SELECT count(*) FROM issued_report WHERE issued_at > ?";
    let count: i64 = db.query_row(today, [now.0.saturating_sub(DAY_MS)], |row| row.get(0))?;
    // A script that asks every minute for the running month must not fill the card.
    if count >= sql_int(ISSUED_REPORTS_PER_DAY_MAX) {
        return Ok(None);
    }
    db.execute(
        "INSERT INTO issued_report(issued_at, period, asset, content, revision, digest, headlines,
         via, issued_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            issue.made.0,
            period,
            asset,
            issue.content,
            issue.revision,
            issue.digest,
            issue.headlines,
            issue.via.word(),
            issue.issued_by,
        ],
    )?;
    Ok(Some(db.last_insert_rowid().cast_unsigned()))
}

fn reports_before(db: &Connection, before: u64) -> Result<Vec<IssuedReport>, rusqlite::Error> {
    let text =
        format!("SELECT {REPORT_COLUMNS} FROM issued_report WHERE id < ? ORDER BY id DESC LIMIT ?");
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let mut rows = db.prepare_cached(&text)?;
    let rows = rows.query_map(
        params![before, sql_int(ISSUED_REPORTS_PAGE_MAX)],
        parse_report,
    )?;
    rows.collect()
}

/// Returns the first and the last issues of the period and asset of a report.
fn earlier_issues(db: &Connection, own: &ReportIssue) -> Result<EarlierIssues, rusqlite::Error> {
    let period = own.period.to_string();
    let asset = own.asset.as_deref().unwrap_or_default();
    let same = "FROM issued_report WHERE period = ?1 AND asset = ?2";
    let counts = format!("SELECT count(*), count(*) FILTER (WHERE content <> ?3) {same}");
    let counts: (i64, i64) = db.query_row(&counts, params![period, asset, own.content], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let text = format!(
        "SELECT {REPORT_COLUMNS} FROM (SELECT * {same} ORDER BY id LIMIT 1)
         UNION SELECT {REPORT_COLUMNS} FROM (SELECT * {same} ORDER BY id DESC LIMIT ?3)
         ORDER BY id"
    );
    let mut rows = db.prepare_cached(&text)?;
    let last = sql_int(EARLIER_ISSUES_MAX - 1);
    let rows = rows.query_map(params![period, asset, last], parse_report)?;
    Ok(EarlierIssues {
        listed: rows.collect::<Result<_, _>>()?,
        count: counts.0.cast_unsigned(),
        others: counts.1.cast_unsigned(),
    })
}

/// Reads a report from a row in the order of `REPORT_COLUMNS`.
fn parse_report(row: &Row<'_>) -> Result<IssuedReport, rusqlite::Error> {
    let period: String = row.get(2)?;
    let garbled = |_| {
        let why = "no period of a report".into();
        rusqlite::Error::FromSqlConversionFailure(2, Type::Text, why)
    };
    let period: Period = period.parse().map_err(garbled)?;
    let issued_at = UtcMs(row.get(1)?);
    let asset: String = row.get(3)?;
    Ok(IssuedReport {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        issued_at,
        issue: ReportIssue {
            period,
            asset: (!asset.is_empty()).then(|| asset.into()),
            content: row.get(4)?,
            revision: row.get(5)?,
            digest: row.get(6)?,
            headlines: row.get(7)?,
            via: IssueWay::parse(&row.get::<_, String>(8)?),
            issued_by: row.get(9)?,
            made: issued_at,
        },
    })
}

#[cfg(test)]
pub(in crate::storage) mod tests {
    use super::*;
    use crate::storage::tests::{MIDNIGHT, open, site};

    pub(in crate::storage) fn test_issue(content: &str, by: &str) -> ReportIssue {
        ReportIssue {
            period: "2026-10".parse().unwrap(),
            asset: None,
            content: content.to_owned(),
            revision: "abc-def".to_owned(),
            digest: String::new(),
            headlines: "[]".to_owned(),
            via: IssueWay::Page,
            issued_by: by.to_owned(),
            // The clock of `open`.
            made: UtcMs(MIDNIGHT + DAY_MS),
        }
    }

    #[tokio::test]
    async fn a_report_with_the_same_content_is_noted_once_for_each_person() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        for (content, by, id) in [("a", "", 1), ("a", "", 1), ("b", "", 2), ("a", "Siti", 3)] {
            let noted = store
                .note_issued_report(test_issue(content, by), None)
                .await;
            assert_eq!(noted.unwrap(), Some(id), "{content} {by}");
        }
        store.stop().await;
        let again = open(dir.path(), &site(&["power"]));
        let all = again.issued_reports_before(u64::MAX).await.unwrap();
        let ids: Vec<u64> = all.iter().map(|one| one.id).collect();
        assert_eq!(ids, [3, 2, 1]);
        assert_eq!(all[0].issue, test_issue("a", "Siti"));
        assert_eq!(again.issued_reports_before(2).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_script_that_asks_again_and_again_does_not_fill_the_card() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        let mut noted = 0;
        for index in 0..=ISSUED_REPORTS_PER_DAY_MAX {
            let issue = test_issue(&index.to_string(), "");
            noted += usize::from(
                store
                    .note_issued_report(issue, None)
                    .await
                    .unwrap()
                    .is_some(),
            );
        }
        assert_eq!(noted, ISSUED_REPORTS_PER_DAY_MAX);
    }

    #[tokio::test]
    async fn a_report_is_found_by_its_file_and_by_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        for (content, sha256, id) in [("a", "f1", 1), ("a", "f2", 1), ("b", "f3", 2)] {
            let file = IssuedFile {
                format: "pdf".to_owned(),
                language: "id".to_owned(),
                sha256: sha256.to_owned(),
            };
            let issue = test_issue(content, "");
            let noted = store.note_issued_report(issue, Some(file)).await;
            assert_eq!(noted.unwrap(), Some(id));
            let found = store.issued_report_of_file(sha256.to_owned()).await;
            assert_eq!(found.unwrap().unwrap().id, id);
        }
        let found = store.issued_report_of_content("b".to_owned()).await;
        assert_eq!(found.unwrap().unwrap().id, 2);
        let none = store.issued_report_of_file("f4".to_owned()).await;
        assert_eq!(none.unwrap(), None);
    }

    #[tokio::test]
    async fn the_file_itself_refuses_every_change_of_an_issued_report() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), &site(&["power"]));
        store
            .note_issued_report(test_issue("a", ""), None)
            .await
            .unwrap();
        store.stop().await;
        let db = Connection::open(dir.path().join("pantau.db")).unwrap();
        for change in [
            "UPDATE issued_report SET content = ''",
            "DELETE FROM issued_report",
            "INSERT OR REPLACE INTO issued_report SELECT * FROM issued_report WHERE id = 1",
        ] {
            let said = db.execute(change, []).unwrap_err().to_string();
            assert!(said.contains("only grow"), "{change}: {said}");
        }
    }
}
