//! `/control/evidence/...`: the evidence chain and its data in small pieces, for `pantau verify`
//! and for evidence bundles. The caller computes the hashes.

use super::ApiListener;
use super::changes_since_json::ChangesSinceJson;
use super::error::ApiError;
use super::request_language::RequestLanguage;
use crate::domain::Sample;
use crate::domain::hex_text::to_hex;
use crate::domain::issued_report::IssuedReport;
use crate::evidence::{DayDigest, RecordedTable, RevisionKind, write_samples};
use crate::report::content::{HeadlineRecord, change_lines};
use crate::report::render::ReportFormat;
use crate::storage::{EvidenceExtent, KeptStamp, StoreError, TextRevision};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Samples written between two await points, so that other tasks can run.
const SAMPLES_PER_PIECE: usize = 2048;

/// Digests after this number.
#[derive(Deserialize)]
struct DigestsQuery {
    after: u64,
}

/// A local day, and a point for the samples.
#[derive(Deserialize)]
struct EvidenceDayQuery {
    day: String,
    #[serde(default)]
    point: String,
}

/// A range of rows of a table, both ends included.
#[derive(Deserialize)]
struct RecordedRowsQuery {
    table: String,
    first: u64,
    last: u64,
}

/// The next archived text of a kind after a number.
#[derive(Deserialize)]
struct RevisionTextQuery {
    kind: String,
    after: u64,
}

/// Number of days that still need an evidence record.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingDigestsJson {
    /// 0: all records are made.
    pub left: u64,
}

/// An archived text (configuration, factors or calibrations) with its revision number.
#[derive(Debug, Serialize, Deserialize)]
pub struct RevisionTextJson {
    /// Revision number.
    pub id: u64,
    /// Start of its validity, milliseconds since 1970 UTC.
    pub since: i64,
    /// The text.
    pub text: String,
}

/// Hash of a file, or of the content of a report.
#[derive(Deserialize)]
struct IssuedReportQuery {
    #[serde(default)]
    file: String,
    #[serde(default)]
    content: String,
}

/// Number of an issued report.
#[derive(Deserialize)]
struct MovedHeadlinesQuery {
    report: u64,
}

/// An issued report in a format.
#[derive(Deserialize)]
struct ReportAgainQuery {
    report: u64,
    format: String,
}

/// An issued report as its note has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IssuedReportJson {
    /// Number of the note.
    pub id: u64,
    /// Time of the first issue with this content, RFC 3339, UTC.
    pub issued_at: String,
    /// Period.
    pub period: String,
    /// The asset; `null`: the whole site.
    pub asset: Option<String>,
    /// SHA-256 of its content.
    pub content: String,
    /// Digest of the last evidence record when it was made; empty without one.
    pub digest: String,
    /// Name of the person; empty when nobody had signed in.
    pub issued_by: String,
    /// Figures that the note keeps.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub headlines: Vec<HeadlineRecord>,
}

/// Comparison of an issued report with what its period gives today.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReportTodayJson {
    /// True when a report of today would say exactly the same.
    pub same: bool,
    /// True when the report can be made again exactly, by the configuration of its time.
    #[serde(default)]
    pub remade: bool,
    /// Headline figures that have moved.
    pub moved: Vec<MovedHeadlineJson>,
    /// Changes in the store since.
    pub since: ChangesSinceJson,
}

/// Headline figure that has moved; a text is `–` where there was or is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MovedHeadlineJson {
    /// Indicator id.
    pub id: String,
    /// Asset id; empty for the site.
    pub asset: String,
    /// In the report.
    pub before: String,
    /// Today.
    pub now: String,
    /// Difference with its sign and unit; empty where one of both has no number.
    pub difference: String,
}

/// A time stamp of a record as it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptStampJson {
    /// Number of the row.
    pub id: u64,
    /// Number of the record.
    pub number: u64,
    /// Digest that was sent.
    pub sha256: String,
    /// Answer of the authority, hexadecimal.
    pub answer: String,
}

impl From<KeptStamp> for KeptStampJson {
    fn from(stamp: KeptStamp) -> Self {
        Self {
            id: stamp.id,
            number: stamp.number,
            sha256: stamp.sha256,
            answer: to_hex(&stamp.answer),
        }
    }
}

