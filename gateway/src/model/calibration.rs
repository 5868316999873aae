//! Calibrations: what a technician found a point to show, and what was true. Dated entries: nothing
//! before its day is changed by one, and a withdrawal has its own day.

use super::UtcMs;
use jiff::civil::Date;
use std::str::FromStr;
use std::sync::Arc;

/// The number of a calibration: 1, 2, 3, ...
pub type CalibrationId = u64;

/// What was calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A level against a dip stick.
    Level,
    /// A tank by a metered fill.
    Strapping,
    /// A water meter by a counted volume.
    Pulses,
    /// A meter's current transformers: what it is set to, and what is mounted.
    Ct,
}

/// What a technician says, before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// What was calibrated.
    pub kind: Kind,
    /// Points that it corrects; of a strapping table the id of the tank alone.
    pub targets: Vec<Arc<str>>,
    /// Level: (shown, true), both in the point's unit. Strapping: (level m, volume L), levels
    /// rising. Pulses: (shown, true) growth, both in the point's unit. Ct: (primary A, secondary A)
    /// that the meter is set to, then that are mounted. Empty in a withdrawal.
    pub pairs: Vec<(f64, f64)>,
    /// First local day on which it holds; of a withdrawal, the first on which it holds no more.
    pub since: Date,
    /// The calibration that this one withdraws.
    pub withdraws: Option<CalibrationId>,
    /// Who did it.
    pub who: String,
    /// Anything else; the reason of a withdrawal.
    pub note: String,
}

/// A calibration as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number.
    pub id: CalibrationId,
    /// What was said.
    pub said: Calibration,
    /// When it was written down, by the gateway's clock.
    pub recorded_at: UtcMs,
    /// Who or what wrote it down: a user of the system, a script.
    pub recorded_by: String,
}

/// true = `gain` x shown + `offset`. Of a counter only the growth is corrected, so that its offset
/// is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// True for each shown.
    pub gain: f64,
    /// In the point's unit.
    pub offset: f64,
}

/// All calibrations of a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrations(Vec<Entry>);

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Level, Self::Strapping, Self::Pulses, Self::Ct];

    /// Its word in files, APIs and catalogue keys (`calibrate-kind-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Strapping => "strapping",
            Self::Pulses => "pulses",
            Self::Ct => "ct",
        }
    }
}

impl FromStr for Kind {
    type Err = super::ledger::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or(super::ledger::UnknownWord)
    }
}

impl Line {
    /// What is shown is true.
    pub const NONE: Self = Self {
        gain: 1.0,
        offset: 0.0,
    };

    /// The true value, in the point's unit.
    pub fn apply(self, shown: f64) -> f64 {
        self.gain * shown + self.offset
    }

    /// First this one, then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            gain: next.gain * self.gain,
            offset: next.gain * self.offset + next.offset,
        }
    }
}

impl Calibration {
    /// The correction that it makes; `None` for a strapping table, a withdrawal, and pairs through
    /// which no line goes.
    pub fn line(&self) -> Option<Line> {
        let line = match (self.kind, self.pairs.as_slice()) {
            (Kind::Strapping, _) | (_, []) => return None,
            (Kind::Level, [(shown, truth)]) => Line {
                gain: 1.0,
                offset: truth - shown,
            },
            (Kind::Level, pairs) => through(pairs)?,
            (Kind::Pulses, pairs) => scaled(sum(pairs, |pair| pair.1), sum(pairs, |pair| pair.0)),
            (Kind::Ct, [set, mounted]) => scaled(mounted.0 * set.1, mounted.1 * set.0),
            (Kind::Ct, _) => return None,
        };
        (line.gain.is_finite() && line.offset.is_finite()).then_some(line)
    }

    /// It corrects this point, or is of this tank.
    pub fn is_of(&self, target: &str) -> bool {
        self.targets.iter().any(|one| **one == *target)
    }
}

fn scaled(truth: f64, shown: f64) -> Line {
    Line {
        gain: truth / shown,
        offset: 0.0,
    }
}

