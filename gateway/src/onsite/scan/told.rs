//! A found device in words and as JSON.

use super::{Found, Place};
use crate::config::Parity;
use crate::field::scan::{Candidate, Why};
use crate::words::Lang;
use serde_json::{Value, json};

/// `/dev/ttyUSB0 9600 8N1`, `10.0.0.7:502`.
pub fn place_text(place: &Place) -> String {
    match place {
        Place::Line(port, tuning) => format!("{} {}", port.display(), tuning.text()),
        Place::Network(host, port) => format!("{host}:{port}"),
        Place::Server(host, port) => format!("{host}:{port} RTU"),
    }
}

/// Why it may be this device, a sentence each.
pub fn reasons(candidate: &Candidate, lang: Lang) -> Vec<String> {
    candidate.why.iter().map(|why| reason(why, lang)).collect()
}

fn reason(why: &Why, lang: Lang) -> String {
    match why {
        Why::Vendor(text) => lang.say("scan-why-vendor", &[("text", text)]),
        Why::Product(text) => lang.say("scan-why-product", &[("text", text)]),
        Why::Text(point, text) => lang.say("scan-why-text", &[("point", point), ("text", text)]),
        Why::State(point, raw) => {
            let raw = raw.to_string();
            lang.say("scan-why-state", &[("point", point), ("raw", &raw)])
        }
        Why::Value(point, value, unit) => format!("{point} {value} {unit}"),
        Why::Models(base, count) => {
            let (base, count) = (base.to_string(), count.to_string());
            lang.say("scan-why-models", &[("base", &base), ("count", &count)])
        }
        Why::Factory => lang.text("scan-why-factory"),
        Why::Refused(count, all) => {
            let (count, all) = (count.to_string(), all.to_string());
            lang.say("scan-why-refused", &[("count", &count), ("all", &all)])
        }
        Why::Odd(point) => lang.say("scan-why-odd", &[("point", point)]),
        Why::Zero(count) => lang.say("scan-why-zero", &[("count", &count.to_string())]),
    }
}

/// The device as scripts and the API are told of it.
pub fn as_json(found: &Found, lang: Lang) -> Value {
    let verdict = &found.verdict;
    let candidate = |one: &Candidate| {
        json!({
            "profile": &*one.profile,
            "kind": &*one.kind,
            "bits": one.bits,
            "why": reasons(one, lang),
        })
    };
    let named = match verdict.candidates.as_slice() {
        [one] => Some(&*one.profile),
        _ => None,
    };
    let identity = &verdict.identity;
    let mut json = json!({
        "unit": found.unit,
        "configured": found.configured,
        "profile": named,
        "confidence": verdict.confidence.word(),
        "candidates": verdict.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "identity": {
            "manufacturer": identity.manufacturer,
            "model": identity.model,
            "version": identity.version,
            "serial": identity.serial,
        },
    });
    match &found.place {
        Place::Line(port, tuning) => {
            json["port"] = json!(port);
            json["baud"] = json!(tuning.baud);
            json["parity"] = json!(parity_word(tuning.parity));
            json["stop_bits"] = json!(tuning.stop_bits);
        }
        Place::Network(host, port) | Place::Server(host, port) => {
            json["framing"] = json!(match found.place {
                Place::Server(..) => "rtu",
                _ => "tcp",
            });
            json["host"] = json!(host);
            json["tcp_port"] = json!(port);
        }
    }
    json
}

pub(super) fn parity_word(parity: Parity) -> &'static str {
    match parity {
        Parity::None => "none",
        Parity::Even => "even",
        Parity::Odd => "odd",
    }
}
