//! `/api/v1/samples`: samples of one point over a time range, raw or in buckets, streamed while
//! they are read.

use super::ApiListener;
use super::error::{ApiError, ApiErrorCode};
use super::sample_answers::SampleReader;
use super::time_runs::{TimePosition, TimeRuns};
use crate::domain::{ExactNumber, PointInfo, Quality, Sample, UtcMs};
use crate::limits::{ANSWER_KEPT_SAMPLES_MAX, SAMPLES_PER_ANSWER_MAX};
use crate::samples_csv;
use crate::storage::{AggregateFunction, BucketStep, PointQuery, SampleBlock, StoreError};
use axum::body::{Body, Bytes};
use axum::extract::{Query as Asked, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use std::fmt::Write;
use utoipa::IntoParams;

const DAY_MS: i64 = 86_400_000;
/// Header with the number of raw samples of an answer.
const SAMPLES_HEADER: HeaderName = HeaderName::from_static("x-pantau-samples");
/// Steps that are proposed when a range has too many samples, with their width in milliseconds.
const FITTING_STEPS: [(&str, u64); 5] = [
    ("10s", 10_000),
    ("1m", 60_000),
    ("5m", 300_000),
    ("15m", 900_000),
    ("1h", 3_600_000),
];
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
    #[param(pattern = "^[0-9]+(ms|s|m|h|d|mo|y)$")]
    step: Option<String>,
    /// Value of a bucket: `mean` (default), `min`, `max`, `last`, `sum`, or `delta` (increase of a
    /// counter).
    #[param(pattern = "^(mean|min|max|last|sum|delta)$")]
    agg: Option<String>,
}

/// Validated query with the point that it is about.
struct CheckedSamplesQuery {
    query: PointQuery,
    point: PointInfo,
    /// Largest number of buckets.
    buckets: u64,
}

impl CheckedSamplesQuery {
    fn span_ms(&self) -> u64 {
        (self.query.to.0 - self.query.from.0).unsigned_abs()
    }
}

/// Samples on their way from the store, and their point.
pub(crate) struct OpenSamples {
    pub(crate) point: PointInfo,
    pub(crate) reader: SampleReader,
    /// Number of raw samples; `None` for buckets.
    pub(crate) samples: Option<u64>,
    /// Some of the numbers may be uncertain.
    pub(crate) has_doubt: bool,
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
    (status = 200, body = SamplesJson,
        headers(("x-pantau-samples" = u64, description = "Number of raw samples"))),
    (status = 400, body = ApiError), (status = 404, body = ApiError),
    (status = 422, body = ApiError, description = "Too many samples; `expected` names a step"),
    (status = 503, body = ApiError)))]
pub(crate) async fn get_samples(
    State(app): State<ApiListener>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let found = open_samples(&app, &uri, Some(SAMPLES_PER_ANSWER_MAX)).await?;
    let answer = SamplesStream {
        reader: found.reader,
        times: TimeRuns::default(),
        kept: Some(Vec::new()),
        stage: SamplesStage::Head(found.point),
    };
    let body = stream::unfold(answer, |mut answer| async {
        let piece = answer.next_piece().await?;
        Some((piece, answer))
    });
    let headers = [(header::CONTENT_TYPE, "application/json")];
    // Fused: a body is asked again after its end when the answer is compressed.
    let response = (headers, Body::from_stream(body.fuse())).into_response();
    Ok(with_sample_count(response, found.samples))
}

/// The response with the number of raw samples in a header, so that a client knows what comes
/// before the first byte of it.
pub(crate) fn with_sample_count(mut response: Response, samples: Option<u64>) -> Response {
    if let Some(samples) = samples {
        response
            .headers_mut()
            .insert(SAMPLES_HEADER, HeaderValue::from(samples));
    }
    response
}

/// Begins the answer to a query of samples; status 422 when it would have more than `most`.
pub(crate) async fn open_samples(
    app: &ApiListener,
    uri: &Uri,
    most: Option<u64>,
) -> Result<OpenSamples, ApiError> {
    let checked = check_samples_query(app, uri)?;
    let span = checked.span_ms();
    let store = &app.state().store;
    let opened = store.open_query(checked.query).await?;
    let samples = opened.samples.unwrap_or(checked.buckets);
    if let Some(most) = most.filter(|most| samples > *most) {
        return Err(too_many_samples(samples, most, span));
    }
    let place = app.0.answers.open(samples).await?;
    Ok(OpenSamples {
        point: checked.point,
        reader: SampleReader::new(store.clone(), place, opened.cursor),
        samples: opened.samples,
        has_doubt: opened.has_doubt,
    })
}

/// Status 422 that names a step with which the range fits.
fn too_many_samples(samples: u64, most: u64, span_ms: u64) -> ApiError {
    let fits = |width: u64| span_ms / width <= most;
    let step = FITTING_STEPS.iter().find(|(_, width)| fits(*width));
    let step = step.map_or("1d", |(step, _)| step);
    ApiError {
        status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
        code: Some(ApiErrorCode::TooManySamples),
        error: format!("more than {most} samples"),
        ..ApiError::bad_parameter(
            "step",
            &samples.to_string(),
            format!("step={step}, or a shorter range"),
        )
    }
}

