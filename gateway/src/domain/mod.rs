//! Domain types: sites, devices, points, readings, samples, numbers. No I/O and no serialisation;
//! each edge (files, API, store) has its own form.
//!
//! Main types: [`Reading`] (one poll of one device) and [`Sample`] (one point at one time), with
//! [`SampleOutcome`] (number and quality).
//!
//! ```text
//! reading of device `meter` at 10:00:00: [energy: Good(15100 x 10^-1), power: Bad(Timeout)]
//! -> sample of meter.energy: 1510.0, good
//! -> sample of meter.power:  no number, bad, reason `timeout`
//! ```
//!
//! Overview of the rooms that use them: `docs/ARCHITECTURE.md`.

pub mod calibration;
pub mod decimal;
pub mod factor;
pub(crate) mod hex_text;
pub mod indicator;
pub mod ledger;
pub mod period;
pub mod site_zone;

use site_zone::SiteZone;
use std::fmt;
use std::sync::Arc;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcMs(pub i64);

/// Milliseconds since the start of the machine; never steps, and is comparable only within one
/// boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MonoMs(pub u64);

/// Journal number of a reading: 1, 2, 3, ... without holes, over all devices.
pub type ReadingSeq = u64;

/// Value exactly as the device counts it.
///
/// Integers keep the step of the device (`15100` with exponent `-1` is 1510.0), so that the store
/// returns what the register said. `Float` holds f32 and f64 registers (an f32 is widened, which is
/// exact) and is always finite.
#[derive(Clone, Copy, Debug)]
pub enum ExactNumber {
    /// `mantissa` x 10^`exponent`.
    Decimal {
        /// Signed count of steps.
        mantissa: i64,
        /// Power of ten of one step, -18..=18.
        exponent: i8,
    },
    /// A finite IEEE 754 double.
    Float(f64),
}

/// Reason for which there is no number, or for which a number is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QualityReason {
    /// No answer within the timeout.
    Timeout,
    /// Complete answer, but after the timeout.
    Late,
    /// Answer whose length, checksum, unit or function does not fit the request.
    Corrupt,
    /// Answer that fits except for the length field of its Modbus TCP header.
    Header,
    /// Refusal with this Modbus exception code.
    Refused(u8),
    /// Bus not available: port gone, connection refused.
    Unreachable,
    /// Register value that the profile defines as "no value".
    Missing,
    /// Outside `min`..`max` of the point.
    OutOfRange,
    /// NaN, infinite, or too large to keep exactly.
    NotANumber,
    /// Marked as not valid by another register (`valid_when`, `scale_from`).
    NotValid,
    /// Point that none of the models of the device has.
    Absent,
    /// No answer while the sun is down, expected of this device.
    Asleep,
    /// Read before the system clock was synchronised.
    Undated,
}

/// Quality of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quality {
    /// Read, checked and dated.
    Good,
    /// Number with a named doubt.
    Uncertain,
    /// No number; the reason says why.
    Bad,
}

/// Result of one poll for one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleOutcome {
    /// Number without doubt.
    Good(ExactNumber),
    /// Number and the doubt about it.
    Uncertain(ExactNumber, QualityReason),
    /// No number, with the reason.
    Bad(QualityReason),
}

/// Result of one point at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Time of the reading: slot of the poll by the wall clock.
    pub at: UtcMs,
    /// The result.
    pub outcome: SampleOutcome,
}

/// Identity of a boot, to which a monotonic time belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BootId(pub Arc<str>);

/// Result of one poll of one device: one time, and one outcome for each point in the order of the
/// device's points.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Index of the device in the running configuration (`Site::devices`).
    pub device: u16,
    /// Slot of the poll by the wall clock.
    pub at: UtcMs,
    /// The same moment by the monotonic clock, used to correct the date if the wall clock was
    /// wrong.
    pub mono: MonoMs,
    /// Whether the system clock was synchronised.
    pub dated: bool,
    /// Outcomes, one for each point.
    pub outcomes: Box<[SampleOutcome]>,
}

