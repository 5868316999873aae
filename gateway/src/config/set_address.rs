//! How a device is given another address or speed: raw to believed. Facts of a profile; only the
//! wizard that writes them looks at them.

use crate::config::notes::Notes;
use crate::config::raw::At;
use crate::config::raw_profile::{RawSet, RawSetType};
use crate::config::{Table, check, values};
use std::ops::Range;

/// Where a device keeps a setting, and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// First holding register, 0-based protocol address.
    pub register: u16,
    /// Function 16; function 6 otherwise.
    pub multiple: bool,
    /// How the register holds it.
    pub coding: Coding,
    /// It holds only after power was off.
    pub power_cycle: bool,
    /// A button on the device must be held before.
    pub button: bool,
    /// Register and value that make it last, written when the device has the new setting.
    pub save: Option<(u16, u16)>,
}

/// How a register holds a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Coding {
    /// The number itself, from..=to.
    Whole(u16, u16),
    /// The number itself as a 32-bit float, high half first; from..=to.
    Float(u16, u16),
    /// A code for each number.
    Codes(Vec<(u32, u16)>),
}

impl Setting {
    /// The words for a value, and how many; `None` when the device cannot have it.
    pub fn words(&self, value: u32) -> Option<([u16; 2], u8)> {
        let within = |from: u16, to: u16| {
            let value = u16::try_from(value).ok()?;
            (from..=to).contains(&value).then_some(value)
        };
        match &self.coding {
            Coding::Whole(from, to) => Some(([within(*from, *to)?, 0], 1)),
            Coding::Float(from, to) => {
                let [a, b, c, d] = f32::from(within(*from, *to)?).to_be_bytes();
                let words = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
                Some((words, 2))
            }
            Coding::Codes(codes) => {
                let code = codes.iter().find(|(number, _)| *number == value)?;
                Some(([code.1, 0], 1))
            }
        }
    }

    /// Registers that hold it.
    pub fn count(&self) -> u16 {
        match self.coding {
            Coding::Float(..) => 2,
            Coding::Whole(..) | Coding::Codes(_) => 1,
        }
    }

    /// One holding register with an address in it, as most devices have it; typed by hand.
    pub fn typed(register: &str, multiple: bool) -> Option<Self> {
        let (table, register) = values::register(register)?;
        (table == Table::Holding).then_some(Self {
            register,
            multiple,
            coding: Coding::Whole(1, 247),
            power_cycle: false,
            button: false,
            save: None,
        })
    }
}

/// The address of a device.
pub(crate) fn address(notes: &mut Notes<'_>, raw: Option<&At<RawSet>>) -> Option<Setting> {
    let at = raw?;
    let typed = at.get();
    let min = notes.ranged(&typed.min, "min", 1..=247).unwrap_or(1);
    let max = notes.ranged(&typed.max, "max", 1..=247).unwrap_or(247);
    if min > max || !typed.codes.is_empty() {
        notes.fault(at.span(), "set_address", "fault-set", "", "min, max");
    }
    let coding = match typed.r#type.as_ref().map(At::get) {
        Some(RawSetType::F32) => Coding::Float(min, max),
        Some(RawSetType::U16) | None => Coding::Whole(min, max),
    };
    setting(notes, at, coding)
}

/// The speed of a device.
pub(crate) fn baud(notes: &mut Notes<'_>, raw: Option<&At<RawSet>>) -> Option<Setting> {
    let at = raw?;
    let mut codes = Vec::new();
    for (number, code) in &at.get().codes {
        let speed = number.parse::<u32>().ok();
        let speed = speed.filter(|speed| check::BAUD.contains(&i64::from(*speed)));
        match (speed, u16::try_from(*code)) {
            (Some(speed), Ok(code)) => codes.push((speed, code)),
            _ => notes.fault(at.span(), "codes", "fault-set", number, "9600 = 3"),
        }
    }
    let strays = at.get().min.is_some() || at.get().max.is_some() || at.get().r#type.is_some();
    if codes.is_empty() || strays {
        notes.fault(at.span(), "set_baud", "fault-set", "", "codes");
    }
    codes.sort_unstable();
    setting(notes, at, Coding::Codes(codes))
}

