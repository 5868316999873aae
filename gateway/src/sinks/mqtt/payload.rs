//! JSON payload of a reading for MQTT (docs/configuration.md, `[mqtt]`), written directly into a
//! buffer.

use crate::domain::json_text::push_json_string;
use crate::domain::{DeviceInfo, NumberedReading, Quality, Reading, SampleOutcome, UtcMs};
use crate::storage::DeliveryLane;
use std::fmt::Write as _;

/// Appends `{"t":..,"store":..,"seq":..,"v":{..},"q":{..}}`. `q` lists only points whose quality is
/// not good and is left out when all are; a bad point has no value. `store` is the id of the store.
/// A reading of the backlog has `"backlog":true` after `seq`. A reading that never gets a date has
/// no `t`: a wrong time would look like a right one.
pub(super) fn encode_payload(
    out: &mut String,
    store: &str,
    device: &DeviceInfo,
    (lane, numbered): (DeliveryLane, &NumberedReading),
) {
    let reading = &numbered.reading;
    out.push('{');
    if reading.dated {
        out.push_str("\"t\":\"");
        time(out, reading.at);
        out.push_str("\",");
    }
    // An id consists of digits and letters, so nothing in it needs an escape.
    let seq = numbered.seq;
    let _ = write!(out, "\"store\":\"{store}\",\"seq\":{seq}");
    // A subscriber that shows the present must not take it for the newest value.
    if lane == DeliveryLane::Backlog {
        out.push_str(",\"backlog\":true");
    }
    out.push_str(",\"v\":{");
    write_values(out, device, reading);
    out.push('}');
    write_qualities(out, device, reading);
    out.push('}');
}

/// Appends a time as RFC 3339 in UTC; with milliseconds only when they are not zero.
pub(super) fn time(out: &mut String, at: UtcMs) {
    // `div_euclid` and `rem_euclid` round down, so that times before 1970 have positive
    // milliseconds.
    let second = at.0.div_euclid(1000);
    let milli = at.0.rem_euclid(1000);
    // A time outside the calendar (years -9999 to 9999) is written as the epoch; `seq` still gives
    // the order.
    let moment = jiff::Timestamp::from_second(second).unwrap_or_default();
    let _ = write!(out, "{moment}");
    if milli != 0 {
        out.pop();
        let _ = write!(out, ".{milli:03}Z");
    }
}

/// Returns the quality of a sample; a reading with an uncertain time has no good sample.
fn effective_quality(reading: &Reading, outcome: &SampleOutcome) -> Quality {
    match outcome.quality() {
        Quality::Good if !reading.dated => Quality::Uncertain,
        quality => quality,
    }
}

fn write_values(out: &mut String, device: &DeviceInfo, reading: &Reading) {
    let mut comma = "";
    // Values and qualities are written in two passes, since they stand in two objects.
    for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
        if let Some(number) = outcome.number() {
            out.push_str(comma);
            push_json_string(out, &point.name);
            out.push(':');
            number.append_to(out);
            comma = ",";
        }
    }
}

