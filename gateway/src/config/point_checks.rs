//! [`points`]: checks `[[point]]` tables: registers, types, scales and limits of a device.

use crate::config::bus_kinds::RawPoint;
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::physical_limits;
use crate::config::raw_config::{RawConfidence, RawText, RawWordOrder, SpannedValue};
use crate::config::value_syntax::{self, ENCODING_WORDS};
use crate::config::{
    FactConfidence, LinearScale, ModbusTable, Point, PointDescription, RegisterEncoding,
    ScaleExponentTable, WordOrder,
};
use crate::limits::POINTS_PER_DEVICE_MAX;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Checks all points of one device or profile.
pub(crate) fn check_points(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawPoint>],
) -> Vec<Point> {
    if let Some(extra) = raw.get(POINTS_PER_DEVICE_MAX) {
        let most = POINTS_PER_DEVICE_MAX.to_string();
        notes.add_error(
            extra.span(),
            "point",
            "fault-too-many",
            &raw.len().to_string(),
            &most,
        );
    }
    let mut seen = BTreeSet::new();
    // Names of all points are needed first: a point may refer to a later one.
    let names: Vec<String> = raw
        .iter()
        .map(|point| {
            point
                .get()
                .id
                .as_ref()
                .map_or(String::new(), |id| id.get().clone())
        })
        .collect();
    let points: Vec<Point> = raw
        .iter()
        .map(|raw| check_point(notes, raw, &names, &mut seen))
        .collect();
    warn_overlaps(notes, raw, &points);
    points
}

fn check_point(
    notes: &mut DiagnosticCollector<'_>,
    raw: &SpannedValue<RawPoint>,
    names: &[String],
    seen: &mut BTreeSet<String>,
) -> Point {
    let name = notes.id(&raw.get().id, seen);
    build_point(notes, raw.get(), raw.span(), name, names)
}

/// Checks registers without an id, which refer to no other point.
pub(crate) fn check_unnamed_point(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    span: Range<usize>,
) -> Point {
    build_point(notes, raw, span, Arc::from(""), &[])
}

fn build_point(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    span: Range<usize>,
    name: Arc<str>,
    names: &[String],
) -> Point {
    let read = value_syntax::parse_register;
    let (table, address) = notes
        .parsed_text(&raw.register, "register", read, "fault-expect-register")
        .unwrap_or((ModbusTable::Holding, 0));
    let encoding = check_encoding(notes, raw, table);
    let unit = check_unit(notes, raw);
    let partner = |notes: &mut DiagnosticCollector<'_>, typed: &RawText, key: &str| {
        let at = typed.as_ref()?;
        find_point(notes, at, key, names)
    };
    let quantity = point_quantity(raw, unit);
    let (min, max) = check_value_range(notes, raw, point_physical_range(raw, &quantity, unit));
    let point = Point {
        name,
        table,
        address,
        high: check_high_register(notes, raw, table, encoding),
        encoding,
        words: raw
            .words
            .as_ref()
            .map_or(WordOrder::Abcd, |order| convert_word_order(*order.get())),
        bits: check_bits(notes, raw, encoding),
        scale: check_scale(notes, raw),
        unit: Arc::from(unit.map_or("", |unit| unit.symbol)),
        quantity,
        counter: raw.counter.unwrap_or(false),
        wraps_at: check_wraps_at(notes, raw),
        min,
        max,
        missing: check_missing(notes, raw),
        scale_from: partner(notes, &raw.scale_from, "scale_from"),
        multiply_from: partner(notes, &raw.multiply_from, "multiply_from"),
        powers: check_exponent_tables(notes, raw, names),
        valid_when: check_valid_when(notes, raw, names),
        about: check_description(notes, raw, &span),
    };
    check_consistency(notes, span, &point);
    point
}

fn check_encoding(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    table: ModbusTable,
) -> RegisterEncoding {
    let is_bit = matches!(table, ModbusTable::Coil | ModbusTable::Discrete);
    // A missing type is reported by the schema check.
    let Some(at) = &raw.r#type else {
        return RegisterEncoding::U16;
    };
    let Some(encoding) = value_syntax::parse_encoding(at.get()) else {
        let words: Vec<&str> = ENCODING_WORDS.iter().map(|(word, _)| *word).collect();
        let hint = nearest_name(at.get(), words.iter().copied());
        let expected = format!("{}, string:N", words.join(", "));
        notes.add_error_with_hint(at.span(), "type", "fault-word", at.get(), &expected, hint);
        return RegisterEncoding::U16;
    };
    if is_bit && encoding != RegisterEncoding::Bool {
        notes.add_error(at.span(), "type", "fault-bit-type", at.get(), "bool");
    }
    encoding
}

