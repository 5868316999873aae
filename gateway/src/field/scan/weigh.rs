//! How well a profile explains what a device has answered.
//!
//! A claim of the profile (this register is a voltage of 180 to 260 V) is worth the bits by which
//! it makes the registers likelier than they are on any device: small numbers are common
//! everywhere and say little, a single-precision number near 230 says much. A register that the
//! profile lists and the device refuses speaks against it, as does a value that cannot be.

use super::known::{Known, Look};
use crate::config::identify::{Asked, Rule, Test};
use crate::config::profile::Profile;
use crate::config::{Device, Encoding, Link, Point, Table};
use crate::model::{Outcome, Reason};
use crate::read::decode;
use crate::read::plan::{self, Ask};
use std::collections::BTreeSet;
use std::time::Duration;

/// Against a profile: a register that the device refuses.
const REFUSED_BITS: f64 = -4.0;
/// Against a profile: a register that the device does not answer for, though it answers others.
const SILENT_BITS: f64 = -3.0;
/// Against a profile: a value that cannot be.
const ODD_BITS: f64 = -5.0;
/// Against a profile: nothing is measured where something should be.
const ZERO_BITS: f64 = -1.0;
/// For a profile: a text that only such devices have.
const TEXT_BITS: f64 = 24.0;
/// For a profile: a register that holds the device's own unit id, or the factory's settings.
const SETTING_BITS: f64 = 1.0;
/// No single register is worth more.
const VALUE_BITS_MAX: f64 = 12.0;
/// Parts of a profile's points that a device may refuse.
const REFUSED_SHARE_MAX: f64 = 0.34;
/// A raw value from here on is no state or small count that any device might hold.
const RARE_FROM: i64 = 32;
/// Measured values that are shown of a profile that fits.
const SHOWN_MAX: usize = 3;
/// Name of the register that holds a device's own unit id.
const UNIT_REGISTER: &str = "unit_id_reg";

/// Why a profile fits a device, or does not quite.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The device names this vendor.
    Vendor(String),
    /// The device names this product.
    Product(String),
    /// A register's text.
    Text(String, String),
    /// A register holds one of the few values that such a device has there: point, value.
    State(String, i64),
    /// A measured value: point, number, unit.
    Value(String, String, String),
    /// A list of models in the way of `SunSpec`: where it begins, how many models.
    Models(u16, usize),
    /// The device was found in the factory's settings.
    Factory,
    /// So many of the profile's points the device refuses, of how many.
    Refused(usize, usize),
    /// A value that cannot be: point.
    Odd(String),
    /// So many points are zero: nothing is measured now.
    Zero(usize),
}

/// A profile that is held against a device.
#[derive(Debug)]
pub(super) struct Suspect<'a> {
    pub(super) profile: &'a Profile,
    device: Device,
    asks: Vec<Ask>,
}

/// What the device says of itself when asked for its identification, by number.
pub(super) type Objects = Vec<(u8, String)>;

/// Registers that must be known before a profile can be weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) table: Table,
    pub(super) address: u16,
    pub(super) count: u16,
    pub(super) gap: Duration,
}

/// A profile's weight.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Weight {
    /// Bits by which it is likelier than chance.
    pub(super) bits: f64,
    /// A rule holds that no other kind of device would keep by chance.
    pub(super) specific: bool,
    pub(super) refused: usize,
    pub(super) silent: usize,
    pub(super) odd: usize,
    pub(super) zero: usize,
    /// Registers that are not zero and whose values can be.
    pub(super) explained: usize,
    /// Points whose registers the device has told.
    pub(super) heard: usize,
    pub(super) why: Vec<Why>,
}

impl<'a> Suspect<'a> {
    pub(super) fn new(profile: &'a Profile, unit: u8, link: &Link) -> Self {
        let device = Device {
            id: profile.name.clone(),
            bus: 0,
            unit,
            every: Duration::from_secs(10),
            limits: profile.limits.clone(),
            points: profile.points.clone(),
            asleep_at_night: profile.asleep_at_night,
            accuracy: std::collections::BTreeMap::new(),
            facts: Vec::new(),
            sunspec: None,
        };
        let asks = plan::plan(&device, link).asks;
        Self {
            profile,
            device,
            asks,
        }
    }