impl ApiListener {
    /// Means of a point in buckets of `step_ms` milliseconds, in time order; `None` for a bucket
    /// that has only bad samples. A bucket without any sample is left out.
    pub(crate) async fn bucket_means(
        &self,
        point: &str,
        (from, to): (UtcMs, UtcMs),
        step_ms: i64,
    ) -> Result<Vec<(UtcMs, Option<f64>)>, ApiError> {
        let place = self.0.answers.open(0).await?;
        let query = PointQuery {
            point: point.to_owned(),
            from,
            to,
            step: BucketStep::Millis(step_ms.unsigned_abs()),
            aggregate: AggregateFunction::Mean,
        };
        let store = &self.state().store;
        let opened = store.open_query(query).await?;
        let mut reader = SampleReader::new(store.clone(), place, opened.cursor);
        let mut all = Vec::new();
        while let Some(block) = reader.next_block().await? {
            let mean = |one: &Sample| one.outcome.number().map(ExactNumber::to_f64);
            all.extend(block.iter().map(|one| (one.at, mean(one))));
        }
        Ok(all)
    }
}

/// An answer in progress. `t`, `v` and `q` are separate arrays. The samples of a long answer are
/// read again for each of them, so that an answer needs little memory whatever its length is.
struct SamplesStream {
    reader: SampleReader,
    /// Times that were sent: the other columns have a value for each of them, also when samples
    /// have been added or deleted meanwhile.
    times: TimeRuns,
    /// The samples, while they are few.
    kept: Option<SampleBlock>,
    stage: SamplesStage,
}

enum SamplesStage {
    Head(PointInfo),
    Times,
    Column(SampleColumn, TimePosition),
    Done,
}

/// A column after the times.
#[derive(Clone, Copy)]
enum SampleColumn {
    Values,
    Qualities,
}

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
            SamplesStage::Column(column, at) => Some(self.write_column(column, at).await),
            SamplesStage::Done => None,
        }
    }

    /// Times of the next block; after the last block, the start of the value array.
    async fn write_times(&mut self) -> Result<Bytes, StoreError> {
        // Headers are sent already, so an error can only break the connection: a truncated answer
        // must not look complete.
        let Some(block) = self.reader.next_block().await? else {
            self.begin_column(SampleColumn::Values);
            return Ok("],\"v\":[".into());
        };
        let mut text = String::with_capacity(block.len() * 14);
        for sample in &block {
            let comma = if self.times.is_empty() { "" } else { "," };
            let _ = write!(text, "{comma}{}", sample.at.0);
            self.times.push(sample.at.0);
        }
        let fits = |kept: &SampleBlock| kept.len() + block.len() <= ANSWER_KEPT_SAMPLES_MAX;
        self.kept = self.kept.take().filter(fits);
        if let Some(kept) = &mut self.kept {
            kept.extend(block);
        }
        self.stage = SamplesStage::Times;
        Ok(text.into())
    }

    fn begin_column(&mut self, column: SampleColumn) {
        self.reader.restart();
        self.stage = SamplesStage::Column(column, TimePosition::default());
    }

    /// The next values or qualities; after the last one, the start of the next array or the end.
    async fn write_column(
        &mut self,
        column: SampleColumn,
        mut at: TimePosition,
    ) -> Result<Bytes, StoreError> {
        let mut text = String::new();
        if self.times.at(at).is_some() {
            let read = match &self.kept {
                Some(_) => None,
                None => self.reader.next_block().await?,
            };
            // Without a further block, what was deleted meanwhile has no value.
            let samples = read.as_ref().or(self.kept.as_ref());
            let mut samples = samples.into_iter().flatten().peekable();
            let is_last = read.is_none();
            while let Some(time) = self.times.at(at) {
                while samples.next_if(|sample| sample.at.0 < time).is_some() {}
                let sample = samples.next_if(|sample| sample.at.0 == time);
                if sample.is_none() && samples.peek().is_none() && !is_last {
                    break;
                }
                text.push_str(if at == TimePosition::default() {
                    ""
                } else {
                    ","
                });
                column.write(&mut text, sample);
                self.times.advance(&mut at);
            }
        }
        if self.times.at(at).is_some() {
            self.stage = SamplesStage::Column(column, at);
        } else if let SampleColumn::Values = column {
            text.push_str("],\"q\":[");
            self.begin_column(SampleColumn::Qualities);
        } else {
            text.push_str("]}");
        }
        Ok(text.into())
    }
}

impl SampleColumn {
    fn write(self, text: &mut String, sample: Option<&Sample>) {
        let _ = match self {
            Self::Values => match sample.and_then(|sample| sample.outcome.number()) {
                Some(number) => write!(text, "{number}"),
                None => write!(text, "null"),
            },
            Self::Qualities => {
                let quality = sample.map_or(Quality::Bad, |sample| sample.outcome.quality());
                write!(text, "\"{}\"", quality.word())
            }
        };
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Validates the query. Status 400 names the parameter and what was expected; 404 for an unknown
/// point.
fn check_samples_query(app: &ApiListener, uri: &Uri) -> Result<CheckedSamplesQuery, ApiError> {
    let Asked(ask) = Asked::<SamplesQuery>::try_from_uri(uri)
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let id = ask.point.unwrap_or_default();
    let (device, point) = find_point(app, &id)?;
    // The end is exclusive: a sample of this very millisecond belongs to the answer.
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
    let count = (to.0 - from.0).unsigned_abs() / width.max(1);
    if !matches!(step, BucketStep::Raw) && count > SAMPLES_PER_ANSWER_MAX {
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
        buckets: count + 1,
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
            // A parameter that is missing is a wrong request and no unknown point.
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
