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
pub mod claim_verdict;
pub mod data_damage;
pub mod date_bounds;
pub mod equation;
pub mod equation_node;
mod equation_reader;
mod exact_number;
pub mod factor;
mod fault_detail;
pub(crate) mod hex_text;
pub mod indicator;
pub mod input_part;
pub mod issued_report;
pub(crate) mod json_text;
pub mod ledger;
pub mod measured_since;
pub(crate) mod mentioned_asset;
mod moment;
pub mod period;
pub mod redated_stretch;
mod retry_after;
pub mod sample_import;
pub mod site_zone;
pub mod store_event;
pub mod value_bound;
pub mod value_origins;

pub(crate) use exact_number::shortened_number;
pub use exact_number::{
    ExactNumber, narrow_double, parse_finite, vanished_number, vanishes, widen_single,
};
pub use fault_detail::{DetailMessage, DetailPart, FaultDetail};
pub use moment::{MonoMs, UtcMs};
pub(crate) use retry_after::parse_retry_after;

use drivers::sensor_fault::SensorFault;
use site_zone::SiteZone;
use std::sync::Arc;

/// Journal number of a reading: 1, 2, 3, ... without holes, over all devices.
pub type ReadingSeq = u64;

/// First code of the faults of sensors, to which the code of the fault is added.
const SENSOR_FAULT_CODES: u8 = 0x40;

/// Reason for which there is no number, or for which a number is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QualityReason {
    /// No answer within the timeout.
    Timeout,
    /// Complete answer, but after the timeout.
    Late,
    /// No answer, of a device that answers only some of its requests.
    HalfAnswered,
    /// Answers that two devices with one address seem to give.
    TwoDevices,
    /// Answer whose length, checksum, unit or function does not fit the request.
    Corrupt,
    /// Answer that fits except for the length or the transaction in its Modbus TCP header.
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
    /// Line or chip that another program uses.
    InUse,
    /// No new message of a sensor node.
    NoMessage,
    /// Message of a sensor node that the broker had kept: old by an unknown time.
    Retained,
    /// Sensor node that is away, by its own word or its last will.
    Offline,
    /// Clock of a sensor node that is wrong; its readings have the time of their arrival.
    NodeClock,
    /// Message of a sensor node that is no text, no JSON or too large.
    Unreadable,
    /// Reading that the store had, and lost by damage of its file.
    Damaged,
    /// Fault of a sensor on the gateway's own pins.
    Sensor(SensorFault),
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

    /// Number of now: not one that a broker had kept from an unknown time.
    pub fn present_number(&self) -> Option<ExactNumber> {
        match self {
            Self::Uncertain(_, QualityReason::Retained) => None,
            outcome => outcome.number(),
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
            Self::HalfAnswered => "half-answered",
            Self::TwoDevices => "two-devices",
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
            Self::InUse => "in-use",
            Self::NoMessage => "no-message",
            Self::Retained => "retained",
            Self::Offline => "offline",
            Self::NodeClock => "node-clock",
            Self::Unreadable => "unreadable",
            Self::Damaged => "damaged",
            // `absent` is a point that no model of a device has.
            Self::Sensor(SensorFault::Absent) => "no-sensor",
            Self::Sensor(fault) => fault.name(),
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
            Self::InUse => 13,
            Self::NoMessage => 14,
            Self::Retained => 15,
            Self::Offline => 16,
            Self::NodeClock => 17,
            Self::Unreadable => 18,
            Self::Damaged => 19,
            Self::HalfAnswered => 20,
            Self::TwoDevices => 21,
            Self::Sensor(fault) => SENSOR_FAULT_CODES | fault.code(),
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
            13 => Self::InUse,
            14 => Self::NoMessage,
            15 => Self::Retained,
            16 => Self::Offline,
            17 => Self::NodeClock,
            18 => Self::Unreadable,
            19 => Self::Damaged,
            20 => Self::HalfAnswered,
            21 => Self::TwoDevices,
            0x80.. => Self::Refused(code & 0x7f),
            SENSOR_FAULT_CODES.. => {
                Self::Sensor(SensorFault::from_code(code - SENSOR_FAULT_CODES)?)
            }
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

#[cfg(test)]
mod tests {
    use super::*;

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
            QualityReason::NoMessage,
            QualityReason::Retained,
            QualityReason::Offline,
            QualityReason::NodeClock,
            QualityReason::Unreadable,
            QualityReason::Damaged,
            QualityReason::HalfAnswered,
            QualityReason::TwoDevices,
        ] {
            assert_eq!(QualityReason::from_code(reason.code()), Some(reason));
        }
    }
}