/// Extent of the evidence besides the records; days are ISO dates.
#[derive(Debug, Serialize, Deserialize)]
pub struct EvidenceExtentJson {
    /// Raw samples of days before this one were deleted by retention.
    pub gone_before: Option<String>,
    /// Local days with sealed raw samples.
    pub days: Vec<String>,
    /// Number of the last row of each table, by its word in a record.
    pub last_rows: BTreeMap<String, u64>,
    /// Closed days whose samples have changed since their record was made.
    #[serde(default)]
    pub due: Vec<String>,
}

impl EvidenceExtentJson {
    /// Number of the last row of a table; 0 for an empty one.
    pub(crate) fn last_row(&self, table: RecordedTable) -> u64 {
        self.last_rows.get(table.word()).copied().unwrap_or(0)
    }
}

pub(crate) fn evidence_routes() -> axum::Router<ApiListener> {
    axum::Router::new()
        .route("/control/evidence/settle", post(settle_digests))
        .route("/control/evidence/digests", get(list_digests))
        .route("/control/evidence/newest", get(get_day_digest))
        .route("/control/evidence/points", get(list_day_points))
        .route("/control/evidence/samples", get(stream_day_samples))
        .route("/control/evidence/rows", get(get_recorded_rows))
        .route("/control/evidence/revision", get(get_revision_text))
        .route("/control/evidence/extent", get(get_evidence_extent))
        .route("/control/evidence/issued", get(get_issued_report))
        .route("/control/evidence/moved", get(get_moved_headlines))
        .route("/control/evidence/again", get(get_report_again))
        .route("/control/evidence/stamp", get(get_time_stamp))
}

/// Makes some of the due records; the caller repeats it until `left` is 0.
async fn settle_digests(
    State(app): State<ApiListener>,
) -> Result<Json<PendingDigestsJson>, ApiError> {
    let left = app.state().store.close_due_days().await?;
    Ok(Json(PendingDigestsJson { left }))
}

async fn list_digests(
    State(app): State<ApiListener>,
    Query(ask): Query<DigestsQuery>,
) -> Result<Json<Vec<DayDigest>>, ApiError> {
    Ok(Json(app.state().store.digests_after(ask.after).await?))
}

async fn get_day_digest(
    State(app): State<ApiListener>,
    Query(ask): Query<EvidenceDayQuery>,
) -> Result<Json<Option<DayDigest>>, ApiError> {
    Ok(Json(
        app.state().store.digest_of_day(parse_day(&ask)?).await?,
    ))
}

async fn list_day_points(
    State(app): State<ApiListener>,
    Query(ask): Query<EvidenceDayQuery>,
) -> Result<Json<Vec<String>>, ApiError> {
    let points = app.state().store.points_of_day(parse_day(&ask)?).await?;
    Ok(Json(points.iter().map(ToString::to_string).collect()))
}

/// Streams the lines over which the day's hash is computed.
async fn stream_day_samples(
    State(app): State<ApiListener>,
    Query(ask): Query<EvidenceDayQuery>,
) -> Result<Response, ApiError> {
    let place = app.0.answers.open(0).await?;
    let samples = app
        .state()
        .store
        .samples_of_day(parse_day(&ask)?, &ask.point);
    let samples: Arc<[Sample]> = samples.await?.into();
    let body = stream::unfold((samples, 0, place), |(samples, at, place)| async move {
        let some = samples.get(at..)?.chunks(SAMPLES_PER_PIECE).next()?;
        let turn = place.next_turn().await.map(drop);
        if let Err(fault) = turn {
            // A place behind the last sample ends the stream after its error.
            return Some((Err(fault), (samples, usize::MAX, place)));
        }
        let mut text = String::with_capacity(some.len() * 48);
        write_samples(&mut text, some);
        let next = at + some.len();
        Some((
            Ok::<_, StoreError>(Bytes::from(text)),
            (samples, next, place),
        ))
    });
    Ok(Body::from_stream(body.fuse()).into_response())
}

async fn get_recorded_rows(
    State(app): State<ApiListener>,
    Query(ask): Query<RecordedRowsQuery>,
) -> Result<String, ApiError> {
    let table = RecordedTable::parse(&ask.table);
    let table = table.ok_or_else(|| ApiError::bad_parameter("table", &ask.table, "ledger"))?;
    let lines = app.state().store.recorded_rows(table, ask.first, ask.last);
    Ok(lines.await?)
}

async fn get_revision_text(
    State(app): State<ApiListener>,
    Query(ask): Query<RevisionTextQuery>,
) -> Result<Json<Option<RevisionTextJson>>, ApiError> {
    let kind = RevisionKind::parse(&ask.kind);
    let kind = kind.ok_or_else(|| ApiError::bad_parameter("kind", &ask.kind, "configuration"))?;
    let found = app.state().store.revision_after(kind, ask.after).await?;
    Ok(Json(found.map(RevisionTextJson::from)))
}

