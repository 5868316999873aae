//! The nouns: points, numbers, samples, readings. No I/O, no serialisation; each edge has its own
//! shape.

pub mod calibration;
pub mod decimal;
pub mod factor;
pub mod indicator;
pub mod ledger;
pub mod month;
pub mod period;

use std::fmt;
use std::sync::Arc;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcMs(pub i64);

/// Milliseconds since this machine started; never steps, only compares within one boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MonoMs(pub u64);

/// The journal's number of a reading: 1, 2, 3, ... without holes, over all devices.
pub type Seq = u64;

/// A value exactly as the device counts it.
///
/// Integers keep the device's own step (`15100` with exponent `-1` is 1510.0), so that what comes
/// back from the store is what the register said. `Float` holds f32 and f64 registers (an f32 is
/// widened, which is exact) and is always finite.
#[derive(Clone, Copy, Debug)]
pub enum Number {
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

/// Why there is no number, or why a number is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The device did not answer in time.
    Timeout,
    /// The device answers, but after the timeout.
    Late,
    /// An answer came, but its length, checksum, unit or function did not fit the request.
    Corrupt,
    /// The answer would fit, but the length in its Modbus TCP header is another one.
    Header,
    /// The device refused with this Modbus exception code.
    Refused(u8),
    /// The bus itself is away: port gone, connection refused.
    Unreachable,
    /// The register holds a value that the profile calls "no value".
    Missing,
    /// Outside the point's `min`..`max`.
    OutOfRange,
    /// Not a number, infinite, or too large to keep exactly.
    NotANumber,
    /// Another register says that this one means nothing now (`valid_when`, `scale_from`).
    NotValid,
    /// The device has no such point: none of its models has it.
    Absent,
    /// Silent while the sun is down, as such a device is.
    Asleep,
    /// The box did not know the time when this was read.
    Undated,
}

/// How far a sample may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quality {
    /// Read, checked, dated.
    Good,
    /// A number, but with a doubt that is named.
    Uncertain,
    /// No number; the reason says why.
    Bad,
}

/// What one poll gave for one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// A number without doubt.
    Good(Number),
    /// A number and the doubt about it.
    Uncertain(Number, Reason),
    /// No number, and why.
    Bad(Reason),
}

/// One point's outcome at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was read (the poll's slot on the wall clock).
    pub at: UtcMs,
    /// What was read.
    pub outcome: Outcome,
}

/// Which start of the machine a monotonic time belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BootId(pub Arc<str>);

/// What one poll of one device gave: one time, one outcome for each of the device's points, in the
/// order of the device's point list.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Index of the device in the running configuration (`Site::devices`).
    pub device: u16,
    /// The poll's slot by the wall clock.
    pub at: UtcMs,
    /// The same moment by the monotonic clock, to re-date it when the wall clock was wrong.
    pub mono: MonoMs,
    /// True once the system said that its clock is synchronised.
    pub dated: bool,
    /// One outcome a point.
    pub outcomes: Box<[Outcome]>,
}

/// A reading with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    /// The journal's number.
    pub seq: Seq,
    /// The reading.
    pub reading: Reading,
}

/// What readers, store, sinks and pages need to know of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct PointInfo {
    /// `device.point`.
    pub id: Arc<str>,
    /// The part after the dot.
    pub name: Arc<str>,
    /// Unit symbol as `drivers::units` spells it; empty for a bare number.
    pub unit: Arc<str>,
    /// Field's word for what is measured (`power`, `energy`, `level`); empty when not said.
    pub quantity: Arc<str>,
    /// It only grows, and may wrap or be reset.
    pub counter: bool,
}

/// What readers, store, sinks and pages need to know of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInfo {
    /// Id in the configuration.
    pub id: Arc<str>,
    /// Its bus.
    pub bus: Arc<str>,
    /// Its profile's name; `None` when its points are listed in the configuration.
    pub profile: Option<Arc<str>>,
    /// Kind of device, the InfluxDB measurement: `inverter`, `meter`, `level`, `environment`, ...
    pub kind: Arc<str>,
    /// Milliseconds between two polls.
    pub every_ms: u64,
    /// Its points, in the order of `Reading::outcomes`.
    pub points: Vec<PointInfo>,
}

/// The running configuration as seen by store, sinks and pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Id, also the MQTT topic level and the InfluxDB tag.
    pub id: Arc<str>,
    /// Name for people.
    pub name: Arc<str>,
    /// IANA time zone of days and months.
    pub timezone: Arc<str>,
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Devices in configuration order; `Reading::device` counts into this.
    pub devices: Vec<DeviceInfo>,
}

impl UtcMs {
    /// Appends RFC 3339 in UTC, with milliseconds only when they are not zero.
    pub fn append_to(self, out: &mut String) {
        // A string takes everything.
        let _ = fmt::Write::write_fmt(out, format_args!("{self}"));
    }
}

impl fmt::Display for UtcMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(time) = jiff::Timestamp::from_millisecond(self.0) else {
            // Beyond the year 9999: kept as a number, so that it is at least seen.
            return write!(f, "{}", self.0);
        };
        let places = if self.0.rem_euclid(1000) == 0 { 0 } else { 3 };
        write!(f, "{time:.places$}")
    }
}