    /// Left the factory with these settings.
    pub(super) fn is_set_so(&self, baud: Option<u32>) -> bool {
        baud.is_some() && self.profile.factory.baud == baud
    }

    /// Its weight; `None` when the device is surely something else.
    pub(super) fn weigh(
        &self,
        known: &Known,
        objects: &Objects,
        baud: Option<u32>,
    ) -> Result<Option<Weight>, Need> {
        let mut weight = Weight::default();
        for rule in &self.profile.identify {
            if !self.rule(rule, known, objects, &mut weight)? {
                return Ok(None);
            }
        }
        self.read(known)?;
        self.points(known, &mut weight);
        let most = share(self.device.points.len());
        if weight.refused + weight.silent > most || weight.heard == 0 {
            return Ok(None);
        }
        self.settings(baud, &mut weight);
        self.explain(&mut weight);
        Ok(Some(weight))
    }

    fn need(&self, point: &Point) -> Need {
        let (first, last) = plan::spans(point)
            .next()
            .unwrap_or((point.address, point.address));
        self.need_of(point.table, first, last - first + 1)
    }

    fn need_of(&self, table: Table, address: u16, count: u16) -> Need {
        Need {
            table,
            address,
            count,
            gap: self.device.limits.gap,
        }
    }

    /// False when the rule is broken.
    fn rule(
        &self,
        rule: &Rule,
        known: &Known,
        objects: &Objects,
        weight: &mut Weight,
    ) -> Result<bool, Need> {
        let object = |number: u8| objects.iter().find(|(object, _)| *object == number);
        let (said, why): (_, fn(String) -> Why) = match &rule.asked {
            Asked::Registers(point) => return self.register(point, &rule.test, known, weight),
            Asked::Vendor => (object(0), Why::Vendor),
            Asked::Product => (object(1), Why::Product),
        };
        let Some((_, said)) = said else {
            return Ok(true);
        };
        let Test::Contains(part) = &rule.test else {
            return Ok(true);
        };
        if !has(said, part) {
            return Ok(false);
        }
        weight.bits += TEXT_BITS;
        weight.specific = true;
        weight.why.push(why(said.clone()));
        Ok(true)
    }

