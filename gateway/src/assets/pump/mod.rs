//! Kind `pump`: a water pump. [`settings::PumpAsset`] is its checked configuration,
//! `indicators::PumpSums` makes its figures, [`formulas`] is the arithmetic of METHODS B.

pub mod formulas;
pub mod head_settings;
pub mod indicators;
pub mod lift_indicators;
pub mod pipe_friction;
pub mod settings;
pub mod simulation;
