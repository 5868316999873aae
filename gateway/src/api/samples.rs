//! `/api/v1/samples`: samples of one point over a time range, raw or in buckets, streamed while
//! they are read.

use super::ApiListener;
use super::error::ApiError;
use crate::domain::{ExactNumber, PointInfo, Quality, Sample, UtcMs};
use crate::limits::SAMPLES_PER_ANSWER_MAX;
use crate::samples_csv;
use crate::storage::{AggregateFunction, BucketStep, PointQuery, SampleBlock, StoreError};
use axum::body::{Body, Bytes};
use axum::extract::{Query as Asked, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use utoipa::IntoParams;

const DAY_MS: i64 = 86_400_000;
/// Longest wait for a free slot of the sample writers.
const ANSWER_SLOT_WAIT: Duration = Duration::from_secs(10);
/// Times from year 1 to year 9999, milliseconds; arithmetic on them cannot overflow.
const TIME_RANGE_MS: std::ops::Range<i64> = -62_135_596_800_000..253_402_200_000_000;
const STEP_HELP: &str = "10s, 5m, 1h (up to 24h), 1d, 1mo or 1y";

/// Query parameters of `/api/v1/samples` and `/api/v1/samples.csv`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SamplesQuery {
    /// `device.point`.
    #[param(required = true)]
    point: Option<String>,
    /// Start of the range: RFC 3339 with an offset, or milliseconds since 1970 UTC. Default: one
    /// day before `to`.
    from: Option<String>,
    /// End of the range, exclusive. Default: now.
    to: Option<String>,
    /// Bucket width: `10s`, `5m`, `1h`, `1d`, `1mo`, `1y`, aligned to the site's local time.
    /// Default: every sample.
    step: Option<String>,
    /// Value of a bucket: `mean` (default), `min`, `max`, `last`, `sum`, or `delta` (increase of a
    /// counter).
    agg: Option<String>,
}

/// Validated query with the point that it is about.
struct CheckedSamplesQuery {
    query: PointQuery,
    point: PointInfo,
}

/// Samples on their way from the store, their point, and the slot that the answer takes.
pub(crate) struct OpenSamples {
    pub(crate) point: PointInfo,
    pub(crate) blocks: mpsc::Receiver<Result<SampleBlock, StoreError>>,
    pub(crate) turn: OwnedSemaphorePermit,
}

/// Shape of the answer, one array for each column; used only in the OpenAPI description.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "the answer is written by hand, in pieces; this describes it"
)]
struct SamplesJson {
    point: String,
    unit: String,
    /// Milliseconds since 1970 UTC; for a bucket, its start.
    t: Vec<i64>,
    /// `null` where there is no number.
    v: Vec<Option<f64>>,
    /// `good`, `uncertain` or `bad`.
    q: Vec<&'static str>,
}

#[utoipa::path(get, path = "/api/v1/samples", params(SamplesQuery), responses(
    (status = 200, body = SamplesJson), (status = 400, body = ApiError),
    (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(crate) async fn get_samples(
    State(app): State<ApiListener>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let found = open_samples(&app, &uri).await?;
    let answer = SamplesStream {
        blocks: found.blocks,
        columns: PendingColumns::default(),
        stage: SamplesStage::Head(found.point),
        count: 0,
        _turn: found.turn,
    };
    let body = stream::unfold(answer, |mut answer| async {
        let piece = answer.next_piece().await?;
        Some((piece, answer))
    });
    // Fused: a body is asked again after its end when the answer is compressed.
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        Body::from_stream(body.fuse()),
    )
        .into_response())
}

/// Begins the answer to a query of samples.
pub(crate) async fn open_samples(app: &ApiListener, uri: &Uri) -> Result<OpenSamples, ApiError> {
    let CheckedSamplesQuery { query, point } = check_samples_query(app, uri)?;
    let turn = acquire_answer_slot(app).await?;
    let blocks = app.state().store.query(query).await?;
    Ok(OpenSamples {
        point,
        blocks,
        turn,
    })
}

/// Waits for one of `ANSWERS_MAX` slots. Status 503 after ten seconds.
pub(crate) async fn acquire_answer_slot(
    app: &ApiListener,
) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = || {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests for samples at once",
        )
    };
    // The store answers `QUERIES_MAX` queries at once: pages must leave room for exports and
    // reports.
    let turn = Arc::clone(&app.0.answers).acquire_owned();
    tokio::time::timeout(ANSWER_SLOT_WAIT, turn)
        .await
        .map_err(|_| busy())?
        .map_err(|_| busy())
}

