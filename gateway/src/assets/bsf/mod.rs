//! Kind `bsf`: a bin with larvae of the black soldier fly (METHODS E.1 to E.3).

pub mod formulas;
pub mod indicators;
pub mod rearing_indicators;
pub mod settings;
pub mod simulation;
