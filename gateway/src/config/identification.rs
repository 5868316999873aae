//! `check_rules`: checks the `identify` rules of a profile, by which `scan` recognises a device.

use crate::config::bus_kinds::RawPoint;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_profile::RawIdentificationRule;
use crate::config::raw_values::SpannedValue;
use crate::config::{Point, point_checks, value_syntax};

/// Rule of a profile: one source and one test of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentificationRule {
    /// Source of the value.
    pub asked: IdentificationSource,
    /// Test of the value.
    pub test: IdentificationTest,
}

/// Source of the value that a rule tests.
#[derive(Clone, Debug, PartialEq)]
pub enum IdentificationSource {
    /// Registers, decoded as this point.
    Registers(Box<Point>),
    /// Vendor name of the device identification (function 0x2B/0x0E, object 0).
    Vendor,
    /// Product code of the device identification (object 1).
    Product,
}

/// Test of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum IdentificationTest {
    /// Inclusive range, in the point's unit.
    Range(f64, f64),
    /// Raw value, after an optional bit mask, equals one of these.
    OneOf(Vec<i64>, Option<i64>),
    /// Text contains this, ignoring case.
    Contains(String),
}

/// Checks all rules of a profile; `known` are its points and facts.
pub(crate) fn check_rules(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawIdentificationRule>],
    known: &[Point],
) -> Vec<IdentificationRule> {
    raw.iter()
        .filter_map(|at| check_rule(notes, at, known))
        .collect()
}

fn check_rule(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawIdentificationRule>,
    known: &[Point],
) -> Option<IdentificationRule> {
    let raw = at.get();
    let named = [&raw.vendor, &raw.product, &raw.point, &raw.register];
    let count = named.iter().filter(|text| text.is_some()).count();
    if count != 1 {
        let found = count.to_string();
        notes.add_error(at.span(), "identify", "fault-identify-asked", &found, "");
        return None;
    }
    if let Some(vendor) = &raw.vendor {
        let test = IdentificationTest::Contains(vendor.get().clone());
        return Some(IdentificationRule {
            asked: IdentificationSource::Vendor,
            test,
        });
    }
    if let Some(product) = &raw.product {
        let test = IdentificationTest::Contains(product.get().clone());
        return Some(IdentificationRule {
            asked: IdentificationSource::Product,
            test,
        });
    }
    let point = check_source_point(notes, at, known)?;
    let test = check_rule_test(notes, at)?;
    let asked = IdentificationSource::Registers(Box::new(point));
    Some(IdentificationRule { asked, test })
}

fn check_source_point(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawIdentificationRule>,
    known: &[Point],
) -> Option<Point> {
    let raw = at.get();
    if raw.point.is_some() {
        let find = |name: &str| known.iter().find(|point| *point.name == *name).cloned();
        return notes.parsed_text(&raw.point, "point", find, "fault-expect-point");
    }
    let typed = RawPoint {
        register: raw.register.clone(),
        r#type: raw.r#type.clone(),
        ..RawPoint::default()
    };
    Some(point_checks::check_unnamed_point(notes, &typed, at.span()))
}

fn check_rule_test(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawIdentificationRule>,
) -> Option<IdentificationTest> {
    let raw = at.get();
    if let Some(text) = &raw.contains {
        return Some(IdentificationTest::Contains(text.get().clone()));
    }
    if let Some(equals) = &raw.equals {
        let Some(values) = value_syntax::parse_integers(equals.get()) else {
            let found = equals.get().to_string();
            let expected = "fault-expect-integers";
            notes.add_error(equals.span(), "equals", "fault-value", &found, expected);
            return None;
        };
        return Some(IdentificationTest::OneOf(
            values,
            raw.mask.as_ref().map(|at| *at.get()),
        ));
    }
    let (min, max) = (
        notes.finite_number(raw.min.as_ref(), "min"),
        notes.finite_number(raw.max.as_ref(), "max"),
    );
    if let (Some(min), Some(max)) = (min, max) {
        return Some(IdentificationTest::Range(min, max));
    }
    notes.add_error(at.span(), "identify", "fault-identify-test", "", "");
    None
}
