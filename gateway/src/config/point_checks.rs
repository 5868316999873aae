//! [`points`]: checks `[[point]]` tables: scales, units and limits of a device.

use crate::config::bus_kinds::{self, RawPoint};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::physical_limits;
use crate::config::raw_values::{RawConfidence, SpannedValue};
use crate::config::{
    FactConfidence, LinearScale, Point, PointDescription, register_checks, value_syntax,
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
    register_checks::warn_overlaps(notes, raw, &points);
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
    let access = bus_kinds::check_point_access(notes, raw, &span, names);
    // Pulses only grow: without this a restart would begin at 0.
    let is_counter = raw.counter.unwrap_or_else(|| access.counts_in_gateway());
    let unit = check_unit(notes, raw);
    let quantity = point_quantity(raw, unit);
    let (min, max) = check_value_range(
        notes,
        raw,
        physical_limits::physical_range(&quantity, unit, is_counter),
    );
    let point = Point {
        name,
        access,
        scale: check_scale(notes, raw),
        unit: Arc::from(unit.map_or("", |unit| unit.symbol)),
        quantity,
        counter: is_counter,
        wraps_at: check_wraps_at(notes, raw, is_counter),
        min,
        max,
        about: check_description(notes, raw, &span),
    };
    check_consistency(notes, span, &point);
    point
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

fn check_unit(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
) -> Option<&'static drivers::units::UnitOfMeasure> {
    let at = raw.unit.as_ref().filter(|at| !at.get().is_empty())?;
    let found = drivers::units::find_unit(at.get());
    if found.is_none() {
        let hint = unit_hint(at.get()).map(|unit| unit.symbol.to_owned());
        let known = drivers::units::ALL_UNITS.iter().map(|unit| unit.symbol);
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

/// Returns the unit that an unknown spelling is likeliest to mean: `kWh` for `KWH`, `degC` for
/// `Celcius`.
pub(crate) fn unit_hint(typed: &str) -> Option<&'static drivers::units::UnitOfMeasure> {
    let spellings = || drivers::units::unit_spellings().map(|(text, _)| text);
    // A wrong case is the likeliest mistake.
    let same = spellings().find(|text| text.eq_ignore_ascii_case(typed));
    let same = same.map(str::to_owned);
    let meant = same.or_else(|| nearest_name(typed, spellings()))?;
    drivers::units::find_unit(&meant)
}

fn point_quantity(raw: &RawPoint, unit: Option<&drivers::units::UnitOfMeasure>) -> Arc<str> {
    match &raw.quantity {
        Some(at) => Arc::from(at.get().as_str()),
        None => Arc::from(unit.map_or("", |unit| unit.quantity)),
    }
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

fn check_scale(notes: &mut DiagnosticCollector<'_>, raw: &RawPoint) -> LinearScale {
    let factor = check_factor(notes, raw.scale.as_ref(), "scale");
    let offset = raw.offset.as_ref();
    let offset = offset.map(|at| check_decimal(notes, at, "offset", |_| true));
    LinearScale {
        factor: factor.unwrap_or(LinearScale::IDENTITY.factor),
        offset: offset.flatten().unwrap_or(LinearScale::IDENTITY.offset),
    }
}

/// Checks a factor as mantissa and power of ten. One of 0 would turn every reading into the offset.
pub(crate) fn check_factor(
    notes: &mut DiagnosticCollector<'_>,
    typed: Option<&SpannedValue<f64>>,
    key: &str,
) -> Option<(i64, i8)> {
    check_decimal(notes, typed?, key, |decimal| decimal.0 != 0)
}

fn check_decimal(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<f64>,
    key: &str,
    is_usable: impl Fn(&(i64, i8)) -> bool,
) -> Option<(i64, i8)> {
    let decimal = value_syntax::decimal(*at.get()).filter(is_usable);
    if decimal.is_none() {
        let found = at.get().to_string();
        notes.add_error(at.span(), key, "fault-value", &found, "fault-expect-scale");
    }
    decimal
}

fn check_wraps_at(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawPoint,
    is_counter: bool,
) -> Option<f64> {
    let at = raw.wraps_at.as_ref()?;
    let value = notes.finite_number(raw.wraps_at.as_ref(), "wraps_at")?;
    // Only a counter restarts at 0.
    if value <= 0.0 || !is_counter {
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

/// Checks confidence, and the names of raw values and bits.
fn check_description(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawPoint,
    span: &Range<usize>,
) -> PointDescription {
    let confidence = typed.confidence.as_ref();
    PointDescription {
        name: notes.display_name(&typed.name, "name"),
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
        notes.add_error(span, "min", "fault-value", &min.to_string(), &expected);
    }
}
