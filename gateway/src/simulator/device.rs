//! One simulated device: the content of its registers, and the requests that it refuses.

use super::plant::PlantSnapshot;
use super::value_source::SimulatedValueSource;
use crate::buses::modbus::{decode, read_plan};
use crate::config::identification::{IdentificationRule, IdentificationSource, IdentificationTest};
use crate::config::sunspec::SunSpecSelection;
use crate::config::{
    Device, DeviceLimits, LinearScale, ModbusPoint, ModbusTable, Point, RegisterEncoding,
};
use crate::domain::DeviceInfo;
use crate::limits::COILS_PER_READ_MAX;
use std::collections::BTreeMap;

/// Modbus exception 2, illegal data address.
pub const ILLEGAL_ADDRESS: u8 = 2;
/// Modbus exception 3, illegal data value.
pub const ILLEGAL_VALUE: u8 = 3;
/// Value of a scale register: exponent of ten.
// Tenths are a believable step for any quantity.
const SCALE_EXPONENT: i64 = -1;
/// Target exponent where other registers choose the power of ten: as near to thousandths as they
/// offer.
const TARGET_EXPONENT: i8 = -3;

/// Common model of a simulated `SunSpec` device: manufacturer, model, version, serial number.
const SUNSPEC_IDENTITY: [(&str, &str); 4] = [
    ("Mn", "Pantau"),
    ("Md", "Simulated"),
    ("Vr", "1.0"),
    ("SN", "SIM-1"),
];

/// Registers (or bits, one a word) by table and address.
pub type SimulatedRegisters = BTreeMap<(ModbusTable, u16), u16>;

/// Simulated device: its points and the sources of their values.
#[derive(Clone, Debug)]
pub struct SimulatedDevice {
    limits: DeviceLimits,
    points: Vec<SimulatedPoint>,
    /// Registers that belong to no point and never change.
    fixed: SimulatedRegisters,
    /// First and last register of each table with points.
    spans: Vec<(ModbusTable, u16, u16)>,
}

/// Point of a simulated device.
#[derive(Clone, Debug)]
struct SimulatedPoint {
    point: Point,
    /// Registers of the point.
    access: ModbusPoint,
    role: SimulatedValueSource,
    /// Divisor of the value before it is encoded, from scale registers.
    power: f64,
}

impl SimulatedDevice {
    /// The simulated counterpart of a configured device.
    pub fn new(device: &Device, info: &DeviceInfo, seed: u64) -> Self {
        if let Some(sunspec) = &device.sunspec {
            return Self::from_sunspec(device, sunspec, info, seed);
        }
        let places: Vec<Point> = device.points.iter().chain(&device.facts).cloned().collect();
        Self {
            spans: table_spans(&places),
            fixed: device.facts.iter().flat_map(fact_registers).collect(),
            ..Self::from_points(&device.points, device, info, seed)
        }
    }

    /// A device with constant registers.
    pub fn with_fixed_registers(device: &Device, registers: SimulatedRegisters) -> Self {
        let places: Vec<Point> = device.points.iter().chain(&device.facts).cloned().collect();
        Self {
            limits: device.limits.clone(),
            points: Vec::new(),
            fixed: registers,
            spans: table_spans(&places),
        }
    }

    /// Makes the device satisfy the identification rules of its profile, so that a scan can be
    /// rehearsed with it.
    pub fn apply_identify_rules(&mut self, rules: &[IdentificationRule]) {
        for rule in rules {
            let IdentificationSource::Registers(point) = &rule.asked else {
                continue;
            };
            let own = self
                .points
                .iter_mut()
                .find(|sim| sim.point.name == point.name);
            match own {
                Some(sim) => sim.apply_rule(&rule.test),
                None => self.fix_registers(point, &rule.test),
            }
        }
    }

