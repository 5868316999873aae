//! Calibrations of points and tanks: pairs of shown and true values, as dated entries. An entry
//! changes no day before its own, and a withdrawal has a day of its own.

use super::UtcMs;
use jiff::civil::Date;
use std::str::FromStr;
use std::sync::Arc;

/// Number of a calibration: 1, 2, 3, ...
pub type CalibrationId = u64;

/// Kind of calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalibrationKind {
    /// Level against a dip stick.
    Level,
    /// Volume of a tank by a metered fill.
    Strapping,
    /// Water meter by a measured volume.
    Pulses,
    /// Current transformers of a meter: the ratio set in the meter and the ratio mounted.
    Ct,
    /// A meter that was replaced or reset: what a person read on both, instead of a guess.
    Swap,
}

/// Time within which two entries with the same readings tell of one change, ms: a day.
const SAME_CHANGE_MS: u64 = 86_400_000;

/// A meter that was replaced or reset at a moment, in the unit of its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeterSwap {
    /// Moment of the change.
    pub at: UtcMs,
    /// Last reading before it.
    pub old_last: f64,
    /// First reading after it.
    pub new_first: f64,
}

impl MeterSwap {
    /// Whether another entry tells of the same change: the same moment, or the same readings within
    /// a day of it.
    pub fn is_same_change(&self, other: &Self) -> bool {
        let apart = self.at.0.abs_diff(other.at.0);
        let readings = |swap: &Self| [swap.old_last, swap.new_first].map(f64::to_bits);
        apart == 0 || (apart <= SAME_CHANGE_MS && readings(self) == readings(other))
    }
}

/// Calibration, before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Kind of calibration.
    pub kind: CalibrationKind,
    /// Points that it corrects; for a strapping table only the id of the tank.
    pub targets: Vec<Arc<str>>,
    /// Level: (shown, true) in the unit of the point. Strapping: (level in m, volume in L), levels
    /// rising. Pulses: (shown, true) growth in the unit of the point. Ct: (primary A, secondary A)
    /// as set in the meter, then as mounted. Swap: (last reading of the old meter, first reading of
    /// the new one), then (moment in ms since 1970, 0). Empty in a withdrawal.
    pub pairs: Vec<(f64, f64)>,
    /// First local day in force; for a withdrawal, the first day no longer in force.
    pub since: Date,
    /// The calibration that this entry withdraws.
    pub withdraws: Option<CalibrationId>,
    /// Person who calibrated.
    pub who: String,
    /// Free note; the reason of a withdrawal.
    pub note: String,
}

/// Calibration as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationEntry {
    /// Number of the entry.
    pub id: CalibrationId,
    /// The calibration.
    pub said: Calibration,
    /// Time of recording, by the clock of the gateway.
    pub recorded_at: UtcMs,
    /// User of the system or script that recorded the entry.
    pub recorded_by: String,
}

/// Linear correction: true = `gain` x shown + `offset`. For a counter only the growth is corrected,
/// so its offset is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearCorrection {
    /// Change of the true value for each unit of the shown value.
    pub gain: f64,
    /// Offset in the unit of the point.
    pub offset: f64,
}

/// All calibrations of a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalibrationHistory(Vec<CalibrationEntry>);

impl CalibrationKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Level,
        Self::Strapping,
        Self::Pulses,
        Self::Ct,
        Self::Swap,
    ];

    /// Word in files, APIs and message keys (`calibrate-kind-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Strapping => "strapping",
            Self::Pulses => "pulses",
            Self::Ct => "ct",
            Self::Swap => "swap",
        }
    }
}

impl FromStr for CalibrationKind {
    type Err = super::ledger::UnknownWordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or(super::ledger::UnknownWordError)
    }
}

impl LinearCorrection {
    /// No correction: the shown value is true.
    pub const NONE: Self = Self {
        gain: 1.0,
        offset: 0.0,
    };

    /// True value, in the unit of the point.
    pub fn apply(self, shown: f64) -> f64 {
        self.gain * shown + self.offset
    }

