//! From the message of a sensor node to the value of a point. Pure; no input makes it panic.
//!
//! A message is JSON, of which a point names a field, or it is the value itself. Digits are kept as
//! they are. Words of states (`ON`, `open`) are 1 and 0, or the numbers that the point gives; of a
//! point with a unit they are no number, since `ON` is not 1 W.

use crate::config::{JsonFieldPath, MqttPoint, Point};
use crate::domain::site_zone::SiteZone;
use crate::domain::{ExactNumber, QualityReason, UtcMs, vanished_number};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;

/// Words of states, in lower case, and their numbers.
const STATE_WORDS: &[(&str, i64)] = &[
    ("on", 1),
    ("off", 0),
    ("true", 1),
    ("false", 0),
    ("open", 1),
    ("opened", 1),
    ("closed", 0),
    ("close", 0),
    ("yes", 1),
    ("no", 0),
    ("online", 1),
    ("offline", 0),
    ("connected", 1),
    ("disconnected", 0),
    ("active", 1),
    ("inactive", 0),
    ("detected", 1),
    ("clear", 0),
];
/// Words that say that there is no value, in lower case.
const NO_VALUE_WORDS: &[&str] = &["nan", "null", "none", "unknown", "unavailable", "n/a", "-"];
/// Most letters of a message that a text shows.
const SHOWN_CHARS_MAX: usize = 40;
/// Most fields of a message that a text shows.
const SHOWN_FIELDS_MAX: usize = 12;
/// Least number of milliseconds, as against seconds, since 1970: 1973 in milliseconds.
const MILLISECONDS_MIN: f64 = 1e11;

/// Reason for which a message gives no value, and its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageFault {
    pub(crate) reason: QualityReason,
    pub(crate) text: String,
}

impl MessageFault {
    pub(super) fn new(reason: QualityReason, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { reason, text }
    }

    /// Whether the message is about something else: it has no such field.
    pub(super) fn is_no_field(&self) -> bool {
        self.reason == QualityReason::Absent
    }
}

/// Message of a node; JSON is read once for all points of its topic.
#[derive(Debug)]
pub(super) struct NodeMessage<'a> {
    text: &'a str,
    json: Option<Result<Value, MessageFault>>,
}

impl<'a> NodeMessage<'a> {
    /// Reads the bytes as text. Errors: it is not UTF-8.
    pub(super) fn new(payload: &'a [u8]) -> Result<Self, MessageFault> {
        let text = std::str::from_utf8(payload);
        let text = text.map_err(|why| {
            MessageFault::new(QualityReason::Unreadable, format!("not a text: {why}"))
        })?;
        Ok(Self {
            text: text.trim(),
            json: None,
        })
    }

    /// JSON of the message. Errors: it is none, or is nested too deeply.
    pub(super) fn json(&mut self) -> Result<&Value, MessageFault> {
        let text = self.text;
        let read = || {
            if let Some(number) = vanished_number(text) {
                let why = format!("number out of range: {number}");
                return Err(MessageFault::new(QualityReason::Unreadable, why));
            }
            // It gives up at a depth of 128.
            serde_json::from_str(text).map_err(|why| {
                let shown = shown_text(text);
                MessageFault::new(
                    QualityReason::Unreadable,
                    format!("no JSON: {why}: {shown}"),
                )
            })
        };
        let json = self.json.get_or_insert_with(read);
        // The text is parsed once, and each point of the topic gets its fault.
        json.as_ref().map_err(Clone::clone)
    }

    /// Value of a point in its unit. Errors: the reason that it has none.
    pub(super) fn value_of(
        &mut self,
        point: &Point,
        access: &MqttPoint,
    ) -> Result<ExactNumber, MessageFault> {
        let number = match &access.field {
            Some(field) => json_number(field_of(self.json()?, field)?, point)?,
            None => text_number(self.text, point)?,
        };
        scaled_number(number, point, access)
    }

    /// Time that the node gives, in this field; a time without a zone is that of the site. `None`
    /// when it gives none.
    pub(super) fn time(&mut self, field: &JsonFieldPath, zone: &SiteZone) -> Option<UtcMs> {
        match field_of(self.json().ok()?, field).ok()? {
            Value::Number(number) => {
                // 0 would be 1970: a node whose clock is not set.
                let number = number.as_f64().filter(|number| *number > 0.0)?;
                let is_ms = number >= MILLISECONDS_MIN;
                let ms = if is_ms { number } else { number * 1000.0 };
                #[expect(clippy::cast_possible_truncation, reason = "saturates")]
                Some(UtcMs(ms as i64))
            }
            Value::String(text) => {
                let stamp = text.parse::<Timestamp>().ok().or_else(|| {
                    let local: DateTime = text.parse().ok()?;
                    zone.rules().to_timestamp(local).ok()
                })?;
                Some(UtcMs(stamp.as_millisecond()))
            }
            _ => None,
        }
    }

