//! [`ValueWords`]: what the values of a point mean, in the words of a language.

use crate::config::{LinearScale, ModbusPoint, Point, PointDescription, RegisterEncoding};
use crate::domain::ExactNumber;
use crate::i18n::Language;

/// Largest double up to which every whole number is exact: 2^53.
const WHOLE_NUMBER_MAX: f64 = 9_007_199_254_740_992.0;

/// Message key of the word for "no bit is set".
const NONE_KEY: &str = "values-none";

/// Words for the codes, bits and yes-or-no values of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueWords {
    /// Words of values, ascending.
    pub values: Vec<(i64, String)>,
    /// Words of single bits, ascending.
    pub flags: Vec<(u8, String)>,
    lang: Language,
}

impl ValueWords {
    /// Returns the words for the values of a point with this description; `None` for a measured
    /// number.
    pub fn new(point: &Point, about: &PointDescription, lang: Language) -> Option<Self> {
        // A scaled value is no code.
        if point.scale != LinearScale::IDENTITY {
            return None;
        }
        let word = |word: &str| lang.value_word(word);
        let is_named = !about.values.is_empty() || !about.flags.is_empty();
        let values = if is_named {
            let values = about.values.iter();
            values.map(|(value, name)| (*value, word(name))).collect()
        } else if &*point.quantity == "fault" {
            vec![(0, lang.text(NONE_KEY))]
        } else if point.modbus().is_some_and(is_one_bit) {
            vec![(0, word("no")), (1, word("yes"))]
        } else {
            return None;
        };
        let flags = about.flags.iter();
        Some(Self {
            values,
            flags: flags.map(|(bit, name)| (*bit, word(name))).collect(),
            lang,
        })
    }

    /// Returns the words for a value; a code without a word is shown as a code.
    pub fn text(&self, number: ExactNumber) -> String {
        let value = number.to_f64();
        // Beyond 2^53 a double does not hold every bit.
        if value.fract() != 0.0 || value.abs() > WHOLE_NUMBER_MAX {
            return number.to_string();
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole, below 2^53")]
        let raw = value as i64;
        if let Some((_, word)) = self.values.iter().find(|(value, _)| *value == raw) {
            return word.clone();
        }
        if self.flags.is_empty() {
            return self.code_text(&raw.to_string());
        }
        if raw == 0 {
            return self.none_text();
        }
        let is_set = |bit: u8| raw.checked_shr(bit.into()).unwrap_or_default() & 1 == 1;
        let (mut words, mut rest) = (Vec::new(), raw);
        for (bit, word) in self.flags.iter().filter(|(bit, _)| is_set(*bit)) {
            words.push(word.clone());
            rest &= !1i64.checked_shl((*bit).into()).unwrap_or_default();
        }
        if rest != 0 {
            words.push(self.code_text(&rest.to_string()));
        }
        words.join(", ")
    }

    /// Returns the word for "no bit is set".
    pub fn none_text(&self) -> String {
        self.lang.text(NONE_KEY)
    }

    /// Returns the text for a code without a word.
    pub fn code_text(&self, code: &str) -> String {
        self.lang.text_with("values-code", &[("code", code)])
    }
}

fn is_one_bit(access: &ModbusPoint) -> bool {
    let one = access.bits.is_some_and(|(low, high)| low == high);
    one || access.encoding == RegisterEncoding::Bool
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    fn words(rest: &str, lang: Language) -> Option<ValueWords> {
        let text = SiteText::new("s").tcp_bus("b", 502).device("d", "b", "");
        let point = format!("{{ id = \"v\", register = \"holding:0\", type = \"u16\", {rest} }}");
        let point = load_site(&text.points([point]).text()).devices[0].points[0].clone();
        ValueWords::new(&point, &point.about, lang)
    }

    fn shown(rest: &str, raw: i64) -> String {
        let number = ExactNumber::Decimal {
            mantissa: raw,
            exponent: 0,
        };
        words(rest, Language::Id).unwrap().text(number)
    }

    #[test]
    fn codes_bits_and_flags_are_words_of_the_readers_language() {
        let states = "values = { 1 = \"running\", 2 = \"katup buka\" }";
        assert_eq!(shown(states, 1), "bekerja");
        assert_eq!(shown(states, 2), "katup buka");
        assert_eq!(shown(states, 7), "kode 7");
        let flags = "flags = { 0 = \"running\", 1 = \"fault\" }";
        assert_eq!(shown(flags, 0), "tidak ada");
        assert_eq!(shown(flags, 3), "bekerja, gangguan");
        assert_eq!(shown(flags, 6), "gangguan, kode 4");
        assert_eq!(shown("quantity = \"fault\"", 0), "tidak ada");
        assert_eq!(shown("bits = 3", 1), "ya");
    }

    #[test]
    fn a_measured_number_has_no_words() {
        assert_eq!(words("unit = \"V\"", Language::En), None);
        let scaled = "scale = 0.1, quantity = \"fault\"";
        assert_eq!(words(scaled, Language::En), None);
    }
}
