//! Weight of a profile for a device's answers.
//!
//! A claim of the profile (this register is a voltage of 180 to 260 V) is worth the bits by which
//! it makes the registers likelier than on any device: small numbers are common everywhere and say
//! little, a single-precision number near 230 says much. A listed register that the device refuses
//! counts against the profile, as does an impossible value.

use super::register_answers::{KnownRegisters, RegisterAnswers};
use super::value_weight::{ODD_BITS, likelihood_bits, value_bits};
use crate::buses::modbus::decode;
use crate::buses::modbus::read_plan::{self, PlannedRead};
use crate::config::identification::{IdentificationRule, IdentificationSource, IdentificationTest};
use crate::config::profile::Profile;
use crate::config::{Device, ModbusLink, ModbusTable, Point};
use crate::domain::{QualityReason, SampleOutcome};
use std::collections::BTreeSet;
use std::time::Duration;

/// Bits against a profile: a register that the device refuses.
const REFUSED_BITS: f64 = -4.0;
/// Bits against a profile: a register that times out although others are answered.
const SILENT_BITS: f64 = -3.0;
/// Bits for a profile: a text that only such devices have.
const TEXT_BITS: f64 = 24.0;
/// Bits for a profile: a register with the device's own unit id, or the factory settings.
const SETTING_BITS: f64 = 1.0;
/// Largest share of a profile's points that a device may refuse.
const REFUSED_SHARE_MAX: f64 = 0.34;
/// Smallest raw value that is no state or small count which any device might hold.
const RARE_FROM: i64 = 32;
/// Largest number of measured values shown for a profile.
const SHOWN_MAX: usize = 3;
/// Name of the register that holds a device's own unit id.
const UNIT_REGISTER: &str = "unit_id_reg";

/// Reason why a profile fits a device, or does not quite.
#[derive(Clone, Debug, PartialEq)]
pub enum ProfileEvidence {
    /// The device reports this vendor.
    Vendor(String),
    /// The device reports this product.
    Product(String),
    /// Text register: point, text.
    Text(String, String),
    /// Register with one of the few values that such a device has there: point, value.
    State(String, i64),
    /// Measured value: point, number, unit.
    Value(String, String, String),
    /// `SunSpec` model list: base address, number of models.
    Models(u16, usize),
    /// The device was found with the factory settings.
    Factory,
    /// Number of the profile's points that the device refuses, and of all its points.
    Refused(usize, usize),
    /// Impossible value: point.
    Odd(String),
    /// Number of points that are zero: nothing is measured now.
    Zero(usize),
}

/// Profile that is compared with a device.
#[derive(Debug)]
pub(crate) struct SuspectProfile<'a> {
    pub(crate) profile: &'a Profile,
    device: Device,
    asks: Vec<PlannedRead>,
}

/// Texts of the device identification: object number and text.
pub(crate) type IdentificationTexts = Vec<(u8, String)>;

/// Registers that must be read before a profile can be weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NeededRegisters {
    pub(crate) table: ModbusTable,
    pub(crate) address: u16,
    pub(crate) count: u16,
    pub(crate) gap: Duration,
}

/// Weight of a profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ProfileWeight {
    /// Bits by which it is likelier than chance.
    pub(crate) bits: f64,
    /// A rule is satisfied that no other kind of device would satisfy by chance.
    pub(crate) specific: bool,
    pub(crate) refused: usize,
    pub(crate) silent: usize,
    pub(crate) odd: usize,
    pub(crate) zero: usize,
    /// Registers that are not zero and have possible values.
    pub(crate) explained: usize,
    /// Points whose registers were read.
    pub(crate) heard: usize,
    pub(crate) why: Vec<ProfileEvidence>,
}

impl<'a> SuspectProfile<'a> {
    pub(crate) fn new(profile: &'a Profile, unit: u8, link: &ModbusLink) -> Self {
        let device = Device {
            id: profile.name.clone(),
            name: profile.name.clone(),
            bus: 0,
            unit,
            every: Duration::from_secs(10),
            limits: profile.limits.clone(),
            points: profile.points.clone().into(),
            asleep_at_night: profile.asleep_at_night,
            accuracy: std::collections::BTreeMap::new(),
            facts: Vec::new(),
            sunspec: None,
        };
        let asks = read_plan::plan_reads(&device, link).reads;
        Self {
            profile,
            device,
            asks,
        }
    }