impl From<RawConfidence> for FactConfidence {
    fn from(raw: RawConfidence) -> Self {
        match raw {
            RawConfidence::High => Self::High,
            RawConfidence::Medium => Self::Medium,
            RawConfidence::Low => Self::Low,
        }
    }
}

fn convert_word_order(raw: RawWordOrder) -> WordOrder {
    match raw {
        RawWordOrder::Abcd => WordOrder::Abcd,
        RawWordOrder::Cdab => WordOrder::Cdab,
        RawWordOrder::Badc => WordOrder::Badc,
        RawWordOrder::Dcba => WordOrder::Dcba,
    }
}

fn check_unit(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
) -> Option<&'static drivers::units::UnitOfMeasure> {
    let at = raw.unit.as_ref().filter(|at| !at.get().is_empty())?;
    let found = drivers::units::find_unit(at.get());
    if found.is_none() {
        let known = drivers::units::ALL_UNITS.iter().map(|unit| unit.symbol);
        // A wrong case is the likeliest mistake: `KWH` means `kWh`.
        let same = |symbol: &&str| symbol.eq_ignore_ascii_case(at.get());
        let hint = known.clone().find(same).map(str::to_owned);
        let hint = hint.or_else(|| nearest_name(at.get(), known.clone()));
        let all: Vec<&str> = known.collect();
        notes.add_error_with_hint(
            at.span(),
            "unit",
            "fault-unknown-unit",
            at.get(),
            &all.join(" "),
            hint,
        );
    }
    found
}

fn point_quantity(raw: &RawPoint, unit: Option<&drivers::units::UnitOfMeasure>) -> Arc<str> {
    match &raw.quantity {
        Some(at) => Arc::from(at.get().as_str()),
        None => Arc::from(unit.map_or("", |unit| unit.quantity)),
    }
}

fn point_physical_range(
    raw: &RawPoint,
    quantity: &str,
    unit: Option<&'static drivers::units::UnitOfMeasure>,
) -> Option<(f64, f64)> {
    physical_limits::physical_range(quantity, unit, raw.counter.unwrap_or(false))
}

/// Returns minimum and maximum of a point: its own, else the physical ones.
fn check_value_range(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    physical: Option<(f64, f64)>,
) -> (Option<f64>, Option<f64>) {
    let min = notes.finite_number(raw.min.as_ref(), "min");
    let max = notes.finite_number(raw.max.as_ref(), "max");
    let Some((least, most)) = physical else {
        return (min, max);
    };
    for (key, typed) in [("min", &raw.min), ("max", &raw.max)] {
        let Some(at) = typed.as_ref().filter(|at| at.get().is_finite()) else {
            continue;
        };
        if !(least..=most).contains(at.get()) {
            let (found, range) = (at.get().to_string(), format!("{least}..={most}"));
            notes.add_warning(at.span(), key, "fault-not-physical", &found, &range);
        }
    }
    // The typed limit wins, even where that leaves no room for the other physical limit.
    let least = min.or(Some(least).filter(|least| max.is_none_or(|max| *least <= max)));
    let most = max.or(Some(most).filter(|most| min.is_none_or(|min| min <= *most)));
    (least, most)
}

