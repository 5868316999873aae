//! Place of a device on the gateway's own pins, in words.

use crate::config::Device;
use crate::i18n::Language;

/// Returns the line, the serial number or the address of a device; `None` for one on Modbus, which
/// has a unit.
pub(super) fn pin_place(device: &Device, lang: Language) -> Option<String> {
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