    /// True when the factory speed of the profile is this one.
    pub(crate) fn has_factory_baud(&self, baud: Option<u32>) -> bool {
        baud.is_some() && self.profile.factory.baud == baud
    }

    /// Returns the weight; `None` when the device is surely another one; an error names registers
    /// to read first.
    pub(crate) fn weigh_profile(
        &self,
        known: &RegisterAnswers,
        objects: &IdentificationTexts,
        baud: Option<u32>,
    ) -> Result<Option<ProfileWeight>, NeededRegisters> {
        let mut weight = ProfileWeight::default();
        for rule in &self.profile.identify {
            if !self.check_rule(rule, known, objects, &mut weight)? {
                return Ok(None);
            }
        }
        self.check_all_read(known)?;
        self.weigh_points(known, &mut weight);
        // Points that time out count like refused ones.
        let most = refused_points_max(self.device.points.len());
        if weight.refused + weight.silent > most || weight.heard == 0 {
            return Ok(None);
        }
        self.weigh_settings(baud, &mut weight);
        self.add_totals(&mut weight);
        Ok(Some(weight))
    }

    fn need_of_range(&self, table: ModbusTable, address: u16, count: u16) -> NeededRegisters {
        NeededRegisters {
            table,
            address,
            count,
            gap: self.device.limits.gap,
        }
    }

    /// Applies an identification rule; returns false when it is violated.
    fn check_rule(
        &self,
        rule: &IdentificationRule,
        known: &RegisterAnswers,
        objects: &IdentificationTexts,
        weight: &mut ProfileWeight,
    ) -> Result<bool, NeededRegisters> {
        let object = |number: u8| objects.iter().find(|(object, _)| *object == number);
        let (said, why): (_, fn(String) -> ProfileEvidence) = match &rule.asked {
            IdentificationSource::Registers(point) => {
                return self.check_register_rule(point, &rule.test, known, weight);
            }
            IdentificationSource::Vendor => (object(0), ProfileEvidence::Vendor),
            IdentificationSource::Product => (object(1), ProfileEvidence::Product),
        };
        let Some((_, said)) = said else {
            return Ok(true);
        };
        let IdentificationTest::Contains(part) = &rule.test else {
            return Ok(true);
        };
        if !contains_ignoring_case(said, part) {
            return Ok(false);
        }
        weight.bits += TEXT_BITS;
        weight.specific = true;
        weight.why.push(why(said.clone()));
        Ok(true)
    }

