//! Kind `compost`: a compost heap (METHODS E.4).

pub mod formulas;
pub mod indicators;
pub mod settings;
