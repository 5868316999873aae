//! A.1: energy from power, for devices without an energy counter.

use super::{HOUR_S, Status, Sum};

/// What [`EnergyFromPower`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energy {
    /// [`Status::Ok`], or why there is no energy.
    pub status: Status,
    /// Energy of the intervals with a positive mean, kWh.
    pub positive_kwh: Option<f64>,
    /// Energy of the intervals with a negative mean as a positive number, kWh.
    pub negative_kwh: Option<f64>,
    /// Time between valid neighbours, s.
    pub covered_s: f64,
    /// Time that nothing is known about, s.
    pub gap_s: f64,
}

/// A.1 as a stream: the trapezoid between two valid neighbours at most `max_gap_s` apart; any
/// other interval is a gap and is never bridged. Each interval's energy goes to one side by the
/// sign of its mean, so that night standby does not lessen the day's generation.
///
/// Times in s must grow; a step back makes the result [`Status::TimeOrder`].
#[derive(Clone, Debug)]
pub struct EnergyFromPower {
    max_gap_s: f64,
    last: Option<(f64, Option<f64>)>,
    positive: Sum,
    negative: Sum,
    covered: Sum,
    gap: Sum,
    intervals: usize,
    disordered: bool,
}

impl EnergyFromPower {
    /// Nothing yet. `max_gap_s`: twice the nominal interval is the methods' default.
    pub fn new(max_gap_s: f64) -> Self {
        Self {
            max_gap_s,
            last: None,
            positive: Sum::default(),
            negative: Sum::default(),
            covered: Sum::default(),
            gap: Sum::default(),
            intervals: 0,
            disordered: false,
        }
    }

    /// One record: time in s, power in W or nothing.
    pub fn push(&mut self, t_s: f64, power_w: Option<f64>) {
        if let Some((before_s, before_w)) = self.last.replace((t_s, power_w)) {
            let dt = t_s - before_s;
            self.disordered |= dt <= 0.0;
            match (before_w, power_w) {
                (Some(a), Some(b)) if dt <= self.max_gap_s => {
                    self.interval(f64::midpoint(a, b), dt);
                }
                _ => self.gap.add(dt),
            }
        }
    }

    fn interval(&mut self, mean_w: f64, dt: f64) {
        let kwh = mean_w * dt / HOUR_S / 1000.0;
        if kwh >= 0.0 {
            self.positive.add(kwh);
        } else {
            self.negative.add(-kwh);
        }
        self.covered.add(dt);
        self.intervals += 1;
    }

    /// The energies so far.
    pub fn finish(&self) -> Energy {
        let status = match (self.disordered, self.intervals) {
            (true, _) => Status::TimeOrder,
            (false, 0) => Status::Insufficient,
            _ => Status::Ok,
        };
        let known = |sum: Sum| (status == Status::Ok).then(|| sum.value());
        Energy {
            status,
            positive_kwh: known(self.positive),
            negative_kwh: known(self.negative),
            covered_s: self.covered.value(),
            gap_s: self.gap.value(),
        }
    }
}

/// A.1 over a slice of (time in s, power in W); see [`EnergyFromPower`].
pub fn energy_from_power(samples: &[(f64, Option<f64>)], max_gap_s: f64) -> Energy {
    let mut energy = EnergyFromPower::new(max_gap_s);
    for &(t, p) in samples {
        energy.push(t, p);
    }
    energy.finish()
}

/// Twice the nominal interval: the median step between records, s. The default of A.1.
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
        assert_eq!(found.status, Status::Insufficient);
        assert_eq!(found.positive_kwh, None);
        assert_eq!(found.gap_s.to_bits(), 20.0_f64.to_bits());
    }

    #[test]
    fn times_that_do_not_grow_give_no_figure() {
        let samples = [(10.0, Some(1.0)), (0.0, Some(1.0)), (20.0, Some(1.0))];
        assert_eq!(energy_from_power(&samples, 60.0).status, Status::TimeOrder);
    }
}
