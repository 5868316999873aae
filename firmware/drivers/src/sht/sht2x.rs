//! Sensors SHT20, SHT21, SHT25, HTU21D and Si7021 ([`Sht2x`]).
//!
//! Source: Sensirion, datasheet SHT21 version 4, section 5.4 and tables 6 to 8, section 6
//! (conversion); "CRC Checksum Calculation"; "Electronic Identification Code" version 1.1. TE
//! Connectivity, HTU21D data sheet, "Conversion of signal outputs". The times are those of the
//! SHT21; the copies are faster.

use super::{
    SensorFault, check_celsius, checked_word, clamp_humidity, exchange, measured_word, receive,
    send,
};
use core::time::Duration;
use embedded_hal::i2c::I2c;

/// The one address that these chips have.
pub const SHT2X_ADDRESS: u8 = 0x40;

const MEASURE_TEMPERATURE: u8 = 0xf3;
const MEASURE_HUMIDITY: u8 = 0xf5;
const WRITE_USER_REGISTER: u8 = 0xe6;
const READ_USER_REGISTER: u8 = 0xe7;
const SOFT_RESET: u8 = 0xfe;
const SERIAL_FIRST_HALF: [u8; 2] = [0xfa, 0x0f];
const SERIAL_SECOND_HALF: [u8; 2] = [0xfc, 0xc9];

/// Bit of the user register that switches the heater on.
const HEATER_ON: u8 = 1 << 2;
/// The two lowest bits of a result are a status.
const STATUS_BITS: u16 = 0b11;

/// Quantity that the sensor measures next; it measures one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sht2xQuantity {
    /// Temperature, in 85 ms.
    Temperature,
    /// Relative humidity, in 29 ms.
    Humidity,
}

/// Sensor SHT20, SHT21, SHT25, HTU21D or Si7021. The bus is handed to each call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sht2x {
    running: Option<Sht2xQuantity>,
}

/// Converts the result of a temperature measurement into degC.
pub fn sht2x_celsius(word: u16) -> f64 {
    // The data sheet asks for zeros in the place of the status bits.
    -46.85 + 175.72 * f64::from(word & !STATUS_BITS) / 65536.0
}

/// Converts the result of a humidity measurement into percent, which may be a little beyond 0 or
/// 100.
pub fn sht2x_humidity(word: u16) -> f64 {
    -6.0 + 125.0 * f64::from(word & !STATUS_BITS) / 65536.0
}

impl Sht2x {
    /// Returns the sensor. Nothing is sent yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a measurement; returns the time after which [`Sht2x::read`] has it.
    pub fn start(
        &mut self,
        bus: &mut impl I2c,
        quantity: Sht2xQuantity,
    ) -> Result<Duration, SensorFault> {
        self.running = None;
        let (command, wait_ms) = match quantity {
            Sht2xQuantity::Temperature => (MEASURE_TEMPERATURE, 85),
            Sht2xQuantity::Humidity => (MEASURE_HUMIDITY, 29),
        };
        send(bus, SHT2X_ADDRESS, &[command])?;
        self.running = Some(quantity);
        Ok(Duration::from_millis(wait_ms))
    }

    /// Reads the measurement that was started: degC, or percent of relative humidity.
    pub fn read(&mut self, bus: &mut impl I2c) -> Result<f64, SensorFault> {
        let quantity = self.running.ok_or(SensorFault::NotReady)?;
        let mut answer = [0; 3];
        receive(bus, SHT2X_ADDRESS, &mut answer)?;
        self.running = None;
        let word = measured_word(0, answer)?;
        match quantity {
            Sht2xQuantity::Temperature => check_celsius(sht2x_celsius(word)),
            Sht2xQuantity::Humidity => Ok(clamp_humidity(sht2x_humidity(word))),
        }
    }

    /// Switches the heater off if it is on. A heater left on by a test program falsifies both
    /// values.
    pub fn switch_heater_off(&mut self, bus: &mut impl I2c) -> Result<(), SensorFault> {
        let mut register = [0];
        exchange(bus, SHT2X_ADDRESS, &[READ_USER_REGISTER], &mut register)?;
        let [settings] = register;
        if settings & HEATER_ON != 0 {
            // The reserved bits keep their values, as the data sheet asks.
            send(
                bus,
                SHT2X_ADDRESS,
                &[WRITE_USER_REGISTER, settings & !HEATER_ON],
            )?;
        }
        Ok(())
    }

    /// Restarts the chip; returns the time after which it takes commands.
    pub fn reset(&mut self, bus: &mut impl I2c) -> Result<Duration, SensorFault> {
        self.running = None;
        send(bus, SHT2X_ADDRESS, &[SOFT_RESET])?;
        // The longest time of a soft reset in the data sheet.
        Ok(Duration::from_millis(15))
    }

    /// Reads the serial number.
    pub fn serial_number(&mut self, bus: &mut impl I2c) -> Result<u64, SensorFault> {
        let mut middle = [0; 8];
        exchange(bus, SHT2X_ADDRESS, &SERIAL_FIRST_HALF, &mut middle)?;
        let mut ends = [0; 6];
        exchange(bus, SHT2X_ADDRESS, &SERIAL_SECOND_HALF, &mut ends)?;
        // A data line held low has a right checksum here as well.
        if middle == [0; 8] && ends == [0; 6] {
            return Err(SensorFault::BusFault);
        }
        // SNB_3 to SNB_0 with a checksum each; then SNC_1, SNC_0, SNA_1, SNA_0 with one a pair.
        for pair in middle.chunks_exact(2) {
            if super::crc8_sensirion(0, &pair[..1]) != pair[1] {
                return Err(SensorFault::Checksum);
            }
        }
        let low = checked_word(0, [ends[0], ends[1], ends[2]])?.to_be_bytes();
        let high = checked_word(0, [ends[3], ends[4], ends[5]])?.to_be_bytes();
        Ok(u64::from_be_bytes([
            high[0], high[1], middle[0], middle[2], middle[4], middle[6], low[0], low[1],
        ]))
    }
}
