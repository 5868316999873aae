//! `/control/import`: samples of a file, compared with the kept ones or written.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::request_sender::RequestSender;
use crate::domain::hex_text::to_hex;
use crate::domain::sample_import::SampleImport;
use crate::domain::{ExactNumber, QualityReason, Sample, SampleOutcome, UtcMs};
use crate::limits::{IMPORT_LINE_MAX, IMPORT_ORIGIN_CHARS_MAX};
use crate::samples_csv::{
    self, CsvRowError, CsvRowErrorKind, CsvRowErrors, DuplicateTimeFinder, SAMPLES_QUALITY_HEADER,
};
use crate::storage::{FileImport, ImportComparison, ImportMode, ImportRow};
use axum::Json;
use axum::extract::{Query, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Point that an import goes to, and the file that it comes from.
#[derive(Debug, Deserialize)]
pub(super) struct ImportQuery {
    point: String,
    #[serde(default)]
    file: String,
    /// SHA-256 of the whole file, hexadecimal; that of the body when it is not given.
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    by: Option<String>,
    /// Interval between the rows, ms.
    #[serde(default)]
    interval_ms: i64,
    #[serde(default)]
    mode: ImportModeJson,
}

/// Treatment of the samples, as a parameter.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ImportModeJson {
    Compare,
    #[default]
    Add,
    Replace,
}

/// Comparison with the kept samples.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ImportedRowsJson {
    /// Rows of the request.
    pub(crate) rows: u64,
    pub(crate) new: u64,
    pub(crate) equal: u64,
    pub(crate) differing: u64,
    /// New rows that lie among kept samples.
    pub(crate) among: u64,
    /// Rows beyond the range of the point, which are stored as bad.
    pub(crate) outside: u64,
    pub(crate) written: bool,
    /// Time (ms), kept value and value of the file.
    pub(crate) first_differing: Option<(i64, Option<f64>, Option<f64>)>,
    pub(crate) first_among: Option<i64>,
    /// Time (ms) and value.
    pub(crate) first_outside: Option<(i64, f64)>,
}

impl ImportedRowsJson {
    /// Counts a row whose value is beyond the range.
    pub(crate) fn check_range(&mut self, (at, number): &ImportRow, (least, most): (f64, f64)) {
        let value = number.to_f64();
        if !(least..=most).contains(&value) {
            self.outside += 1;
            self.first_outside.get_or_insert((at.0, value));
        }
    }

    /// Adds the answer to the next piece of the file.
    pub(crate) fn add(&mut self, next: &Self) {
        self.rows += next.rows;
        self.new += next.new;
        self.equal += next.equal;
        self.differing += next.differing;
        self.among += next.among;
        self.outside += next.outside;
        self.written |= next.written;
        self.first_differing = self.first_differing.or(next.first_differing);
        self.first_among = self.first_among.or(next.first_among);
        self.first_outside = self.first_outside.or(next.first_outside);
    }
}

/// Imports one piece of a CSV with its heading: all rows or none.
pub(super) async fn import_samples(
    Of(app): Of<ApiListener>,
    Query(ask): Query<ImportQuery>,
    body: Bytes,
) -> Result<Json<ImportedRowsJson>, Response> {
    let rows = parse_rows(&body).map_err(|faults| {
        let first = faults.named.first();
        let words = first.map(|fault| match fault.other {
            // Nobody knows which of the two is right.
            Some(other) => format!("lines {other} and {}: {}", fault.line, fault.found),
            None => format!("line {}: {}", fault.line, fault.found),
        });
        ApiError::new(StatusCode::BAD_REQUEST, words.unwrap_or_default()).into_response()
    })?;
    let Some((every_ms, range)) = point_facts(&app, &ask.point) else {
        let error = ApiError::bad_parameter("point", &ask.point, "a point of this site");
        return Err(error.into_response());
    };
    let (samples, mut answer) = check_range(&rows, range);
    let import = FileImport {
        origin: import_origin(&ask, &body),
        every_ms,
        samples,
    };
    let mode = match ask.mode {
        ImportModeJson::Compare => ImportMode::Compare,
        ImportModeJson::Add => ImportMode::Add,
        ImportModeJson::Replace => ImportMode::Replace,
    };
    let found = app.state().store.import_file(import, mode).await;
    let found = found.map_err(|error| ApiError::from(error).into_response())?;
    answer.take_comparison(&found);
    if mode == ImportMode::Add && !found.written {
        let why = "samples are kept at these times; `mode=replace` replaces them";
        return Err(ApiError::new(StatusCode::CONFLICT, why.to_owned()).into_response());
    }
    Ok(Json(answer))
}

