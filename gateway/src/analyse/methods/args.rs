//! Inputs that were checked against what a method takes.

use super::Method;
use super::fault::{Fault, names, nearest};
use super::field::{Field, Kind, Need, Range};
use crate::analyse::fod::Waste;
use crate::limits::METHOD_ITEMS_MAX;
use serde_json::{Map, Value};

/// Lists of one method that go together, entry by entry.
const PAIRED: &[(&str, &str)] = &[
    ("x", "u_pct"),
    ("ts_h", "v_m3"),
    ("valid_flags", "energies_kwh"),
];

/// The checked inputs of one call, defaults put in.
#[derive(Clone, Debug)]
pub struct Args(Map<String, Value>);

impl Args {
    /// Believes `inputs` only if every key, type and domain fits.
    pub(super) fn check(method: &Method, inputs: &Value) -> Result<Self, Fault> {
        let given = inputs.as_object().ok_or(Fault::NotAnObject)?;
        for key in given.keys() {
            let known = |field: &Field| field.name == key || field.also == key;
            if !method.inputs.iter().any(known) {
                return Err(Fault::UnknownInput {
                    method: method.name,
                    key: key.clone(),
                    near: nearest(key, method.inputs.iter().map(|field| field.name)),
                    known: names(method.inputs),
                });
            }
        }
        let mut checked = Map::new();
        for field in method.inputs {
            let value = take(method, field, given)?;
            checked.insert(field.name.to_owned(), value);
        }
        let args = Self(checked);
        args.pairs_fit()?;
        Ok(args)
    }

