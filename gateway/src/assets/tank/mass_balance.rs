//! Inflow and outflow of a tank from its level alone (D.4), and leak detection at night (D.5).

use crate::formulas::saved_state::saved_fields;
use crate::formulas::{CompensatedSum, FormulaStatus};
use crate::limits::LEAK_POINTS_MAX;

/// Smallest leak threshold, m³/h (D.5: the larger of 5 L/h and three times the noise of the level).
pub const LEAK_M3_H: f64 = 0.005;
/// Points that a night must have for a result (D.5).
const LEAK_POINTS_MIN: usize = 6;
/// Nights looked at for a suspected leak (D.5).
pub const LEAK_NIGHTS: usize = 5;
/// Leaking nights among them from which a leak is suspected (D.5).
pub const LEAK_NIGHTS_MIN: usize = 3;

/// Inflow and outflow of a tank over a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TankBalance {
    /// `Ok`, or the reason for which there is no balance.
    pub status: FormulaStatus,
    /// Inflow, m³. A lower bound: filling and use at the same time cancel out.
    pub inflow_m3: Option<f64>,
    /// Outflow, m³. A lower bound, as for the inflow.
    pub outflow_m3: Option<f64>,
    /// Change below the deadband that is not yet counted, m³: inflow − outflow + residual = last −
    /// first.
    pub residual_m3: Option<f64>,
    /// Number of counted steps that span missing volumes.
    pub across_gap: usize,
}

/// Uncertainty of a meter in the water balance, as a share of its volume.
const METER_SHARE: f64 = 0.05;
/// Uncertainty of volumes by the level of a tank, as a share (D.1: 5 to 10 % without calibration).
const LEVEL_SHARE: f64 = 0.10;

impl TankBalance {
    /// Change of the volume from first to last, m³; negative when the tank was emptied.
    pub fn change_m3(&self) -> Option<f64> {
        Some(self.inflow_m3? - self.outflow_m3? + self.residual_m3?)
    }
}

/// Water that is missing in the metered inflow for the outflow and the change of the volume, m³;
/// `None` while the three can be true. An outflow by the level is a lower bound, so the real gap is
/// larger.
///
/// ```
/// use gateway::assets::tank::mass_balance::missing_inflow;
///
/// // 1.6 m³ came in, 93 m³ went out, and the tank holds as much as before.
/// let missing = missing_inflow([1.6, 93.0, 0.0], 0.01, true);
/// assert!(missing.is_some_and(|m3| m3 > 80.0));
/// assert_eq!(missing_inflow([100.0, 93.0, 2.0], 0.01, true), None);
/// ```
pub fn missing_inflow(
    [inflow, outflow, change]: [f64; 3],
    deadband_m3: f64,
    by_level: bool,
) -> Option<f64> {
    let share = if by_level { LEVEL_SHARE } else { METER_SHARE };
    let tolerance =
        2.0 * deadband_m3 + METER_SHARE * inflow + share * outflow + LEVEL_SHARE * change.abs();
    let missing = outflow + change - inflow;
    (missing > tolerance).then_some(missing)
}

/// Metered inflow that neither the metered outflow nor the volumes account for, m³; `None` while it
/// is within what meters lose or what the tank holds, which may run over or leak.
///
/// ```
/// use gateway::assets::tank::mass_balance::surplus_inflow;
///
/// // 180 m³ came in, 20 m³ went out, and a tank of 5 m³ holds as much as before.
/// assert_eq!(surplus_inflow([180.0, 20.0, 0.0], 0.01, 5.0), Some(160.0));
/// assert_eq!(surplus_inflow([24.0, 20.0, 0.0], 0.01, 5.0), None);
/// ```
pub fn surplus_inflow(
    [inflow, outflow, change]: [f64; 3],
    deadband_m3: f64,
    capacity_m3: f64,
) -> Option<f64> {
    let tolerance =
        2.0 * deadband_m3 + METER_SHARE * (inflow + outflow) + LEVEL_SHARE * change.abs();
    let surplus = inflow - outflow - change;
    (surplus > tolerance.max(capacity_m3)).then_some(surplus)
}

