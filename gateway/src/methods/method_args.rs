//! Inputs of a call, checked against the inputs that the method declares.

use super::method_error::{MethodError, join_input_names, nearest_name};
use super::method_input::{InputKind, InputRange, InputRequirement, MethodInput};
use crate::carbon::formulas::first_order_decay::WasteKind;
use crate::limits::METHOD_ITEMS_MAX;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Pairs of lists of one method that must have the same length.
// Methods zip these lists: without the check the longer one would be cut in silence.
const PAIRED_LISTS: &[(&str, &str)] = &[
    ("x", "u_pct"),
    ("ts_h", "v_m3"),
    ("valid_flags", "energies_kwh"),
];

/// Checked inputs of one call, with defaults filled in.
#[derive(Clone, Debug)]
pub struct MethodArgs(Map<String, Value>);

impl MethodArgs {
    /// Checks key, type and range of every input that the method declares.
    pub(crate) fn check(
        method: &'static str,
        declared: &'static [MethodInput],
        inputs: &Value,
    ) -> Result<Self, MethodError> {
        let given = inputs.as_object().ok_or(MethodError::NotAnObject)?;
        for key in given.keys() {
            // Unknown keys are refused, since a misspelt input would silently take its default.
            let known = |field: &MethodInput| field.name == key || field.also == key;
            if !declared.iter().any(known) {
                return Err(MethodError::UnknownInput {
                    method,
                    key: key.clone(),
                    near: nearest_name(key, declared.iter().map(|field| field.name)),
                    known: join_input_names(declared),
                });
            }
        }
        let mut checked = Map::new();
        for field in declared {
            let value = take_input((method, declared), field, given)?;
            checked.insert(field.name.to_owned(), value);
        }
        let args = Self(checked);
        args.check_paired_lengths()?;
        Ok(args)
    }

