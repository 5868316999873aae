//! [`parse_checked`]: compares a file with the JSON Schema of its raw type and deserializes it.
//!
//! Reports unknown keys, wrong types, unknown words and missing keys, and removes what does not
//! fit, so that the rest is still checked. Meaning is checked by the `check_...` functions.

use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::domain::vanishes;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Extension of a schema: the keys of a secret, or of several. That of a sink's table has it only
/// while a file is read.
// Each table has its own: two sinks may both have a `token_file`, with different variables.
pub(super) const SECRET_KEYS: &str = "x-secret-keys";
/// Extension of a schema: keys that had no effect and are gone; files of before still have them.
const RETIRED_KEYS: &str = "x-retired-keys";
/// Key of a property in a schema: it is required unless one of these other keys is there.
const REQUIRED_UNLESS: &str = "x-required-unless";

/// Keys of other gateways and the key that is meant.
const KEY_SYNONYMS: &[(&str, &str)] = &[
    ("slave", "unit"),
    ("slave_id", "unit"),
    ("unit_id", "unit"),
    ("interval", "every"),
    ("poll_interval", "every"),
    ("poll_seconds", "every"),
    ("every_s", "every"),
    ("baudrate", "baud"),
    ("baud_rate", "baud"),
    ("serial_port", "port"),
    ("word_order", "words"),
    ("byte_order", "words"),
    ("data_type", "type"),
    ("factor", "scale"),
    ("multiplier", "scale"),
    ("broker", "url"),
    ("devices", "device"),
    ("buses", "bus"),
    ("assets", "asset"),
    ("indicators", "indicator"),
    ("capacity", "capacity_kwp"),
    ("kwp", "capacity_kwp"),
    ("runoff_coefficient", "runoff"),
    ("time_zone", "timezone"),
];

/// Returns the JSON Schema of a raw type, without references and without `null`.
pub(super) fn schema_for<T: JsonSchema>() -> Value {
    let mut schema = schema_generator().into_root_schema_for::<T>().to_value();
    strip_null_types(&mut schema);
    schema
}

pub(super) fn schema_generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings.into_generator()
}

/// Removes `null` types, and forbids unknown keys where the schema does not allow them.
pub(super) fn strip_null_types(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(strip_null_types),
        Value::Object(map) => {
            // TOML has no null: an optional key is absent.
            drop_null_type(map);
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            map.values_mut().for_each(strip_null_types);
        }
        _ => {}
    }
}

fn drop_null_type(map: &mut serde_json::Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            map.insert("type".to_owned(), one);
        }
    }
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
    if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(one)] = choices.as_slice() {
            let one = one.clone();
            map.remove("anyOf");
            one.into_iter().for_each(|(key, value)| {
                map.entry(key).or_insert(value);
            });
        }
    }
}

/// Reads a text into its raw type; structural errors go to `notes`. `None` after a syntax error.
pub(crate) fn parse_checked<T: JsonSchema + DeserializeOwned>(
    notes: &mut DiagnosticCollector<'_>,
) -> Option<T> {
    let root = parse_table(notes, &schema_for::<T>())?;
    deserialize_table(notes, root)
}

/// Parses a text and removes what does not fit the schema.
pub(super) fn parse_table<'a>(
    notes: &mut DiagnosticCollector<'a>,
    schema: &Value,
) -> Option<Spanned<DeTable<'a>>> {
    let (mut root, errors) = DeTable::parse_recoverable(notes.text);
    for error in &errors {
        notes.add_syntax_error(error);
    }
    if !errors.is_empty() {
        return None;
    }
    let span = root.span();
    check_table(notes, schema, span, root.get_mut());
    Some(root)
}

pub(super) fn deserialize_table<T: DeserializeOwned>(
    notes: &mut DiagnosticCollector<'_>,
    root: Spanned<DeTable<'_>>,
) -> Option<T> {
    let raw = T::deserialize(toml::de::Deserializer::from(root));
    raw.map_err(|error| notes.add_toml_error(&error)).ok()
}

/// Collects every string within a value.
pub(super) fn collect_texts(value: &DeValue<'_>, found: &mut Vec<String>) {
    // From the parsed table: parsing a file of 300 devices a second time would cost 28 MB.
    match value {
        DeValue::String(text) => found.push(text.to_string()),
        DeValue::Array(items) => items
            .iter()
            .for_each(|at| collect_texts(at.get_ref(), found)),
        DeValue::Table(items) => items
            .values()
            .for_each(|at| collect_texts(at.get_ref(), found)),
        _ => {}
    }
}

