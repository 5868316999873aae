//! Calibrations as JSON: the shape of `/api/v1/calibrations`, which the command line speaks as
//! well.

use crate::model::UtcMs;
use crate::model::calibration::{Calibration, CalibrationId, Calibrations, Entry};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A calibration, or the withdrawal of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationJson {
    /// Its number.
    pub id: CalibrationId,
    /// `level`, `strapping`, `pulses` or `ct`.
    pub kind: String,
    /// Points that it corrects; of a strapping table the tank.
    pub targets: Vec<String>,
    /// Level and pulses: shown and true, in the point's unit. Strapping: level in m and volume in
    /// L. Ct: primary and secondary current in A, as the meter is set, then as mounted. Empty in a
    /// withdrawal.
    pub pairs: Vec<(f64, f64)>,
    /// true = gain x shown + offset; absent for a strapping table and a withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    /// In the point's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// First local day on which it holds.
    pub since: String,
    /// The calibration that this entry withdraws.
    pub withdraws: Option<CalibrationId>,
    /// The entry that withdraws this one.
    pub withdrawn_by: Option<CalibrationId>,
    /// It is the one that counts on the day asked for, for one of its targets at least.
    pub in_force: bool,
    /// Who did it.
    pub who: String,
    /// Anything else; the reason of a withdrawal.
    pub note: String,
    /// RFC 3339.
    pub recorded_at: String,
    /// Who or what wrote it down.
    pub recorded_by: String,
}

/// A calibration to be written down: `kind`, `target` and `pairs`; or a withdrawal: `withdraws`
/// and `note`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationSent {
    /// `level`, `strapping`, `pulses` or `ct`.
    pub kind: Option<String>,
    /// Level: a point that is a length, or its tank. Strapping: a tank. Pulses: a counter of
    /// volume. Ct: a device.
    pub target: Option<String>,
    /// As in the answer.
    pub pairs: Vec<(f64, f64)>,
    /// First local day, not before today; today when left out.
    pub since: Option<String>,
    /// The calibration that is withdrawn.
    pub withdraws: Option<CalibrationId>,
    /// Who did it.
    pub who: Option<String>,
    /// Anything else; the reason of a withdrawal.
    pub note: Option<String>,
    /// Who or what writes it down.
    pub recorded_by: Option<String>,
}

impl CalibrationJson {
    /// All entries, as they count on `day`.
    pub fn all(calibrations: &Calibrations, day: Date) -> Vec<Self> {
        let entries = calibrations.entries().iter();
        let mut all: Vec<Self> = entries
            .map(|entry| Self::of(entry, calibrations, day))
            .collect();
        all.sort_by_key(|one| one.id);
        all
    }

    /// One entry, as it counts on `day`.
    pub fn of(entry: &Entry, calibrations: &Calibrations, day: Date) -> Self {
        let said = &entry.said;
        let line = said.line();
        let counts = |target: &std::sync::Arc<str>| {
            let counting = calibrations.in_force(said.kind, target, day);
            counting.is_some_and(|counting| counting.id == entry.id)
        };
        let withdrawal = calibrations.withdrawal(entry.id);
        Self {
            id: entry.id,
            kind: said.kind.word().to_owned(),
            targets: said.targets.iter().map(ToString::to_string).collect(),
            pairs: said.pairs.clone(),
            gain: line.map(|line| line.gain),
            offset: line.map(|line| line.offset),
            since: said.since.to_string(),
            withdraws: said.withdraws,
            withdrawn_by: withdrawal.map(|entry| entry.id),
            in_force: said.targets.iter().any(counts),
            who: said.who.clone(),
            note: said.note.clone(),
            recorded_at: jiff::Timestamp::from_millisecond(entry.recorded_at.0)
                .unwrap_or_default()
                .to_string(),
            recorded_by: entry.recorded_by.clone(),
        }
    }

    /// The entry that was sent; `None` when some part of it makes no sense.
    pub fn entry(&self) -> Option<Entry> {
        let recorded: jiff::Timestamp = self.recorded_at.parse().ok()?;
        Some(Entry {
            id: self.id,
            said: Calibration {
                kind: self.kind.parse().ok()?,
                targets: self.targets.iter().map(|one| one.as_str().into()).collect(),
                pairs: self.pairs.clone(),
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