fn write_qualities(out: &mut String, device: &DeviceInfo, reading: &Reading) {
    let mut open = ",\"q\":{";
    for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
        let quality = effective_quality(reading, outcome);
        if quality != Quality::Good {
            out.push_str(open);
            push_json_string(out, &point.name);
            let _ = write!(out, ":\"{}\"", quality.word());
            open = ",";
        }
    }
    if open == "," {
        out.push('}');
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::{ExactNumber, MonoMs, PointInfo, QualityReason};
    use proptest::prelude::*;

    /// A device with these points.
    pub(crate) fn test_device(id: &str, kind: &str, points: &[&str]) -> DeviceInfo {
        let point = |name: &&str| PointInfo {
            id: format!("{id}.{name}").into(),
            name: (*name).into(),
            unit: "".into(),
            quantity: "".into(),
            counter: false,
        };
        DeviceInfo {
            id: id.into(),
            bus: "bus".into(),
            profile: None,
            kind: kind.into(),
            every_ms: 1000,
            points: points.iter().map(point).collect(),
        }
    }

    /// A dated reading of device 0.
    pub(crate) fn reading(at: i64, outcomes: Vec<SampleOutcome>) -> Reading {
        Reading {
            device: 0,
            at: UtcMs(at),
            mono: MonoMs(0),
            dated: true,
            outcomes: outcomes.into(),
        }
    }

    /// A good decimal.
    pub(crate) fn good_decimal(mantissa: i64, exponent: i8) -> SampleOutcome {
        SampleOutcome::Good(ExactNumber::Decimal { mantissa, exponent })
    }

    fn encode_to_string(device: &DeviceInfo, seq: u64, reading: Reading) -> String {
        let mut out = String::new();
        encode_payload(
            &mut out,
            "k3f9q2",
            device,
            (DeliveryLane::Live, &NumberedReading { seq, reading }),
        );
        out
    }

    #[test]
    fn the_message_is_the_one_of_the_contract() {
        let inverter = test_device("inverter", "inverter", &["ac_power", "ac_energy", "temp"]);
        let outcomes = vec![
            good_decimal(15100, -1),
            good_decimal(81234, -1),
            SampleOutcome::Bad(QualityReason::Missing),
        ];
        assert_eq!(
            encode_to_string(&inverter, 1234, reading(1_795_230_010_000, outcomes)),
            r#"{"t":"2026-11-21T03:00:10Z","store":"k3f9q2","seq":1234,"v":{"ac_power":1510.0,"ac_energy":8123.4},"q":{"temp":"bad"}}"#
        );
    }

    #[test]
    fn a_reading_of_the_backlog_says_so() {
        let level = test_device("level", "level", &["level"]);
        let reading = reading(5, vec![good_decimal(7, 0)]);
        let (mut out, numbered) = (String::new(), NumberedReading { seq: 1, reading });
        encode_payload(
            &mut out,
            "k3f9q2",
            &level,
            (DeliveryLane::Backlog, &numbered),
        );
        let wanted = r#""store":"k3f9q2","seq":1,"backlog":true,"v":{"level":7}}"#;
        assert!(out.ends_with(wanted), "{out}");
    }

    #[test]
    fn nothing_doubtful_means_no_q_and_milliseconds_show_only_where_there_are_any() {
        let level = test_device("level", "level", &["level"]);
        assert_eq!(
            encode_to_string(&level, 1, reading(5, vec![good_decimal(7, 0)])),
            r#"{"t":"1970-01-01T00:00:00.005Z","store":"k3f9q2","seq":1,"v":{"level":7}}"#
        );
    }

    #[test]
    fn an_undated_reading_is_uncertain_throughout_and_has_no_time() {
        let level = test_device("level", "level", &["a", "b"]);
        let mut undated = reading(
            0,
            vec![
                good_decimal(7, 0),
                SampleOutcome::Bad(QualityReason::Timeout),
            ],
        );
        undated.dated = false;
        assert_eq!(
            encode_to_string(&level, 1, undated),
            r#"{"store":"k3f9q2","seq":1,"v":{"a":7},"q":{"a":"uncertain","b":"bad"}}"#
        );
    }

    #[test]
    fn a_device_that_did_not_answer_still_says_so() {
        let level = test_device("level", "level", &["a"]);
        assert!(
            encode_to_string(
                &level,
                9,
                reading(0, vec![SampleOutcome::Bad(QualityReason::Timeout)])
            )
            .ends_with(r#""seq":9,"v":{},"q":{"a":"bad"}}"#)
        );
    }

    proptest! {
        #[test]
        fn whatever_the_names_and_numbers_it_is_json_with_the_same_numbers(
            names in proptest::collection::vec("\\PC{0,8}[\"\\\\\n\t]?", 1..5),
            mantissa: i64,
            exponent in -18i8..=18,
            float in proptest::num::f64::NORMAL | proptest::num::f64::ZERO,
            at in -62_135_596_800_000i64..253_402_207_200_000,
        ) {
            let numbered = names.iter().zip(0..);
            let names: Vec<String> = numbered.map(|(n, i)| format!("{i}{n}")).collect();
            let device = test_device("d", "k", &names.iter().map(String::as_str).collect::<Vec<_>>());
            let numbers = [ExactNumber::Decimal { mantissa, exponent }, ExactNumber::Float(float)];
            let outcomes = names.iter().zip(numbers.iter().cycle());
            let outcomes = outcomes.map(|(_, n)| SampleOutcome::Good(*n)).collect();
            let text = encode_to_string(&device, 3, reading(at, outcomes));
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            for (name, number) in names.iter().zip(numbers.iter().cycle()) {
                let found = json["v"][name].as_f64().unwrap();
                let wanted = number.to_f64();
                prop_assert!((found - wanted).abs() <= wanted.abs() * 1e-15, "{found} {wanted}");
            }
            let t: jiff::Timestamp = json["t"].as_str().unwrap().parse().unwrap();
            prop_assert_eq!(t.as_millisecond(), at);
        }
    }
}
