//! Reasons for which a sensor gives no value ([`SensorFault`]).

use embedded_hal::i2c::{Error as I2cError, ErrorKind};

/// Reason for which a sensor gives no value, in the words in which an installer looks for it.
///
/// The numbers are for the registers of a sensor node and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SensorFault {
    /// No device answers at this address or under this serial number.
    Absent = 1,
    /// The bus itself does not work: a line is held low, has no pull-up, or two masters collide.
    BusFault = 2,
    /// The received bytes are damaged: wrong checksum, or digits that cannot be.
    Checksum = 3,
    /// The value is below what the sensor can measure.
    BelowRange = 4,
    /// The value is above what the sensor can measure.
    AboveRange = 5,
    /// A current loop carries 3.6 mA or less: a wire is broken, or the probe has no supply.
    WireBroken = 6,
    /// A current loop carries 21 mA or more: a short circuit, or the probe reports its own fault.
    ShortCircuit = 7,
    /// The measurement is not finished yet.
    NotReady = 8,
    /// The value of a sensor that has just been switched on, not a measurement (85 degC of a
    /// DS18B20).
    PowerOnValue = 9,
    /// More edges than the meter can give: a bouncing contact, or interference on the cable.
    BounceStorm = 10,
    /// A line that stays active for longer than a pulse can last.
    StuckLine = 11,
    /// A clock that has been without power; its time is not to be used.
    ClockStopped = 12,
    /// The chip has lost its configuration: its supply was interrupted.
    SensorRestarted = 13,
    /// The object is nearer than the sensor can measure.
    BlindZone = 14,
    /// No echo came back: no object within reach, or a covered sensor.
    NoEcho = 15,
}

impl SensorFault {
    /// All faults, in the order of their codes.
    pub const ALL: [Self; 15] = [
        Self::Absent,
        Self::BusFault,
        Self::Checksum,
        Self::BelowRange,
        Self::AboveRange,
        Self::WireBroken,
        Self::ShortCircuit,
        Self::NotReady,
        Self::PowerOnValue,
        Self::BounceStorm,
        Self::StuckLine,
        Self::ClockStopped,
        Self::SensorRestarted,
        Self::BlindZone,
        Self::NoEcho,
    ];

    /// Returns the number of the fault in a register. 0 is left for "no fault".
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the fault with this number; `None` for 0 and for numbers not in use.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// Returns the name of the fault in files, keys and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::BusFault => "bus-fault",
            Self::Checksum => "checksum",
            Self::BelowRange => "below-range",
            Self::AboveRange => "above-range",
            Self::WireBroken => "wire-broken",
            Self::ShortCircuit => "short-circuit",
            Self::NotReady => "not-ready",
            Self::PowerOnValue => "power-on-value",
            Self::BounceStorm => "bounce-storm",
            Self::StuckLine => "stuck-line",
            Self::ClockStopped => "clock-stopped",
            Self::SensorRestarted => "sensor-restarted",
            Self::BlindZone => "blind-zone",
            Self::NoEcho => "no-echo",
        }
    }

    /// Returns the fault that an error of an I2C bus means.
    pub fn from_i2c(error: &impl I2cError) -> Self {
        match error.kind() {
            ErrorKind::NoAcknowledge(_) => Self::Absent,
            _ => Self::BusFault,
        }
    }
}

impl core::fmt::Display for SensorFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Absent => "no device answers",
            Self::BusFault => "the bus does not work: a line held low, or no pull-up",
            Self::Checksum => "damaged bytes",
            Self::BelowRange => "below the measuring range",
            Self::AboveRange => "above the measuring range",
            Self::WireBroken => "3.6 mA or less: a wire is broken, or the probe has no supply",
            Self::ShortCircuit => "21 mA or more: a short circuit, or a fault of the probe",
            Self::NotReady => "the measurement is not finished",
            Self::PowerOnValue => "the value after power-on, not a measurement",
            Self::BounceStorm => "more edges than the meter can give",
            Self::StuckLine => "active for longer than a pulse lasts",
            Self::ClockStopped => "the clock has been without power",
            Self::SensorRestarted => "the chip has lost its configuration",
            Self::BlindZone => "nearer than the sensor can measure",
            Self::NoEcho => "no echo: no object within reach, or a covered sensor",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal::i2c::NoAcknowledgeSource;

    #[test]
    fn a_fault_survives_its_number_and_numbers_follow_each_other() {
        for (index, fault) in SensorFault::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(fault.code()), index + 1);
            assert_eq!(SensorFault::from_code(fault.code()), Some(fault));
        }
        assert_eq!(SensorFault::from_code(0), None);
        assert_eq!(SensorFault::from_code(16), None);
    }

    #[test]
    fn no_two_faults_have_one_name_or_one_text() {
        for (index, fault) in SensorFault::ALL.into_iter().enumerate() {
            for other in &SensorFault::ALL[..index] {
                assert_ne!(fault.name(), other.name());
                assert_ne!(fault.to_string(), other.to_string());
            }
        }
    }

    #[test]
    fn a_chip_that_does_not_acknowledge_is_absent_and_every_other_error_is_of_the_bus() {
        let no_answer = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);
        assert_eq!(SensorFault::from_i2c(&no_answer), SensorFault::Absent);
        for kind in [ErrorKind::ArbitrationLoss, ErrorKind::Bus, ErrorKind::Other] {
            assert_eq!(SensorFault::from_i2c(&kind), SensorFault::BusFault);
        }
    }
}