fn check_table(
    notes: &mut DiagnosticCollector<'_>,
    schema: &Value,
    span: Range<usize>,
    table: &mut DeTable<'_>,
) {
    let empty = serde_json::Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let open = &schema["additionalProperties"];
    let mut seen: Vec<String> = Vec::new();
    for (key, mut entry) in std::mem::take(table) {
        let name = key.get_ref().to_string();
        let fits = match properties.get(&name) {
            Some(part) => check_value(notes, part, &name, &mut entry),
            None if open.is_object() => check_value(notes, open, &name, &mut entry),
            None if *open == Value::Bool(true) => true,
            None => {
                // The key was misspelt, not forgotten: do not report it as missing as well.
                seen.extend(report_unknown_key(notes, key.span(), &name, schema));
                false
            }
        };
        seen.push(name);
        if fits {
            table.insert(key, entry);
        }
    }
    let is_seen = |key: &Value| seen.iter().any(|seen| key == seen.as_str());
    let required = schema["required"].as_array().into_iter().flatten();
    let required = required.filter_map(Value::as_str);
    // Which key a point needs depends on the kind of its bus.
    let unless = properties.iter().filter(|(_, part)| {
        let others = part[REQUIRED_UNLESS].as_array();
        others.is_some_and(|others| !others.iter().any(is_seen))
    });
    for name in required.chain(unless.map(|(name, _)| name.as_str())) {
        if !seen.iter().any(|key| key == name) {
            notes.add_error(span.clone(), name, "fault-missing", "", "");
        }
    }
}

fn report_unknown_key(
    notes: &mut DiagnosticCollector<'_>,
    span: Range<usize>,
    name: &str,
    schema: &Value,
) -> Option<String> {
    // One secret, or a list of them.
    let secrets = &schema[SECRET_KEYS];
    let all = secrets.as_array().map(Vec::as_slice);
    let mut all = all.unwrap_or(std::slice::from_ref(secrets)).iter();
    if let Some(secret) = all.find(|secret| secret["forbidden"] == name) {
        let [file, variable] = [&secret["file"], &secret["variable"]];
        let [file, variable] = [file, variable].map(|text| text.as_str().unwrap_or_default());
        notes.add_error(span, name, "fault-secret", file, variable);
        return None;
    }
    let retired = schema[RETIRED_KEYS].as_array();
    if retired.is_some_and(|all| all.iter().any(|one| one == name)) {
        notes.add_warning(span, name, "fault-retired-key", name, "");
        return None;
    }
    let empty = serde_json::Map::new();
    let known = schema["properties"].as_object().unwrap_or(&empty);
    // Keys of other gateways have priority over edit distance: `slave` means `unit`.
    let renamed = KEY_SYNONYMS
        .iter()
        .find(|(old, new)| *old == name && known.contains_key(*new))
        .map(|(_, new)| (*new).to_owned());
    let hint = renamed.or_else(|| nearest_name(name, known.keys().map(String::as_str)));
    let all: Vec<&str> = known.keys().map(String::as_str).collect();
    notes.add_error_with_hint(
        span,
        name,
        "fault-unknown-key",
        name,
        &all.join(", "),
        hint.clone(),
    );
    hint
}

/// Checks a value; false when it does not fit and must be removed.
fn check_value(
    notes: &mut DiagnosticCollector<'_>,
    schema: &Value,
    key: &str,
    value: &mut Spanned<DeValue<'_>>,
) -> bool {
    let span = value.span();
    if let Some(list) = list_of_one_or_many(schema) {
        wrap_single(value);
        return check_value(notes, list, key, value);
    }
    if let Some(variants) = tagged_variants(schema) {
        return check_tagged_table(notes, &variants, key, value);
    }
    let words = allowed_words(schema);
    if !words.is_empty() {
        return check_word(notes, &words, key, span, value.get_ref());
    }
    let Some(wanted) = schema["type"].as_str() else {
        return true;
    };
    match (wanted, value.get_mut()) {
        ("object", DeValue::Table(inner)) => check_table(notes, schema, span, inner),
        ("array", DeValue::Array(items)) => {
            return check_array(notes, &schema["items"], key, items);
        }
        // `[device]` instead of `[[device]]`: the rest is checked as the one entry of the list.
        ("array", DeValue::Table(_)) if is_header(notes.text, &span) => {
            let (found, expected) = (format!("[{key}]"), format!("[[{key}]]"));
            notes.add_error(span, key, "fault-single-table", &found, &expected);
            wrap_single(value);
            return check_value(notes, schema, key, value);
        }
        ("number", DeValue::Float(_)) if vanishes(&notes.text[span.clone()].replace('_', "")) => {
            let found = notes.text[span.clone()].to_owned();
            notes.add_error(span, key, "fault-type", &found, expected_type_key(wanted));
            return false;
        }
        ("integer", DeValue::Integer(number)) => {
            return check_integer(notes, schema, key, span, number);
        }
        ("string", DeValue::String(_))
        | ("boolean", DeValue::Boolean(_))
        | ("number", DeValue::Integer(_) | DeValue::Float(_)) => {}
        (wanted, found) => {
            let found = value_text(notes.text, &span, found);
            notes.add_error(span, key, "fault-type", &found, expected_type_key(wanted));
            return false;
        }
    }
    true
}

