//! How to recognise a device: raw to believed.

use crate::config::notes::Notes;
use crate::config::raw::{At, RawPoint};
use crate::config::raw_profile::RawProbe;
use crate::config::{Point, points, values};

/// One rule: what is asked of a device, and what such a device answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What is asked.
    pub asked: Asked,
    /// What must hold of the answer.
    pub test: Test,
}

/// What a rule asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Registers, read as this point.
    Registers(Box<Point>),
    /// The vendor's name of the device identification (function 0x2B/0x0E, object 0).
    Vendor,
    /// The product code of the device identification (object 1).
    Product,
}

/// What must hold of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The value is from..=to, in the point's unit.
    Range(f64, f64),
    /// The raw value, or what a mask leaves of it, is one of these.
    OneOf(Vec<i64>, Option<i64>),
    /// The text has this in it, whatever the case.
    Contains(String),
}

/// All rules of a profile; `known` are its points and facts.
pub(crate) fn rules(notes: &mut Notes<'_>, raw: &[At<RawProbe>], known: &[Point]) -> Vec<Rule> {
    raw.iter().filter_map(|at| rule(notes, at, known)).collect()
}

fn rule(notes: &mut Notes<'_>, at: &At<RawProbe>, known: &[Point]) -> Option<Rule> {
    let raw = at.get();
    let named = [&raw.vendor, &raw.product, &raw.point, &raw.register];
    let count = named.iter().filter(|text| text.is_some()).count();
    if count != 1 {
        let found = count.to_string();
        notes.fault(at.span(), "identify", "fault-identify-asked", &found, "");
        return None;
    }
    if let Some(vendor) = &raw.vendor {
        let test = Test::Contains(vendor.get().clone());
        return Some(Rule {
            asked: Asked::Vendor,
            test,
        });
    }
    if let Some(product) = &raw.product {
        let test = Test::Contains(product.get().clone());
        return Some(Rule {
            asked: Asked::Product,
            test,
        });
    }
    let point = place(notes, at, known)?;
    let test = test(notes, at)?;
    let asked = Asked::Registers(Box::new(point));
    Some(Rule { asked, test })
}

fn place(notes: &mut Notes<'_>, at: &At<RawProbe>, known: &[Point]) -> Option<Point> {
    let raw = at.get();
    if raw.point.is_some() {
        let find = |name: &str| known.iter().find(|point| *point.name == *name).cloned();
        return notes.parsed(&raw.point, "point", find, "fault-expect-point");
    }
    let typed = RawPoint {
        register: raw.register.clone(),
        r#type: raw.r#type.clone(),
        ..RawPoint::default()
    };
    Some(points::unnamed(notes, &typed, at.span()))
}

fn test(notes: &mut Notes<'_>, at: &At<RawProbe>) -> Option<Test> {
    let raw = at.get();
    if let Some(text) = &raw.contains {
        return Some(Test::Contains(text.get().clone()));
    }
    if let Some(equals) = &raw.equals {
        let Some(values) = values::integers(equals.get()) else {
            let found = equals.get().to_string();
            let expected = "fault-expect-integers";
            notes.fault(equals.span(), "equals", "fault-value", &found, expected);
            return None;
        };
        return Some(Test::OneOf(values, raw.mask.as_ref().map(|at| *at.get())));
    }
    let (min, max) = (
        notes.finite(raw.min.as_ref(), "min"),
        notes.finite(raw.max.as_ref(), "max"),
    );
    if let (Some(min), Some(max)) = (min, max) {
        return Some(Test::Range(min, max));
    }
    notes.fault(at.span(), "identify", "fault-identify-test", "", "");
    None
}
