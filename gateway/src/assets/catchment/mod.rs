//! Kind `catchment`: a roof or yard that catches rain (METHODS D.3).

pub mod formulas;
pub mod indicators;
pub(crate) mod rain_plausibility_indicators;
pub mod settings;
pub mod simulation;
