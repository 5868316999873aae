//! [`check_point_places`]: checks that points have the keys that say where their values are, as
//! their kind of bus needs them.

use crate::config::BusLink;
use crate::config::bus_kinds::RawPoint;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;

/// Keys of the place of a value in messages, for texts.
const MESSAGE_KEYS: &str = "topic / field";
/// Examples of a place by the beginning of the word of its kind of bus.
const PLACE_EXAMPLES: &[(&str, &str)] = &[
    ("modbus", r#"`register = "holding:0", type = "u16"`"#),
    (
        "mqtt",
        r#"`field = "temperature"` (JSON) / `topic = "~/temperature"`"#,
    ),
    ("gpio", r#"`signal = "pulses"`"#),
    ("uart", r#"`signal = "distance"`"#),
    ("", r#"`signal = "temperature"`"#),
];

/// Checks points of a device on this bus, or of a profile; false when one is for another kind of
/// bus, or has no place at all on a bus that is not Modbus.
pub(crate) fn check_point_places(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawPoint>],
    link: Option<&BusLink>,
) -> bool {
    let mut all_fit = true;
    for at in raw {
        all_fit &= check_point_place(notes, at, link);
    }
    all_fit
}

fn check_point_place(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawPoint>,
    link: Option<&BusLink>,
) -> bool {
    let typed = at.get();
    let is_message = typed.topic.is_some() || typed.field.is_some();
    let is_signal = typed.signal.is_some();
    let has_register = typed.register.is_some() || typed.r#type.is_some();
    let kinds = [has_register, is_message, is_signal];
    if kinds.into_iter().filter(|has| *has).count() > 1 {
        // Keys of two kinds were reported with the point itself.
        return false;
    }
    let (fits, needed) = match link {
        // The bus of a profile is not known before a device has it.
        None if is_message || is_signal => return true,
        None | Some(BusLink::Modbus(_)) if !is_message && !is_signal => {
            report_missing_register(notes, at);
            return true;
        }
        None | Some(BusLink::Modbus(_)) => (false, "register"),
        Some(BusLink::Mqtt(_)) => (is_message, MESSAGE_KEYS),
        Some(_) => (is_signal, "signal"),
    };
    if !fits {
        let kind = link.map_or("modbus", |link| link.summary().kind);
        report_other_place(notes, at, kind, needed);
    }
    fits
}

fn report_missing_register(notes: &mut DiagnosticCollector<'_>, at: &SpannedValue<RawPoint>) {
    let typed = at.get();
    let keys = [("register", &typed.register), ("type", &typed.r#type)];
    for (key, _) in keys.iter().filter(|(_, typed)| typed.is_none()) {
        notes.add_error(at.span(), key, "fault-missing", "", "");
    }
}

/// Reports a point with the place of another kind of bus, with an example of this kind; or one that
/// has none, with the key that is needed.
fn report_other_place(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawPoint>,
    kind: &str,
    needed: &str,
) {
    let typed = at.get();
    let mut places = [
        ("register", &typed.register),
        ("type", &typed.r#type),
        ("signal", &typed.signal),
        ("field", &typed.field),
        ("topic", &typed.topic),
    ]
    .into_iter();
    let Some((key, stray)) = places.find_map(|(key, typed)| Some((key, typed.as_ref()?))) else {
        notes.add_error(at.span(), needed, "fault-missing", "", "");
        return;
    };
    let mut examples = PLACE_EXAMPLES.iter();
    let example = examples.find(|(begin, _)| kind.starts_with(begin));
    let example = example.map_or(needed, |(_, example)| *example);
    notes.add_error(stray.span(), key, "fault-place-of-bus", kind, example);
}

#[cfg(test)]
mod tests {
    use crate::tests::SiteText;

    /// Errors about a point with these keys on a bus of this kind.
    fn faults(bus: &str, device: &str, point: &str) -> String {
        let site = SiteText::new("s").bus("b", bus).device("d", "b", device);
        let text = site.points([format!("{{ id = 'p', {point} }}")]).text();
        let file = std::path::Path::new("pantau.toml");
        let faults = crate::config::load_config_text(&text, file, &|_| None).unwrap_err();
        faults.to_string()
    }

    #[test]
    fn a_profile_or_a_chip_of_another_bus_is_named_with_its_own() {
        let line = "kind = 'modbus-rtu'\nport = '/dev/ttyUSB0'";
        let site = SiteText::new("s").bus("b", line);
        let text = site.device("d", "b", "profile = 'tasmota-energy'").text();
        let file = std::path::Path::new("pantau.toml");
        let said = crate::config::load_config_text(&text, file, &|_| None).unwrap_err();
        let told = "profile: `tasmota-energy` (mqtt) is not for a bus of the kind `modbus-rtu`";
        assert!(said.to_string().contains(told), "{said}");
        let said = faults(
            "kind = 'one-wire'",
            "chip = 'sht3x'",
            "signal = 'temperature'",
        );
        assert!(
            said.contains("chip: `sht3x` (i2c) is not for a bus"),
            "{said}"
        );
    }

    #[test]
    fn a_point_is_told_the_keys_that_its_kind_of_bus_needs() {
        let node = |point: &str| {
            faults(
                "kind = 'mqtt'
url = 'mqtt://h'",
                "topic = 't'",
                point,
            )
        };
        let pins = |point: &str| faults("kind = 'gpio'", "line = 17", point);
        assert!(
            node("unit = 'W'").ends_with(": topic / field: missing"),
            "{}",
            node("unit = 'W'")
        );
        assert!(
            pins("unit = 'W'").ends_with(": signal: missing"),
            "{}",
            pins("unit = 'W'")
        );
        let register = "register = 'holding:0', type = 'u16'";
        let said = node(register);
        assert!(
            said.contains("register: not for a bus of the kind `mqtt`"),
            "{said}"
        );
        assert!(said.contains("`field = \"temperature\"` (JSON)"), "{said}");
        let line = "kind = 'modbus-rtu'\nport = '/dev/ttyUSB0'";
        for (key, point) in [("field", "field = 'x'"), ("topic", "topic = 't/x'")] {
            let said = faults(line, "", point);
            let told = format!("{key}: not for a bus of the kind `modbus-rtu`; write `register = ");
            assert!(said.contains(&told), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
        let both = faults(
            line,
            "",
            "register = 'holding:0', type = 'u16', field = 'x'",
        );
        assert!(!both.contains("not for a bus"), "{both}");
        for point in [register, "field = 'x'"] {
            let said = pins(point);
            assert!(
                said.contains("of the kind `gpio`") && said.contains("signal"),
                "{said}"
            );
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}
