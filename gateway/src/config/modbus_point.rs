//! [`ModbusPoint`]: the registers of a point and their meaning, and their checks.

use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{
    OneOrMany, RawExponentTable, RawInteger, RawText, RawValidWhen, RawWordOrder, SpannedValue,
};
use crate::config::value_syntax::{self, ENCODING_WORDS};
use crate::config::{ModbusTable, RegisterEncoding, WordOrder};
use std::ops::{Range, RangeInclusive};

/// Registers of a point, and what their bits mean.
#[derive(Clone, Debug, PartialEq)]
pub struct ModbusPoint {
    /// Table of its registers.
    pub table: ModbusTable,
    /// 0-based protocol address of the first register (of the low word, when `high` is set).
    pub address: u16,
    /// Address of the high word, when the words are not neighbours.
    pub high: Option<u16>,
    /// Type of the registers.
    pub encoding: RegisterEncoding,
    /// Order of bytes and words.
    pub words: WordOrder,
    /// Lowest and highest bit used (inclusive, 0 = least significant) of the raw integer; `None`:
    /// all bits.
    pub bits: Option<(u8, u8)>,
    /// Raw integers that mean "no value".
    pub missing: Vec<i64>,
    /// Index of the point in this device whose value is the power of ten of this point's scale.
    pub scale_from: Option<usize>,
    /// Index of the point in this device whose raw value multiplies this one.
    pub multiply_from: Option<usize>,
    /// Further powers of ten, chosen by raw values of other points and added to the exponent.
    ///
    /// A raw value that is not listed, or a point without a value, makes this point
    /// `QualityReason::NotValid`. Example: a level probe with registers "mm" and "2 decimals", read
    /// in m.
    pub powers: Vec<ScaleExponentTable>,
    /// Conditions on other points of this device, all of which hold while this point is valid.
    pub valid_when: Vec<ValidityCondition>,
}

impl ModbusPoint {
    /// Creates a point of these registers, in the order of bytes and words of Modbus.
    pub fn new(table: ModbusTable, address: u16, encoding: RegisterEncoding) -> Self {
        Self {
            table,
            address,
            high: None,
            encoding,
            words: WordOrder::Abcd,
            bits: None,
            missing: Vec::new(),
            scale_from: None,
            multiply_from: None,
            powers: Vec::new(),
            valid_when: Vec::new(),
        }
    }

    /// Table and address as in the configuration, e.g. `holding:0`.
    pub fn register_text(&self) -> String {
        let table = match self.table {
            ModbusTable::Coil => "coil",
            ModbusTable::Discrete => "discrete",
            ModbusTable::Holding => "holding",
            ModbusTable::Input => "input",
        };
        format!("{table}:{}", self.address)
    }

    /// True for text, which no reading has.
    pub fn is_text(&self) -> bool {
        matches!(self.encoding, RegisterEncoding::Text(_))
    }

    /// Indices of the points of this device that give this one its scale or its validity.
    pub fn partners(&self) -> impl Iterator<Item = usize> {
        let scales = self.scale_from.into_iter().chain(self.multiply_from);
        let powers = self.powers.iter().map(|from| from.point);
        let valid_when = self.valid_when.iter().map(|condition| condition.point);
        scales.chain(powers).chain(valid_when)
    }
}

/// Powers of ten chosen by the raw value of another point.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleExponentTable {
    /// Index of that point in this device.
    pub point: usize,
    /// Raw values, each with the power of ten that is added to the exponent of the scale.
    pub table: Vec<(i64, i8)>,
}

/// Raw values of another point for which a point is valid.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidityCondition {
    /// Index of that point in this device.
    pub point: usize,
    /// Ranges of its raw values; a single value is a range of one. Never empty.
    pub ranges: Vec<RangeInclusive<i64>>,
}

impl ValidityCondition {
    /// Creates the condition that the raw value is one of these.
    pub fn one_of(point: usize, values: &[i64]) -> Self {
        let ranges = values.iter().map(|value| *value..=*value).collect();
        Self { point, ranges }
    }

    /// True for a raw value of the other point in one of the ranges.
    pub fn holds(&self, raw: i64) -> bool {
        self.ranges.iter().any(|range| range.contains(&raw))
    }

    /// Returns a raw value for which the condition holds.
    pub fn example(&self) -> Option<i64> {
        let range = self.ranges.first()?;
        // The open end of a range is no value that a register holds.
        let is_open = *range.start() == i64::MIN;
        Some(if is_open {
            *range.end()
        } else {
            *range.start()
        })
    }
}

