//! [`energy_overlap`]: certainty that two assets measure the same energy.
//!
//! ```text
//! energy = 'm.energy', power = 'm.power'              one device, one quantity: sure
//! energy = 'm.energy_1', energy = 'm.energy_2'        two channels: not, where both declare it
//! energy = 'm.energy', energy = 'm.energy_import'     perhaps, whatever the two declare
//! ```

use super::RawAsset;
use super::asset_point::POWER_UNITS;
use super::measured_energy::MeasuredEnergy;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::SpannedValue;
use crate::config::same_places::SamePlaces;
use crate::domain::{DeviceInfo, Site};

/// Certainty that two assets measure the same energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EnergyOverlap {
    None,
    Possible,
    Sure,
}

impl EnergyOverlap {
    /// Tells what is found at a key of an asset: an error where it is sure, a warning where it may
    /// be.
    pub(super) fn tell(
        self,
        notes: &mut DiagnosticCollector<'_>,
        (at, key): (&SpannedValue<RawAsset>, &str),
        what: &'static str,
        (found, expected): (&str, &str),
    ) {
        if self == Self::Sure {
            notes.add_error(at.span(), key, what, found, expected);
        } else {
            notes.add_warning(at.span(), key, what, found, expected);
        }
    }
}

/// Numbers that the ids of two points name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PointNumbers {
    /// Both name the same one: `energy_1`, `power_1`.
    Equal,
    /// Each names another one: `energy_l1`, `energy_l2`.
    Different,
    /// They name none, or cannot be compared: `energy`, `energy_1`.
    Unknown,
}

/// Whether two assets measure the same energy: one point, or points of one device that are not
/// known to be of two channels.
pub(super) fn energy_overlap(
    (site, places): (&Site, &SamePlaces),
    one: &MeasuredEnergy<'_>,
    other: &MeasuredEnergy<'_>,
) -> EnergyOverlap {
    if one.shares_point(other, places) {
        return EnergyOverlap::Sure;
    }
    let is_one_device =
        |pair: &(&str, &str)| places.is_one_device(device_of(pair.0), device_of(pair.1));
    let main: Vec<(&str, &str)> = one.main_points(other);
    if !main.iter().any(is_one_device) {
        // The figures use points of two devices, and yet the assets have a device in common.
        let mut all = one
            .points()
            .flat_map(|id| other.points().map(move |id2| (id, id2)));
        return if all.any(|pair| is_one_device(&pair)) {
            EnergyOverlap::Possible
        } else {
            EnergyOverlap::None
        };
    }
    let of_pair = |(first, second): (&str, &str)| {
        let mut devices = site.devices.iter();
        let found = devices.find(|known| *known.id == *device_of(first));
        found.map_or(EnergyOverlap::Possible, |found| {
            overlap_within(found, (one, first), (other, second))
        })
    };
    let certainties = main.into_iter().filter(is_one_device).map(of_pair);
    certainties.max().unwrap_or(EnergyOverlap::None)
}

/// Whether two points of one device measure the same energy.
// A word that a person types makes no channel: it tells points apart that the device itself has
// apart.
fn overlap_within(
    device: &DeviceInfo,
    (one, first): (&MeasuredEnergy<'_>, &str),
    (other, second): (&MeasuredEnergy<'_>, &str),
) -> EnergyOverlap {
    if one.channel.is_some() && one.channel == other.channel {
        return EnergyOverlap::Sure;
    }
    let (counters, powers) = energy_points(device);
    let is_mixed = one.counters.contains(&first) != other.counters.contains(&second);
    // The one counter counts what all powers of the device make, and the one power makes it.
    if is_mixed && (counters <= 1 || powers <= 1) {
        return EnergyOverlap::Sure;
    }
    let is_apart = match compare_numbers(first, second) {
        PointNumbers::Equal if is_mixed => return EnergyOverlap::Sure,
        PointNumbers::Different => true,
        // Without a profile, a person has listed two registers of one quantity.
        PointNumbers::Equal | PointNumbers::Unknown => device.profile.is_none() && !is_mixed,
    };
    if is_apart && one.is_declared_apart(other) {
        EnergyOverlap::None
    } else {
        EnergyOverlap::Possible
    }
}

/// Number of energy counters and of powers that a device has.
fn energy_points(device: &DeviceInfo) -> (usize, usize) {
    let points = &device.points;
    let counters = points
        .iter()
        .filter(|one| one.counter && one.unit.ends_with("Wh"));
    let powers = points
        .iter()
        .filter(|one| POWER_UNITS.contains(&&*one.unit) || &*one.unit == "kW");
    (counters.count(), powers.count())
}

/// Compares the numbers in the ids of two points.
fn compare_numbers(one: &str, other: &str) -> PointNumbers {
    match (numbered_part(one), numbered_part(other)) {
        (Some((word, number)), Some((other_word, other_number))) if word == other_word => {
            if number == other_number {
                PointNumbers::Equal
            } else {
                PointNumbers::Different
            }
        }
        _ => PointNumbers::Unknown,
    }
}

/// The one part of a point's name that ends in a number, as word and number: `l` and `2` of
/// `meter.energy_import_l2`. A register's type (`u32`) is none.
fn numbered_part(id: &str) -> Option<(&str, &str)> {
    let name = id.split_once('.').map_or(id, |(_, name)| name);
    let numbered = |part: &'_ str| -> Option<(usize, usize)> {
        let digits = part.len() - part.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let is_type = ["u16", "u32", "u64", "i16", "i32", "i64", "f32", "f64"].contains(&part);
        (digits > 0 && !is_type).then_some((part.len() - digits, part.len()))
    };
    let mut found = name
        .split(['_', '-'])
        .filter_map(|part| numbered(part).map(|(word, end)| (&part[..word], &part[word..end])));
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

/// Device of a point id, `device.point`.
fn device_of(id: &str) -> &str {
    id.split('.').next().unwrap_or_default()
}
