//! Types of Modbus data: tables, types and byte orders of registers.

/// Modbus data table (application protocol V1.1b3, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModbusTable {
    /// Coils, read with function 1.
    Coil,
    /// Discrete inputs, read with function 2.
    Discrete,
    /// Holding registers, read with function 3.
    Holding,
    /// Input registers, read with function 4.
    Input,
}

/// Type of a value in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterEncoding {
    /// One bit: a coil, or a register that is not 0.
    Bool,
    /// Unsigned 16 bit.
    U16,
    /// Signed 16 bit.
    I16,
    /// Unsigned 32 bit.
    U32,
    /// Signed 32 bit.
    I32,
    /// Unsigned 64 bit.
    U64,
    /// Signed 64 bit.
    I64,
    /// IEEE 754 single.
    F32,
    /// IEEE 754 double.
    F64,
    /// Four decimal digits in a register.
    Bcd16,
    /// Eight decimal digits in two registers.
    Bcd32,
    /// Text in this number of registers; for identification, not for readings.
    Text(u16),
}

/// Byte order of a 32-bit value on the wire, named by example; likewise for 16 and 64 bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WordOrder {
    /// Big endian, the Modbus default.
    #[default]
    Abcd,
    /// Low word first, big endian within words.
    Cdab,
    /// Bytes swapped within words.
    Badc,
    /// Little endian.
    Dcba,
}

impl WordOrder {
    /// Word of the order in profiles: `cdab`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Abcd => "abcd",
            Self::Cdab => "cdab",
            Self::Badc => "badc",
            Self::Dcba => "dcba",
        }
    }
}

impl RegisterEncoding {
    /// True for types whose raw numbers are never below 0.
    pub(crate) fn is_unsigned(self) -> bool {
        matches!(
            self,
            Self::Bool | Self::U16 | Self::U32 | Self::U64 | Self::Bcd16 | Self::Bcd32
        )
    }

    /// Word of the type in profiles.
    pub fn word(self) -> String {
        match self {
            Self::Text(registers) => format!("string:{registers}"),
            // The variant names in lower case are the words of the profile format.
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// Number of registers of the type.
    pub fn registers(self) -> u16 {
        match self {
            Self::Bool | Self::U16 | Self::I16 | Self::Bcd16 => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
            Self::Text(registers) => registers,
        }
    }
}