/// Streaming inflow and outflow (D.4). A change of at least `deadband_m3` from the reference counts
/// as inflow or outflow and moves the reference. Deadband: 3 times the standard deviation of the
/// volume at night, m³.
#[derive(Clone, Copy, Debug)]
pub struct TankMassBalance {
    deadband_m3: f64,
    reference: Option<f64>,
    last: f64,
    gap: bool,
    rebase: bool,
    valid: usize,
    inflow: CompensatedSum,
    outflow: CompensatedSum,
    across_gap: usize,
}

saved_fields!(TankMassBalance {
    deadband_m3,
    reference,
    last,
    gap,
    rebase,
    valid,
    inflow,
    outflow,
    across_gap,
});

impl TankMassBalance {
    /// Creates an empty balance.
    pub fn new(deadband_m3: f64) -> Self {
        Self {
            deadband_m3,
            reference: None,
            last: 0.0,
            gap: false,
            rebase: false,
            valid: 0,
            inflow: CompensatedSum::default(),
            outflow: CompensatedSum::default(),
            across_gap: 0,
        }
    }

    /// Marks a change of calibration: the difference between the next volume and the last one is
    /// not counted as flow.
    pub fn restart_reference(&mut self) {
        self.rebase = self.valid > 0;
    }

    /// Adds the next volume, m³; `None` if it is missing.
    pub fn push(&mut self, v_m3: Option<f64>) {
        let Some(v) = v_m3 else {
            self.gap = true;
            return;
        };
        if std::mem::take(&mut self.rebase) {
            // The reference shifts with the calibration, so that the change held by the deadband is
            // kept.
            let shift = v - self.last;
            self.reference = self.reference.map(|reference| reference + shift);
        }
        let reference = *self.reference.get_or_insert(v);
        // A gap before the first volume spans no step.
        let across = self.gap && self.valid > 0;
        (self.gap, self.last) = (false, v);
        self.valid += 1;
        let change = v - reference;
        // The reference stays where it is, so that a leak slower than the deadband adds up until it
        // counts.
        if change == 0.0 || change.abs() < self.deadband_m3 {
            return;
        }
        let side = if change > 0.0 {
            &mut self.inflow
        } else {
            &mut self.outflow
        };
        side.add(change.abs());
        self.reference = Some(v);
        self.across_gap += usize::from(across);
    }

    /// Returns the balance so far.
    pub fn finish(&self) -> TankBalance {
        let enough = self.valid >= 2;
        let known = |x: f64| enough.then_some(x);
        TankBalance {
            status: if enough {
                FormulaStatus::Ok
            } else {
                FormulaStatus::Insufficient
            },
            inflow_m3: known(self.inflow.value()),
            outflow_m3: known(self.outflow.value()),
            residual_m3: self.reference.and_then(|r| known(self.last - r)),
            across_gap: self.across_gap,
        }
    }
}

/// Inflow and outflow over a slice of volumes (D.4); see [`TankMassBalance`].
pub fn mass_balance(v_m3: &[Option<f64>], deadband_m3: f64) -> TankBalance {
    let mut balance = TankMassBalance::new(deadband_m3);
    for v in v_m3 {
        balance.push(*v);
    }
    balance.finish()
}

/// Leak detection of one night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NightLeakCheck {
    /// Theil-Sen slope of the volume, m³/h.
    pub slope_m3_h: Option<f64>,
    /// True if the volume falls by at least the threshold.
    pub leak: Option<bool>,
    /// `Ok`, or the reason for which there is no result.
    pub status: FormulaStatus,
}

