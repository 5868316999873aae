//! One simulated device: what its registers hold, and what it refuses.

use super::plant::Snapshot;
use super::role::Role;
use crate::config::identify::{Asked, Rule, Test};
use crate::config::sunspec::SunSpec;
use crate::config::{Device, DeviceLimits, Encoding, Point, Scale, Table};
use crate::limits::COILS_PER_READ_MAX;
use crate::model::DeviceInfo;
use crate::read::decode;
use std::collections::BTreeMap;

/// Exception 2: no such register here.
pub const ILLEGAL_ADDRESS: u8 = 2;
/// Exception 3: no such count here.
pub const ILLEGAL_VALUE: u8 = 3;
/// A scale register says so; a tenth is a believable step for anything.
const SCALE_POWER: i64 = -1;
/// Where other registers choose the power of ten, steps are as near to thousandths as they offer.
const CHOSEN_POWER: i8 = -3;

/// What a simulated `SunSpec` device says of itself.
const SIGNS: [(&str, &str); 4] = [
    ("Mn", "Pantau"),
    ("Md", "Simulated"),
    ("Vr", "1.0"),
    ("SN", "SIM-1"),
];

/// Registers (or bits, one a word) by table and address.
pub type Registers = BTreeMap<(Table, u16), u16>;

/// A device's points and where their values come from.
#[derive(Clone, Debug)]
pub struct SimDevice {
    limits: DeviceLimits,
    points: Vec<SimPoint>,
    /// Registers that belong to no point and never change.
    fixed: Registers,
    /// First and last register of each table that has points.
    spans: Vec<(Table, u16, u16)>,
}

#[derive(Clone, Debug)]
struct SimPoint {
    point: Point,
    role: Role,
    /// The value is divided by this before it is put into registers.
    power: f64,
}

impl SimDevice {
    /// The simulated twin of a configured device.
    pub fn new(device: &Device, info: &DeviceInfo, seed: u64) -> Self {
        if let Some(sunspec) = &device.sunspec {
            return Self::listed(device, sunspec, info, seed);
        }
        let places: Vec<Point> = device.points.iter().chain(&device.facts).cloned().collect();
        Self {
            spans: spans(&places),
            fixed: device.facts.iter().flat_map(says).collect(),
            ..Self::of(&device.points, device, info, seed)
        }
    }

    /// A device that holds these registers for ever.
    pub fn holding(device: &Device, registers: Registers) -> Self {
        let places: Vec<Point> = device.points.iter().chain(&device.facts).cloned().collect();
        Self {
            limits: device.limits.clone(),
            points: Vec::new(),
            fixed: registers,
            spans: spans(&places),
        }
    }

    /// Makes it keep the rules by which such a device is recognised, so that a scan can be
    /// rehearsed with it.
    pub fn keep(&mut self, rules: &[Rule]) {
        for rule in rules {
            let Asked::Registers(point) = &rule.asked else {
                continue;
            };
            let own = self
                .points
                .iter_mut()
                .find(|sim| sim.point.name == point.name);
            match own {
                Some(sim) => sim.keep(&rule.test),
                None => self.hold(point, &rule.test),
            }
        }
    }

    /// Registers that are no point's keep the rule for ever.
    fn hold(&mut self, point: &Point, test: &Test) {
        let words = match test {
            Test::Contains(said) => {
                let mut bytes = said.clone().into_bytes();
                bytes.resize(2 * usize::from(point.encoding.registers()), 0);
                let pairs = bytes.chunks_exact(2);
                Some(
                    pairs
                        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                        .collect(),
                )
            }
            Test::OneOf(values, _) => values
                .first()
                .and_then(|raw| decode::encode(point, of_raw(point.scale, *raw))),
            Test::Range(low, high) => decode::encode(point, low.max(1.0).min(*high)),
        };
        for (address, word) in (point.address..).zip(words.unwrap_or_default()) {
            self.fixed.insert((point.table, address), word);
            let span = self.spans.iter_mut().find(|span| span.0 == point.table);
            match span {
                Some(span) => (span.1, span.2) = (span.1.min(address), span.2.max(address)),
                None => self.spans.push((point.table, address, address)),
            }
        }
    }

    /// One that says itself where its points are.
    fn listed(device: &Device, sunspec: &SunSpec, info: &DeviceInfo, seed: u64) -> Self {
        let fitted = sunspec.fit(&sunspec.nominal());
        let image = sunspec.image(&SIGNS);
        let first = image.keys().next().copied().unwrap_or(0);
        let last = image.keys().last().copied().unwrap_or(0);
        let here = |(address, word)| ((Table::Holding, address), word);
        let mut fixed: Registers = image.into_iter().map(here).collect();
        let sim = Self::of(&fitted.points, device, info, seed);
        let covered = sim.points.iter().flat_map(SimPoint::addresses);
        covered.for_each(|address| {
            fixed.remove(&(Table::Holding, address));
        });
        Self {
            fixed,
            spans: vec![(Table::Holding, first, last)],
            ..sim
        }
    }