    fn check_paired_lengths(&self) -> Result<(), MethodError> {
        let length = |name: &str| self.0.get(name)?.as_array().map(Vec::len);
        for (a, b) in PAIRED_LISTS {
            match (length(a), length(b)) {
                (Some(left), Some(right)) if left != right => {
                    return Err(MethodError::Lengths {
                        lists: [a, b],
                        lengths: [left, right],
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns a number. NaN, which no result shows, if the method never declared the input.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.optional_number(name).unwrap_or(f64::NAN)
    }

    /// Returns what a formula gives for three numbers.
    pub(crate) fn of_three<T: Serialize>(
        &self,
        formula: impl Fn(f64, f64, f64) -> T,
        names: [&str; 3],
    ) -> Value {
        let [first, second, third] = names.map(|name| self.number(name));
        json!(formula(first, second, third))
    }

    /// Returns a number, or `None`.
    pub(crate) fn optional_number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    /// Returns an integer.
    pub(crate) fn integer(&self, name: &str) -> i32 {
        self.0.get(name).and_then(as_integer).unwrap_or_default()
    }

    /// Returns a text; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a list of numbers with gaps.
    pub(crate) fn numbers_with_gaps(&self, name: &str) -> Vec<Option<f64>> {
        self.items(name).iter().map(Value::as_f64).collect()
    }

    /// Returns a list of numbers.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        self.items(name).iter().filter_map(Value::as_f64).collect()
    }

    /// Returns a list of booleans.
    pub(crate) fn flags(&self, name: &str) -> Vec<bool> {
        self.items(name).iter().filter_map(Value::as_bool).collect()
    }

    /// Returns rows of `N` columns.
    pub(crate) fn rows<const N: usize>(&self, name: &str) -> Vec<[Option<f64>; N]> {
        let row = |row: &Value| std::array::from_fn(|at| row.get(at).and_then(Value::as_f64));
        self.items(name).iter().map(row).collect()
    }

    /// Returns rows of a number and a second number that may be missing.
    pub(crate) fn timed_values(&self, name: &str) -> Vec<(f64, Option<f64>)> {
        let rows = self.rows::<2>(name).into_iter();
        rows.filter_map(|[t, x]| Some((t?, x))).collect()
    }

    /// Returns the entries of an object whose keys are years.
    pub(crate) fn entries_by_year(&self, name: &str) -> Vec<(i32, &Value)> {
        let entries = self.0.get(name).and_then(Value::as_object);
        let entry = |(year, value): (&String, _)| Some((year.parse().ok()?, value));
        entries.into_iter().flatten().filter_map(entry).collect()
    }

    fn items(&self, name: &str) -> &[Value] {
        let items = self.0.get(name).and_then(Value::as_array);
        items.map_or(&[], Vec::as_slice)
    }
}

/// Returns the checked value of one input, or its default.
fn take_input(
    (method, declared): (&'static str, &[MethodInput]),
    field: &MethodInput,
    given: &Map<String, Value>,
) -> Result<Value, MethodError> {
    let value = match (given.get(field.name), given.get(field.also)) {
        // The two values could contradict each other.
        (Some(_), Some(_)) => return Err(MethodError::Twice { key: field.name }),
        (value, other) => value.or(other),
    };
    match (value, field.need) {
        // First, so that the inputs of another choice may be absent or null.
        (None | Some(Value::Null), InputRequirement::For(words))
            if !first_choice_is_one_of(declared, given, words) =>
        {
            Ok(Value::Null)
        }
        (None, InputRequirement::Required | InputRequirement::For(_)) => {
            Err(MethodError::Missing {
                method,
                key: field.name,
                unit: field.unit,
            })
        }
        (None | Some(Value::Null), InputRequirement::Nullable) => Ok(Value::Null),
        (None | Some(Value::Null), InputRequirement::Or(x)) => Ok(Value::from(x)),
        (None | Some(Value::Null), InputRequirement::OrWord(word)) => Ok(Value::from(word)),
        // A null of a required input comes here too, for an error that names the expected type.
        (Some(value), _) => {
            check_value(field.name, field.kind, value)?;
            Ok(value.clone())
        }
    }
}

/// Returns true if the method's first input, a choice, is one of `words`.
fn first_choice_is_one_of(
    declared: &[MethodInput],
    given: &Map<String, Value>,
    words: &[&str],
) -> bool {
    let first = declared.first().and_then(|field| given.get(field.name));
    let word = first.and_then(Value::as_str);
    word.is_some_and(|word| words.contains(&word))
}

fn check_value(place: &str, kind: InputKind, value: &Value) -> Result<(), MethodError> {
    let fits = match kind {
        InputKind::Number(range) => return check_number(place, range, value),
        InputKind::Whole(from, to) => as_integer(value).is_some_and(|n| (from..=to).contains(&n)),
        InputKind::Text => value.is_string(),
        InputKind::Instant => value
            .as_str()
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        InputKind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        InputKind::Numbers(range) => {
            return check_each(place, value, kind, |p, v| check_number(p, range, v));
        }
        InputKind::Gaps(range) => {
            return check_each(place, value, kind, |p, v| check_number_or_null(p, range, v));
        }
        InputKind::Flags => return check_each(place, value, kind, check_flag),
        InputKind::Rows(columns) => {
            return check_each(place, value, kind, |p, v| check_row(p, kind, columns, v));
        }
        InputKind::Years => {
            return check_by_year(place, value, kind, |p, v| {
                check_number(p, InputRange::NotNegative, v)
            });
        }
        InputKind::Deposits => return check_by_year(place, value, kind, check_deposits),
    };
    if fits {
        Ok(())
    } else {
        Err(type_error(place, kind, value))
    }
}

fn type_error(place: &str, kind: InputKind, found: &Value) -> MethodError {
    let mut found = found.to_string();
    // A long list would hide the message.
    if let Some((at, _)) = found.char_indices().nth(60) {
        found.truncate(at);
        found.push_str("..");
    }
    MethodError::Type {
        place: place.to_owned(),
        expected: format!("analyse-kind-{}", kind.code()),
        detail: kind.detail(),
        found,
    }
}

fn check_number(place: &str, range: InputRange, value: &Value) -> Result<(), MethodError> {
    let finite = value.as_f64().filter(|x| x.is_finite());
    let x = finite.ok_or_else(|| type_error(place, InputKind::Number(range), value))?;
    if range.holds(x) {
        return Ok(());
    }
    Err(MethodError::Domain {
        place: place.to_owned(),
        expected: format!("analyse-range-{}", range.code()),
        found: value.to_string(),
    })
}

fn check_number_or_null(place: &str, range: InputRange, value: &Value) -> Result<(), MethodError> {
    if value.is_null() {
        return Ok(());
    }
    check_number(place, range, value)
}

fn check_flag(place: &str, value: &Value) -> Result<(), MethodError> {
    let fits = value.is_boolean();
    if fits {
        Ok(())
    } else {
        Err(type_error(place, InputKind::Flags, value))
    }
}

fn check_each(
    place: &str,
    value: &Value,
    kind: InputKind,
    check: impl Fn(&str, &Value) -> Result<(), MethodError>,
) -> Result<(), MethodError> {
    let items = value
        .as_array()
        .ok_or_else(|| type_error(place, kind, value))?;
    // Checked before the entries, so that an oversized list costs no time.
    if items.len() > METHOD_ITEMS_MAX {
        return Err(MethodError::TooMany {
            place: place.to_owned(),
            most: METHOD_ITEMS_MAX,
        });
    }
    let mut items = items.iter().enumerate();
    items.try_for_each(|(at, item)| check(&format!("{place}[{at}]"), item))
}

fn check_row(
    place: &str,
    kind: InputKind,
    columns: &[&str],
    value: &Value,
) -> Result<(), MethodError> {
    let cells = value
        .as_array()
        .filter(|cells| cells.len() == columns.len());
    let cells = cells.ok_or_else(|| type_error(place, kind, value))?;
    let mut cells = columns.iter().zip(cells);
    cells.try_for_each(|(column, cell)| {
        let place = format!("{place}.{}", column.trim_end_matches('?'));
        // The mark `?` declares a column that may be null, which is a gap in the readings.
        if column.ends_with('?') {
            check_number_or_null(&place, InputRange::Any, cell)
        } else {
            check_number(&place, InputRange::Any, cell)
        }
    })
}

fn check_by_year(
    place: &str,
    value: &Value,
    kind: InputKind,
    check: impl Fn(&str, &Value) -> Result<(), MethodError>,
) -> Result<(), MethodError> {
    let entries = value
        .as_object()
        .ok_or_else(|| type_error(place, kind, value))?;
    entries.iter().try_for_each(|(year, entry)| {
        let place = format!("{place}.{year}");
        if year.parse::<i32>().is_err() {
            return Err(type_error(&place, kind, entry));
        }
        check(&place, entry)
    })
}

fn check_deposits(place: &str, value: &Value) -> Result<(), MethodError> {
    let kinds = value.as_object();
    let kinds = kinds.ok_or_else(|| type_error(place, InputKind::Deposits, value))?;
    kinds.iter().try_for_each(|(waste, tonnes)| {
        let place = format!("{place}.{waste}");
        if WasteKind::parse(waste).is_none() {
            return Err(type_error(
                &place,
                InputKind::Choice(WasteKind::NAMES),
                &Value::from(waste.as_str()),
            ));
        }
        check_number(&place, InputRange::NotNegative, tonnes)
    })
}

/// Returns an integer, also when it is written as 4.0.
fn as_integer(value: &Value) -> Option<i32> {
    // Some JSON writers have no integers.
    let exact = value.as_i64().or_else(|| {
        let x = value.as_f64().filter(|x| x.fract() == 0.0)?;
        // Through text, since a cast of a number that is too large would saturate in silence.
        format!("{x:.0}").parse().ok()
    });
    i32::try_from(exact?).ok()
}
