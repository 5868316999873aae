//! What would be written, checked before anything is.

use super::Asked;
use crate::config::profile::Profile;
use crate::config::set_address::Setting;
use crate::config::{Bus, Config, Link, profiles};
use crate::words::Lang;
use drivers::frame::{Function, Request};
use drivers::write::Write;
use std::fmt::Display;

/// How a device is reached.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) bus: Bus,
    pub(super) unit: u8,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Device id.
    pub device: String,
    pub(super) before: Reach,
    pub(super) after: Reach,
    pub(super) setting: Setting,
    words: ([u16; 2], u8),
    /// The new speed; an address otherwise.
    baud: Option<u32>,
    /// The address that the configuration has for this device.
    configured: u8,
}

/// A call that cannot be done: a sentence and its arguments.
#[derive(Debug)]
pub struct Wrong {
    key: &'static str,
    found: String,
    expected: String,
}

impl Wrong {
    fn new(key: &'static str, found: &dyn Display, expected: &dyn Display) -> Self {
        Self {
            key,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }

    /// In words.
    pub fn say(&self, lang: Lang) -> String {
        let args = [("found", &*self.found), ("expected", &*self.expected)];
        lang.say(self.key, &args)
    }
}

impl Plan {
    /// Looks it up and checks it.
    pub fn of(asked: &Asked, config: &Config) -> Result<Self, Wrong> {
        let mut devices = config.devices.iter().zip(&config.site.devices);
        let found = devices.find(|(device, _)| *device.id == *asked.device);
        let Some((device, info)) = found else {
            let ids: Vec<&str> = config.devices.iter().map(|device| &*device.id).collect();
            let ids = ids.join(", ");
            return Err(Wrong::new("setaddr-unknown", &asked.device, &ids));
        };
        let bus = config.buses.get(device.bus).cloned();
        let bus = bus.ok_or_else(|| Wrong::new("setaddr-unknown", &asked.device, &""))?;
        let before = Reach {
            unit: asked.from.unwrap_or(device.unit),
            bus,
        };
        let profile = info
            .profile
            .as_deref()
            .and_then(|name| profile(config, name));
        let setting = setting(asked, profile.as_ref())?;
        let mut after = before.clone();
        let value = if let Some(baud) = asked.baud {
            let Link::Rtu(line) = &mut after.bus.link else {
                return Err(Wrong::new("setaddr-no-line", &before.bus.id, &""));
            };
            let old = std::mem::replace(&mut line.baud, baud);
            differ(old, baud)?;
            baud
        } else {
            after.unit = asked.to.unwrap_or(device.unit);
            differ(before.unit.into(), after.unit.into())?;
            after.unit.into()
        };
        let words = setting.words(value);
        let words = words.ok_or_else(|| Wrong::new("setaddr-range", &value, &range(&setting)))?;
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
    pub fn change(&self) -> String {
        match (&self.before.bus.link, self.baud) {
            (Link::Rtu(line), Some(baud)) => format!("baud {} -> {baud}", line.baud),
            _ => format!("unit {} -> {}", self.before.unit, self.after.unit),
        }
    }

    /// It gives another address.
    pub fn moves(&self) -> bool {
        self.baud.is_none()
    }

    /// The bus that the device is on.
    pub fn bus(&self) -> &Bus {
        &self.before.bus
    }

    /// `holding:N`, where the device keeps it.
    pub fn register(&self) -> String {
        format!("holding:{}", self.setting.register)
    }

    /// What the audit is told, with who did it and how it ended.
    pub fn noted(&self, by: &str, outcome: &str) -> String {
        let (device, bus) = (&self.device, &self.before.bus.id);
        let (change, register) = (self.change(), self.register());
        format!("{device} on {bus}: {change} in {register} by {by}: {outcome}")
    }

    /// The write itself.
    pub(super) fn write(&self) -> Write {
        Write {
            unit: self.before.unit,
            address: self.setting.register,
            words: self.words.0,
            count: self.words.1,
            multiple: self.setting.multiple,
        }
    }

    /// What makes it last, written to the device as it is then.
    pub(super) fn save(&self) -> Option<Write> {
        let (address, value) = self.setting.save?;
        Some(Write {
            unit: self.after.unit,
            address,
            words: [value, 0],
            count: 1,
            multiple: self.setting.multiple,
        })
    }

    /// A question that any such device answers, if only by refusing.
    pub(super) fn question(&self, unit: u8) -> Request {
        Request {
            unit,
            function: Function::Holding,
            address: self.setting.register,
            count: self.setting.count(),
        }
    }

    /// What would be written, and why that is dangerous.
    pub fn say(&self, lang: Lang) -> String {
        let write = self.write();
        let words = write.values().iter().map(|word| format!("0x{word:04X}"));
        let words = words.collect::<Vec<_>>().join(" ");
        let (unit, register) = (write.unit.to_string(), self.setting.register.to_string());
        let function = write.function().to_string();
        let change = self.change();
        let args = [
            ("device", self.device.as_str()),
            ("bus", &self.before.bus.id),
            ("unit", &unit),
            ("function", &function),
            ("register", &register),
            ("words", &words),
            ("change", &change),
        ];
        let mut lines = vec![lang.say("setaddr-plan", &args)];
        if let Some((register, value)) = self.setting.save {
            let (register, value) = (register.to_string(), value.to_string());
            let args = [("register", &*register), ("value", &*value)];
            lines.push(lang.say("setaddr-plan-save", &args));
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

    /// What the configuration must say from now on; nothing when it says so already.
    pub(super) fn reminder(&self, lang: Lang) -> Option<String> {
        if let Some(baud) = self.baud {
            let (baud, bus) = (baud.to_string(), &*self.before.bus.id);
            return Some(lang.say("setaddr-config-baud", &[("baud", &baud), ("bus", bus)]));
        }
        let (unit, device) = (self.after.unit.to_string(), self.device.as_str());
        let args = [("unit", &*unit), ("device", device)];
        (self.after.unit != self.configured).then(|| lang.say("setaddr-config", &args))
    }
}

fn differ(old: u32, new: u32) -> Result<(), Wrong> {
    if old == new {
        return Err(Wrong::new("setaddr-same", &new, &""));
    }
    Ok(())
}

fn range(setting: &Setting) -> String {
    use crate::config::set_address::Coding;
    match &setting.coding {
        Coding::Whole(from, to) | Coding::Float(from, to) => format!("{from} - {to}"),
        Coding::Codes(codes) => {
            let speeds: Vec<String> = codes.iter().map(|(speed, _)| speed.to_string()).collect();
            speeds.join(", ")
        }
    }
}

/// The profile of this name, or of its variant.
fn profile(config: &Config, name: &str) -> Option<Profile> {
    let file = name.split_once('.').map_or(name, |(file, _)| file);
    let all = profiles(config.profiles.as_deref()).into_iter();
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

/// Where the setting is: typed by hand, else a fact of the profile.
fn setting(asked: &Asked, profile: Option<&Profile>) -> Result<Setting, Wrong> {
    if let Some(register) = &asked.register {
        let multiple = match asked.function {
            6 => false,
            16 => true,
            other => return Err(Wrong::new("setaddr-function", &other, &"6, 16")),
        };
        let typed = Setting::typed(register, multiple);
        return typed.ok_or_else(|| Wrong::new("setaddr-register", &register, &"holding:N"));
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
    known.ok_or_else(|| Wrong::new(key, &name, &""))
}
