//! D.4, D.5: what flowed in and out of a tank, from its level alone, and whether it leaks.

use super::{Status, Sum};
use crate::limits::LEAK_POINTS_MAX;

/// Leak threshold where the level is quiet, m³/h (D.5).
pub const LEAK_M3_H: f64 = 0.005;
/// Fewer points in a night give no verdict (D.5).
const LEAK_POINTS_MIN: usize = 6;
/// Of so many nights in a row ...
pub const LEAK_NIGHTS: usize = 5;
/// ... so many must leak before a leak is suspected (D.5).
pub const LEAK_NIGHTS_MIN: usize = 3;

/// Inflow and outflow of a tank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    /// Why there is none.
    pub status: Status,
    /// Water that came in, m³: a lower bound.
    pub inflow_m3: Option<f64>,
    /// Water that went out, m³: a lower bound.
    pub outflow_m3: Option<f64>,
    /// What the deadband still holds, m³: inflow − outflow + residual = last − first.
    pub residual_m3: Option<f64>,
    /// Steps that were taken across missing volumes.
    pub across_gap: usize,
}

/// D.4 as a stream: a change of at least `deadband_m3` against the reference is inflow or outflow
/// and moves the reference; a smaller one waits, so that a slow leak adds up. Deadband = 3 times
/// the standard deviation at night.
#[derive(Clone, Copy, Debug)]
pub struct MassBalance {
    deadband_m3: f64,
    reference: Option<f64>,
    last: f64,
    gap: bool,
    rebase: bool,
    valid: usize,
    inflow: Sum,
    outflow: Sum,
    across_gap: usize,
}

impl MassBalance {
    /// Nothing yet.
    pub fn new(deadband_m3: f64) -> Self {
        Self {
            deadband_m3,
            reference: None,
            last: 0.0,
            gap: false,
            rebase: false,
            valid: 0,
            inflow: Sum::default(),
            outflow: Sum::default(),
            across_gap: 0,
        }
    }

    /// From the next volume on another measure holds: what it differs from the last one is no flow.
    pub fn rebase(&mut self) {
        self.rebase = self.valid > 0;
    }

    /// The next volume in m³, or that it is missing.
    pub fn push(&mut self, v_m3: Option<f64>) {
        let Some(v) = v_m3 else {
            self.gap = true;
            return;
        };
        if std::mem::take(&mut self.rebase) {
            let shift = v - self.last;
            self.reference = self.reference.map(|reference| reference + shift);
        }
        let reference = *self.reference.get_or_insert(v);
        let across = self.gap && self.valid > 0;
        (self.gap, self.last) = (false, v);
        self.valid += 1;
        let change = v - reference;
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

    /// The balance so far.
    pub fn finish(&self) -> Balance {
        let enough = self.valid >= 2;
        let known = |x: f64| enough.then_some(x);
        Balance {
            status: if enough {
                Status::Ok
            } else {
                Status::Insufficient
            },
            inflow_m3: known(self.inflow.value()),
            outflow_m3: known(self.outflow.value()),
            residual_m3: self.reference.and_then(|r| known(self.last - r)),
            across_gap: self.across_gap,
        }
    }
}

/// D.4 over a slice; see [`MassBalance`].
pub fn mass_balance(v_m3: &[Option<f64>], deadband_m3: f64) -> Balance {
    let mut balance = MassBalance::new(deadband_m3);
    for v in v_m3 {
        balance.push(*v);
    }
    balance.finish()
}

/// One night's verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakNight {
    /// Theil-Sen slope of the volume, m³/h.
    pub slope_m3_h: Option<f64>,
    /// Whether it falls by at least the threshold.
    pub leak: Option<bool>,
    /// Why there is no verdict.
    pub status: Status,
}

/// D.5: Theil-Sen slope of the volume between 00:00 and 04:00 (no rain for 2 h, pump off); a leak
/// when slope ≤ −`threshold_m3_h` (default: the larger of 5 L/h and 3σ). Fewer than 6 points give
/// no verdict. `points` are (time in h, volume in m³); their order does not matter.
pub fn leak_night(points: &[(f64, Option<f64>)], threshold_m3_h: f64) -> LeakNight {
    let valid = points.iter().filter_map(|&(t, v)| Some((t, v?)));
    let mut valid: Vec<(f64, f64)> = valid.collect();
    valid.sort_by(|a, b| a.0.total_cmp(&b.0));
    let enough = valid.len() >= LEAK_POINTS_MIN;
    let slope_m3_h = theil_sen(&valid).filter(|_| enough);
    LeakNight {
        slope_m3_h,
        leak: slope_m3_h.map(|slope| slope <= -threshold_m3_h),
        status: slope_m3_h.map_or(Status::Insufficient, |_| Status::Ok),
    }
}

/// The median of the slopes of all pairs; of very many points every n-th is taken.
fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    let step = points.len().div_ceil(LEAK_POINTS_MAX).max(1);
    let points: Vec<_> = points.iter().step_by(step).collect();
    let mut slopes = Vec::new();
    for (at, (t0, v0)) in points.iter().enumerate() {
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

/// D.5 over nights, the newest last: a leak is suspected when 3 of the last 5 nights with a
/// verdict leak. Nothing while there are fewer than 3 verdicts.
pub fn leak_suspected(nights: &[Option<bool>]) -> Option<bool> {
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
            if found.status == Status::Ok {
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
