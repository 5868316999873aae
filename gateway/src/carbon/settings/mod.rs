//! Checked parts of the configuration that emissions are computed from.

pub mod baseline;
pub(crate) mod declared_days;
pub mod energy_claim;
pub mod engine_fuel;
pub mod project_emissions;
pub(crate) mod raw_baseline;
pub mod waste_disposal;
