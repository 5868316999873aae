//! Plan of a change: which registers are written, checked before any write.

use super::AddressChangeRequest;
use crate::config::profile::Profile;
use crate::config::set_address::DeviceSetting;
use crate::config::{Bus, Config, Device, ModbusLink, load_profiles};
use crate::i18n::Language;
use drivers::frame::{ModbusReadFunction, ModbusReadRequest};
use drivers::write_request::ModbusWriteRequest;
use std::fmt::Display;

/// Bus and unit address of a device.
#[derive(Clone, Debug)]
pub(crate) struct DeviceReach {
    pub(crate) bus: Bus,
    pub(crate) unit: u8,
}

/// A checked change.
#[derive(Clone, Debug)]
pub struct AddressChangePlan {
    /// Device id.
    pub device: String,
    pub(crate) before: DeviceReach,
    pub(crate) after: DeviceReach,
    pub(crate) setting: DeviceSetting,
    words: ([u16; 2], u8),
    /// New speed; `None`: the address changes.
    baud: Option<u32>,
    /// Address of this device in the configuration.
    configured: u8,
}

/// An invalid request: message key and arguments.
#[derive(Debug)]
pub struct AddressPlanError {
    key: &'static str,
    found: String,
    expected: String,
}

impl AddressPlanError {
    fn new(key: &'static str, found: &dyn Display, expected: &dyn Display) -> Self {
        Self {
            key,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }

    /// The error as a sentence.
    pub fn message(&self, lang: Language) -> String {
        let args = [("found", &*self.found), ("expected", &*self.expected)];
        lang.text_with(self.key, &args)
    }
}

impl AddressChangePlan {
    /// Checks a request against configuration and profile.
    pub fn from_request(
        asked: &AddressChangeRequest,
        config: &Config,
    ) -> Result<Self, AddressPlanError> {
        let mut devices = config.devices.iter().zip(&config.site.devices);
        let found = devices.find(|(device, _)| *device.id == *asked.device);
        let Some((device, info)) = found else {
            let ids: Vec<&str> = config.devices.iter().map(|device| &*device.id).collect();
            let ids = ids.join(", ");
            return Err(AddressPlanError::new(
                "setaddr-unknown",
                &asked.device,
                &ids,
            ));
        };
        let bus = config.buses.get(device.bus).cloned();
        let bus =
            bus.ok_or_else(|| AddressPlanError::new("setaddr-unknown", &asked.device, &""))?;
        let before = DeviceReach {
            unit: asked.from.unwrap_or(device.unit),
            bus,
        };
        let profile = info
            .profile
            .as_deref()
            .and_then(|name| find_profile(config, name));
        let setting = find_setting(asked, profile.as_ref())?;
        let mut after = before.clone();
        let value = if let Some(baud) = asked.baud {
            let Some(ModbusLink::Rtu(line)) = after.bus.link.modbus_mut() else {
                return Err(AddressPlanError::new(
                    "setaddr-no-line",
                    &before.bus.id,
                    &"",
                ));
            };
            let old = std::mem::replace(&mut line.baud, baud);
            check_differs(old, baud)?;
            baud
        } else {
            after.unit = asked.to.unwrap_or(device.unit);
            check_differs(before.unit.into(), after.unit.into())?;
            check_unit_is_free(config, device, after.unit)?;
            after.unit.into()
        };
        let words = setting.register_words(value);
        let words = words
            .ok_or_else(|| AddressPlanError::new("setaddr-range", &value, &range_text(&setting)))?;
        Ok(Self {
            device: asked.device.clone(),
            before,
            after,
            setting,
            words,
            baud: asked.baud,
            configured: device.unit,
        })
    }

    /// `unit 1 -> 5`, for logs and scripts.
    pub fn change_text(&self) -> String {
        match (self.before.bus.link.serial_port(), self.baud) {
            (Some(line), Some(baud)) => format!("baud {} -> {baud}", line.baud),
            _ => format!("unit {} -> {}", self.before.unit, self.after.unit),
        }
    }

    /// True when the address changes.
    pub fn changes_unit(&self) -> bool {
        self.baud.is_none()
    }

    /// New unit address; `None` for a change of speed.
    pub fn new_unit(&self) -> Option<u8> {
        self.changes_unit().then_some(self.after.unit)
    }

    /// Bus of the device.
    pub fn bus(&self) -> &Bus {
        &self.before.bus
    }

    /// Register of the setting, `holding:N`.
    pub fn register(&self) -> String {
        format!("holding:{}", self.setting.register)
    }

    /// Audit entry with the operator's name and the result.
    pub fn audit_note(&self, by: &str, outcome: &str) -> String {
        let (device, bus) = (&self.device, &self.before.bus.id);
        let (change, register) = (self.change_text(), self.register());
        format!("{device} on {bus}: {change} in {register} by {by}: {outcome}")
    }

    /// Write request of the new setting.
    pub(crate) fn write_request(&self) -> ModbusWriteRequest {
        ModbusWriteRequest {
            unit: self.before.unit,
            address: self.setting.register,
            words: self.words.0,
            count: self.words.1,
            multiple: self.setting.multiple,
        }
    }