fn setting(notes: &mut Notes<'_>, at: &At<RawSet>, coding: Coding) -> Option<Setting> {
    let raw = at.get();
    let function: u8 = notes.ranged(&raw.function, "function", 6..=16).unwrap_or(6);
    let is_float = matches!(coding, Coding::Float(..));
    if !matches!(function, 6 | 16) || (is_float && function == 6) {
        let found = function.to_string();
        notes.fault(at.span(), "function", "fault-set", &found, "6, 16");
    }
    let holding = |text: &str| match values::register(text)? {
        (Table::Holding, register) => Some(register),
        _ => None,
    };
    let span: Range<usize> = at.span();
    if raw.register.is_none() {
        notes.fault(span, "register", "fault-missing", "", "");
    }
    let save = raw.save.as_ref().and_then(|save| {
        let typed = &save.get().register;
        let register = notes.parsed(typed, "register", holding, "fault-expect-register")?;
        let value = notes.ranged(&save.get().value, "value", 0..=65_535)?;
        Some((register, value))
    });
    Some(Setting {
        register: notes.parsed(&raw.register, "register", holding, "fault-expect-register")?,
        multiple: function == 16,
        coding,
        power_cycle: raw.power_cycle.unwrap_or(false),
        button: raw.button.unwrap_or(false),
        save,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::load_text;
    use std::path::Path;

    const PROFILE: &str = "name = \"acme\"\nmanufacturer = \"A\"\nmodel = \"B\"\nkind = \"level\"\n\
        source = \"S\"\n[[point]]\nid = \"level\"\nregister = \"holding:4\"\ntype = \"i16\"\n\
        unit = \"m\"\n[[capture]]\npoint = \"level\"\nwords = [1]\nvalue = 1\nfrom = \"device\"\n";

    fn settings(tables: &str) -> Result<(Option<Setting>, Option<Setting>), String> {
        let text = format!("{PROFILE}{tables}");
        let loaded = load_text(&text, Path::new("acme.toml"));
        let loaded = loaded.map_err(|faults| faults.render(crate::words::Lang::En))?;
        Ok((loaded.set_address, loaded.set_baud))
    }

    #[test]
    fn an_address_is_a_number_or_a_float_and_a_speed_is_a_code() {
        let (address, baud) = settings(
            "[set_address]\nregister = \"holding:20\"\nfunction = 16\ntype = \"f32\"\n\
             button = true\n[set_baud]\nregister = \"holding:1\"\ncodes = { 9600 = 3, 4800 = 2 }\n",
        )
        .unwrap();
        let (address, baud) = (address.unwrap(), baud.unwrap());
        assert_eq!(address.words(5), Some(([0x40a0, 0], 2)));
        assert_eq!((address.words(0), address.words(248)), (None, None));
        assert_eq!(
            (baud.words(9600), baud.words(1200)),
            (Some(([3, 0], 1)), None)
        );
        let typed = Setting::typed("holding:0", false).unwrap();
        assert_eq!(typed.words(247), Some(([247, 0], 1)));
        assert_eq!(Setting::typed("input:0", false), None);
    }

    #[test]
    fn what_cannot_be_written_is_a_fault_with_its_line() {
        for (tables, line) in [
            ("[set_address]\nregister = \"input:0\"\n", 17),
            ("[set_address]\nfunction = 6\n", 16),
            (
                "[set_address]\nregister = \"holding:0\"\nfunction = 5\n",
                18,
            ),
            ("[set_baud]\nregister = \"holding:0\"\n", 16),
            (
                "[set_baud]\nregister = \"holding:0\"\ncodes = { fast = 1 }\n",
                16,
            ),
        ] {
            let why = settings(tables).unwrap_err();
            assert!(
                why.contains(&format!("acme.toml:{line}")),
                "{tables}: {why}"
            );
        }
    }
}
