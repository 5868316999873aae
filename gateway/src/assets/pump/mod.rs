//! Kind `pump`: a water pump. [`settings::PumpAsset`] is its checked configuration,
//! `pump_sums::PumpSums` sums up its readings, `indicators` makes its figures of them, [`formulas`]
//! is the arithmetic of METHODS B.

pub mod formulas;
pub mod head_settings;
pub mod head_sums;
pub mod indicators;
pub mod lift_indicators;
pub mod pipe_friction;
pub mod pump_sums;
pub mod settings;
pub mod simulation;
