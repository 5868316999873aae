//! Analog-to-digital converter ADS1115 on I2C: four inputs, 16 bits ([`Ads1115`]).
//!
//! Source: Texas Instruments SBAS444 revision D, "Full-Scale Range and Corresponding LSB Size",
//! "Input Signal Versus Ideal Output Code", "Config Register Field Descriptions", and the quick
//! start guide in section 9 for the order of the bytes.
//!
//! A measurement is started, then read after the time that [`Ads1115::start_single`] returns:
//! neither a thread nor an executor is held up in between. [`Ads1115::read`] compares the chip's
//! configuration with what was written. A chip that has lost power in between has its own
//! configuration again, and its 0 V would be taken for a broken wire.

use crate::sensor_fault::SensorFault;
use core::time::Duration;
use embedded_hal::i2c::I2c;

/// Address with the pin ADDR at ground. With ADDR at VDD, SDA or SCL it is one, two or three
/// higher.
pub const ADS1115_ADDRESS: u8 = 0x48;

/// Register of the last result.
const CONVERSION_REGISTER: u8 = 0;
/// Register of the configuration.
const CONFIG_REGISTER: u8 = 1;

/// Bit 15. Written: start a single conversion. Read: no conversion is going on.
const START_OR_READY: u16 = 1 << 15;
/// Bit 8: stop after each conversion.
const SINGLE_SHOT: u16 = 1 << 8;
/// Bits 1 and 0: comparator off. Bit 3 turns the polarity of its output, which nothing uses then;
/// after power-on it is 0, so it marks a configuration as ours.
const COMPARATOR_OFF_AND_OUR_MARK: u16 = 0b1011;

/// Voltage that is measured: an input against ground, or the difference of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ads1115Input {
    /// Input A0 less A1.
    A0MinusA1 = 0,
    /// Input A0 less A3.
    A0MinusA3 = 1,
    /// Input A1 less A3.
    A1MinusA3 = 2,
    /// Input A2 less A3.
    A2MinusA3 = 3,
    /// Input A0 against ground.
    A0 = 4,
    /// Input A1 against ground.
    A1 = 5,
    /// Input A2 against ground.
    A2 = 6,
    /// Input A3 against ground.
    A3 = 7,
}

/// Greatest voltage that can be measured, as amplified by the PGA. No input may be above the
/// chip's own supply, whatever the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ads1115Range {
    /// 6.144 V, 187.5 uV a step.
    Volts6_144 = 0,
    /// 4.096 V, 125 uV a step.
    Volts4_096 = 1,
    /// 2.048 V, 62.5 uV a step.
    Volts2_048 = 2,
    /// 1.024 V, 31.25 uV a step.
    Volts1_024 = 3,
    /// 0.512 V, 15.625 uV a step.
    Volts0_512 = 4,
    /// 0.256 V, 7.8125 uV a step.
    Volts0_256 = 5,
}

/// Conversions in a second. Fewer conversions have less noise; 8 a second also average the mains
/// frequency out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ads1115Rate {
    /// 8 a second.
    Rate8 = 0,
    /// 16 a second.
    Rate16 = 1,
    /// 32 a second.
    Rate32 = 2,
    /// 64 a second.
    Rate64 = 3,
    /// 128 a second, also after power-on.
    Rate128 = 4,
    /// 250 a second.
    Rate250 = 5,
    /// 475 a second.
    Rate475 = 6,
    /// 860 a second.
    Rate860 = 7,
}

/// Input, range and rate of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ads1115Setup {
    /// Voltage that is measured.
    pub input: Ads1115Input,
    /// Greatest voltage that can be measured.
    pub range: Ads1115Range,
    /// Conversions in a second.
    pub rate: Ads1115Rate,
}

/// Result of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ads1115Sample {
    /// Number that the chip gave.
    pub code: i16,
    /// Range in which it was measured.
    pub range: Ads1115Range,
}

/// Converter at one address. The bus is handed to each call, so that several chips share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ads1115 {
    address: u8,
    running: Option<Ads1115Setup>,
    is_continuous: bool,
}

impl Ads1115Range {
    /// Returns the greatest voltage.
    pub fn full_scale_volts(self) -> f64 {
        match self {
            Self::Volts6_144 => 6.144,
            Self::Volts4_096 => 4.096,
            Self::Volts2_048 => 2.048,
            Self::Volts1_024 => 1.024,
            Self::Volts0_512 => 0.512,
            Self::Volts0_256 => 0.256,
        }
    }

    /// Returns the smallest range that holds a voltage; `None` above 6.144 V.
    pub fn that_holds(volts: f64) -> Option<Self> {
        let ranges = [
            Self::Volts0_256,
            Self::Volts0_512,
            Self::Volts1_024,
            Self::Volts2_048,
            Self::Volts4_096,
            Self::Volts6_144,
        ];
        // Not `<=`: the last code of a range counts as beyond it.
        let holds = |range: &Self| volts.abs() < range.full_scale_volts();
        ranges.into_iter().find(holds)
    }
}

