//! Survey of the gateway's own pins, for `pantau scan`: lines of a GPIO chip, sensor chips on an
//! I2C bus, probes on 1-Wire. Blocking; it writes nothing but the requests of the chips.

use super::{gpio, i2c, one_wire};
use drivers::one_wire::RomCode;
use drivers::sensor_fault::SensorFault;
use std::io;
use std::path::Path;

pub use gpio::FoundLine;
pub use i2c::FoundChip;

/// Probe on 1-Wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundProbe {
    /// Serial number.
    pub serial: RomCode,
    /// Temperature, degC.
    pub celsius: Result<f64, SensorFault>,
}

/// Returns the lines of a GPIO chip.
pub fn list_lines(chip: &Path) -> io::Result<Vec<FoundLine>> {
    gpio::list_lines(chip)
}

/// Returns the sensor chips that answer on an I2C bus. Only addresses that such chips can have are
/// tried, since a request may disturb a chip of another kind.
pub fn list_chips(port: &Path) -> io::Result<Vec<FoundChip>> {
    i2c::identify_chips(port)
}

/// Returns the probes of all 1-Wire buses. It takes up to a second for each.
pub fn list_probes(folder: &Path) -> io::Result<Vec<FoundProbe>> {
    let probes = one_wire::list_probes(folder)?.into_iter();
    Ok(probes
        .map(|(serial, celsius)| FoundProbe { serial, celsius })
        .collect())
}
