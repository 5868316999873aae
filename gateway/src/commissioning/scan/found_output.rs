//! A found device as text and as JSON.

use super::{DeviceLocation, FoundDevice};
use crate::commissioning::scan_engine::{ProfileCandidate, ProfileEvidence};
use crate::config::Parity;
use crate::i18n::Language;
use serde_json::{Value, json};

/// `/dev/ttyUSB0 9600 8N1`, `10.0.0.7:502`.
pub fn place_text(place: &DeviceLocation) -> String {
    match place {
        DeviceLocation::Line(port, tuning) => format!("{} {}", port.display(), tuning.text()),
        DeviceLocation::Network(host, port) => format!("{host}:{port}"),
        DeviceLocation::Server(host, port) => format!("{host}:{port} RTU"),
    }
}

/// Reasons for this candidate, one sentence each.
pub fn candidate_reasons(candidate: &ProfileCandidate, lang: Language) -> Vec<String> {
    candidate
        .evidence
        .iter()
        .map(|why| reason_text(why, lang))
        .collect()
}

fn reason_text(why: &ProfileEvidence, lang: Language) -> String {
    match why {
        ProfileEvidence::Vendor(text) => lang.text_with("scan-why-vendor", &[("text", text)]),
        ProfileEvidence::Product(text) => lang.text_with("scan-why-product", &[("text", text)]),
        ProfileEvidence::Text(point, text) => {
            lang.text_with("scan-why-text", &[("point", point), ("text", text)])
        }
        ProfileEvidence::State(point, raw) => {
            let raw = raw.to_string();
            lang.text_with("scan-why-state", &[("point", point), ("raw", &raw)])
        }
        ProfileEvidence::Value(point, value, unit) => {
            format!("{point} {} {unit}", lang.locale().plain_digits(value))
        }
        ProfileEvidence::Models(base, count) => {
            let (base, count) = (base.to_string(), count.to_string());
            lang.text_with("scan-why-models", &[("base", &base), ("count", &count)])
        }
        ProfileEvidence::Factory => lang.text("scan-why-factory"),
        ProfileEvidence::Refused(count, all) => {
            let (count, all) = (count.to_string(), all.to_string());
            lang.text_with("scan-why-refused", &[("count", &count), ("all", &all)])
        }
        ProfileEvidence::Odd(point) => lang.text_with("scan-why-odd", &[("point", point)]),
        ProfileEvidence::Zero(count) => {
            lang.text_with("scan-why-zero", &[("count", &count.to_string())])
        }
    }
}

/// JSON of a found device, the same for `--json` and the API.
pub fn found_device_json(found: &FoundDevice, lang: Language) -> Value {
    let verdict = &found.verdict;
    let candidate = |one: &ProfileCandidate| {
        json!({
            "profile": &*one.profile,
            "kind": &*one.kind,
            "bits": one.bits,
            "why": candidate_reasons(one, lang),
        })
    };
    // Null when several profiles fit, so that no script takes the first one for sure.
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
        DeviceLocation::Line(port, tuning) => {
            json["port"] = json!(port);
            json["baud"] = json!(tuning.baud);
            json["parity"] = json!(parity_word(tuning.parity));
            json["stop_bits"] = json!(tuning.stop_bits);
        }
        DeviceLocation::Network(host, port) | DeviceLocation::Server(host, port) => {
            json["framing"] = json!(match found.place {
                DeviceLocation::Server(..) => "rtu",
                _ => "tcp",
            });
            json["host"] = json!(host);
            json["tcp_port"] = json!(port);
        }
    }
    json
}

pub(crate) fn parity_word(parity: Parity) -> &'static str {
    match parity {
        Parity::None => "none",
        Parity::Even => "even",
        Parity::Odd => "odd",
    }
}
