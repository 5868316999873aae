//! Sensirion's sensors of temperature and humidity on I2C: SHT20, SHT21 and SHT25 with their copies
//! HTU21D and Si7021 ([`Sht2x`]), and SHT30, SHT31 and SHT35 ([`Sht3x`]).
//!
//! A measurement is started, then read after the time that the start returns. No command holds the
//! clock line while the chip measures: older Raspberry Pis (BCM2835 to BCM2837) read such answers
//! wrong, and other chips on the bus would wait.

pub use crate::crc::crc8_sensirion;
use crate::measuring_range::MeasuringRange;
use crate::sensor_fault::SensorFault;
use embedded_hal::i2c::I2c;

mod sht2x;
mod sht3x;

pub use sht2x::{SHT2X_ADDRESS, Sht2x, Sht2xQuantity, sht2x_celsius, sht2x_humidity};
pub use sht3x::{
    SHT3X_ADDRESS, Sht3x, Sht3xRepeatability, ShtReading, sht3x_celsius, sht3x_humidity,
};

/// Returns a temperature if the chips can measure it.
fn check_celsius(celsius: f64) -> Result<f64, SensorFault> {
    match MeasuringRange::new(-40.0, 125.0) {
        Some(range) => range.check(celsius),
        None => Ok(celsius),
    }
}

/// Returns a relative humidity within 0 and 100 %. The chips give values a little beyond either
/// end, and their makers say to cut these off.
fn clamp_humidity(percent: f64) -> f64 {
    percent.clamp(0.0, 100.0)
}

/// Returns the two bytes of a measurement whose checksum stands behind it.
fn measured_word(initial: u8, bytes: [u8; 3]) -> Result<u16, SensorFault> {
    // A data line that something holds low reads as zeros, and 0 is the SHT20's checksum of zeros.
    if bytes == [0; 3] {
        return Err(SensorFault::BusFault);
    }
    checked_word(initial, bytes)
}

/// Returns two bytes whose checksum stands behind them.
fn checked_word(initial: u8, bytes: [u8; 3]) -> Result<u16, SensorFault> {
    let [high, low, sum] = bytes;
    if crc8_sensirion(initial, &[high, low]) != sum {
        return Err(SensorFault::Checksum);
    }
    Ok(u16::from_be_bytes([high, low]))
}

fn send(bus: &mut impl I2c, address: u8, bytes: &[u8]) -> Result<(), SensorFault> {
    bus.write(address, bytes)
        .map_err(|error| SensorFault::from_i2c(&error))
}

/// Reads the answer to a measurement. A chip that still measures does not acknowledge.
fn receive(bus: &mut impl I2c, address: u8, bytes: &mut [u8]) -> Result<(), SensorFault> {
    bus.read(address, bytes)
        .map_err(|error| match SensorFault::from_i2c(&error) {
            SensorFault::Absent => SensorFault::NotReady,
            other => other,
        })
}

fn exchange(
    bus: &mut impl I2c,
    address: u8,
    command: &[u8],
    answer: &mut [u8],
) -> Result<(), SensorFault> {
    bus.write_read(address, command, answer)
        .map_err(|error| SensorFault::from_i2c(&error))
}

#[cfg(test)]
mod tests;
