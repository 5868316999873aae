//! G.6: a sensor that drifts between two calibrations.

/// Errors found at two calibrations: (time, error) with error = shown − true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibrations {
    /// The earlier one.
    pub first: (f64, f64),
    /// The later one.
    pub second: (f64, f64),
}

/// G.6: the value at `t` less the error interpolated between two calibrations; nothing outside
/// them. Raw values are kept. Times in any unit, errors in the value's.
pub fn drift_correct(value: f64, t: f64, calibrations: Calibrations) -> Option<f64> {
    let ((t0, e0), (t1, e1)) = (calibrations.first, calibrations.second);
    let between = t0 < t1 && (t0..=t1).contains(&t);
    between.then(|| value - (e0 + (e1 - e0) * (t - t0) / (t1 - t0)))
}
