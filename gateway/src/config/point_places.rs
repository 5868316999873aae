//! [`check_point_places`]: checks that points have the keys that say where their values are, as
//! their kind of bus needs them.

use crate::config::BusLink;
use crate::config::bus_kinds::RawPoint;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;

/// Keys of the place of a value in messages, for texts.
const MESSAGE_KEYS: &str = "topic / field";

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
    let registers = [("register", &typed.register), ("type", &typed.r#type)];
    let is_message = typed.topic.is_some() || typed.field.is_some();
    let is_signal = typed.signal.is_some();
    let (link, has_place, wanted) = match link {
        // A point of another kind is reported with its device.
        None | Some(BusLink::Modbus(_)) if is_message || is_signal => return true,
        None | Some(BusLink::Modbus(_)) => {
            let missing = registers.iter().filter(|(_, typed)| typed.is_none());
            for (key, _) in missing {
                notes.add_error(at.span(), key, "fault-missing", "", "");
            }
            return true;
        }
        Some(link @ BusLink::Mqtt(_)) => (link, is_message, MESSAGE_KEYS),
        Some(link) => (link, is_signal, "signal"),
    };
    if has_place {
        return true;
    }
    let others = [
        ("signal", &typed.signal),
        ("topic", &typed.topic),
        ("field", &typed.field),
    ];
    let mut stray = registers.into_iter().chain(others);
    match stray.find_map(|(key, typed)| Some((key, typed.as_ref()?))) {
        Some((key, typed)) => {
            let kind = link.summary().kind;
            notes.add_error(typed.span(), key, "fault-place-of-bus", kind, wanted);
        }
        None => notes.add_error(at.span(), wanted, "fault-missing", "", ""),
    }
    false
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
        assert!(said.contains("topic / field"), "{said}");
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