/// True for a table with a header of its own: `[name]`, and no `{ .. }`.
fn is_header(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone())
        .is_some_and(|text| text.starts_with('['))
}

fn check_array<'i>(
    notes: &mut DiagnosticCollector<'_>,
    schema: &Value,
    key: &str,
    items: &mut toml::de::DeArray<'i>,
) -> bool {
    // A bad entry removes its whole list, and the check goes on; in a list of tables only the bad
    // table is removed.
    if tagged_variants(schema).is_some() {
        let taken = std::mem::replace(items, toml::de::DeArray::new()).into_iter();
        let fitting = |mut item: Spanned<DeValue<'i>>| {
            check_value(notes, schema, key, &mut item).then_some(item)
        };
        *items = taken.filter_map(fitting).collect();
        return true;
    }
    let mut fits = true;
    for item in items.iter_mut() {
        fits &= check_value(notes, schema, key, item);
    }
    fits
}

/// Schema of the list where one value may stand for a list of one.
fn list_of_one_or_many(schema: &Value) -> Option<&Value> {
    let choices = schema["anyOf"].as_array()?;
    choices.iter().find(|choice| choice["type"] == "array")
}

/// Puts a value that is no list into a list of its own.
fn wrap_single(value: &mut Spanned<DeValue<'_>>) {
    if matches!(value.get_ref(), DeValue::Array(_)) {
        return;
    }
    let span = value.span();
    let single = std::mem::replace(value.get_mut(), DeValue::Boolean(false));
    let mut list = toml::de::DeArray::new();
    list.push(Spanned::new(span, single));
    *value.get_mut() = DeValue::Array(list);
}

/// Schemas of a tagged table by the value of `kind`; `None` when it is not tagged.
fn tagged_variants(schema: &Value) -> Option<Vec<(&str, &Value)>> {
    schema["oneOf"]
        .as_array()?
        .iter()
        .map(tagged_variant)
        .collect()
}

fn tagged_variant(choice: &Value) -> Option<(&str, &Value)> {
    Some((choice["properties"]["kind"]["const"].as_str()?, choice))
}

/// Checks a table with a `kind`, then nests it below that name: `{ tank = { .. } }`.
fn check_tagged_table(
    notes: &mut DiagnosticCollector<'_>,
    variants: &[(&str, &Value)],
    key: &str,
    entry: &mut Spanned<DeValue<'_>>,
) -> bool {
    // Serde reads an externally tagged enum in this form and keeps the place of every value.
    let span = entry.span();
    let DeValue::Table(inner) = entry.get_mut() else {
        let found = value_text(notes.text, &span, entry.get_ref());
        notes.add_error(span, key, "fault-type", &found, "fault-expect-table");
        return false;
    };
    let words: Vec<&str> = variants.iter().map(|(word, _)| *word).collect();
    let Some(said) = inner.get_mut("kind") else {
        notes.add_error(span, "kind", "fault-missing", "", "");
        return false;
    };
    check_word(notes, &words, "kind", said.span(), said.get_ref());
    // A misspelt kind is reported; the rest is checked as the nearest kind.
    let typed = said.get_ref().as_str().unwrap_or_default();
    let exact = words.iter().find(|word| **word == typed).copied();
    let meant = exact
        .map(str::to_owned)
        .or_else(|| nearest_name(typed, words.iter().copied()));
    let Some((name, schema)) = variants
        .iter()
        .find(|(word, _)| Some(*word) == meant.as_deref())
    else {
        return false;
    };
    *said.get_mut() = DeValue::String(Cow::Owned((*name).to_owned()));
    check_table(notes, schema, span.clone(), inner);
    inner.remove("kind");
    let inner = Spanned::new(span.clone(), DeValue::Table(std::mem::take(inner)));
    let mut outer = DeTable::new();
    outer.insert(
        Spanned::new(span.clone(), Cow::Owned((*name).to_owned())),
        inner,
    );
    *entry = Spanned::new(span, DeValue::Table(outer));
    true
}

