//! Requests of a technician's command on a bus that this gateway owns: over the control socket,
//! done by the bus's task between two polls.

use super::App;
use super::error::{ApiError, Code};
use crate::errand::{Done, Errand, Said, Wanted};
use crate::limits::{COILS_PER_READ_MAX, WORDS_PER_READ_MAX};
use axum::Json;
use axum::extract::{Query, State as Of};
use axum::http::StatusCode;
use drivers::frame::{Function, Request};
use drivers::identification::Question;
use drivers::write::Write;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::oneshot;

/// Function of the device identification.
const IDENTIFICATION: u8 = 0x2b;

/// One request; `function` 1 to 4, or 43 with the first object as `address`.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    bus: String,
    unit: u8,
    function: u8,
    address: u16,
    count: u16,
    gap_ms: u64,
    patience_ms: u64,
}

pub(super) async fn ask(Of(app): Of<App>, Query(ask): Query<Ask>) -> Result<Json<Value>, ApiError> {
    let wanted = ask.wanted();
    run(&app, &ask, wanted).await
}

/// The same, listening to everything that answers.
pub(super) async fn hear(
    Of(app): Of<App>,
    Query(ask): Query<Ask>,
) -> Result<Json<Value>, ApiError> {
    let wanted = match ask.wanted() {
        Some(Wanted::Read(request)) => Some(Wanted::Hear(request)),
        _ => None,
    };
    run(&app, &ask, wanted).await
}

/// What `set-address` writes, with who does it; it stands in the audit before it is done.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    first: u16,
    second: u16,
    by: String,
}

pub(super) async fn write(
    Of(app): Of<App>,
    Query(ask): Query<Ask>,
    Query(written): Query<Written>,
) -> Result<Json<Value>, ApiError> {
    let multiple = match ask.function {
        6 => Some(false),
        16 => Some(true),
        _ => None,
    };
    let count = u8::try_from(ask.count).ok();
    let count = count.filter(|count| (1..=2).contains(count));
    let write = multiple.zip(count).map(|(multiple, count)| Write {
        unit: ask.unit,
        address: ask.address,
        words: [written.first, written.second],
        count,
        multiple,
    });
    if let Some(write) = &write {
        let by: String = written.by.chars().take(100).collect();
        let what = format!(
            "bus {}, unit {}: {:?} into holding:{} by {by}",
            ask.bus,
            write.unit,
            write.values(),
            write.address
        );
        app.state().store.note("set-address", what).await?;
    }
    run(&app, &ask, write.map(Wanted::Write)).await
}

async fn run(app: &App, ask: &Ask, wanted: Option<Wanted>) -> Result<Json<Value>, ApiError> {
    let Some(door) = app.state().errands.door(&ask.bus) else {
        let why = format!("this gateway reads nothing on bus {}", ask.bus);
        return Err(ApiError::new(StatusCode::NOT_FOUND, why));
    };
    let wanted = wanted.ok_or_else(|| {
        let found = format!("{} {} {}", ask.function, ask.address, ask.count);
        ApiError::parameter(
            "function",
            &found,
            "1 to 4 with registers that exist, 43, or 6 and 16 to write",
        )
    })?;
    let (answer, done) = oneshot::channel();
    let errand = Errand {
        wanted,
        gap: Duration::from_millis(ask.gap_ms),
        patience: Duration::from_millis(ask.patience_ms),
        answer,
    };
    let busy = |code, why: &str| ApiError::coded(StatusCode::SERVICE_UNAVAILABLE, code, why);
    door.try_send(errand)
        .map_err(|_| busy(Code::BusBusy, "others already wait for this bus; ask again"))?;
    let done = done
        .await
        .map_err(|_| busy(Code::BusStopped, "the bus was stopped"))?;
    Ok(Json(told(&done)))
}

impl Ask {
    fn wanted(&self) -> Option<Wanted> {
        if self.function == IDENTIFICATION {
            let (unit, object) = (self.unit, u8::try_from(self.address).ok()?);
            return Some(Wanted::Identification(Question { unit, object }));
        }
        let function = Function::from_code(self.function)?;
        let most = if function.is_bits() {
            COILS_PER_READ_MAX
        } else {
            WORDS_PER_READ_MAX
        };
        let last = self.address.checked_add(self.count.checked_sub(1)?);
        if self.count > most || last.is_none() {
            return None;
        }
        Some(Wanted::Read(Request {
            unit: self.unit,
            function,
            address: self.address,
            count: self.count,
        }))
    }
}

fn told(done: &Done) -> Value {
    let said = match &done.said {
        Ok(Said::Data(data)) => json!({ "data": hex(data) }),
        Ok(Said::Exception(code)) => json!({ "exception": code }),
        Ok(Said::Heard(heard)) => json!({ "heard": heard.word() }),
        Ok(Said::Written) => json!({ "written": true }),
        Ok(Said::Objects(objects, next)) => json!({ "objects": objects, "next": next }),
        Err(failed) => json!({ "failure": failed.reason.code(), "detail": failed.detail }),
    };
    json!({ "said": said, "sent": hex(&done.sent), "received": hex(&done.received) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
