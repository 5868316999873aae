//! [`ProbeWriter`]: simulated 1-Wire probes, as the kernel shows them.

use super::bus_files::{BusFiles, replace_file};
use super::pin_point::SimulatedPinPoint;
use crate::simulator::world::SimulatedWorld;
use drivers::ds18b20::scratchpad_of_word;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Probes of a bus, each with its file and the text in it.
#[derive(Debug)]
pub(super) struct ProbeWriter(Vec<(SimulatedPinPoint, PathBuf, String)>);

impl ProbeWriter {
    /// Makes a folder for each probe.
    pub(super) fn new(folder: &Path, points: Vec<SimulatedPinPoint>) -> io::Result<Self> {
        let mut probes = Vec::new();
        for point in points {
            if let Some(serial) = point.chip().and_then(|chip| chip.serial) {
                let probe = folder.join(serial.to_string());
                std::fs::create_dir_all(&probe)?;
                probes.push((point, probe.join("w1_slave"), String::new()));
            }
        }
        Ok(Self(probes))
    }
}

impl BusFiles for ProbeWriter {
    fn write(&mut self, world: &SimulatedWorld) -> io::Result<()> {
        let now = world.snapshot();
        for (point, file, before) in &mut self.0 {
            let text = w1_slave_text(point.word(&now).cast_signed());
            if text != *before {
                replace_file(file, &text)?;
                *before = text;
            }
        }
        Ok(())
    }
}

/// Text of the driver `w1_therm` for a temperature in sixteenths of a degC.
fn w1_slave_text(sixteenths: i16) -> String {
    let bytes = scratchpad_of_word(sixteenths);
    let mut hex = String::new();
    for byte in bytes {
        let _ = write!(hex, "{byte:02x} ");
    }
    let (sum, milli) = (bytes[8], i32::from(sixteenths) * 1000 / 16);
    format!("{hex}: crc={sum:02x} YES\n{hex}t={milli}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_the_kernel() {
        let expected =
            "50 01 4b 46 7f ff 0c 10 e8 : crc=e8 YES\n50 01 4b 46 7f ff 0c 10 e8 t=21000\n";
        assert_eq!(w1_slave_text(336), expected);
    }
}
