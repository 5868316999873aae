//! Comparison of a reading with the device's own display.

use crate::domain::parse_finite;

/// Tolerance: two steps of the last digit, or 2 %, since the value changes between the two looks.
const TOLERANCE_STEPS: f64 = 2.0;
const TOLERANCE_SHARE: f64 = 0.02;

/// Difference between a reading and a display, in the point's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisplayComparison {
    /// Value on the display.
    pub display: f64,
    /// Reading less display.
    pub difference: f64,
    /// Largest difference that counts as agreement.
    pub tolerance: f64,
}

impl DisplayComparison {
    /// True when the reading agrees with the display.
    pub fn agrees(&self) -> bool {
        // A little more: the difference of two decimal numbers is not exact in binary.
        self.difference.abs() <= self.tolerance * (1.0 + 1e-9)
    }
}

/// Compares a reading with the digits that a person read off the display (decimal point or comma);
/// `None` when they are no number.
pub fn compare_with_display(reading: f64, display: &str) -> Option<DisplayComparison> {
    let text = display.trim().replace(',', ".");
    // A sign other than a leading one, or two points, is refused by `parse` below.
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.' || byte == b'-' || byte == b'+';
    if !text.bytes().all(plain) {
        return None;
    }
    let display = parse_finite(&text)?;
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    // The display's resolution follows from the digits that were read off.
    let step = 10_f64.powi(-i32::try_from(digits).ok()?);
    Some(DisplayComparison {
        display,
        difference: reading - display,
        // Relative for large values, absolute for small ones.
        tolerance: (TOLERANCE_SHARE * display.abs()).max(TOLERANCE_STEPS * step),
    })
    .filter(|compared| compared.difference.is_finite() && compared.tolerance.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_steps_of_the_last_digit_or_two_percent_are_believed() {
        let agrees =
            |reading, display| compare_with_display(reading, display).map(|one| one.agrees());
        assert_eq!(agrees(230.1, "230,3"), Some(true));
        assert_eq!(agrees(230.1, "240.3"), Some(false));
        assert_eq!(agrees(0.12, "0.10"), Some(true));
        assert_eq!(agrees(0.13, "0.10"), Some(false));
        assert_eq!(agrees(1.2, "12"), Some(false));
        assert_eq!(agrees(-5.0, "-5"), Some(true));
        assert_eq!(agrees(5.0, "5 V"), None);
        assert_eq!(agrees(5.0, ""), None);
        assert_eq!(agrees(5.0, "inf"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(reading in any::<f64>(), text in "[0-9.,+-]{0,400}") {
            let _ = compare_with_display(reading, &text);
        }
    }
}
