//! Register map of the node ([`NODE_REGISTERS`]).

/// Version of the map. Raised when a register changes its meaning; added registers do not count.
pub const MAP_VERSION: u16 = 1;
/// Word of register 0, by which `scan` knows a node: "PN".
pub const NODE_SIGNATURE: u16 = 0x504e;
/// First address behind the values; all before can be read with functions 3 and 4.
pub const VALUES_END: u16 = 40;
/// Address of the first setting.
pub const SETTINGS_START: u16 = 40;

/// Addresses of the registers.
pub mod register {
    /// `NODE_SIGNATURE`.
    pub const SIGNATURE: u16 = 0;
    /// `MAP_VERSION`.
    pub const MAP_VERSION: u16 = 1;
    /// Version of the firmware, major in the high byte.
    pub const FIRMWARE: u16 = 2;
    /// Serial number of the chip, 16 hexadecimal digits in 8 registers.
    pub const SERIAL: u16 = 3;
    /// Seconds since the start, two registers.
    pub const UPTIME: u16 = 11;
    /// Number of starts since the node was made.
    pub const RESETS: u16 = 13;
    /// Cause of the last start.
    pub const RESET_CAUSE: u16 = 14;
    /// 0 while counters and settings can be kept.
    pub const KEEPING: u16 = 15;
    /// Temperature of the first probe, its status behind it; then the second probe.
    pub const TEMPERATURE_1: u16 = 16;
    /// Temperature of the second probe, its status behind it.
    pub const TEMPERATURE_2: u16 = 18;
    /// Current of the level probe.
    pub const LEVEL_CURRENT: u16 = 20;
    /// Level computed from it.
    pub const LEVEL: u16 = 21;
    /// Status of both.
    pub const LEVEL_STATUS: u16 = 22;
    /// Pulses of the meter, two registers.
    pub const PULSES: u16 = 24;
    /// Pulses a second.
    pub const PULSE_RATE: u16 = 26;
    /// Status of both.
    pub const PULSE_STATUS: u16 = 27;
    /// Tips of the rain gauge, two registers.
    pub const TIPS: u16 = 28;
    /// Their status.
    pub const TIP_STATUS: u16 = 30;
    /// Temperature of the air.
    pub const AIR_TEMPERATURE: u16 = 32;
    /// Humidity of the air.
    pub const AIR_HUMIDITY: u16 = 33;
    /// Status of both.
    pub const AIR_STATUS: u16 = 34;
    /// Unit address.
    pub const UNIT: u16 = 40;
    /// Code of the serial speed.
    pub const SPEED: u16 = 41;
    /// Confirmation of the two.
    pub const CONFIRM: u16 = 42;
    /// Level at 4 mA.
    pub const PROBE_ZERO: u16 = 43;
    /// Level at 20 mA.
    pub const PROBE_FULL: u16 = 44;
}

/// Encoding of a value in its registers, high word first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterEncoding {
    /// Unsigned, one register.
    U16,
    /// Signed, one register.
    I16,
    /// Unsigned, two registers.
    U32,
    /// Text, as many registers as given.
    Text(u16),
}

/// Use of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterUse {
    /// A value that changes; the address of its status, if it has one.
    Value(Option<u16>),
    /// The status of values: 0, or the number of a
    /// [`SensorFault`](crate::sensor_fault::SensorFault).
    Status,
    /// Something that is read at the start and once a day.
    Fact,
    /// A setting that can be written.
    Setting,
}

/// Register of the node, or several that hold one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeRegister {
    /// First address.
    pub address: u16,
    /// Id in profile and documentation.
    pub id: &'static str,
    /// Encoding.
    pub encoding: RegisterEncoding,
    /// Factor from the raw number to the unit, as text of a decimal.
    pub scale: &'static str,
    /// Unit symbol; empty for codes and texts.
    pub unit: &'static str,
    /// Use.
    pub usage: RegisterUse,
    /// Explanation, one line.
    pub about: &'static str,
}

impl RegisterEncoding {
    /// Returns the number of registers.
    pub fn words(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::U32 => 2,
            Self::Text(words) => words,
        }
    }
}

const fn value(
    address: u16,
    id: &'static str,
    encoding: RegisterEncoding,
    (scale, unit): (&'static str, &'static str),
    status: u16,
    about: &'static str,
) -> NodeRegister {
    let mut register = plain(
        address,
        id,
        encoding,
        RegisterUse::Value(Some(status)),
        about,
    );
    (register.scale, register.unit) = (scale, unit);
    register
}