    fn register(
        &self,
        point: &Point,
        test: &Test,
        known: &Known,
        weight: &mut Weight,
    ) -> Result<bool, Need> {
        let words = match known.of(point) {
            Look::Words(words) => words,
            Look::Unknown => return Err(self.missing(point, known)),
            // It answers others, so that it would answer for this one too, had it one.
            Look::Refused | Look::Silent => return Ok(false),
        };
        Ok(match test {
            Test::Contains(part) => {
                let said = decode::text(point, &words).unwrap_or_default();
                let holds = has(&said, part);
                if holds {
                    weight.bits += TEXT_BITS;
                    weight.specific = true;
                    weight.why.push(Why::Text(point.name.to_string(), said));
                }
                holds
            }
            Test::OneOf(values, mask) => {
                let raw = decode::raw_integer(point, &words);
                let raw = raw.map(|raw| mask.map_or(raw, |mask| raw & mask));
                let Some(raw) = raw.filter(|raw| values.contains(raw)) else {
                    return Ok(false);
                };
                let count = f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX));
                weight.bits += bits(1.0 / count, &words);
                weight.specific |= values.iter().all(|value| *value >= RARE_FROM);
                weight.why.push(Why::State(point.name.to_string(), raw));
                true
            }
            // What is weighed as a point is not weighed twice.
            Test::Range(low, high) => {
                let outcome = decode::decode(point, &words, &self.context(known));
                let value = outcome.number().map(crate::model::Number::to_f64);
                let is_zero = words.iter().all(|word| *word == 0);
                let holds = value.is_some_and(|value| (*low..=*high).contains(&value));
                let nameless = !self.device.points.iter().any(|own| own.name == point.name);
                if holds && nameless && !is_zero {
                    let is_unit = words == [u16::from(self.device.unit)] && self.device.unit > 1;
                    if is_unit && *point.name == *UNIT_REGISTER {
                        weight.bits += bits(1.0, &words);
                    } else {
                        weight.bits += claim(point, &words, outcome, Some((*low, *high)));
                    }
                }
                // A register of zeros may be one where nothing is measured now.
                let missing = outcome == Outcome::Bad(Reason::Missing);
                holds || is_zero || missing
            }
        })
    }

    /// The part of a point that nobody has asked for yet.
    fn missing(&self, point: &Point, known: &Known) -> Need {
        let unknown = plan::spans(point)
            .find(|(first, last)| known.look(point.table, *first, *last) == Look::Unknown);
        match unknown {
            Some((first, last)) => self.need_of(point.table, first, last - first + 1),
            None => self.need(point),
        }
    }

    /// All points have been asked for: together as far as that goes, else one by one.
    fn read(&self, known: &Known) -> Result<(), Need> {
        let mut refused = 0;
        for ask in &self.asks {
            let last = ask.address.saturating_add(ask.count.max(1) - 1);
            let here = |point: &&Point| {
                let mut spans = plan::spans(point);
                point.table == ask.table
                    && spans.any(|(first, end)| ask.address <= first && end <= last)
            };
            let mut here = self.device.points.iter().filter(here);
            match known.look(ask.table, ask.address, last) {
                Look::Unknown if here.clone().any(|point| known.of(point) == Look::Unknown) => {
                    return Err(self.need_of(ask.table, ask.address, ask.count));
                }
                Look::Refused | Look::Silent => {
                    let unknown = here.find(|point| known.of(point) == Look::Unknown);
                    let limit = share(self.device.points.len());
                    refused += self.refusals(known, ask);
                    if let Some(point) = unknown.filter(|_| refused <= limit) {
                        return Err(self.missing(point, known));
                    }
                }
                Look::Unknown | Look::Words(_) => {}
            }
        }
        Ok(())
    }

    fn refusals(&self, known: &Known, ask: &Ask) -> usize {
        let last = ask.address.saturating_add(ask.count.max(1) - 1);
        let points = self.device.points.iter().filter(|point| {
            point.table == ask.table && (ask.address..=last).contains(&point.address)
        });
        points
            .filter(|point| known.of(point) == Look::Refused)
            .count()
    }

    fn context(&self, known: &Known) -> Vec<Option<i64>> {
        let raw = |point: &Point| match known.of(point) {
            Look::Words(words) => decode::raw_integer(point, &words),
            _ => None,
        };
        self.device.points.iter().map(raw).collect()
    }

    fn points(&self, known: &Known, weight: &mut Weight) {
        let context = self.context(known);
        let mut shown = 0;
        let mut explained = BTreeSet::new();
        for point in &self.device.points {
            let words = match known.of(point) {
                Look::Words(words) => words,
                // One that was not asked for, since so much is refused already.
                Look::Refused | Look::Unknown => {
                    weight.refused += 1;
                    weight.bits += REFUSED_BITS;
                    continue;
                }
                Look::Silent => {
                    weight.bits += SILENT_BITS;
                    weight.silent += 1;
                    continue;
                }
            };
            weight.heard += 1;
            let outcome = decode::decode(point, &words, &context);
            let range = self.range(point);
            let worth = claim(point, &words, outcome, range);
            weight.bits += worth;
            if worth > ODD_BITS {
                let places = plan::spans(point).flat_map(|(first, last)| first..=last);
                let told = places.filter(|at| known.holds_some(point.table, *at));
                explained.extend(told.map(|at| (point.table, at)));
            }
            if worth <= ODD_BITS {
                weight.odd += 1;
                weight.why.push(Why::Odd(point.name.to_string()));
            } else if words.iter().all(|word| *word == 0) {
                weight.zero += 1;
            } else if worth > 0.0 && shown < SHOWN_MAX && !point.unit.is_empty() {
                shown += 1;
                weight.why.extend(value_of(point, outcome));
            }
        }
        weight.explained = explained.len();
        let unseen = weight.why.iter().all(|why| !matches!(why, Why::Value(..)));
        if unseen {
            let values = self
                .device
                .points
                .iter()
                .filter(|point| !point.unit.is_empty());
            let value = |point: &Point| match known.of(point) {
                Look::Words(words) => value_of(point, decode::decode(point, &words, &context)),
                _ => None,
            };
            weight.why.extend(values.filter_map(value).take(SHOWN_MAX));
        }
    }

    /// Where the point's value must be: its own bounds, or those of a rule about it.
    fn range(&self, point: &Point) -> Option<(f64, f64)> {
        let rule = self.profile.identify.iter().find_map(|rule| match rule {
            Rule {
                asked: Asked::Registers(asked),
                test: Test::Range(low, high),
            } if asked.name == point.name => Some((*low, *high)),
            _ => None,
        });
        rule.or(point.min.zip(point.max))
    }

    fn settings(&self, baud: Option<u32>, weight: &mut Weight) {
        let factory = &self.profile.factory;
        let unit = factory.unit == Some(self.device.unit);
        if unit && self.is_set_so(baud) {
            weight.why.push(Why::Factory);
            weight.bits += SETTING_BITS;
        }
        // Unit 1 is everybody's.
        if unit && self.device.unit > 1 {
            weight.bits += SETTING_BITS;
        }
    }

    fn explain(&self, weight: &mut Weight) {
        if weight.refused > 0 {
            let all = self.device.points.len();
            weight.why.push(Why::Refused(weight.refused, all));
        }
        if weight.zero > 0 {
            weight.why.push(Why::Zero(weight.zero));
        }
    }
}

