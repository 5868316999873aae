//! Figures as pure arithmetic: numbers in, numbers out; no store, no clock, no network.
//!
//! Every function names the section of the methods that it follows (A.1 to G.8), its units and its
//! validity. What cannot be defended is `None` with a [`Status`], never 0. Nothing is rounded
//! except by [`rounding::round_claim`]. `methods` makes each one callable by name
//! (`pantau method`).

pub mod balance;
pub mod bsf;
pub mod completeness;
pub mod compost;
pub mod counters;
pub mod drift;
pub mod energy;
pub mod fod;
pub mod fuel;
pub mod grid;
pub mod gwp;
pub mod ledger_value;
pub mod level;
pub mod methods;
pub mod periods;
pub mod pipe;
pub mod pump;
pub mod pv;
pub mod rain;
pub mod rounding;
mod status;
mod sum;
pub mod tank;
pub mod uncertainty;

pub use status::Status;
pub use sum::Sum;

/// Standard acceleration of gravity, m/s² (ISO 80000-3).
pub const GRAVITY: f64 = 9.806_65;
/// Density of water where nobody says another, kg/m³.
pub const WATER: f64 = 1000.0;
/// Seconds of an hour.
pub const HOUR_S: f64 = 3600.0;

/// `a / b`, or nothing where that is no finite number.
pub fn ratio(a: f64, b: f64) -> Option<f64> {
    finite(a / b)
}

/// The number itself, or nothing where it is not finite.
pub fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// A count as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of records stay far below 2^53"
)]
pub fn count(n: usize) -> f64 {
    n as f64
}