async fn get_time_stamp(
    State(app): State<ApiListener>,
    Query(ask): Query<DigestsQuery>,
) -> Result<Json<Option<KeptStampJson>>, ApiError> {
    let found = app.state().store.time_stamp_after(ask.after).await?;
    Ok(Json(found.map(KeptStampJson::from)))
}

async fn get_evidence_extent(
    State(app): State<ApiListener>,
) -> Result<Json<EvidenceExtentJson>, ApiError> {
    Ok(Json(app.state().store.evidence_extent().await?.into()))
}

async fn get_issued_report(
    State(app): State<ApiListener>,
    Query(ask): Query<IssuedReportQuery>,
) -> Result<Json<Option<IssuedReportJson>>, ApiError> {
    let store = &app.state().store;
    let found = if ask.file.is_empty() {
        store.issued_report_of_content(ask.content).await?
    } else {
        store.issued_report_of_file(ask.file).await?
    };
    Ok(Json(found.map(IssuedReportJson::from)))
}

async fn get_moved_headlines(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
    Query(ask): Query<MovedHeadlinesQuery>,
) -> Result<Json<ReportTodayJson>, ApiError> {
    let report = app.issued_report(ask.report).await?;
    let report =
        report.ok_or_else(|| ApiError::bad_parameter("report", &ask.report.to_string(), "1"))?;
    let today = app.compare_issue(&report, lang).await?;
    let moved = today.moved.iter().map(|one| {
        let text = |of: &Option<HeadlineRecord>| {
            let of = of.as_ref();
            of.map_or_else(|| "–".to_owned(), |of| of.text(lang))
        };
        let latest = one.latest();
        MovedHeadlineJson {
            id: latest.map_or_else(String::new, |of| of.id.clone()),
            asset: latest.map_or_else(String::new, |of| of.asset.clone()),
            before: text(&one.before),
            now: text(&one.now),
            difference: one.difference(lang),
        }
    });
    let lines = change_lines(lang, &app.state().config, &today.changes);
    Ok(Json(ReportTodayJson {
        same: today.is_same,
        remade: today.is_remade,
        moved: moved.collect(),
        since: ChangesSinceJson::new(&today.changes, lines),
    }))
}

/// Makes an issued report again; it counts as no issue.
async fn get_report_again(
    State(app): State<ApiListener>,
    RequestLanguage(lang): RequestLanguage,
    Query(ask): Query<ReportAgainQuery>,
) -> Result<Vec<u8>, ApiError> {
    let report = app.issued_report(ask.report).await?;
    let report =
        report.ok_or_else(|| ApiError::bad_parameter("report", &ask.report.to_string(), "1"))?;
    let format = ReportFormat::parse(&ask.format);
    let format = format.ok_or_else(|| ApiError::bad_parameter("format", &ask.format, "json"))?;
    app.report_again(&report, format, lang).await
}

fn parse_day(ask: &EvidenceDayQuery) -> Result<Date, ApiError> {
    let day = ask.day.parse();
    day.map_err(|_| ApiError::bad_parameter("day", &ask.day, "2026-11-21"))
}

impl From<TextRevision> for RevisionTextJson {
    fn from(revision: TextRevision) -> Self {
        Self {
            id: revision.id,
            since: revision.since.0,
            text: revision.text,
        }
    }
}

impl From<IssuedReport> for IssuedReportJson {
    fn from(report: IssuedReport) -> Self {
        Self {
            id: report.id,
            issued_at: report.issued_at.to_string(),
            period: report.issue.period.to_string(),
            asset: report.issue.asset.map(|asset| asset.to_string()),
            content: report.issue.content,
            digest: report.issue.digest,
            issued_by: report.issue.issued_by,
            // What cannot be read is compared with nothing.
            headlines: serde_json::from_str(&report.issue.headlines).unwrap_or_default(),
        }
    }
}

impl From<EvidenceExtent> for EvidenceExtentJson {
    fn from(extent: EvidenceExtent) -> Self {
        Self {
            gone_before: extent.raw_deleted_before.map(|day| day.to_string()),
            days: extent.days.iter().map(ToString::to_string).collect(),
            last_rows: extent
                .last_rows
                .into_iter()
                .map(|(table, last)| (table.word().to_owned(), last))
                .collect(),
            due: extent.due.iter().map(ToString::to_string).collect(),
        }
    }
}
