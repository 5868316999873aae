//! The structure of a file held against the schema of its raw type: unknown keys, wrong types,
//! words that are none, keys that are missing. What does not fit is reported and taken out, so that
//! the rest is still checked. Meaning is for `check`.

use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{RENAMED, SECRETS};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The JSON Schema of a raw type, without references and without `null`, which TOML does not have.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    without_null(&mut schema);
    schema
}

/// Unknown keys are refused, everywhere but where the schema says otherwise.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            drop_null_type(map);
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            map.values_mut().for_each(without_null);
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

/// Reads a text into its raw type; every structural fault goes to `notes`. `None` after a syntax
/// error.
pub(crate) fn read<T: JsonSchema + DeserializeOwned>(notes: &mut Notes<'_>) -> Option<T> {
    let text = notes.text;
    let (mut root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        notes.fault(span, "", "fault-syntax", error.message(), "");
    }
    if !errors.is_empty() {
        return None;
    }
    let span = root.span();
    table(notes, &schema_of::<T>(), span, root.get_mut());
    if let Some(assets) = root.get_ref().get("asset") {
        texts(assets.get_ref(), &mut notes.asset_texts);
    }
    match T::deserialize(toml::de::Deserializer::from(root)) {
        Ok(raw) => Some(raw),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            notes.fault(span, "", "fault-syntax", error.message(), "");
            None
        }
    }
}

/// Every text within a value. Taken from the table at hand: a file of 300 devices, parsed a second
/// time for it, costs 28 MB.
fn texts(value: &DeValue<'_>, found: &mut Vec<String>) {
    match value {
        DeValue::String(text) => found.push(text.to_string()),
        DeValue::Array(items) => items.iter().for_each(|at| texts(at.get_ref(), found)),
        DeValue::Table(items) => items.values().for_each(|at| texts(at.get_ref(), found)),
        _ => {}
    }
}

fn table(notes: &mut Notes<'_>, schema: &Value, span: Range<usize>, table: &mut DeTable<'_>) {
    let empty = serde_json::Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let open = &schema["additionalProperties"];
    let mut seen: Vec<String> = Vec::new();
    for (key, mut entry) in std::mem::take(table) {
        let name = key.get_ref().to_string();
        let fits = match properties.get(&name) {
            Some(part) => value(notes, part, &name, &mut entry),
            None if open.is_object() => value(notes, open, &name, &mut entry),
            None if *open == Value::Bool(true) => true,
            None => {
                // Whoever wrote the near miss has not forgotten the key.
                seen.extend(unknown(notes, key.span(), &name, properties));
                false
            }
        };
        seen.push(name);
        if fits {
            table.insert(key, entry);
        }
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        let name = key.as_str().unwrap_or_default();
        if !seen.iter().any(|key| key == name) {
            notes.fault(span.clone(), name, "fault-missing", "", "");
        }
    }
}

fn unknown(
    notes: &mut Notes<'_>,
    span: Range<usize>,
    name: &str,
    known: &serde_json::Map<String, Value>,
) -> Option<String> {
    if let Some((_, file_key, variable)) = SECRETS
        .iter()
        .find(|(secret, file_key, _)| *secret == name && known.contains_key(*file_key))
    {
        notes.fault(span, name, "fault-secret", file_key, variable);
        return None;
    }
    let renamed = RENAMED
        .iter()
        .find(|(old, new)| *old == name && known.contains_key(*new))
        .map(|(_, new)| (*new).to_owned());
    let hint = renamed.or_else(|| nearest(name, known.keys().map(String::as_str)));
    let all: Vec<&str> = known.keys().map(String::as_str).collect();
    notes.add(
        span,
        name,
        "fault-unknown-key",
        name,
        &all.join(", "),
        hint.clone(),
    );
    hint
}

/// False when the value does not fit and must go.
fn value(
    notes: &mut Notes<'_>,
    schema: &Value,
    key: &str,
    value: &mut Spanned<DeValue<'_>>,
) -> bool {
    let span = value.span();
    if let Some(variants) = variants(schema) {
        return tagged(notes, &variants, key, value);
    }
    let words = words(schema);
    if !words.is_empty() {
        return word(notes, &words, key, span, value.get_ref());
    }
    let Some(wanted) = schema["type"].as_str() else {
        return true;
    };
    match (wanted, value.get_mut()) {
        ("object", DeValue::Table(inner)) => table(notes, schema, span, inner),
        ("array", DeValue::Array(items)) => {
            return array(notes, &schema["items"], key, items);
        }
        ("integer", DeValue::Integer(number)) => {
            return integer(notes, schema, key, span, number);
        }
        ("string", DeValue::String(_))
        | ("boolean", DeValue::Boolean(_))
        | ("number", DeValue::Integer(_) | DeValue::Float(_)) => {}
        (wanted, found) => {
            let found = shown(notes.text, &span, found);
            notes.fault(span, key, "fault-type", &found, expectation(wanted));
            return false;
        }
    }
    true
}

