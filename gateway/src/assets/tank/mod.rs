//! Kind `tank`: a water tank. [`settings::TankAsset`] is its checked configuration,
//! `tank_sums::TankSums` sums up its readings, `indicators` makes its figures of them, [`geometry`]
//! and [`mass_balance`] are the arithmetic of METHODS D.

pub mod flow_indicators;
pub mod geometry;
pub mod indicators;
pub mod level_balance;
pub mod level_sensor;
pub mod mass_balance;
pub mod settings;
pub mod shape_settings;
pub mod simulation;
pub mod tank_sums;
mod volume_inputs;
