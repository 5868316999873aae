//! [`ProfileText`]: the text of a new profile, from the answers of the interview.

use crate::buses::modbus::decode;
use crate::config::{RegisterEncoding, WordOrder};
use crate::domain::parse_finite;
use std::fmt::Write as _;
use std::time::Duration;

/// Answer times above this are worth a timeout of the profile's own.
const SLOW_ANSWER: Duration = Duration::from_millis(250);
/// Step of that timeout, ms.
const TIMEOUT_STEP_MS: u64 = 100;
/// Values by which a device is recognised, by the quantity of a point: usual ones of a line.
const USUAL_VALUES: &[(&str, f64, f64)] = &[
    ("frequency", 45.0, 65.0),
    ("voltage", 180.0, 260.0),
    ("temperature", -20.0, 90.0),
    ("humidity", 0.0, 100.0),
];

/// Encoding of the registers that gives the value on the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RegisterFit {
    pub(super) encoding: RegisterEncoding,
    /// Signed type that gives the same value here.
    pub(super) twin: Option<RegisterEncoding>,
    pub(super) words: WordOrder,
    /// Power of ten of the scale.
    pub(super) exponent: i8,
}

/// Answers about one point.
#[derive(Clone, Debug)]
pub(super) struct PointAnswers {
    pub(super) id: String,
    pub(super) table: String,
    pub(super) address: u16,
    pub(super) unit: String,
    pub(super) registers: Vec<u16>,
    /// Value on the display, with a decimal point.
    pub(super) shown: String,
    pub(super) fit: RegisterFit,
    /// Added to the scaled value; empty: nothing.
    pub(super) offset: String,
    /// The value only grows.
    pub(super) counter: bool,
}

/// Facts of the link to the device.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkFacts {
    /// Lines of `[link]`.
    pub(super) settings: String,
    /// Longest answer time.
    pub(super) slowest: Duration,
    /// Quiet time after connecting without which the device does not answer.
    pub(super) settle: Duration,
    /// Manufacturer and product code as the device itself gives them.
    pub(super) vendor: Option<String>,
    pub(super) product: Option<String>,
}

impl LinkFacts {
    /// Tables `[link]` and `[limits]`; empty without a device.
    pub(super) fn tables(&self) -> String {
        let mut text = String::new();
        if !self.settings.is_empty() {
            let _ = write!(text, "\n[link]\n{}", self.settings);
        }
        let mut limits = String::new();
        if self.slowest > SLOW_ANSWER {
            let twice = u64::try_from(self.slowest.as_millis()).unwrap_or(u64::MAX / 4) * 2;
            let steps = twice.div_ceil(TIMEOUT_STEP_MS);
            let _ = writeln!(limits, "timeout = \"{}ms\"", steps * TIMEOUT_STEP_MS);
        }
        if !self.settle.is_zero() {
            let _ = writeln!(limits, "settle = \"{}s\"", self.settle.as_secs());
        }
        if !limits.is_empty() {
            let _ = write!(text, "\n[limits]\n{limits}");
        }
        text
    }

    /// Rules by which `scan` recognises the device: its own identification, else values that are
    /// usual for its points.
    pub(super) fn identify_tables(&self, points: &[PointAnswers]) -> String {
        let mut text = String::new();
        let texts = [("vendor", &self.vendor), ("product", &self.product)];
        for (key, value) in texts
            .iter()
            .filter_map(|(key, text)| Some((key, text.as_ref()?)))
        {
            let _ = write!(text, "\n[[identify]]\n{key} = {}\n", toml_string(value));
        }
        if !text.is_empty() {
            return text;
        }
        for point in points {
            let unit = drivers::units::find_unit(&point.unit);
            let usual = USUAL_VALUES.iter().find(|(quantity, min, max)| {
                let is_usual = |value: f64| (*min..=*max).contains(&value);
                let base = point.unit != "degF" && point.unit != "mV" && point.unit != "kV";
                unit.is_some_and(|unit| unit.quantity == *quantity && base)
                    && parse_finite(&point.shown).is_some_and(is_usual)
            });
            if let Some((_, min, max)) = usual {
                let id = toml_string(&point.id);
                let _ = write!(
                    text,
                    "\n[[identify]]\npoint = {id}\nmin = {min}\nmax = {max}\n"
                );
            }
        }
        text
    }
}

/// Tables of the points, and their captures behind them, as in the profiles of the library; `None`
/// when a capture has no value.
pub(super) fn point_tables(points: &[PointAnswers]) -> Option<String> {
    let mut text: String = points.iter().map(point_text).collect();
    for point in points {
        text.push_str(&capture_text(point)?);
    }
    Some(text)
}

/// One line about a fit: type, order, scale.
pub(super) fn fit_text(fit: RegisterFit) -> String {
    let order = fit.words.word();
    let kind = fit.encoding.word();
    format!("{kind:<6} {order} x 10^{}", fit.exponent)
}

fn scale_text(exponent: i8) -> String {
    let places = usize::from(exponent.unsigned_abs());
    if exponent < 0 {
        format!("0.{}1", "0".repeat(places - 1))
    } else {
        format!("1{}", "0".repeat(places))
    }
}

fn point_text(point: &PointAnswers) -> String {
    let fit = point.fit;
    let mut text = format!(
        "\n[[point]]\nid = {}\nregister = \"{}:{}\"\ntype = \"{}\"\n",
        toml_string(&point.id),
        point.table,
        point.address,
        fit.encoding.word()
    );
    if fit.words != WordOrder::Abcd {
        let order = fit.words.word();
        let _ = writeln!(text, "words = \"{order}\"");
    }
    if fit.exponent != 0 {
        let _ = writeln!(text, "scale = {}", scale_text(fit.exponent));
    }
    if !point.offset.is_empty() {
        let _ = writeln!(text, "offset = {}", point.offset);
    }
    if point.unit.is_empty() {
        text += "quantity = \"number\"\n";
    } else {
        let _ = writeln!(text, "unit = {}", toml_string(&point.unit));
    }
    if point.counter {
        text += "counter = true\n";
    }
    text
}

/// Value of registers by a fit.
pub(super) fn value_text(words: &[u16], fit: RegisterFit) -> Option<String> {
    decode::decode_scaled(fit.encoding, fit.words, fit.exponent, words)
        .map(|number| number.to_string())
}

fn capture_text(point: &PointAnswers) -> Option<String> {
    let words = &point.registers;
    let hex: Vec<String> = words.iter().map(|word| format!("0x{word:04X}")).collect();
    // With an offset the display is what the registers must decode to.
    let value = if point.offset.is_empty() {
        value_text(words, point.fit)?
    } else {
        point.shown.clone()
    };
    Some(format!(
        "\n[[capture]]\npoint = {}\nwords = [{}]\nvalue = {value}\nfrom = \"device\"\n",
        toml_string(&point.id),
        hex.join(", "),
    ))
}

/// Text as a TOML string.
pub(super) fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