/// How many of so many points may be refused.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of at most a thousand points"
)]
fn share(points: usize) -> usize {
    (points as f64 * REFUSED_SHARE_MAX) as usize
}

/// Bits that a point's registers speak for the profile; negative against it.
fn claim(point: &Point, words: &[u16], outcome: Outcome, range: Option<(f64, f64)>) -> f64 {
    let number = match outcome {
        Outcome::Bad(Reason::OutOfRange | Reason::NotANumber) => return ODD_BITS,
        Outcome::Bad(_) => return 0.0,
        Outcome::Good(number) | Outcome::Uncertain(number, _) => number.to_f64(),
    };
    if words.iter().all(|word| *word == 0) {
        let measures = range.is_some_and(|(low, _)| low > 0.0);
        return if measures { ZERO_BITS } else { 0.0 };
    }
    let float = matches!(point.encoding, Encoding::F32 | Encoding::F64);
    // A float that is a believable size at all is worth something; an integer always is.
    let range = range.or(float.then_some((-1e7, 1e7)));
    let Some((low, high)) = range.filter(|(low, high)| low < high) else {
        return 0.0;
    };
    if !(low..=high).contains(&number) {
        return ODD_BITS;
    }
    if point.bits.is_some() {
        return 0.0;
    }
    bits((step(point, number) / (high - low)).min(1.0), words).max(0.0)
}

/// The distance to the next value that the registers can hold.
fn step(point: &Point, number: f64) -> f64 {
    let (mantissa, exponent) = point.scale.factor;
    let scale = crate::model::Number::Decimal { mantissa, exponent };
    match point.encoding {
        Encoding::F32 => number.abs().max(f64::MIN_POSITIVE).log2().floor().exp2() * 2f64.powi(-23),
        Encoding::F64 => number.abs() * 2f64.powi(-52),
        _ => scale.to_f64().abs(),
    }
}

/// How many bits likelier the registers are with this probability than on any device.
fn bits(probability: f64, words: &[u16]) -> f64 {
    let anywhere: f64 = words.iter().map(|word| commonness(*word)).product();
    (probability / anywhere)
        .log2()
        .clamp(-VALUE_BITS_MAX, VALUE_BITS_MAX)
}

/// How often a register of any device holds this: zero often, every order of magnitude alike.
fn commonness(word: u16) -> f64 {
    match word {
        0 => 0.3,
        word => 0.7 / (f64::from(word) * 65_536f64.ln()),
    }
}

fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn value_of(point: &Point, outcome: Outcome) -> Option<Why> {
    let number = outcome.number()?.to_string();
    Some(Why::Value(
        point.name.to_string(),
        number,
        point.unit.to_string(),
    ))
}