    /// Sets registers that belong to no point to a value that satisfies a rule.
    fn fix_registers(&mut self, point: &Point, test: &IdentificationTest) {
        let Some(access) = point.modbus() else {
            return;
        };
        let words = match test {
            IdentificationTest::Contains(said) => {
                let mut bytes = said.clone().into_bytes();
                bytes.resize(2 * usize::from(access.encoding.registers()), 0);
                let pairs = bytes.chunks_exact(2);
                Some(
                    pairs
                        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                        .collect(),
                )
            }
            IdentificationTest::OneOf(values, _) => values
                .first()
                .and_then(|raw| decode::encode_value(point, scale_raw(point.scale, *raw))),
            IdentificationTest::Range(low, high) => {
                decode::encode_value(point, low.max(1.0).min(*high))
            }
        };
        for (address, word) in (access.address..).zip(words.unwrap_or_default()) {
            self.fixed.insert((access.table, address), word);
            let span = self.spans.iter_mut().find(|span| span.0 == access.table);
            match span {
                Some(span) => (span.1, span.2) = (span.1.min(address), span.2.max(address)),
                None => self.spans.push((access.table, address, address)),
            }
        }
    }

    /// A `SunSpec` device: its model list tells where the points are.
    fn from_sunspec(
        device: &Device,
        sunspec: &SunSpecSelection,
        info: &DeviceInfo,
        seed: u64,
    ) -> Self {
        let fitted = sunspec.resolve_points(&sunspec.shortest_models());
        let image = sunspec.blank_registers(&SUNSPEC_IDENTITY);
        let first = image.keys().next().copied().unwrap_or(0);
        let last = image.keys().last().copied().unwrap_or(0);
        let here = |(address, word)| ((ModbusTable::Holding, address), word);
        let mut fixed: SimulatedRegisters = image.into_iter().map(here).collect();
        let sim = Self::from_points(&fitted.points, device, info, seed);
        let covered = sim.points.iter().flat_map(SimulatedPoint::addresses);
        // Registers of a point change with the plant; all others of the model list stay.
        covered.for_each(|address| {
            fixed.remove(&(ModbusTable::Holding, address));
        });
        Self {
            fixed,
            spans: vec![(ModbusTable::Holding, first, last)],
            ..sim
        }
    }

    /// A device with these points and no other registers.
    fn from_points(points: &[Point], device: &Device, info: &DeviceInfo, seed: u64) -> Self {
        let mut sim: Vec<SimulatedPoint> = points
            .iter()
            .filter_map(|point| {
                Some(SimulatedPoint {
                    access: point.modbus()?.clone(),
                    point: point.clone(),
                    role: SimulatedValueSource::for_point(info, point, seed),
                    power: 1.0,
                })
            })
            .collect();
        fix_selectors(points, &mut sim);
        Self {
            limits: device.limits.clone(),
            points: sim,
            fixed: BTreeMap::new(),
            spans: Vec::new(),
        }
    }

    /// Returns registers (or bits, one a word) `start..start + count`, or the exception code.
    pub fn read(
        &self,
        table: ModbusTable,
        start: u16,
        count: u16,
        now: &PlantSnapshot,
    ) -> Result<Vec<u16>, u8> {
        let end = self.check_request(table, start, count)?;
        let mut words = vec![0; usize::from(count)];
        for ((_, address), word) in self.fixed.range((table, start)..=(table, end)) {
            words[usize::from(address - start)] = *word;
        }
        for sim in self
            .points
            .iter()
            .filter(|sim| sim.overlaps(table, start, end))
        {
            let cells = sim.register_cells(now);
            for (address, word) in cells {
                if let Some(at) = address.checked_sub(start)
                    && let Some(cell) = words.get_mut(usize::from(at))
                {
                    // Bits of several points may share a register.
                    *cell |= word;
                }
            }
        }
        Ok(words)
    }

    /// Returns the current value of a point, in the point's unit.
    pub fn point_value(&self, point: usize, now: &PlantSnapshot) -> Option<f64> {
        self.points.get(point).map(|sim| sim.value(now))
    }

    /// Returns the points behind the registers: the configured ones in order, then those they
    /// depend on.
    pub fn points(&self) -> Vec<Point> {
        self.points.iter().map(|sim| sim.point.clone()).collect()
    }

