//! Correction of a sensor that drifts between two calibrations (G.6).

/// Errors found at two calibrations, each (time, error) with error = shown − true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationPair {
    /// Earlier calibration.
    pub first: (f64, f64),
    /// Later calibration.
    pub second: (f64, f64),
}

/// Returns the value at `t` less the error interpolated between two calibrations (G.6); `None`
/// outside them. Times in any one unit, errors in the value's unit. Raw values are kept elsewhere.
pub fn drift_correct(value: f64, t: f64, calibrations: CalibrationPair) -> Option<f64> {
    let ((t0, e0), (t1, e1)) = (calibrations.first, calibrations.second);
    // The error outside two calibrations is unknown and is not extrapolated.
    let between = t0 < t1 && (t0..=t1).contains(&t);
    between.then(|| value - (e0 + (e1 - e0) * (t - t0) / (t1 - t0)))
}
