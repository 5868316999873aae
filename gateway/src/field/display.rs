//! A reading beside what the device's own display shows.

/// Two steps of the last digit, or 2 %: the value moves on while a person looks.
const STEPS: f64 = 2.0;
const SHARE: f64 = 0.02;

/// How a reading and a display agree, in the point's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// What the display shows.
    pub display: f64,
    /// Reading less display.
    pub difference: f64,
    /// The difference that is believed.
    pub tolerance: f64,
}

impl Compared {
    /// The reading agrees with the display.
    pub fn agrees(&self) -> bool {
        // A hair more: the difference of two decimals is not exact.
        self.difference.abs() <= self.tolerance * (1.0 + 1e-9)
    }
}

/// Holds a reading against what a person read off the display: digits with a decimal point or
/// comma. `None` when that is no number.
pub fn compare(reading: f64, display: &str) -> Option<Compared> {
    let text = display.trim().replace(',', ".");
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.' || byte == b'-' || byte == b'+';
    if !text.bytes().all(plain) {
        return None;
    }
    let display: f64 = text.parse().ok()?;
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let step = 10_f64.powi(-i32::try_from(digits).ok()?);
    Some(Compared {
        display,
        difference: reading - display,
        tolerance: (SHARE * display.abs()).max(STEPS * step),
    })
    .filter(|compared| compared.difference.is_finite() && compared.tolerance.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_steps_of_the_last_digit_or_two_percent_are_believed() {
        let agrees = |reading, display| compare(reading, display).map(|one| one.agrees());
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
            let _ = compare(reading, &text);
        }
    }
}
