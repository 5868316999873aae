//! Type, word order and scale from registers and what the display shows. Pure.

use crate::config::{Encoding, WordOrder};
use crate::model::Number;
use crate::read::decode;

/// Powers of ten that devices scale by.
const EXPONENTS: std::ops::RangeInclusive<i8> = -4..=3;

/// One way to read the registers that gives what the display shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) encoding: Encoding,
    pub(super) words: WordOrder,
    /// Power of ten of the scale.
    pub(super) exponent: i8,
}

/// All ways that fit, the likeliest first. A display rounds: half of its last digit is allowed.
/// `signed` says that the quantity may be negative, which decides between types that fit alike.
pub(super) fn fits(words: &[u16], shown: &str, signed: bool) -> Vec<Fit> {
    let Some(target) = Number::parse(shown).map(Number::to_f64) else {
        return Vec::new();
    };
    let places = shown.split_once('.').map_or(0, |(_, part)| part.len());
    let places = i32::try_from(places).unwrap_or(0);
    let slack = 0.5 * 10f64.powi(-places) * (1.0 + 1e-9);
    let mut fits: Vec<Fit> = Vec::new();
    for one in decode::interpretations(words) {
        for exponent in EXPONENTS {
            let is_float = matches!(one.encoding, Encoding::F32 | Encoding::F64);
            let value = one.value.to_f64() * 10f64.powi(exponent.into());
            let odd = is_float && !matches!(exponent, 0 | 3 | -3);
            if odd || (value - target).abs() > slack {
                continue;
            }
            fits.push(Fit {
                encoding: one.encoding,
                words: one.words,
                exponent,
            });
        }
    }
    fits.sort_by_key(|fit| unlikely(*fit, signed));
    without_twins(words, fits)
}

/// The smaller the likelier.
fn unlikely(fit: Fit, signed: bool) -> (u8, u8, u8) {
    let order = match fit.words {
        WordOrder::Abcd => 0,
        WordOrder::Cdab => 1,
        WordOrder::Badc => 2,
        WordOrder::Dcba => 3,
    };
    let kind = match fit.encoding {
        Encoding::F32 | Encoding::F64 => 0,
        Encoding::U16 | Encoding::U32 | Encoding::U64 => 1 + u8::from(signed),
        Encoding::I16 | Encoding::I32 | Encoding::I64 => 2 - u8::from(signed),
        _ => 3,
    };
    (kind, order, fit.exponent.unsigned_abs())
}

/// Signed and unsigned twins that read these words alike are one answer: the likelier of the two.
fn without_twins(words: &[u16], fits: Vec<Fit>) -> Vec<Fit> {
    let signless = |encoding| match encoding {
        Encoding::I16 => Encoding::U16,
        Encoding::I32 => Encoding::U32,
        Encoding::I64 => Encoding::U64,
        other => other,
    };
    let same_words = |a: WordOrder, b: WordOrder| {
        let swapped = words.iter().all(|word| word.swap_bytes() == *word);
        a == b || (swapped && words.len() == 1)
    };
    let mut kept: Vec<Fit> = Vec::new();
    for fit in fits {
        let is_twin = |other: &Fit| {
            signless(other.encoding) == signless(fit.encoding)
                && same_words(other.words, fit.words)
                && other.exponent == fit.exponent
        };
        if !kept.iter().any(is_twin) {
            kept.push(fit);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(words: &[u16], shown: &str, signed: bool) -> Option<(Encoding, WordOrder, i8)> {
        let fits = fits(words, shown, signed);
        fits.first()
            .map(|fit| (fit.encoding, fit.words, fit.exponent))
    }

    #[test]
    fn the_display_tells_scale_and_word_order() {
        let volts = first(&[2305], "230.5", false);
        assert_eq!(volts, Some((Encoding::U16, WordOrder::Abcd, -1)));
        let watts = first(&[0xFF9C], "-10.0", true);
        assert_eq!(watts, Some((Encoding::I16, WordOrder::Abcd, -1)));
        // 0x0001_2345 is 74565.
        let energy = first(&[0x2345, 0x0001], "7456.5", false);
        assert_eq!(energy, Some((Encoding::U32, WordOrder::Cdab, -1)));
        let float = first(&[0x4366, 0x8000], "230.5", false);
        assert_eq!(float, Some((Encoding::F32, WordOrder::Abcd, 0)));
    }

    #[test]
    fn what_cannot_be_told_has_several_fits_and_what_is_impossible_none() {
        assert!(fits(&[0, 0], "0", false).len() > 1);
        assert!(fits(&[2305], "17.3", false).is_empty());
        assert!(fits(&[2305], "many", false).is_empty());
        assert!(fits(&[], "1", false).is_empty());
    }

    #[test]
    fn a_display_that_rounds_still_fits() {
        let fits = fits(&[23_049], "230.5", false);
        assert_eq!(fits.len(), 1);
        assert_eq!(fits[0].exponent, -2);
    }
}
