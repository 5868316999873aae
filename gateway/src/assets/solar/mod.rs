//! Kind `plts`: a photovoltaic plant. [`settings::PvPlantAsset`] is its checked configuration,
//! `indicators::PltsSums` makes its figures, [`formulas`] is the arithmetic of METHODS A.

pub mod formulas;
pub mod indicators;
pub mod irradiance;
pub mod settings;
pub mod simulation;
pub mod yield_indicators;
