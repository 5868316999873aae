//! Registers of the node as a Modbus server sees them ([`NodeBank`]).

use super::map::{MAP_VERSION, NODE_SIGNATURE, SETTINGS_START, VALUES_END, register as at};
use super::settings::{CONFIRM_WORD, LineSettings, NodeSettings};
use crate::modbus_server::{RegisterBank, RegisterWrite, ServerException, ServerTable};
use crate::sensor_fault::SensorFault;

/// Constant facts about one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Major and minor version of the firmware.
    pub firmware: [u8; 2],
    /// The same as text.
    pub firmware_text: &'static str,
    /// Serial number of the chip.
    pub serial: u64,
    /// Cause of the last start: 0 unknown, 1 power, 2 watchdog, 3 reset pin or debugger.
    pub reset_cause: u16,
}

/// Values of the node. Each status is 0 or the number of a fault; beside a fault, the value is the
/// last good one and is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeValues {
    /// Starts since the node was made.
    pub resets: u16,
    /// True when counters and settings cannot be kept.
    pub is_keeping_broken: bool,
    /// Temperatures, hundredths of degC, with their status.
    pub temperatures: [(i16, u8); 2],
    /// Current of the level probe, microamperes, with its status.
    pub level_current: (u16, u8),
    /// Pulses of the meter.
    pub pulses: u32,
    /// Pulses in 100 s.
    pub pulse_rate: u16,
    /// Status of the pulse input.
    pub pulse_status: u8,
    /// Tips of the rain gauge, with the status.
    pub tips: (u32, u8),
    /// Temperature of the air, hundredths of degC.
    pub air_temperature: i16,
    /// Humidity of the air, hundredths of a percent.
    pub air_humidity: u16,
    /// Status of both.
    pub air_status: u8,
}

/// Registers behind the server, for one request.
#[derive(Debug)]
pub struct NodeBank<'a> {
    /// Facts.
    pub identity: &'a NodeIdentity,
    /// Values.
    pub values: &'a NodeValues,
    /// Settings.
    pub settings: &'a mut NodeSettings,
    /// Seconds since the start.
    pub now_s: u32,
}

/// Raw values that mean "no value", by the signedness of the register.
const NO_SIGNED: u16 = 0x8000;
const NO_UNSIGNED: u16 = 0xffff;
/// Status of a value that was not measured yet.
const NOT_READY: u8 = SensorFault::NotReady as u8;

impl NodeValues {
    /// Values at the start: the counters that were kept, and nothing measured yet.
    pub const fn at_start(resets: u16, pulses: u32, tips: u32) -> Self {
        Self {
            resets,
            is_keeping_broken: false,
            temperatures: [(0, NOT_READY); 2],
            level_current: (0, NOT_READY),
            pulses,
            pulse_rate: 0,
            pulse_status: 0,
            tips: (tips, 0),
            air_temperature: 0,
            air_humidity: 0,
            air_status: NOT_READY,
        }
    }
}

fn half(value: u32, index: u16) -> u16 {
    let [a, b, c, d] = value.to_be_bytes();
    match index {
        0 => u16::from_be_bytes([a, b]),
        _ => u16::from_be_bytes([c, d]),
    }
}

fn signed((value, status): (i16, u8)) -> u16 {
    match status {
        0 => value.cast_unsigned(),
        _ => NO_SIGNED,
    }
}

fn unsigned((value, status): (u16, u8)) -> u16 {
    match status {
        0 => value,
        _ => NO_UNSIGNED,
    }
}