impl ApiListener {
    /// Means of a point by hour, in time order; `None` for an hour that has only bad samples. An
    /// hour without any sample is left out.
    pub(crate) async fn hourly_means(
        &self,
        point: &str,
        (from, to): (UtcMs, UtcMs),
    ) -> Result<Vec<(UtcMs, Option<f64>)>, ApiError> {
        let _turn = acquire_answer_slot(self).await?;
        let query = PointQuery {
            point: point.to_owned(),
            from,
            to,
            step: BucketStep::Millis(3_600_000),
            aggregate: AggregateFunction::Mean,
        };
        let mut blocks = self.state().store.query(query).await?;
        let mut all = Vec::new();
        while let Some(block) = blocks.recv().await {
            let block = block?;
            let mean = |one: &Sample| one.outcome.number().map(ExactNumber::to_f64);
            all.extend(block.iter().map(|one| (one.at, mean(one))));
        }
        Ok(all)
    }
}

/// An answer in progress. `t`, `v` and `q` are separate arrays, so times are sent at once, while
/// values and qualities are collected until the last time has been sent.
struct SamplesStream {
    blocks: mpsc::Receiver<Result<SampleBlock, StoreError>>,
    columns: PendingColumns,
    stage: SamplesStage,
    count: usize,
    _turn: OwnedSemaphorePermit,
}

enum SamplesStage {
    Head(PointInfo),
    Times,
    Values(std::vec::IntoIter<String>),
    Qualities,
    Done,
}

/// Columns that are sent later: values as text pieces, qualities run-length encoded.
#[derive(Default)]
struct PendingColumns {
    values: Vec<String>,
    qualities: VecDeque<(Quality, u32)>,
}

/// Size of one piece of the body, bytes.
const PIECE_BYTES: usize = 16 << 10;

impl SamplesStream {
    async fn next_piece(&mut self) -> Option<Result<Bytes, StoreError>> {
        match std::mem::replace(&mut self.stage, SamplesStage::Done) {
            SamplesStage::Head(point) => {
                self.stage = SamplesStage::Times;
                let (id, unit) = (json_string(&point.id), json_string(&point.unit));
                Some(Ok(
                    format!("{{\"point\":{id},\"unit\":{unit},\"t\":[").into()
                ))
            }
            SamplesStage::Times => Some(self.write_times().await),
            SamplesStage::Values(mut pieces) => Some(Ok(if let Some(piece) = pieces.next() {
                self.stage = SamplesStage::Values(pieces);
                piece.into()
            } else {
                self.stage = SamplesStage::Qualities;
                "],\"q\":[".into()
            })),
            SamplesStage::Qualities => Some(Ok(self.write_qualities())),
            SamplesStage::Done => None,
        }
    }

    /// Times of the next block; after the last block, the start of the value array.
    async fn write_times(&mut self) -> Result<Bytes, StoreError> {
        let Some(block) = self.blocks.recv().await else {
            self.stage = SamplesStage::Values(std::mem::take(&mut self.columns.values).into_iter());
            return Ok("],\"v\":[".into());
        };
        // Headers are sent already, so an error can only break the connection: a truncated answer
        // must not look complete.
        let block = block?;
        if self.count + block.len() > SAMPLES_PER_ANSWER_MAX {
            return Err(StoreError::Invalid(
                "too many samples; ask with a step".to_owned(),
            ));
        }
        let mut times = String::with_capacity(block.len() * 14);
        for sample in &block {
            let comma = if self.count == 0 { "" } else { "," };
            let _ = write!(times, "{comma}{}", sample.at.0);
            self.columns.push(sample, comma);
            self.count += 1;
        }
        self.stage = SamplesStage::Times;
        Ok(times.into())
    }

    /// The next qualities; after the last one, the end of the JSON object.
    fn write_qualities(&mut self) -> Bytes {
        let Some((quality, count)) = self.columns.qualities.pop_front() else {
            return "]}".into();
        };
        let mut text = String::new();
        let mut left = count;
        while left > 0 && text.len() < PIECE_BYTES {
            let comma = if left == 1 && self.columns.qualities.is_empty() {
                ""
            } else {
                ","
            };
            let _ = write!(text, "\"{}\"{comma}", quality.word());
            left -= 1;
        }
        if left > 0 {
            self.columns.qualities.push_front((quality, left));
        }
        self.stage = SamplesStage::Qualities;
        text.into()
    }
}

