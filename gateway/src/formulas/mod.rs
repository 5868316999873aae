//! Formulas of the methods as pure functions: numbers in, numbers out; no storage, no clock, no
//! network. One file a concept.
//!
//! Entry types: [`crate::methods::FormulaMethod`], which reaches each formula by its name, and
//! [`counters::CounterTotal`], the total of a meter. A stream of samples goes through a struct with
//! `push` and `finish`; a slice function is a loop over it:
//!
//! ```text
//! let mut insolation = PlaneInsolationSum::default();
//! for (irradiance_w_m2, step_s) in samples { insolation.push(irradiance_w_m2, step_s); }
//! let h_kwh_m2 = insolation.finish().kwh_m2;   // None without a valid record
//! ```
//!
//! Every function names its section of the methods (A.1 to G.8), its units and its validity. A
//! value that cannot be defended is `None` with a [`FormulaStatus`], never 0. Only
//! [`claim_rounding::round_claim`] rounds. The same formulas on the command line: `pantau method`.
//! See `docs/reports.md` for how they are counted, `docs/factors.md` for factors.

pub mod claim_rounding;
mod compensated_sum;
pub mod completeness;
mod counter_event;
mod counter_result;
pub mod counter_segments;
pub mod counters;
mod formula_status;
pub mod ledger_value;
pub mod local_periods;
pub mod power_integral;
pub mod saved_state;
pub mod sensor_drift;
mod set_aside_readings;
pub mod uncertainty;

pub use compensated_sum::CompensatedSum;
pub use formula_status::{FormulaStatus, ValueDirection};

/// Standard acceleration of gravity, m/s² (ISO 80000-3).
pub const GRAVITY_M_S2: f64 = 9.806_65;
/// Density of water unless the caller gives another, kg/m³. True density at 28 °C is 996.24 kg/m³,
/// so that energy is overstated by 0.4 %.
pub const WATER_KG_M3: f64 = 1000.0;
/// Seconds per hour.
pub const HOUR_S: f64 = 3600.0;

/// Returns `a / b`, or `None` if the quotient is not finite (a zero divisor, a NaN input).
pub fn finite_ratio(a: f64, b: f64) -> Option<f64> {
    finite_number(a / b)
}

/// Returns `x`, or `None` if it is infinite or NaN.
pub fn finite_number(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Converts a count into a floating-point number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of records stay far below 2^53"
)]
pub fn count_as_f64(n: usize) -> f64 {
    n as f64
}