    /// Write request that makes the setting permanent, sent with the new setting.
    pub(crate) fn save_request(&self) -> Option<ModbusWriteRequest> {
        let (address, value) = self.setting.save?;
        Some(ModbusWriteRequest {
            unit: self.after.unit,
            address,
            words: [value, 0],
            count: 1,
            multiple: self.setting.multiple,
        })
    }

    /// A read request that every such device answers, at least with an exception.
    pub(crate) fn probe_request(&self, unit: u8) -> ModbusReadRequest {
        // The register of the setting itself: a device that has it always answers for it.
        ModbusReadRequest {
            unit,
            function: ModbusReadFunction::Holding,
            address: self.setting.register,
            count: self.setting.register_count(),
        }
    }

    /// Text of the planned writes and their risk.
    pub fn describe(&self, lang: Language) -> String {
        let write = self.write_request();
        let words = write.values().iter().map(|word| format!("0x{word:04X}"));
        let words = words.collect::<Vec<_>>().join(" ");
        let (unit, register) = (write.unit.to_string(), self.setting.register.to_string());
        let function = write.function().to_string();
        let change = self.change_text();
        let args = [
            ("device", self.device.as_str()),
            ("bus", &self.before.bus.id),
            ("unit", &unit),
            ("function", &function),
            ("register", &register),
            ("words", &words),
            ("change", &change),
        ];
        let mut lines = vec![lang.text_with("setaddr-plan", &args)];
        if let Some((register, value)) = self.setting.save {
            let (register, value) = (register.to_string(), value.to_string());
            let args = [("register", &*register), ("value", &*value)];
            lines.push(lang.text_with("setaddr-plan-save", &args));
        }
        lines.push(lang.text("setaddr-danger"));
        if self.setting.button {
            lines.push(lang.text("setaddr-button"));
        }
        if self.setting.power_cycle {
            lines.push(lang.text("setaddr-power"));
        }
        lines.join("\n")
    }

    /// Text of the setting that the configuration must have from now on; `None` when it already has
    /// it.
    pub(crate) fn config_reminder(&self, lang: Language) -> Option<String> {
        if let Some(baud) = self.baud {
            let (baud, bus) = (baud.to_string(), &*self.before.bus.id);
            return Some(lang.text_with("setaddr-config-baud", &[("baud", &baud), ("bus", bus)]));
        }
        let (unit, device) = (self.after.unit.to_string(), self.device.as_str());
        let args = [("unit", &*unit), ("device", device)];
        (self.after.unit != self.configured).then(|| lang.text_with("setaddr-config", &args))
    }
}

fn check_differs(old: u32, new: u32) -> Result<(), AddressPlanError> {
    if old == new {
        return Err(AddressPlanError::new("setaddr-same", &new, &""));
    }
    Ok(())
}

/// Refuses an address that another device of the line has in the configuration: it may be switched
/// off now, and would answer together with this one later.
fn check_unit_is_free(config: &Config, device: &Device, unit: u8) -> Result<(), AddressPlanError> {
    let is_there =
        |other: &&Device| other.bus == device.bus && other.unit == unit && other.id != device.id;
    match config.devices.iter().find(is_there) {
        Some(other) => Err(AddressPlanError::new("setaddr-doubled", &unit, &other.id)),
        None => Ok(()),
    }
}

fn range_text(setting: &DeviceSetting) -> String {
    use crate::config::set_address::SettingEncoding;
    match &setting.coding {
        SettingEncoding::Whole(from, to) | SettingEncoding::Float(from, to) => {
            format!("{from} - {to}")
        }
        SettingEncoding::Codes(codes) => {
            let speeds: Vec<String> = codes.iter().map(|(speed, _)| speed.to_string()).collect();
            speeds.join(", ")
        }
    }
}

/// The profile or variant with this name.
fn find_profile(config: &Config, name: &str) -> Option<Profile> {
    let file = name.split_once('.').map_or(name, |(file, _)| file);
    let all = load_profiles(config.profiles.as_deref()).into_iter();
    let mut all = all.filter(|(known, _)| known == file);
    let profile = all.next()?.1.ok()?;
    if *profile.name == *name {
        return Some(profile);
    }
    profile
        .variants
        .into_iter()
        .find(|variant| *variant.name == *name)
}

/// Setting of the request (typed register), else that of the profile.
fn find_setting(
    asked: &AddressChangeRequest,
    profile: Option<&Profile>,
) -> Result<DeviceSetting, AddressPlanError> {
    if let Some(register) = &asked.register {
        let multiple = match asked.function {
            6 => false,
            16 => true,
            other => return Err(AddressPlanError::new("setaddr-function", &other, &"6, 16")),
        };
        let typed = DeviceSetting::parse_register(register, multiple);
        return typed
            .ok_or_else(|| AddressPlanError::new("setaddr-register", &register, &"holding:N"));
    }
    let (known, key) = match asked.baud {
        Some(_) => (
            profile.and_then(|one| one.set_baud.clone()),
            "setaddr-no-baud",
        ),
        None => (
            profile.and_then(|one| one.set_address.clone()),
            "setaddr-no-register",
        ),
    };
    let name = profile.map_or("-", |profile| &*profile.name);
    known.ok_or_else(|| AddressPlanError::new(key, &name, &""))
}
