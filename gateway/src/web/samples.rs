//! `/api/v1/samples`: a stretch of one point, raw or in buckets, written while it is read.

use super::App;
use super::error::ApiError;
use crate::exchange;
use crate::limits::SAMPLES_PER_ANSWER_MAX;
use crate::model::{PointInfo, Quality, Sample, UtcMs};
use crate::store::{Aggregate, Block, Query, Step, StoreError};
use axum::body::{Body, Bytes};
use axum::extract::{Query as Asked, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use utoipa::IntoParams;

const DAY_MS: i64 = 86_400_000;
/// How long a question waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// The times that a date can be written for; arithmetic on them cannot overflow.
const TIMES: std::ops::Range<i64> = -62_135_596_800_000..253_402_200_000_000;
const STEPS: &str = "10s, 5m, 1h (up to 24h), 1d, 1mo or 1y";

/// The question as it comes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// `device.point`.
    #[param(required = true)]
    point: Option<String>,
    /// First moment: RFC 3339 with an offset, or milliseconds since 1970 UTC. A day before `to`
    /// unless said.
    from: Option<String>,
    /// First moment after the stretch. Now unless said.
    to: Option<String>,
    /// Bucket: `10s`, `5m`, `1h`, `1d`, `1mo`, `1y`, in the site's local time; every sample unless
    /// said.
    step: Option<String>,
    /// What a bucket keeps: `mean` (unless said), `min`, `max`, `last`, `sum`, `delta` (growth of a
    /// counter).
    agg: Option<String>,
}

/// A question that can be asked of the store.
pub(super) struct Checked {
    pub(super) query: Query,
    pub(super) point: PointInfo,
}

/// One column each; only for the description.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "the answer is written by hand, in pieces; this describes it"
)]
struct Columns {
    point: String,
    unit: String,
    /// Milliseconds since 1970 UTC; of a bucket: its start.
    t: Vec<i64>,
    /// `null` where there is no number.
    v: Vec<Option<f64>>,
    /// `good`, `uncertain` or `bad`.
    q: Vec<&'static str>,
}

#[utoipa::path(get, path = "/api/v1/samples", params(Ask), responses(
    (status = 200, body = Columns), (status = 400, body = ApiError),
    (status = 404, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn samples(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let Checked { query, point } = check(&app, &uri)?;
    let turn = turn(&app).await?;
    let blocks = app.state().store.query(query).await?;
    let answer = Answer {
        blocks,
        columns: Tail::default(),
        stage: Stage::Head(point),
        count: 0,
        _turn: turn,
    };
    let body = stream::unfold(answer, |mut answer| async {
        let piece = answer.next().await?;
        Some((piece, answer))
    });
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        Body::from_stream(body),
    )
        .into_response())
}

/// Waits for one of the few places in which answers are written.
pub(super) async fn turn(app: &App) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = || {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many questions at once",
        )
    };
    let turn = Arc::clone(&app.0.answers).acquire_owned();
    tokio::time::timeout(TURN, turn)
        .await
        .map_err(|_| busy())?
        .map_err(|_| busy())
}

/// An answer being written. Times go out as they come; values and qualities of the same samples
/// must wait for the last time, because each is an array of its own: they wait as text.
struct Answer {
    blocks: mpsc::Receiver<Result<Block, StoreError>>,
    columns: Tail,
    stage: Stage,
    count: usize,
    _turn: OwnedSemaphorePermit,
}

enum Stage {
    Head(PointInfo),
    Times,
    Values(std::vec::IntoIter<String>),
    Qualities,
    Done,
}

/// The columns that wait: values in pieces of text, qualities as runs.
#[derive(Default)]
struct Tail {
    values: Vec<String>,
    qualities: VecDeque<(Quality, u32)>,
}

/// Bytes of one piece.
const PIECE: usize = 16 << 10;

impl Answer {
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Head(point) => {
                self.stage = Stage::Times;
                let (id, unit) = (quoted(&point.id), quoted(&point.unit));
                Some(Ok(
                    format!("{{\"point\":{id},\"unit\":{unit},\"t\":[").into()
                ))
            }
            Stage::Times => Some(self.times().await),
            Stage::Values(mut pieces) => Some(Ok(if let Some(piece) = pieces.next() {
                self.stage = Stage::Values(pieces);
                piece.into()
            } else {
                self.stage = Stage::Qualities;
                "],\"q\":[".into()
            })),
            Stage::Qualities => Some(Ok(self.qualities())),
            Stage::Done => None,
        }
    }

    async fn times(&mut self) -> Result<Bytes, StoreError> {
        let Some(block) = self.blocks.recv().await else {
            self.stage = Stage::Values(std::mem::take(&mut self.columns.values).into_iter());
            return Ok("],\"v\":[".into());
        };
        // An answer cut short must not look whole: the error breaks the connection.
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
        self.stage = Stage::Times;
        Ok(times.into())
    }

    fn qualities(&mut self) -> Bytes {
        let Some((quality, count)) = self.columns.qualities.pop_front() else {
            return "]}".into();
        };
        let mut text = String::new();
        let mut left = count;
        while left > 0 && text.len() < PIECE {
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
        self.stage = Stage::Qualities;
        text.into()
    }
}

