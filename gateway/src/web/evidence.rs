//! What `pantau verify` and the bundle ask of the running gateway, over the control socket: the
//! chain, and the data behind it in small pieces. Hashing is left to whoever asks.

use super::App;
use super::error::ApiError;
use super::samples::turn;
use crate::evidence::{Digest, Kind, write_samples};
use crate::model::Sample;
use crate::store::{Extent, Revision};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;

/// Samples written in one go, so that other tasks come in between.
const PIECE: usize = 2048;

#[derive(Deserialize)]
struct After {
    after: u64,
}

#[derive(Deserialize)]
struct Day {
    day: String,
    #[serde(default)]
    point: String,
}

#[derive(Deserialize)]
struct Entries {
    first: u64,
    last: u64,
}

#[derive(Deserialize)]
struct Text {
    kind: String,
    after: u64,
}

/// How many days still need a record.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeftJson {
    /// 0: all are done.
    pub left: u64,
}

/// A text that is kept by revision.
#[derive(Debug, Serialize, Deserialize)]
pub struct RevisionJson {
    /// Its number.
    pub id: u64,
    /// Since when it holds, milliseconds since 1970 UTC.
    pub since: i64,
    /// The text.
    pub text: String,
}

/// What there is besides the records; days are ISO dates.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExtentJson {
    /// Raw samples of days before this one have been let go.
    pub gone_before: Option<String>,
    /// Local days with sealed raw samples.
    pub days: Vec<String>,
    /// Number of the ledger's last entry.
    pub last_entry: u64,
    /// Closed days whose samples have changed since their record was made.
    #[serde(default)]
    pub due: Vec<String>,
}

pub(super) fn routes() -> axum::Router<App> {
    axum::Router::new()
        .route("/control/evidence/settle", post(settle))
        .route("/control/evidence/digests", get(digests))
        .route("/control/evidence/newest", get(newest))
        .route("/control/evidence/points", get(points))
        .route("/control/evidence/samples", get(samples))
        .route("/control/evidence/ledger", get(ledger))
        .route("/control/evidence/revision", get(revision))
        .route("/control/evidence/extent", get(extent))
}

async fn settle(State(app): State<App>) -> Result<Json<LeftJson>, ApiError> {
    let left = app.state().store.settle_digests().await?;
    Ok(Json(LeftJson { left }))
}

async fn digests(
    State(app): State<App>,
    Query(ask): Query<After>,
) -> Result<Json<Vec<Digest>>, ApiError> {
    Ok(Json(app.state().store.digests(ask.after).await?))
}

async fn newest(
    State(app): State<App>,
    Query(ask): Query<Day>,
) -> Result<Json<Option<Digest>>, ApiError> {
    Ok(Json(app.state().store.digest_of(day(&ask)?).await?))
}

async fn points(
    State(app): State<App>,
    Query(ask): Query<Day>,
) -> Result<Json<Vec<String>>, ApiError> {
    let points = app.state().store.points_of_day(day(&ask)?).await?;
    Ok(Json(points.iter().map(ToString::to_string).collect()))
}

/// The lines that are hashed.
async fn samples(State(app): State<App>, Query(ask): Query<Day>) -> Result<Response, ApiError> {
    let turn = turn(&app).await?;
    let samples = app.state().store.samples_of_day(day(&ask)?, &ask.point);
    let samples: Arc<[Sample]> = samples.await?.into();
    let body = stream::unfold((samples, 0, turn), |(samples, at, turn)| async move {
        let some = samples.get(at..)?.chunks(PIECE).next()?;
        let mut text = String::with_capacity(some.len() * 48);
        write_samples(&mut text, some);
        let next = at + some.len();
        Some((
            Ok::<_, Infallible>(Bytes::from(text)),
            (samples, next, turn),
        ))
    });
    Ok(Body::from_stream(body).into_response())
}

async fn ledger(State(app): State<App>, Query(ask): Query<Entries>) -> Result<String, ApiError> {
    Ok(app.state().store.ledger_lines(ask.first, ask.last).await?)
}

async fn revision(
    State(app): State<App>,
    Query(ask): Query<Text>,
) -> Result<Json<Option<RevisionJson>>, ApiError> {
    let kind = Kind::parse(&ask.kind);
    let kind = kind.ok_or_else(|| ApiError::parameter("kind", &ask.kind, "configuration"))?;
    let found = app.state().store.revision_after(kind, ask.after).await?;
    Ok(Json(found.map(RevisionJson::from)))
}

async fn extent(State(app): State<App>) -> Result<Json<ExtentJson>, ApiError> {
    Ok(Json(app.state().store.evidence_extent().await?.into()))
}

fn day(ask: &Day) -> Result<Date, ApiError> {
    let day = ask.day.parse();
    day.map_err(|_| ApiError::parameter("day", &ask.day, "2026-11-21"))
}

impl From<Revision> for RevisionJson {
    fn from(revision: Revision) -> Self {
        Self {
            id: revision.id,
            since: revision.since.0,
            text: revision.text,
        }
    }
}

impl From<Extent> for ExtentJson {
    fn from(extent: Extent) -> Self {
        Self {
            gone_before: extent.gone_before.map(|day| day.to_string()),
            days: extent.days.iter().map(ToString::to_string).collect(),
            last_entry: extent.last_entry,
            due: extent.due.iter().map(ToString::to_string).collect(),
        }
    }
}