fn array<'i>(
    notes: &mut Notes<'_>,
    schema: &Value,
    key: &str,
    items: &mut toml::de::DeArray<'i>,
) -> bool {
    // One faulty entry is reported and its list left out, all others of the file go on; in a list
    // of tables each table is judged by itself.
    if variants(schema).is_some() {
        let taken = std::mem::replace(items, toml::de::DeArray::new()).into_iter();
        let fitting =
            |mut item: Spanned<DeValue<'i>>| value(notes, schema, key, &mut item).then_some(item);
        *items = taken.filter_map(fitting).collect();
        return true;
    }
    let mut fits = true;
    for item in items.iter_mut() {
        fits &= value(notes, schema, key, item);
    }
    fits
}

/// The schemas of tables that say by their `kind` what they are, by that word.
fn variants(schema: &Value) -> Option<Vec<(&str, &Value)>> {
    schema["oneOf"].as_array()?.iter().map(variant).collect()
}

fn variant(choice: &Value) -> Option<(&str, &Value)> {
    Some((choice["properties"]["kind"]["const"].as_str()?, choice))
}

/// A table with a `kind`: checked as that kind, and then named by it (`{ tank = { .. } }`), which
/// is how an enumeration is read without losing the place of any value.
fn tagged(
    notes: &mut Notes<'_>,
    variants: &[(&str, &Value)],
    key: &str,
    entry: &mut Spanned<DeValue<'_>>,
) -> bool {
    let span = entry.span();
    let DeValue::Table(inner) = entry.get_mut() else {
        let found = shown(notes.text, &span, entry.get_ref());
        notes.fault(span, key, "fault-type", &found, "fault-expect-table");
        return false;
    };
    let words: Vec<&str> = variants.iter().map(|(word, _)| *word).collect();
    let Some(said) = inner.get_mut("kind") else {
        notes.fault(span, "kind", "fault-missing", "", "");
        return false;
    };
    word(notes, &words, "kind", said.span(), said.get_ref());
    // A misspelt kind has its fault; the rest is checked as what was probably meant.
    let typed = said.get_ref().as_str().unwrap_or_default();
    let exact = words.iter().find(|word| **word == typed).copied();
    let meant = exact
        .map(str::to_owned)
        .or_else(|| nearest(typed, words.iter().copied()));
    let Some((name, schema)) = variants
        .iter()
        .find(|(word, _)| Some(*word) == meant.as_deref())
    else {
        return false;
    };
    *said.get_mut() = DeValue::String(Cow::Owned((*name).to_owned()));
    table(notes, schema, span.clone(), inner);
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

fn integer(
    notes: &mut Notes<'_>,
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
    notes.fault(
        span,
        key,
        "fault-range",
        &found,
        &format!("{least}..={most}"),
    );
    false
}

fn word(
    notes: &mut Notes<'_>,
    words: &[&str],
    key: &str,
    span: Range<usize>,
    value: &DeValue<'_>,
) -> bool {
    let Some(typed) = value.as_str() else {
        let found = shown(notes.text, &span, value);
        notes.fault(span, key, "fault-type", &found, "fault-expect-text");
        return false;
    };
    if words.contains(&typed) {
        return true;
    }
    let hint = nearest(typed, words.iter().copied());
    notes.add(span, key, "fault-word", typed, &words.join(", "), hint);
    false
}

/// The words of an enumeration, whether its variants are documented or not.
fn words(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let nested = choices.flat_map(words);
    listed
        .filter_map(Value::as_str)
        .chain(schema["const"].as_str())
        .chain(nested)
        .collect()
}

fn shown(text: &str, span: &Range<usize>, value: &DeValue<'_>) -> String {
    match value {
        DeValue::Table(_) | DeValue::Array(_) => value.type_str().to_owned(),
        _ => text.get(span.clone()).unwrap_or_default().to_owned(),
    }
}

fn expectation(type_name: &str) -> &'static str {
    match type_name {
        "object" => "fault-expect-table",
        "array" => "fault-expect-list",
        "integer" => "fault-expect-integer",
        "number" => "fault-expect-number",
        "boolean" => "fault-expect-boolean",
        _ => "fault-expect-text",
    }
}
