//! `/control/ask`, `/control/hear`, `/control/write`, `/control/poll`: requests of a technician's
//! command on a bus that this gateway owns. They come over the control socket; the bus task runs
//! them between two polls.

use super::ApiListener;
use super::error::{ApiError, ApiErrorCode};
use crate::bus_request::{BusRequest, BusRequestAnswer, BusRequestKind, BusRequestOutcome};
use crate::domain::hex_text::to_hex;
use crate::domain::{DetailPart, ExactNumber, FaultDetail, QualityReason, SampleOutcome};
use crate::limits::{COILS_PER_READ_MAX, REGISTERS_PER_READ_MAX};
use axum::Json;
use axum::extract::{Query, State as Of};
use axum::http::StatusCode;
use drivers::frame::{ModbusReadFunction, ModbusReadRequest};
use drivers::identification::IdentificationRequest;
use drivers::write_request::ModbusWriteRequest;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

/// Modbus function 43 (0x2B), MEI type 14: read device identification.
const IDENTIFICATION_FUNCTION: u8 = 0x2b;

/// One Modbus request: `function` 1 to 4, or 43 with the first object id as `address`. `gap_ms` is
/// the pause before the request, `patience_ms` the time that the answer may take beyond its time on
/// the wire.
#[derive(Debug, Deserialize)]
pub(crate) struct BusRequestQuery {
    bus: String,
    unit: u8,
    function: u8,
    address: u16,
    count: u16,
    gap_ms: u64,
    patience_ms: u64,
}

/// Register values that `set-address` writes, and the person's name. They are noted in the audit
/// before the write.
#[derive(Debug, Deserialize)]
pub(crate) struct RegisterWriteQuery {
    first: u16,
    second: u16,
    by: String,
}

/// Sends the request and answers with data, exception code or failure.
pub(crate) async fn read_on_bus(
    Of(app): Of<ApiListener>,
    Query(ask): Query<BusRequestQuery>,
) -> Result<Json<Value>, ApiError> {
    let wanted = ask.parse_operation();
    run_bus_request(&app, &ask, wanted).await
}

/// Sends the same request and reports how many devices answer, for `set-address`.
pub(crate) async fn probe_on_bus(
    Of(app): Of<ApiListener>,
    Query(ask): Query<BusRequestQuery>,
) -> Result<Json<Value>, ApiError> {
    let wanted = match ask.parse_operation() {
        Some(BusRequestKind::Read(request)) => Some(BusRequestKind::Listen(request)),
        _ => None,
    };
    run_bus_request(&app, &ask, wanted).await
}

/// Writes one or two registers (function 6 or 16).
pub(crate) async fn write_on_bus(
    Of(app): Of<ApiListener>,
    Query(ask): Query<BusRequestQuery>,
    Query(written): Query<RegisterWriteQuery>,
) -> Result<Json<Value>, ApiError> {
    let multiple = match ask.function {
        6 => Some(false),
        16 => Some(true),
        _ => None,
    };
    let count = u8::try_from(ask.count).ok();
    let count = count.filter(|count| (1..=2).contains(count));
    let write = multiple
        .zip(count)
        .map(|(multiple, count)| ModbusWriteRequest {
            unit: ask.unit,
            address: ask.address,
            words: [written.first, written.second],
            count,
            multiple,
        });
    // Noted first: a crash after the write must leave a trace of it.
    if let Some(write) = &write {
        let by: String = written.by.chars().take(100).collect();
        let what = format!(
            "bus {}, unit {}: {:?} into holding:{} by {by}",
            ask.bus,
            write.unit,
            write.values(),
            write.address
        );
        app.state().store.append_audit("set-address", what).await?;
    }
    run_bus_request(&app, &ask, write.map(BusRequestKind::Write)).await
}

/// Device of a bus without registers that is polled: its position on the bus.
#[derive(Debug, Deserialize)]
pub(crate) struct DevicePollQuery {
    bus: String,
    device: u16,
}

/// Polls all points of a device and answers with their outcomes.
pub(crate) async fn poll_on_bus(
    Of(app): Of<ApiListener>,
    Query(ask): Query<DevicePollQuery>,
) -> Result<Json<Value>, ApiError> {
    let wanted = BusRequestKind::Poll(ask.device);
    send_bus_request(&app, &ask.bus, wanted, [Duration::ZERO; 2]).await
}

/// Checks the request and hands it to the task of the bus.
async fn run_bus_request(
    app: &ApiListener,
    ask: &BusRequestQuery,
    wanted: Option<BusRequestKind>,
) -> Result<Json<Value>, ApiError> {
    let wanted = wanted.ok_or_else(|| {
        let found = format!("{} {} {}", ask.function, ask.address, ask.count);
        ApiError::bad_parameter(
            "function",
            &found,
            "1 to 4 with registers that exist, 43, or 6 and 16 to write",
        )
    })?;
    let times = [ask.gap_ms, ask.patience_ms].map(Duration::from_millis);
    send_bus_request(app, &ask.bus, wanted, times).await
}