/// Leak detection of one night (D.5): Theil-Sen slope of the volume between 00:00 and 04:00 local
/// time (no rain in the last 2 h, pump off). A leak is a slope ≤ −`threshold_m3_h`. Fewer than 6
/// points give no result. `points` are (time in h, volume in m³) in any order.
pub fn leak_night(points: &[(f64, Option<f64>)], threshold_m3_h: f64) -> NightLeakCheck {
    let valid = points.iter().filter_map(|&(t, v)| Some((t, v?)));
    let mut valid: Vec<(f64, f64)> = valid.collect();
    valid.sort_by(|a, b| a.0.total_cmp(&b.0));
    let enough = valid.len() >= LEAK_POINTS_MIN;
    let slope_m3_h = theil_sen(&valid).filter(|_| enough);
    NightLeakCheck {
        slope_m3_h,
        leak: slope_m3_h.map(|slope| slope <= -threshold_m3_h),
        status: slope_m3_h.map_or(FormulaStatus::Insufficient, |_| FormulaStatus::Ok),
    }
}

/// Median of the slopes of all pairs of points (Theil-Sen estimator).
fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    // The number of pairs grows with the square of the points: of very many points every n-th is
    // used.
    let step = points.len().div_ceil(LEAK_POINTS_MAX).max(1);
    let points: Vec<_> = points.iter().step_by(step).collect();
    let mut slopes = Vec::new();
    for (at, (t0, v0)) in points.iter().enumerate() {
        // Two points at the same time have no slope.
        let later = points[at + 1..].iter().filter(|(t1, _)| t1 > t0);
        slopes.extend(later.map(|(t1, v1)| (v1 - v0) / (t1 - t0)));
    }
    slopes.sort_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    let upper = *slopes.get(middle)?;
    Some(if slopes.len() % 2 == 0 {
        f64::midpoint(slopes[middle - 1], upper)
    } else {
        upper
    })
}

/// Leak suspicion over several nights (D.5), newest last: true if 3 of the last 5 nights with a
/// result leak; `None` while there are fewer than 3 results.
pub fn leak_suspected(nights: &[Option<bool>]) -> Option<bool> {
    // A night without a result is skipped and does not count as tight.
    let verdicts = nights.iter().rev().filter_map(|night| *night);
    let last: Vec<bool> = verdicts.take(LEAK_NIGHTS).collect();
    let leaking = last.iter().filter(|leak| **leak).count();
    (last.len() >= LEAK_NIGHTS_MIN).then_some(leaking >= LEAK_NIGHTS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inflow_less_outflow_and_residual_is_the_change_of_volume(
            volumes in proptest::collection::vec(proptest::option::weighted(0.9, 0.0..9.0), 0..200),
            deadband in 0.0..0.5,
        ) {
            let found = mass_balance(&volumes, deadband);
            let valid: Vec<f64> = volumes.iter().flatten().copied().collect();
            if found.status == FormulaStatus::Ok {
                let net = found.inflow_m3.unwrap() - found.outflow_m3.unwrap();
                let change = valid[valid.len() - 1] - valid[0];
                prop_assert!((net + found.residual_m3.unwrap() - change).abs() < 1e-9);
            } else {
                prop_assert!(valid.len() < 2);
            }
        }

        #[test]
        fn a_slope_does_not_depend_on_the_order_of_its_points(
            mut points in proptest::collection::vec(
                (0.0..4.0, proptest::option::of(0.0..2.0)),
                0..40,
            ),
        ) {
            let sorted = leak_night(&points, LEAK_M3_H);
            points.reverse();
            prop_assert_eq!(sorted, leak_night(&points, LEAK_M3_H));
        }
    }

    #[test]
    fn steps_across_missing_volumes_are_counted() {
        let volumes = [None, Some(1.0), None, Some(0.5), Some(0.4), None];
        let found = mass_balance(&volumes, 0.05);
        assert_eq!(found.across_gap, 1);
        assert!((found.outflow_m3.unwrap() - 0.6).abs() < 1e-12);
    }

    #[test]
    fn three_of_five_nights_make_a_leak() {
        let nights = [Some(true), None, Some(true), Some(false), Some(true)];
        assert_eq!(leak_suspected(&nights), Some(true));
        assert_eq!(leak_suspected(&nights[..2]), None);
    }
}