impl Tail {
    fn push(&mut self, sample: &Sample, comma: &str) {
        if self.values.last().is_none_or(|piece| piece.len() >= PIECE) {
            self.values.push(String::with_capacity(PIECE + 32));
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

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Makes a question of what was asked, or says what was expected.
pub(super) fn check(app: &App, uri: &Uri) -> Result<Checked, ApiError> {
    let Asked(ask) = Asked::<Ask>::try_from_uri(uri)
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let id = ask.point.unwrap_or_default();
    let (device, point) = known(app, &id)?;
    let to = moment("to", ask.to.as_deref())?.unwrap_or_else(|| UtcMs(app.now().0 + 1));
    let from = moment("from", ask.from.as_deref())?.unwrap_or(UtcMs(to.0 - DAY_MS));
    if from >= to {
        let found = format!("{} >= {}", from.0, to.0);
        return Err(ApiError::parameter("from", &found, "a moment before `to`"));
    }
    let step = step(ask.step.as_deref())?;
    let aggregate = aggregate(ask.agg.as_deref())?;
    let width = match step {
        Step::Raw => app.site().devices[device].every_ms,
        Step::Millis(width) => width,
        Step::Day | Step::Month | Step::Year => DAY_MS.unsigned_abs(),
    };
    let count = (to.0 - from.0).unsigned_abs() / width.max(1);
    if !matches!(step, Step::Raw) && count > SAMPLES_PER_ANSWER_MAX as u64 {
        let expected = format!("a step that gives at most {SAMPLES_PER_ANSWER_MAX} buckets");
        return Err(ApiError::parameter(
            "step",
            &format!("{count} buckets"),
            expected,
        ));
    }
    Ok(Checked {
        query: Query {
            point: id,
            from,
            to,
            step,
            aggregate,
        },
        point,
    })
}

fn known(app: &App, id: &str) -> Result<(usize, PointInfo), ApiError> {
    let found = app.site().find(id).zip(app.site().point(id));
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
        let error = ApiError::parameter("point", id, expected);
        ApiError {
            status: if id.is_empty() { 400 } else { 404 },
            ..error
        }
    })?;
    Ok((usize::from(device), point.clone()))
}

fn moment(name: &'static str, text: Option<&str>) -> Result<Option<UtcMs>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().map(UtcMs);
    // In a query `+` stands for a space, and people paste offsets as they are.
    let time = number.or_else(|| exchange::read_time(&text.replace(' ', "+")));
    let expected = "RFC 3339 with an offset (2026-11-21T10:00:00+07:00) or milliseconds since 1970";
    let time = time.filter(|at| TIMES.contains(&at.0));
    time.map(Some)
        .ok_or_else(|| ApiError::parameter(name, text, expected))
}

fn step(text: Option<&str>) -> Result<Step, ApiError> {
    let Some(text) = text else {
        return Ok(Step::Raw);
    };
    let wrong = || ApiError::parameter("step", text, STEPS);
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (count, unit) = text.split_at(split);
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let width = match (count, unit) {
        (1, "d") => return Ok(Step::Day),
        (1, "mo") => return Ok(Step::Month),
        (1, "y") => return Ok(Step::Year),
        (_, "ms") => 1,
        (_, "s") => 1000,
        (_, "m") => 60_000,
        (_, "h") => 3_600_000,
        _ => return Err(wrong()),
    };
    let millis = count.saturating_mul(width);
    (1..=DAY_MS.unsigned_abs())
        .contains(&millis)
        .then_some(Step::Millis(millis))
        .ok_or_else(wrong)
}

fn aggregate(text: Option<&str>) -> Result<Aggregate, ApiError> {
    Ok(match text {
        None | Some("mean") => Aggregate::Mean,
        Some("min") => Aggregate::Min,
        Some("max") => Aggregate::Max,
        Some("last") => Aggregate::Last,
        Some("sum") => Aggregate::Sum,
        Some("delta") => Aggregate::Delta,
        Some(other) => {
            return Err(ApiError::parameter(
                "agg",
                other,
                "mean, min, max, last, sum or delta",
            ));
        }
    })
}
