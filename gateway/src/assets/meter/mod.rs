//! Kind `meter`: an electricity meter (METHODS G.5).

pub mod indicators;
pub mod settings;
