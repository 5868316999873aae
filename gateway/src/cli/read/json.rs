//! A device as it was read, for scripts.

use super::{Options, Seen, advice, each, hex, mbpoll, name_of, place_text, rank};
use crate::config::Config;
use crate::model::{Number, Reason};
use crate::status::Identity;
use serde_json::{Value, json};

fn identity_json(identity: &Identity) -> Value {
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

pub(super) fn as_json(config: &Config, index: usize, seen: &Seen, options: &Options) -> Value {
    let once = &seen.once;
    let device = &config.devices[index];
    let points: Vec<Value> = device
        .points
        .iter()
        .zip(each(device, once))
        .enumerate()
        .map(|(number, (point, (place, outcome, words)))| {
            let value = outcome.and_then(|outcome| outcome.number());
            let ranked = seen.ranking(number, options);
            json!({
                "id": format!("{}.{}", device.id, point.name),
                "register": place_text(place),
                "words": words,
                "meaning": ranked.map(|(point, ranking)| rank::as_json(point, value, &ranking)),
                "value": value.map(Number::to_f64),
                "refused": once.beyond.get(number).copied().flatten().map(Number::to_f64),
                "min": point.min,
                "max": point.max,
                "unit": &*point.unit,
                "name": words.and_then(|words| name_of(point, words)),
                "confidence": point.about.confidence.word(),
                "quality": outcome.map_or("bad", |o| o.quality().word()),
                "reason": outcome.and_then(|o| o.reason()).map(Reason::word),
            })
        })
        .collect();
    json!({
        "device": &*device.id,
        "identity": once.identity.as_ref().map(identity_json),
        "points": points,
        "round_trip_ms": once.round_trip_ms,
        "round_trips_ms": seen.round_trips_ms,
        "sent": hex(&once.sent),
        "received": hex(&once.received),
        "failure": once.failure.as_ref().map(|(failure, detail)| json!({
            "reason": failure.reason().word(),
            "detail": detail,
        })),
        "advice": advice(&config.buses[device.bus], seen),
        "mbpoll": mbpoll::commands(&config.buses[device.bus], device, once),
    })
}
