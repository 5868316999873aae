//! Kind `genset`: an engine that makes electricity (METHODS C.5).

pub mod indicators;
pub mod settings;
