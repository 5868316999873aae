//! Place of a device that has no unit, in words.

use super::Device;
use crate::i18n::Language;
use std::collections::BTreeSet;

/// Returns the line, the serial number, the address or the topics of a device; `None` for one on
/// Modbus, which has a unit.
pub(crate) fn pin_place(device: &Device, lang: Language) -> Option<String> {
    let topics = node_topics(device);
    if !topics.is_empty() {
        return Some(topics);
    }
    let mut accesses = device.points.iter().map(|point| &point.access);
    accesses.find_map(|access| match (access.gpio(), access.chip()) {
        (Some(line), _) => {
            let line = line.line.as_ref()?.to_string();
            Some(lang.text_with("sim-pin-line", &[("line", &line)]))
        }
        (_, Some(chip)) => match (chip.serial, chip.chip) {
            (Some(serial), _) => Some(serial.to_string()),
            (None, Some(kind)) if kind.bus_word() == "i2c" => {
                Some(format!("{} 0x{:02x}", kind.word(), chip.address))
            }
            (None, kind) => kind.map(|kind| kind.word().to_owned()),
        },
        _ => None,
    })
}

/// Topics of a sensor node at a broker; empty for a device of another kind of bus.
fn node_topics(device: &Device) -> String {
    let points = device.points.iter();
    let messages = points.filter_map(|point| point.access.mqtt());
    let topics: BTreeSet<&str> = messages.map(|message| &*message.topic).collect();
    topics.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    #[test]
    fn a_device_without_a_unit_has_another_place() {
        let site = SiteText::new("s")
            .tcp_bus("lan", 502)
            .device("meter", "lan", "unit = 3")
            .points(["{ id = 'v', register = 'holding:0', type = 'u16' }"])
            .bus("pins", "kind = 'gpio'")
            .device("rain", "pins", "line = 'GPIO27'")
            .points(["{ id = 'v', signal = 'pulses' }"])
            .bus("chips", "kind = 'i2c'")
            .device("well", "chips", "chip = 'ads1115'\naddress = 73")
            .points(["{ id = 'v', signal = 'a0' }"])
            .bus("broker", "kind = 'mqtt'\nurl = 'mqtt://h'")
            .device("node", "broker", "topic = 'farm/node'")
            .points(["{ id = 'v', field = 'v' }"]);
        let config = load_site(&site.text());
        let places = config.devices.iter();
        let places: Vec<_> = places.map(|one| pin_place(one, Language::En)).collect();
        let expected = ["", "line GPIO27", "ads1115 0x49", "farm/node"];
        let expected = expected.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
        assert_eq!(places, expected);
    }
}
