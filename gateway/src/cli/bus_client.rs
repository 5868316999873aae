//! Access of a command to a bus: through the running gateway when it owns the bus, else directly.

use crate::api::client::{ApiClient, ApiClientError, percent_encode};
use crate::bus_request::{
    self, BusRequest, BusRequestAnswer, BusRequestError, BusRequestKind, BusRequestOutcome,
    ResponderCount,
};
use crate::cli::command_error::CommandError;
use crate::commissioning::scan;
use crate::config::{Bus, Config};
use crate::domain::hex_text::parse_hex;
use crate::domain::{
    DetailMessage, DetailPart, ExactNumber, FaultDetail, QualityReason, SampleOutcome,
};
use crate::i18n::Language;
use crate::server;
use serde_json::Value;
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// Tries to reach a gateway that has hung up, and the pause before each: ten seconds.
const RECONNECT_TRIES: u32 = 50;
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);
/// Code of the API for a bus whose task has ended.
const BUS_STOPPED: &str = "bus-stopped";

/// Sentence that names the program which holds a port of these buses; `None` when no program does.
pub(super) fn port_holder_text(buses: &[Bus], lang: Language) -> Option<String> {
    // Only a serial port can be held; TCP allows several connections.
    let mut ports = buses.iter().filter_map(|bus| bus.link.serial_port());
    ports.find_map(|line| scan::port_holder_text(&line.port, lang))
}

/// Handle to a bus that a running gateway owns; `None` when no gateway runs.
pub(super) async fn gateway_bus_handle(
    config: &Config,
    bus: &str,
) -> Result<Option<mpsc::Sender<BusRequest>>, CommandError> {
    let index = config.buses.iter().position(|known| *known.id == *bus);
    let has_devices = config
        .devices
        .iter()
        .any(|device| Some(device.bus) == index);
    // The gateway does not open a bus without devices.
    if !has_devices {
        return Ok(None);
    }
    let running = server::connect_client(&config.store.path).await?;
    Ok(running.map(|running| {
        let (door, errands) = bus_request::request_channel();
        let gateway = OwningGateway {
            running,
            store: config.store.path.clone(),
            bus: bus.to_owned(),
        };
        // Ends when the channels that hold the handle are dropped.
        tokio::spawn(gateway.forward_requests(errands));
        door
    }))
}

/// Running gateway that owns a bus.
struct OwningGateway {
    running: ApiClient,
    /// Directory of its store, where its socket is.
    store: PathBuf,
    bus: String,
}

impl OwningGateway {
    /// Sends bus requests to the running gateway, one at a time.
    async fn forward_requests(mut self, mut errands: mpsc::Receiver<BusRequest>) {
        while let Some(errand) = errands.recv().await {
            let done = self.forward_patiently(&errand).await;
            let done = done.unwrap_or_else(|trouble| BusRequestOutcome {
                said: Err(lost_gateway_error(&trouble)),
                sent: Vec::new(),
                received: Vec::new(),
            });
            // The receiver is gone when the command was stopped in between.
            let _ = errand.answer.send(done);
        }
    }

    /// Sends one request, again when the gateway hangs up: one that takes a new configuration over
    /// comes back at once. A write may have been sent: it is not repeated.
    async fn forward_patiently(
        &mut self,
        errand: &BusRequest,
    ) -> Result<BusRequestOutcome, CommandError> {
        let is_write = matches!(errand.wanted, BusRequestKind::Write(_));
        let mut tries = 0;
        loop {
            let done = forward_request(&mut self.running, &self.bus, errand).await;
            let is_lost = done.as_ref().is_err_and(is_hang_up);
            if !is_lost || is_write || tries == RECONNECT_TRIES {
                return done;
            }
            tries += 1;
            tokio::time::sleep(RECONNECT_PAUSE).await;
            if let Ok(Some(running)) = server::connect_client(&self.store).await {
                self.running = running;
            }
        }
    }
}

/// Whether a request failed because the gateway has hung up, or has just stopped the bus.
fn is_hang_up(trouble: &CommandError) -> bool {
    match trouble {
        CommandError::Api(ApiClientError::Refused { code, .. }) => code == BUS_STOPPED,
        CommandError::Api(_) => true,
        _ => false,
    }
}