/// Reading with its journal number.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedReading {
    /// Journal number.
    pub seq: ReadingSeq,
    /// The reading.
    pub reading: Reading,
}

/// Properties of a point that readers, store, sinks and pages need.
#[derive(Clone, Debug, PartialEq)]
pub struct PointInfo {
    /// Id, `device.point`.
    pub id: Arc<str>,
    /// Part of the id after the dot.
    pub name: Arc<str>,
    /// Unit symbol as spelled in `drivers::units`; empty for a bare number.
    pub unit: Arc<str>,
    /// Measured quantity (`power`, `energy`, `level`); empty if not given.
    pub quantity: Arc<str>,
    /// The point is a counter: it only grows, and may wrap or be reset.
    pub counter: bool,
}

/// Properties of a device that readers, store, sinks and pages need.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInfo {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Id of its bus.
    pub bus: Arc<str>,
    /// Name of its profile; `None` if its points are listed in the configuration.
    pub profile: Option<Arc<str>>,
    /// Kind of device, used as InfluxDB measurement: `inverter`, `meter`, `level`, `environment`,
    /// ...
    pub kind: Arc<str>,
    /// Polling interval, ms.
    pub every_ms: u64,
    /// Points, in the order of `Reading::outcomes`.
    pub points: Vec<PointInfo>,
}

/// Running configuration as seen by store, sinks and pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Id, also MQTT topic level and InfluxDB tag.
    pub id: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Time zone of days and months.
    pub timezone: SiteZone,
    /// Latitude in degrees, north positive.
    pub latitude: f64,
    /// Longitude in degrees, east positive.
    pub longitude: f64,
    /// Devices in configuration order; `Reading::device` is an index into it.
    pub devices: Vec<DeviceInfo>,
}

/// Most decimal places that people are shown.
const SHOWN_PLACES_MAX: u8 = 4;

impl UtcMs {
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

impl ExactNumber {
    /// Nearest f64.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Decimal { mantissa, exponent } => decimal_to_f64(mantissa, exponent),
        }
    }

    /// Decimal places for people: for a decimal those of the register's scale; for a float as many
    /// as give four significant digits.
    pub fn shown_places(self) -> u8 {
        match self {
            Self::Decimal { exponent, .. } => exponent.min(0).unsigned_abs().min(SHOWN_PLACES_MAX),
            Self::Float(value) => match value.abs() {
                size if size < 5e-5 => 0,
                size if size >= 1000.0 => 0,
                size if size >= 100.0 => 1,
                size if size >= 10.0 => 2,
                size if size >= 1.0 => 3,
                _ => SHOWN_PLACES_MAX,
            },
        }
    }

    /// Parses a number: decimal text of up to 15 significant digits becomes `Decimal`, any other
    /// finite number the nearest `Float`; `None` for all other text.
    pub fn parse(text: &str) -> Option<Self> {
        let value: f64 = text.trim().parse().ok()?;
        if !value.is_finite() {
            return None;
        }
        Some(parse_decimal(text.trim()).unwrap_or(Self::Float(value)))
    }
}

impl PartialEq for ExactNumber {
    /// Compares the quantity, regardless of the step in which it is counted.
    fn eq(&self, other: &Self) -> bool {
        match (self.canonical(), other.canonical()) {
            (
                Self::Decimal {
                    mantissa: a,
                    exponent: x,
                },
                Self::Decimal {
                    mantissa: b,
                    exponent: y,
                },
            ) => a == b && x == y,
            // By bits, because `0.0` and `-0.0` have different texts.
            (a, b) => a.to_f64().to_bits() == b.to_f64().to_bits(),
        }
    }
}

impl ExactNumber {
    /// The number without trailing zeros in the mantissa.
    fn canonical(self) -> Self {
        let Self::Decimal {
            mut mantissa,
            mut exponent,
        } = self
        else {
            return self;
        };
        if mantissa == 0 {
            return Self::Decimal {
                mantissa: 0,
                exponent: 0,
            };
        }
        while mantissa % 10 == 0 && exponent < 18 {
            mantissa /= 10;
            exponent += 1;
        }
        Self::Decimal { mantissa, exponent }
    }
}

