//! Formulas of emissions as pure functions (METHODS C, E.5, E.7).

pub mod first_order_decay;
pub mod fuel;
pub mod global_warming;
pub mod grid_emissions;