    /// Combination of two corrections: first this one, then `next`.
    #[must_use]
    pub fn followed_by(self, next: Self) -> Self {
        Self {
            gain: next.gain * self.gain,
            offset: next.gain * self.offset + next.offset,
        }
    }
}

impl Calibration {
    /// Correction that follows from the pairs; `None` for a strapping table, a withdrawal, and
    /// pairs that do not define a line.
    pub fn linear_correction(&self) -> Option<LinearCorrection> {
        let line = match (self.kind, self.pairs.as_slice()) {
            (CalibrationKind::Strapping | CalibrationKind::Swap, _) | (_, []) => return None,
            // One pair fixes the offset only; the gain needs a second level.
            (CalibrationKind::Level, [(shown, truth)]) => LinearCorrection {
                gain: 1.0,
                offset: truth - shown,
            },
            (CalibrationKind::Level, pairs) => fit_line(pairs)?,
            // All runs together: dividing the sums weights each run by its volume.
            (CalibrationKind::Pulses, pairs) => scale_correction(
                sum_pairs(pairs, |pair| pair.1),
                sum_pairs(pairs, |pair| pair.0),
            ),
            // Ratio mounted over ratio set: a meter set to half of the mounted ratio shows half.
            (CalibrationKind::Ct, [set, mounted]) => {
                scale_correction(mounted.0 * set.1, mounted.1 * set.0)
            }
            (CalibrationKind::Ct, _) => return None,
        };
        (line.gain.is_finite() && line.offset.is_finite()).then_some(line)
    }

    /// The swap of a meter; `None` for other kinds and a withdrawal.
    pub fn swap(&self) -> Option<MeterSwap> {
        let (CalibrationKind::Swap, [(old_last, new_first), (at, _)]) =
            (self.kind, self.pairs.as_slice())
        else {
            return None;
        };
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a date")]
        let at = UtcMs(at.round() as i64);
        Some(MeterSwap {
            at,
            old_last: *old_last,
            new_first: *new_first,
        })
    }

    /// Whether it applies to this point or tank.
    pub fn applies_to(&self, target: &str) -> bool {
        self.targets.iter().any(|one| **one == *target)
    }
}

fn scale_correction(truth: f64, shown: f64) -> LinearCorrection {
    LinearCorrection {
        gain: truth / shown,
        offset: 0.0,
    }
}

