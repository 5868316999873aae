//! A reading as the MQTT contract spells it (DESIGN 5.4), written straight into a buffer.

use crate::model::{DeviceInfo, Numbered, Outcome, Quality, Reading, UtcMs};
use std::fmt::Write as _;

/// Appends `{"t":..,"seq":..,"v":{..},"q":{..}}`. `q` names only what is not good and is left out
/// when everything is; what is bad has no value.
pub fn encode(out: &mut String, device: &DeviceInfo, numbered: &Numbered) {
    let reading = &numbered.reading;
    out.push_str("{\"t\":\"");
    time(out, reading.at);
    let _ = write!(out, "\",\"seq\":{},\"v\":{{", numbered.seq);
    values(out, device, reading);
    out.push('}');
    doubts(out, device, reading);
    out.push('}');
}

/// Appends a moment as RFC 3339 in UTC; milliseconds only where there are any.
pub fn time(out: &mut String, at: UtcMs) {
    let second = at.0.div_euclid(1000);
    let milli = at.0.rem_euclid(1000);
    // Outside of what a calendar holds (years -9999 to 9999) stands the epoch: seq still tells
    // order.
    let moment = jiff::Timestamp::from_second(second).unwrap_or_default();
    let _ = write!(out, "{moment}");
    if milli != 0 {
        out.pop();
        let _ = write!(out, ".{milli:03}Z");
    }
}

/// Appends a JSON string.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\x1f' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// A reading whose time is in doubt has no good sample.
fn quality(reading: &Reading, outcome: &Outcome) -> Quality {
    match outcome.quality() {
        Quality::Good if !reading.dated => Quality::Uncertain,
        quality => quality,
    }
}

fn values(out: &mut String, device: &DeviceInfo, reading: &Reading) {
    let mut comma = "";
    for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
        if let Some(number) = outcome.number() {
            out.push_str(comma);
            string(out, &point.name);
            out.push(':');
            number.append_to(out);
            comma = ",";
        }
    }
}

fn doubts(out: &mut String, device: &DeviceInfo, reading: &Reading) {
    let mut open = ",\"q\":{";
    for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
        let quality = quality(reading, outcome);
        if quality != Quality::Good {
            out.push_str(open);
            string(out, &point.name);
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
    use crate::model::{MonoMs, Number, PointInfo, Reason};
    use proptest::prelude::*;

    /// A device with these points.
    pub(crate) fn device(id: &str, kind: &str, points: &[&str]) -> DeviceInfo {
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
    pub(crate) fn reading(at: i64, outcomes: Vec<Outcome>) -> Reading {
        Reading {
            device: 0,
            at: UtcMs(at),
            mono: MonoMs(0),
            dated: true,
            outcomes: outcomes.into(),
        }
    }

    /// A good decimal.
    pub(crate) fn good(mantissa: i64, exponent: i8) -> Outcome {
        Outcome::Good(Number::Decimal { mantissa, exponent })
    }

    fn show(device: &DeviceInfo, seq: u64, reading: Reading) -> String {
        let mut out = String::new();
        encode(&mut out, device, &Numbered { seq, reading });
        out
    }

    #[test]
    fn the_message_is_the_one_of_the_contract() {
        let inverter = device("inverter", "inverter", &["ac_power", "ac_energy", "temp"]);
        let outcomes = vec![
            good(15100, -1),
            good(81234, -1),
            Outcome::Bad(Reason::Missing),
        ];
        assert_eq!(
            show(&inverter, 1234, reading(1_795_230_010_000, outcomes)),
            r#"{"t":"2026-11-21T03:00:10Z","seq":1234,"v":{"ac_power":1510.0,"ac_energy":8123.4},"q":{"temp":"bad"}}"#
        );
    }

    #[test]
    fn nothing_doubtful_means_no_q_and_milliseconds_show_only_where_there_are_any() {
        let level = device("level", "level", &["level"]);
        assert_eq!(
            show(&level, 1, reading(5, vec![good(7, 0)])),
            r#"{"t":"1970-01-01T00:00:00.005Z","seq":1,"v":{"level":7}}"#
        );
    }

    #[test]
    fn an_undated_reading_is_uncertain_throughout() {
        let level = device("level", "level", &["a", "b"]);
        let mut undated = reading(0, vec![good(7, 0), Outcome::Bad(Reason::Timeout)]);
        undated.dated = false;
        assert!(show(&level, 1, undated).ends_with(r#""q":{"a":"uncertain","b":"bad"}}"#));
    }

    #[test]
    fn a_device_that_did_not_answer_still_says_so() {
        let level = device("level", "level", &["a"]);
        assert!(
            show(&level, 9, reading(0, vec![Outcome::Bad(Reason::Timeout)]))
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
            let device = device("d", "k", &names.iter().map(String::as_str).collect::<Vec<_>>());
            let numbers = [Number::Decimal { mantissa, exponent }, Number::Float(float)];
            let outcomes = names.iter().zip(numbers.iter().cycle());
            let outcomes = outcomes.map(|(_, n)| Outcome::Good(*n)).collect();
            let text = show(&device, 3, reading(at, outcomes));
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