    /// Whether the message says that the node is there; `None` when it says neither.
    pub(super) fn availability(&mut self) -> Option<bool> {
        let text = self.text;
        if text.starts_with('{') {
            let state = self.json().ok()?.get("state")?.as_str()?.to_owned();
            return availability_word(&state);
        }
        availability_word(text)
    }
}

/// Value of a point in a message, as in a capture.
pub(crate) fn decode_payload(
    point: &Point,
    access: &MqttPoint,
    payload: &[u8],
) -> Result<ExactNumber, MessageFault> {
    NodeMessage::new(payload)?.value_of(point, access)
}

/// Whether a message says that a node is there; `None` when it says neither.
pub(crate) fn availability_of(payload: &[u8]) -> Option<bool> {
    NodeMessage::new(payload).ok()?.availability()
}

fn availability_word(text: &str) -> Option<bool> {
    let text = text.trim_matches('"').to_ascii_lowercase();
    match text.as_str() {
        // Numbers of the convention that a program is connected (1), and its devices too (2).
        "2" | "1" | "ready" | "alive" => Some(true),
        "0" | "lost" | "sleeping" => Some(false),
        word => {
            let known = STATE_WORDS.iter().find(|(state, _)| *state == word);
            known.map(|(_, number)| *number == 1)
        }
    }
}

/// Value at a path. Errors: there is none; the text names those that there are.
fn field_of<'v>(json: &'v Value, path: &JsonFieldPath) -> Result<&'v Value, MessageFault> {
    let mut value = json;
    for name in path.names() {
        let inner = match value {
            Value::Object(fields) => fields.get(name),
            Value::Array(items) => name.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => None,
        };
        value = inner.ok_or_else(|| {
            let there = shown_fields(value);
            let text = format!("no field {path} in the message; it has {there}");
            MessageFault::new(QualityReason::Absent, text)
        })?;
    }
    Ok(value)
}

fn json_number(value: &Value, point: &Point) -> Result<ExactNumber, MessageFault> {
    let whole = |mantissa| ExactNumber::Decimal {
        mantissa,
        exponent: 0,
    };
    match value {
        Value::Null => Err(no_value("null")),
        Value::Bool(state) => text_number(if *state { "true" } else { "false" }, point),
        Value::Number(number) => {
            let exact = number.as_i64().map(whole);
            let exact = exact.or_else(|| ExactNumber::parse(&number.to_string()));
            exact.ok_or_else(|| no_number(&number.to_string()))
        }
        Value::String(text) => text_number(text.trim(), point),
        other => Err(no_number(&other.to_string())),
    }
}

fn text_number(text: &str, point: &Point) -> Result<ExactNumber, MessageFault> {
    // A text in JSON alone is a valid message: `"ON"`.
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    if let Some(number) = ExactNumber::parse(text) {
        return Ok(number);
    }
    let word = text.to_lowercase();
    if NO_VALUE_WORDS.contains(&word.as_str()) || word.is_empty() {
        return Err(no_value(text));
    }
    let mut own = point.about.values.iter();
    let own = own.find(|(_, name)| name.to_lowercase() == word);
    let known = own.map(|(number, _)| *number).or_else(|| {
        // A state is no measurement: with a unit it would be a value that nobody has measured.
        let mut states = STATE_WORDS.iter().filter(|_| point.unit.is_empty());
        states.find(|(state, _)| *state == word).map(|(_, at)| *at)
    });
    let known = known.map(|mantissa| ExactNumber::Decimal {
        mantissa,
        exponent: 0,
    });
    known.ok_or_else(|| no_number(text))
}

fn scaled_number(
    number: ExactNumber,
    point: &Point,
    access: &MqttPoint,
) -> Result<ExactNumber, MessageFault> {
    let whole = |missing: &i64| ExactNumber::Decimal {
        mantissa: *missing,
        exponent: 0,
    };
    let same = |missing: &i64| whole(missing).to_f64().total_cmp(&number.to_f64()).is_eq();
    // Before the scale: `missing` has the numbers as the node sends them.
    if access.missing.iter().any(same) {
        return Err(no_value(&number.to_string()));
    }
    let exact = match number {
        ExactNumber::Decimal { mantissa, exponent } => {
            point.scale.scale_integer(mantissa, exponent)
        }
        ExactNumber::Float(_) => None,
    };
    let scaled = exact.or_else(|| point.scale.scale_float(number.to_f64(), 0));
    let scaled = scaled.ok_or_else(|| no_number(&number.to_string()))?;
    if !point.allows(scaled.to_f64()) {
        let text = format!("{scaled} is out of range");
        return Err(MessageFault::new(QualityReason::OutOfRange, text));
    }
    Ok(scaled)
}

