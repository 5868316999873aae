//! Sensors SHT30, SHT31 and SHT35 ([`Sht3x`]).
//!
//! Source: Sensirion, datasheet SHT3x-DIS version 6 (February 2019), tables 4, 9, 14, 17 and 20,
//! section 4.13 (conversion); "Electronic Identification Code" version 3.

use super::{
    SensorFault, check_celsius, checked_word, clamp_humidity, exchange, measured_word, receive,
    send,
};
use core::time::Duration;
use embedded_hal::i2c::I2c;

/// Address with the pin ADDR at ground; at VDD it is 0x45.
pub const SHT3X_ADDRESS: u8 = 0x44;

const SOFT_RESET: [u8; 2] = [0x30, 0xa2];
const HEATER_OFF: [u8; 2] = [0x30, 0x66];
const READ_STATUS: [u8; 2] = [0xf3, 0x2d];
const SERIAL_NUMBER: [u8; 2] = [0x36, 0x82];

/// Initial value of the checksum.
const CRC_START: u8 = 0xff;
/// Bit of the status register: the heater is on.
const HEATER_ON: u16 = 1 << 13;

/// Repeatability of a measurement: the less noise, the longer it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sht3xRepeatability {
    /// 0.25 %RH, 0.24 degC; 4.5 ms.
    Low,
    /// 0.15 %RH, 0.12 degC; 6.5 ms.
    Medium,
    /// 0.10 %RH, 0.06 degC; 15.5 ms.
    High,
}

/// Temperature and humidity of one measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShtReading {
    /// Temperature, degC.
    pub celsius: f64,
    /// Relative humidity, percent.
    pub humidity_percent: f64,
}

/// Sensor SHT30, SHT31 or SHT35 at one address. The bus is handed to each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sht3x {
    address: u8,
    is_running: bool,
}

/// Converts the first word of a result into degC.
pub fn sht3x_celsius(word: u16) -> f64 {
    -45.0 + 175.0 * f64::from(word) / 65535.0
}

/// Converts the second word of a result into percent.
pub fn sht3x_humidity(word: u16) -> f64 {
    100.0 * f64::from(word) / 65535.0
}

impl Sht3xRepeatability {
    /// Returns the command of a single measurement that does not hold the clock line, and its
    /// longest time with a supply of 2.15 V and more, us.
    fn command(self) -> ([u8; 2], u64) {
        match self {
            Self::Low => ([0x24, 0x16], 4500),
            Self::Medium => ([0x24, 0x0b], 6500),
            Self::High => ([0x24, 0x00], 15_500),
        }
    }
}

impl ShtReading {
    /// Decodes the six bytes of a result.
    pub fn from_sht3x_bytes(bytes: [u8; 6]) -> Result<Self, SensorFault> {
        let [t_high, t_low, t_sum, h_high, h_low, h_sum] = bytes;
        let temperature = measured_word(CRC_START, [t_high, t_low, t_sum])?;
        let humidity = measured_word(CRC_START, [h_high, h_low, h_sum])?;
        Ok(Self {
            celsius: check_celsius(sht3x_celsius(temperature))?,
            humidity_percent: clamp_humidity(sht3x_humidity(humidity)),
        })
    }
}

impl Sht3x {
    /// Returns the sensor at an address, 0x44 or 0x45. Nothing is sent yet.
    pub fn new(address: u8) -> Self {
        Self {
            address,
            is_running: false,
        }
    }

    /// Starts a measurement; returns the time after which [`Sht3x::read`] has it.
    pub fn start(
        &mut self,
        bus: &mut impl I2c,
        repeatability: Sht3xRepeatability,
    ) -> Result<Duration, SensorFault> {
        self.is_running = false;
        let (command, wait_us) = repeatability.command();
        send(bus, self.address, &command)?;
        self.is_running = true;
        Ok(Duration::from_micros(wait_us))
    }

    /// Reads the measurement that was started.
    pub fn read(&mut self, bus: &mut impl I2c) -> Result<ShtReading, SensorFault> {
        if !self.is_running {
            return Err(SensorFault::NotReady);
        }
        let mut answer = [0; 6];
        receive(bus, self.address, &mut answer)?;
        self.is_running = false;
        ShtReading::from_sht3x_bytes(answer)
    }

    /// Switches the heater off if it is on. A heater left on by a test program falsifies both
    /// values.
    pub fn switch_heater_off(&mut self, bus: &mut impl I2c) -> Result<(), SensorFault> {
        let mut answer = [0; 3];
        exchange(bus, self.address, &READ_STATUS, &mut answer)?;
        if checked_word(CRC_START, answer)? & HEATER_ON != 0 {
            send(bus, self.address, &HEATER_OFF)?;
        }
        Ok(())
    }

    /// Restarts the chip; returns the time after which it takes commands.
    pub fn reset(&mut self, bus: &mut impl I2c) -> Result<Duration, SensorFault> {
        self.is_running = false;
        send(bus, self.address, &SOFT_RESET)?;
        Ok(Duration::from_micros(1500))
    }

    /// Reads the serial number. `NotReady`: the chip took longer than usual, ask again.
    pub fn serial_number(&mut self, bus: &mut impl I2c) -> Result<u32, SensorFault> {
        self.is_running = false;
        send(bus, self.address, &SERIAL_NUMBER)?;
        let mut answer = [0; 6];
        receive(bus, self.address, &mut answer)?;
        let [a, b, first_sum, c, d, second_sum] = answer;
        let first = checked_word(CRC_START, [a, b, first_sum])?;
        let second = checked_word(CRC_START, [c, d, second_sum])?;
        Ok(u32::from(first) << 16 | u32::from(second))
    }
}