const fn plain(
    address: u16,
    id: &'static str,
    encoding: RegisterEncoding,
    usage: RegisterUse,
    about: &'static str,
) -> NodeRegister {
    NodeRegister {
        address,
        id,
        encoding,
        scale: "1",
        unit: "",
        usage,
        about,
    }
}

/// All registers, by address.
pub const NODE_REGISTERS: &[NodeRegister] = {
    use RegisterEncoding::{I16, Text, U16, U32};
    use RegisterUse::{Fact, Setting, Status, Value};
    use register as at;
    &[
        plain(
            at::SIGNATURE,
            "signature",
            U16,
            Fact,
            "0x504E on every node",
        ),
        plain(
            at::MAP_VERSION,
            "map_version",
            U16,
            Fact,
            "version of this map",
        ),
        plain(
            at::FIRMWARE,
            "firmware",
            U16,
            Fact,
            "version of the firmware, major x 256 + minor",
        ),
        plain(
            at::SERIAL,
            "serial",
            Text(8),
            Fact,
            "serial number of the chip, 16 digits",
        ),
        NodeRegister {
            unit: "s",
            ..plain(
                at::UPTIME,
                "uptime",
                U32,
                Value(None),
                "time since the last start",
            )
        },
        plain(
            at::RESETS,
            "resets",
            U16,
            Value(None),
            "starts since the node was made",
        ),
        plain(
            at::RESET_CAUSE,
            "reset_cause",
            U16,
            Status,
            "cause of the last start",
        ),
        plain(
            at::KEEPING,
            "keeping_status",
            U16,
            Status,
            "1: counters and settings are not kept",
        ),
        value(
            at::TEMPERATURE_1,
            "temperature_1",
            I16,
            ("0.01", "degC"),
            17,
            "first DS18B20",
        ),
        plain(
            17,
            "temperature_1_status",
            U16,
            Status,
            "status of the first DS18B20",
        ),
        value(
            at::TEMPERATURE_2,
            "temperature_2",
            I16,
            ("0.01", "degC"),
            19,
            "second DS18B20",
        ),
        plain(
            19,
            "temperature_2_status",
            U16,
            Status,
            "status of the second DS18B20",
        ),
        value(
            at::LEVEL_CURRENT,
            "level_current",
            U16,
            ("0.001", "mA"),
            22,
            "4-20 mA level probe",
        ),
        value(
            at::LEVEL,
            "level",
            I16,
            ("0.001", "m"),
            22,
            "level, by registers 43 and 44",
        ),
        plain(
            at::LEVEL_STATUS,
            "level_status",
            U16,
            Status,
            "status of the level probe",
        ),
        value(
            at::PULSES,
            "pulse_count",
            U32,
            ("1", ""),
            27,
            "pulses of the meter, never set back",
        ),
        value(
            at::PULSE_RATE,
            "pulse_rate",
            U16,
            ("0.01", "Hz"),
            27,
            "pulses a second",
        ),
        plain(
            at::PULSE_STATUS,
            "pulse_status",
            U16,
            Status,
            "status of the pulse input",
        ),
        value(
            at::TIPS,
            "rain_tips",
            U32,
            ("1", ""),
            30,
            "tips of the rain gauge",
        ),
        plain(
            at::TIP_STATUS,
            "rain_status",
            U16,
            Status,
            "status of the rain gauge",
        ),
        value(
            at::AIR_TEMPERATURE,
            "air_temperature",
            I16,
            ("0.01", "degC"),
            34,
            "SHT3x",
        ),
        value(
            at::AIR_HUMIDITY,
            "air_humidity",
            U16,
            ("0.01", "%RH"),
            34,
            "SHT3x",
        ),
        plain(
            at::AIR_STATUS,
            "air_status",
            U16,
            Status,
            "status of the SHT3x",
        ),
        plain(
            at::UNIT,
            "unit_id_reg",
            U16,
            Setting,
            "unit address, 1 to 247; on trial",
        ),
        plain(
            at::SPEED,
            "baud_code",
            U16,
            Setting,
            "serial speed, by its code; on trial",
        ),
        plain(
            at::CONFIRM,
            "confirm",
            U16,
            Setting,
            "23294 keeps address and speed",
        ),
        NodeRegister {
            scale: "0.001",
            unit: "m",
            ..plain(
                at::PROBE_ZERO,
                "level_at_4ma",
                I16,
                Setting,
                "level at 4 mA",
            )
        },
        NodeRegister {
            scale: "0.001",
            unit: "m",
            ..plain(
                at::PROBE_FULL,
                "level_at_20ma",
                I16,
                Setting,
                "level at 20 mA",
            )
        },
    ]
};