impl ImportedRowsJson {
    fn take_comparison(&mut self, found: &ImportComparison) {
        self.new = found.new;
        self.equal = found.equal;
        self.differing = found.differing;
        self.among = found.among;
        self.written = found.written;
        let plain = |number: Option<ExactNumber>| number.map(ExactNumber::to_f64);
        let first = found.first_differing;
        self.first_differing = first.map(|(at, kept, given)| (at.0, plain(kept), plain(given)));
        self.first_among = found.first_among.map(|at| at.0);
    }
}

/// Polling interval of a point, ms, and its lowest and highest value.
fn point_facts(app: &ApiListener, id: &str) -> Option<(i64, (f64, f64))> {
    let (device, _) = app.site().find_point(id)?;
    let every_ms = app.site().devices.get(usize::from(device))?.every_ms;
    let range = app.state().config.point_range(id);
    Some((i64::try_from(every_ms).unwrap_or(i64::MAX), range))
}

/// Samples of the rows. A value beyond the range is bad, as when it is read from the device.
/// One that the file calls wrong (`true`) is bad too.
fn check_range(rows: &[(ImportRow, bool)], range: (f64, f64)) -> (Vec<Sample>, ImportedRowsJson) {
    let mut answer = ImportedRowsJson {
        rows: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        ..ImportedRowsJson::default()
    };
    let mut sample = |(row, is_wrong): &(ImportRow, bool)| {
        if *is_wrong {
            let outcome = SampleOutcome::Bad(QualityReason::NotValid);
            return Sample { at: row.0, outcome };
        }
        let before = answer.outside;
        answer.check_range(row, range);
        Sample {
            at: row.0,
            outcome: if answer.outside == before {
                SampleOutcome::Good(row.1)
            } else {
                SampleOutcome::Bad(QualityReason::OutOfRange)
            },
        }
    };
    let samples = rows.iter().map(&mut sample).collect();
    (samples, answer)
}

/// Note of the import as it is kept.
fn import_origin(ask: &ImportQuery, body: &[u8]) -> SampleImport {
    let short = |text: &str| {
        text.chars()
            .take(IMPORT_ORIGIN_CHARS_MAX)
            .collect::<String>()
    };
    let by = RequestSender::current().recorded_or(ask.by.clone());
    let is_hash = ask.sha256.len() == 64 && ask.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sha256 = if is_hash {
        ask.sha256.to_lowercase()
    } else {
        to_hex(digest(&SHA256, body).as_ref())
    };
    SampleImport {
        id: 0,
        point: Arc::from(&*ask.point),
        file: short(&ask.file),
        sha256,
        by: short(&by.unwrap_or_default()),
        at: UtcMs(0),
        interval_ms: ask.interval_ms.max(0),
    }
}

/// All rows, or all faults.
fn parse_rows(text: &[u8]) -> Result<Vec<(ImportRow, bool)>, CsvRowErrors> {
    let mut faults = CsvRowErrors::default();
    let mut twice = DuplicateTimeFinder::default();
    let mut rows = Vec::new();
    let mut has_quality = false;
    for (line, number) in text.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        if number == 1 {
            has_quality = line.trim_ascii_end() == SAMPLES_QUALITY_HEADER.as_bytes();
            if !has_quality && !samples_csv::is_header(line) {
                // A binary file may be one long line; the message needs only its beginning.
                let found = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
                faults.push(CsvRowError::new(1, CsvRowErrorKind::Header, &found));
            }
            continue;
        }
        let marked = line.trim_ascii_end().strip_suffix(b",bad");
        let marked = marked.filter(|_| has_quality);
        let (line, is_wrong) = (marked.unwrap_or(line), marked.is_some());
        match samples_csv::parse_sample_row(number, &line[..line.len().min(IMPORT_LINE_MAX)]) {
            Ok((at, value)) => {
                twice.push(number, at, value);
                rows.push(((at, value), is_wrong));
            }
            Err(fault) => faults.push(fault),
        }
    }
    twice.report_duplicates(&mut faults);
    if faults.count == 0 {
        Ok(rows)
    } else {
        Err(faults)
    }
}