fn no_value(text: &str) -> MessageFault {
    let text = format!("the node reports no value: {}", shown_text(text));
    MessageFault::new(QualityReason::Missing, text)
}

fn no_number(text: &str) -> MessageFault {
    let hint = if text.trim_start().starts_with('{') {
        "JSON; name a field"
    } else {
        "not a number"
    };
    let text = format!("{hint}: {}", shown_text(text));
    MessageFault::new(QualityReason::NotANumber, text)
}

/// Beginning of a message, without line breaks and control characters.
pub(crate) fn shown_text(text: &str) -> String {
    // Anyone who may publish writes this text, and escape codes would act on a terminal.
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).map(clean).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

fn shown_fields(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let names = fields.keys().take(SHOWN_FIELDS_MAX);
            let names: Vec<String> = names.map(|name| shown_text(name)).collect();
            names.join(", ")
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        other => shown_text(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};
    use proptest::prelude::*;

    /// Point of a node with these keys.
    fn node_point(keys: &str) -> Point {
        let site = SiteText::new("s").bus("n", "kind = 'mqtt'\nurl = 'mqtt://127.0.0.1'");
        let site = site.device("d", "n", "topic = 't'");
        let config = load_site(&site.points([format!("{{ id = 'p', {keys} }}")]).text());
        config.devices[0].points[0].clone()
    }

    /// Value of a message as text, or the word of the reason that it has none.
    fn value_of(keys: &str, payload: &[u8]) -> Result<String, &'static str> {
        let point = node_point(keys);
        let value = decode_payload(&point, point.access.mqtt().unwrap(), payload);
        value
            .map(|number| number.to_string())
            .map_err(|fault| fault.reason.word())
    }

    #[test]
    fn a_field_of_json_is_found_in_objects_and_lists() {
        let payload = br#"{"ENERGY":{"Total":[1.250,2],"Power":"56"},"on":true,"n":null}"#;
        let value = |field: &str| value_of(&format!("field = '{field}'"), payload);
        assert_eq!(value("ENERGY.Total.0"), Ok("1.25".into()));
        assert_eq!(value("ENERGY.Power"), Ok("56".into()));
        assert_eq!(value("on"), Ok("1".into()));
        assert_eq!(value("n"), Err("missing"));
        assert_eq!(value("ENERGY.Total.7"), Err("absent"));
        assert_eq!(value("ENERGY"), Err("not-a-number"));
        assert_eq!(value("energy.Total"), Err("absent"));
    }

    #[test]
    fn a_message_without_a_field_is_the_value_itself() {
        let plain = |payload: &str| value_of("topic = 't/rain'", payload.as_bytes());
        assert_eq!(plain(" 21.50\n"), Ok("21.50".into()));
        assert_eq!(plain("\"ON\""), Ok("1".into()));
        assert_eq!(plain("closed"), Ok("0".into()));
        assert_eq!(plain("nan"), Err("missing"));
        assert_eq!(plain(""), Err("missing"));
        assert_eq!(plain("21,5"), Err("not-a-number"));
        // No double holds it, and it is not zero.
        assert_eq!(plain("1.2e-400"), Err("not-a-number"));
        let field = value_of("topic = 't/rain', field = 'v'", br#"{"v": 1.2e-400}"#);
        assert_eq!(field, Err("unreadable"));
        assert_eq!(plain(r#"{"v":1}"#), Err("not-a-number"));
        let own = "topic = 't/pump', values = { 3 = 'running', 0 = 'stopped' }";
        assert_eq!(value_of(own, b"Running"), Ok("3".into()));
    }

    #[test]
    fn a_word_is_no_measurement_in_a_unit() {
        let payload = br#"{"POWER":"ON","on":true,"n":"12.5"}"#;
        let value = |keys: &str| value_of(keys, payload);
        assert_eq!(value("field = 'POWER', unit = 'W'"), Err("not-a-number"));
        assert_eq!(value("field = 'on', unit = 'A'"), Err("not-a-number"));
        assert_eq!(value("field = 'n', unit = 'W'"), Ok("12.5".into()));
        assert_eq!(value("field = 'POWER'"), Ok("1".into()));
        // What the point itself says of a word counts in any unit.
        let own = "unit = '%', values = { 0 = 'off', 100 = 'on' }";
        assert_eq!(value(&format!("field = 'POWER', {own}")), Ok("100".into()));
        let plain = value_of("topic = 't/p', unit = 'W'", b"ON");
        assert_eq!(plain, Err("not-a-number"));
    }

    #[test]
    fn digits_are_kept_and_scaled_exactly() {
        let scaled = |payload: &str| {
            let keys = "field = 'wh', scale = 0.001, unit = 'kWh'";
            value_of(keys, payload.as_bytes())
        };
        assert_eq!(scaled(r#"{"wh":46791.262}"#), Ok("46.791262".into()));
        assert_eq!(scaled(r#"{"wh":12345678901}"#), Ok("12345678.901".into()));
        // A counter beyond 2^53, which a double would round.
        let keys = "field = 'n'";
        assert_eq!(
            value_of(keys, br#"{"n":9007199254740993}"#),
            Ok("9007199254740993".into())
        );
    }

    #[test]
    fn limits_and_numbers_without_a_meaning_are_no_values() {
        let keys = "field = 't', unit = 'degC', missing = [-127]";
        assert_eq!(value_of(keys, br#"{"t":-127.0}"#), Err("missing"));
        assert_eq!(value_of(keys, br#"{"t":1e9}"#), Err("out-of-range"));
        assert_eq!(value_of(keys, br#"{"t":1e999}"#), Err("unreadable"));
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let deep = "[".repeat(100_000);
        for payload in [&b"\xff\xfe"[..], b"{\"t\":", b"hello", deep.as_bytes()] {
            assert_eq!(value_of("field = 't'", payload), Err("unreadable"));
        }
        let fault = decode_payload(
            &node_point("field = 'temp'"),
            node_point("field = 'temp'").access.mqtt().unwrap(),
            br#"{"temperature":21,"humidity":60}"#,
        );
        let text = fault.unwrap_err().text;
        assert!(
            text.contains("`temperature`") && text.contains("`humidity`"),
            "{text}"
        );
    }

    #[test]
    fn a_node_tells_its_time_as_a_number_or_a_text() {
        let zone = SiteZone::by_name("Asia/Jakarta").unwrap();
        let field = JsonFieldPath::parse("t").unwrap();
        let time = |value: &str| {
            let payload = format!("{{\"t\":{value}}}");
            let mut message = NodeMessage::new(payload.as_bytes()).unwrap();
            message.time(&field, &zone).map(|time| time.to_string())
        };
        let noon = Some("2026-11-29T05:00:00Z".to_owned());
        assert_eq!(time("1795928400"), noon);
        assert_eq!(time("1795928400000"), noon);
        assert_eq!(time("\"2026-11-29T05:00:00Z\""), noon);
        assert_eq!(time("\"2026-11-29T12:00:00\""), noon);
        assert_eq!(time("\"soon\""), None);
        assert_eq!(time("0"), None);
    }

    #[test]
    fn nodes_say_in_many_words_whether_they_are_there() {
        for there in ["online", "Online", "true", "{\"state\":\"online\"}", "1"] {
            assert_eq!(availability_of(there.as_bytes()), Some(true), "{there}");
        }
        for away in [
            "offline",
            "Offline",
            "false",
            "{\"state\":\"offline\"}",
            "lost",
        ] {
            assert_eq!(availability_of(away.as_bytes()), Some(false), "{away}");
        }
        for neither in ["", "21.5", "{\"state\":", "[]"] {
            assert_eq!(availability_of(neither.as_bytes()), None, "{neither}");
        }
    }

    /// JSON of any shape.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_message_is_too_strange(payload: Vec<u8>, json in any_json()) {
            let field = JsonFieldPath::parse("a.b").unwrap();
            let zone = SiteZone::default();
            let points = [node_point("field = 'a.b'"), node_point("topic = 'x'")];
            for payload in [payload, json.to_string().into_bytes()] {
                let _ = availability_of(&payload);
                if let Ok(mut message) = NodeMessage::new(&payload) {
                    let _ = message.time(&field, &zone);
                }
                for point in &points {
                    let value = decode_payload(point, point.access.mqtt().unwrap(), &payload);
                    prop_assert!(value.is_err() || value.unwrap().to_f64().is_finite());
                }
            }
        }

        #[test]
        fn a_number_in_json_comes_back_in_its_own_digits(
            mantissa in -99_999_999_999_999i64..=99_999_999_999_999, places in 0u8..=6,
        ) {
            let number = ExactNumber::with_places(mantissa, places).unwrap();
            let payload = format!("{{\"v\":{number}}}");
            let point = node_point("field = 'v'");
            let value = decode_payload(&point, point.access.mqtt().unwrap(), payload.as_bytes());
            prop_assert_eq!(value.unwrap(), number);
        }
    }
}