/// Hands a request to the task of the bus and waits for its answer. 404: no such bus here; 503: the
/// queue is full or the bus has stopped.
async fn send_bus_request(
    app: &ApiListener,
    bus: &str,
    wanted: BusRequestKind,
    [gap, patience]: [Duration; 2],
) -> Result<Json<Value>, ApiError> {
    let Some(door) = app.state().bus_handles.handle(bus) else {
        let why = format!("this gateway reads nothing on bus {bus}");
        return Err(ApiError::new(StatusCode::NOT_FOUND, why));
    };
    let (answer, done) = oneshot::channel();
    let errand = BusRequest {
        wanted,
        gap,
        patience,
        answer,
    };
    let busy = |code, why: &str| ApiError::with_code(StatusCode::SERVICE_UNAVAILABLE, code, why);
    // No waiting here: the queue of a bus is short, and the caller can ask again.
    door.try_send(errand).map_err(|_| {
        busy(
            ApiErrorCode::BusBusy,
            "others already wait for this bus; ask again",
        )
    })?;
    let done = done
        .await
        .map_err(|_| busy(ApiErrorCode::BusStopped, "the bus was stopped"))?;
    Ok(Json(bus_reply_json(&done)))
}

impl BusRequestQuery {
    /// The request as an operation of the bus; `None` when function, count or address range is
    /// invalid.
    fn parse_operation(&self) -> Option<BusRequestKind> {
        if self.function == IDENTIFICATION_FUNCTION {
            let (unit, object) = (self.unit, u8::try_from(self.address).ok()?);
            return Some(BusRequestKind::Identification(IdentificationRequest {
                unit,
                object,
            }));
        }
        let function = ModbusReadFunction::from_code(self.function)?;
        let most = if function.is_bits() {
            COILS_PER_READ_MAX
        } else {
            REGISTERS_PER_READ_MAX
        };
        let last = self.address.checked_add(self.count.checked_sub(1)?);
        if self.count > most || last.is_none() {
            return None;
        }
        Some(BusRequestKind::Read(ModbusReadRequest {
            unit: self.unit,
            function,
            address: self.address,
            count: self.count,
        }))
    }
}

/// Outcome of a point: mantissa and power of ten, or a float, and the code of its reason.
fn outcome_json(outcome: &SampleOutcome) -> Value {
    let number = match outcome.number() {
        Some(ExactNumber::Decimal { mantissa, exponent }) => json!([mantissa, exponent]),
        Some(ExactNumber::Float(value)) => json!(value),
        None => Value::Null,
    };
    json!({ "number": number, "reason": outcome.reason().map(QualityReason::code) })
}

/// Parts of a text about a failure, for a command that says it in the language of its reader.
fn detail_parts_json(detail: &FaultDetail) -> Vec<Value> {
    let part = |part: &DetailPart| match part {
        DetailPart::Verbatim(text) => json!(text),
        DetailPart::Message(message) => {
            let args = message.args.iter();
            let args = args.map(|(name, value)| (name.to_string(), json!(value)));
            let args: serde_json::Map<String, Value> = args.collect();
            json!({ "key": message.key, "args": args })
        }
    };
    detail.parts().iter().map(part).collect()
}

/// JSON of the answer: `said` is one of `data`, `exception`, `heard`, `written`, `objects`,
/// `outcomes`, `failure`; `sent` and `received` are the bytes on the wire in hexadecimal.
fn bus_reply_json(done: &BusRequestOutcome) -> Value {
    let said = match &done.said {
        Ok(BusRequestAnswer::Data(data)) => json!({ "data": to_hex(data) }),
        Ok(BusRequestAnswer::Exception(code)) => json!({ "exception": code }),
        Ok(BusRequestAnswer::Responders(heard)) => json!({ "heard": heard.word() }),
        Ok(BusRequestAnswer::Written) => json!({ "written": true }),
        Ok(BusRequestAnswer::Objects(objects, next)) => json!({ "objects": objects, "next": next }),
        Ok(BusRequestAnswer::Outcomes(outcomes, fault)) => json!({
            "outcomes": outcomes.iter().map(outcome_json).collect::<Vec<_>>(),
            "fault": fault.as_ref().map(|fault| fault.reason.code()),
            "detail": fault.as_ref().map(|fault| fault.detail.english()),
            "parts": fault.as_ref().map(|fault| detail_parts_json(&fault.detail)),
        }),
        Err(failed) => json!({
            "failure": failed.reason.code(),
            "detail": failed.detail.english(),
            "parts": detail_parts_json(&failed.detail),
        }),
    };
    json!({ "said": said, "sent": to_hex(&done.sent), "received": to_hex(&done.received) })
}