/// Error of a bus whose gateway did not answer.
fn lost_gateway_error(trouble: &CommandError) -> BusRequestError {
    let english = trouble.to_string();
    BusRequestError {
        // For the caller a lost gateway is a bus that cannot be reached.
        reason: QualityReason::Unreachable,
        detail: if is_hang_up(trouble) {
            FaultDetail::message(english, "detail-gateway-gone", &[])
        } else {
            english.into()
        },
    }
}

/// Sends one bus request to the running gateway and waits for its result.
async fn forward_request(
    running: &mut ApiClient,
    bus: &str,
    errand: &BusRequest,
) -> Result<BusRequestOutcome, CommandError> {
    let (gap, patience) = (errand.gap.as_millis(), errand.patience.as_millis());
    let bus = percent_encode(bus);
    let what = control_path(errand.wanted);
    let path = format!("/control/{what}&bus={bus}&gap_ms={gap}&patience_ms={patience}");
    let json: Value = running.post_json(&path, &()).await?;
    parse_bus_answer(&json)
        .ok_or_else(|| CommandError::Refused(format!("unreadable answer: {json}")))
}

/// Path of a bus request on the control socket.
fn control_path(wanted: BusRequestKind) -> String {
    let asked = |door: &str, unit: u8, function: u8, address: u16, count: u16| {
        format!("{door}?unit={unit}&function={function}&address={address}&count={count}")
    };
    match wanted {
        BusRequestKind::Poll(device) => format!("poll?device={device}"),
        BusRequestKind::Read(ask) => {
            asked("ask", ask.unit, ask.function as u8, ask.address, ask.count)
        }
        BusRequestKind::Listen(ask) => {
            asked("hear", ask.unit, ask.function as u8, ask.address, ask.count)
        }
        // Function 0x2B/0x0E, read device identification: the address carries the object.
        BusRequestKind::Identification(ask) => asked("ask", ask.unit, 0x2b, ask.object.into(), 1),
        BusRequestKind::Write(write) => {
            let [first, second] = write.words;
            let count = u16::from(write.count);
            let begin = asked("write", write.unit, write.function(), write.address, count);
            let by = super::backend::current_user();
            let by = percent_encode(&by);
            format!("{begin}&first={first}&second={second}&by={by}")
        }
    }
}

/// Result of one bus request, from the JSON of the running gateway; `None` for an unknown form.
fn parse_bus_answer(json: &Value) -> Option<BusRequestOutcome> {
    let said = &json["said"];
    let said = if let Some(data) = said["data"].as_str() {
        Ok(BusRequestAnswer::Data(parse_hex(data)?))
    } else if let Some(code) = said["exception"].as_u64() {
        Ok(BusRequestAnswer::Exception(u8::try_from(code).ok()?))
    } else if let Some(word) = said["heard"].as_str() {
        Ok(BusRequestAnswer::Responders(
            ResponderCount::ALL
                .into_iter()
                .find(|one| one.word() == word)?,
        ))
    } else if said["written"].as_bool() == Some(true) {
        Ok(BusRequestAnswer::Written)
    } else if let Some(outcomes) = said["outcomes"].as_array() {
        let outcomes = outcomes.iter().map(parse_outcome);
        let fault = said["fault"].as_u64().and_then(|code| {
            Some(BusRequestError {
                reason: QualityReason::from_code(u8::try_from(code).ok()?)?,
                detail: parse_detail(said)?,
            })
        });
        let outcomes = outcomes.collect::<Option<_>>()?;
        Ok(BusRequestAnswer::Outcomes(outcomes, fault))
    } else if let Some(objects) = said["objects"].as_array() {
        let object = |pair: &Value| {
            let number = u8::try_from(pair[0].as_u64()?).ok()?;
            Some((number, pair[1].as_str()?.to_owned()))
        };
        let next = said["next"].as_u64();
        let next = next.and_then(|next| u8::try_from(next).ok());
        Ok(BusRequestAnswer::Objects(
            objects.iter().filter_map(object).collect(),
            next,
        ))
    } else {
        let code = u8::try_from(said["failure"].as_u64()?).ok()?;
        Err(BusRequestError {
            reason: QualityReason::from_code(code)?,
            detail: parse_detail(said)?,
        })
    };
    Some(BusRequestOutcome {
        said,
        sent: parse_hex(json["sent"].as_str()?)?,
        received: parse_hex(json["received"].as_str()?)?,
    })
}