impl ExactNumber {
    /// Appends the text of `Display` without the cost of a formatter, for sinks that write millions
    /// of floats.
    pub fn append_to(self, out: &mut String) {
        if let Self::Float(value) = self {
            out.push_str(zmij::Buffer::new().format(value));
        } else {
            // Writing into a `String` cannot fail.
            let _ = fmt::Write::write_fmt(out, format_args!("{self}"));
        }
    }
}

impl fmt::Display for ExactNumber {
    /// Decimal digits in the step of the device (`1510.0`); a float in the fewest digits that give
    /// the same f64. The text is always a valid JSON number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Float(value) => f.write_str(zmij::Buffer::new().format(value)),
            Self::Decimal { mantissa, exponent } if exponent >= 0 => {
                write!(f, "{mantissa}")?;
                // Zero has no trailing zeros, whatever its exponent.
                (0..if mantissa == 0 { 0 } else { exponent }).try_for_each(|_| f.write_str("0"))
            }
            Self::Decimal { mantissa, exponent } => {
                let places = usize::from(exponent.unsigned_abs());
                let sign = if mantissa < 0 { "-" } else { "" };
                let digits = mantissa.unsigned_abs();
                // Beyond 10^19 the power does not fit 64 bits; then all digits are behind the
                // point.
                let power = 10u64.checked_pow(u32::from(exponent.unsigned_abs()));
                let (whole, part) = power.map_or((0, digits), |p| (digits / p, digits % p));
                write!(f, "{sign}{whole}.{part:0places$}")
            }
        }
    }
}

impl SampleOutcome {
    /// Quality of the outcome.
    pub fn quality(&self) -> Quality {
        match self {
            Self::Good(_) => Quality::Good,
            Self::Uncertain(..) => Quality::Uncertain,
            Self::Bad(_) => Quality::Bad,
        }
    }

    /// Number, doubtful or not.
    pub fn number(&self) -> Option<ExactNumber> {
        match self {
            Self::Good(number) | Self::Uncertain(number, _) => Some(*number),
            Self::Bad(_) => None,
        }
    }

    /// Doubt, or reason for which there is no number.
    pub fn reason(&self) -> Option<QualityReason> {
        match self {
            Self::Good(_) => None,
            Self::Uncertain(_, reason) | Self::Bad(reason) => Some(*reason),
        }
    }
}

impl Quality {
    /// Word in the API and in MQTT payloads.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Uncertain => "uncertain",
            Self::Bad => "bad",
        }
    }
}

impl QualityReason {
    /// Word for logs, APIs and message keys (`reason-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Late => "late",
            Self::Corrupt => "corrupt",
            Self::Header => "header",
            Self::Refused(_) => "refused",
            Self::Unreachable => "unreachable",
            Self::Missing => "missing",
            Self::OutOfRange => "out-of-range",
            Self::NotANumber => "not-a-number",
            Self::NotValid => "not-valid",
            Self::Absent => "absent",
            Self::Asleep => "asleep",
            Self::Undated => "undated",
        }
    }

    /// Code of one byte for the store; inverse of `from_code`.
    // Stored on disk, so a code must never change its meaning. A Modbus exception code has 7 bits,
    // so the top bit marks a refusal.
    pub fn code(self) -> u8 {
        match self {
            Self::Timeout => 1,
            Self::Corrupt => 2,
            Self::Unreachable => 3,
            Self::Missing => 4,
            Self::OutOfRange => 5,
            Self::NotANumber => 6,
            Self::NotValid => 7,
            Self::Undated => 8,
            Self::Absent => 9,
            Self::Asleep => 10,
            Self::Late => 11,
            Self::Header => 12,
            Self::Refused(exception) => 0x80 | (exception & 0x7f),
        }
    }

    /// Reason of this word, with exception code 0; `None` for an unknown word.
    pub fn from_word(word: &str) -> Option<Self> {
        // Reasons are listed by their codes, so that a new reason is known here too.
        let mut all = (0..=u8::MAX).filter_map(Self::from_code);
        all.find(|reason| reason.word() == word)
    }

    /// Reason with this code; `None` for an unknown code.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Timeout,
            2 => Self::Corrupt,
            3 => Self::Unreachable,
            4 => Self::Missing,
            5 => Self::OutOfRange,
            6 => Self::NotANumber,
            7 => Self::NotValid,
            8 => Self::Undated,
            9 => Self::Absent,
            10 => Self::Asleep,
            11 => Self::Late,
            12 => Self::Header,
            0x80.. => Self::Refused(code & 0x7f),
            _ => return None,
        })
    }
}