/// Keys of a point that say which registers it has, as typed.
pub(crate) struct ModbusPointKeys<'a> {
    /// `register`.
    pub(crate) register: &'a RawText,
    /// `type`.
    pub(crate) encoding: &'a RawText,
    /// `words`.
    pub(crate) words: &'a Option<SpannedValue<RawWordOrder>>,
    /// `bits`.
    pub(crate) bits: &'a Option<SpannedValue<toml::Value>>,
    /// `high_register`.
    pub(crate) high_register: &'a RawText,
    /// `missing`.
    pub(crate) missing: &'a Option<SpannedValue<toml::Value>>,
    /// `scale_from`.
    pub(crate) scale_from: &'a RawText,
    /// `multiply_from`.
    pub(crate) multiply_from: &'a RawText,
    /// `powers_from`.
    pub(crate) powers_from: &'a [SpannedValue<RawExponentTable>],
    /// `valid_when`.
    pub(crate) valid_when: &'a OneOrMany<RawValidWhen>,
}

/// Checks the register keys of a point; `names` are the points of its device.
pub(crate) fn check_modbus_point(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusPointKeys<'_>,
    span: &Range<usize>,
    names: &[String],
) -> ModbusPoint {
    let (table, address) = check_register(notes, keys.register);
    let encoding = check_encoding(notes, keys, table);
    if u32::from(address) + u32::from(encoding.registers()) > 65_536 {
        let found = address.to_string();
        notes.add_error(span.clone(), "register", "fault-range", &found, "0..=65535");
    }
    let partner = |notes: &mut DiagnosticCollector<'_>, typed: &RawText, key: &str| {
        let at = typed.as_ref()?;
        find_point(notes, at, key, names)
    };
    ModbusPoint {
        table,
        address,
        high: check_high_register(notes, keys, table, encoding),
        encoding,
        words: keys
            .words
            .as_ref()
            .map_or(WordOrder::Abcd, |order| convert_word_order(*order.get())),
        bits: check_bits(notes, keys, encoding),
        missing: check_missing(notes, keys.missing.as_ref()),
        scale_from: partner(notes, keys.scale_from, "scale_from"),
        multiply_from: partner(notes, keys.multiply_from, "multiply_from"),
        powers: check_exponent_tables(notes, keys, names),
        valid_when: check_valid_when(notes, keys, names),
    }
}

fn check_register(notes: &mut DiagnosticCollector<'_>, typed: &RawText) -> (ModbusTable, u16) {
    let none = (ModbusTable::Holding, 0);
    let Some(at) = typed else {
        return none;
    };
    value_syntax::parse_register(at.get()).unwrap_or_else(|| {
        // A number of a document, with or without the name of a table before it.
        let number = at.get().rsplit(':').next().unwrap_or_default();
        let number = number.trim().parse().ok();
        let hint = number.and_then(value_syntax::document_register);
        let (found, expected) = (at.get(), "fault-expect-register");
        notes.add_error_with_hint(at.span(), "register", "fault-value", found, expected, hint);
        none
    })
}

fn check_encoding(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusPointKeys<'_>,
    table: ModbusTable,
) -> RegisterEncoding {
    let is_bit = matches!(table, ModbusTable::Coil | ModbusTable::Discrete);
    // A missing type is reported by the check of places.
    let Some(at) = keys.encoding else {
        return RegisterEncoding::U16;
    };
    let Some(encoding) = value_syntax::parse_encoding(at.get()) else {
        let words: Vec<&str> = ENCODING_WORDS.iter().map(|(word, _)| *word).collect();
        let hint = value_syntax::encoding_synonym(at.get()).map(str::to_owned);
        let hint = hint.or_else(|| nearest_name(at.get(), words.iter().copied()));
        let expected = format!("{}, string:N", words.join(", "));
        notes.add_error_with_hint(at.span(), "type", "fault-word", at.get(), &expected, hint);
        return RegisterEncoding::U16;
    };
    if is_bit && encoding != RegisterEncoding::Bool {
        notes.add_error(at.span(), "type", "fault-bit-type", at.get(), "bool");
    }
    encoding
}

fn convert_word_order(raw: RawWordOrder) -> WordOrder {
    match raw {
        RawWordOrder::Abcd => WordOrder::Abcd,
        RawWordOrder::Cdab => WordOrder::Cdab,
        RawWordOrder::Badc => WordOrder::Badc,
        RawWordOrder::Dcba => WordOrder::Dcba,
    }
}

