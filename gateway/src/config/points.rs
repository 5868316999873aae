//! Points and register limits: raw to believed.

use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::physical;
use crate::config::raw::{At, RawConfidence, RawOrder, RawPoint, Text};
use crate::config::values::{self, TYPES};
use crate::config::{About, Confidence, Encoding, Point, PowerFrom, Scale, Table, WordOrder};
use crate::limits::POINTS_PER_DEVICE_MAX;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// All points of one device or profile.
pub(crate) fn points(notes: &mut Notes<'_>, raw: &[At<RawPoint>]) -> Vec<Point> {
    if let Some(extra) = raw.get(POINTS_PER_DEVICE_MAX) {
        let most = POINTS_PER_DEVICE_MAX.to_string();
        notes.fault(
            extra.span(),
            "point",
            "fault-too-many",
            &raw.len().to_string(),
            &most,
        );
    }
    let mut seen = BTreeSet::new();
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
        .map(|raw| point(notes, raw, &names, &mut seen))
        .collect();
    overlaps(notes, raw, &points);
    points
}

fn point(
    notes: &mut Notes<'_>,
    raw: &At<RawPoint>,
    names: &[String],
    seen: &mut BTreeSet<String>,
) -> Point {
    let name = notes.id(&raw.get().id, seen);
    believed(notes, raw.get(), raw.span(), name, names)
}

/// Registers without a name, that lean on no others.
pub(crate) fn unnamed(notes: &mut Notes<'_>, raw: &RawPoint, span: Range<usize>) -> Point {
    believed(notes, raw, span, Arc::from(""), &[])
}

fn believed(
    notes: &mut Notes<'_>,
    raw: &RawPoint,
    span: Range<usize>,
    name: Arc<str>,
    names: &[String],
) -> Point {
    let read = values::register;
    let (table, address) = notes
        .parsed(&raw.register, "register", read, "fault-expect-register")
        .unwrap_or((Table::Holding, 0));
    let encoding = encoding(notes, raw, table);
    let unit = unit(notes, raw);
    let partner = |notes: &mut Notes<'_>, typed: &Text, key: &str| {
        let at = typed.as_ref()?;
        other(notes, at, key, names)
    };
    let quantity = quantity(raw, unit);
    let (min, max) = limits(notes, raw, physical_limits(raw, &quantity, unit));
    let point = Point {
        name,
        table,
        address,
        high: high(notes, raw, table, encoding),
        encoding,
        words: raw
            .words
            .as_ref()
            .map_or(WordOrder::Abcd, |order| word_order(*order.get())),
        bits: bits(notes, raw, encoding),
        scale: scale(notes, raw),
        unit: Arc::from(unit.map_or("", |unit| unit.symbol)),
        quantity,
        counter: raw.counter.unwrap_or(false),
        wraps_at: wraps_at(notes, raw),
        min,
        max,
        missing: missing(notes, raw),
        scale_from: partner(notes, &raw.scale_from, "scale_from"),
        multiply_from: partner(notes, &raw.multiply_from, "multiply_from"),
        powers: powers(notes, raw, names),
        valid_when: valid_when(notes, raw, names),
        about: about(notes, raw, &span),
    };
    sensible(notes, span, &point);
    point
}

fn encoding(notes: &mut Notes<'_>, raw: &RawPoint, table: Table) -> Encoding {
    let is_bit = matches!(table, Table::Coil | Table::Discrete);
    let Some(at) = &raw.r#type else {
        return Encoding::U16;
    };
    let Some(encoding) = values::encoding(at.get()) else {
        let words: Vec<&str> = TYPES.iter().map(|(word, _)| *word).collect();
        let hint = nearest(at.get(), words.iter().copied());
        let expected = format!("{}, string:N", words.join(", "));
        notes.add(at.span(), "type", "fault-word", at.get(), &expected, hint);
        return Encoding::U16;
    };
    if is_bit && encoding != Encoding::Bool {
        notes.fault(at.span(), "type", "fault-bit-type", at.get(), "bool");
    }
    encoding
}

impl From<RawConfidence> for Confidence {
    fn from(raw: RawConfidence) -> Self {
        match raw {
            RawConfidence::High => Self::High,
            RawConfidence::Medium => Self::Medium,
            RawConfidence::Low => Self::Low,
        }
    }
}

fn word_order(raw: RawOrder) -> WordOrder {
    match raw {
        RawOrder::Abcd => WordOrder::Abcd,
        RawOrder::Cdab => WordOrder::Cdab,
        RawOrder::Badc => WordOrder::Badc,
        RawOrder::Dcba => WordOrder::Dcba,
    }
}