fn check_high_register(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    table: ModbusTable,
    encoding: RegisterEncoding,
) -> Option<u16> {
    let at = raw.high_register.as_ref()?;
    let expected = "fault-expect-register";
    let (high_table, address) = notes.parsed_text(
        &raw.high_register,
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
    raw: &RawPoint,
    encoding: RegisterEncoding,
) -> Option<(u8, u8)> {
    let at = raw.bits.as_ref()?;
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

fn check_scale(notes: &mut DiagnosticCollector<'_>, raw: &RawPoint) -> LinearScale {
    let mut part = |typed: Option<&SpannedValue<f64>>, key: &str, default: (i64, i8)| {
        let Some(at) = typed else {
            return default;
        };
        // A scale of 0 would turn every reading into the offset.
        let usable = |scale: &(i64, i8)| key != "scale" || scale.0 != 0;
        value_syntax::decimal(*at.get())
            .filter(usable)
            .unwrap_or_else(|| {
                let found = at.get().to_string();
                notes.add_error(at.span(), key, "fault-value", &found, "fault-expect-scale");
                default
            })
    };
    LinearScale {
        factor: part(raw.scale.as_ref(), "scale", LinearScale::IDENTITY.factor),
        offset: part(raw.offset.as_ref(), "offset", LinearScale::IDENTITY.offset),
    }
}

fn check_wraps_at(notes: &mut DiagnosticCollector<'_>, raw: &RawPoint) -> Option<f64> {
    let at = raw.wraps_at.as_ref()?;
    let value = notes.finite_number(raw.wraps_at.as_ref(), "wraps_at")?;
    // Only a counter restarts at 0.
    if value <= 0.0 || raw.counter != Some(true) {
        notes.add_error(
            at.span(),
            "wraps_at",
            "fault-wraps-at",
            &value.to_string(),
            "",
        );
    }
    Some(value)
}

fn check_missing(notes: &mut DiagnosticCollector<'_>, raw: &RawPoint) -> Vec<i64> {
    let Some(at) = &raw.missing else {
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
    raw: &RawPoint,
    names: &[String],
) -> Vec<ScaleExponentTable> {
    let mut all = Vec::new();
    for at in &raw.powers_from {
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
    raw: &RawPoint,
    names: &[String],
) -> Option<(usize, Vec<i64>)> {
    let at = raw.valid_when.as_ref()?.get();
    let index = find_point(notes, at.point.as_ref()?, "valid_when", names)?;
    Some((index, at.is.clone()))
}

/// Checks confidence, and the names of raw values and bits.
fn check_description(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawPoint,
    span: &Range<usize>,
) -> PointDescription {
    let confidence = typed.confidence.as_ref();
    PointDescription {
        confidence: confidence.map_or(FactConfidence::High, |at| (*at.get()).into()),
        values: check_value_names(notes, span, "values", &typed.values),
        flags: check_value_names(notes, span, "flags", &typed.flags)
            .iter()
            .filter_map(|(bit, name)| Some((u8::try_from(*bit).ok()?, name.clone())))
            .collect(),
    }
}

fn check_value_names(
    notes: &mut DiagnosticCollector<'_>,
    span: &Range<usize>,
    key: &str,
    typed: &BTreeMap<String, String>,
) -> Arc<[(i64, Arc<str>)]> {
    let bits = key == "flags";
    let mut names = Vec::new();
    for (number, name) in typed {
        let number_of =
            value_syntax::parse_integer(number).filter(|n| !bits || (0..64).contains(n));
        match number_of {
            Some(number) => names.push((number, Arc::from(name.as_str()))),
            None => notes.add_error(
                span.clone(),
                key,
                "fault-value",
                number,
                "fault-expect-integer",
            ),
        }
    }
    names.sort_unstable();
    Arc::from(names)
}

/// Checks relations between the parts of one point.
fn check_consistency(notes: &mut DiagnosticCollector<'_>, span: Range<usize>, point: &Point) {
    if let (Some(min), Some(max)) = (point.min, point.max)
        && min > max
    {
        let expected = format!("min <= {max}");
        notes.add_error(
            span.clone(),
            "min",
            "fault-value",
            &min.to_string(),
            &expected,
        );
    }
    if u32::from(point.address) + u32::from(point.encoding.registers()) > 65_536 {
        let found = point.address.to_string();
        notes.add_error(span, "register", "fault-range", &found, "0..=65535");
    }
}

/// Warns about points that share registers, which means a wrong address or type.
fn warn_overlaps(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawPoint>],
    points: &[Point],
) {
    // Bit fields may share a register. Two numbers may share exactly the same registers when
    // `valid_when` of both decides which of them is valid.
    let extent = |point: &Point| {
        let first = u32::from(point.address);
        let plain = point.bits.is_none() && point.high.is_none() && !point.name.is_empty();
        plain.then(|| {
            (
                point.table,
                first,
                first + u32::from(point.encoding.registers()),
            )
        })
    };
    let mut extents: Vec<(ModbusTable, u32, u32, usize)> = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| extent(point).map(|(table, a, b)| (table, a, b, index)))
        .collect();
    extents.sort_unstable();
    // Sorted by table and address: only neighbours can overlap.
    for pair in extents.windows(2) {
        let [(table, first, end, one), (next_table, next, next_end, two)] = pair else {
            continue;
        };
        let chosen = |index: &usize| points[*index].valid_when.is_some();
        let either_or = first == next && end == next_end && chosen(one) && chosen(two);
        if table == next_table && next < end && !either_or {
            let (one, two) = (&points[*one].name, &raw[*two]);
            notes.add_warning(two.span(), "register", "fault-overlap", one, "");
        }
    }
}
