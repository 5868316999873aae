//! Kind `plts`: a photovoltaic plant. [`settings::PvPlantAsset`] is its checked configuration,
//! `plts_sums::PltsSums` sums up its readings, `indicators` makes its figures of them, [`formulas`]
//! is the arithmetic of METHODS A.

pub(crate) mod capacity_settings;
pub mod formulas;
pub mod indicators;
pub mod irradiance;
mod plausibility_indicators;
pub mod plts_sums;
pub mod settings;
pub mod simulation;
pub mod yield_indicators;
