//! JSON output of `pantau read`.

use super::device_reads::{DeviceReads, advice_key};
use super::point_text::{point_reads, register_text, value_name};
use super::{mbpoll, ranking};
use crate::config::Config;
use crate::domain::hex_text::hex_pairs;
use crate::domain::{ExactNumber, QualityReason};
use crate::status::DeviceIdentity;
use serde_json::{Value, json};

fn identity_json(identity: &DeviceIdentity) -> Value {
    let model = |(id, length): &(u16, u16)| json!({ "id": id, "length": length });
    json!({
        "manufacturer": identity.manufacturer,
        "model": identity.model,
        "options": identity.options,
        "version": identity.version,
        "serial": identity.serial,
        "base": identity.base,
        "models": identity.models.iter().map(model).collect::<Vec<_>>(),
        "cut_short": identity.cut_short,
    })
}

pub(super) fn device_json(
    config: &Config,
    index: usize,
    seen: &DeviceReads,
    display: &[(String, ExactNumber)],
) -> Value {
    let once = &seen.once;
    let device = &config.devices[index];
    let points: Vec<Value> = device
        .points
        .iter()
        .zip(point_reads(device, once))
        .enumerate()
        .map(|(number, (point, (place, outcome, words)))| {
            let value = outcome.and_then(|outcome| outcome.number());
            let ranked = seen.rank_point(number, display);
            let refused = once.details.out_of_range.get(number).copied().flatten();
            json!({
                "id": format!("{}.{}", device.id, point.name),
                "register": register_text(place),
                "words": words,
                "meaning": ranked.map(|(point, ranking)| ranking::ranking_json(point, value, &ranking)),
                "value": value.map(ExactNumber::to_f64),
                "refused": refused.map(ExactNumber::to_f64),
                "min": point.min,
                "max": point.max,
                "unit": &*point.unit,
                "name": words.and_then(|words| value_name(place.unwrap_or(point), words)),
                "confidence": point.about.confidence.word(),
                "quality": outcome.map_or("bad", |o| o.quality().word()),
                "reason": outcome.and_then(|o| o.reason()).map(QualityReason::word),
            })
        })
        .collect();
    json!({
        "device": &*device.id,
        "identity": once.identity.as_ref().map(identity_json),
        "points": points,
        "round_trip_ms": once.round_trip_ms,
        "round_trips_ms": seen.round_trips_ms,
        "sent": hex_pairs(&once.details.sent),
        "received": hex_pairs(&once.details.received),
        "failure": once.failure.as_ref().map(|(failure, detail)| json!({
            "reason": failure.reason.word(),
            "detail": detail.english(),
        })),
        "fault": once.fault.as_ref().map(|fault| json!({
            "reason": fault.reason.word(),
            "detail": fault.detail.english(),
        })),
        "other_registers": seen.others.to_json(),
        "advice": advice_key(&config.buses[device.bus], seen),
        "mbpoll": mbpoll::mbpoll_commands(&config.buses[device.bus], device, once),
    })
}