    fn pairs_fit(&self) -> Result<(), Fault> {
        let length = |name: &str| self.0.get(name)?.as_array().map(Vec::len);
        for (a, b) in PAIRED {
            match (length(a), length(b)) {
                (Some(left), Some(right)) if left != right => {
                    return Err(Fault::Lengths {
                        lists: [a, b],
                        lengths: [left, right],
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A number; NaN, which no result shows, where the method never declared one.
    pub(super) fn f(&self, name: &str) -> f64 {
        self.opt(name).unwrap_or(f64::NAN)
    }

    /// A number, or that there is none.
    pub(super) fn opt(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    /// A whole number.
    pub(super) fn whole(&self, name: &str) -> i32 {
        self.0.get(name).and_then(whole).unwrap_or_default()
    }

    /// A text; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A list of numbers with gaps.
    pub(super) fn gaps(&self, name: &str) -> Vec<Option<f64>> {
        self.items(name).iter().map(Value::as_f64).collect()
    }

    /// A list of numbers.
    pub(super) fn list(&self, name: &str) -> Vec<f64> {
        self.items(name).iter().filter_map(Value::as_f64).collect()
    }

    /// A list of true and false.
    pub(super) fn flags(&self, name: &str) -> Vec<bool> {
        self.items(name).iter().filter_map(Value::as_bool).collect()
    }

    /// Rows of `N` columns.
    pub(super) fn rows<const N: usize>(&self, name: &str) -> Vec<[Option<f64>; N]> {
        let row = |row: &Value| std::array::from_fn(|at| row.get(at).and_then(Value::as_f64));
        self.items(name).iter().map(row).collect()
    }

    /// Rows of a number and another that may be missing.
    pub(super) fn series(&self, name: &str) -> Vec<(f64, Option<f64>)> {
        let rows = self.rows::<2>(name).into_iter();
        rows.filter_map(|[t, x]| Some((t?, x))).collect()
    }

    /// Entries by year.
    pub(super) fn years(&self, name: &str) -> Vec<(i32, &Value)> {
        let entries = self.0.get(name).and_then(Value::as_object);
        let entry = |(year, value): (&String, _)| Some((year.parse().ok()?, value));
        entries.into_iter().flatten().filter_map(entry).collect()
    }

    fn items(&self, name: &str) -> &[Value] {
        let items = self.0.get(name).and_then(Value::as_array);
        items.map_or(&[], Vec::as_slice)
    }
}

fn take(method: &Method, field: &Field, given: &Map<String, Value>) -> Result<Value, Fault> {
    let value = match (given.get(field.name), given.get(field.also)) {
        (Some(_), Some(_)) => return Err(Fault::Twice { key: field.name }),
        (value, other) => value.or(other),
    };
    match (value, field.need) {
        (None | Some(Value::Null), Need::For(words)) if !named(method, given, words) => {
            Ok(Value::Null)
        }
        (None, Need::Required | Need::For(_)) => Err(Fault::Missing {
            method: method.name,
            key: field.name,
            unit: field.unit,
        }),
        (None | Some(Value::Null), Need::Nullable) => Ok(Value::Null),
        (None | Some(Value::Null), Need::Or(x)) => Ok(Value::from(x)),
        (None | Some(Value::Null), Need::OrWord(word)) => Ok(Value::from(word)),
        (Some(value), _) => {
            check(field.name, field.kind, value)?;
            Ok(value.clone())
        }
    }
}

/// Whether the method's first input, a choice, is one of these words.
fn named(method: &Method, given: &Map<String, Value>, words: &[&str]) -> bool {
    let first = method
        .inputs
        .first()
        .and_then(|field| given.get(field.name));
    let word = first.and_then(Value::as_str);
    word.is_some_and(|word| words.contains(&word))
}

fn check(place: &str, kind: Kind, value: &Value) -> Result<(), Fault> {
    let fits = match kind {
        Kind::Number(range) => return number(place, range, value),
        Kind::Whole(from, to) => whole(value).is_some_and(|n| (from..=to).contains(&n)),
        Kind::Text => value.is_string(),
        Kind::Instant => value
            .as_str()
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        Kind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Numbers(range) => return each(place, value, kind, |p, v| number(p, range, v)),
        Kind::Gaps(range) => return each(place, value, kind, |p, v| gap(p, range, v)),
        Kind::Flags => return each(place, value, kind, flag),
        Kind::Rows(columns) => return each(place, value, kind, |p, v| row(p, kind, columns, v)),
        Kind::Years => return by_year(place, value, kind, |p, v| number(p, Range::NotNegative, v)),
        Kind::Deposits => return by_year(place, value, kind, deposits),
    };
    if fits {
        Ok(())
    } else {
        Err(wrong(place, kind, value))
    }
}

fn wrong(place: &str, kind: Kind, found: &Value) -> Fault {
    let mut found = found.to_string();
    if let Some((at, _)) = found.char_indices().nth(60) {
        found.truncate(at);
        found.push_str("..");
    }
    Fault::Type {
        place: place.to_owned(),
        expected: format!("analyse-kind-{}", kind.code()),
        detail: kind.detail(),
        found,
    }
}

fn number(place: &str, range: Range, value: &Value) -> Result<(), Fault> {
    let finite = value.as_f64().filter(|x| x.is_finite());
    let x = finite.ok_or_else(|| wrong(place, Kind::Number(range), value))?;
    if range.holds(x) {
        return Ok(());
    }
    Err(Fault::Domain {
        place: place.to_owned(),
        expected: format!("analyse-range-{}", range.code()),
        found: value.to_string(),
    })
}

fn gap(place: &str, range: Range, value: &Value) -> Result<(), Fault> {
    if value.is_null() {
        return Ok(());
    }
    number(place, range, value)
}

fn flag(place: &str, value: &Value) -> Result<(), Fault> {
    let fits = value.is_boolean();
    if fits {
        Ok(())
    } else {
        Err(wrong(place, Kind::Flags, value))
    }
}

fn each(
    place: &str,
    value: &Value,
    kind: Kind,
    check: impl Fn(&str, &Value) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let items = value.as_array().ok_or_else(|| wrong(place, kind, value))?;
    if items.len() > METHOD_ITEMS_MAX {
        return Err(Fault::TooMany {
            place: place.to_owned(),
            most: METHOD_ITEMS_MAX,
        });
    }
    let mut items = items.iter().enumerate();
    items.try_for_each(|(at, item)| check(&format!("{place}[{at}]"), item))
}

fn row(place: &str, kind: Kind, columns: &[&str], value: &Value) -> Result<(), Fault> {
    let cells = value
        .as_array()
        .filter(|cells| cells.len() == columns.len());
    let cells = cells.ok_or_else(|| wrong(place, kind, value))?;
    let mut cells = columns.iter().zip(cells);
    cells.try_for_each(|(column, cell)| {
        let place = format!("{place}.{}", column.trim_end_matches('?'));
        if column.ends_with('?') {
            gap(&place, Range::Any, cell)
        } else {
            number(&place, Range::Any, cell)
        }
    })
}

fn by_year(
    place: &str,
    value: &Value,
    kind: Kind,
    check: impl Fn(&str, &Value) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let entries = value.as_object().ok_or_else(|| wrong(place, kind, value))?;
    entries.iter().try_for_each(|(year, entry)| {
        let place = format!("{place}.{year}");
        if year.parse::<i32>().is_err() {
            return Err(wrong(&place, kind, entry));
        }
        check(&place, entry)
    })
}

fn deposits(place: &str, value: &Value) -> Result<(), Fault> {
    let kinds = value.as_object();
    let kinds = kinds.ok_or_else(|| wrong(place, Kind::Deposits, value))?;
    kinds.iter().try_for_each(|(waste, tonnes)| {
        let place = format!("{place}.{waste}");
        if Waste::parse(waste).is_none() {
            return Err(wrong(
                &place,
                Kind::Choice(Waste::NAMES),
                &Value::from(waste.as_str()),
            ));
        }
        number(&place, Range::NotNegative, tonnes)
    })
}

/// A whole number, also when it is written as 4.0.
fn whole(value: &Value) -> Option<i32> {
    let exact = value.as_i64().or_else(|| {
        let x = value.as_f64().filter(|x| x.fract() == 0.0)?;
        format!("{x:.0}").parse().ok()
    });
    i32::try_from(exact?).ok()
}