    /// Returns the current registers of a point, in the order that `decode` expects.
    pub fn point_registers(&self, point: usize, now: &PlantSnapshot) -> Option<Vec<u16>> {
        self.points.get(point).map(|sim| sim.registers(now))
    }

    /// Checks a request against the limits of the device; returns the last address, or the
    /// exception code.
    fn check_request(&self, table: ModbusTable, start: u16, count: u16) -> Result<u16, u8> {
        let is_bit = matches!(table, ModbusTable::Coil | ModbusTable::Discrete);
        let most = if is_bit {
            COILS_PER_READ_MAX
        } else {
            self.limits.max_registers
        };
        if count == 0 || count > most {
            return Err(ILLEGAL_VALUE);
        }
        // Some devices read only whole pairs of registers.
        let align = self.limits.align.max(1);
        if !is_bit && (!start.is_multiple_of(align) || !count.is_multiple_of(align)) {
            return Err(ILLEGAL_ADDRESS);
        }
        let end = start.checked_add(count - 1).ok_or(ILLEGAL_ADDRESS)?;
        let in_one = |ranges: &[(ModbusTable, u16, u16)]| {
            ranges
                .iter()
                .any(|&(of, first, last)| of == table && first <= start && end <= last)
        };
        // Readable blocks of the profile, else the range from the first to the last register.
        let has_blocks = self.limits.blocks.iter().any(|block| block.0 == table);
        let legal = in_one(if has_blocks {
            &self.limits.blocks
        } else {
            &self.spans
        });
        legal.then_some(end).ok_or(ILLEGAL_ADDRESS)
    }
}

impl SimulatedPoint {
    /// Makes the point satisfy a rule.
    fn apply_rule(&mut self, test: &IdentificationTest) {
        match test {
            IdentificationTest::Range(low, high) => {
                self.point.min = Some(self.point.min.map_or(*low, |own| own.max(*low)));
                self.point.max = Some(self.point.max.map_or(*high, |own| own.min(*high)));
            }
            IdentificationTest::OneOf(values, _) => {
                let raw = |raw: &i64| scale_raw(self.point.scale, *raw);
                let is_among = |own: f64| values.iter().any(|v| (raw(v) - own).abs() < 1e-9);
                let kept = matches!(self.role, SimulatedValueSource::Fixed(own) if is_among(own));
                if let Some(first) = values.first().filter(|_| !kept) {
                    self.role = SimulatedValueSource::Fixed(raw(first));
                }
            }
            // No point has a text value.
            IdentificationTest::Contains(_) => {}
        }
    }

    /// Returns the value within the limits of the point.
    fn value(&self, now: &PlantSnapshot) -> f64 {
        self.role.limited_value(&self.point, now)
    }

    /// Returns the registers of the current value.
    fn registers(&self, now: &PlantSnapshot) -> Vec<u16> {
        let registers = self.access.encoding.registers();
        if self.access.is_text() {
            return text_registers(registers);
        }
        let value = self.value(now) / self.power;
        // A counter that has outgrown its register begins again at 0, as a real one does.
        decode::encode_value(&self.point, value)
            .or_else(|| decode::encode_value(&self.point, value.rem_euclid(self.register_range())))
            .unwrap_or_else(|| vec![0; usize::from(registers)])
    }

    /// Returns the range of an integer register before it wraps to 0, in the point's unit.
    fn register_range(&self) -> f64 {
        let steps = match self.access.encoding {
            RegisterEncoding::Bcd16 => 1e4,
            RegisterEncoding::Bcd32 => 1e8,
            RegisterEncoding::U16 => 2f64.powi(16),
            RegisterEncoding::U32 => 2f64.powi(32),
            encoding => 2f64.powi(16 * i32::from(encoding.registers()) - 1),
        };
        let factor = decimal_to_f64(self.point.scale.factor).abs();
        if factor > 0.0 { steps * factor } else { steps }
    }