impl Ads1115Rate {
    /// Returns the number of conversions in a second.
    pub fn per_second(self) -> u16 {
        match self {
            Self::Rate8 => 8,
            Self::Rate16 => 16,
            Self::Rate32 => 32,
            Self::Rate64 => 64,
            Self::Rate128 => 128,
            Self::Rate250 => 250,
            Self::Rate475 => 475,
            Self::Rate860 => 860,
        }
    }

    /// Returns the longest time of one conversion: the clock of the chip is up to 10 % slow.
    pub fn conversion_time(self) -> Duration {
        Duration::from_micros(1_100_000 / u64::from(self.per_second()))
    }
}

impl Ads1115Setup {
    /// Returns the value of the configuration register, without bit 15.
    fn config(self, is_continuous: bool) -> u16 {
        let mode = if is_continuous { 0 } else { SINGLE_SHOT };
        (self.input as u16) << 12
            | (self.range as u16) << 9
            | mode
            | (self.rate as u16) << 5
            | COMPARATOR_OFF_AND_OUR_MARK
    }
}

/// Converts a number of the chip into volts.
pub fn code_to_volts(code: i16, range: Ads1115Range) -> f64 {
    f64::from(code) * range.full_scale_volts() / 32768.0
}

impl Ads1115Sample {
    /// Returns the voltage; at either end of the range the true one may be beyond.
    pub fn volts(self) -> Result<f64, SensorFault> {
        match self.code {
            i16::MAX => Err(SensorFault::AboveRange),
            i16::MIN => Err(SensorFault::BelowRange),
            code => Ok(code_to_volts(code, self.range)),
        }
    }
}

impl Ads1115 {
    /// Returns the converter at an address, 0x48 to 0x4B. Nothing is sent yet.
    pub fn new(address: u8) -> Self {
        Self {
            address,
            running: None,
            is_continuous: false,
        }
    }

    /// Starts one conversion; returns the time after which [`Ads1115::read`] has it.
    pub fn start_single(
        &mut self,
        bus: &mut impl I2c,
        setup: Ads1115Setup,
    ) -> Result<Duration, SensorFault> {
        self.configure(bus, setup, false)?;
        // It wakes up first, in 25 us at most.
        Ok(setup.rate.conversion_time() + Duration::from_micros(25))
    }

    /// Starts conversions one after the other; returns the time after which the first one of this
    /// setup is there. One that was going on before is finished with the old setup.
    pub fn start_continuous(
        &mut self,
        bus: &mut impl I2c,
        setup: Ads1115Setup,
    ) -> Result<Duration, SensorFault> {
        self.configure(bus, setup, true)?;
        Ok(setup.rate.conversion_time() * 2 + Duration::from_micros(25))
    }

    /// Reads the last result of the measurement that was started.
    ///
    /// `NotReady`: nothing was started, or a single conversion is still going on.
    /// `SensorRestarted`: the chip lost power, start again.
    pub fn read(&mut self, bus: &mut impl I2c) -> Result<Ads1115Sample, SensorFault> {
        let setup = self.running.ok_or(SensorFault::NotReady)?;
        let config = self.read_register(bus, CONFIG_REGISTER)?;
        if config & !START_OR_READY != setup.config(self.is_continuous) {
            self.running = None;
            return Err(SensorFault::SensorRestarted);
        }
        // While it converts without end the bit says "busy" all the time.
        if !self.is_continuous && config & START_OR_READY == 0 {
            return Err(SensorFault::NotReady);
        }
        let word = self.read_register(bus, CONVERSION_REGISTER)?;
        Ok(Ads1115Sample {
            code: i16::from_be_bytes(word.to_be_bytes()),
            range: setup.range,
        })
    }

    fn configure(
        &mut self,
        bus: &mut impl I2c,
        setup: Ads1115Setup,
        is_continuous: bool,
    ) -> Result<(), SensorFault> {
        self.running = None;
        // `running` stays empty until the write has succeeded: until then the state is unknown.
        let start = if is_continuous { 0 } else { START_OR_READY };
        let [high, low] = (setup.config(is_continuous) | start).to_be_bytes();
        bus.write(self.address, &[CONFIG_REGISTER, high, low])
            .map_err(|error| SensorFault::from_i2c(&error))?;
        self.running = Some(setup);
        self.is_continuous = is_continuous;
        Ok(())
    }

    fn read_register(&self, bus: &mut impl I2c, register: u8) -> Result<u16, SensorFault> {
        let mut word = [0; 2];
        bus.write_read(self.address, &[register], &mut word)
            .map_err(|error| SensorFault::from_i2c(&error))?;
        Ok(u16::from_be_bytes(word))
    }
}

#[cfg(test)]
mod tests;
