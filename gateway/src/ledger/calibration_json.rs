//! JSON form of calibrations, for `/api/v1/calibrations` and the command line.

use crate::domain::UtcMs;
use crate::domain::calibration::{
    Calibration, CalibrationEntry, CalibrationHistory, CalibrationId,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A calibration, or the withdrawal of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationJson {
    /// Number of the entry.
    #[schema(value_type = u64)]
    pub id: CalibrationId,
    /// `level`, `strapping`, `pulses`, `ct` or `swap`.
    pub kind: String,
    /// Points that it corrects; for a strapping table the tank.
    pub targets: Vec<String>,
    /// Level and pulses: shown and true value, in the unit of the point. Strapping: level in m and
    /// volume in L. Ct: primary and secondary current in A as set in the meter, then as mounted.
    /// Swap: last reading of the old meter and first reading of the new one, in the unit of the
    /// point. Empty in a withdrawal.
    pub pairs: Vec<(f64, f64)>,
    /// true = gain x shown + offset; absent for a strapping table and a withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// Offset in the unit of the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// First local day on which it is in force.
    pub since: String,
    /// Moment of a swap, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The calibration that this entry withdraws.
    #[schema(value_type = Option<u64>)]
    pub withdraws: Option<CalibrationId>,
    /// The entry that withdraws this one.
    #[schema(value_type = Option<u64>)]
    pub withdrawn_by: Option<CalibrationId>,
    /// Whether it is in force on the requested day, for at least one of its targets.
    pub in_force: bool,
    /// Person who calibrated.
    pub who: String,
    /// Free note; the reason of a withdrawal.
    pub note: String,
    /// Time of recording, RFC 3339.
    pub recorded_at: String,
    /// User or script that recorded the entry.
    pub recorded_by: String,
}

/// A calibration to be recorded (`kind`, `target`, `pairs`), or a withdrawal (`withdraws`, `note`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationRequest {
    /// `level`, `strapping`, `pulses`, `ct` or `swap`.
    pub kind: Option<String>,
    /// Level: a point that is a length, or its tank. Strapping: a tank. Pulses: a counter of
    /// volume. Ct: a device. Swap: a counter.
    pub target: Option<String>,
    /// Pairs, as in the answer.
    pub pairs: Vec<(f64, f64)>,
    /// First local day in force, not before today; today if absent.
    pub since: Option<String>,
    /// Moment of a swap, RFC 3339; it may be over.
    pub at: Option<String>,
    /// The calibration to be withdrawn.
    #[schema(value_type = Option<u64>)]
    pub withdraws: Option<CalibrationId>,
    /// Person who calibrated.
    pub who: Option<String>,
    /// Free note; the reason of a withdrawal.
    pub note: Option<String>,
    /// User or script that records the entry.
    pub recorded_by: Option<String>,
}

impl CalibrationJson {
    /// All entries in the order of their numbers, with their state on `day`.
    pub fn from_history(calibrations: &CalibrationHistory, day: Date) -> Vec<Self> {
        let entries = calibrations.entries().iter();
        let mut all: Vec<Self> = entries
            .map(|entry| Self::from_entry(entry, calibrations, day))
            .collect();
        all.sort_by_key(|one| one.id);
        all
    }

    /// One entry, with its state on `day`.
    pub fn from_entry(
        entry: &CalibrationEntry,
        calibrations: &CalibrationHistory,
        day: Date,
    ) -> Self {
        let said = &entry.said;
        let line = said.linear_correction();
        let swap = said.swap();
        let counts = |target: &std::sync::Arc<str>| {
            if swap.is_some() {
                return calibrations.withdrawal(entry.id).is_none();
            }
            let counting = calibrations.in_force(said.kind, target, day);
            counting.is_some_and(|counting| counting.id == entry.id)
        };
        let withdrawal = calibrations.withdrawal(entry.id);
        Self {
            id: entry.id,
            kind: said.kind.word().to_owned(),
            targets: said.targets.iter().map(ToString::to_string).collect(),
            pairs: swap.map_or_else(
                || said.pairs.clone(),
                |swap| vec![(swap.old_last, swap.new_first)],
            ),
            at: swap.map(|swap| time_text(swap.at)),
            gain: line.map(|line| line.gain),
            offset: line.map(|line| line.offset),
            since: said.since.to_string(),
            withdraws: said.withdraws,
            withdrawn_by: withdrawal.map(|entry| entry.id),
            in_force: said.targets.iter().any(counts),
            who: said.who.clone(),
            note: said.note.clone(),
            recorded_at: time_text(entry.recorded_at),
            recorded_by: entry.recorded_by.clone(),
        }
    }

    /// The entry as a domain value; `None` when a part of it cannot be parsed.
    pub fn entry(&self) -> Option<CalibrationEntry> {
        let recorded: jiff::Timestamp = self.recorded_at.parse().ok()?;
        let mut pairs = self.pairs.clone();
        if let Some(at) = &self.at {
            let at: jiff::Timestamp = at.parse().ok()?;
            let at = UtcMs(at.as_millisecond());
            pairs.push((at.to_f64(), 0.0));
        }
        Some(CalibrationEntry {
            id: self.id,
            said: Calibration {
                kind: self.kind.parse().ok()?,
                targets: self.targets.iter().map(|one| one.as_str().into()).collect(),
                pairs,
                since: self.since.parse().ok()?,
                withdraws: self.withdraws,
                who: self.who.clone(),
                note: self.note.clone(),
            },
            recorded_at: UtcMs(recorded.as_millisecond()),
            recorded_by: self.recorded_by.clone(),
        })
    }
}

fn time_text(at: UtcMs) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    time.to_string()
}
