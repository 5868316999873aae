//! [`DeviceSetting`]: register and encoding of a device's unit id or serial speed, used by the
//! wizard.
//!
//! ```text
//! let setting = DeviceSetting::parse_register("holding:0", false)?;
//! setting.register_words(247)    // Some(([247, 0], 1)): one register
//! ```
//!
//! The keys are described under "Its address and speed" in `docs/devices.md`.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_profile::{RawDeviceSetting, RawSettingType};
use crate::config::raw_values::SpannedValue;
use crate::config::{ModbusTable, modbus_link, value_syntax};
use std::ops::Range;

/// Writable setting of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceSetting {
    /// First holding register, 0-based protocol address.
    pub register: u16,
    /// True for Modbus function 16, false for function 6.
    pub multiple: bool,
    /// Encoding of the value.
    pub coding: SettingEncoding,
    /// True when a power cycle is needed before the setting takes effect.
    pub power_cycle: bool,
    /// True when a button on the device must be held before.
    pub button: bool,
    /// Register and value of the save command, written after the change to make it permanent.
    pub save: Option<(u16, u16)>,
}

/// Encoding of a setting in its registers.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingEncoding {
    /// Integer, with its inclusive range.
    Whole(u16, u16),
    /// 32-bit float, high word first, with its inclusive range of integers.
    Float(u16, u16),
    /// Register value of each number, such as a code for each speed.
    Codes(Vec<(u32, u16)>),
}

impl DeviceSetting {
    /// Encodes a value: register values and their count; `None` when it is out of range.
    pub fn register_words(&self, value: u32) -> Option<([u16; 2], u8)> {
        let within = |from: u16, to: u16| {
            let value = u16::try_from(value).ok()?;
            (from..=to).contains(&value).then_some(value)
        };
        match &self.coding {
            SettingEncoding::Whole(from, to) => Some(([within(*from, *to)?, 0], 1)),
            // f32 holds every u16 exactly.
            SettingEncoding::Float(from, to) => {
                let [a, b, c, d] = f32::from(within(*from, *to)?).to_be_bytes();
                let words = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
                Some((words, 2))
            }
            SettingEncoding::Codes(codes) => {
                let code = codes.iter().find(|(number, _)| *number == value)?;
                Some(([code.1, 0], 1))
            }
        }
    }

    /// Number of registers of the setting.
    pub fn register_count(&self) -> u16 {
        match self.coding {
            SettingEncoding::Float(..) => 2,
            SettingEncoding::Whole(..) | SettingEncoding::Codes(_) => 1,
        }
    }

    /// Returns a setting of one holding register with range 1..=247, from text like `holding:0`.
    pub fn parse_register(register: &str, multiple: bool) -> Option<Self> {
        let (table, register) = value_syntax::parse_register(register)?;
        (table == ModbusTable::Holding).then_some(Self {
            register,
            multiple,
            // Unit ids on a serial line: 0 is the broadcast, those above 247 are reserved.
            coding: SettingEncoding::Whole(1, 247),
            power_cycle: false,
            button: false,
            save: None,
        })
    }
}

/// Checks `[set_address]`.
pub(crate) fn check_address_setting(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&SpannedValue<RawDeviceSetting>>,
) -> Option<DeviceSetting> {
    let at = raw?;
    let typed = at.get();
    let min = notes
        .integer_in_range(&typed.min, "min", 1..=247)
        .unwrap_or(1);
    let max = notes
        .integer_in_range(&typed.max, "max", 1..=247)
        .unwrap_or(247);
    if min > max || !typed.codes.is_empty() {
        notes.add_error(at.span(), "set_address", "fault-set", "", "min, max");
    }
    let coding = match typed.r#type.as_ref().map(SpannedValue::get) {
        Some(RawSettingType::F32) => SettingEncoding::Float(min, max),
        Some(RawSettingType::U16) | None => SettingEncoding::Whole(min, max),
    };
    check_setting(notes, at, coding)
}

/// Checks `[set_baud]`.
pub(crate) fn check_baud_setting(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&SpannedValue<RawDeviceSetting>>,
) -> Option<DeviceSetting> {
    let at = raw?;
    let mut codes = Vec::new();
    for (number, code) in &at.get().codes {
        let speed = number.parse::<u32>().ok();
        let speed = speed.filter(|speed| modbus_link::BAUD_RANGE.contains(&i64::from(*speed)));
        match (speed, u16::try_from(*code)) {
            (Some(speed), Ok(code)) => codes.push((speed, code)),
            _ => notes.add_error(at.span(), "codes", "fault-set", number, "9600 = 3"),
        }
    }
    let strays = at.get().min.is_some() || at.get().max.is_some() || at.get().r#type.is_some();
    if codes.is_empty() || strays {
        notes.add_error(at.span(), "set_baud", "fault-set", "", "codes");
    }
    codes.sort_unstable();
    check_setting(notes, at, SettingEncoding::Codes(codes))
}

fn check_setting(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawDeviceSetting>,
    coding: SettingEncoding,
) -> Option<DeviceSetting> {
    let raw = at.get();
    let function: u8 = notes
        .integer_in_range(&raw.function, "function", 6..=16)
        .unwrap_or(6);
    let is_float = matches!(coding, SettingEncoding::Float(..));
    // A float takes two registers: function 6 writes only one.
    if !matches!(function, 6 | 16) || (is_float && function == 6) {
        let found = function.to_string();
        notes.add_error(at.span(), "function", "fault-set", &found, "6, 16");
    }
    let holding = |text: &str| match value_syntax::parse_register(text)? {
        (ModbusTable::Holding, register) => Some(register),
        _ => None,
    };
    let span: Range<usize> = at.span();
    if raw.register.is_none() {
        notes.add_error(span, "register", "fault-missing", "", "");
    }
    let save = raw.save.as_ref().and_then(|save| {
        let typed = &save.get().register;
        let register = notes.parsed_text(typed, "register", holding, "fault-expect-register")?;
        let value = notes.integer_in_range(&save.get().value, "value", 0..=65_535)?;
        Some((register, value))
    });
    Some(DeviceSetting {
        register: notes.parsed_text(&raw.register, "register", holding, "fault-expect-register")?,
        multiple: function == 16,
        coding,
        power_cycle: raw.power_cycle.unwrap_or(false),
        button: raw.button.unwrap_or(false),
        save,
    })
}
