//! Record that a node keeps over a reset ([`KeptRecord`]), as bytes for its flash.

use super::settings::{LineSettings, NodeSettings, ProbeSettings};
use crate::frame::crc16;

/// Length of the record, bytes.
pub const KEPT_BYTES: usize = 20;
/// Version of the record's form.
const FORM: u8 = 1;

/// Counters and settings that survive a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRecord {
    /// Starts since the node was made.
    pub resets: u16,
    /// Pulses of the meter.
    pub pulses: u32,
    /// Tips of the rain gauge.
    pub tips: u32,
    /// Address and speed.
    pub line: LineSettings,
    /// Ends of the level probe.
    pub probe: ProbeSettings,
}

impl KeptRecord {
    /// Record of a new node.
    pub const FACTORY: Self = Self {
        resets: 0,
        pulses: 0,
        tips: 0,
        line: LineSettings::FACTORY,
        probe: ProbeSettings::FACTORY,
    };

    /// Returns the settings of the record.
    pub fn settings(&self) -> NodeSettings {
        NodeSettings::new(self.line, self.probe)
    }

    /// Encodes the record with its checksum.
    pub fn to_bytes(self) -> [u8; KEPT_BYTES] {
        let [r0, r1] = self.resets.to_be_bytes();
        let [p0, p1, p2, p3] = self.pulses.to_be_bytes();
        let [t0, t1, t2, t3] = self.tips.to_be_bytes();
        let [z0, z1] = self.probe.zero_mm.to_be_bytes();
        let [f0, f1] = self.probe.full_mm.to_be_bytes();
        let (unit, speed) = (self.line.unit, self.line.speed_code);
        let mut bytes = [
            FORM, unit, speed, r0, r1, p0, p1, p2, p3, t0, t1, t2, t3, z0, z1, f0, f1, 0, 0, 0,
        ];
        let [low, high] = crc16(&bytes[..KEPT_BYTES - 2]).to_le_bytes();
        bytes[KEPT_BYTES - 2] = low;
        bytes[KEPT_BYTES - 1] = high;
        bytes
    }

    /// Decodes a record; `None` for anything that is not a whole and valid one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; KEPT_BYTES] = bytes.try_into().ok()?;
        let [
            form,
            unit,
            speed_code,
            r0,
            r1,
            p0,
            p1,
            p2,
            p3,
            t0,
            t1,
            t2,
            t3,
            z0,
            z1,
            f0,
            f1,
            ..,
        ] = bytes;
        if form != FORM || crc16(&bytes) != 0 {
            return None;
        }
        let line = LineSettings { unit, speed_code }.checked()?;
        Some(Self {
            resets: u16::from_be_bytes([r0, r1]),
            pulses: u32::from_be_bytes([p0, p1, p2, p3]),
            tips: u32::from_be_bytes([t0, t1, t2, t3]),
            line,
            probe: ProbeSettings {
                zero_mm: i16::from_be_bytes([z0, z1]),
                full_mm: i16::from_be_bytes([f0, f1]),
            },
        })
    }
}
