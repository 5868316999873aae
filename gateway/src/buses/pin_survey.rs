//! Survey of the gateway's own pins, for `pantau scan`: lines of a GPIO chip, sensor chips on an
//! I2C bus, probes on 1-Wire, and the sensor at a UART. The lists are blocking, and write nothing
//! but the requests of the chips.

use super::{gpio, i2c, one_wire, uart};
use drivers::one_wire::RomCode;
use drivers::sensor_fault::SensorFault;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

pub use gpio::FoundLine;
pub use i2c::FoundChip;
pub use uart::{UartSurvey, hear_sensor};

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

/// Whether a path is an I2C bus of a simulator.
pub fn is_simulated_i2c(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Whether a folder has 1-Wire probes in it, as that of the kernel.
pub fn is_probe_folder(path: &Path) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| name.to_str().and_then(RomCode::from_linux_name).is_some())
}

/// Returns the probes of all 1-Wire buses. It takes up to a second for each.
pub fn list_probes(folder: &Path) -> io::Result<Vec<FoundProbe>> {
    let probes = one_wire::list_probes(folder)?.into_iter();
    Ok(probes
        .map(|(serial, celsius)| FoundProbe { serial, celsius })
        .collect())
}