fn check_high_register(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusPointKeys<'_>,
    table: ModbusTable,
    encoding: RegisterEncoding,
) -> Option<u16> {
    let at = keys.high_register.as_ref()?;
    let expected = "fault-expect-register";
    let (high_table, address) = notes.parsed_text(
        keys.high_register,
        "high_register",
        value_syntax::parse_register,
        expected,
    )?;
    // Two halves that are not neighbours only make sense for a 32-bit value of one table.
    if high_table != table || encoding.registers() != 2 {
        notes.add_error(
            at.span(),
            "high_register",
            "fault-high-register",
            at.get(),
            "",
        );
    }
    Some(address)
}

fn check_bits(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusPointKeys<'_>,
    encoding: RegisterEncoding,
) -> Option<(u8, u8)> {
    let at = keys.bits.as_ref()?;
    let width = 16 * encoding.registers();
    let whole = !matches!(
        encoding,
        RegisterEncoding::F32
            | RegisterEncoding::F64
            | RegisterEncoding::Bcd16
            | RegisterEncoding::Bcd32
            | RegisterEncoding::Text(_)
    );
    // Bits of floats, BCD numbers and texts have no meaning of their own.
    let bits = value_syntax::parse_bit_range(at.get())
        .filter(|(_, high)| whole && u16::from(*high) < width);
    if bits.is_none() {
        let found = at.get().to_string();
        notes.add_error(
            at.span(),
            "bits",
            "fault-value",
            &found,
            "fault-expect-bits",
        );
    }
    bits
}

/// Checks the raw values that mean "no value".
pub(crate) fn check_missing(
    notes: &mut DiagnosticCollector<'_>,
    typed: Option<&SpannedValue<toml::Value>>,
) -> Vec<i64> {
    let Some(at) = typed else {
        return Vec::new();
    };
    value_syntax::parse_integers(at.get()).unwrap_or_else(|| {
        let found = at.get().to_string();
        notes.add_error(
            at.span(),
            "missing",
            "fault-value",
            &found,
            "fault-expect-integers",
        );
        Vec::new()
    })
}

/// Index of the point with this id in the same device.
fn find_point(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    key: &str,
    names: &[String],
) -> Option<usize> {
    let index = names.iter().position(|name| name == at.get());
    if index.is_none() {
        let hint = nearest_name(at.get(), names.iter().map(String::as_str));
        notes.add_error_with_hint(
            at.span(),
            key,
            "fault-unknown-point",
            at.get(),
            &names.join(", "),
            hint,
        );
    }
    index
}

fn check_exponent_tables(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusPointKeys<'_>,
    names: &[String],
) -> Vec<ScaleExponentTable> {
    let mut all = Vec::new();
    for at in keys.powers_from {
        let pair = |pair: &Vec<i64>| match pair.as_slice() {
            // Beyond 10^18 an i64 overflows.
            [raw, power] => Some((*raw, i8::try_from(*power).ok().filter(|p| p.abs() <= 18)?)),
            _ => None,
        };
        let table: Option<Vec<(i64, i8)>> = at.get().powers.iter().map(pair).collect();
        let table = table.filter(|table| !table.is_empty());
        if table.is_none() {
            notes.add_error(
                at.span(),
                "powers",
                "fault-value",
                "",
                "fault-expect-powers",
            );
        }
        let point = at
            .get()
            .point
            .as_ref()
            .and_then(|at| find_point(notes, at, "point", names));
        all.extend(
            point
                .zip(table)
                .map(|(point, table)| ScaleExponentTable { point, table }),
        );
    }
    all
}

fn check_valid_when(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ModbusPointKeys<'_>,
    names: &[String],
) -> Vec<ValidityCondition> {
    let mut conditions = Vec::new();
    for at in keys.valid_when.all() {
        let raw = at.get();
        let mut ranges: Vec<RangeInclusive<i64>> = raw.is.iter().map(|one| *one..=*one).collect();
        let end = |typed: &RawInteger| typed.as_ref().map(|at| *at.get());
        let (min, max) = (end(&raw.min), end(&raw.max));
        if min.is_some() || max.is_some() {
            ranges.push(min.unwrap_or(i64::MIN)..=max.unwrap_or(i64::MAX));
        }
        // A point that is never valid would be a gap that nobody can explain.
        if ranges.is_empty() || ranges.iter().any(RangeInclusive::is_empty) {
            let expected = "fault-expect-condition";
            notes.add_error(at.span(), "valid_when", "fault-set", "", expected);
        }
        let other = raw.point.as_ref();
        let point = other.and_then(|at| find_point(notes, at, "valid_when", names));
        conditions.extend(point.map(|point| ValidityCondition { point, ranges }));
    }
    conditions
}