impl PendingColumns {
    fn push(&mut self, sample: &Sample, comma: &str) {
        if self
            .values
            .last()
            .is_none_or(|piece| piece.len() >= PIECE_BYTES)
        {
            self.values.push(String::with_capacity(PIECE_BYTES + 32));
        }
        if let Some(piece) = self.values.last_mut() {
            let _ = match sample.outcome.number() {
                Some(number) => write!(piece, "{comma}{number}"),
                None => write!(piece, "{comma}null"),
            };
        }
        let quality = sample.outcome.quality();
        match self.qualities.back_mut() {
            Some((last, count)) if *last == quality => *count += 1,
            _ => self.qualities.push_back((quality, 1)),
        }
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Validates the query. Status 400 names the parameter and what was expected; 404 for an unknown
/// point.
fn check_samples_query(app: &ApiListener, uri: &Uri) -> Result<CheckedSamplesQuery, ApiError> {
    let Asked(ask) = Asked::<SamplesQuery>::try_from_uri(uri)
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let id = ask.point.unwrap_or_default();
    let (device, point) = find_point(app, &id)?;
    let to = parse_moment("to", ask.to.as_deref())?.unwrap_or_else(|| UtcMs(app.now().0 + 1));
    let from = parse_moment("from", ask.from.as_deref())?.unwrap_or(UtcMs(to.0 - DAY_MS));
    if from >= to {
        let found = format!("{} >= {}", from.0, to.0);
        return Err(ApiError::bad_parameter(
            "from",
            &found,
            "a moment before `to`",
        ));
    }
    let step = parse_step(ask.step.as_deref())?;
    let aggregate = parse_aggregate(ask.agg.as_deref())?;
    let width = match step {
        BucketStep::Raw => app.site().devices[device].every_ms,
        BucketStep::Millis(width) => width,
        BucketStep::Day | BucketStep::Month | BucketStep::Year => DAY_MS.unsigned_abs(),
    };
    // Raw samples are not counted beforehand: gaps may make a long range short. `times` ends an
    // answer with too many.
    let count = (to.0 - from.0).unsigned_abs() / width.max(1);
    if !matches!(step, BucketStep::Raw) && count > SAMPLES_PER_ANSWER_MAX as u64 {
        let expected = format!("a step that gives at most {SAMPLES_PER_ANSWER_MAX} buckets");
        return Err(ApiError::bad_parameter(
            "step",
            &format!("{count} buckets"),
            expected,
        ));
    }
    Ok(CheckedSamplesQuery {
        query: PointQuery {
            point: id,
            from,
            to,
            step,
            aggregate,
        },
        point,
    })
}

/// Index of the device, and the point, by id. The error names the most similar id.
fn find_point(app: &ApiListener, id: &str) -> Result<(usize, PointInfo), ApiError> {
    let found = app.site().find_point(id).zip(app.site().point(id));
    let ((device, _), point) = found.ok_or_else(|| {
        let ids = app
            .site()
            .devices
            .iter()
            .flat_map(|device| &device.points)
            .map(|point| &*point.id);
        let nearest =
            ids.max_by(|a, b| strsim::jaro_winkler(a, id).total_cmp(&strsim::jaro_winkler(b, id)));
        let expected = format!(
            "a point of /api/v1/points, such as {}",
            nearest.unwrap_or("-")
        );
        let error = ApiError::bad_parameter("point", id, expected);
        ApiError {
            status: if id.is_empty() { 400 } else { 404 },
            ..error
        }
    })?;
    Ok((usize::from(device), point.clone()))
}

/// Time from RFC 3339 text or milliseconds since 1970 UTC.
fn parse_moment(name: &'static str, text: Option<&str>) -> Result<Option<UtcMs>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    // Milliseconds first: no RFC 3339 text is a whole number.
    let number = text.parse().ok().map(UtcMs);
    // In a query `+` means a space, and people paste offsets such as `+07:00` without escaping.
    let time = number.or_else(|| samples_csv::parse_time(&text.replace(' ', "+")));
    let expected = "RFC 3339 with an offset (2026-11-21T10:00:00+07:00) or milliseconds since 1970";
    let time = time.filter(|at| TIME_RANGE_MS.contains(&at.0));
    time.map(Some)
        .ok_or_else(|| ApiError::bad_parameter(name, text, expected))
}

/// Bucket width from `10s`, `5m`, `1h`, `1d`, `1mo`, `1y`; fixed widths up to 24 h.
fn parse_step(text: Option<&str>) -> Result<BucketStep, ApiError> {
    let Some(text) = text else {
        return Ok(BucketStep::Raw);
    };
    let wrong = || ApiError::bad_parameter("step", text, STEP_HELP);
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (count, unit) = text.split_at(split);
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let width = match (count, unit) {
        (1, "d") => return Ok(BucketStep::Day),
        (1, "mo") => return Ok(BucketStep::Month),
        (1, "y") => return Ok(BucketStep::Year),
        (_, "ms") => 1,
        (_, "s") => 1000,
        (_, "m") => 60_000,
        (_, "h") => 3_600_000,
        _ => return Err(wrong()),
    };
    let millis = count.saturating_mul(width);
    (1..=DAY_MS.unsigned_abs())
        .contains(&millis)
        .then_some(BucketStep::Millis(millis))
        .ok_or_else(wrong)
}

fn parse_aggregate(text: Option<&str>) -> Result<AggregateFunction, ApiError> {
    Ok(match text {
        None | Some("mean") => AggregateFunction::Mean,
        Some("min") => AggregateFunction::Min,
        Some("max") => AggregateFunction::Max,
        Some("last") => AggregateFunction::Last,
        Some("sum") => AggregateFunction::Sum,
        Some("delta") => AggregateFunction::Delta,
        Some(other) => {
            return Err(ApiError::bad_parameter(
                "agg",
                other,
                "mean, min, max, last, sum or delta",
            ));
        }
    })
}
