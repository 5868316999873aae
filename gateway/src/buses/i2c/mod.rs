//! `I2cReader`: sensor chips on an I2C bus of the kernel: converters, temperature and humidity.
//!
//! ```text
//! [[bus]]    id = "i2c", kind = "i2c", port = "/dev/i2c-1"
//! [[device]] id = "level", bus = "i2c", profile = "ads1115", address = 0x48
//! ```
//!
//! The drivers are those of the sensor node (crate `drivers`), over the I2C of
//! `linux-embedded-hal`. They run in the thread of their bus, which sleeps while a chip measures.
//! Wiring: docs/wiring.md.

mod battery_clock;
mod opened_bus;
mod socket_bus;

use super::PollError;
use super::blocking_bus::{BlockingReader, DeviceReading};
use super::chip_readings::{ChipError, collect_reading};
use super::device_access::access_error;
use crate::clock::Clock;
use crate::config::{ChipPoint, ChipSignal, Device, Point, SensorChip, VoltageMeaning};
use crate::domain::QualityReason;
use battery_clock::BatteryClock;
use drivers::ads1115::{Ads1115, Ads1115Input, Ads1115Rate, Ads1115Setup};
use drivers::ds3231::Ds3231;
use drivers::sensor_fault::SensorFault;
use drivers::sht::{Sht2x, Sht2xQuantity, Sht3x, Sht3xRepeatability, ShtReading};
use embedded_hal::i2c::I2c;
use opened_bus::OpenedI2c;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use socket_bus::{READ_PART, WRITE_PART};

/// Conversions a second of a converter: 8 also average the mains frequency out.
const CONVERTER_RATE: Ads1115Rate = Ads1115Rate::Rate8;

/// I2C bus with its devices.
#[derive(Debug)]
pub(super) struct I2cReader {
    port: PathBuf,
    devices: Vec<Arc<[Point]>>,
    battery_clock: BatteryClock,
}

impl I2cReader {
    /// Creates the reader; it opens nothing yet.
    pub(super) fn new(port: &Path, devices: Vec<Device>, clock: &Clock) -> Self {
        Self {
            battery_clock: BatteryClock::new(clock),
            port: port.to_path_buf(),
            devices: devices.into_iter().map(|device| device.points).collect(),
        }
    }

    /// Opens the bus for one poll: a bus that appears later is found then.
    fn open(&self) -> Result<OpenedI2c, PollError> {
        OpenedI2c::open(&self.port).map_err(|error| {
            let advice = "switch I2C on: dtparam=i2c_arm=on in /boot/firmware/config.txt, then \
                          restart";
            PollError {
                reason: QualityReason::Unreachable,
                message: access_error(&self.port, &error, "i2c", advice),
            }
        })
    }

    fn read_points(&self, bus: &mut OpenedI2c, device: usize) -> Result<DeviceReading, PollError> {
        let mut chip = ChipState::default();
        let mut is_held = false;
        collect_reading(&self.devices[device], |access| {
            let read = chip.read(bus, access);
            is_held |= bus.take_held();
            read.map_err(|fault| self.chip_error(access.address, fault, is_held))
        })
    }

    fn chip_error(&self, address: u8, fault: SensorFault, is_held: bool) -> ChipError {
        let place = format!("chip at 0x{address:02x} of {}", self.port.display());
        if !is_held {
            return ChipError::of_sensor(fault, &place);
        }
        ChipError {
            reason: QualityReason::InUse,
            message: format!(
                "{place} is used by a driver of the kernel; take its overlay (such as i2c-rtc) \
                 out of /boot/firmware/config.txt, or the device out of the configuration"
            ),
        }
    }
}

impl BlockingReader for I2cReader {
    fn read_device(&mut self, device: usize) -> Result<DeviceReading, PollError> {
        let mut bus = self.open()?;
        if self.devices[device].iter().any(is_battery_clock) {
            self.battery_clock.compare(&mut bus);
        }
        self.read_points(&mut bus, device)
    }
}

fn is_battery_clock(point: &Point) -> bool {
    let chip = point.access.chip().and_then(|access| access.chip);
    chip == Some(SensorChip::Ds3231)
}

/// Answers of the chips in one poll: a chip that gives several values measures once.
#[derive(Debug, Default)]
struct ChipState {
    sht3x: Option<Result<ShtReading, SensorFault>>,
}

