//! Commands for technicians and scripts.

pub mod backup;
pub mod export;
pub mod import;
mod running;