fn sum(pairs: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> f64 {
    pairs.iter().map(of).sum()
}

/// The straight line with the least squares; through two points exactly.
fn through(pairs: &[(f64, f64)]) -> Option<Line> {
    let count = pairs.iter().fold(0.0, |count, _| count + 1.0);
    let (mean_x, mean_y) = (
        sum(pairs, |pair| pair.0) / count,
        sum(pairs, |pair| pair.1) / count,
    );
    let across = sum(pairs, |pair| (pair.0 - mean_x) * (pair.1 - mean_y));
    let along = sum(pairs, |pair| (pair.0 - mean_x) * (pair.0 - mean_x));
    let gain = across / along;
    (along > 0.0).then_some(Line {
        gain,
        offset: mean_y - gain * mean_x,
    })
}

impl Calibrations {
    /// Of all entries, in any order.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| (entry.said.since, entry.id));
        Self(entries)
    }

    /// All entries, withdrawals as well, by their day.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The withdrawal of an entry.
    pub fn withdrawal(&self, id: CalibrationId) -> Option<&Entry> {
        let mut all = self.0.iter();
        all.find(|entry| entry.said.withdraws == Some(id))
    }

    /// The calibration of this kind in force for a point or tank on a local day: the latest one
    /// that was not withdrawn up to then.
    pub fn in_force(&self, kind: Kind, target: &str, day: Date) -> Option<&Entry> {
        let holds = |entry: &&Entry| {
            let said = &entry.said;
            let is_of = said.kind == kind && said.withdraws.is_none() && said.is_of(target);
            is_of && said.since <= day && !self.is_withdrawn(entry.id, day)
        };
        self.0.iter().rev().find(holds)
    }

    /// The entry is withdrawn on that local day.
    pub fn is_withdrawn(&self, id: CalibrationId, day: Date) -> bool {
        self.withdrawal(id)
            .is_some_and(|entry| entry.said.since <= day)
    }

    /// The correction in force for a point on a local day; [`Line::NONE`] when there is none. A
    /// counter's growth within the day is multiplied with `gain`; its reading is left alone.
    pub fn at(&self, point: &str, day: Date) -> Line {
        let kinds = [Kind::Level, Kind::Pulses, Kind::Ct].into_iter();
        let lines = kinds.filter_map(|kind| self.in_force(kind, point, day)?.said.line());
        lines.fold(Line::NONE, Line::then)
    }

    /// The strapping table in force for a tank on a local day, as (level m, volume m3), levels
    /// rising: it stands in the place of the configured shape.
    pub fn strapping(&self, tank: &str, day: Date) -> Option<Vec<(f64, f64)>> {
        let entry = self.in_force(Kind::Strapping, tank, day)?;
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

    fn entry(id: u64, kind: Kind, pairs: &[(f64, f64)], day: i8) -> Entry {
        Entry {
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
    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn the_days_before_a_calibration_are_as_they_were() {
        let two = entry(1, Kind::Level, &[(0.05, 0.0), (1.05, 1.1)], 20);
        let all = Calibrations::new(vec![two]);
        assert_eq!(all.at("level.level", date(2026, 11, 19)), Line::NONE);
        close(all.at("level.level", date(2026, 11, 20)).apply(0.55), 0.55);
        close(all.at("level.level", date(2027, 1, 1)).apply(1.05), 1.1);
        assert_eq!(all.at("other.level", date(2026, 11, 20)), Line::NONE);
    }

    #[test]
    fn a_withdrawal_brings_the_one_before_back_from_its_day_on_and_not_before() {
        let mut withdrawal = entry(3, Kind::Level, &[], 24);
        withdrawal.said.withdraws = Some(2);
        let first = entry(1, Kind::Level, &[(0.1, 0.0)], 20);
        let second = entry(2, Kind::Level, &[(0.2, 0.0)], 22);
        let all = Calibrations::new(vec![withdrawal, second, first]);
        let offset = |day| all.at("level.level", date(2026, 11, day)).offset;
        close(offset(21), -0.1);
        close(offset(23), -0.2);
        close(offset(24), -0.1);
    }

    #[test]
    fn a_counter_is_scaled_by_all_runs_together() {
        let pulses = entry(1, Kind::Pulses, &[(10.0, 9.0), (30.0, 27.0)], 20);
        close(pulses.said.line().unwrap().gain, 0.9);
        close(pulses.said.line().unwrap().offset, 0.0);
    }

    #[test]
    fn a_meter_set_to_half_the_transformer_shows_half() {
        let ct = entry(1, Kind::Ct, &[(100.0, 5.0), (200.0, 5.0)], 20);
        close(ct.said.line().unwrap().gain, 2.0);
    }

    #[test]
    fn a_strapping_table_is_in_cubic_metres() {
        let table = entry(1, Kind::Strapping, &[(0.0, 0.0), (1.0, 950.0)], 20);
        let all = Calibrations::new(vec![table]);
        let rows = all.strapping("level.level", date(2026, 11, 20));
        assert_eq!(rows, Some(vec![(0.0, 0.0), (1.0, 0.95)]));
        assert_eq!(all.strapping("level.level", date(2026, 11, 19)), None);
    }

    proptest! {
        #[test]
        fn a_line_through_two_points_meets_both(
            shown in -5.0..5.0_f64, apart in 0.1..5.0_f64,
            low in -5.0..5.0_f64, gain in 0.5..2.0_f64,
        ) {
            let pairs = [(shown, low), (shown + apart, low + gain * apart)];
            let line = entry(1, Kind::Level, &pairs, 20).said.line().unwrap();
            for (shown, truth) in pairs {
                prop_assert!((line.apply(shown) - truth).abs() < 1e-6);
            }
        }
    }
}