/// Text of an error, from its parts where the gateway has sent them; `None` for an unknown form.
fn parse_detail(said: &Value) -> Option<FaultDetail> {
    let parts = said["parts"].as_array().into_iter().flatten();
    let part = |part: &Value| match part {
        Value::String(text) => Some(DetailPart::Verbatim(text.clone())),
        message => {
            let args = message["args"].as_object()?.iter();
            let arg = |(name, value): (&String, &Value)| {
                Some((Cow::Owned(name.clone()), value.as_str()?.to_owned()))
            };
            Some(DetailPart::Message(DetailMessage {
                key: Cow::Owned(message["key"].as_str()?.to_owned()),
                args: args.map(arg).collect::<Option<_>>()?,
            }))
        }
    };
    let parts = parts.map(part).collect::<Option<_>>()?;
    Some(FaultDetail::from_parts(
        said["detail"].as_str()?.to_owned(),
        parts,
    ))
}

/// Outcome of one point; `None` for an unknown form.
fn parse_outcome(json: &Value) -> Option<SampleOutcome> {
    let reason = match &json["reason"] {
        Value::Null => None,
        code => Some(QualityReason::from_code(
            u8::try_from(code.as_u64()?).ok()?,
        )?),
    };
    let number = match &json["number"] {
        Value::Null => None,
        Value::Array(parts) => Some(ExactNumber::Decimal {
            mantissa: parts.first()?.as_i64()?,
            exponent: i8::try_from(parts.get(1)?.as_i64()?).ok()?,
        }),
        float => Some(ExactNumber::Float(float.as_f64()?)),
    };
    Some(match (number, reason) {
        (Some(number), None) => SampleOutcome::Good(number),
        (Some(number), Some(reason)) => SampleOutcome::Uncertain(number, reason),
        (None, reason) => SampleOutcome::Bad(reason?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_a_gateway_says_of_an_errand_comes_back_whole() {
        let of =
            |said: Value| parse_bus_answer(&json!({ "said": said, "sent": "01", "received": "" }));
        let data = of(json!({ "data": "00ff" })).unwrap();
        assert_eq!(
            (data.said, data.sent),
            (Ok(BusRequestAnswer::Data(vec![0, 255])), vec![1])
        );
        let refused = of(json!({ "exception": 2 })).unwrap();
        assert_eq!(refused.said, Ok(BusRequestAnswer::Exception(2)));
        let objects = of(json!({ "objects": [[0, "Acme"]], "next": 1 })).unwrap();
        assert_eq!(
            objects.said,
            Ok(BusRequestAnswer::Objects(vec![(0, "Acme".into())], Some(1)))
        );
        let outcomes = json!([{ "number": [215, -1], "reason": null }]);
        let polled = of(json!({ "outcomes": outcomes, "fault": 18, "detail": "no JSON" })).unwrap();
        let number = ExactNumber::parse("21.5").unwrap();
        let fault = BusRequestError {
            reason: QualityReason::Unreadable,
            detail: "no JSON".into(),
        };
        let outcomes = vec![SampleOutcome::Good(number)];
        assert_eq!(
            polled.said,
            Ok(BusRequestAnswer::Outcomes(outcomes, Some(fault)))
        );
        for heard in ResponderCount::ALL {
            let told = of(json!({ "heard": heard.word() })).unwrap();
            assert_eq!(told.said, Ok(BusRequestAnswer::Responders(heard)));
        }
        assert_eq!(
            of(json!({ "written": true })).unwrap().said,
            Ok(BusRequestAnswer::Written)
        );
        let message = json!({ "key": "detail-timeout", "args": { "ms": "500" } });
        let code = QualityReason::Timeout.code();
        let silent = json!({ "failure": code, "detail": "x", "parts": ["Input:0: ", message] });
        let silent = of(silent).unwrap().said.unwrap_err();
        assert_eq!(silent.reason, QualityReason::Timeout);
        assert_eq!(
            Language::Id.fault_detail(&silent.detail),
            "Input:0: tidak ada jawaban dalam 500 ms"
        );
        assert_eq!(of(json!({})), None);
    }

    proptest! {
        #[test]
        fn any_hexadecimal_text_is_survived(text in "[0-9a-fA-F é]{0,20}") {
            if let Some(bytes) = parse_hex(&text) {
                prop_assert_eq!(bytes.len(), text.len().div_ceil(2));
            }
        }
    }
}