impl ChipState {
    fn read(&mut self, bus: &mut impl I2c, access: &ChipPoint) -> Result<f64, SensorFault> {
        match (access.chip, access.signal) {
            (Some(SensorChip::Ads1115), ChipSignal::Voltage(input)) => {
                read_voltage(bus, access.address, input, access.meaning)
            }
            (Some(SensorChip::Sht3x), signal) => {
                let address = access.address;
                let reading = self.sht3x.get_or_insert_with(|| read_sht3x(bus, address));
                let reading = (*reading)?;
                Ok(match signal {
                    ChipSignal::Humidity => reading.humidity_percent,
                    _ => reading.celsius,
                })
            }
            (Some(SensorChip::Sht2x), signal) => read_sht2x(bus, signal),
            (Some(SensorChip::Ds3231), _) => Ds3231.read_celsius(bus),
            // The configuration has been checked: no other chip is on this bus.
            _ => Err(SensorFault::Absent),
        }
    }
}

fn read_voltage(
    bus: &mut impl I2c,
    address: u8,
    input: Ads1115Input,
    meaning: VoltageMeaning,
) -> Result<f64, SensorFault> {
    let mut converter = Ads1115::new(address);
    let setup = Ads1115Setup {
        input,
        range: meaning.range(),
        rate: CONVERTER_RATE,
    };
    let wait = converter.start_single(bus, setup)?;
    wait_for_chip(wait);
    meaning.value(converter.read(bus)?.volts()?)
}

fn read_sht3x(bus: &mut impl I2c, address: u8) -> Result<ShtReading, SensorFault> {
    let mut sensor = Sht3x::new(address);
    let wait = sensor.start(bus, Sht3xRepeatability::High)?;
    wait_for_chip(wait);
    sensor.read(bus)
}

fn read_sht2x(bus: &mut impl I2c, signal: ChipSignal) -> Result<f64, SensorFault> {
    let mut sensor = Sht2x::new();
    let quantity = match signal {
        ChipSignal::Humidity => Sht2xQuantity::Humidity,
        _ => Sht2xQuantity::Temperature,
    };
    let wait = sensor.start(bus, quantity)?;
    wait_for_chip(wait);
    sensor.read(bus)
}

/// Sensor chip that answers on I2C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundChip {
    /// I2C address.
    pub address: u8,
    /// Kind of chip that its answer fits; `None`: something else.
    pub chip: Option<SensorChip>,
    /// A driver of the kernel uses the address, so that it cannot be asked.
    pub is_held: bool,
}

/// Finds the sensor chips on a bus by an answer that only they give.
pub(super) fn identify_chips(port: &Path) -> std::io::Result<Vec<FoundChip>> {
    Ok(identify_on(&mut OpenedI2c::open(port)?))
}

fn identify_on(bus: &mut OpenedI2c) -> Vec<FoundChip> {
    let found = SensorChip::i2c_addresses().filter_map(|(chip, address)| {
        let mut byte = [0];
        let answers = bus.write_read(address, &[0], &mut byte).is_ok() || {
            // An SHT has no registers, and refuses to be read before it has measured.
            bus.write(address, &[]).is_ok()
        };
        let fits = answers && is_chip(bus, chip, address);
        let is_held = bus.take_held();
        (answers || is_held).then_some(FoundChip {
            address,
            chip: fits.then_some(chip),
            is_held,
        })
    });
    found.collect()
}

/// Whether the answers of a chip are those of this kind.
fn is_chip(bus: &mut impl I2c, chip: SensorChip, address: u8) -> bool {
    match chip {
        // Read only: what else has this address may be set by a write. Nobody uses the limits of
        // its comparator, so that they are those after power-on.
        SensorChip::Ads1115 => {
            let mut limits = [[0; 2]; 2];
            let low = bus.write_read(address, &[2], &mut limits[0]);
            let high = bus.write_read(address, &[3], &mut limits[1]);
            low.is_ok() && high.is_ok() && limits == [[0x80, 0x00], [0x7f, 0xff]]
        }
        SensorChip::Sht3x => read_sht3x(bus, address).is_ok(),
        SensorChip::Sht2x => read_sht2x(bus, ChipSignal::Temperature).is_ok(),
        // The mark of a stopped clock is an answer as well.
        SensorChip::Ds3231 => matches!(
            Ds3231.read_time(bus),
            Ok(_) | Err(SensorFault::ClockStopped)
        ),
        SensorChip::Ds18b20 | SensorChip::A02yyuw => false,
    }
}

/// Sleeps in the thread of the bus until a measurement is finished.
fn wait_for_chip(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests;