    fn of(points: &[Point], device: &Device, info: &DeviceInfo, seed: u64) -> Self {
        let mut sim: Vec<SimPoint> = points
            .iter()
            .map(|point| SimPoint {
                point: point.clone(),
                role: Role::of(info, point, seed),
                power: 1.0,
            })
            .collect();
        settle_selectors(points, &mut sim);
        Self {
            limits: device.limits.clone(),
            points: sim,
            fixed: BTreeMap::new(),
            spans: Vec::new(),
        }
    }

    /// Registers (or bits, one a word) `start..start + count`, or the exception.
    pub fn read(
        &self,
        table: Table,
        start: u16,
        count: u16,
        now: &Snapshot,
    ) -> Result<Vec<u16>, u8> {
        let end = self.refuse(table, start, count)?;
        let mut words = vec![0; usize::from(count)];
        for ((_, address), word) in self.fixed.range((table, start)..=(table, end)) {
            words[usize::from(address - start)] = *word;
        }
        for sim in self
            .points
            .iter()
            .filter(|sim| sim.touches(table, start, end))
        {
            let cells = sim.cells(now);
            for (address, word) in cells {
                if let Some(at) = address.checked_sub(start)
                    && let Some(cell) = words.get_mut(usize::from(at))
                {
                    *cell |= word;
                }
            }
        }
        Ok(words)
    }

    /// The value that the device shows for its point now, in the point's unit.
    pub fn value(&self, point: usize, now: &Snapshot) -> Option<f64> {
        self.points.get(point).map(|sim| sim.value(now))
    }

    /// The points behind its registers: the configured ones in order, then what they lean on.
    pub fn points(&self) -> Vec<Point> {
        self.points.iter().map(|sim| sim.point.clone()).collect()
    }

    /// Registers of one point now, in the order of `decode`.
    pub fn words(&self, point: usize, now: &Snapshot) -> Option<Vec<u16>> {
        self.points.get(point).map(|sim| sim.words(now))
    }

    fn refuse(&self, table: Table, start: u16, count: u16) -> Result<u16, u8> {
        let is_bit = matches!(table, Table::Coil | Table::Discrete);
        let most = if is_bit {
            COILS_PER_READ_MAX
        } else {
            self.limits.max_registers
        };
        if count == 0 || count > most {
            return Err(ILLEGAL_VALUE);
        }
        let align = self.limits.align.max(1);
        if !is_bit && (!start.is_multiple_of(align) || !count.is_multiple_of(align)) {
            return Err(ILLEGAL_ADDRESS);
        }
        let end = start.checked_add(count - 1).ok_or(ILLEGAL_ADDRESS)?;
        let in_one = |ranges: &[(Table, u16, u16)]| {
            ranges
                .iter()
                .any(|&(of, first, last)| of == table && first <= start && end <= last)
        };
        let has_blocks = self.limits.blocks.iter().any(|block| block.0 == table);
        let legal = in_one(if has_blocks {
            &self.limits.blocks
        } else {
            &self.spans
        });
        legal.then_some(end).ok_or(ILLEGAL_ADDRESS)
    }
}

impl SimPoint {
    fn keep(&mut self, test: &Test) {
        match test {
            Test::Range(low, high) => {
                self.point.min = Some(self.point.min.map_or(*low, |own| own.max(*low)));
                self.point.max = Some(self.point.max.map_or(*high, |own| own.min(*high)));
            }
            Test::OneOf(values, _) => {
                let raw = |raw: &i64| of_raw(self.point.scale, *raw);
                let kept = matches!(self.role, Role::Fixed(own) if values.iter().any(|value| {
                    (raw(value) - own).abs() < 1e-9
                }));
                if let Some(first) = values.first().filter(|_| !kept) {
                    self.role = Role::Fixed(raw(first));
                }
            }
            // No reading is a text.
            Test::Contains(_) => {}
        }
    }

    fn value(&self, now: &Snapshot) -> f64 {
        let value = self.role.value(now);
        let value = self
            .point
            .wraps_at
            .map_or(value, |wrap| value.rem_euclid(wrap));
        value
            .max(self.point.min.unwrap_or(f64::NEG_INFINITY))
            .min(self.point.max.unwrap_or(f64::INFINITY))
    }

    fn words(&self, now: &Snapshot) -> Vec<u16> {
        let registers = self.point.encoding.registers();
        if let Encoding::Text(_) = self.point.encoding {
            return text(registers);
        }
        let value = self.value(now) / self.power;
        // A counter that has outgrown its register begins again at 0, as a real one does.
        decode::encode(&self.point, value)
            .or_else(|| decode::encode(&self.point, value.rem_euclid(capacity(&self.point))))
            .unwrap_or_else(|| vec![0; usize::from(registers)])
    }