    fn check_register_rule(
        &self,
        point: &Point,
        test: &IdentificationTest,
        known: &RegisterAnswers,
        weight: &mut ProfileWeight,
    ) -> Result<bool, NeededRegisters> {
        let words = match known.point_registers(point) {
            KnownRegisters::Words(words) => words,
            KnownRegisters::Unknown => return Err(self.unread_part(point, known)),
            // The device answers other registers, so it does not have this one.
            KnownRegisters::Refused | KnownRegisters::Silent => return Ok(false),
        };
        Ok(match test {
            IdentificationTest::Contains(part) => {
                let said = decode::text(point, &words).unwrap_or_default();
                let holds = contains_ignoring_case(&said, part);
                if holds {
                    weight.bits += TEXT_BITS;
                    weight.specific = true;
                    weight
                        .why
                        .push(ProfileEvidence::Text(point.name.to_string(), said));
                }
                holds
            }
            IdentificationTest::OneOf(values, mask) => {
                let raw = decode::raw_integer(point, &words);
                let raw = raw.map(|raw| mask.map_or(raw, |mask| raw & mask));
                let Some(raw) = raw.filter(|raw| values.contains(raw)) else {
                    return Ok(false);
                };
                // The fewer values a rule allows, the less likely another device has one.
                let count = f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX));
                weight.bits += likelihood_bits(1.0 / count, &words);
                // Small codes (0, 1, 2 ...) are common on any device and prove nothing.
                weight.specific |= values.iter().all(|value| *value >= RARE_FROM);
                weight
                    .why
                    .push(ProfileEvidence::State(point.name.to_string(), raw));
                true
            }
            // A range of a listed point is weighed with the point, not twice.
            IdentificationTest::Range(low, high) => {
                let outcome = decode::decode_point(point, &words, &self.decode_context(known));
                let value = outcome.number().map(crate::domain::ExactNumber::to_f64);
                let is_zero = words.iter().all(|word| *word == 0);
                let holds = value.is_some_and(|value| (*low..=*high).contains(&value));
                let nameless = !self.device.points.iter().any(|own| own.name == point.name);
                if holds && nameless && !is_zero {
                    let is_unit = words == [u16::from(self.device.unit)] && self.device.unit > 1;
                    if is_unit && *point.name == *UNIT_REGISTER {
                        weight.bits += likelihood_bits(1.0, &words);
                    } else {
                        weight.bits += value_bits(point, &words, outcome, Some((*low, *high)));
                    }
                }
                // Registers of zeros may belong to a device that measures nothing now.
                let missing = outcome == SampleOutcome::Bad(QualityReason::Missing);
                holds || is_zero || missing
            }
        })
    }

    /// Returns the part of a point that has not been read.
    fn unread_part(&self, point: &Point, known: &RegisterAnswers) -> NeededRegisters {
        let mut spans = read_plan::register_spans(point);
        let unknown = spans.find(|(table, first, last)| {
            known.known_registers(*table, *first, *last) == KnownRegisters::Unknown
        });
        let part = unknown.or_else(|| read_plan::register_spans(point).next());
        let (table, first, last) = part.unwrap_or((ModbusTable::Holding, 0, 0));
        self.need_of_range(table, first, last - first + 1)
    }

    /// Checks that all points were read: in joint requests if possible, else one by one.
    fn check_all_read(&self, known: &RegisterAnswers) -> Result<(), NeededRegisters> {
        let mut refused = 0;
        for ask in &self.asks {
            let last = ask.address.saturating_add(ask.count.max(1) - 1);
            let here = |point: &&Point| {
                read_plan::register_spans(point).any(|(table, first, end)| {
                    table == ask.table && ask.address <= first && end <= last
                })
            };
            let mut here = self.device.points.iter().filter(here);
            match known.known_registers(ask.table, ask.address, last) {
                KnownRegisters::Unknown
                    if here
                        .clone()
                        .any(|point| known.point_registers(point) == KnownRegisters::Unknown) =>
                {
                    return Err(self.need_of_range(ask.table, ask.address, ask.count));
                }
                KnownRegisters::Refused | KnownRegisters::Silent => {
                    let unknown =
                        here.find(|point| known.point_registers(point) == KnownRegisters::Unknown);
                    // With too many refused already, the profile is excluded anyway.
                    let limit = refused_points_max(self.device.points.len());
                    refused += self.count_refused(known, ask);
                    if let Some(point) = unknown.filter(|_| refused <= limit) {
                        return Err(self.unread_part(point, known));
                    }
                }
                KnownRegisters::Unknown | KnownRegisters::Words(_) => {}
            }
        }
        Ok(())
    }

    fn count_refused(&self, known: &RegisterAnswers, ask: &PlannedRead) -> usize {
        let last = ask.address.saturating_add(ask.count.max(1) - 1);
        let points = self.device.points.iter().filter(|point| {
            let first = read_plan::register_spans(point).next();
            first.is_some_and(|(table, first, _)| {
                table == ask.table && (ask.address..=last).contains(&first)
            })
        });
        points
            .filter(|point| known.point_registers(point) == KnownRegisters::Refused)
            .count()
    }

    fn decode_context(&self, known: &RegisterAnswers) -> Vec<Option<i64>> {
        let raw = |point: &Point| match known.point_registers(point) {
            KnownRegisters::Words(words) => decode::raw_integer(point, &words),
            _ => None,
        };
        self.device.points.iter().map(raw).collect()
    }

    fn weigh_points(&self, known: &RegisterAnswers, weight: &mut ProfileWeight) {
        let context = self.decode_context(known);
        let mut shown = 0;
        let mut explained = BTreeSet::new();
        for point in self.device.points.iter() {
            let words = match known.point_registers(point) {
                KnownRegisters::Words(words) => words,
                // A point that was not read any more, since too many others are refused.
                KnownRegisters::Refused | KnownRegisters::Unknown => {
                    weight.refused += 1;
                    weight.bits += REFUSED_BITS;
                    continue;
                }
                KnownRegisters::Silent => {
                    weight.bits += SILENT_BITS;
                    weight.silent += 1;
                    continue;
                }
            };
            weight.heard += 1;
            let outcome = decode::decode_point(point, &words, &context);
            let range = self.allowed_range(point);
            let worth = value_bits(point, &words, outcome, range);
            weight.bits += worth;
            // Each register counts once, although several points may share it.
            if worth > ODD_BITS {
                let places = read_plan::register_spans(point)
                    .flat_map(|(table, first, last)| (first..=last).map(move |at| (table, at)));
                explained.extend(places.filter(|(table, at)| known.is_nonzero(*table, *at)));
            }
            if worth <= ODD_BITS {
                weight.odd += 1;
                weight
                    .why
                    .push(ProfileEvidence::Odd(point.name.to_string()));
            } else if words.iter().all(|word| *word == 0) {
                weight.zero += 1;
            } else if worth > 0.0 && shown < SHOWN_MAX && !point.unit.is_empty() {
                shown += 1;
                weight.why.extend(value_evidence(point, outcome));
            }
        }
        weight.explained = explained.len();
        // A profile that fits by texts alone still shows values to compare with the display.
        let unseen = weight
            .why
            .iter()
            .all(|why| !matches!(why, ProfileEvidence::Value(..)));
        if unseen {
            let values = self
                .device
                .points
                .iter()
                .filter(|point| !point.unit.is_empty());
            let value = |point: &Point| match known.point_registers(point) {
                KnownRegisters::Words(words) => {
                    value_evidence(point, decode::decode_point(point, &words, &context))
                }
                _ => None,
            };
            weight.why.extend(values.filter_map(value).take(SHOWN_MAX));
        }
    }

    /// Returns the allowed range of a point: its own limits, or those of a rule about it.
    fn allowed_range(&self, point: &Point) -> Option<(f64, f64)> {
        let rule = self.profile.identify.iter().find_map(|rule| match rule {
            IdentificationRule {
                asked: IdentificationSource::Registers(asked),
                test: IdentificationTest::Range(low, high),
            } if asked.name == point.name => Some((*low, *high)),
            _ => None,
        });
        rule.or(point.min.zip(point.max))
    }

    fn weigh_settings(&self, baud: Option<u32>, weight: &mut ProfileWeight) {
        let factory = &self.profile.factory;
        let unit = factory.unit == Some(self.device.unit);
        if unit && self.has_factory_baud(baud) {
            weight.why.push(ProfileEvidence::Factory);
            weight.bits += SETTING_BITS;
        }
        // Unit id 1 is the factory setting of most devices.
        if unit && self.device.unit > 1 {
            weight.bits += SETTING_BITS;
        }
    }

    fn add_totals(&self, weight: &mut ProfileWeight) {
        if weight.refused > 0 {
            let all = self.device.points.len();
            weight
                .why
                .push(ProfileEvidence::Refused(weight.refused, all));
        }
        if weight.zero > 0 {
            weight.why.push(ProfileEvidence::Zero(weight.zero));
        }
    }
}

/// Returns the number of points that may be refused.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of at most a thousand points"
)]
fn refused_points_max(points: usize) -> usize {
    (points as f64 * REFUSED_SHARE_MAX) as usize
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn value_evidence(point: &Point, outcome: SampleOutcome) -> Option<ProfileEvidence> {
    let number = outcome.number()?.short_digits();
    Some(ProfileEvidence::Value(
        point.name.to_string(),
        number,
        point.unit.to_string(),
    ))
}
