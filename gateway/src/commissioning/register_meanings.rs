//! [`register_meanings`]: what registers that were read may mean, side by side, for a technician
//! who looks at the display of the device. Pure.

use super::display_comparison::compare_with_display;
use super::register_inference::{InferenceHints, rank_hypotheses};
use crate::config::{RegisterEncoding, WordOrder};
use crate::domain::ExactNumber;
use std::fmt::Write as _;

/// Meanings of one place that are listed where no display says which is right.
const SHOWN_PER_PLACE: usize = 5;
/// Most meanings in all.
const SHOWN_MAX: usize = 60;

/// One meaning of one or more registers.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterMeaning {
    /// Address of its first register.
    pub address: u16,
    /// Data type.
    pub encoding: RegisterEncoding,
    /// Word order.
    pub words: WordOrder,
    /// Power of ten of the scale.
    pub power: i8,
    /// Value in this meaning.
    pub value: ExactNumber,
    /// It agrees with the display.
    pub agrees: bool,
}

impl RegisterMeaning {
    /// `input:10 u32 cdab × 0.1`.
    pub fn form_text(&self, table: &str) -> String {
        // Writing into a `String` cannot fail.
        let mut text = format!("{table}:{} {}", self.address, self.encoding.word());
        if self.encoding.registers() > 1 || self.words != WordOrder::Abcd {
            let _ = write!(text, " {}", self.words.word());
        }
        if self.power != 0 {
            let _ = write!(text, " × {}", scale_text(self.power));
        }
        text
    }

    /// Lines of a profile's point with this meaning; an empty unit is left out.
    pub fn point_lines(&self, table: &str, id: &str, unit: &str) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let mut lines = format!(
            "[[point]]\nid = {}\nregister = \"{table}:{}\"\ntype = \"{}\"\n",
            quoted(id),
            self.address,
            self.encoding.word()
        );
        if self.words != WordOrder::Abcd {
            let _ = writeln!(lines, "words = \"{}\"", self.words.word());
        }
        if self.power != 0 {
            let _ = writeln!(lines, "scale = {}", scale_text(self.power));
        }
        if !unit.is_empty() {
            let _ = writeln!(lines, "unit = {}", quoted(unit));
        }
        lines
    }
}

/// Meanings of registers from `first` on, every place as one, two and four registers. Those that
/// agree with the display stand first, the nearest one at the top; without a display the likeliest
/// of each place.
pub fn register_meanings(first: u16, words: &[u16], display: &str) -> Vec<RegisterMeaning> {
    let mut all = Vec::new();
    for (offset, address) in (0..words.len()).zip(first..=u16::MAX) {
        for length in [1, 2, 4] {
            let Some(registers) = words.get(offset..offset + length) else {
                continue;
            };
            all.extend(place_meanings(address, registers, display));
        }
    }
    // Stable: within equals the order of the registers stays.
    all.sort_by(|(one, a), (other, b)| {
        let order = other.agrees.cmp(&one.agrees);
        order.then(if one.agrees {
            a.total_cmp(b)
        } else {
            std::cmp::Ordering::Equal
        })
    });
    all.truncate(SHOWN_MAX);
    all.into_iter().map(|(meaning, _)| meaning).collect()
}

/// Meanings of one place, with their distance from the display.
fn place_meanings(
    address: u16,
    registers: &[u16],
    display: &str,
) -> impl Iterator<Item = (RegisterMeaning, f64)> {
    let ranking = rank_hypotheses(&[registers], &InferenceHints::default());
    let mut others = 0;
    ranking.hypotheses.into_iter().filter_map(move |one| {
        let value = *one.values.first()?;
        let compared = compare_with_display(value.to_f64(), display);
        let agrees = compared.is_some_and(|compared| compared.agrees());
        others += usize::from(!agrees);
        let meaning = RegisterMeaning {
            address,
            encoding: one.encoding,
            words: one.words,
            power: one.power,
            value,
            agrees,
        };
        let distance = compared.map_or(f64::MAX, |compared| compared.difference.abs());
        (agrees || others <= SHOWN_PER_PLACE).then_some((meaning, distance))
    })
}

/// `0.01` for -2, `100` for 2.
fn scale_text(power: i8) -> String {
    ExactNumber::Decimal {
        mantissa: 1,
        exponent: power,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_display_shows_stands_first_with_the_lines_of_its_point() {
        // 230.1 V in tenths, and 1234.5 as a float with its words swapped.
        let words = [2301, 0x5000, 0x449a, 0];
        let first = |display: &str| register_meanings(10, &words, display).swap_remove(0);
        let volts = first("230,1");
        assert!(volts.agrees, "{volts:?}");
        assert_eq!((volts.address, volts.power), (10, -1));
        let expected = "[[point]]\nid = \"v\"\nregister = \"input:10\"\ntype = \"u16\"\n\
            scale = 0.1\nunit = \"V\"\n";
        assert_eq!(volts.point_lines("input", "v", "V"), expected);
        let float = first("1234,5");
        let lines = float.point_lines("input", "x", "");
        assert_eq!(float.encoding, RegisterEncoding::F32, "{float:?}");
        assert!(lines.contains("words = \"cdab\"\n"), "{lines}");
    }

    #[test]
    fn any_registers_give_a_bounded_list() {
        let words = [0xffff; 125];
        for display in ["", "1", "x", "-1"] {
            assert!(register_meanings(65_500, &words, display).len() <= SHOWN_MAX);
        }
        assert_eq!(register_meanings(0, &[], "1"), []);
    }
}
