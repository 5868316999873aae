//! [`OneWireReader`]: DS18B20 thermometers on the 1-Wire buses of the kernel (`w1_therm`).
//!
//! ```text
//! [[bus]]    id = "probes", kind = "one-wire"
//! [[device]] id = "compost", bus = "probes", profile = "ds18b20-1wire", serial = "28-0316a2795ab1"
//! ```
//!
//! A probe is known by the serial number in it, so that probes may be plugged in any order. The
//! kernel measures while the file is read, for up to 0.75 s a probe. Wiring: docs/wiring.md.

use super::PollError;
use super::blocking_bus::{BlockingReader, DeviceReading};
use super::chip_readings::{ChipError, collect_reading};
use crate::config::{ChipPoint, Device, Point};
use crate::domain::QualityReason;
use drivers::ds18b20::{Ds18b20Reading, scratchpad_from_w1_slave};
use drivers::one_wire::RomCode;
use drivers::sensor_fault::SensorFault;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a probe's file that are read at most; it has about 75.
const FILE_BYTES_MAX: u64 = 512;

/// 1-Wire buses with their probes.
#[derive(Debug)]
pub(super) struct OneWireReader {
    folder: PathBuf,
    devices: Vec<Arc<[Point]>>,
}

impl OneWireReader {
    /// Creates the reader; it opens nothing yet.
    pub(super) fn new(folder: &Path, devices: Vec<Device>) -> Self {
        Self {
            folder: folder.to_path_buf(),
            devices: devices.into_iter().map(|device| device.points).collect(),
        }
    }

    fn read_probe(&self, access: &ChipPoint) -> Result<f64, ChipError> {
        let serial = access.serial.map(|serial| serial.to_string());
        let serial = serial.unwrap_or_default();
        let celsius = read_celsius(&self.folder.join(&serial));
        celsius.map_err(|fault| ChipError::of_sensor(fault, &format!("probe {serial}")))
    }
}

impl BlockingReader for OneWireReader {
    fn read_device(&mut self, device: usize) -> Result<DeviceReading, PollError> {
        if !self.folder.is_dir() {
            return Err(PollError {
                reason: QualityReason::Unreachable,
                message: format!(
                    "{} does not exist: switch 1-Wire on with dtoverlay=w1-gpio in \
                     /boot/firmware/config.txt, then restart",
                    self.folder.display()
                ),
            });
        }
        collect_reading(&self.devices[device], |access| self.read_probe(access))
    }
}

/// Reads the temperature of one probe, degC.
fn read_celsius(probe: &Path) -> Result<f64, SensorFault> {
    let text = read_file(&probe.join("w1_slave")).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SensorFault::Absent,
        _ => SensorFault::BusFault,
    })?;
    let bytes = scratchpad_from_w1_slave(&text).ok_or(SensorFault::Checksum)?;
    Ds18b20Reading::from_scratchpad(&bytes).map(Ds18b20Reading::celsius)
}

fn read_file(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Serial numbers of all probes that the kernel sees, with their temperatures, degC.
pub(super) fn list_probes(folder: &Path) -> io::Result<Vec<(RomCode, Result<f64, SensorFault>)>> {
    let mut probes = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        // The masters of the buses are in the same folder.
        if let Some(serial) = name.to_str().and_then(RomCode::from_linux_name) {
            probes.push((serial, read_celsius(&folder.join(name))));
        }
    }
    probes.sort_by_key(|(serial, _)| *serial);
    Ok(probes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SampleOutcome;
    use crate::tests::{SiteText, load_site};

    const GOOD: &str =
        "50 01 4b 46 7f ff 0c 10 e8 : crc=e8 YES\n50 01 4b 46 7f ff 0c 10 e8 t=21000\n";

    /// A folder as the kernel's with one probe whose file has this text, and its reader.
    fn reader_of(text: Option<&str>) -> (tempfile::TempDir, OneWireReader) {
        let folder = tempfile::tempdir().unwrap();
        let probe = folder.path().join("28-0316a2795ab1");
        if let Some(text) = text {
            std::fs::create_dir(&probe).unwrap();
            std::fs::write(probe.join("w1_slave"), text).unwrap();
        }
        let keys = "chip = 'ds18b20'\nserial = '28-0316a2795ab1'\n\
                    point = [{ id = 'temperature', signal = 'temperature', unit = 'degC' }]";
        let site = SiteText::new("s").bus("w", "kind = 'one-wire'");
        let config = load_site(&site.device("probe", "w", keys).text());
        let reader = OneWireReader::new(folder.path(), config.devices);
        (folder, reader)
    }

    fn read(text: Option<&str>) -> Result<f64, QualityReason> {
        let (_folder, mut reader) = reader_of(text);
        let reading = reader.read_device(0).map_err(|error| error.reason)?;
        match reading.outcomes[0] {
            SampleOutcome::Good(number) => Ok(number.to_f64()),
            outcome => Err(outcome.reason().unwrap()),
        }
    }

    #[test]
    fn a_probe_is_read_from_the_file_of_the_kernel() {
        assert_eq!(read(Some(GOOD)), Ok(21.0));
    }

    #[test]
    fn a_wrong_checksum_no_probe_and_the_power_on_value_are_told_apart() {
        let garbled = GOOD.replace("50 01", "51 01");
        let fault = |fault| Err(QualityReason::Sensor(fault));
        assert_eq!(read(Some(&garbled)), fault(SensorFault::Checksum));
        assert_eq!(read(Some("")), fault(SensorFault::Checksum));
        assert_eq!(read(None), fault(SensorFault::Absent));
        let new = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n";
        assert_eq!(read(Some(new)), fault(SensorFault::PowerOnValue));
        let held_low = "00 00 00 00 00 00 00 00 00 : crc=00 YES\n";
        assert_eq!(read(Some(held_low)), fault(SensorFault::BusFault));
    }

    #[test]
    fn all_probes_of_the_kernel_are_listed_with_their_temperatures() {
        let (folder, _) = reader_of(Some(GOOD));
        std::fs::create_dir(folder.path().join("w1_bus_master1")).unwrap();
        let probes = list_probes(folder.path()).unwrap();
        let [(serial, celsius)] = &probes[..] else {
            panic!("{probes:?}");
        };
        assert_eq!(
            (serial.to_string().as_str(), *celsius),
            ("28-0316a2795ab1", Ok(21.0))
        );
    }
}