impl Site {
    /// Device index and point index of `device.point`; `None` if the site has no such point.
    pub fn find_point(&self, id: &str) -> Option<(u16, usize)> {
        self.devices.iter().zip(0u16..).find_map(|(device, index)| {
            device
                .points
                .iter()
                .position(|point| &*point.id == id)
                .map(|point| (index, point))
        })
    }

    /// Properties of the point with this id.
    pub fn point(&self, id: &str) -> Option<&PointInfo> {
        let (device, point) = self.find_point(id)?;
        self.devices.get(usize::from(device))?.points.get(point)
    }
}

fn decimal_to_f64(mantissa: i64, exponent: i8) -> f64 {
    const EXACT_DOUBLE_MAX: u64 = 1 << 53;
    if mantissa.unsigned_abs() <= EXACT_DOUBLE_MAX && exponent.unsigned_abs() <= 22 {
        // Both operands are exact as f64, so one division or product rounds correctly.
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53, exact")]
        let steps = mantissa as f64;
        let power = 10f64.powi(i32::from(exponent.unsigned_abs()));
        return if exponent < 0 {
            steps / power
        } else {
            steps * power
        };
    }
    // The parser of the standard library rounds correctly for any length.
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

fn parse_decimal(text: &str) -> Option<ExactNumber> {
    let (sign, whole, part) = decimal::decimal_digits(text)?;
    let all: String = [whole, part].concat();
    let significant = all.trim_start_matches('0').len();
    // More digits would not survive the conversion to f64 in another program.
    if significant > decimal::DIGITS_MAX || part.len() > 18 || all.is_empty() {
        return None;
    }
    let mantissa: i64 = all.parse().ok()?;
    // A decimal has no negative zero; the float keeps the sign.
    if mantissa == 0 && sign < 0 {
        return None;
    }
    let exponent = -i8::try_from(part.len()).ok()?;
    Some(ExactNumber::Decimal {
        mantissa: sign * mantissa,
        exponent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_prints_in_the_devices_own_step() {
        let show = |mantissa, exponent| ExactNumber::Decimal { mantissa, exponent }.to_string();
        assert_eq!(show(15100, -1), "1510.0");
        assert_eq!(show(-5, -2), "-0.05");
        assert_eq!(show(7, 3), "7000");
        assert_eq!(show(81_985_529_216_486_895, 0), "81985529216486895");
    }

    #[test]
    fn text_and_number_are_inverses() {
        for text in [
            "1510.0",
            "-0.05",
            "0.1",
            "230.10000610351562",
            "1e300",
            "-0.0",
            "0",
        ] {
            let number = ExactNumber::parse(text).unwrap();
            assert_eq!(
                number.to_f64().to_bits(),
                text.parse::<f64>().unwrap().to_bits(),
                "{text}"
            );
            assert_eq!(
                ExactNumber::parse(&number.to_string()),
                Some(number),
                "{text}"
            );
        }
        assert_eq!(ExactNumber::parse("NaN"), None);
        assert_eq!(ExactNumber::parse("1,5"), None);
    }

    #[test]
    fn every_reason_survives_its_code() {
        for reason in [
            QualityReason::Timeout,
            QualityReason::Undated,
            QualityReason::Absent,
            QualityReason::Asleep,
            QualityReason::Late,
            QualityReason::Header,
            QualityReason::Refused(2),
            QualityReason::OutOfRange,
        ] {
            assert_eq!(QualityReason::from_code(reason.code()), Some(reason));
        }
    }
}