impl NodeBank<'_> {
    /// Returns two of the 16 digits of the serial number.
    fn serial_word(&self, index: u16) -> u16 {
        let digit = |place: u16| {
            let shift = 4 * u32::from(15 - place.min(15));
            let nibble = (self.identity.serial >> shift) & 0xf;
            let nibble = u32::try_from(nibble).unwrap_or_default();
            let digit = char::from_digit(nibble, 16).unwrap_or('0');
            u8::try_from(digit.to_ascii_uppercase()).unwrap_or(b'0')
        };
        u16::from_be_bytes([digit(index * 2), digit(index * 2 + 1)])
    }

    fn value_word(&self, address: u16) -> u16 {
        let values = self.values;
        let level = values.level_current;
        let level_mm = (self.settings.probe.level_mm(level.0), level.1);
        match address {
            at::SIGNATURE => NODE_SIGNATURE,
            at::MAP_VERSION => MAP_VERSION,
            at::FIRMWARE => u16::from_be_bytes(self.identity.firmware),
            at::SERIAL..at::UPTIME => self.serial_word(address - at::SERIAL),
            at::UPTIME..at::RESETS => half(self.now_s, address - at::UPTIME),
            at::RESETS => values.resets,
            at::RESET_CAUSE => self.identity.reset_cause,
            at::KEEPING => u16::from(values.is_keeping_broken),
            at::TEMPERATURE_1 => signed(values.temperatures[0]),
            17 => values.temperatures[0].1.into(),
            at::TEMPERATURE_2 => signed(values.temperatures[1]),
            19 => values.temperatures[1].1.into(),
            at::LEVEL_CURRENT => unsigned(level),
            at::LEVEL => signed(level_mm),
            at::LEVEL_STATUS => level.1.into(),
            at::PULSES..at::PULSE_RATE => half(values.pulses, address - at::PULSES),
            at::PULSE_RATE => unsigned((values.pulse_rate, values.pulse_status)),
            at::PULSE_STATUS => values.pulse_status.into(),
            at::TIPS..at::TIP_STATUS => half(values.tips.0, address - at::TIPS),
            at::TIP_STATUS => values.tips.1.into(),
            at::AIR_TEMPERATURE => signed((values.air_temperature, values.air_status)),
            at::AIR_HUMIDITY => unsigned((values.air_humidity, values.air_status)),
            at::AIR_STATUS => values.air_status.into(),
            // Reserved registers read as 0, so that one request may span them.
            _ => 0,
        }
    }

    fn setting_word(&self, address: u16) -> Result<u16, ServerException> {
        let line = self.settings.line();
        Ok(match address {
            at::UNIT => line.unit.into(),
            at::SPEED => line.speed_code.into(),
            at::CONFIRM => 0,
            at::PROBE_ZERO => self.settings.probe.zero_mm.cast_unsigned(),
            at::PROBE_FULL => self.settings.probe.full_mm.cast_unsigned(),
            _ => return Err(ServerException::IllegalAddress),
        })
    }

    /// Returns the settings as one word changes them.
    fn changed_settings(
        &self,
        mut settings: NodeSettings,
        address: u16,
        word: u16,
    ) -> Result<NodeSettings, ServerException> {
        let mut line = settings.line();
        let small = u8::try_from(word).map_err(|_| ServerException::IllegalValue);
        match address {
            at::UNIT | at::SPEED => {
                if address == at::UNIT {
                    line.unit = small?;
                } else {
                    line.speed_code = small?;
                }
                let line: LineSettings = line.checked().ok_or(ServerException::IllegalValue)?;
                settings.try_line(line, self.now_s);
            }
            at::CONFIRM if word == CONFIRM_WORD => settings.confirm(),
            at::CONFIRM => return Err(ServerException::IllegalValue),
            at::PROBE_ZERO => settings.probe.zero_mm = word.cast_signed(),
            at::PROBE_FULL => settings.probe.full_mm = word.cast_signed(),
            _ => return Err(ServerException::IllegalAddress),
        }
        Ok(settings)
    }
}

impl RegisterBank for NodeBank<'_> {
    fn read_word(&mut self, _table: ServerTable, address: u16) -> Result<u16, ServerException> {
        // One space of addresses: masters that know only one of the two functions exist.
        if address < VALUES_END {
            Ok(self.value_word(address))
        } else {
            self.setting_word(address)
        }
    }

    fn write_words(&mut self, write: RegisterWrite<'_>) -> Result<(), ServerException> {
        let RegisterWrite { address, words, .. } = write;
        // All nodes of a line with one address could never be told apart again.
        if address < SETTINGS_START || (write.is_broadcast && address < at::PROBE_ZERO) {
            return Err(ServerException::IllegalAddress);
        }
        let mut settings = *self.settings;
        for (place, word) in (0..).zip(words) {
            let address: Option<u16> = address.checked_add(place);
            let address = address.ok_or(ServerException::IllegalAddress)?;
            settings = self.changed_settings(settings, address, *word)?;
        }
        // What is not on trial must be kept, or the writer must know.
        if self.values.is_keeping_broken && settings.line() == self.settings.line() {
            return Err(ServerException::DeviceFailure);
        }
        *self.settings = settings;
        Ok(())
    }

    fn identification(&self, object: u8) -> &str {
        match object {
            0 => "Pantau",
            1 => "pantau-node",
            _ => self.identity.firmware_text,
        }
    }
}
