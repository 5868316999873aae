//! Energy from power samples (A.1), for devices without an energy counter.

use super::saved_state::saved_fields;
use super::{CompensatedSum, FormulaStatus, HOUR_S};

/// Result of [`PowerIntegral`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntegratedEnergy {
    /// [`FormulaStatus::Ok`], or the reason for which there is no energy.
    pub status: FormulaStatus,
    /// Energy of the intervals with a positive mean power, kWh.
    pub positive_kwh: Option<f64>,
    /// Energy of the intervals with a negative mean power, kWh, as a positive number.
    pub negative_kwh: Option<f64>,
    /// Time covered by valid neighbours, s.
    pub covered_s: f64,
    /// Time in gaps, s.
    pub gap_s: f64,
}

/// Streaming energy from power (A.1): the trapezoid between two valid neighbours at most
/// `max_gap_s` apart. Any other interval is a gap and is never bridged.
///
/// Times in s must grow; a step back makes the result [`FormulaStatus::TimeOrder`].
#[derive(Clone, Debug)]
pub struct PowerIntegral {
    max_gap_s: f64,
    last: Option<(f64, Option<f64>)>,
    positive: CompensatedSum,
    negative: CompensatedSum,
    covered: CompensatedSum,
    gap: CompensatedSum,
    intervals: usize,
    disordered: bool,
}

saved_fields!(PowerIntegral {
    max_gap_s,
    last,
    positive,
    negative,
    covered,
    gap,
    intervals,
    disordered,
});

impl PowerIntegral {
    /// Creates an empty sum. Default of the methods for `max_gap_s`: twice the nominal interval.
    pub fn new(max_gap_s: f64) -> Self {
        Self {
            max_gap_s,
            last: None,
            positive: CompensatedSum::default(),
            negative: CompensatedSum::default(),
            covered: CompensatedSum::default(),
            gap: CompensatedSum::default(),
            intervals: 0,
            disordered: false,
        }
    }

    /// Adds one record: time in s, power in W or `None`.
    pub fn push(&mut self, t_s: f64, power_w: Option<f64>) {
        self.push_within(t_s, power_w, 0.0);
    }

    /// Adds one record like [`Self::push`]. It may be `reach_s` after the one before it, if that is
    /// longer than the maximum gap: a record of a log with a longer interval. Returns the time that
    /// it adds to the covered one, s: 0 after a gap.
    pub fn push_within(&mut self, t_s: f64, power_w: Option<f64>, reach_s: f64) -> f64 {
        let Some((before_s, before_w)) = self.last.replace((t_s, power_w)) else {
            return 0.0;
        };
        let dt = t_s - before_s;
        self.disordered |= dt <= 0.0;
        match (before_w, power_w) {
            // A power log says nothing about a gap, unlike a counter, which counts on. The
            // first interval after a gap is kept; rdtools drops it.
            (Some(a), Some(b)) if dt <= self.max_gap_s.max(reach_s) => {
                self.add_interval(f64::midpoint(a, b), dt);
                dt
            }
            _ => {
                self.gap.add(dt);
                0.0
            }
        }
    }

    fn add_interval(&mut self, mean_w: f64, dt: f64) {
        // Split by the sign of the mean, so that standby at night does not reduce the day's
        // generation.
        let kwh = mean_w * dt / HOUR_S / 1000.0;
        if kwh >= 0.0 {
            self.positive.add(kwh);
        } else {
            self.negative.add(-kwh);
        }
        self.covered.add(dt);
        self.intervals += 1;
    }

    /// Returns the energies so far.
    pub fn finish(&self) -> IntegratedEnergy {
        let status = match (self.disordered, self.intervals) {
            (true, _) => FormulaStatus::TimeOrder,
            (false, 0) => FormulaStatus::Insufficient,
            _ => FormulaStatus::Ok,
        };
        let known = |sum: CompensatedSum| (status == FormulaStatus::Ok).then(|| sum.value());
        IntegratedEnergy {
            status,
            positive_kwh: known(self.positive),
            negative_kwh: known(self.negative),
            covered_s: self.covered.value(),
            gap_s: self.gap.value(),
        }
    }
}

/// Energy of a slice of (time in s, power in W) (A.1); see [`PowerIntegral`].
pub fn energy_from_power(samples: &[(f64, Option<f64>)], max_gap_s: f64) -> IntegratedEnergy {
    let mut energy = PowerIntegral::new(max_gap_s);
    for &(t, p) in samples {
        energy.push(t, p);
    }
    energy.finish()
}

/// Returns twice the nominal interval, s (A.1). The nominal interval is the median step between
/// records.
pub fn default_max_gap(samples: &[(f64, Option<f64>)]) -> f64 {
    let mut steps: Vec<f64> = samples.windows(2).map(|w| w[1].0 - w[0].0).collect();
    steps.sort_by(f64::total_cmp);
    2.0 * steps.get(steps.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_between_two_gaps_carries_no_energy() {
        let samples = [(0.0, Some(100.0)), (10.0, None), (20.0, Some(100.0))];
        let found = energy_from_power(&samples, 10.0);
        assert_eq!(found.status, FormulaStatus::Insufficient);
        assert_eq!(found.positive_kwh, None);
        assert_eq!(found.gap_s.to_bits(), 20.0_f64.to_bits());
    }

    #[test]
    fn times_that_do_not_grow_give_no_figure() {
        let samples = [(10.0, Some(1.0)), (0.0, Some(1.0)), (20.0, Some(1.0))];
        assert_eq!(
            energy_from_power(&samples, 60.0).status,
            FormulaStatus::TimeOrder
        );
    }
}