impl Number {
    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Decimal { mantissa, exponent } => decimal_to_f64(mantissa, exponent),
        }
    }

    /// A decimal text of up to 15 significant digits becomes a `Decimal`, anything else that is a
    /// finite number becomes the nearest `Float`; `None` for all other text.
    pub fn parse(text: &str) -> Option<Self> {
        let value: f64 = text.trim().parse().ok()?;
        if !value.is_finite() {
            return None;
        }
        Some(parse_decimal(text.trim()).unwrap_or(Self::Float(value)))
    }
}

impl PartialEq for Number {
    /// The same quantity, whatever the step it is counted in.
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
            (a, b) => a.to_f64().to_bits() == b.to_f64().to_bits(),
        }
    }
}

impl Number {
    /// Without trailing zeros in the mantissa.
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

impl Number {
    /// Appends what `Display` shows, without a formatter's cost: sinks write millions of floats.
    pub fn append_to(self, out: &mut String) {
        if let Self::Float(value) = self {
            out.push_str(zmij::Buffer::new().format(value));
        } else {
            // A string takes everything.
            let _ = fmt::Write::write_fmt(out, format_args!("{self}"));
        }
    }
}

impl fmt::Display for Number {
    /// Decimal digits in the device's own step (`1510.0`); a float in the fewest digits that give
    /// the same double back. Always a valid JSON number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Float(value) => f.write_str(zmij::Buffer::new().format(value)),
            Self::Decimal { mantissa, exponent } if exponent >= 0 => {
                write!(f, "{mantissa}")?;
                (0..if mantissa == 0 { 0 } else { exponent }).try_for_each(|_| f.write_str("0"))
            }
            Self::Decimal { mantissa, exponent } => {
                let places = usize::from(exponent.unsigned_abs());
                let sign = if mantissa < 0 { "-" } else { "" };
                let digits = mantissa.unsigned_abs();
                let power = 10u64.checked_pow(u32::from(exponent.unsigned_abs()));
                let (whole, part) = power.map_or((0, digits), |p| (digits / p, digits % p));
                write!(f, "{sign}{whole}.{part:0places$}")
            }
        }
    }
}

impl Outcome {
    /// How far it may be believed.
    pub fn quality(&self) -> Quality {
        match self {
            Self::Good(_) => Quality::Good,
            Self::Uncertain(..) => Quality::Uncertain,
            Self::Bad(_) => Quality::Bad,
        }
    }

    /// The number, doubtful or not.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Good(number) | Self::Uncertain(number, _) => Some(*number),
            Self::Bad(_) => None,
        }
    }

    /// The doubt, or why there is no number.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Good(_) => None,
            Self::Uncertain(_, reason) | Self::Bad(reason) => Some(*reason),
        }
    }
}

impl Quality {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Uncertain => "uncertain",
            Self::Bad => "bad",
        }
    }
}

impl Reason {
    /// A stable word for logs, APIs and catalogue keys (`reason-WORD`).
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

    /// One byte for the store; `from_code` is the inverse.
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

    /// The reason with this code; `None` for a byte that no reason has.
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
    /// Device and point of `device.point`, as indices; `None` when the site has no such point.
    pub fn find(&self, id: &str) -> Option<(u16, usize)> {
        self.devices.iter().zip(0u16..).find_map(|(device, index)| {
            device
                .points
                .iter()
                .position(|point| &*point.id == id)
                .map(|point| (index, point))
        })
    }

    /// What is known of the point with this id.
    pub fn point(&self, id: &str) -> Option<&PointInfo> {
        let (device, point) = self.find(id)?;
        self.devices.get(usize::from(device))?.points.get(point)
    }
}

fn decimal_to_f64(mantissa: i64, exponent: i8) -> f64 {
    const EXACT: u64 = 1 << 53;
    if mantissa.unsigned_abs() <= EXACT && exponent.unsigned_abs() <= 22 {
        // Both operands are exact doubles, so one division or product rounds correctly.
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

fn parse_decimal(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, part].concat();
    let significant = all.trim_start_matches('0').len();
    if significant > 15
        || part.len() > 18
        || all.is_empty()
        || !all.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let mantissa: i64 = all.parse().ok()?;
    if mantissa == 0 && sign < 0 {
        return None;
    }
    let exponent = -i8::try_from(part.len()).ok()?;
    Some(Number::Decimal {
        mantissa: sign * mantissa,
        exponent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_prints_in_the_devices_own_step() {
        let show = |mantissa, exponent| Number::Decimal { mantissa, exponent }.to_string();
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
            let number = Number::parse(text).unwrap();
            assert_eq!(
                number.to_f64().to_bits(),
                text.parse::<f64>().unwrap().to_bits(),
                "{text}"
            );
            assert_eq!(Number::parse(&number.to_string()), Some(number), "{text}");
        }
        assert_eq!(Number::parse("NaN"), None);
        assert_eq!(Number::parse("1,5"), None);
    }

    #[test]
    fn every_reason_survives_its_code() {
        for reason in [
            Reason::Timeout,
            Reason::Undated,
            Reason::Absent,
            Reason::Asleep,
            Reason::Late,
            Reason::Header,
            Reason::Refused(2),
            Reason::OutOfRange,
        ] {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
    }
}