    /// Returns the addresses of the registers, high half first.
    fn addresses(&self) -> impl Iterator<Item = u16> {
        let access = &self.access;
        let count = access.encoding.registers();
        let (low, split) = (access.address, access.high.map(|high| (high, count / 2)));
        (0..count).map(move |at| match split {
            Some((high, half)) if at < half => high.wrapping_add(at),
            Some((_, half)) => low.wrapping_add(at - half),
            None => low.wrapping_add(at),
        })
    }

    /// Returns whether a register of the point lies in the range.
    fn overlaps(&self, table: ModbusTable, start: u16, end: u16) -> bool {
        self.access.table == table && self.addresses().any(|at| (start..=end).contains(&at))
    }

    /// Returns the registers with their addresses.
    fn register_cells(&self, now: &PlantSnapshot) -> impl Iterator<Item = (u16, u16)> {
        self.addresses().zip(self.registers(now))
    }
}

/// Fixes the raw value of points that select a scale or a meaning for others, and scales the others
/// accordingly.
fn fix_selectors(points: &[Point], sim: &mut [SimulatedPoint]) {
    let mut settled: Vec<Option<i64>> = vec![None; points.len()];
    let accesses = points.iter().filter_map(Point::modbus);
    for (access, index) in accesses.zip(0..) {
        for condition in &access.valid_when {
            if let Some(raw) = condition.example()
                && let Some(slot) = settled.get_mut(condition.point)
            {
                slot.get_or_insert(raw);
            }
        }
        let mut power: i64 = 0;
        if let Some(partner) = access.multiply_from
            && let Some(slot) = settled.get_mut(partner)
        {
            slot.get_or_insert(1);
        }
        if let Some(partner) = access.scale_from
            && let Some(slot) = settled.get_mut(partner)
        {
            power += *slot.get_or_insert(SCALE_EXPONENT);
        }
        let mut rest = TARGET_EXPONENT;
        for from in &access.powers {
            let Some(slot) = settled.get_mut(from.point) else {
                continue;
            };
            // Of the selectable powers, the one nearest to the exponent that is still missing.
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
            sim.role = SimulatedValueSource::Fixed(scale_raw(sim.point.scale, *raw));
        }
    }
}

/// Applies factor and offset to a raw value.
#[expect(
    clippy::cast_precision_loss,
    reason = "scale and status registers are small"
)]
fn scale_raw(scale: LinearScale, raw: i64) -> f64 {
    raw as f64 * decimal_to_f64(scale.factor) + decimal_to_f64(scale.offset)
}

/// Converts a short decimal to a double.
#[expect(clippy::cast_precision_loss, reason = "factors are short decimals")]
fn decimal_to_f64((mantissa, exponent): (i64, i8)) -> f64 {
    mantissa as f64 * 10f64.powi(i32::from(exponent))
}

/// Returns the registers of a constant fact.
fn fact_registers(fact: &Point) -> Vec<((ModbusTable, u16), u16)> {
    let Some(access) = fact.modbus() else {
        return Vec::new();
    };
    let words = match access.encoding {
        RegisterEncoding::Text(registers) => text_registers(registers),
        _ => decode::encode_value(fact, 1.0).unwrap_or_default(),
    };
    let addresses = access.address..;
    let place = |(address, word)| ((access.table, address), word);
    addresses.zip(words).map(place).collect()
}

/// Returns the registers of a text, padded with spaces.
fn text_registers(registers: u16) -> Vec<u16> {
    let mut bytes = b"PANTAU SIMULATED".to_vec();
    bytes.resize(2 * usize::from(registers), b' ');
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// Returns the first and last register of each table.
fn table_spans(points: &[Point]) -> Vec<(ModbusTable, u16, u16)> {
    let tables = [
        ModbusTable::Coil,
        ModbusTable::Discrete,
        ModbusTable::Holding,
        ModbusTable::Input,
    ];
    tables
        .into_iter()
        .filter_map(|table| {
            let spans = points.iter().flat_map(read_plan::register_spans);
            let here = spans.filter(|span| span.0 == table);
            let (first, last) = here
                .map(|(_, first, last)| (first, last))
                .reduce(|(first, last), (a, b)| (first.min(a), last.max(b)))?;
            Some((table, first, last))
        })
        .collect()
}