fn sum_pairs(pairs: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> f64 {
    pairs.iter().map(of).sum()
}

/// Straight line by least squares; exact for two points.
fn fit_line(pairs: &[(f64, f64)]) -> Option<LinearCorrection> {
    let count = pairs.iter().fold(0.0, |count, _| count + 1.0);
    let (mean_x, mean_y) = (
        sum_pairs(pairs, |pair| pair.0) / count,
        sum_pairs(pairs, |pair| pair.1) / count,
    );
    let across = sum_pairs(pairs, |pair| (pair.0 - mean_x) * (pair.1 - mean_y));
    let along = sum_pairs(pairs, |pair| (pair.0 - mean_x) * (pair.0 - mean_x));
    let gain = across / along;
    // Pairs with one and the same shown value do not define a line.
    (along > 0.0).then_some(LinearCorrection {
        gain,
        offset: mean_y - gain * mean_x,
    })
}

impl CalibrationHistory {
    /// History of all entries, in any order.
    pub fn new(mut entries: Vec<CalibrationEntry>) -> Self {
        // `in_force` searches backwards, so that of several entries of one day the last one counts.
        entries.sort_by_key(|entry| (entry.said.since, entry.id));
        Self(entries)
    }

    /// All entries, withdrawals included, by their day.
    pub fn entries(&self) -> &[CalibrationEntry] {
        &self.0
    }

    /// Withdrawal of an entry.
    pub fn withdrawal(&self, id: CalibrationId) -> Option<&CalibrationEntry> {
        let mut all = self.0.iter();
        all.find(|entry| entry.said.withdraws == Some(id))
    }

    /// Swaps of the meter behind a point that are not withdrawn, by their moment. A withdrawn one
    /// was none: it counts on no day.
    pub fn swaps_of(&self, point: &str) -> Vec<MeterSwap> {
        let of_point = |entry: &&CalibrationEntry| {
            entry.said.applies_to(point) && self.withdrawal(entry.id).is_none()
        };
        let held = self.0.iter().filter(of_point);
        let mut all: Vec<MeterSwap> = held.filter_map(|entry| entry.said.swap()).collect();
        all.sort_by_key(|swap| swap.at);
        all
    }

    /// Numbers of the swaps of a point on these days that are not withdrawn.
    pub fn swaps_within(&self, point: &str, (first, last): (Date, Date)) -> Vec<CalibrationId> {
        let held = self.0.iter().filter(|entry| {
            let said = &entry.said;
            said.swap().is_some()
                && said.applies_to(point)
                && (first..=last).contains(&said.since)
                && self.withdrawal(entry.id).is_none()
        });
        held.map(|entry| entry.id).collect()
    }

    /// Calibration of one kind in force for a point or tank on a local day: the latest one not
    /// withdrawn by then.
    pub fn in_force(
        &self,
        kind: CalibrationKind,
        target: &str,
        day: Date,
    ) -> Option<&CalibrationEntry> {
        let holds = |entry: &&CalibrationEntry| {
            let said = &entry.said;
            let is_of = said.kind == kind && said.withdraws.is_none() && said.applies_to(target);
            is_of && said.since <= day && !self.is_withdrawn(entry.id, day)
        };
        self.0.iter().rev().find(holds)
    }

    /// Whether the entry is withdrawn on that local day.
    pub fn is_withdrawn(&self, id: CalibrationId, day: Date) -> bool {
        self.withdrawal(id)
            .is_some_and(|entry| entry.said.since <= day)
    }

    /// Correction in force for a point on a local day, [`LinearCorrection::NONE`] if there is none.
    /// The growth of a counter on that day is multiplied by `gain`; its reading is not changed.
    pub fn at(&self, point: &str, day: Date) -> LinearCorrection {
        // A strapping table is not a correction of a reading; it replaces the shape of the tank.
        let kinds = [
            CalibrationKind::Level,
            CalibrationKind::Pulses,
            CalibrationKind::Ct,
        ]
        .into_iter();
        let lines =
            kinds.filter_map(|kind| self.in_force(kind, point, day)?.said.linear_correction());
        lines.fold(LinearCorrection::NONE, LinearCorrection::followed_by)
    }

    /// Strapping table in force for a tank on a local day, as (level in m, volume in m3), levels
    /// rising. It replaces the configured shape.
    pub fn strapping_table_on(&self, tank: &str, day: Date) -> Option<Vec<(f64, f64)>> {
        let entry = self.in_force(CalibrationKind::Strapping, tank, day)?;
        let rows = entry.said.pairs.iter();
        Some(
            rows.map(|(level, litres)| (*level, litres / 1000.0))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn entry(id: u64, kind: CalibrationKind, pairs: &[(f64, f64)], day: i8) -> CalibrationEntry {
        CalibrationEntry {
            id,
            said: Calibration {
                kind,
                targets: vec!["level.level".into()],
                pairs: pairs.to_vec(),
                since: date(2026, 11, day),
                withdraws: None,
                who: "Budi".to_owned(),
                note: String::new(),
            },
            recorded_at: UtcMs(0),
            recorded_by: "test".to_owned(),
        }
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn the_days_before_a_calibration_are_as_they_were() {
        let two = entry(1, CalibrationKind::Level, &[(0.05, 0.0), (1.05, 1.1)], 20);
        let all = CalibrationHistory::new(vec![two]);
        assert_eq!(
            all.at("level.level", date(2026, 11, 19)),
            LinearCorrection::NONE
        );
        assert_close(all.at("level.level", date(2026, 11, 20)).apply(0.55), 0.55);
        assert_close(all.at("level.level", date(2027, 1, 1)).apply(1.05), 1.1);
        assert_eq!(
            all.at("other.level", date(2026, 11, 20)),
            LinearCorrection::NONE
        );
    }

    #[test]
    fn a_withdrawal_brings_the_one_before_back_from_its_day_on_and_not_before() {
        let mut withdrawal = entry(3, CalibrationKind::Level, &[], 24);
        withdrawal.said.withdraws = Some(2);
        let first = entry(1, CalibrationKind::Level, &[(0.1, 0.0)], 20);
        let second = entry(2, CalibrationKind::Level, &[(0.2, 0.0)], 22);
        let all = CalibrationHistory::new(vec![withdrawal, second, first]);
        let offset = |day| all.at("level.level", date(2026, 11, day)).offset;
        assert_close(offset(21), -0.1);
        assert_close(offset(23), -0.2);
        assert_close(offset(24), -0.1);
    }

    #[test]
    fn a_counter_is_scaled_by_all_runs_together() {
        let pulses = entry(1, CalibrationKind::Pulses, &[(10.0, 9.0), (30.0, 27.0)], 20);
        assert_close(pulses.said.linear_correction().unwrap().gain, 0.9);
        assert_close(pulses.said.linear_correction().unwrap().offset, 0.0);
    }

    #[test]
    fn a_meter_set_to_half_the_transformer_shows_half() {
        let ct = entry(1, CalibrationKind::Ct, &[(100.0, 5.0), (200.0, 5.0)], 20);
        assert_close(ct.said.linear_correction().unwrap().gain, 2.0);
    }

    #[test]
    fn all_swaps_of_a_meter_hold_until_they_are_withdrawn_and_correct_no_reading() {
        let swap =
            |id: u64, at: f64| entry(id, CalibrationKind::Swap, &[(120.5, 0.0), (at, 0.0)], 20);
        let mut withdrawal = entry(3, CalibrationKind::Swap, &[], 20);
        withdrawal.said.withdraws = Some(2);
        let both = vec![swap(2, 2000.0), swap(1, 1000.0)];
        let all = CalibrationHistory::new(both.clone());
        let moments = |all: &CalibrationHistory| -> Vec<i64> {
            let swaps = all.swaps_of("level.level");
            swaps.iter().map(|swap| swap.at.0).collect()
        };
        assert_eq!(moments(&all), [1000, 2000]);
        assert_eq!(all.swaps_of("other.level"), []);
        assert_eq!(
            all.at("level.level", date(2026, 11, 21)),
            LinearCorrection::NONE
        );
        let all = CalibrationHistory::new([both, vec![withdrawal]].concat());
        assert_eq!(moments(&all), [1000]);
    }

    #[test]
    fn a_strapping_table_is_in_cubic_metres() {
        let table = entry(
            1,
            CalibrationKind::Strapping,
            &[(0.0, 0.0), (1.0, 950.0)],
            20,
        );
        let all = CalibrationHistory::new(vec![table]);
        let rows = all.strapping_table_on("level.level", date(2026, 11, 20));
        assert_eq!(rows, Some(vec![(0.0, 0.0), (1.0, 0.95)]));
        assert_eq!(
            all.strapping_table_on("level.level", date(2026, 11, 19)),
            None
        );
    }

    proptest! {
        #[test]
        fn a_line_through_two_points_meets_both(
            shown in -5.0..5.0_f64, apart in 0.1..5.0_f64,
            low in -5.0..5.0_f64, gain in 0.5..2.0_f64,
        ) {
            let pairs = [(shown, low), (shown + apart, low + gain * apart)];
            let entry = entry(1, CalibrationKind::Level, &pairs, 20);
            let line = entry.said.linear_correction().unwrap();
            for (shown, truth) in pairs {
                prop_assert!((line.apply(shown) - truth).abs() < 1e-6);
            }
        }
    }
}
