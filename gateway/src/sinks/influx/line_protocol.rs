//! InfluxDB line protocol of a reading, written directly into a buffer.
//!
//! `kind,site=S,device=D point=1510.0,other=7 1795230010000`: one field for each point, all floats,
//! time in milliseconds. Characters that the protocol cannot carry (backslash, control characters)
//! become `_`: parsers differ in the meaning of a backslash before a comma, and a newline would
//! start another line.

use crate::domain::{DeviceInfo, Reading};
use std::fmt::Write as _;

/// Appends the reading's line with its newline; returns false and appends nothing when no point has
/// a number.
pub(super) fn encode_line(
    out: &mut String,
    site: &str,
    device: &DeviceInfo,
    reading: &Reading,
) -> bool {
    let start = out.len();
    write_measurement(out, &device.kind);
    write_tag(out, "site", site);
    write_tag(out, "device", &device.id);
    let mut mark = ' ';
    // No value is written for a bad point: line protocol has no null.
    for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
        if let Some(number) = outcome.number() {
            out.push(mark);
            write_escaped(out, &point.name);
            let _ = write!(out, "={number}");
            mark = ',';
        }
    }
    if mark == ' ' {
        out.truncate(start);
        return false;
    }
    let _ = writeln!(out, " {}", reading.at.0);
    true
}

/// Appends the measurement; a leading `#` would make the line a comment, and an empty name is
/// invalid.
fn write_measurement(out: &mut String, kind: &str) {
    match kind.strip_prefix('#') {
        Some(rest) => {
            out.push('_');
            write_escaped(out, rest);
        }
        None if kind.is_empty() => out.push_str("device"),
        None => write_escaped(out, kind),
    }
}

/// Appends a tag; servers refuse an empty tag value, so the tag is left out.
fn write_tag(out: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        out.extend([",", key, "="]);
        write_escaped(out, value);
    }
}

fn write_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            ',' | ' ' | '=' => out.extend(['\\', c]),
            '\\' => out.push('_'),
            c if c.is_control() => out.push('_'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
    use crate::sinks::mqtt::payload::tests::{good_decimal, reading, test_device};
    use proptest::prelude::*;

    fn encode_to_string(device: &DeviceInfo, reading: &Reading) -> Option<String> {
        let mut out = String::new();
        encode_line(&mut out, "desa-impian", device, reading).then_some(out)
    }

    #[test]
    fn a_line_has_kind_site_device_and_the_points_that_have_numbers() {
        let inverter = test_device("inverter", "inverter", &["ac_power", "temp", "f", "n"]);
        let outcomes = vec![
            good_decimal(15100, -1),
            SampleOutcome::Bad(QualityReason::Missing),
            SampleOutcome::Uncertain(ExactNumber::Float(1e300), QualityReason::Undated),
            good_decimal(-7, 0),
        ];
        assert_eq!(
            encode_to_string(&inverter, &reading(1_795_230_010_000, outcomes)).unwrap(),
            "inverter,site=desa-impian,device=inverter ac_power=1510.0,f=1e+300,n=-7 1795230010000\n"
        );
    }

    #[test]
    fn a_reading_without_a_number_writes_nothing() {
        let level = test_device("l", "level", &["a"]);
        assert_eq!(
            encode_to_string(
                &level,
                &reading(0, vec![SampleOutcome::Bad(QualityReason::Timeout)])
            ),
            None
        );
    }

    #[test]
    fn names_cannot_break_out_of_their_place() {
        let odd = test_device("a,b=c d\\", "#k k", &["p\nq r"]);
        assert_eq!(
            encode_to_string(&odd, &reading(1, vec![good_decimal(1, 0)])).unwrap(),
            "_k\\ k,site=desa-impian,device=a\\,b\\=c\\ d_ p_q\\ r=1 1\n"
        );
    }

    proptest! {
        #[test]
        fn any_name_gives_one_line_whose_open_spaces_are_two(
            id: String, kind: String, point: String
        ) {
            let device = test_device(&id, &kind, &[&point]);
            let line = encode_to_string(&device, &reading(1, vec![good_decimal(1, 0)])).unwrap();
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert!(line.ends_with("=1 1\n"));
            let open = line.replace("\\ ", "").matches(' ').count();
            prop_assert_eq!(open, 2);
        }
    }
}
