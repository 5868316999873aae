//! A reading as InfluxDB line protocol (DESIGN 5.5), written straight into a buffer.
//!
//! `kind,site=S,device=D point=1510.0,other=7 1795230010000`: one field a point, floats all, time
//! in milliseconds. What the protocol cannot carry (a backslash, a control character) becomes `_`:
//! its parsers disagree on what a backslash before a comma means, and a newline would start
//! another line.

use crate::model::{DeviceInfo, Reading};
use std::fmt::Write as _;

/// Appends the reading's line with its newline; false, and nothing appended, when no point has a
/// number.
pub fn encode(out: &mut String, site: &str, device: &DeviceInfo, reading: &Reading) -> bool {
    let start = out.len();
    measurement(out, &device.kind);
    tag(out, "site", site);
    tag(out, "device", &device.id);
    let mut mark = ' ';
    for (point, outcome) in device.points.iter().zip(&reading.outcomes) {
        if let Some(number) = outcome.number() {
            out.push(mark);
            name(out, &point.name);
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

/// A leading `#` would make the line a comment, no name at all would make it nonsense.
fn measurement(out: &mut String, kind: &str) {
    match kind.strip_prefix('#') {
        Some(rest) => {
            out.push('_');
            name(out, rest);
        }
        None if kind.is_empty() => out.push_str("device"),
        None => name(out, kind),
    }
}

/// An empty tag value is refused by servers; no tag says the same.
fn tag(out: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        out.extend([",", key, "="]);
        name(out, value);
    }
}

fn name(out: &mut String, text: &str) {
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
    use crate::model::{Number, Outcome, Reason};
    use crate::publish::payload::tests::{device, good, reading};
    use proptest::prelude::*;

    fn show(device: &DeviceInfo, reading: &Reading) -> Option<String> {
        let mut out = String::new();
        encode(&mut out, "desa-impian", device, reading).then_some(out)
    }

    #[test]
    fn a_line_has_kind_site_device_and_the_points_that_have_numbers() {
        let inverter = device("inverter", "inverter", &["ac_power", "temp", "f", "n"]);
        let outcomes = vec![
            good(15100, -1),
            Outcome::Bad(Reason::Missing),
            Outcome::Uncertain(Number::Float(1e300), Reason::Undated),
            good(-7, 0),
        ];
        assert_eq!(
            show(&inverter, &reading(1_795_230_010_000, outcomes)).unwrap(),
            "inverter,site=desa-impian,device=inverter ac_power=1510.0,f=1e+300,n=-7 1795230010000\n"
        );
    }

    #[test]
    fn a_reading_without_a_number_writes_nothing() {
        let level = device("l", "level", &["a"]);
        assert_eq!(
            show(&level, &reading(0, vec![Outcome::Bad(Reason::Timeout)])),
            None
        );
    }

    #[test]
    fn names_cannot_break_out_of_their_place() {
        let odd = device("a,b=c d\\", "#k k", &["p\nq r"]);
        assert_eq!(
            show(&odd, &reading(1, vec![good(1, 0)])).unwrap(),
            "_k\\ k,site=desa-impian,device=a\\,b\\=c\\ d_ p_q\\ r=1 1\n"
        );
    }

    proptest! {
        #[test]
        fn any_name_gives_one_line_whose_open_spaces_are_two(
            id: String, kind: String, point: String
        ) {
            let device = device(&id, &kind, &[&point]);
            let line = show(&device, &reading(1, vec![good(1, 0)])).unwrap();
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert!(line.ends_with("=1 1\n"));
            let open = line.replace("\\ ", "").matches(' ').count();
            prop_assert_eq!(open, 2);
        }
    }
}