fn unit(notes: &mut Notes<'_>, raw: &RawPoint) -> Option<&'static drivers::units::Unit> {
    let at = raw.unit.as_ref().filter(|at| !at.get().is_empty())?;
    let found = drivers::units::find(at.get());
    if found.is_none() {
        let known = drivers::units::ALL.iter().map(|unit| unit.symbol);
        let same = |symbol: &&str| symbol.eq_ignore_ascii_case(at.get());
        let hint = known.clone().find(same).map(str::to_owned);
        let hint = hint.or_else(|| nearest(at.get(), known.clone()));
        let all: Vec<&str> = known.collect();
        notes.add(
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

fn quantity(raw: &RawPoint, unit: Option<&drivers::units::Unit>) -> Arc<str> {
    match &raw.quantity {
        Some(at) => Arc::from(at.get().as_str()),
        None => Arc::from(unit.map_or("", |unit| unit.quantity)),
    }
}

fn physical_limits(
    raw: &RawPoint,
    quantity: &str,
    unit: Option<&'static drivers::units::Unit>,
) -> Option<(f64, f64)> {
    physical::limits(quantity, unit, raw.counter.unwrap_or(false))
}

/// Least and greatest value: the point's own, else what is physical.
fn limits(
    notes: &mut Notes<'_>,
    raw: &RawPoint,
    physical: Option<(f64, f64)>,
) -> (Option<f64>, Option<f64>) {
    let min = notes.finite(raw.min.as_ref(), "min");
    let max = notes.finite(raw.max.as_ref(), "max");
    let Some((least, most)) = physical else {
        return (min, max);
    };
    for (key, typed) in [("min", &raw.min), ("max", &raw.max)] {
        let Some(at) = typed.as_ref().filter(|at| at.get().is_finite()) else {
            continue;
        };
        if !(least..=most).contains(at.get()) {
            let (found, range) = (at.get().to_string(), format!("{least}..={most}"));
            notes.warn(at.span(), key, "fault-not-physical", &found, &range);
        }
    }
    // What a person sets goes first, also where it leaves no room for the other limit.
    let least = min.or(Some(least).filter(|least| max.is_none_or(|max| *least <= max)));
    let most = max.or(Some(most).filter(|most| min.is_none_or(|min| min <= *most)));
    (least, most)
}

fn high(notes: &mut Notes<'_>, raw: &RawPoint, table: Table, encoding: Encoding) -> Option<u16> {
    let at = raw.high_register.as_ref()?;
    let expected = "fault-expect-register";
    let (high_table, address) = notes.parsed(
        &raw.high_register,
        "high_register",
        values::register,
        expected,
    )?;
    if high_table != table || encoding.registers() != 2 {
        notes.fault(
            at.span(),
            "high_register",
            "fault-high-register",
            at.get(),
            "",
        );
    }
    Some(address)
}

fn bits(notes: &mut Notes<'_>, raw: &RawPoint, encoding: Encoding) -> Option<(u8, u8)> {
    let at = raw.bits.as_ref()?;
    let width = 16 * encoding.registers();
    let whole = !matches!(
        encoding,
        Encoding::F32 | Encoding::F64 | Encoding::Bcd16 | Encoding::Bcd32 | Encoding::Text(_)
    );
    let bits = values::bits(at.get()).filter(|(_, high)| whole && u16::from(*high) < width);
    if bits.is_none() {
        let found = at.get().to_string();
        notes.fault(
            at.span(),
            "bits",
            "fault-value",
            &found,
            "fault-expect-bits",
        );
    }
    bits
}

fn scale(notes: &mut Notes<'_>, raw: &RawPoint) -> Scale {
    let mut part = |typed: Option<&At<f64>>, key: &str, default: (i64, i8)| {
        let Some(at) = typed else {
            return default;
        };
        let usable = |scale: &(i64, i8)| key != "scale" || scale.0 != 0;
        values::decimal(*at.get())
            .filter(usable)
            .unwrap_or_else(|| {
                let found = at.get().to_string();
                notes.fault(at.span(), key, "fault-value", &found, "fault-expect-scale");
                default
            })
    };
    Scale {
        factor: part(raw.scale.as_ref(), "scale", Scale::ONE.factor),
        offset: part(raw.offset.as_ref(), "offset", Scale::ONE.offset),
    }
}

fn wraps_at(notes: &mut Notes<'_>, raw: &RawPoint) -> Option<f64> {
    let at = raw.wraps_at.as_ref()?;
    let value = notes.finite(raw.wraps_at.as_ref(), "wraps_at")?;
    if value <= 0.0 || raw.counter != Some(true) {
        notes.fault(
            at.span(),
            "wraps_at",
            "fault-wraps-at",
            &value.to_string(),
            "",
        );
    }
    Some(value)
}

fn missing(notes: &mut Notes<'_>, raw: &RawPoint) -> Vec<i64> {
    let Some(at) = &raw.missing else {
        return Vec::new();
    };
    values::integers(at.get()).unwrap_or_else(|| {
        let found = at.get().to_string();
        notes.fault(
            at.span(),
            "missing",
            "fault-value",
            &found,
            "fault-expect-integers",
        );
        Vec::new()
    })
}

/// Index of another point of the same device.
fn other(notes: &mut Notes<'_>, at: &At<String>, key: &str, names: &[String]) -> Option<usize> {
    let index = names.iter().position(|name| name == at.get());
    if index.is_none() {
        let hint = nearest(at.get(), names.iter().map(String::as_str));
        notes.add(
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

fn powers(notes: &mut Notes<'_>, raw: &RawPoint, names: &[String]) -> Vec<PowerFrom> {
    let mut all = Vec::new();
    for at in &raw.powers_from {
        let pair = |pair: &Vec<i64>| match pair.as_slice() {
            [raw, power] => Some((*raw, i8::try_from(*power).ok().filter(|p| p.abs() <= 18)?)),
            _ => None,
        };
        let table: Option<Vec<(i64, i8)>> = at.get().powers.iter().map(pair).collect();
        let table = table.filter(|table| !table.is_empty());
        if table.is_none() {
            notes.fault(
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
            .and_then(|at| other(notes, at, "point", names));
        all.extend(
            point
                .zip(table)
                .map(|(point, table)| PowerFrom { point, table }),
        );
    }
    all
}

fn valid_when(
    notes: &mut Notes<'_>,
    raw: &RawPoint,
    names: &[String],
) -> Option<(usize, Vec<i64>)> {
    let at = raw.valid_when.as_ref()?.get();
    let index = other(notes, at.point.as_ref()?, "valid_when", names)?;
    Some((index, at.is.clone()))
}

/// How sure the facts are, and the names of values and bits.
fn about(notes: &mut Notes<'_>, typed: &RawPoint, span: &Range<usize>) -> About {
    let confidence = typed.confidence.as_ref();
    About {
        confidence: confidence.map_or(Confidence::High, |at| (*at.get()).into()),
        values: named(notes, span, "values", &typed.values),
        flags: named(notes, span, "flags", &typed.flags)
            .iter()
            .filter_map(|(bit, name)| Some((u8::try_from(*bit).ok()?, name.clone())))
            .collect(),
    }
}

fn named(
    notes: &mut Notes<'_>,
    span: &Range<usize>,
    key: &str,
    typed: &BTreeMap<String, String>,
) -> Arc<[(i64, Arc<str>)]> {
    let bits = key == "flags";
    let mut names = Vec::new();
    for (number, name) in typed {
        let number_of = values::integer(number).filter(|n| !bits || (0..64).contains(n));
        match number_of {
            Some(number) => names.push((number, Arc::from(name.as_str()))),
            None => notes.fault(
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

/// What must hold between the parts of one point.
fn sensible(notes: &mut Notes<'_>, span: Range<usize>, point: &Point) {
    if let (Some(min), Some(max)) = (point.min, point.max)
        && min > max
    {
        let expected = format!("min <= {max}");
        notes.fault(
            span.clone(),
            "min",
            "fault-value",
            &min.to_string(),
            &expected,
        );
    }
    if u32::from(point.address) + u32::from(point.encoding.registers()) > 65_536 {
        let found = point.address.to_string();
        notes.fault(span, "register", "fault-range", &found, "0..=65535");
    }
}

/// Two numbers that share registers are a wrong address or a wrong type. Fields of bits may share,
/// and numbers of the very same registers when something else says which of them is valid.
fn overlaps(notes: &mut Notes<'_>, raw: &[At<RawPoint>], points: &[Point]) {
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
    let mut extents: Vec<(Table, u32, u32, usize)> = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| extent(point).map(|(table, a, b)| (table, a, b, index)))
        .collect();
    extents.sort_unstable();
    for pair in extents.windows(2) {
        let [(table, first, end, one), (next_table, next, next_end, two)] = pair else {
            continue;
        };
        let chosen = |index: &usize| points[*index].valid_when.is_some();
        let either_or = first == next && end == next_end && chosen(one) && chosen(two);
        if table == next_table && next < end && !either_or {
            let (one, two) = (&points[*one].name, &raw[*two]);
            notes.warn(two.span(), "register", "fault-overlap", one, "");
        }
    }
}
