//! [`ask_assets`]: assets whose kind is clear from a device: a plant behind an inverter, a tank
//! behind a level sensor.

use super::site_file::toml_string;
use crate::cli::interview::{Interview, InterviewEnded};
use crate::cli::prompt::parse_decimal;
use crate::config::Config;
use crate::domain::{DeviceInfo, PointInfo};
use crate::i18n::Language;
use std::fmt::Write as _;

/// Points of the energy of an inverter, the best first.
const ENERGY_POINTS: &[&str] = &["ac_energy_total", "ac_energy", "energy_total"];
/// Points of its power.
const POWER_POINTS: &[&str] = &["ac_power", "power"];
/// Points of a level sensor.
const LEVEL_POINTS: &[&str] = &["level", "water_level"];

/// Asks for what a device does not say, and returns the tables of the assets. An error at the end
/// of the input.
pub(super) fn ask_assets(
    talk: &mut Interview<'_>,
    config: &Config,
) -> Result<String, InterviewEnded> {
    let mut text = String::new();
    let (mut plants, mut tanks) = (0, 0);
    for device in &config.site.devices {
        match &*device.kind {
            "inverter" => {
                if let Some(table) = ask_plant(talk, device, plants + 1)? {
                    plants += 1;
                    text.push_str(&table);
                }
            }
            "level" => {
                if let Some(table) = ask_tank(talk, device, tanks + 1)? {
                    tanks += 1;
                    text.push_str(&table);
                }
            }
            _ => {}
        }
    }
    Ok(text)
}

/// The first of these points that a device has.
fn named_point<'a>(
    device: &'a DeviceInfo,
    names: &[&str],
    fits: impl Fn(&PointInfo) -> bool,
) -> Option<&'a PointInfo> {
    let find = |name: &&str| {
        let mut points = device.points.iter();
        points.find(|point| *point.name == **name && fits(point))
    };
    names.iter().find_map(find)
}

/// Table of a plant; `Ok(None)` when it comes later.
fn ask_plant(
    talk: &mut Interview<'_>,
    device: &DeviceInfo,
    number: usize,
) -> Result<Option<String>, InterviewEnded> {
    let power = named_point(device, POWER_POINTS, |point| {
        matches!(&*point.unit, "W" | "kW")
    });
    let energy = named_point(device, ENERGY_POINTS, |point| point.counter);
    if power.is_none() && energy.is_none() {
        return Ok(None);
    }
    let question =
        |lang: Language| lang.text_with("cli-init-ask-capacity", &[("device", &device.id)]);
    let Some(capacity) = ask_size(talk, "capacity", &question(talk.lang()))? else {
        return Ok(None);
    };
    let mut text = format!(
        "\n[[asset]]\nid           = {}\nkind         = \"plts\"\ncapacity_kwp = {capacity}\n",
        toml_string(&numbered_id("plts", number)),
    );
    if let Some(power) = power {
        let _ = writeln!(text, "power        = {}", toml_string(&power.id));
    }
    if let Some(energy) = energy {
        let _ = writeln!(text, "energy       = {}", toml_string(&energy.id));
    }
    Ok(Some(text))
}

/// Table of a tank; `Ok(None)` when it comes later.
fn ask_tank(
    talk: &mut Interview<'_>,
    device: &DeviceInfo,
    number: usize,
) -> Result<Option<String>, InterviewEnded> {
    let level = named_point(device, LEVEL_POINTS, |point| {
        matches!(&*point.unit, "m" | "cm" | "mm")
    });
    let Some(level) = level else {
        return Ok(None);
    };
    let lang = talk.lang();
    let question = lang.text_with("cli-init-ask-diameter", &[("device", &device.id)]);
    let Some(diameter) = ask_size(talk, "diameter", &question)? else {
        return Ok(None);
    };
    let Some(height) = ask_size(talk, "height", &lang.text("cli-init-ask-height"))? else {
        return Ok(None);
    };
    Ok(Some(format!(
        "\n[[asset]]\nid    = {}\nkind  = \"tank\"\nlevel = {}\n\
         shape = {{ kind = \"vertical-cylinder\", diameter_m = {diameter}, \
         height_m = {height} }}\n",
        toml_string(&numbered_id("tank", number)),
        toml_string(&level.id),
    )))
}

/// A size above zero as a TOML number; `Ok(None)` after an empty answer.
fn ask_size(
    talk: &mut Interview<'_>,
    key: &str,
    question: &str,
) -> Result<Option<String>, InterviewEnded> {
    let size = |text: &str| parse_decimal(text).filter(|size| *size > 0.0);
    let answer = talk.ask_or(key, question, "", |text| size(text).is_some());
    let answer = answer.ok_or(InterviewEnded)?;
    Ok(size(&answer).map(|size| format!("{size:?}")))
}

fn numbered_id(base: &str, number: usize) -> String {
    if number == 1 {
        base.to_owned()
    } else {
        format!("{base}-{number}")
    }
}