fn check_integer(
    notes: &mut DiagnosticCollector<'_>,
    schema: &Value,
    key: &str,
    span: Range<usize>,
    number: &toml::de::DeInteger<'_>,
) -> bool {
    let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
    let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
    let read = i64::from_str_radix(number.as_str(), number.radix());
    if read.is_ok_and(|read| (least..=most).contains(&read)) {
        return true;
    }
    let found = notes.text.get(span.clone()).unwrap_or_default().to_owned();
    notes.add_error(
        span,
        key,
        "fault-range",
        &found,
        &format!("{least}..={most}"),
    );
    false
}

fn check_word(
    notes: &mut DiagnosticCollector<'_>,
    words: &[&str],
    key: &str,
    span: Range<usize>,
    value: &DeValue<'_>,
) -> bool {
    let Some(typed) = value.as_str() else {
        let found = value_text(notes.text, &span, value);
        notes.add_error(span, key, "fault-type", &found, "fault-expect-text");
        return false;
    };
    if words.contains(&typed) {
        return true;
    }
    let hint = nearest_name(typed, words.iter().copied());
    notes.add_error_with_hint(span, key, "fault-word", typed, &words.join(", "), hint);
    false
}

/// Words of an enumeration, with or without documented variants.
fn allowed_words(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let nested = choices.flat_map(allowed_words);
    listed
        .filter_map(Value::as_str)
        .chain(schema["const"].as_str())
        .chain(nested)
        .collect()
}

fn value_text(text: &str, span: &Range<usize>, value: &DeValue<'_>) -> String {
    match value {
        DeValue::Table(_) | DeValue::Array(_) => value.type_str().to_owned(),
        _ => text.get(span.clone()).unwrap_or_default().to_owned(),
    }
}

fn expected_type_key(type_name: &str) -> &'static str {
    match type_name {
        "object" => "fault-expect-table",
        "array" => "fault-expect-list",
        "integer" => "fault-expect-integer",
        "number" => "fault-expect-number",
        "boolean" => "fault-expect-boolean",
        _ => "fault-expect-text",
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load_with_sinks;
    use crate::i18n::Language;
    use crate::sinks::influx::RawInfluxSink;
    use crate::sinks::{SecretKeys, SinkKind};
    use std::path::Path;

    #[test]
    fn a_forbidden_secret_is_told_the_variable_of_its_own_sink() {
        let influx = SinkKind::of::<RawInfluxSink>();
        let archive = SinkKind {
            name: "archive",
            secret: Some(SecretKeys {
                forbidden: "token",
                file: "token_file",
                variable: "PANTAU_ARCHIVE_TOKEN",
            }),
            ..influx
        };
        let message = |table: &str| {
            let text = format!("[site]\nid = 'a'\n[{table}]\ntoken = 'x'\n");
            let file = Path::new("pantau.toml");
            let loaded = load_with_sinks(&text, file, &|_| None, &[influx, archive]);
            loaded.unwrap_err().render(Language::En)
        };
        for (table, variable) in [
            ("influx", "PANTAU_INFLUX_TOKEN"),
            ("archive", "PANTAU_ARCHIVE_TOKEN"),
        ] {
            assert!(message(table).contains(variable), "{}", message(table));
        }
    }
    #[test]
    fn a_number_that_would_become_zero_is_no_number() {
        let message = |number: &str| {
            let text = format!("[site]\nid = 'a'\nlatitude = {number}\n");
            let loaded = load_with_sinks(&text, Path::new("pantau.toml"), &|_| None, &[]);
            loaded.map_or_else(|faults| faults.render(Language::En), |_| String::new())
        };
        let vanished = "1_2.0e-400";
        assert!(
            message(vanished).contains("found 1_2.0e-400"),
            "{}",
            message(vanished)
        );
        assert_eq!(message("0.0e-400"), "");
    }
}
