//! [`UtcMs`] and [`MonoMs`]: moments of the wall clock and of the monotonic clock.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcMs(pub i64);

/// Milliseconds since the start of the machine; never steps, and is comparable only within one
/// boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MonoMs(pub u64);

impl UtcMs {
    /// Milliseconds since 1970 as a floating point number, exact for any date.
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of a date stay far below 2^53"
    )]
    pub fn to_f64(self) -> f64 {
        self.0 as f64
    }

    /// Appends RFC 3339 in UTC, with milliseconds only if they are not zero.
    pub fn append_to(self, out: &mut String) {
        // Writing into a `String` cannot fail.
        let _ = fmt::Write::write_fmt(out, format_args!("{self}"));
    }
}

impl fmt::Display for UtcMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(time) = jiff::Timestamp::from_millisecond(self.0) else {
            // Beyond the year 9999: written as a number, so that the value is still visible.
            return write!(f, "{}", self.0);
        };
        // Most polls stand on whole seconds, and the text of a day's samples is shorter without
        // `.000`.
        let places = if self.0.rem_euclid(1000) == 0 { 0 } else { 3 };
        write!(f, "{time:.places$}")
    }
}