    /// Addresses of its registers, the high half first.
    fn addresses(&self) -> impl Iterator<Item = u16> {
        let count = self.point.encoding.registers();
        let (low, split) = (
            self.point.address,
            self.point.high.map(|high| (high, count / 2)),
        );
        (0..count).map(move |at| match split {
            Some((high, half)) if at < half => high.wrapping_add(at),
            Some((_, half)) => low.wrapping_add(at - half),
            None => low.wrapping_add(at),
        })
    }

    fn touches(&self, table: Table, start: u16, end: u16) -> bool {
        self.point.table == table && self.addresses().any(|at| (start..=end).contains(&at))
    }

    fn cells(&self, now: &Snapshot) -> impl Iterator<Item = (u16, u16)> {
        self.addresses().zip(self.words(now))
    }
}

/// Points that choose a scale or a meaning for others hold one raw value for ever; the others know
/// it.
fn settle_selectors(points: &[Point], sim: &mut [SimPoint]) {
    let mut settled: Vec<Option<i64>> = vec![None; points.len()];
    for (point, index) in points.iter().zip(0..) {
        if let Some((selector, means)) = &point.valid_when
            && let Some(raw) = means.first()
            && let Some(slot) = settled.get_mut(*selector)
        {
            slot.get_or_insert(*raw);
        }
        let mut power: i64 = 0;
        if let Some(partner) = point.multiply_from
            && let Some(slot) = settled.get_mut(partner)
        {
            slot.get_or_insert(1);
        }
        if let Some(partner) = point.scale_from
            && let Some(slot) = settled.get_mut(partner)
        {
            power += *slot.get_or_insert(SCALE_POWER);
        }
        let mut rest = CHOSEN_POWER;
        for from in &point.powers {
            let Some(slot) = settled.get_mut(from.point) else {
                continue;
            };
            let near = |entry: &&(i64, i8)| (rest - entry.1).abs();
            let fixed = from.table.iter().find(|entry| Some(entry.0) == *slot);
            if let Some(&(raw, step)) = fixed.or_else(|| from.table.iter().min_by_key(near)) {
                *slot = Some(raw);
                rest -= step;
                power += i64::from(step);
            }
        }
        if let Some(sim) = sim.get_mut(index) {
            sim.power = 10f64.powi(i32::try_from(power).unwrap_or(0));
        }
    }
    for (slot, sim) in settled.iter().zip(sim) {
        if let Some(raw) = slot {
            sim.role = Role::Fixed(of_raw(sim.point.scale, *raw));
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "scale and status registers are small"
)]
fn of_raw(scale: Scale, raw: i64) -> f64 {
    raw as f64 * float(scale.factor) + float(scale.offset)
}

#[expect(clippy::cast_precision_loss, reason = "factors are short decimals")]
fn float((mantissa, exponent): (i64, i8)) -> f64 {
    mantissa as f64 * 10f64.powi(i32::from(exponent))
}

/// How far an integer register counts before it begins again, in the point's unit.
fn capacity(point: &Point) -> f64 {
    let steps = match point.encoding {
        Encoding::Bcd16 => 1e4,
        Encoding::Bcd32 => 1e8,
        Encoding::U16 => 2f64.powi(16),
        Encoding::U32 => 2f64.powi(32),
        encoding => 2f64.powi(16 * i32::from(encoding.registers()) - 1),
    };
    let factor = float(point.scale.factor).abs();
    if factor > 0.0 { steps * factor } else { steps }
}

/// What the registers of a fact say.
fn says(fact: &Point) -> Vec<((Table, u16), u16)> {
    let words = match fact.encoding {
        Encoding::Text(registers) => text(registers),
        _ => decode::encode(fact, 1.0).unwrap_or_default(),
    };
    let addresses = fact.address..;
    let place = |(address, word)| ((fact.table, address), word);
    addresses.zip(words).map(place).collect()
}

/// What a text register says about itself.
fn text(registers: u16) -> Vec<u16> {
    let mut bytes = b"PANTAU SIMULATED".to_vec();
    bytes.resize(2 * usize::from(registers), b' ');
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

fn spans(points: &[Point]) -> Vec<(Table, u16, u16)> {
    let tables = [Table::Coil, Table::Discrete, Table::Holding, Table::Input];
    tables
        .into_iter()
        .filter_map(|table| {
            let here = || points.iter().filter(move |point| point.table == table);
            let halves = |point: &Point| {
                let count = point.encoding.registers();
                let each = if point.high.is_some() {
                    count / 2
                } else {
                    count
                };
                let last = each.saturating_sub(1);
                let ends = |at: u16| at.saturating_add(last);
                (
                    point
                        .high
                        .map_or(point.address, |high| high.min(point.address)),
                    point.high.map_or(ends(point.address), |high| {
                        ends(high).max(ends(point.address))
                    }),
                )
            };
            let first = here().map(|point| halves(point).0).min()?;
            let last = here().map(|point| halves(point).1).max()?;
            Some((table, first, last))
        })
        .collect()
}
